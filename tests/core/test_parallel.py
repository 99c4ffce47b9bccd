"""Loops in threads: order, errors, what is drawn ahead, and how many threads there are."""

import gc
import itertools
import subprocess
import sys
import threading
import time
import types
import warnings
import weakref
from functools import partial

import joblib
import numpy as np
import pytest
import sklearn

from skseizure._core.parallel import loop
from skseizure.feature_selection import MutualInformationSelector
from skseizure.features import STFTFeatures

LONG = 60  # seconds, which only a test that fails waits


def double(i):
    return 2 * i


def whose_thread(_=None):
    time.sleep(0.01)  # so that no thread does the work of two
    return threading.current_thread().name


def threads_of_a_loop(n_jobs=2, **options):
    return len(set(loop(n_jobs, **options)([whose_thread] * 8)))


def a_loop_of_loops():
    return list(loop(2)([threads_of_a_loop] * 2))


def fail():
    raise ValueError("of the task")


class Counted:
    """An iterable that notes how much of it was drawn."""

    def __init__(self, tasks):
        self.tasks = tasks
        self.drawn = 0

    def __iter__(self):
        for task in self.tasks:
            self.drawn += 1
            yield task


@pytest.fixture
def no_thread_left():
    before = threading.active_count()
    yield
    end = time.monotonic() + LONG
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.001)
    assert threading.active_count() == before


@pytest.mark.parametrize("in_process", [False, True])
@pytest.mark.parametrize("n_jobs", [None, 1, 2, 5, -1])
@pytest.mark.parametrize("n", [0, 1, 2, 50])
@pytest.mark.usefixtures("no_thread_left")
def test_results_come_in_order(n_jobs, in_process, n):
    results = loop(n_jobs, in_process=in_process)(partial(double, i) for i in range(n))
    assert list(results) == [2 * i for i in range(n)]


def test_order_does_not_hang_on_who_is_done_first():
    gate = threading.Event()
    tasks = [partial(gate.wait, LONG), *(partial(double, i) for i in range(20)), gate.set]
    assert list(loop(2)(tasks)) == [True, *(2 * i for i in range(20)), None]


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing", "sequential"])
def test_results_are_the_same_whatever_the_backend(backend):
    with joblib.parallel_config(backend, n_jobs=2), loop(None) as parallel:
        for _ in range(2):
            assert list(parallel(partial(double, i) for i in range(5))) == [0, 2, 4, 6, 8]


@pytest.mark.usefixtures("no_thread_left")
def test_two_tasks_a_thread_are_drawn_ahead():
    gate = threading.Event()
    tasks = Counted([partial(gate.wait, LONG)] * 100)
    results = loop(3)(tasks)
    assert tasks.drawn == 0
    threading.Timer(0.1, lambda: (drawn.append(tasks.drawn), gate.set())).start()
    drawn = []
    assert next(results) is True
    assert drawn == [6]
    # Whoever takes no results is not overrun with them.
    ahead = tasks.drawn
    time.sleep(0.05)
    assert tasks.drawn == ahead
    assert sum(results) == 99


@pytest.mark.usefixtures("no_thread_left")
def test_an_error_ends_the_loop_before_earlier_tasks_have_results():
    gate = threading.Event()
    never = itertools.repeat(partial(gate.wait, LONG))
    tasks = Counted(itertools.chain([partial(gate.wait, LONG), fail], never))

    def open_the_gate():
        while tasks.drawn < 2:
            time.sleep(0.001)
        time.sleep(0.1)
        gate.set()

    threading.Thread(target=open_the_gate).start()
    with pytest.raises(ValueError, match="of the task"):
        next(loop(2)(tasks))
    assert tasks.drawn == 4


@pytest.mark.usefixtures("no_thread_left")
def test_an_error_of_the_iterable_arrives():
    def tasks():
        yield from [partial(double, 1)] * 5
        fail()

    results = loop(2)(tasks())
    with pytest.raises(ValueError, match="of the task"):
        list(results)


