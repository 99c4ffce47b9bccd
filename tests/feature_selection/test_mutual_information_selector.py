import tracemalloc

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from skseizure.feature_selection import MutualInformationSelector, _greedy
from skseizure.feature_selection._criteria import CRITERIA
from skseizure.features import BandFeatures
from skseizure.model_selection import RecordKFold

from . import _naive

BIT = np.log(2)


@pytest.fixture(scope="module")
def breast_cancer():
    return load_breast_cancer(return_X_y=True)


@pytest.fixture(scope="module")
def xor():
    """S2: the full product of two bits and two masks of flips, 8000 rows."""
    masks = [0, 1], [1] * 3 + [0] * 7, [1] * 7 + [0] * 13, [1] * 7 + [0] * 13
    a, b, flip_c, flip_d = (m.ravel() for m in np.meshgrid(*masks, indexing="ij"))
    y = a ^ b
    return np.column_stack([a, b, y ^ flip_c, y ^ flip_d]), y


@pytest.mark.parametrize(
    ("criterion", "order"),
    [
        *((name, [1, 3, 4, 2]) for name in ("mim", "cmim", "mrmr", "mifs", "icap")),
        *((name, [1, 2, 3, 4]) for name in ("jmi", "disr")),
        ("cife", [1, 2]),
    ],
)
def test_exclusive_or(xor, criterion, order):
    X, y = xor
    assert X.shape == (8000, 4)
    selector = MutualInformationSelector(criterion, 4).fit(X, y)
    assert (selector.ranking_ + 1)[: len(order)].tolist() == order


def test_exclusive_or_in_bits(xor):
    X, y = xor
    mim = MutualInformationSelector("mim", 4).fit(X, y)
    np.testing.assert_allclose(mim.scores_ / BIT, [0.118709, 0.065932, 0.065932, 0], atol=5e-7)
    assert abs(mim.scores_[3]) < 1e-12
    jmi = MutualInformationSelector("jmi", 4).fit(X, y)
    np.testing.assert_allclose(jmi.scores_[1:] / BIT, [1, 0.240161, 0.366174], atol=5e-7)
    disr = MutualInformationSelector("disr", 2).fit(X, y)
    assert disr.scores_[1] == pytest.approx(0.53155, abs=5e-6)


@pytest.mark.parametrize(
    ("criterion", "beta", "columns"),
    [
        # Published in the README of FEAST; the first five of JMI, too.
        ("mrmr", 1.0, "28 24 22 8 27 21 29 4 7 25"),
        ("mifs", 0.7, "28 24 22 20 29"),
        # From runs of FEAST on the same matrix.
        ("mim", 1.0, "28 8 23 21 3 24 1 7 4 27"),
        ("jmi", 1.0, "28 21 8 27 23 24 7 3 1 22"),
        ("cmim", 1.0, "28 21 2 8 22 23 7 27 29 24"),
        ("disr", 1.0, "28 24 14 8 23 7 21 4 17 27"),
        ("mifs", 1.0, "28 24 20 22 15 17 29 14 12 5"),
        ("cife", 1.0, "28 21 10 30 20 15 25 19 12 16"),
        ("icap", 1.0, "28 21 30 19 15 10 20 12 17 16"),
    ],
)
def test_breast_cancer(breast_cancer, criterion, beta, columns):
    """S3: as FEAST, columns counted from 1."""
    expected = [int(column) for column in columns.split()]
    selector = MutualInformationSelector(
        criterion, len(expected), n_bins=5, strategy="uniform", beta=beta
    )
    assert (selector.fit(*breast_cancer).ranking_ + 1).tolist() == expected


def test_breast_cancer_scores(breast_cancer):
    X, y = breast_cancer
    jmi = MutualInformationSelector("jmi", 4, n_bins=5, strategy="uniform").fit(X, y)
    np.testing.assert_allclose(
        jmi.scores_ / BIT, [0.587226, 0.721654, 1.330787, 1.957074], atol=5e-7
    )
    coded = np.column_stack([np.digitize(c, e) for c, e in zip(X.T, jmi.bin_edges_, strict=True)])
    mim = MutualInformationSelector("mim", 1.0).fit(coded, y)
    by_sklearn = mutual_info_classif(coded, y, discrete_features=True)
    np.testing.assert_allclose(mim.scores_, by_sklearn[mim.ranking_], atol=1e-12)
    assert set(mim.ranking_[:9]) == set(
        SelectKBest(lambda X, y: by_sklearn, k=9).fit(X, y).get_support(indices=True)
    )


