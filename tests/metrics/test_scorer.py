"""Event scorers inside scikit-learn's searches."""

import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import (
    GridSearchCV,
    LeaveOneGroupOut,
    TunedThresholdClassifierCV,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skseizure.metrics import event_scores, make_event_scorer, make_sample_scorer
from skseizure.metrics._ratios import EVENT_COUNTS
from skseizure.model_selection import LeaveOneRecordOut
from skseizure.signals import Windows


def loudness(X):
    return np.log(np.asarray(X).std(axis=2))


class Loud(ClassifierMixin, BaseEstimator):
    """Calls a window ictal above a threshold of its loudness."""

    def __init__(self, threshold=40.0):
        self.threshold = threshold

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(np.asarray(X).std(axis=(1, 2)) > self.threshold).astype(int)]


class WeightedLoud(Loud):
    """Keeps the weights that reach it."""

    def fit(self, X, y, sample_weight=None):
        self.weight_ = sample_weight
        return super().fit(X, y)


class Fixed(BaseEstimator):
    """Predicts what it is told to, of the classes it is told."""

    def __init__(self, labels, classes=(0, 1)):
        self.labels = labels
        self.classes_ = np.array(classes)

    def predict(self, X):
        return np.asarray(self.labels)


HOUR = Windows(np.zeros((3600, 1)), sfreq=1)
Y = np.zeros(3600, dtype=int)
Y[1000:1060] = 1


def flags(*starts, length=20):
    out = np.zeros(3600, dtype=int)
    for start in starts:
        out[start : start + length] = 1
    return out


@pytest.mark.parametrize(
    ("score", "value"),
    [
        ("f1", 2 / 3),
        ("sensitivity", 1),
        ("precision", 1 / 2),
        ("false_alarms_per_24h", -24),
        ("median_latency", -10),
    ],
)
def test_greater_is_better(score, value):
    scorer = make_event_scorer(score)
    assert scorer(Fixed(flags(1010, 3000)), HOUR, Y) == pytest.approx(value)
    assert event_scores(Y, flags(1010, 3000), windows=HOUR).median_latency == 10


def test_rules_are_handed_on():
    early = Fixed(flags(970))
    assert make_event_scorer("sensitivity")(early, HOUR, Y) == 1
    assert make_event_scorer("sensitivity", rules="overlap")(early, HOUR, Y) == 0
    assert make_event_scorer("f1", rules={"tolerance_start": 0})(early, HOUR, Y) == 0


def test_cap_on_false_alarms_ranks():
    scorer = make_event_scorer("sensitivity", max_false_alarms_per_24h=24)
    found = scorer(Fixed(flags(1010, 3000)), HOUR, Y)  # exactly at the cap
    missed = scorer(Fixed(flags()), HOUR, Y)
    two = scorer(Fixed(flags(1010, 2000, 3000)), HOUR, Y)
    three = scorer(Fixed(flags(1010, 2000, 2500, 3000)), HOUR, Y)
    assert [found, missed, two, three] == [1, 0, pytest.approx(-24), pytest.approx(-48)]
    none = make_event_scorer("precision", max_false_alarms_per_24h=0)
    assert none(Fixed(flags(1010)), HOUR, Y) == 1
    assert none(Fixed(flags(3000)), HOUR, Y) == pytest.approx(-24)


@pytest.mark.parametrize(
    ("classes", "pos_label"),
    [
        (("bckg", "seiz"), None),
        (("interictal", "ictal"), None),
        ((-1, 1), None),
        ((False, True), None),
        ((1, 2), 2),
        ((2, 1), 1),
    ],
    ids=str,
)
def test_positive_is_the_seizure(classes, pos_label):
    named, known = np.array(classes), sorted(classes)
    scorer = make_event_scorer("f1", pos_label=pos_label)
    assert scorer(Fixed(named[flags(1010)], known), HOUR, named[Y]) == 1
    assert scorer(Fixed(named[0 * Y], known), HOUR, list(named[Y])) == 0


