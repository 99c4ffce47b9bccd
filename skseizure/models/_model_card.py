"""The card beside a model: what it is, where it comes from and how good it is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.base import clone
from sklearn.metrics import balanced_accuracy_score

from .._core.channels import required_channels
from .._core.files import CARD_TITLE, KINDS, write_atomically
from .._core.text import markdown, printable
from ..datasets._chbmit import SAME_PERSON
from ..metrics import event_scores, sensitivity_score, specificity_score
from ..postprocessing import SeizureDetector, TunedSeizureDetectorCV
from ..signals import Events, Windows
from ._model import Model
from ._model_file import versions
from ._training import WindowSearch, n_search_folds

if TYPE_CHECKING:
    from skops.card import Card

# What hubs of models read: which library opens the file, and what it is about.
HEADER = """\
---
library_name: sklearn
model_format: skops
model_file: {file}
tags:
- sklearn
- skops
- skseizure
- eeg
- epilepsy
- seizure-detection
---

"""
ALL = "all"
MOST_NAMES = 20

INTRODUCTION = """\
`{file}` finds epileptic seizures in recordings of scalp EEG: `skseizure detect` marks their onset
and duration. It looks at a whole recording at once.

**It is no medical device.** Nobody has tested or approved it for diagnosis, monitoring or alarms,
and it is not made for use while a recording goes on. What it marks, and what it leaves unmarked,
is for a person who reads EEG to judge."""

FILE = "`{file}` was written on {date}. SHA-256: `{digest}`"

TRAINING_DATA = """\
Recordings{layout}, {montage} at {model.sfreq:g} Hz, cut into windows of
{model.window:g} s, one every {model.step:g} s.

Channels: {channels}

Records ({n_records}): {records}"""

SETTINGS = "These parameters decide which events are reported:"

PIPELINE = """\
These differ from their defaults:

```python
{pipeline}
```"""

LIMITS = """\
- It has learned from the patients above. How well it does on others, on other ages, electrodes,
  amplifiers or types of seizures, only a test on such recordings tells.
- It has learned from the annotations beside the recordings, their errors included.
- It needs {channels}, sampled at more than {rate:g} Hz.
- The names of patients stand in this card. Check whether you may pass them on."""

USE = """\
    skseizure detect {file} night.edf night.tsv

`detect` brings a recording to the montage and sampling rate above, reads the model without running
code and warns if other versions wrote it. In Python:

    from skseizure.models import load_model

    events = load_model("{file}").detect("night.edf")"""

TRAINED_BY = """

The same detector is trained by

    skseizure train DATA {file} {options}"""

TUNED_CHOICE = """\
Of {n_settings} settings of smoothing, thresholds, minimum duration and merge gap these had
the best {objective} on patients left out ({n_folds} folds){simplest}. The model in
the file was then fitted on all patients.{rate}"""

RATE = """

On {hours:.1f} hours of patients left out it has {rate:.2f} false alarms in 24 h. For patients like
these the rate is below {upper:.2f} in 24 h (95 %).{cap}"""

CAP = " Asked for were at most {most:g} in 24 h{bound}."

WINDOWS_CHOICE = """\
Only parts of the records are at hand, on which events tell little. Of {n_settings} settings of
smoothing and threshold these had the best balanced accuracy of windows on patients left
out ({n_folds} folds), {score:.3f}. The model in the file was then fitted on all patients."""

DEFAULT_CHOICE = """\
Nothing was chosen by its scores: these are the settings that it was given."""

SCORES = """\
Each patient was scored by a detector with the settings of this one that was trained on other
patients, in {n_folds} folds. The settings were chosen on the same folds, so new patients may see
figures that are a little worse.

Seizures, those found and false alarms are counted by the rules of SzCORE. Seizures less than 90 s
apart are one there, and of one that lasts more than 300 s every 300 s count. An alarm that touches
a seizure is not false, however long it lasts: sensitivity, specificity and balanced accuracy, which
are those of windows, show that.

