"""The command line: ``skseizure demo | train | detect | evaluate``."""

from __future__ import annotations

import json
import os
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from . import __version__

_FILE = click.Path(path_type=Path)
_JOBS = click.option(
    "--n-jobs", type=int, default=None, help="Threads; -1 takes all cores.  [default: 1]"
)
_SEED = click.option("--seed", type=int, default=0, show_default=True, help="Seed.")


class _Group(click.Group):
    """Reports what is wrong with the input in one line, with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.showwarning = _show_warning
                return super().invoke(ctx)
        except (ValueError, OSError) as error:
            if os.environ.get("SKSEIZURE_TRACEBACK"):
                raise
            text = " ".join(str(error).split())
            raise SystemExit(_fail(text or type(error).__name__)) from error


def _fail(text: str) -> int:
    click.echo(f"skseizure: error: {text}", err=True)
    return 2


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    click.echo(f"skseizure: warning: {' '.join(str(message).split())}", err=True)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="skseizure")
def main() -> None:
    """Find epileptic seizures in EEG.

    An error in the input ends a command with one line and exit code 2; with SKSEIZURE_TRACEBACK=1
    in the environment it shows where it came from.
    """


@main.command()
@click.option(
    "--data", type=_FILE, help="Folder of CHB-MIT recordings. Without it they are generated."
)
@click.option(
    "--out",
    type=_FILE,
    default=Path("skseizure-demo"),
    show_default=True,
    help="Folder for the picture.",
)
@_SEED
@_JOBS
def demo(data: Path | None, out: Path, seed: int, n_jobs: int | None) -> None:
    """Train a detector, score it on patients it never saw, and draw one recording.

    Band features, scaling and randomised trees inside a SeizureDetector, chosen by a patient-wise
    grid search, against a threshold on the line length.
    """
    from ._demo import run_demo

    run_demo(data, out, seed=seed, n_jobs=n_jobs, echo=click.echo)


@main.command()
@click.argument("data", type=_FILE)
@click.argument("model", type=_FILE)
@click.option(
    "--corpus",
    type=click.Choice(["folder", "chbmit", "tusz"]),
    default="folder",
    show_default=True,
    help="How DATA is laid out: EDF files, each with its events table beside it; or a corpus.",
)
@click.option("--window", type=float, default=4.0, show_default=True, help="Window in seconds.")
@click.option("--step", type=float, default=2.0, show_default=True, help="Step in seconds.")
@_SEED
@_JOBS
def train(
    data: Path, model: Path, corpus: str, window: float, step: float, seed: int, n_jobs: int | None
) -> None:
    """Train a detector on the recordings in DATA and write it to the file MODEL.

    Smoothing and threshold are chosen by balanced accuracy over folds that hold whole patients.
    """
    from . import datasets
    from ._model_file import Model, save_model
    from ._recipe import search_detector

    if not model.absolute().parent.is_dir():
        raise ValueError(f"MODEL: there is no folder {model.absolute().parent} to write to.")
    montage = "double banana"
    load: Any = {
        "folder": datasets.load_edf_folder,
        "chbmit": datasets.load_chbmit,
        "tusz": datasets.load_tusz,
    }[corpus]
    X, y = load(data, window=window, step=step, montage=montage, verbose=True)
    click.echo(f"Training on {X}, {y.mean():.1%} ictal", err=True)
    if y.min() == y.max():
        raise ValueError(
            f"DATA holds {'only' if y.max() else 'no'} ictal windows; both kinds are needed."
        )
    detector = search_detector(X, y, memory=None, n_jobs=n_jobs, random_state=seed)
    save_model(Model(detector, X.sfreq, window, step, montage), model)
    click.echo(f"Wrote {model}", err=True)


@main.command()
@click.argument("model", type=_FILE)
@click.argument("recording", metavar="INPUT.edf", type=_FILE)
@click.argument("output", metavar="OUTPUT.tsv", type=_FILE)
@_JOBS
def detect(model: Path, recording: Path, output: Path, n_jobs: int | None) -> None:
    """Detect seizures in the EDF file INPUT.edf with MODEL and write them to OUTPUT.tsv.

    OUTPUT.tsv has the columns onset, duration, eventType, confidence, channels, dateTime and
    recordingDuration; without a seizure it holds one background row. Works offline; MODEL is read
    without running code that it may hold.
    """
    from ._model_file import load_model
    from .signals import Events, RecordInfo, Windows, read_edf, to_bipolar, write_events

    if not output.absolute().parent.is_dir():
        raise ValueError(f"OUTPUT.tsv: there is no folder {output.absolute().parent} to write to.")
    trained = load_model(model)
    signal = to_bipolar(read_edf(recording, resample_to=trained.sfreq), trained.montage)
    X = Windows.from_recording(signal, window=trained.window, step=trained.step)
    detector = trained.estimator.set_params(estimator__features__n_jobs=n_jobs)
    found = detector.predict_events(X)
    whole = RecordInfo(signal.duration, patient=signal.patient, start=signal.start)
    events = Events(
        found.onset,
        found.duration,
        record=signal.record,
        confidence=found.confidence,
        recordings={signal.record: whole},
    )
    write_events(events, output)
    click.echo(f"Wrote {len(events)} events to {output}", err=True)


@main.command()
@click.argument("reference", type=_FILE)
@click.argument("hypothesis", type=_FILE)
@click.option(
    "--rules",
    type=click.Choice(["szcore", "overlap"]),
    default="szcore",
    show_default=True,
    help="Which detection counts as right.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(reference: Path, hypothesis: Path, rules: str, as_json: bool) -> None:
    """Score the events in HYPOTHESIS against those in REFERENCE.

    Both are events tables, or folders of tables whose files match by name.
    """
    from .metrics import event_scores, sample_scores
    from .signals import Events, read_events

    pairs = _pairs(reference, hypothesis)
    truth = Events.concatenate([read_events(a, record=name) for name, a, _ in pairs])
    found = Events.concatenate([read_events(b, record=name) for name, _, b in pairs])
    scores: dict[str, Any] = {
        "events": event_scores(truth, found, rules=rules),
        "samples": sample_scores(truth, found),
    }
    if as_json:
        click.echo(json.dumps({name: _defined(score) for name, score in scores.items()}, indent=2))
        return
    click.echo(f"{len(pairs)} records")
    for score in scores.values():
        click.echo(str(score))


def _defined(score: Any) -> dict[str, Any]:
    """Return the fields of a score; JSON knows no nan, so what is undefined becomes null."""
    return {name: None if value != value else value for name, value in asdict(score).items()}


def _pairs(reference: Path, hypothesis: Path) -> list[tuple[str, Path, Path]]:
    """Return name, reference file and hypothesis file of each record."""
    for path in (reference, hypothesis):
        if not path.exists():
            raise FileNotFoundError(f"there is no file or folder {path}.")
    if reference.is_dir() != hypothesis.is_dir():
        raise ValueError("REFERENCE and HYPOTHESIS must both be files or both be folders.")
    if not reference.is_dir():
        return [(reference.stem, reference, hypothesis)]
    files = sorted(path for path in reference.rglob("*.tsv"))
    if not files:
        raise ValueError(f"REFERENCE: there is no .tsv file in {reference}.")
    pairs = [
        (str(p.relative_to(reference)), p, hypothesis / p.relative_to(reference)) for p in files
    ]
    missing = [name for name, _, path in pairs if not path.exists()]
    if missing:
        raise ValueError(
            f"HYPOTHESIS lacks {len(missing)} of {len(pairs)} files, first {missing[0]}; a record "
            "without detections has a file with one background row."
        )
    return pairs


if __name__ == "__main__":
    sys.exit(main())
