"""Seizures read from events tables, TUSZ tables and the annotations of EDF+ files."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np

from .._core.event_types import (
    BACKGROUND,
    UNJUDGED,
    border,
    check_types,
    classify,
    is_seizure,
    refuse_unknown,
)
from .._core.files import check_regular
from ._edf_annotations import edf_format, read_annotations
from ._events import Event, Events, RecordInfo
from ._events_convert import choose_columns, event_fields, join_borders, warn_left_out
from ._tables import (
    MAX_BYTES,
    NOT_GIVEN,
    confidence,
    fail,
    header_line,
    numbered_lines,
    read_rows,
    refuse_cells,
    seconds,
)

NEEDED = ("onset", "duration", "eventType", "recordingDuration")
TUSZ_COLUMNS = ("channel", "start_time", "stop_time", "label", "confidence")
OPTIONAL = frozenset({"confidence", "channels", "channel"})
LATE = 1.0  # seconds that an event may end after its recording; tables round
# Seconds by which an event may be cut at its recording's end. If more is missing, the length in the
# table is wrong, as in one that was cut within its last number.
CUT = 5.0


def read_events(
    path: str | os.PathLike[str],
    *,
    format: Literal["tsv", "tusz", "tse"] | None = None,
    record: str | None = None,
    patient: str | None = None,
    columns: Mapping[str, str] | None = None,
    types: Mapping[str, str] | None = None,
    duration: float | None = None,
    where: Mapping[str, Collection[str]] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Events:
    """Read the seizures of one record from a table.

    Parameters
    ----------
    path : str or path-like
        An events table, a TUSZ table, per channel (``.csv``) or not (``.csv_bi``), or of version 1
        (``.tse``, ``.tse_bi``), or an EDF+ file with annotations.
    format : {"tsv", "tusz", "tse"}, default=None
        Kind of table. If None, the file's first bytes tell.
    record : str, default=None
        Name of the record. None: the file's name without its extension and a trailing ``_events``.
    patient : str, default=None
        Name of the patient.
    columns : mapping of str to str, default=None
        Which column of an events table of your own holds what, by our names: ``onset``,
        ``duration`` or ``offset``, ``event_type``, ``confidence``, ``channels``. What is not named
        is looked for under usual names, such as ``trial_type`` in BIDS.
    types : mapping of str to str, default=None
        What your own types mean, see :ref:`event_types`.
    duration : float, default=None
        Length of the recording in seconds. It is needed where the table does not say it, and
        compared where it does.
    where : mapping of str to collection of str, default=None
        Which rows of an events table to take, if it holds those of several records: by the name of
        a column the cells that are wanted, such as ``{"file": ["night1.edf"]}``. If None, all.
    max_bytes : int, default=16777216
        Largest table to read, in bytes. An event takes about 80.

    Returns
    -------
    Events
        The seizures. Background is left out, time that cannot be judged goes to ``recordings``,
        where the record is always listed.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the table is none of these, is larger than ``max_bytes``, is cut off, is that of a
        recording of another length, a line cannot be read, or nobody knows a type; the message
        names file and line.

    Warns
    -----
    UserWarning
        If rows are left out because they are neither seizure nor background, such as artefacts, if
        a seizure has no length, if events are cut at the recording's borders, or if the start of
        the recording is unreadable.

    See Also
    --------
    read_chbmit_summary : The seizures of a whole case of CHB-MIT.
    write_events : Writes an events table.

    Notes
    -----
    *Events table* [1]_: cells separated by tabs, commas or semicolons, with a header. ``onset``,
    ``duration`` and ``eventType`` (or ``trial_type``) are needed, and ``recordingDuration`` unless
    ``duration`` is given; ``confidence``, ``channels``, ``dateTime`` and ``HED`` may be absent or
    ``n/a``. UTF-8 and UTF-16, quoted cells and decimal commas are read. A row may lack its last
    cells if it says when and what, and ``duration`` or another row says the length.

    A seizure whose length is ``n/a``, blank or zero is no event: nobody knows when it ended. The
    time from its onset to the next row of a seizure or of background, or to the end of the
    recording, is unjudged.

    *EDF+* and BDF+: the annotations of the file, as `read_recording` takes them. Of a file without
    signals ``duration`` is needed.

    *TUSZ*, version 1: ``start stop label confidence``; ``duration`` is needed. Version 2:
    ``channel,start_time,stop_time,label,confidence`` after comments that state the length
    (``# duration = 600.00 secs``). Seizure rows that overlap or touch, on whatever channels, make
    one event, with the channels listed in order of appearance (``TERM`` is ``all``) and the
    largest confidence. ``seiz`` becomes ``sz``; a specific code (``fnsz``, ``gnsz``, ...) is kept
    if all rows of the event agree on it, else the event is ``sz``.

    References
    ----------
    .. [1] J. Dan et al., "SzCORE: seizure community open-source research evaluation framework for
       the validation of electroencephalography-based automated seizure detection algorithms",
       Epilepsia 66 (2025) 14-24.

    Examples
    --------
    >>> import os, tempfile
    >>> from skseizure.signals import Events, read_events, write_events
    >>> events = Events([10.0], [30.0], record="a", recordings={"a": 600.0})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "a_events.tsv")
    ...     write_events(events, path)
    ...     read_events(path) == events
    True
    """
    if format not in (None, "tsv", "tusz", "tse"):
        raise ValueError(f"format is {format!r}; 'tsv', 'tusz', 'tse' or None is needed.")
    path = Path(path)
    name = path.stem.removesuffix("_events") if record is None else record
    check_regular(path)
    if format is None and columns is None and edf_format(path):
        return read_annotations(path, name, patient, types, duration)
    lines = numbered_lines(path, max_bytes)
    header = header_line(lines)
    delimiter = next((mark for mark in "\t;," if mark in header), "\t")
    found = {cell.strip().strip('"') for cell in header.split(delimiter)}
    if format is None:
        if header.replace(" ", "").startswith("channel,") and columns is None:
            format = "tusz"
        elif header.replace(" ", "").startswith("version=tse"):
            format = "tse"
        elif columns is not None or {"onset", "duration"} <= found:
            format = "tsv"
        else:
            hint = " read_chbmit_summary reads summaries." if path.suffix == ".txt" else ""
            raise ValueError(
                f"{path} is no events table: its header is {header[:60]!r}; "
                f"{' '.join(NEEDED)}, separated by tabs, or {','.join(TUSZ_COLUMNS)} is "
                f"needed. columns={{'onset': ...}} names other columns.{hint}"
            )
    if format == "tusz":
        return _read_tusz(path, lines, name, patient, types, duration)
    if format == "tse":
        if duration is None:
            raise ValueError(f"{path} does not say how long its recording is; pass duration=...")
        return _read_tusz(path, _as_tusz(lines, duration), name, patient, types, duration)
    return _read_table(path, lines, delimiter, name, patient, columns, types, duration, where)


def _as_tusz(lines: list[tuple[int, str]], duration: float) -> list[tuple[int, str]]:
    """Return the lines of a table of TUSZ's version 1 as one of its version 2."""
    rows = [(n, text.split()) for n, text in lines if not text.startswith(("#", "version"))]
    table = [(n, ",".join(["TERM", *cells])) for n, cells in rows if cells]
    return [(0, f"# duration = {duration:.4f} secs"), (0, ",".join(TUSZ_COLUMNS)), *table]


