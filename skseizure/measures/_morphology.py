"""Morphological measures of EEG windows: peaks, latencies, areas and slopes.

The set is that of Kalatzis et al., Design and implementation of an SVM-based computer
classification system for discriminating depressive patients from healthy controls using the P600
component of ERP signals, Comput. Methods Programs Biomed. 75, 11-22, 2004, without its signed
amplitude. It was made for evoked potentials; the CNBC paper (section 3) uses it on frames of 1 s.

Latencies count from the first sample of the window. Of equal extremes the first is taken. A ratio
whose denominator, a maximum or a time, is zero is 0.
"""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._batch import FLAT, Batch, Values, as_batch, divide
from ._registry import measure
from ._time_domain import zero_crossings


@measure("LAT", group="morphology", unit="s", formula="argmax x / sfreq")
def peak_latency(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Find when each window's largest sample comes.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz; 1 gives samples for seconds.

    Returns
    -------
    float or ndarray, shape (n,)
        Latency in seconds; 0 for a constant window.

    Notes
    -----
    LAT = argmax x / sfreq. O(N).

    Examples
    --------
    >>> from skseizure.features import peak_latency
    >>> peak_latency([0.0, -1.0, 4.0, 1.0], sfreq=10)
    np.float64(0.2)
    """
    batch = as_batch(x)
    return batch.finish(_peak(batch) / check_rate(sfreq))


@measure("LAR", group="morphology", unit="s/uV", formula="LAT / MAX")
def latency_amplitude_ratio(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Divide the latency of each window's largest sample by its value.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz; 1 gives samples for seconds.

    Returns
    -------
    float or ndarray, shape (n,)
        Ratio in seconds per microvolt; 0 where the maximum is 0 and for a constant window.

    Notes
    -----
    LAR = LAT / MAX. O(N).

    Examples
    --------
    >>> from skseizure.features import latency_amplitude_ratio
    >>> latency_amplitude_ratio([[0.0, -1.0, 4.0], [0.0, -1.0, -1.0]])
    array([0.5, 0. ])
    """
    batch = as_batch(x)
    return batch.finish(_latency_ratio(batch, sfreq))


@measure("AAMP", group="morphology", unit="uV", formula="abs(MAX)")
def absolute_amplitude(x: ArrayLike) -> Values:
    """Take the size of each window's largest sample.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Amplitude in microvolt.

    Notes
    -----
    AAMP = abs(max x). O(N).

    Examples
    --------
    >>> from skseizure.features import absolute_amplitude
    >>> absolute_amplitude([[-5.0, 2.0, 1.0], [-3.0, -2.0, -4.0]])
    array([2., 2.])
    """
    batch = as_batch(x)
    return batch.finish(np.abs(batch.high), constant=np.abs(batch.high))


@measure("ALAR", group="morphology", unit="s/uV", formula="abs(LAT / MAX)")
def absolute_latency_amplitude_ratio(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Divide the latency of each window's largest sample by its size.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz; 1 gives samples for seconds.

    Returns
    -------
    float or ndarray, shape (n,)
        Ratio in seconds per microvolt; 0 where the maximum is 0 and for a constant window.

    Notes
    -----
    ALAR = abs(LAT / MAX). O(N).

    Examples
    --------
    >>> from skseizure.features import absolute_latency_amplitude_ratio
    >>> absolute_latency_amplitude_ratio([-9.0, -8.0, -4.0])
    np.float64(0.5)
    """
    batch = as_batch(x)
    return batch.finish(np.abs(_latency_ratio(batch, sfreq)))


@measure("PAR", group="morphology", unit="uV samples", formula="sum (x + abs(x)) / 2")
def positive_area(x: ArrayLike) -> Values:
    """Sum the positive samples of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Area in microvolt times samples.

    Notes
    -----
    PAR = sum (x_i + abs(x_i)) / 2. O(N).

    Examples
    --------
    >>> from skseizure.features import positive_area
    >>> positive_area([1.0, -2.0, 3.0])
    np.float64(4.0)
    """
    batch = as_batch(x)
    return batch.finish(_areas(batch)[0], constant=None)


@measure("NAR", group="morphology", unit="uV samples", formula="sum (x - abs(x)) / 2")
def negative_area(x: ArrayLike) -> Values:
    """Sum the negative samples of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Area in microvolt times samples, at most 0.

    Notes
    -----
    NAR = sum (x_i - abs(x_i)) / 2. O(N).

    Examples
    --------
    >>> from skseizure.features import negative_area
    >>> negative_area([1.0, -2.0, 3.0])
    np.float64(-2.0)
    """
    batch = as_batch(x)
    return batch.finish(_areas(batch)[1], constant=None)


@measure("TAR", group="morphology", unit="uV samples", formula="PAR + NAR")
def total_area(x: ArrayLike) -> Values:
    """Sum the samples of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Area in microvolt times samples.

    Notes
    -----
    TAR = PAR + NAR. O(N).

    Examples
    --------
    >>> from skseizure.features import total_area
    >>> total_area([1.0, -5.0, 3.0])
    np.float64(-1.0)
    """
    batch = as_batch(x)
    positive, negative = _areas(batch)
    return batch.finish(positive + negative, constant=None)


@measure("ATAR", group="morphology", unit="uV samples", formula="abs(TAR)")
def absolute_total_area(x: ArrayLike) -> Values:
    """Take the size of the sum of each window's samples.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Area in microvolt times samples.

    Notes
    -----
    ATAR = abs(TAR). O(N).

    Examples
    --------
    >>> from skseizure.features import absolute_total_area
    >>> absolute_total_area([1.0, -5.0, 3.0])
    np.float64(1.0)
    """
    batch = as_batch(x)
    positive, negative = _areas(batch)
    return batch.finish(np.abs(positive + negative), constant=None)


@measure("TAAR", group="morphology", unit="uV samples", formula="PAR + abs(NAR)")
def total_absolute_area(x: ArrayLike) -> Values:
    """Sum the sizes of each window's samples.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Area in microvolt times samples.

    Notes
    -----
    TAAR = PAR + abs(NAR). O(N).

    Examples
    --------
    >>> from skseizure.features import total_absolute_area
    >>> total_absolute_area([1.0, -5.0, 3.0])
    np.float64(9.0)
    """
    batch = as_batch(x)
    positive, negative = _areas(batch)
    return batch.finish(positive - negative, constant=None)


@measure("AASS", group="morphology", unit="uV/s", formula="mean abs(dx) sfreq")
def average_absolute_slope(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Average the size of each window's slope.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz; 1 gives `line_length`.

    Returns
    -------
    float or ndarray, shape (n,)
        Slope in microvolt per second; 0 for a constant window and for one sample.

    Notes
    -----
    AASS = mean abs(x_{i+1} - x_i) sfreq. O(N).

    Examples
    --------
    >>> from skseizure.features import average_absolute_slope
    >>> average_absolute_slope([0.0, 1.0, -1.0], sfreq=10)
    np.float64(15.0)
    """
    batch = as_batch(x)
    total = np.abs(batch.steps).sum(axis=1)
    return batch.finish(total / max(1, batch.n_times - 1) * check_rate(sfreq))


@measure("PP", group="morphology", unit="uV", formula="MAX - MIN")
def peak_to_peak(x: ArrayLike) -> Values:
    """Subtract each window's smallest sample from its largest.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Difference in microvolt.

    Notes
    -----
    PP = max x - min x. O(N).

    Examples
    --------
    >>> from skseizure.features import peak_to_peak
    >>> peak_to_peak([1.0, -5.0, 3.0])
    np.float64(8.0)
    """
    batch = as_batch(x)
    return batch.finish(np.ptp(batch.x, axis=1))


@measure("PPT", group="morphology", unit="s", formula="(argmax x - argmin x) / sfreq")
def peak_to_peak_time(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Measure the time from each window's smallest sample to its largest.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz; 1 gives samples for seconds.

    Returns
    -------
    float or ndarray, shape (n,)
        Time in seconds, negative where the largest comes first; 0 for a constant window.

    Notes
    -----
    PPT = (argmax x - argmin x) / sfreq. O(N).

    Examples
    --------
    >>> from skseizure.features import peak_to_peak_time
    >>> peak_to_peak_time([9.0, 2.0, 3.0, 1.0], sfreq=2)
    np.float64(-1.5)
    """
    batch = as_batch(x)
    return batch.finish(_rise_time(batch) / check_rate(sfreq))


@measure("PPS", group="morphology", unit="uV/s", formula="PP / PPT")
def peak_to_peak_slope(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Compute the slope between each window's smallest and largest sample.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz; 1 gives microvolt per sample.

    Returns
    -------
    float or ndarray, shape (n,)
        Slope in microvolt per second; 0 for a constant window.

    Notes
    -----
    PPS = PP / PPT. O(N).

    Examples
    --------
    >>> from skseizure.features import peak_to_peak_slope
    >>> peak_to_peak_slope([9.0, 2.0, 3.0, 1.0])
    np.float64(-2.6666666666666665)
    """
    batch = as_batch(x)
    return batch.finish(divide(np.ptp(batch.x, axis=1) * check_rate(sfreq), _rise_time(batch)))


@measure("ZCD", group="morphology", unit="Hz", formula="ZC / PPT")
def zero_crossing_density(x: ArrayLike, *, sfreq: float = 1.0) -> Values:
    """Divide the number of zero crossings of each window by its peak-to-peak time.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float, default=1
        Sampling rate in Hz; 1 gives crossings per sample.

    Returns
    -------
    float or ndarray, shape (n,)
        Crossings per second, with the sign of the peak-to-peak time; 0 for a constant window.

    Notes
    -----
    ZCD = ZC / PPT, ZC as in `zero_crossings`: all those of the window. O(N).

    Examples
    --------
    >>> from skseizure.features import zero_crossing_density
    >>> zero_crossing_density([-2.0, 1.0, -1.0, 3.0], sfreq=2)
    np.float64(2.0)
    """
    batch = as_batch(x)
    crossings = np.asarray(zero_crossings(batch))  # type: ignore[arg-type]
    return batch.finish(divide(crossings * check_rate(sfreq), _rise_time(batch)))


@measure(
    "SSA",
    group="morphology",
    unit="count",
    formula="sum abs(sgn(x_{i-1} - x_i) + sgn(x_{i+1} - x_i)) / 2",
)
def slope_sign_alterations(x: ArrayLike) -> Values:
    """Count the turns of each window, those onto or off a plateau as a half.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Number of alterations; 0 for a constant window.

    See Also
    --------
    slope_sign_changes : Counts full turns only.

    Notes
    -----
    SSA = sum abs(sgn(x_{i-1} - x_i) + sgn(x_{i+1} - x_i)) / 2. O(N).

    Examples
    --------
    >>> from skseizure.features import slope_sign_alterations
    >>> slope_sign_alterations([[0.0, 2.0, 1.0, 3.0], [0.0, 2.0, 2.0, 1.0]])
    array([2., 1.])
    """
    batch = as_batch(x)
    _, turns, plateau_ends = batch.sign_changes.T
    return batch.finish(turns + 0.5 * plateau_ends)


def check_rate(sfreq: float) -> float:
    """Return ``sfreq`` as float, or raise a ValueError if it is no sampling rate."""
    if not isinstance(sfreq, Real) or not 0.0 < sfreq < np.inf:
        raise ValueError(f"sfreq must be a positive number of Hz, got {sfreq!r}.")
    return float(sfreq)


def _peak(batch: Batch) -> NDArray[np.float64]:
    return batch.share("peak", lambda: batch.x.argmax(axis=1).astype(np.float64))


def _latency_ratio(batch: Batch, sfreq: float) -> NDArray[np.float64]:
    # A maximum that is next to nothing beside the minimum is zero.
    top = np.where(np.abs(batch.high) > FLAT, batch.high, 0.0)
    return divide(_peak(batch) / check_rate(sfreq), top)


def _rise_time(batch: Batch) -> NDArray[np.float64]:
    """Return the samples from the smallest to the largest sample."""
    return batch.share("rise_time", lambda: _peak(batch) - batch.x.argmin(axis=1))


def _areas(batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    def compute() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        x = batch.x
        return np.maximum(x, 0.0).sum(axis=1), np.minimum(x, 0.0).sum(axis=1)

    return batch.share("areas", compute)
