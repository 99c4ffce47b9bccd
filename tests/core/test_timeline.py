"""Seconds of an average, averages, stretches and copies, against loops written to be read."""

import warnings
from math import fsum

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.ndimage import uniform_filter1d
from sklearn.base import BaseEstimator, TransformerMixin

from skseizure._core import timeline
from skseizure._core.timeline import moving_average, smooth, timeline_of, true_runs, windows_in
from skseizure.features import MovingAverage, STFTFeatures
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Windows

from ..postprocessing._toys import Echo

# ---------------------------------------------------------------------- seconds


class Sample(TransformerMixin, BaseEstimator):
    """The first sample of a window."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X)[:, :, 0]


def averaged_at(middle, n, seconds, step, center):
    """How much of each of n windows is in the average of one, by three classes."""
    X = Windows(np.zeros((n, 1, 8)), sfreq=8 / step)
    shares = []
    for i in range(n):
        impulse = Windows(np.zeros((n, 1, 8)) + (np.arange(n) == i)[:, None, None], sfreq=8 / step)
        average = MovingAverage(Sample(), seconds, center=center).fit_transform(impulse)
        detector = SeizureDetector(Echo(), smoothing=seconds, causal=not center)
        proba = detector.fit(X, np.arange(n) % 2).predict_proba(impulse)[:, 1]
        np.testing.assert_array_equal(average[:, 0], proba)
        stream = detector.stream().send(impulse, return_proba=True)[1] if not center else None
        assert center or np.array_equal(stream[:, 1], proba)
        shares.append(proba[middle])
    return np.array(shares)


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize(
    ("seconds", "step", "n_windows"), [(20, 2, 10), (20, 1, 20), (10, 2, 5), (5, 2, 3), (1, 4, 1)]
)
def test_one_rule_for_seconds(seconds, step, n_windows, center):
    shares = averaged_at(24, 48, seconds, step, center)
    assert np.count_nonzero(shares) == n_windows == windows_in(seconds, step)
    np.testing.assert_allclose(shares[shares > 0], 1 / n_windows)
    after = (n_windows - 1) // 2 if center else 0
    assert np.flatnonzero(shares)[[0, -1]].tolist() == [25 + after - n_windows, 24 + after]


def test_feature_transformers_have_the_same_rule(rng):
    signal = rng.normal(size=(1, 64 * 60))
    X = Windows.from_array(signal, 64, window=2)
    bands = {"low": (0, 20)}
    table = STFTFeatures(bands, segment=32).fit_transform(X)
    for center in (False, True):
        expected = MovingAverage(STFTFeatures(bands, segment=32), 9, center=center).fit_transform(X)
        own = STFTFeatures(bands, segment=32, smoothing=9, center=center).fit_transform(X)
        np.testing.assert_array_equal(own, expected)
        naive = naive_average(table, [np.arange(30)], 5, center)
        np.testing.assert_allclose(own, naive, rtol=1e-13)


@given(st.floats(0, 1e300), st.floats(1e-3, 100))
@example(0.6, 0.1)
@example(5, 2)
def test_seconds_become_the_nearest_number_of_windows(seconds, step):
    n = windows_in(seconds, step)
    assert isinstance(n, int) and n >= 1
    assert n == 1 or n == 10**15 or abs(n - seconds / step) <= 0.5 + 1e-6


def test_halves_count_upwards_and_rounding_does_not_decide():
    assert [windows_in(k + 0.5, 1) for k in range(5)] == [1, 2, 3, 4, 5]
    assert windows_in(0.45, 0.3) == windows_in(1.5, 1) == 2, "0.45 / 0.3 is below 1.5"


# ---------------------------------------------------------------------- averages


def naive_average(table, stretches, n_windows, center):
    """One value at a time, exactly rounded."""
    out = np.array(table, dtype=float)
    before = n_windows // 2 if center else n_windows - 1
    for rows in stretches:
        for i, row in enumerate(rows):
            near = rows[max(0, i - before) : i - before + n_windows]
            for column in range(out.shape[1]):
                out[row, column] = fsum(table[r, column] for r in near) / len(near)
    return out


def random_stretches(rng, n_rows):
    cuts = np.sort(rng.integers(0, n_rows, size=rng.integers(0, 5)))
    return [part for part in np.split(rng.permutation(n_rows), cuts) if len(part)]


@settings(deadline=None)
@given(
    n_rows=st.integers(1, 60),
    n_windows=st.integers(1, 70),
    center=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_function_by_a_naive_loop(n_rows, n_windows, center, seed):
    rng = np.random.default_rng(seed)
    table, stretches = rng.uniform(1, 2, size=(n_rows, 3)), random_stretches(rng, n_rows)
    average = moving_average(table, stretches, n_windows, center=center)
    naive = naive_average(table, stretches, n_windows, center)
    np.testing.assert_allclose(average, naive, rtol=8 * np.finfo(float).eps)


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("n_windows", [1, 2, 3, 7, 20, 64])
def test_function_by_pandas(rng, n_windows, center):
    table = rng.normal(size=(50, 3))
    expected = pd.DataFrame(table).rolling(n_windows, min_periods=1, center=center).mean()
    average = moving_average(table, [np.arange(50)], n_windows, center=center)
    np.testing.assert_allclose(average, expected, rtol=1e-12, atol=1e-14)


def test_function_by_hand():
    table = np.array([[6.0], [0], [9], [100], [12]])
    stretches = [np.array([1, 0, 2, 4]), np.array([3])]  # in time: 0 6 9 12 and, alone, 100
    assert moving_average(table, stretches, 3).ravel().tolist() == [3, 0, 5, 100, 9]
    centred = moving_average(table, stretches, 3, center=True)
    assert centred.ravel().tolist() == [5, 3, 9, 100, 10.5]
    assert moving_average(table[:, 0], stretches, 3).tolist() == [3, 0, 5, 100, 9]
    even = moving_average(table, stretches, 2, center=True)
    np.testing.assert_array_equal(even, moving_average(table, stretches, 2))


@settings(deadline=None)
@given(
    n_rows=st.integers(1, 80),
    n_windows=st.integers(1, 30),
    center=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_bits_depend_on_the_own_segment_alone(n_rows, n_windows, center, seed):
    rng = np.random.default_rng(seed)
    table, stretches = rng.normal(size=(n_rows, 2)), random_stretches(rng, n_rows)
    together = moving_average(table, stretches, n_windows, center=center)
    backwards = moving_average(table, stretches[::-1], n_windows, center=center)
    np.testing.assert_array_equal(backwards, together)
    for rows in stretches:
        alone = moving_average(table[rows], [np.arange(len(rows))], n_windows, center=center)
        np.testing.assert_array_equal(alone, together[rows])


def test_causal_prefix_and_blocks_of_columns_change_no_bit(rng, monkeypatch):
    table = rng.normal(size=(40, 5))
    whole = moving_average(table, [np.arange(40)], 7)
    for k in range(1, 40):
        np.testing.assert_array_equal(moving_average(table[:k], [np.arange(k)], 7), whole[:k])
    monkeypatch.setattr(timeline, "_BLOCK", 80)  # two columns at a time
    np.testing.assert_array_equal(moving_average(table, [np.arange(40)], 7), whole)


def test_offsets_and_spikes_leave_no_error_behind(rng):
    """A running total would carry the rounding of what has left the average."""
    small = rng.normal(size=(2000, 1))
    table = small + 1e9
    average = moving_average(table, [np.arange(2000)], 20)
    exact = naive_average(table, [np.arange(2000)], 20, False)
    np.testing.assert_allclose(average, exact, rtol=4 * np.finfo(float).eps)
    spiked = small.copy()
    spiked[100] = 1e18
    np.testing.assert_array_equal(
        moving_average(spiked, [np.arange(2000)], 20)[120:],
        moving_average(small, [np.arange(2000)], 20)[120:],
    )


def test_largest_numbers_do_not_overflow():
    largest = np.finfo(np.float64).max
    for n_windows in range(1, 40):
        with np.errstate(all="raise"):
            table = moving_average(np.full((50, 1), largest), [np.arange(50)], n_windows)
        np.testing.assert_allclose(table, largest, rtol=1e-15)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(1, 70), st.booleans())
def test_an_average_of_probabilities_is_one(values, n_windows, center):
    values = np.array(values)
    values[len(values) // 2 :] = 1
    average = moving_average(values, [np.arange(len(values))], n_windows, center=center)
    assert np.all((average >= 0) & (average <= 1))


@pytest.mark.parametrize("n_windows", [1, 4, 7, 10])
def test_centred_average_by_scipy(rng, n_windows):
    values = rng.random(40)
    average = moving_average(values, [np.arange(40)], n_windows, center=True)
    inside = slice(n_windows, -n_windows)
    expected = uniform_filter1d(values, n_windows)
    np.testing.assert_allclose(average[inside], expected[inside], rtol=1e-12)


def test_types(rng):
    table = rng.normal(loc=1e4, size=(30, 2)).astype(np.float32)
    average = moving_average(table, [np.arange(30)], 9)
    exact = moving_average(table.astype(float), [np.arange(30)], 9)
    assert average.dtype == np.float32
    np.testing.assert_array_equal(average, exact.astype(np.float32))
    assert moving_average([[1], [2]], [np.arange(2)], 2).tolist() == [[1.0], [1.5]]


def smoothed(values, X, seconds, center):
    return smooth(values, timeline_of(X, len(X)), seconds, center=center)


def test_rows_that_were_shuffled_or_chosen_are_told_of(rng):
    X = Windows(rng.normal(size=(200, 1, 16)), sfreq=16, record=["a"] * 100 + ["b"] * 100)
    every_second, fold = X[::2], X[np.sort(rng.permutation(200)[:160])]
    table = rng.normal(size=(200, 3))
    for part in (every_second, fold):
        for center in (False, True):
            with pytest.warns(UserWarning, match=r"windows of X stand between gaps .* 20 s"):
                out = smoothed(table[: len(part)], part, 20, center)
            assert out.shape == (len(part), 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few = np.delete(np.arange(200), [50, 120])  # two gaps, and two records
        smoothed(table[: len(few)], X[few], 20, False)
        smoothed(table, X[rng.permutation(200)], 20, False)  # shuffled, and all there
        smoothed(table[:10], X[:20:2], 40, False)  # the record is no longer than that
        smoothed(table[:100], every_second, 1, False)


def test_a_span_beyond_any_record_is_all_of_it(rng):
    table = rng.normal(size=(9, 2))
    running = table.cumsum(axis=0) / np.arange(1, 10)[:, np.newaxis]
    for center, expected in ((False, running), (True, np.tile(table.mean(axis=0), (9, 1)))):
        out = smoothed(table, np.zeros((9, 1)), 1e300, center)
        np.testing.assert_allclose(out, expected, rtol=1e-13)


# ---------------------------------------------------------------------- stretches and copies


@st.composite
def drawn_rows(draw):
    """Windows of up to three records with gaps, drawn with repetition in any order."""
    n = draw(st.integers(1, 30))
    record = np.array(draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n)))
    steps = np.array(draw(st.lists(st.sampled_from([1, 1, 1, 1.5, 7]), min_size=n, max_size=n)))
    onset = np.zeros(n)
    for name in "abc":
        onset[record == name] = np.cumsum(steps[record == name])
    rows = draw(st.lists(st.integers(0, n - 1), max_size=40))
    return Windows(np.zeros((n, 1, 4)), sfreq=4, record=record, onset=onset), np.array(rows, int)


@settings(deadline=None)
@given(drawn_rows())
def test_timeline_by_a_naive_loop(drawn):
    X = drawn[0][drawn[1]]
    time = timeline_of(X, len(X))
    first = {}
    for row in range(len(X)):
        first.setdefault((X.record[row], X.onset[row]), row)
    expected = []
    for place in sorted(first):
        after = [p for p in first if p[0] == place[0] and 0 < place[1] - p[1] <= 1.5]
        expected.append([]) if not after else None
        expected[-1].append(first[place])
    assert [rows.tolist() for rows in time.stretches] == expected
    originals = {row: first[X.record[row], X.onset[row]] for row in range(len(X))}
    shared = time.share(np.arange(len(X)))
    assert shared.tolist() == [originals[row] for row in range(len(X))]
    assert sorted([*time.copies, *(r for rows in expected for r in rows)]) == list(range(len(X)))
    for rows, lasts in zip(time.stretches, time.lasts, strict=True):
        own = X.onset[X.record == X.record[rows[0]]]
        assert lasts == own.max() - own.min() + 1
    assert time.step == 1


def test_what_is_no_windows_is_one_stretch():
    time = timeline_of(np.zeros((5, 2)), 5, step=0.5)
    assert [rows.tolist() for rows in time.stretches] == [[0, 1, 2, 3, 4]] and time.step == 0.5
    assert time.share(np.arange(5)).tolist() == [0, 1, 2, 3, 4]


@given(st.lists(st.booleans(), max_size=20))
def test_runs_by_a_naive_loop(flags):
    expected = []
    for i, flag in enumerate(flags):
        if flag and (i == 0 or not flags[i - 1]):
            expected.append([i, i + 1])
        elif flag:
            expected[-1][1] = i + 1
    first, end = true_runs(np.array(flags, dtype=bool))
    assert np.column_stack([first, end]).tolist() == expected
