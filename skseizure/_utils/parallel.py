"""Parallel loops, over whatever backend of joblib is active."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel, delayed

Result = TypeVar("Result")


def in_order(calls: Iterable[Callable[[], Result]], n_jobs: int | None) -> Iterator[Result]:
    """Make calls in parallel: in threads, unless ``joblib.parallel_config`` names a backend.

    Parameters
    ----------
    calls : iterable of callable
        Functions without arguments, such as partials of a module's function. What they work on
        travels inside them: an argument would be kept by Dask on one worker of a cluster, and the
        whole loop would be lost with that worker.
    n_jobs : int or None
        As in scikit-learn.

    Returns
    -------
    iterator
        The results, in the order of the calls; computed ahead, but not all at once, where the
        backend is able to.
    """
    # Dask alone lets a loop in a task send tasks, each with samples that its worker has at hand.
    where = {"require": "sharedmem"} if _in_dask_task() else {"prefer": "threads"}
    backend, _ = get_active_backend(**where)
    # Not so on Ray.
    return_as = "generator" if backend.supports_return_generator else "list"
    loop = Parallel(n_jobs=n_jobs, return_as=return_as, **where)
    return iter(loop(delayed(call)() for call in calls))


def _in_dask_task() -> bool:
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return False
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True
