"""SDASSLTSKClassifier: the fuzzy system that adapts to unlabelled rows of another domain."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Literal

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.base import _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Options, StrOptions

from .._core.labels import warn_if_nothing_is_missing
from .._core.parameters import Interval
from ._antecedents import firing_strengths
from ._base import FuzzyClassifier
from ._consequents import ROUNDING, ConsequentProblem, Penalties
from ._labels import check_domain


class SDASSLTSKClassifier(FuzzyClassifier):
    """Classify by a fuzzy system that transfers to unlabelled rows of another domain.

    Learns the rules of `TSKClassifier` from labelled rows of one domain, say the patients whose
    seizures an expert has marked, together with unlabelled rows of another, a new patient.
    Subdomain adaptation (SDA) draws the outputs of each class together between the domains;
    semi-supervised learning (SSL) clusters the outputs of unlabelled rows at the classes. With
    neither unlabelled rows nor domains it is `TSKClassifier`, to the bit.

    Parameters
    ----------
    n_rules : int, default=10
        Number of rules; [1]_ tries 5 to 30.
    alpha : float, default=1.0
        Ridge penalty on all consequents, constants included; [1]_ calls it lambda_1 and tries 1e-3
        to 1e3, of which 0.1 to 10 serve. 0: none.
    lambda_da : float, default=1.0
        Weight of the adaptation, lambda_2 of [1]_. 0: none. At 10 and more, wrong soft labels are
        drawn together, too.
    lambda_ssl : float, default=1.0
        Weight of the label clustering, lambda_3 of [1]_. 0: none.
    fuzzy_index : float, default=2.0
        Exponent m of the soft labels, above 1; [1]_ tries 1.1 to 2.5. Towards 1 labels get hard.
    balance : float, default=1.0
        Share of the discrepancy class by class (LMMD), in [0, 1]; the rest is that of the domains
        as wholes (MMD), eta of [1]_. The first does not mind if seizures are rarer in one domain.
    antecedents : {"joint", "source"}, default="joint"
        Rows that the rules are placed by: all, or those of the source. Try ``"source"`` where
        ``rule_overlap_`` is low: rules that belong to one domain alone carry nothing over.
    fcm_fuzziness : "auto" or float, default="auto"
        Exponent of the memberships in the clustering, above 1. ``"auto"``: as in `TSKClassifier`,
        but up to 1.6 where rules are placed on two domains, which softer ones serve better.
    width_scale : "auto" or float, default="auto"
        Factor of the clusters' variances, above 0; ``"auto"``: the number of features.
    subsample : int, default=20_000
        Most rows, drawn at random, that the rules are placed by; the consequents are learned from
        all. None: all rows.
    unlabeled_label : -1 or None, default=-1
        The label of unlabelled rows; with -1, NaN and None in ``y`` mean unlabelled, too. If None,
        every row is labelled, and -1 is a class.
    max_iter : int, default=200
        Most rounds of alternation between consequents and soft labels. Some ten are the rule
        between sets of Bonn; between patients of CHB-MIT one fit in eight needs more than 50, and
        one in three hundred more than 200.
    tol : float, default=1e-4
        Stop when no soft label changes by more. 0: when only rounding changes them (1e-12).
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
    transduction_ : ndarray, shape (n_samples,)
        Labels of the training rows: given ones, or the class of the largest output.
    label_distributions_ : ndarray, shape (n_samples, n_classes)
        Soft labels of the training rows; 0 and 1 where labels are given.
    n_iter_ : int
        Rounds of alternation; 1 also where there is nothing to alternate.
    rule_support_ : dict of str to ndarray, shape (n_rules,)
        ``"source"`` and ``"target"``: mean firing strength of each rule over the domain's rows.
    rule_overlap_ : float or None
        Sum over the rules of the smaller of the two, from 0 (no rule serves both domains) to 1.
        None with one domain.
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
        For NaN, infinity or values beyond 1e100, no labelled row, one class among the labelled
        rows, continuous labels, "-1" among strings, negative weights, a domain without rows, or
        more rules than rows (of the source, where these place the rules) or ``subsample``.

    Warns
    -----
    sklearn.exceptions.ConvergenceWarning
        If the soft labels did not settle in ``max_iter`` rounds.
    UserWarning
        If the centres all but coincide, there are fewer distinct rows than rules, or no row is
        unlabelled although ``unlabeled_label`` is -1 and no ``sample_domain`` is given.
    scipy.linalg.LinAlgWarning
        If ``alpha`` leaves the normal equations singular; once a fit.

    See Also
    --------
    TSKClassifier : The supervised fuzzy system.
    export_rules : The rules as text.
    skseizure.model_selection.LabelledTestSplit : Tests on labelled rows only, for `GridSearchCV`.

    Notes
    -----
    Scale the features, over both domains at once: ``make_pipeline(StandardScaler(),
    SDASSLTSKClassifier())``. Scaling each domain by itself is a strong baseline where domains
    differ by a map of the features alone, and harmful where one has more seizures than the other.

    **Objective.** In the symbols of `TSKClassifier`, with G_L and G_U the rows x_g of labelled and
    unlabelled rows, Y the one-hot labels, U the soft labels, S the weights s and n the numbers of
    rows (sums of weights),

        J = 1/2 ||S^(1/2) (G_L P - Y)||^2 + alpha/2 ||P||^2
          + lambda_da n_L/2 tr(P^T Omega P)
          + lambda_ssl n_L/(2 n_U) sum_jc s_j u_jc^m ||P^T x_g,j - e_c||^2.

    Omega = balance / C' sum_c q_c q_c^T + (1 - balance) q q^T, with q_c the difference between the
    domains' means of x_g, weighted by the memberships in class c, for the C' classes that both
    have, and q that of all rows. tr(P^T Omega P) is the LMMD of [2]_ with a linear kernel on the
    outputs (or, at balance 0, the MMD of [3]_), the last term fuzzy c-means in the space of the
    outputs with the corners e_c for centres. Its weights u^m make little of rows between the
    classes.

    **Alternation.** For given U, P solves linear equations; for given P, U is the softmax of
    ``-log ||P^T x_g - e_c||^2 / (m - 1)``. It starts from the labelled rows alone. As Omega is
    taken from the last U, J need not fall in every round; the soft labels settle all the same, and
    where ``max_iter`` suffices, a larger one changes nothing. Labelled rows of the target and
    unlabelled ones of the source, where ``sample_domain`` tells of such, enter the terms that their
    label and their domain call for.

    **Cost.** That of `TSKClassifier`, and O(n_U p**2 + p**3) a round; at ``lambda_ssl=0``
    O(n_U p + p**3). With fewer rows than p a round takes O(n**2 n_features + n**3).

    **What to expect.** The method gains where the target is a shifted source with the same concept.
    Where the rules split by domain (``rule_overlap_`` low) or ``lambda_da`` is large, it may do
    worse than no transfer at all; labels of the source tell nothing of lambda_da and lambda_ssl, so
    keep a few labelled rows of the target to compare.

    References
    ----------
    .. [1] SDA-SSL-TSK-FS: subdomain adaptation, semi-supervised learning and a TSK fuzzy system for
       epileptic EEG ("the TSK paper"), sections on the method and its settings. Its equations are
       not printed in the source at hand; the objective above is derived from its text.
    .. [2] Y. Zhu et al., "Deep subdomain adaptation network for image classification", IEEE Trans.
       Neural Netw. Learn. Syst. 32, 1713-1722, 2020, equations 5 to 8.
    .. [3] B. Quanz and J. Huan, "Large margin transductive transfer learning", CIKM 2009.

    Examples
    --------
    The moons of a new patient are turned by 30 degrees, and unlabelled.

    >>> import numpy as np
    >>> from sklearn.datasets import make_moons
    >>> from skseizure.fuzzy import SDASSLTSKClassifier, TSKClassifier
    >>> X, y = make_moons(400, noise=0.1, random_state=0)
    >>> target = np.arange(400) >= 200
    >>> turn = np.array([[0.866, 0.5], [-0.5, 0.866]])
    >>> X[target] = (X[target] - [0.5, 0.25]) @ turn + [0.5, 0.25]
    >>> partial = np.where(target, -1, y)
    >>> model = SDASSLTSKClassifier(random_state=0).fit(X, partial)
    >>> print(f"{(model.transduction_ == y)[target].mean():.2f}, {model.n_iter_} rounds")
    0.99, 7 rounds
    >>> alone = TSKClassifier(random_state=0).fit(X[~target], y[~target])
    >>> print(f"{alone.score(X[target], y[target]):.2f}")
    0.94
    """

    _parameter_constraints: dict = {
        **FuzzyClassifier._parameter_constraints,
        "lambda_da": [Interval(Real, 0, None, closed="left")],
        "lambda_ssl": [Interval(Real, 0, None, closed="left")],
        "fuzzy_index": [Interval(Real, 1, None, closed="neither")],
        "balance": [Interval(Real, 0, 1, closed="both")],
        "antecedents": [StrOptions({"joint", "source"})],
        "unlabeled_label": [Options(Integral, {-1}), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        n_rules: int = 10,
        *,
        alpha: float = 1.0,
        lambda_da: float = 1.0,
        lambda_ssl: float = 1.0,
        fuzzy_index: float = 2.0,
        balance: float = 1.0,
        antecedents: Literal["joint", "source"] = "joint",
        fcm_fuzziness: float | Literal["auto"] = "auto",
        width_scale: float | Literal["auto"] = "auto",
        subsample: int | None = 20_000,
        unlabeled_label: int | None = -1,
        max_iter: int = 200,
        tol: float = 1e-4,
        random_state: int | RandomState | None = None,
    ) -> None:
        self.n_rules = n_rules
        self.alpha = alpha
        self.lambda_da = lambda_da
        self.lambda_ssl = lambda_ssl
        self.fuzzy_index = fuzzy_index
        self.balance = balance
        self.antecedents = antecedents
        self.fcm_fuzziness = fcm_fuzziness
        self.width_scale = width_scale
        self.subsample = subsample
        self.unlabeled_label = unlabeled_label
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        sample_domain: ArrayLike | None = None,
    ) -> SDASSLTSKClassifier:
        """Learn the rules from labelled and unlabelled rows.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features on comparable scales, of both domains.
        y : array-like, shape (n_samples,)
            Labels of two or more classes; -1, NaN or None where the label is missing (beside
            strings in an array of objects), unless ``unlabeled_label`` is None.
        sample_weight : array-like, shape (n_samples,), default=None
            How often each row counts, not below 0. None: once.
        sample_domain : array-like of int, shape (n_samples,), default=None
            Above 0: source; below 0: target. None: labelled rows are the source, unlabelled ones
            the target.

        Returns
        -------
        SDASSLTSKClassifier
            Itself.
        """
        partial = self.unlabeled_label is not None
        X, labels, weight = self._validate(X, y, sample_weight, partial=partial)
        if partial and sample_domain is None:
            warn_if_nothing_is_missing(
                self, labels, "pass unlabeled_label=None or take TSKClassifier"
            )
        unlabelled = labels.unlabelled
        is_target = unlabelled if sample_domain is None else check_domain(sample_domain, len(X))
        two_domains = bool((weight[is_target] > 0).any() and (weight[~is_target] > 0).any())
        if self.antecedents == "source":
            self._fit_antecedents(X[~is_target], weight[~is_target], "source rows")
        else:
            self._fit_antecedents(X, weight, transfer=two_domains)
        firing = firing_strengths(X, self.centers_, self.sigmas_)
        problem = ConsequentProblem(
            X,
            firing,
            labels.codes,
            weight,
            is_target,
            len(self.classes_),
            Penalties(
                self.alpha,
                self.lambda_da if two_domains else 0.0,
                self.lambda_ssl,
                self.fuzzy_index,
                self.balance,
            ),
        )
        P, U, n_iter, change = problem.alternate(self.max_iter, self.tol)
        if n_iter == self.max_iter and change > max(self.tol, ROUNDING):
            warnings.warn(
                f"The soft labels did not settle in max_iter={self.max_iter} rounds: the last one "
                f"changed them by up to {change:.2g}, tol is {self.tol:.2g}. Raise max_iter or "
                "tol.",
                ConvergenceWarning,
                stacklevel=3,
            )
        self._set_consequents(P, problem.rank, self.alpha)
        self.n_iter_ = max(n_iter, 1)
        self.label_distributions_ = np.eye(len(self.classes_))[labels.codes]
        self.label_distributions_[unlabelled] = U
        self.transduction_ = self.classes_[self.label_distributions_.argmax(axis=1)]
        sides = {"source": weight * ~is_target, "target": weight * is_target}
        self._measure_support(firing, **sides)
        self.rule_overlap_ = None
        if two_domains:
            firing_of = self.rule_support_
            self.rule_overlap_ = float(np.minimum(firing_of["source"], firing_of["target"]).sum())
        return self
