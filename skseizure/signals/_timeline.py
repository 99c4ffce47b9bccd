"""Time in windows: stretches without a gap, the time each window stands for, runs and overlap."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GAP = 1.5  # in steps: two windows further apart than this are not neighbours in time


def segments(
    record: NDArray[np.str_], onset: NDArray[np.float64], step: float
) -> list[NDArray[np.intp]]:
    """Return the rows of each stretch without a gap, in order of time; see `Windows.segments`."""
    if len(onset) == 0:
        return []
    code = np.unique(record, return_inverse=True)[1]
    order = np.lexsort((onset, code))
    apart = (np.diff(code[order]) != 0) | (np.diff(onset[order]) > GAP * step)
    return np.split(order, np.flatnonzero(apart) + 1)


def cells(
    segments: list[NDArray[np.intp]], onset: NDArray[np.float64], duration: float
) -> NDArray[np.float64]:
    """Return start and end of the time that each window speaks for; see `Windows.cells`."""
    out = np.empty((len(onset), 2))
    for rows in segments:
        start = onset[rows]
        # Neighbours meet half-way between the middles of their windows.
        borders = (start[:-1] + start[1:] + duration) / 2
        out[rows, 0] = np.concatenate([start[:1], borders])
        out[rows, 1] = np.concatenate([borders, start[-1:] + duration])
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
