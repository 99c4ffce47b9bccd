import pickle
import tracemalloc
from datetime import datetime

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import resample, shuffle

from skseizure.metrics import event_scores
from skseizure.signals import Events, RecordInfo, Recording, Windows


@pytest.fixture
def two_records(rng):
    """Windows over two records, and the naive copy of each window."""
    signals = rng.normal(size=(2, 3, 1000))
    parts = [
        Windows.from_array(s, 100, window=2, step=0.5, record=f"r{i}", patient=f"p{i}")
        for i, s in enumerate(signals)
    ]
    naive = [s[:, t : t + 200] for s in signals for t in range(0, 801, 50)]
    return Windows.concatenate(parts), np.array(naive), signals


def test_windows_hold_the_samples_of_their_onset(two_records):
    X, naive, _ = two_records
    assert X.shape == naive.shape and len(X) == len(naive) and X.ndim == 3
    np.testing.assert_array_equal(np.asarray(X), naive)
    np.testing.assert_allclose(X.onset, np.tile(np.arange(17) * 0.5, 2))
    assert (
        list(X.record) == ["r0"] * 17 + ["r1"] * 17 and list(X.patient) == ["p0"] * 17 + ["p1"] * 17
    )


def test_overlapping_windows_are_views(rng):
    signal = rng.normal(size=(2, 5000))
    X = Windows.from_array(signal, 100, window=10, step=0.1)
    assert np.shares_memory(X.data, signal) and np.shares_memory(X[::3].data, signal)
    assert not X.data.flags.writeable
    assert len(pickle.dumps(X)) < 1.2 * signal.nbytes + 100 * len(X)


@settings(max_examples=60, deadline=None)
@given(
    key=st.one_of(
        st.slices(34),
        st.lists(st.integers(-34, 33), max_size=40),
        st.lists(st.booleans(), min_size=34, max_size=34),
    )
)
def test_indexing_is_that_of_an_array(key):
    signals = np.random.default_rng(0).normal(size=(2, 3, 1000))
    X = Windows.concatenate(
        [Windows.from_array(s, 100, window=2, step=0.5, record=i) for i, s in enumerate(signals)]
    )
    if not isinstance(key, slice):
        key = np.array(key, dtype=bool if key and isinstance(key[0], bool) else int)
    for index in (key, (key, ...)):
        part = X[index]
        np.testing.assert_array_equal(part.data, X.data[key])
        np.testing.assert_array_equal(part.onset, X.onset[key])
        np.testing.assert_array_equal(part.record, X.record[key])


def test_integer_index_gives_one_window(two_records):
    X, naive, _ = two_records
    np.testing.assert_array_equal(X[3], naive[3])
    np.testing.assert_array_equal(X[np.int64(-1)], naive[-1])
    np.testing.assert_array_equal(X[np.array(2)], naive[2])
    assert [w.shape for w in X][:1] == [(3, 200)]


def test_other_axes_are_refused(two_records):
    X, _, _ = two_records
    with pytest.raises(IndexError, match="first axis only"):
        X[:, 0]
    with pytest.raises(IndexError, match="first axis only"):
        X[0, np.array([0, 1])]
    with pytest.raises(IndexError, match="one-dimensional index"):
        X[[[1, 2]]]


def test_pickle_and_hash_keep_windows(two_records):
    X, naive, _ = two_records
    for part, expected in ((X, naive), (X[[20, 3, 3]], naive[[20, 3, 3]]), (X[[]], naive[:0])):
        again = pickle.loads(pickle.dumps(part))
        np.testing.assert_array_equal(again.data, expected)
        assert len(part) == 0 or joblib.hash(again) == joblib.hash(part)
    assert len({joblib.hash(part) for part in (X, X[:5], X[5:10])}) == 3
    dense = Windows(naive, sfreq=100)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(dense[[5, 2]])).data, naive[[5, 2]])
    assert len(pickle.dumps(dense[[5, 2]])) < naive.nbytes / 5


