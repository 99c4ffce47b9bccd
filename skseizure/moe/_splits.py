"""Which windows are held out: to validate on, and for out-of-fold predictions."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit, check_cv

from .._core.groups import group_folds, hold_out_groups

Rows = NDArray[np.intp]


class TrainingSet(NamedTuple):
    """Checked windows, and what belongs to each.

    Attributes
    ----------
    X : Windows or ndarray, shape (n_windows, n_channels, n_times)
        Windows.
    y : ndarray, shape (n_windows,)
        Labels.
    groups : ndarray, shape (n_windows,), or None
        Patients.
    sample_weight : ndarray of float, shape (n_windows,), or None
        Weights, all above 0.
    """

    X: Any
    y: NDArray
    groups: NDArray | None
    sample_weight: NDArray[np.float64] | None

    def take(self, rows: NDArray) -> TrainingSet:
        """Return some rows, without a copy of the windows if these are all rows in order."""
        if np.array_equal(rows, np.arange(len(self.y))):
            return self
        groups = None if self.groups is None else self.groups[rows]
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        return TrainingSet(self.X[rows], self.y[rows], groups, weights)


def hold_out(
    train_split: Any, X: Any, y: NDArray, groups: NDArray | None, seed: int
) -> tuple[Rows, Rows | None]:
    """Return rows to train and, where asked for, to validate on.

    Parameters
    ----------
    train_split : float, splitter or None
        The share to validate on, stratified and with groups kept whole, or what makes the split.
    X : Windows or ndarray, shape (n_windows, ...)
        Windows, which a splitter may want to see.
    y : ndarray, shape (n_windows,)
        Labels.
    groups : ndarray, shape (n_windows,), or None
        Patients.
    seed : int
        Seed of a share's split.

    Returns
    -------
    rows : ndarray of int
        Windows to train on.
    held_out : ndarray of int or None
        Windows to validate on, or None for no validation.

    Raises
    ------
    ValueError
        If there is no window to validate on, a class to train on is lost, or groups are too few.
    """
    everything = np.arange(len(y))
    if train_split is None:
        return everything, None
    if isinstance(train_split, Real):
        rows, held_out = _share(float(train_split), y, groups, seed)
    else:
        split = next(iter(train_split.split(X, y, groups)), None)
        if split is None:
            raise ValueError(
                f"train_split is {train_split!r}, which makes no split; one is needed."
            )
        rows, held_out = (everything[part] for part in split)
    if not len(held_out):
        raise ValueError(
            f"train_split is {train_split!r}, which holds out no window to validate on; hold out "
            "some, or train_split=None."
        )
    lost = np.setdiff1d(y, y[rows])
    if len(lost):
        raise ValueError(
            f"train_split leaves no window of class {lost.tolist()[0]!r} to train on; hold out "
            "fewer windows, or patients that are not the only ones with it."
        )
    return rows, held_out


def _share(share: float, y: NDArray, groups: NDArray | None, seed: int) -> tuple[Rows, Rows]:
    if groups is None:
        splitter: Any = StratifiedShuffleSplit(1, test_size=share, random_state=seed)
        try:
            return next(splitter.split(y, y))
        except ValueError as error:
            raise ValueError(f"train_split is {share}: {error}") from error
    rng = np.random.RandomState(seed)
    held_out = hold_out_groups(y, groups, share, rng, f"train_split={share}")
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def folds(
    cv: Any, table: NDArray, y: NDArray, groups: NDArray | None, seed: int
) -> list[tuple[Rows, Rows]]:
    """Return the folds of out-of-fold predictions.

    Parameters
    ----------
    cv : int or splitter
        Number of folds, stratified and with groups kept whole, or what makes them.
    table : ndarray, shape (n_windows, n_features)
        Manual features.
    y : ndarray, shape (n_windows,)
        Labels.
    groups : ndarray, shape (n_windows,), or None
        Patients.
    seed : int
        Seed of the folds.

    Returns
    -------
    list of (rows, held_out)
        Windows of each fold to train and to predict on.

    Raises
    ------
    ValueError
        If groups or folds are too few.
    """
    if not isinstance(cv, Integral):
        return list(check_cv(cv, y, classifier=True).split(table, y, groups))
    if cv == 1:
        raise ValueError("cv is 1; a single fold leaves nothing to train on: at least two, or 0.")
    most = int(np.unique(y, return_counts=True)[1].max())
    if groups is not None:
        rng = np.random.RandomState(seed)
        return group_folds(y, groups, min(int(cv), most), rng, f"cv={cv}")
    splitter = StratifiedKFold(min(cv, most), shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Rare classes are the very use: folds without them in the test part are right.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(splitter.split(table, y))
