"""Any folder of EDF files with tables of events beside them."""

import contextlib
import os
import pickle

import edfio
import numpy as np
import pytest

from skseizure.datasets import load_edf_folder, make_recordings
from skseizure.signals import Events, write_events
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


def test_a_record_in_another_format_too_counts_once(add, tmp_path):
    add("p1/a.edf").with_suffix(".cnt").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"used 1 of 1 .* \(a.cnt is the same record as a.edf\)"):
        X, _ = load_edf_folder(tmp_path)
    assert len(X) == 3


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


# ---------------------------------------------------------------------- what is no record


def test_hidden_and_derived_files_are_no_records(add, tmp_path):
    add("sub-01/eeg/sub-01_eeg.edf", "sub-01_events.tsv")
    for name in (".hidden/a.edf", "derivatives/clean/sub-01_eeg.edf", "sourcedata/a.edf"):
        add(name)
    (tmp_path / "sub-01" / "eeg" / "._sub-01_eeg.edf").write_bytes(b"\0\5\x16\7")
    (tmp_path / "empty").mkdir()
    X, _ = load_edf_folder(tmp_path)
    assert set(X.record) == {"sub-01/eeg/sub-01_eeg"} and len(X.report_) == 1


def test_linked_folders_are_followed_once(add, tmp_path):
    outside = add("store/p1/a.edf").parent
    root = tmp_path / "root"
    add("root/p2/b.edf")
    (root / "linked").symlink_to(outside, target_is_directory=True)
    (root / "again").symlink_to(root / "p2", target_is_directory=True)
    (root / "p2" / "loop").symlink_to(root, target_is_directory=True)
    (root / "up").symlink_to(tmp_path, target_is_directory=True)
    assert patients(load_edf_folder(root)[0]) == {"linked/a": "linked", "p2/b": "p2"}


