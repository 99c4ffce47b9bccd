"""The header of an EDF or BDF file, checked against the file before anyone trusts it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from .._core.files import check_regular

MAGIC = {b"0       ": "EDF", b"\xffBIOSEMI": "BDF"}
FOREIGN = {
    b"GDF": "a GDF file",
    b"\x1f\x8b": "a gzip archive",
    b"PK": "a zip archive",
    b"MATLAB": "a MATLAB file",
    b"\x89HDF": "an HDF5 file",
    b"Brain Vision": "a BrainVision header",
}
# Name and width of each signal's fields; every field is stored for all signals in a row.
SIGNAL_FIELDS = {
    "label": 16,
    "transducer": 80,
    "unit": 8,
    "physical_min": 8,
    "physical_max": 8,
    "digital_min": 8,
    "digital_max": 8,
    "prefiltering": 80,
    "samples": 8,
    "reserved": 32,
}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?", re.IGNORECASE | re.ASCII)
TIMEKEEPING = re.compile(rb"([+-]\d+(?:\.\d*)?)\x14")
DATE_OR_TIME = re.compile(r" ?(\d{1,2})[.:'\-/ ] ?(\d{1,2})[.:'\-/ ] ?(\d{1,2})", re.ASCII)
PLUS_DATE = re.compile(r"Startdate (\d{1,2})-([A-Za-z]{3})-(\d{4})( .*)?", re.ASCII)
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DRIFT = 0.1  # seconds by which time stamps may leave the samples in the course of a file
NO_DATE = date(1985, 1, 1)  # what EDF writes for a date that is not to be known


@dataclass(frozen=True)
class Header:
    """What a header says, once its sizes are known to fit the file.

    Parameters
    ----------
    path : Path
        The file.
    state : tuple of int
        What `file_state` said of it before the header was read.
    format : str
        ``"EDF"`` or ``"BDF"``.
    start : datetime or None
        Start of the recording; None where the date is anonymised or unreadable.
    reserved : str
        The field that tells EDF+C and EDF+D.
    n_bytes, n_records : int
        Length of the header, and number of data records.
    duration : Fraction
        Seconds that a data record lasts.
    samples : tuple of int
        Samples of each signal in a data record.
    signals : tuple of dict of str to str
        The other fields of each signal, as text.
    names : dict of int to str
        Unique names of the signals that are no annotations, by their number.
    notes : tuple of str
        What differs from a file that fits its header and has no gap.
    fits : bool
        Whether the file holds the data records that its header states, and no byte more.
    stretches : tuple of (float, int)
        Runs of data records without a gap: start in seconds from the first, number of records.
    """

    path: Path
    state: tuple[int, int]
    format: str
    start: datetime | None
    reserved: str
    n_bytes: int
    n_records: int
    duration: Fraction
    samples: tuple[int, ...]
    signals: tuple[dict[str, str], ...]
    names: dict[int, str]
    notes: tuple[str, ...] = ()
    fits: bool = True
    stretches: tuple[tuple[float, int], ...] = ()

    @property
    def sample_bytes(self) -> int:
        """Bytes a sample."""
        return 2 if self.format == "EDF" else 3

    def rate(self, i: int) -> float:
        """Return the sampling rate of signal ``i`` in Hz."""
        return float(self.samples[i] / self.duration)

    def number(self, i: int, field: str) -> float:
        """Return a numeric field of signal ``i``; a decimal comma counts as a point."""
        what = f"{field} of {self.signals[i]['label']!r}"
        text = self.signals[i][field].replace(",", ".")
        try:
            return float(_number(self.path, text, what))
        except OverflowError:
            refuse(self.path, f"{what} in its header is {text!r}; no number is so large.")


def refuse(path: Path, reason: str) -> NoReturn:
    """Raise the one error of this reader."""
    raise ValueError(f"{path}: {reason}")


def file_state(path: Path) -> tuple[int, int]:
    """Return the size of a file in bytes and the time of its last change in nanoseconds."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def read_header(path: Path, *, strict: bool = False, on_gap: str = "split") -> Header:
    """Read a header, and compare it with the file.

    Parameters
    ----------
    path : Path
        The file.
    strict, on_gap
        As in `read_edf`.

    Returns
    -------
    Header
        The header; the file holds at least the data records that it names.

    Raises
    ------
    ValueError
        If the file is no EDF or BDF file with signals, or not as whole or as continuous as it must
        be.
    """
    check_regular(path)
    state = file_state(path)
    size = state[0]
    with path.open("rb") as file:
        main = file.read(256)
        file_format = _format(path, main)
        if len(main) < 256:
            refuse(path, f"cut off in its header: {size} bytes, at least 256 are needed.")
        n_signals = _integer(path, main[252:256], "number of signals")
        if n_signals < 1:
            refuse(path, f"number of signals in its header is {n_signals}; at least 1 is needed.")
        n_bytes = 256 * (n_signals + 1)
        if size < n_bytes:
            refuse(
                path,
                f"cut off in its header: {size} bytes, {n_signals} signals need {n_bytes}.",
            )
        signals = _signals(file.read(n_bytes - 256), n_signals)
    stated = _integer(path, main[184:192], "number of header bytes")
    if stated != n_bytes:
        refuse(path, f"its header claims {stated} bytes, but {n_signals} signals take {n_bytes}.")
    ordinary = {i: signal["label"] for i, signal in enumerate(signals) if not _annotates(signal)}
    if not ordinary:
        refuse(path, "holds annotations only, no signal.")
    duration = _number(path, _text(main[244:252]), "duration of a data record")
    if duration <= 0:
        refuse(path, f"duration of a data record is {float(duration):g} s; signals need one.")
    samples = tuple(_n_samples(path, signal) for signal in signals)
    sample_bytes = 2 if file_format == "EDF" else 3
    stated = _integer(path, main[236:244], "number of data records")
    n_records, notes = _n_records(path, stated, sum(samples) * sample_bytes, size - n_bytes, strict)
    header = Header(
        path=path,
        state=state,
        format=file_format,
        start=_start(main),
        reserved=_text(main[192:236]),
        n_bytes=n_bytes,
        n_records=n_records,
        duration=duration,
        samples=samples,
        signals=signals,
        names=_unique_names(ordinary),
    )
    onset, stretches, more = _stretches(header, on_gap)
    return replace(
        header,
        start=_delayed(header.start, onset),
        notes=(*notes, *more),
        fits=not notes,
        stretches=stretches,
    )


