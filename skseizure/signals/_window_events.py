"""From events to labels of windows, and back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.timeline import ROUNDING, Timeline, covered, timeline_of, true_runs
from ._events import Events, RecordInfo


@dataclass(frozen=True)
class RecordOrigin:
    """What a recording says of its record beside the windows that are cut from it.

    Parameters
    ----------
    start : datetime or None
        Wall-clock time of the record's start.
    unjudged : tuple of (float, float)
        Time of the record that cannot be judged, from and to in seconds.
    end : float
        End of the recording on the record's time axis.
    """

    start: datetime | None
    unjudged: tuple[tuple[float, float], ...]
    end: float

    @classmethod
    def of(cls, info: RecordInfo) -> RecordOrigin:
        """Take the origin from what is known of a recording."""
        return cls(info.start, info.unjudged, info.duration)

    def until(self, end: float, near: float) -> tuple[tuple[float, float], ...]:
        """Return the unjudged spans up to a time, and those that follow in less than ``near``.

        What is between these is too short for a window.
        """
        found = []
        for span in self.unjudged:
            if span[0] > end + near + ROUNDING:
                break
            found.append(span)
            end = max(end, span[1])
        return tuple(found)

    def joined(self, other: RecordOrigin) -> RecordOrigin:
        """Join what two recordings say of one record; each knows nothing after its end."""
        if self == other:
            return self
        mine, theirs = ((*origin.unjudged, (origin.end, math.inf)) for origin in (self, other))
        shared = [
            (max(one[0], two[0]), min(one[1], two[1]))
            for one in mine
            for two in theirs
            if max(one[0], two[0]) < min(one[1], two[1])
        ]
        end = max(self.end, other.end)
        spans = tuple(sorted(span for span in shared if span[1] <= end))
        return RecordOrigin(self.start or other.start, spans, end)


def records_of(X: Any, time: Timeline, cell: NDArray[np.float64]) -> dict[str, RecordInfo]:
    """Describe the records of windows; see `Windows.recordings`."""
    names, first, code = np.unique(X.record, return_index=True, return_inverse=True)
    end = np.full(len(names), -np.inf)
    np.maximum.at(end, code, X.onset + X.duration)
    # In order of time, so that sums round alike however the rows are shuffled.
    rows = np.concatenate([*time.stretches, np.zeros(0, dtype=np.intp)])
    near = max(X.duration, X.step)
    spans = {
        i: X._origins[name].until(float(end[i]), near)
        for i, name in enumerate(names.tolist())
        if name in X._origins
    }
    seconds = np.diff(cell[rows]).ravel()
    for i, mine in spans.items():
        if mine:
            here = code[rows] == i
            seconds[here] -= covered(cell[rows[here], 0], seconds[here], np.array(mine))
    observed = np.bincount(code[rows], weights=seconds, minlength=len(names))
    return {
        str(names[i]): RecordInfo(
            duration=float(max(end[i], *(span[1] for span in spans.get(i, ())), 0.0)),
            observed=float(observed[i]),
            patient=None if X.patient is None else str(X.patient[first[i]]),
            start=X._origins[names[i]].start if i in spans else None,
            unjudged=spans.get(i, ()),
        )
        for i in np.argsort(first).tolist()
    }


def judged(X: Any, events: Events) -> NDArray[np.bool_]:
    """Tell which windows are outside unjudged time; see `Windows.judged`."""
    outside = np.ones(len(X), dtype=bool)
    for name in np.unique(X.record):
        spans = np.array(events.info(str(name)).unjudged, dtype=float).reshape(-1, 2)
        if len(spans):
            rows = np.flatnonzero(X.record == name)
            outside[rows] = covered(X.onset[rows], X.duration, spans) <= 1e-9
    return outside


def labels_of(X: Any, events: Events, min_overlap: float) -> NDArray[np.intp]:
    """Label windows by events; see `Windows.labels`."""
    if not isinstance(events, Events):
        raise TypeError(f"events is {type(events).__name__}; an Events is needed.")
    if not 0 <= min_overlap <= 1:
        raise ValueError(f"min_overlap is {min_overlap!r}; a share in [0, 1] is needed.")
    lost = np.count_nonzero(~judged(X, events))
    if lost:
        raise ValueError(
            f"events marks time of {lost} of the {len(X)} windows as unjudged, which is "
            "neither ictal nor background; leave them out first: X = X[X.judged(events)]."
        )
    share = np.empty(len(X))
    names, code = np.unique(X.record, return_inverse=True)
    order = np.argsort(code, kind="stable")
    borders = np.flatnonzero(np.diff(code[order])) + 1
    for name, rows in zip(names, np.split(order, borders), strict=True):
        intervals = events.intervals(str(name))
        share[rows] = covered(X.onset[rows], X.duration, intervals) / X.duration
    # A rounding error in the share must not decide.
    return ((share > 1e-9) & (share >= min_overlap - 1e-9)).astype(np.intp)


def events_of_labels(X: Any, labels: ArrayLike, confidence: ArrayLike | None) -> Events:
    """Turn labels of windows into events; see `Windows.to_events`."""
    given = np.asarray(labels)
    if given.shape != (len(X),):
        raise ValueError(
            f"labels has shape {given.shape}; one for each of {len(X)} windows is needed."
        )
    if given.dtype.kind not in "biuf" or not np.all((given == 0) | (given == 1)):
        raise ValueError(
            f"labels holds {np.unique(given)[:5].tolist()}; 0 and 1 (ictal) are needed, for "
            "example y == 'seizure'."
        )
    ictal = given.astype(bool)
    sure = np.full(len(X), np.nan) if confidence is None else np.asarray(confidence, float)
    time = timeline_of(X, len(X))
    np.logical_or.at(ictal, time.originals, ictal[time.copies])
    found = [
        rows[first:last]
        for rows in time.stretches
        for first, last in zip(*true_runs(ictal[rows]), strict=True)
    ]
    cell = X.cells()
    onset = np.array([cell[run[0], 0] for run in found])
    end = np.array([cell[run[-1], 1] for run in found])
    return Events(
        onset,
        end - onset,
        record=np.array([X.record[run[0]] for run in found], dtype=str),
        confidence=np.array([sure[run].max() for run in found], dtype=float),
        recordings=records_of(X, time, cell),
    )
