import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy.linalg import LinAlgWarning
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skseizure.fuzzy import SDASSLTSKClassifier, TSKClassifier

from . import _naive


@pytest.fixture(scope="module")
def wide():
    """5000 rows of 30 columns whose classes are four clusters each, and 2000 to test on."""
    X, y = make_classification(7000, 30, n_informative=10, n_clusters_per_class=4, random_state=0)
    X = StandardScaler().fit(X[:5000]).transform(X)
    return X[:5000], y[:5000], X[5000:], y[5000:]


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), y


@pytest.mark.parametrize("weighted", [False, True])
def test_one_rule_is_ridge_regression(rng, iris, weighted):
    """Acceptance 1."""
    X, y = iris
    weight = rng.random(150) if weighted else None
    model = TSKClassifier(1, alpha=0.3).fit(X, y, sample_weight=weight)
    ridge = Ridge(0.3, fit_intercept=False)
    ridge.fit(np.column_stack([np.ones(150), X]), np.eye(3)[y], sample_weight=weight)
    np.testing.assert_allclose(model.intercept_[0], ridge.coef_[:, 0], atol=1e-10)
    np.testing.assert_allclose(model.slopes_[0], ridge.coef_[:, 1:].T, atol=1e-10)


def test_many_rules_are_ridge_regression_on_what_transform_returns(iris):
    X, y = iris
    model = TSKClassifier(4, random_state=0).fit(X, y)
    ridge = Ridge(1.0, fit_intercept=False).fit(model.transform(X), np.eye(3)[y])
    np.testing.assert_allclose(
        model.decision_function(X), ridge.predict(model.transform(X)), atol=1e-10
    )


def test_against_the_naive_form(iris):
    X, y = iris
    model = TSKClassifier(3, random_state=0).fit(X, y)
    P = np.concatenate([model.intercept_[:, None], model.slopes_], axis=1).reshape(-1, 3)
    for i in (0, 70, 149):
        firing = _naive.firing(X[i], model.centers_, model.sigmas_)
        row = _naive.consequent_row(X[i], firing)
        np.testing.assert_allclose(model.firing_strengths(X[i : i + 1])[0], firing, rtol=1e-10)
        np.testing.assert_allclose(model.transform(X[i : i + 1])[0], row, rtol=1e-10)
        np.testing.assert_allclose(model.decision_function(X[i : i + 1])[0], row @ P, rtol=1e-10)
        of_rules = model.rule_outputs(X[i : i + 1])[0]
        np.testing.assert_allclose(of_rules[1], model.intercept_[1] + X[i] @ model.slopes_[1])
        np.testing.assert_allclose(firing @ of_rules, row @ P, rtol=1e-10)


def test_centres_do_not_coincide_with_thirty_features(wide):
    """Acceptance 9; the usual exponent of 2 makes it the linear classifier, and says so."""
    X, y, X_test, y_test = wide
    model = TSKClassifier(random_state=0).fit(X, y)
    assert np.mean(model.centers_.std(axis=0) / X.std(axis=0)) > 0.2
    ridge = RidgeClassifier().fit(X, y).score(X_test, y_test)
    assert model.score(X_test, y_test) >= ridge + 0.10
    with pytest.warns(UserWarning, match="centres of the rules all but coincide"):
        collapsed = TSKClassifier(random_state=0, fcm_fuzziness=2.0).fit(X, y)
    assert abs(collapsed.score(X_test, y_test) - ridge) < 0.02


def bent(d, rng):
    """Rows beyond a diamond in two of the features: no linear classifier beats the majority."""
    X = rng.normal(size=(1600, d))
    return X, (np.abs(X[:, :2]).sum(axis=1) > 1.6).astype(int)


def modes(d, rng):
    """Two classes of several modes each, in up to ten of the features."""
    X, y = make_classification(
        1600,
        d,
        n_informative=min(d, 10),
        n_redundant=0,
        n_clusters_per_class=min(d, 4) // 2 + 1,
        random_state=rng.integers(1000),
    )
    return scale(X), y