def test_seizure_must_be_said_where_nothing_tells():
    """Also of a record that holds one class: the estimator knows both."""
    one = np.ones(len(Y), dtype=int)
    with pytest.raises(ValueError, match=r"Fixed: the classes \[1, 2\] do not tell .* pos_label=1"):
        make_event_scorer("f1")(Fixed(one, (1, 2)), HOUR, one)
    alarms = make_event_scorer("false_alarms_per_24h", pos_label=2)
    assert alarms(Fixed(one, (1, 2)), HOUR, one) == 0


@pytest.mark.parametrize("score", ["f1", "sensitivity", "precision", "median_latency"])
@pytest.mark.parametrize("starts", [(), (100, 3000)], ids=["silent", "alarms"])
def test_labels_without_a_seizure_are_refused(score, starts):
    with pytest.raises(ValueError, match=rf"no seizure, so {score} is undefined.*refit_pooled"):
        make_event_scorer(score)(Fixed(flags(*starts)), HOUR, 0 * Y)


def test_scores_that_need_no_seizure():
    alarms = Fixed(flags(100, 3000))
    assert make_event_scorer("false_alarms_per_24h")(alarms, HOUR, 0 * Y) == -48
    assert make_event_scorer("cost")(alarms, HOUR, 0 * Y) == -2
    assert make_event_scorer("counts")(alarms, HOUR, 0 * Y)["n_reference"] == 0


@pytest.mark.parametrize(
    ("score", "losses"),
    [("f1", [0, 1 / 3, 2 / 4]), ("precision", [0, 1 / 2, 2 / 3]), ("sensitivity", [0, 0, 0])],
)
@pytest.mark.parametrize("zero_division", [0.0, 0.5, 1.0])
def test_false_alarms_of_a_fold_without_seizure_cost_what_they_do_beside_one(
    score, losses, zero_division
):
    scorer = make_event_scorer(score, zero_division=zero_division)
    for starts, loss in zip([(), (100,), (100, 3000)], losses, strict=True):
        value = scorer(Fixed(flags(*starts)), HOUR, 0 * Y)
        assert value == pytest.approx(zero_division - loss)
        beside = make_event_scorer(score)(Fixed(flags(1010, *starts)), HOUR, Y)
        assert beside == pytest.approx(1 - loss)
    capped = make_event_scorer(score, max_false_alarms_per_24h=24, zero_division=zero_division)
    assert capped(Fixed(flags(100)), HOUR, 0 * Y) == pytest.approx(zero_division - losses[1])
    assert capped(Fixed(flags(100, 3000)), HOUR, 0 * Y) == pytest.approx(-24)


def test_a_silent_detector_beside_a_seizure():
    quiet = Fixed(flags())
    for score in ("f1", "sensitivity", "precision"):
        assert make_event_scorer(score)(quiet, HOUR, Y) == 0
        assert make_event_scorer(score, zero_division=1.0)(quiet, HOUR, Y) == 0
    assert np.isnan(make_event_scorer("median_latency")(quiet, HOUR, Y))


def test_counts_are_those_of_the_scores():
    predicted = flags(1010, 2000, 3000)
    counts = make_event_scorer("counts")(Fixed(predicted), HOUR, Y)
    scores = event_scores(Y, predicted, windows=HOUR)
    events = {name: counts.pop(name) for name in EVENT_COUNTS}
    assert events == {name: getattr(scores, name) for name in EVENT_COUNTS}
    assert events == {"n_reference": 1, "true_positives": 1, "false_positives": 2, "hours": 1.0}
    tn, fp, fn, tp = confusion_matrix(Y, predicted).ravel().tolist()
    samples = {
        "sample_true_positives": tp,
        "sample_false_positives": fp,
        "sample_true_negatives": tn,
        "sample_false_negatives": fn,
    }
    assert counts == samples
    assert make_sample_scorer()(Fixed(predicted), np.zeros((3600, 1)), Y) == samples
    overlap = make_event_scorer("counts", rules={"tolerance_start": 0})
    assert overlap(Fixed(flags(970)), HOUR, Y)["false_positives"] == 1