def test_array_protocol(two_records):
    X, naive, _ = two_records
    assert np.asarray(X, dtype=np.float32).dtype == np.float32
    copy = np.array(X)
    copy[:] = 0
    np.testing.assert_array_equal(X.data, naive)
    assert Windows(np.zeros((2, 3, 4), dtype=np.float32), sfreq=1).dtype == np.float32
    assert Windows(np.zeros((2, 3, 4), dtype=int), sfreq=1).dtype == np.float64


def test_columns_cannot_be_changed_in_place(two_records):
    X, _, _ = two_records
    for part in (X, X[:], X[[3, 1]]):
        for column in (part.record, part.onset, part.patient, part.data):
            with pytest.raises(ValueError, match="read-only"):
                column[0] = column[1]


def test_wrong_types_are_named(two_records):
    X, naive, _ = two_records
    with pytest.raises(TypeError, match="parts holds ndarray; only Windows join"):
        Windows.concatenate([X, naive])
    with pytest.raises(TypeError, match="events is list; an Events is needed"):
        X.labels([(1, 2)])


def test_pick_and_split_channels(two_records):
    X, naive, _ = two_records
    picked = X.pick(["ch2", "ch0"])
    np.testing.assert_array_equal(picked.data, naive[:, [2, 0]])
    assert picked.ch_names == ("ch2", "ch0")
    split = X.split_channels()
    np.testing.assert_array_equal(split.data[:, 0], naive.reshape(-1, 200))
    assert np.shares_memory(split[:1].data, X[:1].data)
    assert len(split.segments()) == 6, "a channel's windows are one record of their own"
    assert split.record[1] == "r0/ch1"
    assert np.shares_memory(X[:1].pick(["ch1", "ch2"]).data, X[:1].data), "neighbours are views"
    with pytest.raises(ValueError, match="ch_names repeats ch0"):
        X.pick(["ch0", "ch0"])
    with pytest.raises(TypeError, match="ch_names is the string 'ch0'"):
        X.pick("ch0")
    with pytest.raises(ValueError, match=r"asks for Cz; present are ch0, ch1, ch2"):
        X.pick(["Cz"])
    dense = Windows(naive, sfreq=100).split_channels()
    np.testing.assert_array_equal(dense.data[:, 0], naive.reshape(-1, 200))


def test_by_signal_and_map_signals(two_records):
    X, naive, _ = two_records
    shuffled = X[np.random.default_rng(1).permutation(len(X))]
    seen = np.zeros(len(X), dtype=bool)
    for rows, part in shuffled.by_signal():
        np.testing.assert_array_equal(part.data, shuffled.data[rows])
        assert len(np.unique(part.record)) == 1
        seen[rows] = True
    assert seen.all()
    centred = X.map_signals(lambda s: s - s.mean(axis=-1, keepdims=True))
    assert not np.allclose(centred.data.mean(axis=-1), 0), "the record's mean, not the window's"
    np.testing.assert_allclose(np.ptp(centred.data, axis=-1), np.ptp(naive, axis=-1))
    with pytest.raises(ValueError, match="the shape must stay"):
        X.map_signals(lambda s: s[:, 1:])


def test_segments_end_at_gaps_and_records_whatever_the_row_order(rng):
    onset = np.array([0, 1, 2, 4, 5, 0, 1.4, 3.0])
    record = np.array(["a"] * 5 + ["b"] * 3)
    order = rng.permutation(8)
    X = Windows(np.zeros((8, 1, 10)), sfreq=10, onset=onset, record=record)[order]
    found = [sorted(zip(X.record[s], X.onset[s], strict=True)) for s in X.segments()]
    assert found == [
        [("a", 0), ("a", 1), ("a", 2)],
        [("a", 4), ("a", 5)],
        [("b", 0), ("b", 1.4)],
        [("b", 3.0)],
    ]
    for rows in X.segments():
        assert np.all(np.diff(X.onset[rows]) > 0)