@pytest.mark.parametrize("d", [2, 3, 4, 5, 6, 7, 10, 30, 200])
@pytest.mark.parametrize("table", [bent, modes])
# That is what the rivals of "auto" do in many features.
@pytest.mark.filterwarnings("ignore:The centres of the rules all but coincide")
def test_the_automatic_fuzzifier_is_near_the_best(rng, table, d):
    """Within one point of the best of four, in any number of features; mean of three draws."""
    others = (1.1, 1.3, 1.5, 2.0) if d < 200 else (1.1,)
    accuracy = {}
    for X, y in (table(d, rng) for _ in range(3)):
        for fuzziness in ("auto", *others):
            model = TSKClassifier(fcm_fuzziness=fuzziness, random_state=0).fit(X[:800], y[:800])
            accuracy.setdefault(fuzziness, []).append(model.score(X[800:], y[800:]))
    best = max(np.mean(accuracy[fuzziness]) for fuzziness in others)
    assert np.mean(accuracy["auto"]) >= best - 0.01


def test_rows_marked_as_unlabelled_are_refused():
    X, y = make_classification(60, random_state=0)
    y[:10] = -1
    with pytest.raises(ValueError, match="y holds -1 beside 2 other classes"):
        TSKClassifier(3).fit(X, y)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_rank_as_decisions(iris, n_classes):
    """Acceptance 14."""
    X, y = iris
    X, y = X[y > 0], y[y > 0]
    if n_classes == 3:
        y = np.where(X[:, 0] > 0.5, 3, y)
    model = TSKClassifier(4, random_state=0).fit(X, y)
    proba, decision = model.predict_proba(X), model.decision_function(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-14)
    np.testing.assert_array_equal(model.classes_[proba.argmax(axis=1)], model.predict(X))
    if n_classes == 2:
        assert decision.shape == (100,)
        assert roc_auc_score(y, proba[:, 1]) == roc_auc_score(y, decision)
        np.testing.assert_allclose(proba[:, 1], 1 / (1 + np.exp(-4 * decision)), rtol=1e-12)
        np.testing.assert_array_equal(model.predict(X) == 2, decision > 0)
    else:
        assert decision.shape == (100, 3)
        np.testing.assert_array_equal(proba.argsort(axis=1), decision.argsort(axis=1))
        for c in range(3):
            assert roc_auc_score(y == c + 1, proba[:, c]) == pytest.approx(
                roc_auc_score(y == c + 1, np.exp(4 * decision)[:, c] / np.exp(4 * decision).sum(1))
            )


@pytest.mark.parametrize(
    "y", [np.array(["pre", "ictal"]), np.array(["-1", "1"]), np.array([-1, 1]), [False, True]]
)
def test_labels_of_any_kind(iris, y):
    X, species = iris
    model = TSKClassifier(3, random_state=0).fit(X, np.asarray(y)[(species == 1).astype(int)])
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    assert set(model.predict(X)) == set(np.asarray(y))


def test_neither_order_nor_repetition_matters(rng, iris):
    X, y = iris
    model = TSKClassifier(5, random_state=0).fit(X, y)
    order = rng.permutation(150)
    other = TSKClassifier(5, random_state=0).fit(X[order], y[order])
    np.testing.assert_allclose(other.decision_function(X), model.decision_function(X), atol=1e-9)
    weight = rng.integers(0, 4, size=150)
    weighted = TSKClassifier(5, random_state=0).fit(X, y, sample_weight=weight)
    repeated = TSKClassifier(5, random_state=0).fit(X.repeat(weight, axis=0), y.repeat(weight))
    np.testing.assert_allclose(
        weighted.decision_function(X), repeated.decision_function(X), atol=1e-9
    )
    np.testing.assert_allclose(
        weighted.rule_support_["training"], repeated.rule_support_["training"], atol=1e-9
    )


def test_same_seed_same_model(wide):
    X, y, _, _ = wide
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    model = TSKClassifier(random_state=3, subsample=500).fit(X, y)
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(model.slopes_, again.slopes_)
    other = TSKClassifier(random_state=4, subsample=500).fit(X, y)
    assert not np.allclose(model.centers_, other.centers_)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_the_subsample_places_the_rules_only(wide):
    X, y, _, _ = wide
    model = TSKClassifier(random_state=0, subsample=1000).fit(X, y)
    ridge = Ridge(1.0, fit_intercept=False).fit(model.transform(X), np.eye(2)[y])
    blocks = ridge.coef_.T.reshape(10, 31, 2)
    np.testing.assert_allclose(model.intercept_, blocks[:, 0], atol=1e-9)
    np.testing.assert_array_equal(
        TSKClassifier(random_state=0, subsample=None).fit(X, y).slopes_,
        TSKClassifier(random_state=0, subsample=5000).fit(X, y).slopes_,
    )


