"""Power spectra of windows and of segments of windows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import gen_batches

from . import _kernels_spectral
from ._batch import Batch

# Samples of segments in work at a time: they and their transforms, 2 MiB, stay in cache, and
# threads seldom meet at the interpreter's lock.
BLOCK_SAMPLES = 2**17

# Each thread's room for one block, in memory that it has touched before: fresh pages would cost as
# much as the transforms.
_own = threading.local()


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
    power = np.empty((len(x), n_fft // 2 + 1))
    arguments = (_each_frequency(factors, n_fft),)
    _block_by_block(
        power, _kernels_spectral.power_and_segments, arguments, x, weights, starts, n_fft
    )
    return power


def segment_band_power(
    x: NDArray[np.float64],
    weights: NDArray[np.float64],
    starts: ArrayLike = (0,),
    *,
    n_fft: int,
    parts: Sequence[slice],
    factors: ArrayLike = 1.0,
) -> NDArray[np.float64]:
    """Sum what `segment_power` gives over bands of frequencies, without keeping it.

    Parameters
    ----------
    x, weights, starts, n_fft, factors
        As in `segment_power`.
    parts : sequence of slice
        The frequencies of each band.

    Returns
    -------
    ndarray of float, shape (n, n_bands)
        Power in each band.
    """
    first, ends = np.array([(part.start, part.stop) for part in parts], dtype=np.int64).T.copy()
    power = np.empty((len(x), len(parts)))
    arguments = (_each_frequency(factors, n_fft), first, ends)
    _block_by_block(
        power, _kernels_spectral.band_power_and_segments, arguments, x, weights, starts, n_fft
    )
    return power


def _each_frequency(factors: ArrayLike, n_fft: int) -> NDArray[np.float64]:
    every = np.broadcast_to(np.asarray(factors, dtype=np.float64), n_fft // 2 + 1)
    return np.ascontiguousarray(every)


def _block_by_block(
    power: NDArray[np.float64],
    advance: Callable[..., None],
    arguments: tuple[NDArray, ...],
    x: NDArray[np.float64],
    weights: NDArray[np.float64],
    starts: ArrayLike,
    n_fft: int,
) -> None:
    """Fill ``power`` from the transforms of the segments of a few rows at a time.

    ``advance`` sums up one block and cuts the next in one call: between calls, threads wait for
    one another.
    """
    starts = np.asarray(starts, dtype=np.int64)
    n_rows = min(len(x), max(1, BLOCK_SAMPLES // (n_fft * len(starts))))
    segments, spectra = _room(n_rows, len(starts), len(weights), n_fft // 2 + 1)
    segments[:] = 0.0
    _kernels_spectral.weighted_segments(x[:n_rows], weights, starts, segments)
    for rows in gen_batches(len(x), n_rows):
        done = spectra[: rows.stop - rows.start]
        # numpy transforms row by row; scipy several at a time, with other rounding.
        np.fft.rfft(segments[: len(done)], n=n_fft, axis=2, out=done)
        following = x[rows.stop : rows.stop + n_rows]
        advance(done, *arguments, power[rows], following, weights, starts, segments)


def _room(
    n_rows: int, n_segments: int, length: int, n_frequencies: int
) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Return arrays for segments and their transforms, with whatever was in them."""
    n = n_rows * n_segments
    size = n * n_frequencies, -(-n * length // 2)
    room = getattr(_own, "room", None)
    if room is None or len(room) < sum(size):
        room = np.empty(sum(size), np.complex128)
        if len(room) <= 2 * BLOCK_SAMPLES:  # a few huge segments are not worth keeping room for
            _own.room = room
    spectra = room[: size[0]].reshape(n_rows, n_segments, n_frequencies)
    segments = room[size[0] :].view(np.float64)[: n * length].reshape(n_rows, n_segments, length)
    return segments, spectra


def power_spectrum(batch: Batch) -> NDArray[np.float64]:
    """Return the one-sided periodogram of the windows less their mean, up to a factor.

    Shape (n, n_times // 2 + 1), at the frequencies k / n_times per sample.
    """

    def compute() -> NDArray[np.float64]:
        n_fft = batch.n_times
        return segment_power(batch.x, np.ones(n_fft), n_fft=n_fft, factors=_one_sided(n_fft))

    return batch.share("power_spectrum", compute)


def band_spectrum(batch: Batch, parts: Sequence[slice]) -> NDArray[np.float64]:
    """Return the sums of the `power_spectrum` over bands of frequencies, (n, n_bands).

    The spectrum itself is neither used nor kept.
    """
    n_fft = batch.n_times
    factors = _one_sided(n_fft)
    return segment_band_power(batch.x, np.ones(n_fft), n_fft=n_fft, parts=parts, factors=factors)


def _one_sided(n_fft: int) -> NDArray[np.float64]:
    factors = np.full(n_fft // 2 + 1, 2.0)
    if n_fft % 2 == 0:
        factors[-1] = 1.0
    factors[0] = 0.0
    return factors
