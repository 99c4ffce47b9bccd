"""The command line: ``skseizure demo | train | detect | evaluate``."""

from __future__ import annotations

import json
import math
import os
import sys
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from .. import __version__


class _Group(click.Group):
    """Reports what is wrong with arguments and input in one line, with exit code 2."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _one_line_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _one_line_errors(), warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return super().invoke(ctx)


@contextmanager
def _one_line_errors() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # `skseizure` alone asks for help
    except (click.UsageError, ValueError, OSError) as error:
        if os.environ.get("SKSEIZURE_TRACEBACK"):
            raise
        text = str(error) or type(error).__name__
        if isinstance(error, click.UsageError):
            text = error.format_message()
            if error.ctx is not None:
                text = f"{text.removesuffix('.')}; see {error.ctx.command_path} --help."
        _say("error", text)
        raise SystemExit(2) from error


def _say(kind: str, text: str) -> None:
    click.echo(f"skseizure: {kind}: {' '.join(text.split())}", err=True)


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    _say("warning", str(message))


def _in_a_folder(ctx: click.Context, param: click.Parameter, path: Path) -> Path:
    if not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {path.absolute().parent} to write to.")
    return path


def _finite(ctx: click.Context, param: click.Parameter, seconds: float) -> float:
    if not 0 < seconds < math.inf:
        raise click.BadParameter(f"{seconds:g} s; a finite time above zero is needed.")
    return seconds


def _not_zero(ctx: click.Context, param: click.Parameter, n_jobs: int | None) -> int | None:
    if n_jobs == 0:
        raise click.BadParameter("0 threads; 1 or more are needed, or -1 for all cores.")
    return n_jobs


_FILE = click.Path(path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
_JOBS = click.option(
    "--n-jobs",
    type=int,
    default=None,
    callback=_not_zero,
    help="Threads; -1 takes all cores.  [default: 1]",
)
_SEED = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed."
)


def _seconds(name: str, default: float, text: str) -> Any:
    return click.option(
        name, type=float, default=default, callback=_finite, show_default=True, help=text
    )


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
    type=click.Path(file_okay=False, path_type=Path),
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
@click.argument("model", type=_NEW_FILE, callback=_in_a_folder)
@click.option(
    "--corpus",
    type=click.Choice(["folder", "chbmit", "tusz"]),
    default="folder",
    show_default=True,
    help="How DATA is laid out: EDF files, each with its events table beside it; or a corpus.",
)
@_seconds("--window", 4.0, "Window in seconds.")
@_seconds("--step", 2.0, "Step in seconds.")
@_SEED
@_JOBS
def train(
    data: Path, model: Path, corpus: str, window: float, step: float, seed: int, n_jobs: int | None
) -> None:
    """Train a detector on the recordings in DATA and write it to the file MODEL.

    Smoothing and threshold are chosen by balanced accuracy over folds that hold whole patients. A
    model card goes beside MODEL, with the ending .md: training data, settings, scores on patients
    left out, limits.
    """
    from .. import datasets
    from ..metrics import event_scores
    from ..models._model_card import card_path, write_card
    from ..models._model_file import Model, save_model
    from ..models._recipes import (
        cached_features,
        label_held_out,
        n_search_folds,
        observed_throughout,
        search_detector,
    )

    card_path(model)  # before the work

    montage = "double banana"
    load: Any = {
        "folder": datasets.load_edf_folder,
        "chbmit": datasets.load_chbmit,
        "tusz": datasets.load_tusz,
    }[corpus]
    X, y, events = load(
        data,
        window=window,
        step=step,
        montage=montage,
        return_events=True,
        verbose=sys.stderr.isatty(),
    )
    patients = sorted(set(X.patient.tolist()))
    click.echo(f"Training on {X}, {y.mean():.1%} ictal", err=True)
    click.echo(textwrap.shorten(f"Patients ({len(patients)}): {', '.join(patients)}", 99), err=True)
    if y.min() == y.max():
        raise ValueError(
            f"DATA holds {'only' if y.max() else 'no'} ictal windows; both kinds are needed."
        )
    with cached_features(X, n_jobs=n_jobs) as memory:
        n_folds = n_search_folds(X, y)
        if n_folds < 2:
            click.echo("Searched nothing: that takes two patients with seizures", err=True)
        else:
            click.echo(f"Searching smoothing and threshold over {n_folds} folds ...", err=True)
        detector = search_detector(X, y, memory=memory, n_jobs=n_jobs, random_state=seed)
        chosen = f"smoothing {detector.smoothing:g} s, threshold {detector.threshold:g}"
        click.echo(f"Detector with {chosen}", err=True)
        held_out = None
        if n_folds >= 2:
            click.echo("Scoring on patients left out ...", err=True)
            held_out = label_held_out(detector, X, y)
            score = event_scores(events, X.to_events(held_out))
            text = f"Found {score.true_positives} of {score.n_reference} seizures"
            if observed_throughout(events):
                text += f", false alarms: {score.false_positives} in {score.hours:.2f} h"
            click.echo(text, err=True)
    trained = Model(detector, X.sfreq, window, step, montage)
    save_model(trained, model)
    click.echo(f"Wrote {model}", err=True)
    card = write_card(model, trained, X, y, events, held_out, corpus=corpus, seed=seed)
    click.echo(f"Wrote {card}", err=True)


@main.command()
@click.argument("model", type=_FILE)
@click.argument("recording", metavar="INPUT.edf", type=_FILE)
@click.argument("output", metavar="OUTPUT.tsv", type=_NEW_FILE, callback=_in_a_folder)
@_JOBS
def detect(model: Path, recording: Path, output: Path, n_jobs: int | None) -> None:
    """Detect seizures in the EDF file INPUT.edf with MODEL and write them to OUTPUT.tsv.

    OUTPUT.tsv has the columns onset, duration, eventType, confidence, channels, dateTime and
    recordingDuration; without a seizure it holds one background row. The recording is resampled to
    the model's rate; one that was sampled too slowly for the model's bands is refused. Works
    offline; MODEL is read without running code that it may hold.
    """
    import numpy as np

    from ..models._model_file import load_model
    from ..signals import Events, RecordInfo, Windows, read_edf, to_bipolar, write_events

    trained = load_model(model)
    _refuse_lost_bands(recording, trained.estimator)
    signal = to_bipolar(read_edf(recording, resample_to=trained.sfreq), trained.montage)
    constant = np.flatnonzero(np.ptp(signal.data, axis=1) == 0).tolist()
    if constant:
        names = ", ".join(signal.ch_names[i] for i in constant)
        _say("warning", f"{recording} is constant in {names}: nothing can be found there.")
    whole = {signal.record: RecordInfo(signal.duration, start=signal.start)}
    if signal.data.shape[1] < round(trained.window * signal.sfreq):
        _say(
            "warning",
            f"{recording} lasts {signal.duration:g} s, less than the model's window of "
            f"{trained.window:g} s: nothing can be found.",
        )
        events = Events([], [], recordings=whole)
    else:
        X = Windows.from_recording(signal, window=trained.window, step=trained.step)
        trained.estimator.estimator_.set_params(
            features__n_jobs=n_jobs,
            features__verbose=sys.stderr.isatty(),
            classifier__n_jobs=n_jobs,
        )
        found = trained.estimator.predict_events(X)
        events = Events(
            found.onset,
            found.duration,
            record=signal.record,
            confidence=found.confidence,
            recordings=whole,
        )
    write_events(events, output)
    n = len(events)
    click.echo(f"Wrote {n} event{'s' * (n != 1)} to {output}", err=True)


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

    Both are events tables, or folders of tables whose files match by name, with or without
    _events at its end.
    """
    from ..metrics import event_scores, sample_scores
    from ..signals import Events, read_events

    pairs = _pairs(reference, hypothesis)
    truth = Events.concatenate([read_events(a, record=name) for name, a, _ in pairs])
    found = Events.concatenate([read_events(b, record=name) for name, _, b in pairs])
    for name, info in truth.recordings.items():
        other = found.recordings[name].duration
        if abs(info.duration - other) > 1:
            raise ValueError(
                f"{name} lasts {info.duration:g} s in REFERENCE and {other:g} s in HYPOTHESIS; "
                "they must be tables of the same recording."
            )
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


