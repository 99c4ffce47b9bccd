"""``skseizure evaluate``: detected events against those that people marked."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ._common import FILE, show


@click.command()
@click.argument("reference", type=FILE)
@click.argument("hypothesis", type=FILE)
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
        fields = {name: _without_nan(score) for name, score in scores.items()}
        click.echo(json.dumps(fields, indent=2))
        return
    show(f"{len(pairs)} records")
    for score in scores.values():
        show(str(score))


def _without_nan(score: Any) -> dict[str, Any]:
    """Return the fields of a score. JSON has no nan, so what is undefined becomes null."""
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
