"""The seizures of CHB-MIT, from its ``chbNN-summary.txt``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ._events import Events, RecordInfo
from ._events_io import LATE
from ._tables import fail, numbered_lines

MAX_LINE = 1000  # characters; searching takes up to the square of them
NAME_LINE = re.compile(r"File Name\s*:\s*(\S+)\.edf", re.IGNORECASE)
TIME_LINE = re.compile(r"File (Start|End) Time\s*:\s*(\d{1,2}):(\d\d):(\d\d)", re.IGNORECASE)
COUNT_LINE = re.compile(r"Number of Seizures in File\s*:\s*(\d+)", re.IGNORECASE)
SEIZURE_LINE = re.compile(
    r"Seizure\s*\d*\s*(Start|End) Time\s*:\s*(\d+\.?\d*)\s*seconds?", re.IGNORECASE
)


def read_chbmit_summary(
    path: str | os.PathLike[str],
    *,
    durations: Mapping[str, float] | None = None,
    records: Iterable[str] | None = None,
    patient: str | None = None,
) -> Events:
    """Read the seizures of all records of a case from its ``chbNN-summary.txt``.

    Parameters
    ----------
    path : str or path-like
        The summary.
    durations : mapping of str to float, default=None
        Lengths of records in seconds, by name. They replace what the summary says, and are needed
        where it gives no times, as for chb24.
    records : iterable of str, default=None
        Records to take of those listed. None: all.
    patient : str, default=None
        Name of the patient. None: the first part of the file's name, ``chbNN``.

    Returns
    -------
    Events
        Seizures of every record that the summary lists, under names such as ``chb01_03``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a line cannot be read, the seizures of a record are not as many as it says, end before
        they begin or after the record, a length is not known, or no record is listed.

    Notes
    -----
    A record's length is its end time less its start time; hours run on after midnight (25:54:00)
    or begin anew. Both spellings, ``Seizure Start Time:`` and ``Seizure 1 Start Time :``, are read.
    The summaries give no dates, so ``start`` is None [1]_.

    References
    ----------
    .. [1] A. Shoeb, "Application of machine learning to epileptic seizure onset detection and
       treatment", PhD thesis, MIT, 2009.

    Examples
    --------
    >>> from skseizure.signals import read_chbmit_summary
    >>> read_chbmit_summary("chb01/chb01-summary.txt")  # doctest: +SKIP
    Events(7 events in 42 records, 40.55 h)
    """
    path = Path(path)
    blocks = _summary_blocks(path)
    if records is not None:
        wanted = set(records)
        blocks = {name: block for name, block in blocks.items() if name in wanted}
    if not blocks:
        raise ValueError(
            f"{path} lists no record that is wanted; lines 'File Name: chbNN_RR.edf' are needed."
        )
    patient = path.stem.split("-")[0] if patient is None else patient
    given = durations or {}
    unknown = [name for name, block in blocks.items() if name not in given and not block.timed]
    if unknown:
        raise ValueError(
            f"{path} gives no start and end time for {', '.join(unknown)}; pass their lengths in "
            "durations."
        )
    recordings, onset, duration, record = {}, [], [], []
    for name, block in blocks.items():
        length = float(given[name]) if name in given else block.length(path)
        recordings[name] = RecordInfo(length, patient=patient)
        for start, end in block.seizures(path):
            if end > length + LATE:
                fail(
                    path,
                    block.line,
                    f"a seizure of {name} ends at {end:g} s, after the record's end at "
                    f"{length:g} s",
                )
            onset.append(start)
            duration.append(end - start)
            record.append(name)
    return Events(onset, duration, record=np.array(record, dtype=str), recordings=recordings)


@dataclass
class _Block:
    """What a summary says of one record."""

    name: str
    line: int
    times: dict[str, int] = field(default_factory=dict)
    stated: int | None = None
    marks: list[tuple[str, float]] = field(default_factory=list)

    @property
    def timed(self) -> bool:
        return len(self.times) == 2

    def length(self, path: Path) -> float:
        seconds = (self.times["end"] - self.times["start"]) % 86400
        if seconds == 0:
            fail(path, self.line, f"{self.name} ends when it starts")
        return float(seconds)

    def seizures(self, path: Path) -> list[tuple[float, float]]:
        if self.stated is None:
            fail(path, self.line, f"{self.name} has no line 'Number of Seizures in File: ...'")
        kinds = [kind for kind, _ in self.marks]
        if len(kinds) != 2 * self.stated or kinds != ["start", "end"] * self.stated:
            fail(
                path,
                self.line,
                f"{self.name} names {self.stated} seizures, but {len(self.marks)} start and end "
                "times follow; a start and an end for each are needed",
            )
        times = [time for _, time in self.marks]
        pairs = list(zip(times[::2], times[1::2], strict=True))
        for start, end in pairs:
            if end <= start:
                fail(path, self.line, f"a seizure of {self.name} lasts from {start:g} to {end:g}")
        return pairs


def _summary_blocks(path: Path) -> dict[str, _Block]:
    blocks: dict[str, _Block] = {}
    block: _Block | None = None
    for number, line in numbered_lines(path):
        text = line.strip()[:MAX_LINE]
        if match := NAME_LINE.fullmatch(text):
            if match[1] in blocks:
                fail(path, number, f"{match[1]} is listed twice")
            if not match[1].isprintable():
                fail(path, number, f"{match[1]!r} cannot be the name of a record")
            block = blocks[match[1]] = _Block(match[1], number)
        elif not text.lower().startswith(("file ", "number of seiz", "seizure")):
            continue
        elif block is None:
            fail(path, number, f"{text!r} comes before the first 'File Name: ...'")
        elif match := TIME_LINE.fullmatch(text):
            hours, minutes, seconds = map(int, match.groups()[1:])
            block.times[match[1].lower()] = 3600 * hours + 60 * minutes + seconds
        elif match := COUNT_LINE.fullmatch(text):
            block.stated = int(match[1])
        elif match := SEIZURE_LINE.fullmatch(text):
            block.marks.append((match[1].lower(), float(match[2])))
        else:
            fail(path, number, f"{text!r} cannot be read")
    return blocks
