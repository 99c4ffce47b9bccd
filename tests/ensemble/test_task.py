import numpy as np
import pytest
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedKFold,
)

from skseizure.ensemble import MetaSamplerClassifier
from skseizure.ensemble._task import make_task, make_validation
from skseizure.model_selection import StratifiedPatientKFold


def split(y, validation=None, seed=0, X=None, **given):
    """Set a fifth apart, unless something else is given."""
    y = np.asarray(y)
    if validation is None and not given.keys() & {"X_val", "y_val"}:
        validation = 0.2
    X = np.zeros((len(y), 1)) if X is None else X
    rng = np.random.RandomState(seed)
    return make_validation(X, y, np.unique(y), validation, rng, **given)


def labels(n_majority, n_minority):
    return np.repeat([0, 1], [n_majority, n_minority])


@pytest.mark.parametrize("share", [0.2, 0.5, 0.7])
def test_share_of_each_class(share):
    y = labels(500, 30)
    found = split(y, share)
    np.testing.assert_array_equal(
        np.sort(np.r_[np.flatnonzero(found.fitted), found.rows_val]), np.arange(530)
    )
    assert (found.labels_val == 0).sum() == 500 * share
    assert (found.labels_val == 1).sum() == 30 * share
    np.testing.assert_array_equal(found.labels_val, y[found.rows_val])
    assert split(y, share).rows_val.tolist() == found.rows_val.tolist()
    assert split(y, share, seed=1).rows_val.tolist() != found.rows_val.tolist()


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_each_side_has_a_row_of_each_class(share):
    found = split(labels(50, 2), share)
    assert (found.labels_val == 1).sum() == 1


@pytest.mark.parametrize(("share", "n_val"), [(0.1, 1), (0.2, 2), (0.5, 5), (0.8, 8)])
def test_groups_stay_on_one_side(share, n_val):
    """Ten patients alike."""
    groups = np.repeat(np.arange(10), 40)
    y = np.tile(labels(35, 5), 10)
    found = split(y, share, groups=groups)
    assert len(set(groups[found.rows_val])) == n_val
    assert not set(groups[found.rows_val]) & set(groups[found.fitted])
    assert len(found.rows_val) + found.fitted.sum() == 400


def test_groups_without_the_rare_class_do_not_make_up_a_side():
    """Three of eight patients have seizures; every seed leaves some on both sides."""
    groups = np.repeat(np.arange(8), 20)
    y = ((groups < 3) & (np.arange(160) % 20 < 4)).astype(int)
    for seed in range(10):
        found = split(y, 0.2, seed, groups=groups)
        assert 0 < y[found.rows_val].sum() < y.sum()


def test_first_split_of_a_splitter():
    y = np.tile([0, 0, 1], 40)
    groups = np.repeat(np.arange(6), 20)
    for splitter in (
        StratifiedKFold(4),
        KFold(3),
        PredefinedSplit(np.arange(120) % 5 - 1),
        ShuffleSplit(100, random_state=0),
    ):
        fitted, kept = next(splitter.split(y, y))
        found = split(y, splitter)
        np.testing.assert_array_equal(np.flatnonzero(found.fitted), np.sort(fitted))
        np.testing.assert_array_equal(found.rows_val, np.sort(kept))
    for splitter in (StratifiedPatientKFold(3), GroupKFold(2), LeaveOneGroupOut()):
        found = split(y, splitter, groups=groups)
        assert not set(groups[found.rows_val]) & set(groups[found.fitted])


def test_given_rows():
    X, X_val = np.arange(20.0)[:, None], np.arange(5.0)[:, None]
    y, y_val = np.tile(["n", "s"], 10), np.array(["n", "n", "s", "n", "s"])
    found = split(y, X=X, X_val=X_val, y_val=y_val)
    assert found.fitted.all() and found.labels_val.tolist() == y_val.tolist()
    assert found.X_val is not X


def test_rows_without_weight_are_on_neither_side():
    y = labels(100, 20)
    weight = (np.arange(120) % 2).astype(float)
    groups = np.arange(120) // 4 % 6
    for given in ({}, {"groups": groups}, {"validation": StratifiedKFold(4)}):
        found = split(y, sample_weight=weight, **given)
        used = np.r_[np.flatnonzero(found.fitted), found.rows_val]
        np.testing.assert_array_equal(np.sort(used), np.arange(1, 120, 2))


def test_the_minority_is_the_rarer_side():
    y = np.repeat(["a", "b", "c"], [60, 30, 10])
    X = np.zeros((100, 1))
    found = split(y, X=X)
    for target, size, inverted in (("a", 32, True), ("b", 24, False), ("c", 8, False)):
        task = make_task(X, y, target, found, None)
        assert task.inverted == inverted and len(task.minority) == size
        assert len(task.majority) == 80 - size and task.X is X and task.X_val is X
        assert set(y[task.minority]) == ({"b", "c"} if inverted else {target})
        positive = (y[found.rows_val] == target) ^ inverted
        np.testing.assert_array_equal(task.y_val, positive)


