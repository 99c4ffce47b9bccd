"""What is inside a fitted estimator, and whether compiled code may follow its numbers.

Python and numpy look where they reach. Compiled code of decision trees, of boosting, of support
vector machines and of evolved networks goes where its numbers say, out of its memory if they are
forged, so these are checked one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
from sklearn.isotonic import IsotonicRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.tree._tree import Tree

from ..evolution import EvolvedMLPClassifier
from ._contents import UnknownParts, is_known

PLAIN = (type(None), str, bool, int, float, np.generic, np.dtype, slice)
RANDOM = (np.random.RandomState, np.random.Generator)
MAX_UNITS = 10**6
TYPES = (str, bool, int, float, np.generic)


def parts(thing: Any) -> Iterator[tuple[Any, Any]]:
    """Yield everything that an estimator holds, at any depth, each with what holds it.

    A part that is held in several places is yielded for each of them, and looked into once.
    """
    seen: set[int] = set()
    todo = [(thing, None)]
    while todo:
        part, holder = todo.pop()
        yield part, holder
        if id(part) not in seen:
            seen.add(id(part))
            todo.extend((inside, part) for inside in _inside(part))


def _inside(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return [*part, *part.values()]
    if isinstance(part, (list, tuple, set)) or _holds_objects(part):
        return list(part)
    if isinstance(part, (*PLAIN, *RANDOM, type, np.ndarray)) or hasattr(part, "__name__"):
        return []
    if isinstance(part, IsotonicRegression):  # f_ is made from the rest, also on loading
        return [value for name, value in vars(part).items() if name != "f_"]
    return list(getattr(part, "__dict__", {}).values())


def _holds_objects(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.hasobject and part.ndim > 0


def estimators(thing: Any) -> list[BaseEstimator]:
    """Return all estimators inside an estimator, itself among them, each once."""
    found = {id(part): part for part, _ in parts(thing) if isinstance(part, BaseEstimator)}
    return list(found.values())


def forget_machine(estimator: Any) -> None:
    """Leave out what belongs to the machine that trained: its stores, threads and progress bars."""
    for part in estimators(estimator):
        for name in ("memory", "n_jobs"):
            if hasattr(part, name):
                setattr(part, name, None)
        if isinstance(verbose := getattr(part, "verbose", None), int):
            part.verbose = type(verbose)(0)  # some take only True and False


@contextmanager
def threads(estimator: Any, n_jobs: int | None) -> Iterator[None]:
    """Set ``n_jobs`` of all parts for a while."""
    before = [(part, part.n_jobs) for part in estimators(estimator) if hasattr(part, "n_jobs")]
    try:
        for part, _ in before:
            part.n_jobs = n_jobs
        yield
    finally:
        for part, value in before:
            part.n_jobs = value


def check_parts(thing: Any, trusted: Sequence[str] = ()) -> None:
    """Refuse an estimator that holds what it should not, or whose numbers lead astray.

    Parameters
    ----------
    thing : object
        What a file held.
    trusted : sequence of str
        Names of classes and functions of the user's own, which are not looked into.

    Raises
    ------
    ValueError
        If a part is of no known type, a parameter is out of range, a store of intermediate results
        is named, or compiled code would be led out of its memory.
    """
    for part, holder in parts(thing):
        if type(part) is Tree:
            _check_tree(part, holder)
        elif not _is_harmless(part, trusted):
            raise UnknownParts([_name_of(part)])
        elif isinstance(part, BaseEstimator) and _name_of(part) not in trusted:
            _check_estimator(part)


def _is_harmless(part: Any, trusted: Sequence[str]) -> bool:
    if isinstance(part, np.ndarray):
        return not part.dtype.hasobject or all(isinstance(item, PLAIN) for item in part.flat)
    if isinstance(part, (*PLAIN, *RANDOM, dict, list, tuple, set)):
        return True
    if isinstance(part, type) and issubclass(part, TYPES):
        return True
    name = _name_of(part)
    return name in trusted or (not isinstance(part, type) and is_known(name))


def _name_of(part: Any) -> str:
    if not isinstance(part, BaseEstimator) and hasattr(part, "__name__"):  # functions and classes
        return f"{part.__module__}.{part.__name__}"
    return f"{type(part).__module__}.{type(part).__qualname__}"


def _check_estimator(part: Any) -> None:
    if getattr(part, "memory", None) is not None:
        raise ValueError(
            f"{type(part).__name__} has memory={part.memory!r}; a model file must not name files "
            "to read."
        )
    if hasattr(part, "_parameter_constraints"):
        part._validate_params()
    classes = getattr(part, "classes_", None)
    if isinstance(classes, np.ndarray) and not np.array_equal(classes, np.unique(classes)):
        raise ValueError(
            f"the classes of {type(part).__name__} are {classes}; they are not sorted."
        )
    for kind, check in CHECKS.items():
        if isinstance(part, kind):
            check(part)
    if type(part).__module__ == "skseizure.moe" and hasattr(part, "network_params_"):
        _check_mixture(part)  # by its name: the class itself needs torch


def _check_tree(tree: Tree, holder: Any) -> None:
    """Refuse a tree whose indices lead out of it or in circles, which scikit-learn follows."""
    left, right = tree.children_left, tree.children_right
    _check_nodes(left, right, (left == -1) & (right == -1), tree.feature, tree.n_features)
    if not np.isfinite(tree.threshold).all() or not np.isfinite(tree.value).all():
        raise ValueError("a tree in it holds numbers that are not finite.")
    if tree.n_outputs != 1:
        raise ValueError("a tree in it is not of one output.")
    if getattr(holder, "n_features_in_", None) != tree.n_features:
        raise ValueError(f"a tree in it of {tree.n_features} features is held by one of another.")


def _check_nodes(
    left: NDArray, right: NDArray, leaf: NDArray, feature: NDArray, n_features: int
) -> None:
    node = np.arange(len(left))
    inner = (feature >= 0) & (feature < n_features)
    for child in (left, right):
        inner &= (node < child) & (child < len(left))
    if not len(left) or not (leaf | inner).all():
        raise ValueError("a tree in it has nodes or features out of range.")


def _check_grown(part: Any) -> None:
    """Refuse a classifier of trees whose trees and classes do not go together."""
    if not hasattr(part, "classes_"):
        return
    n = len(part.classes_)
    if part.n_outputs_ != 1 or part.n_classes_ != n:
        raise ValueError(f"{type(part).__name__} is not of one output and {_count(n)} classes.")
    if not isinstance(part, DecisionTreeClassifier):
        if not part.estimators_:
            raise ValueError(f"{type(part).__name__} has no trees.")
        return
    value = part.tree_.value
    if value.shape[1:] != (1, n) or (value < 0).any() or not np.allclose(value.sum(axis=2), 1):
        raise ValueError(f"a tree in it gives no probabilities of {_count(n)} classes.")


def _count(n: int) -> str:
    return {2: "two"}.get(n, str(n))


def _check_boosting(part: HistGradientBoostingClassifier) -> None:
    for row in getattr(part, "_predictors", ()):
        for predictor in row:
            if type(predictor) is not TreePredictor:
                raise ValueError(f"a tree of {type(part).__name__} is none.")
            nodes = predictor.nodes
            if not isinstance(nodes, np.ndarray) or nodes.dtype != PREDICTOR_RECORD_DTYPE:
                raise ValueError("a tree in it has nodes of another kind.")
            # Signed: a child beyond the largest must not come out below zero.
            left, right = nodes["left"].astype(np.int64), nodes["right"].astype(np.int64)
            leaf = nodes["is_leaf"] == 1
            _check_nodes(left, right, leaf, nodes["feature_idx"], part.n_features_in_)
            if nodes["is_categorical"].any():
                raise ValueError("a tree in it splits by categories; only numbers are loaded.")
            if not np.isfinite(nodes["value"]).all():
                raise ValueError("a tree in it holds numbers that are not finite.")


def _check_vectors(part: SVC) -> None:
    vectors = getattr(part, "support_vectors_", None)
    if vectors is None:
        return
    counts, n = part._n_support, len(vectors)
    n_pairs = len(part.classes_) * (len(part.classes_) - 1) // 2
    shapes = {
        "support_vectors_": (n, part.n_features_in_),
        "support_": (n,),
        "_n_support": (len(part.classes_),),
        "_dual_coef_": (len(part.classes_) - 1, n),
        "_intercept_": (n_pairs,),
        "_probA": (n_pairs,) if len(part._probA) else (0,),
        "_probB": (n_pairs,) if len(part._probA) else (0,),
    }
    for name, shape in shapes.items():
        if np.shape(getattr(part, name)) != shape:
            raise ValueError(f"{name} of SVC has shape {np.shape(getattr(part, name))}.")
    if (counts < 0).any() or counts.sum() != n or part._sparse or part.kernel == "precomputed":
        raise ValueError("the support vectors of SVC do not add up.")


def _check_network(part: EvolvedMLPClassifier) -> None:
    if not hasattr(part, "coefs_"):
        return
    sizes = [part.n_features_in_, *([part.n_hidden_] if part.n_hidden_ else []), 2]
    shapes = [np.shape(w) for w in part.coefs_], [np.shape(b) for b in part.intercepts_]
    pairs = list(pairwise(sizes))
    if shapes != (pairs, [(n,) for n in sizes[1:]]):
        raise ValueError(f"the weights of a network in it are not of {'-'.join(map(str, sizes))}.")
    if any(np.asarray(w).dtype != np.float32 for w in (*part.coefs_, *part.intercepts_)):
        raise ValueError("the weights of a network in it are not in single precision.")


def _check_scale(part: Any) -> None:
    """Refuse a scaler that would shift or stretch columns by anything but a number each."""
    for name in ("mean_", "center_", "min_", "scale_"):
        values = getattr(part, name, None)
        if values is None:
            continue
        if np.shape(values) != (part.n_features_in_,) or not np.isfinite(values).all():
            n = part.n_features_in_
            raise ValueError(f"{name} of {type(part).__name__} is not {n} finite numbers.")
        if name == "scale_" and not (values > 0).all():
            raise ValueError(f"{name} of {type(part).__name__} is not above zero.")


def _check_neighbors(part: KNeighborsClassifier) -> None:
    if hasattr(part, "_fit_X") and np.shape(part._y) != np.shape(part._fit_X)[:1]:
        raise ValueError("the neighbours of KNeighborsClassifier and their labels do not add up.")


def _check_mixture(part: Any) -> None:
    """Refuse a mixture whose network is of another size than its weights, before it is made."""
    params = part.network_params_
    if params.get("extractor") is not None:
        return  # the user's own, who trusts it
    from ..moe._mixture import network_shapes

    if any(isinstance(value, int) and value > MAX_UNITS for value in params.values()):
        raise ValueError(f"a mixture of experts in it has more than {MAX_UNITS} units.")
    if network_shapes(params) != {name: np.shape(values) for name, values in part.state_.items()}:
        raise ValueError(
            "the weights of a mixture of experts in it are not of its network's shape."
        )


CHECKS: dict[type, Callable[[Any], None]] = {
    DecisionTreeClassifier: _check_grown,
    HistGradientBoostingClassifier: _check_boosting,
    KNeighborsClassifier: _check_neighbors,
    SVC: _check_vectors,
    EvolvedMLPClassifier: _check_network,
    ExtraTreesClassifier: _check_grown,
    RandomForestClassifier: _check_grown,
    MaxAbsScaler: _check_scale,
    MinMaxScaler: _check_scale,
    RobustScaler: _check_scale,
    StandardScaler: _check_scale,
}
