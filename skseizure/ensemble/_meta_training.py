"""Meta-training: the sampler builds ensembles, and learns from what each member brought."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ._cascade import Cascade
from ._policy import policy_action
from ._replay import ReplayRing, Transitions

if TYPE_CHECKING:
    from ._soft_actor_critic import SoftActorCritic


@dataclass(frozen=True)
class Schedule:
    """How long to train, and when to update.

    Parameters
    ----------
    n_estimators : int
        Members of an ensemble, whose building is an episode.
    start_steps, update_steps : int
        Steps with actions at random and without updates, and steps after them.
    n_episodes : int or None
        Budget of episodes; takes the place of ``update_steps``.
    updates_per_step, batch_size : int
        Updates after each step, and transitions in each.
    reward_scale : float
        Factor of the gain in score.
    n_iter_no_change : int or None
        Episodes over which the return is compared; None: never stop early.
    tol : float
        Gain in return below which training stops.
    """

    n_estimators: int
    start_steps: int
    update_steps: int
    n_episodes: int | None
    updates_per_step: int
    batch_size: int
    reward_scale: float
    n_iter_no_change: int | None
    tol: float

    @property
    def n_steps(self) -> int:
        """Steps to come, in whole episodes."""
        length = self.n_estimators - 1
        if self.n_episodes is not None:
            return self.n_episodes * length
        return -(-(self.start_steps + self.update_steps) // length) * length

    def settled(self, scores: list[float]) -> bool:
        """Tell whether the last episodes scored no better than those before them."""
        n = self.n_iter_no_change
        if n is None or len(scores) < 2 * n:
            return False
        return float(np.mean(scores[-n:]) - np.mean(scores[-2 * n : -n])) <= self.tol


@dataclass
class History:
    """What happened, one entry a step."""

    rows: list[tuple[float, ...]] = field(default_factory=list)
    names = (
        "episode",
        "action",
        "reward",
        "score",
        "critic_loss",
        "policy_loss",
        "alpha",
    )

    def arrays(self) -> dict[str, NDArray]:
        """Return a column a name."""
        table = np.array(self.rows, dtype=float).reshape(-1, len(self.names))
        columns: dict[str, NDArray] = dict(zip(self.names, table.T.copy(), strict=True))
        columns["episode"] = columns["episode"].astype(np.intp)
        return columns


def meta_train(
    new_cascade: Callable[[], Cascade],
    agent: SoftActorCritic,
    replay: ReplayRing,
    schedule: Schedule,
    rng: np.random.Generator,
    *,
    verbose: int = 0,
) -> dict[str, NDArray]:
    """Train an agent until the budget is spent, the return has settled or the user interrupts.

    Parameters
    ----------
    new_cascade : callable
        Returns an ensemble of one member.
    agent : SoftActorCritic
        Trained in place.
    replay : ReplayRing
        Filled in place.
    schedule : Schedule
        How long, and when to update.
    rng : Generator
        Source of actions and batches.
    verbose : int, default=0
        Above 0: show progress.

    Returns
    -------
    dict of str to ndarray, shape (n_steps,)
        The history by name. Losses are NaN at steps without an update.

    Warns
    -----
    UserWarning
        If the user interrupted.
    """
    from tqdm import tqdm

    history, scores = History(), list[float]()
    with tqdm(total=schedule.n_steps, desc="meta-training", disable=not verbose) as bar:
        try:
            while len(history.rows) < schedule.n_steps:
                random_start = len(history.rows) < schedule.start_steps
                score = _episode(new_cascade(), agent, replay, schedule, rng, history)
                bar.update(schedule.n_estimators - 1)
                actions = [row[1] for row in history.rows[-(schedule.n_estimators - 1) :]]
                bar.set_postfix(score=f"{score:.4f}", action=f"{np.mean(actions):.2f}")
                # Random actions say nothing about what was learned.
                if not random_start:
                    scores.append(score)
                if schedule.settled(scores):
                    break
        except KeyboardInterrupt:
            warnings.warn(
                f"meta-training was interrupted after {len(history.rows)} of {schedule.n_steps} "
                "steps; the policy learned so far is kept.",
                UserWarning,
                stacklevel=2,
            )
    return history.arrays()


def _episode(
    cascade: Cascade,
    agent: SoftActorCritic,
    replay: ReplayRing,
    schedule: Schedule,
    rng: np.random.Generator,
    history: History,
) -> float:
    """Build one ensemble, learn on the way, and return its score."""
    episode = history.rows[-1][0] + 1 if history.rows else 0
    state, score = cascade.state, cascade.score
    while len(cascade.members) < schedule.n_estimators:
        step = len(history.rows) + 1
        if step >= schedule.start_steps:
            noise = rng.standard_normal(1)
            action = float(policy_action(agent.policy_weights(), state[np.newaxis], noise)[0])
        else:
            action = rng.random()
        cascade.grow(action)
        reward = cascade.score - score
        done = len(cascade.members) == schedule.n_estimators
        replay.add(
            Transitions(
                state[np.newaxis],
                np.array([action]),
                np.array([schedule.reward_scale * reward]),
                cascade.state[np.newaxis],
                np.array([float(done)]),
            )
        )
        state, score = cascade.state, cascade.score
        losses: tuple[float, ...] = (np.nan, np.nan, float(agent.alpha))
        if step > schedule.start_steps:
            for _ in range(schedule.updates_per_step):
                losses = agent.update(replay.batch(schedule.batch_size, rng))
        history.rows.append((episode, action, reward, score, *losses))
    return score
