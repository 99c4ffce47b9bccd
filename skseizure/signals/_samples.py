"""Samples: what counts as a signal, and what is asked of it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._lazy import LazySignal

SMALLEST, LARGEST = 0.01, 1e4  # microvolts; EEG deviates from its median by more, and by less


def float_array(data: ArrayLike) -> NDArray[np.floating]:
    """Return real numbers as a float32 or float64 array, without a copy where they are that."""
    if np.ma.isMaskedArray(data):
        raise ValueError("data is a masked array; fill its gaps or cut them out first.")
    array = np.asarray(data)
    if array.dtype.kind == "c":
        raise ValueError("data is complex; real values are needed.")
    if array.dtype.kind not in "biuf":
        # Text that reads as a number, and None, would become samples.
        raise ValueError(f"data has dtype {array.dtype}; real numbers are needed.")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def stored_signal(data: ArrayLike) -> NDArray:
    """Return real numbers as an array of integers or floats, without a copy where they are such."""
    if not np.ma.isMaskedArray(data):
        kind = np.asarray(data).dtype.kind
        if kind in "iu":
            return np.asarray(data)
        if kind in "mM":
            raise ValueError("data holds dates or times; real numbers are needed.")
    return float_array(data)


def float_type(signal: NDArray | LazySignal) -> np.dtype:
    """Return the type of a signal's samples once they are floats."""
    return signal.dtype if signal.dtype.kind == "f" else np.dtype(np.float64)


def as_float(signal: NDArray) -> NDArray[np.floating]:
    """Return a signal as floats, without a copy where it is such."""
    return signal.astype(float_type(signal), copy=False)


def take_channels(signal: NDArray | LazySignal, index: Any) -> NDArray | LazySignal:
    """Choose channels of a recording, or of windows in an array."""
    if isinstance(signal, LazySignal):
        return signal[index]
    return signal[index] if signal.ndim == 2 else signal[:, index]


def sampling_rate(sfreq: float) -> float:
    """Return a sampling rate as float, or raise an error if it is none."""
    sfreq = number("sfreq", sfreq)
    if not (np.isfinite(sfreq) and sfreq > 0):
        raise ValueError(f"sfreq is {sfreq!r}; a sampling rate above 0 Hz is needed.")
    return sfreq


def number(name: str, value: Any) -> float:
    """Return the value of an argument as float, or raise a TypeError if it is no real number."""
    array = np.asarray(value)
    if array.ndim or array.dtype.kind not in "iuf":
        raise TypeError(f"{name} is {value!r}; a number is needed.")
    return float(array)


def warn_of_scale(data: NDArray, name: str, *, largest: bool = False, stacklevel: int = 5) -> None:
    """Warn if the typical amplitude of microvolts says that they are volts, or no EEG at all.

    Parameters
    ----------
    data : ndarray, shape (..., n_times)
        Signal that should be in microvolts.
    name : str
        What the warning is about.
    largest : bool, default=False
        If True, also warn of amplitudes above any EEG.
    stacklevel : int, default=5
        Of the warning.
    """
    if data.dtype.kind != "f" or data.size == 0:
        return
    # Some thousands of samples from all over the signal are enough.
    part = data[:: max(1, len(data) // 64), ..., :: max(1, data.shape[-1] // 1024)]
    with np.errstate(all="ignore"):
        part = part[np.isfinite(part).all(axis=-1)]
        level = np.median(part, axis=-1)
        spread = np.median(np.abs(part - level[..., np.newaxis]), axis=-1)
        spread = spread[spread > 1e-6 * np.abs(level)]  # less is rounding
        typical = float(np.median(spread)) if spread.size else 0.0
    if 0 < typical < SMALLEST:
        factor = "1e6 if they are in volts, 1e3 if in millivolts"
        warnings.warn(
            f"{name} typically deviates by {typical:.2g} from its median, far less than EEG in "
            f"microvolts; multiply by {factor}.",
            stacklevel=stacklevel,
        )
    elif largest and typical > LARGEST:
        warnings.warn(
            f"{name} typically deviates by {typical:.2g} uV from its median, far more than EEG. "
            "MNE takes a unit that it does not know for volts: if the samples are in microvolts, "
            "multiply them by 1e-6.",
            stacklevel=stacklevel,
        )
