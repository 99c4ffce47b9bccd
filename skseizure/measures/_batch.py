"""The batch of windows that all measures work on, and the sub-results that they share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.errors import prefix_errors
from . import _kernels_moments

Values = NDArray[np.float64] | np.float64

LARGEST = np.finfo(np.float64).max
EPSILON = np.finfo(np.float64).eps


class Batch:
    """Windows to be measured, with the sub-results that several measures need.

    Every measure takes a `Batch` in the place of ``x``: measures called one after the other on
    the same batch share its sorted, filtered and transformed forms, each computed once, on first
    use. A batch is not to be shared between threads.

    Rows never meet: all that is computed of a row has the same bits whatever batch it is in.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows, finite. That is checked where the extremes are computed, which all derived forms
        need; who reads `raw` alone calls `check_finite`. Masked values, complex numbers, dates and
        text are refused.

    Attributes
    ----------
    raw : ndarray, shape (n, n_times)
        The windows as they were given.
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

    @cached_property
    def _extremes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._check_extremes(_kernels_moments.extremes(self.raw.view(np.int64)))

    def _check_extremes(
        self, bits: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        low, high = bits.view(np.float64).T
        # Kernels index by what they compute of the samples: NaN would lead them out of bounds.
        finite = np.isfinite(low) & np.isfinite(high)
        if not finite.all():
            raise ValueError(
                f"x holds NaN or infinity in {np.count_nonzero(~finite)} of {len(finite)} windows, "
                f"first in number {np.argmin(finite)}; finite samples are needed."
            )
        return low, high

    def check_finite(self) -> None:
        """Raise a ValueError if a sample is NaN or infinite."""
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
        """Whether the extremes are equal, shape (n,)."""
        return self.low == self.high

    @cached_property
    def _raw_amplitude(self) -> NDArray[np.float64]:
        return np.maximum(np.abs(self.low), np.abs(self.high))

    @cached_property
    def exponent(self) -> NDArray[np.int32]:
        """Amplitude as a power of two where its powers could leave the doubles, else 0, (n,)."""
        _, exponent = np.frexp(self._raw_amplitude)
        # The common range is left alone; 2**-1000 brings the largest double into it.
        return np.where(np.abs(exponent) <= 100, 0, np.clip(exponent, -1000, 1000))

    @cached_property
    def amplitude(self) -> NDArray[np.float64]:
        """Largest absolute value of ``x``, shape (n,)."""
        return np.ldexp(self._raw_amplitude, -self.exponent)

    @cached_property
    def x(self) -> NDArray[np.float64]:
        """The windows over 2**exponent, which is exact, shape (n, n_times)."""
        if not self.exponent.any():
            return self.raw
        return self.raw * np.ldexp(1.0, -self.exponent)[:, None]

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
        if self.exponent.any():
            moments, _ = _kernels_moments.step_moments(self.x, self.x.view(np.int64))
        return moments

    @cached_property
    def sign_changes(self) -> NDArray[np.int64]:
        """Number of zero crossings, of local extrema and of ends of plateaus, shape (n, 3)."""
        return _kernels_moments.sign_changes(self.x)

    @property
    def n_turns(self) -> NDArray[np.int64]:
        """Number of local extrema, shape (n,)."""
        return self.sign_changes[:, 1]

    def finish(
        self, values: ArrayLike, *, power: int = 0, constant: ArrayLike | None = 0.0
    ) -> Values:
        """Turn the values of ``x`` into those of the windows as they were given.

        Parameters
        ----------
        values : array-like, shape (n,)
            A measure of ``x``.
        power : int, default=0
            The power of the amplitude that the measure goes with. Beyond the largest double,
            values saturate there.
        constant : array-like, shape (n,) or scalar or None, default=0
            What takes the place of the values of constant windows; None where theirs are right.

        Returns
        -------
        float or ndarray, shape (n,)
            The measure; a scalar if one window was given as a vector.
        """
        values = np.asarray(values, dtype=np.float64)
        if power and self.exponent.any():
            with np.errstate(over="ignore", under="ignore"):
                values = np.ldexp(values, power * self.exponent)
            values = np.clip(values, -LARGEST, LARGEST)
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
