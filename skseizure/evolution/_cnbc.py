"""CNBCClassifier: a collective network of binary classifiers."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._base import BaseCNBC
from ._network import LEVELS, Network, Node, class_vectors, decision, nodes_of


class CNBCClassifier(BaseCNBC):
    """Collective network of binary classifiers: one for each channel and group of features.

    The binary classifiers of a channel, each on one group of features, feed a fuser; the fusers of
    all channels feed a master, which decides. Each is a small network that evolves by itself, so
    that neither features nor channels must be chosen before.

    Parameters
    ----------
    estimator : classifier, default=None
        The binary classifier; cloned. None: `EvolvedMLPClassifier` with its defaults.
    fuser : classifier, default=None
        Fuser of a channel. None: as ``estimator``.
    master : classifier, default=None
        The master. None: as ``fuser``.
    n_channels : int, default=None
        Channels of a two-dimensional X without names, whose columns come channel after channel.
        None: that of a three-dimensional X, else one.
    feature_groups : dict, sequence or None, default=None
        Groups of features. A dict of names to columns within a channel (whole numbers or a slice),
        such as ``FrameFeatures().fit(X).feature_groups_``, or a list of such columns. Or the names
        of all columns, ``channel__group__feature``, such as ``get_feature_names_out()`` of
        `FrameFeatures` returns. None: by the names of a data frame if all have this form, else one
        group ``"all"``. Columns in no group are not used.

        .. warning:: A two-dimensional X without names tells nothing of channels and groups. Without
           ``n_channels`` and ``feature_groups`` all its columns are one channel and one group, and
           the network is a chain of three classifiers. Give both, or let the step before return
           names: ``set_output(transform="pandas")``.
    pnr : int, default=12
        Negative frames for each positive one; 12 as in [1]_. Where there are no more, all are
        taken.
    selection : {"greedy", "nearest"} or None, default="greedy"
        Which negative frames a classifier learns from, chosen in its own input. ``"greedy"``: pairs
        of a positive and a negative frame are gone through by ascending distance, a pair being
        taken if its negative is free and its positive has fewer than ``pnr``. ``"nearest"``: those
        with the least distance to any positive. None: all frames.
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
        it learned from, and its ``loss`` on them (Eq. 7 of [1]_; see `EvolvedMLPClassifier`). For
        ``pandas.DataFrame``.
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
        The classes; ``classes_[1]`` is the seizure.
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
        self.warm_start = warm_start
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    def _n_networks(self) -> int:
        return 1

    def _keep(self, networks: list[Network]) -> None:
        (network,) = networks
        self.estimators_ = {
            channel: {group: node.classifier for group, node in groups.items()}
            for channel, groups in network.classifiers.items()
        }
        self.fusers_ = {channel: node.classifier for channel, node in network.fusers.items()}
        self.master_ = network.master.classifier
        self.network_ = _table(network)

    def _networks(self) -> list[Network]:
        # The rows of the table are in the order in which classifiers are nested here.
        known = iter(zip(self.network_["loss"], self.network_["n_frames"], strict=True))
        nested = {
            channel: {group: Node(classifier, *next(known)) for group, classifier in groups.items()}
            for channel, groups in self.estimators_.items()
        }
        fusers = {channel: Node(fuser, *next(known)) for channel, fuser in self.fusers_.items()}
        master = Node(self.master_, *next(known))
        return [Network(nested, fusers, master, self.importances_, np.empty(0))]

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the difference of the master's two outputs.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Features, laid out as in `fit`.

        Returns
        -------
        ndarray of float, shape (n_frames,)
            In [-2, 2], above zero for the seizure.
        """
        return self._decide(self._check_frames(X))

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
        """Return probabilities, ``(2 + decision_function) / 4`` for the seizure.

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
        positive = (2.0 + self.decision_function(X)) / 4.0
        return np.column_stack([1.0 - positive, positive])


def _table(network: Network) -> dict[str, list]:
    rows = []
    for key, node in nodes_of([network]).items():
        layers = getattr(node.classifier, "coefs_", None)
        if layers is None:
            architecture = type(node.classifier).__name__
        else:
            architecture = "-".join(
                str(n) for n in [layers[0].shape[0], *(w.shape[1] for w in layers)]
            )
        n_inputs = getattr(node.classifier, "n_features_in_", None)
        row = (LEVELS[key.level], key.channel, key.group, n_inputs, architecture)
        rows.append((*row, node.n_frames, node.loss))
    names = ("level", "channel", "group", "n_inputs", "architecture", "n_frames", "loss")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
