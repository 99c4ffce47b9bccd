"""How a detector is trained, its operating point chosen, and scored on patients left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Memory
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_curve
from sklearn.model_selection import ParameterGrid, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from .._core.labels import seizure_column
from .._core.store import open_store, temporary_folder
from ..model_selection import RecordKFold, StratifiedPatientKFold
from ..postprocessing import SeizureDetector, TunedSeizureDetectorCV
from ..signals import Windows
from ._recipes import make_model, set_everywhere, set_memory

MAX_FOLDS = 5
# Share of a record that must have been observed for it to be whole.
WHOLE = 0.99
# What is tried where only parts of records are at hand.
ON_WINDOWS = {
    "smoothing": [0.0, 10.0, 20.0, 30.0],
    "threshold": [round(0.05 * i, 2) for i in range(2, 19)],
}


@dataclass(frozen=True)
class WindowSearch:
    """How an operating point was chosen by the labels of windows; like `TunedSeizureDetectorCV`.

    Parameters
    ----------
    detector_ : SeizureDetector
        Fitted on all windows, at the chosen setting.
    oof_proba_ : ndarray, shape (n_windows,)
        Probability of a seizure by a classifier that did not see the window.
    best_params_ : dict
        The chosen setting.
    best_score_ : float
        Its balanced accuracy on windows left out.
    n_settings : int
        How many were tried.
    """

    detector_: SeizureDetector
    oof_proba_: NDArray[np.float64]
    best_params_: dict[str, Any]
    best_score_: float
    n_settings: int


@contextmanager
def feature_store(
    X: Windows,
    detector: Any = None,
    *,
    folder: str | None = None,
    n_jobs: int | None = None,
    verbose: bool | int = False,
) -> Iterator[Memory]:
    """Compute the features of all recordings once, ahead of a search that asks for them often.

    Parameters
    ----------
    X : Windows
        All windows that are to be trained on or scored.
    detector : estimator, default=None
        Detector of `make_model` whose features are meant. If None, the default one.
    folder : str, default=None
        Folder that keeps the features, for later trainings too. If None, a temporary one, which is
        removed at the end.
    n_jobs : int, default=None
        Threads.
    verbose : bool or int, default=False
        If true, a progress bar stands on standard error.

    Yields
    ------
    joblib.Memory
        Store for ``memory`` of `make_model` and `train_detector`.

    Examples
    --------
    >>> from skseizure.datasets import make_recordings
    >>> from skseizure.models import feature_store, train_detector
    >>> from skseizure.signals import Windows
    >>> recordings, events = make_recordings(
    ...     1, 1, duration=60, sfreq=128, ictal_fraction=0.3, random_state=0
    ... )
    >>> X = Windows.from_recording(recordings[0], window=4)
    >>> with feature_store(X) as memory:
    ...     detector = train_detector(X, X.labels(events), memory=memory, random_state=0)
    >>> detector.predict(X).shape
    (15,)
    """
    detector = make_model() if detector is None else clone(detector)
    with temporary_folder() if folder is None else nullcontext(folder) as place:
        memory = open_store(place)
        set_memory(detector, memory)
        features = _stored_features(detector)
        if features is not None:
            set_everywhere(features, "n_jobs", n_jobs)
            set_everywhere(features, "verbose", verbose)
            features.fit_transform(X)
        yield memory


def _stored_features(detector: Any) -> Any:
    """Return the transformer of whole windows that keeps what it computes, if there is one."""
    pipeline = getattr(detector, "estimator", None)
    if not hasattr(pipeline, "named_steps"):  # a classifier that learns patients
        pipeline = getattr(pipeline, "estimator", None)
    features = getattr(pipeline, "named_steps", {}).get("features")
    params = {} if features is None else features.get_params()
    stores = [key for key in params if key.rpartition("__")[2] == "memory"]
    return features if any(params[key] is not None for key in stores) else None


def n_search_folds(X: Windows, y: ArrayLike) -> int:
    """Return the number of folds to tune over: up to 5, each with a patient who has seizures.

    Parameters
    ----------
    X : Windows
        Training windows. If all are of one patient, folds leave out records.
    y : array-like, shape (n_windows,)
        1 for ictal windows.

    Returns
    -------
    int
        Below 2 there is nothing to tune over.
    """
    if X.patient is None:
        return 0
    owner = X.record if _is_one_patient(X) else X.patient
    return min(MAX_FOLDS, len(np.unique(owner[np.asarray(y) == 1])))


def _is_one_patient(X: Windows) -> bool:
    return X.patient is None or len(np.unique(X.patient)) == 1


def _splitter(X: Windows, n_folds: int) -> Any:
    return RecordKFold(n_folds) if _is_one_patient(X) else StratifiedPatientKFold(n_folds)


def train_detector(
    X: Windows,
    y: ArrayLike,
    detector: Any = None,
    *,
    max_false_alarms_per_24h: float | None = None,
    hours: float | dict[str, float] | None = None,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    report: Callable[[str], object] | None = None,
    return_search: bool = False,
) -> Any:
    """Train a detector, its operating point chosen on patients left out.

    `TunedSeizureDetectorCV` chooses smoothing, thresholds, minimum duration and merge gap by event
    F1 over folds of whole patients, or of whole records if there is one patient. If fewer than two
    of these have seizures, there is nothing to choose on, and the detector keeps its own settings.

    Where only parts of records are at hand, such as excerpts around seizures, nearly every alarm
    touches a seizure and events tell nothing: smoothing and threshold are then chosen by the
    balanced accuracy of windows, unless there is a cap.

    Parameters
    ----------
    X : Windows
        Training windows, with patients.
    y : array-like, shape (n_windows,)
        1 for ictal windows.
    detector : estimator, default=None
        The detector to train, of `make_model` or your own. If None, the default one. Only a
        `SeizureDetector` has an operating point to choose.
    max_false_alarms_per_24h : float, default=None
        Settings with more false alarms on the patients left out are not chosen. If None, there is
        no cap.
    hours : float or mapping of patient to float, default=None
        Hours that the records stand for; see `TunedSeizureDetectorCV`. Needed with a cap if only
        parts of records are at hand.
    memory : str or joblib.Memory, default=None
        Where features are kept between the folds, see `feature_store`.
    n_jobs : int, default=None
        Threads of the default detector.
    random_state : int, default=None
        Seed of the default detector and of the settings that are tried.
    report : callable, default=None
        Called with a line of text before the work begins.
    return_search : bool, default=False
        Also return the search.

    Returns
    -------
    detector : estimator
        Fitted on all of ``X``.
    search : TunedSeizureDetectorCV, WindowSearch or None
        How the operating point was chosen, with probabilities of windows left out; None if it was
        not. Only with ``return_search=True``.

    Raises
    ------
    ValueError
        If there is a cap, and no operating point to choose or nothing to choose it on.

    See Also
    --------
    make_model : Detectors by name.
    label_held_out : Labels of each patient by a detector that was trained on the others.
    save_model : Write the detector to a file.

    Examples
    --------
    >>> from skseizure.datasets import make_recordings
    >>> from skseizure.models import make_model, train_detector
    >>> from skseizure.signals import Windows
    >>> recordings, events = make_recordings(
    ...     2, 1, duration=120, sfreq=128, ictal_fraction=0.3, random_state=0
    ... )
    >>> X = Windows.concatenate(Windows.from_recording(r, window=4) for r in recordings)
    >>> linear = make_model("linear", estimator__features__measures=["line_length"])
    >>> detector = train_detector(X, X.labels(events), linear, random_state=0, report=print)
    Tuning the operating point over 2 folds by events ...
    >>> detector.predict(X).shape
    (60,)
    """
    if detector is None:
        detector = make_model(n_jobs=n_jobs, random_state=random_state)
    else:
        detector = clone(detector)
    if memory is not None:
        set_memory(detector, memory)
    n_folds = n_search_folds(X, y)
    tuned = isinstance(detector, SeizureDetector) and n_folds >= 2
    if not tuned:
        owner = "records" if _is_one_patient(X) else "patients"
        why = f"that takes two {owner} with seizures"
        if not isinstance(detector, SeizureDetector):
            why = f"a {type(detector).__name__} has no operating point to choose"
        if max_false_alarms_per_24h is not None:
            raise ValueError(
                f"max_false_alarms_per_24h is {max_false_alarms_per_24h!r}, but {why}."
            )
        _tell(report, f"Tuned nothing: {why}")
        fitted = detector.fit(X, y)
        return (fitted, None) if return_search else fitted
    parts = max_false_alarms_per_24h is None and _are_parts(X)
    unit = "windows, as records are not whole" if parts else "events"
    _tell(report, f"Tuning the operating point over {n_folds} folds by {unit} ...")
    search: Any = TunedSeizureDetectorCV(
        detector,
        max_false_alarms_per_24h=max_false_alarms_per_24h,
        hours=hours,
        settings={"threshold": [detector.threshold]} if parts else None,
        cv=_splitter(X, n_folds),
        random_state=random_state,
    ).fit(X, y)
    if parts:
        search = _by_windows(search, X, y)
    return (search.detector_, search) if return_search else search.detector_


def _are_parts(X: Windows) -> bool:
    infos = X.recordings().values()
    return any((info.observed or 0.0) < WHOLE * info.duration for info in infos)


def _by_windows(tuned: TunedSeizureDetectorCV, X: Windows, y: ArrayLike) -> WindowSearch:
    """Choose smoothing and threshold by the labels of windows, on probabilities that are known."""
    settings = list(ParameterGrid(ON_WINDOWS))
    detector = tuned.detector_
    scores = []
    for setting in settings:
        detector.set_params(**setting)
        scores.append(balanced_accuracy_score(y, _known_labels(tuned, X, y)))
    best = int(np.argmax(scores))
    return WindowSearch(
        detector.set_params(**settings[best]),
        tuned.oof_proba_,
        dict(settings[best]),
        float(scores[best]),
        len(settings),
    )


def _known_labels(search: Any, X: Windows, y: ArrayLike) -> NDArray:
    """Return the labels of windows left out, from their probabilities."""
    known = _Known(search.oof_proba_, seizure_column(search.detector_))
    return clone(search.detector_).set_params(estimator=known).fit(X, y).predict(X)


def label_held_out(
    detector: Any,
    X: Windows,
    y: ArrayLike,
    *,
    report: Callable[[str], object] | None = None,
) -> NDArray | None:
    """Label each patient by a detector with the same settings that was trained on the others.

    Parameters
    ----------
    detector : estimator, TunedSeizureDetectorCV or WindowSearch
        What `train_detector` or `train_baseline` returned, or another one that is fitted. A search
        holds the probabilities already; any other detector is trained once more for each fold.
    X : Windows
        The windows that it was trained on.
    y : array-like, shape (n_windows,)
        Their labels.
    report : callable, default=None
        Called with a line of text before the work begins.

    Returns
    -------
    ndarray, shape (n_windows,), or None
        1 for windows that were taken for ictal. None if fewer than two patients (of one patient:
        records) have seizures, so that there are no folds.

    Examples
    --------
    >>> from skseizure.datasets import make_recordings
    >>> from skseizure.models import label_held_out, train_baseline
    >>> from skseizure.signals import Windows
    >>> recordings, events = make_recordings(3, 1, duration=300, random_state=0)
    >>> X = Windows.concatenate(Windows.from_recording(r, window=4) for r in recordings)
    >>> y = X.labels(events)
    >>> labels = label_held_out(train_baseline(X, y), X, y)
    >>> bool(labels[y == 1].mean() > 0.8)
    True
    """
    if hasattr(detector, "oof_proba_"):
        return _known_labels(detector, X, y)
    n_folds = n_search_folds(X, y)
    if n_folds < 2:
        return None
    _tell(report, "Scoring on patients left out ...")
    return cross_val_predict(detector, X, y, cv=_splitter(X, n_folds))


class _Known(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities for the windows at hand are known."""

    def __init__(self, proba: Any, column: int) -> None:
        self.proba = proba
        self.column = column

    def fit(self, X: Any, y: ArrayLike) -> _Known:
        """Learn the classes."""
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return what is known, of the same windows in the same order."""
        seizure = np.nan_to_num(self.proba)  # of windows that no fold left out
        return np.column_stack([1 - seizure, seizure][:: 1 if self.column else -1])

    def predict(self, X: Any) -> NDArray:
        """Return the more probable class."""
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]


def _tell(report: Callable[[str], object] | None, text: str) -> None:
    if report is not None:
        report(text)


def train_baseline(X: Windows, y: ArrayLike) -> SeizureDetector:
    """Train the detector that any other has to beat: one feature, the line length, and a threshold.

    Parameters
    ----------
    X : Windows
        Training windows.
    y : array-like, shape (n_windows,)
        1 for ictal windows.

    Returns
    -------
    SeizureDetector
        Fitted. Its threshold has the best balanced accuracy on the training windows.

    Examples
    --------
    >>> from skseizure.datasets import make_recordings
    >>> from skseizure.models import train_baseline
    >>> from skseizure.signals import Windows
    >>> recordings, events = make_recordings(
    ...     1, 1, duration=120, ictal_fraction=0.3, random_state=0
    ... )
    >>> X = Windows.from_recording(recordings[0], window=4)
    >>> baseline = train_baseline(X, X.labels(events))
    >>> baseline.predict(X).shape
    (30,)
    """
    line = make_pipeline(
        FunctionTransformer(log_line_length),
        StandardScaler(),
        LogisticRegression(class_weight="balanced"),
    )
    detector = SeizureDetector(line).fit(X, y)
    column = seizure_column(detector)
    ictal = np.asarray(y) == detector.classes_[column]
    false_alarms, hits, thresholds = roc_curve(ictal, detector.predict_proba(X)[:, column])
    best = np.argmax((hits - false_alarms)[1:]) + 1  # the first threshold is infinite
    return detector.set_params(threshold=float(thresholds[best]))


def log_line_length(X: Windows) -> NDArray[np.float64]:
    """Return the logarithm of the line length, averaged over a window's channels, as a column."""
    table = np.empty((len(X), 1))
    for rows, part in X.by_signal():
        lengths = np.abs(np.diff(part.data, axis=-1)).mean(axis=(1, 2))
        table[rows, 0] = np.log(np.maximum(lengths, np.finfo(np.float32).tiny))
    return table
