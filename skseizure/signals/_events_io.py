"""Seizure annotations in tables: events tables in and out, TUSZ tables in."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np

from ._events import Events, RecordInfo

COLUMNS = (
    *("onset", "duration", "eventType", "confidence", "channels"),
    *("dateTime", "recordingDuration"),
)
NEEDED = ("onset", "duration", "eventType", "recordingDuration")
TUSZ_COLUMNS = ("channel", "start_time", "stop_time", "label", "confidence")
# TUSZ annotation guidelines: unspecified, focal and generalised non-specific, simple and complex
# partial, absence, tonic, clonic, tonic-clonic, atonic, myoclonic, non-epileptic.
TUSZ_SEIZURES = frozenset(
    "seiz fnsz gnsz spsz cpsz absz tnsz cnsz tcsz atsz mysz nesz".split()  # noqa: SIM905
)
NOT_GIVEN = ("", "n/a")
LATE = 1.0  # seconds that an event may end after its recording; tables round


def read_events(
    path: str | os.PathLike[str],
    *,
    format: Literal["tsv", "tusz"] | None = None,
    record: str | None = None,
    patient: str | None = None,
) -> Events:
    """Read the seizures of one record from a table.

    Parameters
    ----------
    path : str or path-like
        An events table (``.tsv``), or a TUSZ table, per channel (``.csv``) or not (``.csv_bi``).
    format : {"tsv", "tusz"}, default=None
        Kind of table. None: its first line tells.
    record : str, default=None
        Name of the record. None: the file's name without its extension and a trailing ``_events``.
    patient : str, default=None
        Name of the patient.

    Returns
    -------
    Events
        The seizures; background is left out, the record is always listed in ``recordings``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the table is none of these, is cut off, or a line cannot be read; the message names file
        and line.

    Warns
    -----
    UserWarning
        If rows are left out because they are neither seizure nor background, such as artefacts.

    See Also
    --------
    read_chbmit_summary : The seizures of a whole case of CHB-MIT.
    write_events : Writes an events table.

    Notes
    -----
    *Events table* [1]_: tab-separated, with a header. ``onset``, ``duration``, ``eventType`` and
    ``recordingDuration`` are needed; ``confidence``, ``channels`` and ``dateTime`` may be absent or
    ``n/a``. Types that begin with ``sz``, and the TUSZ codes, are seizures; ``bckg`` is background.

    *TUSZ*: ``channel,start_time,stop_time,label,confidence`` after comments that state the length
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
    if format not in (None, "tsv", "tusz"):
        raise ValueError(f"format is {format!r}; 'tsv', 'tusz' or None is needed.")
    path = Path(path)
    lines = numbered_lines(path)
    name = path.stem.removesuffix("_events") if record is None else record
    if format is None:
        header = next((text for _, text in lines if text and not text.startswith("#")), "")
        if header.startswith("onset\t"):
            format = "tsv"
        elif header.replace(" ", "").startswith("channel,"):
            format = "tusz"
        else:
            hint = " read_chbmit_summary reads summaries." if path.suffix == ".txt" else ""
            raise ValueError(
                f"{path} is no events table: its header is {header[:60]!r}; "
                f"{' '.join(NEEDED)}, separated by tabs, or {','.join(TUSZ_COLUMNS)} is "
                f"needed.{hint}"
            )
    reader = _read_table if format == "tsv" else _read_tusz
    return reader(path, lines, name, patient)


