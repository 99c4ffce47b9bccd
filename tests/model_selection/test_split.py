"""Splitters on Windows, on groups, inside searches, and the warning of overlap."""

import pickle

import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skseizure.metrics import make_event_scorer
from skseizure.model_selection import (
    EarlyTrainSplit,
    LeaveOnePatientOut,
    LeaveOneRecordOut,
    OverlappingWindowsWarning,
    RecordKFold,
    StratifiedPatientKFold,
)
from skseizure.signals import Windows

# Ours, scikit-learn's, and where the groups come from.
PAIRS = [
    (RecordKFold(2), GroupKFold(2), "record"),
    (
        RecordKFold(3, shuffle=True, random_state=1),
        GroupKFold(3, shuffle=True, random_state=1),
        "record",
    ),
    (LeaveOneRecordOut(), LeaveOneGroupOut(), "record"),
    (LeaveOnePatientOut(), LeaveOneGroupOut(), "patient"),
    (StratifiedPatientKFold(2), StratifiedGroupKFold(2), "patient"),
    (
        StratifiedPatientKFold(2, shuffle=True, random_state=3),
        StratifiedGroupKFold(2, shuffle=True, random_state=3),
        "patient",
    ),
]
ALL = [pair[0] for pair in PAIRS] + [
    EarlyTrainSplit(0.5),
    EarlyTrainSplit(0.5, unit="seizure"),
]


def model():
    return make_pipeline(FunctionTransformer(loudness), LogisticRegression())


def loudness(X):
    return np.asarray(X).std(axis=2)


def bare(n, **kwargs):
    """Windows of n one-sample windows, one a second."""
    return Windows(np.zeros((n, 1)), sfreq=1, **kwargs)


def lists(splits):
    return [(train.tolist(), test.tolist()) for train, test in splits]


@pytest.mark.parametrize(("ours", "theirs", "kind"), PAIRS, ids=str)
def test_same_as_scikit_learn_with_groups(toy, ours, theirs, kind):
    X, y, _ = toy
    groups = getattr(X, kind)
    expected = lists(theirs.split(X, y, groups))
    assert lists(ours.split(X, y)) == expected
    assert lists(ours.split(np.asarray(X), y, groups)) == expected
    assert ours.get_n_splits(X) == ours.get_n_splits(None, None, groups) == len(expected)
    # Groups, where given, win over the windows' own.
    other = np.arange(len(X)) % 5
    with pytest.warns(OverlappingWindowsWarning):
        assert lists(ours.split(X, y, other)) == lists(theirs.split(X, y, other))


@pytest.mark.parametrize("cv", [pair[0] for pair in PAIRS], ids=str)
def test_groups_stay_whole_and_cover_all(toy, cv):
    X, y, _ = toy
    order = np.random.default_rng(0).permutation(len(X))
    X, y, tested = X[order], y[order], []
    for train, test in cv.split(X, y):
        assert not set(X.record[train]) & set(X.record[test])
        np.testing.assert_array_equal(np.sort(np.r_[train, test]), np.arange(len(X)))
        tested.append(test)
    np.testing.assert_array_equal(np.sort(np.concatenate(tested)), np.arange(len(X)))


@pytest.mark.parametrize("cv", ALL, ids=str)
def test_splitter_is_an_sklearn_splitter(toy, cv):
    X, y, _ = toy
    X = X[X.onset % 2 == 0]  # no overlap
    y = np.where((X.onset % 20) < 8, 1, 0)
    again = pickle.loads(pickle.dumps(cv))
    assert lists(again.split(X, y)) == lists(cv.split(X, y))
    assert len(lists(cv.split(X, y))) == cv.get_n_splits(X, y)
    assert repr(cv).startswith(type(cv).__name__ + "(")
    for train, test in cv.split(X, y):
        assert len(train) and len(test) and not np.intersect1d(train, test).size


