"""Events tables, TUSZ tables and CHB-MIT summaries."""

import re
from datetime import datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skseizure.signals import Events, RecordInfo, read_chbmit_summary, read_events, write_events

HEADER = "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration\n"


@pytest.fixture
def write(tmp_path):
    def _write(text, name="a_events.tsv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return _write


# ---------------------------------------------------------------------- events tables


def test_the_seven_columns_letter_by_letter(tmp_path):
    info = RecordInfo(3600.0, start=datetime(2016, 11, 6, 13, 43, 4))
    events = Events(
        [120.5, 2996.0],
        [10.25, 40.0],
        record="r",
        event_type=["sz", "sz_foc_ia"],
        confidence=[np.nan, 0.75],
        channels=["all", "F3-C3,C3-P3"],
        recordings={"r": info},
    )
    path = tmp_path / "r_events.tsv"
    write_events(events, path)
    assert path.read_bytes().decode() == HEADER + (
        "120.50\t10.25\tsz\tn/a\tall\t2016-11-06 13:43:04\t3600.00\n"
        "2996.00\t40.00\tsz_foc_ia\t0.75\tF3-C3,C3-P3\t2016-11-06 13:43:04\t3600.00\n"
    )
    assert read_events(path) == events


def test_no_seizure_is_one_background_row(tmp_path):
    events = Events([], [], recordings={"r": 600.0})
    path = tmp_path / "r.tsv"
    write_events(events, path)
    assert path.read_text() == HEADER + "0.00\t600.00\tbckg\tn/a\tall\tn/a\t600.00\n"
    assert read_events(path) == events
    assert read_events(path).recordings == {"r": RecordInfo(600.0)}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.lists(
        st.tuples(
            st.floats(0, 3000),
            st.floats(0.01, 500),
            st.sampled_from(["sz", "sz_gen", "fnsz"]),
            st.one_of(st.just(np.nan), st.integers(0, 100).map(lambda i: i / 100)),
            st.sampled_from(["all", "n/a", "F3-C3", "F3-C3,C3-P3"]),
        ),
        max_size=6,
    ),
    start=st.one_of(st.none(), st.datetimes(datetime(1985, 1, 1), datetime(2084, 1, 1))),
)
def test_round_trip(tmp_path, data, start):
    start = start and start.replace(microsecond=0)
    onset, duration, kind, sure, channels = zip(*data, strict=True) if data else ((),) * 5
    events = Events(
        onset,
        duration,
        record="a",
        event_type=np.array(kind, dtype=str),
        confidence=np.array(sure, dtype=float),
        channels=np.array(channels, dtype=str),
        recordings={"a": RecordInfo(3600.0, patient="p", start=start)},
    )
    path = tmp_path / "a.tsv"
    write_events(events, path)
    back = read_events(path, patient="p")
    assert back.recordings == events.recordings
    # Two decimals can change the order of onsets that agree in them.
    order = np.lexsort((np.arange(len(back)), np.round(events.onset, 2)))
    np.testing.assert_allclose(back.onset, events.onset[order], atol=0.005 + 1e-9)
    np.testing.assert_allclose(back.duration, events.duration[order], atol=0.005 + 1e-9)
    np.testing.assert_array_equal(back.event_type, events.event_type[order])
    np.testing.assert_array_equal(back.confidence, events.confidence[order])
    np.testing.assert_array_equal(back.channels, events.channels[order])
    # What two decimals hold is kept exactly from then on.
    write_events(back, path)
    assert read_events(path, patient="p") == back


def test_what_cannot_be_written(tmp_path):
    path = tmp_path / "a.tsv"
    for recordings in ({"a": 1.0, "b": 2.0}, {}):
        with pytest.raises(ValueError, match=f"events holds {len(recordings)} records"):
            write_events(Events([], [], recordings=recordings), path)
    with pytest.raises(ValueError, match=r"one of 0.001 s; .* at least 0.01 s"):
        write_events(Events([0], [0.001], recordings={"0": 9.0}), path)
    with pytest.raises(ValueError, match="takes no tabs or line breaks"):
        write_events(Events([0], [1], channels="a\tb", recordings={"0": 9.0}), path)
    assert not path.exists()


def test_the_five_column_form(write):
    path = write(
        "onset\tduration\teventType\tdateTime\trecordingDuration\n"
        "10.00\t40.00\tsz\t2076-11-06 14:32:50\t60.00\n"
        "0.00\t10.00\tbckg\t2076-11-06 14:32:50\t60.00\n"
    )
    events = read_events(path, record="chb01_03", patient="chb01")
    start = datetime(2076, 11, 6, 14, 32, 50)
    assert events == Events(
        [10],
        [40],
        record="chb01_03",
        recordings={"chb01_03": RecordInfo(60.0, patient="chb01", start=start)},
    )
    assert list(read_events(path).recordings) == ["a"]


def test_line_ends_byte_order_mark_and_column_order(write):
    text = "onset\teventType\trecordingDuration\tduration\r\n5\tsz\t60\t2.5\r\n\r\n"
    events = read_events(write(b"\xef\xbb\xbf" + text.encode()))
    assert events == Events([5], [2.5], record="a", recordings={"a": 60.0})


def test_other_rows_are_left_out_by_name(write):
    row = "\tn/a\tall\tn/a\t60\n"
    path = write(
        f"{HEADER}0\t5\timpd{row}5\t5\tsz{row}10\t5\timpd{row}20\t5\tartf{row}20\t5\tbckg{row}"
    )
    with pytest.warns(UserWarning, match="neither seizure nor bckg: 2 of 'impd', 1 of 'artf'"):
        events = read_events(path)
    assert events.onset.tolist() == [5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty; a table with a header is needed"),
        ("\n \n", "is empty"),
        ("hello\n1\n", "is no events table: its header is 'hello'; onset duration eventType"),
        (HEADER, "has no rows; at least one, for background"),
        ("onset\tduration\n1\t2\n", "line 1: the header lacks eventType, recordingDuration"),
        (HEADER + "1\t2\tsz\tn/a\tall\n", "line 2: 5 cells, but the header names 7 columns"),
        (HEADER + "1\t2\tsz\tn/a\tall\tn/a\t9\t9\n", "line 2: 8 cells"),
        (HEADER + "x\t2\tsz\tn/a\tall\tn/a\t9\n", "line 2: onset is 'x'; a number of seconds"),
        (HEADER + "1\t2\tsz\tn/a\tall\tn/a\tn/a\n", "line 2: recordingDuration is 'n/a'"),
        (HEADER + "1\t2\tsz\thigh\tall\tn/a\t9\n", "line 2: confidence is 'high'; a number or n/a"),
        (HEADER + "1\t-1\tsz\tn/a\tall\tn/a\t9\n", "line 2: the event lasts from 1 to 0 s"),
        (HEADER + "9\tn/a\tsz\tn/a\tall\tn/a\t9\n", "line 2: the event begins at 9 s"),
        (HEADER + "1\t2\tbckg\tn/a\tall\tn/a\t9\n1\t2\ts\n", "line 3: 3 cells"),
        (HEADER + "-3\t2\tsz\tn/a\tall\tn/a\t9\n", "line 2: the event lasts from -3 to -1 s"),
        (HEADER + "1\t13.5\tsz\tn/a\tall\tn/a\t9\n", "from 1 to 14.5 s; .* recording's 9 s"),
        (
            HEADER + "1\t2\tsz\tn/a\tall\tn/a\t9\n1\t2\tsz\tn/a\tall\tn/a\t8\n",
            "line 3: recordingDuration differs between rows: 9.0 and 8.0",
        ),
    ],
)
def test_broken_tables(write, text, message):
    path = write(text)
    with pytest.raises(ValueError, match=message) as error:
        read_events(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("length", ["n/a", "", "nan", "0"])
def test_a_seizure_without_a_length_is_followed_by_unjudged_time(write, length):
    """To the next row of a seizure or of background, or to the end of the recording."""
    row = "\tn/a\tall\tn/a\t600\n"
    rows = [
        *(f"10\t5\tsz{row}", f"100\t{length}\tsz{row}", f"150\t20\tsz{row}"),
        *(f"200\t{length}\tsz{row}", f"230\t9\tbckg{row}", f"500\t{length}\tfnsz{row}"),
    ]
    with pytest.warns(UserWarning, match="3 seizures have no length, the first in line 3; 180 s"):
        events = read_events(write(HEADER + "".join(rows)))
    assert events.onset.tolist() == [10, 150]
    info = events.recordings["a"]
    assert info.unjudged == ((100, 150), (200, 230), (500, 600))
    assert info.observed == info.judged == 600 - 180


def test_a_row_may_lack_its_last_cells(write):
    whole = "1\t2\tsz\tn/a\tall\tn/a\t9\n"
    assert read_events(write(f"{HEADER}{whole}5\t1\tsz\tn/a\n")).onset.tolist() == [1, 5]
    path = write(HEADER + "5\t1\tsz\tn/a\n")
    assert read_events(path, duration=9).onset.tolist() == [5]
    with pytest.raises(ValueError, match="line 2: 4 cells, but the header names 7"):
        read_events(path)


def test_rows_of_one_record_among_several(write):
    path = write("file;onset;duration;label\na.edf;1,5;2;sz\nb.edf;5;1;sz\na.edf;7;1;bckg\n")
    read = {name: read_events(path, where={"file": [name]}, duration=9) for name in ("a.edf", "c")}
    assert read["a.edf"].onset.tolist() == [1.5] and len(read["c"]) == 0
    with pytest.raises(ValueError, match=r"line 1: the table holds 2 records \(a.edf, b.edf, "):
        read_events(path, format="tsv", duration=9)
    with pytest.raises(ValueError, match="the header lacks patient, which where names"):
        read_events(path, where={"patient": ["p"]}, duration=9)


def test_tusz_version_1(write):
    path = write(
        "version = tse_v1.0.0\n\n0.0000 36.8868 bckg 1.0000\n36.8868 183.3055 fnsz 0.9000\n",
        "00000258_s002_t000.tse",
    )
    events = read_events(path, duration=600)
    assert events.onset.tolist() == [36.8868] and events.event_type.tolist() == ["fnsz"]
    assert events.channels.tolist() == ["all"] and events.confidence.tolist() == [0.9]
    with pytest.raises(ValueError, match="does not say how long its recording is; pass duration"):
        read_events(path)


def test_format_and_missing_file(write, tmp_path):
    path = write("channel\tfrom\tduration\teventType\trecordingDuration\nx\t1\t2\tsz\t9\n")
    with pytest.raises(ValueError, match="is no events table"):
        read_events(path)
    with pytest.raises(ValueError, match="line 1: the header lacks onset"):
        read_events(path, format="tsv")
    assert len(read_events(path, columns={"onset": "from"})) == 1
    with pytest.raises(ValueError, match="format is 'csv'; 'tsv', 'tusz', 'tse' or None"):
        read_events(path, format="csv")
    with pytest.raises(FileNotFoundError):
        read_events(tmp_path / "none.tsv")
    with pytest.raises(ValueError, match="read_chbmit_summary reads summaries"):
        read_events(write("Data Sampling Rate: 256 Hz\n", "chb01-summary.txt"))


def test_cut_table_never_gives_wrong_events(write):
    text = HEADER + "10.00\t40.00\tsz\tn/a\tall\t2020-01-01 00:00:00\t3600.00\n"
    whole = read_events(write(text))
    read = []
    for n in range(len(text)):
        try:
            cut = read_events(write(text[:n]))
        except ValueError as error:
            assert "a_events.tsv" in str(error)
        else:
            read.append(text[:n].split("\t")[-1])
            assert (cut.onset, cut.duration) == (whole.onset, whole.duration)
    # Nothing in the format shows a cut within its last number; 3 and 36 s cannot hold the event.
    assert read == ["360", "3600", "3600.", "3600.0", "3600.00"]


def test_chbmit_tables_and_summaries_agree(data_path):
    """A stretch's table, moved to its record's time, is the summary cut to the stretch."""
    folder, n = data_path / "chbmit", 0
    summaries = {p.parent.name: read_chbmit_summary(p) for p in folder.glob("*/*-summary.txt")}
    for path in sorted(folder.glob("*/*_events.tsv")):
        events = read_events(path)
        (info,) = events.recordings.values()
        record, start = re.fullmatch(r"(.+)_t(\d+)_events", path.stem).groups()
        low, high = int(start), int(start) + info.duration
        truth = summaries[path.parent.name].intervals(record)
        truth = np.clip(truth, low, high) - low
        truth = truth[truth[:, 1] > truth[:, 0]]
        found = np.column_stack([events.onset, events.offset])
        np.testing.assert_allclose(found, truth, atol=0.011)
        n += len(events)
    assert n >= 50


# ---------------------------------------------------------------------- TUSZ

TUSZ = (
    "# version = csv_v1.0.0\n# bname = aaaaaajy_s001_t000\n# duration = 600.00 secs\n"
    "# montage_file = $NEDC_NFC/lib/nedc_eas_default_montage.txt\n#\n"
    "channel,start_time,stop_time,label,confidence\n"
)


def test_tusz_csv_bi(write):
    path = write(
        TUSZ + "TERM,0.0000,36.8868,bckg,1.0000\nTERM,36.8868,183.3055,seiz,1.0000\n"
        "TERM,183.3055,600.0000,bckg,1.0000\n",
        "aaaaaajy_s001_t000.csv_bi",
    )
    name = "aaaaaajy_s001_t000"
    assert read_events(path, patient="aaaaaajy") == Events(
        [36.8868],
        [183.3055 - 36.8868],
        record=name,
        confidence=1.0,
        recordings={name: RecordInfo(600.0, patient="aaaaaajy")},
    )


def test_tusz_csv_joins_channels(write):
    rows = [
        "F7-T3,0.0,20.0,bckg,1.0",
        "FP1-F7,20.0,50.0,fnsz,1.0",  # overlaps F7-T3 and touches T3-T5
        "F7-T3,40.0,60.0,fnsz,0.5",
        "T3-T5,60.0,70.0,fnsz,1.0",
        "FP1-F7,100.0,120.0,fnsz,0.25",  # two types in one event
        "C3-P3,110.0,130.0,gnsz,0.75",
        "C3-P3,200.0,210.0,seiz,1.0",
        "C3-P3,205.0,207.0,bckg,1.0",
    ]
    events = read_events(write(TUSZ + "\n".join(rows), "x.csv"))
    assert np.column_stack([events.onset, events.offset]).tolist() == [
        [20, 70],
        [100, 130],
        [200, 210],
    ]
    assert events.event_type.tolist() == ["fnsz", "sz", "sz"]
    assert events.channels.tolist() == ["FP1-F7,F7-T3,T3-T5", "FP1-F7,C3-P3", "C3-P3"]
    assert events.confidence.tolist() == [1.0, 0.75, 1.0]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 58), st.integers(1, 20)), max_size=12))
