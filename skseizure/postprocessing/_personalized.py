"""A classifier of all patients that learns from the first seizures of each."""

from __future__ import annotations

import warnings
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import _fit_context, clone, is_classifier
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, check_random_state, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import _check_method_params, has_fit_parameter

from .._core.groups import group_folds, owners
from .._core.labels import (
    POS_LABEL,
    assumed_seizure_column,
    check_labels,
    check_labels_to_hand_on,
    refuse_unknown_labels,
)
from .._core.parallel import loop
from .._core.parameters import HasMethods, Interval
from .._core.timeline import is_windows
from .._core.validation import check_rows
from ._base import MetaClassifier
from ._own_seizures import (
    Errors,
    InTime,
    best,
    evidence,
    first_seizure,
    in_time,
    mixture_errors,
    portions,
    share,
)

# The patient of windows that know none.
NAMELESS = ""


class PersonalizedClassifier(MetaClassifier):
    r"""Adapt a classifier of many patients to the first labelled seizures of one.

    `fit` learns the population. `personalize` adds a patient: a local model is fitted on this
    patient's labelled windows alone, and from then on the patient's windows get a mixture of both
    probabilities. The more windows the local model has learned from, and the worse the population
    knows them, the larger its share. Windows of all others get the population's answer, unchanged.

    Parameters
    ----------
    estimator : classifier or Pipeline
        The model of the population, a binary classifier with ``predict_proba``. X reaches it as it
        is given.
    local : classifier or Pipeline, default=None
        The model of one patient, which takes the same X. If None, it is the population's with
        randomised trees in the place of the classifier, which is the last step of a pipeline. If
        that classifier takes windows itself, as the mixtures of experts do, it is a clone of
        ``estimator``.
    weight : float, default=None
        Share of the local model in the mixture, between 0 and 1. If None, it is learned, see Notes.
    cv : int, default=5
        Folds of whole patients in which `fit` leaves patients out to learn the share; fewer if
        there are fewer patients. Used only if ``weight`` is None.
    n_jobs : int, default=None
        Folds computed in parallel, as in scikit-learn. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seed of the folds and of the trees that ``local=None`` means.
    pos_label : label, default=None
        The class of the seizure. If None, the labels must tell, or ``estimator`` has a
        ``pos_label``: see :ref:`seizure-class`.

    Attributes
    ----------
    estimator_ : classifier
        The population's model, a fitted clone of ``estimator``.
    local_estimators_ : dict of str to classifier
        The model of each patient that was added; the key is ``""`` for one without a name. Delete a
        key to give the patient the population's answer again.
    weights_ : dict of str to float
        The share of each of these models in its patient's probabilities.
    equal_at_ : float or None
        Evidence at which a local model and the population's have equal shares, as learned in `fit`:
        k of the Notes; infinity if local models were of no use. None if ``weight`` is given or
        nobody could play the new patient.
    n_players_ : int
        Training patients who played the new one.
    classes_ : ndarray, shape (2,)
        The classes, sorted.
    n_features_in_ : int
        As the inner estimator's, if it has it.
    feature_names_in_ : ndarray of str, shape (`n_features_in_`,)
        As the inner estimator's, if it has it.

    See Also
    --------
    SeizureDetector : Goes around it, to smooth the mixture in time.
    SeizureDetector.calibrate : Suits a threshold to a patient without labels.

    Notes
    -----
    With p the population's probability and q the local model's, a window of a personal patient gets

    .. math:: (1 - w) \, p + w \, q , \qquad w = \frac{n E}{n E + k} ,

    where n is the number of the patient's labelled windows of the rarer class, E is the
    population's error on all of the labelled windows, and k is learned. Errors are mean squared
    errors of the probability of a seizure, with equal weight for both classes.

    - **One seizure.** k is ``equal_at_``: each training patient plays the new one. A local model
      learns the patient's first seizure and what precedes it (what follows it up to the next
      seizure, if nothing does), a population's model learns the patients of the other folds, and
      both are scored on the rest of the patient's windows. The k with the smallest mean error over
      patients is taken. A patient needs a second seizure, and background beside both, to play.
    - **Two seizures or more.** The patient's seizures are left out in turn, each with the
      background around it, and the k with the smallest error on them is taken. A seizure is a run
      of ictal windows in a record; records are in the order of their names. If no seizure can be
      left out, because all background stands beside one of them, ``equal_at_`` is used.

    The population's model does not learn from a personal patient's windows. Give `personalize`
    patients that were not in `fit`: it knows the seizures of those already, and what is left out
    would tell too little for the local model. `sklearn.base.clone` and `fit` forget the local
    models; pickle and skops keep them.

    Whose window it is, `Windows.patient` tells. Anything else, a bare array or `Windows` without a
    patient, is one patient without a name, in row order if it is an array.

    Cost: ``cv`` more fits of ``estimator``, and one of ``local`` for each training patient.
    `personalize` fits ``local`` once, and once more for each of several seizures.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skseizure.postprocessing import PersonalizedClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.tile(np.repeat([0, 1], 10), 12)
    >>> patient = np.repeat(list("abcdef"), 40)
    >>> X = rng.normal(size=(240, 2)) + 3 * y[:, None] * [1, 0]
    >>> model = PersonalizedClassifier(LogisticRegression(), random_state=0)
    >>> model = model.fit(X, y, groups=patient)

    The seizures of a new patient show in the other column:

    >>> y_new = np.tile(np.repeat([0, 1], 10), 4)
    >>> X_new = rng.normal(size=(80, 2)) + 4 * y_new[:, None] * [0, 1]
    >>> first, later = slice(0, 40), slice(40, 80)
    >>> before = model.score(X_new[later], y_new[later])
    >>> model = model.personalize(X_new[first], y_new[first])
    >>> bool(model.score(X_new[later], y_new[later]) > before + 0.2)
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "local": [HasMethods(["fit", "predict"]), None],
        "weight": [Interval(Real, 0, 1, closed="both"), None],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "pos_label": POS_LABEL,
    }

    def __init__(
        self,
        estimator: Any,
        local: Any = None,
        *,
        weight: float | None = None,
        cv: int = 5,
        n_jobs: int | None = None,
        random_state: Any = None,
        pos_label: Any = None,
    ) -> None:
        self.estimator = estimator
        self.local = local
        self.weight = weight
        self.cv = cv
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.pos_label = pos_label

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike, groups: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Learn the population, and how much to trust a local model.

        Parameters
        ----------
        X : Windows or whatever the inner estimator takes
            Training windows.
        y : array-like, shape (n_windows,)
            Two classes; the inner estimator's mark of unlabelled windows, -1, may be a third.
        groups : array-like, shape (n_windows,), default=None
            Patient of each window. If None, the patients of X; a bare array is one patient, from
            whom no share can be learned. They reach the inner estimator, too, if its ``fit`` takes
            ``groups``.
        **fit_params : dict
            To the population's ``fit``, such as ``sample_weight``; by metadata routing where that
            is enabled. Those with one value a window are cut to each fold.

        Returns
        -------
        self : PersonalizedClassifier
            Fitted, with no patient personal.

        Raises
        ------
        ValueError
            If an estimator is not a classifier or has no ``predict_proba``, or there are not two
            classes, or as the inner estimator's ``fit``.

        Warns
        -----
        UserWarning
            If nothing tells which class is the seizure.
        """
        for name in ("estimator", "local"):
            self._check_inner(name)
        routed = get_config()["enable_metadata_routing"]
        if groups is not None and (routed or has_fit_parameter(self.estimator, "groups")):
            fit_params = {"groups": groups, **fit_params}
        (X,) = indexable(X)
        self._fit_around(X, y, fit_params)
        self.local_estimators_: dict[str, Any] = {}
        self.weights_: dict[str, float] = {}
        self.equal_at_: float | None = None
        self.n_players_ = 0
        patient = owners(X, groups, "patient")
        if self.weight is None and patient is not None:
            labels, _ = check_labels_to_hand_on(y)
            losses = self._play(X, labels, patient, self._route(fit_params))
            self.n_players_ = len(losses)
            if losses:
                self.equal_at_ = best(np.mean(losses, axis=0))
        return self

    def personalize(self, X: Any, y: ArrayLike, patient: str | None = None) -> Self:
        """Learn one patient's labelled windows.

        Parameters
        ----------
        X : Windows or whatever the inner estimators take
            Windows of one patient: at least one seizure, with background.
        y : array-like, shape (n_windows,)
            The label of each, out of `classes_`.
        patient : str, default=None
            Name of the patient, for X that knows none. If None, it is that of X, or the patient has
            no name.

        Returns
        -------
        self : PersonalizedClassifier
            The same object, with this patient added. A patient who is personal already is learned
            anew from these windows alone.

        Raises
        ------
        ValueError
            If X holds several patients or another one than ``patient``, y holds a missing or
            unknown label or one class, or no share was learned in `fit` and none can be learned
            from these windows.

        Warns
        -----
        UserWarning
            If the share rests on one patient of `fit`; see ``n_players_``.
        """
        self._check_ready()
        (X,) = indexable(X)
        labels = check_labels(y)
        check_rows(X=X, y=labels)
        if not len(labels):
            raise ValueError(
                "X holds no window; personalize needs a seizure and background of one patient."
            )
        name = _one_patient(X, patient)
        refuse_unknown_labels(self, labels)
        ictal = self._ictal(labels)
        if ictal.all() or not ictal.any():
            raise ValueError(
                f"y holds one class, {labels.tolist()[0]!r}; personalize needs a seizure and "
                "background of the same patient. Add some of its record before the seizure."
            )
        weight = self._share(X, labels, in_time(*_when(X, len(ictal)), ictal))
        self.local_estimators_[name] = clone(self._local()).fit(X, labels)
        self.weights_[name] = weight
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities of each window's mixture.

        Parameters
        ----------
        X : Windows or whatever the inner estimators take
            Windows of any patients; anything that knows no patient is of the one without a name.

        Returns
        -------
        ndarray of float, shape (n_windows, 2)
            Probability of each class: the population's, for windows of personal patients mixed with
            their local model's.

        Raises
        ------
        ValueError
            As the inner estimators.
        """
        self._check_ready()
        proba = self._inner_scores("predict_proba", X)
        for name, rows in self._personal_rows(X, len(proba)):
            local = self._inner_scores(
                "predict_proba", _safe_indexing(X, rows), self.local_estimators_[name]
            )
            proba[rows] += self.weights_[name] * (local - proba[rows])
        return proba

    def predict(self, X: Any) -> NDArray:
        """Label each window.

        Parameters
        ----------
        X : Windows or whatever the inner estimators take
            Windows of any patients; anything that knows no patient is of the one without a name.

        Returns
        -------
        ndarray, shape (n_windows,)
            Labels out of `classes_`: the class with the larger probability for windows of personal
            patients, the label that the population's model gives for others.

        Raises
        ------
        ValueError
            As the inner estimators.
        """
        self._check_ready()
        if not self.local_estimators_:
            return np.asarray(self.estimator_.predict(X))
        proba = self.predict_proba(X)
        labels = np.asarray(self.classes_)[np.argmax(proba, axis=1)]
        others = np.ones(len(proba), dtype=bool)
        for _, rows in self._personal_rows(X, len(proba)):
            others[rows] = False
        if others.any():
            rows = np.flatnonzero(others)
            labels[rows] = self.estimator_.predict(_safe_indexing(X, rows))
        return labels

    def get_metadata_routing(self) -> MetadataRouter:
        """Tell scikit-learn that ``groups`` stop here and other parameters of ``fit`` go on.

        Returns
        -------
        MetadataRouter
            The routing.
        """
        return super().get_metadata_routing().add_self_request(self)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _check_inner(self, name: str) -> None:
        inner = getattr(self, name)
        if inner is None:
            return
        if not is_classifier(inner):
            raise ValueError(f"{name} is {inner!r}; PersonalizedClassifier needs a classifier.")
        if not hasattr(inner, "predict_proba"):
            raise ValueError(
                f"{name} is {inner!r}, which has no predict_proba; PersonalizedClassifier mixes "
                "probabilities. Wrap it in sklearn.calibration.CalibratedClassifierCV."
            )

    def _local(self) -> Any:
        """Return the unfitted model of one patient."""
        if self.local is not None:
            return self.local
        steps = self.estimator.steps if isinstance(self.estimator, Pipeline) else []
        if get_tags(steps[-1][1] if steps else self.estimator).input_tags.three_d_array:
            return self.estimator
        trees = ExtraTreesClassifier(
            min_samples_leaf=3, class_weight="balanced", random_state=self.random_state
        )
        return Pipeline([*steps[:-1], ("trees", trees)]) if steps else trees

    def _ictal(self, labels: NDArray) -> NDArray[np.bool_]:
        return np.asarray(labels == self.classes_[assumed_seizure_column(self)], dtype=bool)

    def _play(
        self, X: Any, labels: NDArray, patient: NDArray, fit_params: dict[str, Any]
    ) -> list[NDArray[np.float64]]:
        """Return the losses of each training patient who can play the new one."""
        ictal, known = self._ictal(labels), np.isin(labels, self.classes_)
        players = _players(X, ictal, known, patient)
        if len(np.unique(patient)) < 2 or not players:
            return []
        rng = check_random_state(self.random_state)
        folds = group_folds(ictal, patient, self.cv, rng, f"cv={self.cv}")
        seizure = self.classes_[assumed_seizure_column(self)]
        tasks = []
        for train, test in folds:
            of_fold = [player for player in players if np.isin(player.rows[0], test)]
            learned = ictal[train][known[train]]
            if of_fold and learned.any() and not learned.all():
                population = clone(self.estimator)
                params = _check_method_params(X, fit_params, indices=train)
                tasks.append(
                    partial(
                        _play_fold,
                        population,
                        self._local(),
                        X,
                        labels,
                        ictal,
                        train,
                        of_fold,
                        params,
                        seizure,
                    )
                )
        return [loss for losses in loop(self.n_jobs)(tasks) for loss in losses]

    def _share(self, X: Any, labels: NDArray, patient: InTime) -> float:
        """Return the share of the local model of a patient."""
        if self.weight is not None:
            return float(self.weight)
        column, ictal = assumed_seizure_column(self), self._ictal(labels)
        population = self._inner_scores("predict_proba", X)[:, column]
        errors = []
        # The patient's seizures are left out in turn.
        for test in portions(patient) if len(patient.seizures) > 1 else ():
            train = np.setdiff1d(patient.rows, test)
            if ictal[train].any() and not ictal[train].all():
                fitted = clone(self._local()).fit(_safe_indexing(X, train), labels[train])
                local = _seizure_proba(fitted, X, self.classes_[column])[test]
                known = evidence(population[train], ictal[train])
                errors.append(mixture_errors(population[test], local, ictal[test], known))
        equal_at = self.equal_at_
        if errors:
            sums, counts = zip(*errors, strict=True)
            equal_at = best(Errors(np.sum(sums, axis=0), np.sum(counts, axis=0)).mean())
        if equal_at is None:
            raise ValueError(
                f"X holds {len(patient.seizures)} seizure(s), of which none can be left out to "
                f"learn a share, and {self.n_players_} patients of fit could play the new one. "
                "Label two seizures with background beside both, fit with the patients of several "
                "people (groups= or Windows.patient), or set weight=."
            )
        if not errors and self.n_players_ == 1:
            warnings.warn(
                "The share of the local model rests on one patient of fit, the only one who could "
                "play the new one; it may be far off. Label two seizures, fit with more patients "
                "who have two, or set weight=.",
                stacklevel=3,
            )
        return float(share(evidence(population, ictal), equal_at))

    def _personal_rows(self, X: Any, n_windows: int) -> list[tuple[str, NDArray[np.intp]]]:
        """Return the names of the personal patients in X, and their rows."""
        patient = owners(X, None, "patient")
        if patient is None:
            return [(NAMELESS, np.arange(n_windows))] if NAMELESS in self.local_estimators_ else []
        found = {str(name): name for name in np.unique(patient)}
        names = [name for name in self.local_estimators_ if name in found]
        return [(name, np.flatnonzero(patient == found[name])) for name in names]


class _Player(NamedTuple):
    """A training patient who plays the new one."""

    rows: NDArray[np.intp]  # all windows of the patient
    first: NDArray[np.intp]  # those of the first seizure and what precedes it
    rest: NDArray[np.intp]


def _players(
    X: Any, ictal: NDArray[np.bool_], known: NDArray[np.bool_], patient: NDArray
) -> list[_Player]:
    """Return the patients who have both classes in the first seizure's windows and the rest."""
    record, onset = _when(X, len(ictal))
    found = []
    for name in np.unique(patient):
        rows = np.flatnonzero(patient == name)
        labelled = rows[known[rows]]
        parts = first_seizure(in_time(record[labelled], onset[labelled], ictal[labelled]))
        first, rest = (np.sort(labelled[part]) for part in parts)
        if all(len(np.unique(ictal[part])) == 2 for part in (first, rest)):
            found.append(_Player(rows, first, rest))
    return found


