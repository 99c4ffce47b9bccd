"""What the sampler has seen: a ring of transitions, and what it may be filled with first."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = TypeVar("Array")


class Transitions(NamedTuple, Generic[Array]):
    """Rows of states, actions and what followed; of arrays or of tensors."""

    states: Array  # (n, 2 * n_bins)
    actions: Array  # (n,)
    rewards: Array  # (n,)
    next_states: Array  # (n, 2 * n_bins)
    done: Array  # (n,), 1 where the episode ended


class ReplayRing:
    """A memory of fixed size in which the newest transitions overwrite the oldest.

    Parameters
    ----------
    size : int
        Transitions that it holds.
    n_inputs : int
        Length of a state.
    """

    def __init__(self, size: int, n_inputs: int) -> None:
        self.size = size
        self._rows = Transitions(
            np.zeros((size, n_inputs)),
            np.zeros(size),
            np.zeros(size),
            np.zeros((size, n_inputs)),
            np.zeros(size),
        )
        self._n_added = 0

    def __len__(self) -> int:
        return min(self._n_added, self.size)

    def add(self, rows: Transitions[NDArray]) -> None:
        """Add transitions, in their order; at most as many as the ring holds."""
        where = (self._n_added + np.arange(len(rows.actions))) % self.size
        for kept, new in zip(self._rows, rows, strict=True):
            kept[where] = new
        self._n_added += len(rows.actions)

    def batch(self, size: int, rng: np.random.Generator) -> Transitions[NDArray]:
        """Return different transitions drawn at random; all where there are no more."""
        rows = rng.choice(len(self), min(size, len(self)), replace=False)
        return Transitions(*(kept[rows] for kept in self._rows))


def prior_transitions(
    n_bins: int, size: int, reward: float, rng: np.random.Generator
) -> Transitions[NDArray]:
    """Return made-up transitions that say: mine hard if under-fitted, easy if over-fitted.

    A third each: errors near 1 in training and validation and the action 0.9; near 0.5 in both and
    0.5; near 0 in training, near 0.5 in validation and 0.1. They count as ends of episodes, since
    nothing is known of what would follow them.

    Parameters
    ----------
    n_bins : int
        Bins of a half of the state.
    size : int
        Upper bound of their number, which is a multiple of three.
    reward : float
        Reward of each.
    rng : Generator
        Source of the noise on the states.

    Returns
    -------
    Transitions
        As many as fit.
    """
    centres = np.linspace(0, 1, n_bins)

    def half(mean: float) -> NDArray[np.float64]:
        return np.exp(-0.5 * ((centres - mean) / 0.3) ** 2)

    templates = np.array(
        [
            np.concatenate([half(train), half(validation)])
            for train, validation in ((1, 1), (0.5, 0.5), (0, 0.5))
        ]
    )
    templates *= 2 * n_bins / templates.sum(axis=1, keepdims=True)
    each = size // 3
    states = np.repeat(templates, each, axis=0)
    return Transitions(
        states + rng.uniform(0, 0.5, states.shape),
        np.repeat([0.9, 0.5, 0.1], each),
        np.full(3 * each, reward),
        states + rng.uniform(0, 0.5, states.shape),
        np.ones(3 * each),
    )
