"""Time that cannot be judged, from the recording to what is detected in it."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseizure.postprocessing import SeizureDetector
from skseizure.signals import (
    Events,
    Recording,
    Windows,
    mark_quality,
    read_events,
    write_events,
)

from ._toys import Loud

SFREQ = 32
NAMES = ["Fp1", "F3", "C3", "P3", "O1", "F4", "C4", "P4"]
SEIZURES = [(200, 240), (760, 800), (1500, 1560), (2100, 2150), (2650, 2680), (3300, 3360)]
GAP, BAD, FLAT = (600, 1200), (1410, 1710), (2580, 2700)


@pytest.fixture(scope="module")
def clean():
    """An hour with six seizures, with much in common between neighbouring electrodes."""
    rng = np.random.default_rng(0)
    signal = rng.normal(scale=20, size=(1, 3600 * SFREQ)) + rng.normal(
        scale=5, size=(len(NAMES), 3600 * SFREQ)
    )
    for start, end in SEIZURES:
        signal[:, start * SFREQ : end * SFREQ] *= 6
    return Recording(signal, SFREQ, NAMES, record="night")


@pytest.fixture(scope="module")
def damaged(clean):
    """The same with a gap, a span that is marked as bad, a flat line, and a channel less."""
    signal = clean.data.copy()
    signal[:, FLAT[0] * SFREQ : FLAT[1] * SFREQ] = 0.1
    signal[2] = 0.2
    signal = np.delete(signal, slice(GAP[0] * SFREQ, GAP[1] * SFREQ), axis=1)
    stretches = ((0, GAP[0]), (GAP[1], 3600 - GAP[1]))
    return clean.replace(data=signal, stretches=stretches, unjudged=(BAD,))


def detector(**params):
    X = Windows(np.ones((2, 8, 64)), sfreq=SFREQ, ch_names=NAMES)
    return SeizureDetector(Loud(), **params).fit(X, [0, 1])


@pytest.mark.parametrize("bad_channels", ["interpolate", "nan", "drop"])
def test_events_are_the_same_outside_of_what_cannot_be_judged(clean, damaged, bad_channels):
    if bad_channels == "interpolate":
        pytest.importorskip("mne")
    model = detector()
    whole = model.predict_events(Windows.from_recording(clean, window=2))
    assert whole.onset.tolist() == [start for start, _ in SEIZURES]
    marked = mark_quality(damaged, bad_channels=bad_channels)
    found = model.predict_events(Windows.from_recording(marked, window=2))
    spans = (GAP, BAD, FLAT)
    elsewhere = [not any(a <= e.onset < b for a, b in spans) for e in whole]
    np.testing.assert_array_equal(found.onset, whole.onset[elsewhere])
    np.testing.assert_array_equal(found.duration, whole.duration[elsewhere])
    info = found.info("night")
    assert info.unjudged == spans
    assert sum(end - start for start, end in info.unjudged) == 1020
    assert (info.duration, info.observed, info.judged) == (3600, 2580, 2580)
    assert found.complete


def test_a_channel_that_is_disconnected_is_refused_by_name(damaged):
    with pytest.raises(ValueError, match="'night' has bad channels: C3 "):
        mark_quality(damaged)


def test_tables_hold_unjudged_time_and_never_call_it_background(damaged, tmp_path):
    marked = mark_quality(damaged, bad_channels="drop")
    X = Windows.from_recording(marked, window=2)
    found = detector().predict_events(X)
    write_events(found, tmp_path / "night.tsv")
    assert read_events(tmp_path / "night.tsv").recordings == found.recordings
    calm = X.to_events(np.zeros(len(X)))
    write_events(calm, tmp_path / "calm.tsv")
    rows = [line.split("\t")[:3] for line in (tmp_path / "calm.tsv").read_text().splitlines()]
    assert [(float(a), float(b), kind) for a, b, kind in rows[1:]] == [
        (0, 600, "bckg"),
        (600, 600, "n/a"),
        (1200, 210, "bckg"),
        (1410, 300, "n/a"),
        (1710, 870, "bckg"),
        (2580, 120, "n/a"),
        (2700, 900, "bckg"),
    ]
    assert read_events(tmp_path / "calm.tsv", record="night") == calm


def test_a_record_without_judged_time_has_no_background(tmp_path):
    from skseizure.signals import RecordInfo

    events = Events([], [], recordings={"a": RecordInfo(60.0, unjudged=((0, 60),))})
    write_events(events, tmp_path / "a.tsv")
    assert "bckg" not in (tmp_path / "a.tsv").read_text()
    assert read_events(tmp_path / "a.tsv") == events


# ---------------------------------------------------------------------- windows


def test_unjudged_time_belongs_to_the_windows_before_and_after():
    recording = Recording(
        np.random.default_rng(0).normal(size=(1, 60 * SFREQ)), SFREQ, ["F3"], offset=100,
        unjudged=((0, 10), (30, 34), (50, 60)),
    )  # fmt: skip
    X = Windows.from_recording(recording, window=2)
    info = X.recordings()["0"]
    assert info.unjudged == ((0, 110), (130, 134), (150, 160))
    assert (info.duration, info.observed) == (160, 36)
    early = X[X.onset < 120].recordings()["0"]
    assert (early.duration, early.observed, early.unjudged) == (120, 10, ((0, 110),))
    some = X[::4].recordings()["0"]
    assert some.unjudged == info.unjudged
    assert X[::5].recordings()["0"].unjudged == info.unjudged[:2]  # the last one may be elsewhere
    assert X.split_channels().recordings()["0/F3"].unjudged == info.unjudged
    again = Windows.concatenate([X[5:], X[:5]])
    assert again.recordings() == X.recordings()


def test_pieces_of_one_record_judge_what_one_of_them_judges():
    signal = np.ones((1, 20 * SFREQ))
    parts = [
        Windows.from_recording(Recording(signal, SFREQ, ["F3"], offset=at), window=2)
        for at in (30, 0, 80)
    ]
    info = Windows.concatenate(parts).recordings()["0"]
    assert info.unjudged == ((20, 30), (50, 80))
    assert (info.duration, info.observed) == (100, 60)


def test_time_shared_with_a_window_is_counted_once():
    recording = Recording(np.ones((1, 20 * SFREQ)), SFREQ, ["F3"], unjudged=((5, 5.5), (9, 10)))
    X = Windows.from_recording(recording, window=4, step=2, max_unjudged=0.25)
    assert len(X) == 9  # none is left out
    info = X.recordings()["0"]
    assert info.observed == info.judged == 18.5
    stream = detector(causal=True, smoothing=0).stream()
    for i in range(len(X)):
        stream.send(X[[i]])
    assert stream.events.recordings == X.recordings()


# ---------------------------------------------------------------------- streams


@pytest.mark.filterwarnings("ignore:.* windows of X stand between gaps")
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_stream_of_windows_tells_what_a_whole_recording_tells(data):
    n = data.draw(st.integers(20, 60))
    amplitude = data.draw(st.lists(st.sampled_from([10, 90]), min_size=n, max_size=n))
    signal = np.repeat(amplitude, 8)[np.newaxis] * np.tile([1.0, -1.0], n * 4)
    cuts = sorted(set(data.draw(st.lists(st.integers(3, n - 3), max_size=3))))
    edges = [0, *cuts, n]
    lengths = [b - a for a, b in itertools.pairwise(edges)]
    pauses = data.draw(st.lists(st.sampled_from([0.25, 0.5, 2.0, 9.0]),
                                min_size=len(lengths), max_size=len(lengths)))  # fmt: skip
    starts = np.cumsum([0, *(a + b for a, b in zip(lengths[:-1], pauses, strict=False))])
    spans = data.draw(st.lists(st.tuples(st.integers(0, 70), st.sampled_from([0.5, 2, 5])),
                               max_size=3))  # fmt: skip
    recording = Recording(
        signal, 8, ["F3"], stretches=tuple(zip(starts.tolist(), lengths, strict=True)),
        unjudged=tuple((a, a + b) for a, b in spans), offset=data.draw(st.sampled_from([0, 7])),
    )  # fmt: skip
    try:
        X = Windows.from_recording(recording, window=2, step=1,
                                   max_unjudged=data.draw(st.sampled_from([0, 0.5])))  # fmt: skip
    except ValueError:
        return  # nothing is left
    model = detector(causal=True, smoothing=2, min_duration=2, merge_gap=3)
    expected = model.predict_events(X)
    stream, at = model.stream(), 0
    while at < len(X):
        size = data.draw(st.integers(1, 9))
        stream.send(X[at : at + size])
        at += size
    assert stream.events == expected
