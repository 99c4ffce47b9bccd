"""The list of measures, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ._batch import Values
from ._entropy import (
    approximate_entropy,
    fuzzy_entropy,
    permutation_entropy,
    renyi_entropy,
    sample_entropy,
    shannon_entropy,
    spectral_entropy,
    svd_entropy,
)
from ._nonlinear import (
    dfa_exponent,
    higuchi_fd,
    hurst_exponent,
    katz_fd,
    lempel_ziv_complexity,
    lyapunov_exponent,
    petrosian_fd,
)
from ._time_domain import (
    hjorth_complexity,
    hjorth_mobility,
    interquartile_range,
    kurtosis,
    line_length,
    maximum,
    mean,
    mean_absolute_value,
    minimum,
    skewness,
    slope_sign_changes,
    std,
    teager_kaiser_energy,
    zero_crossings,
)


@dataclass(frozen=True)
class Measure:
    """A measure of windows and what there is to know of it.

    Parameters
    ----------
    name : str
        Name of the public function.
    abbreviation : str
        Name in tables and feature names.
    group : {"time", "nonlinear", "entropy"}
        Category.
    unit : str
        Unit of the values if windows are in microvolt; "1" for none. "per sample" quantities are
        per second after multiplication by the sampling rate.
    function : callable
        Function of a batch, shape (n, n_times), that returns (n,).
    formula : str
        Definition with the default parameters.
    cost : str
        Order of the operations on a window of N samples.
    """

    name: str
    abbreviation: str
    group: str
    unit: str
    function: Callable[..., Values] = field(repr=False)
    formula: str
    cost: str


def _measure(
    abbreviation: str,
    group: str,
    unit: str,
    function: Callable[..., Values],
    formula: str,
    cost: str = "O(N)",
) -> Measure:
    return Measure(function.__name__, abbreviation, group, unit, function, formula, cost)


#: The measures of the feature set "univariate29", in the order of its columns.
UNIVARIATE29: tuple[Measure, ...] = (
    _measure("MEAN", "time", "uV", mean, "mean x"),
    _measure("STD", "time", "uV", std, "sqrt(mean (x - mean)^2)"),
    _measure("SKEW", "time", "1", skewness, "m3 / m2^1.5"),
    _measure("KURT", "time", "1", kurtosis, "m4 / m2^2 - 3"),
    _measure("MAX", "time", "uV", maximum, "max x"),
    _measure("MIN", "time", "uV", minimum, "min x"),
    _measure("IQR", "time", "uV", interquartile_range, "q75 - q25, linear interpolation"),
    _measure("MAV", "time", "uV", mean_absolute_value, "mean abs(x)"),
    _measure("LL", "time", "uV per sample", line_length, "mean abs(dx)"),
    _measure("ZC", "time", "count", zero_crossings, "#(x_i x_{i+1} < 0)"),
    _measure("SSC", "time", "count", slope_sign_changes, "#(dx_i dx_{i+1} < 0)"),
    _measure("TKEO", "time", "uV^2", teager_kaiser_energy, "mean(x_i^2 - x_{i-1} x_{i+1})"),
    _measure("HMOB", "time", "1 per sample", hjorth_mobility, "sqrt(var dx / var x)"),
    _measure("HCOM", "time", "1", hjorth_complexity, "HMOB(dx) / HMOB(x)"),
    _measure(
        "HFD",
        "nonlinear",
        "1",
        higuchi_fd,
        "slope of log L(k) on log(1/k), k = 1..10",
        "O(10 N)",
    ),
    _measure(
        "KFD",
        "nonlinear",
        "1",
        katz_fd,
        "ln n / (ln n + ln(d / L)), n = N - 1, L = sum abs(dx), d = max abs(x - x_0)",
    ),
    _measure("PFD", "nonlinear", "1", petrosian_fd, "lg N / (lg N + lg(N / (N + 0.4 SSC)))"),
    _measure(
        "HURST",
        "nonlinear",
        "1",
        hurst_exponent,
        "slope of log(mean R/S - Anis-Lloyd + sqrt(pi w / 2)) on log w, w = 8, 16, .. N/2",
        "O(N log N)",
    ),
    _measure(
        "DFA",
        "nonlinear",
        "1",
        dfa_exponent,
        "slope of log F(w) on log w, order 1, 16 geometric w = 4..N/10",
        "O(16 N)",
    ),
    _measure(
        "LLE",
        "nonlinear",
        "1 per sample",
        lyapunov_exponent,
        "Rosenstein: slope of the mean log divergence, states of 3 samples, steps 1..5",
        "O(N^2)",
    ),
    _measure(
        "LZC",
        "nonlinear",
        "1",
        lempel_ziv_complexity,
        "c log2(N) / N, c the LZ76 phrases of x > median",
        "O(N c)",
    ),
    _measure("SHEN", "entropy", "bit", shannon_entropy, "-sum p log2 p, 16 bins on [min, max]"),
    _measure("RENYI", "entropy", "bit", renyi_entropy, "-log2 sum p^2, 16 bins on [min, max]"),
    _measure(
        "SPEN",
        "entropy",
        "1",
        spectral_entropy,
        "-sum P log2 P / log2(n_bins), P the periodogram",
        "O(N log N)",
    ),
    _measure(
        "PEN",
        "entropy",
        "1",
        permutation_entropy,
        "-sum p log2 p / log2(3!), patterns of 3 samples",
    ),
    _measure(
        "SVDEN",
        "entropy",
        "1",
        svd_entropy,
        "-sum s log2 s / log2(3), s the singular values of the delay matrix of 3 columns",
    ),
    _measure(
        "APEN",
        "entropy",
        "nat",
        approximate_entropy,
        "phi_2 - phi_3, phi_m = mean log C_m, r = 0.2 STD, Chebyshev, with self-matches",
        "O(N^2), shared with SAMPEN",
    ),
    _measure(
        "SAMPEN",
        "entropy",
        "nat",
        sample_entropy,
        "-log(A / B), m = 2, r = 0.2 STD, Chebyshev, without self-matches",
        "O(N^2), shared with APEN",
    ),
    _measure(
        "FUZZEN",
        "entropy",
        "nat",
        fuzzy_entropy,
        "log(phi_2 / phi_3), phi_m = mean exp(-(d / r)^2), r = 0.2 STD, templates less their mean",
        "O(N^2)",
    ),
)


def available_measures() -> dict[str, Measure]:
    """List the measures of the set "univariate29" by name, in the order of its columns.

    Returns
    -------
    dict of str to Measure
        Each has ``name``, ``abbreviation``, ``group``, ``unit``, ``function``, ``formula`` and
        ``cost``.

    Examples
    --------
    >>> from skseizure.features import available_measures
    >>> measures = available_measures()
    >>> len(measures)
    29
    >>> measures["line_length"].abbreviation, measures["line_length"].unit
    ('LL', 'uV per sample')
    """
    return {measure.name: measure for measure in UNIVARIATE29}


def get_measure(name: str) -> Measure:
    """Find a measure by its name or abbreviation, in any case.

    Parameters
    ----------
    name : str
        For example "sample_entropy" or "SAMPEN".

    Returns
    -------
    Measure
        The measure.

    Raises
    ------
    ValueError
        If there is no such measure; the message lists those there are.

    Examples
    --------
    >>> from skseizure.features._registry import get_measure
    >>> get_measure("SampEn").name
    'sample_entropy'
    """
    wanted = name.casefold() if isinstance(name, str) else None
    for measure in UNIVARIATE29:
        if wanted in (measure.name, measure.abbreviation.casefold()):
            return measure
    valid = ", ".join(f"{measure.name} ({measure.abbreviation})" for measure in UNIVARIATE29)
    raise ValueError(f"There is no measure {name!r}; there are: {valid}.")
