"""MetaUnderSampler: imbalanced-learn's own checks, and which rows it draws."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import estimator_checks_generator
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from skseizure.ensemble import MetaSampler, MetaUnderSampler
from skseizure.ensemble._cascade import mean_proba

BRIEF = MetaSampler(n_estimators=3, start_steps=6, update_steps=6, batch_size=8)


@pytest.fixture(scope="module")
def table():
    return make_classification(400, 6, weights=[0.85], class_sep=0.8, random_state=0)


@pytest.mark.parametrize(
    ("estimator", "check"),
    list(estimator_checks_generator(MetaUnderSampler(n_estimators=3, random_state=0))),
    ids=lambda value: getattr(value, "func", value).__name__ if callable(value) else "",
)
def test_checks_of_imbalanced_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("action", [0.0, 1.0, 0.9, "random", "search", BRIEF])
def test_as_many_rows_of_each_class(table, action):
    X, y = table
    sampler = MetaUnderSampler(sampler=action, n_estimators=3, random_state=0)
    found, labels = sampler.fit_resample(X, y)
    assert Counter(labels.tolist()) == {0: y.sum(), 1: y.sum()}
    np.testing.assert_array_equal(found, X[sampler.sample_indices_])
    assert set(np.flatnonzero(y)) <= set(sampler.sample_indices_)
    assert len(set(sampler.sample_indices_)) == len(labels)
    assert 0 <= sampler.actions_[0] <= 1 and (0 in sampler.samplers_) == (action is BRIEF)
    again = clone(sampler).fit(X, y).fit_resample(X, y)
    np.testing.assert_array_equal(again[0], found)


def test_hard_and_easy_rows(table):
    """Rows drawn at action 1 have larger errors under an independent ensemble than all, or at 0."""
    X, y = table
    rng = np.random.default_rng(0)
    trees = []
    for seed in range(20):
        easy = rng.choice(np.flatnonzero(y == 0), y.sum(), replace=False)
        rows = np.concatenate([np.flatnonzero(y), easy])
        trees.append(DecisionTreeClassifier(random_state=seed).fit(X[rows], y[rows]))
    error = mean_proba(trees, X)
    means = {}
    for action in (0.0, 1.0):
        sampler = MetaUnderSampler(sampler=action, random_state=0)
        sampler.fit_resample(X, y)
        kept = sampler.sample_indices_
        means[action] = error[kept[y[kept] == 0]].mean()
    assert means[0.0] < error[y == 0].mean() < means[1.0]


def test_several_classes_and_given_numbers():
    X, y = make_classification(
        300, 6, n_classes=3, n_informative=4, weights=[0.6, 0.3], random_state=0
    )
    names = np.array(["none", "focal", "tonic"])[y]
    sampler = MetaUnderSampler(
        sampling_strategy={"none": 50, "tonic": 10}, n_estimators=3, random_state=0
    )
    found, labels = sampler.fit_resample(pd.DataFrame(X, columns=list("abcdef")), names)
    assert Counter(labels.tolist()) == {"none": 50, "tonic": 10, "focal": (y == 1).sum()}
    assert list(found.columns) == list("abcdef") and sampler.actions_ == {"none": 0.9}


def test_in_a_search_over_pipelines(table):
    X, y = table
    pipe = make_pipeline(MetaUnderSampler(n_estimators=3, random_state=0), DecisionTreeClassifier())
    grid = {"metaundersampler__sampler": [0.1, BRIEF]}
    search = GridSearchCV(pipe, grid, n_jobs=2, cv=2, scoring="roc_auc", error_score="raise")
    assert np.isfinite(search.fit(X, y).cv_results_["mean_test_score"]).all()


def test_groups_are_on_one_side_of_validation(table):
    X, y = table
    sampler = MetaUnderSampler(sampler=BRIEF, n_estimators=3, random_state=0)
    sampler.fit_resample(X, y, groups=np.arange(400) % 10)
    with pytest.raises(ValueError, match="groups"):
        sampler.fit_resample(X, y, groups=np.arange(399))
