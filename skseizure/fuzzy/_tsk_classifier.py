"""TSKClassifier: the supervised fuzzy system."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import _fit_context

from .._core.labels import refuse_unlabelled
from ._antecedents import firing_strengths
from ._base import FuzzyClassifier
from ._consequents import ConsequentProblem, Penalties


class TSKClassifier(FuzzyClassifier):
    """Classify by a Takagi-Sugeno-Kang fuzzy system of the first order.

    Rules "IF x is near c_r THEN the outputs are linear in x" share out the space of the features:
    fuzzy c-means places them, a rule fires by a Gaussian in each feature, and the outputs, one a
    class, are the means of the rules' linear functions, weighted by how strongly each fires. The
    largest output is the class.

    Parameters
    ----------
    n_rules : int, default=10
        Number of rules; [1]_ tries 5 to 30.
    alpha : float, default=1.0
        Ridge penalty on all consequents, constants included; [1]_ tries 1e-3 to 1e3. 0: none.
    fcm_fuzziness : "auto" or float, default="auto"
        Exponent of the memberships in the clustering, above 1. All centres may fall into one above
        the bound ``r / (r - 2)`` of [2]_, with ``r = min(n_distinct_rows, n_features - 1)``: the
        usual 2 does so from some ten features on, and the classifier turns into a linear one.
        ``"auto"`` is 1.1, or nine tenths of the way from 1 to the bound where that is less. Softer
        memberships, about 1.6 with six features, do better on patients unlike those of training.
    width_scale : "auto" or float, default="auto"
        Factor of the clusters' variances, above 0. ``"auto"``: the number of features, which equals
        the mean in place of the sum over features in the exponent of [3]_, so that many features
        do not leave one rule alone to fire: right for some hundred rows. Values of 1 to 3 draw
        sharper borders, which thousands of rows, or few features, can bear.
    subsample : int, default=20_000
        Most rows, drawn at random, that the rules are placed by; the consequents are learned from
        all. None: all rows.
    random_state : int, RandomState instance or None, default=None
        Start of the clustering, and the subsample.

    Attributes
    ----------
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
        For NaN, infinity or values beyond 1e100, one class, continuous labels, negative weights,
        or more rules than rows or ``subsample``.

    Warns
    -----
    UserWarning
        If the centres all but coincide, or there are fewer distinct rows than rules.
    scipy.linalg.LinAlgWarning
        If ``alpha`` leaves the normal equations singular; once a fit.

    See Also
    --------
    TSKClassifierCV : The same, which chooses its own parameters.
    SDASSLTSKClassifier : The same, also learning from unlabelled rows of another patient.
    export_rules : The rules as text.
    explain_sample : How they come to one decision.

    Notes
    -----
    Scale the features: the clustering is Euclidean, and the penalty is the same for all. A constant
    feature adds nothing to the distances from the rules; ``"auto"`` counts it as a feature.

    Every row needs a label. Where -1 stands for a missing one, as in ``sklearn.semi_supervised``,
    use `SDASSLTSKClassifier` or leave such rows out; -1 beside one other class is a class.

    With ``mu_r(x) = softmax_r(-sum_j (x_j - c_rj)**2 / (2 sigma_rj**2))`` and ``x_g`` the row
    (1, x) once for every rule, times mu_r, the outputs are ``P^T x_g`` and P is the ridge
    regression of the one-hot labels on x_g. `transform` returns x_g. Memberships and firing
    strengths are computed from logarithms, so that they sum to one in any number of features and
    at any distance.

    Integer weights equal repeated rows, and the order of the rows does not matter (both up to the
    subsample).

    The cost of `fit` is linear in the rows: O(n n_rules n_features) for each of up to 300 sweeps on
    the subsample, O(n p**2 + p**3) for the consequents with p = n_rules (n_features + 1), and
    p**2 numbers in memory. With fewer rows than p the same consequents come from the products of
    rows: O(n**2 n_features + n**3), and n**2 numbers. x_g is never held for more than a block of
    rows.

    References
    ----------
    .. [1] SDA-SSL-TSK-FS: subdomain adaptation, semi-supervised learning and a TSK fuzzy system for
       epileptic EEG ("the TSK paper"), doi:10.3233/JIFS-201673, section on the TSK fuzzy
       system.
    .. [2] J. Yu, Q. Cheng and H. Huang, "Analysis of the weighting exponent in the FCM", IEEE
       Trans. Syst. Man Cybern. B 34, 634-639, 2004.
    .. [3] Y. Cui, D. Wu and Y. Xu, "Curse of dimensionality for TSK fuzzy neural networks:
       explanation and solutions", arXiv:2102.04271, 2021.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skseizure.fuzzy import TSKClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), TSKClassifier(random_state=0))
    >>> bool(cross_val_score(model, X, y).mean() > 0.96)
    True
    """

    _parameter_constraints: dict = FuzzyClassifier._parameter_constraints

    def __init__(
        self,
        n_rules: int = 10,
        *,
        alpha: float = 1.0,
        fcm_fuzziness: float | Literal["auto"] = "auto",
        width_scale: float | Literal["auto"] = "auto",
        subsample: int | None = 20_000,
        random_state: int | RandomState | None = None,
    ) -> None:
        self.n_rules = n_rules
        self.alpha = alpha
        self.fcm_fuzziness = fcm_fuzziness
        self.width_scale = width_scale
        self.subsample = subsample
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> TSKClassifier:
        """Learn the rules.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features on comparable scales, finite.
        y : array-like, shape (n_samples,)
            Labels of two or more classes. -1 beside two other classes marks unlabelled rows, and
            is refused.
        sample_weight : array-like, shape (n_samples,), default=None
            How often each row counts, not below 0. None: once.

        Returns
        -------
        TSKClassifier
            Itself.
        """
        X, labels, weight = self._validate(X, y, sample_weight, partial=False)
        refuse_unlabelled(self, labels.classes)
        self._fit_antecedents(X, weight)
        firing = firing_strengths(X, self.centers_, self.sigmas_)
        problem = ConsequentProblem(
            X,
            firing,
            labels.codes,
            weight,
            np.zeros(len(X), dtype=bool),
            len(self.classes_),
            Penalties(self.alpha),
        )
        self._set_consequents(problem.supervised(), problem.rank, self.alpha)
        self._measure_support(firing, training=weight)
        return self
