"""Samples that arrive in chunks of any length, against the whole recording at once."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseizure.postprocessing import SeizureDetector
from skseizure.signals import RecordInfo, Recording, Windows

from ._toys import Loud

SFREQ = 8
NAMES = ("F3", "C3")


def detector(window=2.0, step=1.0, **params):
    X = Windows(np.ones((2, 2, int(window * SFREQ))), sfreq=SFREQ, step=step, ch_names=NAMES)
    return SeizureDetector(Loud(), causal=True, **params).fit(X, [0, 1])


def at_once(model, blocks, window, step, quality):
    """Detect in a recording that is put together sample by sample."""
    times, columns, unjudged = [], [], []
    now = blocks[0][0]
    for start, samples in blocks:
        if start > now:
            unjudged.append((now, start))
        now = start + samples.shape[1] / SFREQ
        for i, column in enumerate(samples.T):
            time = start + i / SFREQ
            if np.isfinite(column).all():
                times.append(time)
                columns.append(column)
            else:
                unjudged.append((time, time + 1 / SFREQ))
    stretches = []
    for time in times:
        if not stretches or time > sum(stretches[-1]):
            stretches.append((time, 0.0))
        stretches[-1] = (stretches[-1][0], stretches[-1][1] + 1 / SFREQ)
    data = np.transpose(columns)
    if quality:
        at = 0
        for start, length in stretches:
            for second in np.arange(0, length, 1.0):
                cell = data[:, at + int(second * SFREQ) : at + int(min(second + 1, length) * SFREQ)]
                if (np.ptp(cell, axis=1) < 0.5).any():  # one of two channels is enough
                    unjudged.append((start + second, start + min(second + 1, length)))
            at += int(length * SFREQ)
    offset = times[0]
    recording = Recording(
        data,
        SFREQ,
        NAMES,
        record="live",
        offset=offset,
        stretches=tuple((start - offset, length) for start, length in stretches),
        unjudged=tuple((start - offset, end - offset) for start, end in unjudged),
    )
    return model.predict_events(Windows.from_recording(recording, window=window, step=step))


@st.composite
def amplifiers(draw):
    """Blocks of samples, the times at which they begin, and the lengths of chunks."""
    blocks, now = [], 0.0
    for i in range(draw(st.integers(1, 3))):
        now += draw(st.sampled_from([0, 0.5, 4, 30])) if i == 0 else draw(st.sampled_from([1, 7]))
        runs = draw(
            st.lists(
                st.tuples(st.sampled_from([10, 10, 90, 90, 0, np.nan]), st.integers(1, 60)),
                min_size=1,
                max_size=6,
            )
        )
        values = np.repeat([v for v, _ in runs], [n for _, n in runs])
        samples = values * np.where(np.arange(len(values)) % 2, 1, -1) * np.ones((2, 1))
        blocks.append((now, samples))
        now += len(values) / SFREQ
    sizes = draw(st.lists(st.sampled_from([1, 2, 3, 5, 8, 40, 500]), min_size=1, max_size=8))
    return blocks, sizes


def pushed(stream, blocks, sizes):
    turn = 0
    for start, samples in blocks:
        at = 0
        while at < samples.shape[1]:
            size = sizes[turn % len(sizes)]
            stream.push(samples[:, at : at + size], start=None if at else start, record="live")
            at, turn = at + size, turn + 1
    return stream.events


@pytest.mark.filterwarnings("ignore:.* windows of X stand between gaps")
@settings(max_examples=50, deadline=None)
@given(amplifiers(), st.booleans(), st.sampled_from([(2, 1), (1, 1), (1.5, 0.5), (1, 3)]))
def test_any_chunks_give_what_the_whole_recording_gives(arrived, quality, cut):
    blocks, sizes = arrived
    window, step = cut
    model = detector(window, step, smoothing=2, min_duration=1, merge_gap=2)
    checks = ["flat"] if quality else False
    found = pushed(model.stream(quality=checks), blocks, sizes)
    assert pushed(model.stream(quality=checks), blocks, [10**6]) == found
    try:
        expected = at_once(model, blocks, window, step, quality)
    except (ValueError, IndexError):  # no window is left, or no sample
        assert len(found) == 0
        assert all(info.observed == 0 for info in found.recordings.values())
        return
    if found != expected:
        # The last second is judged when it is whole, or when the signal ends.
        assert quality
        last = blocks[-1][0] + blocks[-1][1].shape[1] / SFREQ
        info, whole = found.info("live"), expected.info("live")
        assert info.observed <= whole.observed
        assert whole.duration > last - 1
        end = info.duration
        assert [e for e in found if e.offset < end - 1] == [
            e for e in expected if e.offset < end - 1
        ]


def test_by_hand():
    """Loud from second 10 on; an alarm when two windows of 2 s have been loud."""
    signal = np.where(np.arange(30 * SFREQ) < 10 * SFREQ, 10.0, 90.0) * np.tile([1, -1], 120)
    stream = detector(2, 2, smoothing=0, min_duration=4).stream()
    told = []
    for i in range(0, 30 * SFREQ, SFREQ):
        found = stream.push(signal[i : i + SFREQ] * np.ones((2, 1)))
        told.append((len(found), len(stream.ongoing)))
    changed = [1 if i in (13, 15, 17, 19, 21, 23, 25, 27, 29) else 0 for i in range(30)]
    assert told == [(n, int(i >= 13)) for i, n in enumerate(changed)]
    assert (stream.events.onset.tolist(), stream.events.duration.tolist()) == ([12.0], [18.0])


def test_what_is_lost_is_told_before_any_window_is_there():
    stream = detector().stream()
    assert stream.push(np.ones((2, 4))).recordings == {}
    assert stream.push(np.full((2, 12), np.nan)).recordings == {
        "0": RecordInfo(2.0, 0.0, None, None, ((0.5, 2.0),))
    }
    assert stream.events.recordings["0"].unjudged == ((0.5, 2.0),)
    assert len(stream.ongoing) == 0


def test_jitter_of_a_clock_is_no_gap():
    stream = detector().stream()
    stream.push(np.ones((2, 16)), start=100.0)
    stream.push(np.ones((2, 16)), start=102.06)
    stream.push(np.ones((2, 16)), start=103.95)
    assert stream.events.info("0").unjudged == ((0.0, 100.0),)
    with pytest.raises(ValueError, match=r"start is 105\.5 s, .* up to 106 s; .* order of time"):
        stream.push(np.ones((2, 16)), start=105.5)
    stream.push(np.ones((2, 16)), start=107.0)
    assert stream.events.info("0").unjudged == ((0.0, 100.0), (106.0, 107.0))


def test_a_ring_buffer_may_be_written_over_and_a_stream_pickled():
    rng = np.random.default_rng(0)
    signal = (rng.normal(scale=40, size=(2, 400))).astype(np.float32)
    model = detector(smoothing=3)
    expected = model.stream()
    expected.push(signal)
    stream, buffer = model.stream(), np.empty((2, 5), np.float32)
    for i in range(0, 400, 5):
        buffer[:] = signal[:, i : i + 5]
        stream.push(buffer)
        stream = pickle.loads(pickle.dumps(stream))
    assert stream.events == expected.events
    assert len(pickle.dumps(stream)) < 4000


def test_records_do_not_meet():
    model = detector(smoothing=0)
    stream = model.stream()
    loud = 90 * np.tile([1.0, -1.0], 40) * np.ones((2, 1))
    for i in range(0, 80, 10):
        stream.push(loud[:, i : i + 10], record="a", patient="p")
        stream.push(loud[:, i : i + 10] / 9, record="b")
    assert stream.events.record.tolist() == ["a"]
    assert [info.patient for info in stream.events.recordings.values()] == ["p", None]
    with pytest.raises(ValueError, match="'a' is of patient 'p'; patient is 'q' now"):
        stream.push(loud, record="a", patient="q")


def test_an_error_inside_leaves_the_stream_as_it_was():
    class Moody(Loud):
        fails = False

        def predict_proba(self, X):
            if Moody.fails:
                raise RuntimeError("lost")
            return super().predict_proba(X)

    X = Windows(np.ones((2, 2, 16)), sfreq=SFREQ, ch_names=NAMES)
    stream = SeizureDetector(Moody(), causal=True).fit(X, [0, 1]).stream()
    samples = np.random.default_rng(0).normal(scale=60, size=(2, 200))
    stream.push(samples[:, :50])
    before = stream.events
    Moody.fails = True
    with pytest.raises(RuntimeError, match="lost"):
        stream.push(samples[:, 50:])
    assert stream.events == before
    Moody.fails = False
    stream.push(samples[:, 50:])
    whole = SeizureDetector(Loud(), causal=True).fit(X, [0, 1]).stream()
    whole.push(samples)
    assert stream.events == whole.events


def test_how_to_cut_comes_from_training_or_is_given():
    model = detector()
    assert model.windows_in_ == {"sfreq": 8.0, "window": 2.0, "step": 1.0, "ch_names": NAMES}
    given = model.stream(sfreq=16, window=1, ch_names=["a"])
    given.push(np.random.default_rng(0).normal(size=40))
    assert given.events.info("0").observed == 2
    unknown = SeizureDetector(Loud(), causal=True).fit(np.ones((2, 2, 16)), [0, 1])
    with pytest.raises(ValueError, match=r"not fitted on Windows.*pass sfreq and window"):
        unknown.stream().push(np.ones((2, 4)))
    assert not hasattr(model.fit(np.ones((2, 2, 16)), [0, 1]), "windows_in_")


def test_what_is_no_sample_is_refused():
    stream = detector().stream()
    for wrong in (np.ones((3, 8)), np.ones(8), 1.0):
        with pytest.raises(ValueError, match=r"samples has shape .*; \(2, n\) is needed.* F3, C3"):
            stream.push(wrong)
    for strange in ([["a"], ["b"]], np.ones((2, 2), dtype=complex), None):
        with pytest.raises(ValueError, match="samples has dtype"):
            stream.push(strange)
    for start in (-1.0, np.nan):
        with pytest.raises(ValueError, match=r"start is .*; seconds from the record's start"):
            stream.push(np.ones((2, 8)), start=start)
    with pytest.raises(ValueError, match="checks is 'flat'"):
        detector().stream(quality="flat")
    assert stream.push(np.ones((2, 0))).recordings == {}


def test_volts_are_noticed():
    samples = np.random.default_rng(0).normal(scale=30e-6, size=(2, 800))
    with pytest.warns(UserWarning, match="typically deviates by .* 1e6 if they are in volts"):
        detector().stream().push(samples)
