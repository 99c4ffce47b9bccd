import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression

from skseizure.evolution import CNBCClassifier, CNBCEnsembleClassifier, EvolvedMLPClassifier

BASE = EvolvedMLPClassifier((0, 3), swarm_size=6, max_iter=4)
BOTH = pytest.mark.parametrize("kind", [CNBCClassifier, CNBCEnsembleClassifier])


def frames(n=60):
    X = np.random.default_rng(0).normal(scale=0.25, size=(n, 2, 4))
    return X, (np.arange(n) % 6 == 0).astype(int)


@BOTH
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"feature_groups": {"a": [0, 4]}},
            "group 'a' holds column 4, but a channel has 4 features",
        ),
        ({"feature_groups": {"a": [-1]}}, "group 'a' holds column -1"),
        ({"feature_groups": {"a": [0, 1], "b": [1]}}, "column 1 is in group 'a' and in 'b'"),
        ({"feature_groups": {"a": [1, 1]}}, "column 1 is in group 'a' and in 'a'"),
        ({"feature_groups": {"a": []}}, "group 'a' is"),
        ({"feature_groups": {"a": slice(7, 9)}}, "group 'a' is"),
        ({"feature_groups": {"a": [0.5]}}, "whole numbers are needed"),
        ({"feature_groups": {}}, "feature_groups is empty"),
        ({"feature_groups": {1: [0], "1": [1]}}, r"names that are equal as text: \[1, '1'\]"),
        ({"feature_groups": ["a__b__c"] * 8}, "two columns have the name 'a__b__c'"),
        (
            {"feature_groups": [f"{'ABCD'[i // 2]}__g__{i}" for i in range(8)]},
            "X has 2 channels, but the names of the columns tell of 4 channels: A, B, C, D",
        ),
        ({"feature_groups": ["a__b__c"] * 3}, "feature_groups names 3 columns, but X has 8"),
        ({"feature_groups": ["a__b"] * 8}, "not of the form channel__group__feature"),
        ({"n_channels": 3}, "n_channels is 3, but X has 2 channels"),
        ({"pnr": 0}, "pnr"),
        ({"selection": "farthest"}, "selection"),
        ({"n_channels": 0}, "n_channels"),
        ({"estimator": "tree"}, "estimator"),
        ({"estimator": LinearRegression()}, "estimator is LinearRegression.*classifier is needed"),
        ({"fuser": LinearRegression()}, "fuser is LinearRegression"),
        ({"master": LinearRegression()}, "master is LinearRegression"),
    ],
)
def test_bad_parameters_are_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        kind(**{"estimator": BASE, **options}).fit(*frames())


@pytest.mark.parametrize("kind", [EvolvedMLPClassifier, CNBCClassifier, CNBCEnsembleClassifier])
def test_unlabelled_frames_are_refused(kind):
    X, y = frames()
    model = kind((0,), max_iter=2) if kind is EvolvedMLPClassifier else kind(BASE)
    with pytest.raises(ValueError, match=r"y holds -1 beside 2 other classes.*max_iter=0"):
        model.fit(X[:, 0], np.where(np.arange(60) % 4, y, -1.0))


@BOTH
def test_bad_data_are_refused(kind, toy):
    X, y = frames()
    model = kind(BASE)
    with pytest.raises(ValueError, match="y holds one class, 1; two classes are needed"):
        model.fit(X, np.ones(60, dtype=int))
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        model.fit(X, np.arange(60) % 3)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.where(X[5, 1, 2] == X, np.nan, X), y)
    with pytest.raises(ValueError, match="values up to"):
        model.fit(X * 1e33, y)
    with pytest.raises(ValueError, match="X has 8 columns, which n_channels=3 does not divide"):
        kind(BASE, n_channels=3).fit(X.reshape(60, 8), y)
    with pytest.raises(ValueError, match="n_channels is 3, but the names of the columns tell of 1"):
        named = pd.DataFrame(X[:, 0], columns=[f"C3__g__{i}" for i in range(4)])
        kind(BASE, n_channels=3).fit(named, y)
    with pytest.raises(TypeError, match="X is Windows, which hold signals"):
        model.fit(toy[0], toy[1])
    with pytest.raises(ValueError, match="requires y to be passed"):
        model.fit(X, None)
    with pytest.raises(NotFittedError):
        model.predict(X)
    with pytest.raises(NotFittedError):
        model.update(X, y)
    with pytest.raises(ValueError, match="'C3__g__0'"):
        kind(BASE).fit(pd.DataFrame(X[:, 0, :2], columns=["C3__g__0"] * 2), y)
    with pytest.raises(ValueError, match=r"X: .*inhomogeneous"):
        kind(BASE).fit([[1.0], *X[:, 0].tolist()], y)
    model.fit(X, y)
    for nothing in (X[:0], X[:0].reshape(0, 8)):
        with pytest.raises(ValueError, match="0 sample"):
            model.predict(nothing)
    with pytest.raises(ValueError, match=r"X has 4 channels, but .* was fitted on 2"):
        model.predict(X.reshape(60, 4, 2))
    with pytest.raises(ValueError, match="expecting 8 features"):
        model.predict(X[:, :, :3])


@BOTH
def test_channels_that_are_not_looked_at_are_told_of(kind):
    X, y = frames()
    flat, groups = X.reshape(60, 8), {"a": [0, 1], "b": [2]}
    with pytest.warns(UserWarning, match="leaves 5 of 8 columns unused.*set n_channels"):
        first = kind(BASE, feature_groups=groups, random_state=0).fit(flat, y)
    named = pd.DataFrame(flat, columns=[f"C{i // 4}__g__{i}" for i in range(8)])
    with pytest.warns(UserWarning, match="leaves 5 of 8 columns unused"):
        kind(BASE, feature_groups=groups).fit(named, y)
    assert len(first.channel_names_) == 1
    # no warning where the number of channels is known, or nothing is left over
    silent = kind(BASE, feature_groups=groups, n_channels=1, random_state=0).fit(flat, y)
    np.testing.assert_array_equal(silent.predict(flat), first.predict(flat))
    assert len(kind(BASE, feature_groups=groups).fit(X, y).channel_names_) == 2
    assert len(kind(BASE, feature_groups={"a": slice(0, 8)}).fit(flat, y).channel_names_) == 1


@BOTH
def test_few_positives_and_constant_features_are_legal(kind):
    X, y = frames()
    few = (np.arange(60) == 7).astype(int)
    model = kind(BASE, pnr=12, random_state=0).fit(X, few)  # one positive: 12 negatives
    one = model if kind is CNBCClassifier else model.estimators_[0]
    assert set(one.network_["n_frames"]) == {13}
    many = kind(BASE, pnr=12, random_state=0).fit(X, y)  # 120 negatives asked for, 50 there
    one = many if kind is CNBCClassifier else many.estimators_[0]
    assert set(one.network_["n_frames"]) == {60}
    flat = kind(EvolvedMLPClassifier((0,), random_state=0), random_state=0)
    flat.fit(np.ones((60, 2, 4)), y)
    assert not flat.predict(np.ones((3, 2, 4))).any()  # nothing to learn: the larger class
    assert np.isfinite(flat.importances_).all()


def test_bad_decisions_of_a_classifier_are_refused():
    class Broken(LogisticRegression):
        def decision_function(self, X):
            return np.full(len(X), np.nan)

    X, y = frames()
    with pytest.raises(ValueError, match="returned NaN or infinity"):
        CNBCClassifier(Broken()).fit(X, y)