def _read_table(
    path: Path,
    lines: list[tuple[int, str]],
    delimiter: str,
    name: str,
    patient: str | None,
    columns: Mapping[str, str] | None,
    types: Mapping[str, str] | None,
    duration: float | None,
    where: Mapping[str, Collection[str]] | None,
) -> Events:
    (first, header), *rows = read_rows(path, lines, delimiter, short=True)
    chosen, lacking = dict(columns or {}), []
    try:
        chosen = choose_columns(header, columns, str(path))
    except ValueError:
        if columns is not None:
            raise
        lacking = [name for name in ("onset", "duration") if name not in header]
    if "event_type" not in chosen and columns is None:
        lacking.append("eventType")
    if "recordingDuration" not in header and duration is None:
        lacking.append("recordingDuration")
    if lacking:
        hint = "; duration=... states the length" if lacking == ["recordingDuration"] else ""
        fail(path, first, f"the header lacks {', '.join(lacking)}{hint}")

    absent = [name for name in where or () if name not in header]
    if absent:
        fail(path, first, f"the header lacks {', '.join(absent)}, which where names")
    if where is None and "record" in chosen:
        _refuse_many_records(path, first, header.index(chosen["record"]), rows)
    # Cells that must be whole, and so must be followed by another.
    whole = [i for i, column in enumerate(header) if column in set(chosen.values()) - OPTIONAL]
    own, comma = check_types(types), delimiter != ","
    lengths: dict[float, int] = {}
    starts: dict[str, int] = {}
    left_out: dict[str, int] = {}
    events: list[tuple[int, Event]] = []
    spans, unknown = [], []
    marks: list[float] = []  # onsets of seizures and of background
    endless: dict[float, int] = {}
    cut_off: list[tuple[int, int]] = []
    for number, row in rows:
        cells = dict(zip(header, row, strict=False))
        if len(row) < len(header):
            if len(row) <= max(whole) + 1:
                refuse_cells(path, number, len(row), len(header))
            cut_off.append((number, len(row)))
        if any(cells.get(column, "n/a") not in wanted for column, wanted in (where or {}).items()):
            continue
        stated = cells.get("recordingDuration", "n/a")
        if stated not in NOT_GIVEN or (duration is None and len(row) == len(header)):
            lengths.setdefault(
                seconds(path, number, cells, "recordingDuration", comma=comma), number
            )
        starts.setdefault(cells.get("dateTime", "n/a"), number)
        kind = cells[chosen["event_type"]] if "event_type" in chosen else "sz"
        side = border(kind)
        meaning = "sz" if side else classify(kind, own)
        if meaning is None and cells.get("HED", "n/a") not in NOT_GIVEN:
            meaning = classify(cells["HED"], own)
        if meaning is None and kind == "n/a":  # as `write_events` writes it
            meaning = UNJUDGED
        if meaning is None:
            unknown.append(kind)
            continue
        if meaning in (UNJUDGED, "other") and kind != "n/a":
            left_out[kind] = left_out.get(kind, 0) + 1
        if meaning == BACKGROUND and not _missing(cells, chosen["onset"]):
            marks.append(seconds(path, number, cells, chosen["onset"], comma=comma))
        if not is_seizure(meaning) and meaning != UNJUDGED:
            continue
        onset = seconds(path, number, cells, chosen["onset"], comma=comma)
        if is_seizure(meaning):
            marks.append(onset)
        if side and cells.get(chosen.get("duration", ""), "n/a") in NOT_GIVEN:
            length = 0.0
        elif is_seizure(meaning) and _missing(cells, chosen.get("duration", chosen.get("offset"))):
            endless[onset] = number
            continue
        elif "duration" in chosen:
            length = seconds(path, number, cells, chosen["duration"], comma=comma)
        else:
            length = seconds(path, number, cells, chosen["offset"], comma=comma) - onset
        if meaning == UNJUDGED:
            spans.append((onset, onset + length))
            continue
        if length == 0 and not side:
            endless[onset] = number
            continue
        sure = confidence(
            path, number, {"confidence": cells.get(chosen.get("confidence", ""), "n/a")}
        )
        channels = cells.get(chosen.get("channels", ""), "all")
        events.append(
            (number, Event(name, onset, length, kind if side else meaning, sure, channels))
        )
    refuse_unknown(str(path), unknown)
    if not rows and duration is None:
        raise ValueError(f"{path} has no rows; at least one, for background, is needed.")
    if cut_off and duration is None and not lengths:
        refuse_cells(path, *cut_off[0], len(header))
    if len(lengths) > 1:
        values = " and ".join(map(str, list(lengths)[:2]))
        fail(path, list(lengths.values())[1], f"recordingDuration differs between rows: {values}")
    length = next(iter(lengths), duration) or 0.0
    _refuse_other_length(path, length, duration, [event for _, event in events])
    warn_left_out(str(path), left_out)
    lines_of = {event: number for number, event in events}
    joined = join_borders([event for _, event in events], str(path))
    numbered = [(lines_of.get(event, first), event) for event in joined]
    inside = _cut_to_record(path, numbered, length, CUT if duration is None else np.inf)
    spans += _endless_spans(path, endless, marks, length)
    info = RecordInfo(length, patient=patient, start=_start(path, starts))
    return Events(**event_fields(inside, {name: info.mark_unjudged(spans)}))


