"""The buyers' pages: one order by signed link or by number and contact."""
