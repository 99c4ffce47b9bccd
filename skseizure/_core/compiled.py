"""How kernels are compiled: without the GIL, and kept on disk where there is a place for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a kernel on its first call.

    Parameters
    ----------
    **options
        Passed on to ``numba.njit``.

    Returns
    -------
    callable
        A decorator.
    """

    def decorate(kernel: Callable[..., Any]) -> Callable[..., Any]:
        try:
            return njit(nogil=True, cache=True, **options)(kernel)
        except RuntimeError:
            # A read-only installation without a home directory has no place for a cache.
            return njit(nogil=True, **options)(kernel)

    return decorate
