"""FeatureNormalizer: every column to a quarter of its standard score."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._core.persistence import get_state, set_state
from .._core.validation import validate_table

_FLOATS = [np.float64, np.float32]


class FeatureNormalizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Bring each feature to ``(x - mean) / (4 sd)``, learned on the training data.

    This is Eq. 3 of the CNBC paper [1]_, which maps ``mean - 4 sd`` and ``mean + 4 sd`` to -1 and
    1. Values further out lie outside [-1, 1]; nothing is clipped.

    Attributes
    ----------
    mean_ : ndarray of float, shape (n_features,)
        Mean of each column.
    scale_ : ndarray of float, shape (n_features,)
        Four times the standard deviation (``ddof=0``) of each column; 4 where a column is constant.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str, shape (`n_features_in_`,)
        Column names, where `fit` was given a data frame.

    Raises
    ------
    ValueError
        For input that is not finite or of another width than at `fit`, and for a column whose
        variance is too large for a float.

    See Also
    --------
    sklearn.preprocessing.StandardScaler : Four times this.

    Notes
    -----
    A column that is constant in `fit`, up to rounding as in `StandardScaler`, becomes 0 there; what
    differs from it later is divided by 4.

    Float32 stays float32, computed in float64. Cost and memory are linear in the table.

    The paper seems to learn mean and deviation on all data, test data included; here they are
    learned on what `fit` is given, in a `Pipeline` the training folds.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince. Automated patient-specific classification of
       long-term electroencephalography. Journal of Biomedical Informatics 49:16-31, 2014, Eq. 3.

    Examples
    --------
    >>> from skseizure.features import FeatureNormalizer
    >>> table = [[0.0, 5.0], [2.0, 5.0], [4.0, 5.0], [6.0, 5.0]]
    >>> normalizer = FeatureNormalizer().fit(table)
    >>> normalizer.mean_.tolist(), normalizer.scale_.round(4).tolist()
    ([3.0, 5.0], [8.9443, 4.0])
    >>> normalizer.transform(table)[:, 0].round(4).tolist()
    [-0.3354, -0.1118, 0.1118, 0.3354]
    """

    __getstate__, __setstate__ = get_state, set_state

    _parameter_constraints: dict = {}

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn mean and standard deviation of each column.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Table of features.
        y : ignored
            Present for the interface.

        Returns
        -------
        self : FeatureNormalizer
            Fitted.
        """
        table: NDArray[np.floating] = validate_table(self, X, dtype=_FLOATS)
        with np.errstate(over="ignore", invalid="ignore"):
            scaler = StandardScaler().fit(table)
        wide = np.flatnonzero(~np.isfinite(scaler.var_))
        if wide.size:
            column = table[:, wide[0]]
            raise ValueError(
                f"X has columns of too wide a range, the first is column {wide[0]} with values "
                f"from {column.min():g} to {column.max():g}: their variance is not finite."
            )
        self.mean_, self.scale_ = scaler.mean_, 4.0 * scaler.scale_
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.floating]:
        """Normalise a table.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Table of features.

        Returns
        -------
        ndarray of float, shape (n_samples, n_features)
            Normalised copy.
        """
        table = self._check(X)
        with np.errstate(over="ignore"):
            out = ((table - self.mean_) / self.scale_).astype(table.dtype, copy=False)
        return self._finite(out)

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.floating]:
        """Undo `transform`.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Normalised table.

        Returns
        -------
        ndarray of float, shape (n_samples, n_features)
            Table of features.
        """
        table = self._check(X)
        with np.errstate(over="ignore"):
            out = (table * self.scale_ + self.mean_).astype(table.dtype, copy=False)
        return self._finite(out)

    def _finite(self, out: NDArray[np.floating]) -> NDArray[np.floating]:
        if not np.isfinite(out).all():
            column = int(np.argwhere(~np.isfinite(out))[0, 1])
            raise ValueError(
                f"X has values in column {column} too far from those seen in fit, of mean "
                f"{self.mean_[column]:g} and standard deviation {self.scale_[column] / 4:g}, for a "
                "finite result."
            )
        return out

    def _check(self, X: Any) -> NDArray[np.floating]:
        check_is_fitted(self)
        return validate_table(self, X, reset=False, dtype=_FLOATS)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
