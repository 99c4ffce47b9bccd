"""A Takagi-Sugeno-Kang classifier that chooses its own parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import StrOptions

from .._core.errors import prefix_errors
from .._core.groups import check_groups, group_folds
from .._core.labels import refuse_unlabelled
from .._core.parameters import Interval
from ._antecedents import Array, firing_strengths
from ._base import FuzzyClassifier, decisions, probabilities
from ._consequents import ConsequentProblem, Penalties
from ._left_out import leave_folds_out, leave_one_out
from ._tsk_classifier import TSKClassifier

# Groups are held out one by one up to here, and dealt into as many folds beyond.
MOST_FOLDS = 10


class TSKClassifierCV(FuzzyClassifier):
    """Classify by a Takagi-Sugeno-Kang fuzzy system that chooses its own parameters.

    The consequents of `TSKClassifier` are a ridge regression. All penalties can therefore be scored
    on rows left out at the cost of about one fit, for each number of rules and width that is tried:
    row by row in closed form, or group by group where groups are given.

    Parameters
    ----------
    n_rules : int or sequence of int, default=(5, 10, 20)
        Numbers of rules to try.
    alphas : int or sequence of float, default=20
        Ridge penalties to try, above 0. An int, at most 1000, is how many, evenly spaced on a
        logarithmic scale from 1e-3 to 1e3, the range of [1]_.
    fcm_fuzziness : "auto", float or sequence of these, default="auto"
        Exponents of the memberships to try, see `TSKClassifier`.
    width_scale : "auto", float or sequence of these, default=(1.0, 2.0, 4.0, "auto")
        Factors of the clusters' variances to try; ``"auto"`` is the number of features.
    scoring : str or callable, default="neg_log_loss"
        A scorer of scikit-learn by name, or ``scorer(classifier, X, y)``. It scores the outputs of
        all rows at once, each by a system that was learned without it; ``classifier`` gives its
        decisions, probabilities and predictions. Use ``"balanced_accuracy"`` or ``"roc_auc"`` where
        one class is rare and its rank or share found is what counts.
    subsample : int, default=20_000
        Most rows, drawn at random, that the rules are placed by. If None, all rows.
    random_state : int, RandomState instance or None, default=None
        Start of the clustering, and the subsample.

    Attributes
    ----------
    best_params_ : dict
        ``n_rules``, ``alpha``, ``fcm_fuzziness`` and ``width_scale`` that were chosen.
    best_score_ : float
        Their score on rows left out. As the best of many it flatters a little.
    cv_results_ : dict of str to list or ndarray
        ``"params"``: all settings, and ``"score"`` of each.
    centers_ : ndarray, shape (n_rules, n_features)
        Centres of the rules.
    sigmas_ : ndarray, shape (n_rules, n_features)
        Standard deviations of the Gaussian membership functions, after ``width_scale``.
    slopes_ : ndarray, shape (n_rules, n_features, n_classes)
        Slopes of the rules' outputs.
    intercept_ : ndarray, shape (n_rules, n_classes)
        Their constants.
    rule_support_ : dict of str to ndarray, shape (n_rules,)
        ``"training"``: mean firing strength of each rule over the training rows.
    rules_ : list of Rule
        The same, rule by rule, with terms such as Low and High.
    classes_ : ndarray, shape (n_classes,)
        The classes.
    fcm_fuzziness_ : float
        The exponent that was used.
    n_features_in_ : int
        Columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, where `fit` was given a data frame.

    Raises
    ------
    ValueError
        As `TSKClassifier`; also if nothing is given to try, or groups do not fit the rows or are
        fewer than two.

    See Also
    --------
    TSKClassifier : The same with given parameters.

    Notes
    -----
    *Patients.* Windows of one patient resemble one another. Left out row by row, they favour
    settings that fit the training patients closely and do worse on new ones. Pass ``groups=``, for
    example the patients. Each group is left out in turn; more than ten are dealt into ten folds of
    whole groups.

    A row is left out with all of its weight, so that integer weights equal repeated rows only where
    groups hold the copies together.

    The rules are placed once on all rows, without their labels, and the consequents alone are
    learned without the rows left out. Of settings with the same score, the first is chosen in the
    order of fewer rules, larger width, larger penalty.

    *Cost*, for each number of rules, exponent and width, with p = n_rules (n_features + 1):
    O(n p**2 + p**3 + n p n_alphas) row by row, and O(p**3) more for each fold of groups; as
    `TSKClassifier`, by rows in place of columns where these are fewer. The outputs of all rows are
    held for all penalties.

    References
    ----------
    .. [1] SDA-SSL-TSK-FS: subdomain adaptation, semi-supervised learning and a TSK fuzzy system for
       epileptic EEG ("the TSK paper"), doi:10.3233/JIFS-201673, section on the TSK fuzzy system.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.fuzzy import TSKClassifier, TSKClassifierCV
    >>> X = np.random.default_rng(0).normal(size=(800, 2))
    >>> y = (np.abs(X).sum(axis=1) > 1.6).astype(int)
    >>> model = TSKClassifierCV(random_state=0).fit(X[:400], y[:400])
    >>> plain = TSKClassifier(random_state=0).fit(X[:400], y[:400])
    >>> model.score(X[400:], y[400:]) >= plain.score(X[400:], y[400:])
    True
    >>> sorted(model.best_params_)
    ['alpha', 'fcm_fuzziness', 'n_rules', 'width_scale']
    """

    _parameter_constraints: dict = {
        **{
            name: [*FuzzyClassifier._parameter_constraints[name], "array-like"]
            for name in ("n_rules", "fcm_fuzziness", "width_scale")
        },
        "alphas": [Interval(Integral, 1, 1000, closed="both"), "array-like"],
        "scoring": [StrOptions(set(get_scorer_names())), callable],
        "subsample": FuzzyClassifier._parameter_constraints["subsample"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_rules: int | Sequence[int] = (5, 10, 20),
        *,
        alphas: int | Sequence[float] = 20,
        fcm_fuzziness: float | Literal["auto"] | Sequence[float | Literal["auto"]] = "auto",
        width_scale: float | Literal["auto"] | Sequence[float | Literal["auto"]] = (
            1.0,
            2.0,
            4.0,
            "auto",
        ),
        scoring: str | Callable[..., float] = "neg_log_loss",
        subsample: int | None = 20_000,
        random_state: int | RandomState | None = None,
    ) -> None:
        self.n_rules = n_rules
        self.alphas = alphas
        self.fcm_fuzziness = fcm_fuzziness
        self.width_scale = width_scale
        self.scoring = scoring
        self.subsample = subsample
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> TSKClassifierCV:
        """Choose the parameters and learn the rules.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features on comparable scales, finite.
        y : array-like, shape (n_samples,)
            Labels of two or more classes.
        sample_weight : array-like, shape (n_samples,), default=None
            How often each row counts, not below 0, in the fits and in the scores. If None, once.
        groups : array-like, shape (n_samples,), default=None
            Rows of the same group are left out together, for example those of a patient. If None,
            rows are left out one by one.

        Returns
        -------
        TSKClassifierCV
            Itself.
        """
        if groups is not None:
            groups = check_groups(groups, X)
        table, labels, weight = self._validate(X, y, sample_weight, partial=False)
        refuse_unlabelled(self, labels.classes)
        n_rules = sorted(set(self._tried("n_rules")))
        # Of equal scores the first counts: the one of the simpler system.
        scales = sorted(
            self._tried("width_scale"), key=lambda h: table.shape[1] if h == "auto" else h
        )[::-1]
        alphas = self._penalties()
        folds = None
        if groups is not None:
            rng = check_random_state(self.random_state)
            folds = group_folds(labels.codes, groups, MOST_FOLDS, rng, "groups")
        targets = np.eye(len(self.classes_))[labels.codes]
        scored = _LeftOut(self.classes_)
        scorer = check_scoring(scored, scoring=self.scoring)
        weights = {} if sample_weight is None else {"sample_weight": weight}
        params: list[dict[str, Any]] = []
        scores: list[float] = []
        for number, fuzziness in product(n_rules, self._tried("fcm_fuzziness")):
            clusters = self._cluster(table, weight, number, fuzziness)
            for scale in scales:
                firing = firing_strengths(table, clusters.centers, clusters.widths(scale))
                problem = table, firing, weight, targets, alphas
                if folds is None:
                    outputs = leave_one_out(*problem)
                else:
                    outputs = leave_folds_out(*problem, folds)
                for alpha, left_out in zip(alphas.tolist(), outputs, strict=True):
                    score = scorer(scored, left_out, self.classes_[labels.codes], **weights)
                    if score > max(scores, default=-np.inf):
                        best = clusters, firing
                    params.append(
                        {
                            "n_rules": number,
                            "alpha": alpha,
                            "fcm_fuzziness": fuzziness,
                            "width_scale": scale,
                        }
                    )
                    scores.append(score)
        self.cv_results_ = {"params": params, "score": np.array(scores)}
        first = int(np.argmax(scores))
        self.best_params_, self.best_score_ = params[first], scores[first]
        clusters, firing = best
        self._set_antecedents(clusters, self.best_params_["width_scale"])
        alpha = self.best_params_["alpha"]
        consequents = ConsequentProblem(
            table,
            firing,
            labels.codes,
            weight,
            np.zeros(len(table), dtype=bool),
            len(self.classes_),
            Penalties(alpha),
        )
        self._set_consequents(consequents.supervised(), consequents.rank, alpha)
        self._measure_support(firing, training=weight)
        return self

    def _tried(self, name: str) -> list[Any]:
        """Return the values of a parameter to try, each checked as one of `TSKClassifier`."""
        given = getattr(self, name)
        with prefix_errors(name):
            shape = np.shape(given)
        if not isinstance(given, (str, Real)) and (len(shape) != 1 or not shape[0]):
            raise ValueError(f"{name} is {given!r}; a value to try, or a list of them, is needed.")
        values = [given] if isinstance(given, (str, Real)) else list(given)
        for value in values:
            TSKClassifier().set_params(**{name: value})._validate_params()
        return list(dict.fromkeys(values))

    def _penalties(self) -> Array:
        """Return the penalties to try, the largest first."""
        if isinstance(self.alphas, Integral):
            return np.logspace(3, -3, int(self.alphas))
        with prefix_errors("alphas"):
            alphas = np.asarray(self.alphas, dtype=float)
        if alphas.ndim != 1 or not len(alphas) or not (np.isfinite(alphas) & (alphas > 0)).all():
            raise ValueError(f"alphas is {self.alphas!r}; finite numbers above 0 are needed.")
        return np.unique(alphas)[::-1]


class _LeftOut(ClassifierMixin, BaseEstimator):
    """A classifier whose rows are the outputs of a fuzzy system, for scikit-learn's scorers."""

    def __init__(self, classes: NDArray[Any]) -> None:
        self.classes_ = classes

    def decision_function(self, outputs: Array) -> Array:
        return decisions(outputs)

    def predict_proba(self, outputs: Array) -> Array:
        return probabilities(outputs)

    def predict(self, outputs: Array) -> NDArray[Any]:
        return self.classes_[outputs.argmax(axis=1)]
