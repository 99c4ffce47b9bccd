"""What an ensemble learns from: the rows of each class, and the rows kept for validation."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.model_selection import BaseShuffleSplit
from sklearn.utils import check_array, column_or_1d, get_tags
from sklearn.utils.validation import _check_feature_names

from .._core.errors import prefix_errors
from .._core.groups import check_groups, hold_out_groups
from .._core.labels import refuse_continuous, refuse_unlabelled
from .._core.validation import (
    check_rows,
    check_sample_weight,
    require_weights,
    returns_numpy,
    validate_table,
)

DEFAULT_SHARE = 0.2  # of the rows, for validation

# How tables are validated. The method sees members' probabilities alone: members that do not take
# NaN refuse it themselves.
TABLE: dict[str, Any] = {
    "accept_sparse": "csr",
    "dtype": [np.float64, np.float32],
    "ensure_all_finite": "allow-nan",
}


@dataclass(frozen=True)
class Task:
    """A problem of two classes, as rows of tables that are not copied.

    Parameters
    ----------
    X : ndarray or sparse matrix, shape (n_samples, n_features)
        The table that members are fitted on.
    minority, majority : ndarray of int
        Rows of ``X`` that members may be fitted on, by class.
    X_val : ndarray or sparse matrix
        The table of validation; may be ``X``.
    rows_val : ndarray of int, shape (n_validation,)
        Its rows to use.
    y_val : ndarray of int, shape (n_validation,)
        1 where they are of the minority class, else 0.
    sample_weight : ndarray of float, shape (n_samples,) or None
        Weights of the rows of ``X``.
    inverted : bool
        Whether the minority is not the class that the task is about, but the rest.
    """

    X: Any
    minority: NDArray[np.intp]
    majority: NDArray[np.intp]
    X_val: Any
    rows_val: NDArray[np.intp]
    y_val: NDArray[np.int8]
    sample_weight: NDArray[np.float64] | None
    inverted: bool

    def sample(self, share: float, rng: np.random.Generator) -> Task:
        """Return the task with a share of each class's rows; validation stays whole."""
        kept = [
            np.sort(rng.choice(rows, max(1, round(share * len(rows))), replace=False))
            for rows in (self.minority, self.majority)
        ]
        return replace(self, minority=kept[0], majority=kept[1])


@dataclass(frozen=True)
class Validation:
    """Which rows are fitted and which are for validation, and the labels of these.

    Parameters
    ----------
    fitted : ndarray of bool, shape (n_samples,)
        Rows of ``X`` to fit on.
    X_val : ndarray or sparse matrix
        The table of validation; may be ``X``.
    rows_val : ndarray of int
        Its rows to use.
    labels_val : ndarray
        Their labels.
    """

    fitted: NDArray[np.bool_]
    X_val: Any
    rows_val: NDArray[np.intp]
    labels_val: NDArray


def make_tasks(
    owner: Any,
    X: Any,
    y: Any,
    rng: np.random.RandomState,
    *,
    estimator: Any,
    needs_validation: bool,
    sample_weight: ArrayLike | None,
    groups: ArrayLike | None,
    X_val: Any,
    y_val: ArrayLike | None,
) -> tuple[NDArray, list[Task]]:
    """Validate the arguments of ``fit``, and pose the task of each class against the rest.

    Parameters
    ----------
    owner : MetaSampler or MetaSamplerClassifier
        Whose ``fit`` it is; gets ``n_features_in_`` and, from a data frame, ``feature_names_in_``.
    X, y, sample_weight, groups, X_val, y_val : array-like or None
        Its arguments.
    rng : RandomState
        Source of the split by a share of the rows.
    estimator : classifier
        Member of the ensembles.
    needs_validation : bool
        Whether rows are set apart for validation by default.

    Returns
    -------
    classes : ndarray, shape (n_classes,)
        The different labels, sorted.
    tasks : list of Task
        One task for two classes, else one for each class.

    Raises
    ------
    ValueError
        If an argument is not valid, they do not fit together, or a class is missing on one side
        of the split.
    """
    X, y = validate_table(owner, X, y, **TABLE)
    refuse_continuous(y)
    classes = np.unique(y)
    refuse_unlabelled(owner, classes)
    if len(classes) > 2 and not get_tags(owner).classifier_tags.multi_class:
        raise ValueError(
            f"Only binary classification is supported. y holds {len(classes)} classes; train on "
            "one against the rest. MetaSamplerClassifier does so by itself."
        )
    weights = None
    if sample_weight is not None:
        require_weights("sample_weight", "estimator", estimator)
        weights = check_sample_weight(sample_weight, X)
    if X_val is not None:
        _check_feature_names(owner, X_val, reset=False)
    share = DEFAULT_SHARE if needs_validation and X_val is None and y_val is None else None
    split = make_validation(
        X,
        y,
        classes,
        share if owner.validation is None else owner.validation,
        rng,
        sample_weight=weights,
        groups=groups,
        X_val=X_val,
        y_val=y_val,
    )
    targets = classes[1:] if len(classes) == 2 else classes
    return classes, [make_task(X, y, target, split, weights) for target in targets]


