"""What both fuzzy classifiers share: antecedents from clusters, outputs, rules."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgWarning
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
)

from .._core.labels import PartialLabels, refuse_continuous
from .._core.parameters import Interval
from .._core.persistence import get_state, set_state
from .._core.validation import check_sample_weight, validate_table
from ._antecedents import (
    LARGEST,
    LEAST_SPREAD,
    Array,
    Clusters,
    automatic_fuzziness,
    center_spread,
    firing_strengths,
    fuzzy_c_means,
)
from ._consequents import consequent_features, outputs, rule_outputs
from ._labels import check_two_classes

# Largest fuzzifier that "auto" chooses. Near 1 the rules follow bent borders best, in any number of
# features; softer memberships carry over better to another domain (Bonn: .969 against .935).
FUZZINESS, TRANSFER_FUZZINESS = 1.1, 1.6


class FuzzyClassifier(ClassifierMixin, TransformerMixin, BaseEstimator):
    """Base of the Takagi-Sugeno-Kang classifiers."""

    __getstate__, __setstate__ = get_state, set_state

    _parameter_constraints: dict = {
        "n_rules": [Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "fcm_fuzziness": [StrOptions({"auto"}), Interval(Real, 1, 1e100, closed="neither")],
        "width_scale": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "subsample": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    def _validate(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, *, partial: bool
    ) -> tuple[Array, PartialLabels, Array]:
        """Check the training data and learn the classes; labels may be missing if ``partial``."""
        table, labels = validate_table(self, X, y, partial_labels=partial, dtype=np.float64)
        if (largest := np.abs(table).max()) > LARGEST:
            raise ValueError(
                f"X holds values up to {largest:.2g}; squares of such values overflow. Values "
                f"within {LARGEST:.0e} are needed: scale the features."
            )
        weight = check_sample_weight(sample_weight, table)
        with np.errstate(over="ignore"):
            # Room for sums over columns, and for rows on either side of zero.
            if not np.isfinite(1e4 * weight.sum() * max(largest, 1.0) ** 2):
                raise ValueError(
                    f"sample_weight holds up to {weight.max():.2g} and X up to {largest:.2g}; "
                    "weighted squares of such values overflow: scale the weights."
                )
        if not partial:
            refuse_continuous(labels)
            labels = PartialLabels(*np.unique(labels, return_inverse=True))
        check_two_classes(labels, weight > 0)
        self.classes_ = labels.classes
        return table, labels, weight

    def _fit_antecedents(
        self, X: Array, weight: Array, rows_are: str = "rows", *, transfer: bool = False
    ) -> None:
        """Learn ``centers_`` and ``sigmas_`` from the given rows, which messages call so.

        Rules that are to serve rows of another domain, too, are placed with softer memberships.
        """
        largest = TRANSFER_FUZZINESS if transfer else FUZZINESS
        clusters = self._cluster(X, weight, self.n_rules, self.fcm_fuzziness, largest, rows_are)
        self._set_antecedents(clusters, self.width_scale)

    def _cluster(
        self,
        X: Array,
        weight: Array,
        wanted: int,
        fuzziness: float | str,
        largest: float = FUZZINESS,
        rows_are: str = "rows",
    ) -> Clusters:
        """Place ``wanted`` rules on the given rows."""
        rng = check_random_state(self.random_state)
        rows = np.flatnonzero(weight > 0)
        if wanted > len(X):
            raise ValueError(
                f"n_rules is {wanted}, but there are n_samples={len(X)} {rows_are} to place "
                "rules on; at most as many rules as rows are needed."
            )
        if len(rows) == 0:
            raise ValueError(
                f"sample_weight is 0 for all {len(X)} {rows_are}; some are needed to place rules."
            )
        if self.subsample is not None and len(rows) > self.subsample:
            if self.subsample < wanted:
                raise ValueError(
                    f"subsample is {self.subsample}, but n_rules is {wanted}; at least as "
                    "many rows as rules are needed."
                )
            rows = np.sort(rng.choice(rows, self.subsample, replace=False))
        # Equal rows in one, in an order of their own: the rules depend neither on the order of
        # the rows nor on whether a row is repeated or weighted.
        distinct, inverse = np.unique(X[rows], axis=0, return_inverse=True)
        counts = np.zeros(len(distinct))
        np.add.at(counts, inverse.reshape(-1), weight[rows])
        n_rules = min(wanted, len(distinct))
        if n_rules < wanted:
            warnings.warn(
                f"n_rules is {wanted}, but X has {n_rules} distinct {rows_are}; as many "
                "rules are made.",
                stacklevel=5,
            )
        if fuzziness == "auto":
            fuzziness = automatic_fuzziness(len(distinct), X.shape[1], largest)
        fuzziness = float(fuzziness)
        centers, memberships = fuzzy_c_means(distinct, n_rules, fuzziness, counts, rng)
        return Clusters(distinct, counts, centers, memberships, fuzziness)

    def _set_antecedents(self, clusters: Clusters, width_scale: float | str) -> None:
        """Store the rules' centres and widths."""
        self.fcm_fuzziness_ = clusters.fuzziness
        self.centers_ = clusters.centers
        self.sigmas_ = clusters.widths(width_scale)
        spread = center_spread(clusters.rows, clusters.weight, clusters.centers)
        if len(self.centers_) > 1 and spread < LEAST_SPREAD:
            warnings.warn(
                f"The centres of the rules all but coincide: they spread by {spread:.2g} of the "
                f"data's standard deviation, and the classifier is close to a linear one. "
                f"fcm_fuzziness is {clusters.fuzziness:.3g}; 'auto' or a value nearer 1 is needed.",
                stacklevel=5,
            )

    def _set_consequents(self, P: Array, rank: int, alpha: float) -> None:
        """Store P, shape (n_rules * (n_features + 1), n_classes), rule by rule."""
        if rank < len(P):
            warnings.warn(
                f"alpha={alpha!r} leaves the normal equations singular or nearly so: their "
                f"rank is {rank} of {len(P)}. The solution of least norm is taken; raise alpha, "
                "scale the features or take fewer rules.",
                LinAlgWarning,
                stacklevel=4,
            )
        blocks = P.reshape(len(self.centers_), self.n_features_in_ + 1, -1)
        self.intercept_, self.slopes_ = blocks[:, 0].copy(), blocks[:, 1:].copy()

    def _measure_support(self, firing: Array, **weights: Array) -> None:
        """Store the mean firing strengths over each set of rows that has a weight."""
        self.rule_support_ = {
            name: np.average(firing, axis=0, weights=weight)
            for name, weight in weights.items()
            if weight.any()
        }

    def _consequents(self) -> Array:
        blocks = np.concatenate([self.intercept_[:, np.newaxis], self.slopes_], axis=1)
        return blocks.reshape(-1, len(self.classes_))

    def _check(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        return validate_table(self, X, reset=False, dtype=np.float64)

    def _class_outputs(self, X: ArrayLike) -> Array:
        X = self._check(X)
        firing = firing_strengths(X, self.centers_, self.sigmas_)
        return outputs(X, firing, self._consequents())

    @property
    def rules_(self) -> list[Any]:
        """The rules, each with its terms, its linear functions and how often it fires."""
        check_is_fitted(self)
        from skseizure.fuzzy._rules import rules_of

        return rules_of(self)

    def firing_strengths(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return how strongly each rule fires on each row.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray, shape (n_samples, n_rules)
            Above or equal to zero; rows sum to one.
        """
        return firing_strengths(self._check(X), self.centers_, self.sigmas_)

    def rule_outputs(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the linear functions of all rules, before the firing strengths weigh them.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray, shape (n_samples, n_rules, n_classes)
            ``intercept_ + x slopes_`` of each rule.
        """
        return rule_outputs(self._check(X), self._consequents(), len(self.centers_))

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the features that the consequents are linear in.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray, shape (n_samples, n_rules * (n_features + 1))
            Rule by rule: its firing strength, and the row times its firing strength.
        """
        X = self._check(X)
        return consequent_features(X, firing_strengths(X, self.centers_, self.sigmas_))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[Any]:
        """Return the names of what `transform` returns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns. None: those seen in `fit`, or ``x0``, ``x1``, ...

        Returns
        -------
        ndarray of str, shape (n_rules * (n_features + 1),)
            ``"rule0"`` for a firing strength, ``"rule0__x0"`` for a column times it.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return np.array(
            [
                name
                for r in range(len(self.centers_))
                for name in (f"rule{r}", *(f"rule{r}__{column}" for column in names))
            ],
            dtype=object,
        )

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the outputs of the fuzzy system.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray, shape (n_samples,) or (n_samples, n_classes)
            Two classes: the output for ``classes_[1]`` less that for ``classes_[0]``. More: one
            output a class.
        """
        return decisions(self._class_outputs(X))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of the largest output.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray, shape (n_samples,)
            Classes.
        """
        best = self._class_outputs(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities of the classes: the softmax of four times the outputs.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
            Rows sum to one; they rank as the outputs do.
        """
        return probabilities(self._class_outputs(X))


def decisions(F: Array) -> Array:
    """Return outputs in the form of scikit-learn's ``decision_function``."""
    return F[:, 1] - F[:, 0] if F.shape[1] == 2 else F


def probabilities(F: Array) -> Array:
    """Return probabilities that rank as the outputs do."""
    # The outputs run from 0 to 1, so that a margin of one half gives odds of e**2 (0.88).
    return softmax(4.0 * F, axis=1)