def test_tusz_csv_covers_what_any_channel_covers(write, rows):
    truth = np.zeros(601, dtype=bool)
    text = TUSZ + "A-B,0,1,bckg,1\n"
    for channel, start, length in rows:
        truth[start * 10 : (start + length) * 10] = True
        text += f"C{channel}-X,{start * 10},{min((start + length) * 10, 600)},fnsz,1\n"
    events = read_events(write(text, "x.csv"))
    found = np.zeros(601, dtype=bool)
    for start, end in events.intervals("x").astype(int):
        assert not found[max(start - 1, 0) : end].any()  # apart from one another
        found[start:end] = True
    np.testing.assert_array_equal(found[:600], truth[:600])


def test_tusz_without_seizure_still_lists_the_record(write):
    events = read_events(write(TUSZ + "TERM,0,600,bckg,1\n", "x.csv_bi"))
    assert len(events) == 0 and events.recordings == {"x": RecordInfo(600.0)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TUSZ, "has no rows"),
        (TUSZ.replace("600.00 secs", ""), "does not state '# duration = ... secs'"),
        (TUSZ.replace("# duration", "# length"), "does not state"),
        (TUSZ.replace(",label", "") + "TERM,0,600,1\n", "line 6: the header lacks label"),
        (TUSZ + "TERM,0,600,bckg,1\nTERM,5,10,se", "line 8: 4 cells, but the header names 5"),
        (TUSZ + "TERM,0,700,seiz,1\n", "line 7: the event lasts from 0 to 700 s; .* 600 s"),
        (TUSZ + "TERM,9,9,seiz,1\n", "line 7: the event lasts from 9 to 9 s"),
        (TUSZ + "TERM,a,9,seiz,1\n", "line 7: start_time is 'a'; a number of seconds"),
    ],
)
def test_broken_tusz_tables(write, text, message):
    with pytest.raises(ValueError, match=message):
        read_events(write(text, "x.csv"))


