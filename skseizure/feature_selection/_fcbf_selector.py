"""FCBFSelector: the fast correlation-based filter."""

from __future__ import annotations

from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context

from .._core.parameters import Interval
from ._base import DiscreteSelector
from ._greedy import TOLERANCE, LabelledTable, first_best


class FCBFSelector(DiscreteSelector):
    """Select columns by symmetrical uncertainty, dropping those that a better one stands for.

    With ``SU(A, B) = 2 I(A; B) / (H(A) + H(B))``, columns whose SU(X_j, Y) exceeds the threshold
    are walked through from the best to the worst; each is dropped if ``SU(X_i, X_j) >= SU(X_j, Y)``
    for a better X_i that was kept. How many are kept is for the data to say.

    Parameters
    ----------
    threshold : float, default=0.0
        Symmetrical uncertainty with the labels that a column must exceed, in [0, 1).
    n_bins : int or "auto", default="auto"
        Bins of a continuous column, 2 to 256. If "auto", as many as the labels call for by the
        minimum description length [2]_, as in [1]_, or 5 where they call for none: symmetrical
        uncertainty counts needless bins against a column.
    strategy : {"quantile", "uniform"}, default="quantile"
        Bins of equal frequency, or of equal width.
    discrete_features : "auto", bool, or array-like, default="auto"
        Columns to be taken as they are, as a mask or indices; they must hold integers, at most 256
        distinct ones. If "auto", columns with at most ``n_bins`` (5) distinct values.
    n_jobs : int, default=None
        Threads that columns are shared out to. The result does not depend on it.

    Attributes
    ----------
    ranking_ : ndarray of int, shape (n_selected,)
        Indices of the selected columns, best first.
    scores_ : ndarray of float, shape (n_selected,)
        Their symmetrical uncertainty with the labels, in [0, 1].
    support_ : ndarray of bool, shape (`n_features_in_`,)
        The selected columns as a mask.
    bin_edges_ : list of ndarray, length `n_features_in_`
        Lower edges of each column's bins but its first.
    classes_ : ndarray
        The labels.
    n_features_in_ : int
        Columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, where `fit` was given a data frame.

    Raises
    ------
    ValueError
        For NaN or infinity, one class, continuous labels, or columns declared discrete that are
        not; and if no column exceeds the threshold.

    See Also
    --------
    MutualInformationSelector : Criteria with a fixed number of columns.

    Notes
    -----
    Values within 1e-12 count as equal; equal columns are walked through from left to right. FEAST
    drops a column only where SU(X_i, X_j) is strictly larger; the paper (Fig. 2, line 11) where it
    is larger or equal, as here.

    References
    ----------
    .. [1] L. Yu and H. Liu, "Efficient feature selection via analysis of relevance and redundancy",
       JMLR 5, 1205-1224, 2004.
    .. [2] U. M. Fayyad and K. B. Irani, "Multi-interval discretization of continuous-valued
       attributes for classification learning", IJCAI, 1022-1027, 1993.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skseizure.feature_selection import FCBFSelector
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> FCBFSelector(n_bins=5, strategy="uniform").fit(X, y).ranking_
    array([23,  7, 26,  1])
    """

    _parameter_constraints: dict = {
        "threshold": [Interval(Real, 0, 1, closed="left")],
        **DiscreteSelector._parameter_constraints,
    }

    _fewest_bins = True

    def __init__(
        self,
        threshold: float = 0.0,
        n_bins: int | Literal["auto"] = "auto",
        strategy: Literal["quantile", "uniform"] = "quantile",
        *,
        discrete_features: str | bool | ArrayLike = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.threshold = threshold
        self.n_bins = n_bins
        self.strategy = strategy
        self.discrete_features = discrete_features
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> FCBFSelector:
        """Discretise the columns and select among them.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features, continuous or discrete; any finite numbers.
        y : array-like, shape (n_samples,)
            Labels of two or more classes.

        Returns
        -------
        FCBFSelector
            Itself.
        """
        self._keep(*_fcbf(self._labelled_table(X, y), self.threshold))
        return self


def _fcbf(table: LabelledTable, threshold: float) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the columns kept, best first, and their symmetrical uncertainty with the labels."""
    with_label = _uncertainty(table.relevance, table.entropy + table.label_entropy)
    left = with_label > threshold + TOLERANCE
    if not left.any():
        raise ValueError(
            f"threshold is {threshold!r}, but no column of X exceeds it: the largest symmetrical "
            f"uncertainty with y is {with_label.max().round(12):.3g}; a lower threshold is needed."
        )
    kept = []
    while left.any():
        best = first_best(with_label, left)
        kept.append(best)
        left[best] = False
        rest = np.flatnonzero(left)
        shared = _uncertainty(
            table.pairs(rest, best).redundancy, table.entropy[rest] + table.entropy[best]
        )
        left[rest] = shared < with_label[rest] - TOLERANCE
    order = np.array(kept, dtype=np.intp)
    return order, with_label[order]


def _uncertainty(information: NDArray, entropies: NDArray) -> NDArray[np.float64]:
    known = entropies > 0
    return np.where(known, 2.0 * information / np.where(known, entropies, 1.0), 0.0)
