import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skseizure.features import BandFeatures
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Events, Recording, Windows

from . import _naive
from ._toys import Echo, windows_of


def fitted(**params):
    return SeizureDetector(Echo(), **params).fit(windows_of([0, 1]), ["calm", "ictal"])


def three_stretches(values):
    """Record a with a gap, record b; one value a window."""
    n = len(values)
    third = n // 3
    record = np.array(["a"] * (2 * third) + ["b"] * (n - 2 * third))
    onset = np.concatenate([np.arange(third), 100 + np.arange(third), np.arange(n - 2 * third)])
    return windows_of(values, record=record, onset=onset.astype(float))


# Stretches this short, a quarter of what is to be averaged, are what these tests are about.
short_stretches = pytest.mark.filterwarnings("ignore:.* windows of X stand between gaps")
settings_of_a_detector = st.fixed_dictionaries(
    {
        "smoothing": st.sampled_from([0, 1, 2, 3.5, 6]),
        "threshold": st.sampled_from([0.3, 0.5, 0.8]),
        "low_threshold": st.sampled_from([None, 0.1, 0.3]),
        "min_duration": st.sampled_from([0, 1, 2.5, 4]),
        "merge_gap": st.sampled_from([0, 1, 2.5, 4]),
    }
)
values_in_time = st.lists(
    st.tuples(st.integers(0, 20).map(lambda k: k / 20), st.integers(1, 5)), min_size=3, max_size=15
).map(lambda runs: np.repeat([v for v, _ in runs], [n for _, n in runs]))


def by_hand(values, *, smoothing, threshold, low_threshold, min_duration, merge_gap, causal):
    """The detector over one stretch, one window a second, from the loops."""
    n_windows = 1
    while n_windows + 0.5 <= smoothing:
        n_windows += 1
    smooth = [round(v, 12) for v in _naive.moving_average(values, n_windows, causal)]
    on = _naive.hysteresis(smooth, threshold, threshold if low_threshold is None else low_threshold)
    gap = 0
    while gap + 1 < merge_gap:
        gap += 1
    shortest = 0
    while shortest < min_duration:
        shortest += 1
    if not causal:
        return smooth, _naive.merge_and_drop(on, gap, shortest)
    monitor = _naive.OnlineAlarm(gap, shortest)
    return smooth, [monitor.update(now) for now in on]


@short_stretches
@settings(max_examples=150, deadline=None)
@given(values_in_time, settings_of_a_detector, st.booleans())
def test_detector_equals_the_loops_over_each_stretch(values, params, causal):
    X = three_stretches(values)
    model = fitted(**params, causal=causal)
    proba, labels = model.predict_proba(X), model.predict(X)
    third = len(values) // 3
    for rows in (slice(0, third), slice(third, 2 * third), slice(2 * third, None)):
        smooth, expected = by_hand(values[rows], **params, causal=causal)
        np.testing.assert_allclose(proba[rows, 1], smooth, atol=1e-11)
        assert (labels[rows] == "ictal").tolist() == expected
    np.testing.assert_array_equal(proba[:, 0], 1 - proba[:, 1])


@short_stretches
@settings(max_examples=60, deadline=None)
@given(values_in_time, settings_of_a_detector, st.booleans(), st.integers(0, 2**32 - 1))
def test_rows_in_any_order_give_the_same_to_each_window(values, params, causal, seed):
    X, model = three_stretches(values), fitted(**params, causal=causal)
    order = np.random.default_rng(seed).permutation(len(X))
    assert np.array_equal(model.predict(X[order]), model.predict(X)[order])
    assert np.array_equal(model.predict_proba(X[order]), model.predict_proba(X)[order])
    shuffled, straight = model.predict_events(X[order]), model.predict_events(X)
    assert shuffled.select(straight.recordings) == straight


@settings(max_examples=60, deadline=None)
@given(values_in_time, settings_of_a_detector)
def test_causal_labels_never_change_as_more_windows_arrive(values, params):
    X, model = windows_of(values), fitted(**params, causal=True)
    labels, proba = model.predict(X), model.predict_proba(X)
    for k in range(1, len(X) + 1):
        assert np.array_equal(model.predict(X[:k]), labels[:k])
        assert np.array_equal(model.predict_proba(X[:k]), proba[:k])


def on_features(filtering, **params):
    features = BandFeatures(["std"], ["theta", "alpha"], filtering=filtering)
    return SeizureDetector(make_pipeline(features, LogisticRegression()), **params)


def cut_at(signal, seconds):
    """Windows of the recording as it was after so many seconds."""
    recording = Recording(signal[:, : int(seconds * 64)], 64, ["F3-C3", "C3-P3"])
    return Windows.from_recording(recording, window=2, step=1)