def test_a_folder_that_cannot_be_entered_is_named(add, tmp_path, monkeypatch):
    add("p1/a.edf")
    add("p2/b.edf")
    scan = os.scandir

    def closed(path):
        if str(path).endswith("p2"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(PermissionError, match="p2"):
        load_edf_folder(tmp_path)
    with pytest.warns(UserWarning, match=r"left out 1: p2 \(.*Permission denied"):
        X, _ = load_edf_folder(tmp_path, on_error="skip")
    assert set(X.record) == {"p1/a"}


def test_other_modalities_and_sides_as_in_seizeit2(tmp_path, write_edf):
    for subject, side in (("001", "left"), ("002", "right")):
        folder, stem = tmp_path / f"sub-{subject}" / "ses-01", f"sub-{subject}_ses-01_run-01"
        write_edf(folder / "eeg" / f"{stem}_eeg.edf", [f"BTE{side} SD", "CROSStop SD"], 12, 64)
        for other in ("ecg", "emg", "mov"):
            write_edf(folder / other / f"{stem}_{other}.edf", ["ECG SD"], 12, 64)
        (folder / "eeg" / f"{stem}_events.tsv").write_text(SEIZURE)
    X, y = load_edf_folder(tmp_path, montage="seizeit2")
    assert X.ch_names == ("focal", "cross") and y.tolist() == [1, 1, 0] * 2
    assert sorted(X.report_.ignored.values()) == ["ecg", "ecg", "emg", "emg", "mov", "mov"]
    assert "not EEG: 2 ecg, 2 emg, 2 mov" in X.report_.summary()
    with pytest.warns(UserWarning, match="montage='seizeit2' was taken"):
        again, _ = load_edf_folder(tmp_path, montage=None)
    np.testing.assert_array_equal(again.data, X.data)
    write_edf(tmp_path / "sub-003_eeg.edf", ["A", "B", "C"], 12, 64)
    (tmp_path / "sub-003_events.tsv").write_text(SEIZURE)
    with pytest.raises(ValueError, match=r"differ in .*\. All must agree: choose channels in"):
        load_edf_folder(tmp_path, montage=None)


# ---------------------------------------------------------------------- formats and events


def test_other_formats(add, tmp_path):
    add("p1/a.edf")
    mne = pytest.importorskip("mne")
    info = mne.create_info(["FP1-F7", "F7-T7"], 64, "eeg")
    signal = 5e-5 * np.random.default_rng(0).normal(size=(2, 12 * 64))
    raw = mne.io.RawArray(signal, info, verbose="ERROR")
    (tmp_path / "p2").mkdir()
    raw.save(tmp_path / "p2" / "b_raw.fif", verbose="ERROR")
    (tmp_path / "p2" / "b_raw.tsv").write_text(SEIZURE)
    (tmp_path / "p2" / "b-epo.fif").write_bytes(b"")
    X, y = load_edf_folder(tmp_path, montage=["FP1-F7"])
    assert patients(X) == {"p1/a": "p1", "p2/b_raw": "p2"}
    assert list(X.report_.ignored) == ["p2/b-epo.fif"]
    (tmp_path / "p2" / "c.vhdr").write_text("Brain Vision Data Exchange Header File Version 1.0\n")
    with pytest.warns(UserWarning, match=r"used 2 of 3 .* left out 1: p2/c \(.*MNE cannot read"):
        again, again_y = load_edf_folder(tmp_path, montage=["FP1-F7"], lazy=True)
    np.testing.assert_array_equal(again.data, X.data)
    np.testing.assert_array_equal(again_y, y)


def test_seizures_marked_in_the_file(tmp_path, add, chbmit_channels):
    def write(name, marks):
        wave = 50 * np.sin(np.arange(12 * 64))
        signals = [
            edfio.EdfSignal(wave, 64, label=label, physical_dimension="uV")
            for label in dict.fromkeys(chbmit_channels)
        ]
        edfio.Edf(signals, annotations=[edfio.EdfAnnotation(*mark) for mark in marks]).write(
            tmp_path / name
        )

    write("a.edf", [(4, 8, "seizure")])
    assert load_edf_folder(tmp_path)[1].tolist() == [0, 1, 1]
    write("b.edf", [(0, 1, "eyes open")])
    with pytest.raises(FileNotFoundError, match=r"b\.edf has no table .* none of its annotations"):
        load_edf_folder(tmp_path, types={"eyes open": "other"})
    # With a table beside it, annotations of any kind mean nothing.
    (tmp_path / "b.tsv").write_text(SEIZURE)
    assert load_edf_folder(tmp_path)[1].tolist() == [0, 1, 1, 1, 1, 0]
    # Annotations in a file of their own.
    (tmp_path / "b.tsv").unlink()
    events = Events([8.0], [4.0], record="b", recordings={"b": 12.0})
    write_events(events, tmp_path / "b_annotations.edf")
    assert load_edf_folder(tmp_path)[1].tolist() == [0, 1, 1, 0, 0, 1]


def test_one_table_for_all_recordings(add, tmp_path):
    for name in ("p1/a.edf", "p2/b.edf", "p2/c.edf"):
        add(name, "{}_notes.txt")
    table = tmp_path / "list.csv"
    table.write_text(
        "Datei;von;bis;Art;Fall\np1/a.edf;2,5;6;Anfall;K1\nb;0;12;ruhig;K2\nnowhere;1;2;Anfall;K9\n"
    )
    columns = {"record": "Datei", "onset": "von", "offset": "bis", "event_type": "Art"}
    options = {"events": table, "columns": columns, "types": {"Anfall": "sz", "ruhig": "bckg"}}
    with (
        pytest.warns(UserWarning, match="names 1 recordings that are not there: 'nowhere'"),
        pytest.warns(UserWarning, match="no row for 1 of 3 recordings.*: p2/c"),
    ):
        X, y, events = load_edf_folder(
            tmp_path, **options, patient=lambda path: path.stem.upper(), return_events=True
        )
    assert patients(X) == {"p1/a": "A", "p2/b": "B", "p2/c": "C"}
    assert events.onset.tolist() == [2.5] and events.record.tolist() == ["p1/a"]
    assert y.tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0]
    with (
        pytest.warns(UserWarning, match="nowhere"),
        pytest.warns(UserWarning, match=r"left out 1: p2/c \(.*names none for p2/c"),
    ):
        X, _ = load_edf_folder(tmp_path, **options, patient="Fall", on_error="skip")
    assert patients(X) == {"p1/a": "K1", "p2/b": "K2"}


