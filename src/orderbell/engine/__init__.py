"""How the ids of waiting work reach a worker."""
