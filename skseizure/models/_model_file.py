"""Models in files: what is saved comes back, and what was tampered with does not."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from platform import python_version
from typing import Any

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

from .. import __version__
from .._core.files import read_whole, write_atomically
from ..signals import SignalProfile, Windows
from ._contents import UnknownParts, check_contents
from ._fitted_parts import check_parts, forget_machine
from ._model import Model

FORMAT = 1
MAX_BYTES = 2**31  # of a file; a large forest has some 100 MB
FIELDS = tuple(Model.__dataclass_fields__)
NEEDED = ("estimator", "sfreq", "window", "step")
PACKAGES = ("scikit-learn", "numpy", "scipy", "skops")
# Far beyond any EEG; without bounds a forged number asks for more memory than there is.
MAX_SFREQ, MAX_SAMPLES, MAX_CHANNELS = 10**5, 10**6, 2048


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model file.

    Parameters
    ----------
    model : Model
        What to save. Stores for intermediate results (``memory``), numbers of threads and progress
        bars belong to this machine and are left out; the estimator itself keeps its own.
    path : str or path-like
        File to write; ``.skops`` is the customary ending.

    Raises
    ------
    ValueError
        If the model holds what `load_model` would refuse.

    Warns
    -----
    UserWarning
        If it holds classes or functions of your own, which `load_model` must be told by name.
    """
    from skops.io import dumps

    estimator = copy.deepcopy(model.estimator)
    forget_machine(estimator)
    fields = {name: getattr(model, name) for name in FIELDS}
    profile = None if model.profile is None else model.profile.to_dict()
    fields |= {"format": FORMAT, "versions": versions(), "profile": profile}
    data = dumps(fields | {"estimator": estimator})
    own: Sequence[str] = ()
    try:
        check_contents(data)
    except UnknownParts as error:
        own = error.names
        warnings.warn(
            f"{os.path.basename(path)} holds {', '.join(own)}, which load_model takes only if you "
            f"name them: trusted={list(own)}.",
            stacklevel=2,
        )
    check_parts(estimator, own)
    with write_atomically(path) as temporary:
        temporary.write_bytes(data)


def versions() -> dict[str, str]:
    """Return the versions of what a model depends on."""
    return {
        "skseizure": __version__,
        **{name: version(name) for name in PACKAGES},
        "Python": python_version(),
    }


def load_model(path: str | os.PathLike[str], *, trusted: Sequence[str] = ()) -> Model:
    """Read a model file; no code in it, or in a file that it names, is run.

    Parameters
    ----------
    path : str or path-like
        File that `save_model` wrote.
    trusted : sequence of str
        Classes and functions of your own, or of other packages, by their full name, that may be in
        the file beside the parts that are known. Name them only if you know where the file comes
        from.

    Returns
    -------
    Model
        The model.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ImportError, OSError
        If this machine lacks a package for it, or a file of one cannot be read.
    ValueError
        If it is no model file or has another format; if it holds anything but plain data, parts of
        skseizure, those of scikit-learn and imbalanced-learn that can be checked, and what you
        trust; if it would unpack to more than it is; if it names a store of intermediate results
        (``memory``), whose files could hold code; if a field, parameter, tree or network is
        malformed, or the parts do not fit together.

    Warns
    -----
    UserWarning
        If another version of skseizure or scikit-learn wrote it.
    """
    if isinstance(trusted, str):
        raise TypeError(f"trusted is the string {trusted!r}; a sequence of names is needed.")
    data = read_whole(path, MAX_BYTES)
    try:
        # Every part tells of its version, which are hundreds with the trees.
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = _checked(_read(data, trusted), trusted)
    except (ImportError, OSError) as error:  # the fault of this machine
        kind = ImportError if isinstance(error, ImportError) else OSError
        raise kind(f"{os.fspath(path)} cannot be loaded here: {error}") from error
    except Exception as error:  # a broken file runs skops into errors of any kind
        raise ValueError(f"{os.fspath(path)} is not a skseizure model file: {error}") from error
    others = {}
    for warning in caught:
        if isinstance(warning.message, InconsistentVersionWarning):
            was, now = _both_versions(warning.message)
            others[was] = now
        else:
            warnings.warn(warning.message, stacklevel=2)
    if others:
        warnings.warn(
            f"{os.fspath(path)} was written by {_listed(others)}; installed: "
            f"{_listed(others.values())}. Its detections may differ: train it again if they "
            "matter.",
            UserWarning,
            stacklevel=2,
        )
    return model


def _both_versions(told: InconsistentVersionWarning) -> list[str]:
    """Return what a part was saved by, and what is installed."""
    both = told.original_sklearn_version, told.current_sklearn_version
    return [v if v.startswith("skseizure") else f"scikit-learn {v}" for v in both]


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


def _read(data: bytes, trusted: Sequence[str]) -> Any:
    from skops.io import loads

    return loads(data, trusted=[*check_contents(data, trusted), *trusted])


def _checked(content: Any, trusted: Sequence[str]) -> Model:
    """Return what a file holds as a model, if all of it is what it should be."""
    if not isinstance(content, dict) or "format" not in content:
        raise ValueError(
            f"it holds {type(content).__name__}, not what save_model writes; in Python, "
            "skops.io.load reads it."
        )
    if content["format"] != FORMAT:
        raise ValueError(f"it is not of format {FORMAT}; train it again.")
    missing = set(NEEDED) - set(content)
    if missing:
        raise ValueError(f"it lacks {', '.join(sorted(missing))}.")
    check_parts(content, trusted)
    fields = {name: content[name] for name in FIELDS if name in content}
    if fields.get("profile") is not None:
        fields["profile"] = SignalProfile.from_dict(fields["profile"])
    model = Model(**fields)
    forget_machine(model.estimator)
    _probe(model)
    return model


def _probe(model: Model) -> None:
    """Run the model on one window of zeros, so that what does not fit together shows here."""
    n_times = round(model.window * model.sfreq) if model.window < MAX_SAMPLES else MAX_SAMPLES + 1
    if model.sfreq > MAX_SFREQ or n_times > MAX_SAMPLES:
        raise ValueError(
            f"its windows of {model.window:g} s at {model.sfreq:g} Hz are beyond {MAX_SAMPLES:g} "
            f"samples or {MAX_SFREQ:g} Hz."
        )
    if model.ch_names is None:
        return
    if len(model.ch_names) * n_times > 10 * MAX_SAMPLES or len(model.ch_names) > MAX_CHANNELS:
        raise ValueError(f"its windows of {len(model.ch_names)} channels are too large.")
    zeros = Windows(
        np.zeros((1, len(model.ch_names), n_times)),
        sfreq=model.sfreq,
        step=model.step,
        ch_names=model.ch_names,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of one window, which is no recording
        for name in ("predict_proba", "predict", "transform"):
            if hasattr(model.estimator, name):
                found = getattr(model.estimator, name)(zeros)
                break
        else:
            return
    if name == "predict_proba" and not np.isfinite(found).all():
        raise ValueError("its probabilities are not finite.")
