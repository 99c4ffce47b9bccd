"""Filters and resampling of signals in arrays."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._core.amplitude import is_finite
from . import _kernels

BLOCK = 2**22  # samples filtered at a time in float64: 32 MiB, or one signal where it is longer
PIECE = 2**18  # samples that a recursive filter copies at a time
FEW, MOST = 6, 24  # signals: fewer are filtered by scipy; as many at a time by our own kernel
FIR_SECONDS = 4.0  # 1025 taps at 256 Hz
FIR_LOW, FIR_HIGH = 0.45, 1.0  # Hz, transition bands of that filter
FIR_TOLERANCE = 0.02  # largest deviation of its gain; the design itself reaches 0.0125
FIR_LONGEST = 6001  # taps; beyond, the exchange takes long and ends in wrong filters
NOTCH_Q = 30.0
TAIL = 1e-12  # of a recursive filter's response, relative to its largest sample


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
    sections = _design_butterworth(float(sfreq), low, high, order)
    level = low is not None
    return _in_blocks(lambda block: _forward_backward(sections, block, level=level), x, dtype)


def butterworth_bandpasses(
    x: ArrayLike, sfreq: float, bands: Sequence[tuple[float, float]], order: int = 6
) -> Iterator[NDArray[np.float64]]:
    """Filter into one band after the other, in less time than by `butterworth_bandpass` each.

    Parameters
    ----------
    x, sfreq, order
        As in `butterworth_bandpass`.
    bands : sequence of (float, float)
        Edges of the bands in Hz.

    Yields
    ------
    ndarray of float64, shape (..., n_times)
        What `butterworth_bandpass` returns for the band. The next one takes its memory.
    """
    x = _checked(x)
    designs = [_design_butterworth(float(sfreq), low, high, order) for low, high in bands]
    signals = x.reshape(-1, x.shape[-1])
    few = len(signals) < FEW
    out = np.empty(() if few else signals.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        # Band-passes of one order are extended equally.
        parts = [] if few else _in_lanes(designs[0], signals, level=True)
    for design in designs:
        with np.errstate(over="ignore", invalid="ignore"):
            if few:
                out = _one_after_the_other(design, x, level=True)
            for i, given in zip(range(0, len(signals), MOST), parts, strict=not few):
                _filter_lanes(design, given, out[i : i + MOST])
        _refuse_overflow(out)
        yield out.reshape(x.shape)


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
    design = _sections(tf2sos(*iirnotch(freq, NOTCH_Q, fs=sfreq)))
    return _in_blocks(lambda block: _forward_backward(design, block), x)


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
    Kaiser window of 20 periods of the lower rate, has its -6 dB point at half the lower rate. The
    straight line through each signal's first and last sample is set aside meanwhile, and beyond its
    ends the signal goes on along it, so an offset leaves no step.
    """
    ratio = _ratio(sfreq, new_sfreq)

    def by_ratio(block: NDArray) -> NDArray[np.float64]:
        n = block.shape[-1]
        ends = block[..., :1], block[..., -1:]
        return _resample_part(lambda i, j: block[..., i:j], n, ratio, 0, math.ceil(n * ratio), ends)

    return _in_blocks(by_ratio, x)


def resample_part(
    read: Callable[[int, int], NDArray],
    n_times: int,
    sfreq: float,
    new_sfreq: float,
    first: int,
    end: int,
) -> NDArray[np.floating]:
    """Return samples ``first`` to ``end - 1`` of what `resample` makes of a signal, with its bits.

    Parameters
    ----------
    read : callable
        Returns samples i to j - 1 of the signal, shape (..., j - i).
    n_times : int
        Samples of the signal.
    sfreq, new_sfreq : float
        As in `resample`.
    first, end : int
        What is wanted of the resampled signal.

    Returns
    -------
    ndarray, shape (..., end - first)
        In the type that `resample` returns.
    """
    ratio = _ratio(sfreq, new_sfreq)
    ends = read(0, 1), read(n_times - 1, n_times)
    dtype = np.float32 if ends[0].dtype == np.float32 else np.float64
    return _resample_part(read, n_times, ratio, first, end, ends).astype(dtype)


