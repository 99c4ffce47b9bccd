"""Displays of what a detector saw and decided."""
