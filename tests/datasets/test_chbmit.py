"""The loader of CHB-MIT: on the real stretches, and on tiny full records in the corpus's layout."""

import csv
import json

import numpy as np
import pytest

from skseizure.datasets import load_chbmit
from skseizure.signals import read_chbmit_summary

SUMMARY = """Data Sampling Rate: 256 Hz
*************************

Channels in EDF Files:
**********************
Channel 1: FP1-F7

File Name: chb02_01.edf
File Start Time: 11:42:54
File End Time: 11:43:54
Number of Seizures in File: 0

File Name: chb02_16+.edf
File Start Time: 11:45:00
File End Time: 11:46:00
Number of Seizures in File: 2
Seizure 1 Start Time: 10 seconds
Seizure 1 End Time: 20 seconds
Seizure 2 Start Time: 40 seconds
Seizure 2 End Time: 44 seconds

File Name: chb02_17.edf
File Start Time: 11:47:00
File End Time: 11:48:00
Number of Seizures in File: 0
"""


@pytest.fixture
def full(tmp_path, write_edf, chbmit_channels):
    """Two records of chb02 with a summary that lists a third."""
    folder = tmp_path / "chb02"
    for name in ("chb02_01", "chb02_16+"):
        write_edf(folder / f"{name}.edf", chbmit_channels, 60, 64)
    (folder / "chb02-summary.txt").write_text(SUMMARY)
    return tmp_path


@pytest.fixture(scope="module")
def real(data_path):
    return load_chbmit(data_path / "chbmit", window=1.0, return_events=True)


@pytest.fixture(scope="module")
def stretches(data_path):
    with (data_path / "chbmit" / "segments.tsv").open() as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_real_stretches_are_all_there(real, stretches):
    X, _, events = real
    # Windows of 1 s: one for each of the whole seconds.
    assert X.shape == (sum(int(s["duration_s"]) for s in stretches), 18, 256)
    assert X.shape[0] == 6340 and len(events) == 50 and X.dtype == np.float32
    assert list(dict.fromkeys(X.record)) == list(dict.fromkeys(s["record"] for s in stretches))
    assert X.ch_names[0] == "FP1-F7" and X.ch_names[14] == "T8-P8"
    assert 5 < np.median(np.abs(X[::50].data)) < 50  # microvolts


def test_real_labels_are_those_of_the_index(real, stretches):
    X, y, events = real
    assert y.sum() == 3685
    for s in stretches:
        start, end = float(s["start_in_record_s"]), float(s["end_in_record_s"])
        mine = (X.record == s["record"]) & (X.onset >= start) & (X.onset < end)
        assert mine.sum() == end - start
        ictal = np.zeros(int(end - start), dtype=int)
        for a, b in json.loads(s["seizures_s"]):
            ictal[a:b] = 1
        assert np.array_equal(y[mine], ictal), s["file"]
    for record, info in events.recordings.items():
        of_record = [s for s in stretches if s["record"] == record]
        assert info.duration == max(float(s["end_in_record_s"]) for s in of_record)
        assert info.observed == sum(float(s["duration_s"]) for s in of_record)


def test_real_events_lie_where_the_summaries_say(real, data_path):
    _, _, events = real
    n = 0
    for summary in sorted((data_path / "chbmit").glob("*/*-summary.txt")):
        listed = read_chbmit_summary(summary)
        for record in set(listed.recordings) & set(events.recordings):
            intervals = events.intervals(record)
            assert {tuple(i) for i in intervals} <= {tuple(i) for i in listed.intervals(record)}
            n += len(intervals)
    assert n == len(events) == 50


def test_real_stretches_of_a_record_are_apart(real, stretches):
    X, _, _ = real
    assert len(X.segments()) == len(stretches) == 75


def test_chb21_is_chb01(real):
    X, _, events = real
    assert set(X.patient[np.char.startswith(X.record, "chb21")]) == {"chb01"}
    assert set(X.patient[np.char.startswith(X.record, "chb23")]) == {"chb23"}
    assert events.recordings["chb21_19"].patient == "chb01"


