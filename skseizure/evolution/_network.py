"""How networks of binary classifiers evolve: three phases, each of independent classifiers."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from tqdm import tqdm

from .._core.parallel import Task, loop
from ._frames import ClassWeight, TrainingFrames, select_frames, weigh_classes
from ._layout import Columns
from ._mlp import EvolvedMLPClassifier

# The levels of a network, in the order in which they evolve.
BC, FUSER, MASTER = range(3)
LEVELS = ("classifier", "fuser", "master")

Vectors = NDArray[np.float32]


class Node(NamedTuple):
    """A fitted classifier with its loss on the frames that it was fitted on, and their number."""

    classifier: Any
    loss: float
    n_frames: int


class Key(NamedTuple):
    """Which classifier: of which network, on which level, for which channel and group."""

    network: int
    level: int
    channel: str = ""
    group: str = ""


class Network(NamedTuple):
    """One CNBC.

    ``classifiers`` are the nodes by channel and group, ``fusers`` those by channel. ``shares``
    (n_channels, n_groups) are what each of the binary classifiers contributes. ``decision``
    (n_frames,) is the master's on the frames of this evolution.
    """

    classifiers: dict[str, dict[str, Node]]
    fusers: dict[str, Node]
    master: Node
    shares: NDArray[np.float64]
    decision: NDArray[np.float64]


class _Task(NamedTuple):
    key: Key
    inputs: list[Key]
    table: Callable[[], NDArray]


@dataclass
class Evolution:
    """One run through the three phases, for any number of networks at once.

    Parameters
    ----------
    frames : TrainingFrames
        All frames.
    columns : dict of str to dict of str to ndarray of int
        Columns of each channel and group.
    templates : tuple of three classifiers
        Binary classifier, fuser and master; cloned.
    pnr, selection : int, str or None
        See `select_frames`.
    class_weight : tuple of two floats, "balanced" or None
        See `weigh_classes`; applied to the frames that each classifier learns from.
    seed, turn : int
        Random numbers depend on these and on the classifier's place.
    n_jobs, verbose : int or None, bool or int
        As in scikit-learn.
    nodes : dict of Key to Node
        Classifiers that exist. Filled as classifiers evolve, and so of use after an interruption.
    is_stale : callable, default=None
        Called with the vectors of a classifier that exists: whether it must evolve again, from
        where it is. If None, it never must.
    """

    frames: TrainingFrames
    columns: Columns
    templates: tuple[Any, Any, Any]
    pnr: int
    selection: str | None
    class_weight: ClassWeight
    seed: int
    turn: int
    n_jobs: int | None
    verbose: bool | int
    nodes: dict[Key, Node]
    is_stale: Callable[[Vectors], bool] | None = None
    evolved: list[Key] = field(default_factory=list)

    def run(self, n_networks: int) -> list[Network]:
        """Evolve what is missing or stale, level by level.

        Parameters
        ----------
        n_networks : int
            Number of networks.

        Returns
        -------
        list of Network
            The networks.
        """
        networks = range(n_networks)
        vectors: dict[Key, Vectors] = {}
        cells = [(c, g) for c, groups in self.columns.items() for g in groups]
        # One loop for all phases: workers that a backend starts for it serve them all.
        with loop(self.n_jobs) as parallel:
            phase = partial(self._phase, parallel, vectors)
            phase(
                [
                    _Task(
                        Key(i, BC, c, g), [], partial(self.frames.X.__getitem__, self._cell(c, g))
                    )
                    for i in networks
                    for c, g in cells
                ]
            )
            fusers = [
                self._above(Key(i, FUSER, c), [Key(i, BC, c, g) for g in self.columns[c]], vectors)
                for i in networks
                for c in self.columns
            ]
            phase(fusers)
            masters = [
                self._above(Key(i, MASTER), [Key(i, FUSER, c) for c in self.columns], vectors)
                for i in networks
            ]
            phase(masters)
        shares = self._shares(fusers, masters)
        return [self._network(i, shares[i], vectors) for i in networks]

    def _cell(self, channel: str, group: str) -> tuple[slice, NDArray[np.intp]]:
        return slice(None), self.columns[channel][group]

    @staticmethod
    def _above(key: Key, inputs: list[Key], vectors: dict[Key, Vectors]) -> _Task:
        return _Task(key, inputs, lambda: np.hstack([vectors[i] for i in inputs]))

    def _phase(
        self,
        parallel: Callable[[Iterable[Task]], Iterable[Any]],
        vectors: dict[Key, Vectors],
        tasks: list[_Task],
    ) -> None:
        """Fill in the nodes and vectors of one level."""
        there = [task for task in tasks if task.key in self.nodes]
        known = self._in_threads(
            partial(class_vectors, self.nodes[task.key].classifier, task.table()) for task in there
        )
        vectors.update(zip((task.key for task in there), known, strict=True))
        due = [task for task in tasks if self._is_due(task, vectors)]
        # In the first phase the frames to learn from are the same for all networks.
        spaces = {_space(task.key): task for task in due}
        positive, weights = self.frames.positive, self.frames.weights
        selected = parallel(
            partial(select_frames, task.table(), positive, self.pnr, self.selection, weights)
            for task in spaces.values()
        )
        rows = dict(zip(spaces, selected, strict=True))
        evolving = parallel(
            partial(
                _evolve,
                self._start(task.key),
                task.table(),
                positive,
                rows[_space(task.key)],
                weights,
                self.class_weight,
            )
            for task in due
        )
        progress = tqdm(
            evolving,
            total=len(due),
            desc=f"{LEVELS[tasks[0].key.level]}s",
            disable=not self.verbose or not due,
        )
        for task, (node, vector) in zip(due, progress, strict=True):
            self.nodes[task.key], vectors[task.key] = node, vector
            self.evolved.append(task.key)

    def _is_due(self, task: _Task, vectors: dict[Key, Vectors]) -> bool:
        if task.key not in self.nodes:
            return True
        if self.is_stale is None:
            return False
        changed = set(self.evolved).intersection(task.inputs)
        return bool(changed) or self.is_stale(vectors[task.key])

    def _start(self, key: Key) -> Any:
        """Return the classifier to fit: a clone, or what it was before if it can go on from it."""
        if key in self.nodes and isinstance(self.nodes[key].classifier, EvolvedMLPClassifier):
            classifier = copy.deepcopy(self.nodes[key].classifier)
        else:
            classifier = clone(self.templates[key.level])
        return seeded(classifier, self._seed_of(key))

    def _seed_of(self, key: Key) -> int:
        channel = list(self.columns).index(key.channel) if key.channel else 0
        # By name, so that it does not matter which group was there first.
        place = (key.network, key.level, channel, zlib.crc32(key.group.encode()), self.turn)
        state = np.random.SeedSequence(self.seed, spawn_key=place).generate_state(1)
        return int(state[0] >> 1)

    def _shares(self, fusers: list[_Task], masters: list[_Task]) -> list[NDArray[np.float64]]:
        tasks = fusers + masters
        effects = self._in_threads(
            partial(
                effect_of_inputs,
                self.nodes[t.key].classifier,
                t.table(),
                self.frames.positive,
                self.frames.weights,
            )
            for t in tasks
        )
        by_key = dict(zip((task.key for task in tasks), effects, strict=True))
        groups = group_names(self.columns)
        shares = []
        for task in masters:
            share = np.zeros((len(self.columns), len(groups)))
            for row, (channel, own) in enumerate(self.columns.items()):
                columns = [groups.index(group) for group in own]
                share[row, columns] = by_key[Key(task.key.network, FUSER, channel)]
            shares.append(share * by_key[task.key][:, np.newaxis])
        return shares

    def _network(self, i: int, shares: NDArray, vectors: dict[Key, Vectors]) -> Network:
        return Network(
            {
                channel: {group: self.nodes[Key(i, BC, channel, group)] for group in groups}
                for channel, groups in self.columns.items()
            },
            {channel: self.nodes[Key(i, FUSER, channel)] for channel in self.columns},
            self.nodes[Key(i, MASTER)],
            shares,
            decision(vectors[Key(i, MASTER)]),
        )

    def _in_threads(self, tasks: Iterable[Task]) -> list[Any]:
        # Milliseconds each: not worth a way to another machine.
        return list(loop(self.n_jobs, in_process=True)(tasks))


def class_vectors(classifier: Any, X: NDArray) -> Vectors:
    """Return the class vector of each row, about (1, -1) or (-1, 1).

    Parameters
    ----------
    classifier : classifier
        Fitted on the classes 0 and 1.
    X : ndarray, shape (n_rows, n_columns)
        Its input.

    Returns
    -------
    ndarray of float32, shape (n_rows, 2)
        The outputs of an `EvolvedMLPClassifier`; of another classifier (-s, s) with s the tanh of
        ``decision_function``, ``2 p - 1`` with the probability p, or the predicted side.
    """
    if hasattr(classifier, "class_vectors"):
        return classifier.class_vectors(X)
    if hasattr(classifier, "decision_function"):
        side = np.tanh(classifier.decision_function(X))
    elif hasattr(classifier, "predict_proba"):
        side = 2 * classifier.predict_proba(X)[:, 1] - 1
    else:
        side = 2 * (classifier.predict(X) == 1) - 1
    if not np.isfinite(side).all():
        raise ValueError(f"{classifier} returned NaN or infinity; finite decisions are needed.")
    return np.column_stack([-side, side]).astype(np.float32)


def decision(vectors: Vectors) -> NDArray[np.float64]:
    """Return the difference of the two outputs, in [-2, 2], above zero for a positive frame."""
    return vectors[:, 1].astype(np.float64) - vectors[:, 0]


def mean_loss(
    vectors: Vectors,
    positive: NDArray[np.bool_],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Return the weighted mean squared error of class vectors, Eq. 7 of the paper."""
    target = np.where(positive, 1.0, -1.0)
    errors = (vectors[:, 0] + target) ** 2 + (vectors[:, 1] - target) ** 2
    return float(np.average(errors, weights=weights) / 4)


