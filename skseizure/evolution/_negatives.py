"""Which negative frames a classifier learns from: those that are easily taken for positive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from . import _kernels

SELECTIONS = ("greedy", "nearest")


def select_frames(
    X: NDArray,
    positive: NDArray[np.bool_],
    pnr: int,
    selection: str | None,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.intp]:
    """Return the rows to learn from: all positive ones and the negative ones close to them.

    Parameters
    ----------
    X : ndarray of float, shape (n_frames, n_features)
        Table of features in which distances are measured.
    positive : ndarray of bool, shape (n_frames,)
        The positive frames.
    pnr : int
        Negatives for each positive.
    selection : {"greedy", "nearest"} or None
        ``"greedy"``: pairs of a positive and a negative in the order of their distance, a pair
        being taken if its negative is free and its positive has fewer than ``pnr``. ``"nearest"``:
        negatives in the order of the distance to their nearest positive. None: all.
    weights : ndarray of float, shape (n_frames,), default=None
        Frames of weight 0 are left out. Other weights make no difference.

    Returns
    -------
    ndarray of int, shape (n_selected,)
        Ascending; ``min(pnr * n_positive, n_negative)`` of them negative, unless all are asked for.

    Notes
    -----
    The cost is that of a search for nearest neighbours, for each of the positives among all
    negatives.
    """
    used = np.ones(len(X), dtype=bool) if weights is None else weights > 0
    rows, others = np.flatnonzero(positive & used), np.flatnonzero(~positive & used)
    if selection is None or pnr * len(rows) >= len(others):
        return np.flatnonzero(used)
    if selection == "nearest":
        distance = NearestNeighbors(n_neighbors=1).fit(X[rows]).kneighbors(X[others])[0][:, 0]
        chosen = np.argsort(distance, kind="stable")[: pnr * len(rows)]
    else:
        chosen = _greedy(X[rows], X[others], pnr)
    return np.sort(np.concatenate([rows, others[chosen]]))


def _greedy(positives: NDArray, negatives: NDArray, pnr: int) -> NDArray[np.intp]:
    search = NearestNeighbors().fit(negatives)
    n_pairs = 4 * pnr
    while True:
        # A pair that is missing here could be taken only by a positive that runs out of pairs.
        n_pairs = min(n_pairs, len(negatives))
        distance, index = search.kneighbors(positives, n_pairs)
        order = np.argsort(distance, axis=None, kind="stable")
        taken = np.zeros(len(negatives), dtype=bool)
        counts = np.zeros(len(positives), dtype=np.intp)
        _kernels.walk(order // n_pairs, index.ravel()[order], pnr, counts, taken)
        if counts.min() == pnr or n_pairs == len(negatives):
            return np.flatnonzero(taken)
        n_pairs *= 4
