"""The twelve feature groups of the CNBC paper: names of features and the measures behind them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..measures._registry import get_measure

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

# The groups whose columns are measures, one each.
MEASURES = {
    "morph": (
        "peak_latency",
        "latency_amplitude_ratio",
        "absolute_amplitude",
        "absolute_latency_amplitude_ratio",
        "positive_area",
        "negative_area",
        "total_area",
        "absolute_total_area",
        "total_absolute_area",
        "average_absolute_slope",
        "peak_to_peak",
        "peak_to_peak_time",
        "peak_to_peak_slope",
        "zero_crossings",
        "zero_crossing_density",
        "slope_sign_alterations",
    ),
    "time": (
        "skewness",
        "kurtosis",
        "slope_sign_changes",
        "mean",
        "variance",
        "std",
        "coefficient_of_variation",
        "root_mean_square",
        "shannon_entropy",
        "approximate_entropy",
        "energy",
        "autocovariance_std",
        "autocovariance_variance",
        "autocovariance_energy",
    ),
    "freq": ("psd_maximum", "psd_minimum", "psd_mean", "spectral_entropy", "median_frequency"),
}

Features = dict[str, Callable[..., Any]]


@lru_cache(maxsize=64)  # every batch of windows asks for the same
def group_features(
    group: str,
    sfreq: float,
    wvd_bands: tuple[str, ...],
    mfcc_bands: tuple[tuple[float, float], ...],
) -> Features:
    """Return the functions of a group's features by name, each of a `Batch`.

    Parameters
    ----------
    group : str
        One of `GROUPS`. A group of derivatives has the functions of what is derived.
    sfreq : float
        Sampling rate in Hz.
    wvd_bands : tuple of str
        Names out of `BANDS`.
    mfcc_bands : tuple of (float, float)
        Edges in Hz.

    Returns
    -------
    dict of str to callable
        In the order of the columns.
    """

    def measured(name: str, **parameters: Any) -> Callable[..., Any]:
        return get_measure(name).bind(sfreq, **parameters)

    if group in MEASURES:
        return {name: measured(name) for name in MEASURES[group]}
    if group == "dwt_db4_stats":
        return {
            f"{part}_{name}": measured("wavelet_statistic", statistic=name, component=part)
            for part in COMPONENTS
            for name in STATISTICS
        }
    if group.startswith("dwt_"):
        features = {}
        for part in COMPONENTS:
            own = {"component": part, "wavelet": group.removeprefix("dwt_")}
            features[f"{part}_relative_energy"] = measured("wavelet_relative_energy", **own)
            features[f"{part}_entropy"] = measured("wavelet_entropy", **own)
            own["statistic"] = "coefficient_of_variation"
            features[f"{part}_coefficient_of_variation"] = measured("wavelet_statistic", **own)
        return features
    if group == "tf":
        return {
            **{f"stft_{b}_energy": measured("stft_band_energy", band=BANDS[b]) for b in BANDS},
            **{
                f"wvd_{b}_energy": measured("wigner_ville_energy", band=BANDS[b]) for b in wvd_bands
            },
            **{name: measured(name) for name in ("frequency_regularity", "lyapunov_exponent")},
        }
    return {
        f"{band_name(band)}_c{i}": measured("mel_cepstrum", band=band, coefficient=i)
        for band in mfcc_bands
        for i in range(1, N_COEFFICIENTS + 1)
    }


def band_name(band: tuple[float, float]) -> str:
    """Return the edges of a band as they stand in the names of columns."""
    return f"{band[0]:g}-{band[1]:g}Hz"
