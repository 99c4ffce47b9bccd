"""The traditional expert: its table, and its probabilities, out of fold on training windows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import has_fit_parameter

from ._splits import folds

# A class that an expert holds impossible stays possible to the mixture.
SMALLEST = 1e-7


def check_table(table: Any, n_windows: int) -> NDArray[np.float64]:
    """Return what a feature extractor made, if it is a finite row for each window."""
    values = np.asarray(table, dtype=np.float64)
    if values.ndim != 2 or len(values) != n_windows or not values.shape[1]:
        raise ValueError(
            f"feature_extractor made shape {values.shape} of {n_windows} windows; ({n_windows}, "
            "n_features) is needed."
        )
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"feature_extractor made {values[row, column]} of window {row}, column {column}; "
            "finite numbers are needed."
        )
    return values


def make_expert(given: Any) -> Any:
    """Return an unfitted classifier: a named one, or a copy of what was given."""
    if isinstance(given, str):
        named = {
            "logistic": LogisticRegression(class_weight="balanced", max_iter=1000),
            "ridge": RidgeClassifier(),
        }
        return make_pipeline(StandardScaler(), named[given])
    if not is_classifier(given):
        raise ValueError(f"traditional_expert is {given!r}; a classifier is needed.")
    return clone(given)


def fit_expert(
    expert: Any, table: NDArray, y: NDArray, sample_weight: NDArray[np.float64] | None
) -> Any:
    """Fit a classifier, with weights if it, or the last step of a pipeline, takes them."""
    name, last = expert.steps[-1] if isinstance(expert, Pipeline) else ("", expert)
    if sample_weight is None or not has_fit_parameter(last, "sample_weight"):
        return expert.fit(table, y)
    argument = f"{name}__sample_weight" if name else "sample_weight"
    # With routing a pipeline takes weights only if its steps request them.
    with config_context(enable_metadata_routing=False):
        return expert.fit(table, y, **{argument: sample_weight})


def expert_log_proba(expert: Any, table: Any, classes: NDArray) -> NDArray[np.float64]:
    """Return the logarithm of a fitted classifier's probabilities.

    Parameters
    ----------
    expert : classifier
        Fitted, with ``predict_proba`` or else ``decision_function``, whose softmax is taken.
    table : array-like, shape (n_windows, n_features)
        Manual features.
    classes : ndarray, shape (n_classes,)
        Classes to return, sorted. Those that the expert does not know get the least probability.

    Returns
    -------
    ndarray, shape (n_windows, n_classes)
        Log probabilities.

    Raises
    ------
    TypeError
        If the expert has neither method.
    ValueError
        If it knows other classes, or its probabilities do not sum to one.
    """
    if hasattr(expert, "predict_proba"):
        known = np.asarray(expert.predict_proba(table), dtype=np.float64)
        totals = known.sum(axis=-1)
        if (abs(totals - 1) > 1e-3).any():
            raise ValueError(
                "traditional_expert: its predict_proba sums to "
                f"{totals[np.argmax(abs(totals - 1))]:.4g} for a window; probabilities of all "
                "classes sum to one."
            )
    elif hasattr(expert, "decision_function"):
        scores = np.asarray(expert.decision_function(table), dtype=np.float64)
        known = softmax(np.column_stack([-scores, scores]) if scores.ndim == 1 else scores, axis=1)
    else:
        raise TypeError(
            f"traditional_expert is {expert!r}, which has neither predict_proba nor "
            "decision_function; one of them is needed."
        )
    strange = np.setdiff1d(expert.classes_, classes)
    if len(strange):
        raise ValueError(
            f"traditional_expert knows the classes {strange.tolist()}, which y does not hold; it "
            "must be fitted on the same classes."
        )
    if known.shape[1] != len(expert.classes_) or not np.isfinite(known).all():
        raise ValueError(
            f"traditional_expert gave scores of shape {known.shape} with "
            f"{np.count_nonzero(~np.isfinite(known))} values not finite; one finite number for "
            f"each of {len(expert.classes_)} classes is needed."
        )
    proba = np.zeros((len(known), len(classes)))
    proba[:, np.searchsorted(classes, expert.classes_)] = known
    return np.log(np.maximum(proba, SMALLEST))


def out_of_fold(
    expert: Any,
    table: NDArray,
    y: NDArray,
    groups: NDArray | None,
    cv: Any,
    seed: int,
    sample_weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return log probabilities of each window from an expert trained without it.

    Parameters
    ----------
    expert : classifier
        Not fitted; clones of it are.
    table : ndarray, shape (n_windows, n_features)
        Manual features.
    y : ndarray, shape (n_windows,)
        Labels.
    groups : ndarray, shape (n_windows,), or None
        Patients, kept whole.
    cv : int or splitter
        Number of folds, stratified, or what makes them.
    seed : int
        Seed of the folds.
    sample_weight : ndarray of float, shape (n_windows,), default=None
        Weights, for an expert that takes them.

    Returns
    -------
    ndarray, shape (n_windows, n_classes)
        Log probabilities, columns in the order of the sorted labels.

    Raises
    ------
    ValueError
        If a fold trains on one class or a window is in no fold.
    """
    classes = np.unique(y)
    out = np.full((len(y), len(classes)), np.nan)
    for train, test in folds(cv, table, y, groups, seed):
        if len(np.unique(y[train])) < 2:
            raise ValueError(
                f"groups: the others than {np.unique(groups[test]).tolist()} hold one class, "
                f"{y[train].tolist()[0]!r}, on which traditional_expert cannot be trained for its "
                "out-of-fold probabilities; more groups are needed, or cv=0."
                if groups is not None
                else "cv: a fold trains on one class; two are needed."
            )
        weight = None if sample_weight is None else sample_weight[train]
        fold_expert = fit_expert(clone(expert), table[train], y[train], weight)
        out[test] = expert_log_proba(fold_expert, table[test], classes)
    if np.isnan(out).any():
        raise ValueError("cv leaves windows out of all its test folds; each must be in one.")
    return out
