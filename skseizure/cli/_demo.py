"""The demonstration: train on some patients, score on others, draw one recording."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from ..datasets import load_chbmit, make_recordings
from ..metrics import event_scores, sensitivity_score, specificity_score
from ..model_selection import LeaveOnePatientOut
from ..models._recipes import cached_features, fit_baseline, observed_throughout, search_detector
from ..postprocessing import SeizureDetector
from ..signals import Events, Windows

WINDOW, STEP = 4.0, 2.0

_COLUMNS = ("ROC-AUC", "balanced", "sensit.", "specif.", "events", "FA/24 h")
Row = tuple[float, ...]


def demo_generated(seed: int) -> tuple[Windows, NDArray, Events]:
    """Generate the recordings of the demonstration: five patients of 20 minutes."""
    recordings, events = make_recordings(
        n_patients=5, n_records=2, duration=600.0, ictal_fraction=0.08, random_state=seed
    )
    X = Windows.concatenate(
        [Windows.from_recording(recording, window=WINDOW, step=STEP) for recording in recordings]
    )
    return X, X.labels(events), events


def run_demo(
    data: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    *,
    seed: int = 0,
    n_jobs: int | None = None,
    echo: Callable[[str], None] = print,
) -> Path:
    """Train and score detectors that never saw the patient, and draw one of his recordings.

    Parameters
    ----------
    data : str or path-like or None
        Folder of CHB-MIT recordings; every patient is left out once. None: generated recordings,
        where one of five patients is.
    out : str or path-like
        Folder for the picture, made if needed.
    seed : int, default=0
        Seed of the recordings and of the classifier.
    n_jobs : int, default=None
        Threads.
    echo : callable, default=print
        Takes each line of the report.

    Returns
    -------
    Path
        The picture.

    Raises
    ------
    ValueError
        If Matplotlib is not installed, or as `load_chbmit`.
    """
    _need_matplotlib()
    if data is None:
        X, y, events = demo_generated(seed)
        echo(f"Generated {X}")
    else:
        loaded: Any = load_chbmit(
            data, window=WINDOW, step=STEP, return_events=True, verbose=sys.stderr.isatty()
        )
        X, y, events = loaded
        echo(f"Loaded {X} from {os.fspath(data)}")
    echo(f"Ictal windows: {y.mean():.1%}; seizures: {len(events)}")
    splits = list(LeaveOnePatientOut().split(X, y))
    if data is None:
        splits = splits[-1:]
    Path(out).mkdir(parents=True, exist_ok=True)
    rated = observed_throughout(events)
    detector_rows: list[Row] = []
    baseline_rows: list[Row] = []
    picture = None
    with cached_features(X, n_jobs=n_jobs) as memory:
        for i, (train, test) in enumerate(splits, start=1):
            patient = str(X[test].patient[0])
            echo(
                f"\nPatient {patient} left out ({i} of {len(splits)}): "
                f"training on the other {_n_others(X, patient)} ..."
            )
            detector = search_detector(
                X[train], y[train], memory=memory, n_jobs=n_jobs, random_state=seed
            )
            baseline = fit_baseline(X[train], y[train])
            echo(f"  chosen: smoothing {detector.smoothing:g} s, threshold {detector.threshold:g}")
            detector_rows.append(_score(detector, X[test], y[test]))
            baseline_rows.append(_score(baseline, X[test], y[test]))
            _report(echo, [patient], [detector_rows[-1]], [baseline_rows[-1]], rated)
            if picture is None:
                picture = _draw(detector, X[test], y[test], events, Path(out))
    if len(splits) > 1:
        echo("\nAll patients, each scored by a detector that never saw him")
        names = [str(X[test].patient[0]) for _, test in splits]
        _report(echo, names, detector_rows, baseline_rows, rated)
    if not rated:
        echo(
            "\nFalse alarms per 24 h are left out: only parts of the records are at hand, chosen "
            "around seizures."
        )
    echo(f"\nPicture: {picture}")
    assert picture is not None
    return picture


def _need_matplotlib() -> None:
    """Tell at once what minutes of work would end in."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ValueError("the picture needs matplotlib: pip install 'skseizure[plot]'.") from error


def _n_others(X: Windows, patient: str) -> int:
    return len(set(np.asarray(X.patient).tolist()) - {patient})


def _score(detector: SeizureDetector, X: Windows, y: NDArray) -> Row:
    # The trees vote twice, which takes little; the features come from the store.
    probability = detector.predict_proba(X)[:, 1]
    labels = detector.predict(X)
    found = event_scores(y, labels, windows=X)
    return (
        roc_auc_score(y, probability),
        balanced_accuracy_score(y, labels),
        sensitivity_score(y, labels),
        specificity_score(y, labels),
        found.sensitivity,
        found.false_alarms_per_24h,
    )


def _report(
    echo: Callable[[str], None],
    names: Iterable[str],
    detector: list[Row],
    baseline: list[Row],
    rated: bool,
) -> None:
    shown = slice(None) if rated else slice(-1)
    echo(f"  {'patient':<9}{'':<10}" + "".join(f"{c:>10}" for c in _COLUMNS[shown]))
    tables = {"detector": detector, "baseline": baseline}
    for i, name in enumerate(names):
        for kind, rows in tables.items():
            label = name if kind == "detector" else ""
            echo(f"  {label:<9}{kind:<10}" + _figures(rows[i][shown]))
    if len(detector) > 1:
        for kind, rows in tables.items():
            mean = np.mean([row[shown] for row in rows], axis=0)
            echo(f"  {'mean':<9}{kind:<10}" + _figures(mean))
    echo("  ROC-AUC to specif.: windows; events: share of seizures found (SzCORE rules);")
    echo("  baseline: line length, smoothed, threshold from the training patients")


def _figures(row: Iterable[float]) -> str:
    return "".join(f"{value:>10.3f}" if value < 10 else f"{value:>10.0f}" for value in row)


def _draw(detector: SeizureDetector, X: Windows, y: NDArray, events: Events, out: Path) -> Path:
    """Draw the record with the most ictal windows."""
    from matplotlib.figure import Figure

    from ..inspection import EventTimelineDisplay

    names, code = np.unique(X.record, return_inverse=True)
    record = str(names[np.argmax(np.bincount(code, weights=y))])
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    EventTimelineDisplay.from_estimator(detector, X, events, record=record, axes=axes)
    path = out / "timeline.png"
    figure.savefig(path, dpi=150)
    return path
