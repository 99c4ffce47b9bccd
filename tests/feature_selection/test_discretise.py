import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseizure.feature_selection import (
    FCBFSelector,
    MutualInformationSelector,
    SemiJMISelector,
    entropy,
    mutual_information,
)
from skseizure.feature_selection._discretise import discretise
from skseizure.feature_selection._kernels import supervised_cuts

from . import _naive


def test_quantile_bins_by_hand():
    X = np.array([[5.0, 7.0, 1.0], [1, 7, 1], [4, 7, 1], [3, 2, 1], [2, 7, 1], [6, 9, 1]])
    codes, sizes, edges = discretise(X, 2, "quantile")
    # 7 fills a bin by itself: neither 2 nor 9 merges with it.
    assert codes.tolist() == [[1, 0, 1, 0, 0, 1], [1, 1, 1, 0, 1, 2], [0] * 6]
    assert sizes.tolist() == [2, 3, 1]
    assert [e.tolist() for e in edges] == [[4], [7, 9], []]
    assert codes.dtype == np.uint8


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("n_bins", [5, "auto"])
def test_what_lies_on_either_side_of_a_frequent_value_is_kept(sign, n_bins):
    """Most rows are zero; the ictal ones lie below, or above after a change of sign."""
    rng = np.random.default_rng(0)
    y = (rng.random(5000) < 0.1).astype(int)
    x = np.where(y == 1, -1 - rng.random(5000), np.where(rng.random(5000) < 0.9, 0, 1.0))
    x += np.where((x == 0) | (y == 1), 0, rng.random(5000))
    codes = discretise(sign * x[:, None], n_bins, "quantile", y=y).codes[0]
    assert mutual_information(codes, y) == pytest.approx(entropy(y), rel=1e-12)


@pytest.mark.parametrize("n_bins", [2, 3, 100, 256])
def test_many_frequent_values_never_outrun_the_codes(rng, n_bins):
    x = np.concatenate([np.repeat(np.arange(200), 60), rng.random(500) * 200])
    codes, sizes, _ = discretise(x[:, None], n_bins, "quantile")
    assert sizes[0] == int(codes.max()) + 1 <= 256


def test_uniform_bins_by_hand():
    codes, sizes, edges = discretise(np.array([[0.0, 1, 2, 3, 9, 10]]).T, 5, "uniform")
    assert codes.tolist() == [[0, 0, 1, 1, 4, 4]] and sizes.tolist() == [5]
    np.testing.assert_array_equal(edges[0], [2, 4, 6, 8])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 1000), st.integers(6, 300), st.integers(2, 12), st.booleans())
def test_bins_against_numpy(seed, n, n_bins, ties):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n) if not ties else rng.integers(0, 20, n).astype(float)
    auto = discretise(x[:, None], n_bins, "quantile").codes[0]
    uniform, sizes, edges = discretise(x[:, None], n_bins, "uniform", np.array([False]))
    width = (x.max() - x.min()) / n_bins
    inner = x.min() + width * np.arange(1, n_bins)
    far = np.abs(x[:, None] - inner).min(axis=1) > 1e-9
    expected = np.histogram_bin_edges(x, n_bins).searchsorted(x, side="right") - 1
    np.testing.assert_array_equal(uniform[0][far], np.minimum(expected, n_bins - 1)[far])
    if len(np.unique(x)) <= n_bins:
        np.testing.assert_array_equal(auto, np.unique(x, return_inverse=True)[1])
    elif not ties:
        assert np.ptp(np.bincount(auto, minlength=n_bins)) <= 1, "equal frequency"
    else:
        assert set(auto) == set(range(auto.max() + 1)), "no bin is empty"
        assert (np.diff(auto[np.argsort(x)].astype(int)) >= 0).all(), "bins keep the order"
    assert sizes[0] == 1 + len(edges[0])


@pytest.mark.parametrize("transform", [np.exp, np.cbrt, lambda x: 1e300 * x, lambda x: x - 7])
def test_quantile_bins_do_not_change_under_increasing_transforms(rng, transform):
    X = rng.normal(size=(1001, 3))
    X[:, 1] = np.round(X[:, 1], 1)
    before = discretise(X, 10, "quantile").codes
    np.testing.assert_array_equal(discretise(transform(X), 10, "quantile").codes, before)


