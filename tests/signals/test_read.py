"""read_recording: every format by one door, against MNE."""

import pickle
import subprocess
import sys
import warnings
from datetime import datetime

import edfio
import numpy as np
import pytest

from skseizure.signals import (
    Events,
    MissingChannelsError,
    RecordInfo,
    Recording,
    Windows,
    filter_recording,
    read_edf,
    read_recording,
    resample_recording,
    to_bipolar,
)

mne = pytest.importorskip("mne")
NAMES = ["Fp1", "F7", "T3", "C3"]


@pytest.fixture
def signal(rng):
    """Four channels of 40 s at 128 Hz in microvolts."""
    return rng.normal(0, 50, (4, 40 * 128))


def brain_vision(folder, signal, marks=(), unit="µV"):
    """Write a BrainVision recording by hand, with a resolution of 0.1 of the unit."""
    lines = [f"Ch{i}={name},,0.1,{unit}" for i, name in enumerate(NAMES, 1)]
    (folder / "night.vhdr").write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nCodepage=UTF-8\n"
        "DataFile=night.eeg\nMarkerFile=night.vmrk\nDataFormat=BINARY\n"
        "DataOrientation=MULTIPLEXED\nNumberOfChannels=4\nSamplingInterval=7812.5\n"
        "[Binary Infos]\nBinaryFormat=INT_16\n[Channel Infos]\n" + "\n".join(lines) + "\n",
        encoding="utf-8",
    )
    lines = [
        f"Mk{i}={kind},{text},{int(onset * 128) + 1},{int(length * 128)},0"
        for i, (kind, text, onset, length) in enumerate(marks, 2)
    ]
    (folder / "night.vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n[Common Infos]\nCodepage=UTF-8\n"
        "DataFile=night.eeg\n[Marker Infos]\nMk1=New Segment,,1,1,0,20200302102030000000\n"
        + "\n".join(lines)
        + "\n",
        encoding="utf-8",
    )
    (folder / "night.eeg").write_bytes(np.round(signal.T * 10).astype("<i2").tobytes())
    return folder / "night.vhdr"


def edf(path, signal, annotations=(), names=NAMES):
    edfio.Edf(
        [
            edfio.EdfSignal(
                row, 128, label=name, physical_dimension="uV", physical_range=(-500, 500)
            )
            for row, name in zip(signal, names, strict=True)
        ],
        annotations=[edfio.EdfAnnotation(*one) for one in annotations],
    ).write(path)
    return path


def fif(path, signal, **marks):
    info = mne.create_info(NAMES, 128, "eeg", verbose=False)
    raw = mne.io.RawArray(signal * 1e-6, info, verbose=False)
    if marks:
        raw.set_annotations(mne.Annotations(**marks))
    raw.save(path, verbose=False)
    return path


def same(one, other):
    for name in ("sfreq", "ch_names", "record", "patient", "start", "offset", "original_sfreq"):
        assert getattr(one, name) == getattr(other, name)
    assert one.stretches == other.stretches
    assert one.unjudged == other.unjudged
    np.testing.assert_array_equal(np.asarray(one.data), np.asarray(other.data))


SEIZURE = [("Comment", "Seizure", 10, 8), ("Comment", "BAD move", 30, 2)]


