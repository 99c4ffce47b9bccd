"""Events out of data frames, own tables and MNE's annotations, and back; and how they print."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skseizure.signals import Event, Events, RecordInfo, Windows, read_events

mne = pytest.importorskip("mne")


@pytest.fixture
def events():
    return Events(
        [50.0, 10.0, 5.0],
        [5.0, 20.0, 1.0],
        record=["a", "a", "c"],
        event_type=["sz", "fnsz", "sz"],
        confidence=[0.5, np.nan, 0.1],
        channels=["all", "F3-C3,C3-P3", "all"],
        recordings={"c": 60, "a": RecordInfo(100.0, patient="p"), "b": 10.0},
    )


# ---------------------------------------------------------------------- as a sequence


def test_iteration_and_index(events):
    rows = list(events)
    assert rows[1] == Event("a", 10.0, 20.0, "fnsz", rows[1].confidence, "F3-C3,C3-P3")
    assert rows[1].offset == 30.0
    assert events[0] == rows[0]
    assert events[-1] == events[np.int64(2)] == rows[2]
    last = Events(
        [10.0, 50.0],
        [20.0, 5.0],
        record="a",
        event_type=["fnsz", "sz"],
        confidence=[np.nan, 0.5],
        channels=["F3-C3,C3-P3", "all"],
        recordings=events.recordings,
    )
    for key in (slice(1, None), [1, 2], np.array([False, True, True])):
        assert events[key] == last
    assert len(events[[]]) == 0
    assert events[[]].recordings == events.recordings
    with pytest.raises(IndexError):
        events[3]
    with pytest.raises(IndexError, match="Events were indexed by False"):
        events[False]


def test_print_shows_the_first_rows(events):
    assert str(events).splitlines() == [
        "Events(3 events in 3 records, 0.05 h)",
        "record  onset  duration  event_type  confidence     channels",
        "     c   5.00      1.00          sz         0.1          all",
        "     a  10.00     20.00        fnsz         n/a  F3-C3,C3-P3",
        "     a  50.00      5.00          sz         0.5          all",
    ]
    many = Events(np.arange(30.0), np.ones(30), recordings={"0": 60.0})
    assert str(many).endswith("... and 20 more")
    assert len(str(many).splitlines()) == 13


def test_html_is_escaped(events):
    html = events._repr_html_()
    assert html.count("<tr>") == 4
    assert "fnsz" in html
    odd = Events([1], [1], record="<b>", recordings={"<b>": 9.0})._repr_html_()
    assert "<b>" not in odd and "&lt;b&gt;" in odd
    X = Windows(np.ones((4, 2, 8)), sfreq=4, ch_names=["<i>", "b"], patient="p")
    html = X._repr_html_()
    assert "&lt;i&gt;, b" in html
    for part in ("4 of 2 s, every 2 s", "<td>4 Hz</td>", "float64"):
        assert part in html


# ---------------------------------------------------------------------- data frames


def test_frame_and_back(events):
    frame = events.to_frame()
    assert list(frame.columns) == list(Event._fields)
    assert Events.from_frame(frame, recordings=events.recordings) == events
    assert Events.from_frame(frame.to_dict("list"), recordings=events.recordings) == events


def test_own_columns_and_types():
    frame = pd.DataFrame(
        {
            "begin": [5, 40, 70, 90],
            "stop_time": [10, 45, 80, 95],
            "label": ["Anfall", "Husten", "EEG weg", "bckg"],
        }
    )
    with pytest.warns(UserWarning, match="1 of 'EEG weg'"):
        events = Events.from_frame(
            frame,
            columns={"onset": "begin"},
            types={"anfall": "sz", "EEG weg": "unjudged", "Husten": "bckg"},
            recordings={"n1": RecordInfo(100.0, patient="p")},
            record="n1",
        )
    assert [tuple(e)[:4] for e in events] == [("n1", 5.0, 5.0, "sz")]
    assert events.recordings == {
        "n1": RecordInfo(100.0, observed=90.0, patient="p", unjudged=((70.0, 80.0),))
    }


def test_every_row_of_a_table_without_types_is_a_seizure():
    frame = pd.DataFrame({"onset": [5.0], "end": [9.0]})
    (event,) = Events.from_frame(frame, recordings={"0": 60})
    assert event[:4] == ("0", 5.0, 4.0, "sz")


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        ({"a": [1]}, {}, "frame has the columns a; an onset and a duration"),
        ({"onset": [1], "b": [1]}, {"columns": {"length": "b"}}, r"columns has the keys \['length"),
        ({"onset": [1]}, {"columns": {"duration": "b"}}, "columns names 'b'; frame has onset"),
        ({"onset": ["x"], "duration": [1]}, {}, "onset holds 'x'; numbers are needed"),
        ({"onset": [1], "duration": [None]}, {}, "duration holds None"),
        ({"onset": [1], "duration": [1], "label": [None]}, {}, "1 rows without a type"),
        (
            {"onset": [1, 2, 3], "duration": [1, 1, 1], "label": ["cough", "cough", "sz"]},
            {},
            "frame: nobody knows whether these events are seizures: 2 of 'cough'. State it",
        ),
        ({"onset": [1], "duration": [1], "record": ["z"]}, {}, "record names z"),
    ],
)
def test_frames_that_are_refused(frame, options, message):
    with pytest.raises(ValueError, match=message):
        Events.from_frame(pd.DataFrame(frame), recordings={"0": 60.0}, **options)


# ---------------------------------------------------------------------- own tables


def test_own_table(tmp_path):
    path = tmp_path / "night.csv"
    path.write_text("Beginn;Ende;Art\n10,5;20,5;Anfall\n30;40;Ruhe\n")
    options = {
        "columns": {"onset": "Beginn", "offset": "Ende", "event_type": "Art"},
        "types": {"Anfall": "sz", "Ruhe": "bckg"},
    }
    events = read_events(path, duration=60, **options)
    assert events == Events([10.5], [10.0], record="night", recordings={"night": 60.0})
    with pytest.raises(ValueError, match=r"lacks recordingDuration; duration=\.\.\. states"):
        read_events(path, **options)
    with pytest.raises(ValueError, match=r"nobody knows .* 1 of 'Ruhe'"):
        read_events(path, duration=60, columns=options["columns"], types={"Anfall": "sz"})


def test_bids_table(tmp_path):
    path = tmp_path / "sub-01_events.tsv"
    path.write_text(
        "onset\tduration\ttrial_type\tHED\tvalue\n"
        "4.0\t8.0\tseizure\tn/a\t1\n"
        "20\t5\tSP1\t(sc:Focal-onset-epileptic-seizure)\t1\n"
        "n/a\tn/a\tbackground\tn/a\t2\n"
    )
    events = read_events(path, duration=30)
    assert np.column_stack([events.onset, events.offset]).tolist() == [[4, 12], [20, 25]]


def test_starts_and_ends_in_two_rows(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text(
        "onset\tduration\ttrial_type\n50\tn/a\tSeizure end\n30\tn/a\tSeizure onset\n70\t2\tsz\n"
    )
    events = read_events(path, duration=90)
    assert events.intervals("a").tolist() == [[30, 50], [70, 72]]
    path.write_text("onset\tduration\ttrial_type\n30\tn/a\tSeizure onset\n")
    with pytest.raises(ValueError, match=r"a\.tsv: 'Seizure onset' at 30 s has no end"):
        read_events(path, duration=90)


TABLE = "onset\tduration\teventType\trecordingDuration\n"


def test_table_of_another_recording(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text(TABLE + "20\t20\tsz\t3600\n2000\t60\tsz\t3600\n")
    with pytest.raises(
        ValueError, match=r"of a recording of 3600 s, but .* lasts 60 s; 1 of its 2 events begin"
    ):
        read_events(path, duration=60)
    assert len(read_events(path, duration=3600.5)) == 2


def test_no_rows_and_no_length_in_the_table(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text(TABLE)
    assert read_events(path, duration=60) == Events([], [], recordings={"a": 60.0})
    path.write_text(TABLE + "4\t8\tsz\tn/a\n")
    assert read_events(path, duration=20).intervals("a").tolist() == [[4, 12]]


def test_events_over_the_border_are_cut(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text(TABLE + "-5\t30\tsz\t600\n590\t14\tsz\t600\n")
    with pytest.warns(UserWarning, match=r"a\.tsv: 2 events begin before .* 600 s, and were cut"):
        events = read_events(path)
    assert events.intervals("a").tolist() == [[0, 25], [590, 600]]


@pytest.mark.parametrize(
    "dates", [["01/02/2020 10:00"], ["2020-01-01 00:01:40", "2020-01-01 00:03:20"], ["n/a", "x"]]
)
def test_a_start_that_is_unreadable(tmp_path, dates):
    path = tmp_path / "a.tsv"
    rows = "".join(f"{9 * i + 1}\t2\tsz\t60\t{date}\n" for i, date in enumerate(dates))
    path.write_text(TABLE.replace("\n", "\tdateTime\n") + rows)
    with pytest.warns(UserWarning, match=r"dateTime .*The start is taken as not known"):
        events = read_events(path)
    assert len(events) == len(dates)
    assert events.recordings["a"].start is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
@pytest.mark.parametrize("quote", ["", '"'])
def test_however_it_was_saved(tmp_path, encoding, end, delimiter, quote):
    point = "." if delimiter == "," else ","
    rows = [
        ["duration", "onset", "eventType", "recordingDuration"],
        [f"50{point}5", f"100{point}25", "sz", "600"],
    ]
    text = end.join(delimiter.join(f"{quote}{c}{quote}" for c in row) for row in rows) + end
    path = tmp_path / "a_events.csv"
    path.write_bytes(text.encode(encoding))
    assert read_events(path).intervals("a").tolist() == [[100.25, 150.75]]


# ---------------------------------------------------------------------- annotations

DATE = datetime(2020, 3, 2, 10, 20, 30, tzinfo=UTC)


def make_raw(date=None, seconds=180, crop=0.0):
    info = mne.create_info(["F3-C3", "C3-P3"], 64, "eeg", verbose=False)
    data = np.random.default_rng(0).normal(scale=20e-6, size=(2, seconds * 64))
    raw = mne.io.RawArray(data, info, verbose=False).set_meas_date(date)
    return raw.crop(tmin=crop)


@pytest.mark.parametrize("date", [None, DATE], ids=["no date", "date"])
@pytest.mark.parametrize("crop", [0.0, 5.0])
def test_annotations_of_a_raw_object_and_back(date, crop):
    info = RecordInfo(180.0, start=date and date.replace(tzinfo=None), unjudged=((60.0, 70.0),))
    events = Events([20.0, 130.0], [15.0, 9.0], event_type=["sz", "fnsz"], recordings={"0": info})
    raw = make_raw(date, crop=crop)
    raw.set_annotations(events.to_annotations(raw))
    assert Events.from_annotations(raw) == events
    X = Windows.from_raw(raw, window=2)
    assert X.judged(events).all()
    assert not ((X.onset < 70) & (X.onset + 2 > 60)).any()
    assert X.labels(events).sum() == pytest.approx(12, abs=1)


def test_annotations_alone():
    marks = mne.Annotations(
        [10, 30, 50, 80, 95], [5, 0, 0, 2, 1],
        ["Seizure 1", "Seizure onset", "Seizure end", "BAD_move", "eyes open"],
        ch_names=[["F3", "C3"], [], [], [], []],
        orig_time=DATE,
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"nobody knows .* 1 of 'eyes open'"):
        Events.from_annotations(marks, duration=100)
    with pytest.raises(ValueError, match="duration is None"):
        Events.from_annotations(marks, types={"*": "other"})
    events = Events.from_annotations(
        marks, duration=100, types={"*": "other"}, record="r", patient="p"
    )
    assert events.intervals("r").tolist() == [[10, 15], [30, 50]]
    assert events.channels.tolist() == ["F3,C3", "all"]
    assert events.recordings["r"] == RecordInfo(
        100.0, patient="p", start=DATE.replace(tzinfo=None), unjudged=((80.0, 82.0),)
    )
    with pytest.raises(TypeError, match="source is list"):
        Events.from_annotations([], duration=9)
    with pytest.raises(ValueError, match="1 seizures have no length, the first at 7 s"):
        Events.from_annotations(mne.Annotations([7], [0], ["seizure"]), duration=9)
    with pytest.raises(ValueError, match="events holds 2 records"):
        Events([], [], recordings={"a": 1.0, "b": 1.0}).to_annotations()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(1, 9), st.sampled_from(["sz", "fnsz", "sz_gen"])),
        max_size=6,
    )
)
def test_round_trips(rows):
    onset, duration, kinds = zip(*rows, strict=True) if rows else ((), (), ())
    events = Events(
        onset, duration, event_type=np.array(kinds, dtype=str), recordings={"0": RecordInfo(100.0)}
    )
    assert Events.from_frame(events.to_frame(), recordings=events.recordings) == events
    again = Events.from_annotations(events.to_annotations(), duration=100.0)
    assert sorted(map(repr, again)) == sorted(map(repr, events))
