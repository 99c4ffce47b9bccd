"""``skseizure demo``: train on some patients, score on others, draw one recording."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import click

from ._common import FILE, check_jobs, seed_option, show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..postprocessing import SeizureDetector
    from ..signals import Events, Windows

WINDOW, STEP = 4.0, 2.0

COLUMNS = ("ROC-AUC", "balanced", "sensit.", "specif.", "events", "FA/24 h")
Row = tuple[float, ...]


@click.command()
@click.option(
    "--data", type=FILE, help="Folder of CHB-MIT recordings. Without it they are generated."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("skseizure-demo"),
    show_default=True,
    help="Folder for the picture.",
)
@seed_option
@click.option(
    "-j",
    "--n-jobs",
    type=int,
    default=-1,
    callback=check_jobs,
    help="Threads; -1 takes all cores.  [default: all cores]",
)
def demo(data: Path | None, out: Path, seed: int, n_jobs: int) -> None:
    """Train a detector, score it on patients it never saw, and draw one recording.

    Band features, scaling and randomised trees inside a SeizureDetector, whose operating point is
    chosen on training patients left out, against a threshold on the line length.
    """
    _check_matplotlib()

    import numpy as np

    from .._core.files import check_folder, check_output
    from ..model_selection import LeaveOnePatientOut
    from ..models import feature_store, train_baseline, train_detector

    check_folder(out, new=True)
    picture = out / "timeline.png"
    if picture.exists():
        check_output(picture, kind="picture")
    compiling = Thread(target=_compile)
    compiling.start()
    X, y, events = _generate(seed) if data is None else _load(data)
    out.mkdir(parents=True, exist_ok=True)
    compiling.join()
    show(f"Ictal windows: {y.mean():.1%}; seizures: {len(events)}")
    splits = list(LeaveOnePatientOut().split(X, y))
    if data is None:
        splits = splits[-1:]
    names = [str(X[test].patient[0]) for _, test in splits]
    n_others = len(set(np.asarray(X.patient).tolist())) - 1
    detectors: list[Row] = []
    baselines: list[Row] = []
    with feature_store(X, n_jobs=n_jobs, verbose=sys.stderr.isatty()) as memory:
        for i, (train, test) in enumerate(splits):
            show(
                f"\nPatient {names[i]} left out ({i + 1} of {len(splits)}): "
                f"training on the other {n_others} ..."
            )
            detector, search = train_detector(
                X[train],
                y[train],
                memory=memory,
                n_jobs=n_jobs,
                random_state=seed,
                return_search=True,
            )
            baseline = train_baseline(X[train], y[train])
            _tell_choice(detector, search)
            detectors.append(_score(detector, X[test], y[test]))
            baselines.append(_score(baseline, X[test], y[test]))
            _report(names[i : i + 1], detectors[i:], baselines[i:], events.complete)
            if i == 0:
                _draw(detector, X[test], y[test], events, picture)
    if len(splits) > 1:
        show("\nAll patients, each scored by a detector that was trained on the others")
        _report(names, detectors, baselines, events.complete)
    if not events.complete:
        show(
            "\nFalse alarms per 24 h are left out: only parts of the records are at hand, chosen "
            "around seizures."
        )
    show(f"\nPicture: {picture}")


def _check_matplotlib() -> None:
    """Say at once that the picture cannot be drawn, rather than after minutes of work."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise ValueError("the picture needs matplotlib: pip install 'skseizure[plot]'.") from error


def _compile() -> None:
    """Let numba compile what it has not yet: one core's work while recordings are made or read."""
    import numpy as np

    from ..metrics import operating_curve
    from ..models import make_model
    from ..signals import Windows

    noise = Windows(np.random.default_rng(0).normal(size=(2, 1, 1024)), sfreq=256, step=STEP)
    make_model().estimator["features"].fit_transform(noise)
    operating_curve([0, 1], [0.0, 1.0], windows=noise)


