"""Manual features by name, and what a traditional expert says."""

import numpy as np
import pytest
import pywt
from scipy import signal, stats
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.tree import DecisionTreeClassifier

from skseizure.datasets import load_chbmit
from skseizure.features import BandFeatures, approximate_entropy, hurst_exponent, sample_entropy
from skseizure.moe import MixMoEClassifier
from skseizure.moe._manual_features import BandSummary, Manual41
from skseizure.moe._traditional import SMALLEST, expert_log_proba, out_of_fold


def _forty_one(x, sfreq):
    """The features of one channel, one at a time."""
    d = np.diff(x)
    out = [
        np.mean(np.abs(d)),
        np.mean([abs(x[t] ** 2 - x[t - 1] * x[t + 1]) for t in range(1, len(x) - 1)]),
        np.sqrt(np.mean(x**2)),
        np.mean(np.abs(d) < 0.01 * x.std()),
        np.sum(x[1:] * x[:-1] < 0),
        stats.kurtosis(x) / np.sqrt(24 / len(x)),
        stats.skew(x),
        x.var(),
        np.sqrt(d.var() / x.var()),
        np.sqrt(np.diff(d).var() / d.var()) / np.sqrt(d.var() / x.var()),
    ]
    f, p = signal.welch(x, sfreq, nperseg=2 * sfreq)
    f, p = f[1:], p[1:]
    out += [np.average(f, weights=p), f[p.argmax()], f[p.argmin()], p.sum() * 0.5]
    row = x[None]
    out += [approximate_entropy(row)[0], sample_entropy(row)[0], hurst_exponent(row)[0]]
    for band in pywt.wavedec(x, "db5", level=3):
        for half in (band[: len(band) // 2], band[len(band) // 2 :]):
            out += [half.mean(), half.std(), stats.kurtosis(half)]
    return out


def test_manual41_is_its_definition(rng):
    X = rng.normal(size=(3, 2, 400)).cumsum(axis=2)
    table = Manual41(128).fit(X).transform(X)
    assert table.shape == (3, 82)
    expected = [[v for channel in window for v in _forty_one(channel, 128)] for window in X]
    np.testing.assert_allclose(table, expected, rtol=1e-9, atol=1e-12)


def test_band_summary_is_its_definition(rng):
    X = rng.normal(size=(4, 3, 512))
    table = BandSummary(128).fit(X).transform(X)
    power = BandFeatures(["variance"], sfreq=128, filtering="window").fit_transform(X)
    columns = np.concatenate(
        [
            np.log(power.reshape(4, 3, 5)),
            np.log(np.abs(np.diff(X)).mean(axis=2))[..., None],
            stats.kurtosis(X, axis=2)[..., None],
        ],
        axis=2,
    )
    np.testing.assert_allclose(table, np.hstack([columns.mean(axis=1), columns.std(axis=1)]))


@pytest.mark.parametrize("make", [BandSummary, Manual41])
def test_a_flat_channel_is_legal(make, rng):
    X = rng.normal(size=(2, 2, 256))
    X[0, 1] = 3.0
    assert np.isfinite(make(128).fit(X).transform(X)).all()


def test_on_real_eeg(data_path):
    X, y = load_chbmit(data_path / "chbmit", patients=["chb08"], window=4)
    keep = np.sort(np.concatenate([np.flatnonzero(y == c)[:12] for c in (0, 1)]))
    X, y = X[keep], y[keep]
    settings = dict(n_experts=2, max_epochs=8, random_state=0)
    for features in ("bands", "manual41"):
        model = MixMoEClassifier(features, **settings).fit(X, y)
        assert model.manual_mean_.shape == (14 if features == "bands" else 41 * X.shape[1],)
        assert model.score(X, y) > 0.8  # on what it was trained on: that nothing is out of order


def test_probabilities_of_an_expert(rng):
    table, y = rng.normal(size=(60, 3)), np.repeat(["a", "b", "c"], 20)
    classes = np.unique(y)
    logistic = LogisticRegression().fit(table, y)
    np.testing.assert_allclose(
        np.exp(expert_log_proba(logistic, table, classes)), logistic.predict_proba(table)
    )
    ridge = RidgeClassifier().fit(table, y)
    scores = np.exp(ridge.decision_function(table))
    np.testing.assert_allclose(
        np.exp(expert_log_proba(ridge, table, classes)), scores / scores.sum(axis=1, keepdims=True)
    )
    two = RidgeClassifier().fit(table[:40], y[:40])
    proba = np.exp(expert_log_proba(two, table, classes))
    d = two.decision_function(table)
    np.testing.assert_allclose(proba[:, 1], 1 / (1 + np.exp(-2 * d)))
    np.testing.assert_allclose(proba[:, 2], SMALLEST)


def test_groups_stay_whole_and_lost_classes_are_filled(rng):
    """Class 2 is in one patient only: the expert for that patient has not seen it."""
    y = np.tile([0, 1], 30)
    groups = np.repeat([0, 1, 2], 20)
    y[:5] = 2
    table = rng.normal(size=(60, 2)) + y[:, None]
    log_proba = out_of_fold(DecisionTreeClassifier(random_state=0), table, y, groups, 5, 0)
    np.testing.assert_allclose(np.exp(log_proba[groups == 0, 2]), SMALLEST)
    for group in range(3):
        mine = groups == group
        tree = DecisionTreeClassifier(random_state=0).fit(table[~mine], y[~mine])
        np.testing.assert_array_equal(log_proba[mine].argmax(axis=1), tree.predict(table[mine]))


def test_scores_that_are_no_probabilities(rng):
    class Percent(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X) * 100

    table, y = rng.normal(size=(20, 2)), np.arange(20) % 2
    with pytest.raises(ValueError, match="its predict_proba sums to 100 for a window"):
        expert_log_proba(Percent().fit(table, y), table, np.unique(y))


def test_scores_that_are_not_finite(rng):
    class Broken(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X) * np.nan

    table, y = rng.normal(size=(20, 2)), np.arange(20) % 2
    with pytest.raises(ValueError, match=r"scores of shape \(20, 2\) with 40 values not finite"):
        expert_log_proba(Broken().fit(table, y), table, np.unique(y))
