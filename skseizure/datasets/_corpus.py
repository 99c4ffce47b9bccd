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
    get_montage,
    to_bipolar,
)

from ._options import Options
from ._report import LoadReport, ReportRow

Loaded = tuple[Windows, NDArray[Any]] | tuple[Windows, NDArray[Any], Events]
# What a record that cannot be used raises. Anything else is a fault of the program, or of a
# caller's function, and is never skipped.
FAULTS = (ValueError, OSError, ImportError)
EITHER_SIDE = "seizeit2"  # the montage whose electrodes are on one side of the head or the other


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


class LeftOut(ValueError):
    """A file is left out whatever ``on_error`` says; the message tells why."""


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
    """

    record: str
    patient: str
    file: Path
    open: Callable[[], tuple[Recording, Events]]


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
        try:
            cut = _cut(part, options)
            if options.on_error == "raise" and cuts:
                _check_alike(cuts[0].recording, cut.recording, options)
        except FAULTS as error:
            if options.on_error == "raise" and not isinstance(error, LeftOut):
                error.add_note("on_error='skip' leaves such records out.")
                raise
            reasons[part] = str(error)
            continue
        cuts.append(cut)
    if options.montage is None and _differ_by_side(cut.recording for cut in cuts):
        cuts = [_by_either_side(cut, options) for cut in cuts]
        warnings.warn(
            f"channels are named by the side of the head, and differ between records; "
            f"montage={EITHER_SIDE!r} was taken, which names them alike.",
            UserWarning,
            stacklevel=3,
        )
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


def _check_alike(first: Recording, other: Recording, options: Options) -> None:
    if options.montage is None and _differ_by_side((first, other)):
        return
    if problem := _difference(first, other):
        raise ValueError(problem)


def _differ_by_side(recordings: Iterable[Recording]) -> bool:
    """Tell whether channels differ only in the side of the head in their names, as in SeizeIT2."""
    recordings = list(recordings)
    return len({recording.ch_names for recording in recordings}) > 1 and all(
        len(recording.ch_names) == len(get_montage(EITHER_SIDE)) and _fits(recording, EITHER_SIDE)
        for recording in recordings
    )


def _by_either_side(cut: _Cut, options: Options) -> _Cut:
    recording = to_bipolar(cut.recording, EITHER_SIDE)
    windows = Windows.from_recording(
        recording, window=options.window, step=options.step, max_unjudged=options.max_unjudged
    )
    return replace(cut, recording=recording, windows=windows)


def _fits(recording: Recording, montage: str) -> bool:
    try:
        to_bipolar(recording, montage)
    except MissingChannelsError:
        return False
    return True


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
    for name in ("double banana", EITHER_SIDE):
        if _fits(first, name) and _fits(other, name):
            return f"montage={name!r}, which both can be brought to, or "
    return ""
