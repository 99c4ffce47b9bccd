"""``skseizure detect``: the seizures of one recording, by a trained model."""

from __future__ import annotations

import warnings
from pathlib import Path

import click

from ._common import FILE, n_jobs_option, output_argument, progress, say


@click.command()
@click.argument("model", type=FILE)
@click.argument("recording", metavar="INPUT.edf", type=FILE)
@output_argument("output", metavar="OUTPUT.tsv")
@n_jobs_option
def detect(model: Path, recording: Path, output: Path, n_jobs: int | None) -> None:
    """Detect seizures in the EDF file INPUT.edf with MODEL and write them to OUTPUT.tsv.

    OUTPUT.tsv has the columns onset, duration, eventType, confidence, channels, dateTime and
    recordingDuration; without a seizure it holds one background row. The recording is resampled to
    the model's rate; one that was sampled too slowly for the model's bands is refused. Works
    offline; MODEL is read without running code that it may hold.
    """
    from ..models import load_model
    from ..signals import write_events

    trained = load_model(model)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        events = trained.detect(recording, n_jobs=n_jobs)
    for warning in caught:
        say("warning", f"{recording}: {warning.message}")
    write_events(events, output)
    n = len(events)
    progress(f"Wrote {n} event{'s' * (n != 1)} to {output}")
