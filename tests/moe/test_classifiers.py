"""Both classifiers: what they learn, their comforts, and what they refuse."""

import inspect
import pickle
import re
from functools import partial

import numpy as np
import pytest
import sklearn
import skops.io
import torch
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skorch.callbacks import Callback

from skseizure.features import BandFeatures
from skseizure.moe import EEGNet, MixMoEClassifier, SeizureMoEClassifier
from skseizure.moe._splits import hold_out
from skseizure.moe._training import augmented, check_device, single_precision, train

SMALL = dict(n_experts=2, hidden=8, max_epochs=4, random_state=0)


def _log_std(X):
    return np.log(np.asarray(X).std(axis=2))


POWER = FunctionTransformer(_log_std)


def _mix(**settings):
    return MixMoEClassifier(POWER, **{**SMALL, **settings})


def _seizure(**settings):
    return SeizureMoEClassifier(**{**SMALL, **settings})


BOTH = pytest.mark.parametrize("make", [_seizure, _mix], ids=["seizure", "mix"])


@pytest.fixture
def blobs(rng):
    """Windows of three classes by amplitude, the third one rare, of six patients."""
    y = np.repeat([0, 1, 2], [60, 40, 20])
    X = rng.normal(size=(120, 2, 64)) * np.array([1, 2, 4])[y][:, None, None]
    return X.astype(np.float64), y, np.arange(120) % 6


def test_defaults():
    expected = dict(
        n_experts=4, hidden=64, top_k=None, noisy_gating=False, w_balance=0.1, sampler="diverse",
        joint_gamma=0.5, pretrain_fraction=0.3, prior_correction="balanced", max_epochs=60,
        batch_size=64, lr=3e-3, weight_decay=1e-4, schedule="one_cycle", device="auto",
    )  # fmt: skip
    mix = dict(feature_extractor="bands", traditional_expert="logistic", cv=5, w_agree=0.1)
    assert expected.items() <= SeizureMoEClassifier().get_params().items()
    assert {**expected, **mix}.items() <= MixMoEClassifier().get_params().items()


def test_shared_parameters_have_one_default_and_one_text():
    """Both docstrings are complete, as readers and editors need them; they must not differ."""
    both = SeizureMoEClassifier, MixMoEClassifier
    seizure, mix = (inspect.signature(classifier).parameters for classifier in both)
    assert seizure.keys() <= mix.keys() and len(mix) == len(seizure) + 4
    texts = [_entries(c) for c in both]
    for name, parameter in seizure.items():
        assert parameter.default == mix[name].default
    for name, text in texts[0].items():
        assert text == texts[1][name]


def _entries(documented):
    """Return the text of each parameter and attribute, by name."""
    doc = inspect.getdoc(documented)
    lines = doc[doc.index("Parameters\n") : doc.index("Raises\n")]
    return dict(re.findall(r"^(\w[\w, ]*) :(.*\n(?: +.*\n)*)", lines, re.MULTILINE))


@BOTH
def test_probabilities(make, blobs):
    X, y, _ = blobs
    names = np.array(["absence", "focal", "tonic"])[y]
    model = make().fit(X, names)
    proba = model.predict_proba(X)
    assert proba.dtype == np.float64
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])
    gates = model.gates(X)
    assert gates.shape == (120, 2 + (make is _mix))
    np.testing.assert_allclose(gates.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(proba[:5], model.predict_proba(X[:5]), atol=1e-6)


@BOTH
def test_seeds_reproduce_and_leave_global_generators_alone(make, blobs):
    X, y, _ = blobs
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first, second, other = (make(random_state=s).fit(X, y) for s in (0, 0, 1))
    first.predict(X)
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    for name, weights in first.state_.items():
        np.testing.assert_array_equal(weights, second.state_[name])
    assert not np.array_equal(
        first.state_["extractor.temporal"], other.state_["extractor.temporal"]
    )


@BOTH
def test_single_and_double_precision_agree(make, blobs):
    X, y, _ = blobs
    single = X.astype(np.float32)
    a, b = make().fit(X, y), make().fit(single, y)
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(single), atol=1e-4)
    np.testing.assert_allclose(a.predict_proba(X), a.predict_proba(single), atol=1e-5)


