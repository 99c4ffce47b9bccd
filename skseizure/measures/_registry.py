"""The list of measures, by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ._batch import Values
from ._cepstrum import mel_cepstrum
from ._energy import (
    absolute_total_area,
    autocovariance_energy,
    autocovariance_std,
    autocovariance_variance,
    coefficient_of_variation,
    energy,
    negative_area,
    positive_area,
    root_mean_square,
    total_absolute_area,
    total_area,
    variance,
)
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
from ._frequency import median_frequency, psd_maximum, psd_mean, psd_minimum
from ._morphology import (
    absolute_amplitude,
    absolute_latency_amplitude_ratio,
    average_absolute_slope,
    latency_amplitude_ratio,
    peak_latency,
    peak_to_peak,
    peak_to_peak_slope,
    peak_to_peak_time,
    slope_sign_alterations,
    zero_crossing_density,
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
from ._time_frequency import stft_band_energy, wigner_ville_energy
from ._wavelet import (
    frequency_regularity,
    wavelet_entropy,
    wavelet_relative_energy,
    wavelet_statistic,
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
    group : {"time", "nonlinear", "entropy", "morphology", "frequency", "wavelet", "cepstrum"}
        Category.
    unit : str
        Unit of the values if windows are in microvolt; "1" for none. "per sample" quantities are
        per second after multiplication by the sampling rate; where "s" or "Hz" stands, the
        parameter ``sfreq`` is what makes them so.
    function : callable
        Function of a batch, shape (n, n_times), that returns (n,).
    formula : str
        Definition with the default parameters.
    cost : str
        Order of the operations on a window of N samples.

    Attributes
    ----------
    parameters : dict of str to object
        Keyword parameters of the function with their defaults; "required" where there is none.
    """

    name: str
    abbreviation: str
    group: str
    unit: str
    function: Callable[..., Values] = field(repr=False)
    formula: str
    cost: str

    @property
    def parameters(self) -> dict[str, Any]:
        """Keyword parameters of the function with their defaults."""
        signature = inspect.signature(self.function).parameters.values()
        return {
            p.name: "required" if p.default is p.empty else p.default
            for p in signature
            if p.kind is p.KEYWORD_ONLY
        }


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