def _refuse_many_records(
    path: Path, line: int, column: int, rows: list[tuple[int, list[str]]]
) -> None:
    names = list(dict.fromkeys(row[column] for _, row in rows if len(row) > column))
    if len(names) > 1:
        fail(
            path,
            line,
            f"the table holds {len(names)} records ({', '.join(names[:3])}, ...); "
            "where={column: [name]} takes the rows of one, and Events.from_frame reads all",
        )


def _missing(cells: Mapping[str, str], column: str | None) -> bool:
    return cells.get(column or "", "n/a") in NOT_GIVEN


def _endless_spans(
    path: Path, endless: Mapping[float, int], marks: list[float], length: float
) -> list[tuple[float, float]]:
    """Return the time after seizures without a length in which nobody knows whether they go on."""
    for onset, line in endless.items():
        if not 0 <= onset < length:
            fail(
                path,
                line,
                f"the event begins at {onset:g} s; it must lie within the recording's {length:g} s",
            )
    spans = [
        (onset, min([mark for mark in marks if mark > onset], default=length)) for onset in endless
    ]
    if spans:
        lost = sum(end - onset for onset, end in spans)
        warnings.warn(
            f"{path}: {len(spans)} seizures have no length, the first in line "
            f"{next(iter(endless.values()))}; {lost:g} s in which they may go on, to the next "
            "seizure or background row or the end, count as unjudged.",
            stacklevel=4,
        )
    return spans