@settings(max_examples=100, deadline=None)
@given(
    onsets=st.lists(st.integers(0, 40), min_size=1, max_size=25),
    step=st.sampled_from([1, 2, 4, 5]),
    seed=st.integers(0, 99),
)
def test_cells_tile_what_windows_cover_each_moment_once(onsets, step, seed):
    """Counted on a grid of half seconds, over any onsets: gaps, overlaps and repeated windows."""
    onset = np.random.default_rng(seed).permutation(np.array(onsets, dtype=float))
    X = Windows(np.zeros((len(onset), 1, 4)), sfreq=1, onset=onset, step=step)
    cells, middle = X.cells(), np.arange(0, 50, 0.25) + 0.125
    windows = (middle >= onset[:, None]) & (middle < onset[:, None] + 4)
    inside = (middle >= cells[:, :1]) & (middle < cells[:, 1:])
    assert not np.any(inside & ~windows), "a cell lies in its window"
    _, first = np.unique(onset, return_index=True)
    np.testing.assert_array_equal(inside[first].sum(axis=0), windows.any(axis=0))
    for one in np.unique(onset):
        assert len(np.unique(cells[onset == one], axis=0)) == 1
    (info,) = X.recordings().values()
    assert info.observed == pytest.approx(windows.any(axis=0).sum() * 0.25)


def test_false_alarm_rate_does_not_depend_on_how_windows_are_chosen():
    X = Windows.from_array(np.zeros((1, 3600 * 4)), 4, window=10, step=1)
    y, alarm = np.zeros(len(X)), (np.abs(X.onset - 1800) < 15).astype(int)
    for keep in (slice(None), slice(None, None, 3), np.random.default_rng(0).permutation(len(X))):
        scores = event_scores(y[keep], alarm[keep], windows=X[keep])
        assert scores.hours == pytest.approx(1, abs=1e-2) and scores.false_positives == 1


def test_gap_of_exactly_one_and_a_half_steps_is_none():
    onset = np.arange(200) * 0.1
    X = Windows(np.zeros((400, 1, 2)), sfreq=20, step=0.1, onset=np.append(onset, onset + 20.05))
    assert len(X.segments()) == 1


def test_repeated_windows_keep_their_events():
    X = Windows(np.zeros((3, 1, 4)), sfreq=1, onset=[0, 0, 0])
    np.testing.assert_array_equal(X.to_events([0, 1, 0]).intervals("0"), [[0, 4]])


@pytest.mark.parametrize("labels", [["bckg", "seiz"], [-1, 1], [0, 2], [0, np.nan]])
def test_events_need_labels_of_0_and_1(labels):
    X = Windows(np.zeros((2, 1, 4)), sfreq=1)
    with pytest.raises(ValueError, match=r"labels holds .*; 0 and 1"):
        X.to_events(labels)


def test_one_record_has_one_patient_and_one_signal_at_a_time(rng):
    a, b = rng.normal(size=(2, 1, 400))
    cut = dict(sfreq=100, window=2, step=1)
    one, two = (Windows.from_array(s, patient=p, **cut) for s, p in ((a, "p1"), (b, "p2")))
    with pytest.raises(ValueError, match="record '0' belongs to the patients p1, p2"):
        Windows.concatenate([one, two])
    one, two = (Windows.from_array(s, **cut) for s in (a, b))
    with pytest.raises(ValueError, match="parts hold record '0' at 0 s from different signals"):
        Windows.concatenate([one, two])
    late = Windows.from_recording(Recording(b, 100, ["ch0"], offset=3.0), window=2, step=1)
    assert len(Windows.concatenate([one, late]).segments()) == 1, "stretches of one record join"


def test_joined_halves_are_the_whole_again(two_records):
    X, naive, _ = two_records
    joined = Windows.concatenate([X[:10], X[10:]])
    np.testing.assert_array_equal(joined.data, naive)
    assert len(joined._signals) == 2 and joined.segments()[0].size == 17
    assert joblib.hash(joined) == joblib.hash(X)
    other = Windows.concatenate([X[10:], X[:10]])
    assert joblib.hash(other) != joblib.hash(X)


