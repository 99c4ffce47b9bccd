"""Displays of what a detector saw and decided."""

from ._event_timeline import EventTimelineDisplay

__all__ = ["EventTimelineDisplay"]
