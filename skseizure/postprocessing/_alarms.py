"""From probabilities to alarms: what `SeizureDetector` does within one stretch of windows.

All functions take one stretch in order of time, count in windows and cost linear time. Those with
``causal=True`` keep the prefix property: the first k results need the first k inputs alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._base import ROUNDING


def moving_average(values: NDArray, half: int, *, causal: bool) -> NDArray[np.float64]:
    """Average ``2 * half + 1`` neighbours, fewer at the ends.

    Parameters
    ----------
    values : ndarray of float, shape (n_windows,)
        Probabilities.
    half : int
        Neighbours on each side.
    causal : bool
        Take all ``2 * half`` neighbours from the past.

    Returns
    -------
    ndarray of float, shape (n_windows,)
        The averages; ``values`` itself with ``half=0``.
    """
    if half == 0:
        return values
    past, future = (2 * half, 0) if causal else (half, half)
    here, total = np.arange(len(values)), np.concatenate([[0.0], np.cumsum(values)])
    low = np.maximum(here - past, 0)
    high = np.minimum(here + future + 1, len(values))
    # Differences of long sums are off by some 1e-12: a probability must not pass 1 by that.
    return np.minimum((total[high] - total[low]) / (high - low), 1.0)


def hysteresis(values: NDArray, high: float, low: float) -> NDArray[np.bool_]:
    """Switch on at ``high`` and stay on down to ``low``.

    Parameters
    ----------
    values : ndarray of float, shape (n_windows,)
        Probabilities.
    high, low : float
        Thresholds, ``low <= high``; a value equal to one reaches it.

    Returns
    -------
    ndarray of bool, shape (n_windows,)
        True where on.
    """
    on, off = values >= high - ROUNDING, values < low - ROUNDING
    # Between the thresholds the last window that was clear decides; before any, off.
    return _last(on) > _last(off)


def merge_and_drop(on: NDArray, gap: int, shortest: int) -> NDArray[np.bool_]:
    """Fill short gaps, then drop short events.

    Parameters
    ----------
    on : ndarray of bool, shape (n_windows,)
        True where on.
    gap : int
        Longest gap between two events that is filled, in windows.
    shortest : int
        Shortest event that is kept, in windows.

    Returns
    -------
    ndarray of bool, shape (n_windows,)
        True in an event.
    """
    start, end = _runs(~on)
    short = (start > 0) & (end < len(on)) & (end - start <= gap)
    start, end = _runs(on | _cover(start[short], end[short], len(on)))
    long = end - start >= shortest
    return _cover(start[long], end[long], len(on))


def hold_and_confirm(on: NDArray, gap: int, shortest: int) -> NDArray[np.bool_]:
    """Do what `merge_and_drop` does, without looking ahead.

    Parameters
    ----------
    on : ndarray of bool, shape (n_windows,)
        True where on.
    gap : int
        Windows for which an alarm outlasts its event, to join what may follow.
    shortest : int
        Windows that an event, filled gaps included, has lasted when its alarm begins.

    Returns
    -------
    ndarray of bool, shape (n_windows,)
        True in an alarm. Each event of `merge_and_drop` has one alarm, from its window number
        ``shortest`` (or the next that is on) until ``gap`` windows after its end.
    """
    here, last_on = np.arange(len(on)), _last(on)
    held = (last_on >= 0) & (here - last_on <= gap)
    begin = _last(~held) + 1
    confirmed = _last(on & (here - begin + 1 >= shortest))
    return held & (confirmed >= begin)


def _last(mask: NDArray) -> NDArray[np.intp]:
    """Index of the last True up to each window, -1 before the first."""
    return np.maximum.accumulate(np.where(mask, np.arange(len(mask)), -1))


def _runs(mask: NDArray) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First window of each run of True, and the one after its last."""
    edges = np.diff(np.concatenate([[0], mask, [0]]).astype(np.intp))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def _cover(start: NDArray, end: NDArray, n: int) -> NDArray[np.bool_]:
    """Opposite of `_runs`."""
    change = np.zeros(n + 1, dtype=np.intp)
    change[start], change[end] = 1, -1
    return np.cumsum(change[:-1]).astype(bool)
