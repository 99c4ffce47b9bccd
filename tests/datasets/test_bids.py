"""The loader of BIDS: layouts as epilepsy2bids, mne-bids and SeizeIT2 write them."""

import json

import numpy as np
import pytest

from skseizure.datasets import load_bids

SZCORE = "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n"
TEN_TWENTY = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2".split()  # noqa: SIM905


@pytest.fixture
def add(tmp_path, write_edf):
    """Write one recording with its table of events (None: no table)."""

    def write(stem, labels, table, *, kind="eeg", seconds=12, sfreq=64):
        parts = dict(part.split("-") for part in stem.split("_"))
        folder = tmp_path / f"sub-{parts['sub']}"
        folder = folder / f"ses-{parts['ses']}" / kind if "ses" in parts else folder / kind
        write_edf(folder / f"{stem}_{kind}.edf", labels, seconds, sfreq)
        if table is not None:
            (folder / f"{stem}_events.tsv").write_text(table)
        return folder / f"{stem}_{kind}.edf"

    return write


def szcore(*rows, length=12):
    return SZCORE + "".join(
        f"{onset}\t{duration}\t{kind}\tn/a\tn/a\tn/a\t{length}\n" for onset, duration, kind in rows
    )


def test_szcore_layout(add, tmp_path, chbmit_channels):
    for run, table in (("00", szcore((4, 4, "sz"))), ("01", szcore((0, 12, "bckg")))):
        add(f"sub-01_ses-01_task-szMonitoring_run-{run}", chbmit_channels, table)
    X, y, events = load_bids(tmp_path, window=4, return_events=True)
    assert X.shape == (6, 18, 256) and y.tolist() == [0, 1, 0, 0, 0, 0]
    assert set(X.patient) == {"sub-01"}
    assert list(events.recordings) == [
        "sub-01_ses-01_task-szMonitoring_run-00",
        "sub-01_ses-01_task-szMonitoring_run-01",
    ]
    report = X.report_
    assert len(report) == 2 and not report.left_out


def test_derived_folders_are_not_read(add, tmp_path, write_edf, chbmit_channels):
    add("sub-01_task-sz", chbmit_channels, szcore((4, 4, "sz")))
    for folder in ("derivatives/clean", "sourcedata", "code"):
        stem = tmp_path / folder / "sub-01" / "eeg" / "sub-01_task-sz"
        if folder == "code":  # not a recording of BIDS by its name
            stem = stem.with_name("example")
        write_edf(stem.with_name(f"{stem.name}_eeg.edf"), chbmit_channels, 12, 64)
    X, _ = load_bids(tmp_path)
    assert len(X.report_) == 1


@pytest.mark.parametrize(
    "table",
    [
        "onset\tduration\ttrial_type\n4.0\t4.0\tseizure\n",  # as mne-bids
        "onset\tduration\teventType\tconfidence\tchannels\n4.0\t4.0\tsz\tn/a\tn/a\n",
        "onset\tduration\teventType\trecordingDuration\n4.0\t4.0\tsz\tn/a\n",
    ],
)
def test_length_of_the_recording_comes_from_the_file(add, tmp_path, chbmit_channels, table):
    path = add("sub-01_task-sz", chbmit_channels, table)
    path.with_suffix(".json").write_text(json.dumps({"RecordingDuration": 12.0}))
    assert load_bids(tmp_path)[1].tolist() == [0, 1, 0]


def test_table_without_rows_says_that_there_is_no_seizure(add, tmp_path, chbmit_channels):
    add("sub-01_task-sz", chbmit_channels, SZCORE)
    assert load_bids(tmp_path)[1].tolist() == [0, 0, 0]