def test_labels_by_naive_overlap(rng):
    X = Windows.from_array(np.zeros((1, 6000)), 100, window=3, step=0.7)
    events = Events([3.3, 20.0, 25.0], [4.0, 8.0, 9.0], recordings={"0": 60.0})
    ictal = np.zeros(6000, dtype=bool)
    for start, end in events.intervals("0"):
        ictal[round(start * 100) : round(end * 100)] = True
    share = np.array([ictal[s : s + 300].mean() for s in range(0, 5701, 70)])
    for min_overlap in (0.1, 0.5, 1.0):
        expected = (share >= min_overlap - 1e-12).astype(int)
        np.testing.assert_array_equal(X.labels(events, min_overlap=min_overlap), expected)
    np.testing.assert_array_equal(X.labels(events, min_overlap=0), (share > 0).astype(int))
    with pytest.raises(ValueError, match=r"min_overlap is 2"):
        X.labels(events, min_overlap=2)
    with pytest.raises(ValueError, match="record '0' is not among"):
        X.labels(Events([1.0], [1.0], record="z", recordings={"z": 5.0}))


@settings(max_examples=50, deadline=None)
@given(labels=st.lists(st.booleans(), min_size=1, max_size=60), seed=st.integers(0, 99))
def test_events_and_labels_invert_each_other(labels, seed):
    n = len(labels)
    X = Windows(np.zeros((n, 1, 4)), sfreq=1, onset=np.arange(n) * 2.0, step=2)
    order = np.random.default_rng(seed).permutation(n)
    y = np.array(labels, dtype=int)
    events = X[order].to_events(y[order], confidence=order / n)
    assert len(events) == np.count_nonzero(np.diff([0, *y]) == 1)
    in_cell = np.zeros(n, dtype=int)
    for start, end in events.intervals("0"):
        cells = X.cells()
        in_cell |= (cells[:, 0] >= start - 1e-9) & (cells[:, 1] <= end + 1e-9)
    np.testing.assert_array_equal(in_cell, y)


def test_frame_events_follow_the_szcore_rule():
    X = Windows(np.zeros((6, 1, 4)), sfreq=4)
    events = X.to_events([0, 1, 1, 0, 0, 1], confidence=[0.1, 0.6, 0.9, 0.2, 0.1, 0.7])
    np.testing.assert_array_equal(events.intervals("0"), [[1, 3], [5, 6]])
    np.testing.assert_array_equal(events.confidence, [0.9, 0.7])
    assert events.recordings["0"].observed == 6
    with pytest.raises(ValueError, match=r"labels has shape \(2,\)"):
        X.to_events([0, 1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Windows(np.zeros(5), sfreq=1), r"data has shape \(5,\)"),
        (lambda: Windows(np.zeros((2, 0, 5)), sfreq=1), "data has shape"),
        (lambda: Windows(np.zeros((2, 5)), sfreq=0), "sfreq is 0.0"),
        (lambda: Windows(np.zeros((2, 5)), sfreq=1, step=-1), "step is -1.0"),
        (lambda: Windows(np.zeros((2, 5)), sfreq=1, onset=[0]), r"onset has shape \(1,\)"),
        (lambda: Windows(np.zeros((2, 5)), sfreq=1, onset=[0, np.nan]), "onset holds a value"),
        (lambda: Windows(np.zeros((2, 5)), sfreq=1, ch_names=["a", "b"]), "2 names for 1 chan"),
        (lambda: Windows(np.zeros((2, 5)), sfreq=1, onset=[-1, 0]), "negative or not finite"),
        (lambda: Windows(np.zeros((2, 5), dtype=complex), sfreq=1), "data is complex"),
        (lambda: Windows(np.ma.zeros((2, 5)), sfreq=1), "data is a masked array"),
        (lambda: Windows(np.zeros((1, 2, 5)), sfreq=1, ch_names=["a", "a"]), "ch_names repeats a"),
        (lambda: Windows.from_array(np.zeros(5), 1, window=np.inf), "window is inf s"),
        (lambda: Windows.from_array(np.zeros(5), 1, window=6), "lasts 5 s; at least one window"),
        (lambda: Windows.from_array(np.zeros(5), 1, window=0), "window is 0 s"),
        (lambda: Windows.from_array(np.zeros(5), 1, window=2, step=0.1), "step is 0.1 s"),
        (lambda: Windows.concatenate([]), "parts is empty"),
        (lambda: Recording(np.zeros(5), 1, ["a"]), "data has shape"),
        (lambda: Recording(np.zeros((2, 5)), 1, ["a", "a"]), "ch_names repeats a"),
        (lambda: Recording(np.zeros((2, 5)), 1, ["a"]), "1 names for 2 channels"),
        (lambda: Recording(np.zeros((1, 5)), np.inf, ["a"]), "sfreq is inf"),
    ],
)
def test_bad_construction_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (dict(sfreq=50), "sfreq"),
        (dict(step=2), "step"),
        (dict(ch_names=["x"]), "ch_names"),
        (dict(patient="p"), "having patients"),
    ],
)
def test_concatenate_names_the_difference(other, what):
    base = dict(sfreq=100, step=1)
    parts = [Windows(np.zeros((2, 5)), **base), Windows(np.zeros((2, 5)), **{**base, **other})]
    with pytest.raises(ValueError, match=f"parts differ in {what}"):
        Windows.concatenate(parts)


