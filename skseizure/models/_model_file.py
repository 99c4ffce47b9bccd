"""A trained detector in a file, with all that is needed to feed it a new recording."""

from __future__ import annotations

import copy
import math
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import ExtraTreeClassifier
from sklearn.tree._tree import Tree
from sklearn.utils.validation import check_is_fitted

from ..features import BandFeatures
from ..postprocessing import SeizureDetector
from ..signals import Windows

FORMAT = 1

# All that a model file may hold, besides plain data. skops alone would let in every estimator of
# scikit-learn, among them some whose compiled parts trust the numbers that they find.
ESTIMATORS = (
    SeizureDetector,
    Pipeline,
    BandFeatures,
    StandardScaler,
    ExtraTreesClassifier,
    ExtraTreeClassifier,
)
# What `train` makes, in this order.
STEPS = {"features": BandFeatures, "scaler": StandardScaler, "classifier": ExtraTreesClassifier}
# Far beyond any EEG; without bounds a forged number asks for more memory than there is.
MAX_SFREQ, MAX_SAMPLES = 10**5, 10**6
DATA_TYPES = (type(None), str, bool, int, float, np.generic, np.ndarray, dict, list, tuple)


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

    Raises
    ------
    ValueError
        If a field is of another type, a number is not finite and above zero, or the detector is
        not fitted.

    See Also
    --------
    save_model : Write it to a file.
    load_model : Read it from a file.
    train_detector : Train the default detector.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from sklearn.ensemble import ExtraTreesClassifier
    >>> from sklearn.pipeline import Pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skseizure.features import BandFeatures
    >>> from skseizure.models import Model, load_model, save_model
    >>> from skseizure.postprocessing import SeizureDetector
    >>> from skseizure.signals import Windows
    >>> y = np.arange(40) // 10 % 2
    >>> data = np.random.default_rng(0).normal(size=(40, 2, 128)) * (1 + y)[:, None, None]
    >>> X = Windows(data, sfreq=64, ch_names=["F3-C3", "C3-P3"])
    >>> steps = [
    ...     ("features", BandFeatures(["std"], {"all": (1, 20)})),
    ...     ("scaler", StandardScaler()),
    ...     ("classifier", ExtraTreesClassifier(10, random_state=0)),
    ... ]
    >>> detector = SeizureDetector(Pipeline(steps)).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "model.skops"
    ...     save_model(Model(detector, X.sfreq, 2, 2, "double banana"), file)
    ...     model = load_model(file)
    >>> model.bands
    {'all': (1.0, 20.0)}
    >>> bool((model.estimator.predict(X) == detector.predict(X)).all())
    True
    """

    estimator: SeizureDetector
    sfreq: float
    window: float
    step: float
    montage: str

    def __post_init__(self) -> None:
        if not isinstance(self.estimator, SeizureDetector):
            raise ValueError(
                f"estimator is a {_type_name(self.estimator)}; a SeizureDetector is needed."
            )
        check_is_fitted(self.estimator, "estimator_")
        for name in ("sfreq", "window", "step"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0 < value < math.inf:
                raise ValueError(f"{name} is {value!r}; a finite number above zero is needed.")
        if not isinstance(self.montage, str):
            raise ValueError(f"montage is {self.montage!r}; the name of a montage is needed.")

    @property
    def bands(self) -> dict[str, tuple[float, float]]:
        """Frequency bands of the features in Hz, by name.

        A recording must have been sampled at more than twice the highest of these frequencies.
        """
        return self.estimator.estimator_["features"].bands_


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model file.

    Parameters
    ----------
    model : Model
        What to save. Stores for intermediate results (``memory``) are left out; the detector
        itself keeps its own.
    path : str or path-like
        File to write; ``.skops`` is the customary ending.
    """
    from skops.io import dump

    fields = {name: getattr(model, name) for name in Model.__dataclass_fields__}
    fields["estimator"] = copy.deepcopy(model.estimator)
    for part, _ in _parts(fields["estimator"]):
        if hasattr(part, "memory"):
            part.memory = None
    dump({"format": FORMAT, **fields}, path)