def test_recording_without_table_is_refused_unless_said_otherwise(add, tmp_path, chbmit_channels):
    add("sub-01_task-sz", chbmit_channels, szcore((4, 4, "sz")))
    add("sub-02_task-sz", chbmit_channels, None)
    with pytest.raises(FileNotFoundError, match=r"sub-02_task-sz_eeg.edf has no table of events"):
        load_bids(tmp_path)
    with pytest.warns(UserWarning, match="sub-02_task-sz"):
        X, _ = load_bids(tmp_path, on_error="skip")
    assert [row.record for row in X.report_.left_out] == ["sub-02_task-sz"]
    X, y, events = load_bids(tmp_path, unannotated="background", return_events=True)
    assert y.tolist() == [0, 1, 0, 0, 0, 0]
    assert events.recordings["sub-02_task-sz"].duration == 12


def test_table_is_inherited_from_the_closest_folder(add, tmp_path, chbmit_channels):
    for sub in ("01", "02"):
        for task in ("rest", "sz"):
            add(f"sub-{sub}_task-{task}", chbmit_channels, None)
    (tmp_path / "task-rest_events.tsv").write_text(SZCORE)
    (tmp_path / "task-sz_events.tsv").write_text(szcore((0, 4, "sz")))
    (tmp_path / "sub-02" / "sub-02_task-sz_events.tsv").write_text(szcore((8, 4, "sz")))
    X, y = load_bids(tmp_path)
    found = {record: y[X.record == record].tolist() for record in dict.fromkeys(X.record)}
    assert found == {
        "sub-01_task-rest": [0, 0, 0],
        "sub-01_task-sz": [1, 0, 0],
        "sub-02_task-rest": [0, 0, 0],
        "sub-02_task-sz": [0, 0, 1],
    }


def test_selection(add, tmp_path, chbmit_channels):
    for sub in ("01", "02"):
        for ses in ("01", "02"):
            stem = f"sub-{sub}_ses-{ses}_task-sz_run-{sub}"
            add(stem, chbmit_channels, szcore((4, 4, "sz")))
    X, _ = load_bids(tmp_path, patients=["sub-02"], sessions=["01"], tasks=["sz"], runs=["02"])
    assert set(X.record) == {"sub-02_ses-01_task-sz_run-02"}
    with pytest.raises(ValueError, match="sessions asks for 03"):
        load_bids(tmp_path, sessions=["03"])


def test_seizeit2(add, tmp_path):
    """Electrodes behind one ear, left or right; ECG, EMG and movement in folders of their own."""
    table = (
        "onset\tduration\teventType\tlateralization\tlocalization\tvigilance\tconfidence\t"
        "channels\tdateTime\trecordingDuration\n"
        "4.0\t4.0\tsz_foc_ia_nm\tleft\ttemp\tawake\tn/a\tn/a\t2000-01-01 00:00:00\t12.00\n"
        "8.0\t4.0\timpd\tn/a\tn/a\tn/a\tn/a\tn/a\t2000-01-01 00:00:00\t12.00\n"
    )
    for sub, side in (("001", "left"), ("002", "right")):
        stem = f"sub-{sub}_ses-01_task-szMonitoring_run-01"
        add(stem, [f"BTE{side} SD", "CROSStop SD"], table)
        for kind in ("ecg", "emg", "mov"):
            add(stem, [f"{kind.upper()} SD"], None, kind=kind)
    with pytest.warns(UserWarning, match="impd"):
        X, y, events = load_bids(tmp_path, montage="seizeit2", return_events=True)
    assert X.ch_names == ("focal", "cross") and y.tolist() == [0, 1, 0, 1]
    assert set(events.event_type) == {"sz_foc_ia_nm"}  # 4 s of impedance check are unjudged
    assert sorted(X.report_.ignored.values()) == ["ecg", "ecg", "emg", "emg", "mov", "mov"]
    taken = pytest.warns(UserWarning, match=r"montage='seizeit2' was taken")
    with taken, pytest.warns(UserWarning, match="impd"):
        assert load_bids(tmp_path, montage=None)[0].ch_names == ("focal", "cross")


