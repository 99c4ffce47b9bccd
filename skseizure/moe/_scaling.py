"""Signals in single precision, in units of each channel's standard deviation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import gen_batches

# Windows that are converted at once.
BATCH = 256


def batches(X: Any) -> Iterator[slice]:
    """Return slices of windows that fit into memory in double precision."""
    return gen_batches(len(X), BATCH)


def learn_scaling(
    X: Any,
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """Standardise windows and return how.

    Parameters
    ----------
    X : Windows or ndarray, shape (n_windows, n_channels, n_times)
        Windows in any unit.

    Returns
    -------
    scaled : ndarray of float32, shape (n_windows, n_channels, n_times)
        Windows, each channel of mean 0 and standard deviation 1.
    mean, scale : ndarray, shape (n_channels,)
        Mean and standard deviation; a channel that never changes has the largest of the others.
    """
    largest = max(np.abs(np.asarray(X[rows], dtype=np.float64)).max() for rows in batches(X))
    exponent = int(np.frexp(largest)[1])
    raw = _in_unit(X, exponent)
    mean = raw.mean(axis=(0, 2), dtype=np.float64).astype(np.float32)
    raw -= mean[:, None]
    scale = np.sqrt(np.square(raw).mean(axis=(0, 2), dtype=np.float64)).astype(np.float32)
    scale[scale == 0] = scale.max() or 1
    raw /= scale[:, None]
    return raw, _from_unit(mean, exponent), _from_unit(scale, exponent)


def scaled(X: Any, mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float32]:
    """Standardise windows as learned; those far out of range become infinite.

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
    exponent = int(np.frexp(scale.max())[1])
    raw = _in_unit(X, exponent)
    with np.errstate(over="ignore", invalid="ignore"):
        raw -= np.ldexp(mean, -exponent).astype(np.float32)[:, None]
        raw /= np.ldexp(scale, -exponent).astype(np.float32)[:, None]
    return raw


def _in_unit(X: Any, exponent: int) -> NDArray[np.float32]:
    """Return windows in units of 2**exponent: no digit changes, and squares of any are numbers."""
    raw = np.empty(X.shape, dtype=np.float32)
    with np.errstate(over="ignore"):
        for rows in batches(X):
            values = np.asarray(X[rows], dtype=np.float64)
            np.ldexp(values, -exponent, out=raw[rows], casting="same_kind")
    return raw


def _from_unit(values: NDArray[np.float32], exponent: int) -> NDArray[np.float64]:
    largest = np.finfo(np.float64).max
    with np.errstate(over="ignore"):  # rounded up to single precision, the largest double is beyond
        return np.clip(np.ldexp(values.astype(np.float64), exponent), -largest, largest)
