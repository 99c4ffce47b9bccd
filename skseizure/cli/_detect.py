"""``skseizure detect``: the seizures of one recording or of many, by a trained model."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from .._core.text import one_line, printable
from ._common import (
    FILE,
    check_name,
    n_jobs_option,
    progress,
    say,
    show,
    told,
    trust_option,
    units_option,
)
from ._recordings import Job, find_jobs, is_recording

if TYPE_CHECKING:
    from ..models import Model

SUMMARY = "summary.tsv"
MAX_SUMMARY = 256 * 2**20  # bytes, of a million recordings
TAKEN = "is there; --force replaces"  # as `check_output` says it
FORMATS: dict[str, Any] = {"szcore": "tsv", "bids": "bids", "edf+": "edf+"}
COLUMNS = (
    *("file", "bytes", "hours", "hours_judged", "events", "alarms_per_24h"),
    *("unjudged", "model", "error"),
)


class Row(NamedTuple):
    """One recording in the summary; text, as it is in the table."""

    file: str
    bytes: str = "n/a"
    hours: str = "n/a"
    hours_judged: str = "n/a"
    events: str = "n/a"
    alarms_per_24h: str = "n/a"
    unjudged: str = "n/a"
    model: str = "n/a"
    error: str = "n/a"


class Options(NamedTuple):
    """How recordings are read and judged, and what is written."""

    trusted: tuple[str, ...]
    units: str | None
    check_profile: bool
    format: str
    patient: str | None


@click.command()
@click.argument("model", type=FILE)
@click.argument("inputs", metavar="INPUT... [OUTPUT.tsv]", nargs=-1, required=True, type=FILE)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the tables of many recordings, and their summary.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(FORMATS)),
    default="szcore",
    show_default=True,
    help="Tables as SzCORE or BIDS ask for, or EDF+ files of annotations.",
)
@click.option("--again", is_flag=True, help="Also take recordings that were done before.")
@click.option("--force", is_flag=True, help="Replace tables that are there.")
@click.option(
    "--patient",
    metavar="NAME",
    callback=check_name,
    help="Patient of the recordings, if MODEL knows this patient.",
)
@units_option
@click.option("--any-scale", is_flag=True, help="Detect also where amplitudes seem wrong.")
@trust_option
@n_jobs_option
def detect(
    model: Path,
    inputs: tuple[Path, ...],
    out: Path | None,
    format_: str,
    again: bool,
    force: bool,
    patient: str | None,
    units: str | None,
    any_scale: bool,
    trusted: tuple[str, ...],
    n_jobs: int | None,
) -> None:
    """Detect seizures with MODEL in recordings of any format.

    INPUT OUTPUT.tsv: one recording. OUTPUT.tsv has the columns onset, duration, eventType,
    confidence, channels, dateTime and recordingDuration; without a seizure it holds one background
    row, and time that could not be judged has rows n/a.

    INPUT... --out FOLDER: files, folders and BIDS datasets. Each recording gets a table, and
    FOLDER/summary.tsv tells hours, hours judged, events and errors. What was done before with the
    same model is skipped. The exit code is 0, 1 if some recordings failed, and 2 if all did.

    A table that is there and was not made by an earlier run stays, unless you say --force. Another
    file, such as a recording or a model, is never replaced.

    A recording is resampled to the model's rate and brought to its montage; one that was sampled
    too slowly, or lacks a channel, is refused. MODEL is read without running code that it may hold.
    """
    options = Options(trusted, units, not any_scale, format_, patient)
    if out is None:
        recording, output = _one_file(model, inputs, format_, force)
        _detect_one(model, recording, output, options, n_jobs)
    else:
        sys.exit(_detect_many(model, inputs, out, options, again, force, n_jobs))


# ---------------------------------------------------------------------- one recording


def _one_file(model: Path, inputs: tuple[Path, ...], form: str, force: bool) -> tuple[Path, Path]:
    """Return the recording and the table of the form with two files."""
    if len(inputs) != 2:
        raise click.UsageError(
            f"there {'is one file' if len(inputs) == 1 else f'are {len(inputs)} files'} after "
            "MODEL; INPUT and OUTPUT.tsv, or --out FOLDER, are needed.",
            ctx=click.get_current_context(),
        )
    recording, output = inputs
    try:
        if form != "edf+" and is_recording(output):
            raise ValueError(
                f"{output} is named like a recording; --out FOLDER detects in several."
            )
        _check_table(output, form, [recording, model], force)
    except (ValueError, OSError) as error:
        raise click.BadParameter(str(error), param_hint="'OUTPUT.tsv'") from error
    return recording, output


def _check_table(path: Path, form: str, inputs: Sequence[Path], replace: bool) -> None:
    """Refuse a table that would destroy something; see `check_output`."""
    from .._core.files import check_output

    kind = "EDF+ file of annotations" if form == "edf+" else "table of events"
    check_output(path, kind=kind, inputs=inputs, replace=replace)
    if form == "bids":
        beside = path.with_suffix(".json")
        check_output(beside, kind="description of columns", inputs=inputs)


def _detect_one(
    model: Path, recording: Path, output: Path, options: Options, n_jobs: int | None
) -> None:
    from ..models import load_model

    trained = load_model(model, trusted=options.trusted)
    _check_patient(trained, options.patient)
    with told(recording):
        row, events = _run(trained, recording, options, n_jobs)
    _write(events, output, options)
    n = len(events)
    progress(f"Wrote {n} event{'s' * (n != 1)} to {output}{_lost(row)}")


def _check_patient(model: Model, patient: str | None) -> None:
    """Warn of a patient whom the model treats as any other, which a slip of the pen leads to."""
    if patient is not None and patient not in model.patients:
        known = ", ".join(name or "one without a name" for name in model.patients) or "nobody"
        say("warning", f"--patient {patient}: the model knows {known} and treats others alike.")


def _run(
    model: Model, path: Path, options: Options, n_jobs: int | None, name: str = ""
) -> tuple[Row, Any]:
    read = {} if options.units is None else {"units": options.units}
    recording = model.read(path, **read)
    if options.patient is not None:
        recording = recording.replace(patient=options.patient)
    events, reasons = model.detect(
        recording,
        check_profile=options.check_profile,
        n_jobs=n_jobs,
        return_unjudged=True,
    )
    (info,) = events.recordings.values()
    judged = (info.observed or 0.0) / 3600
    row = Row(
        file=name or path.name,
        hours=f"{info.duration / 3600:.4f}",
        hours_judged=f"{judged:.4f}",
        events=str(len(events)),
        alarms_per_24h=f"{24 * len(events) / judged:.2f}" if judged else "n/a",
        unjudged=", ".join(f"{name} {seconds:.0f} s" for name, seconds in reasons.items()) or "n/a",
    )
    return row, events


def _lost(row: Row) -> str:
    hours, judged = float(row.hours), float(row.hours_judged)
    if hours - judged < 1e-4:
        return ""
    return f"; {hours - judged:.2f} of {hours:.2f} h not judged: {row.unjudged}"


def _write(events: Any, output: Path, options: Options) -> None:
    from ..signals import write_events

    write_events(events, output, format=FORMATS[options.format])


# ---------------------------------------------------------------------- many recordings


def _detect_many(
    model: Path,
    inputs: Sequence[Path],
    out: Path,
    options: Options,
    again: bool,
    force: bool,
    n_jobs: int | None,
) -> int:
    """Detect in all recordings, write the summary, and return the exit code."""
    from .._core.files import check_folder

    trained = _load(model, options.trusted)  # an error in it ends the work
    _check_patient(trained, options.patient)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()[:12]
    if options.patient is not None:  # who is told of another patient detects otherwise
        digest += f" {options.patient}"
    jobs = find_jobs(inputs)
    check_folder(out, new=True)
    out.mkdir(parents=True, exist_ok=True)
    rows = _read_summary(out / SUMMARY)
    todo = []
    for job in jobs:
        known = rows.get(job.name)
        # A table that no earlier run made may be a person's, as where --out is the folder of data.
        ours = known is not None and TAKEN not in known.error
        job = job._replace(replace=force or ours)
        expected = ("n/a", digest, _size(job.path))
        done = known is not None and (known.error, known.model, known.bytes) == expected
        if again or not done or not _table(out, job, options).exists():
            todo.append(job)
        if known is None and not _table(out, job, options).exists():
            rows[job.name] = Row(file=job.name, error="not done yet")  # its table will be ours
    _write_summary(rows, out / SUMMARY)
    if len(todo) < len(jobs):
        progress(
            f"{len(jobs) - len(todo)} of {len(jobs)} recordings were done before (see --again)"
        )
    for i, (job, row, messages) in enumerate(_results(model, trained, todo, out, options, n_jobs)):
        row = row._replace(model=digest, bytes=_size(job.path))
        rows[job.name] = row
        _write_summary(rows, out / SUMMARY)
        for message in messages:
            say("warning", f"{job.path}: {message}")
        if row.error == "n/a":
            text = f"{row.events} event{'s' * (row.events != '1')}{_lost(row)}"
        else:
            text = f"failed: {row.error}"
        progress(f"{i + 1}/{len(todo)} {job.name}: {text}")
    these = [rows[job.name] for job in jobs]
    _print_table(these)
    failed = sum(row.error != "n/a" for row in these)
    return 0 if not failed else 2 if failed == len(these) else 1


def _size(path: Path) -> str:
    try:
        return str(path.stat().st_size)
    except OSError:  # it will be told when the recording is opened
        return "n/a"


def _table(out: Path, job: Job, options: Options) -> Path:
    ending = "edf" if options.format == "edf+" else "tsv"
    return out / f"{job.output}_events.{ending}"


def _results(
    model: Path,
    trained: Model,
    jobs: list[Job],
    out: Path,
    options: Options,
    n_jobs: int | None,
) -> Iterator[tuple[Job, Row, list[str]]]:
    """Yield what became of each recording: in this process, or of several at a time in others."""
    if n_jobs in (None, 1) or len(jobs) < 2:
        for job in jobs:
            yield job, *_attempt(trained, job, out, options, n_jobs)
        return
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    yield from parallel(delayed(_in_process)(str(model), job, out, options) for job in jobs)


def _in_process(model: str, job: Job, out: Path, options: Options) -> tuple[Job, Row, list[str]]:
    return job, *_attempt(_load(Path(model), options.trusted), job, out, options, None)


@functools.lru_cache(maxsize=1)
def _load(model: Path, trusted: tuple[str, ...]) -> Model:
    from ..models import load_model

    return load_model(model, trusted=trusted)


def _attempt(
    model: Model, job: Job, out: Path, options: Options, n_jobs: int | None
) -> tuple[Row, list[str]]:
    """Detect in one recording; its error is told and does not stop the rest."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            table = _table(out, job, options)
            table.parent.mkdir(parents=True, exist_ok=True)
            _check_table(table, options.format, [job.path], job.replace)
            row, events = _run(model, job.path, options, n_jobs, job.name)
            _write(events, table, options)
        except Exception as error:
            if os.environ.get("SKSEIZURE_TRACEBACK"):
                raise
            text = one_line(error) or type(error).__name__
            if not isinstance(error, (ValueError, OSError, ImportError)):
                text = f"{type(error).__name__}: {text}"
            row = Row(file=job.name, error=text)
    return row, [str(warning.message) for warning in caught]


