"""Patient-specific protocol: the earliest part of each class trains."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator

from .._core.errors import prefix_errors
from .._core.groups import owners
from .._core.labels import check_labels, seizure_class
from .._core.timeline import Timeline, is_windows, timeline_of
from .._core.validation import check_rows
from ._identity import Split, warn_of_overlap


class EarlyTrainSplit(BaseCrossValidator):
    """The first part of each class in time trains, the rest tests, patient by patient.

    One split a patient, with training and test set from this patient alone: the patient-specific
    protocol of [1]_ by default, where the first 25 % of the seizure frames and of the other frames
    train.

    Parameters
    ----------
    train_size : float, default=0.25
        Share in (0, 1) of each class that trains, rounded down; the default is that of [1]_.
    unit : {"frame", "seizure"}, default="frame"
        What is not divided. ``"frame"``: a window. A seizure is then cut in two where the share
        ends within it, and its parts stand on both sides. ``"seizure"``: a run of windows of the
        seizure class without a gap. The first seizures train, the share of them rounded down but
        at least one; of the other windows the same share as before.
    pos_label : label, default=None
        The class of the seizure, for ``unit="seizure"``. If None, the labels must tell: see
        :ref:`seizure-class`.

    See Also
    --------
    LeaveOneRecordOut : Patient-specific, by whole records.

    Notes
    -----
    Time runs through the records of a patient in the natural order of their names (``r2`` before
    ``r10``, as digits count as numbers), whatever the order of the rows, then by onset: the names
    must tell which record came first, as those of CHB-MIT do. The rows of a bare array stand in
    order of time.

    Patients come from ``groups``, else from `Windows`; without either, all rows are one patient.
    Splits follow the sorted patients.

    Every patient needs every class, with windows (or seizures) enough for one on each side.

    An `OverlappingWindowsWarning` tells of windows that overlap in time across a split.

    With labels that include both ends of a seizure (its seconds plus one, at windows of 1 s) this
    gives the numbers of test frames behind the tables of [1]_.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince, "Automated patient-specific classification of
       long-term electroencephalography", Journal of Biomedical Informatics 49, 2014.

    Examples
    --------
    >>> from skseizure.model_selection import EarlyTrainSplit
    >>> X, y = [[0]] * 12, [0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0]
    >>> for train, test in EarlyTrainSplit().split(X, y):
    ...     print(train.tolist(), test.tolist())
    [0, 1, 2] [3, 4, 5, 6, 7, 8, 9, 10, 11]
    >>> for train, test in EarlyTrainSplit(unit="seizure").split(X, y):
    ...     print(train.tolist(), test.tolist())
    [0, 1, 2, 3] [4, 5, 6, 7, 8, 9, 10, 11]
    """

    # Under metadata routing, groups are asked for as by scikit-learn's group-wise splitters.
    __metadata_request__split: ClassVar = {"groups": True}

    def __init__(
        self,
        train_size: float = 0.25,
        *,
        unit: Literal["frame", "seizure"] = "frame",
        pos_label: Any = None,
    ) -> None:
        with prefix_errors("train_size"):
            if not 0 < train_size < 1:
                raise ValueError(
                    f"train_size is {train_size!r}; a share between 0 and 1 is needed."
                )
        with prefix_errors("unit"):
            if unit not in ("frame", "seizure"):
                raise ValueError(f"unit is {unit!r}; 'frame' or 'seizure' is needed.")
        self.train_size = train_size
        self.unit = unit
        self.pos_label = pos_label

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield row numbers of training and test set, patient by patient.

        Parameters
        ----------
        X : Windows or array-like of length n_windows
            The samples.
        y : array-like, shape (n_windows,)
            Their labels.
        groups : array-like, shape (n_windows,), default=None
            Patient of each sample. None: that of ``X``, else all are one patient.

        Yields
        ------
        train, test : ndarray of int
            Row numbers, ascending.

        Raises
        ------
        ValueError
            If there are no labels, or a patient has too few windows or seizures to share out; with
            ``unit="seizure"`` if there are other than two classes, or nothing tells which of them
            is the seizure.
        """
        if y is None:
            raise ValueError("y is None; EarlyTrainSplit shares out each class and needs labels.")
        y = check_labels(y)
        check_rows(X=X, y=y)
        yield from warn_of_overlap(self, X, self._splits(X, y, _patients(X, groups)))

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits, which is that of the patients.

        Parameters
        ----------
        X : Windows or array-like of length n_windows, default=None
            The samples.
        y : array-like, shape (n_windows,), default=None
            Not used.
        groups : array-like, shape (n_windows,), default=None
            Patient of each sample. None: that of ``X``, else all are one patient.

        Returns
        -------
        int
            Number of splits.

        Raises
        ------
        ValueError
            If ``X`` and ``groups`` are both None.
        """
        if X is None and groups is None:
            raise ValueError("X and groups are both None; one is needed to count the patients.")
        return len(np.unique(_patients(X, groups)))

    def _splits(self, X: Any, y: NDArray, patients: NDArray) -> Iterator[Split]:
        classes, label = np.unique(y, return_inverse=True)
        ictal = -1  # the number of the class whose runs are not divided
        if self.unit == "seizure":
            if len(classes) != 2:
                raise ValueError(
                    f"y holds the classes {classes[:5].tolist()}; two are needed with "
                    "unit='seizure'."
                )
            found = classes.tolist()
            ictal = found.index(seizure_class(found, self.pos_label))
        time = timeline_of(X, len(X))
        order, stretch = _in_time(X, time)
        for name in np.unique(patients):
            mine = np.flatnonzero(patients[order] == name)
            unit = np.arange(len(mine))
            if self.unit == "seizure":
                unit = _units(label[order[mine]] == ictal, stretch[mine])
            train = np.zeros(len(mine), dtype=bool)
            for i, c in enumerate(classes):
                rows = np.flatnonzero(label[order[mine]] == i)
                what = "seizures" if i == ictal else "windows"
                n_train = self._n_train(np.unique(unit[rows]).size, what, c, name)
                train[rows] = np.unique(unit[rows], return_inverse=True)[1] < n_train
            yield _with_copies(order[mine[train]], time), _with_copies(order[mine[~train]], time)

    def _n_train(self, n: int, what: str, label: Any, patient: Any) -> int:
        # The margin keeps 0.29 * 100 from being 28.
        n_train = int(self.train_size * n + 1e-9)
        if what == "seizures":
            n_train = max(1, n_train)
        if not 0 < n_train < n:
            raise ValueError(
                f"patient {str(patient)!r} has {n} {what} of class {label!s}; a share of "
                f"{self.train_size:g} must leave at least one to train and one to test. "
                "Leave this patient out, or change train_size."
            )
        return n_train


def _patients(X: Any, groups: Any) -> NDArray:
    patients = owners(X, groups, "patient")
    return np.full(len(X), "0") if patients is None else patients


def _with_copies(rows: NDArray[np.intp], time: Timeline) -> NDArray[np.intp]:
    """Return rows in ascending order, with the copies of their windows."""
    return np.sort(np.concatenate([rows, time.copies[np.isin(time.originals, rows)]]))


def _in_time(X: Any, time: Timeline) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows in order of time, and the stretch without a gap that each is in."""
    stretches = time.stretches
    if is_windows(X):
        stretches = sorted(stretches, key=lambda rows: _natural(str(X.record[rows[0]])))
    return np.concatenate(stretches), np.repeat(
        np.arange(len(stretches)), [len(rows) for rows in stretches]
    )


def _natural(name: str) -> tuple[list[str | int], str]:
    """Make a sort key that takes digits as numbers; the name itself parts ``r1`` and ``r01``."""
    parts = re.split(r"(\d+)", name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def _units(ictal: NDArray[np.bool_], stretch: NDArray[np.intp]) -> NDArray[np.intp]:
    """Give each run of ictal windows in a stretch, and each other window, a number of its own."""
    goes_on = ictal[1:] & ictal[:-1] & (np.diff(stretch) == 0)
    return np.concatenate([[0], np.cumsum(~goes_on)])
