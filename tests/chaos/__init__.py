"""Programs that kill, cut, flood and lie to real processes, and say promise by promise what held."""
