"""Signals in single precision, in units of each channel's standard deviation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.utils import gen_batches

# Windows that are converted at once.
BATCH = 256


def batches(X: Any) -> Iterator[slice]:
    """Return slices of windows that fit into memory in double precision."""
    return gen_batches(len(X), BATCH)


def learn_scaling(X: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation of each channel.

    Parameters
    ----------
    X : Windows or ndarray, shape (n_windows, n_channels, n_times)
        Windows in any unit.

    Returns
    -------
    mean, scale : ndarray, shape (n_channels,)
        Mean and standard deviation. A channel that never changes has the largest of the others.
    """
    scaler, low, high = StandardScaler(), np.inf, -np.inf
    for rows in batches(X):
        samples = _rounded(X[rows])
        scaler.partial_fit(samples.swapaxes(1, 2).reshape(-1, samples.shape[1]))
        low = np.minimum(low, samples.min(axis=(0, 2)))
        high = np.maximum(high, samples.max(axis=(0, 2)))
    # The variance of equal numbers may be a rounding error above 0.
    scale = np.where(low == high, 0, np.sqrt(scaler.var_))
    scale[scale == 0] = scale.max() or 1
    return scaler.mean_, scale


def scaled(X: Any, mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float32]:
    """Standardise windows as learned.

    Parameters
    ----------
    X : Windows or ndarray, shape (n_windows, n_channels, n_times)
        Windows.
    mean, scale : ndarray, shape (n_channels,)
        From `learn_scaling`.

    Returns
    -------
    ndarray of float32, shape (n_windows, n_channels, n_times)
        Standardised windows.
    """
    out = np.empty(X.shape, dtype=np.float32)
    for rows in batches(X):
        out[rows] = (_rounded(X[rows]) - mean[:, None]) / scale[:, None]
    return out


def _rounded(X: Any) -> NDArray[np.float64]:
    """Return samples as single precision holds them, so that the type of X makes no difference."""
    return np.asarray(X, dtype=np.float32).astype(np.float64)
