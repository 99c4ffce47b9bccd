"""What the loaders share: folders checked, recordings joined into windows and labels."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skseizure.signals import (
    Events,
    MissingChannelsError,
    RecordInfo,
    Recording,
    Windows,
    read_edf,
)

Loaded = tuple[Windows, NDArray[Any]] | tuple[Windows, NDArray[Any], Events]


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


def check_option(name: str, value: str, allowed: Sequence[str]) -> None:
    """Refuse a value that is not among those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, allowed))}.")


# A record by its name, and what opens it when its turn comes.
Part = tuple[str, Callable[[], tuple[Recording, Events]]]


def open_recording(path: Path, *, offset: float = 0.0, **options: Any) -> Recording:
    """Open a file lazily, ``offset`` seconds after the start of its record."""
    recording = read_edf(path, lazy=True, **options)
    start = recording.start and recording.start - timedelta(seconds=offset)
    return recording.replace(offset=offset, start=start)


def seconds_of(path: Path) -> float:
    """Return the length of a file; what is odd about it is said when it is read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_edf(path, lazy=True).duration


def read_recordings(
    parts: Iterable[Part],
    on_missing: str,
    preprocess: Callable[[Recording], Recording] | None,
    lazy: bool,
) -> Iterator[tuple[Recording, Events]]:
    """Open recordings in turn, and preprocess them now or whenever they are needed.

    Those that lack a channel of their montage raise or are skipped by name.
    """
    skipped: dict[str, ValueError] = {}
    for record, opener in parts:
        try:
            recording, events = opener()
        except MissingChannelsError as error:
            if on_missing == "raise":
                raise MissingChannelsError(
                    f"{error} on_missing='skip' leaves such records out."
                ) from error
            skipped[record] = error
            continue
        recording = recording if lazy else recording.load()
        yield recording if preprocess is None else recording.apply(preprocess), events
    if skipped:
        warnings.warn(
            f"skipped {len(skipped)} of the records, for want of channels of the montage: "
            f"{', '.join(skipped)}. The first: {next(iter(skipped.values()))}",
            UserWarning,
            stacklevel=4,
        )


def join_recordings(
    parts: Iterable[tuple[Recording, Events]],
    *,
    window: float,
    step: float | None,
    min_overlap: float,
    return_events: bool,
) -> Loaded:
    """Cut recordings into windows and label them.

    Parameters
    ----------
    parts : iterable of (Recording, Events)
        Each recording with its events, timed from its first sample. Recordings may share a record:
        they are stretches of it, placed by their ``offset``.
    window, step, min_overlap, return_events
        As in the loaders.

    Returns
    -------
    X : Windows
    y : ndarray of int, shape (n_windows,)
    events : Events
        Only with ``return_events``; timed from the start of the record.
    """
    windows: list[Windows] = []
    found: list[tuple[Recording, Events]] = []
    for recording, events in parts:
        if found:
            _check_alike(found[0][0], recording)
        windows.append(Windows.from_recording(recording, window=window, step=step))
        found.append((recording, events))
    if not windows:
        raise ValueError("no recording is left to load; at least one is needed.")
    X = Windows.concatenate(windows)
    events = _on_record_time(found)
    X = X[X.judged(events)]
    y = X.labels(events, min_overlap=min_overlap)
    return (X, y, events) if return_events else (X, y)


def _on_record_time(parts: Sequence[tuple[Recording, Events]]) -> Events:
    recordings: dict[str, RecordInfo] = {}
    for recording, events in parts:
        # A record may be in several files: what lies before this one is in another, or unknown.
        info = replace(
            recording.info(),
            observed=sum(length for _, length in recording.stretches),
            unjudged=(),
        )
        spans = [span for other in events.recordings.values() for span in other.unjudged]
        info = info.mark_unjudged(
            (low + recording.offset, high + recording.offset)
            for low, high in (*spans, *recording.unjudged)
        )
        if known := recordings.get(recording.record):
            info = replace(
                info,
                duration=max(info.duration, known.duration),
                observed=(info.observed or 0.0) + (known.observed or 0.0),
                unjudged=(*known.unjudged, *info.unjudged),
            )
        recordings[recording.record] = info
    return Events(
        np.concatenate([events.onset + recording.offset for recording, events in parts]),
        np.concatenate([events.duration for _, events in parts]),
        record=np.concatenate(
            [np.full(len(events), recording.record) for recording, events in parts]
        ),
        **{
            name: np.concatenate([getattr(events, name) for _, events in parts])
            for name in ("event_type", "confidence", "channels")
        },
        recordings=recordings,
    )


def _check_alike(first: Recording, other: Recording) -> None:
    if other.sfreq != first.sfreq:
        raise ValueError(
            f"record {other.record!r} is sampled at {other.sfreq:g} Hz and {first.record!r} at "
            f"{first.sfreq:g} Hz; load patients of one rate, or resample in preprocess."
        )
    if other.ch_names != first.ch_names:
        odd = sorted(set(other.ch_names) ^ set(first.ch_names)) or ["another order"]
        raise ValueError(
            f"record {other.record!r} has {len(other.ch_names)} channels and {first.record!r} has "
            f"{len(first.ch_names)}; they differ in {', '.join(odd[:6])}. All must agree: choose "
            "patients, a montage, or channels in preprocess."
        )
