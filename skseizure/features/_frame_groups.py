"""The twelve feature groups of the CNBC paper: names of features and the measures behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ..measures._batch import Values
from ..measures._cepstrum import mel_cepstrum
from ..measures._energy import (
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
from ..measures._entropy import approximate_entropy, shannon_entropy, spectral_entropy
from ..measures._frequency import median_frequency, psd_maximum, psd_mean, psd_minimum
from ..measures._morphology import (
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
from ..measures._nonlinear import lyapunov_exponent
from ..measures._time_domain import (
    kurtosis,
    mean,
    skewness,
    slope_sign_changes,
    std,
    zero_crossings,
)
from ..measures._time_frequency import stft_band_energy, wigner_ville_energy
from ..measures._wavelet import (
    frequency_regularity,
    wavelet_entropy,
    wavelet_relative_energy,
    wavelet_statistic,
)

GROUPS = (
    "morph",
    "time",
    "freq",
    "dwt_db1",
    "dwt_db2",
    "dwt_db3",
    "dwt_db4",
    "dwt_db4_stats",
    "tf",
    "mfcc",
    "d_mfcc",
    "dd_mfcc",
)

# How often the coefficients of a group are derived with respect to time.
DERIVATIVES = {"d_mfcc": 1, "dd_mfcc": 2}

BANDS = {"delta": (1.0, 4.0), "theta": (4.0, 7.0), "alpha": (7.0, 13.0), "beta": (13.0, 30.0)}

N_COEFFICIENTS = 6
COMPONENTS = [f"{letter}{level}" for letter in "AD" for level in range(1, 6)]
STATISTICS = ("maximum", "minimum", "variance", "mean", "std", "extrema", "energy")

Features = dict[str, Callable[..., Values]]


def group_features(
    group: str,
    sfreq: float,
    wvd_bands: Sequence[str],
    mfcc_bands: Sequence[tuple[float, float]],
) -> Features:
    """Return the functions of a group's features by name, each of a `Batch`.

    Parameters
    ----------
    group : str
        One of `GROUPS`. A group of derivatives has the functions of what is to be derived.
    sfreq : float
        Sampling rate in Hz.
    wvd_bands : sequence of str
        Names out of `BANDS`.
    mfcc_bands : sequence of (float, float)
        Edges in Hz.

    Returns
    -------
    dict of str to callable
        In the order of the columns.
    """
    if group == "morph":
        return _morph(sfreq)
    if group == "time":
        return _by_name(*_TIME)
    if group == "freq":
        timed = [partial(f, sfreq=sfreq) for f in (psd_maximum, psd_minimum, psd_mean)]
        return _by_name(*timed, spectral_entropy, partial(median_frequency, sfreq=sfreq))
    if group == "dwt_db4_stats":
        return {
            f"{part}_{name}": partial(wavelet_statistic, statistic=name, component=part)
            for part in COMPONENTS
            for name in STATISTICS
        }
    if group.startswith("dwt_"):
        return _wavelet(group.removeprefix("dwt_"))
    if group == "tf":
        return _time_frequency(sfreq, wvd_bands)
    return {
        f"{band_name(band)}_c{i}": partial(mel_cepstrum, sfreq=sfreq, band=band, coefficient=i)
        for band in mfcc_bands
        for i in range(1, N_COEFFICIENTS + 1)
    }


def band_name(band: tuple[float, float]) -> str:
    """Return the edges of a band as they stand in the names of columns."""
    return f"{band[0]:g}-{band[1]:g}Hz"


def _morph(sfreq: float) -> Features:
    return _by_name(
        partial(peak_latency, sfreq=sfreq),
        partial(latency_amplitude_ratio, sfreq=sfreq),
        absolute_amplitude,
        partial(absolute_latency_amplitude_ratio, sfreq=sfreq),
        positive_area,
        negative_area,
        total_area,
        absolute_total_area,
        total_absolute_area,
        partial(average_absolute_slope, sfreq=sfreq),
        peak_to_peak,
        partial(peak_to_peak_time, sfreq=sfreq),
        partial(peak_to_peak_slope, sfreq=sfreq),
        zero_crossings,
        partial(zero_crossing_density, sfreq=sfreq),
        slope_sign_alterations,
    )


_TIME = (
    skewness,
    kurtosis,
    slope_sign_changes,
    mean,
    variance,
    std,
    coefficient_of_variation,
    root_mean_square,
    shannon_entropy,
    approximate_entropy,
    energy,
    autocovariance_std,
    autocovariance_variance,
    autocovariance_energy,
)


def _wavelet(wavelet: str) -> Features:
    features: dict[str, Callable[..., Values]] = {}
    for part in COMPONENTS:
        options: dict[str, Any] = {"component": part, "wavelet": wavelet}
        features[f"{part}_relative_energy"] = partial(wavelet_relative_energy, **options)
        features[f"{part}_entropy"] = partial(wavelet_entropy, **options)
        features[f"{part}_coefficient_of_variation"] = partial(
            wavelet_statistic, statistic="coefficient_of_variation", **options
        )
    return features


def _time_frequency(sfreq: float, wvd_bands: Sequence[str]) -> Features:
    features: dict[str, Callable[..., Values]] = {}
    for name, band in BANDS.items():
        features[f"stft_{name}_energy"] = partial(stft_band_energy, sfreq=sfreq, band=band)
    for name in wvd_bands:
        features[f"wvd_{name}_energy"] = partial(wigner_ville_energy, sfreq=sfreq, band=BANDS[name])
    return features | _by_name(frequency_regularity, lyapunov_exponent)


def _by_name(*functions: Callable[..., Values]) -> Features:
    return {getattr(f, "func", f).__name__: f for f in functions}
