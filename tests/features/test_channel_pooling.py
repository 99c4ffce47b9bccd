import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.features import (
    BandFeatures,
    ChannelPooling,
    MovingAverage,
    PatientScaler,
    STFTFeatures,
)
from skseizure.postprocessing import SeizureDetector
from skseizure.signals import Events, Recording, Windows, mark_quality

ALL = (
    *("mean", "median", "max", "min", "std", "range", "iqr", "second_max", "second_min"),
    *("q5", "q10", "q90"),
)
NAIVE = {
    "mean": np.mean,
    "median": np.median,
    "max": max,
    "min": min,
    "std": np.std,
    "range": lambda x: max(x) - min(x),
    "iqr": lambda x: np.percentile(x, 75) - np.percentile(x, 25),
    "second_max": lambda x: sorted(x)[-2:][0],
    "second_min": lambda x: sorted(x)[:2][-1],
    **{name: lambda x, q=int(name[1:]): np.percentile(x, q) for name in ("q5", "q10", "q90")},
}
BANDS = BandFeatures(["std", "line_length"], {"low": (1, 8)})


def naive(cube, statistics):
    """Window by window, feature by feature, over the channels that are known."""
    out = []
    for window in cube:
        row = []
        for name in statistics:
            for column in window.T:
                row.append(NAIVE[name](column[~np.isnan(column)]))
        out.append(row)
    return np.array(out)


@settings(max_examples=30, deadline=None)
@given(
    shape=st.tuples(*(st.integers(1, n) for n in (4, 6, 3))),
    missing=st.sampled_from([0, 0.4]),
    seed=st.integers(0, 999),
)
def test_same_as_one_loop_over_windows(shape, missing, seed):
    rng = np.random.default_rng(seed)
    cube = rng.normal(size=shape).round(1)
    cube[rng.random(shape) < missing] = np.nan
    cube[:, 0] = np.nan_to_num(cube[:, 0])  # one channel at least is known
    table = cube.reshape(len(cube), -1)
    pooling = ChannelPooling(statistics=ALL, n_channels=shape[1])
    found = pooling.fit_transform(table)
    np.testing.assert_allclose(found, naive(cube, ALL), rtol=1e-12, atol=1e-12)
    order = rng.permutation(shape[1])
    np.testing.assert_array_equal(pooling.transform(cube[:, order].reshape(len(cube), -1)), found)


def test_by_hand():
    table = pd.DataFrame(
        {
            "F3__low__std": [1.0, 5],
            "F3__low__mean": [10.0, 10],
            "C3__low__std": [3.0, np.nan],
            "C3__low__mean": [40.0, 10],
            "P3__low__std": [8.0, 7],
            "P3__low__mean": [10.0, 10],
        }
    )
    pooling = ChannelPooling(statistics=["mean", "median", "max", "second_max"])
    pooled = pooling.set_output(transform="pandas").fit_transform(table)
    assert pooled.columns.tolist() == [
        f"{s}__low__{f}" for s in ("mean", "median", "max", "second_max") for f in ("std", "mean")
    ]
    np.testing.assert_allclose(pooled, [[4, 20, 3, 10, 8, 40, 3, 10], [6, 10, 6, 10, 7, 10, 5, 10]])
    assert pooling.channels_ == ("F3", "C3", "P3") and pooling.n_channels_in_ == 3


@pytest.fixture
def many(rng):
    """Windows of four channels in two records, with the amplitude of each channel its own."""
    loud = np.array([10.0, 20, 40, 80])[:, None]
    return Windows.concatenate(
        Windows.from_array(
            loud * rng.normal(size=(4, 64 * 20)),
            64,
            window=2,
            step=1,
            ch_names=list("abcd"),
            record=name,
        )
        for name in ("r", "s")
    )


INNER = [
    BANDS,
    BandFeatures(["std"], {"low": (1, 8)}, smoothing=4),
    MovingAverage(STFTFeatures({"low": (0, 8)}), 5),
]


@pytest.mark.parametrize("inner", INNER, ids=lambda inner: type(inner).__name__)
def test_around_a_transformer_is_as_behind_it(many, inner):
    around = ChannelPooling(inner, ALL)
    behind = make_pipeline(inner.set_output(transform="pandas"), ChannelPooling(statistics=ALL))
    by_shape = make_pipeline(inner, ChannelPooling(statistics=ALL, n_channels=4))
    expected = behind.fit_transform(many)
    inner.set_output(transform="default")
    np.testing.assert_allclose(around.fit_transform(many), expected, rtol=1e-12)
    np.testing.assert_allclose(by_shape.fit_transform(many), expected, rtol=1e-12)
    assert (around.get_feature_names_out() == behind.get_feature_names_out()).all()
    rows = np.array([30, 3, 7, 3])
    if inner is BANDS:
        np.testing.assert_array_equal(around.transform(many[rows]), around.transform(many)[rows])