def test_tusz_artefacts_are_left_out_by_name(write):
    with pytest.warns(UserWarning, match="1 of 'musc'"):
        read_events(write(TUSZ + "A-B,0,600,musc,1\n", "x.csv"))


# ---------------------------------------------------------------------- CHB-MIT summaries

SUMMARY = """Data Sampling Rate: 256 Hz
*************************

Channels in EDF Files:
**********************
Channel 1: FP1-F7
Channel 2: -

File Name: chb90_01.edf
File Start Time: 11:42:54
File End Time: 12:42:54
Number of Seizures in File: 0

Channels changed:
Channel 1: FP1-CS2

File Name: chb90_02+.edf
File Start Time: 23:24:44
File End Time: 24:24:45
Number of Seizures in File: 1
Seizure Start Time: 2996 seconds
Seizure End Time: 3036 seconds

File Name: chb90_03.edf
File Start Time: 23:59:30
File End Time: 1:04:00
Number of Seizures in File: 2
Seizure 1 Start Time:             130 seconds
Seizure 1 End Time: 212 seconds
Seizure 2 Start Time : 2972 seconds
Seizure 2 End Time : 3004 seconds

File Name: chb90_04.edf
File Start Time: 24:10:00
File End Time: 26:10:00
Number of Seizures in File: 0
"""


