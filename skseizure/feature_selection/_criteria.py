"""The criteria: what a candidate is worth beside the columns selected so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class PairTerms(NamedTuple):
    """Information in nat of candidates X_j, each with a selected column X_k and the labels Y.

    Attributes
    ----------
    redundancy : ndarray, shape (n_pairs,)
        I(X_j; X_k).
    conditional : ndarray, shape (n_pairs,)
        I(X_j; X_k | Y).
    joint : ndarray, shape (n_pairs,)
        I(X_j, X_k; Y).
    added : ndarray, shape (n_pairs,)
        I(X_j; Y | X_k).
    joint_entropy : ndarray, shape (n_pairs,)
        H(X_j, X_k, Y).
    """

    redundancy: Array
    conditional: Array
    joint: Array
    added: Array
    joint_entropy: Array


class SumCriterion(NamedTuple):
    """A criterion that adds up one term a pair.

    Attributes
    ----------
    term : callable or None
        `PairTerms` to an array of shape (n_pairs,). None: pairs do not matter.
    score : callable
        ``score(relevance, total, n_selected, beta)``, with I(X_j; Y) and the sum of the terms of
        each candidate; larger is better.
    """

    term: Callable[[PairTerms], Array] | None
    score: Callable[[Array, Array, int, float], Array]


class MinimumCriterion(NamedTuple):
    """A criterion whose score is the smallest term among a candidate's pairs.

    Attributes
    ----------
    term : callable
        `PairTerms` to an array of shape (n_pairs,).
    with_relevance : bool
        Whether the minimum runs over I(X_j; Y), too.
    """

    term: Callable[[PairTerms], Array]
    with_relevance: bool


def _redundancy(pairs: PairTerms) -> Array:
    return pairs.redundancy


def _excess(pairs: PairTerms) -> Array:
    return pairs.redundancy - pairs.conditional


def _share_of_entropy(pairs: PairTerms) -> Array:
    # Where all three are constant nothing is to be known: 0.
    known = pairs.joint_entropy > 0
    return np.where(known, pairs.joint / np.where(known, pairs.joint_entropy, 1.0), 0.0)


# Brown et al., JMLR 13:27 (2012), table 1; JMIM: Bennasar et al., Expert Syst. Appl. 42:8520
# (2015). In the scores r is I(X_j; Y), t the sum of the terms, n the number of selected columns.
CRITERIA: dict[str, SumCriterion | MinimumCriterion] = {
    "mim": SumCriterion(None, lambda r, t, n, beta: r),
    "mifs": SumCriterion(_redundancy, lambda r, t, n, beta: r - beta * t),
    "mrmr": SumCriterion(_redundancy, lambda r, t, n, beta: r - t / n),
    "cife": SumCriterion(_excess, lambda r, t, n, beta: r - t),
    "jmi": SumCriterion(lambda pairs: pairs.joint, lambda r, t, n, beta: t),
    "jmim": MinimumCriterion(lambda pairs: pairs.joint, with_relevance=False),
    "cmim": MinimumCriterion(lambda pairs: pairs.added, with_relevance=True),
    "disr": SumCriterion(_share_of_entropy, lambda r, t, n, beta: t),
    "icap": SumCriterion(
        lambda pairs: np.maximum(0.0, _excess(pairs)), lambda r, t, n, beta: r - t
    ),
}
