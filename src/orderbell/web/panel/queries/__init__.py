"""What the panel's pages read: Core selects, each bounded by its shop."""
