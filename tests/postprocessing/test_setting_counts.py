"""Counts of many settings at once, against `event_scores` on what a detector finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator

from skseizure._core.counting import resolve_rules
from skseizure.metrics import event_scores
from skseizure.postprocessing import SeizureDetector
from skseizure.postprocessing._setting_counts import SettingCounter
from skseizure.signals import Windows


class Given(ClassifierMixin, BaseEstimator):
    """Returns stored probabilities, found by the sample that each window holds."""

    def __init__(self, proba):
        self.proba = proba

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X):
        p = self.proba[np.asarray(X)[:, 0, 0].astype(int)]
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def some_windows(rng, n_records, step, duration):
    """Windows of several records with gaps, in any order, each holding its number."""
    onset, record = [], []
    for r in range(n_records):
        times = np.arange(rng.integers(3, 80)) * step
        times = times[rng.random(len(times)) > 0.05] if rng.random() < 0.5 else times
        onset.append(times)
        record += [f"r{r}"] * len(times)
    onset = np.concatenate(onset)
    n = len(onset)
    order = rng.permutation(n)
    data = np.arange(n, dtype=float)[:, None, None]
    patient = np.array([f"p{int(name[1:]) // 2}" for name in record])
    return Windows(
        np.repeat(data, max(1, round(duration)), axis=2),
        sfreq=max(1, round(duration)) / duration,
        onset=onset[order],
        record=np.array(record)[order],
        patient=patient[order],
        step=step,
    )


RULES = ["szcore", "overlap", {"min_overlap": 0.3, "min_gap": 5.0}, {"max_event_duration": 17.0}]


@pytest.mark.filterwarnings("ignore:.* windows of X stand between gaps")
@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 4),
    st.sampled_from([(1.0, 1.0), (2.0, 4.0), (4.0, 4.0), (0.7, 1.3)]),
    st.sampled_from(RULES),
    st.booleans(),
)
def test_counts_are_those_of_event_scores(seed, n_records, times, rules, causal):
    rng = np.random.default_rng(seed)
    step, duration = times
    X = some_windows(rng, n_records, step, duration)
    n = len(X)
    proba = np.round(np.clip(rng.normal(0.4, 0.3, n), 0, 1), rng.integers(1, 4))
    ictal = rng.random(n) < rng.choice([0, 0.05, 0.4])
    grid = [
        {
            "smoothing": float(rng.choice([0, 3, 10, 21])),
            "threshold": high,
            "low_threshold": None if rng.random() < 0.5 else high * rng.random(),
            "min_duration": float(rng.choice([0, 3, 5, 12])),
            "merge_gap": float(rng.choice([0, 2, 10, 30])),
        }
        for high in np.round(rng.random(5), 2)
    ]
    own = proba[np.asarray(X)[:, 0, 0].astype(int)]
    counter = SettingCounter(X, own, X.to_events(ictal), resolve_rules(rules)[1], causal=causal)
    detector = SeizureDetector(FrozenEstimator(Given(proba).fit(X, ictal)), causal=causal)
    detector.fit(X, np.arange(n) % 2)
    table = [(s["smoothing"], detector.set_params(**s)._settings(X.step)) for s in grid]
    counts, latencies = counter.counts_and_latencies(table)
    for k, setting in enumerate(grid):
        found = detector.set_params(**setting).predict(X)
        each = event_scores(ictal, found, windows=X, rules=rules, by="record")
        expected = [(s.true_positives, s.false_positives) for s in each.values()]
        assert counts[k].tolist() == [list(pair) for pair in expected]
        for r, score in enumerate(each.values()):
            delays = latencies[k, counter.seizure_record == r]
            delays = delays[~np.isnan(delays)]
            median = np.median(delays) if len(delays) else np.nan
            np.testing.assert_equal(median, score.median_latency)
        assert counter.n_reference.tolist() == [s.n_reference for s in each.values()]
        np.testing.assert_allclose(counter.hours, [s.hours for s in each.values()])


def test_copies_of_a_window_count_once(rng):
    X = some_windows(rng, 2, 2.0, 4.0)
    proba = rng.random(len(X))
    ictal = rng.random(len(X)) < 0.2
    rows = np.concatenate([np.arange(len(X)), rng.integers(0, len(X), 30)])
    rules = resolve_rules("szcore")[1]
    detector = SeizureDetector(Given(proba))
    table = [(10.0, detector._settings(2.0))]
    truth = X.to_events(ictal)
    once = SettingCounter(X, proba, truth, rules, causal=False).counts(table)
    twice = SettingCounter(X[rows], proba[rows], truth, rules, causal=False).counts(table)
    assert once.tolist() == twice.tolist()


@pytest.mark.parametrize("causal", [False, True])
def test_alarm_runs_are_the_runs_of_the_array_functions(rng, causal):
    from skseizure.postprocessing._alarms import hold_and_confirm, hysteresis, merge_and_drop
    from skseizure.postprocessing._kernels import alarm_runs

    first, last = np.empty(400, dtype=int), np.empty(400, dtype=int)
    for _ in range(300):
        values = np.round(rng.random(rng.integers(1, 60)), 1)
        high = rng.random()
        low, gap, shortest = high * rng.random(), rng.integers(0, 5), rng.integers(0, 6)
        join = hold_and_confirm if causal else merge_and_drop
        expected = join(hysteresis(values, high, low), gap, shortest)
        n = alarm_runs(values, high - 1e-9, low - 1e-9, gap, shortest, causal, first, last)
        found = np.zeros(len(values), dtype=bool)
        for a, b in zip(first[:n], last[:n], strict=True):
            found[a : b + 1] = True
        assert found.tolist() == expected.tolist()
