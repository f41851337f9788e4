"""The demo shop's window: only with `--demo`, plainly marked, and never anywhere else."""
