"""Where windows lie in a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .._core.timeline import covered
from ._lazy import LazySignal
from ._recording import Recording
from ._samples import number, sampling_rate, warn_of_scale
from ._window_index import Signal


@dataclass(frozen=True)
class Cut:
    """Windows by their place in signals.

    Parameters
    ----------
    signals : sequence of ndarray or LazySignal
        Recordings, shape (n_channels, n_samples), or one array of windows.
    source, start : ndarray of int, shape (n_windows,)
        As in `WindowIndex`.
    onset : ndarray of float, shape (n_windows,), or None
        In seconds from the start of the record.
    n_times : int
        Samples of a window.
    step : float or None
        Seconds from one window to the next.
    """

    signals: Sequence[Signal]
    source: NDArray[np.intp]
    start: NDArray[np.intp]
    onset: NDArray[np.float64] | None
    n_times: int
    step: float | None


def cut_recording(
    recording: Recording, window: float, step: float | None, max_unjudged: float
) -> Cut:
    """Cut each stretch of a recording into windows; see `Windows.from_recording`."""
    n_times, n_step = in_samples(recording.sfreq, window, step)
    if not 0 <= max_unjudged < 1:
        raise ValueError(f"max_unjudged is {max_unjudged!r}; a share in [0, 1) is needed.")
    onsets, signals = zip(*recording.split(), strict=True)
    starts = [np.arange(0, signal.shape[1] - n_times + 1, n_step) for signal in signals]
    source = np.repeat(np.arange(len(signals)), [len(start) for start in starts])
    start = np.concatenate(starts)
    onset = np.array(onsets)[source] + start / recording.sfreq
    if not len(start):
        longest = max(signal.shape[1] for signal in signals) / recording.sfreq
        raise ValueError(
            f"record {recording.record!r} lasts {longest:g} s"
            f"{' without a gap' if len(signals) > 1 else ''}; at least one window of "
            f"{window:g} s is needed."
        )
    if recording.unjudged:
        spans = np.array(recording.unjudged) + recording.offset
        length = n_times / recording.sfreq
        judged = covered(onset, length, spans) <= max_unjudged * length + 1e-9
        source, start, onset = source[judged], start[judged], onset[judged]
        if not len(start):
            raise ValueError(
                f"record {recording.record!r} holds no window of {window:g} s outside the time "
                "that is marked as unjudged."
            )
    if not isinstance(recording.data, LazySignal):
        warn_of_scale(recording.data, f"record {recording.record!r}", stacklevel=4)
    return Cut(signals, source, start, onset, n_times, n_step / recording.sfreq)


def cut_signal(
    signal: NDArray, sfreq: float, window: float, step: float | None, record: str
) -> Cut:
    """Cut an array of samples into windows; see `Windows.from_array`."""
    signal = signal[np.newaxis] if signal.ndim == 1 else signal
    if signal.ndim != 2 or 0 in signal.shape:
        raise ValueError(
            f"data has shape {signal.shape}; a recording needs (n_channels, n_samples), "
            "each at least 1."
        )
    sfreq = sampling_rate(sfreq)
    n_times, n_step = in_samples(sfreq, window, step)
    if signal.shape[1] < n_times:
        raise ValueError(
            f"record {record!r} lasts {signal.shape[1] / sfreq:g} s; at least one window of "
            f"{window:g} s is needed."
        )
    warn_of_scale(signal, "data", stacklevel=4)
    start = np.arange(0, signal.shape[1] - n_times + 1, n_step)
    source = np.zeros(len(start), dtype=np.intp)
    return Cut((signal,), source, start, start / sfreq, n_times, n_step / sfreq)


def in_samples(sfreq: float, window: float, step: float | None) -> tuple[int, int]:
    """Return length and distance of windows in samples, or raise."""
    samples = []
    for name, time in {"window": window, "step": window if step is None else step}.items():
        wanted = number(name, time) * sfreq
        samples.append(round(wanted) if np.isfinite(wanted) else 0)
        if samples[-1] < 1:
            raise ValueError(
                f"{name} is {time!r} s; at {sfreq:g} Hz a finite time of at least one "
                f"sample, {1 / sfreq:.4g} s, is needed."
            )
    return samples[0], samples[1]