def channels_table(path, rows):
    text = "name\ttype\tunits\tstatus\n" + "".join("\t".join(row) + "\n" for row in rows)
    path.with_name(path.name.replace("_eeg.edf", "_channels.tsv")).write_text(text)


def test_channel_types_and_bad_channels(add, tmp_path):
    path = add("sub-01_task-sz", [*TEN_TWENTY, "X1"], szcore((4, 4, "sz")))
    rows = [(name, "EEG", "uV", "good") for name in TEN_TWENTY] + [("X1", "MISC", "uV", "good")]
    channels_table(path, rows)
    X, _ = load_bids(tmp_path, montage=None)
    assert X.ch_names == tuple(TEN_TWENTY)
    rows[0] = ("Fp1", "EEG", "uV", "bad")
    channels_table(path, rows)
    assert load_bids(tmp_path, montage=["C3-P3", "C4-P4"])[0].shape[1] == 2  # need no Fp1
    with pytest.raises(ValueError, match="marks Fp1 as bad, which the montage needs"):
        load_bids(tmp_path)
    assert load_bids(tmp_path, montage=None, bad_channels="drop")[0].ch_names == tuple(
        TEN_TWENTY[1:]
    )
    X, _ = load_bids(tmp_path, bad_channels="nan")
    lost = [name for name, row in zip(X.ch_names, X.data[0], strict=True) if np.isnan(row).all()]
    assert lost == ["FP1-F7", "FP1-F3"] and np.isnan(X.data).all(axis=2).sum() == 2 * len(X)


def test_units_of_channels_that_the_file_does_not_state(add, tmp_path):
    path = add("sub-01_task-sz", TEN_TWENTY, szcore((4, 4, "sz")))
    known, _ = load_bids(tmp_path)
    text = path.read_bytes()
    at = 256 + len(TEN_TWENTY) * (16 + 80)
    path.write_bytes(text[:at] + b" " * 8 * len(TEN_TWENTY) + text[at + 8 * len(TEN_TWENTY) :])
    with pytest.raises(ValueError):
        load_bids(tmp_path)
    channels_table(path, [(name, "EEG", "\N{MICRO SIGN}V", "n/a") for name in TEN_TWENTY])
    np.testing.assert_array_equal(load_bids(tmp_path)[0].data, known.data)


def test_intracranial(add, tmp_path, chbmit_channels):
    contacts = ["LA1", "LA2", "LA3"]
    add("sub-01_task-sz", contacts, szcore((4, 4, "sz")), kind="ieeg")
    add("sub-01_task-other", chbmit_channels, szcore((4, 4, "sz")))
    X, _ = load_bids(tmp_path, datatype="ieeg", montage=None)
    assert X.ch_names == tuple(contacts) and list(X.report_.ignored.values()) == ["eeg"]


def test_other_formats_are_named(add, tmp_path, chbmit_channels):
    add("sub-01_task-sz", chbmit_channels, szcore((4, 4, "sz")))
    folder = tmp_path / "sub-02" / "eeg"
    folder.mkdir(parents=True)
    (folder / "sub-02_task-sz_eeg.vhdr").write_text("Brain Vision Data Exchange Header File\n")
    (folder / "sub-02_task-sz_events.tsv").write_text(szcore((4, 4, "sz")))
    with pytest.warns(UserWarning, match="sub-02_task-sz"):
        X, _ = load_bids(tmp_path, on_error="skip")
    assert [row.record for row in X.report_.left_out] == ["sub-02_task-sz"]


def test_nothing_to_load(tmp_path, add):
    with pytest.raises(FileNotFoundError, match="no recording of BIDS"):
        load_bids(tmp_path)
    add("sub-01_task-sz", ["ECG"], None, kind="ecg")
    with pytest.raises(FileNotFoundError, match="It holds 1 of other types"):
        load_bids(tmp_path)
