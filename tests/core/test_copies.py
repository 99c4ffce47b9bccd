"""A row that stands twice is one window: whatever looks around gives to copies what it gives to it.

``X[rows]`` with repeated rows is what oversampling and the bootstrap make.
"""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from skseizure.features import (
    BandFeatures,
    ChannelPooling,
    FrameFeatures,
    MovingAverage,
    PatientScaler,
    STFTFeatures,
)
from skseizure.metrics import event_scores, make_event_scorer
from skseizure.model_selection import EarlyTrainSplit
from skseizure.postprocessing import MorphologicalFilterClassifier, SeizureDetector
from skseizure.signals import Events, Windows

from ..postprocessing._toys import Echo, EchoMembers, windows_of

N = 60


@functools.cache
def recorded():
    """Two records of windows that overlap by half, one with a gap, and their labels."""
    rng = np.random.default_rng(0)
    parts = []
    for record in ("a", "b"):
        signal = rng.normal(scale=20, size=(1, 64 * (N // 2 + 5)))
        signal[:, 64 * 10 : 64 * 18] *= 3
        X = Windows.from_array(signal, 64, window=2, step=1, record=record)
        parts.append(X[X.onset < N // 2] if record == "a" else X[(X.onset < 9) | (X.onset > 12)])
    X = Windows.concatenate(parts)
    events = Events([10, 10], [8, 8], record=["a", "b"], recordings={"a": 35, "b": 35})
    return X, X.labels(events)


@st.composite
def with_copies(draw, n):
    """Every row at least once, some several times, in any order."""
    rows = [*range(n), *draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=2 * n))]
    return np.random.default_rng(draw(st.integers(0, 999))).permutation(rows)


BANDS = {"low": (1, 20)}
LOOKING = {
    "stft": STFTFeatures({"low": (0, 20)}, segment=32, smoothing=6),
    "stft, centred": STFTFeatures({"low": (0, 20)}, segment=32, smoothing=6, center=True),
    "bands": BandFeatures(["std", "line_length"], BANDS, smoothing=5),
    "bands by window": BandFeatures(["std"], BANDS, filtering="window", smoothing=3, center=True),
    "average": MovingAverage(STFTFeatures({"low": (0, 20)}, segment=32), 4),
    "average of averages": MovingAverage(
        STFTFeatures({"low": (0, 20)}, segment=32, smoothing=3), 5, center=True
    ),
    "own scale": PatientScaler(STFTFeatures({"low": (0, 20)}, segment=32)),
    "own ranks so far": PatientScaler(
        STFTFeatures({"low": (0, 20)}, segment=32), "rank", causal=True
    ),
    "pooled": ChannelPooling(STFTFeatures({"low": (0, 20)}, segment=32, smoothing=3)),
    "slopes": FrameFeatures(["freq", "d_mfcc", "dd_mfcc"], mfcc_bands=[(0.5, 30)]),
    "averaged slopes": FrameFeatures(["d_mfcc", "dd_mfcc"], mfcc_bands=[(0.5, 30)], smoothing=4),
    "side by side": make_union(
        FrameFeatures(["dd_mfcc"], mfcc_bands=[(0.5, 30)]),
        MovingAverage(STFTFeatures({"low": (0, 20)}, segment=32), 7),
    ),
}


@pytest.mark.parametrize("name", LOOKING)
@settings(max_examples=10, deadline=None)
@given(rows=with_copies(len(recorded()[0])))
def test_transformers(name, rows):
    X, _ = recorded()
    transformer = LOOKING[name].fit(X)
    np.testing.assert_array_equal(transformer.transform(X[rows]), transformer.transform(X)[rows])


@pytest.mark.parametrize("causal", [False, True])
@settings(max_examples=10, deadline=None)
@given(rows=with_copies(len(recorded()[0])))
def test_detector_from_the_signal_on(causal, rows):
    X, y = recorded()
    features = BandFeatures(["std"], BANDS, filtering="window", smoothing=3)
    classifier = make_pipeline(features, StandardScaler(), LogisticRegression())
    detector = SeizureDetector(classifier, smoothing=6, causal=causal).fit(X, y)
    # The classifier's sums may round by the number of rows.
    once, drawn = detector.predict_proba(X)[rows], detector.predict_proba(X[rows])
    np.testing.assert_allclose(drawn, once, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(detector.predict(X[rows]), detector.predict(X)[rows])


def steps_with_gaps(n):
    """Windows of probabilities on two records, one of them with a gap."""
    values = np.round(np.random.default_rng(1).random(n).cumsum() % 1, 2)
    values[n // 8 : n // 4] = values[n // 2 : 3 * n // 4] = 0.9
    onset = np.concatenate([np.arange(n // 4), 5.0 + np.arange(n // 4, n // 2), np.arange(n // 2)])
    return windows_of(values, record=np.repeat(["a", "b"], n // 2), onset=onset)


@settings(max_examples=100, deadline=None)
@given(
    rows=with_copies(80),
    causal=st.booleans(),
    smoothing=st.sampled_from([0, 2, 5, 10]),
    low=st.sampled_from([None, 0.2]),
)
def test_detector(rows, causal, smoothing, low):
    X = steps_with_gaps(80)
    params = dict(smoothing=smoothing, low_threshold=low, min_duration=3, merge_gap=3)
    model = SeizureDetector(Echo(), causal=causal, **params).fit(X, np.arange(80) % 2)
    np.testing.assert_array_equal(model.predict_proba(X[rows]), model.predict_proba(X)[rows])
    np.testing.assert_array_equal(model.predict(X[rows]), model.predict(X)[rows])
    found, once = model.predict_events(X[rows]), model.predict_events(X)
    assert found.select(once.recordings) == once
    if causal:
        stream = model.stream()
        proba = stream.send(X[rows], return_proba=True)[1]
        np.testing.assert_array_equal(proba, model.predict_proba(X)[rows])
        assert stream.events.select(once.recordings) == once


@settings(max_examples=50, deadline=None)
@given(rows=with_copies(80), members=st.booleans())
def test_morphological_filter(rows, members):
    values = np.round(np.asarray(steps_with_gaps(80))[:, 0, 0])
    channels = np.column_stack([values, np.roll(values, 5)]) if members else values
    once = steps_with_gaps(80)
    X = windows_of(channels, record=once.record, onset=once.onset)
    model = MorphologicalFilterClassifier(EchoMembers() if members else Echo(), window=3)
    model.fit(X, np.arange(80) % 2)
    np.testing.assert_array_equal(model.predict(X[rows]), model.predict(X)[rows])


@settings(max_examples=50, deadline=None)
@given(rows=with_copies(80))
def test_events_and_scores(rows):
    X = steps_with_gaps(80)
    labels = (np.asarray(X)[:, 0, 0] > 0.5).astype(int)
    proba = np.asarray(X)[:, 0, 0]
    once = X.to_events(labels, confidence=proba)
    found = X[rows].to_events(labels[rows], confidence=proba[rows])
    assert len(once) > 3 and found.select(once.recordings) == once
    assert found.recordings == {name: once.recordings[name] for name in found.recordings}
    y = np.zeros(80, dtype=int)
    y[8:20] = y[45:60] = 1
    expected = event_scores(y, labels, windows=X)
    assert event_scores(y[rows], labels[rows], windows=X[rows]) == expected
    model = Echo().fit(X, y)
    scorer = make_event_scorer("f1")
    assert scorer(model, X[rows], y[rows]) == scorer(model, X, y)


@pytest.mark.parametrize("unit", ["seizure", "frame"])
@settings(max_examples=30, deadline=None)
@given(rows=with_copies(80))
def test_early_split(unit, rows):
    X = steps_with_gaps(80)
    y = np.zeros(80, dtype=int)
    y[8:12] = y[30:34] = y[45:50] = y[70:75] = 1
    splitter = EarlyTrainSplit(0.5, unit=unit)
    ((train, test),) = splitter.split(X, y)
    ((copied, others),) = splitter.split(X[rows], y[rows])
    assert set(rows[copied]) == set(train) and set(rows[others]) == set(test)
    assert sorted([*copied, *others]) == list(range(len(rows)))
    assert np.all(np.diff(copied) > 0) and np.all(np.diff(others) > 0)


def test_copies_with_other_values_have_the_result_of_the_first():
    X = windows_of([1.0, 2.0, 9.0, 3.0], onset=[0, 1, 1, 2])
    model = SeizureDetector(Echo(), smoothing=3).fit(X, [0, 1, 0, 1])
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], [1.5, 2, 2, 2.5])


def test_a_bare_array_knows_no_copies(rng):
    X = np.repeat(rng.normal(size=(4, 1)), 2, axis=0)
    average = MovingAverage(StandardScaler(), 2).fit(X).transform(X)[:, 0]
    table = StandardScaler().fit_transform(X)[:, 0]
    np.testing.assert_allclose(average[1:], (table[1:] + table[:-1]) / 2)
