"""What all selectors share: discretisation in `fit`, and what was selected."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import RealNotInt, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._core.errors import prefix_errors
from .._core.labels import refuse_continuous
from .._core.parameters import Interval
from .._core.persistence import get_state, set_state
from .._core.validation import validate_table
from ._discretise import MAX_BINS, CodedTable, check_discrete_features, discretise, rarest_class
from ._greedy import LabelledTable

# Rows of a bin to rows of the rarest class from which on information is lost.
FAR_LARGER = 10

N_FEATURES_CONSTRAINT = [
    Interval(Integral, 1, None, closed="left"),
    Interval(RealNotInt, 0, 1, closed="right"),
]


class DiscreteSelector(SelectorMixin, BaseEstimator):
    """Base of the selectors, which have ``n_bins``, ``strategy`` and so on as parameters."""

    __getstate__, __setstate__ = get_state, set_state

    _parameter_constraints: dict = {
        "n_bins": [Interval(Integral, 2, MAX_BINS, closed="both"), StrOptions({"auto"})],
        "strategy": [StrOptions({"quantile", "uniform"})],
        "discrete_features": [StrOptions({"auto"}), "boolean", "array-like"],
        "n_jobs": [Integral, None],
    }

    # With n_bins="auto": whether a score counts the bins of a column against it.
    _fewest_bins = False

    def _discretise(self, X: NDArray, y: NDArray[np.intp]) -> CodedTable:
        mask = check_discrete_features(self.discrete_features, X.shape[1])
        n_bins = self.n_bins
        if n_bins != "auto":
            n_bins = int(n_bins)
            self._warn_of_rare_class(n_bins, y)
        table = discretise(
            X, n_bins, self.strategy, mask, self.n_jobs, y=y, fewest=self._fewest_bins
        )
        self.bin_edges_ = table.edges
        return table

    def _labelled_table(self, X: Any, y: Any) -> LabelledTable:
        """Validate and discretise fully labelled data."""
        X, y = validate_table(self, X, y)
        refuse_continuous(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has one class, {self.classes_.tolist()[0]!r}; at least two are needed."
            )
        return LabelledTable(self._discretise(X, codes), codes, len(self.classes_), self.n_jobs)

    def _warn_of_rare_class(self, n_bins: int, y: NDArray[np.intp]) -> None:
        rarest = rarest_class(y)
        if len(y) > FAR_LARGER * n_bins * rarest:
            warnings.warn(
                f"n_bins={n_bins} makes bins of about {len(y) // n_bins} rows, but y has {rarest} "
                "rows of its rarest class: a bin that holds all of them hides how well a column "
                "tells them apart. Use n_bins='auto'.",
                UserWarning,
                stacklevel=4,
            )

    def _keep(self, order: NDArray[np.intp], scores: NDArray[np.float64]) -> None:
        self.ranking_, self.scores_ = order, scores
        self.support_ = np.zeros(self.n_features_in_, dtype=bool)
        self.support_[order] = True

    def transform(self, X: Any) -> Any:
        """Keep the selected columns.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray or data frame, shape (n_samples, n_selected_features)
            The selected columns, in their order in X.
        """
        with prefix_errors("X"):
            return super().transform(X)

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def count_to_select(wanted: int | float, n_features: int) -> int:
    """Turn ``n_features_to_select`` into a number of columns.

    Parameters
    ----------
    wanted : int or float
        A number, or a share in (0, 1].
    n_features : int
        Columns of the table.

    Returns
    -------
    int
        From 1 to ``n_features``.

    Raises
    ------
    ValueError
        If more columns are wanted than there are.
    """
    if not isinstance(wanted, int | np.integer):
        # A share such as 0.29 of 100 is a hair below 29 in floating point.
        return max(1, int(wanted * n_features + 1e-9))
    if wanted > n_features:
        raise ValueError(
            f"n_features_to_select is {wanted}, but X has {n_features} columns; ask for at most "
            "as many, or for a share in (0, 1]."
        )
    return int(wanted)
