"""Events written as tables and as annotations."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Literal

import numpy as np

from .._core.files import write_atomically, write_together
from ._edf_annotations import write_annotations
from ._events import Event, Events, RecordInfo

COLUMNS = (
    *("onset", "duration", "eventType", "confidence", "channels"),
    *("dateTime", "recordingDuration"),
)
# What BIDS asks to be said of each column that is not its own.
DESCRIPTIONS = {
    "onset": {"Description": "Start of the event from that of the recording.", "Units": "s"},
    "duration": {"Description": "Length of the event.", "Units": "s"},
    "trial_type": {
        "Description": "Kind of event; n/a where nobody can tell whether there is a seizure.",
        "Levels": {
            "sz": "Epileptic seizure; longer codes that begin so are more specific.",
            "bckg": "Background, without a seizure.",
        },
    },
    "confidence": {"Description": "Confidence in the event, from 0 to 1."},
    "channels": {"Description": "Channels concerned, separated by commas, or all."},
    "dateTime": {"Description": "Start of the recording, YYYY-MM-DD hh:mm:ss."},
    "recordingDuration": {"Description": "Length of the recording.", "Units": "s"},
}


def write_events(
    events: Events,
    path: str | os.PathLike[str],
    *,
    format: Literal["tsv", "bids", "edf+"] | None = None,
) -> None:
    """Write the events of one record as a table or as the annotations of an EDF+ file.

    Parameters
    ----------
    events : Events
        Events of a single record; `Events.by_record` splits others.
    path : str or path-like
        File to write.
    format : {"tsv", "bids", "edf+"}, default=None
        What to write; see Notes. If None, ``"edf+"`` to a file whose name ends in ``.edf``, and
        ``"tsv"`` to any other.

    Raises
    ------
    ValueError
        If ``events`` holds no or several records; if an event is shorter than the table's 0.01 s;
        if a type holds characters that the format does not take; or if EDF cannot state the start.

    See Also
    --------
    read_events : Reads all three.
    Events.to_annotations : Annotations for MNE.

    Notes
    -----
    ``"tsv"``: the table of SzCORE, tab-separated, with the columns ``onset duration eventType
    confidence channels dateTime recordingDuration``; times in seconds with two decimals, ``n/a``
    where something is not known.

    ``"bids"``: the same with ``trial_type`` for ``eventType``, as BIDS has it, and beside it a file
    with the suffix ``.json`` that describes the columns. The table's name should end in
    ``_events.tsv``.

    ``"edf+"``: an EDF+ file without signals that viewers such as EDFbrowser open beside the
    recording, whose start it states. The annotations are the events' types, and ``BAD unjudged``;
    confidence and channels have no place there.

    A record without events gets a row ``bckg`` over its whole length. Time that cannot be judged
    gets rows of the type ``n/a``, and is never within one of background.

    Examples
    --------
    >>> import os, tempfile
    >>> from skseizure.signals import Events, write_events
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "a_events.tsv")
    ...     write_events(Events([], [], recordings={"a": 600.0}), path)
    ...     with open(path) as file:
    ...         print(*file.read().split())
    onset duration eventType confidence channels dateTime recordingDuration
    0.00 600.00 bckg n/a all n/a 600.00
    """
    if format not in (None, "tsv", "bids", "edf+"):
        raise ValueError(f"format is {format!r}; 'tsv', 'bids', 'edf+' or None is needed.")
    path = Path(path)
    if format is None:
        format = "edf+" if path.suffix.lower() == ".edf" else "tsv"
    if len(events.recordings) != 1:
        raise ValueError(
            f"events holds {len(events.recordings)} records; a file takes one. "
            "Events.by_record() splits them."
        )
    (info,) = events.recordings.values()
    if format == "edf+":
        rows = _rows(events, info, unjudged="BAD unjudged")
        with write_atomically(path) as temporary:
            write_annotations(temporary, rows, info.start)
        return
    if np.any(events.duration < 0.005):
        raise ValueError(
            f"events holds one of {events.duration.min():g} s; the table's two decimals need at "
            "least 0.01 s."
        )
    rows = [row for row in _rows(events, info, unjudged="n/a") if row.duration >= 0.005]
    texts = {path: _table(rows, info, format)}
    if format == "bids":
        texts[path.with_suffix(".json")] = json.dumps(DESCRIPTIONS, indent=2) + "\n"
    with write_together(*texts) as temporary:
        for part, text in zip(temporary, texts.values(), strict=True):
            part.write_text(text, encoding="utf-8", newline="", errors="backslashreplace")


def _rows(events: Events, info: RecordInfo, unjudged: str) -> list[Event]:
    """Return the events, background if there are none, and the time that cannot be judged."""
    spans = [(start, end, unjudged) for start, end in info.unjudged]
    if not len(events):
        edges = [0.0, *(time for span in info.unjudged for time in span), info.duration]
        spans += [(*pair, "bckg") for pair in zip(edges[::2], edges[1::2], strict=True)]
    (record,) = events.recordings
    return [
        *events,
        *(Event(record, start, end - start, kind) for start, end, kind in sorted(spans)
          if end > start),
    ]  # fmt: skip


def _table(rows: list[Event], info: RecordInfo, format: str) -> str:
    start = "n/a" if info.start is None else f"{info.start:%Y-%m-%d %H:%M:%S}"
    names = ["trial_type" if name == "eventType" and format == "bids" else name for name in COLUMNS]
    lines = [names]
    for row in rows:
        for text in (row.event_type, row.channels):
            if re.search(r"[\t\r\n]", text):
                raise ValueError(f"events holds {text!r}; a table takes no tabs or line breaks.")
        sure = "n/a" if np.isnan(row.confidence) else f"{row.confidence:g}"
        times = [f"{seconds:.2f}" for seconds in (row.onset, row.duration, info.duration)]
        lines.append([*times[:2], row.event_type, sure, row.channels, start, times[2]])
    return "".join("\t".join(cells) + "\n" for cells in lines)