def test_a_bare_array_is_pooled_over_its_channels(many):
    one = many[many.record == "r"]
    for inner in (STFTFeatures({"low": (0, 8)}), STFTFeatures({"low": (0, 8)}, smoothing=4)):
        # Back to back, as windows of an array are taken to be.
        alike = Windows(one.data, sfreq=64, ch_names=one.ch_names)
        expected = ChannelPooling(inner).fit_transform(alike)
        bare = ChannelPooling(inner.set_params(sfreq=64)).fit(one.data)
        np.testing.assert_array_equal(bare.transform(one.data), expected)
        assert bare.channels_ == ("ch0", "ch1", "ch2", "ch3") and bare.ch_names_in_ is None
        single = bare.transform(one.data[:, 0])
        np.testing.assert_array_equal(single, bare.transform(one.data[:, :1]))
        assert bare.get_feature_names_out()[0] == "mean__low__stft_log_energy"


def test_bad_channels_are_left_out(many):
    data = many.data.copy()
    data[3:9, 1] = np.nan
    holes = Windows(
        data, sfreq=64, record=many.record, onset=many.onset, step=1, ch_names=list("abcd")
    )
    whole = Windows(
        many.data, sfreq=64, record=many.record, onset=many.onset, step=1, ch_names=list("abcd")
    )
    pooling = ChannelPooling(STFTFeatures({"low": (0, 8)}), ALL).fit(whole)
    found = pooling.transform(holes)
    np.testing.assert_array_equal(found[3:9], pooling.transform(whole.pick(list("acd")))[3:9])
    np.testing.assert_array_equal(found[9:], pooling.transform(whole)[9:])
    bare = ChannelPooling(STFTFeatures({"low": (0, 8)}, sfreq=64), ALL).fit(holes.data)
    np.testing.assert_array_equal(bare.transform(holes.data), found)
    data[5] = np.nan
    empty = Windows(
        data, sfreq=64, record=many.record, onset=many.onset, step=1, ch_names=list("abcd")
    )
    with pytest.raises(ValueError, match="1 windows with NaN in all 4 channels, the first is rec"):
        pooling.transform(empty)
    with pytest.raises(ValueError, match="X is NaN in all channels of all windows"):
        pooling.fit(empty[5:6])
    with pytest.raises(ValueError, match="the first is row 0; leave such windows out"):
        ChannelPooling(n_channels=2).fit_transform([[np.nan, np.nan]])


def test_channels_that_quality_checks_fill_with_nan(rng):
    signal = rng.normal(scale=30, size=(6, 60 * 64))
    signal[2] = 0
    names = ["F3", "C3", "P3", "F4", "C4", "P4"]
    marked = mark_quality(Recording(signal, 64, names), bad_channels="nan")
    X = Windows.from_recording(marked, window=2)
    without = mark_quality(Recording(signal, 64, names), bad_channels="drop")
    pooling = ChannelPooling(BANDS)
    np.testing.assert_array_equal(
        pooling.fit_transform(X), pooling.fit_transform(Windows.from_recording(without, window=2))
    )