def _format(path: Path, main: bytes) -> str:
    if not main:
        refuse(path, "is empty (0 bytes).")
    for magic, name in MAGIC.items():
        if magic.startswith(main[:8]):
            return name
    for magic, what in FOREIGN.items():
        if main.startswith(magic):
            refuse(path, f"is {what}; EDF or BDF is needed, convert it first.")
    refuse(path, f"is neither EDF nor BDF: it begins with {main[:8]!r}.")


def _signals(raw: bytes, n_signals: int) -> tuple[dict[str, str], ...]:
    signals: list[dict[str, str]] = [{} for _ in range(n_signals)]
    offset = 0
    for name, width in SIGNAL_FIELDS.items():
        for signal in signals:
            signal[name] = _text(raw[offset : offset + width])
            offset += width
    return tuple(signals)


def _text(raw: bytes) -> str:
    raw = raw.strip(b" \0")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _number(path: Path, text: str, what: str) -> Fraction:
    if not NUMBER.fullmatch(text):
        refuse(path, f"{what} in its header is {text!r}; a number is needed.")
    return Fraction(text)


def _integer(path: Path, raw: bytes, what: str) -> int:
    value = _number(path, _text(raw), what)
    if value.denominator != 1:
        refuse(path, f"{what} in its header is {_text(raw)!r}; a whole number is needed.")
    if not re.fullmatch(r"[+-]?\d+", _text(raw), re.ASCII):
        refuse(path, f"edfio cannot read it: {what} in its header is {_text(raw)!r}.")
    return int(value)