def _read_summary(path: Path) -> dict[str, Row]:
    if not path.exists():
        return {}
    from .._core.files import read_whole

    text = read_whole(path, MAX_SUMMARY).decode("utf-8", "backslashreplace")
    header, *lines = (line.split("\t") for line in text.splitlines() or [""])
    if tuple(header) != COLUMNS or any(len(line) != len(COLUMNS) for line in lines):
        raise ValueError(f"{path} is no summary of detect; choose another folder.")
    rows = [Row(*line) for line in lines]
    return {row.file: row for row in rows}


def _write_summary(rows: dict[str, Row], path: Path) -> None:
    from .._core.files import write_atomically

    lines = [COLUMNS, *(row for _, row in sorted(rows.items()))]
    text = "".join("\t".join(map(printable, line)) + "\n" for line in lines)
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _print_table(rows: Iterable[Row]) -> None:
    """Print the summary, its columns equally wide."""
    lines: list[tuple[str, ...]] = [("file", "hours", "judged", "events", "per 24 h", "error")]
    for row in rows:
        hours = [text if text == "n/a" else f"{float(text):.2f}" for text in row[2:4]]
        error = "" if row.error == "n/a" else textwrap.shorten(row.error, 99, placeholder=" ...")
        lines.append((row.file, *hours, row.events, row.alarms_per_24h, error))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:5], widths[1:5], strict=True)]
        show("  ".join([*cells, line[5]]).rstrip())
