"""Seconds and channels that cannot be judged: each check on what it is for, and on real EEG."""

import pickle
import warnings

import edfio
import numpy as np
import pytest

from skseizure.datasets import make_recordings
from skseizure.signals import (
    Events,
    RecordInfo,
    Recording,
    Windows,
    check_quality,
    filter_recording,
    mark_quality,
    read_edf,
    read_events,
    read_recording,
    write_events,
)

SFREQ = 256
T = np.arange(60 * SFREQ) / SFREQ
NAMES = ["Fp1", "F3", "C3", "P3", "O1", "F7", "T3", "T5"]


def brain(rng, n=8):
    """Noise with a 1/f spectrum of 30 uV, the same in part in all channels."""
    white = rng.normal(size=(n + 1, len(T)))
    spectrum = np.fft.rfft(white, axis=1)
    spectrum /= np.maximum(np.fft.rfftfreq(len(T), 1 / SFREQ), 0.5)
    noise = np.fft.irfft(spectrum, len(T), axis=1)
    noise = noise[:-1] + noise[-1]
    return 30 * noise / noise.std(axis=1, keepdims=True)


@pytest.fixture
def clean(rng):
    return Recording(brain(rng), SFREQ, NAMES, record="r")


def damage(kind, signal, rng):
    """Spoil a signal, shape (n_channels, n_times)."""
    t = np.arange(signal.shape[1]) / SFREQ
    if kind == "flat":
        return np.zeros_like(signal)
    if kind == "nan":
        return np.full_like(signal, np.nan)
    if kind == "large":
        return signal + 4000 * np.sign(np.sin(2 * np.pi * 0.7 * t)) * rng.uniform(1, 2, len(t))
    if kind == "clipped":
        return np.clip(signal * 20, -20, 20)
    if kind == "calibration":
        return signal * 0 + 50 * np.sign(np.sin(2 * np.pi * 2.3 * t))
    if kind == "mains":
        return signal + 200 * np.sin(2 * np.pi * 50.2 * t)
    assert kind == "muscle"
    return signal + rng.normal(0, 120, signal.shape)


KINDS = ["nan", "flat", "large", "clipped", "calibration", "mains", "muscle"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [[2], [0, 3, 5], list(range(8))], ids=len)
def test_each_check_finds_its_damage_and_no_other(clean, rng, kind, rows):
    data = clean.data.copy()
    part = np.ix_(rows, range(20 * SFREQ, 35 * SFREQ))
    data[part] = damage(kind, data[part], rng)
    if kind == "clipped":  # a converter clips all of a channel at its limits
        data[rows] = np.clip(data[rows], -20, 20)
    quality = check_quality(clean.replace(data=data))
    assert quality.bad.shape == (7, 8, 60)
    found = quality.bad[KINDS.index(kind)]
    if kind != "clipped":
        expected = np.zeros((8, 60), dtype=bool)
        expected[np.ix_(rows, range(20, 35))] = True
        np.testing.assert_array_equal(found, expected)
    else:
        assert found[rows, 20:35].all()
        assert not np.delete(found, rows, axis=0).any()
    others = [i for i, name in enumerate(KINDS) if name != kind]
    assert not quality.bad[others][:, :, 20:35].any() or kind in ("clipped", "large")
    assert kind in repr(quality)
    assert f"<th>{kind} (s)</th>" in quality._repr_html_()


def test_a_clean_recording_is_good(clean):
    quality = check_quality(clean)
    assert not quality.bad.any()
    assert quality.bad_channels() == quality.spans() == []
    assert repr(quality) == "Quality(8 channels, 60 s: good)"
    assert mark_quality(clean).unjudged == ()


def test_generated_recordings_are_good():
    recordings, _ = make_recordings(
        2, 1, duration=120, ictal_fraction=0, artefact_rate=2, random_state=0
    )
    for recording in recordings:
        assert mark_quality(recording).unjudged == ()


def test_real_recordings_are_hardly_touched(data_path):
    """Of 3,685 s of seizures and 2,655 s beside them, clipped at 800 uV by who published them."""
    lost = {True: 0, False: 0}
    for path in sorted((data_path / "chbmit").glob("*/*.edf")):
        recording = mark_quality(read_edf(path, montage="double banana"))
        ((record, events),) = read_events(path.with_name(f"{path.stem}_events.tsv")).by_record()
        for start, end in recording.unjudged:
            ictal = sum(
                min(end, high) - max(start, low)
                for low, high in events.intervals(record)
                if min(end, high) > max(start, low)
            )
            lost[True] += ictal
            lost[False] += end - start - ictal
    assert lost[True] <= 15
    assert lost[False] <= 3


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda data, rng: data[0].__imul__(50), "Fp1"),
        (lambda data, rng: data[3].__imul__(0.02), "P3"),
        (lambda data, rng: data[4].__imul__(0), "O1"),
        (lambda data, rng: data[2].__iadd__(300 * np.sin(2 * np.pi * 60 * T)), "C3"),
    ],
    ids=["loud", "faint", "disconnected", "mains"],
)
def test_a_bad_channel_is_named(clean, rng, spoil, found):
    data = clean.data.copy()
    spoil(data, rng)
    recording = clean.replace(data=data)
    assert check_quality(recording).bad_channels() == [found]
    with pytest.raises(ValueError, match=rf"record 'r' has bad channels: {found} \(Quality"):
        mark_quality(recording)
    dropped = mark_quality(recording, bad_channels="drop")
    assert dropped.ch_names == tuple(name for name in NAMES if name != found)
    filled = mark_quality(recording, bad_channels="nan")
    assert np.isnan(filled.data).all(axis=1).tolist() == [name == found for name in NAMES]
    kept = mark_quality(recording, bad_channels="keep")
    np.testing.assert_array_equal(kept.data, data)
    for marked in (dropped, filled, kept):
        assert marked.unjudged == ()
        assert marked.stretches == clean.stretches


