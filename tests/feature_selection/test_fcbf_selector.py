import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from skseizure.feature_selection import FCBFSelector

from . import _naive


def test_breast_cancer():
    """S3: five bins of equal width, threshold 0."""
    X, y = load_breast_cancer(return_X_y=True)
    selector = FCBFSelector(n_bins=5, strategy="uniform").fit(X, y)
    assert (selector.ranking_ + 1).tolist() == [24, 8, 27, 2]
    np.testing.assert_allclose(
        selector.scores_, [0.453369, 0.436291, 0.331209, 0.110969], atol=1e-6
    )
    assert selector.get_support(indices=True).tolist() == [1, 7, 23, 26]
    fewer = FCBFSelector(0.4, n_bins=5, strategy="uniform").fit(X, y)
    assert (fewer.ranking_ + 1).tolist() == [24, 8]
    threads = FCBFSelector(n_bins=5, strategy="uniform", n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(threads.scores_, selector.scores_)


@pytest.mark.parametrize("seed", range(20))
def test_against_the_naive_form(seed):
    """With copies, relabelled copies and constants among the columns."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 120)
    X = rng.integers(0, 4, size=(120, 9))
    X[:, :5] = np.where(rng.random((120, 5)) < 0.3, y[:, None], X[:, :5])
    X[:, 5], X[:, 6], X[:, 7] = X[:, 2], 3 - X[:, 1], 2
    threshold = 0.02 * (seed % 3)
    selector = FCBFSelector(threshold).fit(X, y)
    kept, worth = _naive.fcbf(X.T.tolist(), y.tolist(), threshold)
    assert selector.ranking_.tolist() == kept
    np.testing.assert_allclose(selector.scores_, worth, atol=1e-12)


def test_equal_columns_keep_the_first(rng):
    y = rng.integers(0, 2, 200)
    noisy = y ^ (rng.random(200) < 0.2)
    X = np.column_stack([np.zeros(200), 1 - noisy, noisy, y])
    assert FCBFSelector().fit(X[:, :3], y).ranking_.tolist() == [1]
    assert FCBFSelector().fit(X, y).ranking_.tolist() == [3]


def test_no_column_exceeds_the_threshold(rng):
    X, y = rng.integers(0, 2, size=(100, 3)), np.arange(100) % 2
    with pytest.raises(ValueError, match=r"threshold is 0.9, but no column of X exceeds it: the l"):
        FCBFSelector(0.9).fit(X, y)
    with pytest.raises(ValueError, match=r"the largest symmetrical uncertainty with y is 0;"):
        FCBFSelector().fit(np.ones((100, 2)), y)
