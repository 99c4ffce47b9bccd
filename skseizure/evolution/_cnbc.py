"""CNBCClassifier: a collective network of binary classifiers."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Literal, Self

import joblib
import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context, clone, is_classifier
from sklearn.utils import Tags, check_random_state
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from .._core.labels import (
    POS_LABEL,
    known_seizure_class,
    two_columns,
    warn_of_unknown_seizure,
)
from .._core.parameters import HasMethods, Interval
from .._core.persistence import get_state, set_state
from .._core.validation import allows_nan, require_weights
from ._frames import (
    SELECTIONS,
    TrainingFrames,
    check_class_weight,
    flatten_channels,
    read_table,
    read_training_frames,
    select_new_frames,
)
from ._layout import Columns, Table, assign, grow
from ._mlp import EvolvedMLPClassifier
from ._network import (
    BC,
    LEVELS,
    Evolution,
    Key,
    Network,
    Node,
    class_vectors,
    decision,
    describe,
    group_names,
    mean_loss,
    nodes_of,
)

_CLASSIFIER = [HasMethods(["fit", "predict"]), None]

# Parameters that make no difference to a classifier that has evolved.
_IRRELEVANT = ("n_estimators", "n_jobs", "verbose", "warm_start")


class CNBCClassifier(ClassifierMixin, BaseEstimator):
    """Collective network of binary classifiers: one for each channel and group of features.

    The binary classifiers of a channel, each on one group of features, feed a fuser; the fusers of
    all channels feed a master, which decides. Each is a small network that evolves by itself, so
    that neither features nor channels must be chosen before.

    Parameters
    ----------
    estimator : classifier, default=None
        The binary classifier; cloned. If None, `EvolvedMLPClassifier` with its defaults.
    fuser : classifier, default=None
        Fuser of a channel. If None, as ``estimator``.
    master : classifier, default=None
        The master. If None, as ``fuser``.
    n_channels : int, default=None
        Channels of a two-dimensional X without names, whose columns come channel after channel. If
        None, the number of channels of a three-dimensional X, else one.
    feature_groups : dict, sequence or None, default=None
        Groups of features. A dict of names to columns within a channel (whole numbers or a slice),
        such as ``FrameFeatures().fit(X).feature_groups_``, or a list of such columns. Or the names
        of all columns, ``channel__group__feature``, such as ``get_feature_names_out()`` of
        `FrameFeatures` returns. If None, the names of a data frame if all have this form, else one
        group ``"all"``. Columns in no group are not used.

        .. warning:: A two-dimensional X without names tells nothing of channels and groups. Without
           ``n_channels`` and ``feature_groups`` all its columns are one channel and one group, and
           the network is a chain of three classifiers. Give both, or let the step before return
           names: ``set_output(transform="pandas")``.
    pnr : int, default=12
        Negative frames for each positive one; 12 as in [1]_. If there are no more, all are taken.
    selection : {"greedy", "nearest"} or None, default="greedy"
        Which negative frames a classifier learns from, chosen in its own input. If "greedy", pairs
        of a positive and a negative frame are gone through by ascending distance; a pair is taken
        if its negative is free and its positive has fewer than ``pnr``. If "nearest", the negatives
        with the least distance to any positive are taken. If None, all frames are taken.
    class_weight : dict or "balanced", default=None
        Weights of the classes in the loss of each classifier, by label, on top of ``sample_weight``
        and of the selection of negatives. If "balanced", both classes have the same weight in total
        among the frames that a classifier learns from. If None, all these frames weigh the same.
        ``fit`` of ``estimator``, ``fuser`` and ``master`` must take ``sample_weight``.
    pos_label : label, default=None
        The class of the seizure, for each frame of which ``pnr`` others are selected. If None, the
        labels must tell: see :ref:`seizure-class`. If they do not, `fit` warns and takes the larger
        class.
    warm_start : bool, default=False
        Keep classifiers that an earlier `fit` on the same data with the same parameters has
        finished, also one that was interrupted. Otherwise, and for other data or parameters, `fit`
        starts from scratch; see `update` for more data.
    n_jobs : int, default=None
        Jobs that the classifiers of a phase are shared out to, by joblib; threads unless another
        backend is chosen. The result does not depend on it.
    verbose : bool or int, default=0
        Show progress.
    random_state : int, RandomState instance or None, default=None
        Seed. Every classifier has its own, which depends on its place alone.

    Attributes
    ----------
    estimators_ : dict of str to dict of str to classifier
        The binary classifiers by channel and group. Their classes are 0 and 1.
    fusers_ : dict of str to classifier
        The fusers by channel.
    master_ : classifier
        The master.
    network_ : dict of str to list
        A row for each classifier, as columns of a table: ``level``, ``channel``, ``group``,
        ``n_inputs``, ``architecture`` (units by layer, or the name of the class), ``n_frames`` that
        it learned from, and its ``loss`` on them (Eq. 7 of [1]_, weighted as in training; see
        `EvolvedMLPClassifier`). For ``pandas.DataFrame``.
    importances_ : ndarray, shape (n_channels, n_groups)
        What each binary classifier contributes to the decision, see Notes; sums to 1.
    channel_importances_ : ndarray, shape (n_channels,)
        Sums of its rows.
    feature_group_importances_ : ndarray, shape (n_groups,)
        Sums of its columns.
    channel_names_, group_names_ : list of str
        Names of channels and groups; numbers where none were given.
    columns_ : dict of str to dict of str to ndarray of int
        Columns of the flattened table by channel and group.
    classes_ : ndarray, shape (2,)
        The classes, sorted.
    updated_ : list of tuple
        After `update`: network (always 0), level, channel and group of what evolved again.
    n_updates_ : int
        Calls of `update` since `fit`.
    n_features_in_ : int
        Columns of the flattened table.
    feature_names_in_ : ndarray of str
        Their names, where `fit` was given a data frame.

    See Also
    --------
    CNBCEnsembleClassifier : Several of them.
    skseizure.features.FrameFeatures : The features of the paper.
    skseizure.inspection.ChannelImportanceDisplay : Picture of `importances_`.

    Notes
    -----
    The three phases of [1]_, section 5.3: binary classifiers, fusers, master. After each, *all*
    frames pass through what has evolved; the two outputs of the classifiers below are the input
    above. Outputs of other classifiers than `EvolvedMLPClassifier` are (-s, s) with s the tanh of
    ``decision_function``, or 2 p - 1 from ``predict_proba``.

    *Open in the paper, decided here.* Every classifier selects its negatives by distance in its own
    input, which for fusers and master are the outputs below. "The closest negatives for each
    positive, limited to PNR" is read as that many different ones, which the paper's 24 min for
    2 min of seizure imply; joined lists of neighbours would hold less than two thirds of them.

    *Importances.* For each fuser and the master: how much the decision changes on average over the
    frames of `fit` when one input's class vector is replaced by its mean, both classes weighing the
    same; as shares of the sum. A binary classifier's is its share in the fuser times the fuser's
    share in the master. This tells what the network uses, not what a channel alone could do.

    The cost is that of (n_groups + 1) * n_channels + 1 fits, on 1 + ``pnr`` frames for each
    positive.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince. Automated patient-specific classification of
       long-term electroencephalography. Journal of Biomedical Informatics 49:16-31, 2014, sections
       5.2 and 5.3.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.evolution import CNBCClassifier, EvolvedMLPClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(300) % 10 == 0
    >>> X = rng.normal(scale=0.25, size=(300, 2, 5))  # frames, channels, features
    >>> X[y, 1, :2] += 0.8  # a seizure shows in the second channel, in two features
    >>> groups = {"slow": [0, 1], "fast": [2, 3, 4]}
    >>> base = EvolvedMLPClassifier((0, 8), max_iter=40)
    >>> network = CNBCClassifier(base, feature_groups=groups, random_state=0).fit(X, y)
    >>> network.score(X, y) > 0.95
    True
    >>> network.channel_importances_.argmax(), network.feature_group_importances_.argmax()
    (np.int64(1), np.int64(0))
    >>> [row[:3] for row in zip(*network.network_.values())][-3:]
    [('fuser', '0', ''), ('fuser', '1', ''), ('master', '', '')]
    """

    __getstate__, __setstate__ = get_state, set_state

    _parameter_constraints: dict = {
        "estimator": _CLASSIFIER,
        "fuser": _CLASSIFIER,
        "master": _CLASSIFIER,
        "n_channels": [Interval(Integral, 1, None, closed="left"), None],
        "feature_groups": [dict, "array-like", None],
        "pnr": [Interval(Integral, 1, None, closed="left")],
        "selection": [StrOptions(set(SELECTIONS)), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "pos_label": POS_LABEL,
        "warm_start": ["boolean"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    columns_: Columns
    n_features_in_: int
    updated_: list[tuple[int, str, str, str]]

    # Column of the seizure in ``classes_``; models that were saved without it learned the second.
    _seizure: int = 1

    def __init__(
        self,
        estimator: Any = None,
        fuser: Any = None,
        master: Any = None,
        *,
        n_channels: int | None = None,
        feature_groups: Any = None,
        pnr: int = 12,
        selection: Literal["greedy", "nearest"] | None = "greedy",
        class_weight: dict | Literal["balanced"] | None = None,
        pos_label: Any = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        verbose: bool | int = 0,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.fuser = fuser
        self.master = master
        self.n_channels = n_channels
        self.feature_groups = feature_groups
        self.pnr = pnr
        self.selection = selection
        self.class_weight = class_weight
        self.pos_label = pos_label
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Evolve from scratch.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Features of each frame, best within [-1, 1]. In two dimensions the columns of a channel
            stand together, channel after channel, or are named (see ``feature_groups``).
        y : array-like, shape (n_frames,)
            Labels of two classes.
        sample_weight : array-like, shape (n_frames,), default=None
            Weights of the frames in each classifier's loss; ``fit`` of ``estimator``, ``fuser`` and
            ``master`` must take them. Frames of weight 0 are left out. Other weights do not change
            which negatives are selected. If None, all frames weigh the same.

        Returns
        -------
        self : object
            Fitted.

        Raises
        ------
        TypeError
            For `Windows`, which hold signals and not features.
        ValueError
            For infinity in X, for NaN unless ``selection`` is None and ``estimator`` takes it, for
            other than two classes, weights that are negative or leave one class alone, columns that
            do not fit ``n_channels`` or ``feature_groups``, groups that overlap or reach beyond a
            channel's features, or a parameter out of range.

        Warns
        -----
        UserWarning
            If the number of channels of a table is unknown and ``feature_groups`` leaves columns
            unused; or if nothing tells which class is the seizure.
        """
        frames, table = self._read(self, X, y, sample_weight, reset=True)
        classes = frames.classes
        seizure = known_seizure_class(classes, self.pos_label)
        if seizure is None:
            warn_of_unknown_seizure(self, classes, stacklevel=3)
            seizure = classes[1]
        column = classes.tolist().index(seizure)
        frames = frames.with_positive(column)
        columns, names = assign(table, self.n_channels, self.feature_groups)
        mark = self._fingerprint(frames, columns) if self.warm_start else ""
        seed, nodes = self._resume(mark)
        if self.warm_start:
            self._finished = (mark, seed, nodes)
        evolution = self._evolution(frames, columns, seed, 0, nodes)
        networks = evolution.run(self._n_networks())
        self.classes_, self.columns_, self._names = classes, columns, names
        self._seizure = column
        self._fit_mark, self._seed, self.n_updates_ = mark, seed, 0
        if hasattr(self, "updated_"):
            del self.updated_  # of an earlier update
        if self.warm_start:
            # From now on the networks themselves hold them.
            del self._finished
        self._store(networks)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def add_feature_group(
        self,
        X: ArrayLike,
        y: ArrayLike,
        name: str,
        columns: ArrayLike | slice | None = None,
        sample_weight: ArrayLike | None = None,
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
            Its columns within a channel. If None, those behind the old ones; by name where groups
            came from names.
        sample_weight : array-like, shape (n_frames,), default=None
            Weights of the frames, see `fit`.

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
        frames, table = self._read(probe, X, y, sample_weight, reset=True)
        frames = self._with_classes_of_fit(frames)
        grown, names = grow(
            self.columns_, self.n_features_in_, self._names, table, str(name), columns
        )
        nodes = {key: node for key, node in self._nodes().items() if key.level == BC}
        evolution = self._evolution(frames, grown, self._seed, self.n_updates_, nodes)
        networks = evolution.run(len(self._networks()))
        self.columns_, self._names, self._fit_mark = grown, names, ""
        self.n_features_in_ = probe.n_features_in_
        if hasattr(probe, "feature_names_in_"):
            self.feature_names_in_ = probe.feature_names_in_
        self._store(networks)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def update(
        self,
        X: ArrayLike,
        y: ArrayLike,
        new: ArrayLike | None = None,
        tolerance: float = 0.1,
        sample_weight: ArrayLike | None = None,
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
            Which frames are new. If None, all frames are new.
        tolerance : float, default=0.1
            Largest mean squared error on the new frames (Eq. 7 of the paper) at which a classifier
            is kept. The default is our choice: it lies below the 0.14 of a constant answer where
            one frame in 13 is a seizure, so classifiers no better than that evolve again.
        sample_weight : array-like, shape (n_frames,), default=None
            Weights of the frames, see `fit`; the error on the new frames is weighted, too.

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
        frames, _ = self._read(self, X, y, sample_weight, reset=False)
        frames = self._with_classes_of_fit(frames)
        rows = select_new_frames(new, len(frames.X), frames.weights)
        weights = None if frames.weights is None else frames.weights[rows]

        def is_stale(vectors: NDArray) -> bool:
            return mean_loss(vectors[rows], frames.positive[rows], weights) > tolerance

        evolution = self._evolution(
            frames, self.columns_, self._seed, self.n_updates_ + 1, self._nodes(), is_stale
        )
        networks = evolution.run(len(self._networks()))
        self.n_updates_ += 1
        self._fit_mark = ""
        self._store(networks)
        self.updated_ = [
            (key.network, LEVELS[key.level], key.channel, key.group) for key in evolution.evolved
        ]
        return self

    def _evolution(
        self,
        frames: TrainingFrames,
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
            for given, value in (
                ("sample_weight", frames.weights),
                ("class_weight", self.class_weight),
            ):
                if value is not None:
                    require_weights(given, name, part)
        return Evolution(
            frames,
            columns,
            (estimator, fuser, master),
            int(self.pnr),
            self.selection,
            check_class_weight(self.class_weight, frames.classes),
            seed,
            turn,
            self.n_jobs,
            self.verbose,
            nodes,
            is_stale,
        )

    @staticmethod
    def _read(
        owner: Any, X: Any, y: Any, sample_weight: ArrayLike | None, *, reset: bool
    ) -> tuple[TrainingFrames, Table]:
        """Validate training data on behalf of ``owner``, who learns their layout."""
        X, n_channels = flatten_channels(owner, X)
        frames = read_training_frames(
            owner, X, y, sample_weight, reset=reset, allow_nan=owner.selection is None
        )
        names = getattr(owner, "feature_names_in_", None)
        table = Table(frames.X.shape[1], n_channels, None if names is None else tuple(names))
        return frames, table

    def _with_classes_of_fit(self, frames: TrainingFrames) -> TrainingFrames:
        if not np.array_equal(frames.classes, self.classes_):
            raise ValueError(
                f"y holds the classes {frames.classes.tolist()}, but {type(self).__name__} was "
                f"fitted on {self.classes_.tolist()}."
            )
        return frames.with_positive(self._seizure)

    def _check_frames(self, X: Any) -> NDArray[np.float32]:
        """Validate what is to be classified."""
        check_is_fitted(self, "columns_")
        X, n_channels = flatten_channels(self, X)
        if n_channels not in (None, len(self.columns_)):
            raise ValueError(
                f"X has {n_channels} channels, but {type(self).__name__} was fitted on "
                f"{len(self.columns_)}."
            )
        return read_table(self, X, reset=False, allow_nan=self.selection is None)

    def _fingerprint(self, frames: TrainingFrames, columns: Columns) -> str:
        """Return a hash of all that the result of `fit` depends on."""
        parameters = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in _IRRELEVANT
        }
        if not isinstance(self.random_state, Integral):
            # A generator moves on with each fit.
            del parameters["random_state"]
        return str(joblib.hash([parameters, tuple(frames), columns]))

    def _resume(self, mark: str) -> tuple[int, dict[Key, Node]]:
        """Return the seed, and classifiers that `fit` need not evolve."""
        if mark and mark == getattr(self, "_finished", ("",))[0]:
            return self._finished[1:]
        if mark and mark == getattr(self, "_fit_mark", ""):
            return self._seed, self._nodes()
        return int(check_random_state(self.random_state).randint(2**31 - 1)), {}

    def _nodes(self) -> dict[Key, Node]:
        return nodes_of(self._networks())

    def _store(self, networks: list[Network]) -> None:
        self.channel_names_ = list(self.columns_)
        self.group_names_ = group_names(self.columns_)
        self.importances_ = np.mean([network.shares for network in networks], axis=0)
        self.channel_importances_ = self.importances_.sum(axis=1)
        self.feature_group_importances_ = self.importances_.sum(axis=0)
        self._store_networks(networks)

    # The ensemble overrides what follows, up to `predict`.

    def _n_networks(self) -> int:
        """Return how many networks are wanted."""
        return 1

    def _store_networks(self, networks: list[Network]) -> None:
        (network,) = networks
        self.estimators_: Any = {
            channel: {group: node.classifier for group, node in groups.items()}
            for channel, groups in network.classifiers.items()
        }
        self.fusers_ = {channel: node.classifier for channel, node in network.fusers.items()}
        self.master_ = network.master.classifier
        self.network_ = describe(network)

    def _networks(self) -> list[Network]:
        """Return the networks that are there."""
        # The rows of the table are in the order in which classifiers are nested here.
        known = iter(zip(self.network_["loss"], self.network_["n_frames"], strict=True))
        nested = {
            channel: {group: Node(classifier, *next(known)) for group, classifier in groups.items()}
            for channel, groups in self.estimators_.items()
        }
        fusers = {channel: Node(fuser, *next(known)) for channel, fuser in self.fusers_.items()}
        master = Node(self.master_, *next(known))
        return [Network(nested, fusers, master, self.importances_, np.empty(0))]

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the label of each frame.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Features, laid out as in `fit`.

        Returns
        -------
        ndarray, shape (n_frames,)
            Labels out of `classes_`.
        """
        return self._label(self._decisions(X).max(axis=0) > 0)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the difference of the master's two outputs.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Features, laid out as in `fit`.

        Returns
        -------
        ndarray of float, shape (n_frames,)
            In [-2, 2], above zero for ``classes_[1]``.
        """
        decision = self._decisions(X).max(axis=0)
        return decision if self._seizure else -decision

    def _decisions(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the decisions of all networks, in rows, above zero for the seizure."""
        return self._decide(self._check_frames(X))[np.newaxis]

    def _label(self, ictal: NDArray[np.bool_]) -> NDArray:
        return np.where(ictal, self.classes_[self._seizure], self.classes_[1 - self._seizure])

    def _decide(self, X: NDArray[np.float32]) -> NDArray[np.float64]:
        fused = [
            class_vectors(
                self.fusers_[channel],
                np.hstack(
                    [
                        class_vectors(classifier, X[:, self.columns_[channel][group]])
                        for group, classifier in groups.items()
                    ]
                ),
            )
            for channel, groups in self.estimators_.items()
        ]
        return decision(class_vectors(self.master_, np.hstack(fused)))

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities, ``(2 + decision_function) / 4`` for ``classes_[1]``.

        The selection of negatives makes seizures more frequent in training than they are; these
        are probabilities at that frequency.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Features, laid out as in `fit`.

        Returns
        -------
        ndarray of float, shape (n_frames, 2)
            Probability of each class.
        """
        return two_columns((2.0 + self._decisions(X)[0]) / 4.0, self._seizure)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        # The selection of negatives measures distances. Without it only binary classifiers see X;
        # those that do not take NaN refuse it themselves.
        tags.input_tags.allow_nan = self.selection is None and allows_nan(self.estimator)
        return tags
