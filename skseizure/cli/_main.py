"""The command ``skseizure`` and its sub-commands."""

from __future__ import annotations

import sys

import click

from .. import __version__
from ._calibrate import calibrate
from ._common import OneLineErrors
from ._demo import demo
from ._detect import detect
from ._evaluate import evaluate
from ._package import package
from ._personalize import personalize
from ._train import train


@click.group(cls=OneLineErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="skseizure")
def main() -> None:
    """Find epileptic seizures in EEG.

    An error in the input ends a command with one line and exit code 2; with SKSEIZURE_TRACEBACK=1
    in the environment it shows where it came from.
    """


for command in (demo, train, calibrate, personalize, detect, evaluate, package):
    main.add_command(command)


if __name__ == "__main__":
    sys.exit(main())
