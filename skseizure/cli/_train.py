"""``skseizure train``: a detector by name, or your own, trained on a folder of recordings."""

from __future__ import annotations

import ast
import importlib
import os
import sys
import textwrap
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import click

from ._common import (
    FILE,
    PositiveFloat,
    model_and_card,
    n_jobs_option,
    output_argument,
    progress,
    say,
    seconds_option,
    seed_option,
    told,
)

CORPORA = {
    "folder": "load_edf_folder",
    "bids": "load_bids",
    "chbmit": "load_chbmit",
    "tusz": "load_tusz",
    "siena": "load_siena",
}
RECIPES = (
    *("trees", "boosting", "linear", "pooled", "tsk", "sda-tsk", "meta-sampler", "cnbc"),
    *("mix-moe", "personal"),
)  # without loading the packages that make them


@click.command()
@click.argument("data", type=FILE)
@output_argument("model", "model")
@click.option(
    "--corpus",
    type=click.Choice(list(CORPORA)),
    default="folder",
    show_default=True,
    help="How DATA is laid out: recordings, each with its events table beside it; or a corpus.",
)
@click.option(
    "--datatype",
    type=click.Choice(["eeg", "ieeg"]),
    help="Of --corpus bids: which recordings to take.  [default: eeg]",
)
@click.option(
    "--recipe",
    type=click.Choice(RECIPES),
    default="trees",
    show_default=True,
    help="Detector to train.",
)
@click.option(
    "--pipeline",
    metavar="MODULE:FUNCTION",
    help="Function of your own that returns the detector or classifier to train.",
)
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Parameter of the detector, such as estimator__classifier__n_rules=15.",
)
@click.option(
    "--montage",
    default="double banana",
    show_default=True,
    help="Name of a montage, derivations A-B,B-C, or none.",
)
@click.option("--channels", metavar="A,B", help="Channels to take as they are, for --montage.")
@click.option("--sfreq", type=PositiveFloat(), help="Rate in Hz to resample to.")
@click.option(
    "--band",
    metavar="LOW-HIGH",
    help="Filter recordings to this band in Hz before they are cut, such as 0.5-40.",
)
@click.option("--notch", type=PositiveFloat(), help="Mains in Hz to filter out.")
@click.option(
    "--units",
    type=click.Choice(["nV", "uV", "mV", "V"]),
    help="Unit of recordings that do not say it.",
)
@click.option(
    "--types",
    metavar="NAME=MEANING",
    multiple=True,
    help="What a type of event means: sz, bckg, unjudged or other.",
)
@click.option(
    "--any-quality", is_flag=True, help="Also train on flat or clipped signals and the like."
)
@click.option(
    "--on-error",
    type=click.Choice(["skip", "raise"]),
    default="skip",
    show_default=True,
    help="What to do with a recording that cannot be used.",
)
@click.option(
    "--max-false-alarms-per-day",
    type=PositiveFloat(),
    help="Largest rate of false alarms on patients left out.",
)
@click.option(
    "--hours",
    type=PositiveFloat(),
    help="Hours that recordings stand for, if they are parts; for a rate of false alarms.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that keeps features for other trainings.",
)
@seconds_option("--window", None, "Window in seconds.  [default: the recipe's, mostly 4]")
@seconds_option("--step", None, "Step in seconds.  [default: the recipe's, mostly 2]")
@seed_option
@n_jobs_option
def train(
    data: Path,
    model: Path,
    corpus: str,
    datatype: str | None,
    recipe: str,
    pipeline: str | None,
    settings: tuple[str, ...],
    montage: str,
    channels: str | None,
    sfreq: float | None,
    band: str | None,
    notch: float | None,
    units: str | None,
    types: tuple[str, ...],
    any_quality: bool,
    on_error: str,
    max_false_alarms_per_day: float | None,
    hours: float | None,
    cache: Path | None,
    window: float | None,
    step: float | None,
    seed: int,
    n_jobs: int | None,
) -> None:
    """Train a detector on the recordings in DATA and write it to the file MODEL.

    The operating point is chosen by event F1, or under a cap on false alarms, over folds that hold
    whole patients. A recording that cannot be used is left out and named. A model card goes beside
    MODEL, with the ending .md: training data, settings, scores on patients left out, limits.
    """
    from .. import datasets
    from ..models import (
        Model,
        available_recipes,
        feature_store,
        label_held_out,
        model_card_path,
        save_model,
        train_detector,
        write_model_card,
    )
    from ..signals import filter_recording

    model_card_path(model)  # before the work
    known = available_recipes()[recipe]
    window, step = window or known.window, step or known.step
    detector = _detector(recipe, pipeline, settings, n_jobs, seed)
    wanted = _montage(montage, channels)
    filters = _filters(band, notch)
    load: Any = getattr(datasets, CORPORA[corpus])
    if types:
        if corpus == "siena":
            raise click.BadParameter("the lists of Siena have no types.", param_hint="'--types'")
        load = partial(load, types=_types(types))
    if datatype is not None:
        if corpus != "bids":
            raise click.BadParameter("only --corpus bids has it.", param_hint="'--datatype'")
        load = partial(load, datatype=datatype)
    with told(), warnings.catch_warnings():
        # The command says so in its own words below.
        warnings.filterwarnings("ignore", r".*X\.report_ lists all", UserWarning)
        X, y, events = load(
            data,
            window=window,
            step=step,
            montage=wanted,
            sfreq=sfreq,
            units=units,
            quality=not any_quality,
            bad_channels="keep",
            on_error=on_error,
            preprocess=partial(filter_recording, **filters) if filters else None,
            lazy=True,
            return_events=True,
            verbose=sys.stderr.isatty(),
        )
    _tell_what_was_used(X)
    patients = sorted(set(X.patient.tolist()))
    progress(f"Training on {X}, {y.mean():.1%} ictal")
    progress(textwrap.shorten(f"Patients ({len(patients)}): {', '.join(patients)}", 99))
    if y.min() == y.max():
        raise ValueError(
            f"DATA holds {'only' if y.max() else 'no'} ictal windows; both kinds are needed."
        )
    store = feature_store(
        X,
        detector,
        folder=None if cache is None else str(cache),
        n_jobs=n_jobs,
        verbose=sys.stderr.isatty(),
    )
    with told(), store as memory:
        fitted, search = train_detector(
            X,
            y,
            detector,
            max_false_alarms_per_24h=max_false_alarms_per_day,
            hours=hours,
            memory=memory,
            random_state=seed,
            report=progress,
            return_search=True,
        )
        if search is None:
            held_out = label_held_out(fitted, X, y, report=progress)
        else:
            chosen = ", ".join(f"{name} {value}" for name, value in search.best_params_.items())
            progress(f"Chosen: {chosen}")
            held_out = label_held_out(search, X, y)
            if max_false_alarms_per_day is not None:
                _tell_what_is_promised(max_false_alarms_per_day, events)
        if held_out is not None:
            _report_scores(X, events, held_out)
    trained = Model(
        fitted,
        X.sfreq,
        window,
        step,
        wanted,
        X.ch_names,
        preprocessing=filters or None,
        profile=_profile(X),
        trained_on=_trained_on(corpus, recipe if pipeline is None else pipeline, X, events),
    )
    with told(), model_and_card(model) as place:
        save_model(trained, place)
        write_model_card(
            place,
            trained,
            X,
            y,
            events,
            held_out=held_out,
            search=search,
            corpus=corpus,
            seed=seed,
            options=_options(),
        )


def _detector(
    recipe: str, pipeline: str | None, settings: tuple[str, ...], n_jobs: int | None, seed: int
) -> Any:
    """Return the detector to train."""
    from ..models import make_model
    from ..postprocessing import SeizureDetector

    params = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise click.BadParameter(f"{setting!r}; NAME=VALUE is needed.", param_hint="'--set'")
        try:
            params[name.strip()] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            params[name.strip()] = text
    if pipeline is None:
        return make_model(recipe, n_jobs=n_jobs, random_state=seed, **params)
    module, colon, function = pipeline.partition(":")
    if not colon:
        raise click.BadParameter(
            f"{pipeline!r}; MODULE:FUNCTION is needed.", param_hint="'--pipeline'"
        )
    sys.path.insert(0, os.getcwd())
    try:
        made = getattr(importlib.import_module(module), function)()
    except (ImportError, AttributeError) as error:
        raise click.BadParameter(f"{pipeline!r}: {error}.", param_hint="'--pipeline'") from error
    detector = made if hasattr(made, "predict_events") else SeizureDetector(made)
    return detector.set_params(**params)


def _montage(montage: str, channels: str | None) -> str | list[str] | None:
    if channels is not None:
        return [f"{name.strip()}={name.strip()}" for name in channels.split(",")]
    if montage.lower() == "none":
        return None
    return [name.strip() for name in montage.split(",")] if "-" in montage else montage


