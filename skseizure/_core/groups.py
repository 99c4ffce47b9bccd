"""Groups: who owns a row, and splits that keep all rows of an owner on one side."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import prefix_errors
from .labels import is_missing
from .timeline import is_windows
from .validation import check_rows

# Most folds that a share is counted in; dealing groups out to many is slow.
FINEST = 100
# Rows worked on at a time, so that temporary arrays stay small beside a table.
BLOCK = 1 << 17


def owners(X: Any, groups: ArrayLike | None, *kinds: str) -> NDArray | None:
    """Return who owns each row: the groups given, else what the windows know.

    Parameters
    ----------
    X : Windows or array-like
        Samples.
    groups : array-like, shape (n_samples,) or None
        Groups as the user gives them.
    *kinds : {"patient", "record"}
        Columns of `Windows` to look at where no groups are given. Of several, the first is taken
        that has more than one owner.

    Returns
    -------
    ndarray, shape (n_samples,) or None
        The owners. None if nobody is known, or none of several kinds has more than one.

    Raises
    ------
    ValueError
        As `check_groups`.
    """
    if groups is not None:
        return check_groups(groups, X)
    if not is_windows(X):
        return None
    columns = [np.asarray(c) for kind in kinds if (c := getattr(X, kind)) is not None]
    if len(kinds) > 1:
        columns = [column for column in columns if len(np.unique(column)) > 1]
    return columns[0] if columns else None


def check_groups(groups: ArrayLike, X: Any = None) -> NDArray:
    """Validate one group a row.

    Parameters
    ----------
    groups : array-like, shape (n_samples,)
        Numbers or strings.
    X : array-like of length n_samples, default=None
        What the groups belong to; None if it is not at hand.

    Returns
    -------
    ndarray, shape (n_samples,)
        The groups.

    Raises
    ------
    ValueError
        For another shape or length, missing groups, or groups of several types.
    """
    with prefix_errors("groups"):
        column = np.asarray(groups)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1:
        raise ValueError(f"groups has shape {column.shape}; (n_rows,), a group a row, is needed.")
    if X is not None:
        check_rows(X=X, groups=column)
    missing = is_missing(column)
    if missing.any():
        raise ValueError(f"groups holds {missing.sum()} missing values; each row needs a group.")
    if column.dtype == object:
        try:
            np.unique(column)
        except TypeError as error:
            raise ValueError(
                f"groups holds values of several types, which have no order: {error}. All numbers "
                "or all strings are needed."
            ) from error
    return column


class Census(NamedTuple):
    """Rows counted by group and class.

    Attributes
    ----------
    group : ndarray of int, shape (n_samples,)
        Number of each row's group; of no meaning for rows that are left out.
    counts : ndarray of int, shape (n_groups, n_classes)
        Rows of each group and class.
    """

    group: NDArray[np.int32]
    counts: NDArray[np.intp]


def take_census(
    y: NDArray, groups: NDArray, of: str, usable: NDArray[np.bool_] | None = None
) -> Census:
    """Count the rows of each group and class.

    Parameters
    ----------
    y, groups : ndarray, shape (n_samples,)
        Label and group of each row.
    of : str
        What asks for two groups, such as ``"validation=0.2"``, for the message.
    usable : ndarray of bool, shape (n_samples,), default=None
        Rows that count. If None, all.

    Returns
    -------
    Census
        The counts.

    Raises
    ------
    ValueError
        If there is one group.
    """
    if usable is None:
        usable = np.ones(len(y), dtype=bool)
    names, classes = np.unique(groups[usable]), np.unique(y[usable])
    if len(names) < 2:
        raise ValueError(
            f"groups holds one group, {names.tolist()[0]!r}; {of} keeps groups whole and needs two."
        )
    group = np.empty(len(y), dtype=np.int32)
    counts = np.zeros((len(names), len(classes)), dtype=np.intp)
    for low in range(0, len(y), BLOCK):
        part = slice(low, low + BLOCK)
        # A group without usable rows has no number of its own.
        group[part] = np.minimum(np.searchsorted(names, groups[part]), len(names) - 1)
        rows = np.flatnonzero(usable[part]) + low
        np.add.at(counts, (group[rows], np.searchsorted(classes, y[rows])), 1)
    return Census(group, counts)


def deal(counts: NDArray[np.intp], n_folds: int, rng: np.random.RandomState) -> NDArray[np.intp]:
    """Deal groups out to folds so that each class is spread evenly.

    It is the rule of scikit-learn's ``StratifiedGroupKFold`` with ``shuffle=True``, on counts
    instead of rows: the groups with the most uneven counts first, each to the fold with which the
    classes are spread best, and of equal folds to the one with the fewest rows.

    Parameters
    ----------
    counts : ndarray of int, shape (n_groups, n_classes)
        Rows of each group and class.
    n_folds : int
        Folds, at most as many as groups.
    rng : RandomState
        Order of groups with equal counts.

    Returns
    -------
    ndarray of int, shape (n_groups,)
        The fold of each group.
    """
    order = rng.permutation(len(counts))
    order = order[np.argsort(-counts[order].std(axis=1), kind="stable")]
    fold = np.empty(len(counts), dtype=np.intp)
    total = counts.sum(axis=0)
    dealt = np.zeros((n_folds, len(total)))
    for group in order:
        trials = dealt + np.eye(n_folds)[:, :, np.newaxis] * counts[group]  # (trial, fold, class)
        spread = (trials / total).std(axis=1).mean(axis=1)
        size, best = dealt.sum(axis=1), 0
        for i in range(1, n_folds):
            # Spreads that differ by rounding are equal.
            equal = np.isclose(spread[i], spread[best])
            if spread[i] < spread[best] or (equal and size[i] < size[best]):
                best = i
        fold[group] = best
        dealt[fold[group]] += counts[group]
    return fold


def group_folds(
    y: NDArray, groups: NDArray, n_folds: int, rng: np.random.RandomState, of: str
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Make folds of whole groups in which each class is spread evenly.

    Parameters
    ----------
    y, groups : ndarray, shape (n_samples,)
        Label and group of each row.
    n_folds : int
        Folds; fewer if there are fewer groups.
    rng : RandomState
        Source of the order of groups.
    of : str
        What asks for the folds, such as ``"cv=5"``, for the message.

    Returns
    -------
    list of (rows, held_out)
        Rows of the other folds and of each fold.

    Raises
    ------
    ValueError
        If there is one group.
    """
    census = take_census(y, groups, of)
    n_folds = min(n_folds, len(census.counts))
    fold = deal(census.counts, n_folds, rng)[census.group]
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(n_folds)]