def test_interpolation_is_that_of_mne(clean):
    mne = pytest.importorskip("mne")
    data = clean.data.copy()
    data[2] = 0
    mended = mark_quality(clean.replace(data=data), bad_channels="interpolate")
    np.testing.assert_array_equal(np.delete(mended.data, 2, 0), np.delete(data, 2, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = mne.io.RawArray(data.copy(), mne.create_info(NAMES, SFREQ, "eeg"), verbose="ERROR")
        raw.set_montage(
            "colin27_1005"
            if "colin27_1005" in mne.channels.get_builtin_montages()
            else "standard_1005"
        )
        raw.info["bads"] = ["C3"]
        theirs = raw.interpolate_bads(verbose="ERROR").get_data()[2]
    np.testing.assert_allclose(mended.data[2], theirs, rtol=1e-6, atol=1e-6)
    for names in (["Fp1-F7", *NAMES[1:]], ["X9", *NAMES[1:]], ["Fp1-REF", *NAMES[1:]]):
        with pytest.raises(ValueError, match="cannot be interpolated; electrodes of the 10-20"):
            mark_quality(clean.replace(data=data, ch_names=names), bad_channels="interpolate")


def test_all_channels_at_once_are_no_fault_of_one(clean):
    data = clean.data.copy()
    data[:, : 40 * SFREQ] = 0
    assert mark_quality(clean.replace(data=data)).unjudged == ((0, 40),)
    data[:] = 0
    with pytest.raises(ValueError, match="has bad channels: Fp1, F3"):
        mark_quality(clean.replace(data=data))
    with pytest.raises(ValueError, match="no channel that is good"):
        mark_quality(clean.replace(data=data), bad_channels="drop")
    assert mark_quality(clean.replace(data=data), bad_channels="keep").unjudged == ((0, 60),)


def test_a_share_of_the_channels(clean):
    data = clean.data.copy()
    data[:2, 10 * SFREQ : 20 * SFREQ] = 0
    data[:3, 15 * SFREQ : 20 * SFREQ] = 0
    recording = clean.replace(data=data)
    assert mark_quality(recording).unjudged == ((15, 20),)
    assert mark_quality(recording, max_bad=0).unjudged == ((10, 20),)
    assert mark_quality(recording, max_bad=0.5).unjudged == ()
    assert mark_quality(recording, ["nan"]).unjudged == ()
    for wrong in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match="max_bad is"):
            mark_quality(recording, max_bad=wrong)


@pytest.mark.parametrize("checks", ["flat", [], ["flat", "loud"]])
def test_checks_by_name(clean, checks):
    with pytest.raises(ValueError, match=r"checks is .*; names among nan, flat"):
        check_quality(clean, checks)


def test_nan_ends_a_stretch(clean):
    data = clean.data.copy()
    data[1, 10 * SFREQ : 12 * SFREQ + 50] = np.nan
    data[4, 30 * SFREQ + 7] = np.inf
    marked = mark_quality(clean.replace(data=data))
    assert marked.unjudged == ((10, 13), (30, 31))
    np.testing.assert_allclose(
        marked.stretches,
        [(0, 10), (12 + 50 / 256, 17.83203125), (30 + 8 / 256, 29.96875)],
    )
    assert np.isfinite(marked.data).all()
    X = Windows.from_recording(marked, window=2)
    for onset, window in zip(X.onset, X.data, strict=True):
        at = round(onset * SFREQ)
        np.testing.assert_array_equal(window, clean.data[:, at : at + 2 * SFREQ])
    filter_recording(marked, high=30)  # each stretch by itself
    with pytest.raises(ValueError, match=r"no channel that is good|has bad channels"):
        mark_quality(clean.replace(data=np.full_like(data, np.nan)))


def test_a_last_second_that_is_short(clean):
    quality = check_quality(clean.replace(data=clean.data[:, : 10 * SFREQ + 100]))
    assert quality.onset.tolist() == list(range(11))
    assert quality.duration.tolist() == [1.0] * 10 + [100 / 256]


def test_windows_by_quality(clean):
    data = clean.data.copy()
    data[:, 20 * SFREQ : 30 * SFREQ] = 0
    recording = clean.replace(data=data)
    X = Windows.from_recording(recording, window=4, step=2, quality=True)
    assert X.onset.tolist() == [o for o in range(0, 57, 2) if o + 4 <= 20 or o >= 30]
    more = Windows.from_recording(recording, window=4, step=2, quality=True, max_unjudged=0.5)
    assert more.onset.tolist() == [o for o in range(0, 57, 2) if o + 2 <= 20 or o >= 28]
    assert len(Windows.from_recording(recording, window=4, step=2, quality=["nan"])) == 29
    with pytest.raises(ValueError, match="max_unjudged is 1"):
        Windows.from_recording(recording, window=4, max_unjudged=1)


def test_a_file_that_is_read_lazily(tmp_path, clean):
    data = np.clip(clean.data, -400, 400)
    data[:, 20 * SFREQ : 30 * SFREQ] = 0
    edfio.Edf(
        [
            edfio.EdfSignal(
                row, SFREQ, label=name, physical_dimension="uV", physical_range=(-500, 500)
            )
            for row, name in zip(data, NAMES, strict=True)
        ]
    ).write(tmp_path / "a.edf")
    options = {"window": 4, "step": 2, "quality": True}
    eager = Windows.from_edf(tmp_path / "a.edf", **options)
    lazy = Windows.from_edf(tmp_path / "a.edf", lazy=True, **options)
    assert len(eager) < 29
    np.testing.assert_array_equal(lazy.onset, eager.onset)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(lazy)).data, eager.data)


