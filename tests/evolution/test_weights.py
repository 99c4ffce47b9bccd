"""Weights of frames and of classes: what they mean, whom they reach, what is refused."""

import inspect

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skseizure import evolution
from skseizure.evolution import CNBCClassifier, CNBCEnsembleClassifier, EvolvedMLPClassifier

GROUPS = {"a": [0, 1], "b": [2, 3]}
BASE = EvolvedMLPClassifier((0, 4), swarm_size=12, max_iter=12)
BOTH = pytest.mark.parametrize("kind", [CNBCClassifier, CNBCEnsembleClassifier])


def frames(n=130, seed=0):
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 13 == 0).astype(int)
    X = rng.normal(scale=0.25, size=(n, 2, 4))
    X[y == 1, 1, :2] += 0.5
    return X, y


def cnbc(kind=CNBCClassifier, estimator=BASE, **options):
    if kind is CNBCEnsembleClassifier:
        options["n_estimators"] = 2
    return kind(estimator, **{"feature_groups": GROUPS, "random_state": 0, **options})


class Spy(LogisticRegression):
    """Keeps the weights that it was fitted with."""

    def fit(self, X, y, sample_weight=None):
        self.given_ = sample_weight
        return super().fit(X, y, sample_weight)


def parts(model):
    lowest = [part for groups in model.estimators_.values() for part in groups.values()]
    return [*lowest, *model.fusers_.values(), model.master_]


@BOTH
def test_a_weight_of_two_is_the_frame_twice(kind):
    """Where all frames are taken, in `fit` and in what follows it."""
    X, y = frames()
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    new = np.arange(len(y)) % 2 == 0

    def grow(repeat):
        """Fit, add a group and update, with frames that weigh more or are there more often."""
        times, given = (weights, None) if repeat else (np.ones(len(y), dtype=int), weights)
        table, labels = np.repeat(X, times, axis=0), np.repeat(y, times)
        model = cnbc(kind, feature_groups={"a": [0, 1]}, selection=None)
        model.fit(table[:, :, :2], labels, sample_weight=given)
        seen = [model.decision_function(X[:, :, :2]), model.importances_]
        model.add_feature_group(table, labels, "b", sample_weight=given)
        seen += [model.decision_function(X), model.importances_]
        model.update(table, labels, np.repeat(new, times), tolerance=0.05, sample_weight=given)
        return [*seen, model.decision_function(X), model.importances_], model.updated_

    weighted, updated = grow(repeat=False)
    repeated, again = grow(repeat=True)
    for mine, theirs in zip(weighted, repeated, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-9)
    assert updated == again and updated


@BOTH
@pytest.mark.parametrize("selection", ["greedy", "nearest", None])
def test_frames_without_weight_are_left_out(kind, selection):
    X, y = frames()
    kept = np.arange(len(y)) % 3 > 0
    options = {"selection": selection, "pnr": 3}
    weighted = cnbc(kind, **options).fit(X, y, kept.astype(float))
    fewer = cnbc(kind, **options).fit(X[kept], y[kept], np.ones(kept.sum()))
    np.testing.assert_array_equal(weighted.decision_function(X), fewer.decision_function(X))
    np.testing.assert_allclose(weighted.importances_, fewer.importances_, rtol=1e-12)
    one = weighted if kind is CNBCClassifier else weighted.estimators_[0]
    positives = int(y[kept].sum())
    assert max(one.network_["n_frames"]) == (4 * positives if selection else kept.sum())


def test_equal_weights_change_nothing():
    X, y = frames()
    plain = cnbc(pnr=3).fit(X, y)
    equal = cnbc(pnr=3).fit(X, y, sample_weight=np.full(len(y), 0.25))
    np.testing.assert_array_equal(plain.decision_function(X), equal.decision_function(X))


def test_weights_reach_every_classifier_and_its_loss():
    X, y = frames()
    weights = 1 + np.arange(len(y)) % 5
    model = cnbc(estimator=Spy(), selection=None).fit(X, y, weights)
    for part in parts(model):
        np.testing.assert_array_equal(part.given_, weights)
    flat = X.reshape(len(X), -1).astype(np.float32)
    s = np.tanh(model.estimators_["1"]["a"].decision_function(flat[:, [4, 5]]))
    errors = np.where(y == 1, (s - 1) ** 2, (s + 1) ** 2) / 2
    assert model.network_["loss"][2] == pytest.approx(np.average(errors, weights=weights), rel=1e-5)
    assert all(part.given_ is None for part in parts(cnbc(estimator=Spy()).fit(X, y)))