{rate}"""

RATED = """\
False alarms per 24 h take each file for a whole recording; for stretches cut out around seizures
they mean nothing. None in the {hours:.2f} hours of all patients would still not exclude up to
{most:.1f} per 24 h (rule of three, 95 %)."""

NOT_RATED = """\
False alarms are left out: only parts of the records are at hand, which tell nothing of the rest."""

NO_SCORES = """\
There are none: that takes two patients with seizures. Test the model on recordings of patients that
it has not learned from."""


def model_card_path(model_path: str | os.PathLike[str]) -> Path:
    """Return where the card of a model file goes, and refuse a place that is taken.

    Parameters
    ----------
    model_path : str or path-like
        Where the model file goes.

    Returns
    -------
    Path
        ``NAME.md`` for ``NAME.skops``, and the full name with ``.md`` for any other. The place is
        free or holds an earlier card.

    Raises
    ------
    ValueError
        If something other than a model card is at this place.

    Examples
    --------
    >>> from skseizure.models import model_card_path
    >>> print(model_card_path("detector.skops"), model_card_path("detector.v2"))
    detector.md detector.v2.md
    """
    model = Path(model_path)
    ours = model.suffix == ".skops"
    path = model.with_suffix(".md") if ours else model.with_name(f"{model.name}.md")
    empty = path.is_file() and not path.stat().st_size  # left by a writer that was interrupted
    if path.exists() and not empty and not (path.is_file() and KINDS["model card"](path)):
        raise ValueError(
            f"{path}, where the model card goes, holds something else; move it or name the model "
            "otherwise."
        )
    return path


def write_model_card(
    model_path: str | os.PathLike[str],
    model: Model,
    X: Windows,
    y: ArrayLike,
    events: Events,
    *,
    held_out: ArrayLike | None = None,
    search: TunedSeizureDetectorCV | WindowSearch | None = None,
    corpus: str | None = None,
    seed: int | None = None,
    options: Sequence[str] = (),
) -> Path:
    """Write the card of a model file beside it.

    The card is a page of Markdown to pass on with the model: what the model is, versions, training
    data by patient, parameters, scores on patients left out, limits, and how to use it.

    Parameters
    ----------
    model_path : str or path-like
        The model file, already written; the card holds its SHA-256.
    model : Model
        What the file holds.
    X : Windows
        Windows that it was trained on, with patients.
    y : array-like, shape (n_windows,)
        1 for ictal windows.
    events : Events
        Their seizures, with the patient of each record.
    held_out : array-like, shape (n_windows,), default=None
        Labels by detectors that did not see the patient, as `label_held_out` returns them. If
        None, the card has no scores and says why.
    search : TunedSeizureDetectorCV or WindowSearch, default=None
        How the operating point was chosen, as `train_detector` returns it. If None, the card says
        that it was not.
    corpus : str, default=None
        How the training data were laid out: ``--corpus`` of ``skseizure train``. If None, the card
        does not say it.
    seed : int, default=None
        Seed of the training. If it and ``corpus`` are given, the card tells the command that trains
        the same model.
    options : sequence of str, default=()
        Further options of that command.

    Returns
    -------
    Path
        The card, see `model_card_path`.

    Raises
    ------
    ValueError
        If something other than a model card is where the card goes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skseizure.datasets import make_recordings
    >>> from skseizure.models import Model, save_model, train_detector, write_model_card
    >>> from skseizure.signals import Windows
    >>> recordings, events = make_recordings(
    ...     1, 1, duration=60, sfreq=128, ictal_fraction=0.3, random_state=0
    ... )
    >>> X = Windows.from_recording(recordings[0], window=4)
    >>> y = X.labels(events)
    >>> model = Model(train_detector(X, y, random_state=0), X.sfreq, 4, 4, "double banana")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, Path(folder, "detector.skops"))
    ...     card = write_model_card(Path(folder, "detector.skops"), model, X, y, events)
    ...     print(card.read_text().splitlines()[13])
    # Model card of a seizure detector
    """
    file = Path(model_path)
    path = model_card_path(file)
    trained_by = None
    if corpus is not None and seed is not None:
        times = f"--window {model.window:g} --step {model.step:g}"
        trained_by = " ".join([f"--corpus {corpus} {times} --seed {seed}", *options])
    card = _card(file, model, X, np.asarray(y), events, held_out, search, corpus, trained_by)
    text = HEADER.format(file=_shown(file)) + card.render().lstrip("\n")
    with write_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")
    return path


def _card(
    file: Path,
    model: Model,
    X: Windows,
    y: NDArray,
    events: Events,
    held_out: ArrayLike | None,
    search: TunedSeizureDetectorCV | WindowSearch | None,
    corpus: str | None,
    trained_by: str | None,
) -> Card:
    """Put the card together, section by section."""
    from skops.card import Card

    card = Card(model.estimator, model_diagram=False, template={CARD_TITLE: _introduce(file)})
    _add(card, "File", _describe_file(file), _versions())
    _add(card, "Training data", _describe_data(model, X, events, corpus), _patients(X, y, events))
    _add(card, "Pipeline", SETTINGS, _settings(model))
    _add(card, "Pipeline/All parameters", _describe_pipeline(model))
    _add(card, "Pipeline/Choice", _describe_choice(search, X, y, events))
    if held_out is None:
        _add(card, "Scores on patients left out", NO_SCORES)
    else:
        labels = np.asarray(held_out)
        text, table = _describe_scores(X, y, events), _scores(X, y, events, labels)
        _add(card, "Scores on patients left out", text, table)
    highest = max((high for _, high in model.bands.values()), default=model.sfreq / 2)
    channels = "the channels" if model.montage is None else "all channels of the montage"
    known = model.ch_names or ()
    needed = required_channels(model.estimator, known)
    if len(needed) < len(known):
        channels = f"at least {', '.join(needed) or 'one of the channels'}"
    _add(card, "Limits", LIMITS.format(rate=2 * highest, channels=channels))
    _add(card, "Use", _describe_use(file, trained_by))
    return card


def _add(card: Card, section: str, text: str, table: dict[str, list[Any]] | None = None) -> None:
    """Add a section below the title: a text, with a table after it or not."""
    key = f"{CARD_TITLE}/{section}"
    if table is None:
        card.add(**{key: text})
        return
    cells = {name: [markdown(cell) for cell in column] for name, column in table.items()}
    card.add_table(description=text, **{key: cells})
    # skops takes the whole path for the title of a section with a table.
    card.select(key).title = section.rpartition("/")[2]


def _shown(file: Path) -> str:
    """Return a file's name for the inside of code; a backtick would end it."""
    return printable(file.name).replace("`", "'")