def test_threads_change_rounding_only_and_are_given_back(blobs):
    X, y, _ = blobs
    seen = []

    class Look(Callback):
        def on_train_begin(self, net, **kwargs):
            seen.append(torch.get_num_threads())

    before = torch.get_num_threads()
    model = _seizure(callbacks=[Look()]).fit(X, y)
    one = model.predict_proba(X)
    _seizure(callbacks=[Look()], n_jobs=2, max_epochs=1).fit(X, y)
    assert seen == [1, 2] and torch.get_num_threads() == before
    np.testing.assert_allclose(model.set_params(n_jobs=4).predict_proba(X), one, atol=1e-5)


def test_windows_know_sampling_rate_and_patients(toy):
    X, y, _ = toy
    model = MixMoEClassifier(BandFeatures(["std"], {"low": (1, 30)}), **SMALL).fit(X, y)
    assert model.sfreq_ == 64 and model.network_params_["sfreq"] == 64
    assert model.state_["extractor.temporal"].shape == (8, 32)  # half a second
    slower = type(X)(np.zeros((2, 2, 128)), sfreq=32, ch_names=X.ch_names)
    with pytest.raises(ValueError, match="sampled at 32 Hz"):
        model.predict(slower)


def test_pipeline_and_grid_search_in_processes(toy):
    X, y, _ = toy
    keep = np.flatnonzero(np.arange(len(X)) % 3 == 0)
    X, y = X[keep], y[keep]
    model = MixMoEClassifier(
        BandFeatures(["std"], {"low": (1, 30)}), RidgeClassifier(), **{**SMALL, "max_epochs": 1}
    )
    grid = {
        "mix__n_experts": [1, 2],
        "mix__feature_extractor__measures": [["line_length"]],
        "mix__traditional_expert__alpha": [0.1],
        "mix__extractor": [partial(EEGNet, n_filters=2)],
    }
    pipe = make_pipeline("passthrough", model)
    pipe.steps[1] = ("mix", model)
    scores = []
    for n_jobs in (1, 2):
        search = GridSearchCV(pipe, grid, cv=GroupKFold(2), n_jobs=n_jobs, refit=False)
        search.fit(X, y, groups=X.patient)
        scores.append(search.cv_results_["mean_test_score"])
    np.testing.assert_array_equal(*scores)


def test_a_search_does_not_take_more_threads_than_workers(blobs):
    """Each fit runs on one thread, in a worker too."""
    X, y, _ = blobs
    search = GridSearchCV(
        _seizure(callbacks=[OneThread()], max_epochs=1), {"hidden": [4, 8]}, cv=2, n_jobs=2
    )
    search.fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


class OneThread(Callback):
    """Fails a fit that runs on several threads."""

    def on_train_begin(self, net, **kwargs):
        if torch.get_num_threads() != 1:
            raise RuntimeError(f"{torch.get_num_threads()} threads")


def test_fitted_parts_are_taken_as_they_are(blobs):
    X, y, _ = blobs
    power = FunctionTransformer(_log_std).fit(X)
    expert = LogisticRegression().fit(power.transform(X), y)
    model = MixMoEClassifier(FrozenEstimator(power), FrozenEstimator(expert), **SMALL)
    model.fit(X[::2], y[::2])
    np.testing.assert_array_equal(model.traditional_expert_.coef_, expert.coef_)
    stranger = FrozenEstimator(LogisticRegression().fit(power.transform(X), y + 5))
    with pytest.raises(ValueError, match=r"knows the classes \[5, 6, 7\], which y does not hold"):
        clone(model).set_params(traditional_expert=stranger).fit(X, y)


