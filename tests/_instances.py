"""The cheapest instance of every public estimator that does all it can.

A new estimator joins by one line in `INSTANCES`; `test_common.py` sees to it that none is missing.
"""

import inspect

from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags

import skseizure
from skseizure.ensemble import MetaSampler, MetaSamplerClassifier, MetaUnderSampler
from skseizure.evolution import CNBCClassifier, CNBCEnsembleClassifier, EvolvedMLPClassifier
from skseizure.feature_selection import (
    FCBFSelector,
    MutualInformationSelector,
    SemiJMISelector,
)
from skseizure.features import (
    BandFeatures,
    ChannelPooling,
    FeatureNormalizer,
    FrameFeatures,
    MovingAverage,
    PatientScaler,
    STFTFeatures,
    WaveletPacketFeatures,
)
from skseizure.fuzzy import SDASSLTSKClassifier, TSKClassifier, TSKClassifierCV
from skseizure.moe import MixMoEClassifier, SeizureMoEClassifier
from skseizure.postprocessing import (
    ChannelFusionClassifier,
    MorphologicalFilterClassifier,
    PersonalizedClassifier,
    SeizureDetector,
    TunedSeizureDetectorCV,
)

# Two members from few steps of learning.
SAMPLER = MetaSampler(n_estimators=3, start_steps=4, update_steps=4, replay_size=20, batch_size=8)
NETWORK = EvolvedMLPClassifier((0, 8), swarm_size=20, max_iter=30)
MOE = dict(n_experts=2, hidden=8, batch_size=16, lr=0.01, max_epochs=10, random_state=0)

INSTANCES = [
    BandFeatures(["std", "line_length", "sample_entropy"], {"low": (1, 4)}, sfreq=20),
    FrameFeatures(["morph"], sfreq=256),
    WaveletPacketFeatures({"low": (0, 8)}, level=2, sfreq=20),
    STFTFeatures({"low": (0, 4)}, segment=4, sfreq=20),
    FeatureNormalizer(),
    MutualInformationSelector(),
    MutualInformationSelector("cmim", 0.8),
    FCBFSelector(),
    SemiJMISelector(),
    TSKClassifier(3),
    TSKClassifierCV((2, 3), alphas=3, width_scale=(1.0, "auto")),
    SDASSLTSKClassifier(3),
    NETWORK,
    CNBCClassifier(NETWORK),
    # From two members on, predict is their union and predict_proba their share of votes.
    CNBCEnsembleClassifier(NETWORK, 1),
    SAMPLER,
    MetaSamplerClassifier(sampler=0.9, n_estimators=3),
    MetaSamplerClassifier(sampler=SAMPLER, n_estimators=3),
    SeizureMoEClassifier(**MOE),
    MixMoEClassifier(BandFeatures(["std", "line_length"], {"low": (1, 4)}, sfreq=20), **MOE),
    MovingAverage(STFTFeatures({"low": (0, 4)}, segment=4, sfreq=20)),
    PatientScaler(causal=True, min_windows=2),
    PatientScaler(
        STFTFeatures({"low": (0, 4)}, segment=4, sfreq=20),
        "rank",
        by="record",
        causal=True,
        min_windows=2,
    ),
    ChannelPooling(n_channels=1),
    ChannelPooling(STFTFeatures({"low": (0, 4)}, segment=4, sfreq=20)),
    ChannelFusionClassifier(LogisticRegression()),
    ChannelFusionClassifier(DecisionTreeClassifier(max_depth=3), voting="soft"),
    MorphologicalFilterClassifier(LogisticRegression()),
    PersonalizedClassifier(LogisticRegression()),
    SeizureDetector(LogisticRegression()),
    TunedSeizureDetectorCV(SeizureDetector(LogisticRegression()), n_settings=20),
]
# These answer by fit_resample alone, and their fit is imbalanced-learn's.
SAMPLERS = [MetaUnderSampler(n_estimators=3)]


def for_windows(estimator):
    """Return an unfitted copy that takes `Windows` at their own rate; None if it takes tables."""
    estimator = clone(estimator)
    if not get_tags(estimator).input_tags.three_d_array:
        return None
    for name in ("detector__estimator", "estimator"):
        if name in (params := estimator.get_params()):
            features = BandFeatures(["std"], {"low": (1, 30)})
            return estimator.set_params(**{name: make_pipeline(features, params[name])})
    rates = [name for name in estimator.get_params() if name.endswith("sfreq")]
    return estimator.set_params(**dict.fromkeys(rates))


def public_estimators():
    """All estimator classes that a sub-package lists in its `__all__`."""
    for sub in skseizure.__all__:
        module = getattr(skseizure, sub)
        for name in getattr(module, "__all__", ()):
            item = getattr(module, name)
            if inspect.isclass(item) and issubclass(item, BaseEstimator):
                yield item
