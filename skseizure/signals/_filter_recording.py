"""Filters and resampling of whole recordings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._filters import (
    butterworth_bandpass,
    fir_bandpass,
    fir_seconds,
    notch_filter,
    notch_seconds,
    resample,
    resample_part,
    resampled_length,
    settling_seconds,
)
from ._lazy import LazySignal
from ._recording import Recording, works_lazily
from ._samples import sampling_rate


@works_lazily
def filter_recording(
    recording: Recording,
    *,
    low: float | None = None,
    high: float | None = None,
    method: Literal["butterworth", "fir"] = "butterworth",
    order: int = 6,
    notch: float | Sequence[float] | None = None,
) -> Recording:
    """Filter a whole recording, before it is cut into windows.

    Parameters
    ----------
    recording : Recording
        The continuous signal.
    low, high : float or None, default=None
        Edges of the pass band in Hz; with one of them a high-pass or low-pass, with neither the
        notch alone.
    method : {"butterworth", "fir"}, default="butterworth"
        Zero-phase Butterworth filter, or the Parks-McClellan linear-phase FIR with its delay taken
        out (1025 taps at 256 Hz). Neither shifts the signal in time.
    order : int, default=6
        Order of the Butterworth filter; run forwards and backwards, it acts as one of twice that
        order. The FIR takes none.
    notch : float or sequence of float, default=None
        Frequencies to take out first, in Hz.

    Returns
    -------
    Recording
        The filtered copy, of the same dtype; all but the signal is unchanged. Of a recording that
        was opened lazily, samples are filtered whenever they are read, a part at a time; this
        changes them by less than 1e-10 of the largest and rounding.

    Raises
    ------
    ValueError
        If nothing is asked for, ``method`` is unknown, a frequency does not fit the sampling rate,
        or the signal is not finite or, for the FIR, too short.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.signals import Recording, filter_recording
    >>> t = np.arange(2560) / 256
    >>> recording = Recording(np.sin(2 * np.pi * np.outer([10, 50], t)), 256, ["a", "b"])
    >>> clean = filter_recording(recording, low=0.5, high=30, method="fir")
    >>> np.std(clean.data[:, 512:-512], axis=1).round(1).tolist()
    [0.7, 0.0]
    """
    if method not in ("butterworth", "fir"):
        raise ValueError(f"method is {method!r}; 'butterworth' or 'fir' is needed.")
    stops = [] if notch is None else np.atleast_1d(np.asarray(notch, dtype=float)).tolist()
    if low is None and high is None and not stops:
        raise ValueError("low, high and notch are all None; there is nothing to filter.")

    function = partial(
        _filtered,
        sfreq=recording.sfreq,
        low=low,
        high=high,
        method=method,
        order=order,
        stops=tuple(stops),
    )
    if isinstance(recording.data, LazySignal):
        seconds = [notch_seconds(recording.sfreq, freq) for freq in stops]
        if low is not None or high is not None:
            seconds.append(
                fir_seconds(recording.sfreq, low, high)
                if method == "fir"
                else settling_seconds(recording.sfreq, low, high, order)
            )
        margin = int(np.ceil(sum(seconds) * recording.sfreq))
        source, signal = _Filtered(recording, function, margin), recording.data
        lazy: Any = LazySignal(source, signal.shape, signal.dtype, signal.finite)
        return recording.replace(data=lazy)
    return recording.replace(data=_join([function(piece) for _, piece in recording.split()]))


def _filtered(
    data: NDArray,
    *,
    sfreq: float,
    low: float | None,
    high: float | None,
    method: str,
    order: int,
    stops: Sequence[float],
) -> NDArray[np.floating]:
    for freq in stops:
        data = notch_filter(data, sfreq, freq)
    if low is None and high is None:
        return data
    if method == "fir":
        return fir_bandpass(data, sfreq, low, high)
    return butterworth_bandpass(data, sfreq, low, high, order)


@works_lazily
def resample_recording(recording: Recording, sfreq: float) -> Recording:
    """Bring a recording to another sampling rate.

    Parameters
    ----------
    recording : Recording
        The continuous signal.
    sfreq : float
        Sampling rate wanted, in Hz.

    Returns
    -------
    Recording
        The resampled copy, of the same dtype. Of a recording that was opened lazily, samples are
        resampled whenever they are read, with the same bits.

    Raises
    ------
    ValueError
        If ``sfreq`` is not above 0 Hz, or the signal is not finite.

    Notes
    -----
    ``scipy.signal.resample_poly`` with a ratio of whole numbers; frequencies above half the lower
    of both rates are filtered out.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.signals import Recording, resample_recording
    >>> recording = Recording(np.zeros((1, 4097)), 173.61, ["F3"])
    >>> resample_recording(recording, 256).data.shape
    (1, 6042)
    """
    if sfreq == recording.sfreq:
        return recording
    if isinstance(recording.data, LazySignal):
        source, signal = _Resampled(recording, sampling_rate(sfreq)), recording.data
        counts = [source.length(piece.shape[1]) for _, piece in recording.split()]
        lazy: Any = LazySignal(source, (signal.shape[0], sum(counts)), signal.dtype, signal.finite)
        return _at_rate(recording, lazy, sfreq, counts)
    pieces = [resample(piece, recording.sfreq, sfreq) for _, piece in recording.split()]
    return _at_rate(recording, _join(pieces), sfreq, [piece.shape[1] for piece in pieces])


def _at_rate(recording: Recording, data: Any, sfreq: float, counts: Sequence[int]) -> Recording:
    stretches = tuple(
        (start, count / sfreq)
        for (start, _), count in zip(recording.stretches, counts, strict=True)
    )
    return recording.replace(data=data, sfreq=float(sfreq), stretches=stretches)


def _join(pieces: list[NDArray[np.floating]]) -> NDArray[np.floating]:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)


@dataclass(frozen=True, eq=False)
class _Resampled:
    """A lazy recording at another rate; a source of signals."""

    recording: Recording
    sfreq: float

    @property
    def original_sfreq(self) -> float:
        return self.recording.original_sfreq or self.recording.sfreq

    @property
    def in_ranges(self) -> bool:
        data: Any = self.recording.data
        return data.in_ranges

    def read(self) -> Recording:
        return resample_recording(self.recording.load(), self.sfreq)

    def samples(self, first: int, end: int) -> NDArray[np.floating]:
        def part(signal: LazySignal, low: int, high: int) -> NDArray[np.floating]:
            rates = self.recording.sfreq, self.sfreq
            return resample_part(partial(_read, signal), signal.shape[1], *rates, low, high)

        return _by_stretch(self.recording, self.length, part, first, end)

    def length(self, n_samples: int) -> int:
        return resampled_length(n_samples, self.recording.sfreq, self.sfreq)

    def narrow(self, channels: Sequence[int]) -> _Resampled:
        return _Resampled(_narrow(self.recording, channels), self.sfreq)


@dataclass(frozen=True, eq=False)
class _Filtered:
    """What a filter makes of a lazy recording; a source of signals.

    A part of a stretch is filtered with ``margin`` samples more on either side, after which the
    filter has forgotten where the signal was cut.
    """

    recording: Recording
    function: Callable[[NDArray], NDArray[np.floating]]
    margin: int

    @property
    def original_sfreq(self) -> float:
        return self.recording.original_sfreq or self.recording.sfreq

    @property
    def in_ranges(self) -> bool:
        data: Any = self.recording.data
        return data.in_ranges

    def read(self) -> Recording:
        loaded = self.recording.load()
        return loaded.replace(data=_join([self.function(piece) for _, piece in loaded.split()]))

    def samples(self, first: int, end: int) -> NDArray[np.floating]:
        def part(signal: LazySignal, low: int, high: int) -> NDArray[np.floating]:
            begin = max(0, low - self.margin)
            given = _read(signal, begin, min(signal.shape[1], high + self.margin))
            return self.function(given)[:, low - begin : high - begin]

        return _by_stretch(self.recording, int, part, first, end)

    def narrow(self, channels: Sequence[int]) -> _Filtered:
        return _Filtered(_narrow(self.recording, channels), self.function, self.margin)


def _read(signal: LazySignal, first: int, end: int) -> NDArray[np.floating]:
    return signal.stretch(first, end).read()


def _narrow(recording: Recording, channels: Sequence[int]) -> Recording:
    data: Any = recording.data
    names = [recording.ch_names[i] for i in channels]
    return recording.replace(data=data.narrow(channels), ch_names=names)


def _by_stretch(
    recording: Recording,
    length: Callable[[int], int],
    part: Callable[[LazySignal, int, int], NDArray[np.floating]],
    first: int,
    end: int,
) -> NDArray[np.floating]:
    """Make a range of samples of the stretches of a recording, each of ``length`` of its own."""
    signal: Any
    pieces, place = [], 0
    for _, signal in recording.split():
        n_samples = length(signal.shape[1])
        low, high = max(first - place, 0), min(end - place, n_samples)
        if low < high:
            pieces.append(part(signal, low, high))
        place += n_samples
    return _join(pieces)
