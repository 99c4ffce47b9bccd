"""``skseizure personalize``: a model that learns one patient's labelled seizures."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._common import (
    FILE,
    check_name,
    check_scale,
    model_and_card,
    output_option,
    progress,
    say,
    told,
    trust_option,
)

if TYPE_CHECKING:
    from ..models import Model
    from ..signals import Recording


@click.command()
@click.argument("model", type=FILE)
@click.argument("folder", metavar="PATIENT", type=FILE)
@output_option
@click.option(
    "--patient",
    metavar="NAME",
    callback=check_name,
    help="Name of the patient; without it recordings without a name are the patient's.",
)
@trust_option
def personalize(
    model: Path, folder: Path, out: Path, patient: str | None, trusted: tuple[str, ...]
) -> None:
    """Let MODEL learn one patient, and write the new model to --out.

    PATIENT is a folder of EDF files of this patient, each with its events table beside it: one
    seizure or more, and background. MODEL must hold a PersonalizedClassifier, as the recipe
    "personal" of `skseizure train` does. A model card goes beside the new model.

    `skseizure detect --patient NAME` then detects with what was learned; without a name all
    recordings are taken for those of this patient.
    """
    import numpy as np

    from .._core.files import check_output
    from ..datasets import load_edf_folder
    from ..models import load_model, model_card_path, save_model, write_derived_card

    check_output(out, kind="model", inputs=[model])  # before the work
    model_card_path(out)
    trained = load_model(model, trusted=trusted)
    classifier = _personal_part(trained.estimator, model)
    with told():
        loaded: Any = load_edf_folder(
            folder,
            window=trained.window,
            step=trained.step,
            montage=trained.montage,
            sfreq=trained.sfreq,
            preprocess=partial(_as_of, model=trained, patient=patient),
            return_events=True,
        )
    X, y, events = loaded
    check_scale(trained, X)
    hours = sum(info.observed or 0.0 for info in X.recordings().values()) / 3600
    records = len(set(X.record.tolist()))
    if patient in (trained.trained_on or {}).get("patients", ()):
        say(
            "warning",
            f"{model} was trained on patient {patient} already; what is learned of these "
            "recordings tells little.",
        )
    whose = "the patient without a name" if patient is None else f"patient {patient}"
    learned = (
        f"{len(events)} seizure{'s' * (len(events) != 1)} in {hours:.2f} hours ({records} "
        f"recording{'s' * (records != 1)})"
    )
    progress(f"Learning {whose}: {learned}, {np.mean(y):.1%} of windows ictal")
    with told():
        classifier.personalize(X, y)
    weight = classifier.weights_[patient or ""]
    progress(f"The patient's own model has a share of {weight:.2f} in the probability")
    text = (
        f"The model has learned {whose} from {learned}. For this patient a model of these "
        f"windows alone has a share of {weight:.2f} in the probability, the model of other "
        "patients the rest. For all other patients nothing has changed. The new model has not been "
        "tested on this patient: that takes further seizures."
    )
    with told(), model_and_card(out) as place:
        save_model(trained, place)
        write_derived_card(place, trained, model, title="Personalisation", text=text)


def _as_of(recording: Recording, *, model: Model, patient: str | None) -> Recording:
    """Filter as for the model, and name the patient."""
    from ..signals import filter_recording

    if model.preprocessing:
        recording = filter_recording(recording, **model.preprocessing)
    return recording.replace(patient=patient)


def _personal_part(estimator: Any, path: Path) -> Any:
    """Return the part of a fitted estimator that learns patients."""
    part = estimator
    while not hasattr(part, "personalize"):
        inner = getattr(part, "detector_", getattr(part, "estimator_", None))
        if inner is None and hasattr(part, "steps"):
            inner = part[-1]
        if inner is None:
            raise ValueError(
                f"{path} holds a {type(estimator).__name__} without a PersonalizedClassifier, so "
                "it cannot learn a patient; train it with --recipe personal."
            )
        part = inner
    return part