def test_start_of_a_record(real):
    # The stretch begins at 14:32:50, 2986 s after the record: at 13:43:04, as its summary says.
    assert real[2].recordings["chb01_03"].start.strftime("%H:%M:%S") == "13:43:04"


def test_one_case_and_records_with_seizures(data_path):
    folder = data_path / "chbmit"
    X, y, events = load_chbmit(folder, patients=["chb01"], records="seizure", return_events=True)
    assert len(events.recordings) == 7 and len(events) == 7  # as evaluation of the corpus counts
    alone, y_alone = load_chbmit(folder / "chb01")
    assert np.array_equal(X.data, alone.data) and np.array_equal(y, y_alone)
    assert X.shape[2] == 4 * 256


def test_channels_as_they_are(data_path):
    X, _ = load_chbmit(data_path / "chbmit", patients=["chb10"], montage=None)
    assert X.shape[1] == 23
    some, _ = load_chbmit(data_path / "chbmit", patients=["chb10"], montage=["F3-C3", "C3-P3"])
    assert some.ch_names == ("F3-C3", "C3-P3")
    assert np.array_equal(some.data, X.pick(["F3-C3", "C3-P3"]).data)


def test_preprocess(data_path):
    seen = []

    def halve(recording):
        seen.append((recording.record, recording.offset, len(recording.ch_names)))
        return recording.replace(data=recording.data / 2)

    X, _ = load_chbmit(data_path / "chbmit", patients=["chb03"], preprocess=halve)
    plain, _ = load_chbmit(data_path / "chbmit", patients=["chb03"])
    assert np.array_equal(2 * X.data, plain.data)
    assert seen[:2] == [("chb03_01", 352.0, 18), ("chb03_01", 422.0, 18)]


def test_full_records(full):
    X, y, events = load_chbmit(full, window=2.0, return_events=True)
    assert X.shape == (60, 18, 128) and set(X.patient) == {"chb02"}
    assert list(events.recordings) == ["chb02_01", "chb02_16+"]
    assert all(i.duration == i.observed == 60 for i in events.recordings.values())
    assert events.onset.tolist() == [10.0, 40.0] and events.duration.tolist() == [10.0, 4.0]
    assert np.flatnonzero(y).tolist() == [30 + i for i in (5, 6, 7, 8, 9, 20, 21)]
    # Channel 2 of the file is F7-T7, a sine of 2 Hz and 50 uV.
    t = np.arange(128) / 64
    assert X[0][1] == pytest.approx(50 * np.sin(2 * np.pi * 2 * t), abs=0.1)


def test_summary_without_times(full):
    # As that of chb24: lengths then come from the files.
    summary = full / "chb02" / "chb02-summary.txt"
    kept = [
        line for line in SUMMARY.splitlines() if not line.startswith(("File Start", "File End"))
    ]
    summary.write_text("\n".join(kept).partition("File Name: chb02_17")[0])
    events = load_chbmit(full, return_events=True)[2]
    assert events.onset.tolist() == [10.0, 40.0]
    assert [info.duration for info in events.recordings.values()] == [60.0, 60.0]


def test_full_records_with_a_seizure(full):
    X, _, events = load_chbmit(full, records="seizure", return_events=True)
    assert set(X.record) == {"chb02_16+"} and list(events.recordings) == ["chb02_16+"]


def test_record_in_another_montage(full, write_edf):
    write_edf(full / "chb02" / "chb02_17.edf", ["F7-CS2", "T7-CS2", "EKG"], 60, 64)
    with pytest.raises(ValueError, match=r"chb02_17.* FP1-F7[^$]*on_error='skip'"):
        load_chbmit(full)
    with pytest.warns(UserWarning, match=r"used 2 of 3 records.* left out 1: chb02_17 \(.*FP1-F7"):
        X, _ = load_chbmit(full, on_error="skip")
    assert set(X.record) == {"chb02_01", "chb02_16+"}
    with (
        pytest.warns(UserWarning, match="left out 1: chb02_17"),
        pytest.warns(FutureWarning, match="pass on_error='skip'"),
    ):
        assert len(load_chbmit(full, on_missing="skip")[0]) == len(X)
    with pytest.raises(ValueError, match=r"'chb02_17' has 3 channels and 'chb02_01' has 23"):
        load_chbmit(full, montage=None)
    with pytest.raises(ValueError, match=r"no recording is left to load.* used 0 of 3 records"):
        load_chbmit(full, on_error="skip", montage=["A1-A2"])