@pytest.mark.parametrize("filtering", ["window", "recording"])
def test_causal_from_the_signal_on_needs_window_filtering(filtering, toy, rng):
    X, y, _ = toy
    signal = rng.normal(scale=20, size=(2, 60 * 64))
    signal[:, 20 * 64 : 40 * 64] *= 4
    model = on_features(filtering, smoothing=4, min_duration=3, causal=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if filtering == "recording" else "error")
        model.fit(X, y)
    whole = cut_at(signal, 60)
    proba, labels = model.predict_proba(whole), model.predict(whole)
    assert 10 < labels.sum() < 40
    same = []
    for seconds in (18, 21, 25.5, 40, 44, 59):
        then = cut_at(signal, seconds)
        same.append(np.allclose(model.predict_proba(then), proba[: len(then)], rtol=0, atol=1e-12))
        if filtering == "window":
            assert np.array_equal(model.predict(then), labels[: len(then)])
    assert all(same) if filtering == "window" else not any(same)


def test_causal_warns_of_filtering_over_recordings(toy):
    X, y, _ = toy
    message = "estimator__bandfeatures looks ahead: filtering='recording' .*filtering='window'"
    with pytest.warns(UserWarning, match=message) as caught:
        on_features("recording", causal=True).fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        on_features("window", causal=True).fit(X, y)
        on_features("recording").fit(X, y)


@pytest.mark.parametrize(("step", "first"), [(1.0, 20), (2.0, 15), (4.0, 7), (4.0, 0), (6.0, 3)])
def test_an_alarm_sounds_later_than_its_event_is_dated(step, first):
    values = np.zeros(40)
    values[first : first + 5] = 1
    X = Windows(np.repeat(values, 8).reshape(40, 1, 8), sfreq=2, step=step)
    model = fitted(smoothing=0, min_duration=0, merge_gap=0, causal=True)
    sounds = (X.onset + X.duration)[model.predict(X) == "ictal"][0]
    after = (4 + step) / 2 if step <= 4 else 4
    assert sounds - model.predict_events(X).onset[0] == after


def test_at_the_start_of_a_stretch_an_alarm_sounds_a_window_later():
    X = Windows(np.ones((10, 1, 8)), sfreq=2, step=1)
    found = fitted(smoothing=0, min_duration=0, causal=True).predict_events(X)
    assert found.onset[0] == 0 and X.onset[0] + X.duration == 4


def test_without_causal_later_windows_do_count():
    X = windows_of([0.0] * 10 + [1.0] * 10)
    model = fitted(smoothing=4, min_duration=0)
    assert not np.array_equal(model.predict_proba(X[:10]), model.predict_proba(X)[:10])


def test_defaults_by_hand():
    # One window a second: 12 s of seizure with a pause of 2 s, a burst of 4 s, 60 s apart.
    values = np.zeros(150)
    values[[*range(30, 36), *range(38, 44), *range(104, 108)]] = 1.0
    found = fitted().predict_events(windows_of(values))
    # 10 windows are averaged, 5 before and 4 after: on where at least 5 of them are ictal.
    assert found.onset.tolist() == [30.0] and found.offset.tolist() == [45.0]
    assert found.confidence.tolist() == pytest.approx([8 / 10])
    online = fitted(causal=True).predict_events(windows_of(values))
    # 4 s later by the trailing mean, 4 more until 5 windows were on; held for 9 more at the end.
    assert online.onset.tolist() == [38.0] and online.offset.tolist() == [58.0]


def test_seconds_follow_the_step():
    values = np.repeat([0.0, 1.0, 0.0], 12)
    for step in (0.5, 1.0, 2.0):
        X = windows_of(values, step=step)
        kept = fitted(smoothing=0, min_duration=12 * step).predict_events(X)
        assert kept.onset.tolist() == [12 * step] and kept.duration.tolist() == [12 * step]
        assert len(fitted(smoothing=0, min_duration=12 * step + 0.1).predict_events(X)) == 0
        # Of n windows, 1 to n - 1 are ictal at either end.
        smooth = fitted(smoothing=4).predict_proba(X)[:, 1]
        assert np.sum((smooth > 0) & (smooth < 1)) == 2 * (4 / step - 1)


def test_rounding_does_not_cost_or_add_a_window():
    # 0.45 s are 1.5 steps of 0.3 s, 2.1 s are 3 of 0.7 s: neither in floating point.
    spike = windows_of(np.eye(1, 21, 10)[0], step=0.3)
    assert np.sum(fitted(smoothing=0.45).predict_proba(spike)[:, 1] > 0) == 2
    X = windows_of([0, 1, 1, 1, 0, 0, 0, 1, 1, 1.0], step=0.7)
    events = fitted(smoothing=0, min_duration=2.1, merge_gap=2.1).predict_events(X)
    assert len(events) == 2


