"""WaveletPacketFeatures: log energies of frequency bands from wavelet packets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
import pywt
from numpy.typing import NDArray
from sklearn.utils._param_validation import StrOptions

from .._core.parameters import Interval
from ..measures._batch import Batch
from ._band_energy import all_reached, band_slices, check_energy_bands, log_band_energy
from ._windows_transformer import WindowsTransformer

DEFAULT_LEVEL = 6
HIGHEST_NAMED = 20  # level, in the message about bands that are too narrow


class WaveletPacketFeatures(WindowsTransformer):
    """Log energy of wavelet packets in six frequency bands, for each channel.

    The mean is taken off a window and the rest decomposed into ``2**level`` packets of equal width
    in frequency; a band's feature is the natural logarithm of the summed squared coefficients of
    its packets. This is the feature set "WPD" of the TSK paper [1]_.

    Parameters
    ----------
    bands : mapping of str to (float, float), default=None
        Bands by name with their edges in Hz; the upper one may be infinite. If None,
        0-2, 2-4, 4-8, 8-15, 15-30 and above 30 Hz.
    wavelet : str, default="db4"
        Any discrete wavelet of PyWavelets.
    level : int, default=6
        Levels of the decomposition; above 6, a window must have at least ``2**level`` samples. The
        default has packets 1.36 Hz wide at the 173.61 Hz of the paper's data, and is refused with
        the six bands from 342 Hz on: 7 does up to 682 Hz, 8 up to 1365 Hz.
    mode : str, default="symmetric"
        How PyWavelets extends a window at its ends. ``"periodization"`` adds no coefficient, so
        that the energies of a window of a multiple of ``2**level`` samples sum to its own.
    sfreq : float, default=None
        Sampling rate in Hz. If None, that of the `Windows`; a bare array needs one.
    smoothing : float, default=None
        Length in seconds of the moving average of each column, which never crosses records or
        gaps, as in `MovingAverage`. The windows of a bare array count as one after the other,
        without overlap. If None, columns are not averaged.
    center : bool, default=False
        If True, the average lies around its window. If False, it ends with its window, so that no
        window depends on a later one.
    n_jobs : int, default=None
        Number of threads, which share batches of windows. It does not change the result.
    verbose : bool or int, default=0
        Show a progress bar.

    Attributes
    ----------
    bands_ : dict of str to (float, float)
        Bands and their edges in Hz.
    packets_ : dict of str to (int, int)
        First packet of each band, and the one after its last, in order of frequency.
    sfreq_ : float
        Sampling rate in Hz.
    n_channels_in_, n_times_in_ : int
        Layout of the windows seen in `fit`.
    ch_names_in_ : tuple of str or None
        Channel names seen in `fit`, if there were any.
    n_features_in_ : int
        ``n_channels_in_ * n_times_in_``.
    feature_names_in_ : ndarray of str
        Column names, if `fit` got a data frame.

    Raises
    ------
    ValueError
        For a level too high for the window, a band that no packet's middle lies in, a sampling rate
        unknown or too low for a band, and as for any input that is not finite or of another layout
        than at `fit`.

    See Also
    --------
    STFTFeatures : The same bands by the short-time Fourier transform.
    BandFeatures : Many measures of the classical bands.

    Notes
    -----
    Packets stand in order of frequency, which is not that of their filters. Packet ``k`` covers
    ``k`` to ``k + 1`` times ``sfreq / 2**(level + 1)`` and counts for the band that its middle lies
    in; with six levels of db4 it overlaps its neighbours. In windows that are shorter than the
    filter at the last level, ``7 * 2**level`` samples for db4, the extension at the ends weighs on
    all coefficients.

    An energy below 1e-20 (in square microvolts) counts as that much: a constant window has the
    value -46.05 in all bands.

    The paper has six bands but prints no definition; wavelet, level, bands, logarithm and mode are
    ours. The cost is linear in windows, channels, samples and levels.

    References
    ----------
    .. [1] SDA-SSL-TSK-FS: subdomain adaptation, semi-supervised learning and a TSK fuzzy system for
       epileptic EEG ("the TSK paper"), section on the experiments, feature extraction.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import WaveletPacketFeatures
    >>> from skseizure.signals import Windows
    >>> signal = np.random.default_rng(0).normal(size=(2, 2560))
    >>> X = Windows.from_array(signal, 256, window=2, ch_names=["F3-C3", "C3-P3"])
    >>> features = WaveletPacketFeatures()
    >>> features.fit_transform(X).shape
    (5, 12)
    >>> features.get_feature_names_out()[:2].tolist()
    ['F3-C3__0-2Hz__wpd_log_energy', 'F3-C3__2-4Hz__wpd_log_energy']
    """

    _parameter_constraints: dict = {
        **WindowsTransformer._parameter_constraints,
        "bands": [Mapping, None],
        "wavelet": [StrOptions(set(pywt.wavelist(kind="discrete")))],
        "level": [Interval(Integral, 1, None, closed="left")],
        "mode": [StrOptions(set(pywt.Modes.modes))],
    }

    def __init__(
        self,
        bands: Mapping[str, tuple[float, float]] | None = None,
        *,
        wavelet: str = "db4",
        level: int = DEFAULT_LEVEL,
        mode: str = "symmetric",
        sfreq: float | None = None,
        smoothing: float | None = None,
        center: bool = False,
        n_jobs: int | None = None,
        verbose: bool | int = 0,
    ) -> None:
        super().__init__(
            sfreq=sfreq, smoothing=smoothing, center=center, n_jobs=n_jobs, verbose=verbose
        )
        self.bands = bands
        self.wavelet = wavelet
        self.level = level
        self.mode = mode

    def _fit_layout(self, sfreq: float) -> None:
        # The default is there for every window, as are the measures.
        deepest = max(DEFAULT_LEVEL, self.n_times_in_.bit_length() - 1)
        chosen = int(self.level)  # powers of two of numpy's small integers would wrap round
        if chosen > deepest:
            raise ValueError(
                f"level is {chosen}, which makes more packets than a window of "
                f"{self.n_times_in_} samples holds; at most {deepest} is possible."
            )
        middles = _middles(chosen, sfreq)

        def finer(bands: dict[str, tuple[float, float]]) -> str:
            for level in range(chosen + 1, HIGHEST_NAMED + 1):
                if all_reached(bands, _middles(level, sfreq)):
                    longer = f" with windows of {2**level} samples" if level > deepest else ""
                    return f"level={level}{longer}"
            return "a lower sampling rate"

        self.bands_ = check_energy_bands(self.bands, middles, sfreq, finer)
        self.packets_ = {
            name: (int(part.start), int(part.stop))
            for name, part in zip(self.bands_, band_slices(self.bands_, middles), strict=True)
        }

    def _column_names(self) -> list[str]:
        return [f"{band}__wpd_log_energy" for band in self.bands_]

    def _transform_windows(self, X: Any, sfreq: float) -> NDArray[np.float64]:
        function = partial(
            _log_energy,
            wavelet=self.wavelet,
            level=int(self.level),
            mode=self.mode,
            parts=[slice(*packets) for packets in self.packets_.values()],
        )
        return self._in_batches(function, X)


def _middles(level: int, sfreq: float) -> NDArray[np.float64]:
    """Return the middle of each packet in Hz."""
    return (np.arange(2**level) + 0.5) * sfreq / 2 ** (level + 1)


def packet_energies(
    x: NDArray[np.float64], wavelet: str, level: int, mode: str
) -> NDArray[np.float64]:
    """Return the energy of each wavelet packet in order of frequency.

    Parameters
    ----------
    x : ndarray, shape (n, n_times)
        Windows.
    wavelet, mode : str
        Wavelet and extension at the ends, by the names of PyWavelets.
    level : int
        Levels of the decomposition.

    Returns
    -------
    ndarray of float, shape (n, 2**level)
        Sums of squared coefficients.
    """
    # Not pywt.WaveletPacket: its nodes refer to one another, so that every batch would stay in
    # memory until the garbage collector runs.
    packets = x[:, np.newaxis]
    for _ in range(level):
        pairs = np.stack(pywt.dwt(packets, wavelet, mode, axis=-1), axis=2)
        # Every second packet is high-passed, and halving the rate has turned its spectrum round.
        pairs[:, 1::2] = pairs[:, 1::2, ::-1]
        packets = pairs.reshape(len(x), -1, pairs.shape[-1])
    return np.einsum("ijk,ijk->ij", packets, packets)


def _log_energy(
    x: NDArray[np.float64], *, wavelet: str, level: int, mode: str, parts: list[slice]
) -> NDArray[np.float64]:
    batch = Batch(x)
    energy = packet_energies(batch.centred, wavelet, level, mode)
    return log_band_energy(batch, np.stack([energy[:, p].sum(axis=1) for p in parts], axis=1))
