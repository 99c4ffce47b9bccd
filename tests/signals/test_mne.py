"""Windows and recordings out of MNE objects."""

import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from skseizure.signals import (
    Recording,
    Windows,
    filter_recording,
    read_edf,
    resample_recording,
)
from skseizure.signals._mne import fields_from_epochs

mne = pytest.importorskip("mne")
PICKS = ("eeg", "seeg", "ecog")


@pytest.fixture
def raw(rng):
    info = mne.create_info(
        ["F3", "C3", "EOG", "TRIG", "ECG"], 100, ["eeg", "eeg", "eog", "stim", "ecg"], verbose=False
    )
    data = rng.normal(scale=20e-6, size=(5, 1000))
    made = mne.io.RawArray(data, info, verbose=False)
    made.set_meas_date(datetime(2020, 3, 2, 10, 20, 30, tzinfo=UTC))
    return made


def test_volts_become_microvolts(raw):
    before = raw.get_data()
    recording = Recording.from_raw(raw, picks=PICKS, patient="p")
    assert recording.ch_names == ("F3", "C3") and recording.sfreq == 100
    assert (recording.record, recording.patient, recording.offset) == ("0", "p", 0)
    assert recording.start == datetime(2020, 3, 2, 10, 20, 30)
    np.testing.assert_allclose(recording.data, before[:2] * 1e6, rtol=1e-12)
    recording.data[:] = 0
    np.testing.assert_array_equal(raw.get_data(), before)
    assert raw.ch_names == ["F3", "C3", "EOG", "TRIG", "ECG"]


@pytest.mark.parametrize(
    ("picks", "names"),
    [
        (["C3", "F3"], ("C3", "F3")),
        ("eog", ("EOG",)),
        (["eeg", "ecg"], ("F3", "C3", "ECG")),
        ([1], ("C3",)),
        (slice(0, 2), ("F3", "C3")),
    ],
)
def test_picks(raw, picks, names):
    assert Recording.from_raw(raw, picks=picks).ch_names == names


@pytest.mark.parametrize("picks", [["O1"], "mag", [], [9], {}, ["eeg", "O1"]])
def test_picks_that_fit_nothing(raw, picks):
    with pytest.raises(ValueError, match=r"^picks is .*fits no channels .*present are F3, C3, EOG"):
        Recording.from_raw(raw, picks=picks)


def test_picks_that_are_no_voltage(raw):
    with pytest.raises(ValueError, match=r"which takes 'TRIG' \(stim\); channels of voltage"):
        Windows.from_raw(raw, window=1, picks=["F3", "TRIG"])


def test_cropping_and_names(raw, tmp_path):
    path = tmp_path / "night_raw.fif"
    raw.copy().crop(tmin=2).save(path, verbose=False)
    again = mne.io.read_raw_fif(path, verbose=False)  # not preloaded
    X = Windows.from_raw(again, window=1)
    assert set(X.record) == {"night_raw"} and X.onset[0] == 2.0
    np.testing.assert_allclose(X.data[0], raw.get_data()[:2, 200:300] * 1e6, rtol=1e-6, atol=1e-9)
    assert set(Windows.from_raw(again, window=1, record="r", patient="p").record) == {"r"}


def test_raw_from_edf_is_what_read_edf_reads(data_path):
    path = data_path / "edf_corner" / "mne-testing-data__chtypes_edf.edf"
    raw = mne.io.read_raw_edf(path, preload=True, verbose="ERROR")
    ours = read_edf(path, channels=["EEG Fp1-Ref", "EEG Fz-Ref"], dtype=np.float64)
    theirs = Recording.from_raw(raw, picks=["EEG Fp1-Ref", "EEG Fz-Ref"])
    np.testing.assert_allclose(ours.data, theirs.data, rtol=1e-9, atol=1e-6)
    assert (ours.start, ours.record) == (theirs.start, theirs.record)


def test_joined_recordings(raw):
    """MNE marks the join; no window and no filter crosses it."""
    info = mne.create_info(["C3"], 100.0, "eeg", verbose=False)
    parts = [
        mne.io.RawArray(np.full((1, n), x * 1e-6), info, verbose=False)
        for x, n in ((10, 1050), (-10, 950))
    ]
    joined = mne.concatenate_raws(parts, verbose=False)
    X = Windows.from_raw(joined, window=4, step=0.5)
    assert all(len(np.unique(window)) == 1 for window in X.data.round(6))
    assert X.onset.tolist() == [*np.arange(0, 6.6, 0.5), *np.arange(10.5, 16.1, 0.5)]
    assert [len(rows) for rows in X.segments()] == [14, 12]
    X = Windows.from_raw(joined, window=2.1, step=2.1)  # windows meet at the join
    assert [len(rows) for rows in X.segments()] == [5, 4]
    assert len(Windows.from_raw(joined, window=4, reject_by_annotation=False)) == 5
    steady = Windows.from_raw(joined, window=4, preprocess=low_pass)
    np.testing.assert_allclose(np.abs(steady.data), 10, rtol=1e-9)


def low_pass(recording):
    return filter_recording(recording, high=20)