def test_one_table_that_does_not_fit(add, tmp_path):
    add("p1/a.edf", "{}_notes.txt")
    add("p2/a.edf", "{}_notes.txt")
    table = tmp_path / "list.csv"

    def load(rows, **options):
        table.write_text("file,start,duration,label\n" + rows)
        return load_edf_folder(tmp_path, events=table, **options)

    assert load("p1/a,1,4,sz\np2/a,0,12,bckg\n")[1].tolist() == [1, 0, 0, 0, 0, 0]
    with pytest.raises(ValueError, match=r"names 'a', which may be p1/a or p2/a; give more"):
        load("a,1,2,sz\n")
    with pytest.raises(ValueError, match="names 1 recordings that are not there: 'b"):
        load("b.edf,1,2,sz\n")
    with pytest.raises(ValueError, match=r"columns file, start.* columns=\{'record'"):
        load("p1/a,1,2,sz\n", columns={"record": "name"})
    with pytest.raises(ValueError, match=r"patient is 'who'; .* has the columns"):
        load("p1/a,1,2,sz\n", patient="who")
    with pytest.raises(ValueError, match=r"patient is 'who', a column, but events=\.\.\. gives"):
        load_edf_folder(tmp_path, patient="who")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        load_edf_folder(tmp_path, events=tmp_path / "none.csv")


def test_time_after_a_seizure_without_a_length_is_left_out(add, tmp_path):
    add("p1/a.edf")
    add("p2/b.edf").with_name("b.tsv").write_text(TABLE + "4\tn/a\tsz\tn/a\tall\tn/a\t12.00\n")
    with pytest.warns(UserWarning, match="1 seizures have no length"):
        X, y, events = load_edf_folder(tmp_path, return_events=True)
    assert X.onset.tolist() == [0, 4, 8, 0] and y.tolist() == [1, 1, 0, 0]
    info = events.recordings["p2/b"]
    assert (info.unjudged, info.observed) == (((4, 12),), 4)


# ---------------------------------------------------------------------- records that fail


@pytest.mark.parametrize("lazy", [False, True])
def test_no_bad_record_stops_the_others(add, tmp_path, write_edf, chbmit_channels, lazy):
    add("p1/a.edf")
    write_edf(tmp_path / "p2" / "short.edf", chbmit_channels, 3, 64)
    (tmp_path / "p2" / "short.tsv").write_text(TABLE + "1\t1\tsz\tn/a\tall\tn/a\t3\n")
    add("p3/broken.edf").write_bytes(b"0       ")
    add("p4/notable.edf").with_suffix(".tsv").unlink()
    add("p5/other.edf").with_suffix(".tsv").write_text(SEIZURE.replace("12.00", "900.00"))
    add("p6/strange.edf").with_suffix(".tsv").write_text(SEIZURE.replace("sz", "??"))
    add("p7/flat.edf")
    bad = ["short", "broken", "notable", "other", "strange"]

    def check(recording):
        if recording.record == "p7/flat":
            raise ValueError("it is flat")
        return recording

    with pytest.raises(ValueError, match="on_error='skip' leaves such records out"):
        load_edf_folder(tmp_path)
    with pytest.warns(UserWarning, match=r"used 1 of 7 records, 0\.0 h, 1 sei.*; left out 6: p2"):
        X, _ = load_edf_folder(tmp_path, on_error="skip", preprocess=check, lazy=lazy)
    assert set(X.record) == {"p1/a"}
    reasons = {row.record.split("/")[1]: row.reason for row in X.report_.left_out}
    assert sorted(reasons) == sorted([*bad, "flat"])
    for name, reason in {
        "short": "lasts 3 s",
        "notable": "no table",
        "other": "recording of 900 s, but the recording lasts 12 s",
        "strange": "nobody knows",
        "flat": "it is flat",
    }.items():
        assert reason in reasons[name]


