"""The steps of the database's history, oldest first."""
