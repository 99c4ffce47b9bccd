"""Filters and resampling of signals in arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._core.amplitude import is_finite

BLOCK = 2**22  # samples filtered at a time in float64: 32 MiB, or one signal where it is longer
PIECE = 2**18  # samples that a recursive filter copies at a time
FIR_SECONDS = 4.0  # 1025 taps at 256 Hz
FIR_LOW, FIR_HIGH = 0.45, 1.0  # Hz, transition bands of that filter
FIR_TOLERANCE = 0.02  # largest deviation of its gain; the design itself reaches 0.0125
FIR_LONGEST = 6001  # taps; beyond, the exchange takes long and ends in wrong filters
NOTCH_Q = 30.0


def butterworth_bandpass(
    x: ArrayLike,
    sfreq: float,
    low: float | None,
    high: float | None,
    order: int = 6,
    dtype: DTypeLike | None = None,
) -> NDArray[np.floating]:
    """Filter without delay by a Butterworth band-pass, run forwards and backwards.

    Parameters
    ----------
    x : array-like, shape (..., n_times)
        Signals, filtered along the last axis; two samples are enough.
    sfreq : float
        Sampling rate in Hz.
    low, high : float or None
        Edges of the pass band in Hz. None leaves that side open: a low-pass or high-pass.
    order : int, default=6
        Order ``N`` of ``scipy.signal.butter``, the "sixth order" of the papers.
    dtype : dtype or None, default=None
        Of the result. None: float32 stays float32, all else becomes float64.

    Returns
    -------
    ndarray, shape (..., n_times)
        Filtered copy, computed in float64, in little more memory than that takes.

    Raises
    ------
    ValueError
        If an edge is not above 0 Hz and below half of ``sfreq``, the edges are not in order, both
        are None, or ``x`` is empty, not finite or so large that the filter overflows.
    TypeError
        If ``x`` does not hold real numbers.

    Notes
    -----
    As a band-pass, the ``N``-th order design has ``2 N`` poles. Running it forwards and backwards
    squares its gain: -6 dB at the edges instead of -3 dB, the slopes of order ``2 N``, no phase.
    Both ends are extended by odd reflection, by scipy's default of three times the filter's length
    or, in shorter signals, as far as there are samples. Where ``low`` is given, the filter takes
    an offset away; each signal's first sample is taken off beforehand, so that no rounding of an
    offset is left and a flat signal gives zeros.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.signals._filters import butterworth_bandpass
    >>> t = np.arange(1024) / 256
    >>> alpha = butterworth_bandpass(np.sin(2 * np.pi * 10 * t) + 50, 256, 8, 13)
    >>> bool(np.allclose(alpha[256:-256], np.sin(2 * np.pi * 10 * t)[256:-256], atol=0.01))
    True
    """
    from scipy.signal import butter

    _check_band(sfreq, low, high)
    if order < 1:
        raise ValueError(f"order is {order!r}; at least 1 is needed.")
    edges = [edge for edge in (low, high) if edge is not None]
    kind = "bandpass" if len(edges) == 2 else "lowpass" if low is None else "highpass"
    wn = edges if len(edges) == 2 else edges[0]
    sos = butter(order, wn, kind, fs=sfreq, output="sos")
    level = low is not None
    return _in_blocks(lambda block: _forward_backward(sos, block, level=level), x, dtype)


def fir_bandpass(
    x: ArrayLike, sfreq: float, low: float | None, high: float | None
) -> NDArray[np.floating]:
    """Filter by the Parks-McClellan linear-phase FIR, its delay taken out.

    Parameters
    ----------
    x : array-like, shape (..., n_times)
        Signals, filtered along the last axis; at least half the filter's length, 2 s.
    sfreq : float
        Sampling rate in Hz.
    low, high : float or None
        Edges of the pass band in Hz. None leaves that side open.

    Returns
    -------
    ndarray, shape (..., n_times)
        Filtered copy; float32 stays float32 (computed in float64), all else becomes float64.

    Raises
    ------
    ValueError
        If an edge or its transition band is outside (0, ``sfreq / 2``), the edges are not in order,
        both are None, no such filter can be designed, or ``x`` is too short, empty or not finite.

    Notes
    -----
    The stop bands begin 0.45 Hz below ``low`` (at a tenth of it, where ``low`` is under 0.5 Hz) and
    1 Hz above ``high``. For 0.5 to 30 Hz at 256 Hz these are ``remez`` bands [0, 0.05, 0.5, 30, 31,
    128] and 1025 taps (the paper [1]_ gives no order; this one is ours): 0.22 dB of ripple, -38 dB
    in the stop bands. The length keeps its 4 s at other rates and grows as the narrowest
    transition shrinks, so that these figures stay. Both ends are extended by odd reflection over
    half the filter, so the first and last 2 s rest partly on reflected signal.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince, "Automated patient-specific classification of
       long-term electroencephalography", J. Biomed. Inform. 49 (2014) 16-31.
    """
    from scipy.signal import oaconvolve

    taps = _design_fir(float(sfreq), low, high)
    half = len(taps) // 2
    x = np.asanyarray(x)
    if x.ndim and 0 < x.shape[-1] <= half:
        raise ValueError(
            f"x lasts {x.shape[-1] / sfreq:g} s; the Parks-McClellan filter needs more than half "
            f"its length, {half / sfreq:g} s. Use method='butterworth' on short signals."
        )

    def convolve(block: NDArray) -> NDArray[np.float64]:
        block = block.astype(np.float64, copy=False)
        before = 2 * block[..., :1] - block[..., half:0:-1]
        after = 2 * block[..., -1:] - block[..., -2 : -half - 2 : -1]
        padded = np.concatenate([before, block, after], axis=-1)
        kernel = taps.reshape((1,) * (block.ndim - 1) + (-1,))
        return oaconvolve(padded, kernel, mode="valid", axes=-1)

    return _in_blocks(convolve, x)


def notch_filter(x: ArrayLike, sfreq: float, freq: float) -> NDArray[np.floating]:
    """Take out one frequency, without delay.

    Parameters
    ----------
    x : array-like, shape (..., n_times)
        Signals, filtered along the last axis.
    sfreq : float
        Sampling rate in Hz.
    freq : float
        Frequency to take out in Hz, such as 50 or 60.

    Returns
    -------
    ndarray, shape (..., n_times)
        Filtered copy; float32 stays float32 (computed in float64), all else becomes float64.

    Raises
    ------
    ValueError
        If ``freq`` is not above 0 Hz and below half of ``sfreq``, or ``x`` is empty or not finite.

    Notes
    -----
    ``scipy.signal.iirnotch`` of quality 30 (-3 dB points ``freq / 30`` apart), run forwards and
    backwards, which makes them -6 dB points.
    """
    from scipy.signal import iirnotch, tf2sos

    _check_band(sfreq, None, freq, what=f"The notch at {freq!r} Hz")
    sos = tf2sos(*iirnotch(freq, NOTCH_Q, fs=sfreq))
    return _in_blocks(lambda block: _forward_backward(sos, block), x)


def resample(x: ArrayLike, sfreq: float, new_sfreq: float) -> NDArray[np.floating]:
    """Resample along the last axis by a rational ratio, with an anti-aliasing filter.

    Parameters
    ----------
    x : array-like, shape (..., n_times)
        Signals.
    sfreq, new_sfreq : float
        Present and wanted sampling rate in Hz.

    Returns
    -------
    ndarray, shape (..., ceil(n_times * new_sfreq / sfreq))
        Resampled copy; float32 stays float32, all else becomes float64.

    Raises
    ------
    ValueError
        If a rate is not above 0 Hz, or ``x`` is empty or not finite.

    Notes
    -----
    ``scipy.signal.resample_poly`` with the nearest ratio of whole numbers whose denominator is at
    most 100 000: exact for all usual rates (173.61 Hz to 256 Hz is 25600 / 17361). Its filter, a
    Kaiser window of 20 periods of the lower rate, has its -6 dB point at half the lower rate. Each
    signal's mean is set aside meanwhile, and beyond its ends it goes on along the straight line
    through its first and last sample, so an offset leaves no step.
    """
    from scipy.signal import resample_poly

    ratio = _ratio(sfreq, new_sfreq)
    up, down = ratio.numerator, ratio.denominator

    def by_ratio(block: NDArray) -> NDArray[np.float64]:
        block = block.astype(np.float64, copy=False)
        # The phases of the filter differ a little in their gain at 0 Hz: a large offset would
        # come out as a ripple.
        offset = block.mean(axis=-1, keepdims=True)
        return resample_poly(block - offset, up, down, axis=-1, padtype="line") + offset

    return _in_blocks(by_ratio, x)


def resampled_length(n_times: int, sfreq: float, new_sfreq: float) -> int:
    """Return how many samples `resample` makes of ``n_times``."""
    return n_times if sfreq == new_sfreq else math.ceil(n_times * _ratio(sfreq, new_sfreq))


def _ratio(sfreq: float, new_sfreq: float) -> Fraction:
    for name, rate in (("sfreq", sfreq), ("new_sfreq", new_sfreq)):
        if not (np.isfinite(rate) and rate > 0):
            raise ValueError(f"{name} is {rate!r}; a sampling rate above 0 Hz is needed.")
    ratio = Fraction(float(new_sfreq) / float(sfreq)).limit_denominator(100_000)
    if ratio == 0:
        raise ValueError(
            f"new_sfreq is {new_sfreq:g} Hz, under a hundred-thousandth of {sfreq:g} Hz."
        )
    return ratio


@lru_cache(maxsize=8)
def _design_fir(sfreq: float, low: float | None, high: float | None) -> NDArray[np.float64]:
    from scipy.signal import freqz, remez

    bands, gains, widths = [0.0], [1.0], [1.0]  # transitions relative to the spec's, which are 1
    if low is not None:
        width = min(FIR_LOW, 0.9 * low)
        bands += [low - width, low]
        gains = [0.0, 1.0]
        widths.append(width / FIR_LOW)
    if high is not None:
        bands += [high, high + FIR_HIGH]
        gains.append(0.0)
    _check_band(sfreq, low, high, above=FIR_HIGH)
    bands.append(sfreq / 2)
    n_taps = 2 * round(FIR_SECONDS / min(widths) * sfreq / 2) + 1
    if n_taps <= FIR_LONGEST:
        taps = remez(n_taps, bands, gains, fs=sfreq)
        # The exchange can end in a wrong filter and say nothing: look at what came out.
        freq, response = freqz(taps, worN=32 * n_taps, fs=sfreq)
        inside = [
            (freq >= start) & (freq <= end)
            for start, end in zip(bands[::2], bands[1::2], strict=True)
        ]
        missed = [np.abs(np.abs(response[b]) - g).max() for b, g in zip(inside, gains, strict=True)]
        if max(missed) <= FIR_TOLERANCE:
            taps.flags.writeable = False
            return taps
    raise ValueError(
        f"No Parks-McClellan filter of {n_taps} taps could be designed for {_band(low, high)} at "
        f"{sfreq:g} Hz; resample to a lower rate, raise low, or use method='butterworth'."
    )


def _check_band(
    sfreq: float,
    low: float | None,
    high: float | None,
    *,
    above: float = 0.0,
    what: str | None = None,
) -> None:
    if not (np.isfinite(sfreq) and sfreq > 0):
        raise ValueError(f"sfreq is {sfreq!r}; a sampling rate above 0 Hz is needed.")
    if low is None and high is None:
        raise ValueError("low and high are both None; at least one edge of the band is needed.")
    what = f"The band {_band(low, high)}" if what is None else what
    edges = [edge for edge in (low, high) if edge is not None]
    if not all(np.isfinite(edge) and edge > 0 for edge in edges):
        raise ValueError(f"{what} must lie above 0 Hz; None leaves a side open.")
    if len(edges) == 2 and edges[0] >= edges[1]:
        raise ValueError(f"{what} is empty; low must be below high.")
    top = edges[-1] + (above if high is not None else 0.0)
    if top >= sfreq / 2:
        raise ValueError(
            f"{what} does not fit a sampling rate of {sfreq:g} Hz; "
            f"a rate above {2 * top:g} Hz is needed."
        )


def _band(low: float | None, high: float | None) -> str:
    return f"{'0' if low is None else f'{low:g}'}-{'' if high is None else f'{high:g}'} Hz"


def _forward_backward(
    sos: NDArray[np.float64], x: NDArray, *, level: bool = False
) -> NDArray[np.float64]:
    """Do what ``scipy.signal.sosfiltfilt`` does, in the memory of its result and no more.

    ``level`` takes each signal's first sample off beforehand.
    """
    from scipy.signal import sosfilt, sosfilt_zi

    # scipy's default extension, which it refuses to shorten itself.
    n_zeros = min((sos[:, 2] == 0).sum(), (sos[:, 5] == 0).sum())
    n = x.shape[-1]
    pad = min(3 * int(2 * len(sos) + 1 - n_zeros), n - 1)
    y = np.empty((*x.shape[:-1], n + 2 * pad))
    inside = y[..., pad : pad + n]
    inside[...] = x
    if level:
        inside -= x[..., :1]
    y[..., :pad] = 2 * inside[..., :1] - inside[..., pad:0:-1]
    y[..., pad + n :] = 2 * inside[..., -1:] - inside[..., -2 : -pad - 2 : -1]
    settled = sosfilt_zi(sos).reshape(len(sos), *(1,) * (x.ndim - 1), 2)
    step = max(1, PIECE // max(1, int(np.prod(x.shape[:-1]))))
    for way in (y, y[..., ::-1]):
        state = settled * way[..., :1]
        for start in range(0, way.shape[-1], step):
            piece = way[..., start : start + step]
            piece[...], state = sosfilt(sos, piece, axis=-1, zi=state)
    return inside


def _in_blocks(
    function: Callable[[NDArray], NDArray[np.float64]],
    x: ArrayLike,
    dtype: DTypeLike | None = None,
) -> NDArray[np.floating]:
    """Apply a function along the last axis, which works in float64, a block of the first at a time.

    Without a ``dtype``, float32 stays what it is and all else becomes float64.
    """
    x = np.asanyarray(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"x has the dtype {x.dtype}; real numbers are needed.")
    if np.ma.isMaskedArray(x):
        raise ValueError("x is a masked array; fill its gaps or cut them out first.")
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"x has shape {x.shape}; at least one sample along the last axis needed.")
    if x.ndim == 1:
        return _in_blocks(function, x[np.newaxis], dtype)[0]
    if dtype is None:
        dtype = np.float32 if x.dtype == np.float32 else np.float64
    out: NDArray[np.floating] | None = None
    size = max(1, BLOCK // max(1, int(np.prod(x.shape[1:]))))
    for i in range(0, max(1, len(x)), size):
        block = x[i : i + size]
        if not is_finite(block):
            raise ValueError("x holds NaN or infinity; filters need finite signals.")
        with np.errstate(over="ignore", invalid="ignore"):
            done = function(block).astype(dtype, copy=False)
        if not is_finite(done):
            raise ValueError("x holds samples so large that the filter overflows; scale it down.")
        if len(block) == len(x):
            return done
        if out is None:
            out = np.empty((len(x), *done.shape[1:]), dtype=dtype)
        out[i : i + size] = done
    assert out is not None
    return out
