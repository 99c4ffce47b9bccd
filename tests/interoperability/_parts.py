"""Small instances that the tests of this folder share."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skseizure.evolution import EvolvedMLPClassifier
from skseizure.features import BandFeatures
from skseizure.postprocessing import SeizureDetector

NETWORK = EvolvedMLPClassifier((0, 8), swarm_size=20, max_iter=30, random_state=0)
MOE = dict(n_experts=2, hidden=8, lr=0.01, max_epochs=10, random_state=0)


def features():
    """Four features a channel of windows sampled at 64 Hz."""
    return BandFeatures(["std", "line_length"], {"low": (1, 8), "high": (8, 30)})


def classifier():
    """Windows to labels, the plainest way."""
    return make_pipeline(features(), StandardScaler(), LogisticRegression())


def detector():
    """Windows to filtered labels, the plainest way."""
    return SeizureDetector(classifier(), smoothing=4, min_duration=4)


def rare_table(seed=0, n_majority=1000, n_minority=50, n_features=6):
    """A table of two overlapping classes, 20:1; only the first three columns tell."""
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1], [n_majority, n_minority])
    X = rng.normal(size=(len(y), n_features))
    X[y == 1, :3] += 1.25
    return X, y
