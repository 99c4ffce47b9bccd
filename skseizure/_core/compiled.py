"""How kernels are compiled: on first use, without the GIL, and kept on disk where possible."""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import update_wrapper
from typing import Any

#: Value of ``fastmath`` that lets the compiler split a long sum over vector lanes. The order of the
#: additions then depends on the length of the sum only.
REASSOCIATE = {"reassoc", "contract", "nsz"}

_LOCK = threading.RLock()


def _locks() -> list[Any]:
    """Return the locks of compilers; a child that is forked while one is held would hang."""
    lock = getattr(sys.modules.get("numba.core.compiler_lock"), "global_compiler_lock", None)
    return [_LOCK] if lock is None else [_LOCK, lock]


def _hold() -> None:
    _held.append(_locks())
    for lock in _held[-1]:
        lock.acquire()


def _release() -> None:
    for lock in reversed(_held.pop()):
        lock.release()


_held: list[list[Any]] = []
if hasattr(os, "register_at_fork"):
    # A fork waits until what is being compiled is ready.
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_release)


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
                _check_cache(self._compiled)
            except RuntimeError:
                # A read-only installation without a home directory has no place for a cache.
                self._compiled = njit(nogil=True, **self._options)(self._function)
        return self._compiled


def _check_cache(kernel: Any) -> None:
    """Let numba compile a kernel again whose file in the cache is damaged, or cannot be written."""
    from numba.core.caching import IndexDataCacheFile

    class CheckedFile(IndexDataCacheFile):
        """Compiled code with its hash before it: damaged code would run."""

        def _save_data(self, name: str, data: Any) -> None:
            raw = self._dump(data)
            with self._open_for_write(self._data_path(name)) as file:
                file.write(hashlib.sha256(raw).digest() + raw)

        def _load_data(self, name: str) -> Any:
            with open(self._data_path(name), "rb") as file:
                digest, raw = file.read(32), file.read()
            if hashlib.sha256(raw).digest() != digest:
                raise ValueError("the file is damaged.")
            return pickle.loads(raw)

    cache = kernel._cache
    cache._cache_file.__class__ = CheckedFile
    load, save = cache.load_overload, cache.save_overload

    def load_overload(*args: Any) -> Any:
        try:
            return load(*args)
        except Exception:  # a damaged pickle ends in errors of any kind
            with suppress(Exception):
                cache.flush()
            return None

    def save_overload(*args: Any) -> None:
        with suppress(Exception):  # the code is there; a full disk takes no file
            save(*args)

    cache.load_overload, cache.save_overload = load_overload, save_overload


def _replace_kernels(module: dict[str, Any]) -> None:
    """Put numba's kernels in the place of those of a module, and of the modules they come from."""
    found = {name: value for name, value in module.items() if isinstance(value, _Kernel)}
    for kernel in found.values():
        if kernel._function.__globals__ is not module:
            _replace_kernels(kernel._function.__globals__)
    # All at once: a thread that finds one of them here also finds those that it calls.
    module.update({name: kernel._njit() for name, kernel in found.items()})
