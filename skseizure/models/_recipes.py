"""The detector that the command line trains: one good default, put together from public parts."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
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

from ..features import BandFeatures
from ..model_selection import StratifiedPatientKFold
from ..postprocessing import SeizureDetector
from ..signals import Events, Windows

# The measures of each kind that cost little; the whole set of 29 takes several times as long.
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
    """Return the default detector, not yet fitted.

    Parameters
    ----------
    memory : str or joblib.Memory, default=None
        Where the features of each recording are kept; see `BandFeatures`.
    n_jobs : int, default=None
        Threads for features and trees.
    random_state : int, default=None
        Seed of the trees.

    Returns
    -------
    SeizureDetector
        Around a Pipeline of ``features``, ``scaler`` and ``classifier``.
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
def cached_features(X: Windows, *, n_jobs: int | None) -> Iterator[Memory]:
    """Compute the features of all recordings once, ahead of a search that asks for them often.

    Parameters
    ----------
    X : Windows
        All windows that are to be trained on or scored.
    n_jobs : int
        Threads.

    Yields
    ------
    joblib.Memory
        Store for `make_detector`, gone at the end. A progress bar stands on standard error where
        that is a terminal.
    """
    with tempfile.TemporaryDirectory(prefix="skseizure-") as folder:
        memory = Memory(folder, verbose=0)
        features = make_detector(memory=memory, n_jobs=n_jobs).estimator["features"]
        features.set_params(verbose=sys.stderr.isatty()).fit_transform(X)
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


def search_detector(
    X: Windows, y: ArrayLike, *, memory: Any, n_jobs: int | None, random_state: int | None
) -> SeizureDetector:
    """Fit the default detector, smoothing and threshold chosen over patient-wise folds.

    What counts is the balanced accuracy of windows: unlike event scores it is defined, and means
    the same, on whole records and on excerpts around seizures.

    Parameters
    ----------
    X : Windows
        Training windows with patients.
    y : array-like, shape (n_windows,)
        1 for ictal windows.
    memory, n_jobs, random_state
        As in `make_detector`.

    Returns
    -------
    SeizureDetector
        Fitted on all of ``X``. Where fewer than two patients have seizures there is nothing to
        search over: the defaults.
    """
    detector = make_detector(memory=memory, n_jobs=n_jobs, random_state=random_state)
    n_folds = n_search_folds(X, y)
    if n_folds < 2:
        return detector.fit(X, y)
    search = GridSearchCV(
        detector,
        SEARCHED,
        scoring="balanced_accuracy",
        cv=StratifiedPatientKFold(n_folds),
        error_score="raise",
    )
    return search.fit(X, y).best_estimator_


def label_held_out(detector: SeizureDetector, X: Windows, y: ArrayLike) -> NDArray:
    """Label each patient by a detector of the same settings that did not see him.

    Parameters
    ----------
    detector : SeizureDetector
        What `search_detector` returned.
    X, y
        The windows and labels that it was given, of two patients with seizures or more.

    Returns
    -------
    ndarray, shape (n_windows,)
        1 for windows that were taken for ictal, in the folds of the search.
    """
    return cross_val_predict(detector, X, y, cv=StratifiedPatientKFold(n_search_folds(X, y)))


def observed_throughout(events: Events) -> bool:
    """Tell whether whole records were seen, so that a rate of false alarms means something.

    Parameters
    ----------
    events : Events
        The truth, with the time that was observed of each record.

    Returns
    -------
    bool
        False if a part of a record is missing.
    """
    return all((info.observed or 0.0) > 0.99 * info.duration for info in events.recordings.values())


def fit_baseline(X: Windows, y: ArrayLike) -> SeizureDetector:
    """Fit the detector that any other has to beat: one feature, the line length, and a threshold.

    Parameters
    ----------
    X : Windows
        Training windows.
    y : array-like, shape (n_windows,)
        1 for ictal windows.

    Returns
    -------
    SeizureDetector
        Fitted; its threshold has the best balanced accuracy on the training windows.
    """
    line = make_pipeline(
        FunctionTransformer(log_line_length),
        StandardScaler(),
        LogisticRegression(class_weight="balanced"),
    )
    detector = SeizureDetector(line).fit(X, y)
    false_alarms, hits, thresholds = roc_curve(y, detector.predict_proba(X)[:, 1])
    best = np.argmax((hits - false_alarms)[1:]) + 1  # the first threshold is infinite
    return detector.set_params(threshold=float(thresholds[best]))


def log_line_length(X: Windows) -> NDArray[np.float64]:
    """Return the logarithm of the line length, averaged over a window's channels, as a column."""
    table = np.empty((len(X), 1))
    for rows, part in X.by_signal():
        lengths = np.abs(np.diff(part.data, axis=-1)).mean(axis=(1, 2))
        table[rows, 0] = np.log(np.maximum(lengths, np.finfo(np.float32).tiny))
    return table
