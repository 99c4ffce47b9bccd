"""Labels of which some are missing, and domains."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.validation import refuse_continuous, refuse_nan


class Labels(NamedTuple):
    """Classes and what each row has of them.

    Attributes
    ----------
    classes : ndarray, shape (n_classes,)
        The classes, sorted.
    codes : ndarray of int, shape (n_samples,)
        Index of each row's class; -1 is unlabelled.
    """

    classes: NDArray[Any]
    codes: NDArray[np.intp]


def encode_labels(y: NDArray[Any], unlabelled: int | None, counted: NDArray[np.bool_]) -> Labels:
    """Tell classes from missing labels.

    Parameters
    ----------
    y : ndarray, shape (n_samples,)
        Labels; in an array of objects None is a missing label, too.
    unlabelled : int or None
        The mark of a missing label. None: every row is labelled.
    counted : ndarray of bool, shape (n_samples,)
        Rows that have a weight above zero.

    Returns
    -------
    Labels
        Classes and codes.

    Raises
    ------
    ValueError
        If fewer than two classes are left, labels are NaN, continuous or of mixed types, or the
        mark stands among strings.
    """
    missing = missing_labels(y, unlabelled)
    labelled = y[~missing]
    if len(labelled) == 0:
        raise ValueError(
            f"y has no labelled row: all {len(y)} are {unlabelled!r}, which means unlabelled; rows "
            "of at least two classes are needed."
        )
    if labelled.dtype == object:
        labelled = _of_one_type(labelled.tolist())
    refuse_continuous(labelled)
    classes, labelled_codes = np.unique(labelled, return_inverse=True)
    present = np.unique(labelled_codes[counted[~missing]])
    if len(present) < 2:
        raise ValueError(_one_class(classes[present].tolist(), missing.sum(), unlabelled))
    codes = np.full(len(y), -1, dtype=np.intp)
    codes[~missing] = labelled_codes
    return Labels(classes, codes)


def missing_labels(y: NDArray[Any], unlabelled: int | None) -> NDArray[np.bool_]:
    """Tell which rows have no label.

    Parameters
    ----------
    y : ndarray, shape (n_samples,)
        Labels.
    unlabelled : int or None
        The mark of a missing label; in an array of objects None is one, too. None: every row is
        labelled.

    Returns
    -------
    ndarray of bool, shape (n_samples,)
        True where the label is missing.

    Raises
    ------
    ValueError
        If a label is NaN, or the mark stands among strings as a string.
    """
    refuse_nan(y)
    if unlabelled is None:
        return np.zeros(len(y), dtype=bool)
    if y.dtype.kind not in "USO":
        return y == unlabelled
    labels = y.astype("U").tolist() if y.dtype.kind == "S" else y.tolist()
    # Lists of mixed types become strings in numpy, and data frames keep strings as objects.
    if any(isinstance(label, str) and label == str(unlabelled) for label in labels):
        raise ValueError(
            f"y holds strings, among them '{unlabelled}'. To mark unlabelled rows beside strings, "
            f"{unlabelled} must be a number in an array of objects: np.array(['a', {unlabelled}], "
            "dtype=object)."
        )
    if y.dtype.kind in "US":
        return np.zeros(len(y), dtype=bool)
    return np.array([label is None or label == unlabelled for label in labels], dtype=bool)


def _of_one_type(labels: list[Any]) -> NDArray[Any]:
    """Turn objects into an array of strings or of numbers."""
    strings = [isinstance(label, str) for label in labels]
    if any(strings) and not all(strings):
        other = labels[strings.index(False)]
        raise ValueError(
            f"y holds strings beside {other!r}; classes must be all strings or all numbers."
        )
    return np.asarray(labels)


def _one_class(classes: list[Any], n_missing: int, unlabelled: int | None) -> str:
    found = f"y has one class, {classes[0]!r}," if classes else "y has no class"
    if n_missing == 0:
        return f"{found} among the rows of sample_weight above 0; at least two classes are needed."
    return (
        f"{found} among the labelled rows of sample_weight above 0, beside {n_missing} unlabelled "
        f"ones; at least two classes are needed. If {unlabelled} is a class of its own here, pass "
        f"unlabeled_label=None or relabel it: y = np.where(y == {unlabelled}, 0, 1)."
    )


def check_domain(sample_domain: ArrayLike, n_samples: int) -> NDArray[np.bool_]:
    """Return which rows belong to the target domain.

    Parameters
    ----------
    sample_domain : array-like of int, shape (n_samples,)
        Above 0: source; below 0: target.
    n_samples : int
        Rows of X.

    Returns
    -------
    ndarray of bool, shape (n_samples,)
        True for target rows.

    Raises
    ------
    ValueError
        If there is not one domain a row, one is 0 or no number, or one of the two sides has no row.
    """
    domain = np.asarray(sample_domain)
    if domain.shape != (n_samples,):
        raise ValueError(
            f"sample_domain has shape {domain.shape}; one number for each of {n_samples} rows of X "
            "is needed."
        )
    if domain.dtype.kind not in "iuf" or not (domain != 0).all() or np.isnan(domain).any():
        found = sorted(set(domain.tolist()), key=str)[:5]
        raise ValueError(
            f"sample_domain holds {found} ({domain.dtype}); numbers above 0 for source rows and "
            "below 0 for target rows are needed."
        )
    is_target = domain < 0
    if is_target.all() or not is_target.any():
        side = "source (above 0)" if is_target.all() else "target (below 0)"
        raise ValueError(
            f"sample_domain names no {side} row; both are needed. Leave sample_domain out to take "
            "labelled rows as source and unlabelled ones as target."
        )
    return is_target
