import matplotlib.axes
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skseizure.features import BandFeatures
from skseizure.inspection import EventTimelineDisplay
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Events, RecordInfo, Recording, Windows


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


def test_from_estimator_draws_what_the_detector_says(toy):
    X, y, events = toy
    pipe = make_pipeline(BandFeatures(["std"], {"low": (1, 30)}), StandardScaler())
    detector = SeizureDetector(make_pipeline(*pipe, LogisticRegression())).fit(X, y)
    display = EventTimelineDisplay.from_estimator(detector, X, events, record="r2")
    mine = X.record == "r2"
    line = display.ax_.lines[0]
    np.testing.assert_allclose(line.get_xdata()[:-1], X.onset[mine] + 1)
    np.testing.assert_allclose(
        line.get_ydata()[:-1], detector.predict_proba(X[mine])[:, 1], rtol=1e-12
    )
    np.testing.assert_array_equal(display.reference, [[20, 32]])
    np.testing.assert_array_equal(
        display.hypothesis, detector.predict_events(X[mine]).intervals("r2")
    )
    assert display.threshold == 0.5
    assert display.events_ax_.get_xlabel() == "time in the record (s)"
    assert [t.get_text() for t in display.events_ax_.get_yticklabels()] == [
        "detected",
        "true seizure",
    ]
    assert display.ax_.get_title() == "record r2"


def test_from_estimator_runs_the_classifier_once(toy):
    X, y, events = toy
    calls = []

    class Counted(LogisticRegression):
        def predict_proba(self, X):
            calls.append(len(X))
            return super().predict_proba(X)

    power = FunctionTransformer(lambda X: np.asarray(X).std(axis=2))
    detector = SeizureDetector(make_pipeline(power, Counted())).fit(X, y)
    EventTimelineDisplay.from_estimator(detector, X, events, record="r1")
    assert calls == [np.sum(X.record == "r1")]


def test_gaps_break_the_line_and_given_axes_are_used(toy):
    X, _, events = toy
    keep = (X.record == "r0") & ((X.onset < 10) | (X.onset > 20))
    figure, axes = plt.subplots(2)
    display = EventTimelineDisplay.from_predictions(
        X[keep], np.zeros(keep.sum()), events, events, axes=axes
    )
    assert np.isnan(display.time).sum() == 2 and display.figure_ is figure
    assert isinstance(display.ax_, matplotlib.axes.Axes) and len(display.ax_.lines) == 1


def test_record_without_events(toy):
    X, _, _ = toy
    none = Events([], [], recordings={"r0": 60.0})
    display = EventTimelineDisplay.from_predictions(X, np.zeros(len(X)), none, none)
    assert display.record == "r0" and len(display.reference) == 0


def test_bad_input_is_refused(toy):
    X, _, events = toy
    with pytest.raises(ValueError, match=r"probability has shape \(3,\)"):
        EventTimelineDisplay.from_predictions(X, [0, 0, 0], events, events)
    with pytest.raises(ValueError, match="record 'z' is not in X"):
        EventTimelineDisplay.from_predictions(X, np.zeros(len(X)), events, events, record="z")


def test_unjudged_time_is_hatched(tmp_path):
    recording = Recording(np.ones((1, 6400)), 64, ["F3"], record="a", unjudged=((20, 30),))
    X = Windows.from_recording(recording, window=2)
    truth = Events([], [], recordings={"a": RecordInfo(100, unjudged=((40, 50), (90, 100)))})
    found = X.to_events(np.zeros(len(X)))
    display = EventTimelineDisplay.from_predictions(X, np.zeros(len(X)), truth, found)
    np.testing.assert_array_equal(display.unjudged, [[20, 30], [40, 50], [90, 100]])
    for ax in (display.ax_, display.events_ax_):
        hatched = [patch for patch in ax.patches if patch.get_hatch()]
        assert [patch.get_x() for patch in hatched] == [20, 40, 90]
    assert display.events_ax_.get_legend().texts[0].get_text() == "not judged"
    display.figure_.savefig(tmp_path / "timeline.png")
    nothing = np.zeros((0, 2))
    far = EventTimelineDisplay(
        np.array([50.0, 60.0]), np.zeros(2), nothing, nothing, record="a",
        unjudged=[(0, 50), (60, 65)],
    )  # fmt: skip
    assert far._limits() == (50, 65)
