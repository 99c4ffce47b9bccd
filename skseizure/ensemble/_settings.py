"""What the sampler and the ensemble have in common: parameters and the check of X and y."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._param_validation import StrOptions

from .._core.parameters import HasMethods, Interval, plain
from .._core.validation import refuse_continuous, validate_table
from ._cascade import CascadeSettings

ENSEMBLE_CONSTRAINTS: dict = {
    "estimator": [HasMethods(["fit", "predict_proba"]), None],
    "validation": [Interval(Real, 0, 1, closed="neither"), HasMethods(["split", "get_n_splits"])],
    "scoring": [StrOptions(set(get_scorer_names())), callable],
    "n_bins": [Interval(Integral, 2, None, closed="left")],
    "sigma": [Interval(Real, 0, None, closed="right")],
    "majority_ratio": [Interval(Real, 0, None, closed="neither")],
    "bootstrap_minority": ["boolean"],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
}


def cascade_settings(params: Any) -> CascadeSettings:
    """Return how an ensemble grows, from an estimator with the parameters above.

    Parameters
    ----------
    params : MetaSampler or MetaSamplerClassifier
        With these parameters.

    Returns
    -------
    CascadeSettings
        The settings.
    """
    estimator = DecisionTreeClassifier() if params.estimator is None else params.estimator
    return CascadeSettings(
        estimator,
        plain(params.n_bins),
        params.sigma,
        check_scoring(estimator, scoring=params.scoring),
        float(params.majority_ratio),
        params.bootstrap_minority,
    )


def check_table(estimator: Any, X: Any, y: Any) -> tuple[Any, NDArray, NDArray]:
    """Validate a table and its labels.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and, from a data frame, ``feature_names_in_``.
    X : array-like or sparse matrix, shape (n_samples, n_features)
        Features.
    y : array-like, shape (n_samples,)
        Labels.

    Returns
    -------
    X : ndarray or sparse matrix
        Of floats, not copied where it is one.
    y : ndarray
        Labels.
    classes : ndarray
        The different labels, sorted.

    Raises
    ------
    ValueError
        For NaN, infinity, another shape, or continuous labels.
    """
    X, y = validate_table(estimator, X, y, accept_sparse="csr", dtype=[np.float64, np.float32])
    refuse_continuous(y)
    return X, y, np.unique(y)