def _resample_part(
    read: Callable[[int, int], NDArray],
    n_times: int,
    ratio: Fraction,
    first: int,
    end: int,
    ends: tuple[NDArray, NDArray],
) -> NDArray[np.float64]:
    from scipy.signal import resample_poly

    up, down = ratio.numerator, ratio.denominator
    start, stop = (edge.astype(np.float64) for edge in ends)
    slope = (stop - start) / max(1, n_times - 1)
    # As far as scipy's filter reaches, and to where samples before and after fall together.
    reach = 10 * max(up, down) // up + 1
    begin = max(0, first // up * down - -(-reach // down) * down)
    until = min(n_times, math.ceil(end / ratio) + reach)
    given = read(begin, until).astype(np.float64)
    given -= start + slope * np.arange(begin, until)
    # Before the first sample and after the last, what is left of the signal is zero.
    done = resample_poly(given, up, down, axis=-1)
    skipped = first - begin // down * up
    wanted = done[..., skipped : skipped + end - first]
    return wanted + (start + slope * (np.arange(first, end) * (down / up)))


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


class _Sections(NamedTuple):
    """A recursive filter, to be run forwards and backwards."""

    sos: NDArray[np.float64]
    settled: NDArray[np.float64]  # states after a long row of ones, shape (n_sections, 2)
    extension: int  # samples to extend a signal by at either end, if it has as many


@lru_cache(maxsize=64)
def _design_butterworth(
    sfreq: float, low: float | None, high: float | None, order: int
) -> _Sections:
    from scipy.signal import butter

    _check_band(sfreq, low, high)
    if order < 1:
        raise ValueError(f"order is {order!r}; at least 1 is needed.")
    return _sections(butter(order, *_edges(low, high), fs=sfreq, output="sos"))


def notch_seconds(sfreq: float, freq: float) -> float:
    """Return what `settling_seconds` returns, for `notch_filter`."""
    from scipy.signal import iirnotch

    _check_band(sfreq, None, freq, what=f"The notch at {freq!r} Hz")
    poles = np.roots(iirnotch(freq, NOTCH_Q, fs=sfreq)[1])
    return float(math.log(TAIL) / math.log(np.abs(poles).max()) / sfreq)


def fir_seconds(sfreq: float, low: float | None, high: float | None) -> float:
    """Return how far `fir_bandpass` looks to either side."""
    return len(_design_fir(float(sfreq), low, high)) // 2 / sfreq


def _edges(low: float | None, high: float | None) -> tuple[float | list[float], str]:
    """Return the second and third argument of ``scipy.signal.butter``."""
    edges = [edge for edge in (low, high) if edge is not None]
    if len(edges) == 2:
        return edges, "bandpass"
    return edges[0], "lowpass" if low is None else "highpass"


def _sections(sos: NDArray[np.float64]) -> _Sections:
    from scipy.signal import sosfilt_zi

    # scipy's default extension, which it refuses to shorten itself.
    n_zeros = min((sos[:, 2] == 0).sum(), (sos[:, 5] == 0).sum())
    return _Sections(sos, sosfilt_zi(sos), 3 * int(2 * len(sos) + 1 - n_zeros))


def settling_seconds(sfreq: float, low: float | None, high: float | None, order: int) -> float:
    """Return how far from a cut a Butterworth filter that runs both ways feels it.

    Parameters
    ----------
    sfreq, low, high, order
        As in `butterworth_bandpass`.

    Returns
    -------
    float
        Seconds after which the slowest of the filter's poles has decayed to `TAIL`.
    """
    from scipy.signal import butter

    _design_butterworth(float(sfreq), low, high, order)  # refuses what is no band
    _, poles, _ = butter(order, *_edges(low, high), fs=sfreq, output="zpk")
    return math.log(TAIL) / math.log(np.abs(poles).max()) / sfreq


def _forward_backward(design: _Sections, x: NDArray, *, level: bool = False) -> NDArray[np.float64]:
    """Do what ``scipy.signal.sosfiltfilt`` does, faster where there are several signals.

    ``level`` takes each signal's first sample off beforehand.
    """
    signals = x.reshape(-1, x.shape[-1])
    if len(signals) < FEW:
        return _one_after_the_other(design, x, level=level)
    out = np.empty(signals.shape)
    for i in range(0, len(signals), MOST):
        (given,) = _in_lanes(design, signals[i : i + MOST], level=level)
        _filter_lanes(design, given, out[i : i + MOST])
    return out.reshape(x.shape)


def _in_lanes(design: _Sections, signals: NDArray, *, level: bool) -> list[NDArray[np.float64]]:
    """Return extended signals, up to `MOST` side by side, each shape (n_all, n_lanes)."""
    pad = min(design.extension, signals.shape[1] - 1)
    parts = []
    for i in range(0, len(signals), MOST):
        part = np.array(signals[i : i + MOST], dtype=np.float64, order="C")
        if level:
            part -= part[:, :1].copy()
        n_lanes = -(-len(part) // _kernels.LANES) * _kernels.LANES
        given = np.zeros((part.shape[1] + 2 * pad, n_lanes))
        _kernels.extend(part, pad, given)
        parts.append(given)
    return parts


def _filter_lanes(design: _Sections, given: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    pad = min(design.extension, out.shape[1] - 1)
    work = _room(given.shape)
    _kernels.filter_both_ways(given, len(given), pad, design.sos, design.settled, work, out)


_own = threading.local()


def _room(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return an array with whatever was in it; each thread has one of moderate size."""
    size = shape[0] * shape[1]
    room = getattr(_own, "room", None)
    if room is None or len(room) < size:
        room = np.empty(size)
        if size <= BLOCK:
            _own.room = room
    return room[:size].reshape(shape)


def _one_after_the_other(design: _Sections, x: NDArray, *, level: bool) -> NDArray[np.float64]:
    """Filter by scipy, in the memory of the result and no more."""
    from scipy.signal import sosfilt

    sos, n = design.sos, x.shape[-1]
    pad = min(design.extension, n - 1)
    y = np.empty((*x.shape[:-1], n + 2 * pad))
    inside = y[..., pad : pad + n]
    inside[...] = x
    if level:
        inside -= x[..., :1]
    y[..., :pad] = 2 * inside[..., :1] - inside[..., pad:0:-1]
    y[..., pad + n :] = 2 * inside[..., -1:] - inside[..., -2 : -pad - 2 : -1]
    settled = design.settled.reshape(len(sos), *(1,) * (x.ndim - 1), 2)
    step = max(1, PIECE // max(1, int(np.prod(x.shape[:-1]))))
    for way in (y, y[..., ::-1]):
        state = settled * way[..., :1]
        for start in range(0, way.shape[-1], step):
            piece = way[..., start : start + step]
            piece[...], state = sosfilt(sos, piece, axis=-1, zi=state)
    return inside


def _checked(x: ArrayLike) -> NDArray:
    """Return finite signals as an array, or raise."""
    x = np.asanyarray(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"x has the dtype {x.dtype}; real numbers are needed.")
    if np.ma.isMaskedArray(x):
        raise ValueError("x is a masked array; fill its gaps or cut them out first.")
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"x has shape {x.shape}; at least one sample along the last axis needed.")
    if not is_finite(x):
        raise ValueError("x holds NaN or infinity; filters need finite signals.")
    return x


def _refuse_overflow(filtered: NDArray[np.floating]) -> None:
    if not is_finite(filtered):
        raise ValueError("x holds samples so large that the filter overflows; scale it down.")


def _in_blocks(
    function: Callable[[NDArray], NDArray[np.float64]],
    x: ArrayLike,
    dtype: DTypeLike | None = None,
) -> NDArray[np.floating]:
    """Apply a function along the last axis, which works in float64, a block of the first at a time.

    Without a ``dtype``, float32 stays what it is and all else becomes float64.
    """
    x = _checked(x)
    if x.ndim == 1:
        return _in_blocks(function, x[np.newaxis], dtype)[0]
    if dtype is None:
        dtype = np.float32 if x.dtype == np.float32 else np.float64
    out: NDArray[np.floating] | None = None
    size = max(1, BLOCK // max(1, int(np.prod(x.shape[1:]))))
    for i in range(0, max(1, len(x)), size):
        block = x[i : i + size]
        with np.errstate(over="ignore", invalid="ignore"):
            done = function(block).astype(dtype, copy=False)
        _refuse_overflow(done)
        if len(block) == len(x):
            return done
        if out is None:
            out = np.empty((len(x), *done.shape[1:]), dtype=dtype)
        out[i : i + size] = done
    assert out is not None
    return out
