"""TSKClassifierCV: closed-form scores of rows left out, and what is chosen by them."""

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris, make_classification
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.fuzzy import TSKClassifier, TSKClassifierCV, export_rules
from skseizure.fuzzy._consequents import consequent_features
from skseizure.fuzzy._left_out import leave_folds_out, leave_one_out


def naive(X, firing, weight, targets, alphas, folds):
    """Fit scikit-learn's ridge regression anew for each fold and penalty."""
    G = consequent_features(X, firing)
    out = np.empty((len(alphas), *targets.shape))
    for a, alpha in enumerate(alphas):
        for held in folds:
            rest = np.setdiff1d(np.arange(len(X)), held)
            ridge = Ridge(alpha, fit_intercept=False, solver="svd")
            ridge.fit(G[rest], targets[rest], sample_weight=weight[rest])
            out[a, held] = ridge.predict(G[held]).reshape(len(held), -1)
    return out


@settings(max_examples=15, deadline=None)
@given(n=st.integers(6, 40), d=st.integers(1, 4), r=st.integers(1, 4), seed=st.integers(0, 10**6))
def test_left_out_rows_by_refitting(n, d, r, seed):
    """With more and with fewer rows than consequents; a row of weight zero."""
    rng = np.random.default_rng(seed)
    problem = (
        rng.normal(size=(n, d)),
        rng.dirichlet(np.ones(r), size=n),
        np.append(rng.integers(1, 4, n - 1), 0).astype(float),
        np.eye(3)[rng.integers(0, 3, n)],
        np.array([0.01, 1.0, 100.0]),
    )
    ones = [np.array([i]) for i in range(n)]
    np.testing.assert_allclose(leave_one_out(*problem), naive(*problem, ones), atol=1e-8)
    folds = np.array_split(rng.permutation(n), 3)
    pairs = [(np.setdiff1d(np.arange(n), held), held) for held in folds]
    np.testing.assert_allclose(leave_folds_out(*problem, pairs), naive(*problem, folds), atol=1e-8)


def test_one_rule_by_hand():
    """Two rows at 1 and one at 0: the mean of the others, shrunken, is what each is predicted."""
    X, firing = np.zeros((3, 1)), np.ones((3, 1))
    outputs = leave_one_out(X, firing, np.ones(3), np.array([[1.0], [1], [0]]), np.array([2.0]))
    # sum of the others / (2 + alpha)
    np.testing.assert_allclose(outputs[0].ravel(), [1 / 4, 1 / 4, 2 / 4], rtol=1e-12)


def test_the_choice_is_the_best_of_all_fits():
    """Every score by hand, by the system without each row; the winner as TSKClassifier fits it."""
    X, y = load_iris(return_X_y=True)
    X, y = StandardScaler().fit_transform(X)[::3], y[::3]
    model = TSKClassifierCV(
        [2, 3], alphas=[0.1, 10.0], width_scale=[1.0, "auto"], scoring="accuracy", random_state=0
    ).fit(X, y)
    assert len(model.cv_results_["params"]) == 8
    for params, score in zip(*model.cv_results_.values(), strict=True):
        whole = TSKClassifier(**params, random_state=0).fit(X, y)
        firing = whole.firing_strengths(X)
        ones = [np.array([i]) for i in range(len(X))]
        outputs = naive(X, firing, np.ones(len(X)), np.eye(3)[y], [params["alpha"]], ones)[0]
        assert score == pytest.approx((outputs.argmax(axis=1) == y).mean())
    assert model.best_score_ == model.cv_results_["score"].max()
    alone = TSKClassifier(**model.best_params_, random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.decision_function(X), alone.decision_function(X))
    assert export_rules(model) == export_rules(alone)


def test_groups_are_left_out_whole():
    """Rows repeated within a group are no evidence: the scores are those of unseen groups."""
    rng = np.random.default_rng(0)
    centers, y = rng.normal(size=(12, 3)), np.arange(12) % 2
    X = np.repeat(centers, 20, axis=0) + rng.normal(scale=0.01, size=(240, 3))
    groups, y = np.repeat(np.arange(12), 20), np.repeat(y, 20)
    by_row = TSKClassifierCV((5,), scoring="accuracy", random_state=0).fit(X, y)
    by_group = TSKClassifierCV((5,), scoring="accuracy", random_state=0).fit(X, y, groups=groups)
    assert by_row.best_score_ > 0.95 and by_group.best_score_ < 0.8


def test_better_than_fixed_parameters_on_bent_borders():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 4))
    y = (np.abs(X[:, :2]).sum(axis=1) > 1.6).astype(int)
    train, test = slice(1000), slice(1000, 2000)
    plain = TSKClassifier(random_state=0).fit(X[train], y[train])
    model = TSKClassifierCV(random_state=0).fit(X[train], y[train])
    wrong = [(m.predict(X[test]) != y[test]).mean() for m in (model, plain)]
    assert wrong[0] < 0.9 * wrong[1] < 0.09


def test_integer_weights_stand_for_repeated_rows():
    X, y = make_classification(80, 4, random_state=0)
    weight = np.random.default_rng(0).integers(1, 3, 80)
    groups = np.arange(80) % 4
    one = TSKClassifierCV((3,), alphas=3, random_state=0).fit(X, y, weight, groups)
    other = TSKClassifierCV((3,), alphas=3, random_state=0).fit(
        X.repeat(weight, axis=0), y.repeat(weight), groups=groups.repeat(weight)
    )
    np.testing.assert_allclose(one.cv_results_["score"], other.cv_results_["score"], rtol=1e-9)


def test_groups_reach_it_by_routing():
    X, y = make_classification(60, 4, random_state=0)
    with sklearn.config_context(enable_metadata_routing=True):
        model = TSKClassifierCV((2,), alphas=2, random_state=0).set_fit_request(groups=True)
        pipe = make_pipeline(StandardScaler(), model)
        pipe.fit(X, y, groups=np.arange(60) % 3)
    assert len(pipe[-1].cv_results_["params"]) == 8


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_rules": []}, "n_rules is .*; a value to try, or a list of them, is needed"),
        ({"n_rules": [0]}, "The 'n_rules' parameter"),
        ({"width_scale": ["wide"]}, "The 'width_scale' parameter"),
        ({"alphas": [0.0, 1.0]}, "alphas is .*; finite numbers above 0 are needed"),
        ({"alphas": []}, "alphas is .*; finite numbers above 0 are needed"),
        ({"scoring": "likelihood"}, "The 'scoring' parameter"),
    ],
)
def test_bad_parameters_are_refused(parameters, message):
    X, y = make_classification(30, random_state=0)
    with pytest.raises(ValueError, match=message):
        TSKClassifierCV(**parameters).fit(X, y)


def test_one_group_is_refused():
    X, y = make_classification(30, random_state=0)
    with pytest.raises(ValueError, match="groups"):
        TSKClassifierCV((2,)).fit(X, y, groups=np.zeros(30))
