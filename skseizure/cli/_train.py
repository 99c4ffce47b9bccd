"""``skseizure train``: the default detector, trained on a folder of recordings."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import click

from ._common import FILE, n_jobs_option, output_argument, progress, seconds_option, seed_option

MONTAGE = "double banana"


@click.command()
@click.argument("data", type=FILE)
@output_argument("model")
@click.option(
    "--corpus",
    type=click.Choice(["folder", "chbmit", "tusz"]),
    default="folder",
    show_default=True,
    help="How DATA is laid out: EDF files, each with its events table beside it; or a corpus.",
)
@seconds_option("--window", 4.0, "Window in seconds.")
@seconds_option("--step", 2.0, "Step in seconds.")
@seed_option
@n_jobs_option
def train(
    data: Path, model: Path, corpus: str, window: float, step: float, seed: int, n_jobs: int | None
) -> None:
    """Train a detector on the recordings in DATA and write it to the file MODEL.

    Smoothing and threshold are chosen by balanced accuracy over folds that hold whole patients. A
    model card goes beside MODEL, with the ending .md: training data, settings, scores on patients
    left out, limits.
    """
    from .. import datasets
    from ..models import (
        Model,
        feature_store,
        label_held_out,
        model_card_path,
        save_model,
        train_detector,
        write_model_card,
    )

    model_card_path(model)  # before the work

    load: Any = {
        "folder": datasets.load_edf_folder,
        "chbmit": datasets.load_chbmit,
        "tusz": datasets.load_tusz,
    }[corpus]
    X, y, events = load(
        data,
        window=window,
        step=step,
        montage=MONTAGE,
        return_events=True,
        verbose=sys.stderr.isatty(),
    )
    patients = sorted(set(X.patient.tolist()))
    progress(f"Training on {X}, {y.mean():.1%} ictal")
    progress(textwrap.shorten(f"Patients ({len(patients)}): {', '.join(patients)}", 99))
    if y.min() == y.max():
        raise ValueError(
            f"DATA holds {'only' if y.max() else 'no'} ictal windows; both kinds are needed."
        )
    with feature_store(X, n_jobs=n_jobs, verbose=sys.stderr.isatty()) as memory:
        detector = train_detector(
            X, y, memory=memory, n_jobs=n_jobs, random_state=seed, report=progress
        )
        progress(
            f"Detector with smoothing {detector.smoothing:g} s, threshold {detector.threshold:g}"
        )
        held_out = label_held_out(detector, X, y, report=progress)
        if held_out is not None:
            _report_scores(X, events, held_out)
    trained = Model(detector, X.sfreq, window, step, MONTAGE, X.ch_names)
    save_model(trained, model)
    progress(f"Wrote {model}")
    card = write_model_card(
        model, trained, X, y, events, held_out=held_out, corpus=corpus, seed=seed
    )
    progress(f"Wrote {card}")


def _report_scores(X: Any, events: Any, labels: Any) -> None:
    from ..metrics import event_scores

    score = event_scores(events, X.to_events(labels))
    text = f"Found {score.true_positives} of {score.n_reference} seizures"
    if events.complete:
        text += f", false alarms: {score.false_positives} in {score.hours:.2f} h"
    progress(text)
