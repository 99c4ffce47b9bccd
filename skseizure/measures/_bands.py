"""Power of EEG windows in bands of frequencies and in the levels of a wavelet decomposition.

These functions are not in the registry: the edges of a band have no default, and the levels are
several numbers a window.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.errors import prefix_errors
from . import _kernels_wavelet
from ._batch import Values, as_batch, check_integer, divide
from ._morphology import check_rate
from ._power import band_spectrum


def band_power(
    x: ArrayLike, sfreq: float, low: ArrayLike, high: ArrayLike, *, relative: bool = False
) -> Values:
    """Compute the power of each window in a band of frequencies, or in several.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    sfreq : float
        Sampling rate in Hz.
    low, high : float or array-like, shape (n_bands,)
        Edges in Hz; a frequency belongs to a band if low <= f < high. The upper one may be
        infinite: all from ``low`` on.
    relative : bool, default=False
        Whether to divide by the power at all frequencies above 0.

    Returns
    -------
    float or ndarray, shape (n,), or (n, n_bands) or (n_bands,) for arrays of edges
        Power in microvolt squared, or from 0 to 1 if relative; 0 for a constant window.

    Raises
    ------
    ValueError
        If ``sfreq`` is not above 0 Hz, the edges are out of order or beyond half of it, the
        windows have no frequency between them, or ``low`` and ``high`` differ in shape.

    Notes
    -----
    The sum of the one-sided periodogram of the window less its mean, over the frequencies k sfreq
    / N in the band, scaled so that all bands together have the window's variance. No taper, as
    ``scipy.signal.periodogram``. O(N log N) however many bands there are: ask for all at once,
    instead of one after the other.

    Not in `available_measures`, as the edges have no default. `BandFeatures` takes a
    ``functools.partial`` of it, and the power in its own bands as ``"variance"``.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import band_power
    >>> tone = 3 * np.sin(2 * np.pi * 10 * np.arange(512) / 256)
    >>> band_power(tone, 256, 8, 13).round(6)  # 3**2 / 2
    np.float64(4.5)
    >>> band_power([tone, 2 * tone], 256, low=[4, 8], high=[8, 13]).round(6)
    array([[ 0. ,  4.5],
           [ 0. , 18. ]])
    """
    sfreq, lows, highs = check_rate(sfreq), _edges("low", low), _edges("high", high)
    if lows.shape != highs.shape:
        raise ValueError(
            f"low and high have shapes {lows.shape} and {highs.shape}; two numbers are needed, or "
            "one of each a band."
        )
    batch = as_batch(x)
    bands = zip(lows.ravel().tolist(), highs.ravel().tolist(), strict=True)
    parts = [_frequencies_of(band, sfreq, batch.n_times) for band in bands]
    if relative:
        parts.append(slice(0, batch.n_times // 2 + 1))
    power = band_spectrum(batch, parts)
    if relative:
        values = [batch.finish(divide(band, power[:, -1])) for band in power[:, :-1].T]
    else:
        values = [batch.finish(band / batch.n_times**2) for band in power.T]
    return np.stack(values, axis=-1) if lows.ndim else values[0]


def _edges(name: str, given: ArrayLike) -> NDArray[np.float64]:
    """Return edges as an array, or raise a ValueError if they are no numbers."""
    with prefix_errors(name):
        edges = np.asarray(given)
    if edges.dtype.kind not in "iuf" or edges.ndim > 1 or edges.size == 0:
        raise ValueError(f"{name} is {given!r}; a number of Hz is needed, or a list, one a band.")
    return edges.astype(np.float64)


def _frequencies_of(band: tuple[float, float], sfreq: float, n_times: int) -> slice:
    """Return the part of a window's spectrum that lies in a band, or raise a ValueError."""
    low, high = band
    if not 0 <= low < high:
        raise ValueError(f"low and high are {low:g} and {high:g} Hz; 0 <= low < high is needed.")
    reach = low if np.isinf(high) else high
    if reach > sfreq / 2:
        raise ValueError(
            f"sfreq is {sfreq:g} Hz, too low for a band from low = {low:g} to high = {high:g} Hz; "
            f"at least {2 * reach:g} Hz is needed, or another band."
        )
    # Less a hair: an edge on a frequency of the spectrum is not to hang on rounding.
    first, last = (
        int(np.ceil(min(edge * n_times / sfreq, n_times // 2 + 1) - 1e-9)) for edge in band
    )
    if first == last:
        raise ValueError(
            f"low and high are {low:g} and {high:g} Hz, but windows have a frequency only every "
            f"{sfreq / n_times:.3g} Hz; a wider band is needed, or longer windows."
        )
    return slice(first, last)


def dwt_energies(x: ArrayLike, wavelet: str = "db4", n_levels: int = 5) -> NDArray[np.float64]:
    """Compute the energy of each level of the discrete wavelet transform of each window.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    wavelet : str, default="db4"
        An orthogonal or biorthogonal wavelet of PyWavelets.
    n_levels : int, default=5
        Number of levels.

    Returns
    -------
    ndarray, shape (n, n_levels + 1) or (n_levels + 1,)
        Sums of squared coefficients in microvolt squared: of the approximation, then of the
        details from the coarsest to the finest, as ``pywt.wavedec`` orders them.

    Raises
    ------
    ValueError
        If ``n_levels`` is not a positive integer or PyWavelets knows no such wavelet.

    Notes
    -----
    Windows are extended by half-sample reflection at every level (PyWavelets' "symmetric"), so
    coefficients near the ends count twice. O(N). Not in `available_measures`, whose measures are
    one number a window; `wavelet_statistic` has the energy of a single component. Mallat, A theory
    for multiresolution signal decomposition, IEEE Trans. Pattern Anal. Mach. Intell. 11, 674-693,
    1989.

    Examples
    --------
    >>> from skseizure.features import dwt_energies
    >>> dwt_energies([2.0, 0.0, 1.0, 1.0], "haar", 2).round(6)
    array([4., 0., 2.])
    """
    import pywt

    n_levels = check_integer("n_levels", n_levels, 1)
    bank = pywt.Wavelet(wavelet)
    batch = as_batch(x)
    energies = _kernels_wavelet.dwt_energies(
        batch.x, tuple(bank.dec_lo), tuple(bank.dec_hi), n_levels
    )
    levels = [batch.finish(level, constant=None) for level in energies.T]
    return np.stack(levels, axis=-1)