def test_classes_weigh_in_the_frames_that_are_learned_from():
    X, y = frames()
    balanced = cnbc(estimator=Spy(), pnr=3, class_weight="balanced").fit(X, y)
    for part in parts(balanced):
        assert len(part.given_) == 40 and part.given_.sum() == pytest.approx(40)
        np.testing.assert_allclose(np.unique(part.given_), [20 / 30, 2])
    given = cnbc(estimator=Spy(), selection=None, class_weight={0: 2, 1: 5})
    given.fit(X, y, np.arange(len(y)) + 1.0)
    expected = (np.arange(len(y)) + 1) * np.where(y == 1, 5, 2)
    for part in parts(given):
        np.testing.assert_array_equal(part.given_, expected)


def test_class_weights_of_one_network():
    X, y = frames()
    table, words = X[:, 1], np.where(y == 1, "seizure", "calm")
    options = {"max_iter": 20, "random_state": 0}
    by_class = EvolvedMLPClassifier(class_weight={"seizure": 4, "calm": 0.5}, **options)
    by_row = EvolvedMLPClassifier(**options).fit(table, words, np.where(y == 1, 4, 0.5))
    np.testing.assert_array_equal(by_class.fit(table, words).loss_curve_, by_row.loss_curve_)
    balanced = EvolvedMLPClassifier(class_weight="balanced", **options).fit(table, words)
    by_row = EvolvedMLPClassifier(**options).fit(table, words, np.where(y == 1, 12, 1))
    np.testing.assert_allclose(balanced.loss_curve_, by_row.loss_curve_, rtol=1e-12)
    # the sums of weights are what is balanced
    weights = 1 + np.arange(len(y)) % 3
    both = EvolvedMLPClassifier(class_weight="balanced", **options).fit(table, words, weights)
    ratio = weights[y == 0].sum() / weights[y == 1].sum()
    by_row.fit(table, words, weights * np.where(y == 1, ratio, 1))
    np.testing.assert_allclose(both.loss_curve_, by_row.loss_curve_, rtol=1e-12)
    # the constant answer is no longer the better one
    assert by_class.predict(table)[y == 1].tolist().count("seizure") > 5


def test_other_weights_evolve_anew():
    """A warm start goes on only with the same weights."""
    X, y = frames()
    weights = 1.0 + np.arange(len(y)) % 2
    model = cnbc(warm_start=True).fit(X, y, weights)
    master = model.master_
    assert model.fit(X, y, weights).master_ is master
    assert model.fit(X, y).master_ is not master


@BOTH
def test_classifiers_that_take_no_weights_are_named(kind):
    X, y = frames()
    for name in ("estimator", "fuser", "master"):
        model = cnbc(kind, **{"estimator": LogisticRegression(), name: KNeighborsClassifier()})
        message = rf"fit of {name}=KNeighborsClassifier\(\) takes no sample_weight"
        with pytest.raises(ValueError, match=f"sample_weight was given, but the {message}"):
            model.fit(X, y, np.ones(len(y)))
        with pytest.raises(ValueError, match=f"class_weight was given, but the {message}"):
            model.set_params(class_weight="balanced").fit(X, y)


@pytest.mark.parametrize(
    "model", [BASE, cnbc(), cnbc(CNBCEnsembleClassifier)], ids=lambda m: type(m).__name__
)
def test_bad_weights_are_refused(model):
    X, y = frames()
    X = X[:, 1] if model is BASE else X
    with pytest.raises(ValueError, match="sum 0 over the positive class; a finite number above 0"):
        model.fit(X, y, 1 - y)
    with pytest.raises(ValueError, match="Negative values"):
        model.fit(X, y, y - 0.5)
    with pytest.raises(ValueError, match=r"sample_weight\.shape"):
        model.fit(X, y, np.ones(3))
    for class_weight in (
        {0: -1, 1: 1},
        {0: 0, 1: 1},
        {0: np.nan, 1: 1},
        {0: 1, 2: 1},
        {0: "a"},
        "even",
    ):
        with pytest.raises(ValueError, match="class_weight"):
            type(model)(**{**model.get_params(deep=False), "class_weight": class_weight}).fit(X, y)


def test_an_update_needs_new_frames_with_weight():
    X, y = frames()
    model = cnbc().fit(X, y)
    new = np.arange(len(y)) < 20
    with pytest.raises(ValueError, match="sample_weight is 0 for every new frame"):
        model.update(X, y, new, sample_weight=1.0 - new)


def test_errors_name_public_classes():
    """Python names the class that defines a method: none may be private."""
    for name in evolution.__all__:
        for _, method in inspect.getmembers(getattr(evolution, name), inspect.isfunction):
            owner = method.__qualname__.split(".")[0]
            if method.__module__.startswith("skseizure") and "." in method.__qualname__:
                assert owner in evolution.__all__, method.__qualname__
    with pytest.raises(TypeError, match=r"^CNBCClassifier.fit\(\) got an unexpected"):
        cnbc().fit(*frames(), groups=None)
