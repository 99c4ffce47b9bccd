"""Write the golden models: one small fitted estimator of each public class, and what it answers.

    python tests/golden/make_golden.py [--force] [NAME ...]

`test_golden.py` loads the files, which earlier commits wrote, and compares. They are written once.
A file that exists stays as it is unless ``--force`` is given. That gives up the promise that the
models of users still load, so the changelog has to say it.
"""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from skops.io import dump

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
from skseizure.metrics import make_event_scorer
from skseizure.model_selection import StratifiedPatientKFold
from skseizure.moe import MixMoEClassifier, SeizureMoEClassifier
from skseizure.postprocessing import (
    ChannelFusionClassifier,
    MorphologicalFilterClassifier,
    PersonalizedClassifier,
    SeizureDetector,
    TunedSeizureDetectorCV,
)
from skseizure.signals import Windows

FOLDER = Path(__file__).parent / "models"
METHODS = ("transform", "predict", "predict_proba", "decision_function")

BANDS = BandFeatures(["std", "line_length"], {"low": (1, 8), "high": (8, 30)})
# No estimator of scikit-learn in the files, whose versions do not read each other's.
FUZZY = TSKClassifier(2, random_state=0)
ON_WINDOWS = make_pipeline(BANDS, FUZZY)
NETWORK = EvolvedMLPClassifier((0, 4), swarm_size=10, max_iter=10, random_state=0)
SAMPLER = MetaSampler(
    FUZZY,
    n_estimators=3,
    start_steps=4,
    update_steps=4,
    replay_size=20,
    batch_size=8,
    hidden_size=4,
    random_state=0,
)
MOE = dict(n_experts=2, hidden=4, sfreq=128, batch_size=16, lr=0.01, max_epochs=2, random_state=0)

# What takes windows; a bare array of them for the mixtures, which then take it as 128 Hz.
WINDOWS = {
    "BandFeatures": BANDS,
    "FrameFeatures": FrameFeatures(["morph", "time"]),
    "WaveletPacketFeatures": WaveletPacketFeatures({"low": (0, 8)}, level=3),
    "STFTFeatures": STFTFeatures({"low": (0, 8)}, segment=1),
    "MovingAverage": MovingAverage(STFTFeatures({"low": (0, 8)}, segment=1), seconds=4),
    "PatientScaler": PatientScaler(BANDS, min_windows=10),
    "PatientScaler-rank": PatientScaler(BANDS, "rank", by="record", causal=True, min_windows=5),
    "ChannelPooling": ChannelPooling(BANDS, ["median", "max", "q90"]),
    "ChannelFusionClassifier": ChannelFusionClassifier(ON_WINDOWS),
    "MorphologicalFilterClassifier": MorphologicalFilterClassifier(ON_WINDOWS),
    "PersonalizedClassifier": PersonalizedClassifier(ON_WINDOWS, ON_WINDOWS),
    "SeizureDetector": SeizureDetector(ON_WINDOWS, min_duration=2),
    "TunedSeizureDetectorCV": TunedSeizureDetectorCV(
        SeizureDetector(ON_WINDOWS), settings={"threshold": [0.3, 0.5], "min_duration": [2]}
    ),
    "GridSearchCV": GridSearchCV(
        SeizureDetector(ON_WINDOWS),
        {"threshold": [0.3, 0.5]},
        cv=StratifiedPatientKFold(2),
        scoring=make_event_scorer("sensitivity"),
    ),
}
ARRAYS = {
    "SeizureMoEClassifier": SeizureMoEClassifier(**MOE),
    "MixMoEClassifier": MixMoEClassifier(traditional_expert=FUZZY, **MOE),
    "MixMoEClassifier-manual41": MixMoEClassifier("manual41", FUZZY, **MOE),
}
TABLES = {
    "ChannelPooling-table": ChannelPooling(n_channels=2),
    "FeatureNormalizer": FeatureNormalizer(),
    "MutualInformationSelector": MutualInformationSelector(n_features_to_select=2),
    "FCBFSelector": FCBFSelector(),
    "SemiJMISelector": SemiJMISelector(n_features_to_select=2),
    "TSKClassifier": FUZZY,
    "TSKClassifierCV": TSKClassifierCV((2,), alphas=2, random_state=0),
    "SDASSLTSKClassifier": SDASSLTSKClassifier(2, random_state=0),
    "EvolvedMLPClassifier": NETWORK,
    "CNBCClassifier": CNBCClassifier(NETWORK, n_channels=2, random_state=0),
    "CNBCEnsembleClassifier": CNBCEnsembleClassifier(NETWORK, 2, random_state=0),
    "MetaSampler": SAMPLER,
    "MetaSamplerClassifier": MetaSamplerClassifier(
        FUZZY, sampler=SAMPLER, n_estimators=3, random_state=0
    ),
    "MetaUnderSampler": MetaUnderSampler(
        estimator=FUZZY, sampling_strategy={0: 6, 1: 6}, n_estimators=2, random_state=0
    ),
}
MODELS = {**WINDOWS, **ARRAYS, **TABLES}


