"""What tells that another version of skseizure saved an estimator."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.exceptions import InconsistentVersionWarning

from .. import __version__

KEY = "_skseizure_version"


def get_state(estimator: BaseEstimator) -> dict[str, Any]:
    """Return what is saved of an estimator: its attributes and the version of skseizure.

    An estimator class takes it as its ``__getstate__``, beside `set_state`. scikit-learn does so
    for its own classes alone. pickle, joblib and skops all ask for the state in this way.

    Parameters
    ----------
    estimator : BaseEstimator
        What is saved.

    Returns
    -------
    dict
        Its state.
    """
    return {**BaseEstimator.__getstate__(estimator), KEY: __version__}


def set_state(estimator: BaseEstimator, state: dict[str, Any]) -> None:
    """Restore an estimator; the ``__setstate__`` of a class whose ``__getstate__`` is `get_state`.

    Parameters
    ----------
    estimator : BaseEstimator
        New and empty.
    state : dict
        Its state.

    Warns
    -----
    InconsistentVersionWarning
        If another version of skseizure saved it, or none is named.
    """
    version = state.get(KEY, "(unknown)")
    if version != __version__:
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=type(estimator).__name__,
                current_sklearn_version=f"skseizure {__version__}",
                original_sklearn_version=f"skseizure {version}",
            ),
            stacklevel=2,
        )
    own = {name: value for name, value in state.items() if name != KEY}
    BaseEstimator.__setstate__(estimator, own)
