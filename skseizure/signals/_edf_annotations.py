"""EDF+ files that hold annotations and no signal, beside the recording that they are for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from ._edf_header import MAGIC, refuse
from ._events import Event, Events, RecordInfo
from ._events_convert import annotation_rows, fields_of_annotations


def edf_format(path: Path) -> str | None:
    """Return "EDF" or "BDF", by the first bytes of a file, or None if it is neither."""
    with path.open("rb") as file:
        return MAGIC.get(file.read(8))


def write_annotations(path: Path, rows: list[Event], start: datetime | None) -> None:
    """Write rows as the annotations of an EDF+ file without signals.

    Parameters
    ----------
    path : Path
        File to write.
    rows : list of Event
        At least one. Their types are the annotations' texts.
    start : datetime or None
        Wall-clock time of the record's start, or None if it is not known.

    Raises
    ------
    ValueError
        If a type holds a character that delimits annotations, or the start is of a year that EDF
        cannot state.
    """
    import edfio

    marks = []
    for row in rows:
        if re.search(r"[\0\x14\x15]", row.event_type):
            raise ValueError(
                f"events holds the type {row.event_type!r}; annotations of EDF+ take no such "
                "characters."
            )
        marks.append(edfio.EdfAnnotation(row.onset, row.duration, row.event_type))
    about, time = None, None
    if start is not None:
        if not 1985 <= start.year <= 2084:
            raise ValueError(
                f"the record starts in {start.year}; EDF takes years from 1985 to 2084. Give the "
                "events another start, or None."
            )
        about, time = edfio.Recording(startdate=start.date()), start.time()
    edfio.Edf([], annotations=marks, recording=about, starttime=time).write(path)


def read_annotations(
    path: Path,
    record: str,
    patient: str | None,
    types: Mapping[str, str] | None,
    duration: float | None,
) -> Events:
    """Return the seizures among the annotations of a file; see `read_events`."""
    import edfio

    try:
        read = edfio.read_edf if edf_format(path) == "EDF" else edfio.read_bdf
        edf = read(path)
        marks = [(mark.onset, mark.duration or 0.0, mark.text) for mark in edf.annotations]
    except Exception as error:  # edfio raises many kinds for damaged ones
        raise ValueError(f"{path}: edfio cannot read its annotations: {error}") from error
    if len(edf.signals):
        from ._read import read_recording

        _, events = read_recording(path, record=record, patient=patient, types=types, lazy=True)
        stated = events.recordings[record].duration
        if duration is not None and abs(stated - duration) > 1:
            refuse(path, f"lasts {stated:g} s; duration is {duration:g} s.")
        return events
    if duration is None:
        refuse(path, "holds annotations only; duration=... must say how long its recording is.")
    try:
        start = edf.startdatetime
    except ValueError:  # anonymised
        start = None
    fields, _ = fields_of_annotations(
        annotation_rows(record, marks),
        record=record,
        info=RecordInfo(duration, patient=patient, start=start),
        types=types,
        where=str(path),
    )
    return Events(**fields)