@pytest.mark.parametrize(
    ("dtype", "strategy"),
    [
        *(
            (t, "quantile")
            for t in ("int8", "uint8", "int16", "int64", "uint64", "bool", "float32")
        ),
        *((t, "uniform") for t in ("int8", "uint8", "int16", "bool", "float32")),
    ],
)
def test_types_of_numbers(rng, dtype, strategy):
    """Counting integers instead of sorting them changes nothing, at the ends of a type neither."""
    X = rng.integers(0, 2, size=(2000, 4)).astype(dtype)
    if dtype not in ("bool", "float32"):
        ends = np.iinfo(dtype)
        X[:, 1] = rng.integers(max(ends.min, -200), min(ends.max, 200), 2000, dtype=dtype)
        X[:, 2] = ends.max - X[:, 1] % 30
        X[:, 3] = ends.min + X[:, 1] % 30
        X[0, 1], X[1, 1] = (ends.min, ends.max) if ends.bits == 8 else (0, 1)
    shifted = [[int(v) - int(column.min()) for v in column] for column in X.T]
    expected = discretise(np.array(shifted, dtype=float).T, 5, strategy).codes
    np.testing.assert_array_equal(discretise(X, 5, strategy).codes, expected)


def test_huge_numbers_do_not_overflow():
    X = np.array([[-1.7e308, -1e308, 0.0, 0.1, 1e308, 1.7e308]]).T
    assert discretise(X, 2, "uniform").codes.tolist() == [[0, 0, 1, 1, 1, 1]]
    assert discretise(X, 3, "quantile").codes.tolist() == [[0, 0, 1, 1, 2, 2]]
    many = np.linspace(-5e307, 5e307, 1000)[:, None]
    codes = discretise(many, 200, "uniform").codes[0]
    np.testing.assert_array_equal(codes, discretise(many * 2.0**-900, 200, "uniform").codes[0])
    assert np.bincount(codes).tolist() == [5] * 200


def test_threads_change_nothing(rng):
    X = rng.normal(size=(300, 20))
    one, two = (discretise(X, 5, "quantile", n_jobs=n_jobs) for n_jobs in (1, 2))
    np.testing.assert_array_equal(one.codes, two.codes)
    np.testing.assert_array_equal(np.array(one.edges), np.array(two.edges))


def test_heavy_tails():
    """S8: bins of equal frequency keep what bins of equal width lose (in the median draw)."""
    lost = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        y = (rng.random(20_000) < 1 / 11).astype(int)
        z = rng.normal(size=20_000) + y
        X = np.column_stack([z, np.exp(1.5 * z)])

        def information(strategy, X=X, y=y):
            return [mutual_information(c, y) for c in discretise(X, 5, strategy).codes]

        gaussian, tailed = information("quantile")
        assert gaussian == pytest.approx(0.0325, rel=0.15)
        assert tailed == gaussian
        gaussian, tailed = information("uniform")
        assert gaussian == pytest.approx(0.0309, rel=0.2)
        lost.append(tailed / gaussian)
    assert np.median(lost) < 0.05


def test_discrete_features(rng):
    """Declared columns are taken as they are, all others are binned, also those of few values."""
    X = np.column_stack([rng.integers(0, 40, 500), rng.integers(0, 4, 500), rng.normal(size=500)])
    y = rng.integers(0, 2, 500)

    def sizes(discrete):
        selector = MutualInformationSelector(n_bins=3, discrete_features=discrete).fit(X, y)
        return [1 + len(edges) for edges in selector.bin_edges_]

    assert sizes("auto") == sizes(False) == sizes([]) == [3, 3, 3]
    assert sizes([0]) == sizes([True, False, False]) == sizes(np.array([0, 0])) == [40, 3, 3]
    assert sizes([0, 1]) == [40, 4, 3]
    X[:, 2] = np.round(X[:, 2])
    assert sizes(True) == [40, 4, len(np.unique(X[:, 2]))]


@pytest.mark.parametrize(
    ("discrete", "message"),
    [
        (True, r"discrete_features names column 1 of X, which holds 0.5; a discrete column must"),
        ([2], "names column 2 of X, which holds 300 distinct values; .* at most 256"),
        ([True, False], r"mask of shape \(2,\), but X has 3 columns; shape \(3,\)"),
        ([3], "names column 3, but the columns of X run from 0 to 2"),
        ([0, -1], "names column -1, but the columns of X run from 0 to 2"),
        ([0.5], r"discrete_features is \[0.5\]; 'auto', a bool, a mask or column indices"),
        ([[0]], r"discrete_features is \[\[0\]\]; 'auto', a bool, a mask or column indices"),
    ],
)
def test_errors_of_discrete_features(discrete, message):
    X = np.column_stack([np.arange(300) % 7, np.full(300, 0.5), np.arange(300)])
    with pytest.raises(ValueError, match=message):
        MutualInformationSelector(discrete_features=discrete).fit(X, np.arange(300) % 2)