@pytest.mark.parametrize("lazy", [False, True])
def test_brain_vision(tmp_path, signal, lazy):
    path = brain_vision(tmp_path, signal, SEIZURE)
    types = {"New Segment/": "other", "Comment/Seizure": "sz", "Comment/BAD move": "unjudged"}
    recording, events = read_recording(path, types=types, patient="p", lazy=lazy)
    np.testing.assert_allclose(recording.data, signal, atol=0.051)
    assert recording.data.dtype == np.float32
    assert isinstance(recording.data, np.ndarray) != lazy
    assert (recording.record, recording.patient) == ("night", "p")
    assert recording.start == datetime(2020, 3, 2, 10, 20, 30)
    assert recording.unjudged == ((30, 32),)
    assert events.intervals("night").tolist() == [[10, 18]]
    assert events.recordings["night"] == RecordInfo(
        40.0, patient="p", start=recording.start, unjudged=((30, 32),)
    )
    X = Windows.from_recording(recording, window=2)
    assert 30 not in X.onset
    assert X.labels(events).sum() == 4
    bipolar, _ = read_recording(path, types=types, montage=["Fp1-F7", "F7-T7"], lazy=lazy)
    np.testing.assert_allclose(bipolar.data, -np.diff(signal[:3], axis=0), atol=0.11)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"montage": ["Fp1-F7", "F7-T3"]},
        {"channels": ["C3", "F7"]},
        {"resample_to": 100},
        {"montage": ["F7-C3"], "resample_to": 100, "dtype": np.float64},
        {"preprocess": lambda recording: filter_recording(recording, high=30)},
    ],
    ids=lambda options: " ".join(options) or "plain",
)
@pytest.mark.parametrize("kind", ["edf", "fif", "vhdr"])
def test_lazy_is_the_same(tmp_path, signal, options, kind):
    path = {
        "edf": lambda: edf(tmp_path / "night.edf", signal),
        "fif": lambda: fif(tmp_path / "night_raw.fif", signal),
        "vhdr": lambda: brain_vision(tmp_path, signal),
    }[kind]()
    options = {"types": {"*": "other"}} | options
    eager, _ = read_recording(path, **options)
    lazy, _ = read_recording(path, lazy=True, **options)
    same(eager, lazy)
    assert isinstance(eager.data, np.ndarray)
    assert not isinstance(lazy.data, np.ndarray)
    assert eager.data.dtype == options.get("dtype", np.float32)
    X, late = (Windows.from_recording(r, window=2, step=1) for r in (eager, lazy))
    np.testing.assert_array_equal(late[[5, 2]].data, X[[5, 2]].data)
    if "preprocess" not in options:
        again = pickle.loads(pickle.dumps(late[3:5]))
        np.testing.assert_array_equal(again.data, X[3:5].data)
    if set(options) <= {"types", "channels"}:
        truth = signal[[3, 1]] if "channels" in options else signal
        np.testing.assert_allclose(eager.data, truth, atol=0.06)


def test_edf_is_that_of_read_edf(tmp_path, signal):
    path = edf(tmp_path / "night.edf", signal)
    recording, events = read_recording(path, patient="p")
    same(recording, read_edf(path, patient="p"))
    assert len(events) == 0
    assert events.recordings == {"night": RecordInfo(40.0, patient="p", start=recording.start)}
    resampled, _ = read_recording(path, resample_to=100)
    same(resampled, read_edf(path, resample_to=100))


@pytest.mark.parametrize("kind", ["edf", "fif"])
def test_annotations_are_those_of_mne(tmp_path, signal, kind):
    marks = [(5.5, 6.0, "Seizure 1"), (20, None, "sz onset"), (26, None, "sz end"), (30, 4, "BAD")]
    if kind == "edf":
        path = edf(tmp_path / "night.edf", signal, marks)
    else:
        onset, duration, text = zip(*marks, strict=True)
        path = fif(
            tmp_path / "night_raw.fif", signal,
            onset=onset, duration=[d or 0 for d in duration], description=text,
        )  # fmt: skip
    recording, events = read_recording(path)
    name = path.stem
    assert events.intervals(name).tolist() == [[5.5, 11.5], [20, 26]]
    assert recording.unjudged == events.recordings[name].unjudged == ((30, 34),)
    read = mne.io.read_raw_edf if kind == "edf" else mne.io.read_raw_fif
    raw = read(path, verbose="ERROR")
    theirs = Events.from_annotations(raw, record=name)
    assert list(map(repr, events)) == list(map(repr, theirs))
    assert events.recordings[name].unjudged == theirs.recordings[name].unjudged


def test_annotations_that_nobody_knows(tmp_path, signal):
    marks = [(3, 2, "eyes open"), (9, None, "cough"), (20, 4, "seizure"), (30, 1, "eyes open")]
    path = edf(tmp_path / "night.edf", signal, marks)
    with pytest.warns(UserWarning, match=r"night\.edf: nobody knows .* 2 of 'eyes open', 1 of 'co"):
        recording, events = read_recording(path)
    assert recording.unjudged == ()
    assert events.intervals("night").tolist() == [[20, 24]]
    assert events.recordings["night"].unjudged == ((3, 5), (30, 31))
    recording, events = read_recording(path, types={"*": "other"})
    assert events.recordings["night"].unjudged == ()
    path = edf(tmp_path / "night.edf", signal, [(3, None, "seizure")])
    with pytest.raises(ValueError, match=r"night\.edf: 1 seizures have no length, the first at 3"):
        read_recording(path)


def test_joins_and_gaps_of_mne(tmp_path, signal):
    path = fif(
        tmp_path / "night_raw.fif", signal,
        onset=[10, 20], duration=[0, 5], description=["BAD boundary", "BAD_ACQ_SKIP"],
    )  # fmt: skip
    for lazy in (False, True):
        recording, _ = read_recording(path, lazy=lazy)
        assert recording.stretches == ((0, 10), (10, 10), (25, 15))
        pieces = [signal[:, : 20 * 128], signal[:, 25 * 128 :]]
        np.testing.assert_allclose(recording.data, np.concatenate(pieces, axis=1), atol=1e-3)
        whole, _ = read_recording(path, on_gap="ignore", lazy=lazy)
        assert whole.stretches == ((0, 40),)
        slow, _ = read_recording(path, resample_to=64, lazy=lazy)
        np.testing.assert_array_equal(slow.data, resample_recording(recording.load(), 64).data)
    with pytest.raises(ValueError, match="has gaps, or joins several recordings"):
        read_recording(path, on_gap="raise")


