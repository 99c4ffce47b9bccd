"""MetaUnderSampler: the sampling of the meta-sampler as a step of imbalanced-learn's pipelines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any, Literal, Self

import numpy as np
from imblearn.under_sampling.base import BaseUnderSampler
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import _safe_indexing, check_random_state

from .._core.groups import check_groups
from .._core.parameters import Interval
from .._core.persistence import get_state, set_state
from ._cascade import SHARED_CONSTRAINTS, cascade_settings, mean_proba
from ._growth import SAMPLER_CONSTRAINTS, check_sampler, grow_ensemble
from ._meta_sampler import MetaSampler
from ._sampling import draw_by_error
from ._task import DEFAULT_SHARE, make_task, make_validation


class MetaUnderSampler(BaseUnderSampler):
    """Undersample by the errors of an ensemble, near the error that a meta-sampler prefers.

    An ensemble grows as in `MetaSamplerClassifier`. Then rows of the larger class are drawn whose
    error under it is near an *action*: 1 draws the hardest rows, 0 the easiest. What follows in the
    pipeline, of any kind, is fitted on these and on the rows of the rarest class.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Rows to keep of each class, as everywhere in imbalanced-learn: "auto" keeps as many of each
        class as there are of the rarest; a float is the ratio of the two classes afterwards; a dict
        gives the number of each.
    sampler : {"learned", "search", "random"}, float or MetaSampler, default=0.9
        Source of the actions, see `MetaSamplerClassifier`. 0.9, near the hardest rows, is a good
        constant for trees; "learned" trains a `MetaSampler` at each call.
    estimator : classifier, default=None
        Member of the ensemble, with ``predict_proba``. If None, ``DecisionTreeClassifier()``.
    n_estimators : int, default=10
        Members.
    validation : float or splitter, default=None
        Share of the rows set apart for validation, or a splitter whose first split is taken. No
        member is fitted on them; they can be drawn all the same. If None, 0.2 if a sampler is to be
        learned, searched or used, else none.
    scoring : str or callable, default="average_precision"
        Score on the validation rows; label 1 is the rarest class.
    n_bins : int, default=5
        Bins of an error histogram; those of a given sampler.
    sigma : float, default=0.2
        Width of the preference around the action. ``numpy.inf`` is plain random undersampling.
    verbose : int, default=0
        If above 0, show a progress bar of the meta-training.
    random_state : int, RandomState instance or None, default=None
        Seed of all that is drawn.

    Attributes
    ----------
    sampling_strategy_ : dict
        Rows to keep of each class that is undersampled.
    sample_indices_ : ndarray of int, shape (n_samples_new,)
        Rows of X that were kept, ascending.
    actions_ : dict of label to float
        Action that the rows of each undersampled class were drawn with.
    samplers_ : dict of label to MetaSampler
        The samplers that were used; empty if none was.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, if X was a data frame.

    See Also
    --------
    MetaSamplerClassifier : The ensemble itself as a classifier, every member on rows of its own.
    imblearn.under_sampling.RandomUnderSampler : All rows alike.
    imblearn.under_sampling.InstanceHardnessThreshold : The rows that are easiest to classify.

    Notes
    -----
    A single resampled table is a step back from the ensemble of the paper, in which each member has
    a subset of its own. Use it to give a classifier that takes long to fit fewer rows, and compare
    it with random undersampling.

    More than two classes: each is undersampled by an ensemble of its own against the rarest class.

    The cost is that of the ensemble: ``n_estimators`` fits on small subsets, each followed by a
    prediction for all rows of the class.

    References
    ----------
    .. [1] M. Liu, J. Liu, M. Xu, Y. Liu, J. Li, W. Nie, Q. Yuan. Combining meta and ensemble
       learning to classify EEG for seizure detection. Scientific Reports 15:10755, 2025.

    Examples
    --------
    >>> from imblearn.pipeline import make_pipeline
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.svm import SVC
    >>> from skseizure.ensemble import MetaUnderSampler
    >>> X, y = make_classification(1000, weights=[0.9], class_sep=2, random_state=0)
    >>> model = make_pipeline(MetaUnderSampler(random_state=0), SVC()).fit(X, y)
    >>> len(model[0].sample_indices_), int(2 * y.sum())
    (204, 204)
    """

    __getstate__, __setstate__ = get_state, set_state

    _parameter_constraints: dict = {
        **BaseUnderSampler._parameter_constraints,
        **{
            name: SHARED_CONSTRAINTS[name]
            for name in (
                "estimator",
                "validation",
                "scoring",
                "n_bins",
                "sigma",
                "verbose",
                "random_state",
            )
        },
        "sampler": SAMPLER_CONSTRAINTS,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
    }

    # The ensemble's subsets are balanced and hold the rarest class as it is.
    majority_ratio, bootstrap_minority = 1.0, False

    def __init__(
        self,
        *,
        sampling_strategy: float | str | Mapping[Any, int] | Callable[..., Any] = "auto",
        sampler: Literal["learned", "search", "random"] | float | MetaSampler = 0.9,
        estimator: Any = None,
        n_estimators: int = 10,
        validation: Any = None,
        scoring: str | Callable[..., float] = "average_precision",
        n_bins: int = 5,
        sigma: float = 0.2,
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.sampler = sampler
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.validation = validation
        self.scoring = scoring
        self.n_bins = n_bins
        self.sigma = sigma
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Find how many rows of each class are to be kept; `fit_resample` does the work.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
            Features.
        y : array-like, shape (n_samples,)
            Labels.

        Returns
        -------
        MetaUnderSampler
            Itself.
        """
        return super().fit(X, y)

    def fit_resample(
        self, X: ArrayLike, y: ArrayLike, *, groups: ArrayLike | None = None
    ) -> tuple[Any, Any]:
        """Draw the rows that are kept.

        Parameters
        ----------
        X : array-like, data frame or sparse matrix, shape (n_samples, n_features)
            Features.
        y : array-like, shape (n_samples,)
            Labels of two or more classes.
        groups : array-like, shape (n_samples,), default=None
            Group of each row, such as the patient; none is on both sides of the validation split.

        Returns
        -------
        X_resampled : array-like, data frame or sparse matrix, shape (n_samples_new, n_features)
            The rows that are kept, of the kind of X.
        y_resampled : array-like, shape (n_samples_new,)
            Their labels.
        """
        return super().fit_resample(X, y, groups=groups)

    def _fit_resample(
        self, X: Any, y: NDArray, groups: ArrayLike | None = None
    ) -> tuple[Any, NDArray]:
        """Draw the rows; ``groups`` (such as patients) are kept on one side of validation."""
        rng = check_random_state(self.random_state)
        names = None if groups is None else check_groups(groups, X)
        settings, sampler = cascade_settings(self), check_sampler(self)
        classes, counts = np.unique(y, return_counts=True)
        rarest = classes[counts.argmin()]
        chooses = isinstance(sampler, MetaSampler) or sampler == "search"
        share = DEFAULT_SHARE if chooses and self.validation is None else self.validation
        kept = [np.flatnonzero(~np.isin(y, list(self.sampling_strategy_)))]
        self.actions_: dict[Any, float] = {}
        self.samplers_: dict[Any, MetaSampler] = {}
        for label, wanted in self.sampling_strategy_.items():
            rows = np.flatnonzero(y == label)
            if label == rarest:
                kept.append(rng.choice(rows, wanted, replace=False))
                continue
            pair = np.flatnonzero((y == label) | (y == rarest))
            table, target = X[pair], y[pair]
            of_pair = None if names is None else names[pair]
            split = make_validation(table, target, np.unique(target), share, rng, groups=of_pair)
            task = make_task(table, target, rarest, split, None)
            seed = int(rng.randint(2**31 - 1))
            grown = grow_ensemble(task, settings, self.n_estimators, sampler, seed)
            errors = mean_proba(grown.members, X[rows])
            if task.inverted:  # as many rows of either class
                errors = 1 - errors
            draws = np.random.default_rng(rng.randint(2**31 - 1))
            drawn = draw_by_error(errors, grown.next_action, settings.sigma, wanted, draws)
            kept.append(rows[drawn])
            self.actions_[label] = grown.next_action
            if grown.sampler is not None:
                self.samplers_[label] = grown.sampler
        self.sample_indices_ = np.sort(np.concatenate(kept))
        return _safe_indexing(X, self.sample_indices_), _safe_indexing(y, self.sample_indices_)

    def _more_tags(self) -> dict[str, Any]:
        return {"X_types": ["2darray", "sparse", "dataframe"], "sample_indices": True}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        return tags