def test_most_records_decide_which_channels(add, tmp_path, write_edf):
    write_edf(tmp_path / "p0" / "odd.edf", ["A", "B"], 12, 64)
    (tmp_path / "p0" / "odd.tsv").write_text(SEIZURE)
    add("p1/a.edf")
    add("p2/b.edf")
    with pytest.warns(UserWarning, match=r"left out 1: p0/odd \(.* 2 channels and .* has 23"):
        X, _ = load_edf_folder(tmp_path, montage=None, on_error="skip")
    assert set(X.record) == {"p1/a", "p2/b"}


def test_faults_of_the_caller_are_not_skipped(add, tmp_path):
    add("p1/a.edf")
    with pytest.raises(TypeError, match="preprocess returned NoneType"):
        load_edf_folder(tmp_path, preprocess=lambda recording: None, on_error="skip")


def test_remedies_have_the_names_of_the_loader(tmp_path, add):
    signals = [
        edfio.EdfSignal(np.zeros(12 * sfreq), sfreq, label=name, physical_dimension="uV")
        for name, sfreq in (("FP1", 64), ("F7", 128))
    ]
    edfio.Edf(signals).write(tmp_path / "a.edf")
    (tmp_path / "a.tsv").write_text(SEIZURE)
    with pytest.raises(ValueError, match="a rate for all with sfreq"):
        load_edf_folder(tmp_path, montage=None)
    edfio.Edf([edfio.EdfSignal(np.arange(768.0), 64, label="FP1", physical_dimension="")]).write(
        tmp_path / "a.edf"
    )
    with pytest.raises(ValueError, match=r"its unit is blank\) in microvolts\. units states units"):
        load_edf_folder(tmp_path, montage=None)
    assert len(load_edf_folder(tmp_path, montage=None, units="uV")[0]) == 3


def test_quality_and_max_unjudged(tmp_path):
    (recording,), _ = make_recordings(1, 1, duration=60, ictal_fraction=0, random_state=0)
    recording.data[:, 20 * 256 : 25 * 256] = 0
    signals = [
        edfio.EdfSignal(channel, recording.sfreq, label=name, physical_dimension="uV")
        for channel, name in zip(recording.data, recording.ch_names, strict=True)
    ]
    edfio.Edf(signals).write(tmp_path / "a.edf")
    (tmp_path / "a.tsv").write_text(SEIZURE.replace("12.00", "60.00"))
    X, _, events = load_edf_folder(tmp_path, quality=["flat"], lazy=True, return_events=True)
    assert X.onset.tolist() == [t for t in range(0, 60, 4) if not 16 < t < 25]
    assert events.recordings["a"].observed == 55
    X, y = load_edf_folder(tmp_path, quality=["flat"], max_unjudged=0.25)
    assert X.onset.tolist() == [t for t in range(0, 60, 4) if t != 20] and len(y) == len(X)


def test_the_report(add, tmp_path):
    add("p1/a.edf")
    add("p2/b.edf").write_bytes(b"")
    with pytest.warns(UserWarning, match=r"X\.report_ lists all"):
        X, _ = load_edf_folder(tmp_path, on_error="skip")
    report = X.report_
    assert repr(report).startswith("LoadReport(used 1 of 2 records, 0.0 h, 1 seizures; left out 1:")
    frame = report.to_frame()
    assert frame["record"].tolist() == ["p1/a", "p2/b"] and frame["used"].tolist() == [True, False]
    assert frame["hours"].tolist() == [12 / 3600, 0] and frame["seizures"].tolist() == [1, 0]
    assert [row.file for row in report] == ["p1/a.edf", "p2/b.edf"]
    assert str(report).splitlines()[2].startswith("p2/b")  # what was left out comes first
    assert "<td>p2/b.edf</td>" in report._repr_html_()
    for part in (X[:2], pickle.loads(pickle.dumps(X)), type(X).concatenate([X])):
        assert not hasattr(part, "report_")
