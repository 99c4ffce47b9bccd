"""Measures of the power spectral density of EEG windows.

The density is the one-sided periodogram of the window less its mean,
P(f) = 2 abs(X(f))^2 / (N sfreq), without the frequency 0, where nothing is left.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._batch import Batch, Values, as_batch
from ._morphology import check_rate
from ._power import power_spectrum
from ._registry import measure


@measure(
    "PSDMAX",
    group="frequency",
    unit="uV^2/Hz",
    formula="max P(f), P the periodogram above 0 Hz",
    cost="O(N log N)",
)
def psd_maximum(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Find the largest power spectral density of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz.

    Returns
    -------
    float or ndarray, shape (n,)
        Density in microvolt squared per Hz; 0 for a constant window.

    Notes
    -----
    PSDMAX = max P(f), P the periodogram, as ``scipy.signal.periodogram`` without the frequency 0.
    O(N log N).

    Examples
    --------
    >>> from skseizure.features import psd_maximum
    >>> psd_maximum([0.0, 1.0, 0.0, -1.0], sfreq=4)
    np.float64(0.5)
    """
    batch = as_batch(x)
    return batch.finish(_density(batch, sfreq).max(axis=1, initial=0.0))


@measure("PSDMIN", group="frequency", unit="uV^2/Hz", formula="min P(f)", cost="O(N log N)")
def psd_minimum(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Find the smallest power spectral density of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz.

    Returns
    -------
    float or ndarray, shape (n,)
        Density in microvolt squared per Hz; 0 for a constant window.

    Notes
    -----
    PSDMIN = min P(f), P as in `psd_maximum`. O(N log N).

    Examples
    --------
    >>> from skseizure.features import psd_minimum
    >>> psd_minimum([0.0, 1.0, 0.0, -1.0], sfreq=4)
    np.float64(0.0)
    """
    batch = as_batch(x)
    density = _density(batch, sfreq)
    smallest = density.min(axis=1) if density.shape[1] else np.zeros(len(density))
    return batch.finish(smallest)


@measure("PSDMEAN", group="frequency", unit="uV^2/Hz", formula="mean P(f)", cost="O(N log N)")
def psd_mean(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Average the power spectral density of each window over frequency.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz.

    Returns
    -------
    float or ndarray, shape (n,)
        Density in microvolt squared per Hz; 0 for a constant window.

    Notes
    -----
    PSDMEAN = mean P(f), P as in `psd_maximum`: the variance over N // 2 times the distance of two
    frequencies. O(N log N).

    Examples
    --------
    >>> from skseizure.features import psd_mean
    >>> psd_mean([0.0, 1.0, 0.0, -1.0], sfreq=4)
    np.float64(0.25)
    """
    batch = as_batch(x)
    total = _density(batch, sfreq).sum(axis=1)
    return batch.finish(total / max(1, batch.n_times // 2))


@measure("MEDF", group="frequency", unit="Hz", formula="halves sum P(f)", cost="O(N log N)")
def median_frequency(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Find the frequency that halves the power of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz; 1 gives cycles per sample.

    Returns
    -------
    float or ndarray, shape (n,)
        Frequency in Hz; 0 for a constant window.

    Notes
    -----
    MEDF = the lowest frequency of the periodogram up to which it holds at least half the power
    (within 1e-12 of it). O(N log N).

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import median_frequency
    >>> median_frequency(np.sin(2 * np.pi * 10 * np.arange(256) / 256), sfreq=256)
    np.float64(10.0)
    """
    batch = as_batch(x)
    power = np.cumsum(power_spectrum(batch), axis=1)
    # A hair less than half: two equal halves are not to hang on rounding.
    place = np.argmax(power >= (0.5 - 1e-12) * power[:, -1:], axis=1)
    return batch.finish(place * (check_rate(sfreq) / batch.n_times))


def _density(batch: Batch, sfreq: float) -> NDArray[np.float64]:
    """Periodogram from the first frequency above 0, shape (n, n_times // 2)."""
    return power_spectrum(batch)[:, 1:] / (batch.n_times * check_rate(sfreq))
