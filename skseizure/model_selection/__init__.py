"""Splitters that know records, patients and time."""