def _generate(seed: int) -> tuple[Windows, NDArray, Events]:
    """Generate the recordings of the demonstration: five patients of 20 minutes."""
    from ..datasets import make_recordings
    from ..signals import Windows

    recordings, events = make_recordings(
        n_patients=5, n_records=2, duration=600.0, ictal_fraction=0.08, random_state=seed
    )
    X = Windows.concatenate(
        [Windows.from_recording(recording, window=WINDOW, step=STEP) for recording in recordings]
    )
    show(f"Generated {X}")
    return X, X.labels(events), events


def _load(folder: Path) -> tuple[Windows, NDArray, Events]:
    from ..datasets import load_chbmit

    loaded: Any = load_chbmit(
        folder, window=WINDOW, step=STEP, return_events=True, verbose=sys.stderr.isatty()
    )
    show(f"Loaded {loaded[0]} from {os.fspath(folder)}")
    return loaded


def _tell_choice(detector: SeizureDetector, search: Any) -> None:
    """Print the operating point, and how it does on the patients that it was chosen on."""
    low = detector.threshold if detector.low_threshold is None else detector.low_threshold
    show(
        f"  chosen: smoothing {detector.smoothing:g} s, threshold {detector.threshold:g} "
        f"(to go on {low:.3g}), events from {detector.min_duration:g} s, gaps below "
        f"{detector.merge_gap:g} s closed"
    )
    if search is None:
        return
    text = "settings on training patients left out: "
    if not hasattr(search, "cv_results_"):  # parts of records: chosen by windows
        text = f"{search.n_settings} {text}balanced accuracy {search.best_score_:.3f} of windows"
    else:
        results, best = search.cv_results_, search.best_index_
        found, rate = results["true_positives"][best].sum(), results["false_alarms_per_24h"][best]
        text = f"{len(results['params'])} {text}{found} of {results['n_reference'].sum()} seizures "
        text += f"found, {rate:.3g} false alarms per 24 h"
    show(f"  the best of {text}")


def _score(detector: SeizureDetector, X: Windows, y: NDArray) -> Row:
    from sklearn.metrics import balanced_accuracy_score, roc_auc_score

    from ..metrics import event_scores, sensitivity_score, specificity_score

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


def _report(names: list[str], detectors: list[Row], baselines: list[Row], rated: bool) -> None:
    """Print the scores of each patient, and their mean if there are several."""
    shown = slice(None) if rated else slice(-1)
    tables = {"detector": detectors, "baseline": baselines}
    show(f"  {'patient':<9}{'':<10}" + "".join(f"{c:>10}" for c in COLUMNS[shown]))
    for i, name in enumerate(names):
        for kind, rows in tables.items():
            label = name if kind == "detector" else ""
            show(f"  {label:<9}{kind:<10}" + _figures(rows[i][shown]))
    if len(names) > 1:
        for kind, rows in tables.items():
            mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
            show(f"  {'mean':<9}{kind:<10}" + _figures(mean[shown]))
    show("  ROC-AUC to specif.: windows; events: share of seizures found (SzCORE rules);")
    show("  baseline: line length, smoothed, threshold from the training patients")


def _figures(row: Iterable[float]) -> str:
    return "".join(f"{value:>10.3f}" if value < 10 else f"{value:>10.0f}" for value in row)


def _draw(detector: SeizureDetector, X: Windows, y: NDArray, events: Events, path: Path) -> None:
    """Draw the record with the most ictal windows."""
    import numpy as np
    from matplotlib.figure import Figure

    from .._core.files import write_atomically
    from ..inspection import EventTimelineDisplay

    names, code = np.unique(X.record, return_inverse=True)
    record = str(names[np.argmax(np.bincount(code, weights=y))])
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(2, sharex=True, height_ratios=[3, 1])
    EventTimelineDisplay.from_estimator(detector, X, events, record=record, axes=axes)
    with write_atomically(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)
