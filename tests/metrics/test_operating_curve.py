"""Event scores over thresholds, each against `event_scores` of what a detector finds there."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_equal
from sklearn.base import BaseEstimator, ClassifierMixin

from skseizure.metrics import event_scores, operating_curve
from skseizure.postprocessing import SeizureDetector, TunedSeizureDetectorCV
from skseizure.signals import Events, Windows

SCORES = ("sensitivity", "precision", "f1", "false_alarms_per_24h", "median_latency")
COUNTS = ("true_positives", "false_positives", "n_reference", "hours")


class Given(ClassifierMixin, BaseEstimator):
    """Returns the probability that each window holds."""

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X):
        p = np.asarray(X)[:, 0, 0]
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


def some_windows(rng, n_records=4, step=2.0, length=4.0, n_patients=2):
    """Windows of several records with a gap in some, in any order, and their probabilities."""
    onset, record = [], []
    for r in range(n_records):
        times = np.arange(rng.integers(60, 150)) * step
        times = times[(times < 50) | (times > 50 + 30 * rng.random())]
        onset.append(times)
        record += [r] * len(times)
    record, onset = np.array(record), np.concatenate(onset)
    proba = np.round(np.clip(rng.normal(0.4, 0.25, len(onset)), 0, 1), 2)
    order = rng.permutation(len(onset))
    X = Windows(
        np.repeat(proba[order, None, None], 4, axis=2),
        sfreq=4 / length,
        step=step,
        record=np.char.add("r", record[order].astype(str)),
        onset=onset[order],
        patient=np.char.add("p", (record[order] % n_patients).astype(str)),
    )
    return X, proba[order]


def assert_point(curve, k, scores):
    for name in SCORES:
        # Sums of hours may differ in the last digit.
        assert_allclose(getattr(curve, name)[k], getattr(scores, name), 1e-12, err_msg=name)
    assert curve.true_positives[k] == scores.true_positives
    assert curve.false_positives[k] == scores.false_positives
    assert curve.n_reference == scores.n_reference
    assert_allclose(curve.hours, scores.hours)


# Gaps are drawn at random: single windows may stand between them.
@pytest.mark.filterwarnings("ignore:.* windows of X stand between gaps")
@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["szcore", "overlap", {"max_event_duration": 17.0, "min_gap": 5.0}]),
    st.booleans(),
    st.booleans(),
)
def test_each_point_is_that_of_event_scores(seed, rules, causal, as_events):
    rng = np.random.default_rng(seed)
    X, proba = some_windows(rng)
    reference = rng.random(len(X)) < 0.03
    if as_events:
        # Longer records than the windows cover, and a seizure that lies between windows.
        recordings = {
            name: replace(info, duration=info.duration + 7.3, observed=info.duration)
            for name, info in X.recordings().items()
        }
        recordings["r0"] = replace(recordings["r0"], patient=None)  # the windows know it
        onset = rng.uniform(0, 90, 5)
        reference = Events(
            onset, rng.uniform(1, 30, 5), record=rng.choice(list(recordings), 5),
            recordings=recordings,
        )  # fmt: skip
    detector = SeizureDetector(
        Given(), smoothing=rng.choice([0, 6]), low_threshold=0.3, merge_gap=4.0, causal=causal
    ).fit(X, np.arange(len(X)) % 2)
    levels = np.sort(rng.choice(101, 4, replace=False)) / 100
    curve = operating_curve(
        reference, proba, windows=X, detector=detector, thresholds=levels, rules=rules
    )
    assert_equal(curve.thresholds, levels)
    for k, threshold in enumerate(levels):
        detector.set_params(threshold=threshold, low_threshold=threshold * (0.3 / 0.5))
        found = detector.predict_events(X)
        assert_point(
            curve, k, event_scores(reference, found, windows=None if as_events else X, rules=rules)
        )
        each = event_scores(
            reference, found, windows=None if as_events else X, rules=rules, by="patient"
        )
        assert curve.patients.keys() == each.keys()
        for patient, scores in each.items():
            assert_point(curve.patients[patient], k, scores)


def test_curve_of_a_tuned_detector(rng):
    X, _ = some_windows(rng, 6, n_patients=3)
    y = (rng.random(len(X)) < 0.1).astype(int)
    tuned = TunedSeizureDetectorCV(
        SeizureDetector(Given()), n_settings=30, random_state=0, one_standard_error=False
    ).fit(X, y)
    curve = operating_curve(y, windows=X, detector=tuned)
    k = np.flatnonzero(curve.thresholds == tuned.best_params_["threshold"]).item()
    assert curve.f1[k] == tuned.best_score_
    assert curve.false_alarms_per_24h[k] == pytest.approx(
        tuned.cv_results_["false_alarms_per_24h"][tuned.best_index_]
    )
    # At its own thresholds it is the curve that the tuned detector keeps, pooled and by patient.
    own = tuned.operating_curve_
    curve = operating_curve(y, windows=X, detector=tuned, thresholds=own["threshold"])
    assert_equal(curve.sensitivity, own["sensitivity"])
    assert_allclose(curve.false_alarms_per_24h, own["false_alarms_per_24h"])
    names = tuned.cv_results_["patient"].tolist()
    for k, name in enumerate(names):
        assert_equal(curve.patients[name].true_positives, own["true_positives"][:, k])
        assert_equal(curve.patients[name].false_positives, own["false_positives"][:, k])


def test_windows_without_a_probability_are_left_out(rng):
    X, proba = some_windows(rng)
    y = (rng.random(len(X)) < 0.1).astype(int)
    gone = X.record == "r3"
    curve = operating_curve(y, np.where(gone, np.nan, proba), windows=X, thresholds=[0.5, 0.7])
    rest = operating_curve(y[~gone], proba[~gone], windows=X[~gone], thresholds=[0.5, 0.7])
    assert str(curve) == str(rest) and len(curve) == 2
    detector = SeizureDetector(None, smoothing=0, min_duration=0, merge_gap=0)
    same = operating_curve(y, proba, windows=X, detector=detector, thresholds=0.5)
    assert same.f1 == operating_curve(y, proba, windows=X, thresholds=[0.5]).f1


def day():
    """A day with two seizures; alarms at .9 (hit), .7 (false) and .5 (hit)."""
    X = Windows(np.zeros((8640, 1, 1)), sfreq=0.1, step=10.0)
    y, proba = np.zeros((2, 8640))
    y[100:106] = y[5000:5006] = 1
    proba[102:106], proba[3000:3004], proba[5000:5002] = 0.9, 0.7, 0.5
    return X, y, proba


def test_worked_example():
    X, y, proba = day()
    curve = operating_curve(y, proba, windows=X, thresholds=[0.4, 0.6, 0.8, 0.95])
    assert curve.sensitivity.tolist() == [1, 0.5, 0.5, 0]
    assert curve.false_alarms_per_24h.tolist() == [1, 1, 0, 0]
    assert curve.median_latency[:3].tolist() == [10, 20, 20] and np.isnan(curve.median_latency[3])
    assert list(curve.patients) == ["0"]
    assert [curve.best(cap) for cap in (0, 1)] == [2, 0]
    assert curve.best(1, "precision") == 2
    assert str(curve).splitlines() == [
        "events by szcore rules: 2 in 24.00 h",
        "threshold  sensitivity  precision     F1  false alarms/24 h  latency, s",
        "    0.400        1.000      0.667  0.800               1.00        10.0",
        "    0.600        0.500      0.500  0.500               1.00        20.0",
        "    0.800        0.500      1.000  0.667               0.00        20.0",
        "    0.950        0.000        nan  0.000               0.00         nan",
    ]
    frame = curve.to_frame()
    assert frame.query("patient == 'all'").f1.tolist() == curve.f1.tolist()
    assert len(frame) == 8 and frame.true_positives[0] == 2
    default = operating_curve(y, proba, windows=X)
    assert default.thresholds.tolist() == (np.arange(1, 100) / 100).tolist()
    own = operating_curve(y, proba, windows=X, detector=SeizureDetector(None, threshold=0.345))
    assert 0.345 in own.thresholds and len(own) == 100


def test_bad_input_is_refused():
    X, y, proba = day()
    with pytest.raises(ValueError, match="fewest false alarms of any threshold are 1 per"):
        operating_curve(y, proba, windows=X, thresholds=[0.4]).best(0.5)
    with pytest.raises(ValueError, match="score is 'auc'; 'sensitivity'"):
        operating_curve(y, proba, windows=X, thresholds=[0.4]).best(1, "auc")
    for options, message in [
        ({"thresholds": [2]}, r"thresholds are \[2.0\]; some in"),
        ({"thresholds": []}, r"thresholds are \[\]; some in"),
        ({"probabilities": proba[1:]}, r"probabilities has shape \(8639,\); one for each"),
        ({"probabilities": proba + 1}, "probabilities holds 1.9; numbers in"),
        ({"probabilities": proba * np.nan}, "nothing but nan"),
        ({"probabilities": None}, "probabilities is None; one a window"),
        ({"reference": y[1:]}, "inconsistent numbers"),
        ({"reference": Events([1], [1], recordings={"0": 90, "x": 90}, record="0")}, "record 'x'"),
        ({"reference": Events([9e4], [1], recordings={"0": 1e5}, record="0")}, None),
        ({"reference": Events([99], [1], recordings={"0": 99}, record="0")}, "event from 99 to"),
    ]:
        arguments = {"reference": y, "probabilities": proba, "windows": X} | options
        if message is None:
            assert operating_curve(**arguments).n_reference == 1
            continue
        with pytest.raises(ValueError, match=message):
            operating_curve(**arguments)
    with pytest.raises(TypeError, match="windows is a ndarray"):
        operating_curve(y, proba, windows=proba)