class NeedsWindows(ClassifierMixin, BaseEstimator):
    """Fails unless every call is given `Windows`; the loudness threshold is its model."""

    def __init__(self, share=0.5):
        self.share = share

    def fit(self, X, y):
        assert isinstance(X, Windows)
        self.classes_ = np.unique(y)
        loud = np.asarray(X).std(axis=(1, 2))
        low, high = (loud[y == c].mean() for c in self.classes_)
        self.threshold_ = low + self.share * (high - low)
        return self

    def predict_proba(self, X):
        assert isinstance(X, Windows)
        p = 1 / (1 + np.exp(self.threshold_ - np.asarray(X).std(axis=(1, 2))))
        return np.column_stack([1 - p, p])

    def predict(self, X):
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search_hands_on_windows(toy, n_jobs):
    X, y, _ = toy
    search = GridSearchCV(
        NeedsWindows(),
        {"share": [0.01, 0.5]},
        cv=KFold(3, shuffle=True, random_state=0),
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_ == {"share": 0.5} and search.best_score_ > 0.9


def test_model_selection_tools_hand_on_windows(toy):
    X, y, _ = toy
    cv = KFold(3, shuffle=True, random_state=0)
    assert np.mean(cross_val_predict(NeedsWindows(), X, y, cv=cv) == y) > 0.9
    for wrapper in (
        TunedThresholdClassifierCV(NeedsWindows(), cv=3),
        CalibratedClassifierCV(NeedsWindows(), cv=3),
    ):
        assert wrapper.fit(X, y).score(X, y) > 0.9
    train, test, y_train, _ = train_test_split(X, y, random_state=0)
    assert isinstance(test, Windows) and len(train) == len(y_train)
    again, _ = shuffle(X, y, random_state=0)
    assert isinstance(again, Windows) and len(resample(X, y, n_samples=5)[0]) == 5
    np.testing.assert_array_equal(np.sort(again.onset), np.sort(X.onset))


def test_cached_pipeline_takes_windows(toy, tmp_path):
    X, y, _ = toy
    loudness = FunctionTransformer(_loudness)
    pipe = make_pipeline(loudness, LogisticRegression(), memory=str(tmp_path))
    plain = make_pipeline(loudness, LogisticRegression()).fit(X, y).predict_proba(X)
    for _ in range(2):
        np.testing.assert_array_equal(pipe.fit(X, y).predict_proba(X), plain)
    assert any(tmp_path.rglob("output.pkl"))


def _loudness(X):
    return np.log(np.asarray(X).std(axis=2))


# ---------------------------------------------------------------------- integers


@pytest.fixture
def integers(rng):
    """A signal of 16-bit samples, the same as floats."""
    signal = rng.integers(-(2**15), 2**15, (3, 1000)).astype(np.int16)
    return signal, signal.astype(np.float64)


def both(signals, **kwargs):
    return (Windows.from_array(s, 100, window=2, step=1, **kwargs) for s in signals)


def test_integers_come_out_as_floats(integers):
    whole, real = both(integers)
    assert whole.dtype == np.float64
    part = pickle.loads(pickle.dumps(whole[[5, 2]]))
    split, real_split = whole.split_channels(), real.split_channels()
    for ours, expected in (
        (whole, real),
        (whole[2:9:3], real[2:9:3]),
        (whole[[5, 2]], real[[5, 2]]),
        (part, real[[5, 2]]),
        (whole.pick(["ch2", "ch0"]), real.pick(["ch2", "ch0"])),
        (split, real_split),
        (Windows.concatenate([whole[3:], real[:3]]), Windows.concatenate([real[3:], real[:3]])),
        (whole[[]], real[[]]),
    ):
        assert ours.data.dtype == ours.dtype == np.float64 and not ours.data.flags.writeable
        np.testing.assert_array_equal(ours.data, expected.data)
    assert whole[3].dtype == np.asarray(whole).dtype == np.float64
    assert np.asarray(whole, dtype=np.float32).dtype == np.float32
    np.testing.assert_array_equal(whole[3], real[3])
    assert whole.all_finite() and len(pickle.dumps(whole)) < len(pickle.dumps(real)) / 3
    dense, narrow = (Windows(d, sfreq=100) for d in (integers[0][:, None], integers[1][:, None]))
    np.testing.assert_array_equal(dense[[2, 0]].data, narrow[[2, 0]].data)


def test_functions_of_signals_are_given_floats(integers):
    whole, real = both(integers)
    # In 16 bits the differences and squares would overflow.
    squares = [X.map_signals(lambda s: (s - s[..., :1]) ** 2).data for X in (whole, real)]
    np.testing.assert_array_equal(*squares)
    table = [X.map_signals(lambda s: s * 1000).pick(["ch1"]).data for X in (whole, real)]
    np.testing.assert_array_equal(*table)


def test_integers_take_no_further_memory(tmp_path):
    file = tmp_path / "signal.i16"
    with open(file, "wb") as hole:
        hole.truncate(2**25)
    signal = np.memmap(file, np.int16, mode="r", shape=(4, 2**22))
    tracemalloc.start()
    continuous = Windows.from_array(signal, 256, window=4)
    dense = Windows(signal.reshape(-1, 4, 1024), sfreq=256)
    for X in (continuous, dense):
        assert X.all_finite() and X[10:20].data.shape == (10, 4, 1024)
        assert X[10:20].pick(["ch1"]).split_channels().data.shape == (10, 1, 1024)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6, "of 32 MiB, or 128 MiB as floats"


def test_what_is_no_number_is_refused():
    times = np.zeros((2, 3, 4), "M8[s]")
    for wrong in (times, times - times):
        with pytest.raises(ValueError, match="data holds dates or times; real numbers"):
            Windows(wrong, sfreq=1)
    with pytest.raises(ValueError, match=r"data has shape \(3, 0\); a recording needs"):
        Windows.from_array(np.zeros((3, 0), np.int16), 100, window=1)
    with pytest.raises(ValueError, match="sfreq is nan; a sampling rate above 0 Hz"):
        Windows.from_array(np.zeros((3, 10), np.int16), np.nan, window=1)


def test_large_samples_are_finite():
    X = Windows(np.full((3, 2, 400), 1e308), sfreq=100)
    assert X.all_finite()
    assert not Windows(np.full((3, 2, 4), -np.inf), sfreq=100).all_finite()


@pytest.mark.parametrize("name", ["record", "patient"])
@pytest.mark.parametrize(
    "values",
    [["a", None, None], [None] * 3, [1.0, np.nan, 2.0], np.array(["a", "b", np.nan], object)],
    ids=["None", "only None", "NaN", "object"],
)
def test_a_name_that_is_none_is_refused(name, values):
    with pytest.raises(ValueError, match=f"{name} holds None or NaN; every window needs a name"):
        Windows(np.zeros((3, 1, 4)), sfreq=4, **({"record": list("abc")} | {name: values}))


def test_no_patient_at_all_and_numbers_as_names():
    assert Windows(np.zeros((3, 1, 4)), sfreq=4, patient=None).patient is None
    X = Windows(np.zeros((3, 1, 4)), sfreq=4, record=[1, 1, 2], patient=7)
    assert X.record.tolist() == ["1", "1", "2"]
    assert X.patient.tolist() == ["7"] * 3


def test_channel_names_in_one_string_are_refused():
    with pytest.raises(TypeError, match="ch_names is the string 'ab'; a sequence"):
        Windows(np.zeros((3, 2, 4)), sfreq=4, ch_names="ab")
    with pytest.raises(TypeError, match="ch_names is the string 'ab'; a sequence"):
        Recording(np.zeros((2, 8)), 4, "ab")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *((name, wrong) for name in ("sfreq", "window") for wrong in (None, "x", "2", [2.0], 2j)),
        *(("step", wrong) for wrong in ("x", "2", [2.0], 2j)),  # None is its default
    ],
)
def test_times_that_are_no_numbers_are_refused(name, wrong):
    given = {"sfreq": 4.0, "window": 2.0, "step": 1.0} | {name: wrong}
    with pytest.raises(TypeError, match=rf"{name} is .*; a number is needed"):
        Windows.from_array(np.zeros((1, 80)), **given)
    if name != "window":
        given.pop("window")
        with pytest.raises(TypeError, match=rf"{name} is .*; a number is needed"):
            Windows(np.zeros((3, 1, 4)), **given)