def recordings(n_channels, rng):
    """Windows of one seizure in some of the channels, with labels and the event."""
    signal = rng.normal(scale=20, size=(n_channels, 60 * 64))
    signal[: (n_channels + 1) // 2, 20 * 64 : 40 * 64] *= 4
    X = Windows.from_array(signal, 64, window=2, ch_names=[f"E{i}" for i in range(n_channels)])
    return X, X.labels(Events([20], [20], recordings={"0": 60}))


@pytest.mark.parametrize("scaled", [False, True])
def test_trained_on_18_channels_it_detects_on_any_number(rng, scaled):
    X, y = recordings(18, rng)
    features = ChannelPooling(BANDS)
    first = PatientScaler(features) if scaled else features
    trees = ExtraTreesClassifier(20, random_state=0)
    detector = SeizureDetector(make_pipeline(first, StandardScaler(), trees), smoothing=4).fit(X, y)
    detector = pickle.loads(pickle.dumps(detector))
    for n_channels in (2, 16, 18, 21):
        found = detector.predict_events(recordings(n_channels, rng)[0])
        assert len(found) == 1
        assert abs(found.onset[0] - 20) <= 4 and abs(found.offset[0] - 40) <= 4
    assert len(detector.fit(X, y).predict_events(X.pick(["E17", "E3"]))) == 1


def test_which_channels_may_be_missing(many):
    fewer = many.pick(["b", "c", "d"])
    others = Windows(many.data, sfreq=64, step=1, ch_names=list("vwxy"))
    stft = STFTFeatures({"low": (0, 8)})
    pooling = ChannelPooling(stft, allow_missing="none").fit(many)
    with pytest.raises(ValueError, match=r"X has no channel 'a' \(1 of 4 are missing\), and allow"):
        pooling.transform(fewer)
    pooling.set_params(allow_missing=["a"]).transform(fewer)
    with pytest.raises(ValueError, match="X has no channel 'b'"):
        pooling.transform(many.pick(["c", "d"]))
    pooling.set_params(allow_missing="all").transform(others)
    more = ChannelPooling(stft, allow_missing="none").fit(fewer)
    assert more.transform(many).shape == (len(many), 5)
    table = STFTFeatures({"low": (0, 8)}).set_output(transform="pandas").fit_transform(many)
    behind = ChannelPooling(allow_missing=["a"]).fit(table)
    behind.transform(table.iloc[:, 1:])
    with pytest.raises(ValueError, match="X has no channel 'd'"):
        behind.transform(table.iloc[:, :3])


def test_tables_by_name(rng):
    names = [f"{c}__{f}" for c in "ab" for f in ("low__std", "low__mean", "high__std")]
    table = pd.DataFrame(rng.normal(size=(5, 6)), columns=names)
    pooling = ChannelPooling().fit(table)
    expected = pooling.transform(table)
    np.testing.assert_array_equal(pooling.transform(table.iloc[:, ::-1]), expected)
    np.testing.assert_array_equal(pooling.transform(pl.from_pandas(table)), expected)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        np.testing.assert_array_equal(pooling.transform(table.to_numpy()), expected)
    third = table.rename(columns=lambda name: name.replace("a__", "c__"))
    np.testing.assert_array_equal(pooling.transform(third), expected)
    assert pooling.transform(table.iloc[:, :3]).shape == expected.shape
    with pytest.raises(ValueError, match="X has no feature 'high__std', but ChannelPooling was"):
        pooling.transform(table.iloc[:, [0, 1, 3, 4]])
    with pytest.raises(ValueError, match="X has a feature 'low__max', but ChannelPooling was fit"):
        pooling.transform(table.assign(a__low__max=0))
    with pytest.raises(ValueError, match="X has a column 'time'; names of the form"):
        ChannelPooling().fit(table.assign(time=0))
    with pytest.raises(ValueError, match="X has no column names, which say whose channel"):
        ChannelPooling().fit(table.to_numpy())
    with pytest.raises(ValueError, match="X has 6 columns, which n_channels=4 does not divide"):
        ChannelPooling(n_channels=4).fit(table)


class First(TransformerMixin, BaseEstimator):
    """The first sample of each channel."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.array(X)[:, :, 0]


class Counter(First):
    calls = 0

    def transform(self, X):
        type(self).calls += 1
        return super().transform(X)


def test_windows_go_through_the_transformer_once(many):
    Counter.calls = 0
    scaled = ChannelPooling(PatientScaler(Counter(), by="record"), ALL)
    both = scaled.fit_transform(many)
    assert Counter.calls == 1
    np.testing.assert_array_equal(both, scaled.fit(many).transform(many))
    # Each channel of each record has a scale of its own.
    own = ChannelPooling(PatientScaler(Counter(), by="record", min_windows=1), ALL)
    behind = ChannelPooling(statistics=ALL, n_channels=4)
    columns = PatientScaler(min_windows=1).fit_transform(
        First().transform(many), groups=many.record
    )
    np.testing.assert_allclose(own.fit_transform(many), behind.fit_transform(columns), atol=1e-9)


class Labelled(TransformerMixin, BaseEstimator):
    """Keeps the labels of its single channels; no names."""

    def fit(self, X, y):
        self.y_ = y
        return self

    def transform(self, X):
        return np.asarray(X)[:, 0, :1]


def test_labels_are_repeated_for_each_channel(many):
    y = np.arange(len(many)) % 2
    data = many.data.copy()
    data[0, 2] = np.nan
    holes = Windows(
        data, sfreq=64, record=many.record, onset=many.onset, step=1, ch_names=list("abcd")
    )
    pooling = ChannelPooling(Labelled()).fit(holes, y)
    np.testing.assert_array_equal(pooling.transformer_.y_, np.delete(np.repeat(y, 4), 2))
    assert not hasattr(pooling, "get_feature_names_out")
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        pooling.fit(holes, y[:-1])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"statistics": ["mode"]}, "statistics holds 'mode'; known are mean, median"),
        ({"statistics": []}, r"statistics is \[\]; at least one"),
        ({"statistics": ["max", "max"]}, "statistics is .*each once"),
        ({"statistics": "mean"}, "'statistics' parameter of ChannelPooling must be an array"),
        ({"allow_missing": "few"}, "'allow_missing' parameter of ChannelPooling must be"),
        ({"n_channels": 0}, "'n_channels' parameter of ChannelPooling must be"),
        ({"transformer": LogisticRegression()}, "'transformer' parameter of ChannelPooling must"),
    ],
)
def test_bad_parameters_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        ChannelPooling(n_channels=1).set_params(**params).fit(np.zeros((3, 2)))


def test_windows_and_wide_values_are_refused(many):
    with pytest.raises(ValueError, match="X is Windows, and transformer is None; give Channel"):
        ChannelPooling().fit(many)
    with pytest.raises(ValueError, match="X has features of too wide a range over the channels"):
        ChannelPooling(n_channels=2).fit_transform([[1e308, 1e308]])