def make_task(
    X: Any,
    y: NDArray,
    target: Any,
    validation: Validation,
    sample_weight: NDArray[np.float64] | None,
) -> Task:
    """Pose the task of one class against the rest.

    Parameters
    ----------
    X : ndarray or sparse matrix, shape (n_samples, n_features)
        Features.
    y : ndarray, shape (n_samples,)
        Labels.
    target : label
        The class.
    validation : Validation
        The split.
    sample_weight : ndarray of float, shape (n_samples,) or None
        Weights.

    Returns
    -------
    Task
        Its minority is the side with fewer rows to fit; ``target``, if there are as many.
    """
    is_target = y == target
    sides = [np.flatnonzero(side & validation.fitted) for side in (is_target, ~is_target)]
    inverted = len(sides[0]) > len(sides[1])
    minority, majority = sides[::-1] if inverted else sides
    y_val = (validation.labels_val == target) ^ inverted
    return Task(
        X,
        minority,
        majority,
        validation.X_val,
        validation.rows_val,
        y_val.astype(np.int8),
        sample_weight,
        inverted,
    )


def make_validation(
    X: Any,
    y: NDArray,
    classes: NDArray,
    validation: Any,
    rng: np.random.RandomState,
    *,
    sample_weight: NDArray[np.float64] | None = None,
    groups: ArrayLike | None = None,
    X_val: Any = None,
    y_val: ArrayLike | None = None,
) -> Validation:
    """Set rows apart for validation, or take those that were given.

    Parameters
    ----------
    X : ndarray or sparse matrix, shape (n_samples, n_features)
        Validated features.
    y : ndarray, shape (n_samples,)
        Labels.
    classes : ndarray
        The different labels.
    validation : float, splitter or None
        Share of the rows, or a splitter whose first split is taken. If None, the given rows, else
        none.
    rng : RandomState
        Source of the split by share.
    sample_weight : ndarray of float, shape (n_samples,), default=None
        Rows of weight 0 are on neither side: to scikit-learn they are not there.
    groups : array-like, shape (n_samples,), default=None
        Group of each row, kept on one side.
    X_val, y_val : array-like, default=None
        Given rows and labels.

    Returns
    -------
    Validation
        The split. Rows to fit have every class, and so have those of validation, if any.

    Raises
    ------
    ValueError
        If there is one class, validation is given twice or by halves, a side lacks a class, or a
        group is on both sides.
    """
    if len(classes) < 2:
        raise ValueError(
            f"y has one class, {classes.tolist()[0]!r}; at least two classes are needed."
        )
    usable = np.ones(len(y), dtype=bool) if sample_weight is None else sample_weight > 0
    if X_val is not None or y_val is not None:
        split = _given(X, usable, classes, validation, groups, X_val, y_val)
    else:
        names = None if groups is None else check_groups(groups, X)
        if validation is None:
            sides = usable, np.zeros(len(y), dtype=bool)
        elif not isinstance(validation, Real):
            sides = _by_splitter(X, y, classes, validation, names, usable)
        elif names is None:
            sides = _by_share(y, classes, float(validation), usable, rng)
        else:
            of = f"validation={validation:g}"
            kept = hold_out_groups(y, names, float(validation), rng, of, usable)
            sides = usable & ~kept, kept
        rows_val = np.flatnonzero(sides[1])
        split = Validation(sides[0], X, rows_val, y[rows_val])
    origin = f"validation={validation!r}" if X_val is None else "X_val, y_val"
    sides_of_labels = {"fitting": y[split.fitted], "validation": split.labels_val}
    for side, side_labels in sides_of_labels.items():
        if side == "validation" and X_val is None and validation is None:
            continue
        for c in classes:
            if not np.any(side_labels == c):
                raise ValueError(
                    f"{origin} leaves no row of class {_item(c)!r} for {side}, of "
                    f"{np.sum(y == c)} in y"
                    + ("" if sample_weight is None else " with any sample_weight")
                    + "; every class is needed on both sides"
                    + ("." if groups is None else ", in at least two groups.")
                )
    return split