def test_summary_by_hand(write):
    events = read_chbmit_summary(write(SUMMARY, "chb90-summary.txt"))
    assert events == Events(
        [2996, 130, 2972],
        [40, 82, 32],
        record=["chb90_02+", "chb90_03", "chb90_03"],
        recordings={
            name: RecordInfo(length, patient="chb90")
            for name, length in {
                "chb90_01": 3600.0,
                "chb90_02+": 3601.0,
                "chb90_03": 3870.0,
                "chb90_04": 7200.0,
            }.items()
        },
    )


def test_summary_without_times_needs_lengths(write):
    text = re.sub(r"File (Start|End) Time.*\n", "", SUMMARY)
    path = write(text, "chb24-summary.txt")
    with pytest.raises(ValueError, match=r"no start and end time for chb90_01, .*in durations"):
        read_chbmit_summary(path)
    lengths = dict.fromkeys(["chb90_01", "chb90_02+", "chb90_03", "chb90_04", "else"], 3600.0)
    events = read_chbmit_summary(path, durations=lengths, patient="p24")
    assert events.onset.tolist() == [2996, 130, 2972]
    assert set(events.recordings.values()) == {RecordInfo(3600.0, patient="p24")}
    del lengths["chb90_03"]
    with pytest.raises(ValueError, match=r"no start and end time for chb90_03; pass"):
        read_chbmit_summary(path, durations=lengths)
    # Given lengths replace the summary's.
    events = read_chbmit_summary(write(SUMMARY, "chb90-summary.txt"), durations={"chb90_01": 3599})
    assert events.recordings["chb90_01"].duration == 3599


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (SUMMARY, "", "is empty"),
        (SUMMARY, "Data Sampling Rate: 256 Hz\n", "lists no record"),
        ("Seizure End Time: 3036 seconds\n", "", r"line 17: chb90_02\+ names 1 seizures, but 1"),
        ("Seizure 2 Start", "Seizure 2 End", "line 24: chb90_03 names 2 seizures, but 4 start and"),
        ("in File: 2", "in File: 1", "chb90_03 names 1 seizures, but 4"),
        ("in File: 2", f"in File: {10**20}", f"chb90_03 names {10**20} seizures, but 4"),
        ("chb90_04", "chb90\0\0", r"line 33: 'chb90\\x00\\x00' cannot be the name of a record"),
        ("3036 seconds", "30", "line 22: 'Seizure End Time: 30' cannot be read"),
        ("12:42:54", "12:42", "line 11: 'File End Time: 12:42' cannot be read"),
        ("12:42:54", "11:42:54", "line 9: chb90_01 ends when it starts"),
        ("Number of Seizures in File: 0\n\nCh", "\nCh", "line 9: chb90_01 has no line 'Number of"),
        ("3036 seconds", "2990 seconds", "seizure of chb90_02.* lasts from 2996 to 2990"),
        ("3004 seconds", "5004 seconds", "seizure of chb90_03 ends at 5004 s, .* at 3870 s"),
        ("chb90_04", "chb90_01", "line 33: chb90_01 is listed twice"),
        ("File Name: chb90_01.edf\n", "", "line 9: 'File Start Time: 11:42:54' comes before"),
    ],
)
def test_broken_summaries(write, old, new, message):
    assert SUMMARY.count(old) == 1
    path = write(SUMMARY.replace(old, new), "chb90-summary.txt")
    with pytest.raises(ValueError, match=message) as error:
        read_chbmit_summary(path)
    assert str(path) in str(error.value)