def test_the_rest_of_a_spoilt_recording_is_that_of_the_clean_one(tmp_path, rng):
    """A gap of 10 minutes, 5 minutes marked BAD, 2 minutes flat: the rest is the same."""
    n, sfreq = 3600, 32
    data = 30 * rng.normal(size=(4, n * sfreq))
    names = ["EEG F3-REF", "EEG C3-REF", "EEG P3-REF", "EEG O1-REF"]
    clean = Recording(data, sfreq, names, record="r")
    spoilt = data.copy()
    spoilt[:, 3000 * sfreq : 3120 * sfreq] = 0
    kept = np.r_[0 : 600 * sfreq, 1200 * sfreq : n * sfreq]
    recording = Recording(
        spoilt[:, kept], sfreq, names, record="r",
        stretches=((0, 600), (1200, 2400)), unjudged=((2000, 2300),),
    )  # fmt: skip
    recording = mark_quality(recording)
    info = recording.info()
    assert info.unjudged == ((600, 1200), (2000, 2300), (3000, 3120))
    assert info.observed == 3600 - 600 - 300 - 120
    whole, rest = (Windows.from_recording(r, window=4, step=2) for r in (clean, recording))
    judged = whole.judged(Events([], [], recordings={"r": info}))
    np.testing.assert_array_equal(rest.onset, whole.onset[judged])
    np.testing.assert_array_equal(rest.data, whole.data[judged])
    events = Events([100.0], [20.0], record="r", recordings={"r": info})
    write_events(events, tmp_path / "r.tsv")
    assert (tmp_path / "r.tsv").read_text().splitlines()[2:] == [
        f"{start}.00\t{length}.00\tn/a\tn/a\tall\tn/a\t3600.00"
        for start, length in ((600, 600), (2000, 300), (3000, 120))
    ]
    assert read_events(tmp_path / "r.tsv") == events


def test_what_is_known_of_a_recording(tmp_path):
    recording = Recording(np.ones((1, 100)), 10, ["a"], patient="p", offset=5.0, unjudged=((2, 3),))
    assert recording.info() == RecordInfo(15.0, patient="p", unjudged=((0, 5), (7, 8)))
    assert recording.replace(offset=0.0, unjudged=()).info() == RecordInfo(10.0, patient="p")


def test_gaps_of_a_file_are_unjudged_in_its_events(tmp_path):
    path = tmp_path / "a.edf"
    signal = edfio.EdfSignal(30.0 * np.sin(T), SFREQ, label="C3", physical_dimension="uV")
    edfio.Edf([signal], annotations=[edfio.EdfAnnotation(3, 2, "seizure")]).write(path)
    raw = path.read_bytes()
    for second in range(30, 60):  # the clock jumps by 100 s
        raw = raw.replace(b"+%d\x14\x14\0\0" % second, b"+%d\x14\x14\0" % (second + 100))
    path.write_bytes(raw)
    with pytest.warns(UserWarning, match="1 gaps, 100 s in all"):
        recording, events = read_recording(path)
    assert events.recordings["a"] == RecordInfo(160.0, unjudged=((30, 130),), start=recording.start)
    assert recording.info() == events.recordings["a"]
