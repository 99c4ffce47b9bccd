import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.features import BandFeatures, FeatureNormalizer
from skseizure.model_selection import RecordKFold


def test_equation_three_by_hand():
    """Columns of mean 3 and 10, standard deviation 2 and 0."""
    table = np.array([[1.0, 10], [5, 10], [1, 10], [5, 10]])
    normalizer = FeatureNormalizer().fit(table)
    np.testing.assert_array_equal(normalizer.mean_, [3, 10])
    np.testing.assert_array_equal(normalizer.scale_, [8, 4])
    np.testing.assert_array_equal(normalizer.transform(table)[:2], [[-0.25, 0], [0.25, 0]])
    new = [[3 + 4 * 2, 10], [3 - 4 * 2, 14], [103, 6]]
    np.testing.assert_array_equal(normalizer.transform(new), [[1, 0], [-1, 1], [12.5, -1]])


@given(arrays(np.float64, (7, 3), elements=st.floats(-1e6, 1e6)))
def test_a_quarter_of_the_standard_scaler(table):
    normalizer, scaler = FeatureNormalizer().fit(table), StandardScaler().fit(table)
    new = np.vstack([table, table + 1, [[0, -50, 1e7]]])
    np.testing.assert_allclose(
        normalizer.transform(new), scaler.transform(new) / 4, rtol=1e-12, atol=1e-12
    )


@given(arrays(np.float64, (7, 3), elements=st.floats(-1e6, 1e6)))
def test_inverse(table):
    normalizer = FeatureNormalizer().fit(table)
    back = normalizer.inverse_transform(normalizer.transform(table))
    np.testing.assert_allclose(back, table, rtol=1e-12, atol=1e-9)


def test_float32_stays_and_is_computed_in_float64(rng):
    table = (1e5 + rng.normal(size=(50, 4))).astype(np.float32)
    normalizer = FeatureNormalizer().fit(table)
    out = normalizer.transform(table)
    exact = table.astype(float)
    exact = (exact - exact.mean(axis=0)) / (4 * exact.std(axis=0))
    assert out.dtype == normalizer.inverse_transform(out).dtype == np.float32
    np.testing.assert_array_equal(out, exact.astype(np.float32))


def test_names_pass_through(rng):
    frame = pd.DataFrame(rng.normal(size=(5, 2)), columns=["a", "b"], index=list("vwxyz"))
    normalizer = FeatureNormalizer().set_output(transform="pandas").fit(frame)
    out = normalizer.transform(frame)
    assert out.columns.tolist() == normalizer.get_feature_names_out().tolist() == ["a", "b"]
    assert out.index.tolist() == frame.index.tolist()


def test_learns_from_training_folds_alone(toy):
    X, y, _ = toy
    inner = BandFeatures(["std"], {"low": (1, 30)})
    pipe = make_pipeline(inner, FeatureNormalizer(), LogisticRegression(C=100))
    assert cross_val_score(pipe, X, y, cv=RecordKFold(2)).min() > 0.9
    pipe.fit(X[:60], y[:60])
    np.testing.assert_allclose(pipe[1].mean_, inner.fit_transform(X[:60]).mean(axis=0))


def test_bad_input_is_refused():
    normalizer = FeatureNormalizer().fit(np.arange(6.0).reshape(3, 2))
    with pytest.raises(ValueError, match="X has 3 features, but FeatureNormalizer is expecting 2"):
        normalizer.transform(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="X has 1 features, but FeatureNormalizer is expecting 2"):
        normalizer.inverse_transform(np.zeros((2, 1)))
    with pytest.raises(ValueError, match="Input X contains NaN"):
        FeatureNormalizer().fit([[np.nan]])
    with pytest.raises(
        ValueError,
        match=r"too wide a range, the first is column 1 with values from -1e\+200 to 1e\+200",
    ):
        FeatureNormalizer().fit([[0.0, -1e200], [1.0, 1e200]])


def test_what_becomes_too_large_either_way_is_refused():
    wide = FeatureNormalizer().fit(np.array([[0.0, 0.0], [1.0, 1e100]]))
    with pytest.raises(ValueError, match="X has values in column 1 too far"):
        wide.inverse_transform([[0.0, 1e300]])


def test_values_too_far_from_those_of_fit_are_refused():
    normalizer = FeatureNormalizer().fit(np.array([[0.0, 0.0], [1.0, 1e-100]]))
    with pytest.raises(ValueError, match="X has values in column 1 too far"):
        normalizer.transform([[0.0, 1e300]])
