"""Six bands, and log energies in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..measures._batch import Batch

SIX_BANDS = {
    "0-2Hz": (0.0, 2.0),
    "2-4Hz": (2.0, 4.0),
    "4-8Hz": (4.0, 8.0),
    "8-15Hz": (8.0, 15.0),
    "15-30Hz": (15.0, 30.0),
    "above30Hz": (30.0, np.inf),
}

# Square microvolts. Smaller energies count as this: far below the rounding of any signal, and with
# a logarithm that a scaler can work with.
FLOOR = 1e-20


def band_edges(bands: Mapping[Any, Any]) -> dict[str, tuple[float, float]]:
    """Return the edges of bands by name as floats, or raise a ValueError that names ``bands``."""
    edges: dict[str, tuple[float, float]] = {}
    for name, pair in bands.items():
        try:
            if any(isinstance(edge, str) for edge in pair):
                raise TypeError("text is no frequency")
            low, high = (float(edge) for edge in pair)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"bands has {str(name)!r} = {pair!r}; a pair (low, high) in Hz is needed."
            ) from error
        if str(name) in edges:
            raise ValueError(f"bands has {str(name)!r} twice; each band needs a name of its own.")
        edges[str(name)] = low, high
    return edges


def check_energy_bands(
    bands: Mapping[str, tuple[float, float]] | None,
    frequencies: NDArray[np.float64],
    sfreq: float,
    finer: Callable[[dict[str, tuple[float, float]]], str],
) -> dict[str, tuple[float, float]]:
    """Return the bands by name, each with a frequency in it.

    Parameters
    ----------
    bands : mapping of str to (float, float) or None
        Edges in Hz; the upper one may be infinite. If None, `SIX_BANDS`.
    frequencies : ndarray of float, shape (n_frequencies,)
        Frequencies that there are energies of, evenly spaced from below.
    sfreq : float
        Sampling rate in Hz.
    finer : callable
        Given the bands, returns what there must be for each to have a frequency in it, for the
        message.

    Returns
    -------
    dict of str to (float, float)
        Edges in Hz.

    Raises
    ------
    ValueError
        If there is no band, edges are out of order or beyond half the sampling rate, or a band has
        no frequency in it.
    """
    chosen = band_edges(SIX_BANDS if bands is None else bands)
    if not chosen:
        raise ValueError("bands is empty; at least one band is needed.")
    for name, (low, high) in chosen.items():
        if not 0 <= low < high:
            raise ValueError(
                f"bands has {name!r} = ({low:g}, {high:g}) Hz; 0 <= low < high needed."
            )
        reach = low if np.isinf(high) else high
        if reach > sfreq / 2:
            raise ValueError(
                f"sfreq is {sfreq:g} Hz, too low for band {name!r} ({low:g}-{high:g} Hz); at least "
                f"{2 * reach:g} Hz is needed, or other bands."
            )
    for (name, (low, high)), part in zip(
        chosen.items(), band_slices(chosen, frequencies), strict=True
    ):
        if part.start == part.stop:
            raise ValueError(
                f"bands has {name!r} = ({low:g}, {high:g}) Hz, but there are energies at "
                f"{frequencies[0]:.4g} Hz and every {np.diff(frequencies[:2]).sum():.4g} Hz only; "
                f"a wider band is needed, or {finer(chosen)}."
            )
    return chosen


def band_slices(
    bands: Mapping[str, tuple[float, float]], frequencies: NDArray[np.float64]
) -> list[slice]:
    """Return where each band, ``low <= frequency < high``, lies in ascending frequencies."""
    return [slice(*np.searchsorted(frequencies, edges)) for edges in bands.values()]


def all_reached(bands: Mapping[str, tuple[float, float]], frequencies: NDArray[np.float64]) -> bool:
    """Return whether each band has a frequency in it."""
    return all(part.start < part.stop for part in band_slices(bands, frequencies))


def log_band_energy(batch: Batch, energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the natural logarithm of the energy in each band.

    Parameters
    ----------
    batch : Batch
        The windows.
    energy : ndarray, shape (n, n_bands)
        Energy in each band.

    Returns
    -------
    ndarray of float, shape (n, n_bands)
        At least that of `FLOOR`, which constant windows have.
    """
    # Rounding leaves an energy of constant windows less their mean.
    energy = np.where(batch.constant[:, np.newaxis], 0.0, energy)
    return np.log(np.maximum(energy, FLOOR))
