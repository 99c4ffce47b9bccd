"""What is written of events, read back by MNE, edfio and ourselves."""

import json
from datetime import datetime

import edfio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseizure.signals import Events, RecordInfo, read_events, write_events

START = datetime(2020, 1, 2, 10, 11, 12)
INFO = RecordInfo(3600.0, start=START, unjudged=((600.0, 1200.0), (3500.0, 3600.0)))
FOUND = Events([10.5, 1300], [30.25, 60], record="night", recordings={"night": INFO},
               event_type=["sz", "sz_foc"], confidence=[0.9, np.nan])  # fmt: skip


def test_annotations_are_beside_the_recording(tmp_path):
    path = tmp_path / "night.edf"
    write_events(FOUND, path)
    raw = path.read_bytes()
    assert raw[192:236].rstrip() == b"EDF+C"
    assert raw[168:184] == b"02.01.2010.11.12"
    assert (raw[236:244].strip(), raw[244:252].strip()) == (b"1", b"0")  # no signal, no length
    assert (raw[252:256].strip(), raw[256:272]) == (b"1", b"EDF Annotations ")
    edf = edfio.read_edf(path)
    assert (len(edf.signals), edf.startdatetime) == (0, START)
    assert [(mark.onset, mark.duration, mark.text) for mark in edf.annotations] == [
        (10.5, 30.25, "sz"),
        (600, 600, "BAD unjudged"),
        (1300, 60, "sz_foc"),
        (3500, 100, "BAD unjudged"),
    ]
    back = read_events(path, duration=3600)
    plain = Events(FOUND.onset, FOUND.duration, record="night", recordings=FOUND.recordings,
                   event_type=FOUND.event_type)  # fmt: skip
    assert back == plain
    with pytest.raises(ValueError, match=r"night\.edf: holds annotations only; duration="):
        read_events(path)


def test_annotations_for_mne(tmp_path):
    mne = pytest.importorskip("mne")
    write_events(FOUND, tmp_path / "night.edf")
    marks = mne.read_annotations(tmp_path / "night.edf")
    assert marks.onset.tolist() == [10.5, 600, 1300, 3500]
    assert marks.duration.tolist() == [30.25, 600, 60, 100]
    assert marks.description.tolist() == ["sz", "BAD unjudged", "sz_foc", "BAD unjudged"]
    back = Events.from_annotations(marks, duration=3600, record="night")
    assert back.info("night").unjudged == INFO.unjudged
    np.testing.assert_array_equal(back.onset, FOUND.onset)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_annotations_round_trip(data, tmp_path_factory):
    n = data.draw(st.integers(0, 5))
    times = st.floats(0, 5e4).map(lambda x: round(x, 6))
    onset = data.draw(st.lists(times, min_size=n, max_size=n, unique=True))
    info = RecordInfo(
        86400.0,
        start=data.draw(st.sampled_from([None, START, datetime(2084, 12, 31, 23, 59, 59)])),
        unjudged=tuple((a, a + 1) for a in data.draw(st.lists(times, max_size=3))),
    )
    events = Events(onset, np.full(n, 2.5), recordings={"0": info})
    path = tmp_path_factory.mktemp("marks") / "0.edf"
    write_events(events, path)
    back = read_events(path, duration=86400)
    np.testing.assert_allclose(back.onset, events.onset, rtol=1e-12)
    assert back.info("0").start == info.start
    spans = [np.reshape(known.info("0").unjudged, (-1, 2)) for known in (back, events)]
    np.testing.assert_allclose(*spans)


def test_a_calm_record_states_its_background(tmp_path):
    calm = Events([], [], recordings={"calm": RecordInfo(60.0, unjudged=((10, 20),))})
    write_events(calm, tmp_path / "calm.edf")
    marks = edfio.read_edf(tmp_path / "calm.edf").annotations
    assert [(m.onset, m.duration, m.text) for m in marks] == [
        (0, 10, "bckg"),
        (10, 10, "BAD unjudged"),
        (20, 40, "bckg"),
    ]
    assert read_events(tmp_path / "calm.edf", duration=60) == calm


def test_annotations_of_a_file_with_signals(tmp_path):
    signal = edfio.EdfSignal(np.sin(np.arange(6000)), 100, label="F3-C3", physical_dimension="uV")
    marks = [edfio.EdfAnnotation(10, 5, "seizure"), edfio.EdfAnnotation(30, 10, "BAD")]
    edfio.Edf([signal], annotations=marks).write(tmp_path / "a.edf")
    events = read_events(tmp_path / "a.edf", patient="p")
    assert events == Events(
        10, 5, record="a", recordings={"a": RecordInfo(60.0, patient="p", unjudged=((30, 40),))}
    )
    with pytest.raises(ValueError, match="lasts 60 s; duration is 90 s"):
        read_events(tmp_path / "a.edf", duration=90)


def test_what_annotations_do_not_take(tmp_path):
    odd = Events(1, 1, event_type="sz\x14", recordings={"0": 10.0})
    with pytest.raises(ValueError, match=r"type 'sz\\x14'; annotations of EDF\+ take no such"):
        write_events(odd, tmp_path / "a.edf")
    old = Events(1, 1, recordings={"0": RecordInfo(10, start=datetime(1970, 1, 1))})
    with pytest.raises(ValueError, match="starts in 1970; EDF takes years from 1985 to 2084"):
        write_events(old, tmp_path / "a.edf")
    two = Events([], [], recordings={"a": 1.0, "b": 1.0})
    with pytest.raises(ValueError, match=r"holds 2 records; a file takes one. Events.by_record"):
        write_events(two, tmp_path / "a.edf")
    with pytest.raises(ValueError, match="format is 'csv'; 'tsv', 'bids', "):
        write_events(odd, tmp_path / "a.csv", format="csv")
    assert not list(tmp_path.iterdir())


def test_tables_of_bids(tmp_path):
    path = tmp_path / "sub-01_task-szMonitoring_run-00_events.tsv"
    write_events(FOUND, path, format="bids")
    header, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert header[:3] == ["onset", "duration", "trial_type"]
    assert [row[2] for row in rows] == ["sz", "sz_foc", "n/a", "n/a"]
    about = json.loads(path.with_suffix(".json").read_text())
    assert set(about) == set(header)
    assert all(column["Description"] for column in about.values())
    assert read_events(path, record="night") == FOUND


def test_tables_of_szcore(tmp_path):
    path = tmp_path / "sub-01_events.tsv"
    write_events(FOUND, path)
    header = path.read_text().splitlines()[0].split("\t")
    assert header == [
        *("onset", "duration", "eventType", "confidence", "channels"),
        *("dateTime", "recordingDuration"),
    ]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert read_events(path, record="night") == FOUND
