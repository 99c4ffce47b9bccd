"""Sensitivity and specificity of one label a sample."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import recall_score
from sklearn.utils import column_or_1d

from .._core.errors import prefix_errors
from .._core.validation import check_rows


def sensitivity_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    pos_label: Any = None,
    sample_weight: ArrayLike | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Share of the positive samples that are predicted positive, TP / (TP + FN).

    It is scikit-learn's ``recall_score`` with the positive class found as everywhere in this
    package.

    Parameters
    ----------
    y_true, y_pred : array-like, shape (n_samples,)
        True and predicted labels of at most two classes.
    pos_label : label, default=None
        The positive (ictal) class. None: the larger label, as ``classes_[1]`` of a classifier; if
        all labels are alike and one of -1, 0, 1, False and True, the class 1.
    sample_weight : array-like of float, shape (n_samples,), default=None
        Weights of the samples.
    zero_division : {"warn", 0.0, 1.0, np.nan}, default="warn"
        Value without a positive sample in ``y_true``; ``"warn"`` is 0.0 with an
        ``UndefinedMetricWarning``, as in scikit-learn.

    Returns
    -------
    float
        Sensitivity in [0, 1].

    Raises
    ------
    ValueError
        If there are more than two classes, a single one of unknown sign, or ``pos_label`` is
        neither of two, nor 1 next to 0 or -1 alone.

    See Also
    --------
    specificity_score : The same of the other class.
    event_scores : Counts seizures, not samples.

    Examples
    --------
    >>> from skseizure.metrics import sensitivity_score
    >>> round(sensitivity_score([0, 0, 1, 1, 1], [0, 1, 1, 1, 0]), 3)
    0.667
    """
    true, predicted = _positive(y_true, y_pred, pos_label)
    return _recall(true, predicted, sample_weight, zero_division)


def specificity_score(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    pos_label: Any = None,
    sample_weight: ArrayLike | None = None,
    zero_division: float | Literal["warn"] = "warn",
) -> float:
    """Share of the negative samples that are predicted negative, TN / (TN + FP).

    It is the recall of the negative class, and scikit-learn's warning speaks of recall.

    Parameters
    ----------
    y_true, y_pred : array-like, shape (n_samples,)
        True and predicted labels of at most two classes.
    pos_label : label, default=None
        The positive (ictal) class. None: the larger label, as ``classes_[1]`` of a classifier; if
        all labels are alike and one of -1, 0, 1, False and True, the class 1.
    sample_weight : array-like of float, shape (n_samples,), default=None
        Weights of the samples.
    zero_division : {"warn", 0.0, 1.0, np.nan}, default="warn"
        Value without a negative sample in ``y_true``; ``"warn"`` is 0.0 with an
        ``UndefinedMetricWarning``, as in scikit-learn.

    Returns
    -------
    float
        Specificity in [0, 1].

    Raises
    ------
    ValueError
        If there are more than two classes, a single one of unknown sign, or ``pos_label`` is
        neither of two, nor 1 next to 0 or -1 alone.

    See Also
    --------
    sensitivity_score : The same of the positive class.

    Examples
    --------
    >>> from skseizure.metrics import specificity_score
    >>> specificity_score([0, 0, 1, 1, 1], [0, 1, 1, 1, 0])
    0.5
    """
    true, predicted = _positive(y_true, y_pred, pos_label)
    return _recall(~true, ~predicted, sample_weight, zero_division)


def _recall(true: NDArray, predicted: NDArray, sample_weight: Any, zero_division: Any) -> float:
    return float(
        recall_score(true, predicted, sample_weight=sample_weight, zero_division=zero_division)
    )


def _positive(
    y_true: ArrayLike, y_pred: ArrayLike, pos_label: Any
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    with prefix_errors("y_true"):
        true = column_or_1d(y_true)
    with prefix_errors("y_pred"):
        predicted = column_or_1d(y_pred)
    check_rows(y_true=true, y_pred=predicted)
    labels = sorted(set(true.tolist()) | set(predicted.tolist()))
    if len(labels) > 2:
        raise ValueError(
            f"y_true and y_pred hold the labels {labels[:5]}; two classes, one of them positive, "
            "are needed."
        )
    # Of any other label alone, the second class may be anything.
    classes = [*labels, 1] if labels in ([0], [-1]) else labels
    if len(classes) == 2 and pos_label is not None and pos_label not in classes:
        raise ValueError(
            f"pos_label={pos_label!r} is not a valid label; the classes of y_true and y_pred are "
            f"{classes}."
        )
    if pos_label is None:
        if len(labels) == 1 and labels[0] not in (-1, 0, 1):
            raise ValueError(
                f"y_true and y_pred hold the label {labels[0]!r} alone; pass pos_label= to tell "
                "which class is positive."
            )
        pos_label = labels[-1] if len(labels) == 2 else 1
    return true == pos_label, predicted == pos_label