def effect_of_inputs(
    classifier: Any,
    table: NDArray,
    positive: NDArray[np.bool_],
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return how much a fuser's decision depends on each of the classifiers below it.

    Parameters
    ----------
    classifier : classifier
        Fuser or master.
    table : ndarray, shape (n_frames, 2 * n_inputs)
        Class vectors of the classifiers below.
    positive : ndarray of bool, shape (n_frames,)
        The positive frames.
    weights : ndarray of float, shape (n_frames,), default=None
        Weights of the frames. If None, all weigh the same.

    Returns
    -------
    ndarray of float, shape (n_inputs,)
        Mean absolute change of the decision when a class vector is replaced by its mean, as shares
        of their sum; both classes weigh the same in the means. Zeros if no input matters.
    """
    weights = np.ones(len(positive)) if weights is None else weights
    sums = np.where(positive, weights[positive].sum(), weights[~positive].sum())
    weights = 0.5 * weights / sums
    whole, mean = decision(class_vectors(classifier, table)), weights @ table
    effects = np.empty(table.shape[1] // 2)
    for i in range(len(effects)):
        own = slice(2 * i, 2 * i + 2)
        changed = table.copy()
        changed[:, own] = mean[own]
        effects[i] = weights @ np.abs(whole - decision(class_vectors(classifier, changed)))
    return effects / effects.sum() if effects.any() else effects


def nodes_of(networks: list[Network]) -> dict[Key, Node]:
    """Return all classifiers by their place, from the lowest level up."""
    nodes = {}
    for i, network in enumerate(networks):
        for channel, groups in network.classifiers.items():
            nodes.update({Key(i, BC, channel, group): node for group, node in groups.items()})
        nodes.update({Key(i, FUSER, channel): node for channel, node in network.fusers.items()})
        nodes[Key(i, MASTER)] = network.master
    return nodes


def group_names(columns: Columns) -> list[str]:
    """Return the names of all groups, in the order in which they appear."""
    return list(dict.fromkeys(group for groups in columns.values() for group in groups))


def seeded(classifier: Any, seed: int) -> Any:
    """Set every random state of a classifier."""
    names = [
        name
        for name in classifier.get_params(deep=True)
        if name == "random_state" or name.endswith("__random_state")
    ]
    return classifier.set_params(**dict.fromkeys(names, seed))


def _space(key: Key) -> Key:
    return key._replace(network=0) if key.level == BC else key


def _evolve(
    classifier: Any,
    table: NDArray,
    positive: NDArray[np.bool_],
    rows: NDArray[np.intp],
    weights: NDArray[np.float64] | None,
    class_weight: ClassWeight,
) -> tuple[Node, Vectors]:
    options = classifier.get_params(deep=False)
    if hasattr(classifier, "coefs_"):
        # It was there before and goes on from where it is.
        classifier.set_params(warm_start=True)
    target = positive[rows]
    weights = weigh_classes(None if weights is None else weights[rows], target, class_weight)
    # Only who asks for weights needs classifiers that take them.
    given = {} if weights is None else {"sample_weight": weights}
    classifier.fit(table[rows], target.astype(np.intp), **given).set_params(**options)
    vectors = class_vectors(classifier, table)
    return Node(classifier, mean_loss(vectors[rows], target, weights), len(rows)), vectors


def describe(network: Network) -> dict[str, list]:
    """Return a table of all classifiers, the attribute ``network_`` of `CNBCClassifier`."""
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
