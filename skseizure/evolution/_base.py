"""What a CNBC and an ensemble of CNBCs share: tables in, networks kept and changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Self

import joblib
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context, clone, is_classifier
from sklearn.utils import Tags, check_random_state
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from .._core.errors import prefix_errors
from .._core.parameters import HasMethods, Interval
from .._core.persistence import get_state, set_state
from .._core.validation import is_windows
from ._layout import Columns, Table, assign, grow
from ._mlp import EvolvedMLPClassifier, read_table, split_classes
from ._negatives import SELECTIONS
from ._network import BC, LEVELS, Evolution, Key, Network, Node, group_names, mean_loss, nodes_of

_CLASSIFIER = [HasMethods(["fit", "predict"]), None]

# What makes no difference to a classifier that has evolved.
_IRRELEVANT = ("n_estimators", "n_jobs", "verbose", "warm_start")


class BaseCNBC(ClassifierMixin, BaseEstimator, ABC):
    """Networks of binary classifiers on a table of channels and groups of features."""

    __getstate__, __setstate__ = get_state, set_state

    _parameter_constraints: dict = {
        "estimator": _CLASSIFIER,
        "fuser": _CLASSIFIER,
        "master": _CLASSIFIER,
        "n_channels": [Interval(Integral, 1, None, closed="left"), None],
        "feature_groups": [dict, "array-like", None],
        "pnr": [Interval(Integral, 1, None, closed="left")],
        "selection": [StrOptions(set(SELECTIONS)), None],
        "warm_start": ["boolean"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    estimator: Any
    fuser: Any
    master: Any
    n_channels: int | None
    feature_groups: Any
    pnr: int
    selection: str | None
    warm_start: bool
    n_jobs: int | None
    verbose: bool | int
    random_state: Any
    columns_: Columns
    n_features_in_: int
    updated_: list[tuple[int, str, str, str]]

    @abstractmethod
    def _n_networks(self) -> int:
        """Return how many networks are wanted."""

    @abstractmethod
    def _networks(self) -> list[Network]:
        """Return the networks that are there."""

    @abstractmethod
    def _keep(self, networks: list[Network]) -> None:
        """Store networks."""

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Evolve from scratch.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Features of each frame, best within [-1, 1]. In two dimensions the columns of a channel
            stand together, channel after channel, or are named (see ``feature_groups``).
        y : array-like, shape (n_frames,)
            Labels of two classes; the larger is the seizure.

        Returns
        -------
        self : object
            Fitted.

        Raises
        ------
        TypeError
            For `Windows`, which hold signals and not features.
        ValueError
            For NaN or infinity in X, other than two classes, columns that do not fit
            ``n_channels`` or ``feature_groups``, groups that overlap or reach beyond a channel's
            features, or a parameter out of range.

        Warns
        -----
        UserWarning
            If ``feature_groups`` leaves columns of a table unused whose number of channels nothing
            tells.
        """
        table, frames, positive, classes = self._read(self, X, y, reset=True)
        columns, names = assign(table, self.n_channels, self.feature_groups)
        mark = self._mark(frames, positive, columns) if self.warm_start else ""
        seed, nodes = self._resume(mark)
        if self.warm_start:
            self._finished = (mark, seed, nodes)
        evolution = self._evolution(frames, positive, columns, seed, 0, nodes)
        networks = evolution.run(self._n_networks())
        self.classes_, self.columns_, self._names = classes, columns, names
        self._fit_mark, self._seed, self.n_updates_ = mark, seed, 0
        if hasattr(self, "updated_"):
            del self.updated_  # of an earlier update
        if self.warm_start:
            # From now on the networks themselves hold them.
            del self._finished
        self._remember(networks)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def add_feature_group(
        self, X: ArrayLike, y: ArrayLike, name: str, columns: ArrayLike | slice | None = None
    ) -> Self:
        """Add a group of features; classifiers of the other groups stay as they are.

        The new binary classifiers evolve, then the fusers, whose inputs grow, and the master. The
        result is that of `fit` with all groups at once, up to the fusers' random numbers.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Training frames with the old features and the new ones, laid out as `predict` will get
            them from now on. The old features of a channel keep their places, or their names where
            groups came from names.
        y : array-like, shape (n_frames,)
            Labels.
        name : str
            Name of the group.
        columns : slice or array-like of int, default=None
            Its columns within a channel. None: those behind the old ones; by name where groups came
            from names.

        Returns
        -------
        self : object
            With one group more. ``feature_groups``, the parameter, stays as it was: `fit` starts
            anew from it.

        Raises
        ------
        ValueError
            If there is such a group already, no column is left for it, columns overlap with those
            of an old group or old ones are missing, or labels differ from those of `fit`.
        """
        check_is_fitted(self, "columns_")
        # What is learned of the input must stay as it was until the end.
        probe = clone(self)
        table, frames, positive, classes = self._read(probe, X, y, reset=True)
        self._check_classes(classes)
        grown, names = grow(
            self.columns_, self.n_features_in_, self._names, table, str(name), columns
        )
        nodes = {key: node for key, node in self._nodes().items() if key.level == BC}
        evolution = self._evolution(frames, positive, grown, self._seed, self.n_updates_, nodes)
        networks = evolution.run(len(self._networks()))
        self.columns_, self._names, self._fit_mark = grown, names, ""
        self.n_features_in_ = probe.n_features_in_
        if hasattr(probe, "feature_names_in_"):
            self.feature_names_in_ = probe.feature_names_in_
        self._remember(networks)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def update(
        self,
        X: ArrayLike,
        y: ArrayLike,
        new: ArrayLike | None = None,
        tolerance: float = 0.1,
    ) -> Self:
        """Learn from frames that were labelled since: the expert's feedback.

        Every classifier whose loss on the new frames is above ``tolerance`` evolves again, as does
        each one above a classifier that did, on all frames of ``X`` (after the selection of
        negatives). An `EvolvedMLPClassifier` goes on from where it is; any other classifier is
        fitted anew. Those that are good enough are not touched.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Labelled frames, the old and the new. What is not in here may be forgotten by those that
            evolve again; the classifier itself keeps no frames.
        y : array-like, shape (n_frames,)
            Labels; both classes are needed among all frames, not among the new ones.
        new : array-like, shape (n_frames,) of bool, or (n_new,) of int, default=None
            Which frames are new. None: all.
        tolerance : float, default=0.1
            Mean squared error on the new frames (Eq. 7 of the paper) that is put up with. Our
            choice, below the 0.14 of one answer to all where one frame in 13 is a seizure; so what
            was of no use before has another chance.

        Returns
        -------
        self : object
            Updated; ``updated_`` lists what evolved again.

        Raises
        ------
        ValueError
            If no frame is new, ``new`` does not fit X, labels differ from those of `fit`, or
            ``tolerance`` is below zero.
        """
        check_is_fitted(self, "columns_")
        if not (isinstance(tolerance, Real) and tolerance >= 0):
            raise ValueError(f"tolerance is {tolerance!r}; a number from 0 on is needed.")
        _, frames, positive, classes = self._read(self, X, y, reset=False)
        self._check_classes(classes)
        rows = _check_new(new, len(frames))

        def is_stale(vectors: NDArray) -> bool:
            return mean_loss(vectors[rows], positive[rows]) > tolerance

        evolution = self._evolution(
            frames,
            positive,
            self.columns_,
            self._seed,
            self.n_updates_ + 1,
            self._nodes(),
            is_stale,
        )
        networks = evolution.run(len(self._networks()))
        self.n_updates_ += 1
        self._fit_mark = ""
        self._remember(networks)
        self.updated_ = [
            (key.network, LEVELS[key.level], key.channel, key.group) for key in evolution.evolved
        ]
        return self

    def _evolution(
        self,
        frames: NDArray,
        positive: NDArray[np.bool_],
        columns: Columns,
        seed: int,
        turn: int,
        nodes: dict[Key, Node],
        is_stale: Callable[[NDArray], bool] | None = None,
    ) -> Evolution:
        estimator = EvolvedMLPClassifier() if self.estimator is None else self.estimator
        fuser = estimator if self.fuser is None else self.fuser
        master = fuser if self.master is None else self.master
        for name, part in (("estimator", estimator), ("fuser", fuser), ("master", master)):
            if not is_classifier(part):
                raise ValueError(f"{name} is {part!r}; a classifier is needed.")
        return Evolution(
            frames,
            positive,
            columns,
            (estimator, fuser, master),
            self.pnr,
            self.selection,
            seed,
            turn,
            self.n_jobs,
            self.verbose,
            nodes,
            is_stale,
        )

    @staticmethod
    def _read(
        owner: Any, X: Any, y: Any, *, reset: bool
    ) -> tuple[Table, NDArray[np.float32], NDArray[np.bool_], NDArray]:
        """Validate training data on behalf of ``owner``, who learns their layout."""
        if y is None:
            raise ValueError(
                f"{type(owner).__name__} requires y to be passed, but the target y is None."
            )
        X, n_channels = flatten(owner, X)
        X, y = read_table(owner, X, y, reset=reset)
        classes, positive = split_classes(y)
        names = getattr(owner, "feature_names_in_", None)
        table = Table(X.shape[1], n_channels, None if names is None else tuple(names))
        return table, X, positive, classes

    def _check_classes(self, classes: NDArray) -> None:
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"y holds the classes {classes.tolist()}, but {type(self).__name__} was fitted on "
                f"{self.classes_.tolist()}."
            )

    def _check_frames(self, X: Any) -> NDArray[np.float32]:
        """Validate what is to be classified."""
        check_is_fitted(self, "columns_")
        X, n_channels = flatten(self, X)
        if n_channels not in (None, len(self.columns_)):
            raise ValueError(
                f"X has {n_channels} channels, but {type(self).__name__} was fitted on "
                f"{len(self.columns_)}."
            )
        return read_table(self, X, reset=False)

    def _mark(self, frames: NDArray, positive: NDArray, columns: Columns) -> str:
        """Return a fingerprint of all that the result of `fit` depends on."""
        parameters = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in _IRRELEVANT
        }
        if not isinstance(self.random_state, Integral):
            # A generator moves on with each fit.
            del parameters["random_state"]
        return str(joblib.hash([parameters, frames, positive, columns]))

    def _resume(self, mark: str) -> tuple[int, dict[Key, Node]]:
        """Return the seed, and classifiers that `fit` need not evolve."""
        if mark and mark == getattr(self, "_finished", ("",))[0]:
            return self._finished[1:]
        if mark and mark == getattr(self, "_fit_mark", ""):
            return self._seed, self._nodes()
        return int(check_random_state(self.random_state).randint(2**31 - 1)), {}

    def _nodes(self) -> dict[Key, Node]:
        return nodes_of(self._networks())

    def _remember(self, networks: list[Network]) -> None:
        self.channel_names_ = list(self.columns_)
        self.group_names_ = group_names(self.columns_)
        self.importances_ = np.mean([network.shares for network in networks], axis=0)
        self.channel_importances_ = self.importances_.sum(axis=1)
        self.feature_group_importances_ = self.importances_.sum(axis=0)
        self._keep(networks)

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the label of each frame.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Features, laid out as in `fit`.

        Returns
        -------
        ndarray, shape (n_frames,)
            Labels out of `classes_`: the seizure where `decision_function` is above zero.
        """
        positive = self.decision_function(X) > 0
        return self.classes_[positive.astype(np.intp)]

    @abstractmethod
    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return a number for each frame, above zero for the seizure."""

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def flatten(owner: Any, X: Any) -> tuple[Any, int | None]:
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


def _check_new(new: Any, n_frames: int) -> NDArray[np.intp]:
    if new is None:
        return np.arange(n_frames)
    mask = np.asarray(new)
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
    return rows
