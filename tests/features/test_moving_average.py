import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, OneHotEncoder, StandardScaler

from skseizure._core.timeline import moving_average
from skseizure.features import (
    BandFeatures,
    FeatureNormalizer,
    MovingAverage,
    STFTFeatures,
    WaveletPacketFeatures,
)
from skseizure.model_selection import RecordKFold
from skseizure.signals import Windows


class WindowMean(TransformerMixin, BaseEstimator):
    """Mean of each channel; no parameters learned, no names."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X).mean(axis=-1)


@pytest.fixture
def ramp():
    """Windows of value = their onset, in two records, one with a gap, steps of half a second."""
    onset = np.concatenate([np.arange(8), np.arange(12, 20), np.arange(6)]) / 2
    record = np.repeat(["a", "b"], [16, 6])
    data = np.repeat(onset + 100 * (record == "b"), 64).reshape(-1, 1, 64)
    return Windows(data, sfreq=64, record=record, onset=onset, step=0.5)


def test_windows_are_averaged_within_record_and_gap(ramp):
    smooth = MovingAverage(WindowMean(), seconds=2).fit_transform(ramp).ravel()
    starts = {0: 0.0, 8: 6.0, 16: 100.0}
    for first, value in starts.items():
        np.testing.assert_allclose(smooth[first : first + 3], value + np.array([0, 0.25, 0.5]))
    np.testing.assert_allclose(smooth[3:8], ramp.onset[3:8] - 0.75)
    centred = MovingAverage(WindowMean(), seconds=2.5, center=True).fit_transform(ramp).ravel()
    np.testing.assert_allclose(centred[2:6], ramp.onset[2:6])
    np.testing.assert_allclose(centred[[7, 8]], [3.0, 6.5])


@pytest.mark.parametrize("center", [False, True])
def test_order_of_rows_does_not_matter(ramp, rng, center):
    transformer = MovingAverage(WindowMean(), seconds=2, center=center).fit(ramp)
    order = rng.permutation(len(ramp))
    np.testing.assert_array_equal(
        transformer.transform(ramp[order]), transformer.transform(ramp)[order]
    )
    only_a = ramp.record == "a"
    np.testing.assert_array_equal(
        transformer.transform(ramp[only_a]), transformer.transform(ramp)[only_a]
    )


def test_seconds_become_steps(ramp, toy):
    table = WindowMean().transform(ramp)
    for seconds, n_windows in [(0.1, 1), (0.5, 1), (1, 2), (1.2, 2), (1.3, 3), (1000, 2000)]:
        smooth = MovingAverage(WindowMean(), seconds).fit_transform(ramp)
        expected = moving_average(table, ramp.segments(), n_windows)
        np.testing.assert_array_equal(smooth, expected)
    X = toy[0]
    twenty = moving_average(WindowMean().transform(X), X.segments(), 20)
    np.testing.assert_array_equal(MovingAverage(WindowMean()).fit_transform(X), twenty)


def test_a_bare_array_is_one_record_of_one_window_a_second(rng):
    X = rng.normal(size=(10, 3))
    smooth = MovingAverage(StandardScaler(), seconds=4).fit_transform(X)
    expected = moving_average(StandardScaler().fit_transform(X), [np.arange(10)], 4)
    np.testing.assert_array_equal(smooth, expected)


def test_same_as_the_parameter_of_the_feature_transformers(toy):
    X = toy[0]
    kinds = [
        BandFeatures(["std", "skewness"], {"low": (1, 8), "high": (8, 30)}),
        STFTFeatures({"low": (0, 8)}),
        WaveletPacketFeatures({"low": (0, 8)}),
    ]
    for inner in kinds:
        for center in (False, True):
            around = MovingAverage(inner, seconds=5, center=center).fit(X)
            within = clone(inner).set_params(smoothing=5, center=center).fit(X)
            np.testing.assert_array_equal(around.transform(X), within.transform(X))
            assert (around.get_feature_names_out() == within.get_feature_names_out()).all()


def test_nested_parameters_in_a_search(toy):
    X, y, _ = toy
    inner = make_pipeline(BandFeatures(["std"], {"low": (1, 8)}), FeatureNormalizer())
    pipe = make_pipeline(MovingAverage(inner), LogisticRegression())
    grid = {
        "movingaverage__seconds": [2, 30],
        "movingaverage__transformer__bandfeatures__measures": [["skewness"], ["std"]],
    }
    search = GridSearchCV(pipe, grid, cv=RecordKFold(2), error_score="raise").fit(X, y)
    assert search.best_params_["movingaverage__transformer__bandfeatures__measures"] == ["std"]
    assert search.best_params_["movingaverage__seconds"] == 2
    assert search.best_score_ > 0.9
    assert not hasattr(inner[-1], "mean_"), "the transformer given is not fitted"


def test_names_and_frames(toy, rng):
    X = toy[0]
    smooth = MovingAverage(BandFeatures(["std"], {"low": (1, 8)})).set_output(transform="pandas")
    assert list(smooth.fit_transform(X).columns) == ["F3-C3__low__std", "C3-P3__low__std"]
    frame = pd.DataFrame(rng.normal(size=(5, 2)), columns=["a", "b"])
    inner = StandardScaler().set_output(transform="pandas")
    smooth = MovingAverage(inner, seconds=2).fit(frame)
    assert smooth.feature_names_in_.tolist() == ["a", "b"] and smooth.n_features_in_ == 2
    assert isinstance(smooth.transform(frame), np.ndarray)
    smooth.fit(frame.to_numpy())
    assert not hasattr(smooth, "feature_names_in_")
    assert not hasattr(MovingAverage(WindowMean()), "get_feature_names_out")


class Counter(StandardScaler):
    calls = 0

    def transform(self, X, copy=None):
        type(self).calls += 1
        return super().transform(X, copy)


def test_fit_transform_computes_once(rng):
    X = rng.normal(size=(8, 2))
    Counter.calls = 0
    smooth = MovingAverage(Counter(), seconds=2)
    both = smooth.fit_transform(X)
    assert Counter.calls == 1
    np.testing.assert_array_equal(both, smooth.fit(X).transform(X))


class Weighted(BaseEstimator):
    """Keeps what its fit is given; no fit_transform."""

    def fit(self, X, y=None, sample_weight=None):
        self.seen_ = (y, sample_weight)
        return self

    def transform(self, X):
        return np.asarray(X)


@pytest.mark.parametrize("inner", [StandardScaler(), Weighted()])
def test_fit_parameters_reach_the_inner_transformer(rng, inner):
    X, weight, y = rng.normal(size=(6, 2)), np.arange(1.0, 7), np.arange(6)
    alone = clone(inner).fit(X, y, sample_weight=weight)
    expected = moving_average(alone.transform(X), [np.arange(6)], 2)
    smooth = MovingAverage(inner, seconds=2)
    np.testing.assert_array_equal(smooth.fit_transform(X, y, sample_weight=weight), expected)
    np.testing.assert_array_equal(smooth.fit(X, y, sample_weight=weight).transform(X), expected)
    with config_context(enable_metadata_routing=True):
        inner = clone(inner).set_fit_request(sample_weight=True)
        pipe = make_pipeline(MovingAverage(inner, seconds=2), "passthrough")
        pipe.fit(X, y, sample_weight=weight)
        np.testing.assert_array_equal(pipe.transform(X), expected)
        direct = MovingAverage(inner, seconds=2).fit(X, y, sample_weight=weight)
        np.testing.assert_array_equal(direct.transform(X), expected)
        if isinstance(inner, Weighted):
            assert direct.transformer_.seen_[0] is y and direct.transformer_.seen_[1] is weight
        with pytest.raises(TypeError, match="unexpected argument"):
            MovingAverage(FeatureNormalizer()).fit(X, y, sample_weight=weight)


def test_nan_only_where_the_inner_transformer_allows_it():
    X = np.array([[0.0], [np.nan], [4], [6], [8]])
    smooth = MovingAverage(MaxAbsScaler(), seconds=2).fit_transform(X)
    np.testing.assert_allclose(smooth.ravel(), [0, np.nan, np.nan, 0.625, 0.875])
    leak = FunctionTransformer(lambda X: X * np.nan)
    with pytest.raises(ValueError, match="the table of FunctionTransformer contains NaN"):
        MovingAverage(leak).fit_transform(np.zeros((3, 1)))
    assert np.isfinite(
        make_pipeline(MovingAverage(MaxAbsScaler(), 2), SimpleImputer()).fit_transform(X)
    ).all()


def test_bad_inner_transformers_are_refused(rng):
    X = rng.normal(size=(6, 2))
    half = FunctionTransformer(lambda X: X[::2])
    with pytest.raises(ValueError, match="FunctionTransformer gives 3 rows for 6 windows; one a"):
        MovingAverage(half).fit_transform(X)
    with pytest.raises(TypeError, match="Sparse data was passed"):
        MovingAverage(OneHotEncoder()).fit_transform(X)
    flat = FunctionTransformer(lambda X: X[:, 0])
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        MovingAverage(flat).fit(X).transform(X)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"transformer": LogisticRegression()}, "'transformer' parameter of MovingAverage must be"),
        ({"seconds": 0}, "'seconds' parameter of MovingAverage must be a float in the range"),
        ({"center": "yes"}, "'center' parameter of MovingAverage must be"),
    ],
)
def test_bad_parameters_are_refused(params, message):
    smooth = MovingAverage(StandardScaler()).set_params(**params)
    for method in (smooth.fit, smooth.fit_transform):
        with pytest.raises(ValueError, match=message):
            method(np.zeros((3, 2)))
