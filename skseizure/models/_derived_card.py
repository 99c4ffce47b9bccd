"""The card of a model that was made from another one, by calibration or for one patient."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .._core.files import CARD_TITLE, write_atomically
from ._model import Model
from ._model_card import (
    HEADER,
    SETTINGS,
    _add,
    _describe_file,
    _describe_pipeline,
    _describe_use,
    _introduce,
    _settings,
    _versions,
    model_card_path,
)

ORIGIN = "It was made from `{source}`."
BEFORE = "These are of the model before it was changed (see {title}).\n\n{text}"
NO_CARD = "The card of `{source}`, which tells them, was not at hand."
# What is told anew; all other sections of the earlier card are kept.
ANEW = ("File", "Pipeline", "Use")
SCORES, DATA = "Scores on patients left out", "Training data"


def write_derived_card(
    model_path: str | os.PathLike[str],
    model: Model,
    source: str | os.PathLike[str],
    *,
    title: str,
    text: str,
) -> Path:
    """Write the card of a model that was made from another one.

    Training data, scores and limits are those of the other model's card, where it is beside the
    model.

    Parameters
    ----------
    model_path : str or path-like
        The new model file, already written.
    model : Model
        What the file holds.
    source : str or path-like
        File of the model that it was made from.
    title : str
        Title of the section that tells what was done, such as ``"Calibration"``. If the other card
        has such a section, the text is added to it.
    text : str
        What was done, in Markdown.

    Returns
    -------
    Path
        The card, see `model_card_path`.

    Raises
    ------
    ValueError
        If something other than a model card is where the card goes.

    See Also
    --------
    write_model_card : The card of a model that was trained.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from skseizure.models import Model, save_model, write_derived_card
    >>> from skseizure.postprocessing import SeizureDetector
    >>> from skseizure.signals import Windows
    >>> X = Windows(np.zeros((4, 1, 512)), sfreq=256)
    >>> detector = SeizureDetector(DummyClassifier()).fit(X, [0, 1, 0, 0])
    >>> model = Model(detector.set_params(threshold=0.7), 256, 2, 2, ch_names=["C3-P3"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ours.skops"
    ...     save_model(model, file)
    ...     card = write_derived_card(
    ...         file, model, "theirs.skops", title="Calibration", text="Raised to 0.7."
    ...     )
    ...     "Raised to 0.7." in card.read_text()
    True
    """
    from skops.card import Card

    file, origin = Path(model_path), Path(source)
    path = model_card_path(file)
    kept = _sections(origin)
    text = f"{kept.pop(title)}\n\n{text}" if title in kept else text
    data = kept.pop(DATA, NO_CARD.format(source=origin.name))
    card = Card(model.estimator, model_diagram=False, template={CARD_TITLE: _introduce(file)})
    made = f"{_describe_file(file)}\n\n{ORIGIN.format(source=origin.name)}"
    _add(card, "File", made, _versions())
    _add(card, title, text)
    _add(card, DATA, data)
    _add(card, "Pipeline", SETTINGS, _settings(model))
    _add(card, "Pipeline/All parameters", _describe_pipeline(model))
    for name, old in kept.items():
        if name == SCORES and not old.startswith("These are of the model before"):
            old = BEFORE.format(title=title, text=old)
        _add(card, name, old)
    _add(card, "Use", _describe_use(file, None))
    whole = HEADER.format(file=file.name) + card.render().lstrip("\n")
    with write_atomically(path) as temporary:
        temporary.write_text(whole, encoding="utf-8")
    return path


def _sections(model: Path) -> dict[str, str]:
    """Return the sections of a model's card that hold for what is made from it, by title."""
    try:
        path = model_card_path(model)
    except ValueError:  # something else stands there
        return {}
    if not path.exists():
        return {}
    # The title of a section is a line of its own; code in the card is indented or has no `## `.
    _, *parts = re.split(r"^## (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = zip(parts[::2], parts[1::2], strict=True)
    return {name: text.strip("\n") for name, text in sections if name not in ANEW}