def test_sample_of_a_task(rng):
    y = labels(100, 20)
    task = make_task(np.zeros((120, 1)), y, 1, split(y), None)
    small = task.sample(0.25, rng)
    assert (len(small.minority), len(small.majority)) == (4, 20)
    assert set(small.minority) <= set(task.minority) and small.rows_val is task.rows_val
    assert len(np.unique(small.majority)) == 20
    assert len(task.sample(1e-3, rng).minority) == 1


@pytest.mark.parametrize(
    ("y", "given", "message"),
    [
        (np.zeros(9), {}, r"y has one class, 0\.0; at least two"),
        (
            labels(9, 1),
            {},
            r"class 1 has 1 row\(s\) in y, of sample_weight above 0; two are needed",
        ),
        (labels(9, 3), {"validation": StratifiedKFold(5)}, "makes 5 folds, but class 1 has 3 rows"),
        (labels(9, 3), {"validation": KFold(3)}, "no row of class 1 for validation, of 3 in y"),
        (
            labels(9, 3),
            {"validation": PredefinedSplit([-1] * 9 + [0] * 3)},
            "no row of class 1 for fitting, of 3 in y",
        ),
        (
            labels(9, 3),
            {"groups": np.zeros(12)},
            r"groups holds one group, 0\.0; validation=0\.2 keeps",
        ),
        (
            labels(9, 3),
            {"groups": np.repeat([0, 1], [9, 3])},
            "no row of class 1 for fitting, .* on both sides, in at least two groups",
        ),
        (labels(9, 3), {"groups": [0, 1]}, "inconsistent numbers of samples"),
        (labels(9, 3), {"X_val": np.zeros((2, 1))}, "X_val was given without y_val"),
        (labels(9, 3), {"y_val": [0, 1]}, "y_val was given without X_val"),
        (
            labels(9, 3),
            {"X_val": np.zeros((2, 1)), "y_val": [0, 1], "validation": 0.3},
            "validation is given twice: validation=0.3 and X_val, y_val of fit",
        ),
        (
            labels(9, 3),
            {"X_val": np.zeros((2, 1)), "y_val": [0, 1], "validation": KFold(3)},
            "validation is given twice",
        ),
        (
            labels(9, 3),
            {"X_val": np.zeros((2, 1)), "y_val": [0, 1], "groups": np.arange(12)},
            "groups were given next to X_val and y_val",
        ),
        (labels(9, 3), {"X_val": np.zeros((2, 2)), "y_val": [0, 1]}, "X_val has 2 features"),
        (labels(9, 3), {"X_val": np.zeros((2, 1)), "y_val": [0, 2]}, r"y_val holds \[2\], which y"),
        (labels(9, 3), {"X_val": np.zeros((2, 1)), "y_val": [0]}, "inconsistent numbers"),
        (
            labels(9, 3),
            {"X_val": np.zeros((2, 1)), "y_val": [0, 0]},
            "X_val, y_val leaves no row of class 1 for validation",
        ),
        (labels(9, 3), {"X_val": [[np.inf], [0]], "y_val": [0, 1]}, "X_val contains infinity"),
        (
            labels(9, 3),
            {"sample_weight": np.repeat([1.0, 0.0], [9, 3])},
            r"class 1 has 0 row\(s\) in y, of sample_weight above 0",
        ),
    ],
)
def test_bad_splits_are_refused(y, given, message):
    with pytest.raises(ValueError, match=message):
        split(y, **given)


class First(KFold):
    """Rows from 0 to ``stop`` against rows from 6."""

    stop = 6

    def split(self, X, y=None, groups=None):
        yield np.arange(self.stop), np.arange(6, 12)


class Leaky(First):
    stop = 8


def test_a_splitter_with_rows_or_groups_on_both_sides_is_refused():
    y, groups = np.tile([0, 1], 6), np.tile([0, 1, 2], 4)
    assert split(y, First(2)).rows_val.tolist() == list(range(6, 12))
    with pytest.raises(ValueError, match="puts 2 rows on both sides"):
        split(y, Leaky(2))
    with pytest.raises(ValueError, match="puts 3 groups on both sides, 0 among them"):
        split(y, First(2), groups=groups)


def test_the_estimator_passes_all_of_it_on(rng):
    X, y, groups = (
        rng.normal(size=(200, 2)),
        np.tile(labels(8, 2), 20),
        np.repeat(np.arange(10), 20),
    )
    model = MetaSamplerClassifier(sampler=1.0, validation=0.2, random_state=0)
    model.fit(X, y, groups=groups)
    fitted = {int(g) for rows in model.estimators_samples_ for g in groups[rows]}
    assert len(fitted) == 8
    with pytest.raises(ValueError, match="given twice"):
        MetaSamplerClassifier(sampler=1.0, validation=KFold(3)).fit(X, y, X_val=X, y_val=y)
