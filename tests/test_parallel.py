"""Loops in threads: order, errors, what is drawn ahead, and no waiting without need."""

import threading
import time

import joblib
import pytest
from sklearn.utils.parallel import Parallel

from skseizure._utils.parallel import call, loop


def double(i):
    return 2 * i


def whose_thread(_):
    time.sleep(0.01)  # so that no thread does the work of two
    return threading.current_thread().name


def threads_of_a_loop(_):
    return len(set(loop(2)(call(whose_thread, i) for i in range(4))))


def a_loop_of_loops(_):
    return list(loop(2)(call(threads_of_a_loop, i) for i in range(2)))


def refuse_three(i):
    if i == 3:
        raise ValueError("three")
    return i


@pytest.mark.parametrize("here", [False, True])
@pytest.mark.parametrize("n_jobs", [None, 1, 2, 5, -1])
@pytest.mark.parametrize("n", [0, 1, 2, 50])
def test_results_come_in_order(n_jobs, here, n):
    assert list(loop(n_jobs, here=here)(call(double, i) for i in range(n))) == [
        2 * i for i in range(n)
    ]


@pytest.mark.parametrize("duration", [0, 0.002])
def test_nobody_sleeps_until_a_result_is_there(monkeypatch, duration):
    """What joblib's own threads do for 10 ms at a time."""
    slept = []

    class Clock:
        time = staticmethod(time.time)
        sleep = staticmethod(slept.append)

    monkeypatch.setattr(joblib.parallel, "time", Clock)
    event = threading.Event()
    assert list(loop(2)(call(event.wait, duration) for _ in range(20))) == 20 * [False]
    assert not slept
    Parallel(2, backend="threading")(call(event.wait, 0.002) for _ in range(2))
    assert slept  # the clock is the one that joblib would have asked


def test_an_error_arrives_and_ends_the_loop():
    calls = []

    def jobs():
        for i in range(1000):
            calls.append(i)
            yield call(refuse_three, i)

    with pytest.raises(ValueError, match="three"):
        list(loop(2)(jobs()))
    assert len(calls) < 1000


def test_who_stops_early_leaves_no_thread(recwarn):
    before = threading.active_count()
    results = loop(2)(call(double, i) for i in range(100))
    assert next(results) == 0
    results.close()
    end = time.monotonic() + 30
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() == before


@pytest.mark.parametrize("here", [False, True])
def test_jobs_of_the_context_count(here):
    def threads(n_jobs):
        return len(set(loop(n_jobs, here=here)(call(whose_thread, i) for i in range(8))))

    with joblib.parallel_config(n_jobs=2):
        assert threads(None) == 2
    with joblib.parallel_config("threading", n_jobs=3):
        assert threads(None) == 3
        assert threads(2) == 2
    assert threads(None) == 1


def test_a_loop_serves_several_times():
    with loop(2) as parallel:
        for _ in range(3):
            assert list(parallel(call(double, i) for i in range(5))) == [0, 2, 4, 6, 8]


def test_loops_within_loops_end_up_in_one_thread():
    """As joblib's own do: threads within threads, and within those none."""
    assert list(loop(2)(call(threads_of_a_loop, i) for i in range(2))) == [2, 2]
    assert list(loop(2)(call(a_loop_of_loops, i) for i in range(2))) == [[1, 1], [1, 1]]


def test_calls_stay_here_whatever_the_backend():
    with joblib.parallel_config("loky", n_jobs=2):
        names = list(loop(None, here=True)(call(whose_thread, i) for i in range(4)))
    assert threading.current_thread().name not in names
    assert len(set(names)) == 2
