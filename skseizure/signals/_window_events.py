"""From events to labels of windows, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.timeline import Timeline, covered, timeline_of, true_runs
from ._events import Events, RecordInfo


def records_of(X: Any, time: Timeline, cell: NDArray[np.float64]) -> dict[str, RecordInfo]:
    """Describe the records of windows; see `Windows.recordings`."""
    names, first, code = np.unique(X.record, return_index=True, return_inverse=True)
    # In order of time, so that sums round alike however the rows are shuffled.
    rows = np.concatenate([*time.stretches, np.zeros(0, dtype=np.intp)])
    observed = np.bincount(code[rows], weights=np.diff(cell[rows]).ravel(), minlength=len(names))
    end = np.full(len(names), -np.inf)
    np.maximum.at(end, code, X.onset + X.duration)
    return {
        str(names[i]): RecordInfo(
            duration=float(end[i]),
            observed=float(observed[i]),
            patient=None if X.patient is None else str(X.patient[first[i]]),
            start=X._starts.get(str(names[i])),
        )
        for i in np.argsort(first)
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
