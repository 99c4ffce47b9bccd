"""A trained detector in a file, with all that is needed to feed it a new recording."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from typing import Any

from . import __version__

FORMAT = 1

# What a model file may hold beyond the types that skops trusts by itself. Of a tree, scikit-learn
# checks layout and types of the arrays as it takes them in.
TRUSTED = (
    "sklearn.tree._tree.Tree",
    "skseizure.features._band_features.BandFeatures",
    "skseizure.postprocessing._channel_fusion.ChannelFusionClassifier",
    "skseizure.postprocessing._detector.SeizureDetector",
    "skseizure.postprocessing._morphological_filter.MorphologicalFilterClassifier",
)


@dataclass(frozen=True)
class Model:
    """A fitted detector and how recordings are prepared for it.

    Parameters
    ----------
    estimator : SeizureDetector
        Fitted.
    sfreq : float
        Sampling rate in Hz that recordings are brought to.
    window, step : float
        Length of a window and distance of two in seconds.
    montage : str
        Montage that recordings are brought to.
    """

    estimator: Any
    sfreq: float
    window: float
    step: float
    montage: str


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model file.

    Parameters
    ----------
    model : Model
        What to save.
    path : str or path-like
        File to write; ``.skops`` is the customary ending.
    """
    from skops.io import dump

    fields = {name: getattr(model, name) for name in Model.__dataclass_fields__}
    dump({"format": FORMAT, "version": __version__, **fields}, path)


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file; no code in it is run.

    Parameters
    ----------
    path : str or path-like
        File that `save_model` wrote.

    Returns
    -------
    Model
        The model.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no model file, holds types that are not trusted, or has another format.
    """
    from skops.io import get_untrusted_types, load

    try:
        unknown = set(get_untrusted_types(file=path)) - set(TRUSTED)
        if unknown:
            raise ValueError(
                f"{os.fspath(path)} holds {', '.join(sorted(unknown))}; only types of skseizure "
                "and scikit-learn are loaded from a model file."
            )
        content = load(path, trusted=list(TRUSTED))
    except (zipfile.BadZipFile, KeyError, TypeError, AttributeError, EOFError) as error:
        raise ValueError(f"{os.fspath(path)} is not a skseizure model file: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(
            f"{os.fspath(path)} is not a skseizure model file of format {FORMAT}; train it again."
        )
    return Model(**{name: content[name] for name in Model.__dataclass_fields__})