#: Further measures, which the CNBC paper's feature set has, by category.
FURTHER: tuple[Measure, ...] = (
    _measure("LAT", "morphology", "s", peak_latency, "argmax x / sfreq"),
    _measure("LAR", "morphology", "s/uV", latency_amplitude_ratio, "LAT / MAX"),
    _measure("AAMP", "morphology", "uV", absolute_amplitude, "abs(MAX)"),
    _measure("ALAR", "morphology", "s/uV", absolute_latency_amplitude_ratio, "abs(LAT / MAX)"),
    _measure("PAR", "morphology", "uV samples", positive_area, "sum (x + abs(x)) / 2"),
    _measure("NAR", "morphology", "uV samples", negative_area, "sum (x - abs(x)) / 2"),
    _measure("TAR", "morphology", "uV samples", total_area, "PAR + NAR"),
    _measure("ATAR", "morphology", "uV samples", absolute_total_area, "abs(TAR)"),
    _measure("TAAR", "morphology", "uV samples", total_absolute_area, "PAR + abs(NAR)"),
    _measure("AASS", "morphology", "uV/s", average_absolute_slope, "mean abs(dx) sfreq"),
    _measure("PP", "morphology", "uV", peak_to_peak, "MAX - MIN"),
    _measure("PPT", "morphology", "s", peak_to_peak_time, "(argmax x - argmin x) / sfreq"),
    _measure("PPS", "morphology", "uV/s", peak_to_peak_slope, "PP / PPT"),
    _measure("ZCD", "morphology", "Hz", zero_crossing_density, "ZC / PPT"),
    _measure(
        "SSA",
        "morphology",
        "count",
        slope_sign_alterations,
        "sum abs(sgn(x_{i-1} - x_i) + sgn(x_{i+1} - x_i)) / 2",
    ),
    _measure("VAR", "time", "uV^2", variance, "mean (x - mean)^2"),
    _measure("CV", "time", "1", coefficient_of_variation, "STD / (abs(MEAN) + 1e-6 RMS)"),
    _measure("RMS", "time", "uV", root_mean_square, "sqrt(mean x^2)"),
    _measure("ENERGY", "time", "uV^2", energy, "sum x^2"),
    _measure("ACSTD", "time", "uV^2", autocovariance_std, "std c_k", "O(N log N)"),
    _measure("ACVAR", "time", "uV^4", autocovariance_variance, "var c_k", "O(N log N)"),
    _measure(
        "ACENERGY",
        "time",
        "uV^4",
        autocovariance_energy,
        "sum c_k^2, c_k = 1/N sum (x_i - mean)(x_{i+k} - mean), k = 0..N-1",
        "O(N log N)",
    ),
    _measure(
        "PSDMAX",
        "frequency",
        "uV^2/Hz",
        psd_maximum,
        "max P(f), P the periodogram above 0 Hz",
        "O(N log N)",
    ),
    _measure("PSDMIN", "frequency", "uV^2/Hz", psd_minimum, "min P(f)", "O(N log N)"),
    _measure("PSDMEAN", "frequency", "uV^2/Hz", psd_mean, "mean P(f)", "O(N log N)"),
    _measure("MEDF", "frequency", "Hz", median_frequency, "halves sum P(f)", "O(N log N)"),
    _measure(
        "STFTE",
        "frequency",
        "uV^2",
        stft_band_energy,
        "sum over band and segments of the Hamming short-time spectrum",
        "O(N log N)",
    ),
    _measure(
        "WVDE",
        "frequency",
        "uV^2",
        wigner_ville_energy,
        "sum over band of the analytic signal's periodogram",
        "O(N log N)",
    ),
    _measure(
        "WRELEN",
        "wavelet",
        "1",
        wavelet_relative_energy,
        "E_j / sum E over A1..A5, D1..D5",
    ),
    _measure("WENTR", "wavelet", "bit", wavelet_entropy, "-sum p log2 p, p = c^2 / E_j"),
    _measure(
        "WSTAT",
        "wavelet",
        "that of the statistic",
        wavelet_statistic,
        "a statistic of the coefficients c of a component",
    ),
    _measure(
        "FREQREG",
        "wavelet",
        "1",
        frequency_regularity,
        "1 + sum p log2 p / 5, p the energy shares of 32 wavelet packets",
        "O(5 N)",
    ),
    _measure(
        "MFCC",
        "cepstrum",
        "1",
        mel_cepstrum,
        "sqrt(2 / P) sum log m_j cos(pi i (j - 1/2) / P), m_j the energy in mel filter j of P",
        "O(N log N)",
    ),
)

_ALL = (*UNIVARIATE29, *FURTHER)


def available_measures() -> dict[str, Measure]:
    """List all measures by name: those of the set "univariate29" in its order, then the others.

    Returns
    -------
    dict of str to Measure
        Each has ``name``, ``abbreviation``, ``group``, ``unit``, ``function``, ``formula``,
        ``cost`` and ``parameters``.

    Examples
    --------
    >>> from skseizure.features import available_measures
    >>> measures = available_measures()
    >>> len(measures)
    62
    >>> measures["line_length"].abbreviation, measures["line_length"].unit
    ('LL', 'uV per sample')
    >>> measures["stft_band_energy"].parameters
    {'sfreq': 'required', 'band': (1.0, 4.0)}
    """
    return {measure.name: measure for measure in _ALL}


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
    >>> from skseizure.measures._registry import get_measure
    >>> get_measure("SampEn").name
    'sample_entropy'
    """
    wanted = name.casefold() if isinstance(name, str) else None
    for measure in _ALL:
        if wanted in (measure.name, measure.abbreviation.casefold()):
            return measure
    valid = ", ".join(f"{measure.name} ({measure.abbreviation})" for measure in _ALL)
    raise ValueError(f"There is no measure {name!r}; there are: {valid}.")