def test_saved_models_answer_the_same(iris):
    X, y = iris
    model = make_pipeline(StandardScaler(), TSKClassifier(3, random_state=0)).fit(X, y)
    for again in (
        pickle.loads(pickle.dumps(model)),
        skops.io.loads(skops.io.dumps(model), trusted=["skseizure.fuzzy.TSKClassifier"]),
    ):
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(
            again[-1].rule_support_["training"], model[-1].rule_support_["training"]
        )


def test_support_and_names():
    data = load_iris(as_frame=True)
    model = TSKClassifier(2, random_state=0).set_output(transform="pandas")
    model.fit(data.data[["petal length (cm)", "petal width (cm)"]], data.target)
    table = model.transform(data.data[["petal length (cm)", "petal width (cm)"]])
    assert isinstance(table, pd.DataFrame)
    assert list(table)[:4] == [
        "rule0",
        "rule0__petal length (cm)",
        "rule0__petal width (cm)",
        "rule1",
    ]
    np.testing.assert_allclose(
        model.rule_support_["training"], table[["rule0", "rule1"]].to_numpy().mean(axis=0)
    )
    assert model.rule_support_["training"].sum() == pytest.approx(1)
    bare = TSKClassifier(2, random_state=0).fit(data.data.to_numpy(), data.target)
    assert bare.get_feature_names_out()[-1] == "rule1__x3"
    assert len(model.rules_) == 2


@pytest.mark.parametrize("parameters", [{"width_scale": 2.0}, {"width_scale": "auto"}])
def test_width_scale(iris, parameters):
    X, y = iris
    narrow = TSKClassifier(3, width_scale=1.0, random_state=0).fit(X, y)
    wide = TSKClassifier(3, **parameters, random_state=0).fit(X, y)
    factor = 4 if parameters["width_scale"] == "auto" else 2
    np.testing.assert_allclose(wide.sigmas_, np.sqrt(factor) * narrow.sigmas_, rtol=1e-13)
    assert wide.fcm_fuzziness_ == 1.1


def test_real_seizures(data_path):
    """Seizures of Bonn against all else, by six log energies."""
    from skseizure.datasets import load_bonn
    from skseizure.features import WaveletPacketFeatures

    X, y = load_bonn(data_path / "bonn")
    model = make_pipeline(WaveletPacketFeatures(), StandardScaler(), TSKClassifier(random_state=0))
    assert cross_val_score(model, X, y, scoring="balanced_accuracy").mean() > 0.95


def test_unfitted():
    assert not hasattr(TSKClassifier(), "rules_")
    for method in ("predict", "firing_strengths", "rule_outputs", "transform"):
        with pytest.raises(NotFittedError):
            getattr(TSKClassifier(), method)([[0.0]])


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[0.0], [np.nan], [1.0]], [0, 1, 0], "Input X contains NaN"),
        ([[0.0], [np.inf], [1.0]], [0, 1, 0], "Input X contains infinity"),
        ([[0.0], [1.0]], [0, 1], r"n_rules is 3, but there are n_samples=2 rows"),
        ([[0.0], [1.0], [2.0]], [5, 5, 5], r"y has one class, 5, .* at least two classes"),
        ([[0.0], [1.0], [2.0]], [0.1, 0.2, 0.3], "Unknown label type: continuous"),
        ([[0.0], [1.0], [2.0]], [0, np.nan, 1], "Input y contains NaN, first in row 1"),
        ([[0.0], [-1e200], [2.0]], [0, 1, 0], r"X holds values up to 1e\+200; .* scale the feat"),
    ],
)
def test_what_fit_refuses(X, y, message):
    with pytest.raises(ValueError, match=message):
        TSKClassifier(3).fit(X, y)


def test_weights_that_fit_refuses(iris):
    X, y = iris
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        TSKClassifier(3).fit(X, y, sample_weight=np.linspace(-1, 1, 150))
    with pytest.raises(
        ValueError, match="y has one class, 0, among the rows of sample_weight above 0"
    ):
        TSKClassifier(3).fit(X, y, sample_weight=y == 0)
    with pytest.raises(ValueError, match=r"sample_weight holds up to 1e\+300 and X up to 3.1e\+20"):
        TSKClassifier(3).fit(X * 1e20, y, sample_weight=np.full(150, 1e300))


