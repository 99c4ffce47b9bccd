"""Semi-supervised cross-validation: unlabelled rows train, labelled rows test."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from skseizure.feature_selection import SemiJMISelector
from skseizure.fuzzy import SDASSLTSKClassifier
from skseizure.model_selection import LabelledTestSplit, LeaveOnePatientOut, RecordKFold
from skseizure.signals import Windows


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([-1, 0, 1, 2]), min_size=12, max_size=60),
    st.sampled_from([KFold(3), ShuffleSplit(4, random_state=0), KFold(2, shuffle=True)]),
)
def test_labelled_rows_test_and_all_others_train(y, cv):
    y = np.array([0, 1, 2, *y])
    labelled, unlabelled = np.flatnonzero(y >= 0), np.flatnonzero(y < 0)
    if len(labelled) < 4:
        return
    splitter = LabelledTestSplit(cv)
    X = np.arange(len(y))[:, np.newaxis]
    for train, test in splitter.split(X, y):
        assert set(test) <= set(labelled) and set(unlabelled) <= set(train)
        assert not set(train) & set(test)
        assert (np.diff(train) > 0).all()
        if isinstance(cv, KFold):
            assert len(train) + len(test) == len(y)
    if isinstance(cv, KFold):
        tested = np.concatenate([test for _, test in splitter.split(X, y)])
        np.testing.assert_array_equal(np.sort(tested), labelled)


@pytest.mark.parametrize(
    "cv",
    [StratifiedKFold(3), KFold(4), RepeatedStratifiedKFold(n_splits=2, random_state=0)],
    ids=str,
)
def test_labelled_parts_are_those_of_the_splitter(cv, rng):
    y = rng.integers(0, 2, 40)
    partial = np.where(rng.random(40) < 0.4, -1, y)
    X = rng.normal(size=(40, 2))
    rows = np.flatnonzero(partial >= 0)
    expected = cv.split(X[rows], partial[rows])
    found = LabelledTestSplit(cv)
    for (train, test), (train_of_cv, test_of_cv) in zip(
        found.split(X, partial), expected, strict=True
    ):
        np.testing.assert_array_equal(test, rows[test_of_cv])
        np.testing.assert_array_equal(train[partial[train] >= 0], rows[train_of_cv])
    assert found.get_n_splits(X, partial) == cv.get_n_splits(X[rows], partial[rows])


def test_a_number_means_stratified_folds(rng):
    y = np.array([0] * 20 + [1] * 10 + [-1] * 30)[rng.permutation(60)]
    splits = list(LabelledTestSplit(5).split(np.zeros((60, 1)), y))
    assert len(splits) == LabelledTestSplit().get_n_splits() == 5
    for _, test in splits:
        assert (y[test] == 0).sum() == 4 and (y[test] == 1).sum() == 2


def test_without_unlabelled_rows_nothing_changes(rng):
    X, y = rng.normal(size=(30, 2)), np.arange(30) % 3
    for (train, test), (train_of_cv, test_of_cv) in zip(
        LabelledTestSplit(3).split(X, y), StratifiedKFold(3).split(X, y), strict=True
    ):
        np.testing.assert_array_equal(train, train_of_cv)
        np.testing.assert_array_equal(test, test_of_cv)


@pytest.mark.parametrize(
    "y",
    [
        np.array(["a", "b", -1, "a", "b", None], dtype=object),
        np.array([0.0, 1.0, -1.0, 0.0, 1.0, -1.0]),
        np.array([0.0, 1.0, np.nan, 0.0, 1.0, np.nan]),
        np.array(["a", "b", np.nan, "a", "b", pd.NA], dtype=object),
        pd.array([0, 1, None, 0, 1, -1], dtype="Int64"),
        [True, False, None, True, False, -1],
    ],
    ids=["strings", "floats", "NaN", "strings and NaN", "nullable", "booleans"],
)
def test_marks_of_a_missing_label(y):
    for train, test in LabelledTestSplit(2).split(np.zeros((6, 1)), y):
        assert set(train) >= {2, 5} and len(test) == 2


def test_groups_keep_labelled_rows_apart():
    y = np.array([0, 1, -1, 0, 1, -1, 0, 1, -1])
    groups = np.repeat(["p", "q", "r"], 3)
    X = np.zeros((9, 1))
    for cv in (LeaveOneGroupOut(), GroupKFold(3)):
        splitter = LabelledTestSplit(cv)
        assert splitter.get_n_splits(X, y, groups) == 3
        tested = []
        for train, test in splitter.split(X, y, groups):
            assert not set(groups[test]) & set(groups[train[y[train] >= 0]])
            assert {2, 5, 8} <= set(train)
            tested.append(set(groups[test]))
        assert sorted(tested, key=min) == [{"p"}, {"q"}, {"r"}]
    # A patient without labels is in no test set: it is what the others are to transfer to.
    y[6:8] = -1
    assert LabelledTestSplit(LeaveOneGroupOut()).get_n_splits(X, y, groups) == 2


def test_windows_tell_records_and_patients():
    X = Windows(
        np.zeros((12, 1)), sfreq=1, record=np.repeat(list("abcd"), 3),
        patient=np.repeat(list("pq"), 6), onset=np.tile([0.0, 1, 2], 4),
    )  # fmt: skip
    y = np.tile([0, 1, -1], 4)
    for cv, kind in ((RecordKFold(2), X.record), (LeaveOnePatientOut(), X.patient)):
        splits = list(LabelledTestSplit(cv).split(X, y))
        assert len(splits) == LabelledTestSplit(cv).get_n_splits(X, y) == 2
        for train, test in splits:
            assert not set(kind[test]) & set(kind[train[y[train] >= 0]])
            assert (y[test] >= 0).all() and (y[train] < 0).sum() == 4


GRID = {
    "sdassltskclassifier__n_rules": [2, 4],
    "sdassltskclassifier__alpha": [0.1, 1.0],
    "sdassltskclassifier__lambda_da": [0.0, 1.0],
    "sdassltskclassifier__lambda_ssl": [0.1, 1.0],
    "sdassltskclassifier__fuzzy_index": [1.5, 2.0],
}


def test_grid_search_over_the_fuzzy_classifier(rng):
    X, y = load_iris(return_X_y=True)
    partial = np.where(rng.random(len(y)) < 0.5, y, -1)
    seen = []

    class Recorded(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            seen.append((y < 0).sum())
            return super().fit(X)

    pipe = make_pipeline(Recorded(), SDASSLTSKClassifier(max_iter=200, random_state=0))
    search = GridSearchCV(pipe, GRID, cv=LabelledTestSplit(3)).fit(X, partial)
    # Every fit, and the last one too, had all unlabelled rows.
    assert set(seen) == {(partial < 0).sum()} and len(seen) == 3 * 32 + 1
    assert search.best_score_ > 0.9 and np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.score(X[partial < 0], y[partial < 0]) > 0.9
    # Without the splitter -1 counts as a class that is never predicted.
    plain = GridSearchCV(pipe, {}, cv=3).fit(X, partial)
    assert plain.best_score_ < 0.7 < search.best_score_


MARKS = {
    "-1": lambda y, missing: np.where(missing, -1, y),
    "NaN": lambda y, missing: np.where(missing, np.nan, y),
    "NA": lambda y, missing: pd.Series(y, dtype="Int64").mask(missing),
    "None": lambda y, missing: np.where(missing, None, np.array(["bckg", "seiz"])[y]),
}


@pytest.mark.parametrize("mark", MARKS)
def test_selector_and_classifier_are_searched_with_any_mark(mark, rng):
    """The selector, the classifier and their splitter agree on what is missing."""
    y = np.arange(90) % 2
    X = rng.normal(size=(90, 4)) + 2 * y[:, np.newaxis] * [1, 0, 0, 0]
    partial = MARKS[mark](y, rng.random(90) < 0.5)
    pipe = make_pipeline(
        SemiJMISelector(n_features_to_select=2), SDASSLTSKClassifier(2, random_state=0)
    )
    grid = {"semijmiselector__n_bins": [3, 5]}
    search = GridSearchCV(pipe, grid, cv=LabelledTestSplit(3), error_score="raise").fit(X, partial)
    assert search.best_score_ > 0.8
    expected = GridSearchCV(pipe, grid, cv=LabelledTestSplit(3))
    expected.fit(X, np.where(pd.isna(partial), -1, y) if mark != "-1" else partial)
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )


def test_grid_search_with_groups_and_metadata_routing(rng):
    y = np.tile([0, 1, -1], 20)
    X = rng.normal(size=(60, 2)) + np.where(y < 0, 0, y)[:, np.newaxis]
    groups = np.repeat(np.arange(6), 10)
    cv = LabelledTestSplit(GroupKFold(3))
    model = SelfTrainingClassifier(LogisticRegression())
    grid = {"threshold": [0.7, 0.9]}
    plain = GridSearchCV(model, grid, cv=cv).fit(X, y, groups=groups)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = GridSearchCV(model, grid, cv=cv).fit(X, y, groups=groups)
    assert plain.n_splits_ == routed.n_splits_ == 3
    assert (
        plain.cv_results_["mean_test_score"].tolist()
        == routed.cv_results_["mean_test_score"].tolist()
    )
    assert cross_val_score(model, X, y, cv=cv, groups=groups).shape == (3,)


def test_repr_shows_the_splitter():
    assert repr(LabelledTestSplit(KFold(3))) == (
        "LabelledTestSplit(cv=KFold(n_splits=3, random_state=None, shuffle=False))"
    )


def test_bad_input_is_refused():
    X = np.zeros((4, 1))
    for cv in ([([0], [1])], "folds", None, True):
        with pytest.raises(TypeError, match="a number of folds or a splitter is needed"):
            LabelledTestSplit(cv)
    with pytest.raises(ValueError, match="y is None; LabelledTestSplit needs labels"):
        next(LabelledTestSplit(2).split(X))
    with pytest.raises(ValueError, match="y has no labelled row beside 4 unlabelled rows"):
        next(LabelledTestSplit(2).split(X, [-1, -1, -1, -1]))
    with pytest.raises(ValueError, match=r"y has one class, 1, beside 2 .* y = np.where\(y == -1"):
        next(LabelledTestSplit(2).split(X, [-1, 1, -1, 1]))
    with pytest.raises(ValueError, match="y holds strings, among them 'nan'"):
        next(LabelledTestSplit(2).split(np.zeros((5, 1)), ["a", "b", np.nan, "a", "b"]))
    for kind in (np.array, pd.Series, pd.Categorical):
        with pytest.raises(ValueError, match="y holds strings, among them '-1'"):
            next(LabelledTestSplit(2).split(np.zeros((5, 1)), kind(["a", "b", "-1", "a", "b"])))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        next(LabelledTestSplit(2).split(X, [0, 1, 0]))
    with pytest.raises(ValueError, match="n_splits=3 cannot be greater"):
        next(LabelledTestSplit(3).split(X, [0, 0, 1, 1]))
