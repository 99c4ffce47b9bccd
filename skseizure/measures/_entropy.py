"""Entropy measures of EEG windows.

A factor on the window changes none of them. An offset changes `svd_entropy` alone.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.amplitude import LARGEST_AMPLITUDE
from . import _kernels, _kernels_fuzzy, _kernels_linear
from ._batch import Batch, Values, as_batch, check_integer, divide
from ._power import power_spectrum
from ._registry import measure


@measure("SHEN", group="entropy", unit="bit", formula="-sum p log2 p, 16 bins on [min, max]")
def shannon_entropy(x: ArrayLike, *, n_bins: int = 16) -> Values:
    """Compute the Shannon entropy of each window's amplitude histogram.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    n_bins : int, default=16
        Bins of equal width from the window's minimum to its maximum (ours).

    Returns
    -------
    float or ndarray, shape (n,)
        Entropy in bit, from 0 to log2(n_bins); 0 for a constant window.

    Notes
    -----
    SHEN = -sum p log2 p over the bins. A sample falls into bin floor(n_bins (x - min) /
    (max - min)), the maximum into the last. O(N). Shannon, A mathematical theory of
    communication, Bell Syst. Tech. J. 27, 379-423, 1948.

    Examples
    --------
    >>> from skseizure.features import shannon_entropy
    >>> shannon_entropy([[0.0, 0.0, 9.0, 9.0], [0.0, 3.0, 6.0, 9.0]])
    array([1., 2.])
    """
    batch = as_batch(x)
    return batch.finish(_entropy(_histogram(batch, n_bins)))


@measure("RENYI", group="entropy", unit="bit", formula="-log2 sum p^2, 16 bins on [min, max]")
def renyi_entropy(x: ArrayLike, *, order: float = 2.0, n_bins: int = 16) -> Values:
    """Compute the Renyi entropy of each window's amplitude histogram.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    order : float, default=2
        Order, positive and not 1 (`shannon_entropy` is the limit at 1); 2 is ours.
    n_bins : int, default=16
        Bins, as in `shannon_entropy`.

    Returns
    -------
    float or ndarray, shape (n,)
        Entropy in bit, from 0 to log2(n_bins); 0 for a constant window.

    Notes
    -----
    RENYI = -log2(sum p^2), in general log2(sum p^order) / (1 - order). O(N). Renyi, On measures
    of entropy and information, Proc. 4th Berkeley Symp. Math. Stat. Prob. 1, 547-561, 1961.

    Examples
    --------
    >>> from skseizure.features import renyi_entropy
    >>> renyi_entropy([[0.0, 0.0, 9.0, 9.0], [0.0, 3.0, 6.0, 9.0]])
    array([1., 2.])
    """
    order = _check_positive("order", order)
    if order == 1.0:
        raise ValueError("order must not be 1: the Renyi entropy of order 1 is shannon_entropy.")
    batch = as_batch(x)
    p = _histogram(batch, n_bins) / batch.n_times
    total = np.sum(p**order, axis=1)
    return batch.finish(np.log2(np.where(batch.constant, 1.0, total)) / (1.0 - order))


@measure(
    "SPEN",
    group="entropy",
    unit="1",
    formula="-sum P log2 P / log2(n_bins), P the periodogram",
    cost="O(N log N)",
)
def spectral_entropy(x: ArrayLike) -> Values:
    """Compute the normalised entropy of each window's power spectrum.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.

    Returns
    -------
    float or ndarray, shape (n,)
        Entropy from 0 (one frequency) to 1 (white spectrum), no unit; 0 for a constant window.

    Notes
    -----
    SPEN = -sum P log2 P / log2(n_bins), P the one-sided periodogram of the window less its mean,
    scaled to the sum 1, over its n_bins = N // 2 + 1 frequencies from 0 on. O(N log N). Inouye
    et al., Quantification of EEG irregularity by use of the entropy of the power spectrum,
    Electroencephalogr. Clin. Neurophysiol. 79, 204-210, 1991.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import spectral_entropy
    >>> noise = np.random.default_rng(0).standard_normal(1000)
    >>> tone = np.sin(2 * np.pi * np.arange(1000) / 25)
    >>> spectral_entropy([noise, tone]).round(3)
    array([0.929, 0.   ])
    """
    batch = as_batch(x)
    power = power_spectrum(batch)
    if power.shape[1] < 2:
        return batch.finish(np.zeros(len(batch.x)))
    return batch.finish(_entropy(power) / math.log2(power.shape[1]))


@measure(
    "PEN",
    group="entropy",
    unit="1",
    formula="-sum p log2 p / log2(3!), patterns of 3 samples",
)
def permutation_entropy(x: ArrayLike, *, order: int = 3, delay: int = 1) -> Values:
    """Compute the normalised permutation entropy of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    order : int, default=3
        Samples per ordinal pattern, 2 to 8 (3 is Bandt and Pompe's smallest).
    delay : int, default=1
        Samples between the samples of a pattern.

    Returns
    -------
    float or ndarray, shape (n,)
        Entropy from 0 (monotone) to 1 (all patterns equally frequent), no unit; 0 for a constant
        window and for windows shorter than a pattern.

    Notes
    -----
    PEN = -sum p log2 p / log2(order!) over the ordinal patterns; equal samples rank in order of
    time. O(order^2 N). Bandt and Pompe, Permutation entropy: a natural complexity measure for
    time series, Phys. Rev. Lett. 88, 174102, 2002.

    Examples
    --------
    >>> from skseizure.features import permutation_entropy
    >>> permutation_entropy([4.0, 7.0, 9.0, 10.0, 6.0, 11.0, 3.0]).round(4)
    np.float64(0.5888)
    """
    order = check_integer("order", order, 2)
    delay = check_integer("delay", delay, 1)
    if order > 8:
        raise ValueError(f"order must be at most 8, got {order}.")
    batch = as_batch(x)
    if batch.n_times <= (order - 1) * delay:
        batch.check()
        return batch.finish(np.zeros(len(batch.raw)), constant=None)
    n_patterns = math.factorial(order)
    if order == 3:
        counts, total = _kernels_linear.pattern_counts_of_three(batch.raw, delay)
        if not total <= LARGEST_AMPLITUDE:  # NaN, too; many samples may add up to it
            batch.check()
    else:
        batch.check()
        counts = _kernels_linear.pattern_counts(batch.raw, order, delay, n_patterns)
    # Equal samples make one pattern: constant windows need no exception.
    return batch.finish(_entropy(counts) / math.log2(n_patterns), constant=None)


@measure(
    "SVDEN",
    group="entropy",
    unit="1",
    formula="-sum s log2 s / log2(3), s the singular values of the delay matrix of 3 columns",
)
def svd_entropy(x: ArrayLike, *, order: int = 3, delay: int = 1) -> Values:
    """Compute the normalised singular value entropy of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    order : int, default=3
        Columns of the delay matrix (antropy's default).
    delay : int, default=1
        Samples between columns (antropy's default).

    Returns
    -------
    float or ndarray, shape (n,)
        Entropy from 0 to 1, no unit; 0 for a constant window and for windows of
        (order - 1) delay samples or fewer.

    Notes
    -----
    SVDEN = -sum s log2 s / log2(order), s the singular values, scaled to the sum 1, of the matrix
    with rows (x_i, x_{i+delay}, ...). O(order^2 N). Roberts et al., Temporal and spatial
    complexity measures for EEG based brain-computer interfacing, Med. Biol. Eng. Comput. 37,
    93-98, 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import svd_entropy
    >>> noise = np.random.default_rng(0).standard_normal(1000)
    >>> svd_entropy([noise, np.sin(np.arange(1000) / 20)]).round(2)
    array([1.  , 0.15])
    """
    order = check_integer("order", order, 2)
    delay = check_integer("delay", delay, 1)
    batch = as_batch(x)
    if batch.n_times <= (order - 1) * delay:
        return batch.finish(np.zeros(len(batch.x)))
    values = _kernels_linear.singular_values(batch.x, order, delay, batch.constant)
    return batch.finish(_entropy(values) / math.log2(order))


@measure(
    "APEN",
    group="entropy",
    unit="nat",
    formula="phi_2 - phi_3, phi_m = mean log C_m, r = 0.2 STD, Chebyshev, with self-matches",
    cost="O(N^2), shared with SAMPEN",
)
def approximate_entropy(x: ArrayLike, *, order: int = 2, tolerance: float = 0.2) -> Values:
    """Compute the approximate entropy of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    order : int, default=2
        Samples m per template (Pincus').
    tolerance : float, default=0.2
        Radius r in standard deviations of the window (Pincus': 0.1 to 0.25).

    Returns
    -------
    float or ndarray, shape (n,)
        Entropy in nat; 0 for a constant window and for windows of m samples or fewer.

    Notes
    -----
    APEN = mean log(C_m / (N - m + 1)) - mean log(C_{m+1} / (N - m)), C_m of a template the number
    of templates of m samples within r of it in every sample (at most r, itself included), the
    mean over templates. O(N^2), from the same pass over pairs as `sample_entropy`. Pincus,
    Approximate entropy as a measure of system complexity, PNAS 88, 2297-2301, 1991.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import approximate_entropy
    >>> noise = np.random.default_rng(0).standard_normal(1000)
    >>> approximate_entropy([noise, np.sin(np.arange(1000) / 5)]).round(2)
    array([1.66, 0.17])
    """
    batch = as_batch(x)
    _, log_sums = _template_counts(batch, order, tolerance)
    n_long = batch.n_times - order
    if n_long < 1:
        return batch.finish(np.zeros(len(batch.x)))
    short = log_sums[:, 0] / (n_long + 1) - math.log(n_long + 1)
    long = log_sums[:, 1] / n_long - math.log(n_long)
    return batch.finish(short - long)


@measure(
    "SAMPEN",
    group="entropy",
    unit="nat",
    formula="-log(A / B), m = 2, r = 0.2 STD, Chebyshev, without self-matches",
    cost="O(N^2), shared with APEN",
)
def sample_entropy(x: ArrayLike, *, order: int = 2, tolerance: float = 0.2) -> Values:
    """Compute the sample entropy of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    order : int, default=2
        Samples m per template (Richman and Moorman's).
    tolerance : float, default=0.2
        Radius r in standard deviations of the window (Richman and Moorman's).

    Returns
    -------
    float or ndarray, shape (n,)
        Entropy in nat; 0 for a constant window and for windows of m + 1 samples or fewer.

    Notes
    -----
    SAMPEN = -log(A / B), B the number of pairs of templates of m samples within r of each other in
    every sample (at most r), A that of m + 1 samples, both among the first N - m templates. If no
    pair matches over m + 1 samples, the value is the bound log(N - m) + log(N - m - 1) - log 2,
    that of one match among all pairs. O(N^2), from the same pass over pairs as
    `approximate_entropy`. Richman and Moorman, Physiological time-series analysis using
    approximate entropy and sample entropy, Am. J. Physiol. Heart 278, H2039-H2049, 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import sample_entropy
    >>> noise = np.random.default_rng(0).standard_normal(1000)
    >>> sample_entropy([noise, np.sin(np.arange(1000) / 5)]).round(2)
    array([2.21, 0.23])
    """
    batch = as_batch(x)
    pairs = _pair_counts(batch, order, tolerance)
    n_templates = batch.n_times - order
    if n_templates < 2:
        return batch.finish(np.zeros(len(batch.x)))
    matched = pairs[:, 1] > 0
    ratio = divide(pairs[:, 0], np.where(matched, pairs[:, 1], 0))
    bound = math.log(n_templates) + math.log(n_templates - 1) - math.log(2.0)
    return batch.finish(np.where(matched, np.log(np.where(matched, ratio, 1.0)), bound))


@measure(
    "FUZZEN",
    group="entropy",
    unit="nat",
    formula="log(phi_2 / phi_3), phi_m = mean exp(-(d / r)^2), r = 0.2 STD, templates less their "
    "mean",
    cost="O(N^2)",
)
def fuzzy_entropy(x: ArrayLike, *, order: int = 2, tolerance: float = 0.2) -> Values:
    """Compute the fuzzy entropy of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    order : int, default=2
        Samples m per template (Chen's).
    tolerance : float, default=0.2
        Width r of the membership function in standard deviations of the window (Chen's).

    Returns
    -------
    float or ndarray, shape (n,)
        Entropy in nat; 0 for a constant window and for windows of m + 1 samples or fewer.

    Notes
    -----
    FUZZEN = log(phi_m / phi_{m+1}), phi_m the mean over pairs of templates of the membership
    exp(-(d / r)^2), d the Chebyshev distance of the two templates of m samples, each less its own
    mean; N - m templates for both lengths, no template with itself. O(N^2). Chen et al.,
    Characterization of surface EMG signal based on fuzzy entropy, IEEE Trans. Neural Syst.
    Rehabil. Eng. 15, 266-272, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import fuzzy_entropy
    >>> noise = np.random.default_rng(0).standard_normal(1000)
    >>> fuzzy_entropy([noise, np.sin(np.arange(1000) / 5)]).round(2)
    array([2.14, 0.49])
    """
    order = check_integer("order", order, 1)
    tolerance = _check_positive("tolerance", tolerance)
    batch = as_batch(x)
    if batch.n_times - order < 2:
        return batch.finish(np.zeros(len(batch.x)))
    # Above zero, and distances in it finite, however small the tolerance.
    radius = np.maximum(tolerance * np.sqrt(batch.variance), 1e-100)
    short = _similarity(batch, order, order, radius)
    long = _similarity(batch, order + 1, order, radius)
    ratio = divide(short, long)
    return batch.finish(np.log(np.where(batch.constant, 1.0, ratio)))


def _check_positive(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0.0 < float(value) < math.inf:
        raise ValueError(f"{name} must be a positive number, got {value!r}.")
    return float(value)


def _entropy(weights: NDArray) -> NDArray[np.float64]:
    """Shannon entropy in bit of each row of weights, scaled to the sum 1; 0 of a row of zeros."""
    weights = np.ascontiguousarray(weights, dtype=np.float64)
    return entropy_of_shares(_kernels_linear.shares(weights))


def entropy_of_shares(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shannon entropy in bit of each row of shares that add up to 1, with 1 in place of each 0."""
    # numpy takes logarithms several at a time, which compiled code does not.
    return np.maximum(-_kernels_linear.sums_of_products(shares, np.log2(shares)), 0.0)


def _histogram(batch: Batch, n_bins: int) -> NDArray[np.int64]:
    """Count the samples of each window in bins of equal width, shape (n, n_bins)."""
    n_bins = check_integer("n_bins", n_bins, 2)

    def compute() -> NDArray[np.int64]:
        low, high = batch.x.min(axis=1), batch.x.max(axis=1)
        return _kernels_linear.histogram_counts(batch.x, low, high, n_bins, batch.constant)

    return batch.share(("histogram", n_bins), compute)


def _similarity(
    batch: Batch, length: int, order: int, radius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum exp(-(d / radius)**2) over the pairs of the first n_times - order templates."""
    n_templates = batch.n_times - order
    sums = np.zeros(len(batch.x))
    rest = ~batch.constant
    if length == 2:
        # Two samples less their mean are minus and plus half their difference: one number, of
        # which the Gauss sum needs no pairs. It is used where it is faster and does not lose what
        # is sought, the pairs, beside the templates with themselves.
        half = 0.5 * (batch.x[:, 1 : n_templates + 1] - batch.x[:, :n_templates])
        reach = (half.max(axis=1) - half.min(axis=1)) / radius
        n_frequencies = _kernels_fuzzy.HIGHEST * (reach + _kernels_fuzzy.MARGIN) / math.tau
        fast = np.flatnonzero(rest & (n_frequencies < n_templates / 2))
        found = _kernels_fuzzy.gauss_sums(
            half[fast] / radius[fast, None],
            reach[fast],
            np.ceil(n_frequencies[fast]).astype(np.int64),
        )
        pairs = 0.5 * (found - n_templates)
        sums[fast] = pairs
        rest[fast] = pairs < 0.01 * n_templates
    others = tuple(range(1, length))
    direct = _kernels_fuzzy.pair_similarity(batch.x, others, radius, n_templates, ~rest)
    return np.where(rest, direct, sums)


def _template_counts(
    batch: Batch, order: int, tolerance: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count matching templates in one pass over pairs, see ``_kernels.template_counts``."""
    order = check_integer("order", order, 1)
    tolerance = _check_positive("tolerance", tolerance)

    def compute() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if batch.n_times <= order:
            return np.zeros((len(batch.x), 2), dtype=np.int64), np.zeros((len(batch.x), 2))
        return _kernels.template_counts(*_templates(batch, order, tolerance))

    return batch.share(("template_counts", order, tolerance), compute)


def _pair_counts(batch: Batch, order: int, tolerance: float) -> NDArray[np.int64]:
    """Count pairs of matching templates: in half the time, unless each one's counts are there."""
    order = check_integer("order", order, 1)
    tolerance = _check_positive("tolerance", tolerance)
    if batch.has(("template_counts", order, tolerance)):
        return _template_counts(batch, order, tolerance)[0]
    if batch.n_times <= order:
        return np.zeros((len(batch.x), 2), dtype=np.int64)
    return _kernels.pair_counts(*_templates(batch, order, tolerance))


def _templates(batch: Batch, order: int, tolerance: float) -> tuple[Any, ...]:
    radius = tolerance * np.sqrt(batch.variance)
    return batch.x, tuple(range(1, order)), radius, batch.constant
