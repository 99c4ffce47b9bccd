"""Semi-supervised cross-validation: unlabelled rows train, labelled rows test."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import BaseCrossValidator, check_cv
from sklearn.utils import _safe_indexing

from .._core.errors import prefix_errors
from .._core.labels import check_partial_labels
from .._core.validation import check_rows
from ._identity import Split


class LabelledTestSplit(BaseCrossValidator):
    """Another splitter on the labelled rows alone; unlabelled rows join every training set.

    For the cross-validation of semi-supervised and transfer classifiers, whose ``y`` holds -1, NaN
    or None where the label is missing: no score is computed on rows without a label, and every fit
    sees all of them.

    Parameters
    ----------
    cv : int or splitter, default=5
        How the labelled rows are split. A number means so many stratified folds. A splitter gets
        the labelled rows of ``X``, ``y`` and ``groups`` and may be any of scikit-learn's or of this
        package.

    See Also
    --------
    StratifiedPatientKFold : Whole patients, classes in proportion.
    skseizure.fuzzy.SDASSLTSKClassifier : A classifier that learns from unlabelled rows.
    skseizure.feature_selection.SemiJMISelector : A selector that does.

    Notes
    -----
    A label of -1, NaN or None (in an array of objects) is missing, as for the semi-supervised
    estimators of this package. Those of scikit-learn know -1 alone, and its scores refuse an array
    of objects that holds numbers: mark by NaN or -1 beside numbers, and by None or -1 beside
    strings. The strings "-1" and "nan" are refused.

    ``groups`` and the records and patients of `Windows` keep *labelled* rows apart. Unlabelled rows
    of a tested patient train, too: what is measured is a classifier that adapts to this patient
    without its labels. To measure one that never saw the patient, leave such rows out of ``X``.

    Cross-validation on labelled source rows says how well the source is learned. It says little
    about the weights of the terms that reach for the target (``lambda_da``, ``lambda_ssl``), unless
    some target rows are labelled.

    Without unlabelled rows the splits are those of ``cv``.

    Examples
    --------
    >>> from skseizure.model_selection import LabelledTestSplit
    >>> X, y = [[0]] * 6, [0, 1, -1, 0, 1, -1]
    >>> for train, test in LabelledTestSplit(2).split(X, y):
    ...     print(train.tolist(), test.tolist())
    [2, 3, 4, 5] [0, 1]
    [0, 1, 2, 5] [3, 4]

    The grid of a search:

    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skseizure.fuzzy import SDASSLTSKClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> partial = np.where(np.arange(len(y)) % 2 == 0, y, -1)
    >>> grid = {"n_rules": [2, 4]}
    >>> model = SDASSLTSKClassifier(random_state=0)
    >>> search = GridSearchCV(model, grid, cv=LabelledTestSplit(3)).fit(X, partial)
    >>> bool(search.best_score_ > 0.9)
    True
    """

    # Under metadata routing, groups are asked for as by scikit-learn's group-wise splitters.
    __metadata_request__split: ClassVar = {"groups": True}

    def __init__(self, cv: Any = 5) -> None:
        if isinstance(cv, bool) or not (isinstance(cv, Integral) or hasattr(cv, "get_n_splits")):
            raise TypeError(
                f"cv is {cv!r}; a number of folds or a splitter is needed (a list of splits would "
                "not tell whether it counts the labelled rows alone)."
            )
        self.cv = cv

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[Split]:
        """Yield row numbers of training and test set.

        Parameters
        ----------
        X : Windows or array-like of length n_samples
            The samples.
        y : array-like, shape (n_samples,)
            Their labels; -1, NaN or None where there is none.
        groups : array-like, shape (n_samples,), default=None
            Group of each sample, for splitters that take groups.

        Yields
        ------
        train, test : ndarray of int
            Row numbers, ascending in ``train``; ``test`` in the order of ``cv``.

        Raises
        ------
        ValueError
            If ``y`` is None or holds the string "-1" or "nan", no row is labelled, or the labelled
            rows are of one class; and as raised by ``cv``.
        """
        labelled, unlabelled, labels = _labelled_rows(X, y)
        inner, parts = self._inner(labelled, X, labels, groups)
        with prefix_errors("cv", "groups"):
            for train, test in inner.split(*parts):
                yield np.sort(np.concatenate([labelled[train], unlabelled])), labelled[test]

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits.

        Parameters
        ----------
        X : Windows or array-like of length n_samples, default=None
            The samples; needed where ``cv`` counts groups or rows.
        y : array-like, shape (n_samples,), default=None
            Their labels.
        groups : array-like, shape (n_samples,), default=None
            Group of each sample.

        Returns
        -------
        int
            Number of splits.

        Raises
        ------
        ValueError
            As by `split`, where ``y`` is given, and as raised by ``cv``.
        """
        if isinstance(self.cv, Integral):
            return int(self.cv)
        if y is None:
            return self.cv.get_n_splits(X, y, groups)
        labelled, _, labels = _labelled_rows(X, y)
        inner, parts = self._inner(labelled, X, labels, groups)
        return inner.get_n_splits(*parts)

    def _inner(
        self, labelled: NDArray[np.intp], X: Any, labels: NDArray, groups: Any
    ) -> tuple[Any, list]:
        parts = [None if X is None else _safe_indexing(X, labelled), labels]
        parts.append(None if groups is None else _safe_indexing(groups, labelled))
        with prefix_errors("cv", "groups"):
            return check_cv(self.cv, labels, classifier=True), parts


def _labelled_rows(X: Any, y: Any) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray]:
    """Return the labelled and the unlabelled rows, and the labels of the former."""
    if y is None:
        raise ValueError("y is None; LabelledTestSplit needs labels, with -1 where one is missing.")
    partial = check_partial_labels(y)
    check_rows(X=X, y=partial.codes)
    labelled, missing = np.flatnonzero(~partial.unlabelled), np.flatnonzero(partial.unlabelled)
    classes = partial.classes.tolist()
    if len(classes) < 2:
        found = f"one class, {classes[0]}," if classes else "no labelled row"
        raise ValueError(
            f"y has {found} beside {len(missing)} unlabelled rows (-1, NaN or None); two classes "
            "are needed. If -1 is a class of its own here, relabel it: "
            "y = np.where(y == -1, 0, 1)."
        )
    return labelled, missing, partial.classes[partial.codes[labelled]]
