"""What the mixtures must reach: accuracy where the parts fail, any layout, speed."""

import time

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score
from sklearn.preprocessing import FunctionTransformer

from skseizure.moe import EEGNet, MixMoEClassifier, SeizureMoEClassifier
from skseizure.moe._manual_features import BandSummary
from skseizure.moe._network import MoELoss, MoENetwork

from ._rare import SFREQ, rare_subtypes
from ._textbook import LoopMixMoE, TextbookEEGNet

# One seed, half the epochs and windows; all of it takes minutes: benchmarks/paper_mix_moe.py.
EPOCHS, N_TEST = 25, 600


@pytest.fixture(scope="module")
def rare():
    """Windows and labels to train, with subjects, and of other subjects to test."""
    return rare_subtypes(400, 0), rare_subtypes(N_TEST, 1000)[:2]


def test_rare_subtypes(rare):
    """Mix-MoE beats the traditional expert and an EEGNet, each alone, at a bearable cost."""
    (X, y, subject), (Xt, yt) = rare
    settings = dict(sfreq=SFREQ, max_epochs=EPOCHS, augment=True, random_state=0)
    start = time.process_time()
    model = MixMoEClassifier(**settings).fit(X, y, subject)
    assert time.process_time() - start <= 10  # half of what 50 epochs may take
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


@pytest.fixture
def one_thread():
    """Let torch use one thread and one seed, and leave both as they were."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
    torch.set_num_threads(before)


def _cpu_seconds(*functions):
    """Return the least CPU time of each; they take turns, so that all meet the same machine."""
    times = np.full((4, len(functions)), np.inf)
    for repeat in range(len(times)):
        for i, function in enumerate(functions):
            start = time.process_time()
            function()
            times[repeat, i] = time.process_time() - start
    return times[1:].min(axis=0)


BATCH, N_CHANNELS, N_TIMES, N_CLASSES, N_MANUAL = 64, 20, 1000, 4, 14


def _step(module, loss):
    def run():
        module.train().zero_grad()
        loss().backward()

    return run


def test_eegnet_is_faster_than_the_textbook(one_thread):
    x = torch.randn(BATCH, N_CHANNELS, N_TIMES)
    textbook, net = TextbookEEGNet(N_CHANNELS, N_TIMES), EEGNet(N_CHANNELS, N_TIMES, SFREQ)
    slow, fast = _cpu_seconds(*(_step(m, lambda m=m: m(x).square().sum()) for m in (textbook, net)))
    assert slow >= 4 * fast
    with torch.no_grad():
        slow, fast = _cpu_seconds(*(lambda m=m: m.eval()(x) for m in (textbook, net)))
    assert slow >= 6 * fast


def test_a_step_of_the_mixture_is_faster_than_a_loop_over_experts(one_thread):
    x, y = torch.randn(BATCH, N_CHANNELS, N_TIMES), torch.randint(N_CLASSES, (BATCH,))
    given = {
        "manual": torch.randn(BATCH, N_MANUAL),
        "outside": torch.randn(BATCH, N_CLASSES).log_softmax(1),
    }
    settings = dict(n_manual=N_MANUAL, n_experts=4, hidden=64, top_k=None, noisy=False)
    ours = MoENetwork(
        N_CHANNELS,
        N_TIMES,
        N_CLASSES,
        sfreq=SFREQ,
        extractor=None,
        mixed_precision=False,
        **settings,
    )
    loop = LoopMixMoE(N_CHANNELS, N_TIMES, N_CLASSES, N_MANUAL)
    criterion = MoELoss(None, 0.1, 0.1)
    slow, fast = _cpu_seconds(
        _step(loop, lambda: loop.loss(x, y=y, **given)),
        _step(ours, lambda: criterion(ours(x, **given), y)),
    )
    assert slow >= 3 * fast