def test_gap_below_merge_gap_is_filled():
    values = np.array([1, 1, 0, 0, 0, 1, 1], dtype=float)
    for merge_gap, n_events in ((0, 2), (2.9, 2), (3, 2), (3.1, 1), (30, 1)):
        model = fitted(smoothing=0, min_duration=0, merge_gap=merge_gap)
        assert len(model.predict_events(windows_of(values))) == n_events, merge_gap


@short_stretches
def test_nothing_crosses_a_gap_or_a_record():
    X = three_stretches(np.concatenate([np.ones(6), np.zeros(6), np.zeros(6)]))
    proba = fitted(smoothing=100).predict_proba(X)[:, 1]
    assert proba.tolist() == [1.0] * 6 + [0.0] * 12
    X = three_stretches(np.ones(18))
    assert len(fitted(merge_gap=1000).predict_events(X)) == 3


def test_bare_array_is_one_record_of_one_window_a_second():
    values = np.repeat([0.0, 1.0, 0.0, 1.0], [10, 12, 4, 10])
    model = fitted()
    assert np.array_equal(model.predict(values[:, None]), model.predict(windows_of(values)))


def test_finds_the_seizures_of_toy_records(toy):
    X, y, events = toy
    power = np.asarray(X).std(axis=2)
    inner = FrozenEstimator(LogisticRegression().fit(power, y))

    class OnWindows(Echo):
        def predict_proba(self, X):
            return inner.predict_proba(np.asarray(X).std(axis=2))

    found = SeizureDetector(OnWindows()).fit(X, y).predict_events(X)
    assert isinstance(found, Events) and found.record.tolist() == events.record.tolist()
    assert np.abs(found.onset - events.onset).max() <= 2
    assert np.abs(found.offset - events.offset).max() <= 2
    assert np.all(found.confidence > 0.5) and list(found.recordings) == ["r0", "r1", "r2", "r3"]


def test_no_alarm_is_an_empty_events_that_knows_its_records():
    found = fitted().predict_events(windows_of(np.zeros(30)))
    assert len(found) == 0 and found.recordings["0"].duration == 30.0


def test_thresholds_apply_without_a_new_fit():
    X = windows_of(np.full(30, 0.4))
    model = fitted()
    assert set(model.predict(X)) == {"calm"}
    assert set(model.set_params(threshold=0.4).predict(X)) == {"ictal"}


def test_events_need_windows():
    with pytest.raises(TypeError, match="X is ndarray; predict_events needs Windows"):
        fitted().predict_events(np.zeros((10, 1)))


def test_events_come_with_their_probabilities_on_request():
    X, model = three_stretches(np.tile([0.0] * 4 + [0.9] * 6, 3)), fitted(smoothing=2)
    found, proba = model.predict_events(X, return_proba=True)
    assert found == model.predict_events(X) and len(found) == 3
    np.testing.assert_array_equal(proba, model.predict_proba(X))


def test_estimator_without_probabilities_is_refused():
    with pytest.raises(ValueError, match=r"LinearSVC\(\), which has no predict_proba.*Calibrated"):
        SeizureDetector(LinearSVC()).fit(np.eye(4), [0, 1, 0, 1])


def test_low_threshold_above_threshold_is_refused():
    with pytest.raises(ValueError, match=r"low_threshold is 0.7, above threshold=0.5"):
        fitted(low_threshold=0.7)
    model = fitted(low_threshold=0.4).set_params(threshold=0.3)
    with pytest.raises(ValueError, match=r"low_threshold is 0.4, above threshold=0.3"):
        model.predict(windows_of([0, 1]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("smoothing", -1),
        ("threshold", 1.5),
        ("low_threshold", -0.1),
        ("min_duration", -1),
        ("merge_gap", "long"),
        ("causal", "yes"),
    ],
)
def test_parameters_refused(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        fitted(**{name: value})
    model = fitted().set_params(**{name: value})
    for method in (model.predict, model.predict_proba, model.predict_events):
        with pytest.raises(ValueError, match=f"'{name}' parameter of SeizureDetector"):
            method(windows_of([0, 1]))


def test_stretches_are_looked_for_once(monkeypatch):
    X, model, calls = windows_of(np.tile([0.1, 0.9], 20)), fitted(smoothing=4), []
    segments = Windows.segments
    monkeypatch.setattr(Windows, "segments", lambda self: calls.append(1) or segments(self))
    model.predict(X)
    assert len(calls) == 1
