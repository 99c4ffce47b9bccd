import numpy as np
import pytest

from skseizure.signals import Events, RecordInfo


@pytest.fixture
def events():
    return Events(
        [50.0, 10.0, 5.0],
        [5.0, 20.0, 1.0],
        record=["a", "a", "c"],
        confidence=[0.5, 0.9, 0.1],
        recordings={"c": 60, "a": RecordInfo(100.0, observed=40.0, patient="p"), "b": 10.0},
    )


def test_events_are_sorted_by_record_then_onset(events):
    assert events.record.tolist() == ["c", "a", "a"]
    assert events.onset.tolist() == [5.0, 10.0, 50.0]
    assert events.confidence.tolist() == [0.1, 0.9, 0.5]
    np.testing.assert_array_equal(events.intervals("a"), [[10, 30], [50, 55]])
    assert events.intervals("b").shape == (0, 2)
    assert events.recordings["c"].observed == 60 and events.recordings["a"].observed == 40
    assert repr(events) == "Events(3 events in 3 records, 0.03 h)"


def test_select_concatenate_and_equality(events):
    parts = [part for _, part in events.by_record()]
    assert [len(part) for part in parts] == [1, 2, 0]
    assert Events.concatenate(parts) == events
    assert events.select(["a"]) != events and events != "events"
    with pytest.raises(ValueError, match="parts hold the record 'a' twice"):
        Events.concatenate([events, events.select(["a"])])
    with pytest.raises(ValueError, match="parts is empty"):
        Events.concatenate([])
    with pytest.raises(TypeError, match="records is the string 'a'"):
        events.select("a")
    with pytest.raises(ValueError, match="records names z"):
        events.select(["z"])


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        (([1.0], [0.0]), {}, "duration must be finite and above 0"),
        (([1.0], [np.nan]), {}, "duration must be finite"),
        (([np.inf], [1.0]), {}, "onset holds a value"),
        (([1.0, 2.0], [1.0]), {}, r"duration has shape \(1,\), onset \(2,\)"),
        (([1.0], [1.0]), {"record": "x"}, "record names x, which recordings does not list"),
        (([1.0], [1.0]), {"recordings": {"0": 0.0}}, "duration is 0.0; a record's length"),
    ],
)
def test_bad_events_are_refused(args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        Events(*args, **{"recordings": {"0": 10.0}, **kwargs})


@pytest.mark.parametrize(("wrong", "found"), [(None, "NoneType"), ([("0", 60.0)], "list")])
def test_recordings_must_be_a_mapping(wrong, found):
    with pytest.raises(TypeError, match=f"recordings is {found}; a mapping of each record"):
        Events([1.0], [2.0], recordings=wrong)


def test_complete_tells_whole_records_from_stretches():
    whole, most, part = RecordInfo(60.0), RecordInfo(60.0, 59.5), RecordInfo(60.0, 59.0)
    assert Events([], [], recordings={"a": whole, "b": most}).complete
    assert not Events([], [], recordings={"a": whole, "b": part}).complete
