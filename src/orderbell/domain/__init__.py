"""What a shop is about: orders, cards, customers, rules, staff."""