def load_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file; no code in it, or in a file that it names, is run.

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
        If it is no model file or has another format; if it holds anything but plain data and the
        parts of a detector that `train` makes; if it names a store of intermediate results
        (``memory``), whose files could hold code; if a field, parameter or tree is malformed, or
        the parts do not fit together.

    Warns
    -----
    UserWarning
        If another version of skseizure or scikit-learn wrote it.
    """
    data = Path(path).read_bytes()
    try:
        # Every part tells of its version, which are hundreds with the trees.
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model = _checked(_read(data))
    except Exception as error:  # a broken file runs skops into errors of any kind
        raise ValueError(f"{os.fspath(path)} is not a skseizure model file: {error}") from error
    others = {}
    for warning in caught:
        if isinstance(warning.message, InconsistentVersionWarning):
            was, now = _versions(warning.message)
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


def _versions(told: InconsistentVersionWarning) -> list[str]:
    """Return what a part was saved by, and what is here."""
    versions = told.original_sklearn_version, told.current_sklearn_version
    return [v if v.startswith("skseizure") else f"scikit-learn {v}" for v in versions]


def _listed(versions: Iterable[str]) -> str:
    return " and ".join(sorted(versions))


def _read(data: bytes) -> Any:
    from skops.io import get_untrusted_types, loads

    trusted = [f"{kind.__module__}.{kind.__qualname__}" for kind in (*ESTIMATORS, Tree)]
    unknown = set(get_untrusted_types(data=data)) - set(trusted)
    if unknown:
        _refuse(", ".join(sorted(unknown)))
    return loads(data, trusted=trusted)


def _checked(content: Any) -> Model:
    """Return what a file holds as a model, if all of it is what it should be."""
    if not isinstance(content, dict) or "format" not in content:
        raise ValueError(
            f"it holds {type(content).__name__}, not what `skseizure train` writes; in Python, "
            "skops.io.load reads it."
        )
    if content["format"] != FORMAT:
        raise ValueError(f"it is not of format {FORMAT}; train it again.")
    missing = set(Model.__dataclass_fields__) - set(content)
    if missing:
        raise ValueError(f"it lacks {', '.join(sorted(missing))}.")
    for part, holder in _parts(content["estimator"]):
        if isinstance(part, Tree):
            _check_tree(part, holder)
        elif type(part) in ESTIMATORS:
            part._validate_params()
            if getattr(part, "memory", None) is not None:
                raise ValueError(
                    f"{_type_name(part)} has memory={part.memory!r}; a model file must not name "
                    "files to read."
                )
        elif not isinstance(part, DATA_TYPES) or (
            isinstance(part, np.ndarray) and part.dtype.hasobject
        ):
            _refuse(_type_name(part))
    model = Model(**{name: content[name] for name in Model.__dataclass_fields__})
    _check_steps(model.estimator)
    _probe(model)
    return model


def _check_steps(detector: SeizureDetector) -> None:
    """Refuse what `train` does not make: other steps, or numbers that fit no other number."""
    pipeline = detector.estimator_
    if type(pipeline) is not Pipeline or [
        (name, type(step)) for name, step in pipeline.steps
    ] != list(STEPS.items()):
        raise ValueError(f"its detector is not a Pipeline of {', '.join(STEPS)}.")
    features, scaler, forest = (step for _, step in pipeline.steps)
    shape = (features.n_channels_in_ * len(features.bands_) * len(features.measures_),)
    for name in ("mean_", "scale_"):
        values = getattr(scaler, name)
        if np.shape(values) != shape or not np.isfinite(values).all():
            raise ValueError(f"{name} of its scaler is not {shape[0]} finite numbers.")
    if not (scaler.scale_ > 0).all():
        raise ValueError("scale_ of its scaler is not above zero.")
    for part in (detector, forest):
        if not np.array_equal(part.classes_, [0, 1]):
            raise ValueError(f"its classes are {part.classes_}; 0 and 1 are needed.")
    trees = forest.estimators_
    if not trees or {type(tree) for tree in trees} != {ExtraTreeClassifier}:
        raise ValueError("its classifier has no trees.")
    for part in (forest, *trees):
        if part.n_outputs_ != 1 or part.n_classes_ != 2:
            raise ValueError("its classifier is not of one output and two classes.")


def _probe(model: Model) -> None:
    """Run the model on one window of zeros, so that what does not fit together shows here."""
    n_times = round(model.window * model.sfreq) if model.window < MAX_SAMPLES else MAX_SAMPLES + 1
    if model.sfreq > MAX_SFREQ or n_times > MAX_SAMPLES:
        raise ValueError(
            f"its windows of {model.window:g} s at {model.sfreq:g} Hz are beyond {MAX_SAMPLES:g} "
            f"samples or {MAX_SFREQ:g} Hz."
        )
    # What the machine that trained had says nothing of this one.
    model.estimator.estimator_.set_params(
        features__n_jobs=None,
        features__verbose=0,
        classifier__n_jobs=None,
        classifier__verbose=0,
    )
    features = model.estimator.estimator_["features"]
    zeros = Windows(
        np.zeros((1, features.n_channels_in_, n_times)),
        sfreq=model.sfreq,
        step=model.step,
        ch_names=features.ch_names_in_,
    )
    if not np.isfinite(model.estimator.predict_proba(zeros)).all():
        raise ValueError("its probabilities are not finite.")


def _parts(thing: Any, holder: Any = None) -> Iterator[tuple[Any, Any]]:
    """Yield everything that an estimator holds, at any depth, each with what holds it."""
    yield thing, holder
    if isinstance(thing, BaseEstimator):
        inside = list(vars(thing).values())
    elif isinstance(thing, dict):
        inside = list(thing.values())
    else:
        inside = list(thing) if isinstance(thing, (list, tuple)) else []
    for part in inside:
        yield from _parts(part, thing)


def _check_tree(tree: Tree, holder: Any) -> None:
    """Refuse a tree whose indices lead out of it or in circles, which scikit-learn follows."""
    node, left, right = np.arange(tree.node_count), tree.children_left, tree.children_right
    leaf = (left == -1) & (right == -1)
    inner = (tree.feature >= 0) & (tree.feature < tree.n_features)
    for child in (left, right):
        inner &= (node < child) & (child < tree.node_count)
    if not len(node) or not (leaf | inner).all():
        raise ValueError("a tree in it has nodes or features out of range.")
    finite = np.isfinite(tree.threshold).all() and (tree.value >= 0).all()
    if tree.value.shape[1:] != (1, 2) or not finite or not np.allclose(tree.value.sum(axis=2), 1):
        raise ValueError("a tree in it gives no probabilities of two classes.")
    if getattr(holder, "n_features_in_", None) != tree.n_features:
        raise ValueError(f"a tree in it of {tree.n_features} features is held by one of another.")


def _refuse(names: str) -> None:
    raise ValueError(f"it holds {names}; only the parts of skseizure's detector are loaded.")


def _type_name(thing: Any) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"
