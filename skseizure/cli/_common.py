"""What all commands share: options, errors in one line, warnings."""

from __future__ import annotations

import math
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from .._core.files import check_output, write_together
from .._core.text import one_line, printable

# What wrong input and the machine's limits end in. A package that is not there or is broken names
# itself; of an EOFError, which click takes for Ctrl-D, a file is the cause.
INPUT_ERRORS = (ValueError, OSError, ImportError, MemoryError, EOFError)


class OneLineErrors(click.Group):
    """A group of commands that reports wrong arguments and input in one line, with exit code 2."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Parse the arguments of the group."""
        with _errors_in_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Parse the arguments of a command and run it."""
        with _ending_softly(), _errors_in_one_line(), warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return super().invoke(ctx)


@contextmanager
def _errors_in_one_line() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # `skseizure` alone asks for help
    except (click.UsageError, *INPUT_ERRORS) as error:
        if os.environ.get("SKSEIZURE_TRACEBACK"):
            raise
        text = str(error) or type(error).__name__
        if isinstance(error, MemoryError):
            text = f"there is not enough memory: {error}"
        if isinstance(error, click.UsageError):
            text = error.format_message()
            if error.ctx is not None:
                text = f"{text.removesuffix('.')}; see {error.ctx.command_path} --help."
        say("error", text)
        raise SystemExit(2) from error


@contextmanager
def _ending_softly() -> Iterator[None]:
    """Clean up when the process is told to end, as it does on Ctrl-C."""

    def end(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    before = {}
    try:
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # of SIGHUP Windows knows nothing
            # `nohup` has it ignored.
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                before[number] = signal.signal(number, end)
    except ValueError:  # not in the main thread
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    say("warning", str(message))


def say(kind: str, text: str) -> None:
    """Write an error or a warning to standard error, in one line."""
    click.echo(f"skseizure: {kind}: {one_line(text)}", err=True)


@contextmanager
def told(what: object = None) -> Iterator[None]:
    """Print each warning of what follows as it ends, with what it is about before it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            yield
        finally:
            for warning in caught:
                say("warning", f"{'' if what is None else f'{what}: '}{warning.message}")


def progress(text: str) -> None:
    """Write a line about the work to standard error."""
    click.echo(printable(text), err=True)


def show(text: str) -> None:
    """Write results, which hold names from files, to standard output, line by line."""
    for line in text.split("\n"):
        click.echo(printable(line))


def _check_seconds(
    ctx: click.Context, param: click.Parameter, seconds: float | None
) -> float | None:
    if seconds is not None and not 0 < seconds < math.inf:
        raise click.BadParameter(f"{seconds:g} s; a finite time above zero is needed.")
    return seconds


def check_jobs(ctx: click.Context, param: click.Parameter, n_jobs: int | None) -> int | None:
    """Refuse 0 threads."""
    if n_jobs == 0:
        raise click.BadParameter("0 threads; 1 or more are needed, or -1 for all cores.")
    return n_jobs


def check_scale(model: Any, X: Any) -> None:
    """Refuse windows whose amplitudes are far from those of a model's training; tell less."""
    for problem in () if model.profile is None else model.profile.compare(X):
        if problem.refuse:
            raise ValueError(str(problem))
        say("warning", str(problem))


def check_name(ctx: click.Context, param: click.Parameter, name: str | None) -> str | None:
    """Refuse a name of nothing but spaces."""
    if name is not None and not name.strip():
        raise click.BadParameter("a name is needed.")
    return name


class PositiveFloat(click.FloatRange):
    """A finite number above zero; click's own ranges let nan and infinity pass."""

    def __init__(self) -> None:
        super().__init__(0, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or refuse it."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number above 0.", param, ctx)
        return number


FILE = click.Path(path_type=Path)

n_jobs_option = click.option(
    "-j",
    "--n-jobs",
    type=int,
    default=None,
    callback=check_jobs,
    help="Threads; -1 takes all cores.  [default: 1]",
)

seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Seed."
)


units_option = click.option(
    "--units",
    type=click.Choice(["nV", "uV", "mV", "V"]),
    help="Unit of recordings that do not say it.",
)

trust_option = click.option(
    "--trust",
    "trusted",
    metavar="NAME",
    multiple=True,
    help="Class or function of your own that MODEL may hold.",
)


def seconds_option(name: str, default: float | None, text: str) -> Any:
    """Return an option whose value is a time in seconds."""
    return click.option(
        name, type=float, default=default, callback=_check_seconds, show_default=True, help=text
    )


def _check_output(kind: str) -> Any:
    def check(ctx: click.Context, param: click.Parameter, path: Path) -> Path:
        try:
            return check_output(path, kind=kind)
        except (ValueError, OSError) as error:
            raise click.BadParameter(str(error)) from error

    return check


def output_argument(name: str, kind: str, metavar: str | None = None) -> Any:
    """Return an argument that names a file to write, of a kind that `check_output` knows."""
    return click.argument(name, metavar=metavar, type=FILE, callback=_check_output(kind))


output_option = click.option(
    "--out",
    metavar="NEW.skops",
    type=FILE,
    required=True,
    callback=_check_output("model"),
    help="Model file to write.",
)


@contextmanager
def model_and_card(model: Path) -> Iterator[Path]:
    """Write a model and its card so that both are there, or what was there before.

    Parameters
    ----------
    model : Path
        Where the model goes; its card goes beside it.

    Yields
    ------
    Path
        A place of the same name in a hidden folder beside it, to write the model and its card to.
    """
    from ..models import model_card_path

    card = model_card_path(model)
    with tempfile.TemporaryDirectory(dir=model.absolute().parent, prefix=".skseizure-") as folder:
        place = Path(folder, model.name)
        yield place
        with write_together(model, card) as parts:
            for written, part in zip((place, model_card_path(place)), parts, strict=True):
                os.replace(written, part)
    progress(f"Wrote {model}")
    progress(f"Wrote {card}")