def test_a_subsample_draws_each_row_once(rng):
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 2
    assert len(np.unique(TSKClassifier(50, subsample=50).fit(X, y).centers_, axis=0)) == 50
    with pytest.raises(ValueError, match="subsample is 49, but n_rules is 50"):
        TSKClassifier(50, subsample=49).fit(X, y)


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_rules": 0},
        {"alpha": -1.0},
        {"fcm_fuzziness": 1.0},
        {"width_scale": 0.0},
        {"subsample": 0},
    ],
)
def test_parameters_out_of_range(iris, parameters):
    with pytest.raises(ValueError, match=f"The '{next(iter(parameters))}' parameter of TSKClassif"):
        TSKClassifier(**parameters).fit(*iris)


def test_fewer_distinct_rows_than_rules():
    X = np.repeat([[0.0], [1.0], [2.0]], 10, axis=0)
    y = np.repeat([0, 1, 0], 10)
    with pytest.warns(UserWarning, match="n_rules is 10, but X has 3 distinct rows") as record:
        model = TSKClassifier(alpha=1e-3, random_state=0).fit(X, y)
    assert record[0].filename == __file__
    assert model.centers_.shape == (3, 1)
    np.testing.assert_array_equal(model.predict(X), y)


def test_a_constant_feature(rng):
    """Changes no decision but by what the penalised constant does."""
    X, y = rng.normal(size=(100, 3)), rng.integers(2, size=100)
    with_constant = np.column_stack([X, np.zeros(100)])
    parameters = {"n_rules": 3, "width_scale": 3.0, "fcm_fuzziness": 1.5, "random_state": 0}
    plain = TSKClassifier(**parameters).fit(X, y)
    more = TSKClassifier(**parameters).fit(with_constant, y)
    np.testing.assert_allclose(
        more.decision_function(with_constant), plain.decision_function(X), atol=1e-10
    )
    assert (more.sigmas_[:, 3] == 1).all() and (more.centers_[:, 3] == 0).all()


def test_constant_features_alone():
    X, y = np.full((20, 3), 7.0), np.arange(20) % 2
    with pytest.warns(UserWarning, match="n_rules is 3, but X has 1 distinct rows"):
        model = TSKClassifier(3, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), 0, atol=1e-12)


def test_no_penalty(rng):
    """Nothing to warn of: the normal equations have full rank."""
    X, y = rng.normal(size=(100, 3)), rng.integers(2, size=100)
    model = TSKClassifier(3, alpha=0.0, random_state=0).fit(X, y)
    Y = np.linalg.lstsq(model.transform(X), np.eye(2)[y], rcond=None)[0]
    np.testing.assert_allclose(
        model.decision_function(X), model.transform(X) @ (Y[:, 1] - Y[:, 0]), atol=1e-6
    )


@pytest.mark.parametrize("classifier", [TSKClassifier, SDASSLTSKClassifier])
def test_no_penalty_on_columns_that_repeat(rng, classifier):
    """One warning a fit, at the line that fits, however many rounds there are."""
    X, y = rng.normal(size=(100, 2)), rng.integers(2, size=100)
    X = np.column_stack([X, X[:, 0]])
    if classifier is SDASSLTSKClassifier:
        y[50:] = -1
    with pytest.warns(LinAlgWarning, match="alpha=0.0 leaves .* rank is 9 of 12") as record:
        model = classifier(3, alpha=0.0, random_state=0).fit(X, y)
    assert [(w.filename, w.category) for w in record] == [(__file__, LinAlgWarning)]
    # The solution of least norm shares the slopes out.
    np.testing.assert_allclose(model.slopes_[:, 0], model.slopes_[:, 2], atol=1e-6)
    if classifier is SDASSLTSKClassifier:
        assert model.n_iter_ > 1


def test_any_penalty_is_no_reason_to_warn_about_columns_that_repeat(rng):
    X, y = rng.normal(size=(100, 2)), rng.integers(2, size=100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TSKClassifier(3, alpha=1e-6, random_state=0).fit(np.column_stack([X, X[:, 0]]), y)