@pytest.mark.parametrize(
    "data",
    [[[1.0, None]], np.array([["1", "2"]]), np.array([[1.0, 2.0]], object)],
    ids=["None", "text", "object"],
)
def test_samples_that_are_no_numbers_are_refused(data):
    with pytest.raises(ValueError, match=r"data has dtype .*; real numbers are needed"):
        Windows(data, sfreq=4)
    with pytest.raises(ValueError, match=r"data has dtype .*; real numbers are needed"):
        Recording(data, 4, ["a"])
    with pytest.raises(ValueError, match="data has dtype"):
        Windows(None, sfreq=4)


# ---------------------------------------------------------------------- stretches and amplitudes


def test_no_window_crosses_the_end_of_a_stretch():
    """A naive walk over the stretches gives the same windows."""
    signal = np.arange(1000.0)[np.newaxis]
    recording = Recording(
        signal, 10, ["a"], offset=5.0, stretches=((0, 33.5), (33.5, 40), (100, 26.5))
    )
    X = Windows.from_recording(recording, window=4, step=2)
    expected = []
    for onset, first, end in ((5.0, 0, 335), (38.5, 335, 735), (105.0, 735, 1000)):
        for low in range(first, end - 40 + 1, 20):
            expected.append((onset + (low - first) / 10, low))
    assert [(o, w[0, 0]) for o, w in zip(X.onset.tolist(), X.data, strict=True)] == expected
    assert recording.duration == 126.5
    assert [len(rows) for rows in X.segments()] == [15, 19, 12]
    again = pickle.loads(pickle.dumps(X[np.random.default_rng(0).permutation(len(X))]))
    assert sorted(len(rows) for rows in again.segments()) == [12, 15, 19]
    other = Windows.from_array(signal, 10, window=4, step=2, record="b", ch_names=["a"])
    assert [len(s) for s in Windows.concatenate([other, X]).segments()] == [15, 19, 12, 49]
    assert len(X.split_channels().segments()) == 3
    assert X.map_signals(lambda s: s - s[:, :1]).data[15, 0, 0] == 0, "a filter sees one stretch"


