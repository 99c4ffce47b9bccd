"""Loaders of the public corpora, and a generator of recordings."""
