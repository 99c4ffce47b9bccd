"""Who a window belongs to, and whether a split tears overlapping windows apart."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core.groups import owners
from .._core.timeline import is_windows

Split = tuple[NDArray[np.intp], NDArray[np.intp]]


class OverlappingWindowsWarning(UserWarning):
    """Windows that overlap in time stand on both sides of a split, so the test set leaks."""


def identity(splitter: Any, X: Any, groups: Any, kind: str) -> NDArray:
    """Return the groups given, else the record or patient of each window."""
    column = owners(X, groups, kind)
    if column is not None:
        return column
    name = type(splitter).__name__
    if not is_windows(X):
        raise ValueError(
            f"groups is None and X is a {type(X).__name__}, which knows no {kind}; pass "
            f"groups=<{kind} of each row> or a Windows to {name}."
        )
    raise ValueError(
        f"groups is None and X has no {kind}; pass groups= or Windows(..., {kind}=) to {name}."
    )


def warn_of_overlap(splitter: Any, X: Any, splits: Iterable[Split]) -> Iterator[Split]:
    """Hand on the splits, with one warning at the first that parts overlapping windows."""
    look = is_windows(X)
    if look:
        record = np.unique(X.record, return_inverse=True)[1]
        order = np.lexsort((X.onset, record))
        # Half a sample of overlap is none: onsets carry rounding errors.
        reach = X.duration - 0.5 / X.sfreq
    for train, test in splits:
        if look:
            side = np.zeros(len(X), dtype=np.int8)
            side[train], side[test] = 1, 2
            used = order[side[order] > 0]
            # All windows are equally long: if any two of them overlap across the sides, then so do
            # two that are neighbours in time.
            torn = (
                (np.diff(record[used]) == 0)
                & (np.diff(X.onset[used]) < reach)
                & (np.diff(side[used]) != 0)
            )
            if torn.any():
                warnings.warn(
                    f"{type(splitter).__name__} puts windows that overlap in time on both sides of "
                    f"a split ({torn.sum()} pairs of neighbours): test windows share samples with "
                    "training windows. Split by whole records, or cut windows without overlap.",
                    OverlappingWindowsWarning,
                    stacklevel=3,
                )
                look = False
        yield train, test


class GroupsFromWindows:
    """Mixin of group-wise splitters: without ``groups``, the windows tell record or patient."""

    _kind = "record"

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield row numbers of training and test set.

        Parameters
        ----------
        X : Windows or array-like of length n_windows
            The samples.
        y : array-like, shape (n_windows,), default=None
            Labels; needed where classes are kept in proportion.
        groups : array-like, shape (n_windows,), default=None
            Record or patient of each sample. None: those of ``X``, a `Windows`.

        Yields
        ------
        train, test : ndarray of int
            Row numbers.

        Raises
        ------
        ValueError
            If neither ``groups`` nor ``X`` tells who a sample belongs to, or there are too few
            groups.
        """
        groups = identity(self, X, groups, self._kind)
        yield from warn_of_overlap(self, X, super().split(X, y, groups))  # type: ignore[misc]

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X : Windows or array-like of length n_windows, default=None
            The samples.
        y : array-like, shape (n_windows,), default=None
            Not used.
        groups : array-like, shape (n_windows,), default=None
            Record or patient of each sample. None: those of ``X``, a `Windows`.

        Returns
        -------
        int
            Number of splits.

        Raises
        ------
        ValueError
            If neither ``groups`` nor ``X`` tells who a sample belongs to.
        """
        if X is not None or groups is not None:
            groups = identity(self, X, groups, self._kind)
        return super().get_n_splits(X, y, groups)  # type: ignore[misc]
