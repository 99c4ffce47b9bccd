"""Time in windows: stretches without a gap, copies of a window, averages, runs and overlap."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

GAP = 1.5  # in steps: two windows further apart than this are not neighbours in time
ROUNDING = 1e-9  # seconds: times that differ by less are the same
_BLOCK = 2**20  # values summed at a time: memory does not grow with the table
_Values = TypeVar("_Values", bound=NDArray)

# ---------------------------------------------------------------------- stretches and copies


def is_windows(X: Any) -> bool:
    """Tell whether ``X`` is a `Windows`, without importing the signals sub-package."""
    return all(hasattr(X, name) for name in ("segments", "onset", "sfreq", "ch_names"))


def segments(
    record: NDArray[Any], onset: NDArray[np.float64], step: float
) -> list[NDArray[np.intp]]:
    """Return the rows of each stretch without a gap, in order of time; see `Windows.segments`."""
    if len(onset) == 0:
        return []
    code = np.unique(record, return_inverse=True)[1]
    order = np.lexsort((onset, code))
    apart = (np.diff(code[order]) != 0) | (np.diff(onset[order]) > GAP * step + ROUNDING)
    return np.split(order, np.flatnonzero(apart) + 1)


@dataclass(frozen=True)
class Timeline:
    """Which windows follow one another.

    Rows with the same record and onset are copies of one window, as ``X[rows]`` makes them where a
    row is drawn twice. They share its place in time: the first of them stands for all, so that
    copies are no neighbours of one another, and `share` hands its result to the others.

    Parameters
    ----------
    stretches : list of ndarray of int
        Rows of each stretch without a gap, in order of time; of copies, the first row alone.
    copies, originals : ndarray of int
        Rows that are in no stretch because their window is in an earlier row, and that row of each.
    step : float
        Seconds from one window to the next.
    lasts : ndarray of float, shape (n_stretches,)
        Seconds from the start to the end of the record that each stretch is in, gaps included.
    """

    stretches: list[NDArray[np.intp]]
    copies: NDArray[np.intp]
    originals: NDArray[np.intp]
    step: float
    lasts: NDArray[np.float64]

    def share(self, values: _Values) -> _Values:
        """Give each copy the value of its original, in place, and return all."""
        values[self.copies] = values[self.originals]
        return values


def timeline_of(X: Any, n_windows: int, *, step: float = 1.0) -> Timeline:
    """Find out which windows follow one another.

    Parameters
    ----------
    X : Windows or anything that an estimator takes
        What is no `Windows` is one record in row order, without copies.
    n_windows : int
        Rows of X: a sparse matrix has no length of its own.
    step : float, default=1.0
        Seconds from one row to the next where X is no `Windows`, which knows its own.

    Returns
    -------
    Timeline
        Stretches and copies.
    """
    nothing = np.zeros(0, dtype=np.intp)
    if not is_windows(X):
        lasts = np.array([n_windows * step])
        return Timeline([np.arange(n_windows)], nothing, nothing, step, lasts)
    step, whole = float(X.step), X.segments()
    if not whole:
        return Timeline([], nothing, nothing, step, np.zeros(0))
    order = np.concatenate(whole)
    last = np.cumsum([len(rows) for rows in whole]) - 1
    start = np.concatenate([[0], last[:-1] + 1])
    original = np.concatenate([[True], np.diff(X.onset[order]) > ROUNDING])
    original[start] = True
    place = np.cumsum(original) - 1
    standing = order[original]
    names = X.record[order[start]]
    new = np.concatenate([[True], names[1:] != names[:-1]])
    begin, end = X.onset[order[start[new]]], X.onset[order[last[np.roll(new, -1)]]]
    return Timeline(
        stretches=np.split(standing, place[start[1:]]),
        copies=order[~original],
        originals=standing[place[~original]],
        step=step,
        lasts=(end - begin + step)[np.cumsum(new) - 1],
    )


# ---------------------------------------------------------------------- averages


def windows_in(seconds: float, step: float) -> int:
    """Return how many windows an average of so many seconds takes.

    This is the one rule for `MovingAverage`, ``smoothing`` of the feature transformers and
    `SeizureDetector`: as many windows as there are steps in the seconds, rounded to the nearest
    whole number (halves upwards), and at least one; whether the average is centred or causal does
    not matter. 20 s are the 20 frames of the CNBC paper, whose step is 1 s. A centred average of an
    even number takes one window more before than after, like ``rolling(center=True)`` of pandas,
    ``uniform_filter1d`` of SciPy and ``movmean`` of Matlab.

    Parameters
    ----------
    seconds : float
        Length of the average, at least 0.
    step : float
        Seconds from one window to the next.

    Returns
    -------
    int
        Windows in the average.

    Examples
    --------
    >>> from skseizure._core.timeline import windows_in
    >>> windows_in(20, 1), windows_in(20, 2), windows_in(5, 2), windows_in(0, 2)
    (20, 10, 3, 1)
    """
    # No record has as many windows as the largest seconds ask for.
    steps = min(float(seconds) / step, 1e15)
    return max(1, int(steps + 0.5 + ROUNDING))


def smooth(values: ArrayLike, time: Timeline, seconds: float, *, center: bool) -> NDArray:
    """Average values of windows over time, never across records or gaps.

    Parameters
    ----------
    values : array-like, shape (n_windows,) or (n_windows, n_columns)
        One value or row a window.
    time : Timeline
        Of these windows.
    seconds : float
        Length of the average; see `windows_in`.
    center : bool
        Whether the average lies around its window or ends with it.

    Returns
    -------
    ndarray of float, of the shape of ``values``
        The averages; copies of a window have the same.

    Warns
    -----
    UserWarning
        If gaps leave most windows less than half of the seconds, where their records are long
        enough.
    """
    _warn_of_gaps(time, seconds)
    n_windows = windows_in(seconds, time.step)
    return time.share(moving_average(values, time.stretches, n_windows, center=center))


def moving_average(
    values: ArrayLike,
    stretches: list[NDArray[np.intp]],
    n_windows: int,
    *,
    center: bool = False,
) -> NDArray:
    """Average each column over successive windows.

    Parameters
    ----------
    values : array-like, shape (n_rows,) or (n_rows, n_columns)
        One value or row a window, in any order.
    stretches : list of ndarray of int
        Row numbers of each stretch without a gap, in order of time. No average reaches beyond its
        stretch. Rows in none stay as they are.
    n_windows : int
        Windows in an average, at least 1. There are fewer where the stretch has no more.
    center : bool, default=False
        False: a window and those before it, so that nothing depends on the future. True: a window
        with ``n_windows // 2`` before it and ``(n_windows - 1) // 2`` after it.

    Returns
    -------
    ndarray of float, of the shape of ``values``
        The averages, in the order of ``values``; float32 stays float32 (computed in float64), all
        else becomes float64.

    Notes
    -----
    Sums of 2, 4, 8, ... windows are each built from two of half the length, and those that make up
    ``n_windows`` added: ``log2(n_windows)`` passes over the values. No running total is kept, so
    the rounding error is at most about ``log2(n_windows)`` times that of one addition, whatever
    the offset and the length of the table, and a value's bits depend on the windows in its average
    alone. No average of values up to 1 is above 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure._core.timeline import moving_average
    >>> values = np.array([1.0, 3.0, 5.0, 10.0])
    >>> moving_average(values, [np.array([0, 1, 2]), np.array([3])], 2).tolist()
    [1.0, 2.0, 4.0, 10.0]
    """
    values = np.asarray(values)
    out = values.astype(values.dtype if values.dtype == np.float32 else np.float64)
    table, averages = (a[:, np.newaxis] if a.ndim == 1 else a for a in (values, out))
    # A power of two, so that sums of the largest numbers do not overflow and no bit is lost.
    scale = 2.0 ** -n_windows.bit_length()
    for rows in stretches:
        n = len(rows)
        # Beyond the stretch there is nothing, however far an average may reach.
        after = min((n_windows - 1) // 2, n) if center else 0
        last = np.arange(n) + after
        count = np.minimum(last, n - 1) - np.maximum(last - n_windows, -1)
        width = max(1, _BLOCK // (n + after))
        for first in range(0, table.shape[1], width):
            columns = slice(first, min(first + width, table.shape[1]))
            block = np.zeros((n + after, columns.stop - first))
            block[:n] = table[rows, columns]
            total = _trailing_sum(block * scale, n_windows)[after:]
            averages[rows, columns] = total / (scale * count)[:, np.newaxis]
    return out


def _trailing_sum(block: NDArray[np.float64], n_windows: int) -> NDArray[np.float64]:
    """Return the sum of each row and the ``n_windows - 1`` rows before it, as far as there are."""
    total = np.zeros_like(block)
    summed = 0  # rows in each sum of `total`
    length = 1  # rows in each sum of `block`
    while summed < min(n_windows, len(block)):
        if n_windows & length:
            total[summed:] += block[: len(block) - summed]
            summed += length
        block[length:] += block[:-length]
        length *= 2
    return total


def _warn_of_gaps(time: Timeline, seconds: float) -> None:
    # Rows that were shuffled or chosen: another feature than the one of unbroken recordings.
    lengths = np.array([len(rows) for rows in time.stretches])
    short = lengths * time.step < seconds / 2
    starved, n_windows = lengths[short & (time.lasts >= seconds)].sum(), lengths.sum()
    if starved > n_windows / 2:
        warnings.warn(
            f"{starved} of the {n_windows} windows of X stand between gaps with less than half of "
            f"the {seconds:g} s that they are to be averaged over. No average goes across a gap, "
            f"which begins at 1.5 times X.step = {time.step:g} s. If rows were shuffled or chosen: "
            "compute features before that, and split by record, patient or blocks of time.",
            UserWarning,
            stacklevel=5,
        )


# ---------------------------------------------------------------------- runs and overlap


def true_runs(flags: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each unbroken run of True begins, and the index after its last."""
    edges = np.diff(np.concatenate([[0], flags, [0]]).astype(np.intp))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


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


def covered(
    onset: NDArray[np.float64],
    duration: float | NDArray[np.float64],
    intervals: NDArray[np.float64],
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
