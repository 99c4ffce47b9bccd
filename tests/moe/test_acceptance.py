"""What the mixtures must reach: accuracy where the parts fail, any layout.

Speed is measured by benchmarks/bench_moe.py.
"""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.preprocessing import FunctionTransformer

from skseizure.moe import MixMoEClassifier, SeizureMoEClassifier
from skseizure.moe._manual_features import BandSummary

from ._rare import SFREQ, rare_subtypes

# One seed, half the epochs and windows; all of it takes minutes: benchmarks/paper_mix_moe.py.
EPOCHS, N_TEST = 25, 600


@pytest.fixture(scope="module")
def rare():
    """Windows and labels to train, with subjects, and of other subjects to test."""
    return rare_subtypes(400, 0), rare_subtypes(N_TEST, 1000)[:2]


def test_rare_subtypes(rare):
    """Mix-MoE beats the traditional expert and an EEGNet, each alone."""
    (X, y, subject), (Xt, yt) = rare
    settings = dict(sfreq=SFREQ, max_epochs=EPOCHS, augment=True, random_state=0)
    model = MixMoEClassifier(**settings).fit(X, y, subject)
    score = balanced_accuracy_score(yt, model.predict(Xt))
    alone = model.traditional_expert_.predict(model.feature_extractor_.transform(Xt))
    assert score >= 0.90
    assert score >= balanced_accuracy_score(yt, alone) + 0.10
    network = SeizureMoEClassifier(1, **settings).fit(X, y)  # one expert: an EEGNet
    assert score >= balanced_accuracy_score(yt, network.predict(Xt)) + 0.25


def test_white_noise_in_place_of_the_signal_does_no_harm(rare):
    """What the traditional expert knows of the manual features is kept within two points."""
    (X, y, subject), (Xt, yt) = rare
    summary = BandSummary(SFREQ).fit(X)
    tables = [summary.transform(part) for part in (X, Xt)]
    gaps = []
    for seed in (0, 1):
        rng = np.random.default_rng(seed)
        noise = [rng.normal(size=part.shape) for part in (X, Xt)]
        features = dict(zip(np.concatenate(noise)[:, 0, 0], np.concatenate(tables), strict=True))
        given = FunctionTransformer(lambda X, of=features: np.array([of[x] for x in X[:, 0, 0]]))
        model = MixMoEClassifier(given, max_epochs=EPOCHS, random_state=0)
        found = model.fit(noise[0], y, subject).predict(noise[1])
        alone = balanced_accuracy_score(yt, model.traditional_expert_.predict(tables[1]))
        assert alone > 0.6
        gaps.append(balanced_accuracy_score(yt, found) - alone)
    assert abs(np.mean(gaps)) <= 0.02


@pytest.mark.parametrize(
    ("n_channels", "n_times", "n_classes"),
    [(1, 64, 2), (64, 64, 20), (1, 4096, 20), (64, 4096, 2), (19, 777, 7), (3, 5, 2)],
)
def test_any_layout(n_channels, n_times, n_classes, rng):
    X = rng.normal(size=(2 * n_classes, n_channels, n_times))
    y = np.arange(2 * n_classes) % n_classes
    power = FunctionTransformer(lambda X: np.log(np.asarray(X).std(axis=2)))
    settings = dict(n_experts=2, hidden=8, max_epochs=2, batch_size=8, random_state=0)
    for model in (SeizureMoEClassifier(**settings), MixMoEClassifier(power, **settings)):
        proba = model.fit(X, y).predict_proba(X)
        assert proba.shape == (2 * n_classes, n_classes)
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-12)