@pytest.mark.usefixtures("no_thread_left")
def test_who_is_interrupted_leaves_no_thread():
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(loop(2)([interrupt] * 10))
    results = loop(2)(partial(double, i) for i in range(100))
    assert next(results) == 0
    results.close()


def test_a_script_may_end_before_its_threads():
    code = """
import threading, time
from skseizure._core.parallel import loop

def work():
    time.sleep(0.3)
    print(list(loop(2)([time.time] * 20)) != [], flush=True)

threading.Thread(target=work).start()
"""
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "True\n"


def test_an_unfinished_loop_does_not_hold_up_the_exit():
    code = f"""
import time
from functools import partial
from skseizure._core.parallel import loop
next(loop(2)([int, *[partial(time.sleep, {LONG})] * 4]))
results = loop(2)([int, *[partial(time.sleep, {LONG})] * 4])
next(results)
"""
    start = time.monotonic()
    subprocess.check_call([sys.executable, "-c", code])
    assert time.monotonic() - start < LONG


def test_an_error_keeps_nothing_alive():
    class Samples:
        def fail(self):
            raise ValueError("of the samples")

    samples = Samples()
    alive = weakref.ref(samples)
    gc.disable()
    try:
        with pytest.raises(ValueError, match="of the samples") as caught:
            list(loop(2)([samples.fail]))
        del samples, caught
        end = time.monotonic() + LONG
        while alive() is not None and time.monotonic() < end:
            time.sleep(0.001)
        assert alive() is None
    finally:
        gc.enable()


def test_settings_of_numpy_reach_the_threads():
    for n_jobs in (1, 2):
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            list(loop(n_jobs)([partial(np.divide, 1.0, 0.0)] * 2))


def test_a_module_that_is_not_dask_s(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", types.ModuleType("distributed"))
    assert list(loop(1)([int])) == [0]


def test_jobs_of_the_context_count():
    assert threads_of_a_loop(None) == 1
    with joblib.parallel_config("threading", n_jobs=3):
        assert threads_of_a_loop(None) == threads_of_a_loop(None, in_process=True) == 3
        assert threads_of_a_loop(2) == 2
    with joblib.parallel_config("sequential", n_jobs=3):
        assert threads_of_a_loop(3) == 1


def test_tasks_stay_here_whatever_the_backend():
    for options in ({"backend": "loky", "n_jobs": 2}, {"prefer": "processes"}):
        with joblib.parallel_config(**options):
            # As joblib has it, where the backend that its number was meant for cannot be had.
            assert threads_of_a_loop(None, in_process=True) == 1
            assert threads_of_a_loop(3, in_process=True) == 3


def test_selectors_may_be_in_a_context_that_prefers_processes(rng):
    X = rng.normal(size=(200, 6))
    with joblib.parallel_config(prefer="processes"):
        MutualInformationSelector().fit(X, X[:, 0] > 0)


def test_loops_within_loops_end_up_in_one_thread():
    """As joblib's own do: threads within threads, and within those none."""
    assert list(loop(2)([threads_of_a_loop] * 2)) == [2, 2]
    assert list(loop(2)([a_loop_of_loops] * 2)) == [[1, 1], [1, 1]]


def test_settings_of_scikit_learn_reach_the_threads():
    with sklearn.config_context(assume_finite=True, working_memory=7):
        settings = list(loop(2)([sklearn.get_config] * 3))
    assert all(s["assume_finite"] and s["working_memory"] == 7 for s in settings)


def test_warnings_of_threads_are_seen():
    with pytest.warns(UserWarning, match="from a thread"):
        list(loop(2)([partial(warnings.warn, "from a thread")] * 3))


def test_no_jobs_are_refused():
    features = STFTFeatures(sfreq=256).fit(np.zeros((2, 256)))
    for n_jobs in (0, 2.0, "2"):
        features.set_params(n_jobs=n_jobs)
        with pytest.raises(ValueError, match=f"n_jobs is {n_jobs!r}; 1 or more are needed, or -1"):
            features.transform(np.zeros((2, 256)))
