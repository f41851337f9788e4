"""What can be learnt from what happened."""
