"""Mel-frequency cepstral coefficients of EEG windows."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _kernels_spectral
from ._batch import Batch, Values, as_batch, check_integer
from ._morphology import check_rate
from ._power import segment_power
from ._registry import measure
from ._time_frequency import check_band

N_FILTERS = 12

# Filters whose share of the largest power is smaller hold rounding errors.
_FLOOR = 1e-12


@measure(
    "MFCC",
    group="cepstrum",
    unit="1",
    formula="sqrt(2 / P) sum log m_j cos(pi i (j - 1/2) / P), m_j the energy in mel filter j of P",
    cost="O(N log N)",
)
def mel_cepstrum(
    x: ArrayLike,
    *,
    sfreq: float,
    band: tuple[float, float] = (0.5, 30.0),
    coefficient: int = 1,
    n_filters: int = N_FILTERS,
) -> Values:
    """Compute a mel-frequency cepstral coefficient of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float
        Sampling rate in Hz.
    band : (float, float), default=(0.5, 30)
        Edges in Hz of the range that the filters share out among them; the default is that of the
        CNBC paper's band-pass.
    coefficient : int, default=1
        Number i of the coefficient, from 1 to ``n_filters - 1``.
    n_filters : int, default=12
        Filters P in the band: twice the six coefficients that the CNBC paper keeps, as in speech
        recognition (the paper does not say).

    Returns
    -------
    float or ndarray, shape (n,)
        Coefficient, no unit; 0 for a constant window.

    Raises
    ------
    ValueError
        If the band is out of order or reaches half the sampling rate, there is no such coefficient,
        or a filter is so narrow that it has no frequency in it.

    Notes
    -----
    MFCC = sqrt(2 / P) sum_j log m_j cos(pi i (j - 1/2) / P), Eq. 2 of the CNBC paper with its N
    read as P; m_j is the energy in filter j of the window less its mean, weighted by a Hamming
    window and padded with zeros to the next power of two with eight frequencies per Hz. The
    filters are triangles; with their neighbours' peaks for feet, peaks and outer feet are evenly
    spaced in mel(f) = 1127 log(1 + f / 700) (Eq. 1) over the band. Energies below 1e-12 of the
    largest power count as that much. O(N log N) of the padded window: the zeros, without which a
    filter of a narrow band has no frequency in windows of a second, are most of the cost.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import mel_cepstrum
    >>> t = np.arange(256) / 256
    >>> slow, fast = np.sin(2 * np.pi * 4 * t), np.sin(2 * np.pi * 25 * t)
    >>> mel_cepstrum([slow, fast], sfreq=256).round(1)
    array([ 15.1, -11. ])
    """
    n_filters = check_integer("n_filters", n_filters, 2)
    coefficient = check_integer("coefficient", coefficient, 1)
    if coefficient >= n_filters:
        raise ValueError(
            f"coefficient must be below n_filters = {n_filters}, got {coefficient}: the last "
            "cosine of Eq. 2 is 0 at all filters."
        )
    batch = as_batch(x)
    sfreq, band = float(sfreq), check_band(band, sfreq)

    def compute() -> NDArray[np.float64]:
        logs = _log_energies(batch, sfreq, band, n_filters)
        cosines = np.cos(np.pi * coefficient / n_filters * (np.arange(n_filters) + 0.5))
        return np.sum(logs * (math.sqrt(2.0 / n_filters) * cosines), axis=1)

    key = ("mel_cepstrum", sfreq, band, n_filters, coefficient)
    return batch.finish(batch.share(key, compute))


def _log_energies(
    batch: Batch, sfreq: float, band: tuple[float, float], n_filters: int
) -> NDArray[np.float64]:
    """Return the logarithms of the filters' energies, up to a constant, shape (n, n_filters)."""

    def compute() -> NDArray[np.float64]:
        n_fft = mel_points(batch.n_times, sfreq)
        power, largest = _hamming_power(batch, n_fft)
        filters = mel_filters(sfreq, n_fft, band, n_filters)
        energies = _kernels_spectral.filter_energies(power, *filters)
        least = np.where(batch.constant[:, np.newaxis], 1.0, _FLOOR * largest)
        return np.log(np.maximum(energies, least))

    return batch.share(("mel_energies", sfreq, band, n_filters), compute)


def _hamming_power(batch: Batch, n_fft: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the power spectrum of the weighted window, and its maximum, shape (n, 1)."""

    def compute() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        power = segment_power(batch.x, np.hamming(batch.n_times), n_fft=n_fft)
        return power, power.max(axis=1, keepdims=True)

    return batch.share(("hamming_power", n_fft), compute)


def mel_points(n_times: int, sfreq: float) -> int:
    """Return the points of the transform: a power of two, at least eight frequencies per Hz."""
    return 1 << (math.ceil(max(n_times, 8 * check_rate(sfreq))) - 1).bit_length()


@lru_cache(maxsize=64)
def mel_filters(
    sfreq: float, n_fft: int, band: tuple[float, float], n_filters: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the triangular filters.

    Number of each one's first frequency, where each one's weights end, and the weights of all, one
    filter after the other.
    """
    low, high = (1127.0 * math.log1p(edge / 700.0) for edge in band)
    edges = 700.0 * np.expm1(np.linspace(low, high, n_filters + 2) / 1127.0)
    frequency = np.arange(n_fft // 2 + 1) * (sfreq / n_fft)
    first, weights = [], []
    for left, peak, right in zip(edges[:-2], edges[1:-1], edges[2:], strict=True):
        inside = np.flatnonzero((left < frequency) & (frequency < right))
        if len(inside) == 0:
            raise ValueError(
                f"band is ({band[0]:g}, {band[1]:g}) Hz, too narrow for {n_filters} filters: there "
                f"is no frequency between {left:.4g} and {right:.4g} Hz; a wider band is needed, "
                "or fewer filters."
            )
        f = frequency[inside]
        rise, fall = (f - left) / (peak - left), (right - f) / (right - peak)
        first.append(inside[0])
        weights.append(np.minimum(rise, fall))
    ends = np.cumsum([len(filter_) for filter_ in weights])
    return np.array(first), ends, np.concatenate(weights)
