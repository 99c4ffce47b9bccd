"""Power spectra of windows and of segments of windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import gen_batches

from ._batch import Batch

# Samples of segments in work at a time: half a megabyte, so that what lies between stays in cache,
# and in memory already touched.
BLOCK_SAMPLES = 2**16


def segment_power(
    x: NDArray[np.float64],
    weights: NDArray[np.float64],
    starts: ArrayLike = (0,),
    *,
    n_fft: int,
    factors: ArrayLike = 1.0,
) -> NDArray[np.float64]:
    """Sum the squared sizes of the Fourier transforms of each window's segments.

    Parameters
    ----------
    x : ndarray, shape (n, n_times)
        Windows; their mean is taken off.
    weights : ndarray, shape (length,)
        Weights of a segment's samples.
    starts : array-like of int, shape (n_segments,), default=(0,)
        Where segments begin. Beyond a window's ends there are zeros.
    n_fft : int
        Points of the transform, at least ``length``: segments are padded with zeros.
    factors : array-like, shape (n_fft // 2 + 1,) or scalar, default=1
        What the power at each frequency is multiplied by.

    Returns
    -------
    ndarray of float, shape (n, n_fft // 2 + 1)
        Power at the frequencies k / n_fft per sample.
    """
    from . import _kernels_spectral

    starts = np.asarray(starts, dtype=np.int64)
    power = np.empty((len(x), n_fft // 2 + 1))
    factors = np.ascontiguousarray(np.broadcast_to(factors, power.shape[1:]), dtype=np.float64)
    for rows in gen_batches(len(x), max(1, BLOCK_SAMPLES // (n_fft * len(starts)))):
        segments = _kernels_spectral.weighted_segments(x[rows], weights, starts)
        # numpy transforms row by row; scipy several at a time, with other rounding.
        spectra = np.fft.rfft(segments, n=n_fft, axis=2)
        _kernels_spectral.summed_power(spectra, factors, power[rows])
    return power


def power_spectrum(batch: Batch) -> NDArray[np.float64]:
    """Return the one-sided periodogram of the windows less their mean, up to a factor.

    Shape (n, n_times // 2 + 1), at the frequencies k / n_times per sample.
    """

    def compute() -> NDArray[np.float64]:
        n_times = batch.n_times
        factors = np.full(n_times // 2 + 1, 2.0)
        if n_times % 2 == 0:
            factors[-1] = 1.0
        factors[0] = 0.0
        return segment_power(batch.x, np.ones(n_times), n_fft=n_times, factors=factors)

    return batch.share("power_spectrum", compute)
