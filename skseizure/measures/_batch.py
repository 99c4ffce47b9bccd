"""The batch of windows that all measures work on, and the sub-results that they share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.amplitude import LARGEST_AMPLITUDE, amplitude_error
from .._core.errors import prefix_errors
from . import _kernels_moments

Values = NDArray[np.float64] | np.float64

EPSILON = np.finfo(np.float64).eps
# Microvolts. A window whose samples lie closer together is flat: fourth powers of smaller
# differences lose digits, and then vanish.
FLAT = 1e-60


class Batch:
    """Windows to be measured, with the sub-results that several measures need.

    Every measure takes a `Batch` in the place of ``x``: measures called one after the other on
    the same batch share its sorted, filtered and transformed forms, each computed once, on first
    use. A batch is not to be shared between threads.

    Rows never meet: all that is computed of a row has the same bits whatever batch it is in.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolts, finite and at most `LARGEST_AMPLITUDE` in size. Masked values,
        complex numbers, dates and text are refused.

    Attributes
    ----------
    raw : ndarray, shape (n, n_times)
        The windows before any check of their samples, for kernels that cannot be led astray by NaN.
    n_times : int
        Samples per window.
    """

    def __init__(self, x: ArrayLike) -> None:
        raw = _real_numbers(x)
        if raw.ndim not in (1, 2) or raw.size == 0:
            raise ValueError(
                "x must be a non-empty array of shape (n, n_times) or (n_times,), "
                f"got shape {raw.shape}."
            )
        self._is_single = raw.ndim == 1
        # Contiguous, aligned and writeable: the one memory layout the kernels are compiled for.
        raw = np.require(np.atleast_2d(raw), requirements=["C", "A", "W"])
        self.raw = raw
        self.n_times = raw.shape[1]
        self._shared: dict[Hashable, Any] = {}

    def share(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """Return the sub-result named ``key``, computed if it is not there yet."""
        if key not in self._shared:
            self._shared[key] = compute()
        return self._shared[key]

    def has(self, key: Hashable) -> bool:
        """Tell whether a sub-result is there."""
        return key in self._shared

    @cached_property
    def _extremes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._check_extremes(_kernels_moments.extremes(self.raw.view(np.int64)))

    def _check_extremes(
        self, bits: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        low, high = bits.view(np.float64).T
        amplitude = np.maximum(np.abs(low), np.abs(high))
        # Kernels index by what they compute of the samples: NaN would lead them out of bounds.
        finite = np.isfinite(amplitude)
        if not finite.all():
            raise ValueError(
                f"x holds NaN or infinity in {np.count_nonzero(~finite)} of {len(finite)} windows, "
                f"first in number {np.argmin(finite)}; finite samples are needed."
            )
        number = int(np.argmax(amplitude))
        if amplitude[number] > LARGEST_AMPLITUDE:
            raise amplitude_error("x", amplitude[number], f"window number {number}")
        return low, high

    def check(self) -> None:
        """Raise a ValueError if a sample is NaN, infinite or too large for a signal."""
        _ = self._extremes

    @property
    def low(self) -> NDArray[np.float64]:
        """Smallest sample of each window, shape (n,)."""
        return self._extremes[0]

    @property
    def high(self) -> NDArray[np.float64]:
        """Largest sample of each window, shape (n,)."""
        return self._extremes[1]

    @cached_property
    def constant(self) -> NDArray[np.bool_]:
        """Whether all samples of a window are equal, or differ by next to nothing, shape (n,)."""
        return self.high - self.low <= FLAT

    @cached_property
    def amplitude(self) -> NDArray[np.float64]:
        """Largest absolute value of each window, shape (n,)."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    @property
    def x(self) -> NDArray[np.float64]:
        """The windows, checked, shape (n, n_times)."""
        self.check()
        return self.raw

    @cached_property
    def centred(self) -> NDArray[np.float64]:
        """Windows ``x`` less their mean, shape (n, n_times)."""
        return self.x - self.x.mean(axis=1, keepdims=True)

    @cached_property
    def ordered(self) -> NDArray[np.float64]:
        """Windows ``x`` with their samples in order of size, shape (n, n_times)."""
        return np.sort(self.x, axis=1)

    @cached_property
    def moments(self) -> NDArray[np.float64]:
        """Second, third and fourth central moment of ``x``, shape (n, 3)."""
        return _kernels_moments.central_moments(self.x)

    @property
    def variance(self) -> NDArray[np.float64]:
        """Population variance of ``x``, shape (n,)."""
        return self.moments[:, 0]

    @cached_property
    def steps(self) -> NDArray[np.float64]:
        """First differences of ``x``, shape (n, n_times - 1)."""
        return np.diff(self.x, axis=1)

    @cached_property
    def step_moments(self) -> NDArray[np.float64]:
        """Mean size and variance of steps, variance of their steps and of ``x``, shape (n, 4).

        What windows of one or two samples have no differences for is 0.
        """
        if self.n_times < 3:
            moments = np.zeros((len(self.x), 4))
            moments[:, 0] = np.abs(self.steps).sum(axis=1)
            moments[:, 3] = self.variance
            return moments
        moments, ends = _kernels_moments.step_moments(self.raw, self.raw.view(np.int64))
        self._extremes = self._check_extremes(ends)
        return moments

    @cached_property
    def sign_changes(self) -> NDArray[np.int64]:
        """Number of zero crossings, of local extrema and of ends of plateaus, shape (n, 3)."""
        return _kernels_moments.sign_changes(self.x)

    @property
    def n_turns(self) -> NDArray[np.int64]:
        """Number of local extrema, shape (n,)."""
        return self.sign_changes[:, 1]

    def finish(self, values: ArrayLike, *, constant: ArrayLike | None = 0.0) -> Values:
        """Return the values of a measure in the form that its caller expects.

        Parameters
        ----------
        values : array-like, shape (n,)
            A measure of the windows.
        constant : array-like, shape (n,) or scalar or None, default=0
            Values of the constant windows. If None, ``values`` are right for them too.

        Returns
        -------
        float or ndarray, shape (n,)
            The measure; a scalar if one window was given as a vector.
        """
        values = np.asarray(values, dtype=np.float64)
        if constant is not None:
            values = np.where(self.constant, constant, values)
        return values[0] if self._is_single else values


def _real_numbers(x: ArrayLike) -> NDArray[np.float64]:
    """Return ``x`` in doubles; what numpy would make numbers of in silence is refused."""
    if np.ma.is_masked(x):
        raise ValueError("x is a masked array; fill its gaps or leave such windows out.")
    with prefix_errors("x"):
        given = np.asarray(x)
    words = given.dtype == object and any(isinstance(v, str | bytes) for v in given.flat)
    if words or given.dtype.kind not in "biufO":
        kind = "text" if words else f"type {given.dtype}"
        raise ValueError(f"x holds values of {kind}; real numbers are needed.")
    return np.asarray(given, dtype=np.float64)


def as_batch(x: Any) -> Batch:
    """Make a `Batch` of ``x`` unless it is one."""
    return x if isinstance(x, Batch) else Batch(x)


def divide(numerator: NDArray, denominator: NDArray) -> NDArray[np.float64]:
    """Divide element by element, with 0 where the denominator is 0."""
    ok = denominator != 0.0
    return np.where(ok, numerator / np.where(ok, denominator, 1.0), 0.0)


def check_integer(name: str, value: Any, minimum: int) -> int:
    """Return ``value`` as int, or raise a ValueError naming it if it is none or too small."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < minimum:
        raise ValueError(f"{name} must be an integer of at least {minimum}, got {value!r}.")
    return int(value)
