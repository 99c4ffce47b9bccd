"""A detector whose operating point is chosen on out-of-fold probabilities."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, overload

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context, clone
from sklearn.model_selection import (
    LeaveOneGroupOut,
    ParameterGrid,
    StratifiedKFold,
    check_cv,
)
from sklearn.utils import _safe_indexing, check_random_state, indexable
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import _check_method_params, _num_samples, check_is_fitted

from .._core.counting import resolve_rules
from .._core.errors import prefix_errors
from .._core.groups import group_folds, owners
from .._core.labels import (
    UNLABELLED,
    check_labels_to_hand_on,
    known_seizure_class,
    said_pos_label,
)
from .._core.parameters import HasMethods, Interval
from .._core.timeline import is_windows
from .._core.validation import check_rows
from ._base import MetaClassifier
from ._operating_point import (
    OBJECTIVES,
    Counts,
    choose,
    complexity,
    draw_settings,
    rates,
    standard_error,
    upper_rates,
)
from ._setting_counts import SettingCounter

if TYPE_CHECKING:
    from ..signals import Events, Windows
    from ._detector import SeizureDetector
    from ._stream import DetectorStream

# Patients up to this number are left out one by one, more of them in so many folds.
MOST_FOLDS = 10
# Blocks of a bare array.
BLOCKS = 5
# Share of a record that must have been observed for it to be whole.
WHOLE = 0.99
# Thresholds of the operating curve.
N_CURVE = 200

SETTINGS = ("smoothing", "threshold", "low_threshold", "min_duration", "merge_gap")


class TunedSeizureDetectorCV(MetaClassifier):
    """Choose a detector's operating point by events, on out-of-fold probabilities.

    The classifier inside the detector is fitted once a fold, and its probabilities for the windows
    left out are kept. On these, every setting of smoothing, thresholds, minimum duration and merge
    gap is scored by counting events; the best one, under a cap on false alarms if you name one, is
    given to a detector that is fitted on all windows. The relation to `SeizureDetector` is that of
    `sklearn.model_selection.TunedThresholdClassifierCV` to a classifier.

    Parameters
    ----------
    detector : SeizureDetector
        The detector to tune. Its own settings are those that ``settings`` does not name.
    objective : {"f1", "sensitivity"} or callable, default="f1"
        What is maximised: event F1 or the share of seizures found, of all patients together. A
        callable is given the arrays of true positives and false positives, shape (n_settings,),
        the number of seizures and the hours, and returns a score a setting, more is better.
    max_false_alarms_per_24h : float, default=None
        Settings with more false alarms in 24 h than this are not chosen. If None, there is no cap.
    cap : {"point", "upper"}, default="point"
        What must not exceed the cap: the rate that was counted, or its one-sided 95 % upper bound
        for patients like these, see Notes. With "point" about every second detector exceeds the cap
        on new patients.
    one_standard_error : bool, default=True
        Of settings within one standard error of the best (jackknife over patients), take the
        simplest: that which uses the fewest of smoothing, hysteresis, minimum duration and merging.
        If False, complexity decides only between equal scores.
    rules : {"szcore", "overlap"} or mapping, default="szcore"
        Rules of counting events, as in `skseizure.metrics.event_scores`.
    settings : dict or list of dict, default=None
        Grid of the settings ``smoothing``, ``threshold``, ``low_threshold``, ``min_duration`` and
        ``merge_gap``, as `sklearn.model_selection.ParameterGrid` takes it. If None, ``n_settings``
        are drawn from ranges that suit the windows' step.
    n_settings : int, default=500
        Number of settings to draw; more cost little. Not used if ``settings`` is given.
    cv : int, splitter, iterable or "prefit", default=None
        How windows are left out. If None, patient by patient (in ten folds from eleven patients
        on), else record by record; a bare array, which knows neither, in five blocks. An integer is
        a number of folds that keep patients, or else records, whole. With "prefit" the detector
        must be fitted, and the windows given to `fit` should be new to it.
    hours : float or mapping of patient to float, default=None
        Hours that the records stand for, needed with a cap where only parts of records are at hand:
        rates cannot be told from excerpts.
    n_jobs : int, default=None
        Folds computed in parallel, as in scikit-learn. The result does not depend on it.
    random_state : int, RandomState instance or None, default=None
        Seed of the settings that are drawn.

    Attributes
    ----------
    detector_ : SeizureDetector
        Fitted on all windows (with "prefit": the given one), at the chosen setting.
    best_params_ : dict
        The chosen setting.
    best_index_ : int
        Its place in ``cv_results_``.
    best_score_ : float
        Its objective on the windows left out. As the setting was chosen on the same windows, new
        ones may score lower.
    cv_results_ : dict
        ``"params"`` is the list of settings; ``"score"``, ``"false_alarms_per_24h"`` and
        ``"upper_false_alarms_per_24h"`` have one value a setting; ``"true_positives"`` and
        ``"false_positives"`` one a setting and patient; ``"patient"``, ``"n_reference"`` and
        ``"hours"`` one a patient.
    oof_proba_ : ndarray of float, shape (n_windows,)
        Probability of a seizure, not smoothed, by a classifier that did not see the window; NaN
        where no fold left it out.
    operating_curve_ : dict of ndarray
        ``"threshold"``, ``"sensitivity"``, ``"f1"`` and ``"false_alarms_per_24h"`` of the chosen
        setting at other thresholds; ``"true_positives"`` and ``"false_positives"`` also a patient.
    estimator_ : classifier
        The fitted classifier inside the detector.
    classes_ : ndarray, shape (2,)
        The classes.
    n_features_in_ : int
        As the detector's, if it has it.
    feature_names_in_ : ndarray of str, shape (`n_features_in_`,)
        As the detector's, if it has it.

    See Also
    --------
    SeizureDetector : The detector.
    SeizureDetector.calibrate : Suits one threshold to a new site or patient, without labels.

    Notes
    -----
    Counts are summed over folds and patients before any ratio is taken, so patients without a
    seizure count with their false alarms.

    The upper bound resamples patients and takes the count of each draw as Poisson; see the guide.
    It needs time: without a single false alarm, 72 hours are needed to bound the rate by one in
    24 h. If no setting keeps the cap, `fit` warns and takes the one with the lowest rate.

    Cost: one fit a fold, and O(n_windows) for each setting, some 3 ns a window in compiled code.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skseizure.datasets import make_recordings
    >>> from skseizure.features import BandFeatures
    >>> from skseizure.postprocessing import SeizureDetector, TunedSeizureDetectorCV
    >>> from skseizure.signals import Windows
    >>> recordings, events = make_recordings(n_patients=3, n_records=1, random_state=0)
    >>> X = Windows.concatenate([Windows.from_recording(r, window=4) for r in recordings])
    >>> y = X.labels(events)
    >>> model = make_pipeline(BandFeatures(["line_length"]), StandardScaler(), LogisticRegression())
    >>> tuned = TunedSeizureDetectorCV(SeizureDetector(model), random_state=0).fit(X, y)
    >>> found = tuned.predict_events(X)
    """

    _parameter_constraints: ClassVar[dict] = {
        "detector": [HasMethods(["fit", "predict_proba", "predict_events"])],
        "objective": [StrOptions(set(OBJECTIVES)), callable],
        "max_false_alarms_per_24h": [Interval(Real, 0, None, closed="left"), None],
        "cap": [StrOptions({"point", "upper"})],
        "one_standard_error": ["boolean"],
        "rules": [str, Mapping],
        "settings": [dict, list, None],
        "n_settings": [Interval(Integral, 1, None, closed="left")],
        "cv": ["cv_object", StrOptions({"prefit"})],
        "hours": [Interval(Real, 0, None, closed="neither"), Mapping, None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    detector_: SeizureDetector

    def __init__(
        self,
        detector: Any,
        *,
        objective: Literal["f1", "sensitivity"] | Callable[..., NDArray[np.float64]] = "f1",
        max_false_alarms_per_24h: float | None = None,
        cap: Literal["point", "upper"] = "point",
        one_standard_error: bool = True,
        rules: str | Mapping[str, float] = "szcore",
        settings: dict[str, Sequence[Any]] | list[dict[str, Sequence[Any]]] | None = None,
        n_settings: int = 500,
        cv: Any = None,
        hours: float | Mapping[str, float] | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.detector = detector
        self.objective = objective
        self.max_false_alarms_per_24h = max_false_alarms_per_24h
        self.cap = cap
        self.one_standard_error = one_standard_error
        self.rules = rules
        self.settings = settings
        self.n_settings = n_settings
        self.cv = cv
        self.hours = hours
        self.n_jobs = n_jobs
        self.random_state = random_state

    @property
    def estimator(self) -> Any:
        """The classifier inside the detector."""
        return self.detector.estimator

    @property
    def estimator_(self) -> Any:
        """The fitted classifier inside the detector."""
        return self.detector_.estimator_

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike, groups: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Choose the setting, and fit the detector with it.

        Parameters
        ----------
        X : Windows or whatever the classifier takes
            Training windows. Anything but `Windows` is one record in row order, a window a second.
        y : array-like, shape (n_windows,)
            Two classes; the classifier's mark of unlabelled windows, -1, may be a third. Unlabelled
            windows train and are not scored.
        groups : array-like, shape (n_windows,), default=None
            What folds keep whole. If None, the patients of X, or else its records.
        **fit_params : dict
            To the classifier's ``fit``; those with one value a window are cut to each fold.

        Returns
        -------
        self : TunedSeizureDetectorCV
            Fitted.

        Raises
        ------
        ValueError
            If a setting is unknown or out of range, there are too few patients or records to leave
            out, a fold has one class to train on, or a rate is asked for and records are not whole.

        Warns
        -----
        UserWarning
            If no setting keeps the cap; the message says the lowest rate that can be had.
        """
        with prefix_errors("X"):
            (X,) = indexable(X)
            n_rows = _num_samples(X)
        if n_rows == 0:
            raise ValueError("X holds 0 rows; windows of two classes are needed.")
        column = self._check_y(y, binary=True)
        check_rows(X=X, y=column)
        _, rules = resolve_rules(self.rules)
        windows = X if is_windows(X) else _one_record(len(column))
        self._check_whole(windows)
        classes = _two_classes(column)
        folds = self._folds(X, column, classes, groups)
        fitted, parts = self._left_out(X, column, folds, fit_params)
        positive = self._seizure_column(fitted.classes_)
        self.oof_proba_ = np.full(len(column), np.nan)
        counters = []
        for (_, test), proba in zip(folds, parts, strict=True):
            self.oof_proba_[test] = proba[:, positive]
            known = np.isin(column[test], classes)
            rows = test[known]
            left_out = windows[rows] if is_windows(X) else _one_record(len(rows))
            counters.append(
                SettingCounter(
                    left_out,
                    proba[known, positive],
                    left_out.to_events(column[rows] == classes[positive]),
                    rules,
                    causal=self.detector.causal,
                )
            )
        step = float(windows.step)
        settings = self._candidates(step)
        self._choose(settings, self._count(counters, settings, step))
        self.operating_curve_ = self._curve(counters, step)
        if self.cv == "prefit":
            self.detector_ = copy(self.detector).set_params(**self.best_params_)
        else:
            self.detector_ = clone(self.detector).set_params(**self.best_params_)
            self.detector_.fit(X, column, **fit_params)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.detector_, name):
                setattr(self, name, getattr(self.detector_, name))
            elif hasattr(self, name):
                delattr(self, name)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the smoothed probabilities of the tuned detector.

        Parameters
        ----------
        X : Windows or whatever the classifier takes
            Windows in any order; anything but `Windows` is one record in row order.

        Returns
        -------
        ndarray of float, shape (n_windows, 2)
            Smoothed probability of each class, in the order of X.
        """
        self._check_ready()
        return self.detector_.predict_proba(X)

    def predict(self, X: Any) -> NDArray:
        """Label each window.

        Parameters
        ----------
        X : Windows or whatever the classifier takes
            Windows in any order; anything but `Windows` is one record in row order.

        Returns
        -------
        ndarray, shape (n_windows,)
            Labels out of `classes_`, in the order of X.
        """
        self._check_ready()
        return self.detector_.predict(X)

    @overload
    def predict_events(self, X: Windows, *, return_proba: Literal[False] = False) -> Events: ...

    @overload
    def predict_events(
        self, X: Windows, *, return_proba: Literal[True]
    ) -> tuple[Events, NDArray[np.float64]]: ...

    def predict_events(
        self, X: Windows, *, return_proba: bool = False
    ) -> Events | tuple[Events, NDArray[np.float64]]:
        """Detect seizures as intervals on the time axis of their records.

        Parameters
        ----------
        X : Windows
            Windows in any order.
        return_proba : bool, default=False
            Return the probabilities behind the events, too.

        Returns
        -------
        events : Events
            As `SeizureDetector.predict_events`.
        proba : ndarray of float, shape (n_windows, 2)
            As `predict_proba`. Only with ``return_proba=True``.
        """
        self._check_ready()
        if return_proba:
            return self.detector_.predict_events(X, return_proba=True)
        return self.detector_.predict_events(X)

    def calibrate(
        self,
        X: Windows,
        *,
        max_false_alarms_per_24h: float,
        by: Literal["patient"] | None = "patient",
    ) -> Self:
        """Suit the threshold to a new site or patient, from hours that are free of seizures.

        Parameters
        ----------
        X : Windows
            Windows without a seizure.
        max_false_alarms_per_24h : float
            The rate to keep.
        by : {"patient"} or None, default="patient"
            Whether each patient gets a threshold; see `SeizureDetector.calibrate`.

        Returns
        -------
        TunedSeizureDetectorCV
            A copy whose ``detector_`` is calibrated; what was found in `fit` stays.
        """
        self._check_ready()
        suited = copy(self)
        suited.detector_ = self.detector_.calibrate(
            X, max_false_alarms_per_24h=max_false_alarms_per_24h, by=by
        )
        return suited

    def stream(self, **options: Any) -> DetectorStream:
        """Start to detect seizures in samples or windows that arrive bit by bit.

        Parameters
        ----------
        **options
            As in `SeizureDetector.stream`.

        Returns
        -------
        DetectorStream
            As `SeizureDetector.stream`, of the tuned detector.
        """
        self._check_ready()
        return self.detector_.stream(**options)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    @property
    def pos_label(self) -> Any:
        """The label of a seizure, as the detector is told."""
        return self.detector.pos_label

    def _check_ready(self) -> None:
        check_is_fitted(self, "detector_")

    def _seizure_column(self, classes: NDArray) -> int:
        label = known_seizure_class(classes, said_pos_label(self.detector))
        return 1 if label is None else classes.tolist().index(label)

    def _check_whole(self, windows: Windows) -> None:
        """Refuse to take excerpts of records for the whole of them."""
        if self.max_false_alarms_per_24h is None or self.hours is not None:
            return
        infos = windows.recordings().values()
        parts = sum((info.observed or 0.0) < WHOLE * info.duration for info in infos)
        if parts:
            raise ValueError(
                f"max_false_alarms_per_24h is {self.max_false_alarms_per_24h!r}, but {parts} of "
                f"{len(infos)} records of X are excerpts, which tell no rate; pass whole records, "
                "or hours=<the hours that they stand for>."
            )

    def _folds(
        self, X: Any, y: NDArray, classes: NDArray, groups: ArrayLike | None
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Return the rows to train on and to leave out of each fold."""
        rows = np.arange(len(y))
        if self.cv == "prefit":
            return [(rows[:0], rows)]
        owner = owners(X, groups, "patient", "record")
        if self.cv is None or isinstance(self.cv, Integral):
            folds = self._own_folds(X, y, classes, owner)
        else:
            try:
                with prefix_errors("cv", "X"):
                    folds = [
                        (np.atleast_1d(rows[train]), np.atleast_1d(rows[test]))
                        for train, test in check_cv(self.cv, y, classifier=True).split(X, y, owner)
                    ]
            except IndexError as error:
                raise ValueError(f"cv gives what are no rows of X: {error}.") from error
        for train, test in folds:
            if len(np.intersect1d(y[train], classes)) < 2:
                raise ValueError(
                    f"cv (of groups, patients or records) leaves {len(test)} windows out and one "
                    "class to train on; each fold needs both. Leave fewer out at a time, or pass "
                    "another cv."
                )
        return folds

    def _own_folds(
        self, X: Any, y: NDArray, classes: NDArray, owner: NDArray | None
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Make folds of whole patients or records, or of blocks of a bare array."""
        given = None if self.cv is None else int(self.cv)
        if owner is None:
            if is_windows(X):
                raise ValueError(
                    f"X holds one record, {str(X.record[0])!r}, which cannot be left out; pass cv, "
                    "such as TimeSeriesSplit, or windows of several patients or records."
                )
            rarest = min(int(np.sum(y == label)) for label in classes)
            if rarest < 2:
                raise ValueError(
                    "y has one row of a class; two are needed, to train on one and leave the other "
                    "out."
                )
            return list(StratifiedKFold(min(given or BLOCKS, rarest)).split(y, y))
        n_owners = len(np.unique(owner))
        if n_owners < 2:
            raise ValueError(
                f"groups holds one group, {owner.tolist()[0]!r}, which cannot be left out; pass "
                "groups or windows of several patients or records, or another cv."
            )
        if given is None and n_owners <= MOST_FOLDS:
            return list(LeaveOneGroupOut().split(y, y, owner))
        rng = check_random_state(0)
        return group_folds(y, owner, given or MOST_FOLDS, rng, f"cv={self.cv}")

    def _left_out(
        self,
        X: Any,
        y: NDArray,
        folds: list[tuple[NDArray[np.intp], NDArray[np.intp]]],
        fit_params: dict[str, Any],
    ) -> tuple[Any, list[NDArray[np.float64]]]:
        """Return one fitted classifier, and the probabilities of each fold's rows."""
        if self.cv == "prefit":
            if not hasattr(self.detector, "estimator_"):
                raise ValueError(
                    "cv is 'prefit', but the detector is not fitted; fit it first, on other "
                    "windows than these, or leave cv at None."
                )
            return self.detector.estimator_, [self.detector.estimator_.predict_proba(X)]
        params = self._route(fit_params)
        parallel = Parallel(self.n_jobs)
        results = parallel(
            delayed(_fit_and_predict)(clone(self.estimator), X, y, train, test, params)
            for train, test in folds
        )
        models, parts = zip(*results, strict=True)
        return models[0], list(parts)

    def _candidates(self, step: float) -> list[dict[str, Any]]:
        """Return every setting to try, all five parameters of each."""
        own = {name: getattr(self.detector, name) for name in SETTINGS}
        if self.settings is None:
            rng = check_random_state(self.random_state)
            known = self.oof_proba_[~np.isnan(self.oof_proba_)]
            return draw_settings(known, step, int(self.n_settings), rng)
        with prefix_errors("settings"):
            grid = [{**own, **setting} for setting in ParameterGrid(self.settings)]
        for setting in grid:
            if unknown := sorted(set(setting) - set(SETTINGS)):
                raise ValueError(
                    f"settings names {unknown[0]!r}; a detector's settings are "
                    f"{', '.join(SETTINGS)}. Search other parameters with GridSearchCV around this "
                    "estimator."
                )
        return grid

    def _count(
        self, counters: list[SettingCounter], settings: list[dict[str, Any]], step: float
    ) -> Counts:
        """Count events of all folds for each setting, by patient."""
        trial = clone(self.detector)
        table = []
        for setting in settings:
            for name, value in setting.items():  # set_params would walk through the classifier
                setattr(trial, name, value)
            trial._validate_params()
            table.append((setting["smoothing"], trial._settings(step)))
        names = list(dict.fromkeys(name for c in counters for name in c.patients))
        number = {name: i for i, name in enumerate(names)}
        found = np.zeros((len(settings), len(names), 2), dtype=np.intp)
        n_reference, hours = np.zeros(len(names), dtype=np.intp), np.zeros(len(names))
        for counter in counters:
            at = [number[name] for name in counter.patients]
            # A patient may have several records: add.at, and patients along the first axis.
            np.add.at(found.swapaxes(0, 1), at, counter.counts(table).swapaxes(0, 1))
            np.add.at(n_reference, at, counter.n_reference)
            np.add.at(hours, at, counter.hours)
        if self.hours is not None:
            hours = _stated_hours(self.hours, names, hours)
        return Counts(names, found[:, :, 0], found[:, :, 1], n_reference, hours)

    def _choose(self, settings: list[dict[str, Any]], counts: Counts) -> None:
        """Store the results, and the best of them."""
        objective = self.objective
        if isinstance(objective, str):
            objective = OBJECTIVES[objective]
        with prefix_errors("objective"):
            scores = np.asarray(counts.score(objective), dtype=float)
            if scores.shape != (len(settings),):
                raise ValueError(
                    f"it gives an array of shape {scores.shape} for {len(settings)} settings; a "
                    "score for each is needed."
                )
        rate = rates(counts.false_positives, counts.hours)
        upper = upper_rates(counts.false_positives, counts.hours)
        bound = rate if self.cap == "point" else upper
        cap = self.max_false_alarms_per_24h
        best, kept = choose(
            scores,
            bound,
            cap,
            lambda k: standard_error(counts, objective, k) if self.one_standard_error else 0.0,
            complexity(settings),
        )
        if not kept:
            kind = "rate" if self.cap == "point" else "95 % upper bound"
            warnings.warn(
                f"No setting keeps max_false_alarms_per_24h={cap!r}: the lowest {kind} is "
                f"{bound[best]:.3g} in {counts.hours.sum():.4g} h, and is taken. Allow more false "
                f"alarms, or tune on more hours.",
                UserWarning,
                stacklevel=4,
            )
        self.best_index_, self.best_params_ = best, settings[best]
        self.best_score_ = float(scores[best])
        self.cv_results_ = {
            "params": settings,
            "score": scores,
            "false_alarms_per_24h": rate,
            "upper_false_alarms_per_24h": upper,
            "true_positives": counts.true_positives,
            "false_positives": counts.false_positives,
            "patient": np.array(counts.patients),
            "n_reference": counts.n_reference,
            "hours": counts.hours,
        }

    def _curve(self, counters: list[SettingCounter], step: float) -> dict[str, NDArray]:
        """Return what other thresholds would do, the lower one in proportion."""
        best = self.best_params_
        low = best["low_threshold"]
        ratio = 1.0 if low is None else low / best["threshold"]
        thresholds = np.unique([*np.linspace(0, 1, N_CURVE), best["threshold"]])
        settings = [
            {**best, "threshold": t, "low_threshold": None if low is None else t * ratio}
            for t in thresholds.tolist()
        ]
        counts = self._count(counters, settings, step)
        return {
            "threshold": thresholds,
            "sensitivity": counts.score(OBJECTIVES["sensitivity"]),
            "f1": counts.score(OBJECTIVES["f1"]),
            "false_alarms_per_24h": rates(counts.false_positives, counts.hours),
            "true_positives": counts.true_positives,
            "false_positives": counts.false_positives,
        }


def _one_record(n_windows: int) -> Windows:
    """Return the time of a bare array: one record in row order, one window a second."""
    from ..signals import Windows

    return Windows(np.zeros((n_windows, 1, 1)), sfreq=1.0)


def _two_classes(y: NDArray) -> NDArray:
    """Return the two classes, without the marks of unlabelled windows beside them."""
    classes = np.unique(check_labels_to_hand_on(y)[1])
    return classes if len(classes) == 2 else classes[classes != UNLABELLED]


def _fit_and_predict(
    model: Any, X: Any, y: NDArray, train: NDArray, test: NDArray, params: dict[str, Any]
) -> tuple[Any, NDArray[np.float64]]:
    params = _check_method_params(X, params=params, indices=train)
    model.fit(_safe_indexing(X, train), y[train], **params)
    return model, np.asarray(model.predict_proba(_safe_indexing(X, test)), dtype=np.float64)


def _stated_hours(
    stated: float | Mapping[str, float], names: list[str], hours: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the hours that records stand for, by patient."""
    if not isinstance(stated, Mapping):
        return hours * (float(stated) / hours.sum())
    if missing := [name for name in names if name not in stated]:
        raise ValueError(
            f"hours does not name {missing[0]!r} ({len(missing)} such in all); the hours of every "
            "patient are needed."
        )
    return np.array([float(stated[name]) for name in names])