def make_input(name):
    """Return what a model is fitted on, and asked about: 24 windows of two patients.

    Its numbers come from numpy's ``RandomState``, whose stream never changes.
    """
    rng = np.random.RandomState(0)
    y = np.arange(24) // 4 % 2
    data = np.round(rng.normal(scale=20, size=(24, 2, 128)).cumsum(axis=2))
    data[y == 1] *= 3
    table = rng.normal(size=(24, 4)) + y[:, None]
    if name in TABLES:
        # The patterns of a semi-supervised estimator: every third row is unlabelled.
        unlabelled = name in ("SemiJMISelector", "SDASSLTSKClassifier")
        return table, np.where(unlabelled & (np.arange(24) % 3 == 0), -1, y)
    if name in ARRAYS:
        return data, y
    record, patient = np.repeat(["a", "b", "c"], 8), np.repeat(["p", "p", "q"], 8)
    onset = np.tile(np.arange(8) * 2.0, 3)
    return Windows(data, sfreq=64, step=2, onset=onset, record=record, patient=patient), y


def answers(name, model):
    """Return what a model says of its input, by method."""
    X, y = make_input(name)
    found = {m: np.asarray(getattr(model, m)(X)) for m in METHODS if hasattr(model, m)}
    if isinstance(model, MetaSampler):
        states = np.random.RandomState(1).uniform(size=(8, 2 * model.n_bins_))
        found["sample"] = np.asarray(model.sample(states, deterministic=True))
    if hasattr(model, "fit_resample"):
        found["fit_resample"] = model.fit_resample(X, y)[0]
    return found


def make(name):
    """Fit a model and write it with its answers."""
    model = clone(MODELS[name]).fit(*make_input(name))
    if hasattr(model, "personalize"):
        X, y = make_input(name)
        model.personalize(X[X.patient == "q"], y[X.patient == "q"])
    content = {"estimator": model, "answers": answers(name, model)}
    FOLDER.mkdir(exist_ok=True)
    dump(content, FOLDER / f"{name}.skops", compression=zipfile.ZIP_DEFLATED)


def main(arguments=None):
    """Write the models that are asked for, or those that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="If none, what is missing.")
    parser.add_argument("--force", action="store_true", help="Overwrite models that exist.")
    args = parser.parse_args(arguments)
    unknown = sorted(set(args.names) - set(MODELS))
    if unknown:
        parser.error(f"there is no model {', '.join(unknown)}; there are {', '.join(MODELS)}")
    exist = {name for name in MODELS if (FOLDER / f"{name}.skops").exists()}
    if not args.force and exist & set(args.names):
        parser.error(f"{', '.join(sorted(exist & set(args.names)))} exists; see --force")
    for name in args.names or MODELS:
        if args.force or name not in exist:
            make(name)
            print(f"wrote {name}")


if __name__ == "__main__":
    main()