def _introduce(file: Path) -> str:
    return INTRODUCTION.format(file=_shown(file))


def _describe_file(file: Path) -> str:
    return FILE.format(
        file=_shown(file),
        date=datetime.now(UTC).date().isoformat(),
        digest=hashlib.sha256(file.read_bytes()).hexdigest(),
    )


def _versions() -> dict[str, list[Any]]:
    found = versions()
    return {"Package": list(found), "Version": list(found.values())}


def _describe_data(model: Model, X: Windows, events: Events, corpus: str | None) -> str:
    return TRAINING_DATA.format(
        layout="" if corpus is None else f" laid out as `{corpus}`",
        montage=_describe_montage(model),
        model=model,
        channels=f"{', '.join(map(markdown, X.ch_names))} ({len(X.ch_names)})",
        n_records=len(events.recordings),
        records=_list_records(events, corpus),
    )


def _describe_montage(model: Model) -> str:
    filters = ""
    if model.preprocessing:
        arguments = ", ".join(f"{name}={value!r}" for name, value in model.preprocessing.items())
        filters = f" filtered by `filter_recording({arguments})`,"
    if model.montage is None:
        return f"with channels as they were recorded,{filters}"
    name = f"the {model.montage}" if isinstance(model.montage, str) else "a"
    return f"in {name} montage{',' if filters else ''}{filters}"


def _list_records(events: Events, corpus: str | None) -> str:
    """Return the names of the first records, and which cases are of one patient."""
    names = list(events.recordings)
    text = ", ".join(map(markdown, names[:MOST_NAMES]))
    if len(names) > MOST_NAMES:
        text += f" and {len(names) - MOST_NAMES} more"
    for case, same in SAME_PERSON.items():
        if corpus == "chbmit" and any(name.startswith(case) for name in names):
            text += f". {case} is counted as {same}, the same child"
    return f"{text}."


