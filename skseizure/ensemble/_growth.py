"""How an ensemble grows to its full size, by actions from any source."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils._param_validation import StrOptions

from .._core.parameters import Interval
from ._cascade import Cascade, CascadeSettings
from ._meta_sampler import MetaSampler
from ._task import Task

SAMPLER_CONSTRAINTS: list = [
    StrOptions({"learned", "search", "random"}),
    Interval(Real, 0, 1, closed="both"),
    MetaSampler,
]

# What "search" tries. Good constants are mostly high, where they are also closer together.
SEARCHED = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0, "random")


class Ensemble(NamedTuple):
    """A fitted ensemble of one class against the rest, and how it grew."""

    members: list[Any]
    subsets: list[NDArray[np.intp]]
    states: list[NDArray[np.float64]]
    actions: list[float]
    scores: list[float]
    next_action: float
    sampler: MetaSampler | None
    searched: dict[Any, float] | None


def check_sampler(owner: Any) -> Any:
    """Return the source of actions: a name, a number, a fitted sampler, or one to clone and train.

    Parameters
    ----------
    owner : MetaSamplerClassifier or MetaUnderSampler
        Its ``sampler``, and the settings that one made for it shares.

    Returns
    -------
    str, float or MetaSampler
        The source.

    Raises
    ------
    ValueError
        If the sampler has another number of bins.
    """
    sampler = owner.sampler
    if isinstance(sampler, str) and sampler == "learned":
        shared = ("n_bins", "sigma", "scoring", "majority_ratio", "bootstrap_minority", "verbose")
        given = {name: getattr(owner, name) for name in shared if hasattr(owner, name)}
        return MetaSampler(owner.estimator, **given)
    if isinstance(sampler, MetaSampler):
        sampler._validate_params()
        theirs = sampler.n_bins_ if is_fitted(sampler) else sampler.n_bins
        if theirs != owner.n_bins:
            raise ValueError(
                f"sampler has n_bins={theirs}, but {type(owner).__name__} has "
                f"n_bins={owner.n_bins}; they must be the same."
            )
        if not is_fitted(sampler):
            # It learns with the members that it will choose for.
            estimator = owner.estimator if sampler.estimator is None else sampler.estimator
            verbose = max(sampler.verbose, owner.verbose)
            return clone(sampler).set_params(estimator=estimator, verbose=verbose)
    return sampler


def grow_ensemble(
    task: Task, settings: CascadeSettings, n_estimators: int, sampler: Any, seed: int
) -> Ensemble:
    """Grow an ensemble on a task.

    Parameters
    ----------
    task : Task
        What to learn.
    settings : CascadeSettings
        How to grow.
    n_estimators : int
        Members.
    sampler : str, float or MetaSampler
        As `check_sampler` returns it; trained here where it is to be.
    seed : int
        Seed of all that is drawn.

    Returns
    -------
    Ensemble
        Fitted. With "search", the one of the best validation score; the first of equals.
    """
    if isinstance(sampler, str) and sampler == "search":
        seeds = np.random.default_rng(seed).integers(2**31 - 1, size=len(SEARCHED))
        grown = [
            grow_ensemble(task, settings, n_estimators, action, int(one))
            for action, one in zip(SEARCHED, seeds, strict=True)
        ]
        scores = [each.scores[-1] for each in grown]
        best = grown[int(np.argmax(scores))]
        return best._replace(searched=dict(zip(SEARCHED, scores, strict=True)))
    rng = np.random.default_rng(seed)
    if isinstance(sampler, MetaSampler) and not is_fitted(sampler):
        sampler = clone(sampler)._fit_task(task, int(rng.integers(2**31 - 1)))

    def choose() -> float:
        if isinstance(sampler, MetaSampler):
            noise = rng.standard_normal(1)
            return float(sampler._actions(cascade.state[np.newaxis], noise)[0])
        return rng.random() if isinstance(sampler, str) else float(sampler)

    cascade = Cascade(task, settings, rng)
    states, actions, scores = [cascade.state], list[float](), [cascade.score]
    while len(cascade.members) < n_estimators:
        action = choose()
        cascade.grow(action)
        states.append(cascade.state)
        actions.append(action)
        scores.append(cascade.score)
    used = sampler if isinstance(sampler, MetaSampler) else None
    return Ensemble(cascade.members, cascade.subsets, states, actions, scores, choose(), used, None)


def is_fitted(sampler: Any) -> bool:
    """Tell whether a source of actions is a sampler that has learned."""
    return isinstance(sampler, MetaSampler) and sampler.__sklearn_is_fitted__()