def _start(path: Path, starts: Mapping[str, int]) -> datetime | None:
    """Return the start that all rows state, or warn that they state none."""
    stated = [text for text in starts if text not in NOT_GIVEN]
    if not stated:
        return None
    if len(starts) > 1:
        problem = f"dateTime differs between rows: {' and '.join(list(starts)[:2])}"
    else:
        try:
            return datetime.fromisoformat(stated[0])
        except ValueError:
            problem = f"dateTime is {stated[0]!r}; YYYY-MM-DD hh:mm:ss is needed"
    warnings.warn(f"{path}: {problem}. The start is taken as not known.", stacklevel=5)
    return None


def _refuse_other_length(
    path: Path, stated: float, duration: float | None, events: list[Event]
) -> None:
    if duration is not None and abs(stated - duration) > LATE:
        late = sum(event.onset >= duration for event in events)
        raise ValueError(
            f"{path} is the table of a recording of {stated:g} s, but the recording lasts "
            f"{duration:g} s; {late} of its {len(events)} events begin after that. The table and "
            "the file must belong together."
        )


def _cut_to_record(
    path: Path, events: list[tuple[int, Event]], length: float, most: float
) -> list[Event]:
    """Return events within their record; warn of those that were cut at its borders."""
    inside, cut = [], []
    for line, event in events:
        within = event.onset < length and 0 < event.offset <= length + most
        if event.duration <= 0 or not within:
            fail(
                path,
                line,
                f"the event lasts from {event.onset:g} to {event.offset:g} s; it must lie within "
                f"the recording's {length:g} s and last above 0 s",
            )
        onset = max(event.onset, 0.0)
        end = min(event.offset, length) if event.offset > length + LATE else event.offset
        if (onset, end) != (event.onset, event.offset):
            cut.append(line)
            event = event._replace(onset=onset, duration=end - onset)
        inside.append(event)
    if cut:
        warnings.warn(
            f"{path}: {len(cut)} events begin before the recording or end after its {length:g} s, "
            f"and were cut there; the first is in line {cut[0]}.",
            stacklevel=4,
        )
    return inside