def _settings(model: Model) -> dict[str, list[Any]]:
    """Return the parameters that shape events, the defaults among them."""
    detector = model.estimator
    values: dict[str, str] = {}
    if isinstance(detector, SeizureDetector):
        low = detector.threshold if detector.low_threshold is None else detector.low_threshold
        values = {
            "Smoothing": f"{detector.smoothing:g} s",
            "Threshold to begin": f"{detector.threshold:g}",
            "Threshold to go on": f"{low:g}",
            "Minimum duration": f"{detector.min_duration:g} s",
            "Merge gap": f"{detector.merge_gap:g} s",
        }
        own_thresholds = getattr(detector, "patient_thresholds_", {}).items()
        values |= {f"Threshold of patient {name}": f"{own:g}" for name, own in own_thresholds}
    else:
        own = detector.get_params(deep=False).items()
        values = {name: str(value) for name, value in own if isinstance(value, (int, float))}
    if model.bands:
        bands = (f"{name} {a:g}-{b:g} Hz" for name, (a, b) in model.bands.items())
        values["Frequency bands"] = ", ".join(bands)
    return {"Parameter": list(values), "Value": list(values.values())}


def _describe_pipeline(model: Model) -> str:
    """Return the detector as code, as the file holds it."""
    detector = clone(model.estimator)
    stores = [name for name in detector.get_params() if name.endswith("memory")]
    detector.set_params(**dict.fromkeys(stores))
    with config_context(print_changed_only=True):
        return PIPELINE.format(pipeline=detector.__repr__(N_CHAR_MAX=10**6))


def _describe_choice(
    search: TunedSeizureDetectorCV | WindowSearch | None, X: Windows, y: NDArray, events: Events
) -> str:
    if search is None:
        return DEFAULT_CHOICE
    if isinstance(search, WindowSearch):
        return WINDOWS_CHOICE.format(
            n_settings=search.n_settings,
            n_folds=n_search_folds(X, y),
            score=search.best_score_,
        )
    found: dict[str, Any] = search.cv_results_
    rate, cap = "", search.max_false_alarms_per_24h
    if events.complete or search.hours is not None:
        bound = ", by this bound" if search.cap == "upper" else ""
        rate = RATE.format(
            hours=float(np.sum(found["hours"])),
            rate=found["false_alarms_per_24h"][search.best_index_],
            upper=found["upper_false_alarms_per_24h"][search.best_index_],
            cap="" if cap is None else CAP.format(most=cap, bound=bound),
        )
    objective = {"f1": "event F1", "sensitivity": "share of seizures found"}
    return TUNED_CHOICE.format(
        n_settings=len(found["params"]),
        objective=objective.get(str(search.objective), "score"),
        n_folds=n_search_folds(X, y),
        simplest=", or one as good and simpler" if search.one_standard_error else "",
        rate=rate,
    )


def _describe_scores(X: Windows, y: NDArray, events: Events) -> str:
    hours = _hours(events, events.recordings)
    rate = RATED.format(hours=hours, most=3 * 24 / hours) if events.complete else NOT_RATED
    return SCORES.format(n_folds=n_search_folds(X, y), rate=rate)


def _describe_use(file: Path, trained_by: str | None) -> str:
    text = USE.format(file=_shown(file))
    if trained_by is not None:
        text += TRAINED_BY.format(file=_shown(file), options=trained_by)
    return text


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


def _scores(X: Windows, y: NDArray, events: Events, labels: NDArray) -> dict[str, list[Any]]:
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
            _three_digits(sensitivity_score(*pair, zero_division=np.nan)) for pair in pairs
        ],
        "Windows: specificity": [
            _three_digits(specificity_score(*pair, zero_division=np.nan)) for pair in pairs
        ],
        "Windows: balanced accuracy": [
            _three_digits(balanced_accuracy_score(*pair) if np.ptp(pair[0]) else np.nan)
            for pair in pairs
        ],
    }
    if not events.complete:
        del table["False alarms"], table["Hours"], table["Per 24 h"]
    return table


def _hours(events: Events, records: Iterable[str]) -> float:
    return sum(events.recordings[record].observed or 0.0 for record in records) / 3600


def _by_patient(X: Windows) -> tuple[list[str], list[NDArray[np.bool_]]]:
    """Return the patients' names and their windows; last all windows."""
    patient = np.asarray(X.patient)
    names = sorted(set(patient.tolist()))
    return names, [*(patient == name for name in names), np.ones(len(X), dtype=bool)]


def _records_by_patient(events: Events, names: list[str]) -> list[list[str]]:
    """Return the records of each patient; last all records."""
    infos = events.recordings
    return [*([r for r, info in infos.items() if info.patient == name] for name in names), [*infos]]


def _three_digits(value: float) -> str:
    return "undefined" if np.isnan(value) else f"{value:.3f}"