def test_cost_weighs_misses():
    two = Y.copy()
    two[2000:2060] = 1
    estimator = Fixed(flags(1010, 3000))
    assert make_event_scorer("cost")(estimator, HOUR, two) == -2
    assert make_event_scorer("cost", miss_cost=5)(estimator, HOUR, two) == -6


def test_scorer_is_plain():
    scorer = make_event_scorer("f1", rules={"min_gap": 0}, max_false_alarms_per_24h=5)
    again = pickle.loads(pickle.dumps(scorer))
    estimator = Fixed(flags(1010))
    assert again(estimator, HOUR, Y) == scorer(estimator, HOUR, Y) == 1
    assert "score='f1'" in repr(scorer) and "max_false_alarms_per_24h=5" in repr(scorer)


@pytest.mark.parametrize("rules", ["szcore", "overlap", {"min_gap": 0}], ids=str)
def test_scorer_can_be_a_key(rules):
    scorer = make_event_scorer(rules=rules)
    again = make_event_scorer(rules=rules)
    assert hash(scorer) == hash(again) and scorer == again
    assert scorer != make_event_scorer(rules={"min_gap": 1})


def test_rules_are_those_at_creation():
    rules = {"tolerance_start": 0}
    scorer = make_event_scorer("f1", rules=rules)
    rules["tolerance_start"] = 60
    assert scorer(Fixed(flags(970)), HOUR, Y) == 0


def test_detector_that_finds_nothing_never_has_the_best_latency(toy):
    X, y, _ = toy
    search = GridSearchCV(
        Loud(),
        {"threshold": [1000.0, 40.0]},
        scoring=make_event_scorer("median_latency"),
        cv=LeaveOneGroupOut(),
        error_score="raise",
    )
    with pytest.warns(UserWarning, match="non-finite"):
        search.fit(X, y, groups=X.record)
    assert search.best_params_ == {"threshold": 40.0}
    assert search.cv_results_["rank_test_score"].tolist() == [2, 1]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search_chooses_by_events(toy, n_jobs):
    X, y, _ = toy
    search = GridSearchCV(
        Loud(),
        {"threshold": [21.0, 40.0, 1000.0]},
        scoring=make_event_scorer("f1", rules="overlap"),
        cv=LeaveOneGroupOut(),
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(X, y, groups=X.record)
    assert search.best_params_ == {"threshold": 40.0} and search.best_score_ == 1
    nervous, good, dead = search.cv_results_["mean_test_score"]
    assert dead == 0 < nervous < good == 1


def test_grid_search_with_many_scorers(toy):
    X, y, _ = toy
    search = GridSearchCV(
        Loud(),
        {"threshold": [30.0, 40.0]},
        scoring={
            "events": make_event_scorer("f1"),
            "alarms": make_event_scorer("false_alarms_per_24h"),
            "accuracy": "accuracy",
        },
        refit="events",
        cv=LeaveOneGroupOut(),
        n_jobs=2,
        error_score="raise",
    ).fit(X, y, groups=X.record)
    assert {"mean_test_events", "mean_test_alarms", "mean_test_accuracy"} <= set(search.cv_results_)
    assert search.best_score_ == 1


@pytest.mark.parametrize("many", [False, True])
def test_grid_search_under_metadata_routing(many, toy):
    X, y, _ = toy
    weight = np.arange(1.0, len(X) + 1)
    scoring = make_event_scorer("f1", rules="overlap")
    with config_context(enable_metadata_routing=True):
        classifier = WeightedLoud().set_fit_request(sample_weight=True)
        classifier.set_score_request(sample_weight=True)
        search = GridSearchCV(
            classifier,
            {"threshold": [40.0, 1000.0]},
            scoring={"events": scoring, "alarms": make_event_scorer("false_alarms_per_24h")}
            if many
            else scoring,
            refit="events" if many else True,
            cv=LeaveOneRecordOut(),
            error_score="raise",
        ).fit(X, y, groups=X.patient, sample_weight=weight)
    # Groups reached the splitter, weights the classifier, neither the scorer.
    assert search.n_splits_ == 2
    assert search.best_estimator_.weight_.tolist() == weight.tolist()
    assert search.best_params_ == {"threshold": 40.0} and search.best_score_ == 1


def test_undefined_fold_is_seen_by_the_search(toy):
    X, y, _ = toy
    y = np.where(X.record == "r3", 0, y)
    search = GridSearchCV(
        Loud(),
        {"threshold": [40.0, 1000.0]},
        scoring=make_event_scorer("sensitivity"),
        cv=LeaveOneGroupOut(),
    )
    with pytest.warns(UserWarning) as told:
        search.fit(X, y, groups=X.record)
    assert "refit=refit_pooled('f1')" in str(told[0].message)
    assert np.all(np.isnan(search.cv_results_["mean_test_score"]))
    with pytest.raises(ValueError, match="y holds no seizure"):
        search.set_params(error_score="raise").fit(X, y, groups=X.record)
    search.set_params(scoring=make_event_scorer("sensitivity", zero_division=0.0))
    assert search.fit(X, y, groups=X.record).best_params_ == {"threshold": 40.0}


def test_whole_pipeline(toy):
    X, y, _ = toy
    names = np.array(["bckg", "seiz"])
    model = make_pipeline(FunctionTransformer(loudness), LogisticRegression())
    scores = cross_validate(
        model,
        X,
        names[y],
        groups=X.patient,
        cv=LeaveOneGroupOut(),
        scoring=make_event_scorer("sensitivity"),
        error_score="raise",
    )
    assert scores["test_score"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (dict(score="recall"), "score is 'recall'; one of counts, f1, sensitivity"),
        (dict(rules="any"), "rules is 'any'"),
        (dict(max_false_alarms_per_24h=-1), "max_false_alarms_per_24h is -1; 0 or more"),
        (dict(max_false_alarms_per_24h=np.nan), "max_false_alarms_per_24h is nan"),
        (
            dict(score="median_latency", zero_division=0.0),
            "zero_division is 0.0, which is of no use with score='median_latency'",
        ),
        (dict(score="false_alarms_per_24h", zero_division=-9.0), "zero_division is -9.0, which"),
        (dict(score="counts", zero_division=0.0), "of no use with score='counts'"),
        (
            dict(score="counts", max_false_alarms_per_24h=1),
            "of no use with score='counts'; give it to refit_pooled",
        ),
        (dict(score="cost", max_false_alarms_per_24h=1), "of no use with score='cost'"),
        (dict(score="cost", miss_cost=0), "miss_cost is 0; a number above 0"),
        (dict(score="cost", miss_cost=np.inf), "miss_cost is inf; a number above 0"),
        (dict(score="f1", miss_cost=2), "miss_cost is of no use with score='f1'"),
        (
            dict(score="median_latency", max_false_alarms_per_24h=1),
            "of no use with score='median_latency'",
        ),
    ],
)
def test_bad_parameters_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        make_event_scorer(**kwargs)


