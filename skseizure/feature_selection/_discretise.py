"""Discretisation: continuous columns to small integer codes."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy
from sklearn.utils import gen_batches

from .._core.parallel import loop
from . import _kernels

# Codes are uint8.
MAX_BINS = 256

# With n_bins="auto": bins of a column as in Sechidis and Brown (2018), and the most that the labels
# may cut them into. Joint tables of two columns then have 400 cells a class at the most.
AUTO_BINS, MOST_AUTO_BINS = 5, 20

# Columns that are copied out of the row-major table at a time, so that the copy stays small.
_BLOCK = 8


class CodedTable(NamedTuple):
    """A discretised table, column by column.

    Attributes
    ----------
    codes : ndarray of uint8, shape (n_features, n_samples)
        Bin of each value, from 0.
    sizes : ndarray of int, shape (n_features,)
        Number of bins of each column.
    edges : list of ndarray
        Lower edges of all bins of a column but its first.
    """

    codes: NDArray[np.uint8]
    sizes: NDArray[np.intp]
    edges: list[NDArray]


def discretise(
    X: NDArray,
    n_bins: int | Literal["auto"],
    strategy: str,
    discrete: NDArray[np.bool_] | None = None,
    n_jobs: int | None = None,
    *,
    y: NDArray[np.intp] | None = None,
    fewest: bool = False,
) -> CodedTable:
    """Discretise every column of a table.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Finite numbers.
    n_bins : int or "auto"
        Bins of a continuous column; ties may leave fewer, or one more for each value that fills a
        bin. If "auto", 5, and more where the labels call for them and a class is too rare for 5.
    strategy : {"quantile", "uniform"}
        Bins of equal frequency or of equal width.
    discrete : ndarray of bool, shape (n_features,), default=None
        Columns whose integers are the codes' values. If None, every column with at most ``n_bins``
        (5) distinct values is taken as it is.
    n_jobs : int, default=None
        Threads that blocks of columns are shared out to.
    y : ndarray of int, shape (n_samples,), default=None
        Classes from 0, which "auto" needs.
    fewest : bool, default=False
        With "auto", whether a class is rare or not: begin with one bin a column instead of 5,
        where the labels call for a cut.

    Returns
    -------
    CodedTable
        Codes, their number and the bin edges.

    Raises
    ------
    ValueError
        If a column declared discrete holds other than integers or over 256 distinct values.
    """
    n_samples, n_features = X.shape
    codes = np.zeros((n_features, n_samples), dtype=np.uint8)
    n_even = AUTO_BINS if n_bins == "auto" else n_bins
    # Where each class fills a bin, finer bins gain nothing that can be measured.
    labels = None
    if n_bins == "auto" and y is not None and (fewest or rarest_class(y) * AUTO_BINS < n_samples):
        labels = y
        counts = np.arange(n_samples + 1, dtype=float)
        h = xlogy(counts, counts) / np.log(2.0)
        n_classes = int(labels.max()) + 1

    def block_edges(block: slice) -> list[NDArray]:
        columns = np.ascontiguousarray(X[:, block].T)
        found = []
        for j, column in enumerate(columns, start=block.start):
            if labels is not None:
                order = np.argsort(column)
                ordered = column[order]
            else:
                ordered = _sort(column)
            steps = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
            as_it_is = len(steps) < n_even if discrete is None else discrete[j]
            if as_it_is:
                edges = ordered[steps]
                if discrete is not None:
                    _check_discrete(ordered[np.append(0, steps)], j)
            else:
                edges = _even_edges(ordered, n_even, strategy)
                if labels is not None:
                    starts = np.unique(np.searchsorted(ordered, edges))
                    starts = starts[(starts > 0) & (starts < n_samples)]
                    given = labels[order], steps, h, n_classes, MOST_AUTO_BINS
                    cuts = _kernels.supervised_cuts(starts[:0] if fewest else starts, *given)
                    edges = ordered[cuts if len(cuts) else starts]
            for edge in edges:
                codes[j] += column >= edge
            found.append(edges)
        return found

    blocks = gen_batches(n_features, _BLOCK)
    parts = loop(n_jobs, in_process=True)(partial(block_edges, block) for block in blocks)
    edges = [column_edges for part in parts for column_edges in part]
    return CodedTable(codes, np.array([1 + len(e) for e in edges], dtype=np.intp), edges)


def rarest_class(y: NDArray[np.intp]) -> int:
    """Return how many rows the rarest class has, of those that have any."""
    counts = np.bincount(y)
    return int(counts[counts > 0].min())


def _even_edges(ordered: NDArray, n_bins: int, strategy: str) -> NDArray[Any]:
    """Return the lower edges of all bins but the first; every quantile bin holds a sample."""
    if strategy == "quantile":
        # Edges are values of the column, never interpolated: a strictly increasing transform
        # moves them along exactly.
        n = len(ordered)
        ranks = np.arange(1, n_bins) * (n - 1) // n_bins
        before, after = (
            np.searchsorted(ordered, ordered[ranks], side=side) for side in ("left", "right")
        )
        # After the largest value there is nothing: it is cut off before it.
        starts = np.where(after == n, before, after)
        # A value that fills a bin has one to itself: what lies below does not merge with it.
        both = np.union1d(starts, before[(after - before) * n_bins >= n])
        starts = both if len(both) < MAX_BINS else np.unique(starts)
        return ordered[starts[starts > 0]]
    low, high = float(ordered[0]), float(ordered[-1])
    # Huge values would overflow; a power of two scales them without rounding.
    scale = 2.0**-10 if max(-low, high) > 1e300 else 1.0
    k = np.arange(1, n_bins)
    edges = (low * scale * (n_bins - k) + high * scale * k) / n_bins / scale
    return np.unique(edges[edges > low])


def _sort(column: NDArray) -> NDArray:
    """Sort; integers in a narrow range by counting, at a tenth of the time."""
    if column.dtype.kind in "iu":
        low = column.min()
        if int(column.max()) - int(low) < len(column):
            # The difference may wrap: as an unsigned number of the same size it is right.
            offset = (column - low).view(f"u{column.itemsize}")
            counts = np.bincount(offset.astype(np.intp))
            return low + np.repeat(np.arange(len(counts)), counts).astype(column.dtype)
    return np.sort(column)


def _check_discrete(values: NDArray, j: int) -> None:
    fractional = values[values != np.floor(values)] if values.dtype.kind == "f" else values[:0]
    if len(fractional):
        raise ValueError(
            f"discrete_features names column {j} of X, which holds {fractional[0]!s}; a discrete "
            "column must hold integers. Leave it out of discrete_features to have it binned."
        )
    if len(values) > MAX_BINS:
        raise ValueError(
            f"discrete_features names column {j} of X, which holds {len(values)} distinct values; "
            f"a discrete column may hold at most {MAX_BINS}. Leave it out to have it binned."
        )


def check_discrete_features(value: Any, n_features: int) -> NDArray[np.bool_] | None:
    """Turn the parameter ``discrete_features`` into a mask, or None for ``"auto"``.

    Parameters
    ----------
    value : "auto", bool or array-like
        A mask of shape (n_features,) or column indices.
    n_features : int
        Columns of the table.

    Returns
    -------
    ndarray of bool, shape (n_features,), or None
        The discrete columns.

    Raises
    ------
    ValueError
        If ``value`` is no mask or list of indices of this table.
    """
    if isinstance(value, str):
        return None
    if isinstance(value, bool | np.bool_):
        return np.full(n_features, bool(value))
    return _mask(value, n_features)


def _mask(value: ArrayLike, n_features: int) -> NDArray[np.bool_]:
    given = np.asarray(value)
    if given.dtype == bool:
        if given.shape != (n_features,):
            raise ValueError(
                f"discrete_features is a mask of shape {given.shape}, but X has {n_features} "
                f"columns; shape ({n_features},) is needed."
            )
        return given
    mask = np.zeros(n_features, dtype=bool)
    if given.size == 0:
        return mask
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise ValueError(
            f"discrete_features is {value!r}; 'auto', a bool, a mask or column indices are needed."
        )
    if given.min() < 0 or given.max() >= n_features:
        raise ValueError(
            f"discrete_features names column {given.max() if given.min() >= 0 else given.min()}, "
            f"but the columns of X run from 0 to {n_features - 1}."
        )
    mask[given] = True
    return mask
