"""What `<order-inbox>` on a shop's own page talks to."""