def _play_fold(
    population: Any,
    local: Any,
    X: Any,
    labels: NDArray,
    ictal: NDArray[np.bool_],
    train: NDArray[np.intp],
    players: list[_Player],
    fit_params: dict[str, Any],
    seizure: Any,
) -> list[NDArray[np.float64]]:
    """Return the losses of patients whom the population's model of a fold has not seen."""
    population.fit(_safe_indexing(X, train), labels[train], **fit_params)
    losses = []
    for rows, first, rest in players:
        # All windows of the patient are judged: features may look at those before a window.
        own = _safe_indexing(X, rows)
        learned, place = np.searchsorted(rows, first), np.searchsorted(rows, rest)
        fitted = clone(local).fit(_safe_indexing(X, first), labels[first])
        p, q = (_seizure_proba(model, own, seizure) for model in (population, fitted))
        known = evidence(p[learned], ictal[first])
        losses.append(mixture_errors(p[place], q[place], ictal[rest], known).mean())
    return losses


def _seizure_proba(model: Any, X: Any, seizure: Any) -> NDArray[np.float64]:
    column = np.asarray(model.classes_).tolist().index(seizure)
    return np.asarray(model.predict_proba(X), dtype=np.float64)[:, column]


def _when(X: Any, n_windows: int) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
    """Return the record and onset of each window."""
    if is_windows(X):
        return np.asarray(X.record), np.asarray(X.onset)
    return np.full(n_windows, "0"), np.arange(n_windows, dtype=np.float64)


def _one_patient(X: Any, patient: str | None) -> str:
    """Return the name of the patient whose windows these are."""
    column = owners(X, None, "patient")
    if column is None:
        return NAMELESS if patient is None else str(patient)
    names = [str(name) for name in np.unique(column)]
    if len(names) > 1:
        raise ValueError(
            f"X holds windows of {len(names)} patients, {', '.join(names[:5])}; personalize takes "
            "one at a time: X[X.patient == name]."
        )
    if patient is not None and str(patient) != names[0]:
        raise ValueError(
            f"patient is {patient!r}, but X holds windows of {names[0]!r}, by which name they are "
            "known when you predict. Leave patient out, or name the patient in the Windows."
        )
    return names[0]
