"""Parallel loops, over whatever backend of joblib is active."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from joblib.parallel import ThreadingBackend, get_active_backend
from sklearn.utils.parallel import Parallel, delayed


class _Threads(ThreadingBackend):
    """joblib's threads, with whoever waits for a result woken by it.

    joblib looks every 10 ms whether there is one: as long as a thousand windows take.
    """

    supports_retrieve_callback = False
    supports_return_generator = True

    def retrieve_result(self, out: Any, timeout: float | None = None) -> Any:
        return self.retrieve_result_callback(out.get(timeout))


def loop(n_jobs: int | None, *, here: bool = False) -> Parallel:
    """Return a loop in threads, unless ``joblib.parallel_config`` names another backend.

    Parameters
    ----------
    n_jobs : int or None
        As in scikit-learn.
    here : bool, default=False
        Whether calls stay in this process even then.

    Returns
    -------
    Parallel
        Takes an iterable of what `call` or ``delayed`` return. The results come in order; computed
        ahead, but not all at once, where the backend is able to.
    """
    # Dask alone lets a loop in a task send tasks, each with samples that its worker has at hand.
    where = {"require": "sharedmem"} if here or _in_dask_task() else {"prefer": "threads"}
    backend, _ = get_active_backend(**where)
    if type(backend) is ThreadingBackend:
        backend = _Threads(nesting_level=backend.nesting_level)
        where = {"backend": backend}
    # Ray returns no results one by one.
    return_as = "generator" if backend.supports_return_generator else "list"
    # joblib would pack calls that are quick into ever larger tasks: with samples in each, they
    # outgrow the memory of whoever sends, hands on or receives them.
    return Parallel(n_jobs=n_jobs, return_as=return_as, batch_size=1, **where)


def call(function: Callable[..., Any], *args: Any) -> tuple[Callable[[], Any], tuple, dict]:
    """Prepare a call for a `loop`.

    Parameters
    ----------
    function : callable
        A module's function, or a partial of one, so that it can be sent to other processes.
    *args
        What to call it with. They travel inside the function: Dask keeps a large argument on one
        worker of a cluster, and loses the whole loop with that worker.

    Returns
    -------
    tuple
        What ``delayed`` makes of a call.
    """
    return delayed(partial(function, *args))()


def _in_dask_task() -> bool:
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return False
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True