def _item(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def _warn_of_other_scale(X: Any, X_val: Any) -> None:
    """Warn if validation rows seem to have missed what was done to the training rows."""
    if issparse(X) or issparse(X_val):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # columns of NaN alone
        middle = np.nanmedian(X_val, axis=0)
        outside = (middle < np.nanmin(X, axis=0)) | (middle > np.nanmax(X, axis=0))
    if np.mean(outside) > 0.5:
        warnings.warn(
            f"X_val lies outside the range of X: so does the median of {outside.sum()} of "
            f"{len(outside)} columns. In a Pipeline, X_val reaches this step as it is given unless "
            "the Pipeline transforms it, too: Pipeline(..., transform_input=['X_val']), with "
            "metadata routing enabled.",
            UserWarning,
            stacklevel=6,
        )


@returns_numpy
def _given(
    X: Any,
    usable: NDArray[np.bool_],
    classes: NDArray,
    validation: Any,
    groups: ArrayLike | None,
    X_val: Any,
    y_val: ArrayLike | None,
) -> Validation:
    if X_val is None or y_val is None:
        given, lacking = ("y_val", "X_val") if X_val is None else ("X_val", "y_val")
        raise ValueError(f"{given} was given without {lacking}; both are needed.")
    if validation is not None:
        raise ValueError(
            f"validation is given twice: validation={validation!r} and X_val, y_val of fit; leave "
            "validation at None or X_val and y_val out."
        )
    if groups is not None:
        raise ValueError(
            "groups were given next to X_val and y_val; they tell how to set validation rows "
            "apart, of which there are some already. Leave one of the two out."
        )
    with prefix_errors("X_val"):
        X_val = check_array(X_val, input_name="X_val", **TABLE)
    if X_val.shape[1] != X.shape[1]:
        raise ValueError(f"X_val has {X_val.shape[1]} features, but X has {X.shape[1]}.")
    _warn_of_other_scale(X, X_val)
    with prefix_errors("y_val"):
        labels = column_or_1d(y_val)
    check_rows(X_val=X_val, y_val=labels)
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise ValueError(f"y_val holds {unknown.tolist()}, which y does not.")
    return Validation(usable, X_val, np.arange(len(labels)), labels)


Sides = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def _by_share(
    y: NDArray,
    classes: NDArray,
    share: float,
    usable: NDArray[np.bool_],
    rng: np.random.RandomState,
) -> Sides:
    """Split each class by the share, at least one row to a side."""
    kept = np.zeros(len(y), dtype=bool)
    for c in classes:
        rows = np.flatnonzero((y == c) & usable)
        if len(rows) < 2:
            raise ValueError(
                f"class {_item(c)!r} has {len(rows)} row(s) in y, of sample_weight above 0; two "
                f"are needed, one to fit and one for validation={share:g}. Or pass X_val and y_val."
            )
        rng.shuffle(rows)
        kept[rows[: min(max(1, round(share * len(rows))), len(rows) - 1)]] = True
    return usable & ~kept, kept


def _by_splitter(
    X: Any,
    y: NDArray,
    classes: NDArray,
    splitter: Any,
    groups: NDArray | None,
    usable: NDArray[np.bool_],
) -> Sides:
    """Take the first split of a splitter."""
    counts = {c: int(np.sum(y == c)) for c in classes.tolist()}
    rarest = min(counts, key=lambda c: counts[c])
    folds = getattr(splitter, "n_splits", 0)
    # A repeated split is no fold: the rarest class need not be in each.
    if counts[rarest] < folds and not isinstance(splitter, BaseShuffleSplit):
        raise ValueError(
            f"validation={splitter!r} makes {folds} folds, but class {rarest!r} has "
            f"{counts[rarest]} rows; at least one a fold is needed."
        )
    fitted, kept = _masks(len(y), *next(iter(splitter.split(X, y, groups))))
    if np.any(fitted & kept):
        raise ValueError(
            f"validation={splitter!r} puts {np.sum(fitted & kept)} rows on both sides."
        )
    shared = [] if groups is None else np.intersect1d(groups[fitted], groups[kept]).tolist()
    if shared:
        raise ValueError(
            f"validation={splitter!r} puts {len(shared)} groups on both sides, {shared[0]!r} among "
            "them; take a splitter that keeps groups whole, such as StratifiedPatientKFold, or a "
            "share."
        )
    return fitted & usable, kept & usable


def _masks(n: int, fitted: NDArray[np.intp], kept: NDArray[np.intp]) -> Sides:
    masks = np.zeros((2, n), dtype=bool)
    masks[0, fitted] = masks[1, kept] = True
    return masks[0], masks[1]