def tied_table(seed, n=150):
    """Few values, copies, relabelled copies, a constant: many equal scores."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2 + seed % 2, n)
    X = rng.integers(0, 3, size=(n, 9))
    X[:, :4] = np.where(rng.random((n, 4)) < 0.3, y[:, None], X[:, :4])
    X[:, 5], X[:, 6], X[:, 7] = X[:, 2], 2 - X[:, 1], 1
    X[:, 8] = X[:, 0] ^ (y > 0)
    return X[:, rng.permutation(9)], y


@pytest.mark.parametrize("criterion", list(CRITERIA))
@pytest.mark.parametrize("seed", range(6))
def test_against_the_naive_form(criterion, seed):
    X, y = tied_table(seed)
    beta = 0.4 + 0.3 * (seed % 3)
    selector = MutualInformationSelector(criterion, 9, beta=beta).fit(X, y)
    order, scores = _naive.select(criterion, X.T.tolist(), y.tolist(), 9, beta)
    assert selector.ranking_.tolist() == order
    np.testing.assert_allclose(selector.scores_, scores, atol=1e-11)


@pytest.mark.parametrize("criterion", list(CRITERIA))
def test_against_the_naive_form_on_binned_columns(criterion, rng, monkeypatch):
    y = rng.integers(0, 2, 200)
    X = rng.normal(size=(200, 30)) + np.outer(y, np.linspace(0, 1, 30))
    selector = MutualInformationSelector(criterion, 12, 4).fit(X, y)
    coded = [np.digitize(c, e).tolist() for c, e in zip(X.T, selector.bin_edges_, strict=True)]
    order, scores = _naive.select(criterion, coded, y.tolist(), 12)
    assert selector.ranking_.tolist() == order
    np.testing.assert_allclose(selector.scores_, scores, atol=1e-11)
    monkeypatch.setattr(_greedy, "_THREADING_GAIN", 0)
    threads = clone(selector).set_params(n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(threads.scores_, selector.scores_)


@pytest.mark.parametrize("form", ["jmi, conditional", "jmi, mean"])
@pytest.mark.parametrize("seed", range(4))
def test_three_forms_of_jmi(form, seed):
    """S4: they differ by a constant in the candidate, so one ranking."""
    X, y = tied_table(seed)
    order, _ = _naive.select(form, X.T.tolist(), y.tolist(), 9)
    assert MutualInformationSelector("jmi", 9).fit(X, y).ranking_.tolist() == order


@pytest.mark.parametrize("criterion", list(CRITERIA))
def test_increasing_transforms_change_nothing(criterion, breast_cancer):
    """S4, with bins of equal frequency."""
    X, y = breast_cancer
    selector = MutualInformationSelector(criterion, 10)
    order = selector.fit(X, y).ranking_
    for transform in (np.cbrt, np.exp, lambda c: c**3 + c):
        scaled = X / X.max(axis=0)
        scaled[:, ::2] = transform(scaled[:, ::2])
        np.testing.assert_array_equal(selector.fit(scaled, y).ranking_, order)


@pytest.mark.parametrize("criterion", list(CRITERIA))
def test_of_relabelled_copies_the_first_is_taken(criterion, rng):
    """S4: copies under other labels, whose scores differ by rounding."""
    y = rng.integers(0, 2, 997)
    strong = (y + (rng.random(997) < 0.2) * rng.integers(0, 5, 997)) % 5
    for seed in range(20):
        relabel = np.random.default_rng(seed).permutation(5)
        X = np.column_stack([rng.integers(0, 5, 997), relabel[strong], strong])
        assert MutualInformationSelector(criterion, 1).fit(X, y).ranking_.tolist() == [1]
        assert MutualInformationSelector("mim", 2).fit(X, y).ranking_.tolist() == [1, 2]


def test_no_column_is_selected_twice_when_nothing_is_known():
    X, y = np.ones((20, 4)), np.arange(20) % 2
    for criterion in CRITERIA:
        selector = MutualInformationSelector(criterion, 4).fit(X, y)
        assert selector.ranking_.tolist() == [0, 1, 2, 3]
        assert (np.abs(selector.scores_) < 1e-14).all()
        assert [len(e) for e in selector.bin_edges_] == [0] * 4


@pytest.mark.parametrize(
    ("wanted", "n"), [(3, 3), (1, 1), (1.0, 100), (0.5, 50), (0.29, 29), (0.001, 1), (100, 100)]
)
def test_number_and_share(wanted, n, rng):
    X, y = rng.normal(size=(40, 100)), np.arange(40) % 2
    selector = MutualInformationSelector("mim", wanted).fit(X, y)
    assert len(selector.ranking_) == len(selector.scores_) == selector.support_.sum() == n
    assert selector.transform(X).shape == (40, n)
    np.testing.assert_array_equal(np.sort(selector.ranking_), selector.get_support(indices=True))


def test_names(breast_cancer):
    data = load_breast_cancer(as_frame=True)
    selector = MutualInformationSelector("jmi", 2, n_bins=5, strategy="uniform").fit(
        data.data, data.target
    )
    out = selector.set_output(transform="pandas").transform(data.data)
    assert list(out.columns) == ["worst radius", "worst concave points"]
    assert list(data.feature_names[selector.ranking_]) == ["worst concave points", "worst radius"]
    np.testing.assert_array_equal(out, breast_cancer[0][:, [20, 27]])
    assert selector.inverse_transform(out.to_numpy()).shape == data.data.shape


def test_labels_of_any_kind(breast_cancer):
    X, y = breast_cancer
    order = MutualInformationSelector("jmi", 5).fit(X, y).ranking_
    for labels in (np.array(["ictal", "rest"])[y], np.where(y == 1, 1, -1), y == 1, 7.0 * y):
        selector = MutualInformationSelector("jmi", 5).fit(X, labels)
        np.testing.assert_array_equal(selector.ranking_, order)
        np.testing.assert_array_equal(selector.classes_, np.unique(labels))


@pytest.mark.parametrize(
    ("change", "data", "message"),
    [
        ({"n_features_to_select": 9}, {}, "n_features_to_select is 9, but X has 8 columns"),
        ({}, {"y": np.ones(20)}, "y has one class, 1.0; at least two"),
        ({}, {"y": np.linspace(0, 1, 20)}, "Unknown label type: continuous"),
        ({}, {"y": np.where(np.arange(20) == 3, np.nan, 1)}, "Input y contains NaN"),
        ({}, {"X": np.full((20, 8), np.nan)}, "Input X contains NaN"),
        ({}, {"X": np.full((20, 8), np.inf)}, "Input X contains infinity"),
        ({}, {"y": np.arange(19) % 2}, "inconsistent numbers of samples"),
        ({"n_features_to_select": 0}, {}, "n_features_to_select.*must be an int in the range"),
        ({"n_features_to_select": 1.5}, {}, "n_features_to_select.*must be"),
        ({"criterion": "mrMR"}, {}, "criterion.*must be a str among"),
        ({"n_bins": 1}, {}, "n_bins.*must be an int in the range"),
        ({"n_bins": 257}, {}, "n_bins.*must be an int in the range"),
        ({"strategy": "kmeans"}, {}, "strategy.*must be a str among"),
        ({"beta": -1}, {}, "beta.*must be a float in the range"),
    ],
)
def test_errors(change, data, message, rng):
    given = {"X": rng.normal(size=(20, 8)), "y": np.arange(20) % 2, **data}
    with pytest.raises(ValueError, match=message):
        MutualInformationSelector(**change).fit(**given)


@pytest.mark.parametrize("criterion", ["jmi", "cmim"])
def test_memory(criterion, rng):
    """Beside its input, fit takes no more than three times the coded table."""
    X = rng.normal(size=(20_000, 145))
    y = rng.integers(0, 2, 20_000)
    selector = MutualInformationSelector(criterion, 6, 10)
    selector.fit(X[:100], y[:100])
    tracemalloc.start()
    selector.fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 3 * X.size


def test_in_a_search(toy, tmp_path):
    X, y, _ = toy
    pipeline = make_pipeline(
        BandFeatures(["std", "line_length", "kurtosis"], ["theta", "beta"]),
        MutualInformationSelector(n_features_to_select=3),
        LogisticRegression(),
        memory=str(tmp_path),
    )
    grid = {
        "mutualinformationselector__criterion": ["jmi", "cmim"],
        "mutualinformationselector__n_features_to_select": [2, 0.5],
        "mutualinformationselector__n_bins": [3, 6],
    }
    search = GridSearchCV(pipeline, grid, cv=RecordKFold(2), error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 8 and search.best_score_ > 0.9
    names = search.best_estimator_[:2].get_feature_names_out()
    assert len(names) == len(search.best_estimator_[1].ranking_)
    assert all(name.endswith(("std", "line_length")) for name in names[:1])


def test_bonn_features_separate_seizures(data_path):
    """Six of the features tell seizures from the rest on real EEG, records kept apart."""
    from skseizure.datasets import load_bonn

    X, y = load_bonn(data_path / "bonn", sets="ZFS", window=11.7)
    table = BandFeatures(["std", "line_length", "hjorth_mobility", "kurtosis"]).fit_transform(X)
    test = np.array([name[-1] in "37" for name in X.record])
    model = make_pipeline(
        MutualInformationSelector("jmi", 6), DecisionTreeClassifier(random_state=0)
    )
    model.fit(table[~test], y[~test])
    assert model.score(table[test], y[test]) > 0.92


@pytest.mark.parametrize("sign", [1, -1])
def test_saturated_column_keeps_its_information(sign):
    """Clipped amplitudes: 86 % of the rows at one end of the scale, whichever end it is."""
    rng = np.random.default_rng(0)
    y = (rng.random(5000) < 0.1).astype(int)
    clipped = np.minimum(rng.normal(size=5000) - 1.5 * y, -1.3)
    assert np.mean(clipped == -1.3) > 0.8
    X = np.column_stack([rng.normal(size=5000), sign * clipped])
    selector = MutualInformationSelector("mim", n_features_to_select=2).fit(X, y)
    assert selector.ranking_.tolist() == [1, 0] and selector.scores_[0] > 0.05
