"""Fits that fail or are interrupted, signals in any unit, splits of any kind, input of none."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skorch.callbacks import Callback

from skseizure.moe import EEGNet, MixMoEClassifier, SeizureMoEClassifier
from skseizure.moe._manual_features import BandSummary
from skseizure.moe._scaling import learn_scaling, scaled
from skseizure.moe._splits import folds, hold_out

SMALL = dict(n_experts=2, hidden=8, max_epochs=3, batch_size=16, random_state=0)


def _log_std(X):
    return np.log(np.asarray(X).std(axis=2))


POWER = FunctionTransformer(_log_std)


def _mix(**settings):
    return MixMoEClassifier(POWER, **{**SMALL, **settings})


def _seizure(**settings):
    return SeizureMoEClassifier(**{**SMALL, **settings})


BOTH = pytest.mark.parametrize("make", [_seizure, _mix], ids=["seizure", "mix"])


@pytest.fixture
def loud(rng):
    """Windows of two classes, one of twice the amplitude, of six patients."""
    y = np.arange(60) % 2
    X = 20 * rng.normal(size=(60, 3, 256)) * np.where(y, 2, 1)[:, None, None]
    return X, y, np.arange(60) // 2 % 6


class Fail(Callback):
    """Raises an error in the middle of training."""

    def __init__(self, error, at=1):
        self.error, self.at, self.batches = error, at, 0

    def on_batch_begin(self, net, *, training, **kwargs):
        self.batches += training
        if self.batches == self.at:
            raise self.error


@BOTH
def test_a_fit_that_fails_leaves_the_last_one_as_it_was(make, loud):
    X, y, _ = loud
    model = make().fit(X, y)
    learned, expected = set(vars(model)), model.predict_proba(X)
    other, names = X[:, :2, :100], np.array(["a", "b", "c"])[np.arange(60) % 3]
    model.set_params(callbacks=[Fail(RuntimeError("no more memory"))])
    with pytest.raises(RuntimeError, match="no more memory"):
        model.fit(other, names)
    assert set(vars(model)) == learned and model.callbacks is not None
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    np.testing.assert_array_equal(model.classes_, [0, 1])
    with pytest.raises(ValueError, match="y holds one class"):
        model.fit(other, np.zeros(60))
    np.testing.assert_array_equal(model.predict_proba(X), expected)
    new = make(callbacks=[Fail(RuntimeError("no more memory"))])
    with pytest.raises(RuntimeError, match="no more memory"):
        new.fit(X, y)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        new.predict(X)


@BOTH
def test_ctrl_c_keeps_what_was_learned(make, loud):
    X, y, _ = loud
    settings = dict(max_epochs=20, batch_size=12)  # five steps an epoch, six epochs alone
    model = make(callbacks=[Fail(KeyboardInterrupt(), at=5 * 15 + 2)], **settings)
    with pytest.warns(UserWarning, match=r"interrupted in epoch 16 of 20; .* is kept\.$") as caught:
        model.fit(X, y)
    assert caught[0].filename == __file__
    assert model.n_iter_ == len(model.history_) == 15
    assert all("train_loss" in epoch for epoch in model.history_)
    assert model.score(X, y) > 0.9
    model = make(callbacks=[Fail(KeyboardInterrupt(), at=3)], **settings)
    with pytest.warns(UserWarning, match=r"epoch 1 of 20; .* The gate had not learned yet\."):
        model.fit(X, y)
    np.testing.assert_allclose(model.gates(X), 1 / model.gates(X).shape[1])
    # Early stopping, an interruption to skorch too, is none to warn of.
    stopped = make(train_split=0.3, patience=2, **settings).fit(X, y)
    assert stopped.n_iter_ == len(stopped.history_) < 20


@pytest.mark.parametrize("unit", [1e-12, 1e9])
def test_the_unit_of_the_signal_does_not_matter(unit, loud):
    X, y, _ = loud
    settings = dict(sfreq=128, max_epochs=8, batch_size=16, random_state=0)
    for model in (SeizureMoEClassifier(**settings), MixMoEClassifier(**settings)):
        expected = clone(model).fit(X, y)
        found = model.fit(X * unit, y)
        proba = found.predict_proba(X * unit)
        np.testing.assert_allclose(proba, expected.predict_proba(X), atol=0.02)
        assert found.score(X * unit, y) > 0.9
        np.testing.assert_allclose(found.channel_scale_ / unit, expected.channel_scale_, rtol=1e-5)


def test_features_of_bands_follow_the_unit(loud):
    """In volts, too, features differ by a constant from those in microvolts; none is at a floor."""
    X, _, _ = loud
    X[:, 2] *= 0.1
    volts = BandSummary(128).fit(X * 1e-12).transform(X * 1e-12)
    microvolts = BandSummary(128).fit(X).transform(X)
    shift = np.r_[np.full(5, 2 * np.log(1e-12)), np.log(1e-12), np.zeros(8)]
    np.testing.assert_allclose(volts, microvolts + shift, rtol=1e-6, atol=1e-6)


def test_a_large_offset_does_not_matter(loud):
    X, y, _ = loud
    assert _seizure(max_epochs=8).fit(X + 1e6, y).score(X + 1e6, y) > 0.9


def test_scaling_is_the_mean_and_standard_deviation_of_each_channel(rng, monkeypatch):
    monkeypatch.setattr("skseizure.moe._scaling.BATCH", 7)
    X = rng.normal(5, 3, size=(40, 4, 50)) * np.array([1e-12, 1, 1e9, 0])[:, None]
    X[:, 1] += 1e6
    X = X.astype(np.float32)
    X[:, 3] = 5.1  # whose mean is another number by rounding
    mean, scale = learn_scaling(X)
    X = X.astype(np.float64)
    np.testing.assert_allclose(mean, X.mean(axis=(0, 2)), rtol=1e-12)
    np.testing.assert_allclose(scale[:3], X.std(axis=(0, 2))[:3], rtol=1e-9)
    assert scale[3] == scale[2]
    expected = (X - mean[:, None]) / scale[:, None]
    np.testing.assert_allclose(scaled(X, mean, scale), expected, rtol=1e-6)


@pytest.mark.parametrize("groups", [None, np.arange(5)])
def test_as_many_folds_as_there_are_windows_of_a_class(groups):
    parts = folds(5, np.zeros((5, 1)), np.array([0, 1, 0, 1, 0]), groups, seed=0)
    assert len(parts) == 3
    assert sorted(np.concatenate([held_out for _, held_out in parts])) == list(range(5))


@BOTH
def test_columns_of_one_name_are_refused_where_scikit_learn_does(make):
    table = pd.DataFrame(np.zeros((4, 2)), columns=["f", "f"])
    try:
        StandardScaler().fit(table)
    except ValueError:
        with pytest.raises(ValueError, match=r"X: .*unique"):
            make().fit(table, [0, 1, 0, 1])
    else:
        pytest.skip("scikit-learn before 1.9 takes them")


@BOTH
def test_a_window_beyond_all_measure_is_refused(make, loud):
    X, y, _ = loud
    model = make().fit(X, y)
    X[7] *= 1e60
    with pytest.raises(
        ValueError, match=r"X holds a sample of -?\d\.\d*e\+6[012] microvolts: window number 7"
    ):
        model.predict_proba(X)


def test_a_channel_that_comes_alive(loud):
    """It was flat in training; its unit is then that of the others."""
    X, y, _ = loud
    flat = X.copy()
    flat[:, 1] = 5
    model = _seizure(max_epochs=8).fit(1e9 * flat, y)
    assert model.channel_scale_[1] == model.channel_scale_.max()
    assert np.isfinite(model.predict_proba(1e9 * X)).all()
    silent = _seizure().fit(np.zeros_like(X), y)
    np.testing.assert_array_equal(silent.channel_scale_, 1)


@pytest.mark.parametrize(
    ("share", "n_held_out"),
    [
        (0.01, 1),
        (0.05, 1),
        (0.1, 2),
        (0.25, 5),
        (0.4, 8),
        (0.45, 9),
        (0.5, 10),
        (0.6, 12),
        (0.9, 18),
    ],
)
def test_a_share_of_patients_is_held_out(share, n_held_out):
    """As near to it as whole patients allow, and one at the least on either side."""
    y, patient = np.tile([0, 1], 60), np.repeat(np.arange(20), 6)
    rows, held_out = hold_out(share, y, y, patient, 0)
    apart = np.unique(patient[held_out])
    assert len(apart) == n_held_out
    assert not np.intersect1d(patient[rows], apart).size
    np.testing.assert_array_equal(np.sort(np.r_[rows, held_out]), np.arange(120))


class Split:
    """A splitter that gives what it was told."""

    def __init__(self, *splits):
        self.splits = splits

    def split(self, X, y=None, groups=None):
        return iter(self.splits)


@BOTH
def test_splits_that_leave_nothing(make, loud):
    X, y, patient = loud
    everything, nothing = np.arange(60), np.arange(0)
    for split, message in (
        (Split((everything, nothing)), "train_split is .* holds out no window to validate on"),
        (Split((nothing, everything)), "train_split leaves no window of class 0 to train on"),
        (Split(), "train_split is .* makes no split"),
    ):
        for patience in (None, 2):
            with pytest.raises(ValueError, match=message):
                make(train_split=split, patience=patience).fit(X, y)
    for share in (0.001, 0.999):
        with pytest.raises(ValueError, match=f"train_split is {share}: "):
            make(train_split=share).fit(X, y)
    mask = np.arange(60) < 40
    masked = make(train_split=Split((mask, ~mask))).fit(X, y)
    assert masked.class_counts_.tolist() == [20, 20]
    mixed = np.array([1, "two", 3], dtype=object)[patient % 3]
    with pytest.raises(ValueError, match="groups holds values of several types"):
        make(train_split=0.3).fit(X, y, mixed)
    with pytest.raises(ValueError, match=r"groups has shape \(60, 2\); \(n_rows,\), a group a row"):
        make().fit(X, y, np.c_[patient, patient])


@BOTH
def test_input_of_other_kinds(make, loud):
    X, y, _ = loud
    model = make()
    for bad, error, message in (
        (scipy.sparse.csr_matrix(X[:, 0]), TypeError, r"Sparse data was passed for X.*toarray"),
        (X[None], ValueError, "X has 4 dimensions; windows are"),
        (X[0, 0], ValueError, "Expected 2D array, got 1D array"),
        (X + 1j, ValueError, "Complex data not supported"),
        (np.full(X.shape, "a"), ValueError, "Convert your data to numeric values"),
        (np.ma.masked_greater(X, 30), ValueError, "X is a masked array"),
        (X[:, :0], ValueError, "at least one channel and one sample"),
        (np.where(X > 60, np.inf, X), ValueError, "infinity"),
    ):
        with pytest.raises(error, match=message):
            model.fit(bad, y)
    for labels, message in (
        (y + 0.5, "Unknown label type: continuous"),
        (np.where(y, np.nan, 0), "Input y contains NaN"),
        (np.c_[y, y], "y should be a 1d array"),
        (None, "requires y to be passed"),
        (y[:-1], "inconsistent numbers of samples"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(X, labels)


def test_a_table_is_windows_of_one_channel(loud):
    """Which `SeizureMoEClassifier` takes; named features say what they need."""
    X, y, _ = loud
    table = X[:, 0, :10]
    assert _seizure().fit(table, y).n_channels_in_ == 1
    with pytest.raises(
        ValueError,
        match=r"sfreq is None and X is a bare array, taken as windows of 1 channels and 10 samples",
    ):
        MixMoEClassifier(**SMALL).fit(table, y)


def test_warm_start_asks_for_the_same_network_only(loud):
    """A setting that changes no weight may change, one that does is named."""
    X, y, _ = loud
    model = _mix(warm_start=True, extractor=_four_filters).fit(X, y)
    model.set_params(extractor=lambda **layout: EEGNet(**layout, n_filters=4), top_k=2).fit(X, y)
    model.set_params(mixed_precision=True, w_agree=0).fit(X, y)
    expected = model.predict_proba(X)
    for setting in (
        {"hidden": 9},
        {"n_experts": 3},
        {"noisy_gating": True},
        {"extractor": None},
        {"feature_extractor": FunctionTransformer(lambda X: _log_std(X)[:, :1])},
    ):
        changed = {name: getattr(model, name) for name in setting}
        with pytest.raises(ValueError, match="warm_start=True, but extractor, experts, gate or"):
            model.set_params(**setting).fit(X, y)
        np.testing.assert_array_equal(model.set_params(**changed).predict_proba(X), expected)
    with pytest.raises(ValueError, match="warm_start=True, but classes or windows changed"):
        model.fit(X, np.array(["a", "b"])[y])


def _four_filters(**layout):
    return EEGNet(**layout, n_filters=4)


def test_fitted_parts_in_a_search(loud):
    """Each fold takes them as they are, also after a pickle, which a worker process gets."""
    X, y, patient = loud
    fitted = FunctionTransformer(_log_std).fit(X)
    expert = LogisticRegression().fit(fitted.transform(X), y)
    model = MixMoEClassifier(FrozenEstimator(fitted), FrozenEstimator(expert), **SMALL)
    model = pickle.loads(pickle.dumps(model))
    search = GridSearchCV(model, {"hidden": [4]}, cv=GroupKFold(2)).fit(X, y, groups=patient)
    taken = search.best_estimator_.traditional_expert_
    np.testing.assert_array_equal(taken.coef_, expert.coef_)


def test_a_search_hands_patients_on(loud, monkeypatch):
    """By routing they reach both the search's folds and those within `fit`."""
    X, y, _ = loud
    patient, seen = np.arange(60) // 2 % 12, []
    monkeypatch.setattr(
        "skseizure.moe._base.hold_out",
        lambda split, X, y, groups, seed: (
            seen.append(groups),
            hold_out(split, X, y, groups, seed),
        )[1],
    )
    with sklearn.config_context(enable_metadata_routing=True):
        model = _mix(train_split=0.5).set_fit_request(groups=True)
        search = GridSearchCV(model, {"hidden": [4]}, cv=GroupKFold(2)).fit(X, y, groups=patient)
    assert [len(np.unique(groups)) for groups in seen] == [6, 6, 12]
    seen.clear()
    search = GridSearchCV(_mix(), {"hidden": [4]}, cv=GroupKFold(2)).fit(X, y, groups=patient)
    assert seen == [None] * 3 and search.best_estimator_ is not None
