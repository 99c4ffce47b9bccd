import warnings
from math import fsum

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, OneHotEncoder, StandardScaler

from skseizure.features import (
    BandFeatures,
    FeatureNormalizer,
    MovingAverage,
    STFTFeatures,
    WaveletPacketFeatures,
    _smoothing,
)
from skseizure.features._smoothing import moving_average, smooth
from skseizure.model_selection import RecordKFold
from skseizure.signals import Windows


def naive_average(table, segments, n_windows, center):
    """One value at a time, exactly rounded."""
    out = np.array(table, dtype=float)
    before = n_windows // 2 if center else n_windows - 1
    for rows in segments:
        for i, row in enumerate(rows):
            near = rows[max(0, i - before) : i - before + n_windows]
            for column in range(out.shape[1]):
                out[row, column] = fsum(table[r, column] for r in near) / len(near)
    return out


def random_segments(rng, n_rows):
    cuts = np.sort(rng.integers(0, n_rows, size=rng.integers(0, 5)))
    return [part for part in np.split(rng.permutation(n_rows), cuts) if len(part)]


# ---------------------------------------------------------------------- the function


@settings(deadline=None)
@given(
    n_rows=st.integers(1, 60),
    n_windows=st.integers(1, 70),
    center=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_function_by_a_naive_loop(n_rows, n_windows, center, seed):
    rng = np.random.default_rng(seed)
    table, segments = rng.uniform(1, 2, size=(n_rows, 3)), random_segments(rng, n_rows)
    average = moving_average(table, segments, n_windows, center=center)
    naive = naive_average(table, segments, n_windows, center)
    np.testing.assert_allclose(average, naive, rtol=8 * np.finfo(float).eps)


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("n_windows", [1, 2, 3, 7, 20, 64])
def test_function_by_pandas(rng, n_windows, center):
    table = rng.normal(size=(50, 3))
    expected = pd.DataFrame(table).rolling(n_windows, min_periods=1, center=center).mean()
    average = moving_average(table, [np.arange(50)], n_windows, center=center)
    np.testing.assert_allclose(average, expected, rtol=1e-12, atol=1e-14)


def test_function_by_hand():
    table = np.array([[6.0], [0], [9], [100], [12]])
    segments = [np.array([1, 0, 2, 4]), np.array([3])]  # in time: 0 6 9 12 and, alone, 100
    assert moving_average(table, segments, 3).ravel().tolist() == [3, 0, 5, 100, 9]
    centred = moving_average(table, segments, 3, center=True)
    assert centred.ravel().tolist() == [5, 3, 9, 100, 10.5]
    even = moving_average(table, segments, 2, center=True)
    np.testing.assert_array_equal(even, moving_average(table, segments, 2))


@settings(deadline=None)
@given(
    n_rows=st.integers(1, 80),
    n_windows=st.integers(1, 30),
    center=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_bits_depend_on_the_own_segment_alone(n_rows, n_windows, center, seed):
    rng = np.random.default_rng(seed)
    table, segments = rng.normal(size=(n_rows, 2)), random_segments(rng, n_rows)
    together = moving_average(table, segments, n_windows, center=center)
    backwards = moving_average(table, segments[::-1], n_windows, center=center)
    np.testing.assert_array_equal(backwards, together)
    for rows in segments:
        alone = moving_average(table[rows], [np.arange(len(rows))], n_windows, center=center)
        np.testing.assert_array_equal(alone, together[rows])


def test_causal_prefix_and_blocks_of_columns_change_no_bit(rng, monkeypatch):
    table = rng.normal(size=(40, 5))
    whole = moving_average(table, [np.arange(40)], 7)
    for k in range(1, 40):
        np.testing.assert_array_equal(moving_average(table[:k], [np.arange(k)], 7), whole[:k])
    monkeypatch.setattr(_smoothing, "_BLOCK", 80)  # two columns at a time
    np.testing.assert_array_equal(moving_average(table, [np.arange(40)], 7), whole)


def test_offsets_and_spikes_leave_no_error_behind(rng):
    """A running total would carry the rounding of what has left the average."""
    small = rng.normal(size=(2000, 1))
    table = small + 1e9
    average = moving_average(table, [np.arange(2000)], 20)
    exact = naive_average(table, [np.arange(2000)], 20, False)
    np.testing.assert_allclose(average, exact, rtol=4 * np.finfo(float).eps)
    spiked = small.copy()
    spiked[100] = 1e18
    np.testing.assert_array_equal(
        moving_average(spiked, [np.arange(2000)], 20)[120:],
        moving_average(small, [np.arange(2000)], 20)[120:],
    )


def test_largest_numbers_do_not_overflow():
    largest = np.finfo(np.float64).max
    for n_windows in range(1, 40):
        with np.errstate(all="raise"):
            table = moving_average(np.full((50, 1), largest), [np.arange(50)], n_windows)
        np.testing.assert_allclose(table, largest, rtol=1e-15)


def test_types(rng):
    table = rng.normal(loc=1e4, size=(30, 2)).astype(np.float32)
    average = moving_average(table, [np.arange(30)], 9)
    exact = moving_average(table.astype(float), [np.arange(30)], 9)
    assert average.dtype == np.float32
    np.testing.assert_array_equal(average, exact.astype(np.float32))
    assert moving_average([[1], [2]], [np.arange(2)], 2).tolist() == [[1.0], [1.5]]


@pytest.mark.parametrize("n_windows", [0, -1, 2.0, True])
def test_bad_lengths_are_refused(n_windows):
    with pytest.raises(ValueError, match="n_windows must be an integer of at least 1, got"):
        moving_average(np.zeros((3, 1)), [np.arange(3)], n_windows)


# ---------------------------------------------------------------------- the transformer


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


def test_rows_that_were_shuffled_or_chosen_are_told_of(rng):
    X = Windows(rng.normal(size=(200, 1, 16)), sfreq=16, record=["a"] * 100 + ["b"] * 100)
    every_second, fold = X[::2], X[np.sort(rng.permutation(200)[:160])]
    table = rng.normal(size=(200, 3))
    for part in (every_second, fold):
        for center in (False, True):
            with pytest.warns(UserWarning, match=r"windows of X stand between gaps .* 20 s"):
                out = smooth(table[: len(part)], part, 20, center, 1)
            assert out.shape == (len(part), 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        few = np.delete(np.arange(200), [50, 120])  # two gaps, and two records
        smooth(table[: len(few)], X[few], 20, False, 1)
        smooth(table, X[rng.permutation(200)], 20, False, 1)  # shuffled, and all there
        smooth(table[:10], X[:20:2], 40, False, 1)  # the record is no longer than that
        smooth(table[:100], every_second, 1, False, 1)


def test_a_span_beyond_any_record_is_all_of_it(rng):
    table = rng.normal(size=(9, 2))
    running = table.cumsum(axis=0) / np.arange(1, 10)[:, np.newaxis]
    for center, expected in ((False, running), (True, np.tile(table.mean(axis=0), (9, 1)))):
        out = smooth(table, np.zeros((9, 1)), 1e300, center, 1)
        np.testing.assert_allclose(out, expected, rtol=1e-13)
