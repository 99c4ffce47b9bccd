"""Detectors by name: each paper's pipeline with its defaults, and the plain ones beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from ..ensemble import MetaSamplerClassifier
from ..evolution import CNBCEnsembleClassifier
from ..feature_selection import MutualInformationSelector, SemiJMISelector
from ..features import (
    BandFeatures,
    ChannelPooling,
    FeatureNormalizer,
    FrameFeatures,
    PatientScaler,
    WaveletPacketFeatures,
)
from ..fuzzy import SDASSLTSKClassifier, TSKClassifier
from ..postprocessing import (
    ChannelFusionClassifier,
    MorphologicalFilterClassifier,
    PersonalizedClassifier,
    SeizureDetector,
)

# The cheap measures of each kind. All 29 take several times as long.
MEASURES = (
    "std",
    "line_length",
    "teager_kaiser_energy",
    "skewness",
    "kurtosis",
    "hjorth_mobility",
    "hjorth_complexity",
    "higuchi_fd",
    "spectral_entropy",
    "permutation_entropy",
    "svd_entropy",
    "sample_entropy",
)


@dataclass(frozen=True)
class Recipe:
    """A detector that can be made by name.

    Parameters
    ----------
    name : str
        Its name.
    summary : str
        What it is, in a line.
    make : callable
        Returns it, not fitted.
    window, step : float
        Length of the windows that it is meant for, and their distance, in seconds.
    needs : tuple of str, default=()
        Packages that it needs to detect, beside those of every detector.
    """

    name: str
    summary: str
    make: Callable[[], Any]
    window: float = 4.0
    step: float = 2.0
    needs: tuple[str, ...] = ()


_recipes: dict[str, Recipe] = {}


def recipe(name: str, summary: str, **options: Any) -> Callable[[Callable[[], Any]], Any]:
    """Register a function that makes a detector, by the detector's name."""

    def register(make: Callable[[], Any]) -> Callable[[], Any]:
        _recipes[name] = Recipe(name, summary, make, **options)
        return make

    return register


def available_recipes() -> dict[str, Recipe]:
    """List the detectors that can be made by name.

    Returns
    -------
    dict of str to Recipe
        Each has ``name``, ``summary``, ``window``, ``step`` and ``needs``.

    Examples
    --------
    >>> from skseizure.models import available_recipes
    >>> for recipe in available_recipes().values():
    ...     print(f"{recipe.name:13}{recipe.summary}")
    trees        Band features and randomised trees: the default.
    boosting     Band features and histogram gradient boosting.
    linear       Band features and logistic regression.
    pooled       Channels on their own scales, pooled whatever their number; randomised trees.
    tsk          A few band features and a fuzzy system whose rules can be read.
    sda-tsk      Wavelet packets and a fuzzy system that adapts to unlabelled patients.
    meta-sampler Each channel by trees on undersampled windows; the channels vote.
    cnbc         A network of evolved networks for one patient.
    mix-moe      A mixture of EEGNets and a classifier on features.
    personal     The default, which can learn a patient's own seizures later.
    """
    return dict(_recipes)


def make_model(
    name: str = "trees",
    *,
    memory: Any = None,
    n_jobs: int | None = None,
    random_state: Any = None,
    **params: Any,
) -> Any:
    """Make a detector by its name.

    Parameters
    ----------
    name : str, default="trees"
        One of `available_recipes`:

        - ``"trees"``: twelve measures in five bands, scaling, randomised trees;
        - ``"boosting"``: the same features, histogram gradient boosting;
        - ``"linear"``: the same features, logistic regression;
        - ``"pooled"``: the same features, each channel of a recording on its own scale
          (`PatientScaler`), then pooled (`ChannelPooling`), randomised trees; it detects with any
          of the channels, in recordings most of which are no seizure;
        - ``"tsk"``: 16 of the same features, chosen by mutual information, and `TSKClassifier`;
        - ``"sda-tsk"``: `WaveletPacketFeatures` and `SDASSLTSKClassifier`, for which -1 marks
          windows without a label;
        - ``"meta-sampler"``: in each channel 29 measures in five bands, six of them chosen by
          `SemiJMISelector`, and `MetaSamplerClassifier`; `ChannelFusionClassifier` around it;
        - ``"cnbc"``: `FrameFeatures` averaged over 20 s, `FeatureNormalizer` and
          `CNBCEnsembleClassifier`, with `MorphologicalFilterClassifier` around it, for windows of
          1 s; its columns have names, for which scikit-learn needs pandas;
        - ``"mix-moe"``: `MixMoEClassifier` on the windows themselves, which needs torch;
        - ``"personal"``: the first inside `PersonalizedClassifier`, for ``skseizure personalize``.

    memory : str or joblib.Memory, default=None
        Where features are kept, see `BandFeatures`.
    n_jobs : int, default=None
        Threads of all parts.
    random_state : int, default=None
        Seed of all parts.
    **params
        Parameters by the names of ``get_params``, such as ``estimator__classifier__n_rules=5``.

    Returns
    -------
    SeizureDetector or MorphologicalFilterClassifier
        Not fitted. Steps of its inner Pipeline are called ``features``, ``scaler``, ``selector``
        and ``classifier``.

    Raises
    ------
    ValueError
        If there is no such recipe or parameter.

    See Also
    --------
    train_detector : Train it, its operating point chosen on patients left out.

    Examples
    --------
    >>> from skseizure.models import make_model
    >>> detector = make_model("tsk", estimator__classifier__n_rules=5, threshold=0.4)
    >>> detector.estimator["classifier"].n_rules, detector.threshold
    (5, 0.4)
    """
    if name not in _recipes:
        raise ValueError(f"there is no recipe {name!r}; there are {', '.join(_recipes)}.")
    detector = _recipes[name].make()
    for last, value in {"n_jobs": n_jobs, "random_state": random_state}.items():
        set_everywhere(detector, last, value)
    if memory is not None:
        set_memory(detector, memory)
    return detector.set_params(**params)


