"""One file per shop system; each turns its words into our events."""
