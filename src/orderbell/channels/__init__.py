"""One file per way to reach somebody; none knows an order, a template or a database."""
