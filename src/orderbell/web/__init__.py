"""The doors: hooks, the API, the panel and the buyer's pages."""