def _h(n):
    return np.array([0.0, *(c * np.log2(c) for c in range(1, n + 1))])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 60), st.integers(2, 3), st.integers(1, 4))
def test_supervised_cuts_against_the_reference(seed, n, n_classes, n_starts):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    y[:n_classes] = range(n_classes)
    # Classes apart, so that there is something to cut, and ties.
    x = np.round(rng.normal(size=n) + 3 * y, rng.integers(0, 2))
    order = np.argsort(x)
    ordered, labels = x[order], y[order]
    steps = np.flatnonzero(np.diff(ordered)) + 1
    starts = np.sort(rng.choice(steps, min(n_starts - 1, len(steps)), replace=False))
    found = supervised_cuts(starts, labels, steps, _h(n), n_classes, 8)
    naive = _naive.supervised_cuts(ordered.tolist(), labels.tolist(), starts.tolist(), 8)

    def saved(cuts):  # cuts that save the same may be made in any order
        return _naive.entropy(np.searchsorted(cuts, np.arange(n), side="right").tolist(), labels)

    assert len(found) == len(naive)
    assert saved(found) == pytest.approx(saved(naive), abs=1e-9)


def test_labels_that_say_nothing_cut_nothing(rng):
    """Columns of noise keep their even bins: the labels do not leak into them."""
    X, y = rng.normal(size=(3000, 200)), (rng.random(3000) < 0.15).astype(int)
    even, auto = (discretise(X, n_bins, "quantile", y=y) for n_bins in (5, "auto"))
    assert np.mean(auto.sizes > 5) <= 0.01
    same = auto.sizes == 5
    np.testing.assert_array_equal(auto.codes[same], even.codes[same])
    constant = discretise(X, "auto", "quantile", y=np.zeros(3000, dtype=int))
    np.testing.assert_array_equal(constant.codes, even.codes)


@pytest.mark.parametrize("transform", [np.exp, np.cbrt, lambda x: x - 7])
def test_supervised_bins_do_not_change_under_increasing_transforms(rng, transform):
    y = (rng.random(1001) < 0.1).astype(int)
    X = rng.normal(size=(1001, 3)) + 2 * y[:, None]
    X[:, 1] = np.round(X[:, 1], 1)
    before = discretise(X, "auto", "quantile", y=y).codes
    assert before.max() > 4
    np.testing.assert_array_equal(discretise(transform(X), "auto", "quantile", y=y).codes, before)


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5])
@pytest.mark.parametrize("strategy", ["quantile", "uniform"])
def test_a_perfect_column_is_first_however_rare_the_class(share, strategy):
    rng = np.random.default_rng(0)
    y = (rng.random(20_000) < share).astype(int)
    perfect = rng.normal(size=len(y))
    perfect[y == 1] += 1 + np.ptp(perfect)
    flag = np.where(y == 1, rng.random(len(y)) < 0.8, rng.random(len(y)) < 0.05)
    X = np.column_stack([flag, rng.normal(size=(len(y), 3)), perfect])
    for criterion in ("mim", "mifs", "mrmr", "cife", "jmi", "jmim", "cmim", "disr", "icap"):
        selector = MutualInformationSelector(criterion, 1, strategy=strategy).fit(X, y)
        assert selector.ranking_.tolist() == [4]
        if share < 0.2:
            assert selector.scores_[0] == pytest.approx(entropy(y), rel=1e-12)
    fcbf = FCBFSelector(strategy=strategy).fit(X, y)
    assert fcbf.ranking_[0] == 4 and fcbf.scores_[0] == pytest.approx(1)
    assert SemiJMISelector("jmi", 1, strategy=strategy).fit(X, y).ranking_.tolist() == [4]


def test_bins_far_larger_than_the_rarest_class_warn(rng):
    X, y = rng.normal(size=(2000, 3)), (np.arange(2000) < 20).astype(int)
    message = r"n_bins=5 makes bins of about 400 rows, but y has 20 rows .* Use n_bins='auto'"
    with pytest.warns(UserWarning, match=message):
        MutualInformationSelector(n_bins=5).fit(X, y)
    MutualInformationSelector(n_bins=30).fit(X, y)
    MutualInformationSelector(n_bins=5).fit(X, np.arange(2000) % 10 == 0)
    MutualInformationSelector().fit(X, y)
