"""MutualInformationSelector: greedy forward selection by a mutual-information criterion."""

from __future__ import annotations

from numbers import Real
from typing import Literal

from numpy.typing import ArrayLike
from sklearn.base import _fit_context
from sklearn.utils._param_validation import StrOptions

from .._core.parameters import Interval
from ._base import N_FEATURES_CONSTRAINT, DiscreteSelector, count_to_select
from ._criteria import CRITERIA
from ._greedy import select


class MutualInformationSelector(DiscreteSelector):
    """Select columns one by one by their mutual information with the labels.

    The columns are discretised; the first selected is that of the largest I(X_j; Y), and each
    further one is the best by the criterion beside the set S selected before it.

    .. warning::
       Do not combine a number of ``n_bins`` with ``strategy="uniform"`` on EEG. Amplitudes and
       powers have heavy tails: one bin of equal width then holds nearly all samples, and a
       log-normal feature typically keeps less than 5 % of its information. Bins of equal frequency
       do not change under strictly increasing transforms of a column.

    Parameters
    ----------
    criterion : {"mim", "mifs", "mrmr", "cife", "jmi", "jmim", "cmim", "disr", "icap"}, \
default="jmi"
        What is maximised, sums and minima running over X_k in S:

        - ``"mim"``: I(Xj;Y), each column by itself
        - ``"mifs"``: I(Xj;Y) - beta sum I(Xj;Xk)
        - ``"mrmr"``: I(Xj;Y) - mean I(Xj;Xk)
        - ``"cife"``: I(Xj;Y) - sum [I(Xj;Xk) - I(Xj;Xk|Y)]
        - ``"jmi"``: sum I(Xj,Xk;Y)
        - ``"jmim"``: min I(Xj,Xk;Y)
        - ``"cmim"``: min(I(Xj;Y), min I(Xj;Y|Xk))
        - ``"disr"``: sum I(Xj,Xk;Y) / H(Xj,Xk,Y)
        - ``"icap"``: I(Xj;Y) - sum max(0, I(Xj;Xk) - I(Xj;Xk|Y))

        JMI is the default: Brown et al. found it the best trade-off of accuracy and stability.
    n_features_to_select : int or float, default=0.5
        Number of columns, or their share in (0, 1], rounded down to at least one. The default is
        that of scikit-learn's `RFE`.
    n_bins : int or "auto", default="auto"
        Bins of a continuous column, 2 to 256. If "auto", 5 as in [2]_; where a class has fewer rows
        than a bin, these are cut further, up to 20, as the labels call for it, see Notes. About
        ``10 * n_bins**2 * n_classes`` samples or more keep the bias of the joint information small.
    strategy : {"quantile", "uniform"}, default="quantile"
        Bins of equal frequency, or of equal width as in [1]_ and [2]_.
    discrete_features : "auto", bool, or array-like, default="auto"
        Columns to be taken as they are, as a mask or indices; they must hold integers, at most 256
        distinct ones. If "auto", columns with at most ``n_bins`` (5) distinct values.
    beta : float, default=1.0
        Weight of the redundancy in MIFS, 1 as in FEAST; no other criterion uses it.
    n_jobs : int, default=None
        Threads that columns are shared out to. The result does not depend on it.

    Attributes
    ----------
    ranking_ : ndarray of int, shape (n_selected,)
        Indices of the selected columns in the order of their selection. (Not a rank for every
        column as in `RFE`: columns that were not selected have none.)
    scores_ : ndarray of float, shape (n_selected,)
        Score of each of them at its step, in nat (DISR: no unit); the first is I(X_j; Y).
    support_ : ndarray of bool, shape (`n_features_in_`,)
        The selected columns as a mask.
    bin_edges_ : list of ndarray, length `n_features_in_`
        Lower edges of each column's bins but its first: ``np.digitize(column, edges)`` is the bin.
    classes_ : ndarray
        The labels.
    n_features_in_ : int
        Columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, where `fit` was given a data frame.

    Raises
    ------
    ValueError
        For NaN or infinity, one class, continuous labels, more columns asked for than there are,
        or columns declared discrete that are not.

    See Also
    --------
    SemiJMISelector : The same for labels that are partly missing.
    FCBFSelector : By symmetrical uncertainty, without a fixed number.
    sklearn.feature_selection.mutual_info_classif : MIM by nearest neighbours.

    Warns
    -----
    UserWarning
        If ``n_bins`` is a number and bins hold over ten times the rows of the rarest class.

    Notes
    -----
    A value that as many rows share as a bin holds gets a bin to itself, so that what lies below and
    above it stays apart. For a rare class, ``n_bins="auto"`` cuts bins where the entropy of the
    labels falls by more than the cut costs to describe [3]_: with 1 % of positives, five bins of
    equal frequency see 29 % of the information in a column that tells the classes apart perfectly,
    and these bins see all of it. Columns that tell nothing of the labels keep their five bins.

    JMI has three forms that differ by a constant in j and give one ranking: the one above, ``sum
    I(Xj;Y|Xk)``, and ``I(Xj;Y) - mean [I(Xj;Xk) - I(Xj;Xk|Y)]``. (The second equation of the
    meta-sampler paper conditions on X_j where X_k is meant.)

    Scores within 1e-12 are equal, and of equal scores the first column is taken: of a column and
    its copy under other labels, the one further left.

    One step pairs the column selected last with the others: O(n_samples * n_features) time a step
    and, beside the codes (one byte a value), O(n_features + n_samples) memory. CMIM and JMIM skip
    pairs that cannot matter any more.

    The plug-in estimates are biased upwards, joint ones by about ``(n_bins**2 - 1) (n_classes - 1)
    / (2 n_samples)``; columns with as many bins share the bias.

    References
    ----------
    .. [1] G. Brown, A. Pocock, M.-J. Zhao and M. Lujan, "Conditional likelihood maximisation: a
       unifying framework for information theoretic feature selection", JMLR 13, 27-66, 2012.
    .. [2] K. Sechidis and G. Brown, "Simple strategies for semi-supervised feature selection",
       Machine Learning 107, 357-395, 2018.
    .. [3] U. M. Fayyad and K. B. Irani, "Multi-interval discretization of continuous-valued
       attributes for classification learning", IJCAI, 1022-1027, 1993.
    .. [4] M. Bennasar, Y. Hicks and R. Setchi, "Feature selection using joint mutual information
       maximisation", Expert Systems with Applications 42, 8520-8532, 2015 (JMIM).

    Examples
    --------
    The classes differ by the exclusive or of two columns, each of which tells nothing alone.

    >>> import numpy as np
    >>> from skseizure.feature_selection import MutualInformationSelector
    >>> rng = np.random.default_rng(0)
    >>> X = rng.integers(0, 2, size=(400, 6))
    >>> X[:, 0] |= rng.random(400) < 0.3
    >>> y = X[:, 0] ^ X[:, 4]
    >>> selector = MutualInformationSelector("jmi", n_features_to_select=2).fit(X, y)
    >>> selector.ranking_.tolist(), (selector.scores_ / np.log(2)).round(2).tolist()
    ([4, 0], [0.08, 1.0])
    """

    _parameter_constraints: dict = {
        "criterion": [StrOptions(set(CRITERIA))],
        "n_features_to_select": N_FEATURES_CONSTRAINT,
        **DiscreteSelector._parameter_constraints,
        "beta": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        criterion: Literal[
            "mim", "mifs", "mrmr", "cife", "jmi", "jmim", "cmim", "disr", "icap"
        ] = "jmi",
        n_features_to_select: int | float = 0.5,
        n_bins: int | Literal["auto"] = "auto",
        strategy: Literal["quantile", "uniform"] = "quantile",
        *,
        discrete_features: str | bool | ArrayLike = "auto",
        beta: float = 1.0,
        n_jobs: int | None = None,
    ) -> None:
        self.criterion = criterion
        self.n_features_to_select = n_features_to_select
        self.n_bins = n_bins
        self.strategy = strategy
        self.discrete_features = discrete_features
        self.beta = beta
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> MutualInformationSelector:
        """Discretise the columns and select among them.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features, continuous or discrete; any finite numbers.
        y : array-like, shape (n_samples,)
            Labels of two or more classes.

        Returns
        -------
        MutualInformationSelector
            Itself.
        """
        table = self._labelled_table(X, y)
        n_select = count_to_select(self.n_features_to_select, table.n_features)
        self._keep(*select(table, CRITERIA[self.criterion], n_select, self.beta))
        return self