def _filters(band: str | None, notch: float | None) -> dict[str, Any]:
    """Return arguments of `filter_recording`."""
    found: dict[str, Any] = {} if notch is None else {"notch": notch}
    if band is not None:
        low, _, high = band.partition("-")
        try:
            found |= {"low": float(low), "high": float(high)}
        except ValueError as error:
            raise click.BadParameter(
                f"{band!r}; two frequencies in Hz, LOW-HIGH, are needed.", param_hint="'--band'"
            ) from error
    return found


def _types(types: tuple[str, ...]) -> dict[str, str]:
    """Return what types of events mean, by their names."""
    pairs = [text.rpartition("=") for text in types]
    if not all(equals for _, equals, _ in pairs):
        raise click.BadParameter(f"{types}; NAME=MEANING is needed.", param_hint="'--types'")
    return {name.strip(): meaning.strip() for name, _, meaning in pairs}


def _tell_what_was_used(X: Any) -> None:
    """Print what the loader used, and what it left out and why."""
    report = X.report_
    progress(report.summary(most=0).partition("; left out")[0].capitalize())
    for row in report.left_out:
        progress(f"  left out {row.record}: {row.reason}")


def _profile(X: Any) -> Any:
    from ..signals import SignalProfile

    try:
        return SignalProfile.from_windows(X)
    except ValueError as error:
        say("warning", f"the model will not notice another scale of amplitudes: {error}")
        return None


def _trained_on(corpus: str, recipe: str, X: Any, events: Any) -> dict[str, Any]:
    return {
        "corpus": corpus,
        "recipe": recipe,
        "patients": sorted(set(X.patient.tolist())),
        "records": len(events.recordings),
        "seizures": len(events),
        "left_out": {row.record: row.reason for row in X.report_.left_out},
        "hours": sum(info.observed or 0.0 for info in events.recordings.values()) / 3600,
    }


def _options() -> list[str]:
    """Return the options that were given, beside those that every card names."""
    context = click.get_current_context()
    given = []
    for param in context.command.params:
        source = context.get_parameter_source(param.name or "")
        named = ("corpus", "window", "step", "seed", "n_jobs", "cache")
        if not isinstance(param, click.Option) or param.name in named:
            continue
        if source is not click.core.ParameterSource.COMMANDLINE:
            continue
        value = context.params[param.name or ""]
        for one in value if isinstance(value, tuple) else (value,):
            text = str(one)
            given.append(f"{param.opts[0]} {text!r}" if " " in text else f"{param.opts[0]} {text}")
    return given


def _tell_what_is_promised(cap: float, events: Any) -> None:
    from .._core.counting import hours_needed

    hours = sum(info.observed or 0.0 for info in events.recordings.values()) / 3600
    if hours < (needed := hours_needed(cap)):
        say(
            "warning",
            f"the cap of {cap:g} a day was held by the rate counted on {hours:.2f} h. To bound the "
            f"rate, {needed:.3g} h without an alarm are needed: new patients may have more.",
        )


def _report_scores(X: Any, events: Any, labels: Any) -> None:
    from ..metrics import event_scores

    score = event_scores(events, X.to_events(labels))
    text = f"Found {score.true_positives} of {score.n_reference} seizures"
    if events.complete:
        text += f", false alarms: {score.false_positives} in {score.hours:.2f} h"
    progress(text)
