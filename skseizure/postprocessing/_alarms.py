"""From probabilities to alarms: what `SeizureDetector` does within one stretch of windows.

All functions take one stretch in order of time, count in windows and cost linear time. All but
`merge_and_drop` keep the prefix property: the first k results need the first k inputs alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._core.timeline import moving_average, true_runs
from ._base import ROUNDING


def hysteresis(
    values: NDArray, high: float, low: float, *, start: bool = False
) -> NDArray[np.bool_]:
    """Switch on at ``high`` and stay on down to ``low``.

    Parameters
    ----------
    values : ndarray of float, shape (n_windows,)
        Probabilities.
    high, low : float
        Thresholds, ``low <= high``; a value equal to one reaches it.
    start : bool, default=False
        Whether it is on before the first window.

    Returns
    -------
    ndarray of bool, shape (n_windows,)
        True where on.
    """
    on, off = values >= high - ROUNDING, values < low - ROUNDING
    # Between the thresholds the last window that was clear decides; before any, the start.
    on_since, off_since = _last(on), _last(off)
    return (on_since > off_since) | (start & (on_since == off_since))


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
    start, end = true_runs(~on)
    short = (start > 0) & (end < len(on)) & (end - start <= gap)
    start, end = true_runs(on | _cover(start[short], end[short], len(on)))
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


def remembered(on: NDArray, gap: int, shortest: int) -> NDArray[np.bool_]:
    """Return a short past that leads `hold_and_confirm` on as a long one does.

    Parameters
    ----------
    on : ndarray of bool, shape (n_windows,)
        The past: True where on.
    gap, shortest : int
        As in `hold_and_confirm`.

    Returns
    -------
    ndarray of bool, shape (at most shortest + gap + 1,)
        To be put before what follows. It is the event at the end of the past, its gaps filled and
        its length cut to what confirms it; nothing if none is held there.
    """
    here, last_on = np.arange(len(on)), _last(on)
    held = (last_on >= 0) & (here - last_on <= gap)
    if len(on) == 0 or not held[-1]:
        return np.zeros(0, dtype=bool)
    lasted = last_on[-1] - _last(~held)[-1]
    silent = len(on) - 1 - last_on[-1]
    return np.repeat([True, False], [min(lasted, max(shortest, 1)), silent])


@dataclass(frozen=True)
class Settings:
    """What a detector does within a stretch, in windows.

    Parameters
    ----------
    average : int
        Windows in an average.
    high, low : float
        Thresholds.
    gap, shortest : int
        Longest gap that is filled and shortest event.
    """

    average: int
    high: float
    low: float
    gap: int
    shortest: int


class Stretch:
    """One stretch of windows, as far as it has arrived: what smoothing and alarms need of it.

    Parameters
    ----------
    settings : Settings
        The detector's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._values, self._on = np.zeros(0), False
        self._past = np.zeros(0, dtype=bool)

    def push(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Go on with the next windows.

        Parameters
        ----------
        values : ndarray of float, shape (n_windows,)
            Probabilities, at least one.

        Returns
        -------
        smoothed : ndarray of float, shape (n_windows,)
            What they are averaged to.
        alarms : ndarray of bool, shape (n_windows,)
            True in an alarm.
        """
        s = self._settings
        known = len(self._values)
        joined = np.concatenate([self._values, values])
        smoothed = moving_average(joined, [np.arange(len(joined))], s.average)[known:]
        self._values = joined[max(0, len(joined) + 1 - s.average) :]
        on = hysteresis(smoothed, s.high, s.low, start=self._on)
        self._on = bool(on[-1])
        past = np.concatenate([self._past, on])
        alarms = hold_and_confirm(past, s.gap, s.shortest)[len(self._past) :]
        self._past = remembered(past, s.gap, s.shortest)
        return smoothed, alarms


def _last(mask: NDArray) -> NDArray[np.intp]:
    """Index of the last True up to each window, -1 before the first."""
    return np.maximum.accumulate(np.where(mask, np.arange(len(mask)), -1))


def _cover(start: NDArray, end: NDArray, n: int) -> NDArray[np.bool_]:
    """Opposite of `true_runs`."""
    change = np.zeros(n + 1, dtype=np.intp)
    change[start], change[end] = 1, -1
    return np.cumsum(change[:-1]).astype(bool)
