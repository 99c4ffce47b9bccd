"""Windows that arrive chunk by chunk, against the same windows at once."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from skseizure.features import BandFeatures, FrameFeatures, MovingAverage
from skseizure.postprocessing import (
    ChannelFusionClassifier,
    DetectorStream,
    MorphologicalFilterClassifier,
    SeizureDetector,
)
from skseizure.signals import Recording, Windows

from ._toys import Echo, windows_of

SETTINGS = st.fixed_dictionaries(
    {
        "smoothing": st.sampled_from([0, 2, 3.5, 6]),
        "threshold": st.sampled_from([0.3, 0.5, 0.8]),
        "low_threshold": st.sampled_from([None, 0.1, 0.3]),
        "min_duration": st.sampled_from([0, 1, 2.5, 4]),
        "merge_gap": st.sampled_from([0, 1, 2.5, 4]),
    }
)


# Stretches shorter than half of what is to be averaged are what some tests are about.
short_stretches = pytest.mark.filterwarnings("ignore:.* windows of X stand between gaps")


class Filtered(MorphologicalFilterClassifier):
    """With probabilities, as somebody may add."""

    def predict_proba(self, X):
        return np.eye(2)[self.predict(X)]


def fitted(**params):
    model = SeizureDetector(Echo(), causal=True, **params)
    return model.fit(windows_of([0, 1]), ["calm", "ictal"])


@st.composite
def arrivals(draw):
    """Windows of up to three records with gaps, and the rows of each chunk."""
    runs = draw(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 5)), min_size=1, max_size=12))
    values = np.repeat([k / 20 for k, _ in runs], [n for _, n in runs])
    n = len(values)
    steps = draw(st.lists(st.sampled_from([1, 1, 1, 1, 1.5, 1.75, 7]), min_size=n, max_size=n))
    record = np.array(draw(st.lists(st.sampled_from("bbbbac"), min_size=n, max_size=n)))
    onset = np.zeros(n)
    for name in "abc":
        onset[record == name] = np.cumsum(np.array(steps)[record == name])
    step = draw(st.sampled_from([0.5, 1.0]))  # overlap by half, or none
    data = np.repeat(values.reshape(-1, 1, 1), 4, axis=2)
    X = Windows(data, sfreq=4.0, step=step, record=record, onset=onset * step)
    cuts = draw(st.one_of(st.just(list(range(n))), st.lists(st.integers(0, n), max_size=6)))
    chunks = [rows for rows in np.split(np.arange(n), sorted(set(cuts))) if len(rows)]
    order = np.random.default_rng(draw(st.integers(0, 99)))
    return X, [order.permutation(rows) for rows in chunks]


@short_stretches
@settings(max_examples=200, deadline=None)
@given(arrivals(), SETTINGS, st.booleans())
def test_any_chunks_give_the_events_of_all_at_once(arrived, params, pickled):
    X, chunks = arrived
    model = fitted(**params)
    sent = X[np.concatenate(chunks)]
    expected, proba = model.predict_events(sent, return_proba=True)
    stream, parts = model.stream(), []
    for rows in chunks:
        if pickled:
            stream = pickle.loads(pickle.dumps(stream))
        found, smooth = stream.send(X[rows], return_proba=True)
        parts.append(smooth)
        assert list(found.recordings) == list(X[rows].recordings())
    assert stream.events == expected
    np.testing.assert_array_equal(np.concatenate(parts), proba)


@short_stretches
@settings(max_examples=80, deadline=None)
@given(arrivals(), SETTINGS)
def test_at_each_chunk_the_stream_knows_what_can_be_known(arrived, params):
    """What is told of each chunk is the events of all windows so far, less those told before."""
    X, chunks = arrived
    model = fitted(**params)
    stream, over = model.stream(), set()
    for i, rows in enumerate(chunks):
        found = stream.send(X[rows])
        so_far = X[np.concatenate(chunks[: i + 1])]
        expected, labels = model.predict_events(so_far), model.predict(so_far) == "ictal"
        assert stream.events == expected
        last = [part[-1] for part in so_far.segments()]
        newest = {name: so_far.onset[so_far.record == name].max() for name in so_far.recordings()}
        on = {str(so_far.record[k]) for k in last
              if labels[k] and so_far.onset[k] == newest[so_far.record[k]]}  # fmt: skip
        assert stream.ongoing.record.tolist() == [r for r in expected.recordings if r in on]
        here = expected.select(found.recordings)
        told = {event for event in zip(found.record, found.onset, found.duration, strict=True)}
        all_here = {event for event in zip(here.record, here.onset, here.duration, strict=True)}
        assert told == all_here - over
        current = set(zip(stream.ongoing.record, stream.ongoing.onset, strict=True))
        over |= {event for event in told if event[:2] not in current}


def test_alarm_by_hand():
    """On at the third window of an event, one window each time."""
    model = fitted(smoothing=0, min_duration=3, merge_gap=2)
    stream, X = model.stream(), windows_of([0, 1, 1, 1, 0, 0, 0, 1])
    ongoing = []
    for i in range(len(X)):
        stream.send(X[[i]])
        ongoing.append(len(stream.ongoing))
    assert ongoing == [0, 0, 0, 1, 1, 0, 0, 0]
    assert stream.events.onset.tolist() == [3.0]
    assert stream.events.offset.tolist() == [5.0]


def test_a_long_alarm_costs_no_memory():
    model = fitted(smoothing=4)
    stream, X = model.stream(), windows_of(np.ones(5000))
    stream.send(X[:50])
    before = len(pickle.dumps(stream))
    for i in range(50, 5000, 50):
        stream.send(X[i : i + 50])
    assert len(pickle.dumps(stream)) <= before + 20
    assert stream.ongoing.duration.tolist() == [4996.0]


def test_streams_of_one_detector_do_not_meet():
    model = fitted(smoothing=4, min_duration=2)
    first, second = model.stream(), model.stream()
    first.send(windows_of(np.ones(9)))
    second.send(windows_of(np.zeros(9)))
    model.set_params(threshold=1.0, smoothing=0)
    assert len(first.ongoing) == 1
    assert len(second.events) == 0
    second.send(windows_of(np.full(9, 0.6), onset=np.arange(9.0, 18)))
    assert len(second.ongoing) == 1, "parameters are those at the start"


FEATURES = {
    "window": BandFeatures(["std"], ["theta", "alpha"], filtering="window"),
    "smoothing": BandFeatures(["std"], ["alpha"], filtering="window", smoothing=6),
    "moving average": MovingAverage(BandFeatures(["std"], ["alpha"], filtering="window"), 5),
    "both": MovingAverage(BandFeatures(["std"], ["alpha"], filtering="window", smoothing=4), 5),
    "frames": FrameFeatures(["freq", "mfcc"], mfcc_bands=[(0.5, 30)], smoothing=3),
}


@pytest.fixture
def incoming(rng):
    """Two records with a gap each, seizures of four times the amplitude."""
    parts = []
    for record, gap in (("a", 31), ("b", 47)):
        signal = rng.normal(scale=20, size=(2, 70 * 64))
        signal[:, 20 * 64 : 40 * 64] *= 4
        recording = Recording(signal, 64, ["F3-C3", "C3-P3"], record=record)
        X = Windows.from_recording(recording, window=2, step=1)
        parts.append(X[np.abs(X.onset - gap) > 2])
    return Windows.concatenate(parts)


@pytest.mark.parametrize(
    ("name", "size", "fusion"),
    [
        *((name, size, False) for name in FEATURES for size in (1, 16)),
        ("both", 5, True),
        ("window", 200, True),
    ],
)
def test_from_the_signal_on(toy, incoming, name, size, fusion):
    X, y, _ = toy
    classifier = make_pipeline(FEATURES[name], StandardScaler(), LogisticRegression())
    if fusion:
        classifier = ChannelFusionClassifier(classifier, voting="soft")
    model = SeizureDetector(classifier, smoothing=4, min_duration=3, causal=True).fit(X, y)
    expected, proba = model.predict_events(incoming, return_proba=True)
    assert len(expected) >= 2
    order = np.argsort(incoming.onset, kind="stable")  # both records at a time
    stream, parts = model.stream(), []
    for i in range(0, len(order), size):
        parts.append(stream.send(incoming[order[i : i + size]], return_proba=True)[1])
    np.testing.assert_allclose(np.concatenate(parts), proba[order], rtol=0, atol=1e-9)
    found = stream.events
    np.testing.assert_array_equal(found.onset, expected.onset)
    np.testing.assert_array_equal(found.duration, expected.duration)
    np.testing.assert_array_equal(found.record, expected.record)
    np.testing.assert_allclose(found.confidence, expected.confidence, rtol=0, atol=1e-9)
    assert found.recordings == expected.recordings


def test_windows_kept_are_copies(toy, incoming):
    """A ring buffer is written over while the stream runs."""
    X, y, _ = toy
    classifier = make_pipeline(FEATURES["smoothing"], LogisticRegression())
    model = SeizureDetector(classifier, causal=True).fit(X, y)
    day = incoming[incoming.record == "a"]
    expected = model.predict_proba(day)
    stream, parts = model.stream(), []
    buffer = np.empty((8, *day.shape[1:]))
    for i in range(0, len(day), 8):
        part = day[i : i + 8]
        buffer[: len(part)] = part.data
        chunk = Windows(buffer[: len(part)], sfreq=64, record="a", onset=part.onset, step=1,
                        ch_names=day.ch_names)  # fmt: skip
        parts.append(stream.send(chunk, return_proba=True)[1])
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=0, atol=1e-9)


def test_refused_without_causal():
    model = SeizureDetector(Echo()).fit(windows_of([0, 1]), [0, 1])
    with pytest.raises(ValueError, match=r"causal is False.*SeizureDetector\(causal=True\)"):
        model.stream()
    with pytest.raises(NotFittedError):
        SeizureDetector(Echo(), causal=True).stream()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: make_pipeline(BandFeatures(["std"], ["alpha"]), LogisticRegression()),
            "estimator__bandfeatures looks ahead: filtering='recording'.*set filtering='window'",
        ),
        (
            lambda: make_pipeline(
                MovingAverage(FEATURES["window"], center=True), LogisticRegression()
            ),
            "estimator__movingaverage looks ahead: center=True averages over later windows",
        ),
        (
            lambda: make_pipeline(
                BandFeatures(["std"], ["alpha"], filtering="window", smoothing=3, center=True),
                LogisticRegression(),
            ),
            "estimator__bandfeatures looks ahead: center=True",
        ),
        (
            lambda: make_pipeline(
                FrameFeatures(["mfcc", "d_mfcc"], mfcc_bands=[(0.5, 30)]), LogisticRegression()
            ),
            "estimator__framefeatures looks ahead: groups holds d_mfcc, slopes over later windows",
        ),
        (
            lambda: ChannelFusionClassifier(
                make_pipeline(BandFeatures(["std"], ["alpha"]), LogisticRegression())
            ),
            "estimator__estimator__bandfeatures looks ahead: filtering='recording'",
        ),
    ],
    ids=["recording", "centred average", "centred smoothing", "slopes", "fusion"],
)
def test_what_looks_ahead_is_refused_and_warned_of(toy, make, message):
    X, y, _ = toy
    with pytest.warns(UserWarning, match=f"causal is True, but {message}") as caught:
        model = SeizureDetector(make(), causal=True).fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]
    with pytest.raises(ValueError, match=f"a stream has no later windows, but {message}"):
        model.stream()


AVERAGE = MovingAverage(StandardScaler(), seconds=5)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (
            lambda: make_pipeline(FEATURES["window"], AVERAGE, LogisticRegression()),
            "estimator__movingaverage",
        ),
        (
            lambda: make_pipeline(
                make_pipeline(FEATURES["window"], StandardScaler()),
                "passthrough",
                make_union(AVERAGE, StandardScaler()),
                LogisticRegression(),
            ),
            "estimator__featureunion__movingaverage",
        ),
        (
            lambda: make_pipeline(FEATURES["window"], make_pipeline(AVERAGE, LogisticRegression())),
            "estimator__pipeline__movingaverage",
        ),
    ],
    ids=["behind", "beside", "within"],
)
def test_averages_of_a_table_are_refused_and_warned_of(toy, make, name):
    X, y, _ = toy
    message = f"{name} looks over time in a table, .* neither .* put it around the features"
    with pytest.warns(UserWarning, match=f"causal is True, but {message}"):
        model = SeizureDetector(make(), causal=True).fit(X, y)
    with pytest.raises(ValueError, match=f"^{message}"):
        model.stream()


def test_an_average_around_features_is_taken(toy):
    X, y, _ = toy
    around = MovingAverage(make_pipeline(FEATURES["window"], StandardScaler()), seconds=5)
    classifier = make_pipeline(around, StandardScaler(), LogisticRegression())
    SeizureDetector(classifier, causal=True).fit(X, y).stream()


def test_what_looks_ahead_is_found_when_frozen(toy):
    X, y, _ = toy
    inner = make_pipeline(BandFeatures(["std"], ["alpha"]), LogisticRegression()).fit(X, y)
    with pytest.warns(UserWarning, match="estimator__estimator__bandfeatures looks ahead: filter"):
        model = SeizureDetector(FrozenEstimator(inner), causal=True).fit(X, y)
    with pytest.raises(ValueError, match="bandfeatures looks ahead: filtering='recording'"):
        model.stream()


def test_filters_of_time_inside_are_refused(toy):
    inner = SeizureDetector(Echo(), causal=True)
    model = SeizureDetector(inner, causal=True).fit(windows_of([0, 1]), [0, 1])
    with pytest.raises(ValueError, match="estimator looks back without limit: its events may"):
        model.stream()
    X = windows_of(np.tile([0.1, 0.9], 20))
    with pytest.warns(UserWarning, match="estimator looks ahead: its blocks are filtered by later"):
        model = SeizureDetector(Filtered(Echo()), causal=True).fit(X, np.tile([0, 1], 20))
    with pytest.raises(ValueError, match="a stream has no later windows, but estimator looks"):
        model.stream()


def test_windows_must_come_in_order_of_time():
    model = fitted(smoothing=4)
    stream, X = model.stream(), windows_of(np.ones(10))
    stream.send(X[:5])
    before = pickle.dumps(stream)
    for rows in ([4], [3, 9], [0]):
        with pytest.raises(ValueError, match=r"record '0' at \d s, .* up to 4 s; .* order of time"):
            stream.send(X[rows])
    with pytest.raises(TypeError, match="X is ndarray; send needs Windows"):
        stream.send(X[5:].data)
    with pytest.raises(ValueError, match=r"windows of 2 s every 2 s; those before were of 1 s"):
        stream.send(windows_of([1], onset=[20], step=2.0))
    assert pickle.dumps(stream) == before
    stream.send(X[5:])
    assert stream.events == model.predict_events(X)


def test_an_error_inside_leaves_the_stream_as_it_was():
    class Moody(Echo):
        calls = 0

        def predict_proba(self, X):
            Moody.calls += 1
            if Moody.calls == 2:
                raise RuntimeError("lost the amplifier")
            return super().predict_proba(X)

    X = windows_of(np.repeat([0.2, 0.9, 0.2, 0.9], 6))
    model = SeizureDetector(Moody(), causal=True, smoothing=2, merge_gap=2).fit(X[:2], [0, 1])
    stream = model.stream()
    stream.send(X[:9])
    with pytest.raises(RuntimeError, match="amplifier"):
        stream.send(X[9:])
    stream.send(X[9:])
    assert stream.events == model.predict_events(X)


def test_a_tail_that_fails_leaves_the_stream_as_it_was(toy, incoming, monkeypatch):
    """Of a recording that is read lazily, say, whose file is gone."""
    X, y, _ = toy
    classifier = make_pipeline(FEATURES["smoothing"], LogisticRegression())
    model = SeizureDetector(classifier, smoothing=4, causal=True).fit(X, y)
    order = np.argsort(incoming.onset, kind="stable")  # both records at a time
    first, second = incoming[order[:40]], incoming[order[40:]]
    stream = model.stream()
    stream.send(first)
    before, kept, calls = pickle.dumps(stream), DetectorStream._tail, []

    def tail(self, joined, rows):
        calls.append(rows)
        if len(calls) == 2:
            raise OSError("lost the disk")
        return kept(self, joined, rows)

    monkeypatch.setattr(DetectorStream, "_tail", tail)
    with pytest.raises(OSError, match="lost the disk"):
        stream.send(second)
    assert pickle.dumps(stream) == before
    stream.send(second)
    found, expected = stream.events, model.predict_events(incoming)
    np.testing.assert_array_equal(found.onset, expected.onset)
    assert found.recordings == expected.recordings


def test_a_record_stays_its_patients():
    model = fitted()
    stream, X = model.stream(), windows_of(np.ones(8))
    ours, theirs = (
        Windows(X.data, sfreq=X.sfreq, step=1, onset=X.onset, patient=patient)
        for patient in ("p1", "p2")
    )
    stream.send(ours[:4])
    before = pickle.dumps(stream)
    for wrong, found in ((theirs, "'p2'"), (X, "None")):
        with pytest.raises(ValueError, match=f"record '0' of patient {found}; .* of patient 'p1'"):
            stream.send(wrong[4:])
    assert pickle.dumps(stream) == before
    stream.send(ours[4:])
    assert stream.events == model.predict_events(ours)
