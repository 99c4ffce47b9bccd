"""``skseizure calibrate``: a model's threshold, from recordings without seizures."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from ._common import (
    FILE,
    PositiveFloat,
    check_name,
    check_scale,
    model_and_card,
    n_jobs_option,
    output_option,
    progress,
    say,
    told,
    trust_option,
    units_option,
)
from ._recordings import find_jobs

if TYPE_CHECKING:
    from ..models import Model
    from ..signals import Windows


@click.command()
@click.argument("model", type=FILE)
@click.argument("inputs", metavar="SEIZURE_FREE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--max-false-alarms-per-day",
    "cap",
    type=PositiveFloat(),
    required=True,
    help="Rate of false alarms to keep.",
)
@output_option
@click.option(
    "--patient",
    metavar="NAME",
    callback=check_name,
    help="Patient whose threshold this is; without it the threshold of all is changed.",
)
@units_option
@trust_option
@n_jobs_option
def calibrate(
    model: Path,
    inputs: tuple[Path, ...],
    cap: float,
    out: Path,
    patient: str | None,
    units: str | None,
    trusted: tuple[str, ...],
    n_jobs: int | None,
) -> None:
    """Suit the threshold of MODEL to a site or patient, and write the new model to --out.

    SEIZURE_FREE are recordings, or folders of them, that are known to hold no seizure: every alarm
    in them is false. The lowest threshold is taken that keeps the rate, by its 95 % upper bound if
    the recordings are long enough, else by the rate counted. The classifier is not changed. A model
    card goes beside the new model.
    """
    from .._core.counting import hours_needed
    from .._core.files import check_output
    from ..models import load_model, model_card_path, save_model, write_derived_card

    check_output(out, kind="model", inputs=[model])  # before the work
    model_card_path(out)
    trained = load_model(model, trusted=trusted)
    detector = trained.estimator
    if not hasattr(detector, "calibrate"):
        raise ValueError(
            f"{model} holds a {type(detector).__name__}, which has no threshold to calibrate; a "
            "SeizureDetector is needed."
        )
    X = _quiet_windows(trained, inputs, patient, units)
    check_scale(trained, X)
    hours, needed = _hours(X), hours_needed(cap)
    progress(
        f"{hours:.2f} h without seizures; the bound on {cap:g} a day needs {needed:.3g} h without "
        "an alarm"
    )
    with told():
        suited = detector.calibrate(
            X, max_false_alarms_per_24h=cap, by=None if patient is None else "patient"
        )
    before, after = _threshold(detector, patient), _threshold(suited, patient)
    whose = "" if patient is None else f" of patient {patient}"
    progress(
        f"Threshold{whose}: {before:.6g} before, {after:.6g} now, by "
        + ("the upper bound of the rate" if hours >= needed else "the rate counted")
    )
    if after < before and hours < needed:
        say(
            "warning",
            f"the threshold is lower than before, by {hours:.2f} of the {needed:.3g} h that would "
            "bound the rate: elsewhere there will be more alarms. Calibrate on more hours.",
        )
    kept = "the one-sided 95 % upper bound of the rate" if hours >= needed else "the rate counted"
    shorter = "" if hours >= needed else f" {needed:.3g} hours without an alarm would bound it."
    n = len(set(X.record.tolist()))
    text = (
        f"The threshold{whose} was set on {hours:.2f} hours ({n} recording{'s' * (n != 1)}) "
        f"without a seizure, so that {kept} is at most {cap:g} false alarms in 24 h.{shorter} It "
        f"was {before:.6g} and is {after:.6g}. The classifier was not changed."
    )
    new = replace(trained, estimator=suited)
    with told(), model_and_card(out) as place:
        save_model(new, place)
        write_derived_card(place, new, model, title="Calibration", text=text)


def _quiet_windows(
    model: Model, inputs: tuple[Path, ...], patient: str | None, units: str | None
) -> Windows:
    from ..signals import Windows

    options = {} if units is None else {"units": units}
    parts = []
    jobs = find_jobs(inputs)
    for job in tqdm(jobs, unit="file", disable=not sys.stderr.isatty()):
        _refuse_seizures(job.path)
        with told(job.path):
            recording = model.read(job.path, record=job.output, **options)
            parts.append(model.windows(recording.replace(patient=patient), quality=True))
    return Windows.concatenate(parts)


def _refuse_seizures(recording: Path) -> None:
    """Refuse a recording whose own table of events lists a seizure."""
    from .._core.recording_files import events_table
    from ..signals import read_events, read_recording

    table = events_table(recording)
    if table is None:
        return
    duration = read_recording(recording, types={"*": "other"}, lazy=True)[0].duration
    n = len(read_events(table, duration=duration))
    if n:
        raise ValueError(
            f"{table} lists {n} seizure{'s' * (n != 1)} of {recording}; calibrate takes recordings "
            "without one. Leave it out."
        )


def _hours(X: Windows) -> float:
    return sum(info.observed or 0.0 for info in X.recordings().values()) / 3600


def _threshold(detector: Any, patient: str | None) -> float:
    detector = getattr(detector, "detector_", detector)  # of a tuned one
    own = getattr(detector, "patient_thresholds_", {})
    return float(own.get(patient, detector.threshold))
