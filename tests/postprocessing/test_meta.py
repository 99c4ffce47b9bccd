"""What the three meta-estimators have in common."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils import get_tags

from skseizure.fuzzy import SDASSLTSKClassifier
from skseizure.postprocessing import (
    ChannelFusionClassifier,
    MorphologicalFilterClassifier,
    SeizureDetector,
)

from ._toys import Echo, Remember

ALL = [ChannelFusionClassifier, MorphologicalFilterClassifier, SeizureDetector]
BINARY = [MorphologicalFilterClassifier, SeizureDetector]
DEVIATION = FunctionTransformer(np.std, kw_args={"axis": 2})


def pipeline():
    return make_pipeline(DEVIATION, StandardScaler(), LogisticRegression())


@pytest.mark.parametrize("Meta", ALL)
def test_clone_set_params_pickle(Meta, toy):
    X, y, _ = toy
    model = Meta(pipeline()).set_params(estimator__logisticregression__C=0.1)
    copy = clone(model)
    assert copy.get_params()["estimator__logisticregression__C"] == 0.1
    assert copy.estimator is not model.estimator
    copy.fit(X, y)
    assert not hasattr(copy.estimator, "n_features_in_")  # the parameter stays unfitted
    again = pickle.loads(pickle.dumps(copy))
    assert np.array_equal(again.predict(X), copy.predict(X))
    assert copy.classes_.tolist() == [0, 1] and copy.score(X, y) > 0.9


@pytest.mark.parametrize(
    ("Meta", "own"),
    [
        (ChannelFusionClassifier, {"threshold": [0.25, 0.75]}),
        (MorphologicalFilterClassifier, {"window": [3, 9]}),
        (SeizureDetector, {"smoothing": [0.0, 6.0]}),
    ],
)
def test_grid_search_over_own_and_nested_parameters(Meta, own, toy):
    X, y, _ = toy
    grid = {**own, "estimator__logisticregression__C": [0.01, 1.0]}
    results = []
    for n_jobs in (1, 2):
        search = GridSearchCV(Meta(pipeline()), grid, cv=GroupKFold(2), n_jobs=n_jobs)
        search.fit(X, y, groups=X.record)
        results.append(search.cv_results_["mean_test_score"])
    assert np.array_equal(*results)
    assert len(np.unique(results[0])) > 1
    assert search.best_score_ > 0.9


@pytest.mark.parametrize("Meta", ALL)
def test_cross_val_predict_on_shuffled_windows(Meta, toy, rng):
    X, y, _ = toy
    order = rng.permutation(len(X))
    labels = cross_val_predict(
        Meta(pipeline()), X[order], y[order], cv=GroupKFold(2), groups=X.record[order]
    )
    assert np.mean(labels == y[order]) > 0.9


@pytest.mark.parametrize("Meta", ALL)
@pytest.mark.parametrize("routing", [False, True])
def test_fit_parameters_reach_the_inner_estimator(Meta, routing, rng):
    X, y, weight = rng.normal(size=(30, 4)), np.arange(30) % 2, rng.random(30)
    params = {"sample_weight": weight, "groups": np.arange(30), "note": "x"}
    with config_context(enable_metadata_routing=routing):
        inner = Remember()
        if routing:
            inner.set_fit_request(sample_weight=True, groups=True, note=True)
        model = Meta(inner).fit(X, y, **params)
    assert np.array_equal(model.estimator_.seen_["weight"], weight)
    assert np.array_equal(model.estimator_.seen_["groups"], np.arange(30))
    assert model.estimator_.seen_["note"] == "x"


@pytest.mark.parametrize("Meta", ALL)
def test_routing_refuses_what_nobody_asked_for(Meta, rng):
    X, y = rng.normal(size=(30, 4)), np.arange(30) % 2
    with config_context(enable_metadata_routing=True):
        with pytest.raises(ValueError, match="sample_weight"):
            Meta(LogisticRegression()).fit(X, y, sample_weight=np.ones(30))
        asked = Remember().set_fit_request(sample_weight=True, groups=False)
        model = Meta(asked).set_score_request(sample_weight=False)
        search = GridSearchCV(model, {"estimator__C": [1.0]}, cv=2)
        search.fit(X, y, sample_weight=np.arange(30.0))
    assert search.best_estimator_.estimator_.seen_["weight"].tolist() == list(range(30))


@pytest.mark.parametrize("Meta", ALL)
def test_y_is_checked(Meta):
    X = np.random.default_rng(0).normal(size=(12, 3))
    with pytest.raises(ValueError, match=r"y holds one class, 'a'; .* needs two"):
        Meta(LogisticRegression()).fit(X, ["a"] * 12)
    for missing in (np.full(12, np.nan), np.full(12, None)):
        with pytest.raises(ValueError, match="y has no labelled row: all 12 are NaN or None"):
            Meta(LogisticRegression()).fit(X, missing)
    with pytest.raises(ValueError, match="Unknown label type"):
        Meta(LogisticRegression()).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="y should be a 1d array"):
        Meta(LogisticRegression()).fit(X, X[:, :2] > 0)
    with pytest.warns(DataConversionWarning, match="column-vector"):
        Meta(LogisticRegression()).fit(X, (np.arange(12) % 2)[:, None])


@pytest.mark.parametrize("Meta", BINARY)
@pytest.mark.parametrize("classes", [[0, 1, 2], ["a", "b", "c"], [-1, 0, 1, 2]])
def test_three_classes_are_refused(Meta, classes):
    X = np.random.default_rng(0).normal(size=(12, 3))
    message = "Only binary classification is supported. The type of the target is multiclass"
    with pytest.raises(ValueError, match=message):
        Meta(LogisticRegression()).fit(X, np.resize(classes, 12))


@pytest.mark.parametrize("Meta", BINARY)
def test_minus_one_is_unlabelled_only_to_those_who_know_it(Meta, rng):
    y = np.resize([-1, 0, 1], 60)
    X = rng.normal(size=(60, 2)) + 5 * (np.arange(60) % 3 == 2)[:, None]
    model = Meta(SelfTrainingClassifier(LogisticRegression())).fit(X, y)
    assert model.classes_.tolist() == [0, 1]
    with pytest.raises(ValueError, match=r"Only binary .* learned the classes \[-1, 0, 1\]"):
        Meta(LogisticRegression()).fit(X, y)


@pytest.mark.parametrize("Meta", ALL)
@pytest.mark.parametrize("mark", [-1, np.nan, None, pd.NA], ids=str)
def test_missing_labels_reach_the_inner_estimator(Meta, mark, rng):
    """Which knows what they mean, or refuses them."""
    truth = np.arange(60) % 2
    X = rng.normal(size=(60, 4)) + 3 * truth[:, None]
    missing = rng.random(60) < 0.5
    for names in (np.array([0, 1]), np.array(["bckg", "seiz"], dtype=object)):
        y = names.astype(object)[truth]
        y[missing] = mark
        inner = make_pipeline(
            FunctionTransformer(lambda X: np.asarray(X).reshape(len(X), -1)),
            SDASSLTSKClassifier(2, random_state=0),
        )
        model = Meta(inner).fit(X, y)
        assert model.classes_.tolist() == names.tolist()
        if str(mark) != "-1" or names[0] == "bckg":
            with pytest.raises((ValueError, TypeError)):
                Meta(LogisticRegression()).fit(X, y)


@pytest.mark.parametrize("Meta", ALL)
def test_regressor_is_refused(Meta):
    with pytest.raises(ValueError, match=r"estimator is Ridge\(\)|Ridge\(\).* no predict_proba"):
        Meta(Ridge()).fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize("Meta", ALL)
def test_unfitted_is_said(Meta):
    model = Meta(LogisticRegression())
    for method in ("predict", "predict_proba"):
        with pytest.raises(NotFittedError, match=f"This {Meta.__name__} instance is not fitted"):
            getattr(model, method)(np.eye(3))


@pytest.mark.parametrize(
    ("Meta", "wrong"),
    [
        (ChannelFusionClassifier, {"threshold": 2.0}),
        (ChannelFusionClassifier, {"voting": "loud"}),
        (MorphologicalFilterClassifier, {"window": 0}),
        (MorphologicalFilterClassifier, {"neighborhood": -1}),
        (SeizureDetector, {"smoothing": -3}),
    ],
)
def test_parameters_set_after_fit_are_checked(Meta, wrong):
    X, y = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2
    model = Meta(LogisticRegression()).fit(X, y)
    model.set_params(**wrong)
    with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter of {Meta.__name__}"):
        model.predict(X)


@pytest.mark.parametrize("Meta", BINARY)
def test_layout_is_the_inner_one_and_follows_a_new_fit(Meta):
    pd = pytest.importorskip("pandas")
    X, y = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2
    model = Meta(LogisticRegression())
    assert not hasattr(model, "n_features_in_")
    model.fit(pd.DataFrame(X, columns=["power", "entropy"]), y)
    assert model.feature_names_in_.tolist() == ["power", "entropy"] and model.n_features_in_ == 2
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")
    assert not hasattr(Meta(pipeline()).fit(X[:, None, :] * [[[1], [2]]], y), "feature_names_in_")


def test_tags():
    for Meta in ALL:
        tags = get_tags(Meta(LogisticRegression()))
        assert tags.input_tags.two_d_array and tags.input_tags.three_d_array
        assert is_classifier(Meta(LogisticRegression()))
        assert tags.classifier_tags.multi_class is (Meta is ChannelFusionClassifier)
    binary = ChannelFusionClassifier(SeizureDetector(LogisticRegression()))
    assert not get_tags(binary).classifier_tags.multi_class
    assert get_tags(SeizureDetector(LogisticRegression())).input_tags.sparse
    assert not get_tags(ChannelFusionClassifier(LogisticRegression())).input_tags.sparse


@pytest.mark.parametrize(
    "model",
    [
        ChannelFusionClassifier(Echo(), voting="soft"),
        MorphologicalFilterClassifier(Echo()),
        SeizureDetector(Echo()),
    ],
    ids=lambda m: type(m).__name__,
)
def test_an_inner_estimator_that_gives_nan_is_pointed_out(model):
    X = np.linspace(0, 1, 8)[:, None, None].repeat(3, axis=2)
    model.fit(X, np.arange(8) // 4)
    model.estimator_.predict_proba = lambda X: np.where(
        np.arange(len(X))[:, None] == 5, np.nan, [[0.5, 0.5]]
    )
    with pytest.raises(
        ValueError, match=r"predict_proba of Echo is not finite for 1 of 8 rows of X, first.* 5; X"
    ):
        model.predict_proba(X)


def test_scores_of_categories_are_numbers():
    X = pd.DataFrame({"a": np.arange(8) // 4, "b": np.arange(8) % 2})
    model = MorphologicalFilterClassifier(LogisticRegression()).fit(X, X["a"])
    scores = model.decision_function(X.astype("category"))
    assert scores.dtype == float
    np.testing.assert_allclose(scores, model.decision_function(X))
