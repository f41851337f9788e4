"""How a message leaves the house, and what became of it."""
