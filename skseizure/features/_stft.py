"""STFTFeatures: log energies of frequency bands from the short-time Fourier transform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core.parameters import Interval
from ..measures._batch import Batch
from ..measures._power import segment_band_power
from ._band_energy import all_reached, band_slices, check_energy_bands, log_band_energy
from ._windows_transformer import WindowsTransformer

LONGEST_NAMED = 2**20  # samples, in the message about bands that are too narrow


class STFTFeatures(WindowsTransformer):
    """Log energy of the short-time Fourier transform in six frequency bands, for each channel.

    The mean is taken off a window and the rest cut into overlapping segments, each weighted and
    transformed; a band's feature is the natural logarithm of the sum of ``abs(Z)**2`` over segments
    and the band's frequencies. This is the feature set "STFT" of the TSK paper [1]_.

    Parameters
    ----------
    bands : mapping of str to (float, float), default=None
        Bands by name with their edges in Hz, ``low <= f < high``; the upper one may be infinite.
        If None, 0-2, 2-4, 4-8, 8-15, 15-30 and above 30 Hz.
    segment : int, default=256
        Samples in a segment; a shorter window is one segment. The default is ours: 1.5 s at the
        173.61 Hz of the paper's data. With the six bands it must last more than a quarter of a
        second, so that the default is refused from 1024 Hz on.
    overlap : float, default=0.5
        Share of a segment that the next one overlaps, in [0, 1).
    weighting : str or tuple, default="hann"
        Weights of a segment's samples: any window of ``scipy.signal.get_window``.
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
    frequencies_ : ndarray of float, shape (n_frequencies,)
        Frequencies of the transform in Hz.
    weights_ : ndarray of float, shape (n_samples,)
        Weights of a segment's samples.
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
        For an unknown weighting, a band without a frequency in it, a sampling rate unknown or too
        low for a band, and as for any input that is not finite or of another layout than at `fit`.

    See Also
    --------
    WaveletPacketFeatures : The same bands by wavelet packets.
    BandFeatures : Many measures of the classical bands.

    Notes
    -----
    ``Z`` is that of ``scipy.signal.ShortTimeFFT`` with ``scale_to="magnitude"``, and with the
    default parameters that of ``scipy.signal.stft``: weights sum to one, a segment's middle stands
    on the first sample, and all segments count that have a sample of the window in them, with zeros
    beyond its ends.

    An energy below 1e-20 (in square microvolts) counts as that much: a constant window has the
    value -46.05 in all bands.

    The paper has six bands but prints no definition; bands, segments and logarithm are ours. The
    cost is linear in windows, channels and samples.

    References
    ----------
    .. [1] SDA-SSL-TSK-FS: subdomain adaptation, semi-supervised learning and a TSK fuzzy system for
       epileptic EEG ("the TSK paper"), section on the experiments, feature extraction.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import STFTFeatures
    >>> from skseizure.signals import Windows
    >>> signal = np.random.default_rng(0).normal(size=(2, 2560))
    >>> X = Windows.from_array(signal, 256, window=2, ch_names=["F3-C3", "C3-P3"])
    >>> features = STFTFeatures()
    >>> features.fit_transform(X).shape
    (5, 12)
    >>> features.get_feature_names_out()[:2].tolist()
    ['F3-C3__0-2Hz__stft_log_energy', 'F3-C3__2-4Hz__stft_log_energy']
    """

    _parameter_constraints: dict = {
        **WindowsTransformer._parameter_constraints,
        "bands": [Mapping, None],
        "segment": [Interval(Integral, 1, None, closed="left")],
        "overlap": [Interval(Real, 0, 1, closed="left")],
        "weighting": [str, tuple],
    }

    def __init__(
        self,
        bands: Mapping[str, tuple[float, float]] | None = None,
        *,
        segment: int = 256,
        overlap: float = 0.5,
        weighting: str | tuple = "hann",
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
        self.segment = segment
        self.overlap = overlap
        self.weighting = weighting

    def _fit_layout(self, sfreq: float) -> None:
        segment = int(min(self.segment, self.n_times_in_))
        self.frequencies_ = _frequencies(segment, sfreq)

        def finer(bands: dict[str, tuple[float, float]]) -> str:
            longer = 2 * segment
            while longer <= LONGEST_NAMED:
                if all_reached(bands, _frequencies(longer, sfreq)):
                    fits = longer <= self.n_times_in_
                    return f"segment={longer}{'' if fits else f' with windows of {longer} samples'}"
                longer *= 2
            return "a lower sampling rate"

        self.bands_ = check_energy_bands(self.bands, self.frequencies_, sfreq, finer)
        self.weights_ = _weights(self.weighting, segment)

    def _column_names(self) -> list[str]:
        return [f"{band}__stft_log_energy" for band in self.bands_]

    def _transform_windows(self, X: Any, sfreq: float) -> NDArray[np.float64]:
        hop = max(1, len(self.weights_) - round(self.overlap * len(self.weights_)))
        function = partial(
            _log_energy,
            weights=self.weights_,
            hop=hop,
            parts=band_slices(self.bands_, self.frequencies_),
        )
        return self._in_batches(function, X, scale=8)


def _frequencies(segment: int, sfreq: float) -> NDArray[np.float64]:
    """Return the frequencies of a segment's transform in Hz."""
    return np.arange(segment // 2 + 1) * sfreq / segment


def spectral_energies(
    x: NDArray[np.float64],
    weights: NDArray[np.float64],
    hop: int,
    parts: Sequence[slice] | None = None,
) -> NDArray[np.float64]:
    """Return the energy of the short-time Fourier transform in bands of frequencies.

    Parameters
    ----------
    x : ndarray, shape (n, n_times)
        Windows; their mean is taken off.
    weights : ndarray, shape (segment,)
        Weights of a segment's samples.
    hop : int
        Samples from one segment to the next.
    parts : sequence of slice, default=None
        The frequencies of each band. If None, each of the segment // 2 + 1 frequencies is a band.

    Returns
    -------
    ndarray of float, shape (n, n_bands)
        Sums of ``abs(Z)**2`` over all segments and the frequencies of a band.
    """
    middle = len(weights) // 2
    # All segments that touch the window, the middle of one of them on its first sample.
    first = -((len(weights) - middle - 1) // hop)
    last = (x.shape[1] - 1 + middle) // hop
    starts = np.arange(first, last + 1) * hop - middle
    scaled = weights / abs(weights.sum())
    if parts is None:
        parts = [slice(k, k + 1) for k in range(len(weights) // 2 + 1)]
    return segment_band_power(x, scaled, starts, n_fft=len(weights), parts=parts)


def _weights(weighting: str | tuple, segment: int) -> NDArray[np.float64]:
    from scipy.signal import get_window

    try:
        return get_window(weighting, segment)
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"weighting is {weighting!r}; a window of scipy.signal.get_window is needed: {error}"
        ) from error


def _log_energy(
    x: NDArray[np.float64],
    *,
    weights: NDArray[np.float64],
    hop: int,
    parts: list[slice],
) -> NDArray[np.float64]:
    batch = Batch(x)
    return log_band_energy(batch, spectral_energies(batch.x, weights, hop, parts))
