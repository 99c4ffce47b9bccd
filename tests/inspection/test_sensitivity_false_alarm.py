import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.features import BandFeatures
from skseizure.inspection import SensitivityFalseAlarmDisplay
from skseizure.metrics import event_scores
from skseizure.postprocessing import SeizureDetector, TunedSeizureDetectorCV
from skseizure.signals import Events, RecordInfo

DAY = {"a": 86400.0}


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


@pytest.fixture
def detector(toy):
    X, y, _ = toy
    features = BandFeatures(["std"], {"low": (1, 30)})
    inner = make_pipeline(features, StandardScaler(), LogisticRegression())
    return SeizureDetector(inner, smoothing=2, min_duration=2, merge_gap=2).fit(X, y)


@pytest.mark.parametrize("low_threshold", [None, 0.25])
def test_each_point_is_the_detector_set_to_that_threshold(toy, detector, low_threshold):
    X, y, events = toy
    detector.set_params(low_threshold=low_threshold)
    display = SensitivityFalseAlarmDisplay.from_estimator(
        detector, X, events, thresholds=[0.05, 0.2, 0.5, 0.9], rules="overlap"
    )
    for i, threshold in enumerate([0.05, 0.2, 0.5, 0.9]):
        low = None if low_threshold is None else low_threshold / 0.5 * threshold
        other = SeizureDetector(**{**detector.get_params(deep=False), "threshold": threshold})
        found = other.set_params(low_threshold=low).fit(X, y).predict_events(X)
        scores = event_scores(events, found, rules="overlap")
        assert display.sensitivity[i] == scores.sensitivity
        assert display.false_alarms_per_24h[i] == scores.false_alarms_per_24h
    assert detector.threshold == 0.5  # the detector itself is left alone


def test_own_threshold_is_marked(toy, detector):
    X, _, events = toy
    display = SensitivityFalseAlarmDisplay.from_estimator(
        detector.set_params(threshold=0.345), X, events
    )
    assert len(display.thresholds) == 100 and 0.345 in display.thresholds
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["threshold 0.345"]
    assert display.ax_.get_xlabel() == "false alarms per 24 h"
    # A second curve goes onto the same axes.
    other = SensitivityFalseAlarmDisplay.from_estimator(
        detector, X, events, name="b", ax=display.ax_
    )
    assert other.figure_ is display.figure_ and len(display.ax_.lines) == 4


def test_worked_example():
    # Two seizures; alarms of confidence .9 (hit), .7 (false), .6 (hit).
    truth = Events([1000, 50000], [60, 60], record="a", recordings=DAY)
    found = Events([1010, 9000, 50010], 40, record="a", confidence=[0.9, 0.7, 0.6], recordings=DAY)
    display = SensitivityFalseAlarmDisplay.from_predictions(truth, found, name="x")
    assert display.thresholds.tolist() == [0, 0.6, 0.7, 0.9]
    assert display.sensitivity.tolist() == [1, 1, 0.5, 0.5]
    assert display.false_alarms_per_24h.tolist() == [1, 1, 1, 0]
    assert display.marked is None and display.rules == "szcore"


def test_bad_input_is_refused(toy, detector):
    X, _, events = toy
    with pytest.raises(ValueError, match=r"thresholds are \[2.0\]; some in \[0, 1\]"):
        SensitivityFalseAlarmDisplay.from_estimator(detector, X, events, thresholds=[2])
    none = Events([], [], recordings=events.recordings)
    with pytest.raises(ValueError, match="reference holds no seizure"):
        SensitivityFalseAlarmDisplay.from_estimator(detector, X, none)
    with pytest.raises(ValueError, match="reference holds no seizure"):
        SensitivityFalseAlarmDisplay.from_predictions(none, none)
    with pytest.raises(ValueError, match="hypothesis has 1 events without a confidence"):
        found = Events([1], [2], record="a", recordings=DAY)
        SensitivityFalseAlarmDisplay.from_predictions(found, found)


def test_band_is_that_of_patients_drawn():
    # Each patient alone decides: three of four seizures found, one false alarm of the fourth.
    days = {f"d{i}": RecordInfo(86400.0, patient=f"p{i}") for i in range(4)}
    truth = Events([1000] * 4, [60] * 4, record=list(days), recordings=days)
    found = Events(
        [1000, 1000, 1000, 50000], [60] * 4, record=list(days), confidence=[0.5] * 4,
        recordings=days,
    )  # fmt: skip
    display = SensitivityFalseAlarmDisplay.from_predictions(truth, found, confidence_level=0.5)
    caps, low, high = display.band
    # Without a false alarm none must be drawn of the fourth: (3/4)^4 of the draws, all found.
    assert caps[0] == 0 and low[0] == 0 and high[0] == 1
    # The fourth is drawn k times in 4: 1 - k/4 found at 24 h * k/4 false alarms a day.
    assert (np.diff(low) >= 0).all() and (np.diff(high) >= 0).all()
    assert low[-1] in (0.5, 0.75) and high[-1] == 1
    assert display.band_ is not None
    assert SensitivityFalseAlarmDisplay.from_predictions(truth, found).band[1][-1] <= low[-1]
    none = SensitivityFalseAlarmDisplay.from_predictions(truth, found, confidence_level=None)
    assert none.band is None and none.band_ is None
    with pytest.raises(ValueError, match="confidence_level is 2"):
        SensitivityFalseAlarmDisplay.from_predictions(truth, found, confidence_level=2)


def test_chosen_point_of_a_tuned_detector(toy, detector):
    X, y, events = toy
    tuned = TunedSeizureDetectorCV(
        detector, n_settings=20, max_false_alarms_per_24h=500, random_state=0
    ).fit(X, y)
    display = SensitivityFalseAlarmDisplay.from_tuned(tuned)
    chosen, results = tuned.best_params_["threshold"], tuned.cv_results_
    at = display.thresholds.tolist().index(chosen)
    rate = results["false_alarms_per_24h"][tuned.best_index_]
    found = results["true_positives"][tuned.best_index_].sum() / results["n_reference"].sum()
    assert display.false_alarms_per_24h[at] == pytest.approx(rate)
    assert display.sensitivity[at] == found
    legend = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert legend == ["cap 500", f"threshold {chosen:g}"]
    own = SensitivityFalseAlarmDisplay.from_estimator(tuned, X, events)
    assert own.marked == chosen and chosen in own.thresholds
    with pytest.raises(TypeError, match="a TunedSeizureDetectorCV is needed"):
        SensitivityFalseAlarmDisplay.from_tuned(detector)