def _read_tusz(
    path: Path,
    lines: list[tuple[int, str]],
    name: str,
    patient: str | None,
    types: Mapping[str, str] | None,
    duration: float | None,
) -> Events:
    # No two parts of it match the same text, or a long comment would take a square of its length.
    pattern = re.compile(r"#\s*duration\s*=\s*(\d+(?:\.\d*)?)\s*secs?\s*")
    comments = (line for _, line in lines if line.startswith("#"))
    stated = next(filter(None, map(pattern.fullmatch, comments)), None)
    if stated is None or not np.isfinite(float(stated[1])):
        raise ValueError(f"{path} does not state '# duration = ... secs', which is needed.")
    length, own = float(stated[1]), check_types(types)
    (first, header), *table = read_rows(path, lines, ",")
    missing = [column for column in TUSZ_COLUMNS if column not in header]
    if missing:
        fail(path, first, f"the header lacks {', '.join(missing)}")
    rows: list[tuple] = []
    left_out: dict[str, int] = {}
    spans, unknown = [], []
    for number, values in table:
        cells = dict(zip(header, values, strict=True))
        onset = seconds(path, number, cells, "start_time")
        end = seconds(path, number, cells, "stop_time")
        if onset < 0 or end <= onset or end > length + LATE:
            fail(
                path,
                number,
                f"the event lasts from {onset:g} to {end:g} s; it must lie within the recording's "
                f"{length:g} s and last above 0 s",
            )
        kind = cells["label"]
        meaning = classify(kind, own)
        if meaning is None:
            unknown.append(kind)
        elif is_seizure(meaning):
            rows.append((onset, end, meaning, confidence(path, number, cells), cells["channel"]))
        elif meaning == UNJUDGED:
            spans.append((onset, end))
        if meaning in (UNJUDGED, "other"):
            left_out[kind] = left_out.get(kind, 0) + 1
    if not table:
        raise ValueError(f"{path} has no rows; at least one, for background, is needed.")
    refuse_unknown(str(path), unknown)
    events = [
        Event(name, onset, end - onset, kind, sure, channels)
        for onset, end, kind, sure, channels in _merge(rows)
    ]
    _refuse_other_length(path, length, duration, events)
    warn_left_out(str(path), left_out)
    info = RecordInfo(length, patient=patient)
    return Events(**event_fields(events, {name: info.mark_unjudged(spans)}))


def _merge(rows: list[tuple]) -> list[tuple]:
    """Join rows that overlap or touch, whatever their channel."""
    groups: list[list[tuple]] = []
    place: dict[str, int] = {}  # of each channel, in order of appearance
    for *_, channel in rows:
        place.setdefault(channel, len(place))
    last = -np.inf
    for row in sorted(rows, key=lambda row: row[:2]):
        if row[0] > last:
            groups.append([])
        groups[-1].append(row)
        last = max(last, row[1])
    merged = []
    for group in groups:
        _, ends, kinds, sure, _ = zip(*group, strict=True)
        channels = sorted({channel for *_, channel in group}, key=place.__getitem__)
        merged.append(
            (
                group[0][0],
                max(ends),
                kinds[0] if len(set(kinds)) == 1 else "sz",
                max(sure),
                "all" if "TERM" in channels else ",".join(channels),
            )
        )
    return merged
