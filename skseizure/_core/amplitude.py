"""Samples that are no signal: not finite, or beyond the largest amplitude."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Microvolts. Above raw counts of 32-bit converters (2e9) and the range of any amplifier in
#: nanovolts; low enough that fourth powers, summed over any window, are finite floats.
LARGEST_AMPLITUDE = 1e12


def amplitude_error(name: str, sample: float, where: str) -> ValueError:
    """Return the error for a sample beyond `LARGEST_AMPLITUDE`.

    Parameters
    ----------
    name : str
        The argument that holds the sample.
    sample : float
        Its value.
    where : str
        Its window.

    Returns
    -------
    ValueError
        Names the argument, the sample and the largest amplitude.
    """
    return ValueError(
        f"{name} holds a sample of {sample:.3g} microvolts: {where}. At most "
        f"{LARGEST_AMPLITUDE:.0e} microvolts are possible; check the unit and the scale of the "
        "signal, or leave such windows out."
    )


def is_finite(signal: NDArray) -> bool:
    """Tell whether all samples are finite, without an array of truth values beside the signal."""
    return signal.dtype.kind != "f" or is_within(signal, np.finfo(np.float64).max)


def is_within(signal: NDArray, limit: float) -> bool:
    """Tell whether all samples are finite and at most ``limit`` in size."""
    if signal.size == 0:
        return True
    with np.errstate(invalid="ignore"):  # NaN, which then fails both comparisons
        return float(signal.min()) >= -limit and float(signal.max()) <= limit
