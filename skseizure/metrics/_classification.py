"""Sensitivity and specificity of one label a sample."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import recall_score

from .._core.labels import check_labels, seizure_flags
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
    package. Where ``y_true`` may hold one class alone, as in a fold or a record, pass
    ``pos_label``: 1 alone could be the background of labels 1 and 2.

    Parameters
    ----------
    y_true, y_pred : array-like, shape (n_samples,)
        True and predicted labels of at most two classes.
    pos_label : label, default=None
        The positive (ictal) class. If None, the labels must tell: see :ref:`seizure-class`.
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
        If there are more than two classes, nothing tells which is positive, or ``pos_label`` is
        neither of two.

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
    true, predicted = check_positive(y_true, y_pred, pos_label)
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
        The positive (ictal) class. If None, the labels must tell: see :ref:`seizure-class`.
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
        If there are more than two classes, nothing tells which is positive, or ``pos_label`` is
        neither of two.

    See Also
    --------
    sensitivity_score : The same of the positive class.

    Examples
    --------
    >>> from skseizure.metrics import specificity_score
    >>> specificity_score([0, 0, 1, 1, 1], [0, 1, 1, 1, 0])
    0.5
    """
    true, predicted = check_positive(y_true, y_pred, pos_label)
    return _recall(~true, ~predicted, sample_weight, zero_division)


def _recall(true: NDArray, predicted: NDArray, sample_weight: Any, zero_division: Any) -> float:
    return float(
        recall_score(true, predicted, sample_weight=sample_weight, zero_division=zero_division)
    )


def check_positive(
    y_true: ArrayLike, y_pred: ArrayLike, pos_label: Any
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which samples are positive and which are predicted to be, or raise."""
    true = check_labels(y_true, name="y_true")
    predicted = check_labels(y_pred, name="y_pred")
    check_rows(y_true=true, y_pred=predicted)
    true, predicted = seizure_flags(pos_label, y_true=true, y_pred=predicted)
    return true, predicted
