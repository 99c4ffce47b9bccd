"""Parallel loops: in threads, or over the backend of joblib that is active."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import islice
from typing import Any, Self

from joblib import parallel_config
from joblib.parallel import SequentialBackend, ThreadingBackend, get_active_backend
from sklearn import config_context, get_config
from sklearn.utils.parallel import Parallel, delayed

Task = Callable[[], Any]


def loop(n_jobs: int | None, *, here: bool = False) -> _Threads | _Backend:
    """Return a loop in threads, unless ``joblib.parallel_config`` names another backend.

    Parameters
    ----------
    n_jobs : int or None
        As in scikit-learn.
    here : bool, default=False
        Whether tasks stay in this process whatever backend is named; for lack of another number
        they then take one thread.

    Returns
    -------
    callable
        Takes an iterable of functions without arguments and returns an iterator over their results,
        in order. Those for another backend must be a module's functions, or partials of such. As a
        context manager, it keeps a backend's workers from one call to the next.

    Raises
    ------
    ValueError
        If ``n_jobs`` is 0.
    """
    if n_jobs == 0:
        raise ValueError("n_jobs is 0; 1 or more are needed, or -1 for all cores.")
    # Dask alone lets a loop in a task send tasks, each with samples that its worker has at hand.
    here = here or _in_dask_task()
    where = {"prefer": "threads"} | ({"require": "sharedmem"} if here else {})
    backend, of_context = get_active_backend(**where)
    if type(backend) in (ThreadingBackend, SequentialBackend):
        n_threads = backend.effective_n_jobs(of_context if n_jobs is None else n_jobs)
        return _Threads(n_threads, *backend.get_nested_backend())
    # Ray returns no results one by one.
    return_as = "generator" if backend.supports_return_generator else "list"
    # joblib would pack calls that are quick into ever larger tasks: with samples in each, they
    # outgrow the memory of whoever sends, hands on or receives them.
    return _Backend(Parallel(n_jobs, return_as=return_as, batch_size=1, **where))


class _Threads:
    """A loop in threads of this process; with one thread, in the caller's.

    joblib's own sleeps 10 ms where a result is not yet there, as long as a thousand windows take,
    and computes on while nobody takes the results. Here two tasks a thread are drawn, and nothing
    more before the next result is asked for. An error ends the loop as soon as it is there.
    """

    def __init__(self, n_threads: int, nested: Any, n_jobs_nested: int | None) -> None:
        self._n_threads = n_threads
        self._nested = {"backend": nested, "n_jobs": n_jobs_nested}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is kept: a thread starts in microseconds."""

    def __call__(self, tasks: Iterable[Task]) -> Iterator[Any]:
        if self._n_threads == 1:
            for task in tasks:
                yield task()
            return
        run = partial(_run, get_config(), self._nested)
        tasks = iter(tasks)
        waiting: deque[Future] = deque()
        running: set[Future] = set()
        pool = ThreadPoolExecutor(self._n_threads)
        try:
            while True:
                free = 2 * self._n_threads - len(running)
                drawn = [pool.submit(run, task) for task in islice(tasks, free)]
                waiting.extend(drawn)
                if not waiting:
                    return
                done, running = wait(running.union(drawn), return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                while waiting and waiting[0] not in running:
                    yield waiting.popleft().result()
        finally:
            # Whoever is told of an error does not wait for what it does not need.
            pool.shutdown(wait=False, cancel_futures=True)


def _run(config: dict[str, Any], nested: dict[str, Any], task: Task) -> Any:
    """Call a task with scikit-learn's settings, and joblib's for loops in it."""
    with config_context(**config), parallel_config(**nested):
        return task()


class _Backend:
    """A loop over a backend of joblib that the user has named."""

    def __init__(self, parallel: Parallel) -> None:
        self._parallel = parallel

    def __enter__(self) -> Self:
        self._parallel.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._parallel.__exit__(*error)

    def __call__(self, tasks: Iterable[Task]) -> Iterator[Any]:
        # Arguments travel inside the function: Dask keeps a large one on one worker of a cluster,
        # and loses the whole loop with that worker.
        return iter(self._parallel(delayed(task)() for task in tasks))


def _in_dask_task() -> bool:
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return False
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True
