"""The card that `train` writes beside a model: what it is, where it comes from, how good it is."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score

from .. import __version__
from ..datasets._chbmit import SAME_PERSON
from ..metrics import event_scores, sensitivity_score, specificity_score
from ..signals import Events, Windows
from . import _recipes
from ._model_file import Model
from ._recipes import n_search_folds, observed_throughout

TITLE = "Model card of a seizure detector"
ALL = "all"
MOST_NAMES = 20

TEMPLATE = """\
# {title}

`{file}` finds epileptic seizures in recordings of scalp EEG: `skseizure detect` marks their onset
and duration. It looks at a whole recording at once.

**It is no medical device.** Nobody has tested or approved it for diagnosis, monitoring or alarms,
and it is not made for use while a recording goes on. What it marks, and what it leaves unmarked,
is for a person who reads EEG to judge.

## File

`{file}` was written on {date}. SHA-256: `{digest}`

{versions}

## Training data

Recordings laid out as `{corpus}`, in the {model.montage} montage at {model.sfreq:g} Hz, cut into
windows of {model.window:g} s, one every {model.step:g} s.

Channels: {channels}

Records ({n_records}): {records}

{patients}

## Pipeline

What decides on the events that are reported:

{settings}

All parameters that are not the defaults:

```python
{pipeline}
```

{choice}

## Scores on patients left out

{scores}

## Limits

- It has learned from the patients above. How well it does on others, on other ages, electrodes,
  amplifiers or types of seizures, only a test on such recordings tells.
- It has learned from the annotations beside the recordings, their errors included.
- It needs all channels of the montage, sampled at more than {rate:g} Hz.
- The names of patients stand in this card: look whether they may be passed on.

## Use

    skseizure detect {file} night.edf night.tsv

`detect` brings a recording to the montage and sampling rate above, reads the model without running
code and warns if other versions wrote it. In Python, for files of a source that you trust:

    from skops.io import load
    from skseizure import skops_trusted_types

    detector = load("{file}", trusted=skops_trusted_types())["estimator"]

The same detector is trained by

    skseizure train DATA {file} {options}
"""

SEARCHED_CHOICE = """\
Smoothing {smoothing:g} s and threshold {threshold:g} had the best balanced accuracy of windows, on
average over {n_folds} folds of whole patients, among {candidates}.
Nothing else was searched. The model in the file was then fitted on all patients."""

DEFAULT_CHOICE = """\
Fewer than two patients have seizures, so nothing was searched: smoothing {smoothing:g} s and
threshold {threshold:g} are the defaults."""

SCORES = """\
Each patient was scored by a detector with the settings of this one that was trained on other
patients, in the {n_folds} folds of the search. Smoothing and threshold were chosen on the same
folds, so new patients may see figures that are a little worse.

Seizures, those found and false alarms are counted by the rules of SzCORE. Seizures less than 90 s
apart are one there, and of one that lasts more than 300 s every 300 s count. An alarm that touches
a seizure is not false, however long it lasts: sensitivity, specificity and balanced accuracy, which
are those of windows, show that.

{rate}

