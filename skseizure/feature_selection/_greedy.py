"""The greedy engine: one column a step, paired with the columns selected before."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from scipy.special import xlogy
from sklearn.utils import gen_even_slices

from .._core.parallel import loop
from . import _kernels
from ._criteria import Array, MinimumCriterion, PairTerms, SumCriterion
from ._discretise import CodedTable

# Scores this close are equal: relabelled copies of a column differ by rounding.
TOLERANCE = 1e-12

# Counts, one for each pair and sample, from which on threads gain more than they cost to start.
_THREADING_GAIN = 2**26

# Candidates whose bound is lowered together; more share the calls' overhead, fewer compute less.
_LAZY_BATCH = 8


class LabelledTable:
    """A discretised table with labels, and the information in its columns and pairs of columns.

    Parameters
    ----------
    table : CodedTable
        The discretised columns.
    y : ndarray of int, shape (n_samples,)
        Classes from 0 to ``n_classes - 1``.
    n_classes : int
        Number of classes.
    n_jobs : int, default=None
        Threads that pairs are shared out to.

    Attributes
    ----------
    relevance : ndarray, shape (n_features,)
        I(X_j; Y) in nat.
    entropy : ndarray, shape (n_features,)
        H(X_j) in nat.
    label_entropy : float
        H(Y) in nat.

    Notes
    -----
    All is computed from sums of ``h(c) = c log c`` over the cells of a joint count table.
    """

    def __init__(
        self, table: CodedTable, y: NDArray, n_classes: int, n_jobs: int | None = None
    ) -> None:
        self.codes, self.sizes = table.codes, table.sizes
        self.y, self.n_classes = y.astype(np.uint32), n_classes
        self.n_threads = effective_n_jobs(n_jobs)
        self.n_features, self.n_samples = self.codes.shape
        counts = np.bincount(y, minlength=n_classes)
        self._of_all = float(xlogy(self.n_samples, self.n_samples))
        self._of_label = float(xlogy(counts, counts).sum())
        every = np.arange(self.n_features)
        self._with_label, self._alone = self._sums(every, np.full_like(every, -1)).T
        n = self.n_samples
        self.entropy: Array = (self._of_all - self._alone) / n
        self.label_entropy = (self._of_all - self._of_label) / n
        self.relevance: Array = (self._of_all + self._with_label - self._alone - self._of_label) / n

    def pairs(self, columns: NDArray[np.intp], partners: NDArray[np.intp] | int) -> PairTerms:
        """Compute the information in pairs of columns.

        Parameters
        ----------
        columns : ndarray of int, shape (n_pairs,)
            The candidates X_j.
        partners : int or ndarray of int, shape (n_pairs,)
            The selected columns X_k.

        Returns
        -------
        PairTerms
            Arrays of shape (n_pairs,), in nat.
        """
        j = columns
        k = np.broadcast_to(np.asarray(partners, dtype=np.intp), j.shape)
        triple, pair = self._sums(j, k).T
        n = self.n_samples
        joint = (self._of_all + triple - pair - self._of_label) / n
        return PairTerms(
            redundancy=(self._of_all + pair - self._alone[j] - self._alone[k]) / n,
            conditional=(self._of_label + triple - self._with_label[j] - self._with_label[k]) / n,
            joint=joint,
            added=joint - self.relevance[k],
            joint_entropy=(self._of_all - triple) / n,
        )

    def _sums(self, columns: NDArray[np.intp], partners: NDArray[np.intp]) -> Array:
        columns, partners = np.ascontiguousarray(columns), np.ascontiguousarray(partners)
        given = self.codes, self.sizes, self.y, self.n_classes
        n_parts = min(self.n_threads, len(columns))
        if n_parts <= 1 or len(columns) * self.n_samples < _THREADING_GAIN:
            return _kernels.pair_sums(*given, columns, partners)
        parts = loop(n_parts, in_process=True)(
            partial(_kernels.pair_sums, *given, columns[part], partners[part])
            for part in gen_even_slices(len(columns), n_parts)
        )
        return np.concatenate(list(parts))


def select(
    table: LabelledTable,
    criterion: SumCriterion | MinimumCriterion,
    n_select: int,
    beta: float = 1.0,
) -> tuple[NDArray[np.intp], Array]:
    """Select columns one by one, each the best beside those before it.

    Parameters
    ----------
    table : LabelledTable
        Discretised columns and labels.
    criterion : SumCriterion or MinimumCriterion
        The score; the first column is always that of the largest I(X_j; Y).
    n_select : int
        Columns to select.
    beta : float, default=1
        Weight of the redundancy, for the criterion that has one.

    Returns
    -------
    order : ndarray of int, shape (n_select,)
        The columns, best first. Of columns whose scores differ by less than 1e-12, the first.
    scores : ndarray, shape (n_select,)
        Score of each when it was selected, in nat (no unit for DISR).
    """
    steps = (
        _by_minimum(table, criterion, n_select)
        if isinstance(criterion, MinimumCriterion)
        else _by_sum(table, criterion, n_select, beta)
    )
    order = np.empty(n_select, dtype=np.intp)
    scores = np.empty(n_select)
    for step, (best, score) in enumerate(steps):
        order[step], scores[step] = best, score
    return order, scores


def first_best(scores: Array, left: NDArray[np.bool_]) -> int:
    """Return the first column among those ``left`` whose score is the largest, to rounding."""
    best = scores[left].max()
    return int(np.flatnonzero(left & (scores >= best - TOLERANCE))[0])


def _by_sum(
    table: LabelledTable, criterion: SumCriterion, n_select: int, beta: float
) -> Iterator[tuple[int, float]]:
    """Yield columns and scores; one pair term a candidate and step is added to running sums."""
    left = np.ones(table.n_features, dtype=bool)
    total = np.zeros(table.n_features)
    scores = table.relevance
    for n_selected in range(1, n_select + 1):
        best = first_best(scores, left)
        yield best, scores[best]
        left[best] = False
        if criterion.term is None or n_selected == n_select:
            continue
        rest = np.flatnonzero(left)
        total[rest] += criterion.term(table.pairs(rest, best))
        scores = criterion.score(table.relevance, total, n_selected, beta)


def _by_minimum(
    table: LabelledTable, criterion: MinimumCriterion, n_select: int
) -> Iterator[tuple[int, float]]:
    """Yield columns and scores; a minimum over some pairs bounds the minimum over all.

    Only candidates whose bound reaches the best known score have their next pair computed (Fleuret,
    JMLR 5:1531, 2004).
    """
    left = np.ones(table.n_features, dtype=bool)
    first = first_best(table.relevance, left)
    yield first, table.relevance[first]
    selected = np.array([first])
    left[first] = False
    bound = table.relevance.copy() if criterion.with_relevance else np.full(len(left), np.inf)
    n_seen = np.zeros(table.n_features, dtype=np.intp)
    while len(selected) < n_select:
        exact = left & (n_seen == len(selected))
        reach = bound[exact].max(initial=-np.inf) - TOLERANCE
        open_ = np.flatnonzero(left & ~exact & (bound >= reach))
        if len(open_):
            top = open_[np.argsort(-bound[open_], kind="stable")[:_LAZY_BATCH]]
            term = criterion.term(table.pairs(top, selected[n_seen[top]]))
            bound[top] = np.minimum(bound[top], term)
            n_seen[top] += 1
            continue
        best = first_best(bound, exact)
        yield best, bound[best]
        selected = np.append(selected, best)
        left[best] = False
