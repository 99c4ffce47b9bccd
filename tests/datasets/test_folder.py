"""Any folder of EDF files with tables of events beside them."""

import contextlib

import edfio
import numpy as np
import pytest

from skseizure.datasets import load_edf_folder, make_recordings
from skseizure.signals import write_events
from skseizure.signals._edf_file import EdfFile

TABLE = "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n"
SEIZURE = TABLE + "2.00\t4.00\tsz\tn/a\tall\tn/a\t12.00\n"


@pytest.fixture
def add(tmp_path, write_edf, chbmit_channels):
    """Write a record of 12 s with a seizure from 2 s to 6 s."""

    def add(name, table="{}.tsv"):
        path = tmp_path / name
        write_edf(path, chbmit_channels, 12, 64)
        path.with_name(table.format(path.stem)).write_text(SEIZURE)
        return path

    return add


def patients(X):
    """Return the patient of each record."""
    return dict(zip(X.record.tolist(), X.patient.tolist(), strict=True))


def test_records_labels_and_events(add, tmp_path):
    add("p1/a.edf", "{}_events.tsv")
    add("p2/b.EDF")
    X, y, events = load_edf_folder(tmp_path, step=2, return_events=True)
    assert X.shape == (10, 18, 256) and X.sfreq == 64
    assert patients(X) == {"p1/a": "p1", "p2/b": "p2"}
    assert sorted(events.recordings) == ["p1/a", "p2/b"]
    np.testing.assert_array_equal(y, [1, 1, 1, 0, 0] * 2)


def test_the_patient_is_the_first_folder_below_path(add, tmp_path):
    add("p1/s1/x.edf")
    add("p2/s1/y.edf")
    add("p2/s2/deep/z.edf")
    X, _ = load_edf_folder(tmp_path)
    assert patients(X) == {"p1/s1/x": "p1", "p2/s1/y": "p2", "p2/s2/deep/z": "p2"}


def test_files_in_path_itself_belong_to_the_patient_of_its_name(add, tmp_path, monkeypatch):
    add("ward/x.edf")
    X, _ = load_edf_folder(tmp_path / "ward")
    assert patients(X) == {"x": "ward"}
    monkeypatch.chdir(tmp_path / "ward")
    X, _ = load_edf_folder(".")
    assert patients(X) == {"x": "ward"}


def test_bids_names(add, tmp_path):
    name = "sub-07_ses-01_task-szMonitoring_run-00"
    edf = add(f"raw/sub-07/ses-01/eeg/{name}_eeg.edf", "elsewhere.tsv")
    with pytest.raises(FileNotFoundError, match=r"run-00_eeg.edf has no table of events beside"):
        load_edf_folder(tmp_path)
    edf.with_name(f"{name}_events.tsv").write_text(SEIZURE)
    X, _ = load_edf_folder(tmp_path)
    assert patients(X) == {f"raw/sub-07/ses-01/eeg/{name}_eeg": "sub-07"}


def test_two_files_of_one_record_are_refused(add, tmp_path):
    add("p1/a.edf")
    add("p1/b.edf")
    add("p1/a.bdf")
    with pytest.raises(ValueError, match=r"p1/a\.bdf and \S*p1/a\.edf would be one record"):
        load_edf_folder(tmp_path)


def test_nothing_to_load(tmp_path):
    with pytest.raises(FileNotFoundError, match="no EDF or BDF file"):
        load_edf_folder(tmp_path)
    with pytest.raises(ValueError, match="on_missing is 'drop'"):
        load_edf_folder(tmp_path, on_missing="drop")


def test_a_bar_only_if_asked(add, tmp_path, capsys):
    add("p1/a.edf")
    load_edf_folder(tmp_path)
    assert not capsys.readouterr().err
    load_edf_folder(tmp_path, verbose=True)
    assert "1/1" in capsys.readouterr().err


def test_channels_without_voltage_are_named_unless_a_montage_chooses(tmp_path):
    (recording,), events = make_recordings(1, 1, duration=60, ictal_fraction=0, random_state=0)
    signals = [
        edfio.EdfSignal(channel, recording.sfreq, label=name, physical_dimension="uV")
        for channel, name in zip(recording.data, recording.ch_names, strict=True)
    ]
    pulse = np.linspace(0, 100, recording.data.shape[1])
    signals.append(edfio.EdfSignal(pulse, recording.sfreq, label="SpO2", physical_dimension="%"))
    edfio.Edf(signals).write(tmp_path / "a.edf")
    write_events(events, tmp_path / "a.tsv")
    X, _ = load_edf_folder(tmp_path)  # a warning would be an error here
    with pytest.warns(UserWarning, match="left out 'SpO2'"):
        alone, _ = load_edf_folder(tmp_path, montage=None)
    assert X.ch_names == alone.ch_names


def rough(recording):
    return recording.replace(data=recording.data.round())


@pytest.mark.parametrize(
    "options",
    [
        {"montage": None, "step": 2},
        {},
        {"sfreq": 50},
        {"preprocess": rough, "return_events": True},
        {"on_error": "skip", "montage": ["FP1-F7", "F7-T7"], "return_events": True},
    ],
    ids=lambda options: " ".join(options) or "defaults",
)
def test_lazy_is_the_same(add, tmp_path, write_edf, options):
    for name in ("p1/a.edf", "p2/b.edf"):
        add(name)
    if "on_error" in options:
        write_edf(tmp_path / "p3" / "odd.edf", ["A1", "A2"], 12, 64)
        (tmp_path / "p3" / "odd.tsv").write_text(SEIZURE)
    skipped = pytest.warns(UserWarning, match="left out 1: p3/odd")
    with skipped if "on_error" in options else contextlib.nullcontext():
        X, y, *events = load_edf_folder(tmp_path, **options)
    with skipped if "on_error" in options else contextlib.nullcontext():
        lazy, lazy_y, *lazy_events = load_edf_folder(tmp_path, lazy=True, **options)
    assert (lazy.ch_names, lazy.sfreq, lazy.step) == (X.ch_names, X.sfreq, X.step)
    for name in ("record", "onset", "patient", "data"):
        np.testing.assert_array_equal(getattr(lazy, name), getattr(X, name))
    np.testing.assert_array_equal(lazy_y, y)
    for found, expected in zip(lazy_events, events, strict=True):
        assert found.recordings == expected.recordings
        np.testing.assert_array_equal(found.onset, expected.onset)


def test_lazy_reads_no_samples(add, tmp_path, monkeypatch):
    add("p1/a.edf")
    reads = []
    decoded = EdfFile.read
    monkeypatch.setattr(EdfFile, "read", lambda file: reads.append(file.path) or decoded(file))
    X, _ = load_edf_folder(tmp_path, lazy=True)
    assert not reads
    np.asarray(X)
    assert reads == [tmp_path / "p1" / "a.edf"]