def _n_samples(path: Path, signal: dict[str, str]) -> int:
    what = f"samples per data record of {signal['label']!r}"
    n_samples = _integer(path, signal["samples"].encode(), what)
    if n_samples < 0:
        refuse(path, f"{what} in its header is {n_samples}; it cannot be negative.")
    return n_samples


def _n_records(
    path: Path, stated: int, record_bytes: int, data_bytes: int, strict: bool
) -> tuple[int, list[str]]:
    """Return how many whole data records there are, and how the file differs from its header."""
    if record_bytes == 0:
        refuse(path, "its data records hold no samples.")
    n_records, rest = divmod(data_bytes, record_bytes)
    if stated == -1 and rest and (strict or not n_records):
        refuse(
            path,
            f"cut off: the last of its data records of {record_bytes} bytes has only {rest} "
            "(and its header leaves their number open).",
        )
    if stated == -1 and n_records:
        note = (
            f"its header leaves the number of data records open (-1); the file holds {n_records} "
            "whole ones"
        )
        cut = f" and {rest} bytes of another, which were not read" if rest else ""
        return n_records, [note + cut]
    if stated < 1:
        refuse(path, f"holds no data: number of data records in its header is {stated}.")
    if stated * record_bytes == data_bytes:
        return stated, []
    short = data_bytes < stated * record_bytes
    if strict or not n_records:
        refuse(
            path,
            f"{'cut off' if short else 'longer than its header says'}: {stated} data records take "
            f"{stated * record_bytes} bytes, but {data_bytes} follow its header."
            + (" strict=False reads the whole ones." if n_records else ""),
        )
    if n_records == stated:
        return stated, [f"{rest} bytes after its last data record were not read"]
    note = f"its header states {stated} data records, but the file holds {n_records} whole ones"
    return n_records, [note + (f" and {rest} bytes more, which were not read" if rest else "")]


def _annotates(signal: dict[str, str]) -> bool:
    return signal["label"].casefold() in ("edf annotations", "bdf annotations")


def _unique_names(labels: dict[int, str]) -> dict[int, str]:
    """Give labels that occur more than once running numbers (``T8-P8-0``), as MNE does."""
    present = list(labels.values())
    taken, names, seen = set(present), {}, dict.fromkeys(present, 0)
    for i, label in labels.items():
        name = label
        if present.count(label) > 1:
            while name in taken:
                name = f"{label}-{seen[label]}"
                seen[label] += 1
        taken.add(name)
        names[i] = name
    return names


def _start(main: bytes) -> datetime | None:
    """Return the start that the main header states, to the second."""
    plus = _text(main[88:168])
    days, hours = (DATE_OR_TIME.fullmatch(_text(main[i : i + 8])) for i in (168, 176))
    if days is None or hours is None or re.match("Startdate X( |$)", plus):
        return None
    day, month, year = map(int, days.groups())
    year += 1900 if year >= 85 else 2000
    stated = PLUS_DATE.fullmatch(plus)
    if stated and stated[2].upper() in MONTHS:  # EDF+ states the whole year
        day, month, year = int(stated[1]), MONTHS.index(stated[2].upper()) + 1, int(stated[3])
    hour, minute, second = map(int, hours.groups())
    try:
        start = datetime(year, month, day, hour, minute, second)
    except ValueError:  # no such day or hour
        return None
    return None if start.date() == NO_DATE else start


def _delayed(start: datetime | None, seconds: float) -> datetime | None:
    try:
        return start and start + timedelta(seconds=seconds)
    except OverflowError:  # beyond the year 9999
        return None