{table}"""

RATED = """\
False alarms per 24 h take each file for a whole recording; for stretches cut out around seizures
they mean nothing. None in the {hours:.2f} hours of all patients would still not exclude up to
{most:.1f} per 24 h (rule of three, 95 %)."""

NOT_RATED = """\
False alarms are left out: only parts of the records are at hand, which tell nothing of the rest."""

NO_SCORES = """\
There are none: that takes two patients with seizures. Test the model on recordings of patients that
it has not learned from."""


def card_path(model: Path) -> Path:
    """Return where the card of a model file goes: for ``NAME.skops`` to ``NAME.md``.

    Parameters
    ----------
    model : Path
        Where the model file goes.

    Returns
    -------
    Path
        The place, which is free or holds an earlier card.

    Raises
    ------
    ValueError
        If something else stands there.
    """
    ours = model.suffix == ".skops"
    path = model.with_suffix(".md") if ours else model.with_name(f"{model.name}.md")
    if path.exists() and not (
        path.is_file() and path.read_bytes().startswith(f"# {TITLE}".encode())
    ):
        raise ValueError(
            f"{path}, where the model card goes, holds something else; move it or name the model "
            "otherwise."
        )
    return path


def write_card(
    file: Path,
    model: Model,
    X: Windows,
    y: NDArray,
    events: Events,
    held_out: NDArray | None,
    *,
    corpus: str,
    seed: int,
) -> Path:
    """Write the card of a model file.

    Parameters
    ----------
    file : Path
        The model file, already written.
    model : Model
        What it holds.
    X : Windows
        Windows that it was trained on, with patients.
    y : ndarray, shape (n_windows,)
        1 for ictal windows.
    events : Events
        Their seizures.
    held_out : ndarray, shape (n_windows,), or None
        Labels by detectors that did not see the patient. None: there are none.
    corpus : str
        How the training data were laid out.
    seed : int
        Seed of the training.

    Returns
    -------
    Path
        The card.
    """
    choice, scores = _choice(model, X, y, events, held_out)
    bands = model.estimator.estimator_["features"].bands_
    options = f"--corpus {corpus} --window {model.window:g} --step {model.step:g} --seed {seed}"
    text = TEMPLATE.format(
        title=TITLE,
        file=file.name,
        date=datetime.now(UTC).date().isoformat(),
        digest=hashlib.sha256(file.read_bytes()).hexdigest(),
        versions=_table(_versions()),
        corpus=corpus,
        model=model,
        channels=f"{', '.join(X.ch_names)} ({len(X.ch_names)})",
        n_records=len(events.recordings),
        records=_records(events, corpus),
        settings=_table(_settings(model)),
        patients=_table(_patients(X, y, events)),
        pipeline=_pipeline(model),
        choice=choice,
        scores=scores,
        rate=2 * max(high for _, high in bands.values()),
        options=options,
    )
    path = card_path(file)
    path.write_text(text, encoding="utf-8")
    return path


def _choice(
    model: Model, X: Windows, y: NDArray, events: Events, held_out: NDArray | None
) -> tuple[str, str]:
    """Return how the settings were chosen, and how well they do."""
    settings = {
        "smoothing": model.estimator.smoothing,
        "threshold": model.estimator.threshold,
        "n_folds": n_search_folds(X, y),
    }
    if held_out is None:
        return DEFAULT_CHOICE.format(**settings), NO_SCORES
    candidates = " and ".join(
        f"{name} {', '.join(f'{value:g}' for value in values)}"
        for name, values in _recipes.SEARCHED.items()
    )
    rated = observed_throughout(events)
    hours = _hours(events, events.recordings)
    rate = RATED.format(hours=hours, most=3 * 24 / hours) if rated else NOT_RATED
    table = _table(_scores(X, y, events, held_out, rated))
    return (
        SEARCHED_CHOICE.format(candidates=candidates, **settings),
        SCORES.format(rate=rate, table=table, **settings),
    )


def _table(columns: dict[str, list[Any]]) -> str:
    """Return columns by name as a table."""
    rows = [list(columns), ["---"] * len(columns), *zip(*columns.values(), strict=True)]
    cells = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)


def _versions() -> dict[str, list[Any]]:
    packages = ("scikit-learn", "numpy", "scipy", "skops")
    return {
        "Package": ["skseizure", *packages, "Python"],
        "Version": [__version__, *map(version, packages), platform.python_version()],
    }


def _settings(model: Model) -> dict[str, list[Any]]:
    """Return the parameters that shape events, the defaults among them."""
    detector = model.estimator
    low = detector.threshold if detector.low_threshold is None else detector.low_threshold
    bands = detector.estimator_["features"].bands_.items()
    values = {
        "Smoothing": f"{detector.smoothing:g} s",
        "Threshold to begin": f"{detector.threshold:g}",
        "Threshold to go on": f"{low:g}",
        "Minimum duration": f"{detector.min_duration:g} s",
        "Merge gap": f"{detector.merge_gap:g} s",
        "Frequency bands": ", ".join(f"{name} {a:g}-{b:g} Hz" for name, (a, b) in bands),
    }
    return {"Parameter": list(values), "Value": list(values.values())}


def _records(events: Events, corpus: str) -> str:
    """Return the names of the first records, and which cases are of one patient."""
    names = list(events.recordings)
    text = ", ".join(names[:MOST_NAMES])
    if len(names) > MOST_NAMES:
        text += f" and {len(names) - MOST_NAMES} more"
    for case, same in SAME_PERSON.items():
        if corpus == "chbmit" and any(name.startswith(case) for name in names):
            text += f". {case} is counted as {same}, the same child"
    return f"{text}."


def _hours(events: Events, records: Iterable[str]) -> float:
    return sum(events.recordings[record].observed or 0.0 for record in records) / 3600


def _patients(X: Windows, y: NDArray, events: Events) -> dict[str, list[Any]]:
    """Return the table of the patients, and all of them together."""
    names, rows = _by_patient(X)
    records = _records_by_patient(events, names)
    return {
        "Patient": [*names, ALL],
        "Records": [len(group) for group in records],
        "Hours": [f"{_hours(events, group):.2f}" for group in records],
        "Seizures": [int(np.isin(events.record, group).sum()) for group in records],
        "Windows": [int(mask.sum()) for mask in rows],
        "Ictal": [f"{y[mask].mean():.1%}" for mask in rows],
    }


def _scores(
    X: Windows, y: NDArray, events: Events, labels: NDArray, rated: bool
) -> dict[str, list[Any]]:
    """Return the table of scores, by patient and of all windows and events together."""
    names, rows = _by_patient(X)
    records = _records_by_patient(events, names)
    detected = X.to_events(labels)
    each = event_scores(events, detected, by="patient")
    found = [*(each[name] for name in names), event_scores(events, detected)]
    pairs = [(y[mask], labels[mask]) for mask in rows]
    table: dict[str, list[Any]] = {
        "Patient": [*names, ALL],
        "Seizures": [score.n_reference for score in found],
        "Found": [score.true_positives for score in found],
        "False alarms": [score.false_positives for score in found],
        "Hours": [f"{_hours(events, group):.2f}" for group in records],
        "Per 24 h": [f"{score.false_alarms_per_24h:.1f}" for score in found],
        "Windows: sensitivity": [
            _share(sensitivity_score(*pair, zero_division=np.nan)) for pair in pairs
        ],
        "Windows: specificity": [
            _share(specificity_score(*pair, zero_division=np.nan)) for pair in pairs
        ],
        "Windows: balanced accuracy": [
            _share(balanced_accuracy_score(*pair) if np.ptp(pair[0]) else np.nan) for pair in pairs
        ],
    }
    if not rated:
        del table["False alarms"], table["Hours"], table["Per 24 h"]
    return table


def _by_patient(X: Windows) -> tuple[list[str], list[NDArray[np.bool_]]]:
    """Return the patients' names and their windows; last all windows."""
    patient = np.asarray(X.patient)
    names = sorted(set(patient.tolist()))
    return names, [*(patient == name for name in names), np.ones(len(X), dtype=bool)]


def _records_by_patient(events: Events, names: list[str]) -> list[list[str]]:
    """Return the records of each patient; last all records."""
    infos = events.recordings
    return [*([r for r, info in infos.items() if info.patient == name] for name in names), [*infos]]


def _share(value: float) -> str:
    return "undefined" if np.isnan(value) else f"{value:.3f}"


def _pipeline(model: Model) -> str:
    """Return the detector as code, as the file holds it: without stores."""
    detector = clone(model.estimator)
    stores = [name for name in detector.get_params() if name.endswith("memory")]
    detector.set_params(**dict.fromkeys(stores))
    with config_context(print_changed_only=True):
        return detector.__repr__(N_CHAR_MAX=10**6)
