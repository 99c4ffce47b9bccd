"""Variance, energy and autocovariance of EEG windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels_linear
from ._batch import Batch, Values, as_batch, divide
from ._power import segment_power
from ._registry import measure

# Share of the root mean square in the denominator of coefficients of variation.
CV_FLOOR = 1e-6


@measure("VAR", group="time", unit="uV^2", formula="mean (x - mean)^2")
def variance(x: ArrayLike) -> Values:
    """Compute the population variance of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Variance in microvolt squared.

    Notes
    -----
    VAR = 1/N sum (x_i - MEAN)^2. O(N).

    Examples
    --------
    >>> from skseizure.features import variance
    >>> variance([[1.0, 5.0, 1.0, 5.0], [7.0, 7.0, 7.0, 7.0]])
    array([4., 0.])
    """
    batch = as_batch(x)
    return batch.finish(batch.variance)


@measure("CV", group="time", unit="1", formula="STD / (abs(MEAN) + 1e-6 RMS)")
def coefficient_of_variation(x: ArrayLike, *, floor: float = CV_FLOOR) -> Values:
    """Compute the standard deviation of each window over the size of its mean.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    floor : float, default=1e-6
        Share of the root mean square that is added to the denominator (ours): the value stays
        below 1 / floor, and does not hang on rounding, where the mean is next to zero.

    Returns
    -------
    float or ndarray, shape (n,)
        Coefficient, no unit; 0 for a constant window. Expect outliers on filtered signals, whose
        mean is small.

    Notes
    -----
    CV = STD / (abs(MEAN) + floor RMS). O(N).

    Examples
    --------
    >>> from skseizure.features import coefficient_of_variation
    >>> coefficient_of_variation([[3.0, 5.0, 3.0, 5.0], [-1.0, 1.0, -1.0, 1.0]]).round(3)
    array([2.5e-01, 1.0e+06])
    """
    if not 0.0 < floor < 1.0:
        raise ValueError(f"floor must be a number between 0 and 1, got {floor!r}.")
    batch = as_batch(x)
    rms = np.sqrt(_energy(batch) / batch.n_times)
    size = np.abs(batch.x.mean(axis=1)) + floor * rms
    return batch.finish(divide(np.sqrt(batch.variance), size))


@measure("RMS", group="time", unit="uV", formula="sqrt(mean x^2)")
def root_mean_square(x: ArrayLike) -> Values:
    """Compute the root mean square of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Root mean square in microvolt.

    Notes
    -----
    RMS = sqrt(1/N sum x_i^2). O(N).

    Examples
    --------
    >>> from skseizure.features import root_mean_square
    >>> root_mean_square([1.0, -7.0, 5.0, 5.0])
    np.float64(5.0)
    """
    batch = as_batch(x)
    return batch.finish(np.sqrt(_energy(batch) / batch.n_times), constant=None)


@measure("ENERGY", group="time", unit="uV^2", formula="sum x^2")
def energy(x: ArrayLike) -> Values:
    """Compute the sum of squares of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Energy in microvolt squared.

    Notes
    -----
    ENERGY = sum x_i^2. O(N).

    Examples
    --------
    >>> from skseizure.features import energy
    >>> energy([[1.0, -2.0, 2.0], [3.0, 3.0, 3.0]])
    array([ 9., 27.])
    """
    batch = as_batch(x)
    return batch.finish(_energy(batch), constant=None)


@measure("ACSTD", group="time", unit="uV^2", formula="std c_k", cost="O(N log N)")
def autocovariance_std(x: ArrayLike) -> Values:
    """Compute the standard deviation over lags of each window's autocovariance.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Standard deviation in microvolt squared; 0 for a constant window.

    See Also
    --------
    autocovariance_energy : Has the definition.

    Notes
    -----
    ACSTD = sqrt(ACVAR). O(N log N).

    Examples
    --------
    >>> from skseizure.features import autocovariance_std
    >>> autocovariance_std([1.0, -1.0])  # autocovariance 1, -0.5
    np.float64(0.75)
    """
    batch = as_batch(x)
    return batch.finish(np.sqrt(_autocovariance(batch)[1]))


@measure("ACVAR", group="time", unit="uV^4", formula="var c_k", cost="O(N log N)")
def autocovariance_variance(x: ArrayLike) -> Values:
    """Compute the variance over lags of each window's autocovariance.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Variance in microvolt to the fourth; 0 for a constant window.

    See Also
    --------
    autocovariance_energy : Has the definition.

    Notes
    -----
    ACVAR = 1/N sum (c_k - mean c)^2 over the lags k = 0..N-1. O(N log N).

    Examples
    --------
    >>> from skseizure.features import autocovariance_variance
    >>> autocovariance_variance([1.0, -1.0])  # autocovariance 1, -0.5
    np.float64(0.5625)
    """
    batch = as_batch(x)
    return batch.finish(_autocovariance(batch)[1])


@measure(
    "ACENERGY",
    group="time",
    unit="uV^4",
    formula="sum c_k^2, c_k = 1/N sum (x_i - mean)(x_{i+k} - mean), k = 0..N-1",
    cost="O(N log N)",
)
def autocovariance_energy(x: ArrayLike) -> Values:
    """Compute the sum of squares over lags of each window's autocovariance.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Energy in microvolt to the fourth; 0 for a constant window.

    Notes
    -----
    ACENERGY = sum c_k^2 over the lags k = 0..N-1 of the autocovariance
    c_k = 1/N sum_i (x_i - MEAN)(x_{i+k} - MEAN), the biased estimate (the lags and the estimate
    are ours; the CNBC paper names neither). O(N log N): the sums follow from the power spectrum of
    the window with as many zeros behind it.

    Examples
    --------
    >>> from skseizure.features import autocovariance_energy
    >>> autocovariance_energy([1.0, -1.0])  # autocovariance 1, -0.5
    np.float64(1.25)
    """
    batch = as_batch(x)
    return batch.finish(_autocovariance(batch)[0])


def _energy(batch: Batch) -> NDArray[np.float64]:
    return batch.share("energy", lambda: np.sum(batch.x**2, axis=1))


def _autocovariance(batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sum and variance of the squares of the autocovariance at the lags from 0 on."""

    def compute() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        n_times = batch.n_times
        power = segment_power(batch.x, np.ones(n_times), n_fft=2 * n_times)
        squares = _kernels_linear.sums_of_products(power, power)
        # Parseval, over the lags of both signs: all but lag 0 come twice, and all sum to zero.
        both = (2.0 * squares - power[:, 0] ** 2 - power[:, -1] ** 2) / (2 * n_times)
        centre = batch.variance * n_times
        total = 0.5 * (both + centre**2) / n_times**2
        return total, np.maximum(total / n_times - (0.5 * batch.variance / n_times) ** 2, 0.0)

    return batch.share("autocovariance", compute)
