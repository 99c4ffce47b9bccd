"""Who owns a row, and splits that keep all rows of an owner on one side."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from skseizure._core.groups import check_groups, deal, group_folds, hold_out_groups, owners
from skseizure.model_selection import EarlyTrainSplit, LeaveOnePatientOut, RecordKFold
from skseizure.moe import SeizureMoEClassifier
from skseizure.signals import Windows

X = Windows(np.zeros((6, 4)), sfreq=4, record=list("aabbcc"), patient=list("ppppqq"))


def test_who_owns_a_row():
    assert owners(X, list("xxxyyy"), "patient").tolist() == list("xxxyyy")
    assert owners(X, None, "patient").tolist() == list("ppppqq")
    assert owners(X, None, "record").tolist() == list("aabbcc")
    assert owners(X, None, "patient", "record").tolist() == list("ppppqq")
    assert owners(np.zeros((6, 4)), None, "patient", "record") is None
    # One patient cannot be split by patients, but by records; one record by neither.
    assert owners(X[:4], None, "patient", "record").tolist() == list("aabb")
    assert owners(X[:2], None, "patient", "record") is None
    assert owners(X[:2], None, "record").tolist() == list("aa")
    unknown = Windows(np.zeros((6, 4)), sfreq=4, record=list("aabbcc"))
    assert owners(unknown, None, "patient") is None
    assert owners(unknown, None, "patient", "record").tolist() == list("aabbcc")


WRONG = [
    ([0, 1], "inconsistent numbers of samples"),
    ([0, 1, np.nan] * 2, "groups holds 2 missing values; each row needs a group"),
    ([None, "a", "b"] * 2, "groups holds 2 missing values"),
    (pd.Series([1, None, 2] * 2, dtype="Int64"), "groups holds 2 missing values"),
    (np.array(["2020-01-01", "NaT", "2020-01-02"] * 2, "M8[D]"), "groups holds 2 missing values"),
    (np.array([0, "a", 1] * 2, dtype=object), "groups holds values of several types"),
    (np.zeros((6, 2)), r"groups has shape \(6, 2\); \(n_rows,\), a group a row"),
]


@pytest.mark.parametrize(("groups", "message"), WRONG)
def test_groups_that_are_refused_alike_by_all_who_take_them(groups, message):
    y = [0, 1] * 3
    takers = [
        lambda: check_groups(groups, X),
        lambda: list(RecordKFold(2).split(X, y, groups)),
        lambda: list(LeaveOnePatientOut().split(X, y, groups)),
        lambda: list(EarlyTrainSplit().split(X, y, groups)),
        lambda: SeizureMoEClassifier().fit(np.zeros((6, 1, 4)), y, groups=groups),
    ]
    for take in takers:
        with pytest.raises(ValueError, match=message):
            take()


def cases():
    """Groups of rows of two or three classes, the last of them often rare."""
    group = st.lists(st.sampled_from([0, 0, 0, 0, 1, 2]), min_size=1, max_size=30)
    return st.lists(group, min_size=2, max_size=12).filter(lambda g: len(set().union(*g)) > 1)


def as_columns(rows):
    groups = np.repeat([f"g{i:02d}" for i in range(len(rows))], [len(row) for row in rows])
    return np.concatenate(rows), groups


@given(cases(), st.floats(0.02, 0.98), st.integers(0, 5))
def test_a_share_of_whole_groups(rows, share, seed):
    y, groups = as_columns(rows)
    held = hold_out_groups(y, groups, share, np.random.RandomState(seed), "share")
    assert not set(groups[held]) & set(groups[~held])
    assert held.any() and not held.all()
    # Each class is on both sides wherever any run of folds gives that.
    usable = np.arange(len(y)) % 3 > 0
    if len(np.unique(groups[usable])) > 1:
        part = hold_out_groups(y, groups, share, np.random.RandomState(seed), "share", usable)
        assert not (part & ~usable).any()
        assert not set(groups[part]) & set(groups[usable & ~part])


@pytest.mark.parametrize(
    ("share", "n_held"), [(0.05, 1), (0.1, 1), (0.2, 2), (0.3, 3), (0.5, 5), (0.8, 8), (0.99, 9)]
)
def test_any_share_of_ten_equal_groups(share, n_held):
    groups, y = np.repeat(np.arange(10), 40), np.tile(np.repeat([0, 1], [35, 5]), 10)
    held = hold_out_groups(y, groups, share, np.random.RandomState(0), "share")
    assert len(set(groups[held])) == n_held


def test_each_side_has_every_class_where_that_can_be():
    """Three of eight patients have seizures; every seed leaves some on both sides."""
    groups = np.repeat(np.arange(8), 20)
    y = ((groups < 3) & (np.arange(160) % 20 < 4)).astype(int)
    for seed in range(10):
        for share in (0.1, 0.2, 0.5):
            held = hold_out_groups(y, groups, share, np.random.RandomState(seed), "share")
            assert 0 < y[held].sum() < y.sum()
    # One patient alone has them: those who train need them more.
    y = ((groups < 1) & (np.arange(160) % 20 < 4)).astype(int)
    held = hold_out_groups(y, groups, 0.2, np.random.RandomState(0), "share")
    assert y[held].sum() == 0


@given(cases(), st.integers(2, 6), st.integers(0, 5))
def test_folds_are_those_of_scikit_learn(rows, n_folds, seed):
    y, groups = as_columns(rows)
    n_folds = min(n_folds, len(rows), np.unique(y, return_counts=True)[1].max())
    if n_folds < 2:
        return
    found = group_folds(y, groups, n_folds, np.random.RandomState(seed), "cv")
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Classes in fewer groups than folds are drawn, too.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        expected = list(splitter.split(y, y, groups))
    for (train, test), (other_train, other_test) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(train, other_train)
        np.testing.assert_array_equal(test, other_test)


def test_counts_alone_are_dealt():
    """The largest groups apart, then each to the fold that needs it."""
    counts = np.array([[8, 0], [8, 0], [4, 2], [4, 2]])
    fold = deal(counts, 2, np.random.RandomState(0))
    assert fold[0] != fold[1] and fold[2] != fold[3]


def test_one_group_is_not_enough():
    for split in (
        lambda of: hold_out_groups(np.arange(4) % 2, np.zeros(4), 0.5, None, of),
        lambda of: group_folds(np.arange(4) % 2, np.zeros(4), 2, None, of),
    ):
        with pytest.raises(ValueError, match=r"groups holds one group, 0\.0; cv=2 keeps groups"):
            split("cv=2")