def test_the_training_set_is_seen_out_of_fold(blobs, monkeypatch):
    """1-nearest-neighbour is certain of what it was trained on, and right."""
    X, y, patient = blobs
    seen = {}

    def spy(params, inputs, codes, *args):
        seen.update(inputs)
        return train(params, inputs, codes, *args)

    monkeypatch.setattr("skseizure.moe._training.train", spy)
    noise = np.random.default_rng(1).permutation(y)
    model = _mix(traditional_expert=KNeighborsClassifier(1), cv=0, max_epochs=1)
    model.fit(X, noise)
    assert (seen["outside"].argmax(axis=1) == noise).all()
    model.set_params(cv=4).fit(X, noise)
    assert (seen["outside"].argmax(axis=1) == noise).mean() < 0.6
    power = _log_std(X)
    cut = GroupKFold(3)
    model.set_params(cv=cut).fit(X, noise, groups=patient)
    for rows, held_out in cut.split(X, noise, patient):
        expert = KNeighborsClassifier(1).fit(power[rows], noise[rows])
        np.testing.assert_array_equal(
            seen["outside"][held_out].argmax(axis=1), expert.predict(power[held_out])
        )


def test_prior_correction_divides_by_what_was_drawn(blobs):
    X, y, _ = blobs
    counts = np.bincount(y)
    plain, balanced, natural = (
        _seizure(prior_correction=c, joint_gamma=0.4).fit(X, y).predict_proba(X)
        for c in (None, "balanced", "natural")
    )
    for corrected, exponent in ((balanced, -0.4), (natural, 0.6)):
        expected = plain * counts**exponent
        np.testing.assert_allclose(
            corrected, expected / expected.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-7
        )


def test_augmentation_is_for_signals(blobs):
    """By default windows are shifted and scaled, tables and short windows are not."""
    X, y, _ = blobs
    for data, on in ((X, True), (X[:, :, :63], False), (X[:, 0], False)):
        auto, chosen, other = (
            _seizure(augment=a, max_epochs=1).fit(data, y).state_["extractor.temporal"]
            for a in ("auto", on, not on)
        )
        np.testing.assert_array_equal(auto, chosen)
        assert not np.array_equal(auto, other)


def test_augmented_windows_are_shifted_and_scaled():
    x = torch.arange(12.0).reshape(2, 2, 3) + 1
    out = augmented(x, np.random.RandomState(0))
    for before, after in zip(x.numpy(), out.numpy(), strict=True):
        ratios = [after / np.roll(before, s, axis=1) for s in range(3)]
        fits = [r for r in ratios if np.allclose(r, r[0, 0]) and 0.9 <= r[0, 0] <= 1.1]
        assert len(fits) == 1


def test_class_weight_draws_decisions(blobs):
    X, y, _ = blobs
    drawn = _seizure(class_weight={0: 1e-4, 1: 1, 2: 1e-4}, max_epochs=20).fit(X, y)
    assert np.mean(drawn.predict(X) == 1) > 0.9
    _seizure(class_weight="balanced", max_epochs=1).fit(X, y)


@BOTH
def test_windows_without_weight_are_left_out(make, blobs):
    X, y, patient = blobs
    weights = (np.arange(120) % 5 > 0).astype(float)
    keep = weights > 0
    X[~keep] *= 100
    y = np.where(keep, y, 7)  # a class of its own
    model = make(train_split=0.3).fit(X, y, patient, sample_weight=weights)
    expected = make(train_split=0.3).fit(X[keep], y[keep], patient[keep])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    np.testing.assert_array_equal(model.class_counts_, expected.class_counts_)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), atol=1e-4)


def test_weights_say_which_of_two_labels_is_right(blobs):
    """Every window is there twice, with its own label and with another one."""
    X, y, _ = blobs
    other = (y + 1) % 3
    settings = dict(augment=False, max_epochs=30, batch_size=32)
    for right, weights in ((y, (1, 1e-3)), (other, (1e-3, 1))):
        model = _seizure(**settings).fit(
            np.concatenate([X, X]), np.r_[y, other], sample_weight=np.repeat(weights, 120)
        )
        assert balanced_accuracy_score(right, model.predict(X)) > 0.9