def write_events(events: Events, path: str | os.PathLike[str]) -> None:
    """Write the events of one record as an events table.

    Parameters
    ----------
    events : Events
        Events of a single record; `Events.by_record` splits others.
    path : str or path-like
        File to write.

    Raises
    ------
    ValueError
        If ``events`` holds no or several records, or an event is shorter than the table's 0.01 s.

    Notes
    -----
    Tab-separated, with the columns ``onset duration eventType confidence channels dateTime
    recordingDuration``; times in seconds with two decimals, ``n/a`` where something is not known.
    A record without events gets one row ``bckg`` over its whole length.

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
    if len(events.recordings) != 1:
        raise ValueError(
            f"events holds {len(events.recordings)} records; a table takes one. "
            "Events.by_record() splits them."
        )
    if np.any(events.duration < 0.005):
        raise ValueError(
            f"events holds one of {events.duration.min():g} s; the table's two decimals need at "
            "least 0.01 s."
        )
    (info,) = events.recordings.values()
    start = "n/a" if info.start is None else f"{info.start:%Y-%m-%d %H:%M:%S}"
    columns = (events.onset, events.duration, events.event_type, events.confidence, events.channels)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    if not rows:
        rows = [(0.0, info.duration, "bckg", float("nan"), "all")]
    lines = [COLUMNS]
    for onset, duration, kind, confidence, channels in rows:
        for text in (kind, channels):
            if re.search(r"[\t\r\n]", text):
                raise ValueError(f"events holds {text!r}; a table takes no tabs or line breaks.")
        sure = "n/a" if np.isnan(confidence) else f"{confidence:g}"
        times = [f"{seconds:.2f}" for seconds in (onset, duration, info.duration)]
        lines.append((*times[:2], kind, sure, channels, start, times[2]))
    text = "".join("\t".join(cells) + "\n" for cells in lines)
    Path(path).write_text(text, encoding="utf-8", newline="")


def fail(path: Path, line: int, problem: str) -> NoReturn:
    """Raise the error of a line that cannot be read."""
    raise ValueError(f"{path}, line {line}: {problem}.")


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """Read a text file as its lines with their numbers, from 1."""
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    if not text.strip():
        raise ValueError(f"{path} is empty; a table with a header is needed.")
    return list(enumerate((line.rstrip("\r") for line in text.split("\n")), start=1))


def _rows(
    path: Path, lines: list[tuple[int, str]], delimiter: str, needed: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells by column of each row."""
    columns: list[str] | None = None
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split(delimiter)]
        if columns is None:
            columns = cells
            missing = [name for name in needed if name not in columns]
            if missing:
                fail(path, number, f"the header lacks {', '.join(missing)}")
        elif len(cells) != len(columns):
            fail(path, number, f"{len(cells)} cells, but the header names {len(columns)} columns")
        else:
            yield number, dict(zip(columns, cells, strict=True))


def _seconds(path: Path, line: int, cells: Mapping[str, str], column: str) -> float:
    try:
        value = float(cells[column])
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        fail(path, line, f"{column} is {cells[column]!r}; a number of seconds is needed")
    return value


def _confidence(path: Path, line: int, cells: Mapping[str, str]) -> float:
    text = cells.get("confidence", "n/a")
    try:
        return np.nan if text in NOT_GIVEN else float(text)
    except ValueError:
        fail(path, line, f"confidence is {text!r}; a number or n/a is needed")


def _check_times(path: Path, line: int, onset: float, end: float, length: float) -> None:
    if onset < 0 or end <= onset or end > length + LATE:
        fail(
            path,
            line,
            f"the event lasts from {onset:g} to {end:g} s; it must lie within the recording's "
            f"{length:g} s and last above 0 s",
        )


def _is_seizure(kind: str) -> bool:
    return kind.startswith("sz") or kind in TUSZ_SEIZURES


def _warn_left_out(path: Path, left_out: dict[str, int]) -> None:
    if left_out:
        counts = ", ".join(f"{n} of {kind!r}" for kind, n in left_out.items())
        warnings.warn(
            f"{path}: left out rows that are neither seizure nor bckg: {counts}.", stacklevel=4
        )


