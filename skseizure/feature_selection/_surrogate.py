"""The soft-prior rule: what unlabelled rows are to be taken as."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import column_or_1d
from sklearn.utils._missing import is_pandas_na, is_scalar_nan

from .._core.errors import prefix_errors

UNLABELLED = -1


class PartialLabels(NamedTuple):
    """Labels of two classes, some of them missing.

    Attributes
    ----------
    classes : ndarray, shape (n_classes,)
        The one or two labelled classes; the last of two is the positive one.
    positive, negative, unlabelled : ndarray of bool, shape (n_samples,)
        Rows by their label.
    """

    classes: NDArray
    positive: NDArray[np.bool_]
    negative: NDArray[np.bool_]
    unlabelled: NDArray[np.bool_]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Numbers of positive, negative and unlabelled rows."""
        p, n, m = (int(rows.sum()) for rows in (self.positive, self.negative, self.unlabelled))
        return p, n, m


def check_partial_labels(y: ArrayLike) -> PartialLabels:
    """Read labels of two classes in which -1, NaN and None mean unlabelled.

    Parameters
    ----------
    y : array-like, shape (n_samples,)
        Two classes of any kind, and -1, NaN or None. A class that stands alone counts as negative
        if it is 0 (or False), else as positive.

    Returns
    -------
    PartialLabels
        The classes and the rows of each.

    Raises
    ------
    ValueError
        If no row is labelled, or there are over two classes, fractions, or strings beside numbers.
    """
    with prefix_errors("y"):
        labels = column_or_1d(y, warn=True)
    if labels.dtype.kind == "f" and not np.array_equal(labels, np.floor(labels), equal_nan=True):
        raise ValueError(
            "y holds fractions: Unknown label type: continuous. Two classes are needed, and -1 or "
            "NaN where the label is missing."
        )
    # As objects, so that strings, numbers and NaN may stand side by side.
    objects = labels.astype(object)
    unlabelled = np.array([_is_missing(label) for label in objects.tolist()], dtype=bool)
    labelled = labels[~unlabelled]
    kinds = sorted({type(label).__name__ for label in labelled.tolist()})
    if len(kinds) > 1 and "str" in kinds:
        raise ValueError(
            f"y holds labels of type {' and '.join(kinds)}; all strings or all numbers are needed."
        )
    classes = np.unique(labelled)
    if len(classes) == 0:
        raise ValueError(
            f"y: all {len(labels)} rows are unlabelled (-1 or NaN); rows of both classes are "
            "needed, or of one class together with prior."
        )
    if len(classes) > 2:
        shown = ", ".join(map(repr, classes[:5].tolist()))
        raise ValueError(
            f"y has {len(classes)} classes ({shown}{', ...' if len(classes) > 5 else ''}) beside "
            "the unlabelled rows; two are needed. MutualInformationSelector takes any number."
        )
    negative = np.zeros(len(labels), dtype=bool)
    negative[~unlabelled] = objects[~unlabelled] == (classes[0] if len(classes) == 2 else 0)
    return PartialLabels(classes, ~unlabelled & ~negative, negative, unlabelled)


def _is_missing(label: Any) -> bool:
    if label is None or is_pandas_na(label) or is_scalar_nan(label):
        return True
    return bool(label == UNLABELLED)


def switching_threshold(p: int, n: int, m: int) -> float:
    """Compute phi, the prior from which on unlabelled rows are better taken as positive.

    Parameters
    ----------
    p, n, m : int
        Numbers of positive, negative and unlabelled rows.

    Returns
    -------
    float
        ``sqrt(p (p + m)) / (sqrt(p (p + m)) + sqrt(n (n + m)))``, in [0, 1].

    Raises
    ------
    ValueError
        If no row is labelled.
    """
    if p == n == 0:
        raise ValueError(f"y has no labelled row among {m}; at least one is needed.")
    positive, negative = math.sqrt(p * (p + m)), math.sqrt(n * (n + m))
    return positive / (positive + negative)


def choose_surrogate(missing: str, prior: float, phi: float) -> Any:
    """Return "negative", "positive" or "drop"; a prior below phi switches to "negative"."""
    if missing != "switch":
        return missing
    return "negative" if prior < phi else "positive"