def test_prior_and_balanced_classes_go_by_total_weight(blobs):
    X, y, _ = blobs
    weights = np.array([1, 3, 0.5])[y]
    totals = np.array([60, 120, 10])
    none, balanced, natural = (
        _seizure(prior_correction=c, joint_gamma=0.4)
        .fit(X, y, sample_weight=weights)
        .predict_proba(X)
        for c in (None, "balanced", "natural")
    )
    for corrected, exponent in ((balanced, -0.4), (natural, 0.6)):
        expected = none * totals**exponent
        np.testing.assert_allclose(
            corrected, expected / expected.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-7
        )
    by_hand = dict(enumerate(190 / (3 * totals)))
    found, expected, scaled = (
        _seizure(class_weight=w, max_epochs=2).fit(X, y, sample_weight=k * weights).predict_proba(X)
        for w, k in (("balanced", 1), (by_hand, 1), ("balanced", 8))
    )
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(found, scaled)  # only the ratios of weights matter


class Weighed(LogisticRegression):
    """Notes the weights it is fitted with."""

    seen = []

    def fit(self, X, y, sample_weight=None):
        self.seen.append(None if sample_weight is None else sample_weight.copy())
        return super().fit(X, y, sample_weight)


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: make_pipeline(StandardScaler(), e)])
def test_the_traditional_expert_gets_the_weights(blobs, wrap, routing):
    X, y, _ = blobs
    weights = np.random.default_rng(0).uniform(1, 2, 120)
    cv = KFold(3, shuffle=True, random_state=0)
    Weighed.seen.clear()
    with sklearn.config_context(enable_metadata_routing=routing):
        model = _mix(traditional_expert=wrap(Weighed()), cv=cv, max_epochs=1)
        model.fit(X, y, sample_weight=weights)
    expected = [weights[rows] for rows, _ in cv.split(X)] + [weights]
    for found, wanted in zip(Weighed.seen, expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    # Nearest neighbours take no weights, a named expert's logistic regression does.
    _mix(traditional_expert=KNeighborsClassifier(), max_epochs=1).fit(X, y, sample_weight=weights)
    named = _mix(max_epochs=1).fit(X, y, sample_weight=weights).traditional_expert_
    table = StandardScaler().fit_transform(_log_std(X))
    by_hand = LogisticRegression(class_weight="balanced", max_iter=1000).fit(table, y, weights)
    np.testing.assert_allclose(named[-1].coef_, by_hand.coef_)


def test_balanced_accuracy_in_validation_is_weighted(blobs):
    X, y, _ = blobs
    rng = np.random.default_rng(0)
    noise, weights = rng.permutation(y), rng.exponential(size=120)
    settings = dict(train_split=0.5, max_epochs=3)
    model = _seizure(**settings).fit(X, noise, sample_weight=weights)
    _, held_out = hold_out(0.5, X, noise, None, _seed(0))
    score = recall_score(
        noise[held_out], model.predict(X[held_out]), average="macro",
        sample_weight=weights[held_out], zero_division=0,
    )  # fmt: skip
    assert score == pytest.approx(model.history_[-1]["valid_balanced_accuracy"])
    assert score != pytest.approx(
        balanced_accuracy_score(noise[held_out], model.predict(X[held_out]))
    )


@pytest.mark.parametrize("weights", [np.full(120, -1.0), np.full(120, np.nan), np.ones(3), "abc"])
@BOTH
def test_bad_weights(make, weights, blobs):
    X, y, _ = blobs
    with pytest.raises(ValueError, match="sample_weight"):
        make().fit(X, y, sample_weight=weights)


def test_validation_set_keeps_patients_whole_and_is_not_learned_from(blobs, monkeypatch):
    X, y, patient = blobs
    seen = {}

    def spy(params, inputs, codes, valid, *args):
        seen.update(inputs=inputs, valid=valid)
        return train(params, inputs, codes, valid, *args)

    monkeypatch.setattr("skseizure.moe._training.train", spy)
    model = _mix(train_split=0.3).fit(X, y, groups=patient)
    n_valid = len(seen["valid"][1])
    assert n_valid == 40 and len(seen["inputs"]["x"]) == 80  # two patients of six
    assert model.class_counts_.sum() == 80
    assert {"train_loss", "valid_loss", "valid_balanced_accuracy"} <= set(model.history_[0])
    spoilt = X.copy()
    raw = seen["valid"][0]["x"] * model.channel_scale_[:, None] + model.channel_mean_[:, None]
    held_out = [np.flatnonzero(np.isclose(X[:, 0], w[0], atol=1e-4).all(axis=1))[0] for w in raw]
    assert not set(patient[held_out]) & set(np.delete(patient, held_out))
    spoilt[held_out] *= 7
    again = clone(model).fit(spoilt, y, groups=patient)
    for name, weights in model.state_.items():
        np.testing.assert_array_equal(weights, again.state_[name])


def test_splits_by_row_and_by_splitter(blobs):
    X, y, _ = blobs
    model = _seizure(train_split=0.25).fit(X, y)
    np.testing.assert_array_equal(model.class_counts_, [45, 30, 15])
    model = _seizure(train_split=KFold(4, shuffle=True, random_state=0)).fit(X, y)
    assert model.class_counts_.sum() == 90
    with pytest.raises(ValueError, match="train_split leaves no window of class 0 to train on"):
        _seizure(train_split=KFold(2)).fit(X, y)


def test_early_stopping_keeps_the_best_weights(blobs):
    X, y, _ = blobs
    settings = dict(train_split=0.25, max_epochs=30, pretrain_fraction=0.2)
    model = _seizure(patience=2, **settings).fit(X, y)
    scores = [row["valid_balanced_accuracy"] for row in model.history_]
    assert model.n_iter_ == len(scores) < 30
    best = 6 + int(np.argmax(scores[6:]))  # six epochs of pre-training do not count
    assert model.n_iter_ == best + 1 + 2
    until = clone(model).set_params(patience=None)
    assert until.fit(X, y).n_iter_ == 30
    rows, held_out = hold_out(0.25, X, y, None, _seed(0))
    assert len(rows) == 90
    assert balanced_accuracy_score(y[held_out], model.predict(X[held_out])) == scores[best]


def _seed(random_state):
    return int(np.random.RandomState(random_state).randint(2**31 - 1))


def test_schedule_callbacks_and_progress(blobs, capsys):
    X, y, _ = blobs
    rates = []

    class Watch(Callback):
        def on_batch_end(self, net, training, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    _seizure(callbacks=[Watch()], lr=0.01).fit(X, y)
    assert len(rates) == 4 * 2 and max(rates) == pytest.approx(0.01, rel=0.2)
    assert rates[-1] < 0.001
    rates.clear()
    assert capsys.readouterr().out == ""
    _seizure(callbacks=[Watch()], lr=0.01, schedule="constant", verbose=1).fit(X, y)
    assert set(rates) == {0.01}
    assert "train_loss" in capsys.readouterr().out


def test_callbacks_are_used_as_given(blobs):
    X, y, _ = blobs

    class Count(Callback):
        epochs = 0

        def __deepcopy__(self, memo):
            raise TypeError("not to be copied")

        def on_epoch_end(self, net, **kwargs):
            self.epochs += 1

    with pytest.raises(ValueError, match="callbacks holds 3; callbacks of skorch"):
        _seizure(callbacks=[3]).fit(X, y)
    with pytest.raises(ValueError, match=r"callbacks holds \('a',\); callbacks of skorch"):
        _seizure(callbacks=[("a",)]).fit(X, y)
    count = Count()
    model = _seizure(callbacks=[count, ("named", Count)]).fit(X, y)
    assert count.epochs == 4
    clone(make_pipeline("passthrough", model)).fit(X, y)
    assert count.epochs == 8
    assert clone(model).callbacks is model.callbacks and not hasattr(clone(model), "state_")


def test_pre_training_gives_each_expert_its_own_rows(blobs):
    """With natural and balanced draws, experts see the rare class at unlike rates."""
    from skseizure.moe._training import TrainingBatches, Trials

    X, y, _ = blobs
    plan = _seizure(batch_size=20)
    plan.classes_, plan.class_counts_ = np.unique(y, return_counts=True)
    plan.n_times_in_ = 64
    plan = plan._plan(0, plan.class_counts_, is_signal=False, continued=False)
    assert plan.pretrain_epochs == 1  # 30 % of 4
    batches = TrainingBatches(Trials({"x": torch.from_numpy(X)}, y), 20, plan)
    alone = [(inputs["expert"], labels) for inputs, labels in batches]
    joint = [inputs for inputs, _ in batches]
    assert all(torch.equal(expert, alone[0][0]) for expert, _ in alone)
    assert alone[0][0].bincount().tolist() == [10, 10]
    assert not any("expert" in inputs for inputs in joint)


@pytest.mark.parametrize(("n_trials", "settled"), [(149 * 4, True), (150 * 4, False)])
def test_norms_settle_in_short_trainings_only(n_trials, settled):
    from skseizure.moe._training import _callbacks

    plan = _seizure(batch_size=4, max_epochs=1)
    plan.classes_, plan.class_counts_ = np.arange(2), np.array([40, 60])
    plan.n_times_in_ = 64
    plan = plan._plan(0, plan.class_counts_, is_signal=False, continued=False)
    assert ("settled_norms" in dict(_callbacks(plan, n_trials, False))) is settled


def test_sizes_reach_the_network(blobs):
    X, y, _ = blobs
    model = _mix(extractor=partial(EEGNet, n_filters=3, depth=1), n_experts=3, hidden=5, top_k=3)
    model.fit(X, y)
    assert model.state_["extractor.temporal"].shape == (3, 32)
    assert model.state_["mixture.weight"].shape == (3, 5, 3)
    assert ((model.gates(X) > 0).sum(axis=1) == 3).all() and model.gates(X).shape == (120, 4)


class Flat(torch.nn.Module):
    """A network of another kind."""

    def __init__(self, n_channels, n_times, sfreq):
        super().__init__()
        self.linear = torch.nn.Linear(n_channels * n_times, 4)

    def forward(self, x):
        return self.linear(x.flatten(1))


def test_any_extractor(blobs):
    X, y, _ = blobs
    model = _mix(extractor=Flat).fit(X, y)
    assert model.state_["extractor.linear.weight"].shape == (4, 128)
    model.predict(X)
    with pytest.raises(ValueError, match=r"extractor made \(2, 2, 64\) of 2 windows"):
        _seizure(extractor=lambda **_: torch.nn.Identity()).fit(X, y)


@BOTH
def test_spatial_norms_and_noisy_sparse_gates(make, blobs):
    X, y, _ = blobs
    norms = []

    class Watch(Callback):
        def on_batch_end(self, net, training, **kwargs):
            norms.append(net.module_.extractor.spatial.norm(dim=-1).max().item())

    settings = dict(noisy_gating=True, top_k=1, augment=True, lr=0.3)
    model = make(callbacks=[Watch()], **settings).fit(X, y)
    assert len(norms) == 8 and max(norms) <= 1 + 1e-6  # after each step
    assert set(np.unique(model.gates(X))) == {0, 1}


def test_warm_start_goes_on(blobs):
    X, y, _ = blobs
    model = _seizure(warm_start=True, max_epochs=15).fit(X, y)
    first = model.history_[-1]["train_loss"]
    model.set_params(max_epochs=1, lr=1e-5).fit(X, y)
    assert model.history_[0]["train_loss"] < first * 1.1
    assert _seizure(max_epochs=1, lr=1e-5).fit(X, y).history_[0]["train_loss"] > first * 1.1
    with pytest.raises(ValueError, match="warm_start=True, but classes or windows changed"):
        model.fit(X[:, :1], y)


@BOTH
def test_pickle_skops_and_safetensors(make, blobs, tmp_path):
    X, y, _ = blobs
    model = make().set_params(
        **({"feature_extractor": "bands", "sfreq": 128} if make is _mix else {})
    )
    model.fit(X, y)
    expected = model.predict_proba(X)
    assert all(type(weights) is np.ndarray for weights in model.state_.values())
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), expected)

    file = tmp_path / "model.skops"
    skops.io.dump(model, file)
    strange = skops.io.get_untrusted_types(file=file)
    assert all(name.startswith("skseizure.") for name in strange)
    again = skops.io.load(file, trusted=strange)
    np.testing.assert_array_equal(again.predict_proba(X), expected)

    pytest.importorskip("safetensors")
    file = tmp_path / "weights.safetensors"
    model.save_weights(file)
    other = clone(model).set_params(random_state=1).fit(X, y)
    before = other.predict_proba(X)
    np.testing.assert_array_equal(other.load_weights(file).predict_proba(X), expected)
    assert not np.allclose(before, expected)
    smaller = clone(model).set_params(hidden=4).fit(X, y)
    with pytest.raises(ValueError, match=r"of another network: mixture\.first\.bias"):
        smaller.load_weights(file)
    file.write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match="is not a safetensors file"):
        model.load_weights(file)
    other.state_["mixture.first.bias"][0] = np.nan
    other.save_weights(file)
    with pytest.raises(ValueError, match=r"weights that are not finite: mixture\.first\.bias"):
        model.load_weights(file)


