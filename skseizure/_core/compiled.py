"""How kernels are compiled: on first use, without the GIL, and kept on disk where possible."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import update_wrapper
from typing import Any

#: Value of ``fastmath`` that lets the compiler split a long sum over vector lanes. The order of the
#: additions then depends on the length of the sum only.
REASSOCIATE = {"reassoc", "contract", "nsz"}

_LOCK = threading.RLock()


def compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a kernel on its first call, which also imports numba.

    Parameters
    ----------
    **options
        Passed on to ``numba.njit``.

    Returns
    -------
    callable
        A decorator. Files that hold kernels can be imported without a cost.
    """
    return lambda function: _Kernel(function, options)


class _Kernel:
    """A kernel before its first call.

    The first call puts numba's kernels in the place of all those of the module, for kernels call
    one another. A later ``module.kernel(...)`` therefore calls numba's, without this detour.
    """

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._options = options
        self._compiled: Callable[..., Any] | None = None

    def __call__(self, *args: Any) -> Any:
        with _LOCK:
            if self._compiled is None:
                _replace_kernels(self._function.__globals__)
            kernel = self._njit()
        return kernel(*args)

    def _njit(self) -> Callable[..., Any]:
        if self._compiled is None:
            from numba import njit

            try:
                self._compiled = njit(nogil=True, cache=True, **self._options)(self._function)
            except RuntimeError:
                # A read-only installation without a home directory has no place for a cache.
                self._compiled = njit(nogil=True, **self._options)(self._function)
        return self._compiled


def _replace_kernels(module: dict[str, Any]) -> None:
    """Put numba's kernels in the place of those of a module, and of the modules they come from."""
    found = {name: value for name, value in module.items() if isinstance(value, _Kernel)}
    for kernel in found.values():
        if kernel._function.__globals__ is not module:
            _replace_kernels(kernel._function.__globals__)
    # All at once: a thread that finds one of them here also finds those that it calls.
    module.update({name: kernel._njit() for name, kernel in found.items()})
