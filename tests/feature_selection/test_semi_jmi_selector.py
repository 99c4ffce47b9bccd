import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from skseizure.feature_selection import (
    MutualInformationSelector,
    SemiJMISelector,
    mutual_information,
)
from skseizure.feature_selection._surrogate import switching_threshold
from skseizure.features import BandFeatures
from skseizure.model_selection import RecordKFold


@pytest.fixture(scope="module")
def breast_cancer():
    return load_breast_cancer(return_X_y=True)


def labels(p, n, m):
    return np.repeat([1, 0, -1], [p, n, m])


@pytest.mark.parametrize(
    ("counts", "phi"),
    [
        ((10, 40, 50), 0.289898),
        ((25, 225, 750), 0.229100),
        ((5, 0, 95), 1),
        ((0, 5, 95), 0),
        ((93, 50, 426), 0.587474),
        ((50, 93, 426), 0.412526),
        ((38, 19, 512), 0.590045),
    ],
)
def test_phi(counts, phi):
    """S5 and S6."""
    assert switching_threshold(*counts) == pytest.approx(phi, abs=5e-7)
    X = np.zeros((sum(counts), 1))
    selector = SemiJMISelector(prior=0.2, missing="negative" if phi else "positive")
    assert selector.fit(X, labels(*counts)).phi_ == switching_threshold(*counts)


@pytest.mark.parametrize(("prior", "surrogate"), [(0.2, "negative"), (0.4, "positive")])
def test_the_prior_chooses_the_surrogate(prior, surrogate):
    selector = SemiJMISelector(prior=prior).fit(np.zeros((100, 1)), labels(10, 40, 50))
    assert selector.surrogate_ == surrogate and selector.prior_ == prior


def test_a_prior_of_phi_means_positive():
    """The rule is a strict "<"; phi(p, p, m) is exactly one half."""
    X, y = np.zeros((90, 1)), labels(20, 20, 50)
    assert SemiJMISelector(prior=0.5).fit(X, y).surrogate_ == "positive"
    below = SemiJMISelector(prior=np.nextafter(0.5, 0)).fit(X, y)
    assert below.phi_ == 0.5 and below.surrogate_ == "negative"


@pytest.mark.parametrize("share", [0.05, 0.3, 0.45, 0.49, 0.51, 0.7, 0.95])
@pytest.mark.parametrize("labelled", [0.04, 0.25, 0.5, 0.9])
def test_missing_at_random_means_the_more_frequent_class(share, labelled):
    """Corollary (a) of the rule, with the prior that the labelled rows have."""
    n = 10_000
    p, q = round(labelled * share * n), round(labelled * (1 - share) * n)
    X, y = np.zeros((n, 1)), labels(p, q, n - p - q)
    selector = SemiJMISelector().fit(X, y)
    assert selector.prior_ == p / (p + q)
    assert selector.surrogate_ == ("negative" if share < 0.5 else "positive")


def test_information_in_the_surrogates():
    """S5: the population table p(x=1|y=1) = .495, p(x=1|y=0) = .5, pi = .1, half labelled."""
    cells = [(1, 1, 198), (0, 1, 202), (1, 0, 1800), (0, 0, 1800)]
    x, y = (np.repeat([c[i] for c in cells], [c[2] for c in cells]) for i in (0, 1))
    x, y, labelled = np.tile(x, 2), np.tile(y, 2), np.repeat([True, False], 4000)
    full = mutual_information(x, y)
    as_negative = mutual_information(x, np.where(labelled, y, 0)) / full
    as_positive = mutual_information(x, np.where(labelled, y, 1)) / full
    assert as_negative == pytest.approx(0.473685, abs=2e-6)
    assert as_positive == pytest.approx(0.090908, abs=2e-6)
    kappa_negative = 0.9 / 0.1 * 0.05 / 0.95
    kappa_positive = 0.1 / 0.9 * 0.45 / 0.55
    assert as_negative == pytest.approx(kappa_negative, rel=1e-4)
    assert as_positive == pytest.approx(kappa_positive, rel=1e-4)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("prior", ["true", "from labels"])
