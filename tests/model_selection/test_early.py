"""The patient-specific protocol: the earliest part of each class trains."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skseizure.model_selection import EarlyTrainSplit, OverlappingWindowsWarning
from skseizure.signals import Events, Windows, read_chbmit_summary


def bare(n, **kwargs):
    """Windows of n one-sample windows, one a second."""
    return Windows(np.zeros((n, 1)), sfreq=1, **kwargs)


def only(splits):
    """The one split, as lists."""
    ((train, test),) = splits
    return train.tolist(), test.tolist()


# Seconds of each seizure of CHB-MIT's first five patients, and the number of seizure frames that
# Kiranyaz et al. (2014) tested on, solved from the sensitivities that they print.
CHBMIT = {
    1: ([40, 27, 40, 51, 90, 93, 101], 337),
    2: ([82, 81, 9], 132),
    3: ([52, 65, 69, 52, 47, 64, 53], 307),
    4: ([49, 111, 102, 116], 287),
    5: ([115, 110, 96, 120, 117], 423),
}


@pytest.mark.parametrize(("seizures", "n_test"), CHBMIT.values(), ids=CHBMIT.keys())
def test_published_numbers_of_test_frames(seizures, n_test):
    # Both ends of a seizure are ictal frames: its seconds plus one.
    y = np.concatenate([np.r_[np.zeros(500), np.ones(s + 1)] for s in seizures])
    ((train, test),) = EarlyTrainSplit().split(bare(len(y)), y)
    assert np.sum(y[test] == 1) == n_test
    for label in (0, 1):
        rows = np.flatnonzero(y == label)
        np.testing.assert_array_equal(train[y[train] == label], rows[: len(rows) // 4])


def test_published_numbers_from_the_summaries(data_path):
    for patient in (1, 3, 5):
        case = f"chb{patient:02d}"
        events = read_chbmit_summary(data_path / "chbmit" / case / f"{case}-summary.txt")
        lengths = {name: int(info.duration) for name, info in events.recordings.items()}
        X = bare(
            sum(lengths.values()),
            record=np.repeat(list(lengths), list(lengths.values())),
            onset=np.concatenate([np.arange(n) for n in lengths.values()]),
            patient=case,
        )
        both_ends = Events(
            events.onset, events.duration + 1, record=events.record, recordings=events.recordings
        )
        y = X.labels(both_ends)
        ((train, test),) = EarlyTrainSplit().split(X, y)
        assert y[test].sum() == CHBMIT[patient][1]
        assert len(train) + len(test) == len(X)
        # The border runs through a seizure.
        border = np.flatnonzero(y == 1)[y[train].sum() - 1 :][:2]
        assert np.diff(border) == 1 and border[0] in train and border[1] in test


def test_frames_by_hand():
    y = [0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0]
    train, test = only(EarlyTrainSplit(0.5).split(np.zeros((12, 1)), y))
    assert train == [0, 1, 2, 3, 4, 5] and test == [6, 7, 8, 9, 10, 11]
    # The second seizure is cut in two.
    assert only(EarlyTrainSplit(0.75).split(bare(12), y))[0] == [0, 1, 2, 3, 4, 5, 6, 7, 9]


@pytest.mark.parametrize(
    ("train_size", "train"),
    [
        # One of three seizures (a share of 0.75 seizures is raised to one), 2 of 10 other windows.
        (0.25, [0, 1, 2, 3]),
        (0.5, [0, 1, 2, 3, 4, 7, 8]),
        # Two seizures of three, 7 of 10.
        (0.7, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ],
)
def test_seizures_by_hand(train_size, train):
    y = [0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0]
    expected_test = sorted(set(range(15)) - set(train))
    assert only(EarlyTrainSplit(train_size, unit="seizure").split(bare(15), y)) == (
        train,
        expected_test,
    )


def test_seizures_end_with_their_stretch():
    # A gap, or another record, between two ictal windows parts two seizures.
    y = [0, 1, 1, 0, 0, 0]
    gap = bare(6, onset=[0.0, 1, 10, 11, 12, 13])
    assert only(EarlyTrainSplit(unit="seizure").split(gap, y))[0] == [0, 1]
    records = bare(6, record=list("aabbbb"), onset=[0.0, 1, 2, 3, 4, 5])
    assert only(EarlyTrainSplit(unit="seizure").split(records, y))[0] == [0, 1]
    with pytest.raises(ValueError, match="has 1 seizures of class 1"):
        only(EarlyTrainSplit(unit="seizure").split(bare(6), y))


def test_time_runs_through_records_in_natural_order_of_their_names():
    # Record "r10" stands first among the rows; within a record, the onset counts.
    record = np.repeat(["r10", "r2"], 4)
    X = bare(8, record=record, onset=[3.0, 2, 1, 0, 3, 2, 1, 0])
    y = np.array([1, 0, 1, 0, 1, 0, 1, 0])
    train, _ = only(EarlyTrainSplit(0.25).split(X, y))
    assert train == [6, 7]
    train, _ = only(EarlyTrainSplit(0.5).split(X, y))
    assert train == [4, 5, 6, 7]


def test_names_of_records_sort_as_their_numbers():
    # The last record alone must test; the names are given in a wrong order.
    names = ["chb21_01", "chb02_16+", "chb02_16", "chb02_2", "chb02_02", "chb02", "7_1", "07", "a"]
    ordered = ["07", "7_1", "a", "chb02", "chb02_02", "chb02_2", "chb02_16", "chb02_16+"]
    X = bare(18, record=np.repeat(names, 2), onset=np.tile([0.0, 1.0], 9))
    y = np.tile([0, 1], 9)
    for k, name in enumerate(ordered, start=1):
        train, _ = only(EarlyTrainSplit(k / 9).split(X, y))
        assert set(X.record[train]) == set(ordered[:k]), name


@pytest.mark.parametrize("unit", ["frame", "seizure"])
def test_order_of_rows_does_not_count(unit, rng):
    record = np.repeat(["x_9", "x_10", "w_1", "w_2"], 20)
    X = bare(
        80, record=record, onset=np.tile(np.arange(20.0), 4), patient=np.repeat(["q", "p"], 40)
    )
    y = np.tile(np.repeat([0, 1, 0, 1, 0], 4), 4)
    expected = [
        [set(zip(X.record[rows], X.onset[rows], strict=True)) for rows in split]
        for split in EarlyTrainSplit(unit=unit).split(X, y)
    ]
    assert {name for name, _ in expected[1][0]} == {"x_9"}
    for order in (np.arange(80)[::-1], rng.permutation(80)):
        shuffled = X[order]
        assert [
            [set(zip(shuffled.record[rows], shuffled.onset[rows], strict=True)) for rows in split]
            for split in EarlyTrainSplit(unit=unit).split(shuffled, y[order])
        ] == expected


def test_rows_of_a_bare_array_stand_in_order_of_time():
    y = np.array([0, 1, 0, 1, 0, 0, 1, 1])
    assert only(EarlyTrainSplit(0.5).split(np.zeros((8, 1)), y))[0] == [0, 1, 2, 3]
    assert only(EarlyTrainSplit(0.5).split(np.zeros((8, 1)), y[::-1]))[0] == [0, 1, 2, 3]


def test_each_patient_is_split_alone():
    y = np.tile([0, 0, 1, 1], 4)
    patient = np.repeat(["q", "p"], 8)
    X = bare(16, record=patient, patient=patient)
    splits = [(a.tolist(), b.tolist()) for a, b in EarlyTrainSplit(0.5).split(X, y)]
    assert splits == [
        ([8, 9, 10, 11], [12, 13, 14, 15]),
        ([0, 1, 2, 3], [4, 5, 6, 7]),
    ]
    cv = EarlyTrainSplit(0.5)
    assert cv.get_n_splits(X) == cv.get_n_splits(None, None, patient) == 2
    assert cv.get_n_splits(bare(16)) == cv.get_n_splits(np.zeros(16)) == 1
    by_groups = cv.split(np.zeros((16, 2)), y, groups=patient)
    assert [(a.tolist(), b.tolist()) for a, b in by_groups] == splits


@pytest.mark.parametrize(
    ("labels", "pos_label"),
    [
        (("bckg", "seiz"), None),
        (("normal", "ictal"), None),
        ((-1, 1), None),
        ((False, True), None),
        ((1, 2), 2),
        ((2, 1), 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("unit", ["frame", "seizure"])
def test_any_two_labels(labels, pos_label, unit):
    y = np.array([0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0])
    expected = only(EarlyTrainSplit(unit=unit).split(bare(12), y))
    splitter = EarlyTrainSplit(unit=unit, pos_label=pos_label)
    assert only(splitter.split(bare(12), np.array(labels)[y])) == expected


def test_seizures_must_be_told_from_the_rest():
    y = np.array([2, 2, 1, 1, 2, 2, 2, 1, 1, 2, 2, 2])
    with pytest.raises(ValueError, match=r"the classes \[1, 2\] do not tell .* pass pos_label=1"):
        list(EarlyTrainSplit(unit="seizure").split(bare(12), y))
    assert len(list(EarlyTrainSplit().split(bare(12), y))) == 1  # windows need no seizure class


def test_rounding_errors_do_not_decide():
    assert 0.29 * 100 < 29
    y = np.repeat([0, 1], 100)
    train, _ = only(EarlyTrainSplit(0.29).split(bare(200), y))
    assert len(train) == 58


def naive(X, y, share):
    """Row by row: sort in time, count off each class."""
    rows = sorted(range(len(X)), key=lambda i: (int(X.record[i]), X.onset[i]))
    train = []
    for label in set(y):
        mine = [i for i in rows if y[i] == label]
        train += mine[: int(share * len(mine))]
    return sorted(train)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 9999), share=st.sampled_from([0.25, 0.5, 0.75]))
def test_frames_equal_the_naive_form(seed, share):
    rng = np.random.default_rng(seed)
    n = 60
    X = bare(n, record=rng.integers(8, 12, n).astype(str), onset=rng.permutation(n).astype(float))
    y = np.r_[np.ones(8), np.zeros(8), rng.integers(0, 2, n - 16)]
    train, test = only(EarlyTrainSplit(share).split(X, y))
    assert train == naive(X, y, share)
    assert sorted(train + test) == list(range(n))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 9999), share=st.sampled_from([0.1, 0.25, 0.5, 0.75]))
def test_no_seizure_is_cut(seed, share):
    rng = np.random.default_rng(seed)
    pieces = [np.repeat([0, 1], rng.integers(5, 20, 2)) for _ in range(rng.integers(2, 8))]
    y = np.concatenate(pieces)
    number = np.repeat(np.arange(len(pieces)), [len(p) for p in pieces])
    train, test = only(EarlyTrainSplit(share, unit="seizure").split(bare(len(y)), y))
    ictal = [set(number[rows][y[rows] == 1].tolist()) for rows in (train, test)]
    assert not ictal[0] & ictal[1]
    assert len(ictal[0]) == max(1, int(share * len(pieces)))
    assert max(ictal[0]) < min(ictal[1])


def test_overlapping_windows_are_told():
    X = Windows(np.zeros((8, 4)), sfreq=2, step=1.0)
    y = np.array([0, 0, 1, 1, 0, 0, 1, 1])
    with pytest.warns(OverlappingWindowsWarning, match="EarlyTrainSplit puts windows that overlap"):
        list(EarlyTrainSplit(0.5).split(X, y))
    # Windows of other patients stand on neither side: they neither hide an overlap nor make one.
    patient, y = list("pqpqpqpq"), [0, 0, 1, 1, 0, 0, 1, 1]
    apart = Windows(np.zeros((8, 4)), sfreq=2, step=1.0)
    list(EarlyTrainSplit(0.5).split(apart, y, groups=patient))
    close = Windows(np.zeros((8, 6)), sfreq=2, step=1.0)
    with pytest.warns(OverlappingWindowsWarning):
        list(EarlyTrainSplit(0.5).split(close, y, groups=patient))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (dict(train_size=0), "train_size is 0; a share between 0 and 1"),
        (dict(train_size=1), "train_size is 1"),
        (dict(train_size=np.nan), "train_size is nan"),
        (dict(unit="record"), "unit is 'record'; 'frame' or 'seizure'"),
    ],
)
def test_bad_parameters_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=message):
        EarlyTrainSplit(**kwargs)


@pytest.mark.parametrize(
    ("kwargs", "y", "groups", "message"),
    [
        ({}, None, None, "y is None; EarlyTrainSplit"),
        ({}, [0, 1], None, "inconsistent numbers of samples"),
        (
            {},
            [0, 0, 0, 0, 1, 1, 1, 0],
            None,
            "patient '0' has 3 windows of class 1; a share of 0.25",
        ),
        ({}, [0, 1] * 4, list("ppppqqqq"), "patient 'p' has 2 windows of class 0"),
        (dict(train_size=0.5), [0, 1, 0, 1, 0, 0, 0, 0], list("ppppqqqq"), "'q' has 0 windows"),
        ({}, [0, 1] * 4, [0, 1], "inconsistent numbers of samples"),
        (dict(unit="seizure"), [0, 1, 2, 0, 1, 2, 0, 1], None, r"the classes \[0, 1, 2\]; two are"),
        (dict(unit="seizure"), [1] * 8, None, r"the classes \[1\]; two are needed"),
    ],
)
def test_bad_input_is_refused(kwargs, y, groups, message):
    with pytest.raises(ValueError, match=message):
        list(EarlyTrainSplit(**kwargs).split(np.zeros((8, 2)), y, groups))


def test_number_of_splits_needs_rows():
    with pytest.raises(ValueError, match="X and groups are both None"):
        EarlyTrainSplit().get_n_splits()
