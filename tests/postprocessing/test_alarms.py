import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skseizure.postprocessing._alarms import (
    hold_and_confirm,
    hysteresis,
    merge_and_drop,
)

from . import _naive

# Twentieths: far enough from one another that no rounding decides.
probabilities = st.lists(st.integers(0, 20).map(lambda k: k / 20), max_size=60).map(np.array)
on_off = st.lists(st.tuples(st.booleans(), st.integers(1, 6)), max_size=15).map(
    lambda runs: np.repeat([on for on, _ in runs], [n for _, n in runs]).astype(bool)
)


@given(probabilities, st.integers(0, 20), st.integers(0, 20))
def test_hysteresis_equals_loop(values, a, b):
    low, high = sorted([a / 20, b / 20])
    assert hysteresis(values, high, low).tolist() == _naive.hysteresis(values, high, low)


def test_hysteresis_by_hand():
    values = np.array([0.4, 0.7, 0.4, 0.2, 0.4, 0.8])
    assert hysteresis(values, 0.6, 0.3).tolist() == [False, True, True, False, False, True]
    short_by_rounding = np.array([0.3 - 1e-16])
    assert short_by_rounding < 0.3 and hysteresis(short_by_rounding, 0.3, 0.3).all()


@given(on_off, st.integers(0, 6), st.integers(0, 10))
def test_merge_and_drop_equals_loop(on, gap, shortest):
    assert merge_and_drop(on, gap, shortest).tolist() == _naive.merge_and_drop(on, gap, shortest)


@given(on_off, st.integers(0, 6), st.integers(0, 10))
def test_hold_and_confirm_equals_online_monitor(on, gap, shortest):
    monitor = _naive.OnlineAlarm(gap, shortest)
    expected = [monitor.update(bool(now)) for now in on]
    assert hold_and_confirm(on, gap, shortest).tolist() == expected


@given(on_off, st.integers(0, 6), st.integers(0, 10))
def test_one_causal_alarm_for_each_event(on, gap, shortest):
    found = _naive.events(merge_and_drop(on, gap, shortest))
    alarms = _naive.events(hold_and_confirm(on, gap, shortest))
    assert len(alarms) == len(found)
    for (start, end), (begin, stop) in zip(found, alarms, strict=True):
        first = next(i for i in range(start, end) if on[i] and i - start + 1 >= shortest)
        assert begin == first
        assert stop == min(end + gap, len(on))


def test_merge_before_drop():
    on = np.array([1, 1, 0, 1, 0, 0, 0, 1, 0], dtype=bool)
    assert merge_and_drop(on, 1, 4).astype(int).tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert hold_and_confirm(on, 1, 4).astype(int).tolist() == [0, 0, 0, 1, 1, 0, 0, 0, 0]
    # A held window does not confirm an alarm: one lonely window never rings.
    assert not hold_and_confirm(np.array([0, 1, 0, 0, 0], dtype=bool), 4, 2).any()
