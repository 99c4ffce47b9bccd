"""SemiJMISelector: selection by mutual information when labels are missing."""

from __future__ import annotations

from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils._param_validation import StrOptions

from .._core.labels import POS_LABEL, PartialLabels, known_seizure_class, seizure_class
from .._core.parameters import Interval
from .._core.validation import validate_table
from ._base import N_FEATURES_CONSTRAINT, DiscreteSelector, count_to_select
from ._criteria import CRITERIA
from ._greedy import LabelledTable, select
from ._surrogate import choose_surrogate, switching_threshold


class SemiJMISelector(DiscreteSelector):
    """Select columns by mutual information with two-class labels that are partly missing.

    Semi-JMI and Semi-MIM: unlabelled rows are all taken as negative, or all as positive, whichever
    leaves more information by a rule that needs no more than a guess of the positive class's share;
    then columns are selected as by `MutualInformationSelector`. With no label missing the two are
    the same.

    Parameters
    ----------
    criterion : {"jmi", "mim"}, default="jmi"
        Joint mutual information, or each column by itself; see `MutualInformationSelector`.
    n_features_to_select : int or float, default=0.5
        Number of columns, or their share in (0, 1], rounded down to at least one.
    n_bins : int or "auto", default="auto"
        Bins of a continuous column, 2 to 256. If "auto", 5 as in [1]_, which are cut further for a
        rare class of the surrogate labels; see `MutualInformationSelector`.
    strategy : {"quantile", "uniform"}, default="quantile"
        Bins of equal frequency, or of equal width as in [1]_. See the warning at
        `MutualInformationSelector`.
    prior : float, default=None
        The share of positives P(Y = 1) that is believed in, in (0, 1). None: the share among the
        labelled rows. (The code of [1]_ divides by all rows there, against its documentation.)
    missing : {"switch", "negative", "positive", "drop"}, default="switch"
        What unlabelled rows are taken as: what the rule says, one of the classes, or nothing, so
        that only labelled rows count.
    discrete_features : "auto", bool, or array-like, default="auto"
        Columns to be taken as they are, as a mask or indices; they must hold integers, at most 256
        distinct ones. If "auto", columns with at most ``n_bins`` (5) distinct values.
    pos_label : label, default=None
        The positive class, the seizure, which ``prior`` and ``missing`` speak of. If None, the
        labels must tell: see :ref:`seizure-class`. If they do not and neither parameter needs it,
        the larger class is the positive one.
    n_jobs : int, default=None
        Threads that columns are shared out to. The result does not depend on it.

    Attributes
    ----------
    surrogate_ : {"negative", "positive", "drop"}
        What unlabelled rows were taken as.
    phi_ : float
        The rule's threshold: a prior below it means "negative".
    prior_ : float
        The prior that was used. NaN where one class alone is labelled and no prior was given.
    ranking_ : ndarray of int, shape (n_selected,)
        Indices of the selected columns in the order of their selection.
    scores_ : ndarray of float, shape (n_selected,)
        Score of each of them at its step, in nat, with the surrogate labels.
    support_ : ndarray of bool, shape (`n_features_in_`,)
        The selected columns as a mask.
    bin_edges_ : list of ndarray, length `n_features_in_`
        Lower edges of each column's bins but its first, from all rows (``"drop"``: from labelled
        ones).
    classes_ : ndarray, shape (2,) or (1,)
        The labelled classes.
    n_features_in_ : int
        Columns seen in `fit`.
    feature_names_in_ : ndarray of str
        Their names, where `fit` was given a data frame.

    Raises
    ------
    ValueError
        For NaN or infinity in X, no labelled row, over two classes, more columns asked for than
        there are, or columns declared discrete that are not; if one class alone is labelled while
        ``prior`` is None, or the surrogate labels are all the same; and if ``prior`` or ``missing``
        speaks of the positive class and nothing tells which that is.

    See Also
    --------
    MutualInformationSelector : All criteria, any number of classes, every row labelled.

    Notes
    -----
    Labels pass the selector unchanged: a classifier behind it sees -1 too, and must know what that
    means (`sklearn.semi_supervised.SelfTrainingClassifier`), as must the scoring of a search.

    **The rule** [1]_. Of N rows p are labelled positive, n negative and m are unlabelled; pi is the
    prior. Be Y0 the labels with unlabelled rows taken as negative and Y1 as positive. Then

        use Y0 if pi < phi, else Y1, phi = sqrt(p (p + m)) / (sqrt(p (p + m)) + sqrt(n (n + m))).

    *Derivation.* If whether a row is labelled depends on its class only, p(x | Y0 = 1) =
    p(x | Y = 1), and to second order I(X; Y0) = kappa0 I(X; Y) with kappa0 = (1 - pi) / pi *
    q1 / (1 - q1), q1 = p / N. By symmetry I(X; Y1) = kappa1 I(X; Y) with kappa1 = pi / (1 - pi) *
    q0 / (1 - q0), q0 = n / N. Both keep the ranking of the columns; the one with the larger kappa
    has the larger effective sample. As q1 / (1 - q1) = p / (n + m) and q0 / (1 - q0) = n / (p + m),
    kappa0 > kappa1 if and only if ((1 - pi) / pi)**2 > n (n + m) / (p (p + m)), that is pi < phi.

    *What follows.* If labels are missing completely at random and the prior is true, the rule takes
    unlabelled rows as the more frequent class. With one class labelled they become the other one.
    Swapped labels select the same columns.

    **What to expect.** If labels are missing completely at random, dropping the unlabelled rows is
    at least as good: with the share f labelled it keeps kappa = f, and kappa0 = f (1 - pi) /
    (1 - f pi) is below f. The rule's gain is over the wrong surrogate, and on data where one class
    alone is labelled, or labelled at another rate than the other.

    References
    ----------
    .. [1] K. Sechidis and G. Brown, "Simple strategies for semi-supervised feature selection",
       Machine Learning 107, 357-395, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skseizure.feature_selection import SemiJMISelector
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> y[np.arange(len(y)) % 4 > 0] = -1
    >>> selector = SemiJMISelector(n_features_to_select=6, n_bins=5, strategy="uniform").fit(X, y)
    >>> selector.ranking_.tolist()
    [22, 21, 7, 27, 20, 26]
    >>> selector.surrogate_, round(selector.prior_, 3), round(selector.phi_, 3)
    ('positive', 0.65, 0.587)
    """

    _parameter_constraints: dict = {
        "criterion": [StrOptions({"jmi", "mim"})],
        "n_features_to_select": N_FEATURES_CONSTRAINT,
        **DiscreteSelector._parameter_constraints,
        "prior": [Interval(Real, 0, 1, closed="neither"), None],
        "missing": [StrOptions({"switch", "negative", "positive", "drop"})],
        "pos_label": POS_LABEL,
    }

    def __init__(
        self,
        criterion: Literal["jmi", "mim"] = "jmi",
        n_features_to_select: int | float = 0.5,
        n_bins: int | Literal["auto"] = "auto",
        strategy: Literal["quantile", "uniform"] = "quantile",
        *,
        prior: float | None = None,
        missing: Literal["switch", "negative", "positive", "drop"] = "switch",
        discrete_features: str | bool | ArrayLike = "auto",
        pos_label: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.criterion = criterion
        self.n_features_to_select = n_features_to_select
        self.n_bins = n_bins
        self.strategy = strategy
        self.prior = prior
        self.missing = missing
        self.discrete_features = discrete_features
        self.pos_label = pos_label
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> SemiJMISelector:
        """Choose the surrogate labels, discretise the columns and select among them.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features, continuous or discrete; any finite numbers.
        y : array-like, shape (n_samples,)
            Labels of two classes of any kind, for instance 0 and 1 or two strings, and -1, NaN or
            None where the label is missing (beside strings in an array of objects). A class that
            stands alone is the negative one if it is 0 or False, else the positive one, unless
            ``pos_label`` says otherwise.

        Returns
        -------
        SemiJMISelector
            Itself.
        """
        if y is None:
            raise ValueError(
                "SemiJMISelector requires y to be passed, but the target y is None; unlabelled "
                "rows are marked by -1."
            )
        features, labels = validate_table(self, X, y, partial_labels=True)
        rows, is_positive = self._surrogate(labels)
        surrogate = is_positive[rows].astype(np.intp)
        coded = self._discretise(features[rows], surrogate)
        table = LabelledTable(coded, surrogate, 2, self.n_jobs)
        n_select = count_to_select(self.n_features_to_select, table.n_features)
        self._keep(*select(table, CRITERIA[self.criterion], n_select))
        return self

    def _surrogate(self, labels: PartialLabels) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the rows to use and which rows count as positive."""
        positive = self._positive(labels)
        m = int(labels.unlabelled.sum())
        p = int(positive.sum())
        n = len(positive) - p - m
        a_class = labels.classes.tolist()[0]
        self.classes_ = labels.classes
        self.phi_ = switching_threshold(p, n, m)
        if self.prior is not None:
            self.prior_ = float(self.prior)
        elif p and n:
            self.prior_ = p / (p + n)
        elif m and self.missing == "switch":
            raise ValueError(
                f"y has one labelled class, {a_class!r}, beside {m} unlabelled rows (-1 "
                "or NaN), which says nothing about the prior. If -1 is a class of its own here, "
                "relabel it: y = np.where(y == -1, 0, 1). If the other class is not labelled, pass "
                "prior."
            )
        else:
            self.prior_ = float("nan")
        self.surrogate_ = choose_surrogate(self.missing, self.prior_, self.phi_)
        rows = ~labels.unlabelled if self.surrogate_ == "drop" else np.ones(p + n + m, dtype=bool)
        taken = labels.unlabelled if self.surrogate_ == "positive" else np.zeros_like(rows)
        is_positive = positive | taken
        if len(np.unique(is_positive[rows])) < 2:
            raise ValueError(
                f"y has one class, {a_class!r}, among the {p + n} labelled rows, and "
                f"missing={self.surrogate_!r} for the {m} unlabelled rows (-1 or NaN) adds no "
                "other; both classes are needed, or another missing. If -1 is a class of its own "
                "here, relabel it: y = np.where(y == -1, 0, 1)."
            )
        return rows, is_positive

    def _positive(self, labels: PartialLabels) -> NDArray[np.bool_]:
        """Return the rows that are labelled as positive."""
        classes: list[Any] = labels.classes.tolist()
        if not classes:
            raise ValueError(
                f"y: all {len(labels.codes)} rows are unlabelled (-1, NaN or None); rows of both "
                "classes are needed, or of one class together with prior."
            )
        if len(classes) > 2:
            shown = ", ".join(map(repr, classes[:5]))
            raise ValueError(
                f"y has {len(classes)} classes ({shown}{', ...' if len(classes) > 5 else ''}) "
                "beside the unlabelled rows; two are needed. MutualInformationSelector takes any "
                "number."
            )
        # With one class, or neither parameter, exchanging the two selects the same columns.
        matters = self.prior is not None or self.missing in ("negative", "positive")
        find = seizure_class if len(classes) == 2 and matters else known_seizure_class
        seizure = find(classes, self.pos_label)
        if seizure is None:
            seizure = classes[-1]
        return np.append([label == seizure for label in classes], False)[labels.codes]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # Two classes at most, which only the classifiers' tags can say.
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags
