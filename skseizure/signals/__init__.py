"""What a sample is: recordings, windows and events, and how they come in and go out."""

from ._events import Events, RecordInfo
from ._recording import Recording
from ._windows import Windows

__all__ = [
    "Events",
    "RecordInfo",
    "Recording",
    "Windows",
]
