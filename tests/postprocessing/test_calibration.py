"""Thresholds that suit a site or a patient, from hours without a seizure."""

import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from skseizure.metrics import event_scores
from skseizure.postprocessing import SeizureDetector, TunedSeizureDetectorCV
from skseizure.signals import Windows


class FirstSample(ClassifierMixin, BaseEstimator):
    """The first sample of a window is its probability."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        p = np.asarray(X)[:, 0, 0]
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def recordings(seed, hours, level, patient=True):
    """One record a patient; peaks of their probabilities are as high as ``level`` says."""
    rng = np.random.default_rng(seed)
    parts = []
    for i, top in enumerate(level):
        n = round(hours * 900)
        p = 0.1 * rng.random(n)
        peaks = rng.choice(n - 20, 40, replace=False)
        for start, height in zip(peaks, np.linspace(0.1, top, 40), strict=True):
            p[start : start + 4] = height
        data = np.repeat(p[:, None, None], 4, axis=2)
        name = f"p{i}" if patient else None
        parts.append(Windows(data, sfreq=1, record=f"r{i}", step=4, patient=name))
    return Windows.concatenate(parts)


@pytest.fixture
def detector():
    X = recordings(0, 1, [0.9])
    y = (np.arange(len(X)) % 2).astype(int)
    return SeizureDetector(
        FirstSample(), smoothing=0, threshold=0.6, low_threshold=0.3, min_duration=0
    ).fit(X, y)


def false_alarms(detector, X):
    nothing = np.zeros(len(X), dtype=int)
    return event_scores(nothing, detector.predict(X), windows=X)


def test_the_threshold_is_the_lowest_that_keeps_the_rate(detector):
    X = recordings(1, 100, [0.9], patient=False)
    suited = detector.calibrate(X, max_false_alarms_per_24h=3)
    assert suited.estimator_ is detector.estimator_ and detector.threshold == 0.6
    kept = false_alarms(suited, X)
    # The exact Poisson bound by hand: 7 alarms in 100 h are at most 3.156 in 24 h, 6 are 2.84.
    assert kept.false_positives == 6
    lower = suited.__class__(**{**suited.get_params(deep=False), "threshold": suited.threshold})
    lower.estimator_ = suited.estimator_
    lower.set_params(threshold=suited.threshold - 0.01)
    assert false_alarms(lower, X).false_positives == 7
    assert suited.low_threshold == pytest.approx(suited.threshold / 2)


def test_each_patient_has_a_threshold_and_others_the_common_one(detector):
    X = recordings(2, 100, [0.4, 0.9])
    suited = detector.calibrate(X, max_false_alarms_per_24h=2)
    assert suited.threshold == 0.6 and list(suited.patient_thresholds_) == ["p0", "p1"]
    first, second = suited.patient_thresholds_.values()
    assert first < 0.45 < second
    by_patient = event_scores(
        np.zeros(len(X), dtype=int), suited.predict(X), windows=X, by="patient"
    )
    for scores in by_patient.values():
        assert scores.false_positives == 3  # a bound of 1.86 in 24 h from 3, of 2.20 from 4
    stranger = Windows(X.data[:900], sfreq=1, record="r", step=4, patient="p7")
    np.testing.assert_array_equal(suited.predict(stranger), detector.predict(stranger))
    again = pickle.loads(pickle.dumps(suited))
    np.testing.assert_array_equal(again.predict(X), suited.predict(X))
    more = suited.calibrate(recordings(3, 100, [0.6]), max_false_alarms_per_24h=2)
    assert more.patient_thresholds_["p0"] > first
    assert more.patient_thresholds_["p1"] == second
    assert suited.patient_thresholds_["p0"] == first
    site = detector.calibrate(X, max_false_alarms_per_24h=2, by=None)
    assert not hasattr(site, "patient_thresholds_") and site.threshold != 0.6
    fitted_anew = suited.fit(X, (np.arange(len(X)) % 2).astype(int))
    assert not hasattr(fitted_anew, "patient_thresholds_")


def test_a_stream_keeps_each_patients_threshold(detector):
    X = recordings(4, 75, [0.4, 0.9])
    suited = detector.set_params(causal=True).calibrate(X, max_false_alarms_per_24h=2)
    stream = suited.stream()
    for rows in np.array_split(np.arange(len(X)), 50):
        stream.send(X[rows])
    at_once = suited.predict_events(X)
    assert len(at_once) > 0
    assert sorted(stream.events.onset.tolist()) == sorted(at_once.onset.tolist())


def test_too_few_hours_are_told(detector):
    X = recordings(5, 10, [0.9])
    with pytest.warns(UserWarning, match=r"X holds 10 h of patient 'p0', but 71.9 h without an"):
        suited = detector.calibrate(X, max_false_alarms_per_24h=1)
    assert false_alarms(suited, X).false_positives == 0
    loud = Windows(np.ones((900, 1, 4)), sfreq=1, record="r", step=4, patient="p")
    with (
        pytest.warns(UserWarning, match="No threshold keeps max_false_alarms_per_24h=1 in 1 h of"),
        pytest.warns(UserWarning, match="71.9 h without"),
    ):
        assert detector.calibrate(loud, max_false_alarms_per_24h=1).patient_thresholds_ == {"p": 1}


def test_refusals(detector):
    X = recordings(6, 1, [0.9])
    with pytest.raises(TypeError, match="X is ndarray; calibrate needs Windows"):
        detector.calibrate(np.asarray(X), max_false_alarms_per_24h=1)
    with pytest.raises(ValueError, match="max_false_alarms_per_24h is 'one'; a rate above 0"):
        detector.calibrate(X, max_false_alarms_per_24h="one")
    with pytest.raises(ValueError, match="max_false_alarms_per_24h is 0; a rate above 0"):
        detector.calibrate(X, max_false_alarms_per_24h=0)
    with pytest.raises(ValueError, match="by is 'record'; 'patient' or None"):
        detector.calibrate(X, max_false_alarms_per_24h=1, by="record")


def test_a_tuned_detector_can_be_calibrated(detector):
    X = recordings(7, 100, [0.4, 0.9])
    y = (np.asarray(X)[:, 0, 0] > 0.8).astype(int)
    tuned = TunedSeizureDetectorCV(detector, settings={"threshold": [0.6]}, cv="prefit").fit(X, y)
    suited = tuned.calibrate(X[y == 0], max_false_alarms_per_24h=5)
    assert set(suited.detector_.patient_thresholds_) == {"p0", "p1"}
    assert not hasattr(tuned.detector_, "patient_thresholds_")
    assert suited.best_params_ == tuned.best_params_