@pytest.mark.parametrize(
    ("every", "criterion", "columns"),
    [
        (4, "jmi", [23, 22, 8, 28, 21, 27]),
        (4, "mim", [23, 28, 21, 8, 27, 7]),
        (10, "jmi", [7, 29, 3, 2, 27, 21]),
    ],
)
def test_breast_cancer(breast_cancer, flip, prior, every, criterion, columns):
    """S6, columns counted from 1; flipped labels flip the surrogate and select the same."""
    X, y = breast_cancer
    y = 1 - y if flip else y
    partial = np.where(np.arange(569) % every == 0, y, -1)
    selector = SemiJMISelector(
        criterion, 6, n_bins=5, strategy="uniform", prior=y.mean() if prior == "true" else None
    ).fit(X, partial)
    assert (selector.ranking_ + 1).tolist() == columns
    assert selector.surrogate_ == ("negative" if flip else "positive")
    labelled = partial[partial >= 0]
    assert selector.prior_ == (y if prior == "true" else labelled).mean()
    supervised = MutualInformationSelector(criterion, 6, n_bins=5, strategy="uniform")
    supervised.fit(X, np.where(partial < 0, 0 if flip else 1, partial))
    np.testing.assert_array_equal(selector.scores_, supervised.scores_)


@pytest.mark.parametrize("criterion", ["jmi", "mim"])
@pytest.mark.parametrize("missing", ["switch", "negative", "positive", "drop"])
def test_fully_labelled_is_the_supervised_criterion(breast_cancer, criterion, missing):
    X, y = breast_cancer
    semi = SemiJMISelector(criterion, 12, 7, missing=missing).fit(X, y)
    supervised = MutualInformationSelector(criterion, 12, 7).fit(X, y)
    np.testing.assert_array_equal(semi.ranking_, supervised.ranking_)
    np.testing.assert_array_equal(semi.scores_, supervised.scores_)


def test_drop_is_the_supervised_criterion_on_labelled_rows(breast_cancer):
    X, y = breast_cancer
    y = np.where(np.arange(569) % 3 == 0, y, -1)
    semi = SemiJMISelector(n_features_to_select=8, missing="drop").fit(X, y)
    supervised = MutualInformationSelector(n_features_to_select=8).fit(X[y >= 0], y[y >= 0])
    np.testing.assert_array_equal(semi.scores_, supervised.scores_)
    np.testing.assert_array_equal(semi.ranking_, supervised.ranking_)
    assert semi.surrogate_ == "drop"


def test_recovery_of_the_selection_with_all_labels():
    """S7: 30 draws of Gaussians, 10 % positive, a quarter labelled at random."""
    chosen, other, dropped = [], [], []
    shift = np.r_[np.linspace(1, 0.05, 20), np.zeros(40)]
    for seed in range(30):
        rng = np.random.default_rng(seed)
        y = (rng.random(4000) < 0.1).astype(int)
        X = rng.normal(size=(4000, 60)) + np.outer(y, shift)
        partial = np.where(rng.random(4000) < 0.25, y, -1)
        full = MutualInformationSelector("jmi", 10).fit(X, y).support_
        semi = SemiJMISelector("jmi", 10, prior=0.1).fit(X, partial)
        assert semi.surrogate_ == "negative"
        chosen.append((semi.support_ & full).mean() * 6)
        for overlaps, missing in ((other, "positive"), (dropped, "drop")):
            selector = SemiJMISelector("jmi", 10, missing=missing).fit(X, partial)
            overlaps.append((selector.support_ & full).mean() * 6)
    assert np.mean(chosen) >= 0.82
    assert np.mean(chosen) - np.mean(other) >= 0.2
    assert np.mean(dropped) >= np.mean(chosen) - 0.02, "dropping is as good at random"


