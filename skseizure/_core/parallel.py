"""Run tasks in parallel: in threads, or on the active backend of joblib."""

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


def loop(n_jobs: int | None, *, in_process: bool = False) -> _ThreadLoop | _BackendLoop:
    """Return a function that runs tasks in threads, or on the backend of ``parallel_config``.

    Parameters
    ----------
    n_jobs : int or None
        Number of threads or workers, as in scikit-learn.
    in_process : bool, default=False
        Whether tasks must run in this process, whichever backend is active. If ``n_jobs`` is None,
        they then run in one thread unless the active backend is a threading one.

    Returns
    -------
    callable
        It takes an iterable of functions without arguments and returns an iterator over their
        results, in order. Functions for another process must be defined in a module, or be partials
        of such functions. As a context manager, it keeps a backend's workers between calls.

    Raises
    ------
    ValueError
        If ``n_jobs`` is 0 or not an integer.
    """
    if n_jobs is not None and (not isinstance(n_jobs, Integral) or n_jobs == 0):
        raise ValueError(f"n_jobs is {n_jobs!r}; 1 or more are needed, or -1 for all cores.")
    # Dask, unlike other backends, would let a task send tasks of its own to other workers, together
    # with samples that its own worker already holds.
    in_process = in_process or _in_dask_task()
    hints = {"prefer": "threads"} | ({"require": "sharedmem"} if in_process else {})
    backend, n_jobs_of_context = get_active_backend(**hints)
    if type(backend) in (ThreadingBackend, SequentialBackend):
        n_threads = backend.effective_n_jobs(n_jobs_of_context if n_jobs is None else n_jobs)
        return _ThreadLoop(n_threads, *backend.get_nested_backend())
    # Ray cannot return results one by one.
    return_as = "generator" if backend.supports_return_generator else "list"
    # By default joblib packs quick calls into ever larger batches. Each call carries samples, so a
    # batch would outgrow the memory of the processes that send and receive it.
    return _BackendLoop(Parallel(n_jobs, return_as=return_as, batch_size=1, **hints))


class _ThreadLoop:
    """Run tasks in threads of this process; with one thread, in the caller's.

    At most two tasks per thread are drawn and unfinished, and none is drawn until a result is asked
    for. The first error ends the loop, even if earlier tasks are still running.
    """

    # Why not ThreadPoolExecutor: 25 lines on it (a bounded set of futures) are as fast and pass all
    # tests but two. The interpreter joins its threads at exit, so a script that was interrupted
    # lives on until the running tasks end, which can be minutes when networks evolve. And it
    # refuses tasks once the main thread has ended. multiprocessing's ThreadPool has daemon threads,
    # but needs 0.1 s to terminate during a task, and hangs if a task raises KeyboardInterrupt.
    # joblib's threads wait 10 ms for a result, the time of 1,000 windows, and draw without bound.

    def __init__(self, n_threads: int, nested: Any, n_jobs_nested: int | None) -> None:
        self._n_threads = n_threads
        self._nested = {"backend": nested, "n_jobs": n_jobs_nested}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing: a thread starts in microseconds, so none is kept between calls."""

    def __call__(self, tasks: Iterable[Task]) -> Iterator[Any]:
        if self._n_threads == 1:
            for task in tasks:
                yield task()
            return
        todo: SimpleQueue = SimpleQueue()
        done: SimpleQueue = SimpleQueue()
        settings = copy_context(), get_config(), self._nested
        results: dict[int, Any] = {}
        n_drawn = n_done = n_given = 0
        tasks = iter(tasks)
        error = None
        try:
            # Daemon threads, so that the interpreter's exit does not wait for running tasks.
            for _ in range(self._n_threads):
                Thread(target=_serve, args=(todo, done, settings), daemon=True).start()
            while True:
                for task in islice(tasks, 2 * self._n_threads - (n_drawn - n_done)):
                    todo.put((n_drawn, task))
                    n_drawn += 1
                    del task  # a task holds samples, as does a result
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
            del error  # its traceback refers to this frame
            with suppress(Empty):
                while True:
                    todo.get_nowait()
            for _ in range(self._n_threads):
                todo.put(None)


def _serve(todo: SimpleQueue, done: SimpleQueue, settings: tuple) -> None:
    """Run tasks until None comes, and put their results or errors into ``done``."""
    context, config, nested = settings
    while (item := todo.get()) is not None:
        number, task = item
        answer: tuple[int, Any, BaseException | None]
        try:
            answer = number, context.copy().run(_call, task, config, nested), None
        except BaseException as error:
            answer = number, None, error
        done.put(answer)
        del item, task, answer  # a thread that waits for its next task holds no samples


def _call(task: Task, config: dict[str, Any], nested: dict[str, Any]) -> Any:
    """Call a task with the caller's settings of scikit-learn, and joblib's for nested loops."""
    with config_context(**config), parallel_config(**nested):
        return task()


class _BackendLoop:
    """Run tasks on a backend of joblib that the user has chosen."""

    def __init__(self, parallel: Parallel) -> None:
        self._parallel = parallel

    def __enter__(self) -> Self:
        self._parallel.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._parallel.__exit__(*error)

    def __call__(self, tasks: Iterable[Task]) -> Iterator[Any]:
        # The arguments are inside the function: Dask would move a large argument to one worker of
        # the cluster, and the whole loop would fail with that worker.
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
