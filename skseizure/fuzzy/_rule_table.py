"""The fitted rules in the units and by the names that their reader knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from .._core.validation import returns_numpy
from ..features import FeatureNormalizer

TERMS = ("Low", "Slightly low", "Medium", "Slightly high", "High")
TWO_TERMS = ("Low", "High")

SCALERS = (StandardScaler, FeatureNormalizer, RobustScaler, MaxAbsScaler, MinMaxScaler)

Affine = tuple[NDArray[np.float64] | float, NDArray[np.float64] | float]


@dataclass(frozen=True, eq=False)
class RuleTable:
    """Rules in readable units: ``output = intercept + coef @ x``, weighted by firing.

    Attributes
    ----------
    centers, sigmas : ndarray, shape (n_rules, n_features)
        Middle and width of each membership.
    coef : ndarray, shape (n_rules, n_features, n_classes)
        Slopes of the rules' outputs.
    intercept : ndarray, shape (n_rules, n_classes)
        Outputs at ``x = 0``.
    levels : ndarray, shape (n_rules, n_classes)
        Outputs at the rule's centre.
    terms : ndarray of str, shape (n_rules, n_features)
        Linguistic term of each centre.
    all_terms : list of str
        The terms that there are, from low to high.
    feature_names, class_names : list of str
        Names.
    support : dict of str to ndarray, shape (n_rules,)
        Mean firing over the rows of each domain.
    """

    centers: NDArray[np.float64]
    sigmas: NDArray[np.float64]
    coef: NDArray[np.float64]
    intercept: NDArray[np.float64]
    levels: NDArray[np.float64]
    terms: NDArray[np.str_]
    all_terms: list[str]
    feature_names: list[str]
    class_names: list[str]
    support: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Readout:
    """How the model's inputs come from readable features: ``slope * features[columns] + offset``.

    Attributes
    ----------
    model : estimator
        The fitted fuzzy classifier itself.
    before : list of transformers
        Steps that make the readable features.
    after : list of transformers
        Scalers and selectors from there to the model.
    columns : ndarray of int, shape (n_features,)
        The readable features that reach the model.
    slope, offset : ndarray, shape (n_features,)
        The scalers' joint map.
    """

    model: Any
    before: list[Any]
    after: list[Any]
    columns: NDArray[np.intp]
    slope: NDArray[np.float64]
    offset: NDArray[np.float64]

    @returns_numpy
    def features(self, X: Any) -> NDArray[np.float64]:
        """Return the readable features of samples, shape (n_samples, n_features)."""
        for step in self.before:
            X = step.transform(X)
        table = check_array(X, dtype=np.float64, input_name="X")
        expected = self.after[0].n_features_in_ if self.after else len(self.columns)
        if table.shape[1] != expected:
            raise ValueError(f"X has {table.shape[1]} features; {expected} are needed.")
        return table[:, self.columns]

    def inputs(self, X: Any) -> Any:
        """Return what the model sees of samples."""
        for step in [*self.before, *self.after]:
            X = step.transform(X)
        return X


def readout(estimator: Any, scaler: Any = None) -> Readout:
    """Find the fuzzy classifier, and how its inputs come from readable features.

    Parameters
    ----------
    estimator : fuzzy classifier or Pipeline that ends in one
        Fitted.
    scaler : transformer, default=None
        Fitted scaler (or Pipeline of such) that stands before ``estimator``.

    Returns
    -------
    Readout
        From the outputs of the last step that is neither a scaler nor a selector.

    Raises
    ------
    TypeError
        If there is no fuzzy classifier at the end, or ``scaler`` is not an affine one.
    ValueError
        If ``scaler`` is not fitted, or on other columns than the estimator's.
    """
    *steps, model = _flat(estimator)
    if not (hasattr(model, "firing_strengths") and hasattr(model, "rule_outputs")):
        inner = [name for name in ("best_estimator_", "estimator_") if hasattr(model, name)]
        hint = f" Pass the {inner[0]} of this one." if inner else ""
        raise TypeError(
            f"estimator is {type(model).__name__}; a fitted TSKClassifier or SDASSLTSKClassifier "
            f"is needed, or a Pipeline that ends in one.{hint}"
        )
    check_is_fitted(model, "centers_")
    if scaler is not None:
        scalers = list(_flat(scaler))
        for step in scalers:
            _check_scaler(step, [*steps, model][0])
        steps = scalers + steps
    return _follow(model, steps)


def _check_scaler(step: Any, following: Any) -> None:
    """Raise unless a step is a fitted affine scaler of the columns that ``following`` takes."""
    name = type(step).__name__
    if not isinstance(step, SCALERS) or getattr(step, "clip", False):
        raise TypeError(
            f"scaler is {name}; a fitted StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler "
            "or FeatureNormalizer is needed, without clip."
        )
    try:
        check_is_fitted(step)
    except NotFittedError as error:
        raise NotFittedError(
            f"scaler is a {name} that is not fitted; the one that scaled the training data is "
            "needed."
        ) from error
    taken = getattr(following, "n_features_in_", step.n_features_in_)
    if step.n_features_in_ != taken:
        raise ValueError(
            f"scaler was fitted on {step.n_features_in_} features, but the estimator takes {taken}."
        )
    if hasattr(step, "feature_names_in_") and hasattr(following, "feature_names_in_"):
        own, wanted = step.feature_names_in_.tolist(), following.feature_names_in_.tolist()
        if own != wanted:
            raise ValueError(f"scaler was fitted on {own}, but the estimator takes {wanted}.")


def _flat(estimator: Any) -> Iterator[Any]:
    """Yield the steps of nested pipelines that act in ``predict``."""
    if not isinstance(estimator, Pipeline):
        yield estimator
        return
    for _, step in estimator.steps:
        idle = step is None or (isinstance(step, str) and step == "passthrough")
        if not idle and not hasattr(step, "fit_resample"):  # imbalanced-learn's samplers
            yield from _flat(step)


def _follow(model: Any, steps: list[Any]) -> Readout:
    d = model.centers_.shape[1]
    first, columns, slope, offset = 0, None, np.ones(1), np.zeros(1)
    for i, step in enumerate(steps):
        affine = _affine(step)
        if affine is not None:
            slope, offset = slope * affine[0], offset * affine[0] + affine[1]
        elif hasattr(step, "get_support"):
            kept = step.get_support(indices=True)
            columns = kept if columns is None else columns[kept]
            slope, offset = (v[kept] if v.size > 1 else v for v in (slope, offset))
        else:
            first, columns, slope, offset = i + 1, None, np.ones(1), np.zeros(1)
    return Readout(
        model,
        steps[:first],
        steps[first:],
        np.arange(d) if columns is None else columns,
        np.broadcast_to(slope, d),
        np.broadcast_to(offset, d),
    )


def _affine(step: Any) -> Affine | None:
    """Return slope and offset of a scaler, ``slope * x + offset``; None if it is no such thing."""
    if not isinstance(step, SCALERS) or getattr(step, "clip", False):
        return None
    if isinstance(step, StandardScaler):
        return _centred(
            step.mean_ if step.with_mean else None, step.scale_ if step.with_std else None
        )
    if isinstance(step, FeatureNormalizer):
        return _centred(step.mean_, step.scale_)
    if isinstance(step, RobustScaler):
        return _centred(
            step.center_ if step.with_centering else None,
            step.scale_ if step.with_scaling else None,
        )
    if isinstance(step, MaxAbsScaler):
        return _centred(None, step.scale_)
    return step.scale_, step.min_


def _centred(center: NDArray | None, scale: NDArray | None) -> Affine:
    slope = 1.0 if scale is None else 1 / scale
    return slope, 0.0 if center is None else -center * slope


def rule_table(
    estimator: Any,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    terms: Sequence[str] | None = None,
    scaler: Any = None,
) -> RuleTable:
    """Gather the rules of a fitted model in readable units.

    Parameters
    ----------
    estimator : fuzzy classifier or Pipeline that ends in one
        Fitted.
    feature_names : sequence of str, default=None
        Names of the model's features. None: those that the model or the pipeline knows, or x0, ...
    class_names : sequence of str, default=None
        Names of the classes in the order of ``classes_``. None: the classes themselves.
    terms : sequence of str, default=None
        Linguistic terms from low to high. None: the paper's five, or two for two rules.
    scaler : transformer, default=None
        Fitted scaler that stands before ``estimator``.

    Returns
    -------
    RuleTable
        The rules.

    Raises
    ------
    TypeError
        As by `readout`, or if names or terms are no sequence.
    ValueError
        As by `readout`, or if there is not one name a feature or class, or there are fewer than two
        different terms.
    """
    path = readout(estimator, scaler)
    model = path.model
    n_rules, d = model.centers_.shape
    slope, offset = path.slope, path.offset
    if terms is None:
        terms = TWO_TERMS if n_rules == 2 else TERMS
    terms = _strings("terms", terms)
    if len(set(terms)) < max(2, len(terms)):
        raise ValueError(f"terms is {terms!r}; at least two different terms are needed.")
    return RuleTable(
        centers=(model.centers_ - offset) / slope,
        sigmas=model.sigmas_ / slope,
        coef=model.slopes_ * slope[:, np.newaxis],
        intercept=model.intercept_ + np.einsum("rjc,j->rc", model.slopes_, offset),
        levels=model.intercept_ + np.einsum("rjc,rj->rc", model.slopes_, model.centers_),
        terms=linguistic_terms(model.centers_, model.sigmas_, terms),
        all_terms=terms,
        feature_names=_names("feature_names", feature_names, _known_names(path), d),
        class_names=_names("class_names", class_names, model.classes_, len(model.classes_)),
        support=model.rule_support_,
    )


def _strings(argument: str, given: Any) -> list[str]:
    """Return a list of strings; refuse what is no sequence, or is a single string."""
    if isinstance(given, (str, bytes, Mapping, Set)) or np.ndim(np.asarray(given, object)) != 1:
        raise TypeError(f"{argument} is {given!r}; a list of names is needed.")
    return [str(name) for name in np.asarray(given, dtype=object)]


def _names(argument: str, given: Any, known: Any, n: int) -> list[str]:
    names = _strings(argument, known if given is None else given)
    if len(names) != n:
        what = "features" if argument == "feature_names" else "classes"
        raise ValueError(
            f"{argument} has {len(names)} names; one for each of the classifier's {n} {what} is "
            "needed."
        )
    return names


def _known_names(path: Readout) -> Any:
    own = getattr(path.model, "feature_names_in_", None)
    if own is not None:
        return own
    names = None
    for step in [*path.before, *path.after]:
        if not hasattr(step, "get_feature_names_out"):
            names = None
            break
        names = step.get_feature_names_out(names)
    return [f"x{j}" for j in range(path.model.centers_.shape[1])] if names is None else names


def linguistic_terms(
    centers: NDArray[np.float64], sigmas: NDArray[np.float64], terms: Sequence[str]
) -> NDArray[np.str_]:
    """Name the centres of each feature by their rank among the rules.

    Parameters
    ----------
    centers, sigmas : ndarray, shape (n_rules, n_features)
        Middle and width of the memberships.
    terms : sequence of str
        From low to high. Ranks are cut into as many equal parts.

    Returns
    -------
    ndarray of str, shape (n_rules, n_features)
        The terms. Centres that lie within 1e-6 widths of one another have the same.
    """
    order = np.argsort(centers, axis=0)
    along = np.take_along_axis(centers, order, axis=0)
    apart = np.diff(along, axis=0) > 1e-6 * sigmas.min(axis=0)
    level = np.empty(centers.shape, dtype=np.intp)
    steps = np.concatenate([np.zeros((1, centers.shape[1]), bool), apart]).cumsum(axis=0)
    np.put_along_axis(level, order, steps, axis=0)
    rank = rankdata(level, axis=0) - 0.5
    return np.asarray(terms, dtype=str)[(rank * len(terms) / len(centers)).astype(np.intp)]