@pytest.mark.parametrize("only", [0, 1])
def test_one_class_labelled(breast_cancer, only):
    """Unlabelled rows become the other class, whatever the prior; the labels' names are free."""
    X, y = breast_cancer
    partial = np.where((y == only) & (np.arange(569) % 3 > 0), only, -1)
    expected = MutualInformationSelector("jmi", 6).fit(X, partial == only).scores_
    for prior in (0.01, 0.5, 0.99):
        semi = SemiJMISelector("jmi", 6, prior=prior).fit(X, partial)
        np.testing.assert_allclose(semi.scores_, expected, atol=1e-12)
        assert semi.surrogate_ == ("negative" if only else "positive")
        assert semi.phi_ == only and semi.classes_.tolist() == [only]
    named = np.full(569, -1, dtype=object)
    named[partial == only] = "ictal"
    semi = SemiJMISelector("jmi", 6, prior=0.3).fit(X, named)
    np.testing.assert_allclose(semi.scores_, expected, atol=1e-12)
    semi = SemiJMISelector("jmi", 6, missing="negative" if only else "positive").fit(X, partial)
    assert np.isnan(semi.prior_) and len(semi.ranking_) == 6


def test_labels_of_any_kind(breast_cancer):
    X, y = breast_cancer
    known = np.arange(569) % 4 == 0
    expected = SemiJMISelector(n_features_to_select=6).fit(X, np.where(known, y, -1))
    strings = np.where(known, np.array(["rest", "ictal"])[y], "").astype(object)
    strings[~known] = -1
    with_nan = strings.copy()
    with_nan[::2][~known[::2]] = np.nan
    for other in (
        np.where(known, y, np.nan),
        np.where(known, y + 4.0, -1),
        np.where(known, y * 7 - 9, -1).tolist(),
        strings,
        with_nan,
        np.where(known, y.astype(object), pd.NA),
        np.where(known, strings, None),
        pd.Series(y).convert_dtypes().where(known),
    ):
        semi = SemiJMISelector(n_features_to_select=6).fit(X, other)
        np.testing.assert_array_equal(semi.ranking_, expected.ranking_)
        assert semi.surrogate_ == expected.surrogate_ == "positive"
        assert len(semi.classes_) == 2
    full = SemiJMISelector().fit(X, np.array(["rest", "ictal"])[y])
    np.testing.assert_array_equal(full.ranking_, SemiJMISelector().fit(X, y == 1).ranking_)


@pytest.mark.parametrize(
    ("names", "pos_label"),
    [(["rest", "seizure"], None), (["interictal", "ictal"], None), ([2, 1], 1)],
    ids=str,
)
def test_prior_is_that_of_the_seizure(breast_cancer, names, pos_label):
    """Not of the class that happens to be the last in the alphabet."""
    X, y = breast_cancer
    known = np.arange(569) % 4 == 0
    labels = np.array(names, dtype=object)[y]
    labels[~known] = -1
    for prior in (0.3, 0.7):
        expected = SemiJMISelector(prior=prior).fit(X, np.where(known, y, -1))
        found = SemiJMISelector(prior=prior, pos_label=pos_label).fit(X, labels)
        assert found.surrogate_ == expected.surrogate_ and found.phi_ == expected.phi_
        np.testing.assert_array_equal(found.ranking_, expected.ranking_)


@pytest.mark.parametrize(
    "parameters", [{"prior": 0.3}, {"missing": "negative"}, {"missing": "positive"}], ids=str
)
def test_positive_class_must_be_told_where_it_matters(parameters, breast_cancer):
    X, y = breast_cancer
    partial = np.where(np.arange(569) % 4 == 0, y + 1, -1)
    with pytest.raises(ValueError, match=r"y: the classes \[1, 2\] .* pass pos_label=1 or"):
        SemiJMISelector(**parameters).fit(X, partial)
    with pytest.raises(ValueError, match=r"pos_label=3 is not a valid label; .* \[1, 2\]"):
        SemiJMISelector(pos_label=3, **parameters).fit(X, partial)
    SemiJMISelector(pos_label=2, **parameters).fit(X, partial)
    SemiJMISelector().fit(X, partial)