def _read_table(path: Path, lines: list[tuple[int, str]], name: str, patient: str | None) -> Events:
    lengths: dict[float, int] = {}
    starts: dict[str, int] = {}
    left_out: dict[str, int] = {}
    events = []
    for number, cells in _rows(path, lines, "\t", NEEDED):
        length = _seconds(path, number, cells, "recordingDuration")
        onset = _seconds(path, number, cells, "onset")
        end = onset + _seconds(path, number, cells, "duration")
        _check_times(path, number, onset, end, length)
        lengths.setdefault(length, number)
        starts.setdefault(cells.get("dateTime", "n/a"), number)
        kind = cells["eventType"]
        if _is_seizure(kind):
            sure = _confidence(path, number, cells)
            events.append((onset, end, kind, sure, cells.get("channels", "all")))
        elif kind != "bckg":
            left_out[kind] = left_out.get(kind, 0) + 1
    for what, found in (("recordingDuration", lengths), ("dateTime", starts)):
        if not found:
            raise ValueError(f"{path} has no rows; at least one, for background, is needed.")
        if len(found) > 1:
            values = " and ".join(map(str, list(found)[:2]))
            fail(path, list(found.values())[1], f"{what} differs between rows: {values}")
    _warn_left_out(path, left_out)
    ((date, line),) = starts.items()
    try:
        start = None if date in NOT_GIVEN else datetime.fromisoformat(date)
    except ValueError:
        fail(path, line, f"dateTime is {date!r}; YYYY-MM-DD hh:mm:ss or n/a is needed")
    info = RecordInfo(next(iter(lengths)), patient=patient, start=start)
    return _events(events, name, info)


def _read_tusz(path: Path, lines: list[tuple[int, str]], name: str, patient: str | None) -> Events:
    comments = "\n".join(line for _, line in lines if line.startswith("#"))
    stated = re.search(r"^#\s*duration\s*=\s*(\d+\.?\d*)\s*secs?\s*$", comments, re.MULTILINE)
    if stated is None:
        raise ValueError(f"{path} does not state '# duration = ... secs', which is needed.")
    length = float(stated[1])
    rows: list[tuple] = []
    left_out: dict[str, int] = {}
    empty = True
    for number, cells in _rows(path, lines, ",", TUSZ_COLUMNS):
        empty = False
        onset = _seconds(path, number, cells, "start_time")
        end = _seconds(path, number, cells, "stop_time")
        _check_times(path, number, onset, end, length)
        kind = cells["label"].lower()
        if _is_seizure(kind):
            kind = "sz" if kind == "seiz" else kind
            rows.append((onset, end, kind, _confidence(path, number, cells), cells["channel"]))
        elif kind != "bckg":
            left_out[kind] = left_out.get(kind, 0) + 1
    if empty:
        raise ValueError(f"{path} has no rows; at least one, for background, is needed.")
    _warn_left_out(path, left_out)
    return _events(_merge(rows), name, RecordInfo(length, patient=patient))


def _merge(rows: list[tuple]) -> list[tuple]:
    """Join rows that overlap or touch, whatever their channel."""
    groups: list[list[tuple]] = []
    last = -np.inf
    for row in sorted(rows, key=lambda row: row[:2]):
        if row[0] > last:
            groups.append([])
        groups[-1].append(row)
        last = max(last, row[1])
    merged = []
    for group in groups:
        _, ends, kinds, sure, _ = zip(*group, strict=True)
        mine = {channel for *_, channel in group}
        channels = dict.fromkeys(channel for *_, channel in rows if channel in mine)
        merged.append(
            (
                group[0][0],
                max(ends),
                kinds[0] if len(set(kinds)) == 1 else "sz",
                max(sure),
                "all" if "TERM" in mine else ",".join(channels),
            )
        )
    return merged


def _events(rows: list[tuple], name: str, info: RecordInfo) -> Events:
    onset, end, kinds, sure, channels = zip(*rows, strict=True) if rows else ((),) * 5
    return Events(
        onset,
        np.subtract(end, onset),
        record=name,
        event_type=np.array(kinds, dtype=str),
        confidence=np.array(sure, dtype=float),
        channels=np.array(channels, dtype=str),
        recordings={name: info},
    )
