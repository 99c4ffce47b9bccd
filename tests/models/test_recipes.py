"""The default detector: how it is trained, and scored on patients left out."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from skseizure.model_selection import StratifiedPatientKFold
from skseizure.models import (
    _recipes,
    feature_store,
    label_held_out,
    train_baseline,
    train_detector,
)


@pytest.fixture
def quick(monkeypatch):
    """The default detector with few measures, bands and trees."""
    make = _recipes.make_detector
    quick = dict(
        estimator__features__measures=["std"],
        estimator__features__bands={"all": (1, 20)},
        estimator__classifier__n_estimators=10,
    )
    monkeypatch.setattr(_recipes, "make_detector", lambda **k: make(**k).set_params(**quick))


def test_settings_are_searched_over_folds_of_patients(quick, toy):
    X, y, _ = toy
    lines = []
    detector = train_detector(X, y, random_state=0, report=lines.append)
    labels = label_held_out(detector, X, y, report=lines.append)
    assert lines == [
        "Searching smoothing and threshold over 2 folds ...",
        "Scoring on patients left out ...",
    ]
    for name, values in _recipes.SEARCHED.items():
        assert getattr(detector, name) in values
    for train, test in StratifiedPatientKFold(2).split(X, y):
        other = clone(detector).fit(X[train], y[train])
        np.testing.assert_array_equal(labels[test], other.predict(X[test]))


def test_one_patient_with_seizures_leaves_nothing_to_search(quick, toy):
    X, y, _ = toy
    y = np.where(X.patient == "p1", 0, y)
    lines = []
    detector = train_detector(X, y, random_state=0, report=lines.append)
    assert label_held_out(detector, X, y, report=lines.append) is None
    assert lines == ["Searched nothing: that takes two patients with seizures"]
    assert (detector.smoothing, detector.threshold) == (10, 0.5)


def test_the_store_serves_the_search_and_is_removed(quick, toy, capfd):
    X, y, _ = toy
    with feature_store(X) as memory:
        stored = sorted(Path(memory.location).rglob("output.pkl"))
        train_detector(X, y, memory=memory, random_state=0)
        assert sorted(Path(memory.location).rglob("output.pkl")) == stored != []
    assert not Path(memory.location).exists()
    assert not capfd.readouterr().err


def test_the_baseline_has_the_best_threshold_in_training(toy):
    X, y, _ = toy
    baseline = train_baseline(X, y)
    probability = baseline.predict_proba(X)[:, 1]

    def hits_less_false_alarms(threshold):
        return np.subtract(*((probability[y == c] >= threshold).mean() for c in (1, 0)))

    best = hits_less_false_alarms(baseline.threshold)
    assert best >= max(map(hits_less_false_alarms, np.linspace(0, 1, 101))) > 0.8


def test_the_baseline_takes_labels_of_any_name(toy):
    X, y, _ = toy
    expected = train_baseline(X, y)
    baseline = train_baseline(X, np.where(y, "ictal", "normal"))
    assert baseline.threshold == pytest.approx(expected.threshold, abs=1e-6)
    found, known = baseline.predict_events(X), expected.predict_events(X)
    assert found.onset.tolist() == known.onset.tolist()
    assert found.duration.tolist() == known.duration.tolist()
