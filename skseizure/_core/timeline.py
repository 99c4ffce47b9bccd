"""Time in windows: stretches without a gap, the time each window stands for, runs and overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GAP = 1.5  # in steps: two windows further apart than this are not neighbours in time
ROUNDING = 1e-9  # seconds: times that differ by less are the same


def segments(
    record: NDArray[np.str_], onset: NDArray[np.float64], step: float
) -> list[NDArray[np.intp]]:
    """Return the rows of each stretch without a gap, in order of time; see `Windows.segments`."""
    if len(onset) == 0:
        return []
    code = np.unique(record, return_inverse=True)[1]
    order = np.lexsort((onset, code))
    apart = (np.diff(code[order]) != 0) | (np.diff(onset[order]) > GAP * step + ROUNDING)
    return np.split(order, np.flatnonzero(apart) + 1)


def cells(
    record: NDArray[np.str_], onset: NDArray[np.float64], duration: float
) -> NDArray[np.float64]:
    """Return start and end of the time that each window speaks for; see `Windows.cells`."""
    if len(onset) == 0:
        return np.empty((0, 2))
    code = np.unique(record, return_inverse=True)[1]
    order = np.lexsort((onset, code))
    step_up = np.diff(onset[order])
    new_record = np.diff(code[order]) != 0
    # Windows at one onset share their cell: only the first of them takes part.
    first = np.concatenate([[True], new_record | (step_up > ROUNDING)])
    start, owner = onset[order][first], code[order][first]
    end = start + duration
    overlap = (np.diff(owner) == 0) & (np.diff(start) < duration)
    middle = (start[:-1] + start[1:] + duration) / 2
    low = np.concatenate([start[:1], np.where(overlap, middle, start[1:])])
    high = np.concatenate([np.where(overlap, middle, end[:-1]), end[-1:]])
    out = np.empty((len(onset), 2))
    out[order] = np.column_stack([low, high])[np.cumsum(first) - 1]
    return out


def runs(rows: NDArray[np.intp], flags: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Return the rows of each unbroken run of true flags."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [rows[first:last] for first, last in edges.reshape(-1, 2)]


def covered(
    onset: NDArray[np.float64], duration: float, intervals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how many seconds of each window lie inside the union of intervals."""
    seconds = np.zeros(len(onset))
    for start, end in _union(intervals):
        inside = np.minimum(onset + duration, end) - np.maximum(onset, start)
        seconds += np.clip(inside, 0, None)
    return seconds


def _union(intervals: NDArray[np.float64]) -> list[list[float]]:
    merged: list[list[float]] = []
    for onset, end in intervals:
        if merged and onset <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([onset, end])
    return merged
