"""Rows, transactions and the two databases that keep them."""
