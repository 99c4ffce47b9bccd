"""Splitters that keep records or patients whole."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut, StratifiedGroupKFold
from sklearn.utils import check_random_state

from .._core.errors import prefix_errors
from ._identity import GroupsFromWindows


class _Folds(GroupsFromWindows):
    """Mixin of splitters into a number of folds, whose parameters it checks by name."""

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        if isinstance(n_splits, bool) or not isinstance(n_splits, Integral):
            raise ValueError(f"n_splits is {n_splits!r}; a whole number from 2 on is needed.")
        with prefix_errors("random_state"):
            check_random_state(random_state)
        super().__init__(n_splits, shuffle=shuffle, random_state=random_state)


class RecordKFold(_Folds, GroupKFold):
    """K folds of whole records.

    scikit-learn's ``GroupKFold`` that finds the records in `Windows`. ``groups``, where given, take
    their place.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2 and at most the number of records.
    shuffle : bool, default=False
        True: deal the records out at random. False: so that folds hold about equally many windows.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffling.

    See Also
    --------
    LeaveOneRecordOut : One record a fold.
    StratifiedPatientKFold : Whole patients, classes in proportion.

    Notes
    -----
    An `OverlappingWindowsWarning` tells of windows that overlap in time across a split; with
    records kept whole there are none.

    Examples
    --------
    >>> from skseizure.model_selection import RecordKFold
    >>> from skseizure.signals import Windows
    >>> X = Windows([[0.0]] * 6, sfreq=1, record=["a", "a", "b", "b", "c", "c"])
    >>> [X.record[test].tolist() for _, test in RecordKFold(3).split(X)]
    [['c', 'c'], ['b', 'b'], ['a', 'a']]
    """


class LeaveOneRecordOut(GroupsFromWindows, LeaveOneGroupOut):
    """Each record in turn is the test set.

    scikit-learn's ``LeaveOneGroupOut`` that finds the records in `Windows`. ``groups``, where
    given, take their place.

    See Also
    --------
    LeaveOnePatientOut : The same by patient.
    RecordKFold : Fewer, larger folds.

    Examples
    --------
    >>> from skseizure.model_selection import LeaveOneRecordOut
    >>> from skseizure.signals import Windows
    >>> X = Windows([[0.0]] * 4, sfreq=1, record=["a", "a", "b", "b"])
    >>> LeaveOneRecordOut().get_n_splits(X)
    2
    """


class LeaveOnePatientOut(GroupsFromWindows, LeaveOneGroupOut):
    """Each patient in turn is the test set.

    scikit-learn's ``LeaveOneGroupOut`` that finds the patients in `Windows`. ``groups``, where
    given, take their place.

    See Also
    --------
    StratifiedPatientKFold : Fewer, larger folds.

    Examples
    --------
    >>> from skseizure.model_selection import LeaveOnePatientOut
    >>> from skseizure.signals import Windows
    >>> X = Windows([[0.0]] * 4, sfreq=1, record=list("aabc"), patient=list("ppqq"))
    >>> [X.patient[test].tolist() for _, test in LeaveOnePatientOut().split(X)]
    [['p', 'p'], ['q', 'q']]
    """

    _kind = "patient"


class StratifiedPatientKFold(_Folds, StratifiedGroupKFold):
    """K folds of whole patients, with classes in about equal proportion.

    scikit-learn's ``StratifiedGroupKFold`` that finds the patients in `Windows`. ``groups``, where
    given, take their place.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether to shuffle patients of a like share of classes.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffling.

    See Also
    --------
    LeaveOnePatientOut : One patient a fold.

    Examples
    --------
    >>> from skseizure.model_selection import StratifiedPatientKFold
    >>> from skseizure.signals import Windows
    >>> X = Windows([[0.0]] * 8, sfreq=1, record=list("aabbccdd"), patient=list("ppqqrrss"))
    >>> y = [0, 1] * 4
    >>> [sorted(set(X.patient[i].tolist())) for _, i in StratifiedPatientKFold(2).split(X, y)]
    [['p', 'r'], ['q', 's']]
    """

    _kind = "patient"