def _stretches(
    header: Header, on_gap: str
) -> tuple[float, tuple[tuple[float, int], ...], list[str]]:
    """Find gaps by the time stamps of the data records.

    Returns
    -------
    onset : float
        Time stamp of the first data record in seconds.
    stretches : tuple of (float, int)
        As in `Header`.
    notes : list of str
        What was put up with.
    """
    whole = ((0.0, header.n_records),)
    kind = header.reserved[:5]
    discontinuous = kind.upper() in ("EDF+D", "BDF+D")
    annotations = [i for i, signal in enumerate(header.signals) if _annotates(signal)]
    if not annotations:
        if discontinuous and on_gap != "ignore":
            refuse(header.path, f"is {kind} without time stamps to tell its gaps.")
        return 0.0, whole, []
    stamps = _stamps(header, annotations[0])
    missing = np.flatnonzero(np.isnan(stamps))
    if len(missing) and discontinuous and on_gap != "ignore":
        refuse(
            header.path,
            f"is {kind}, and its data record {missing[0]} has no time stamp "
            f"({len(missing)} such records).",
        )
    there = np.flatnonzero(~np.isnan(stamps))
    if not len(there):
        return 0.0, whole, []
    length = float(header.duration)
    late = stamps[there] - there * length  # constant without gaps
    if on_gap == "ignore":
        return float(late[0]), whole, []
    fastest = max(header.rate(i) for i in header.names)
    tolerance = max(0.5 / fastest, 1e-3)  # time stamps are often written to the millisecond
    jumps = np.diff(late)
    apart = np.flatnonzero(np.abs(jumps) > tolerance)
    back = apart[jumps[apart] < 0]
    split = on_gap == "split" and not len(back) and bool((np.diff(there)[apart] == 1).all())
    if len(apart) and not split:
        i, j = (
            there[(back if len(back) else apart)[0]],
            there[(back if len(back) else apart)[0] + 1],
        )
        remedy = "Its records overlap" if len(back) else "on_gap='split' reads its stretches"
        if j != i + 1:
            remedy = f"Data records between {i} and {j} have no time stamp to tell where"
        refuse(
            header.path,
            f"is discontinuous: data record {i} lasts from {stamps[i]:g} to "
            f"{stamps[i] + length:g} s, the next begins at {stamps[j]:g} s "
            f"({len(apart)} such places). {remedy}; on_gap='ignore' takes all samples as one.",
        )
    first = there[np.concatenate([[0], apart + 1])]
    first[0] = 0
    drift, notes = 0.0, []
    for piece in np.split(late, apart + 1):
        off = piece - piece[0]
        drift = max(drift, float(off.max()), -float(off.min()), key=abs)
    if drift > DRIFT:
        refuse(
            header.path,
            f"its time stamps drift: the samples say that a stretch lasts {drift:.3g} s more or "
            "less than its time stamps do. on_gap='ignore' counts the samples.",
        )
    if drift > 2 * tolerance:
        notes.append(f"its time stamps drift by up to {drift:.3g} s; the samples were counted")
    starts = [0.0, *(stamps[first[1:]] - late[0]).tolist()]
    lengths = np.diff([*first.tolist(), header.n_records]).tolist()
    if len(starts) > 1:
        gap = sum(jumps[apart])
        notes.append(
            f"it has {len(apart)} gaps, {gap:g} s in all, so that the recording has {len(starts)} "
            "stretches"
        )
    return float(late[0]), tuple(zip(starts, lengths, strict=True)), notes


def _stamps(header: Header, signal: int) -> NDArray[np.float64]:
    """Return the time stamp of each data record in seconds, NaN where there is none."""
    width = header.sample_bytes
    low = sum(header.samples[:signal]) * width
    shape = (header.n_records, sum(header.samples) * width)
    raw = np.memmap(header.path, np.uint8, "r", offset=header.n_bytes, shape=shape)
    cells = _cells(raw, low, header.samples[signal] * width)
    matches = [TIMEKEEPING.match(cell) for cell in cells]
    return np.array([np.nan if match is None else float(match[1]) for match in matches])


def _cells(raw: NDArray[np.uint8], low: int, width: int) -> list[bytes]:
    return [row.tobytes() for row in raw[:, low : low + min(width, 64)]]
