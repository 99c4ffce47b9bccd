"""Meta-training: a policy builds ensembles and learns from what each member gains."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._cascade import Cascade, CascadeSettings
from ._networks import check_networks, is_finite, policy_action
from ._replay import ReplayRing, Transitions, prior_transitions
from ._task import Task

if TYPE_CHECKING:
    from ._soft_actor_critic import SoftActorCritic

# The papers' made-up transitions are rewarded by this gain in score.
PRIOR_GAIN = 0.05


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; each setting is the parameter of `MetaSampler` of the same name."""

    n_estimators: int
    max_samples: float
    start_steps: int | Literal["auto"]
    update_steps: int
    n_episodes: int | None
    updates_per_step: int
    prefill: bool
    hidden_size: int
    alpha: float | Literal["auto"]
    gamma: float
    tau: float
    learning_rate: float
    learning_rate_decay: float
    batch_size: int
    replay_size: int
    reward_scale: float
    n_iter_no_change: int | None
    tol: float
    device: str
    verbose: int

    @property
    def episode_length(self) -> int:
        """Steps in an episode: one for each member but the first."""
        return int(self.n_estimators) - 1

    @property
    def n_steps(self) -> int:
        """Steps to come, in whole episodes."""
        if self.n_episodes is not None:
            return int(self.n_episodes) * self.episode_length
        wanted = self.n_random_steps + int(self.update_steps)
        return -(-wanted // self.episode_length) * self.episode_length

    @property
    def n_random_steps(self) -> int:
        """Steps before the first update."""
        if self.start_steps != "auto":
            return int(self.start_steps)
        # The papers' third of the budget: 500 steps of 1500. A small budget starts from one batch.
        if self.n_episodes is None:
            share, most = int(self.update_steps) // 2, int(self.update_steps)
        else:
            share, most = self.n_steps // 3, self.n_steps // 2
        return min(max(share, int(self.batch_size)), most)

    def check_budget(self) -> None:
        """Raise a ValueError if there is no step with an update."""
        if self.n_random_steps >= self.n_steps:
            raise ValueError(
                f"start_steps={self.start_steps} leaves none of the {self.n_steps} steps of "
                f"n_episodes={self.n_episodes} and n_estimators={self.n_estimators} for updates; "
                "a training without updates learns nothing. Lower start_steps, leave it at 'auto' "
                "or raise n_episodes."
            )

    def settled(self, scores: list[float]) -> bool:
        """Tell whether the last episodes scored no better than those before them."""
        if self.n_iter_no_change is None or len(scores) < 2 * (n := int(self.n_iter_no_change)):
            return False
        return float(np.mean(scores[-n:]) - np.mean(scores[-2 * n : -n])) <= self.tol


@dataclass
class History:
    """What happened, one row a step."""

    rows: list[tuple[float, ...]] = field(default_factory=list)
    names = ("episode", "action", "reward", "score", "critic_loss", "policy_loss", "alpha")

    def arrays(self) -> dict[str, NDArray]:
        """Return the columns by name."""
        table = np.array(self.rows, dtype=float).reshape(-1, len(self.names))
        columns: dict[str, NDArray] = dict(zip(self.names, table.T.copy(), strict=True))
        columns["episode"] = columns["episode"].astype(np.intp)
        return columns


def meta_train(
    task: Task,
    growth: CascadeSettings,
    training: TrainingSettings,
    seed: int,
    *,
    networks: Mapping[str, NDArray] | None = None,
) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
    """Train a sampler until the budget is spent, the score has settled or the user interrupts.

    Parameters
    ----------
    task : Task
        Task to build ensembles on.
    growth : CascadeSettings
        How an ensemble grows.
    training : TrainingSettings
        How to train.
    seed : int
        Seed of all that is drawn.
    networks : mapping of str to ndarray, default=None
        Networks to go on from.

    Returns
    -------
    networks : dict of str to ndarray
        Trained weights by name.
    history : dict of str to ndarray, shape (n_steps,)
        What happened, by name. Losses are NaN at steps without an update.

    Raises
    ------
    ValueError
        If no step is left for updates, the networks to go on from have other sizes, or training
        diverges.
    KeyboardInterrupt
        If the user interrupts before the first update.

    Warns
    -----
    UserWarning
        If the user interrupts later.
    """
    training.check_budget()
    from ._soft_actor_critic import SoftActorCritic, one_thread

    rng = np.random.default_rng(seed)
    if training.max_samples < 1:
        task = task.sample(training.max_samples, rng)
    n_bins, hidden_size = growth.n_bins, int(training.hidden_size)
    with one_thread():
        agent = SoftActorCritic(
            2 * n_bins,
            hidden_size,
            alpha=training.alpha,
            gamma=training.gamma,
            tau=training.tau,
            learning_rate=training.learning_rate,
            learning_rate_decay=training.learning_rate_decay,
            seed=int(rng.integers(2**31 - 1)),
            device=training.device,
        )
        if networks is not None:
            check_networks(networks, n_bins, hidden_size)
            agent.load(networks)
        replay = ReplayRing(int(training.replay_size), 2 * n_bins)
        if training.prefill:
            reward = PRIOR_GAIN * float(training.reward_scale)
            replay.add(prior_transitions(n_bins, replay.size, reward, rng))
        history = _run_episodes(task, growth, training, agent, replay, rng)
    trained = agent.networks()
    if not all(is_finite(name, weight) for name, weight in trained.items()):
        raise ValueError(
            "meta-training diverged: the networks hold NaN or infinity; lower learning_rate "
            f"({training.learning_rate:g}), reward_scale ({training.reward_scale:g}) or alpha "
            f"({training.alpha})."
        )
    return trained, history.arrays()


def _run_episodes(
    task: Task,
    growth: CascadeSettings,
    training: TrainingSettings,
    agent: SoftActorCritic,
    replay: ReplayRing,
    rng: np.random.Generator,
) -> History:
    from tqdm import tqdm

    history, scores, n_steps = History(), list[float](), training.n_steps
    with tqdm(total=n_steps, desc="meta-training", disable=not training.verbose) as bar:
        try:
            while len(history.rows) < n_steps and not training.settled(scores):
                first = len(history.rows)
                score = _run_episode(Cascade(task, growth, rng), training, agent, replay, history)
                # Random actions say nothing about what was learned.
                if first >= training.n_random_steps:
                    scores.append(score)
                bar.update(training.episode_length)
                actions = [row[1] for row in history.rows[first:]]
                bar.set_postfix(score=f"{score:.4f}", action=f"{np.mean(actions):.2f}")
        except KeyboardInterrupt:
            if len(history.rows) <= training.n_random_steps:
                raise  # nothing has been learned
            warnings.warn(
                f"meta-training was interrupted after {len(history.rows)} of {n_steps} steps; the "
                "policy learned so far is kept.",
                UserWarning,
                stacklevel=2,
            )
    return history


def _run_episode(
    cascade: Cascade,
    training: TrainingSettings,
    agent: SoftActorCritic,
    replay: ReplayRing,
    history: History,
) -> float:
    """Build one ensemble, learn on the way, and return its score."""
    rng = cascade.rng
    episode = history.rows[-1][0] + 1 if history.rows else 0
    state, score = cascade.state, cascade.score
    while len(cascade.members) < training.n_estimators:
        step = len(history.rows) + 1
        if step >= training.n_random_steps:
            noise = rng.standard_normal(1)
            action = float(policy_action(agent.policy_weights(), state[np.newaxis], noise)[0])
        else:
            action = rng.random()
        cascade.grow(action)
        reward = cascade.score - score
        done = len(cascade.members) == training.n_estimators
        replay.add(
            Transitions(
                state[np.newaxis],
                np.array([action]),
                np.array([training.reward_scale * reward]),
                cascade.state[np.newaxis],
                np.array([float(done)]),
            )
        )
        state, score = cascade.state, cascade.score
        losses: tuple[Any, ...] = (np.nan, np.nan, float(agent.alpha))
        if step > training.n_random_steps:
            for _ in range(training.updates_per_step):
                losses = agent.update(replay.batch(int(training.batch_size), rng))
        history.rows.append((episode, action, reward, score, *losses))
    return score
