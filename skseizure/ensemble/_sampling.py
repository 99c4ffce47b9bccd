"""The two formulas of the method: what the sampler sees, and what its action does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Rows worked on at a time, so that temporary arrays stay small beside the table.
BLOCK = 1 << 17

# Errors are means of few numbers, such as 0.6; rounding must not move them to the bin below.
ROUNDING = 1e-9


def error_histogram(errors: NDArray[np.float64], n_bins: int) -> NDArray[np.float64]:
    """Return the density of errors in bins of equal width over [0, 1].

    Parameters
    ----------
    errors : ndarray of float, shape (n_samples,)
        Distances of probability and label, in [0, 1].
    n_bins : int
        Number of bins; an error of 1 is in the last.

    Returns
    -------
    ndarray of float, shape (n_bins,)
        ``n_bins`` times the share of errors in each bin, so that the mean is 1.
    """
    counts = np.zeros(n_bins, dtype=np.intp)
    for low in range(0, len(errors), BLOCK):
        scaled = errors[low : low + BLOCK] * n_bins + ROUNDING
        bins = np.minimum(scaled.astype(np.intp), n_bins - 1)
        counts += np.bincount(bins, minlength=n_bins)
    return counts.astype(np.float64) * (n_bins / len(errors))


def draw_by_error(
    errors: NDArray[np.float64],
    action: float,
    sigma: float,
    size: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Draw rows without replacement, those with an error near the action most often.

    Row i has the weight exp(-(e_i - a)^2 / (2 sigma^2)). Each row's logarithm of the weight plus
    Gumbel noise is its key, and the largest keys win: the same law as one draw after the other with
    probabilities in proportion to the weights that are left, but it cannot underflow.

    Parameters
    ----------
    errors : ndarray of float, shape (n_samples,)
        Error of each row.
    action : float
        The error that is preferred.
    sigma : float
        Width of the preference; infinite: all rows alike.
    size : int
        Rows to draw; all rows where there are fewer.
    rng : Generator
        Source of the noise.

    Returns
    -------
    ndarray of int, shape (min(size, n_samples),)
        Numbers of the drawn rows, ascending.
    """
    best_rows = np.empty(0, dtype=np.intp)
    best_keys = np.empty(0)
    for low in range(0, len(errors), BLOCK):
        # A narrow preference may take a row to minus infinity: the last to be drawn.
        with np.errstate(over="ignore"):
            distance = (errors[low : low + BLOCK] - action) / sigma
            keys = np.concatenate([best_keys, rng.gumbel(size=len(distance)) - 0.5 * distance**2])
        rows = np.concatenate([best_rows, np.arange(low, low + len(distance))])
        if len(keys) > size:
            top = np.argpartition(keys, len(keys) - size)[len(keys) - size :]
            keys, rows = keys[top], rows[top]
        best_keys, best_rows = keys, rows
    return np.sort(best_rows)