@pytest.mark.parametrize("cv", [RecordKFold(2), LeaveOnePatientOut()], ids=str)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_inside_a_grid_search(toy, cv, n_jobs):
    X, y, _ = toy
    search = GridSearchCV(
        model(),
        {"logisticregression__C": [1e-6, 1.0]},
        scoring=make_event_scorer("f1"),
        cv=cv,
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_ == {"logisticregression__C": 1.0} and search.best_score_ == 1


def test_inside_cross_validation(toy):
    X, y, _ = toy
    assert cross_val_score(model(), X, y, cv=LeaveOneRecordOut()).shape == (4,)
    assert cross_val_score(model(), X, y, cv=StratifiedPatientKFold(2)).mean() > 0.9
    assert np.mean(cross_val_predict(model(), X, y, cv=LeaveOnePatientOut()) == y) > 0.9
    with pytest.warns(OverlappingWindowsWarning):
        early = cross_val_score(model(), X, y, cv=EarlyTrainSplit())
    assert early.shape == (2,) and early.mean() > 0.9
    # Groups from outside, for a bare array.
    scores = cross_val_score(model(), np.asarray(X), y, cv=RecordKFold(2), groups=X.record)
    assert scores.mean() > 0.9


@pytest.mark.parametrize("cv", ALL, ids=str)
def test_metadata_routing(toy, cv):
    X, y, _ = toy
    X = X[X.onset % 2 == 0]
    y = np.where((X.onset % 20) < 8, 1, 0)
    groups = np.char.add("g", X.patient)
    with sklearn.config_context(enable_metadata_routing=True):
        assert cv.get_metadata_routing().split.requests["groups"] is True
        kwargs = dict(cv=cv, error_score="raise")
        own = cross_val_score(model(), X, y, **kwargs)
        if not isinstance(cv, RecordKFold | LeaveOneRecordOut):
            given = cross_val_score(model(), X, y, params={"groups": groups}, **kwargs)
            np.testing.assert_array_equal(given, own)
        GridSearchCV(model(), {"logisticregression__C": [1.0]}, **kwargs).fit(X, y)
        GridSearchCV(
            model(),
            {"logisticregression__C": [1.0]},
            scoring={"e": make_event_scorer(zero_division=0.0), "a": "accuracy"},
            refit="e",
            **kwargs,
        ).fit(X, y, groups=X.record)


@pytest.mark.parametrize(
    ("cv", "X", "message"),
    [
        (RecordKFold(2), np.zeros((4, 2)), "X is a ndarray, which knows no record; .*RecordKFold"),
        (LeaveOneRecordOut(), [[0]] * 4, "X is a list, which knows no record; pass groups=<rec"),
        (LeaveOnePatientOut(), np.zeros((4, 2)), "which knows no patient"),
        (LeaveOnePatientOut(), bare(4), r"X has no patient; pass groups= or Windows\(.*, patient="),
        (StratifiedPatientKFold(2), bare(4), "X has no patient"),
        (RecordKFold(2), bare(4), "n_splits=2 greater than the number of groups: 1"),
    ],
)
def test_unknown_identity_is_refused(cv, X, message):
    with pytest.raises(ValueError, match=message):
        next(cv.split(X, [0, 1, 0, 1]))
    if "n_splits" not in message:
        with pytest.raises(ValueError, match=message):
            cv.get_n_splits(X)


def naive_overlap(X, train, test):
    return any(
        X.record[i] == X.record[j] and abs(X.onset[i] - X.onset[j]) < X.duration - 1e-6
        for i in train
        for j in test
    )


@settings(max_examples=100, deadline=None)
@given(
    onset=st.lists(st.integers(0, 40), min_size=2, max_size=12),
    seed=st.integers(0, 999),
    length=st.integers(1, 6),
)
def test_warning_if_and_only_if_windows_overlap(onset, seed, length):
    rng = np.random.default_rng(seed)
    n = len(onset)
    X = Windows(
        np.zeros((n, length * 2)),
        sfreq=2,
        onset=np.array(onset, dtype=float),
        record=rng.integers(0, 2, n).astype(str),
        step=1.0,
    )
    groups = np.arange(n) % 2
    train, test = next(LeaveOneGroupOut().split(X, groups=groups))
    if naive_overlap(X, train, test):
        with pytest.warns(OverlappingWindowsWarning, match="LeaveOneRecordOut puts windows that"):
            list(LeaveOneRecordOut().split(X, groups=groups))
    else:
        list(LeaveOneRecordOut().split(X, groups=groups))  # a warning is an error here


def test_warning_comes_once_a_call():
    X = Windows(np.zeros((12, 4)), sfreq=2, step=1.0)
    with pytest.warns(OverlappingWindowsWarning) as caught:
        splits = list(RecordKFold(3).split(X, groups=np.arange(12) // 4))
    assert len(caught) == 1 and len(splits) == 3
    assert caught[0].filename == __file__
    assert "1 pairs of neighbours" in str(caught[0].message)
