"""Fractal, scaling, chaos and complexity measures of EEG windows.

Neither a factor on the window nor an offset changes them.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels, _kernels_linear
from ._batch import EPSILON, Batch, Values, as_batch, check_integer, divide
from ._power import power_spectrum
from ._registry import measure


@measure(
    "HFD",
    group="nonlinear",
    unit="1",
    formula="slope of log L(k) on log(1/k), k = 1..10",
    cost="O(10 N)",
)
def higuchi_fd(x: ArrayLike, *, kmax: int = 10) -> Values:
    """Compute Higuchi's fractal dimension of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    kmax : int, default=10
        Largest distance, in samples, at which the curve is measured (antropy's default); at most
        n_times // 2 is used.

    Returns
    -------
    float or ndarray, shape (n,)
        Dimension: 1 for a line, 2 for white noise; 0 for a constant window and for windows of
        fewer than four samples.

    Notes
    -----
    HFD = slope of log L(k) on log(1/k), k = 1..kmax, where L(k) = 1/k sum_{m<k} L_m(k) and
    L_m(k) = (N - 1) / (k^2 n_m) sum_{j=1..n_m} abs(x_{m+jk} - x_{m+(j-1)k}), with
    n_m = floor((N - 1 - m) / k). A length of zero (of a signal that repeats after k samples) has
    no logarithm: lengths below 1e-12 of the largest are left out. O(kmax N). Higuchi, Approach to
    an irregular time series on the basis of the fractal theory, Physica D 31, 277-283, 1988.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import higuchi_fd
    >>> noise = np.random.default_rng(0).standard_normal(1000)
    >>> higuchi_fd([np.arange(1000.0), noise, noise.cumsum()]).round(2)
    array([1. , 2. , 1.5])
    """
    kmax = check_integer("kmax", kmax, 2)
    batch = as_batch(x)
    kmax = min(kmax, batch.n_times // 2)
    if kmax < 2:
        return batch.finish(np.zeros(len(batch.x)))
    weights = _higuchi_weights(batch.n_times, kmax)
    lengths = _kernels_linear.weighted_lengths(batch.x, weights, batch.constant)
    usable = lengths > 1e-12 * lengths.max(axis=1, keepdims=True)
    logs = np.log(np.where(usable, lengths, 1.0))
    return batch.finish(_kernels_linear.slopes(-np.log(np.arange(1.0, kmax + 1)), logs, usable))


@lru_cache(maxsize=16)
def _higuchi_weights(n_times: int, kmax: int) -> NDArray[np.float64]:
    """Weight of abs(x_{i+k} - x_i) in L(k), shape (kmax, n_times): sub-series i % k has it."""
    weights = np.zeros((kmax, n_times))
    for k in range(1, kmax + 1):
        start = np.arange(n_times - k) % k
        n_steps = (n_times - 1 - start) // k
        weights[k - 1, : n_times - k] = (n_times - 1) / (k**3 * n_steps)
    weights.flags.writeable = False
    return weights


@measure(
    "KFD",
    group="nonlinear",
    unit="1",
    formula="ln n / (ln n + ln(d / L)), n = N - 1, L = sum abs(dx), d = max abs(x - x_0)",
)
def katz_fd(x: ArrayLike) -> Values:
    """Compute Katz's fractal dimension of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Dimension: 1 for a monotone curve, larger the more it turns; 0 for a constant window, for
        windows of fewer than three samples and where n d = L (see Notes).

    Notes
    -----
    KFD = ln(n) / (ln(n) + ln(d / L)), n = N - 1 steps, L = sum abs(dx) and d = max abs(x - x_0).
    It has a pole at n d = L (within 1e-12), where it is set to 0, and is negative below: there
    the mean step exceeds the distance from the first sample to any other. O(N). Katz, Fractals
    and the analysis of waveforms, Comput. Biol. Med. 18, 145-156, 1988.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import katz_fd
    >>> katz_fd([np.arange(100.0), np.arange(100.0) % 10]).round(3)
    array([1.   , 2.784])
    """
    batch = as_batch(x)
    if batch.n_times < 3:
        return batch.finish(np.zeros(len(batch.x)))
    n_steps = batch.n_times - 1
    first = batch.x[:, 0]
    reach = np.maximum(batch.x.max(axis=1) - first, first - batch.x.min(axis=1))
    ratio = divide(reach, batch.step_moments[:, 0])
    usable = (ratio > 0.0) & (np.abs(ratio - 1.0) > 1e-12)
    logs = np.log(np.where(usable, ratio, 1.0))
    return batch.finish(divide(np.full_like(logs, math.log(n_steps)), logs))


@measure("PFD", group="nonlinear", unit="1", formula="lg N / (lg N + lg(N / (N + 0.4 SSC)))")
def petrosian_fd(x: ArrayLike) -> Values:
    """Compute Petrosian's fractal dimension of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Dimension, slightly above 1; 0 for a constant window.

    Notes
    -----
    PFD = lg N / (lg N + lg(N / (N + 0.4 SSC))), SSC the number of slope sign changes. O(N).
    Petrosian, Kolmogorov complexity of finite sequences and recognition of different preictal
    EEG patterns, Proc. 8th IEEE Symp. Computer-Based Medical Systems, 212-217, 1995.

    Examples
    --------
    >>> from skseizure.features import petrosian_fd
    >>> petrosian_fd([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 1.0, 2.0]]).round(4)
    array([1.    , 1.1514])
    """
    batch = as_batch(x)
    n_times = batch.n_times
    size = np.full(len(batch.x), math.log10(n_times))
    return batch.finish(divide(size, size + np.log10(n_times / (n_times + 0.4 * batch.n_turns))))


@measure(
    "HURST",
    group="nonlinear",
    unit="1",
    formula="slope of log(mean R/S - Anis-Lloyd + sqrt(pi w / 2)) on log w, w = 8, 16, .. N/2",
    cost="O(N log N)",
)
def hurst_exponent(x: ArrayLike, *, min_block: int = 8) -> Values:
    """Estimate the Hurst exponent of each window by corrected rescaled-range analysis.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    min_block : int, default=8
        Smallest block in samples (ours); the others are its doubles up to n_times / 2.

    Returns
    -------
    float or ndarray, shape (n,)
        Exponent: about 0.5 for white noise, above for persistent signals; 0 for a constant
        window and for windows of fewer than 4 min_block samples.

    Notes
    -----
    HURST = slope of log(mean R/S - E(w) + sqrt(pi w / 2)) on log w, over non-overlapping blocks
    of w samples; R is the range of the cumulative sum of a block less its mean, S its standard
    deviation. E(w) = (w - 1/2) / w Gamma((w - 1) / 2) / (sqrt(pi) Gamma(w / 2))
    sum_{i<w} sqrt((w - i) / i) is the mean of R/S for white noise: without the correction, short
    blocks bias the slope upwards. Constant blocks are left out. O(N log N).

    Anis and Lloyd, The expected value of the adjusted rescaled Hurst range of independent normal
    summands, Biometrika 63, 111-116, 1976; the factor (w - 1/2) / w is that of Peters, Fractal
    Market Analysis, 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import hurst_exponent
    >>> noise = np.random.default_rng(0).standard_normal((20, 1000))
    >>> hurst_exponent(noise).mean().round(1), hurst_exponent(noise.cumsum(axis=1)).mean().round(1)
    (np.float64(0.5), np.float64(0.9))
    """
    min_block = check_integer("min_block", min_block, 2)
    batch = as_batch(x)
    sizes = min_block * 2 ** np.arange(max(0, (batch.n_times // (2 * min_block)).bit_length()))
    if len(sizes) < 2:
        return batch.finish(np.zeros(len(batch.x)))
    ranges = _kernels_linear.rescaled_ranges(batch.x, sizes, batch.constant)
    correction = np.sqrt(0.5 * np.pi * sizes) - [_white_noise_range(int(w)) for w in sizes]
    logs = np.log(ranges + correction)
    return batch.finish(_kernels_linear.slopes(np.log(sizes), logs, ranges > 0.0))


@lru_cache(maxsize=256)
def _white_noise_range(size: int) -> float:
    """Mean rescaled range of ``size`` independent normal samples."""
    ratio = math.exp(math.lgamma(0.5 * (size - 1)) - math.lgamma(0.5 * size))
    i = np.arange(1, size)
    total = math.fsum(np.sqrt((size - i) / i))
    return (size - 0.5) / size * ratio / math.sqrt(math.pi) * total


@measure(
    "DFA",
    group="nonlinear",
    unit="1",
    formula="slope of log F(w) on log w, order 1, 16 geometric w = 4..N/10",
    cost="O(16 N)",
)
def dfa_exponent(x: ArrayLike, *, min_scale: int = 4, n_scales: int = 16) -> Values:
    """Compute the exponent of each window's detrended fluctuation analysis.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    min_scale : int, default=4
        Smallest block in samples (antropy's); the largest is n_times // 10.
    n_scales : int, default=16
        Number of block sizes, in geometric progression before rounding (ours).

    Returns
    -------
    float or ndarray, shape (n,)
        Exponent: 0.5 for white noise, 1 for pink noise, 1.5 for a random walk; 0 for a constant
        window and for windows of fewer than 10 (min_scale + 1) samples.

    Notes
    -----
    DFA = slope of log F(w) on log w, where F(w) is the root mean square of the profile
    cumsum(x - mean) about its least-squares line in each of the forward, non-overlapping blocks
    of w samples. Scales whose F is within the rounding error of the profile, as those of a
    piecewise constant signal are, are left out. O(n_scales N). Peng et al., Mosaic organization
    of DNA nucleotides, Phys. Rev. E 49, 1685-1689, 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import dfa_exponent
    >>> noise = np.random.default_rng(0).standard_normal((20, 1000))
    >>> dfa_exponent(noise).mean().round(1), dfa_exponent(noise.cumsum(axis=1)).mean().round(1)
    (np.float64(0.5), np.float64(1.5))
    """
    min_scale = check_integer("min_scale", min_scale, 2)
    n_scales = check_integer("n_scales", n_scales, 2)
    batch = as_batch(x)
    largest = batch.n_times // 10
    if largest <= min_scale:
        return batch.finish(np.zeros(len(batch.x)))
    sizes = np.unique(np.round(np.geomspace(min_scale, largest, n_scales)).astype(np.int64))
    result, total_size = _kernels_linear.fluctuations(batch.x, sizes)
    usable = result > 4.0 * EPSILON * total_size[:, None]
    logs = np.log(np.where(usable, result, 1.0))
    return batch.finish(_kernels_linear.slopes(np.log(sizes), logs, usable))


@measure(
    "LLE",
    group="nonlinear",
    unit="1 per sample",
    formula="Rosenstein: slope of the mean log divergence, states of 3 samples, steps 1..5",
    cost="O(N^2)",
)
def lyapunov_exponent(
    x: ArrayLike,
    *,
    dimension: int = 3,
    delay: int = 1,
    n_steps: int = 5,
    theiler: int | None = None,
) -> Values:
    """Estimate the largest Lyapunov exponent of each window by Rosenstein's method.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    dimension : int, default=3
        Samples per state (ours).
    delay : int, default=1
        Samples between the samples of a state (ours).
    n_steps : int, default=5
        Samples over which neighbours are followed (ours: over more, chaotic signals saturate).
    theiler : int or None, default=None
        Neighbours are more than this many samples apart. If None, one mean period, the inverse of
        the power-weighted mean frequency of the window, rounded up (Rosenstein's).

    Returns
    -------
    float or ndarray, shape (n,)
        Exponent per sample (times the sampling rate: per second); 0 for a constant window, and
        where fewer than two steps have a pair of states at a distance.

    Notes
    -----
    LLE = slope over the steps k = 1..n_steps of the mean logarithm of the Euclidean distance
    between each state and its neighbour k samples later. The neighbour is the nearest state in
    the Chebyshev metric (of equally near ones the closest in time, the earlier first) among
    those that can be followed n_steps samples. Distances of zero, frequent in quantised data,
    have no logarithm and are left out. O(N^2). Rosenstein et al., A practical method for
    calculating largest Lyapunov exponents from small data sets, Physica D 65, 117-134, 1993.

    Examples
    --------
    >>> from skseizure.features import lyapunov_exponent
    >>> x = [0.3]
    >>> for _ in range(999):
    ...     x.append(4 * x[-1] * (1 - x[-1]))
    >>> lyapunov_exponent(x).round(3)  # the logistic map: ln 2 = 0.693
    np.float64(0.694)
    """
    dimension = check_integer("dimension", dimension, 1)
    delay = check_integer("delay", delay, 1)
    n_steps = check_integer("n_steps", n_steps, 2)
    if theiler is not None:
        theiler = check_integer("theiler", theiler, 0)
    batch = as_batch(x)
    if batch.n_times - (dimension - 1) * delay - n_steps < 2:
        return batch.finish(np.zeros(len(batch.x)))
    exclusion = (
        _mean_period(batch) if theiler is None else np.full(len(batch.x), theiler, dtype=np.int64)
    )
    others = tuple(range(1, dimension))
    curve, counts = _kernels.divergence(batch.x, others, delay, exclusion, n_steps, batch.constant)
    return batch.finish(_kernels_linear.slopes(np.arange(1.0, n_steps + 1), curve, counts > 0))


def _mean_period(batch: Batch) -> NDArray[np.int64]:
    """Inverse of the power-weighted mean frequency, in whole samples, rounded up."""
    power = power_spectrum(batch)
    bins = np.arange(power.shape[1], dtype=np.float64)
    # Less a hair: the period of a sinusoid of whole period is not to hang on rounding.
    period = batch.n_times * divide(power.sum(axis=1), np.sum(power * bins, axis=1))
    return np.ceil(period - 1e-9).astype(np.int64)


@measure(
    "LZC",
    group="nonlinear",
    unit="1",
    formula="c log2(N) / N, c the LZ76 phrases of x > median",
    cost="O(N c)",
)
def lempel_ziv_complexity(x: ArrayLike) -> Values:
    """Compute the normalised Lempel-Ziv complexity of each window about its median.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Complexity, near 1 for white noise, no unit; 0 for a constant window.

    Notes
    -----
    LZC = c log2(N) / N, c the number of phrases into which the binary sequence x > median(x) is
    parsed, each the shortest that is no copy of what started earlier (the last one may be a
    copy). O(N c), in words of 64 symbols. Lempel and Ziv, On the complexity of finite sequences,
    IEEE Trans. Inf. Theory 22, 75-81, 1976; Kaspar and Schuster, Easily calculable measure for
    the complexity of spatiotemporal patterns, Phys. Rev. A 36, 842-848, 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import lempel_ziv_complexity
    >>> noise = np.random.default_rng(0).standard_normal(1000)
    >>> lempel_ziv_complexity([noise, np.sin(np.arange(1000))]).round(2)
    array([1.11, 0.08])
    """
    batch = as_batch(x)
    n_times = batch.n_times
    middle = batch.ordered[:, [(n_times - 1) // 2, n_times // 2]]
    above = batch.x > middle.mean(axis=1, keepdims=True)
    phrases = _kernels.phrase_counts(above, batch.constant)
    return batch.finish(phrases * (math.log2(n_times) / n_times))
