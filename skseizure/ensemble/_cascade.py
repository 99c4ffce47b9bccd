"""The ensemble that grows member by member: what the sampler acts on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._param_validation import StrOptions

from .._core.errors import prefix_errors
from .._core.parameters import HasMethods, Interval
from ._sampling import draw_by_error, error_histogram
from ._task import Task

# Values of the table worked on at a time in prediction: members convert what they are given.
BLOCK_VALUES = 1 << 18

# The parameters that `MetaSampler` and `MetaSamplerClassifier` share.
SHARED_CONSTRAINTS: dict = {
    "estimator": [HasMethods(["fit", "predict_proba"]), None],
    "validation": [
        Interval(Real, 0, 1, closed="neither"),
        HasMethods(["split", "get_n_splits"]),
        None,
    ],
    "scoring": [StrOptions(set(get_scorer_names())), callable],
    "n_bins": [Interval(Integral, 2, None, closed="left")],
    "sigma": [Interval(Real, 0, None, closed="right")],
    "majority_ratio": [Interval(Real, 0, None, closed="neither")],
    "bootstrap_minority": ["boolean"],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
}


@dataclass(frozen=True)
class CascadeSettings:
    """How an ensemble grows.

    Parameters
    ----------
    estimator : classifier
        Member to clone.
    n_bins : int
        Bins of an error histogram.
    sigma : float
        Width of the sampling weights.
    scorer : callable
        Scorer ``(estimator, X, y) -> float``.
    majority_ratio : float
        Majority rows a minority row in a subset.
    bootstrap_minority : bool
        Draw the minority with replacement, too.
    """

    estimator: Any
    n_bins: int
    sigma: float
    scorer: Callable[..., float]
    majority_ratio: float
    bootstrap_minority: bool


def cascade_settings(owner: Any) -> CascadeSettings:
    """Return how the ensembles of a sampler or a classifier grow.

    Parameters
    ----------
    owner : MetaSampler or MetaSamplerClassifier
        Its parameters of the same names are valid.

    Returns
    -------
    CascadeSettings
        The settings.
    """
    estimator = DecisionTreeClassifier() if owner.estimator is None else owner.estimator
    return CascadeSettings(
        estimator,
        int(owner.n_bins),
        float(owner.sigma),
        check_scoring(estimator, scoring=owner.scoring),
        float(owner.majority_ratio),
        owner.bootstrap_minority,
    )


class Cascade:
    """An ensemble on a task; starts with one member on a random subset.

    Parameters
    ----------
    task : Task
        What to learn.
    settings : CascadeSettings
        How to grow.
    rng : Generator
        Source of the subsets and of the members' seeds.

    Attributes
    ----------
    members : list of classifier
        Fitted members; class 1 is the minority.
    subsets : list of ndarray of int
        Rows of the table that each was fitted on.
    state : ndarray of float, shape (2 * n_bins,)
        Error histograms of the majority: rows to fit, rows of validation. Without validation rows
        the second histogram is NaN.
    score : float
        Score of the ensemble on the validation rows; NaN if there are none.
    """

    def __init__(self, task: Task, settings: CascadeSettings, rng: np.random.Generator) -> None:
        self.task, self.settings, self.rng = task, settings, rng
        self.members: list[Any] = []
        self.subsets: list[NDArray[np.intp]] = []
        wanted = min(len(task.minority) * settings.majority_ratio, len(task.majority))
        self.n_majority = max(1, int(wanted))
        self._proba_train = np.zeros(len(task.majority))
        self._proba_val = np.zeros(len(task.rows_val))
        self._easy_val = task.y_val == 0
        self.score = np.nan
        rows = rng.choice(len(task.majority), self.n_majority, replace=False)
        self._add_member(np.sort(rows))

    def grow(self, action: float) -> None:
        """Add a member, fitted on majority rows with errors near the action."""
        # The label of the majority is 0: its error is its probability.
        rows = draw_by_error(
            self._proba_train, action, self.settings.sigma, self.n_majority, self.rng
        )
        self._add_member(rows)

    def _add_member(self, majority_rows: NDArray[np.intp]) -> None:
        task = self.task
        minority = task.minority
        if self.settings.bootstrap_minority:
            minority = np.sort(self.rng.choice(minority, len(minority)))
        rows = np.concatenate([minority, task.majority[majority_rows]])
        labels = np.zeros(len(rows), dtype=np.int8)
        labels[: len(minority)] = 1
        weights = {} if task.sample_weight is None else {"sample_weight": task.sample_weight[rows]}
        member = clone(self.settings.estimator)
        set_random_states(member, self.rng)
        member.fit(task.X[rows], labels, **weights)
        self.members.append(member)
        self.subsets.append(rows)
        self._update_mean(self._proba_train, task.X, task.majority)
        self._update_mean(self._proba_val, task.X_val, task.rows_val)
        n_bins = self.settings.n_bins
        histogram, histogram_val = (
            error_histogram(self._proba_train, n_bins),
            np.full(n_bins, np.nan),
        )
        if len(task.rows_val):
            histogram_val = error_histogram(self._proba_val[self._easy_val], n_bins)
            self.score = self._score()
        self.state = np.concatenate([histogram, histogram_val])

    def _score(self) -> float:
        task = self.task
        with prefix_errors("scoring"):
            score = self.settings.scorer(
                _Predicted(self._proba_val), np.empty((len(task.y_val), 0)), task.y_val
            )
            if not np.isfinite(score):
                raise ValueError(
                    f"scoring gave {score} on the {len(task.y_val)} validation rows; a finite "
                    "number is needed."
                )
        return score

    def _update_mean(self, mean: NDArray[np.float64], X: Any, rows: NDArray[np.intp]) -> None:
        k, member = len(self.members), self.members[-1]
        for low, high in blocks(len(rows), X.shape[1]):
            new = minority_proba(member, X[rows[low:high]])
            mean[low:high] += (new - mean[low:high]) / k


def minority_proba(member: Any, X: Any) -> NDArray[np.float64]:
    """Return a member's probability of class 1, and refuse what is no probability.

    Parameters
    ----------
    member : classifier
        Fitted.
    X : ndarray or sparse matrix, shape (n_samples, n_features)
        Rows.

    Returns
    -------
    ndarray of float, shape (n_samples,)
        Probabilities in [0, 1].

    Raises
    ------
    ValueError
        If they are not in [0, 1].
    """
    proba = member.predict_proba(X)[:, 1]
    if not (proba.min() >= 0 and proba.max() <= 1 + 1e-6):
        raise ValueError(
            f"predict_proba of {member!r} gave values outside [0, 1] or NaN; probabilities are "
            "needed."
        )
    return np.minimum(proba, 1)


def mean_proba(members: list[Any], X: Any) -> NDArray[np.float64]:
    """Return the members' mean probability of class 1, in blocks of rows.

    Parameters
    ----------
    members : list of classifier
        Fitted.
    X : ndarray or sparse matrix, shape (n_samples, n_features)
        Rows.

    Returns
    -------
    ndarray of float, shape (n_samples,)
        Probabilities in [0, 1].
    """
    mean = np.zeros(X.shape[0])
    for low, high in blocks(X.shape[0], X.shape[1]):
        for member in members:
            mean[low:high] += minority_proba(member, X[low:high])
    return mean / len(members)


def blocks(n_rows: int, n_columns: int) -> list[tuple[int, int]]:
    """Return first and last row, exclusive, of blocks of a bounded number of values."""
    step = max(256, BLOCK_VALUES // n_columns)
    return [(low, min(low + step, n_rows)) for low in range(0, n_rows, step)]


def set_random_states(estimator: Any, rng: np.random.Generator) -> None:
    """Give every ``random_state`` in an estimator a seed of its own.

    Parameters
    ----------
    estimator : estimator
        Changed in place.
    rng : Generator
        Source of the seeds.
    """
    names = sorted(name for name in estimator.get_params() if name.endswith("random_state"))
    estimator.set_params(**{name: int(rng.integers(2**31 - 1)) for name in names})


class _Predicted(ClassifierMixin, BaseEstimator):
    """Cached probabilities in the guise of a fitted classifier, for scorers."""

    def __init__(self, proba: NDArray[np.float64]) -> None:
        self.proba = proba
        self.classes_ = np.array([0, 1])

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities, whatever X is."""
        return np.column_stack([1 - self.proba, self.proba])

    def predict(self, X: Any) -> NDArray[np.intp]:
        """Return the more probable class, whatever X is."""
        return (self.proba > 0.5).astype(np.intp)