def hold_out_groups(
    y: NDArray,
    groups: NDArray,
    share: float,
    rng: np.random.RandomState,
    of: str,
    usable: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Choose whole groups to hold out: about a share of the rows, with every class on both sides.

    Parameters
    ----------
    y, groups : ndarray, shape (n_samples,)
        Label and group of each row.
    share : float
        Share of the rows to hold out, in (0, 1).
    rng : RandomState
        Source of the order of groups.
    of : str
        What asks for the share, such as ``"validation=0.2"``, for the message.
    usable : ndarray of bool, shape (n_samples,), default=None
        Rows that count. If None, all. No other row is held out.

    Returns
    -------
    ndarray of bool, shape (n_samples,)
        Rows to hold out. No choice may have every class on both sides: then as few as possible
        miss on the other side, else as few as possible on this one.

    Raises
    ------
    ValueError
        If there is one group.
    """
    census = take_census(y, groups, of, usable)
    counts = census.counts
    # The share in folds, of which there are at most as many as groups: 3 of 10, say.
    finest = min(len(counts), FINEST)
    part = Fraction(share).limit_denominator(finest)
    part = min(max(part, Fraction(1, finest)), Fraction(finest - 1, finest))
    fold = deal(counts, part.denominator, rng)

    def judge(held: NDArray[np.bool_]) -> tuple[int, int, float]:
        lacking = [int(np.sum(counts[side].sum(axis=0) == 0)) for side in (~held, held)]
        return *lacking, abs(counts[held].sum() / counts.sum() - share)

    # Neighbouring folds in a circle, from each fold on.
    choices = [
        (fold - first) % part.denominator < part.numerator for first in range(part.denominator)
    ]
    held = min(choices, key=judge)[census.group]
    return held if usable is None else held & usable
