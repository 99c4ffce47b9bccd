"""What the loaders share: records opened in turn, and joined into windows, labels and a report."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from skseizure.signals import (
    Events,
    MissingChannelsError,
    RecordInfo,
    Recording,
    Windows,
    to_bipolar,
)

from ._options import Options
from ._report import LoadReport, ReportRow

Loaded = tuple[Windows, NDArray[Any]] | tuple[Windows, NDArray[Any], Events]
# What a record that cannot be used raises. Anything else is a fault of the program, or of a
# caller's function, and is never skipped.
FAULTS = (ValueError, OSError, ImportError)


def existing_folder(path: str | os.PathLike[str]) -> Path:
    """Return ``path`` as a `Path`, or say that there is no such folder."""
    folder = Path(path)
    if not folder.is_dir():
        what = "a file" if folder.exists() else "not there"
        raise FileNotFoundError(f"path is {str(folder)!r}, which is {what}; a folder is needed.")
    return folder


def choose(
    name: str, wanted: Sequence[str] | None, present: Iterable[str], where: Path
) -> set[str]:
    """Return the names that are wanted (None: all), or say which of them are not present."""
    there = set(present)
    if wanted is None:
        return there
    if isinstance(wanted, str):
        raise TypeError(f"{name} is the string {wanted!r}; a list of names is needed.")
    missing = [one for one in wanted if one not in there]
    if missing or len(wanted) == 0:
        raise ValueError(
            f"{name} asks for {', '.join(map(str, missing)) or 'nothing'}; "
            f"{where} holds {', '.join(sorted(there))}."
        )
    return set(wanted)


@dataclass(frozen=True)
class Part:
    """One file of a corpus.

    Parameters
    ----------
    record, patient : str
        Their names.
    file : Path
        The file, for the report.
    open : callable
        Called without arguments when its turn comes; returns the `Recording`, opened lazily, and
        its `Events`, timed from its first sample. Parts of one record are placed by the
        recording's ``offset``.
    unused : str, default=""
        Why the file is left out whatever ``on_error`` says; ``open`` is not called then.
    """

    record: str
    patient: str
    file: Path
    open: Callable[[], tuple[Recording, Events]]
    unused: str = ""


def failing(record: str, patient: str, file: Path, error: Exception) -> Part:
    """Return a part that raises when its turn comes."""

    def fail() -> tuple[Recording, Events]:
        raise error

    return Part(record, patient, file, fail)


@dataclass(frozen=True)
class _Cut:
    part: Part
    recording: Recording
    events: Events  # timed from the start of the record
    windows: Windows

    @property
    def kind(self) -> tuple[float, tuple[str, ...]]:
        return self.windows.sfreq, self.windows.ch_names


def load_parts(
    parts: Sequence[Part],
    options: Options,
    *,
    folder: Path,
    name: str,
    ignored: Mapping[Path, str] | None = None,
) -> Loaded:
    """Open, cut and label records, and report what was used.

    Parameters
    ----------
    parts : sequence of Part
        The files in order.
    options : Options
        What the caller wants.
    folder : Path
        The report names files below it.
    name : str
        What the progress bar shows.
    ignored : mapping of Path to str, default=None
        Files that are no EEG and what they are, for the report.

    Returns
    -------
    X : Windows
        With the attribute ``report_``.
    y : ndarray of int, shape (n_windows,)
    events : Events
        Only with ``return_events``; timed from the start of each record.
    """
    cuts: list[_Cut] = []
    reasons: dict[Part, str] = {}
    for part in tqdm(parts, desc=name, unit="file", disable=not options.verbose):
        if part.unused:
            reasons[part] = part.unused
            continue
        try:
            cut = _cut(part, options)
            if options.on_error == "raise" and cuts:
                _check_alike(cuts[0].recording, cut.recording)
        except FAULTS as error:
            if options.on_error == "raise":
                error.add_note("on_error='skip' leaves such records out.")
                raise
            reasons[part] = str(error)
            continue
        cuts.append(cut)
    if cuts:  # records that differ from most
        most = Counter(cut.kind for cut in cuts).most_common(1)[0][0]
        first = next(cut.recording for cut in cuts if cut.kind == most)
        for cut in cuts:
            if cut.kind != most:
                reasons[cut.part] = _difference(first, cut.recording)
        cuts = [cut for cut in cuts if cut.kind == most]
    report = _report(parts, cuts, reasons, folder, ignored or {})
    if not cuts:
        why = f" {report.summary()}." if reasons else ""
        raise ValueError(f"no recording is left to load; at least one is needed.{why}")
    if report.left_out:
        warnings.warn(f"{report.summary()}. X.report_ lists all.", UserWarning, stacklevel=3)
    X = Windows.concatenate(cut.windows for cut in cuts)
    y = np.concatenate(
        [cut.windows.labels(cut.events, min_overlap=options.min_overlap) for cut in cuts]
    )
    X.report_ = report  # type: ignore[attr-defined]
    return (X, y, _join_events(cuts)) if options.return_events else (X, y)


def _cut(part: Part, options: Options) -> _Cut:
    recording, events = part.open()
    recording, windows = options.cut(recording, events)
    return _Cut(part, recording, _on_record_time(recording, events), windows)


def _on_record_time(recording: Recording, events: Events) -> Events:
    # A part of a record: unjudged time is left out of the windows already.
    columns = ("event_type", "confidence", "channels")
    return Events(
        events.onset + recording.offset,
        events.duration,
        record=recording.record,
        **{name: getattr(events, name) for name in columns},
        recordings={recording.record: RecordInfo(recording.offset + recording.duration)},
    )


def _info(recording: Recording) -> RecordInfo:
    """Return what is known of a record by one of its files."""
    whole = recording.replace(offset=0.0).info()
    return replace(
        recording.info(),
        # A record may be in several files: what lies before this one is in another, or unknown.
        observed=whole.judged,
        unjudged=tuple(
            (low + recording.offset, high + recording.offset) for low, high in whole.unjudged
        ),
    )


def _join_events(cuts: Sequence[_Cut]) -> Events:
    recordings: dict[str, RecordInfo] = {}
    for cut in cuts:
        info = _info(cut.recording)
        if known := recordings.get(cut.recording.record):
            info = replace(
                info,
                duration=max(info.duration, known.duration),
                observed=(info.observed or 0.0) + (known.observed or 0.0),
                unjudged=(*known.unjudged, *info.unjudged),
            )
        recordings[cut.recording.record] = info
    names = ("onset", "duration", "record", "event_type", "confidence", "channels")
    columns = {name: np.concatenate([getattr(cut.events, name) for cut in cuts]) for name in names}
    return Events(columns.pop("onset"), **columns, recordings=recordings)


def _report(
    parts: Sequence[Part],
    cuts: Sequence[_Cut],
    reasons: Mapping[Part, str],
    folder: Path,
    ignored: Mapping[Path, str],
) -> LoadReport:
    used = {cut.part: cut for cut in cuts}
    rows = []
    for part in parts:
        cut = used.get(part)
        rows.append(
            ReportRow(
                part.record,
                part.patient,
                _below(part.file, folder),
                0.0 if cut is None else (_info(cut.recording).observed or 0.0) / 3600,
                0 if cut is None else len(cut.events),
                cut is not None,
                reasons.get(part, ""),
            )
        )
    return LoadReport(rows, {_below(file, folder): what for file, what in ignored.items()})


def _below(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)


def _check_alike(first: Recording, other: Recording) -> None:
    if problem := _difference(first, other):
        raise ValueError(problem)


def _difference(first: Recording, other: Recording) -> str:
    """Say in what two recordings differ that must agree; blank if in nothing."""
    if other.sfreq != first.sfreq:
        return (
            f"record {other.record!r} is sampled at {other.sfreq:g} Hz and {first.record!r} at "
            f"{first.sfreq:g} Hz; all must agree: resample in preprocess."
        )
    if other.ch_names == first.ch_names:
        return ""
    odd = sorted(set(other.ch_names) ^ set(first.ch_names)) or ["another order"]
    return (
        f"record {other.record!r} has {len(other.ch_names)} channels and {first.record!r} has "
        f"{len(first.ch_names)}; they differ in {', '.join(odd[:6])}. All must agree: choose "
        f"{_common_montage(first, other)}channels in preprocess."
    )


def _common_montage(first: Recording, other: Recording) -> str:
    for name in ("double banana", "seizeit2"):
        try:
            for recording in (first, other):
                to_bipolar(recording, name)
        except MissingChannelsError:
            continue
        return f"montage={name!r}, which both can be brought to, or "
    return ""
