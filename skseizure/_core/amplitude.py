"""The largest sample that counts as a signal; loads nothing, for what must be light to import."""

from __future__ import annotations

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
