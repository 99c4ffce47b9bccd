"""Windows to a table of features."""