def test_bad_input_is_refused():
    scorer = make_event_scorer()
    with pytest.raises(TypeError, match="X is a ndarray, which knows neither record nor time"):
        scorer(Fixed(flags()), np.zeros((3600, 1)), Y)
    with pytest.raises(ValueError, match=r"Fixed has the classes \[.*2.*\]; two classes, one"):
        scorer(Fixed(flags(), (0, 1, 2)), HOUR, Y)
    with pytest.raises(ValueError, match=r"DummyClassifier has the classes \[\]"):
        scorer(DummyClassifier(), HOUR, Y)
    with pytest.raises(ValueError, match="y holds the label 2, which Fixed does not know"):
        scorer(Fixed(flags()), HOUR, 2 * Y)
    with pytest.raises(ValueError, match="y holds the label 2, which Fixed does not know"):
        make_sample_scorer()(Fixed(flags()), np.zeros(3600), 2 * Y)


def test_tools_that_score_without_windows_are_refused_clearly(toy):
    X, y, _ = toy
    inner = make_pipeline(FunctionTransformer(loudness), LogisticRegression())
    tuned = TunedThresholdClassifierCV(inner, scoring=make_event_scorer("f1"), cv=2)
    with pytest.raises(AttributeError, match="search SeizureDetector's threshold with GridSearch"):
        tuned.fit(X, y)