def test_units_that_mne_does_not_know(tmp_path, signal):
    path = brain_vision(tmp_path, signal, unit="")
    recording, _ = read_recording(path, types={"*": "other"})  # BrainVision's default is uV
    np.testing.assert_allclose(recording.data, signal, atol=0.051)
    path = edf(tmp_path / "night.edf", signal)
    raw = path.read_bytes()
    at = 256 + int(raw[252:256]) * (16 + 80)
    path.write_bytes(raw[:at] + b"?V      " * 4 + raw[at + 32 :])
    odd = mne.io.read_raw_edf(path, verbose="ERROR")
    with pytest.warns(UserWarning) as caught:
        Recording.from_raw(odd)
    assert "MNE does not know the unit of 4 of 4 channels (Fp1, F7, T3, C3)" in str(
        caught[0].message
    )
    given = Recording.from_raw(odd, units="uV")
    np.testing.assert_allclose(given.data, signal, atol=0.06)
    given = Recording.from_raw(odd, units=dict.fromkeys(NAMES, "mV"))
    np.testing.assert_allclose(given.data, signal * 1e3, atol=60)
    with pytest.raises(ValueError, match="units names O9, which are not there"):
        Recording.from_raw(odd, units={"O9": "uV"})
    known = mne.io.read_raw_edf(edf(tmp_path / "b.edf", signal), verbose="ERROR")
    with pytest.raises(ValueError, match="units names C3, whose unit MNE reads"):
        Recording.from_raw(known, units={"C3": "mV"})
    with pytest.raises(ValueError, match="units is 'Hz'"):
        Recording.from_raw(known, units="Hz")


def test_a_file_of_mne_that_changed(tmp_path, signal):
    path = fif(tmp_path / "night_raw.fif", signal)
    recording, _ = read_recording(path, lazy=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mne.io.read_raw_fif(path, preload=True, verbose="ERROR").crop(tmax=20).save(
            path, overwrite=True, verbose="ERROR"
        )
    with pytest.raises(ValueError, match=r"night_raw\.fif: has changed since it was opened"):
        recording.load()


def test_a_corner_file(data_path):
    path = data_path / "edf_corner" / "mne-testing-data__test_1ch.gdf"
    recording, events = read_recording(path, types={"*": "other"})
    raw = mne.io.read_raw_gdf(path, verbose="ERROR", preload=True)
    assert recording.ch_names == tuple(raw.ch_names)
    np.testing.assert_allclose(recording.data, raw.get_data() * 1e6, rtol=1e-6)
    assert len(events) == 0


def test_what_cannot_be_read(tmp_path, signal):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read_recording(tmp_path / "none.edf")
    path = tmp_path / "night.xyz"
    path.write_text("hello")
    with pytest.raises(ValueError, match=r"night\.xyz: MNE cannot read it"):
        read_recording(path)
    broken = tmp_path / "night.edf"
    broken.write_text("hello")
    with pytest.raises(ValueError, match="neither EDF nor BDF"):
        read_recording(broken)
    path = fif(tmp_path / "night_raw.fif", signal)
    with pytest.raises(MissingChannelsError, match="'night_raw' has no channels for C3-P3"):
        read_recording(path, montage=["C3-P3"])
    for wrong in (0, -5, np.nan):
        with pytest.raises(ValueError, match="resample_to is"):
            read_recording(path, resample_to=wrong)
    with pytest.raises(ValueError, match="on_gap is 'fill'"):
        read_recording(path, on_gap="fill")


def test_without_mne(tmp_path, signal):
    path = brain_vision(tmp_path, signal)
    code = (
        "import sys; sys.modules['mne'] = None\n"
        "from skseizure.signals import read_recording\n"
        f"read_recording({str(path)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ImportError" in done.stderr
    assert "night.vhdr is neither EDF nor BDF; MNE reads other formats: pip install" in done.stderr


def test_montage_of_a_recording_in_memory(tmp_path, signal):
    path = fif(tmp_path / "night_raw.fif", signal)
    whole, _ = read_recording(path)
    same(to_bipolar(whole, ["Fp1-F7"]), read_recording(path, montage=["Fp1-F7"])[0])