def _refuse_lost_bands(recording: Path, estimator: Any) -> None:
    """Refuse a recording whose own sampling rate holds nothing of a band that features need."""
    from ..signals._edf_header import read_header
    from ..signals._montage import DOUBLE_BANANA, normalize_ch_name

    header = read_header(recording)
    electrodes = {name for pair in DOUBLE_BANANA for name in pair.split("-")}
    rates = [
        header.rate(i)
        for i, name in header.names.items()
        if electrodes & set(normalize_ch_name(name).split("-"))
    ]
    bands = estimator.estimator_.named_steps["features"].bands_
    name, (_, high) = max(bands.items(), key=lambda item: item[1][1])
    if rates and min(rates) <= 2 * high:
        raise ValueError(
            f"{recording} is sampled at {min(rates):g} Hz, too low for band {name!r} of the model "
            f"(up to {high:g} Hz); more than {2 * high:g} Hz is needed."
        )


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
    truth, found = _tables(reference, "REFERENCE"), _tables(hypothesis, "HYPOTHESIS")
    for lacks, one, other in (("HYPOTHESIS", truth, found), ("REFERENCE", found, truth)):
        missing = [name for name in one if name not in other]
        if missing:
            raise ValueError(
                f"{lacks} lacks {len(missing)} of {len(one)} records, first {missing[0]}; a record "
                "without seizures has a table with one background row."
            )
    return [(name, truth[name], found[name]) for name in truth]


def _tables(folder: Path, argument: str) -> dict[str, Path]:
    """Return the tables below a folder by the record that they are of."""
    files = sorted(folder.rglob("*.tsv"))
    tables = {
        file.relative_to(folder).with_suffix("").as_posix().removesuffix("_events"): file
        for file in files
    }
    if len(tables) < len(files) or not files:
        raise ValueError(
            f"{argument}: there is {'no' if not files else 'more than one'} .tsv file "
            f"{'in' if not files else 'for a record in'} {folder}."
        )
    return tables


if __name__ == "__main__":
    sys.exit(main())
