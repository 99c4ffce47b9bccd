"""What the evolved classifiers read: tables, labels and weights, and which frames they learn from.

A classifier learns from all positive frames, and from the negative ones that are easily taken for
positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import type_of_target

from .._core.errors import prefix_errors
from .._core.labels import refuse_continuous, refuse_unlabelled
from .._core.timeline import is_windows
from .._core.validation import check_sample_weight, validate_table
from . import _kernels

# The sums of a network stay finite in single precision below this.
LARGEST = 1e30

SELECTIONS = ("greedy", "nearest")

# Weights of the negative and the positive class, or how they follow from the frames.
ClassWeight = tuple[float, float] | Literal["balanced"] | None


class TrainingFrames(NamedTuple):
    """Validated arguments of a ``fit``.

    Attributes
    ----------
    X : ndarray of float32, shape (n_frames, n_columns)
        Features.
    positive : ndarray of bool, shape (n_frames,)
        Frames of the positive class.
    classes : ndarray, shape (2,)
        The labels of the negative and the positive class.
    weights : ndarray of float, shape (n_frames,) or None
        Weights. If None, all frames weigh the same.
    """

    X: NDArray[np.float32]
    positive: NDArray[np.bool_]
    classes: NDArray[Any]
    weights: NDArray[np.float64] | None

    def with_positive(self, column: int) -> TrainingFrames:
        """Return the frames with the first or the second of two sorted classes as the positive."""
        if column == 1:
            return self
        return self._replace(positive=~self.positive, classes=self.classes[::-1])


def read_training_frames(
    owner: Any,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None = None,
    *,
    reset: bool = True,
    allow_nan: bool = False,
) -> TrainingFrames:
    """Validate the arguments of ``fit``.

    Parameters
    ----------
    owner : estimator
        Learns the layout of X, or compares it with the one it has learned.
    X : array-like, shape (n_frames, n_columns)
        Features.
    y : array-like, shape (n_frames,)
        Labels of two classes.
    sample_weight : array-like, shape (n_frames,), default=None
        Weights.
    reset : bool, default=True
        Whether the owner learns.
    allow_nan : bool, default=False
        Whether X may hold NaN.

    Returns
    -------
    TrainingFrames
        The arrays.

    Raises
    ------
    ValueError
        For NaN, infinity or values beyond 1e30 in X, other than two classes, or weights that are
        negative or leave one class alone.
    """
    X, y = read_table(owner, X, y, reset=reset, allow_nan=allow_nan)
    classes, positive = split_classes(owner, y)
    weights = None
    if sample_weight is not None:
        weights = check_sample_weight(sample_weight, X)
        for mask, what in ((positive, "positive"), (~positive, "negative")):
            total = weights[mask].sum()
            if not 0 < total < np.inf:
                raise ValueError(
                    f"sample_weight has the sum {total:g} over the {what} class; a finite number "
                    "above 0 is needed for each of two classes."
                )
    return TrainingFrames(X, positive, classes, weights)


def flatten_channels(owner: Any, X: Any) -> tuple[Any, int | None]:
    """Return a table of two dimensions, and the number of channels if it had three."""
    if is_windows(X):
        raise TypeError(
            f"X is Windows, which hold signals; {type(owner).__name__} takes features. Put "
            "FrameFeatures and FeatureNormalizer before it in a Pipeline."
        )
    if not hasattr(X, "shape"):
        with prefix_errors("X"):
            X = np.asarray(X)
    if len(X.shape) != 3:
        return X, None
    return np.asarray(X).reshape(X.shape[0], X.shape[1] * X.shape[2]), X.shape[1]


def read_table(owner: Any, *arrays: Any, reset: bool = True, allow_nan: bool = False) -> Any:
    """Validate X, and y where there is one, in the single precision of the networks."""
    finite = "allow-nan" if allow_nan else True
    # What is too large becomes infinite and is refused as such.
    checked = validate_table(
        owner, *arrays, reset=reset, dtype=np.float32, ensure_all_finite=finite
    )
    X = checked[0] if len(arrays) > 1 else checked
    # Without NaN, where it is allowed.
    low, high = np.fmin.reduce(X, axis=None), np.fmax.reduce(X, axis=None)
    if max(high, -low) > LARGEST:
        raise ValueError(
            f"X holds {high if high > -low else low:g}; values up to {LARGEST:g} are needed, best "
            "within [-1, 1], see FeatureNormalizer."
        )
    return checked


def split_classes(owner: Any, y: NDArray) -> tuple[NDArray, NDArray[np.bool_]]:
    """Return the two classes, and which rows are of the second."""
    refuse_continuous(y)
    classes, label = np.unique(y, return_inverse=True)
    refuse_unlabelled(owner, classes)
    if len(classes) > 2:
        raise ValueError(
            "Only binary classification is supported. The type of the target is "
            f"{type_of_target(y)}: y holds {classes[:5].tolist()}; for more classes use "
            "sklearn.multiclass.OneVsRestClassifier."
        )
    if len(classes) < 2:
        raise ValueError(f"y holds one class, {classes.tolist()[0]!r}; two classes are needed.")
    return classes, label == 1


def select_new_frames(
    new: Any, n_frames: int, weights: NDArray[np.float64] | None
) -> NDArray[np.intp]:
    """Return the rows of the frames that ``update`` calls new, without those of weight 0.

    Parameters
    ----------
    new : array-like, shape (n_frames,) of bool, or (n_new,) of int, or None
        A mask or row numbers. If None, all frames are new.
    n_frames : int
        Number of frames.
    weights : ndarray of float, shape (n_frames,) or None
        Their weights.

    Returns
    -------
    ndarray of int
        Row numbers, ascending, at least one.

    Raises
    ------
    ValueError
        If ``new`` does not fit the frames, or no frame is left.
    """
    mask = np.ones(n_frames, dtype=bool) if new is None else np.asarray(new)
    if mask.dtype == bool and mask.shape == (n_frames,):
        rows = np.flatnonzero(mask)
    elif mask.dtype.kind in "iu" and mask.ndim == 1 and ((mask >= 0) & (mask < n_frames)).all():
        rows = np.unique(mask)
    else:
        raise ValueError(
            f"new has shape {mask.shape} and type {mask.dtype}; a mask or row numbers of the "
            f"{n_frames} frames in X are needed."
        )
    if not len(rows):
        raise ValueError("new names no frame; at least one is needed.")
    if weights is not None:
        rows = rows[weights[rows] > 0]
        if not len(rows):
            raise ValueError("sample_weight is 0 for every new frame; at least one is needed.")
    return rows


def check_class_weight(class_weight: Any, classes: NDArray) -> ClassWeight:
    """Return the weights of the two classes.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        Weights by label.
    classes : ndarray, shape (2,)
        The labels.

    Returns
    -------
    tuple of two floats, "balanced" or None
        Weights of the negative and the positive class.

    Raises
    ------
    ValueError
        If a weight is not a number above zero, or belongs to no class.
    """
    if not isinstance(class_weight, Mapping):
        return class_weight
    with prefix_errors("class_weight"):
        pair = compute_class_weight(dict(class_weight), classes=classes, y=classes)
    if not ((pair > 0) & np.isfinite(pair)).all():
        raise ValueError(
            f"class_weight is {class_weight!r}; a finite number above 0 is needed for each class."
        )
    return float(pair[0]), float(pair[1])


def weigh_classes(
    weights: NDArray[np.float64] | None, positive: NDArray[np.bool_], class_weight: ClassWeight
) -> NDArray[np.float64] | None:
    """Return weights of frames times the weights of their classes.

    Parameters
    ----------
    weights : ndarray of float, shape (n_frames,) or None
        Weights. If None, all frames weigh the same.
    positive : ndarray of bool, shape (n_frames,)
        Frames of the positive class; both classes are among those with a weight above 0.
    class_weight : tuple of two floats, "balanced" or None
        See `check_class_weight`. If "balanced", both classes have the same sum of weights.

    Returns
    -------
    ndarray of float, shape (n_frames,) or None
        The weights. If None, all frames weigh the same.
    """
    if class_weight is None:
        return weights
    weights = np.ones(len(positive)) if weights is None else weights
    if class_weight == "balanced":
        sums = weights[~positive].sum(), weights[positive].sum()
        class_weight = 0.5 * sum(sums) / sums[0], 0.5 * sum(sums) / sums[1]
    return weights * np.where(positive, class_weight[1], class_weight[0])


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
        If "greedy", pairs of a positive and a negative are gone through by ascending distance; a
        pair is taken if its negative is free and its positive has fewer than ``pnr``. If "nearest",
        negatives are taken by ascending distance to their nearest positive. If None, all are taken.
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
