"""The drills, a module each; `directory.py` says which there are."""