def test_changes_after_fit_do_not_reach_the_network(blobs):
    X, y, _ = blobs
    model = _seizure().fit(X, y)
    expected = model.predict_proba(X)
    model.set_params(hidden=99, n_experts=7, extractor=Flat)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize("method", ["fast", "conv"])
def test_mixed_precision_is_near(method, blobs):
    """On a GPU it is ``"conv"`` that runs in bfloat16."""
    X, y, _ = blobs
    full, mixed = (
        _mix(mixed_precision=m, extractor=partial(EEGNet, method=method), max_epochs=10).fit(X, y)
        for m in (False, True)
    )
    assert all(weights.dtype != np.float16 for weights in mixed.state_.values())
    assert mixed.state_["extractor.temporal"].dtype == np.float32
    assert not np.array_equal(full.predict_proba(X), mixed.predict_proba(X))
    np.testing.assert_allclose(mixed.predict_proba(X), full.predict_proba(X), atol=0.1)
    assert mixed.score(X, y) >= full.score(X, y) - 0.02


# torch's own tracing does what torch warns of.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")
def test_a_compiled_network_is_one_graph_and_learns_the_same(blobs, monkeypatch):
    """Without the last stage, which takes a minute and a C++ compiler."""
    X, y, _ = blobs
    settings = dict(max_epochs=2, pretrain_fraction=0.5, mixed_precision=True, augment=True)
    expected = _mix(**settings).fit(X, y).predict_proba(X)
    compiled = []

    def trace(module, compile=torch.compile):
        compiled.append(type(module).__name__)
        return compile(module, backend="aot_eager", fullgraph=True)  # fails where a graph breaks

    monkeypatch.setattr(torch, "compile", trace)
    found = _mix(compile=True, **settings).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert "MoENetwork" in compiled


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@BOTH
def test_on_a_gpu_the_results_are_the_same(make, blobs):
    X, y, _ = blobs
    model = make(device="cpu", max_epochs=20).fit(X, y)
    expected = model.predict_proba(X)
    np.testing.assert_allclose(
        model.set_params(device="cuda").predict_proba(X), expected, atol=1e-4
    )
    trained, again, half = (
        make(device="cuda", max_epochs=20, mixed_precision=mixed).fit(X, y)
        for mixed in (False, False, True)
    )
    for name, weights in trained.state_.items():
        np.testing.assert_array_equal(weights, again.state_[name])
    for on_gpu in (trained, half):
        assert on_gpu.score(X, y) >= model.score(X, y) - 0.1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there(blobs):
    X, y, _ = blobs
    assert check_device("auto") == "cpu"
    for make in (_seizure, _mix):
        with pytest.raises(ValueError, match="device is 'cuda', but torch finds no such device"):
            make(device="cuda").fit(X, y)
    model = _seizure().fit(X, y).set_params(device="cuda")
    with pytest.raises(ValueError, match="device is 'cuda'"):
        model.predict(X)


