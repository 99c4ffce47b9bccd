"""Manual features by name: band summary, and the group's 41 features a channel."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pywt
from numpy.typing import NDArray
from scipy.signal import welch
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from .._core.validation import check_windows
from ..features import BandFeatures
from ..measures import available_measures

# The power of a flat channel in microvolts, far below a converter's last bit.
FLOOR = 1e-12
WAVELET, LEVEL = "db5", 3
# Below this the third level is all made of the window's ends.
SHORTEST = 2**LEVEL * (pywt.Wavelet(WAVELET).dec_len - 1)
BATCH = 2**20


class BandSummary(TransformerMixin, BaseEstimator):
    """Mean and standard deviation over channels of log band powers, log line length, kurtosis.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz; above 120 for the five classical bands.
    """

    def __init__(self, sfreq: float) -> None:
        self.sfreq = sfreq

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the layout and the sampling rate."""
        bands = BandFeatures(["variance"], sfreq=self.sfreq, filtering="window")
        self.bands_ = bands.fit(X)
        # In volts, say, windows themselves have powers below that of a flat channel in microvolts.
        power = _on_channels(
            lambda x: np.var(x, axis=1, keepdims=True), check_windows(self.bands_, X)
        ).max()
        self.unit_ = np.sqrt(power) if 0 < power < 1 else 1.0
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Return 14 features a window, the same for any number of channels."""
        check_is_fitted(self)
        power = np.asarray(self.bands_.transform(X)).reshape(len(X), self.bands_.n_channels_in_, -1)
        other = _on_channels(_length_and_kurtosis, check_windows(self.bands_, X, reset=False))
        floor = FLOOR * self.unit_ ** np.array([2] * power.shape[2] + [1])
        table = np.concatenate([power, other], axis=2)
        table[..., :-1] = np.log(np.maximum(table[..., :-1], floor))
        return np.concatenate([table.mean(axis=1), table.std(axis=1)], axis=1)


def _length_and_kurtosis(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return _measured(x, "line_length", "kurtosis")


def _measured(x: NDArray[np.float64], *names: str) -> NDArray[np.float64]:
    measures = available_measures()
    return np.column_stack([measures[name].function(x) for name in names])


class Manual41(TransformerMixin, BaseEstimator):
    """The 41 features a channel of time, frequency, nonlinear dynamics and wavelets.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    """

    def __init__(self, sfreq: float) -> None:
        self.sfreq = sfreq

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check the layout."""
        check_windows(self, X)
        if self.n_times_in_ < SHORTEST:
            raise ValueError(
                f"X has windows of {self.n_times_in_} samples; feature_extractor='manual41' needs "
                f"{SHORTEST} for level {LEVEL} of {WAVELET}."
            )
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Return 41 features of each channel, channel by channel."""
        check_is_fitted(self)
        X = check_windows(self, X, reset=False)
        return _on_channels(self._features, X).reshape(len(X), -1)

    def _features(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([_time(x), _frequency(x, self.sfreq), _nonlinear(x), _wavelet(x)])


def _on_channels(function: Any, X: Any) -> NDArray[np.float64]:
    """Apply a function of single-channel windows, shape (n_windows, n_channels, n_columns)."""
    parts = []
    for rows in gen_batches(len(X), max(1, BATCH // int(np.prod(X.shape[1:])))):
        x = np.asarray(X[rows], dtype=np.float64)
        parts.append(function(x.reshape(-1, x.shape[2])).reshape(*x.shape[:2], -1))
    return np.concatenate(parts)


def _time(x: NDArray[np.float64]) -> NDArray[np.float64]:
    energy = np.abs(x[:, 1:-1] ** 2 - x[:, :-2] * x[:, 2:]).mean(axis=1)
    flat = (np.abs(np.diff(x)) < 0.01 * x.std(axis=1, keepdims=True)).mean(axis=1)
    z_kurtosis = _measured(x, "kurtosis") / np.sqrt(24 / x.shape[1])  # standard error if normal
    others = ("skewness", "variance", "hjorth_mobility", "hjorth_complexity")
    return np.column_stack(
        [
            _measured(x, "line_length"),
            energy,
            _measured(x, "root_mean_square"),
            flat,
            _measured(x, "zero_crossings"),
            z_kurtosis,
            _measured(x, *others),
        ]
    )


def _frequency(x: NDArray[np.float64], sfreq: float) -> NDArray[np.float64]:
    frequency, density = welch(x, sfreq, nperseg=min(x.shape[1], round(2 * sfreq)))
    frequency, density = frequency[1:], density[:, 1:]
    total = density.sum(axis=1)
    mean = np.divide(density @ frequency, total, out=np.zeros_like(total), where=total > 0)
    return np.column_stack(
        [
            mean,
            frequency[density.argmax(axis=1)],
            frequency[density.argmin(axis=1)],
            total * frequency[0],
        ]
    )


def _nonlinear(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return _measured(x, "approximate_entropy", "sample_entropy", "hurst_exponent")


def _wavelet(x: NDArray[np.float64]) -> NDArray[np.float64]:
    columns = []
    for band in pywt.wavedec(x, WAVELET, level=LEVEL, axis=1):
        middle = band.shape[1] // 2
        for half in (band[:, :middle], band[:, middle:]):
            columns.append(_measured(half, "mean", "std", "kurtosis"))
    return np.column_stack(columns)


NAMED = {"bands": BandSummary, "manual41": Manual41}
