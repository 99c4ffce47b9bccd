"""What the meta-estimators of this sub-package share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    clone,
    is_classifier,
)
from sklearn.utils import gen_batches, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from .._core.horizon import row_span
from .._core.labels import (
    assumed_seizure_column,
    check_labels_to_hand_on,
    refuse_continuous,
    warn_if_seizure_unknown,
)
from .._core.persistence import get_state, set_state
from .._core.timeline import is_windows

# A rounding error in a mean must not decide whether it reaches a threshold.
ROUNDING = 1e-9


# Samples of windows that go through an inner estimator at a time: 128 MiB of doubles.
CHUNK = 2**24


def in_chunks(function: Callable[[Any], ArrayLike], X: Any, inner: Any) -> ArrayLike:
    """Apply a function of windows to some of them at a time, so that memory does not grow with X.

    Parameters
    ----------
    function : callable
        Takes X or some of it and returns one row for each window.
    X : Windows or array-like
        What is to be gone through. Only `Windows` are divided.
    inner : estimator
        What the function asks. Where it or a part of it declares to look at other windows, see
        `skseizure._core.horizon.row_span`, it is given these, too; where that has no bound, X
        stays whole.

    Returns
    -------
    array-like, shape (n_windows, ...)
        As from the whole X.
    """
    size = max(1, CHUNK // int(np.prod(X.shape[1:]))) if is_windows(X) else 0
    if not is_windows(X) or len(X) <= 1.5 * size:
        return function(X)
    back, ahead = row_span(inner)
    if not np.isfinite(back + ahead):
        return function(X)
    order = np.lexsort((X.onset, X.record))
    X = X[order]
    record, onset = X.record, X.onset
    changes = np.flatnonzero(record[1:] != record[:-1]) + 1
    edges = np.concatenate([[0], changes, [len(X)]])
    out: NDArray | None = None
    for rows in gen_batches(len(X), size, min_batch_size=size // 2):
        last = rows.stop - 1
        # The records of the first and the last row may go on beyond them.
        start, end = edges[np.searchsorted(edges, [rows.start, last], "right") - [1, 0]]
        start += np.searchsorted(onset[start : rows.start], onset[rows.start] - back - X.step)
        until = onset[last] + X.duration + ahead + X.step
        end = rows.stop + np.searchsorted(onset[rows.stop : end], until, "right")
        part = np.asarray(function(X[start:end]))[rows.start - start : rows.stop - start]
        if out is None:
            out = np.empty((len(X), *part.shape[1:]), dtype=part.dtype)
        out[order[rows]] = part
    assert out is not None
    return out


class MetaClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """A classifier around a classifier: fits a clone and passes fit parameters on."""

    __getstate__, __setstate__ = get_state, set_state

    estimator: Any
    estimator_: Any

    @property
    def classes_(self) -> NDArray:
        """Classes of the inner estimator, in its order."""
        return self.estimator_.classes_

    def _fit_inner(self, X: Any, y: NDArray, fit_params: dict[str, Any]) -> Self:
        self.estimator_ = clone(self.estimator).fit(X, y, **fit_params)
        return self

    def _fit_around(self, X: Any, y: ArrayLike, fit_params: dict[str, Any]) -> Self:
        # For those that hand X on untouched and filter two classes in time.
        column = self._check_y(y, binary=True)
        self._fit_inner(X, column, self._route(fit_params))
        if len(self.classes_) != 2:
            raise ValueError(
                "Only binary classification is supported. The estimator learned the classes "
                f"{self.classes_.tolist()}."
            )
        warn_if_seizure_unknown(self, stacklevel=4)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.estimator_, name):
                setattr(self, name, getattr(self.estimator_, name))
            elif hasattr(self, name):
                delattr(self, name)
        return self

    def _check_y(self, y: ArrayLike, *, binary: bool = False) -> NDArray:
        if not is_classifier(self.estimator):
            raise ValueError(
                f"estimator is {self.estimator!r}; {type(self).__name__} needs a classifier."
            )
        column, known = check_labels_to_hand_on(y)
        if len(column) == 0:
            raise ValueError("X and y hold 0 windows; windows of two classes are needed.")
        if len(known) == 0:
            raise ValueError(
                f"y has no labelled row: all {len(column)} are NaN or None; {type(self).__name__} "
                "needs two classes."
            )
        refuse_continuous(known)
        labels = np.unique(known)
        if len(labels) == 1:
            raise ValueError(
                f"y holds one class, {labels.tolist()[0]!r}; {type(self).__name__} needs two."
            )
        # -1 next to two classes means unlabelled to semi-supervised classifiers.
        if binary and len(labels) > 2 and np.sum(labels != -1) != 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is "
                f"{type_of_target(known)}: y holds {labels.tolist()}."
            )
        return column

    def _label(self, ictal: NDArray[np.bool_]) -> NDArray:
        """Return the class of the seizure where true, else the other of the two."""
        seizure = assumed_seizure_column(self)
        return np.where(ictal, self.classes_[seizure], self.classes_[1 - seizure])

    def _check_ready(self) -> None:
        check_is_fitted(self, "estimator_")
        # Parameters may be set anew after fit.
        self._validate_params()

    def _inner_scores(self, method: str, X: Any, inner: Any = None) -> NDArray[np.float64]:
        """Return what an inner estimator says of each window, if all of it is finite."""
        inner = self.estimator_ if inner is None else inner
        # Of a table of objects, such as pandas' categories, some make scores that are objects.
        scores: NDArray = np.array(in_chunks(getattr(inner, method), X, inner), dtype=np.float64)
        finite = np.isfinite(scores).reshape(len(scores), -1).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"{method} of {type(inner).__name__} is not finite for "
                f"{np.count_nonzero(~finite)} of {len(finite)} rows of X, first for number "
                f"{np.argmin(finite)}; X may hold values too large for it."
            )
        return scores

    def _route(self, fit_params: dict[str, Any]) -> dict[str, Any]:
        if get_config()["enable_metadata_routing"]:
            return dict(process_routing(self, "fit", **fit_params).estimator.fit)
        return fit_params

    def get_metadata_routing(self) -> MetadataRouter:
        """Tell scikit-learn that parameters of ``fit`` go to the inner estimator's ``fit``.

        Returns
        -------
        MetadataRouter
            The routing.
        """
        return MetadataRouter(owner=self).add(
            estimator=self.estimator,
            method_mapping=MethodMapping().add(caller="fit", callee="fit"),
        )

    def __sklearn_tags__(self):
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags = inner.input_tags
        tags.input_tags.two_d_array = tags.input_tags.three_d_array = True
        tags.non_deterministic = inner.non_deterministic
        if inner.classifier_tags is not None:
            tags.classifier_tags.multi_class = inner.classifier_tags.multi_class
            tags.classifier_tags.poor_score = inner.classifier_tags.poor_score
        return tags


def inner_has(method: str) -> Callable[[MetaClassifier], bool]:
    """Make a check for `available_if`: does the inner estimator have this method."""

    def check(self: MetaClassifier) -> bool:
        return hasattr(getattr(self, "estimator_", self.estimator), method)

    return check