def test_cut_summary_never_gives_wrong_seizures(write):
    whole = read_chbmit_summary(write(SUMMARY, "chb90-summary.txt"))
    for n in range(len(SUMMARY)):
        try:
            cut = read_chbmit_summary(write(SUMMARY[:n], "chb90-summary.txt"))
        except ValueError:
            continue
        assert cut == whole.select(cut.recordings)


def test_real_summaries(data_path):
    """Seizure counts and hours of the corpus; lengths against the EDF tables' sums."""
    expected = {
        "chb01": (7, 42, 442),
        "chb03": (7, 38, 402),
        "chb05": (5, 39, 558),
        "chb08": (5, 20, 919),
        "chb10": (7, 25, 447),
        "chb20": (8, 29, 294),
        "chb21": (4, 33, 199),
        "chb23": (7, 9, 424),
    }
    for path in (data_path / "chbmit").glob("*/*-summary.txt"):
        events = read_chbmit_summary(path)
        seizures, records, seconds = expected.pop(path.parent.name)
        assert (len(events), len(events.recordings)) == (seizures, records)
        assert events.duration.sum() == seconds
        assert all(600 <= info.duration <= 4.1 * 3600 for info in events.recordings.values())
        assert {info.patient for info in events.recordings.values()} == {path.parent.name}
    assert not expected
