"""The default detector, put together from public parts, and how it is trained."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from joblib import Memory
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from .._core.labels import seizure_column
from ..features import BandFeatures
from ..metrics import make_sample_scorer, refit_pooled
from ..model_selection import StratifiedPatientKFold
from ..postprocessing import SeizureDetector
from ..signals import Windows

# The cheap measures of each kind. All 29 take several times as long.
MEASURES = (
    "std",
    "line_length",
    "teager_kaiser_energy",
    "skewness",
    "kurtosis",
    "hjorth_mobility",
    "hjorth_complexity",
    "higuchi_fd",
    "spectral_entropy",
    "permutation_entropy",
    "svd_entropy",
    "sample_entropy",
)

SEARCHED = {"smoothing": [10.0, 20.0], "threshold": [0.3, 0.5]}


def make_detector(
    *, memory: Any = None, n_jobs: int | None = None, random_state: int | None = None
) -> SeizureDetector:
    """Make the default detector.

    Parameters
    ----------
    memory : str or joblib.Memory, default=None
        Where the features of each recording are kept, see `BandFeatures`.
    n_jobs : int, default=None
        Threads for features and trees.
    random_state : int, default=None
        Seed of the trees.

    Returns
    -------
    SeizureDetector
        Not fitted, around a Pipeline of ``features``, ``scaler`` and ``classifier``.
    """
    trees = ExtraTreesClassifier(
        300,
        min_samples_leaf=5,
        max_features=0.1,
        class_weight="balanced",
        n_jobs=n_jobs,
        random_state=random_state,
    )
    features = BandFeatures(list(MEASURES), memory=memory, n_jobs=n_jobs)
    steps = [("features", features), ("scaler", StandardScaler()), ("classifier", trees)]
    return SeizureDetector(Pipeline(steps))


@contextmanager
def feature_store(
    X: Windows, *, n_jobs: int | None = None, verbose: bool | int = False
) -> Iterator[Memory]:
    """Compute the features of all recordings once, ahead of a search that asks for them often.

    Parameters
    ----------
    X : Windows
        All windows that are to be trained on or scored.
    n_jobs : int, default=None
        Threads.
    verbose : bool or int, default=False
        If true, a progress bar stands on standard error.

    Yields
    ------
    joblib.Memory
        Store for ``memory`` of `train_detector`. Its folder is removed at the end.

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
    with tempfile.TemporaryDirectory(prefix="skseizure-") as folder:
        memory = Memory(folder, verbose=0)
        features = make_detector(memory=memory, n_jobs=n_jobs).estimator["features"]
        features.set_params(verbose=verbose).fit_transform(X)
        yield memory


def n_search_folds(X: Windows, y: ArrayLike) -> int:
    """Return the number of folds to search over: up to 3, each with a patient who has seizures.

    Parameters
    ----------
    X : Windows
        Training windows.
    y : array-like, shape (n_windows,)
        1 for ictal windows.

    Returns
    -------
    int
        Below 2 there is nothing to search over.
    """
    if X.patient is None:
        return 0
    return min(3, len(np.unique(X.patient[np.asarray(y) == 1])))


def train_detector(
    X: Windows,
    y: ArrayLike,
    *,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    report: Callable[[str], object] | None = None,
) -> SeizureDetector:
    """Train the default detector, smoothing and threshold chosen over patient-wise folds.

    Twelve measures in five bands, scaling and randomised trees inside a `SeizureDetector`: the
    detector of ``skseizure train``. The search maximises the balanced accuracy of windows, from
    counts over all folds together. Unlike event scores it is defined, and means the same, on whole
    records and on excerpts around seizures.

    Parameters
    ----------
    X : Windows
        Training windows, with patients.
    y : array-like, shape (n_windows,)
        1 for ictal windows.
    memory : str or joblib.Memory, default=None
        Where features are kept between the fits of the search, see `feature_store`.
    n_jobs : int, default=None
        Threads for features and trees.
    random_state : int, default=None
        Seed of the trees.
    report : callable, default=None
        Called with a line of text before the work begins.

    Returns
    -------
    SeizureDetector
        Fitted on all of ``X``. If fewer than two patients have seizures, there are no folds to
        search over, and smoothing and threshold are the defaults.

    See Also
    --------
    label_held_out : Labels of each patient by a detector that was trained on the others.
    save_model : Write the detector to a file.

    Examples
    --------
    >>> from skseizure.datasets import make_recordings
    >>> from skseizure.models import train_detector
    >>> from skseizure.signals import Windows
    >>> recordings, events = make_recordings(
    ...     1, 2, duration=60, sfreq=128, ictal_fraction=0.3, random_state=0
    ... )
    >>> X = Windows.concatenate(Windows.from_recording(r, window=4) for r in recordings)
    >>> detector = train_detector(X, X.labels(events), random_state=0, report=print)
    Searched nothing: that takes two patients with seizures
    >>> detector.smoothing, detector.threshold
    (10.0, 0.5)
    """
    detector = make_detector(memory=memory, n_jobs=n_jobs, random_state=random_state)
    n_folds = n_search_folds(X, y)
    if n_folds < 2:
        _tell(report, "Searched nothing: that takes two patients with seizures")
        return detector.fit(X, y)
    _tell(report, f"Searching smoothing and threshold over {n_folds} folds ...")
    search = GridSearchCV(
        detector,
        SEARCHED,
        scoring=make_sample_scorer(),
        refit=refit_pooled("sample_balanced_accuracy"),
        cv=StratifiedPatientKFold(n_folds),
        error_score="raise",
    )
    return search.fit(X, y).best_estimator_


def label_held_out(
    detector: SeizureDetector,
    X: Windows,
    y: ArrayLike,
    *,
    report: Callable[[str], object] | None = None,
) -> NDArray | None:
    """Label each patient by a detector with the same settings that was trained on the others.

    Parameters
    ----------
    detector : SeizureDetector
        What `train_detector` or `train_baseline` returned, or another one that is fitted.
    X : Windows
        The windows that it was trained on.
    y : array-like, shape (n_windows,)
        Their labels.
    report : callable, default=None
        Called with a line of text before the work begins.

    Returns
    -------
    ndarray, shape (n_windows,), or None
        1 for windows that were taken for ictal, in the folds of the search. None if fewer than two
        patients have seizures, so that there are no folds.

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
    n_folds = n_search_folds(X, y)
    if n_folds < 2:
        return None
    _tell(report, "Scoring on patients left out ...")
    return cross_val_predict(detector, X, y, cv=StratifiedPatientKFold(n_folds))


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
