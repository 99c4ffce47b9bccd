"""``skseizure detect``: the seizures of one recording, by a trained model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._common import FILE, n_jobs_option, output_argument, progress, say

if TYPE_CHECKING:
    from ..models import Model
    from ..signals import Events, Recording


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
    events = _detect(trained, _read(recording, trained), str(recording), n_jobs)
    write_events(events, output)
    n = len(events)
    progress(f"Wrote {n} event{'s' * (n != 1)} to {output}")


def _read(path: Path, model: Model) -> Recording:
    """Read a recording in the model's montage, if its own sampling rate suffices for all bands."""
    from ..signals import read_edf, to_bipolar

    recording = to_bipolar(read_edf(path, resample_to=model.sfreq, lazy=True), model.montage)
    name, (_, high) = max(model.bands.items(), key=lambda item: item[1][1])
    sfreq = recording.original_sfreq or recording.sfreq
    if sfreq <= 2 * high:
        raise ValueError(
            f"{path} is sampled at {sfreq:g} Hz, too low for band {name!r} of the model "
            f"(up to {high:g} Hz); more than {2 * high:g} Hz is needed."
        )
    return recording.load()


def _detect(model: Model, recording: Recording, path: str, n_jobs: int | None) -> Events:
    import numpy as np

    from ..signals import Events, RecordInfo, Windows

    constant = np.flatnonzero(np.ptp(recording.data, axis=1) == 0).tolist()
    if constant:
        names = ", ".join(recording.ch_names[i] for i in constant)
        say("warning", f"{path} is constant in {names}: nothing can be found there.")
    whole = {recording.record: RecordInfo(recording.duration, start=recording.start)}
    if recording.data.shape[1] < round(model.window * recording.sfreq):
        say(
            "warning",
            f"{path} lasts {recording.duration:g} s, less than the model's window of "
            f"{model.window:g} s: nothing can be found.",
        )
        return Events([], [], recordings=whole)
    model.estimator.estimator_.set_params(
        features__n_jobs=n_jobs,
        features__verbose=sys.stderr.isatty(),
        classifier__n_jobs=n_jobs,
    )
    X = Windows.from_recording(recording, window=model.window, step=model.step)
    found = model.estimator.predict_events(X)
    return Events(
        found.onset,
        found.duration,
        record=recording.record,
        confidence=found.confidence,
        recordings=whole,
    )
