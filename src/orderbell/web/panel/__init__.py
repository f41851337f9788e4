"""The control panel: what a shop's staff see and do."""
