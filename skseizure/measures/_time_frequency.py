"""Energies of frequency bands of EEG windows.

Both measures are in the unit of ``sum x^2``: summed over all frequencies, each gives about the
energy of the window less its mean. Windows shorter than a second are padded with zeros to a second,
so that a band has frequencies in it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.errors import prefix_errors
from ._batch import Batch, Values, as_batch
from ._morphology import check_rate
from ._power import power_spectrum, segment_power
from ._registry import measure


@measure(
    "STFTE",
    group="frequency",
    unit="uV^2",
    formula="sum over band and segments of the Hamming short-time spectrum",
    cost="O(N log N)",
)
def stft_band_energy(
    x: ArrayLike, *, sfreq: float, band: tuple[float, float] = (1.0, 4.0)
) -> Values:
    """Compute the energy of a frequency band from each window's short-time Fourier transform.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float
        Sampling rate in Hz.
    band : (float, float), default=(1, 4)
        Edges in Hz, ``low <= f < high``.

    Returns
    -------
    float or ndarray, shape (n,)
        Energy in microvolt squared; 0 for a constant window.

    Raises
    ------
    ValueError
        If the band is out of order, reaches half the sampling rate or has no frequency in it.

    Notes
    -----
    STFTE = N sum_f P(f), P the mean over segments of 2 abs(S(f))^2 / (n_fft sum w^2), S the
    transform of a segment of the window less its mean. Segments are half the window, overlap by
    half and are weighted by a Hamming window w (the CNBC paper names the Hamming window only).
    As ``scipy.signal.welch`` over them. O(N log N).

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import stft_band_energy
    >>> tone = np.sin(2 * np.pi * 10 * np.arange(256) / 256)
    >>> [float(stft_band_energy(tone, sfreq=256, band=band).round(1)) for band in ((1, 4), (7, 13))]
    [0.0, 127.3]
    """
    batch = as_batch(x)
    n_fft = n_fft_of(batch.n_times, sfreq)
    part = band_slice(band, sfreq, n_fft)
    return batch.finish(_segment_power(batch, n_fft)[:, part].sum(axis=1))


@measure(
    "WVDE",
    group="frequency",
    unit="uV^2",
    formula="sum over band of the analytic signal's periodogram",
    cost="O(N log N)",
)
def wigner_ville_energy(
    x: ArrayLike, *, sfreq: float, band: tuple[float, float] = (1.0, 4.0)
) -> Values:
    """Compute the energy of a frequency band from each window's Wigner-Ville distribution.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float
        Sampling rate in Hz.
    band : (float, float), default=(1, 4)
        Edges in Hz, ``low <= f < high``.

    Returns
    -------
    float or ndarray, shape (n,)
        Energy in microvolt squared; 0 for a constant window.

    Raises
    ------
    ValueError
        If the band is out of order, reaches half the sampling rate or has no frequency in it.

    Notes
    -----
    WVDE = sum_f abs(Z(f))^2 / (2 n_fft), Z the transform of the analytic signal of the window less
    its mean: summed over all times, the Wigner-Ville distribution is the periodogram of the
    analytic signal (its frequency marginal), which is computed instead. O(N log N). Cohen,
    Time-frequency distributions: a review, Proc. IEEE 77, 941-981, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import wigner_ville_energy
    >>> tone = np.sin(2 * np.pi * 10 * np.arange(256) / 256)
    >>> float(wigner_ville_energy(tone, sfreq=256, band=(7, 13)).round(6))
    128.0
    """
    batch = as_batch(x)
    n_fft = n_fft_of(batch.n_times, sfreq)
    part = band_slice(band, sfreq, n_fft)
    return batch.finish(_padded_power(batch, n_fft)[:, part].sum(axis=1) / n_fft)


def n_fft_of(n_times: int, sfreq: float) -> int:
    """Return the points of a transform with a frequency at least every Hz."""
    return max(n_times, math.ceil(check_rate(sfreq)))


def check_band(band: tuple[float, float], sfreq: float) -> tuple[float, float]:
    """Return the edges of a band as floats, or raise a ValueError if ``sfreq`` is too low."""
    with prefix_errors("band"):
        low, high = map(float, band)
    if not 0 <= low < high:
        raise ValueError(f"band is ({low:g}, {high:g}) Hz; 0 <= low < high is needed.")
    if high >= check_rate(sfreq) / 2:
        raise ValueError(
            f"sfreq is {sfreq:g} Hz, too low for the band {low:g}-{high:g} Hz; more than "
            f"{2 * high:g} Hz is needed, or another band."
        )
    return low, high


def band_slice(band: tuple[float, float], sfreq: float, n_fft: int) -> slice:
    """Return where ``low <= f < high`` lies in the frequencies of a transform, never empty."""
    low, high = check_band(band, sfreq)
    part = slice(*(math.ceil(edge * n_fft / sfreq - 1e-9) for edge in (low, high)))
    if part.start == part.stop:
        raise ValueError(
            f"band is ({low:g}, {high:g}) Hz, but windows have a frequency only every "
            f"{sfreq / n_fft:.3g} Hz; a wider band is needed, or longer windows."
        )
    return part


def _padded_power(batch: Batch, n_fft: int) -> NDArray[np.float64]:
    """Return 2 abs(X)^2 of the window less its mean, with zeros up to ``n_fft``."""
    if n_fft == batch.n_times:
        return power_spectrum(batch)

    return batch.share(
        ("padded_power", n_fft),
        lambda: segment_power(batch.x, np.ones(batch.n_times), n_fft=n_fft, factors=2.0),
    )


def _segment_power(batch: Batch, n_fft: int) -> NDArray[np.float64]:
    """Return N P(f) of `stft_band_energy`, shape (n, n_fft // 2 + 1)."""

    def compute() -> NDArray[np.float64]:
        from scipy.signal import get_window

        length = max(1, batch.n_times // 2)
        weights = get_window("hamming", length)
        hop = max(1, length // 2)
        starts = np.arange(0, batch.n_times - length + 1, hop)
        scale = n_fft * np.sum(weights**2) * len(starts) / batch.n_times
        return segment_power(batch.x, weights, starts, n_fft=n_fft, factors=2.0 / scale)

    return batch.share(("segment_power", n_fft), compute)