@pytest.mark.parametrize(
    ("parameters", "y", "message"),
    [
        ({}, np.full(20, -1), r"y: all 20 rows are unlabelled \(-1, NaN or None\)"),
        ({}, np.full(20, np.nan), "y: all 20 rows are unlabelled"),
        (
            {},
            np.repeat([-1, 1], 10),
            r"y has one labelled class, 1, beside 10 unlabelled .* If -1 is a class of "
            r"its own here, relabel it: y = np.where\(y == -1, 0, 1\).* pass prior",
        ),
        ({"missing": "drop"}, np.repeat([-1, 1], 10), "y has one class.*missing='drop'.*relabel"),
        ({"missing": "positive"}, np.repeat([-1, 1], 10), "y has one class.*missing='positive'"),
        ({"missing": "negative"}, np.repeat([-1, 0], 10), "y has one class.*missing='negative'"),
        ({}, np.ones(20, int), "y has one class"),
        ({}, np.arange(20) % 3, r"y has 3 classes \(0, 1, 2\) beside the unlabelled rows; two"),
        ({}, np.arange(20), r"y has 20 classes \(0, 1, 2, 3, 4, ...\).*MutualInformationSelector"),
        (
            {},
            np.array([0, "ictal"] * 10, dtype=object),
            "y holds strings beside 0; classes must be all strings or all numbers",
        ),
        ({}, np.linspace(0, 1, 20), "y: Unknown label type: continuous"),
        ({}, None, "requires y to be passed, but the target y is None"),
        ({}, np.arange(19) % 2, "inconsistent numbers of samples"),
        ({"n_features_to_select": 4}, np.arange(20) % 2, "n_features_to_select is 4, but X has 3"),
        ({"prior": 0.0}, np.arange(20) % 2, "prior.*must be a float in the range"),
        ({"prior": 1}, np.arange(20) % 2, "prior.*must be a float in the range"),
        ({"missing": "other"}, np.arange(20) % 2, "missing.*must be a str among"),
        ({"criterion": "cmim"}, np.arange(20) % 2, "criterion.*must be a str among"),
    ],
)
def test_errors(parameters, y, message, rng):
    with pytest.raises(ValueError, match=message):
        SemiJMISelector(**parameters).fit(rng.normal(size=(20, 3)), y)


def test_phi_of_nothing():
    with pytest.raises(ValueError, match="y has no labelled row among 7"):
        switching_threshold(0, 0, 7)


def labelled_accuracy(estimator, X, y):
    known = y >= 0
    return accuracy_score(y[known], estimator.predict(X)[known])


def test_in_a_search_with_missing_labels(toy, tmp_path):
    """From windows to decisions, half of the labels missing from end to end."""
    X, y, _ = toy
    partial = np.where(np.random.default_rng(0).random(len(y)) < 0.5, y, -1)
    pipeline = make_pipeline(
        BandFeatures(["std", "line_length", "kurtosis"], ["theta", "beta"]),
        SemiJMISelector(n_features_to_select=3),
        SelfTrainingClassifier(GaussianNB()),
        memory=str(tmp_path),
    )
    grid = {
        "semijmiselector__criterion": ["jmi", "mim"],
        "semijmiselector__n_features_to_select": [2, 0.5],
        "semijmiselector__n_bins": [3, 6],
    }
    search = GridSearchCV(
        pipeline, grid, cv=RecordKFold(2), scoring=labelled_accuracy, error_score="raise"
    ).fit(X, partial)
    assert len(search.cv_results_["params"]) == 8
    assert search.best_score_ > 0.9 and accuracy_score(y, search.predict(X)) > 0.9
    selector = search.best_estimator_["semijmiselector"]
    assert selector.surrogate_ == "negative" and selector.classes_.tolist() == [0, 1]
