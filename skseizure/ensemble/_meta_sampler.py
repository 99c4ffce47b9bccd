"""MetaSampler: a policy that says which majority rows the next member of an ensemble needs."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, _clone_parametrized, _fit_context
from sklearn.utils import ClassifierTags, Tags, assert_all_finite, check_random_state
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from .._core.files import read_whole
from .._core.parameters import Interval
from .._core.persistence import get_state, set_state
from .._core.validation import allows_nan
from ._cascade import SHARED_CONSTRAINTS, cascade_settings
from ._meta_training import TrainingSettings, meta_train
from ._networks import (
    MAX_FILE,
    SavedSampler,
    check_networks,
    parse_sampler,
    policy_action,
    select_networks,
    write_sampler,
)
from ._task import Task, make_tasks


class MetaSampler(BaseEstimator):
    """Learn from growing ensembles which rows to undersample.

    It sees how the errors of an ensemble on the majority class are distributed, in training and in
    validation, and answers with the error that the next member's majority rows should have. It is
    trained by reinforcement: it builds many ensembles on a task, and the gain in validation score
    that each new member brings is its reward.

    `MetaSamplerClassifier` trains one by itself. Train one here to choose its settings, to keep it
    in a file, or to use it on other tasks: it knows nothing of the features, so it fits any task,
    base classifier and ensemble size, provided ``n_bins`` is the same.

    Parameters
    ----------
    estimator : classifier, default=None
        Member of the ensembles, with ``predict_proba``. If None, ``DecisionTreeClassifier()``.
    n_estimators : int, default=10
        Members of an ensemble. Building one is an episode of ``n_estimators - 1`` actions.
    n_bins : int, default=5
        Bins of an error histogram; a state holds two.
    sigma : float, default=0.2
        Width of the preference around the action.
    validation : float or splitter, default=None
        Share of the rows set apart for validation, or a splitter whose first split is taken. If
        None, the rows given to `fit` as ``X_val`` and ``y_val``, else a share of 0.2. Beside
        ``X_val`` and ``y_val`` it must be None.
    scoring : str or callable, default="average_precision"
        Score whose gain is the reward, as in scikit-learn. It sees label 1 for the minority class,
        0 for the other, and an X without columns.
    majority_ratio : float, default=1.0
        Majority rows in a subset for each minority row. If there are fewer, all are taken.
    bootstrap_minority : bool, default=False
        Draw the minority rows of each member with replacement. The papers take them as they are.
    max_samples : float, default=1.0
        Share of the rows of each class, in (0, 1], to build ensembles on.
    start_steps : int or "auto", default="auto"
        Steps with random actions and without updates, at the beginning. If "auto", a third of the
        budget, as in the papers; in a small budget at least ``batch_size`` steps, but never more
        than half.
    update_steps : int, default=1000
        Steps after these, rounded up to whole episodes.
    n_episodes : int, default=None
        Budget of episodes, those with random actions included. The EEG paper compares at 70. If
        None, ``update_steps`` is the budget.
    updates_per_step : int, default=1
        Updates of the networks after each step.
    prefill : bool, default=True
        Fill the replay memory with made-up transitions first. They say to take hard rows if the
        ensemble is under-fitted, and easy ones if it is over-fitted.
    hidden_size : int, default=55
        Units of each hidden layer, as in the EEG paper.
    alpha : float or "auto", default=0.1
        Weight of the entropy. If "auto", it is learned so that the entropy is -1, which keeps
        actions nearly uniform and costs score in small ensembles.
    gamma : float, default=0.99
        Discount of later rewards.
    tau : float, default=0.01
        Share by which the target critics follow in each update.
    learning_rate : float, default=0.001
        Learning rate of Adam.
    learning_rate_decay : float, default=0.99
        Factor of the learning rate every ten updates.
    batch_size : int, default=64
        Transitions in an update.
    replay_size : int, default=1000
        Transitions that are remembered; the newest overwrite the oldest.
    reward_scale : float, default=100.0
        Factor of the reward.
    n_iter_no_change : int, default=None
        Stop when the mean score of this many episodes is at most ``tol`` above that of as many
        before. If None, use the whole budget, as the papers do.
    tol : float, default=0.001
        See ``n_iter_no_change``.
    warm_start : bool, default=False
        Go on from the networks of the last `fit`, or of a file. The optimisers and the replay
        memory start anew.
    device : str, default="cpu"
        Device of torch for the updates. The networks are small: the CPU is the fastest.
    verbose : int, default=0
        If above 0, show a progress bar.
    random_state : int, RandomState instance or None, default=None
        Seed of all that is drawn; numpy's and torch's global generators are left alone.

    Attributes
    ----------
    networks_ : dict of str to ndarray
        Weights of the policy (``policy.*``) and of the two critics and their two targets, stacked
        (``critics.*``), and ``log_alpha``.
    meta_history_ : dict of str to ndarray, shape (n_steps,)
        A value a step: ``"episode"``, ``"action"``, ``"reward"`` (gain in score, not scaled),
        ``"score"``, ``"critic_loss"``, ``"policy_loss"`` (NaN where nothing was updated) and
        ``"alpha"``.
    n_steps_ : int
        Steps of the last `fit`.
    n_bins_ : int
        The bins that the networks were trained on.
    n_features_in_ : int
        Features of the last task, which `sample` does not depend on.
    feature_names_in_ : ndarray of str
        Their names, where `fit` was given a data frame.

    See Also
    --------
    MetaSamplerClassifier : The ensemble itself.

    Notes
    -----
    Soft actor-critic [3]_ on the states, actions and rewards of MESA [2]_, with the network widths
    and uses of [1]_. The policy has one hidden layer of ``hidden_size`` and two linear heads for
    mean and log standard deviation of a Gaussian, squashed into (0, 1) by a tanh; the two critics
    have two such layers. With 5 bins and 55 units that is 717 and twice 3796 weights.

    Different from the code of [2]_: the critics' target stops at the end of an episode and nowhere
    else (there, the mask is inverted); bins are those of the formula, [0, 1] in equal parts (there,
    from the least to the largest error at hand); the made-up transitions count as ends of episodes;
    the learning rate decays for all networks (there, for the critics alone); the density of an
    action is exact (there, a constant in its logarithm takes mass from wide policies).

    ``sklearn.base.clone`` copies a fitted sampler with what it learned, as it does with
    ``FrozenEstimator``: cross-validation of an ensemble must not throw the sampler's training away.

    A step costs one fit on a subset, one prediction for all rows, and an update of about a
    millisecond.

    References
    ----------
    .. [1] M. Liu, J. Liu, M. Xu, Y. Liu, J. Li, W. Nie, Q. Yuan. Combining meta and ensemble
       learning to classify EEG for seizure detection. Scientific Reports 15:10755, 2025.
    .. [2] Z. Liu et al. MESA: boost ensemble imbalanced learning with meta-sampler. NeurIPS 2020.
    .. [3] T. Haarnoja et al. Soft actor-critic: off-policy maximum entropy deep reinforcement
       learning with a stochastic actor. ICML 2018.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skseizure.ensemble import MetaSampler
    >>> X, y = make_classification(600, weights=[0.9], random_state=0)
    >>> sampler = MetaSampler(start_steps=20, update_steps=20, random_state=0).fit(X, y)
    >>> under_fitted = [0, 0, 0, 1, 4] * 2
    >>> 0 <= sampler.sample(under_fitted, random_state=0) <= 1
    True
    """

    __getstate__, __setstate__ = get_state, set_state

    networks_: dict[str, NDArray]
    meta_history_: dict[str, NDArray]

    _parameter_constraints: dict = {
        **SHARED_CONSTRAINTS,
        "n_estimators": [Interval(Integral, 2, None, closed="left")],
        "max_samples": [Interval(Real, 0, 1, closed="right")],
        "start_steps": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})],
        "update_steps": [Interval(Integral, 1, None, closed="left")],
        "n_episodes": [Interval(Integral, 1, None, closed="left"), None],
        "updates_per_step": [Interval(Integral, 1, None, closed="left")],
        "prefill": ["boolean"],
        "hidden_size": [Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "gamma": [Interval(Real, 0, 1, closed="both")],
        "tau": [Interval(Real, 0, 1, closed="right")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "learning_rate_decay": [Interval(Real, 0, 1, closed="right")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "replay_size": [Interval(Integral, 1, None, closed="left")],
        "reward_scale": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "device": [str],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        *,
        n_bins: int = 5,
        sigma: float = 0.2,
        validation: Any = None,
        scoring: str | Callable[..., float] = "average_precision",
        majority_ratio: float = 1.0,
        bootstrap_minority: bool = False,
        max_samples: float = 1.0,
        start_steps: int | Literal["auto"] = "auto",
        update_steps: int = 1000,
        n_episodes: int | None = None,
        updates_per_step: int = 1,
        prefill: bool = True,
        hidden_size: int = 55,
        alpha: float | Literal["auto"] = 0.1,
        gamma: float = 0.99,
        tau: float = 0.01,
        learning_rate: float = 1e-3,
        learning_rate_decay: float = 0.99,
        batch_size: int = 64,
        replay_size: int = 1000,
        reward_scale: float = 100.0,
        n_iter_no_change: int | None = None,
        tol: float = 1e-3,
        warm_start: bool = False,
        device: str = "cpu",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.n_bins = n_bins
        self.sigma = sigma
        self.validation = validation
        self.scoring = scoring
        self.majority_ratio = majority_ratio
        self.bootstrap_minority = bootstrap_minority
        self.max_samples = max_samples
        self.start_steps = start_steps
        self.update_steps = update_steps
        self.n_episodes = n_episodes
        self.updates_per_step = updates_per_step
        self.prefill = prefill
        self.hidden_size = hidden_size
        self.alpha = alpha
        self.gamma = gamma
        self.tau = tau
        self.learning_rate = learning_rate
        self.learning_rate_decay = learning_rate_decay
        self.batch_size = batch_size
        self.replay_size = replay_size
        self.reward_scale = reward_scale
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train on a task of two classes.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
            Features; NaN where the members take it, as trees do.
        y : array-like, shape (n_samples,)
            Labels of two classes; the rarer one is the minority.
        sample_weight : array-like, shape (n_samples,), default=None
            Weights, given to the members' ``fit``.
        groups : array-like, shape (n_samples,), default=None
            Group of each row, such as the patient; none is on both sides of the validation split.
        X_val : array-like or sparse matrix, shape (n_validation, n_features), default=None
            Rows for validation, in place of ``validation``. In a `Pipeline` the steps before this
            one transform them only with ``transform_input=["X_val"]``; see the guide.
        y_val : array-like, shape (n_validation,), default=None
            Their labels.

        Returns
        -------
        MetaSampler
            Itself.

        Raises
        ------
        ValueError
            If X, y or a parameter is not valid, there are not two classes, a class is missing in
            training or validation, validation is given twice, a group is on both of its sides,
            ``start_steps`` leaves no step for updates, or the estimator takes no weights and some
            are given.

        Warns
        -----
        UserWarning
            If training is interrupted (Ctrl-C) after the first update; the policy learned so far is
            kept.
        """
        rng = check_random_state(self.random_state)
        _, (task,) = make_tasks(
            self,
            X,
            y,
            rng,
            estimator=cascade_settings(self).estimator,
            needs_validation=True,
            sample_weight=sample_weight,
            groups=groups,
            X_val=X_val,
            y_val=y_val,
        )
        return self._fit_task(task, rng.randint(2**31 - 1))

    def _fit_task(self, task: Task, seed: int) -> Self:
        """Train on a task that has been set up."""
        training = TrainingSettings(
            **{f.name: getattr(self, f.name) for f in fields(TrainingSettings)}
        )
        networks, history = meta_train(
            task,
            cascade_settings(self),
            training,
            seed,
            networks=getattr(self, "networks_", None) if self.warm_start else None,
        )
        return self._store(networks, history, task.X.shape[1])

    def _store(
        self, networks: Mapping[str, NDArray], history: Mapping[str, NDArray], n_features: int
    ) -> Self:
        self.networks_, self.meta_history_ = dict(networks), dict(history)
        self.n_steps_ = len(self.meta_history_["action"])
        self.n_bins_ = int(self.n_bins)
        self.n_features_in_ = n_features
        return self

    def sample(
        self,
        state: ArrayLike,
        *,
        random_state: int | np.random.RandomState | None = None,
        deterministic: bool = False,
    ) -> float | NDArray[np.float64]:
        """Return an action for each state.

        Parameters
        ----------
        state : array-like, shape (2 * n_bins,) or (n_states, 2 * n_bins)
            Error histograms of the majority in training and validation, each with the sum
            ``n_bins``.
        random_state : int, RandomState instance or None, default=None
            Seed of the actions.
        deterministic : bool, default=False
            Return the median of the actions and draw nothing.

        Returns
        -------
        float or ndarray of float, shape (n_states,)
            Errors to prefer, in [0, 1].

        Raises
        ------
        ValueError
            If states have another length than twice the sampler's ``n_bins``, or hold NaN or
            infinity.
        """
        check_is_fitted(self)
        states = np.asarray(state, dtype=float)
        n_inputs = 2 * self.n_bins_
        if states.ndim not in (1, 2) or states.shape[-1] != n_inputs or not states.size:
            raise ValueError(
                f"state has shape {states.shape}; ({n_inputs},) or (n_states, {n_inputs}) is "
                f"needed, as this sampler was trained with n_bins={self.n_bins_}."
            )
        assert_all_finite(states, input_name="state")
        rows = np.atleast_2d(states)
        noise = np.zeros(len(rows))
        if not deterministic:
            noise = check_random_state(random_state).standard_normal(len(rows))
        actions = self._actions(rows, noise)
        return actions if states.ndim == 2 else float(actions[0])

    def _actions(
        self, states: NDArray[np.float64], noise: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        return policy_action(select_networks(self.networks_, "policy."), states, noise)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learned to a file of plain numbers.

        Parameters
        ----------
        path : str or path-like
            File to write, in numpy's format; ``.npz`` is the customary ending. It holds the
            networks, the history and the settings, but for those of the task and the machine:
            estimator, validation, scoring, device, verbose and random_state.
        """
        check_is_fitted(self)
        settings = self.get_params(deep=False)
        saved = SavedSampler(settings, self.networks_, self.meta_history_, self.n_features_in_)
        write_sampler(path, saved)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> MetaSampler:
        """Read what `save` wrote; no code in the file is run.

        Parameters
        ----------
        path : str or path-like
            File to read.

        Returns
        -------
        MetaSampler
            Fitted.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is not such a file.
        """
        raw = read_whole(path, MAX_FILE)
        try:
            saved = parse_sampler(raw)
            sampler = cls(**saved.settings)
            sampler._validate_params()
            check_networks(saved.networks, sampler.n_bins, sampler.hidden_size)
            return sampler._store(saved.networks, saved.history, saved.n_features_in)
        except Exception as error:  # a foreign file can make the reader fail in any way
            raise ValueError(f"{os.fspath(path)} is not a saved MetaSampler: {error}") from error

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "networks_")

    def __sklearn_clone__(self) -> MetaSampler:
        return copy.deepcopy(self) if hasattr(self, "networks_") else _clone_parametrized(self)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.estimator is None or allows_nan(self.estimator)
        # Two classes, which only the classifiers' tags can say.
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags
