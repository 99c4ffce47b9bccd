"""Filters and resampling of whole recordings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ._filters import butterworth_bandpass, fir_bandpass, notch_filter, resample
from ._recording import Recording


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
        The filtered copy, of the same dtype; all but the signal is unchanged.

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

    def filtered(data: NDArray) -> NDArray[np.floating]:
        for freq in stops:
            data = notch_filter(data, recording.sfreq, freq)
        if low is None and high is None:
            return data
        if method == "fir":
            return fir_bandpass(data, recording.sfreq, low, high)
        return butterworth_bandpass(data, recording.sfreq, low, high, order)

    return recording.replace(data=_join([filtered(piece) for _, piece in recording.split()]))


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
        The resampled copy, of the same dtype.

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
    pieces = [resample(piece, recording.sfreq, sfreq) for _, piece in recording.split()]
    stretches = tuple(
        (start, piece.shape[1] / sfreq)
        for (start, _), piece in zip(recording.stretches, pieces, strict=True)
    )
    return recording.replace(data=_join(pieces), sfreq=float(sfreq), stretches=stretches)


def _join(pieces: list[NDArray[np.floating]]) -> NDArray[np.floating]:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)
