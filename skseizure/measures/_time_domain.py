"""Time-domain measures of EEG windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels_moments
from ._batch import EPSILON, Batch, Values, as_batch, divide
from ._registry import measure


@measure("MEAN", group="time", unit="uV", formula="mean x")
def mean(x: ArrayLike) -> Values:
    """Compute the mean of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Mean in microvolt; of a constant window, its value exactly.

    Notes
    -----
    MEAN = 1/N sum x_i. O(N).

    Examples
    --------
    >>> from skseizure.features import mean
    >>> mean([[1.0, 2.0, 6.0], [4.0, 4.0, 4.0]])
    array([3., 4.])
    """
    batch = as_batch(x)
    return batch.finish(batch.x.mean(axis=1), constant=batch.low)


@measure("STD", group="time", unit="uV", formula="sqrt(mean (x - mean)^2)")
def std(x: ArrayLike) -> Values:
    """Compute the population standard deviation of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Standard deviation in microvolt.

    Notes
    -----
    STD = sqrt(1/N sum (x_i - MEAN)^2), N in the denominator as in numpy. O(N).

    Examples
    --------
    >>> from skseizure.features import std
    >>> std([[1.0, -1.0, 1.0, -1.0], [5.0, 5.0, 5.0, 5.0]])
    array([1., 0.])
    """
    batch = as_batch(x)
    return batch.finish(np.sqrt(batch.variance))


@measure("SKEW", group="time", unit="1", formula="m3 / m2^1.5")
def skewness(x: ArrayLike) -> Values:
    """Compute the skewness of each window's amplitude distribution.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Skewness, no unit; 0 for a constant window.

    Notes
    -----
    SKEW = m3 / m2^1.5 with the central moments m_k (the biased form, as scipy.stats.skew). O(N).

    Examples
    --------
    >>> from skseizure.features import skewness
    >>> skewness([[1.0, 2.0, 3.0], [0.0, 0.0, 3.0]]).round(4)
    array([0.    , 0.7071])
    """
    batch = as_batch(x)
    second, third, _ = batch.moments.T
    return batch.finish(divide(third, second * np.sqrt(second)))


@measure("KURT", group="time", unit="1", formula="m4 / m2^2 - 3")
def kurtosis(x: ArrayLike) -> Values:
    """Compute the excess kurtosis of each window's amplitude distribution.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Kurtosis, 0 for a normal distribution, no unit; 0 for a constant window.

    Notes
    -----
    KURT = m4 / m2^2 - 3 with the central moments m_k (as scipy.stats.kurtosis). O(N).

    Examples
    --------
    >>> from skseizure.features import kurtosis
    >>> kurtosis([1.0, -1.0, 1.0, -1.0])
    np.float64(-2.0)
    """
    batch = as_batch(x)
    second, _, fourth = batch.moments.T
    return batch.finish(divide(fourth, second**2) - 3.0)


@measure("MAX", group="time", unit="uV", formula="max x")
def maximum(x: ArrayLike) -> Values:
    """Find the largest sample of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Maximum in microvolt.

    Notes
    -----
    MAX = max x_i. O(N).

    Examples
    --------
    >>> from skseizure.features import maximum
    >>> maximum([[1.0, 2.0, -6.0]])
    array([2.])
    """
    batch = as_batch(x)
    return batch.finish(batch.high, constant=batch.high)


@measure("MIN", group="time", unit="uV", formula="min x")
def minimum(x: ArrayLike) -> Values:
    """Find the smallest sample of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Minimum in microvolt.

    Notes
    -----
    MIN = min x_i. O(N).

    Examples
    --------
    >>> from skseizure.features import minimum
    >>> minimum([[1.0, 2.0, -6.0]])
    array([-6.])
    """
    batch = as_batch(x)
    return batch.finish(batch.low, constant=batch.low)


@measure("IQR", group="time", unit="uV", formula="q75 - q25, linear interpolation")
def interquartile_range(x: ArrayLike) -> Values:
    """Compute the distance between the quartiles of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Interquartile range in microvolt.

    Notes
    -----
    IQR = q75 - q25, quantiles interpolated linearly between order statistics (numpy's default,
    as scipy.stats.iqr). O(N).

    Examples
    --------
    >>> from skseizure.features import interquartile_range
    >>> interquartile_range([1.0, 2.0, 3.0, 4.0, 5.0])
    np.float64(2.0)
    """
    batch = as_batch(x)
    return batch.finish(_quantile(batch, 0.75) - _quantile(batch, 0.25))


def _quantile(batch: Batch, q: float) -> NDArray[np.float64]:
    position = q * (batch.n_times - 1)
    above = min(int(position) + 1, batch.n_times - 1)
    below = batch.ordered[:, int(position)]
    return below + (batch.ordered[:, above] - below) * (position - int(position))


@measure("MAV", group="time", unit="uV", formula="mean abs(x)")
def mean_absolute_value(x: ArrayLike) -> Values:
    """Compute the mean absolute value of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Mean absolute value in microvolt.

    Notes
    -----
    MAV = 1/N sum abs(x_i). O(N).

    Examples
    --------
    >>> from skseizure.features import mean_absolute_value
    >>> mean_absolute_value([1.0, -2.0, 3.0])
    np.float64(2.0)
    """
    batch = as_batch(x)
    values = np.mean(np.abs(batch.x), axis=1)
    return batch.finish(values, constant=np.abs(batch.low))


@measure("LL", group="time", unit="uV per sample", formula="mean abs(dx)")
def line_length(x: ArrayLike) -> Values:
    """Compute the mean absolute step from sample to sample of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Line length in microvolt per sample (times the sampling rate: microvolt per second); 0
        for a window of one sample.

    Notes
    -----
    LL = 1/(N - 1) sum abs(x_{i+1} - x_i). O(N). Esteller et al., Line length: an efficient
    feature for seizure onset detection, Proc. 23rd IEEE EMBS, 1707-1710, 2001 (there the sum).

    Examples
    --------
    >>> from skseizure.features import line_length
    >>> line_length([[0.0, 2.0, 4.0, 6.0], [0.0, 1.0, 0.0, 1.0]])
    array([2., 1.])
    """
    batch = as_batch(x)
    return batch.finish(batch.step_moments[:, 0])


@measure("ZC", group="time", unit="count", formula="#(x_i x_{i+1} < 0)")
def zero_crossings(x: ArrayLike) -> Values:
    """Count the changes of sign from sample to sample of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Number of crossings.

    Notes
    -----
    ZC = #(x_i x_{i+1} < 0): a sample that is exactly zero crosses nothing. O(N). Hudgins et al.,
    A new strategy for multifunction myoelectric control, IEEE Trans. Biomed. Eng. 40, 82-94,
    1993 (there with a threshold).

    Examples
    --------
    >>> from skseizure.features import zero_crossings
    >>> zero_crossings([[1.0, -1.0, 1.0, 2.0], [1.0, 0.0, -1.0, -1.0]])
    array([2., 0.])
    """
    batch = as_batch(x)
    return batch.finish(batch.sign_changes[:, 0])


@measure("SSC", group="time", unit="count", formula="#(dx_i dx_{i+1} < 0)")
def slope_sign_changes(x: ArrayLike) -> Values:
    """Count the local extrema of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Number of extrema.

    Notes
    -----
    SSC = #(dx_i dx_{i+1} < 0), dx the first difference: a plateau is no extremum. O(N). Hudgins
    et al., A new strategy for multifunction myoelectric control, IEEE Trans. Biomed. Eng. 40,
    82-94, 1993 (there with a threshold).

    Examples
    --------
    >>> from skseizure.features import slope_sign_changes
    >>> slope_sign_changes([[0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]])
    array([2., 0.])
    """
    batch = as_batch(x)
    return batch.finish(batch.n_turns)


@measure("TKEO", group="time", unit="uV^2", formula="mean(x_i^2 - x_{i-1} x_{i+1})")
def teager_kaiser_energy(x: ArrayLike) -> Values:
    """Compute the mean Teager-Kaiser energy of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Energy in microvolt squared; 0 for windows of fewer than three samples.

    Notes
    -----
    TKEO = 1/(N - 2) sum (x_i^2 - x_{i-1} x_{i+1}); a sinusoid A sin(w i) has A^2 sin^2(w). O(N).
    Kaiser, On a simple algorithm to calculate the 'energy' of a signal, Proc. IEEE ICASSP,
    381-384, 1990.

    Examples
    --------
    >>> from skseizure.features import teager_kaiser_energy
    >>> teager_kaiser_energy([0.0, 2.0, 0.0, -2.0, 0.0])
    np.float64(4.0)
    """
    batch = as_batch(x)
    if batch.n_times < 3:
        return batch.finish(np.zeros(len(batch.x)))
    return batch.finish(_kernels_moments.teager_kaiser(batch.x))


@measure("HMOB", group="time", unit="1 per sample", formula="sqrt(var dx / var x)")
def hjorth_mobility(x: ArrayLike) -> Values:
    """Compute Hjorth's mobility, a mean frequency, of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Mobility per sample (times the sampling rate: per second); 0 for a constant window.

    Notes
    -----
    HMOB = sqrt(var(dx) / var(x)), dx the first difference. O(N). Hjorth, EEG analysis based on
    time domain properties, Electroencephalogr. Clin. Neurophysiol. 29, 306-310, 1970.

    Examples
    --------
    >>> from skseizure.features import hjorth_mobility
    >>> hjorth_mobility([1.0, -1.0, 1.0, -1.0, 1.0]).round(4)
    np.float64(2.0412)
    """
    batch = as_batch(x)
    _, step_variance, _, variance = batch.step_moments.T
    return batch.finish(np.sqrt(divide(step_variance, variance)))


@measure("HCOM", group="time", unit="1", formula="HMOB(dx) / HMOB(x)")
def hjorth_complexity(x: ArrayLike) -> Values:
    """Compute Hjorth's complexity, a bandwidth, of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Complexity, near 1 for a sinusoid, no unit; 0 for a constant window and for a ramp.

    Notes
    -----
    HCOM = HMOB(dx) / HMOB(x), dx the first difference. Differences that vary by no more than the
    rounding error of the samples (8 eps max abs x) count as equal: such a window is a ramp. O(N).
    Hjorth, EEG analysis based on time domain properties, Electroencephalogr. Clin. Neurophysiol.
    29, 306-310, 1970.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import hjorth_complexity
    >>> hjorth_complexity(np.sin(np.arange(1000) / 5)).round(3)
    np.float64(1.003)
    """
    batch = as_batch(x)
    _, step_variance, jerk, variance = batch.step_moments.T
    values = divide(np.sqrt(jerk * variance), step_variance)
    noise = 8.0 * EPSILON * batch.amplitude
    # Steps within the noise have a variance within its square: few windows are looked at.
    if batch.n_times > 1:
        rows = np.flatnonzero(step_variance <= noise**2)
        values[rows[np.ptp(np.diff(batch.x[rows], axis=1), axis=1) <= noise[rows]]] = 0.0
    return batch.finish(values)
