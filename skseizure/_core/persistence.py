"""Store the version in saved estimators, warn if it differs on load; public names in files."""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING, Any

from .. import __version__

if TYPE_CHECKING:  # sub-packages that need no scikit-learn import this file, too
    from sklearn.base import BaseEstimator

KEY = "_skseizure_version"


def name_by_package(namespace: dict[str, Any], *others: str) -> None:
    """Set the ``__module__`` of a sub-package's classes and functions to the sub-package.

    pickle, joblib and skops write the ``__module__`` of a class into a file and import the class
    from there on loading. A class that names its private file could never move to another one.
    A sub-package calls this once, at the end of its ``__init__``.

    Parameters
    ----------
    namespace : dict
        The ``globals()`` of the sub-package. Names in ``__all__`` that it imports on first use
        are not changed; their file sets ``__module__`` itself.
    *others : str
        Names that are not in ``__all__`` but occur in saved estimators.
    """
    package = namespace["__name__"]
    for name in (*namespace["__all__"], *others):
        thing = namespace.get(name)
        file = getattr(thing, "__module__", "")
        if not file.startswith(f"{package}._"):
            continue  # a string, or another sub-package's
        parts = vars(thing).values() if inspect.isclass(thing) else ()
        # Methods too: doctest takes a method only from the module of its class.
        for part in (thing, *(getattr(part, "__func__", part) for part in parts)):
            if getattr(part, "__module__", None) == file:
                part.__module__ = package


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
    from sklearn.base import BaseEstimator

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
    from sklearn.base import BaseEstimator
    from sklearn.exceptions import InconsistentVersionWarning

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
    # A parameter that is newer than the file has its default.
    for name, parameter in inspect.signature(type(estimator)).parameters.items():
        if parameter.default is not parameter.empty:
            own.setdefault(name, parameter.default)
    BaseEstimator.__setstate__(estimator, own)
