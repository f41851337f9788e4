"""Who hears what, and the workers that let them hear it."""
