"""``skseizure package``: a model as a container that others can run and benchmarks can score."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._common import FILE, progress

if TYPE_CHECKING:
    from ..models import Model

# What detecting imports, beside what single recipes need.
PACKAGES = (
    "scikit-learn",
    "numpy",
    "scipy",
    "imbalanced-learn",
    "PyWavelets",
    "numba",
    "joblib",
    "edfio",
    "safetensors",
    "skops",
    "click",
    "tqdm",
)

DOCKERFILE = """\
# Detects seizures in /data/$INPUT, an EDF file, and writes the table /output/$OUTPUT.
FROM python:{python}-slim

ENV PYTHONUNBUFFERED=1 NUMBA_CACHE_DIR=/app/numba

WORKDIR /app
COPY requirements.txt {wheel} ./
RUN pip install --no-cache-dir -r requirements.txt \\
 && pip install --no-cache-dir --no-deps {install}
COPY {model} detect.sh ./
# Compiles what detecting needs, so that it is there for any user.
RUN mkdir numba && python -c "from skseizure.models import load_model; load_model('{model}')" \\
 && chmod -R a+rwX numba && chmod a+rx detect.sh

RUN useradd --no-create-home --uid 10001 detector
USER detector

VOLUME ["/data", "/output"]
ENV INPUT="" OUTPUT=""
CMD ["./detect.sh"]
"""

COMMAND = """\
#!/bin/sh
# The contract of the public seizure benchmark: one EDF file in, one table of events out.
model="${{MODEL:-/app/{model}}}"
exec skseizure detect --force "$model" "${{DATA:-/data}}/$INPUT" "${{RESULTS:-/output}}/$OUTPUT"
"""

DESCRIPTION = """\
# Description of a seizure detection algorithm, for the public benchmark (algorithms/{name}.yaml)
title: {title}
short_title: {short}
image: {image}
authors:
  - given_names: {given}
    family_names: {family}
version: {version}
date_released: "{date}"
abstract: {abstract}
license: {licence}
datasets:
{datasets}
"""

README = """\
# {title}

`{model}`, a model of skseizure {version}, as a container. It reads one EDF file and writes one
table of events with the columns that SzCORE asks for.

**It is no medical device.** Its card, [{card}]({card}), says what it was trained on and how good
it is.

    docker build -t {image} .
    docker run --rm --network none -v "$PWD/recordings:/data:ro" -v "$PWD/found:/output" \\
        -e INPUT=night.edf -e OUTPUT=night.tsv {image}

Without a container, in a fresh environment of Python {python}:

    python -m venv env && . env/bin/activate
    pip install -r requirements.txt && pip install --no-deps {install}
    MODEL=./{model} DATA=recordings RESULTS=found INPUT=night.edf OUTPUT=night.tsv sh detect.sh

| file | what |
|---|---|
| `Dockerfile`, `requirements.txt`, `detect.sh` | how the image is made, versions and all |
| `{name}.yaml` | description for the public seizure benchmark, for its folder `algorithms` |
| `{model}`, `{card}` | the model and its card |
"""


@click.command()
@click.argument("model", type=FILE)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder to write.",
)
@click.option(
    "--title", default="Seizure detector", show_default=True, help="Name of the detector."
)
@click.option(
    "--image",
    default="registry.example/seizure-detector:latest",
    show_default=True,
    help="Name of the image, REGISTRY/NAME:TAG.",
)
@click.option("--author", default="Given Family", show_default=True, help="Given and family name.")
@click.option("--licence", default="unlicensed", show_default=True, help="SPDX name of a licence.")
@click.option(
    "--wheel",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Wheel of skseizure to install, of a version that no package index has.",
)
@click.option("--trust", "trusted", metavar="NAME", multiple=True, help="As for skseizure detect.")
def package(
    model: Path,
    out: Path,
    title: str,
    image: str,
    author: str,
    licence: str,
    wheel: Path | None,
    trusted: tuple[str, ...],
) -> None:
    """Write the files of a container that detects with MODEL, to the folder --out.

    A Dockerfile with the versions that are installed here, the command that it runs, the
    description that the public seizure benchmark asks for, a README, the model and its card.
    """
    from ..models import load_model, model_card_path

    trained = load_model(model, trusted=trusted)
    if out.exists() and any(out.iterdir()):
        raise click.BadParameter(f"{out} is not empty.", param_hint="'--out'")
    given, _, family = author.rpartition(" ")
    if not given or image.count("/") < 1 or ":" not in image.rpartition("/")[2]:
        raise click.UsageError(
            "a given and a family name, and an image REGISTRY/NAME:TAG, are needed.",
            ctx=click.get_current_context(),
        )
    name = image.rpartition("/")[2].partition(":")[0]
    install = f"skseizure=={version('skseizure')}" if wheel is None else f"./{wheel.name}"
    fields = {
        "name": name,
        "title": title,
        "image": image,
        "model": model.name,
        "card": model_card_path(model).name,
        "version": version("skseizure"),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "install": install,
        "wheel": "" if wheel is None else wheel.name,
    }
    needed = [*PACKAGES, *trained.needs]
    trained_on = trained.trained_on or {}
    datasets = trained_on.get("corpus", "not stated")
    files = {
        "requirements.txt": "".join(f"{one}=={version(one)}\n" for one in needed),
        "Dockerfile": DOCKERFILE.format(**fields),
        "detect.sh": COMMAND.format(**fields),
        f"{name}.yaml": DESCRIPTION.format(
            **{k: v if k == "name" else json.dumps(v) for k, v in fields.items()},
            short=json.dumps(title[:30]),
            given=json.dumps(given),
            family=json.dumps(family),
            date=datetime.now(UTC).date().isoformat(),
            abstract=json.dumps(_abstract(trained)),
            licence=json.dumps(licence),
            datasets=f"  - {json.dumps(str(datasets))}",
        ),
        "README.md": README.format(**fields),
    }
    place = out.absolute()
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".skseizure-") as beside:
        folder = Path(beside, place.name)
        folder.mkdir()
        for file in (model, model_card_path(model), wheel):
            if file is not None and file.exists():
                shutil.copy(file, folder / file.name)
        for file_name, text in files.items():
            (folder / file_name).write_text(text, encoding="utf-8")
        os.replace(folder, place)  # a whole folder, or none
    progress(f"Wrote {out}: docker build -t {image} {out}")


def _abstract(model: Model) -> str:
    trained_on = model.trained_on or {}
    text = f"{trained_on.get('recipe', type(model.estimator).__name__)}, a detector of skseizure"
    if "records" in trained_on:
        text += (
            f", trained on {trained_on['records']} recordings of "
            f"{len(trained_on['patients'])} patients with {trained_on['seizures']} seizures"
        )
    return f"{text}. Windows of {model.window:g} s every {model.step:g} s at {model.sfreq:g} Hz."