def test_stretches_that_do_not_fit():
    for stretches, message in (
        (((0, 5), (4, 5)), "stretches overlap"),
        (((7, 5), (0, 5)), "not in order"),
        (((0, 5), (6, 7)), "stretches last 12 s, but data holds 10 s"),
    ):
        with pytest.raises(ValueError, match=message):
            Recording(np.zeros((1, 100)), 10, ["a"], stretches=stretches)
    gap = Recording(np.zeros((1, 100)), 10, ["a"], record="r", stretches=((0, 5), (6, 5)))
    with pytest.raises(ValueError, match="'r' lasts 5 s without a gap; at least one window of 6 s"):
        Windows.from_recording(gap, window=6)


def test_windows_leave_out_what_cannot_be_judged():
    recording = Recording(
        np.ones((1, 600)), 10, ["a"], offset=2.0, unjudged=((31, 33), (10, 12.05))
    )
    X = Windows.from_recording(recording, window=4, step=2)
    free = [o for o in np.arange(2.0, 59, 2) if not (8 < o < 14.05 or 29 < o < 35)]
    assert X.onset.tolist() == free
    with pytest.raises(ValueError, match="no window of 4 s outside the time"):
        Windows.from_recording(recording.replace(unjudged=((0, 60),)), window=4)


def test_labels_of_unjudged_windows_are_refused():
    X = Windows.from_array(np.ones((1, 600)), 10, window=4, step=2)
    info = RecordInfo(60.0, unjudged=((20.0, 25.0),))
    assert info.observed == 55
    events = Events([40.0], [10.0], recordings={"0": info})
    with pytest.raises(ValueError, match=r"time of 4 of the 29 windows as unjudged.*X\.judged\("):
        X.labels(events)
    judged = X.judged(events)
    assert X.onset[~judged].tolist() == [18, 20, 22, 24]
    assert X[judged].labels(events).sum() == 6


