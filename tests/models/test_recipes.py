"""Detectors by name: how they are made, trained, and scored on patients left out."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score

from skseizure.model_selection import StratifiedPatientKFold
from skseizure.models import (
    available_recipes,
    feature_store,
    label_held_out,
    make_model,
    train_baseline,
    train_detector,
)
from skseizure.postprocessing import TunedSeizureDetectorCV

QUICK = dict(
    estimator__features__measures=["std"],
    estimator__features__bands={"all": (1, 20)},
    estimator__classifier__n_estimators=10,
)


def quick(**params):
    """The default detector with few measures, bands and trees."""
    return make_model(random_state=0, **QUICK, **params)


def test_the_operating_point_is_chosen_over_folds_of_patients(toy):
    X, y, _ = toy
    lines = []
    detector, search = train_detector(
        X, y, quick(), random_state=0, report=lines.append, return_search=True
    )
    assert lines == ["Tuning the operating point over 2 folds by events ..."]
    assert isinstance(search, TunedSeizureDetectorCV) and search.detector_ is detector
    assert search.best_params_.items() <= detector.get_params().items()
    labels = label_held_out(search, X, y)
    again = label_held_out(detector, X, y, report=lines.append)
    assert lines[1:] == ["Scoring on patients left out ..."]
    np.testing.assert_array_equal(labels, again)
    for train, test in StratifiedPatientKFold(2).split(X, y):
        other = clone(detector).fit(X[train], y[train])
        np.testing.assert_array_equal(labels[test], other.predict(X[test]))


def test_one_patient_with_seizures_leaves_nothing_to_search(toy):
    X, y, _ = toy
    y = np.where(X.patient == "p1", 0, y)
    lines = []
    detector, search = train_detector(X, y, quick(), report=lines.append, return_search=True)
    assert search is None and label_held_out(detector, X, y, report=lines.append) is None
    assert lines == ["Tuned nothing: that takes two patients with seizures"]
    assert (detector.smoothing, detector.threshold) == (10, 0.5)
    with pytest.raises(ValueError, match="is 1, but that takes two patients with seizures"):
        train_detector(X, y, quick(), max_false_alarms_per_24h=1)


def test_records_of_one_patient_are_left_out(toy):
    X, y, _ = toy
    mine = X.patient == "p0"
    lines = []
    train_detector(X[mine], y[mine], quick(), random_state=0, report=lines.append)
    assert lines == ["Tuning the operating point over 2 folds by events ..."]
    first = X.record == "r0"
    train_detector(X[first], y[first], quick(), random_state=0, report=lines.append)
    assert lines[1:] == ["Tuned nothing: that takes two records with seizures"]


def test_parts_of_records_are_judged_by_windows(toy):
    X, y, _ = toy
    parts = X[(X.onset < 15) | (X.onset > 30)]
    labels = y[(X.onset < 15) | (X.onset > 30)]
    lines = []
    detector, search = train_detector(
        parts, labels, quick(), random_state=0, report=lines.append, return_search=True
    )
    assert lines == [
        "Tuning the operating point over 2 folds by windows, as records are not whole ..."
    ]
    assert search.detector_ is detector and search.best_params_.items() <= vars(detector).items()
    held_out = label_held_out(search, parts, labels)
    assert search.best_score_ == balanced_accuracy_score(labels, held_out)
    np.testing.assert_array_equal(held_out, label_held_out(detector, parts, labels))
    for threshold in (0.3, 0.5):
        other = clone(detector).set_params(smoothing=10, threshold=threshold)
        score = balanced_accuracy_score(labels, label_held_out(other, parts, labels))
        assert score <= search.best_score_


def test_a_cap_is_kept_or_told(toy):
    X, y, _ = toy
    _, search = train_detector(
        X, y, quick(), max_false_alarms_per_24h=5, random_state=0, return_search=True
    )
    assert search.cv_results_["false_alarms_per_24h"][search.best_index_] <= 5
    with pytest.raises(ValueError, match="MorphologicalFilterClassifier has no operating point"):
        train_detector(X, y, make_model("cnbc"), max_false_alarms_per_24h=1)


@pytest.mark.parametrize("kept", [False, True])
def test_the_store_serves_the_search(kept, toy, tmp_path, capfd):
    X, y, _ = toy
    folder = str(tmp_path / "store") if kept else None
    with feature_store(X, quick(), folder=folder) as memory:
        stored = sorted(Path(memory.location).rglob("output.pkl"))
        train_detector(X, y, quick(), memory=memory, random_state=0)
        assert sorted(Path(memory.location).rglob("output.pkl")) == stored != []
    assert Path(memory.location).exists() == kept
    assert not capfd.readouterr().err


def test_there_is_nothing_to_store_of_some(toy):
    with feature_store(toy[0], make_model("mix-moe")) as memory:
        assert not list(Path(memory.location).rglob("output.pkl"))


def test_parameters_reach_all_parts():
    for name, recipe in available_recipes().items():
        assert recipe.name == name and recipe.window >= recipe.step > 0
        detector = make_model(name, memory="store", n_jobs=2, random_state=3)
        params = detector.get_params()
        for key, value in params.items():
            last = key.rpartition("__")[2]
            if last in ("n_jobs", "random_state"):
                assert value == {"n_jobs": 2, "random_state": 3}[last], key
        stores = {key: v for key, v in params.items() if v == "store"}
        assert all("features__" in key and key.endswith("__memory") for key in stores)
        assert bool(stores) == (name not in ("sda-tsk", "mix-moe"))
    assert make_model("tsk", estimator__classifier__n_rules=3).estimator["classifier"].n_rules == 3
    with pytest.raises(ValueError, match="no recipe 'tree'; there are trees, boosting"):
        make_model("tree")
    with pytest.raises(ValueError, match="Invalid parameter 'n_rule'"):
        make_model("tsk", estimator__classifier__n_rule=3)


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