def test_marked_time_is_left_out(raw):
    raw.set_annotations(
        mne.Annotations(
            [1, 4, 7], [1, 1.5, 1], ["bad move", "BAD_ACQ_SKIP", "fine"], raw.info["meas_date"]
        )
    )
    recording = Recording.from_raw(raw, picks=PICKS)
    assert recording.unjudged == ((1.0, 2.0),)
    assert recording.stretches == ((0.0, 4.0), (5.5, 4.5))
    assert recording.duration == 10
    X = Windows.from_raw(raw, window=1)
    assert X.onset.tolist() == [0, 2, 3, 5.5, 6.5, 7.5, 8.5]
    for onset, window in zip(X.onset, X.data, strict=True):
        at = round(onset * 100)
        np.testing.assert_allclose(window, raw.get_data()[:2, at : at + 100] * 1e6)
    half = resample_recording(recording, 50)
    assert half.stretches == recording.stretches
    assert half.data.shape == (2, 425)
    raw.set_annotations(mne.Annotations([0], [10], ["BAD_ACQ_SKIP"], raw.info["meas_date"]))
    with pytest.raises(ValueError, match="BAD_ACQ_SKIP throughout"):
        Windows.from_raw(raw, window=1)


def test_bad_channels():
    names = ["F3", "F4", "C3", "C4", "P3", "P4"]
    places = 0.095 * np.array([[x, y, 0.6] for y in (0.6, 0, -0.6) for x in (-0.5, 0.5)])
    montage = mne.channels.make_dig_montage(
        dict(zip(names, places, strict=True)), coord_frame="head"
    )
    info = mne.create_info(names, 100, "eeg", verbose=False)
    signal = 20e-6 * np.sin(np.arange(1000) / 9)
    raw = mne.io.RawArray(np.tile(signal, (6, 1)), info, verbose=False).set_montage(montage)
    raw._data[2] = 3e-3
    raw.info["bads"] = ["C3"]
    with pytest.raises(ValueError, match=r"raw\.info\['bads'\] lists C3 among the picked channels"):
        Windows.from_raw(raw, window=1)
    kept = {
        how: Recording.from_raw(raw, bad_channels=how)
        for how in ("keep", "drop", "nan", "interpolate")
    }
    assert kept["keep"].data[2].tolist() == [3000.0] * 1000
    assert kept["drop"].ch_names == ("F3", "F4", "C4", "P3", "P4")
    assert np.isnan(kept["nan"].data).any(axis=1).tolist() == [c == "C3" for c in names]
    np.testing.assert_allclose(kept["interpolate"].data[2], signal * 1e6, atol=2)
    assert Recording.from_raw(raw, picks=["F3"]).ch_names == ("F3",)
    with pytest.raises(ValueError, match="lists all picked channels"):
        Recording.from_raw(raw, picks=["C3"], bad_channels="drop")
    with pytest.raises(ValueError, match="bad_channels is 'mend'"):
        Recording.from_raw(raw, bad_channels="mend")
    assert raw.info["bads"] == ["C3"]


@pytest.mark.parametrize(("factor", "message"), [(1e6, "far more than EEG"), (1e-6, "far less")])
def test_amplitudes_that_are_not_volts(raw, factor, message):
    raw._data *= factor
    with pytest.warns(UserWarning, match=message):
        Windows.from_raw(raw, window=1, picks="eeg")


def epochs_at(raw, samples, **kwargs):
    events = np.column_stack([samples, np.zeros_like(samples), np.ones_like(samples)])
    kwargs = {"tmin": 0, "tmax": 0.99, "baseline": None, "picks": "all"} | kwargs
    return mne.Epochs(raw, events, verbose=False, **kwargs)


def test_epochs(raw):
    epochs = epochs_at(raw, [0, 200, 350, 950])  # the last is too short: MNE drops it
    X = Windows.from_epochs(epochs, record="r", patient="p")
    assert X.shape == (3, 2, 100) and X.ch_names == ("F3", "C3")
    assert X.onset.tolist() == [0, 2, 3.5] and X.step == 1.5
    assert set(X.record) == {"r"} and set(X.patient) == {"p"}
    np.testing.assert_allclose(X.data[1], raw.get_data()[:2, 200:300] * 1e6, rtol=1e-12)
    assert len(epochs.events) == 4  # not touched


def test_epochs_begin_before_their_event(raw):
    fields = fields_from_epochs(epochs_at(raw, [200, 500], tmin=-0.5, tmax=0.5), picks=PICKS)
    assert fields["onset"].tolist() == [1.5, 4.5] and fields["step"] == 3.0


@pytest.mark.parametrize("method", ["resample", "decimate"])
def test_epochs_keep_their_time_when_resampled(raw, method):
    epochs = epochs_at(raw, [100, 300], preload=True)
    if method == "resample":
        epochs.resample(50, verbose=False)
    else:
        epochs.decimate(2, verbose="ERROR")
    fields = fields_from_epochs(epochs, picks=PICKS)
    assert fields["sfreq"] == 50 and fields["onset"].tolist() == [1, 3]


def test_epochs_refused(raw):
    single = fields_from_epochs(epochs_at(raw, [100]), picks=PICKS)
    assert single["step"] is None
    with pytest.raises(ValueError, match="picks is 'mag', which fits no channels"):
        Windows.from_epochs(epochs_at(raw, [100]), picks="mag")
    with (
        pytest.warns(RuntimeWarning, match="All epochs were dropped"),
        pytest.raises(ValueError, match="no epoch that is not dropped"),
    ):
        fields_from_epochs(epochs_at(raw, [980]), picks=PICKS)
    with pytest.raises(TypeError, match=r"epochs is a RawArray; an mne\.Epochs object"):
        fields_from_epochs(raw, picks=PICKS)
    with pytest.raises(TypeError, match=r"raw is a ndarray; an mne\.io\.Raw object"):
        Recording.from_raw(np.zeros((2, 5)), picks=PICKS)


def test_importing_signals_is_light():
    code = (
        "import sys, skseizure.signals, skseizure.signals._mne, skseizure.signals._edf\n"
        "heavy = {'mne', 'matplotlib', 'edfio', 'scipy.signal', 'torch', 'numba', 'pandas'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
