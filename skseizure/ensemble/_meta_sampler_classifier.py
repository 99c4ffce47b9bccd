"""MetaSamplerClassifier: an ensemble on undersampled subsets that a sampler chooses."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import Tags, check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from .._core.parameters import Interval
from .._core.persistence import get_state, set_state
from .._core.validation import allows_nan, validate_table
from ._cascade import SHARED_CONSTRAINTS, cascade_settings, mean_proba
from ._growth import SAMPLER_CONSTRAINTS, Ensemble, check_sampler, grow_ensemble, is_fitted
from ._meta_sampler import MetaSampler
from ._task import TABLE, make_tasks


class MetaSamplerClassifier(ClassifierMixin, BaseEstimator):
    """Classify rare events by an ensemble whose undersampling is learned.

    Every member is fitted on all minority rows and as many majority rows. Those of the first member
    are drawn at random; from then on rows are preferred whose error under the ensemble so far is
    near an *action* in [0, 1]: 1 takes the hardest rows, 0 the easiest. A `MetaSampler` chooses the
    action from the distribution of errors in training and validation; it is trained to gain
    validation score.

    Parameters
    ----------
    estimator : classifier, default=None
        Member, with ``predict_proba``. If None, ``DecisionTreeClassifier()``, the best of the
        paper's four. Labels reach it as 1 for the minority and 0 for the majority.
    n_estimators : int, default=10
        Members.
    sampler : {"learned", "search", "random"}, float or MetaSampler, default="learned"
        Source of the actions. If "learned", a `MetaSampler` with this class's estimator, scoring,
        bins and sampling and its own defaults for the rest, trained in `fit` on the same rows. If
        "search", eight ensembles are grown, with the constant actions 0, 0.2, 0.4, 0.6, 0.8, 0.9
        and 1 and with random ones, and the one with the best validation score is kept. If
        "random", each action is uniform in [0, 1]. If a float, it is every action. A fitted
        `MetaSampler` is used as it is. One that is not fitted is trained in `fit`, on the same
        rows, with its own settings; its members are like those here unless it has an estimator,
        and its seed comes from ``random_state`` here.
    validation : float or splitter, default=None
        Share of the rows set apart for validation, or a splitter whose first split is taken. These
        rows tell a sampler the ensemble's errors, and no member is fitted on them. If None, the
        rows given to `fit` as ``X_val`` and ``y_val``; else a share of 0.2 if a sampler chooses the
        actions, and no rows for a constant or random actions, which need none. Beside ``X_val`` and
        ``y_val`` it must be None.
    scoring : str or callable, default="average_precision"
        Score on the validation rows, as in scikit-learn. It sees label 1 for the minority class, 0
        for the other, and an X without columns.
    n_bins : int, default=5
        Bins of an error histogram; those of a given sampler.
    sigma : float, default=0.2
        Width of the preference around the action. ``numpy.inf`` is plain random undersampling.
    majority_ratio : float, default=1.0
        Majority rows in a subset for each minority row. If there are fewer, all are taken.
    bootstrap_minority : bool, default=False
        Draw the minority rows of each member with replacement. The paper takes them as they are;
        varied minority rows are better where the classes overlap.
    n_jobs : int, default=None
        Workers that the classes are shared out to, if there are more than two. The result does not
        depend on it.
    verbose : int, default=0
        If above 0, show a progress bar of the meta-training.
    random_state : int, RandomState instance or None, default=None
        Seed of all that is drawn; numpy's and torch's global generators are left alone.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        The classes. Of two, the one with fewer rows is the minority.
    estimators_ : list of classifier
        Members. With more than two classes, a list of such lists, one for each class; so it is with
        ``estimators_samples_``, and the arrays below have one more dimension in front.
    estimators_samples_ : list of ndarray of int
        Rows of X that each member was fitted on.
    states_ : ndarray of float, shape (n_estimators, 2 * n_bins)
        Meta-state after each member: error histograms of the majority in training and validation,
        each with the sum ``n_bins``. Without validation rows the second histogram is NaN.
    actions_ : ndarray of float, shape (n_estimators - 1,)
        Action that each further member was sampled with.
    scores_ : ndarray of float, shape (n_estimators,), or None
        Validation score after each member. None if there are no validation rows.
    sampler_ : MetaSampler or None
        The sampler that was used, with its ``meta_history_``; a list of one for each of more than
        two classes. None with a float or ``"random"``.
    search_scores_ : dict of float or "random" to float
        Validation score of each action that was tried; a list of these with more than two classes.
        Only with ``sampler="search"``.
    meta_history_ : dict of str to ndarray, shape (n_steps,)
        Course of the meta-training, see `MetaSampler`; a list of these with more than two classes.
        Only if a sampler was trained.
    n_features_in_ : int
        Columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, if `fit` was given a data frame.

    See Also
    --------
    MetaSampler : All settings of the meta-training; save, load, use on other tasks.
    skseizure.inspection.SamplingCurveDisplay : Actions and errors from member to member.
    imblearn.ensemble.BalancedBaggingClassifier : Random undersampling, of bootstrap samples.
    sklearn.ensemble.HistGradientBoostingClassifier : With ``class_weight="balanced"``, another way.

    Notes
    -----
    The method of [1]_, with MESA's [2]_ values where the paper gives none. Probabilities are the
    members' mean; [1]_ speaks of a weighted average and does not give the weights. As members see
    balanced classes, probabilities are too high for the minority: move the threshold
    (``TunedThresholdClassifierCV``) or calibrate.

    More than two classes: one ensemble for each class against the rest, on the same split, and the
    probabilities divided by their sum. The minority is in each case the side with fewer rows.

    **What to expect.** A good constant action, mostly 0.8 to 1 with trees, rivals the learned
    policy; what the training saves is the search for it, and ``sampler="search"`` makes that search
    in `fit`, at about eight times the cost of one ensemble. See the user guide for figures.

    **Leaks.** Rows of one patient, and channels of one window, are alike: pass ``groups``, or the
    validation rows tell nothing of new patients.

    Meta-training takes 1503 steps by default, each of one fit on a subset and one prediction for
    all rows; the ensemble then ``n_estimators`` of these. X is indexed and never copied whole.

    References
    ----------
    .. [1] M. Liu, J. Liu, M. Xu, Y. Liu, J. Li, W. Nie, Q. Yuan. Combining meta and ensemble
       learning to classify EEG for seizure detection. Scientific Reports 15:10755, 2025.
    .. [2] Z. Liu et al. MESA: boost ensemble imbalanced learning with meta-sampler. NeurIPS 2020.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import train_test_split
    >>> from skseizure.ensemble import MetaSampler, MetaSamplerClassifier
    >>> X, y = make_classification(2000, weights=[0.95], class_sep=2, random_state=0)
    >>> X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    >>> brief = MetaSampler(start_steps=30, update_steps=30)
    >>> model = MetaSamplerClassifier(sampler=brief, random_state=0).fit(X, y)
    >>> model.actions_.shape, model.score(X_test, y_test) > 0.9
    ((9,), True)
    """

    __getstate__, __setstate__ = get_state, set_state

    _parameter_constraints: dict = {
        **SHARED_CONSTRAINTS,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "sampler": SAMPLER_CONSTRAINTS,
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 10,
        sampler: Literal["learned", "random"] | float | MetaSampler = "learned",
        *,
        validation: Any = None,
        scoring: str | Callable[..., float] = "average_precision",
        n_bins: int = 5,
        sigma: float = 0.2,
        majority_ratio: float = 1.0,
        bootstrap_minority: bool = False,
        n_jobs: int | None = None,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.sampler = sampler
        self.validation = validation
        self.scoring = scoring
        self.n_bins = n_bins
        self.sigma = sigma
        self.majority_ratio = majority_ratio
        self.bootstrap_minority = bootstrap_minority
        self.n_jobs = n_jobs
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
        """Train the sampler, where it is to be learned, and fit the members.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
            Features; NaN where the members take it, as trees do.
        y : array-like, shape (n_samples,)
            Labels of any kind. -1 beside two other classes is refused: it marks unlabelled rows.
        sample_weight : array-like, shape (n_samples,), default=None
            Weights, given to the members' ``fit``. They change neither sampling nor scores.
        groups : array-like, shape (n_samples,), default=None
            Group of each row, such as the patient; none is on both sides of the validation split.
            Without such a split they make no difference.
        X_val : array-like or sparse matrix, shape (n_validation, n_features), default=None
            Rows for validation, in place of ``validation``. In a `Pipeline` the steps before this
            one transform them only with ``transform_input=["X_val"]``; see the guide.
        y_val : array-like, shape (n_validation,), default=None
            Their labels.

        Returns
        -------
        MetaSamplerClassifier
            Itself.

        Raises
        ------
        ValueError
            If X, y or a parameter is not valid, there is one class, a class is missing in training
            or validation, validation is given twice, a group is on both of its sides, a sampler
            has another ``n_bins``, or the estimator takes no weights and some are given.

        Warns
        -----
        UserWarning
            If meta-training is interrupted (Ctrl-C) after its first update; the members are then
            fitted with the policy learned so far. With several classes that ends the training for
            one of them; in worker processes (``n_jobs``) an interruption ends `fit` itself.
        """
        settings, sampler = cascade_settings(self), check_sampler(self)
        rng = check_random_state(self.random_state)
        self.classes_, tasks = make_tasks(
            self,
            X,
            y,
            rng,
            estimator=settings.estimator,
            needs_validation=isinstance(sampler, MetaSampler) or sampler == "search",
            sample_weight=sample_weight,
            groups=groups,
            X_val=X_val,
            y_val=y_val,
        )
        seeds = rng.randint(2**31 - 1, size=len(tasks))
        fitted = Parallel(n_jobs=self.n_jobs)(
            delayed(grow_ensemble)(task, settings, self.n_estimators, sampler, int(seed))
            for task, seed in zip(tasks, seeds, strict=True)
        )
        self._inverted = [task.inverted for task in tasks]
        return self._store(
            fitted, scored=len(tasks[0].rows_val) > 0, trained=not is_fitted(sampler)
        )

    def _store(self, fitted: list[Ensemble], *, scored: bool, trained: bool) -> Self:
        several = len(fitted) > 1

        def one_or_all(values: list[Any]) -> Any:
            return values if several else values[0]

        self.estimators_ = one_or_all([each.members for each in fitted])
        self.estimators_samples_ = one_or_all([each.subsets for each in fitted])
        self.states_ = np.array(one_or_all([each.states for each in fitted]))
        self.actions_ = np.array(one_or_all([each.actions for each in fitted]))
        scores = np.array(one_or_all([each.scores for each in fitted]))
        self.scores_ = scores if scored else None
        samplers = [each.sampler for each in fitted if each.sampler is not None]
        self.sampler_ = one_or_all(samplers) if samplers else None
        if samplers and trained:
            self.meta_history_ = one_or_all([sampler.meta_history_ for sampler in samplers])
        elif hasattr(self, "meta_history_"):
            del self.meta_history_  # of an earlier fit
        if fitted[0].searched is not None:
            self.search_scores_ = one_or_all([each.searched for each in fitted])
        elif hasattr(self, "search_scores_"):
            del self.search_scores_
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each class: the members' mean.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
            Features; NaN where the members take it, as trees do.

        Returns
        -------
        ndarray of float, shape (n_samples, n_classes)
            Probabilities, in the order of `classes_`.

        Raises
        ------
        ValueError
            If X is not valid or has other columns than in `fit`.
        """
        check_is_fitted(self)
        X = validate_table(self, X, reset=False, **TABLE)
        ensembles = [self.estimators_] if len(self.classes_) == 2 else self.estimators_
        columns = [
            1 - mean_proba(members, X) if inverted else mean_proba(members, X)
            for members, inverted in zip(ensembles, self._inverted, strict=True)
        ]
        if len(columns) == 1:
            return np.column_stack([1 - columns[0], columns[0]])
        proba = np.column_stack(columns)
        # Where every ensemble is sure of the rest, nothing tells the classes apart.
        proba[proba.sum(axis=1) == 0] = 1
        return proba / proba.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the most probable class.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
            Features; NaN where the members take it, as trees do.

        Returns
        -------
        ndarray, shape (n_samples,)
            Labels; the first of equals.

        Raises
        ------
        ValueError
            As `predict_proba`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = self.estimator is None or allows_nan(self.estimator)
        return tags
