"""The scale of one patient's windows: of all of them, of those so far, and of a typical patient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _order_kernels as kernels

# Points at which a typical patient's distribution is kept.
LEVELS = (np.arange(200) + 0.5) / 200
# A spread this small beside its centre is rounding: the same signal, computed twice.
_ROUNDING = 16 * np.finfo(np.float64).eps


class Scale(NamedTuple):
    """Centre and spread of columns; one row for all windows, or one for each."""

    center: NDArray[np.float64]
    spread: NDArray[np.float64]

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values less the centre, divided by the spread, or by 1 if there is none.

        NaN where the spread is not finite.
        """
        constant = self.spread <= _ROUNDING * np.abs(self.center)
        divisor = np.where(constant, 1.0, self.spread)
        return (values - self.center) / np.where(np.isfinite(divisor), divisor, np.nan)


def scale_of(values: NDArray[np.float64], method: str) -> Scale:
    """Return the scale of all windows.

    Parameters
    ----------
    values : ndarray, shape (n_windows, n_columns)
        Table of one patient.
    method : {"standard", "robust"}
        Mean and standard deviation, or median and interquartile range.

    Returns
    -------
    Scale
        Of shape (n_columns,).
    """
    # Less the first row, so that the mean of equal values is that value to the last bit.
    moved = values - values[0]
    mean = moved.mean(axis=0)
    deviation = np.sqrt(np.square(moved - mean).mean(axis=0))
    if method == "standard":
        return Scale(values[0] + mean, deviation)
    return _robust(np.percentile(values, [25, 50, 75], axis=0), deviation)


def running_scale(values: NDArray[np.float64], last: NDArray[np.intp], method: str) -> Scale:
    """Return the scale of the windows up to each.

    Parameters
    ----------
    values : ndarray, shape (n_windows, n_columns)
        Table of one patient in order of time.
    last : ndarray of int, shape (n_windows,)
        Number of the last window at the same time as each.
    method : {"standard", "robust"}
        As in `scale_of`.

    Returns
    -------
    Scale
        Of shape (n_windows, n_columns).
    """
    mean, deviation = np.empty_like(values), np.empty_like(values)
    center, squares = values[0].copy(), np.zeros(values.shape[1])
    for i, row in enumerate(values):  # Welford's update: no sum grows beyond the values
        apart = row - center
        center += apart / (i + 1)
        squares += apart * (row - center)
        mean[i], deviation[i] = center, np.sqrt(squares / (i + 1))
    if method == "standard":
        return Scale(mean[last], deviation[last])
    quartiles = np.empty((3, *values.shape))
    for c, column in enumerate(values.T):
        levels, codes = np.unique(column, return_inverse=True)
        out = np.empty((len(values), 3))
        kernels.running_quartiles(codes, levels, _tree(levels), out)
        quartiles[:, :, c] = out.T
    return _robust(quartiles[:, last], deviation[last])


def _robust(quartiles: NDArray[np.float64], deviation: NDArray[np.float64]) -> Scale:
    low, median, high = quartiles
    # Half of the windows may be equal though the column is not constant.
    spread = high - low
    return Scale(median, np.where(spread <= _ROUNDING * np.abs(median), deviation, spread))


def ranks_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of windows with a lower value, half of the equal ones counted.

    Parameters
    ----------
    values : ndarray, shape (n_windows, n_columns)
        Table of one patient.

    Returns
    -------
    ndarray, shape (n_windows, n_columns)
        Above 0 and below 1; 0.5 throughout where a column is constant.
    """
    ranks = np.empty_like(values)
    for c, column in enumerate(values.T):
        _, level, count = np.unique(column, return_inverse=True, return_counts=True)
        ranks[:, c] = ((np.cumsum(count) - count / 2) / len(values))[level]
    return ranks


def running_ranks(values: NDArray[np.float64], last: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the rank of each window among those up to it; see `ranks_of` and `running_scale`."""
    ranks = np.empty_like(values)
    for c, column in enumerate(values.T):
        levels, codes = np.unique(column, return_inverse=True)
        out = np.empty(len(values))
        kernels.running_ranks(codes, last, _tree(levels), out)
        ranks[:, c] = out
    return ranks


def _tree(levels: NDArray) -> NDArray[np.intp]:
    return np.zeros(len(levels) + 1, dtype=np.intp)


def ranks_among(ordered: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of values among others, which are sorted."""
    ranks = np.empty(values.shape)
    for c, column in enumerate(values.T):
        sides = [np.searchsorted(ordered[:, c], column, side) for side in ("left", "right")]
        ranks[:, c] = (sides[0] + sides[1]) / (2 * len(ordered))
    return ranks


def typical_scale(tables: list[NDArray[np.float64]], method: str) -> Scale:
    """Return the median of the scales of some patients."""
    scales = [scale_of(values, method) for values in tables]
    return Scale(*(np.median(part, axis=0) for part in zip(*scales, strict=True)))


def typical_quantiles(tables: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the median of the quantiles of some patients, shape (n_levels, n_columns)."""
    return np.median([np.quantile(values, LEVELS, axis=0) for values in tables], axis=0)


def scaled(
    values: NDArray[np.float64], last: NDArray[np.intp] | None, method: str
) -> NDArray[np.float64]:
    """Return one patient's table on its own scale.

    Parameters
    ----------
    values : ndarray, shape (n_windows, n_columns)
        Table, in order of time.
    last : ndarray of int, shape (n_windows,), or None
        If given, each window is scaled by those up to this one; if None, by all.
    method : {"standard", "robust", "rank"}
        Which scale.

    Returns
    -------
    ndarray, shape (n_windows, n_columns)
        The scaled table.
    """
    if method == "rank":
        return ranks_of(values) if last is None else running_ranks(values, last)
    scale = scale_of(values, method) if last is None else running_scale(values, last, method)
    return scale.apply(values)