def test_layout_errors(tmp_path, full, write_edf):
    with pytest.raises(FileNotFoundError, match="a folder is needed"):
        load_chbmit(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no CHB-MIT record .* chbNN_RR.edf"):
        load_chbmit(tmp_path / "empty")
    write_edf(full / "chb02" / "chb02_99.edf", ["F7-T7"], 10, 64)
    with pytest.warns(UserWarning, match=r"chb02_99 \(chb02-summary.txt does not list it"):
        X, _ = load_chbmit(full)
    assert set(X.record) == {"chb02_01", "chb02_16+"}
    (full / "chb02" / "chb02-summary.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"chb02-summary.txt is not there.* chb02_01.edf"):
        load_chbmit(full)
    write_edf(full / "chb03" / "chb03_01_t00010.edf", ["F7-T7"], 10, 64)
    with pytest.raises(FileNotFoundError, match=r"chb03_01_t00010_events.tsv is not there"):
        load_chbmit(full, patients=["chb03"])


def test_option_errors(full):
    with pytest.raises(ValueError, match=r"patients asks for chb07; .* holds chb02"):
        load_chbmit(full, patients=["chb07"])
    with pytest.raises(ValueError, match="records is 'some'; it must be one of 'all', 'seizure'"):
        load_chbmit(full, records="some")
    with pytest.raises(ValueError, match="on_error is 'drop'"):
        load_chbmit(full, on_error="drop")
    with pytest.raises(ValueError, match="record 'chb02_01' lasts 60 s; at least one window of 61"):
        load_chbmit(full, window=61.0)
    (full / "chb02" / "chb02_16+.edf").unlink()
    with pytest.raises(ValueError, match="records='seizure', but no record"):
        load_chbmit(full, records="seizure")


def test_lazy_is_the_same(data_path, real):
    """Stretches, too, whose time starts within their record."""
    X, y, events = real
    lazy, lazy_y, found = load_chbmit(
        data_path / "chbmit", window=1.0, lazy=True, return_events=True
    )
    for name in ("record", "onset", "patient"):
        np.testing.assert_array_equal(getattr(lazy, name), getattr(X, name))
    np.testing.assert_array_equal(lazy_y, y)
    assert found.recordings == events.recordings
    some = np.random.default_rng(0).permutation(len(X))[:200]
    np.testing.assert_array_equal(lazy[some].data, X[some].data)


def test_no_bad_record_stops_the_case(full):
    """Neither a broken file nor a summary that is wrong about one."""
    for name in ("chb02_17", "chb02_18"):
        (full / "chb02" / f"{name}.edf").write_bytes(
            (full / "chb02" / "chb02_01.edf").read_bytes() if name[-1] == "8" else b"0       "
        )
    late = "\nFile Name: chb02_18.edf\nNumber of Seizures in File: 1\n"
    late += "Seizure Start Time: 50 seconds\nSeizure End Time: 99 seconds\n"
    summary = full / "chb02" / "chb02-summary.txt"
    summary.write_text(summary.read_text() + late)
    with pytest.raises(ValueError, match=r"chb02_17\.edf"):
        load_chbmit(full)
    for records, used in {"all": {"chb02_01", "chb02_16+"}, "seizure": {"chb02_16+"}}.items():
        with pytest.warns(UserWarning, match="left out 2: chb02_17"):
            X, _ = load_chbmit(full, records=records, on_error="skip", lazy=True)
        assert "ends at 99 s" in X.report_.left_out[1].reason
        assert set(X.record) == used