def set_everywhere(estimator: Any, name: str, value: Any) -> None:
    """Set a parameter of all parts that have it."""
    names = [key for key in estimator.get_params() if key.rpartition("__")[2] == name]
    estimator.set_params(**dict.fromkeys(names, value))


def set_memory(estimator: Any, memory: Any) -> None:
    """Let feature transformers keep what they compute; a Pipeline would keep fitted copies."""
    params = estimator.get_params()
    for key in params:
        owner, _, name = key.rpartition("__")
        if name == "memory" and not hasattr(params.get(owner), "steps"):
            estimator.set_params(**{key: memory})


def _pipeline(**steps: Any) -> Pipeline:
    return Pipeline(list(steps.items()))


def _band_features() -> BandFeatures:
    # Each band by no more samples than it needs: a third of the time, and no less told apart.
    return BandFeatures(list(MEASURES), decimate=True)


def _randomised_trees() -> ExtraTreesClassifier:
    return ExtraTreesClassifier(300, min_samples_leaf=5, max_features=0.1, class_weight="balanced")


@recipe("trees", "Band features and randomised trees: the default.")
def _trees() -> SeizureDetector:
    return SeizureDetector(
        _pipeline(
            features=_band_features(), scaler=StandardScaler(), classifier=_randomised_trees()
        )
    )


@recipe("boosting", "Band features and histogram gradient boosting.")
def _boosting() -> SeizureDetector:
    boosting = HistGradientBoostingClassifier(class_weight="balanced")
    return SeizureDetector(_pipeline(features=_band_features(), classifier=boosting))


@recipe("linear", "Band features and logistic regression.")
def _linear() -> SeizureDetector:
    # Many columns that say nearly the same.
    linear = LogisticRegression(C=0.01, class_weight="balanced", max_iter=1000)
    return SeizureDetector(
        _pipeline(features=_band_features(), scaler=StandardScaler(), classifier=linear)
    )


@recipe("pooled", "Channels on their own scales, pooled whatever their number; randomised trees.")
def _pooled() -> SeizureDetector:
    own = PatientScaler(_band_features(), by="record")  # of each channel of a record
    return SeizureDetector(_pipeline(features=ChannelPooling(own), classifier=_randomised_trees()))


@recipe("tsk", "A few band features and a fuzzy system whose rules can be read.")
def _tsk() -> SeizureDetector:
    return SeizureDetector(
        _pipeline(
            features=_band_features(),
            scaler=StandardScaler(),
            selector=MutualInformationSelector("mrmr", n_features_to_select=16),
            classifier=TSKClassifier(),
        )
    )


@recipe("sda-tsk", "Wavelet packets and a fuzzy system that adapts to unlabelled patients.")
def _sda_tsk() -> SeizureDetector:
    return SeizureDetector(
        _pipeline(
            features=WaveletPacketFeatures(),
            scaler=StandardScaler(),
            classifier=SDASSLTSKClassifier(),
        )
    )


@recipe("meta-sampler", "Each channel by trees on undersampled windows; the channels vote.")
def _meta_sampler() -> SeizureDetector:
    channel = _pipeline(
        features=BandFeatures(),
        selector=SemiJMISelector("jmi", n_features_to_select=6),
        classifier=MetaSamplerClassifier(),
    )
    return SeizureDetector(ChannelFusionClassifier(channel))


@recipe(
    "cnbc",
    "A network of evolved networks for one patient.",
    window=1.0,
    step=1.0,
    needs=("pandas",),
)
def _cnbc() -> MorphologicalFilterClassifier:
    pipeline = _pipeline(
        features=FrameFeatures(smoothing=20),
        scaler=FeatureNormalizer(),
        classifier=CNBCEnsembleClassifier(),
    )
    # The names of the columns tell the network which channel and group each belongs to.
    return MorphologicalFilterClassifier(pipeline.set_output(transform="pandas"))


@recipe("mix-moe", "A mixture of EEGNets and a classifier on features.", needs=("torch", "skorch"))
def _mix_moe() -> SeizureDetector:
    from ..moe import MixMoEClassifier

    return SeizureDetector(_pipeline(classifier=MixMoEClassifier()))


@recipe("personal", "The default, which can learn a patient's own seizures later.")
def _personal() -> SeizureDetector:
    return SeizureDetector(PersonalizedClassifier(_trees().estimator))
