"""Parallel loops: in threads, or over the backend of joblib that is active."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import copy_context
from itertools import islice
from numbers import Integral
from queue import Empty, SimpleQueue
from threading import Thread
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
        If ``n_jobs`` is 0 or no integer.
    """
    if n_jobs is not None and (not isinstance(n_jobs, Integral) or n_jobs == 0):
        raise ValueError(f"n_jobs is {n_jobs!r}; 1 or more are needed, or -1 for all cores.")
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
    and computes on while nobody takes the results. Here no more than two tasks a thread are drawn
    and not done, and none while no result is asked for. An error ends the loop as soon as it is
    there.
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
        due: SimpleQueue = SimpleQueue()
        done: SimpleQueue = SimpleQueue()
        settings = copy_context(), get_config(), self._nested
        results: dict[int, Any] = {}
        n_drawn = n_done = n_given = 0
        tasks = iter(tasks)
        error = None
        try:
            # Daemons: whoever interrupts a loop, or leaves it, does not wait for what is running.
            for _ in range(self._n_threads):
                Thread(target=_work, args=(due, done, settings), daemon=True).start()
            while True:
                for task in islice(tasks, 2 * self._n_threads - (n_drawn - n_done)):
                    due.put((n_drawn, task))
                    n_drawn += 1
                    del task
                if n_done == n_drawn:
                    return
                number, result, error = done.get()
                if error is not None:
                    raise error
                n_done += 1
                results[number] = result
                del result
                while n_given in results:
                    n_given += 1
                    yield results.pop(n_given - 1)
        finally:
            del error  # its traceback holds this frame
            with suppress(Empty):
                while True:
                    due.get_nowait()
            for _ in range(self._n_threads):
                due.put(None)


def _work(due: SimpleQueue, done: SimpleQueue, settings: tuple) -> None:
    """Do tasks until there is none, and hand in their results or errors."""
    context, config, nested = settings
    while (job := due.get()) is not None:
        number, task = job
        answer: tuple[int, Any, BaseException | None]
        try:
            answer = number, context.copy().run(_run, config, nested, task), None
        except BaseException as error:
            answer = number, None, error
        done.put(answer)
        del job, task, answer


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
    get_worker = getattr(sys.modules.get("distributed"), "get_worker", None)
    if get_worker is None:
        return False
    try:
        get_worker()
    except ValueError:
        return False
    return True
