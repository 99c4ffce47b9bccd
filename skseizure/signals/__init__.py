"""What a sample is: recordings, windows and events, and how they come in and go out."""

from .._core.persistence import name_by_package
from ._chbmit_summary import read_chbmit_summary
from ._edf import read_edf
from ._events import Event, Events, RecordInfo
from ._events_io import read_events
from ._events_write import write_events
from ._filter_recording import filter_recording, resample_recording
from ._montage import MissingChannelsError, get_montage, to_bipolar
from ._profile import SignalProblem, SignalProfile
from ._quality import Quality, check_quality, mark_quality
from ._read import read_recording
from ._recording import Recording
from ._windows import Windows

__all__ = [
    "Event",
    "Events",
    "MissingChannelsError",
    "Quality",
    "RecordInfo",
    "Recording",
    "SignalProblem",
    "SignalProfile",
    "Windows",
    "check_quality",
    "filter_recording",
    "get_montage",
    "mark_quality",
    "read_chbmit_summary",
    "read_edf",
    "read_events",
    "read_recording",
    "resample_recording",
    "to_bipolar",
    "write_events",
]

name_by_package(globals())
