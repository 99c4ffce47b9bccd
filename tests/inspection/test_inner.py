"""Displays find what they draw within searches, pipelines and meta-estimators."""

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline as imblearn_pipeline
from imblearn.under_sampling import RandomUnderSampler
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skseizure.ensemble import MetaSamplerClassifier
from skseizure.evolution import CNBCClassifier, EvolvedMLPClassifier
from skseizure.features import BandFeatures
from skseizure.inspection import (
    ChannelImportanceDisplay,
    ClassificationMapDisplay,
    EventTimelineDisplay,
    ExpertUsageDisplay,
    SamplingCurveDisplay,
    SensitivityFalseAlarmDisplay,
)
from skseizure.inspection._inner import inner_part
from skseizure.moe import SeizureMoEClassifier
from skseizure.postprocessing import SeizureDetector


@pytest.fixture(autouse=True)
def close_figures():
    """Leave no figure open."""
    yield
    plt.close("all")


def table():
    return BandFeatures(["std", "line_length"], {"low": (1, 30)})


def around(classifier, toy):
    """Put a classifier of tables behind features, into a detector, into a search; fit all."""
    X, y, _ = toy
    detector = SeizureDetector(make_pipeline(table(), StandardScaler(), classifier))
    return GridSearchCV(detector, {"smoothing": [1.0, 2.0]}, cv=2).fit(X, y)


def test_a_search_over_detectors_is_drawn_as_its_best(toy):
    X, _, events = toy
    search = around(LogisticRegression(), toy)
    best = search.best_estimator_
    for display, what in (
        (EventTimelineDisplay, "probability"),
        (SensitivityFalseAlarmDisplay, "sensitivity"),
    ):
        found, expected = (
            getattr(display.from_estimator(e, X, events), what) for e in (search, best)
        )
        np.testing.assert_array_equal(found, expected)


def test_the_ensemble_and_the_cnbc_inside(toy):
    search = around(MetaSamplerClassifier(n_estimators=3, sampler="random", random_state=0), toy)
    ensemble = search.best_estimator_.estimator_[-1]
    display = SamplingCurveDisplay.from_estimator(search)
    np.testing.assert_array_equal(display.actions, ensemble.actions_)
    cnbc = CNBCClassifier(EvolvedMLPClassifier((0, 4), swarm_size=5, max_iter=3))
    search = around(cnbc, toy)
    display = ChannelImportanceDisplay.from_estimator(search)
    inside = search.best_estimator_.estimator_[-1]
    np.testing.assert_array_equal(display.importances, inside.importances_)


def test_a_gate_sees_what_the_steps_before_it_make(toy):
    X, y, _ = toy
    louder = FunctionTransformer(lambda X: 3 * np.asarray(X))
    mixture = SeizureMoEClassifier(
        n_experts=2, hidden=4, max_epochs=1, sfreq=X.sfreq, random_state=0
    )
    detector = SeizureDetector(make_pipeline(louder, mixture)).fit(X, y)
    display = ExpertUsageDisplay.from_estimator(detector, X, y)
    alone = ExpertUsageDisplay.from_estimator(
        clone(mixture).fit(3 * np.asarray(X), y), 3 * X.data, y
    )
    np.testing.assert_allclose(display.usage, alone.usage, rtol=1e-6)


def test_a_detector_sees_what_the_steps_before_it_make(toy):
    X, y, events = toy
    detector = SeizureDetector(make_pipeline(table(), LogisticRegression()))
    faint = FunctionTransformer(lambda X: X.map_signals(lambda signal: 0.1 * signal))
    pipe = make_pipeline(faint, detector).fit(X, y)
    inside, fainter = pipe[-1], faint.transform(X)
    for display, what in (
        (EventTimelineDisplay, "probability"),
        (SensitivityFalseAlarmDisplay, "sensitivity"),
    ):
        found = getattr(display.from_estimator(pipe, X, events), what)
        expected = getattr(display.from_estimator(inside, fainter, events), what)
        np.testing.assert_array_equal(found, expected)
    loud = EventTimelineDisplay.from_estimator(inside, X, events).probability
    assert not np.array_equal(
        loud, EventTimelineDisplay.from_estimator(pipe, X, events).probability
    )


def test_a_sampler_in_a_pipeline_is_passed_by(toy):
    X, y, _ = toy
    mixture = SeizureMoEClassifier(n_experts=2, hidden=4, max_epochs=1, random_state=0)
    rows = np.asarray(X).reshape(len(X), -1)
    pipe = imblearn_pipeline(StandardScaler(), RandomUnderSampler(random_state=0), mixture)
    pipe.fit(rows, y)
    display = ExpertUsageDisplay.from_estimator(pipe, rows, y)
    gates = pipe[-1].gates(pipe[0].transform(rows))
    np.testing.assert_allclose(display.usage[1], gates[y == 1].mean(axis=0))


@pytest.mark.parametrize(
    "draw",
    [
        lambda e, X, y, events: EventTimelineDisplay.from_estimator(e, X, events),
        lambda e, X, y, events: SensitivityFalseAlarmDisplay.from_estimator(e, X, events),
        lambda e, X, y, events: SamplingCurveDisplay.from_estimator(e),
        lambda e, X, y, events: ExpertUsageDisplay.from_estimator(e, X, y),
        lambda e, X, y, events: ChannelImportanceDisplay.from_estimator(e),
    ],
)
def test_what_is_not_inside_is_named(draw, toy):
    X, y, events = toy
    other = make_pipeline(table(), LogisticRegression()).fit(X, y)
    with pytest.raises(TypeError, match=r"estimator is Pipeline; a .* is needed, fitted, or what"):
        draw(other, X, y, events)


def test_the_outermost_part_is_taken():
    inner, outer = SeizureDetector(LogisticRegression()), SeizureDetector(LogisticRegression())
    outer.estimator_ = inner
    assert inner_part(outer, "predict_events", "a SeizureDetector")[0] is outer


def test_samples_that_are_no_windows_are_refused(toy):
    X, y, events = toy
    detector = SeizureDetector(make_pipeline(table(), LogisticRegression())).fit(X, y)
    for display in (EventTimelineDisplay, SensitivityFalseAlarmDisplay):
        with pytest.raises(TypeError, match=r"reference is a ndarray; Events .* X.to_events\(y\)"):
            display.from_estimator(detector, X, y)
    for draw in (
        lambda X: EventTimelineDisplay.from_estimator(detector, X, events),
        lambda X: SensitivityFalseAlarmDisplay.from_estimator(detector, X, events),
        lambda X: ClassificationMapDisplay.from_estimator(detector, X),
    ):
        with pytest.raises(TypeError, match="X is a ndarray, which knows neither record nor time"):
            draw(X.data)
        with pytest.raises(ValueError, match="X holds 0 windows"):
            draw(X[:0])