def test_a_gpu_is_asked_for_single_precision_and_one_way(monkeypatch):
    flags = torch.backends.cudnn
    before = flags.deterministic, flags.allow_tf32
    with single_precision("cpu"):
        assert (flags.deterministic, flags.allow_tf32) == before
    with single_precision("cuda"):
        assert flags.deterministic and not flags.allow_tf32
    assert (flags.deterministic, flags.allow_tf32) == before
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert check_device("cuda:1") == "cuda:1"
    with pytest.raises(ValueError, match="device is 'cuda:2', but torch finds no such device"):
        check_device("cuda:2")


def test_no_device():
    with pytest.raises(ValueError, match="device is 'toaster'; 'auto' or a torch device"):
        check_device("toaster")


@BOTH
def test_bad_labels_and_windows(make, blobs):
    X, y, _ = blobs
    with pytest.raises(ValueError, match="y holds one class, 0"):
        make().fit(X, np.zeros(120))
    with pytest.raises(ValueError, match="y has 1 window of class 7; each class needs two"):
        make().fit(X, np.where(np.arange(120) == 3, 7, y))
    with pytest.raises(ValueError, match="X holds 6 windows for n_experts=7"):
        make(n_experts=7).fit(X[:6], [0, 0, 0, 1, 1, 1])
    with pytest.raises(ValueError, match="batch_size is 2 for n_experts=3"):
        make(n_experts=3, batch_size=2).fit(X, y)
    with pytest.raises(ValueError, match="top_k is 9; there are"):
        make(top_k=9).fit(X, y)
    with pytest.raises(ValueError, match="one finite exponent for each of 2 experts"):
        make(sampler=[1, 2, 3]).fit(X, y)
    with pytest.raises(ValueError, match="patience is 3, but train_split is None"):
        make(patience=3).fit(X, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        make().fit(X, y, groups=[0, 1])
    X[3, 1, 5] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        make().fit(X, y)
    whole = np.nan_to_num(X)
    model = make().fit(whole, y)
    with pytest.raises(ValueError, match="NaN"):
        model.predict(X)
    with pytest.raises(ValueError, match=r"windows of 1 channels, but .* was fitted on 2 channels"):
        model.predict(whole[:, :1])
    with pytest.raises(ValueError, match=r"windows of 63 samples, but .* was fitted on 64 samples"):
        model.predict_proba(whole[:, :, 1:])


class NoScores(KNeighborsClassifier):
    predict_proba = None

    def __getattribute__(self, name):
        if name == "predict_proba":
            raise AttributeError(name)
        return super().__getattribute__(name)


def test_bad_experts_and_features(blobs):
    X, y, _ = blobs
    with pytest.raises(TypeError, match="neither predict_proba nor decision_function"):
        _mix(traditional_expert=NoScores()).fit(X, y)
    with pytest.raises(ValueError, match=r"traditional_expert is Ridge\(\); a classifier is"):
        _mix(traditional_expert=Ridge()).fit(X, y)
    with pytest.raises(ValueError, match="sfreq is None and X is a bare array, taken as"):
        MixMoEClassifier(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="sfreq is 100 Hz, too low for band 'gamma'"):
        MixMoEClassifier(sfreq=100, **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="needs 72 for level 3 of db5"):
        MixMoEClassifier("manual41", sfreq=128, **SMALL).fit(X, y)
    for function, message in (
        (lambda X: np.full((len(X), 2), np.inf), "made inf of window 0, column 0"),
        (lambda X: np.zeros((len(X), 2, 2)), r"made shape \(120, 2, 2\) of 120 windows"),
    ):
        with pytest.raises(ValueError, match=f"feature_extractor {message}"):
            MixMoEClassifier(FunctionTransformer(function), **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="groups holds one group, 1; cv=5 keeps groups"):
        _mix().fit(X, y, groups=np.ones(120, dtype=int))
    with pytest.raises(ValueError, match="groups holds 2 missing values; each row needs"):
        _mix().fit(X, y, groups=[None, None, *"ab" * 59])
    with pytest.raises(ValueError, match=r"groups: the others than \[[01]\] hold one class"):
        _mix().fit(X, (y > 0).astype(int), groups=(y > 0).astype(int))
    with pytest.raises(ValueError, match="cv leaves windows out"):
        _mix(cv=HalfSplit()).fit(X, y)


class HalfSplit:
    def get_n_splits(self, X=None, y=None, groups=None):
        return 1

    def split(self, X, y=None, groups=None):
        yield np.arange(1, len(X)), np.arange(1)


def test_windows_marked_as_unlabelled_are_refused():
    X = np.random.default_rng(0).normal(size=(12, 2, 64))
    with pytest.raises(ValueError, match="y holds -1 beside 2 other classes"):
        SeizureMoEClassifier(sfreq=32).fit(X, np.arange(12) % 3 - 1)
