"""How fast OrderBell is, measured from outside through its real doors."""