def test_unjudged_time_is_counted_once():
    info = RecordInfo(100.0, unjudged=[(10, 20), (15, 30), (90, 120)])
    assert (info.unjudged, info.observed) == (((10, 30), (90, 120)), 70)
    more = info.mark_unjudged([(25, 40), (0, 5)])
    assert (more.unjudged, more.observed) == (((0, 5), (10, 40), (90, 120)), 55)
    half = RecordInfo(100.0, observed=50.0).mark_unjudged([(0, 10)])
    assert half.observed == 40
    assert info.mark_unjudged([]) is info


def test_the_start_survives():
    start = datetime(2020, 3, 2, 10, 20, 30)
    parts = [
        Windows.from_recording(
            Recording(np.ones((2, 100)), 10, ["a", "b"], record=name, start=when), window=2
        )
        for name, when in (("r", start), ("s", None))
    ]
    X = pickle.loads(pickle.dumps(Windows.concatenate(parts)[::2]))
    assert [info.start for info in X.recordings().values()] == [start, None]
    assert X.split_channels().recordings()["r/b"].start == start
    assert X.to_events(np.zeros(len(X))).recordings["r"].start == start


@pytest.mark.parametrize("key", [False, True, np.False_])
def test_a_single_truth_value_is_no_index(key):
    X = Windows.from_array(np.ones((1, 600)), 10, window=4, step=2)
    with pytest.raises(IndexError, match=rf"indexed by {key}; .* where patients are unknown"):
        X[key]
    with pytest.raises(IndexError, match="patients are unknown"):
        X[X.patient == "p1"]


@pytest.mark.parametrize("cut", ["windows", "array", "recording"])
def test_volts_are_noticed(rng, cut):
    signal = rng.normal(scale=20e-6, size=(3, 1000))
    make = {
        "windows": lambda s: Windows(s.reshape(10, 3, 100), sfreq=100),
        "array": lambda s: Windows.from_array(s, 100, window=1),
        "recording": lambda s: Windows.from_recording(Recording(s, 100, list("abc")), window=1),
    }[cut]
    with pytest.warns(UserWarning, match=r"typically deviates by 1\..e-05 .*multiply by 1e6 if"):
        make(signal)
    make(signal * 1e6)
    make(signal * 0)
    signal[0] *= 1e6
    signal[1] *= 1e6
    make(signal)  # a faint channel among others


def test_a_stretch_ends_where_it_is_said():
    data = np.ones((6, 1, 10))
    X = Windows(data, sfreq=10, stretch=[0, 0, 1, 1, 1, 2])
    assert [rows.tolist() for rows in X.segments()] == [[0, 1], [2, 3, 4], [5]]
    assert X[3:].stretch.tolist() == [1, 1, 2]
    assert X.to_events(np.ones(6)).duration.tolist() == [2, 3, 1]
    assert Windows(data, sfreq=10).stretch is None
    with pytest.raises(ValueError, match=r"stretch has shape \(2,\); one for each of 6 windows"):
        Windows(data, sfreq=10, stretch=[0, 1])
