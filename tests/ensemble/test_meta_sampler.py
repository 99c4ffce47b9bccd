import pickle
import warnings
from dataclasses import fields

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from skseizure.ensemble import (
    MetaSampler,
    MetaSamplerClassifier,
    _meta_training,
    _soft_actor_critic,
)
from skseizure.ensemble._meta_training import TrainingSettings
from skseizure.ensemble._networks import policy_action

from ._tasks import gaussians

BRIEF = {"start_steps": 30, "update_steps": 20, "replay_size": 60, "batch_size": 16}
STATES = np.random.default_rng(0).dirichlet(np.ones(5), size=(8, 2)).reshape(8, 10) * 5


@pytest.fixture(scope="module")
def task():
    return gaussians(0, 400, 30)


@pytest.fixture(scope="module")
def trained(task):
    return MetaSampler(**BRIEF, random_state=0).fit(*task)


def same_networks(a, b):
    return all(np.array_equal(a.networks_[name], b.networks_[name]) for name in a.networks_)


def training_settings(**params):
    """The defaults of a sampler, but for these."""
    names = [field.name for field in fields(TrainingSettings)]
    given = MetaSampler(**params).get_params(deep=False)
    return TrainingSettings(**{name: given[name] for name in names})


def test_history(trained):
    """One entry a step, in whole episodes; losses from the first update on; rewards add up."""
    history = trained.meta_history_
    assert trained.n_steps_ == 54 == len(history["action"])
    np.testing.assert_array_equal(history["episode"], np.repeat(np.arange(6), 9))
    assert ((history["action"] >= 0) & (history["action"] <= 1)).all()
    for name in ("critic_loss", "policy_loss"):
        np.testing.assert_array_equal(np.isnan(history[name]), np.arange(54) < 30)
    np.testing.assert_allclose(history["alpha"], 0.1, rtol=1e-6)
    for episode in range(6):
        mine = history["episode"] == episode
        gains = np.diff(history["score"][mine])
        np.testing.assert_allclose(history["reward"][mine][1:], gains, atol=1e-12)


def test_random_actions_come_first():
    """Uniform for the random steps, then the policy's."""
    X, y = gaussians(1, 200, 20)
    sampler = MetaSampler(
        n_estimators=20, start_steps=300, update_steps=1, batch_size=4, random_state=0
    ).fit(X, y)
    actions = sampler.meta_history_["action"][:299]
    counts = np.histogram(actions, bins=5, range=(0, 1))[0]
    assert counts.min() > 35 and counts.max() < 90


@pytest.mark.parametrize(
    ("given", "n_steps", "n_updates"),
    [
        ({"start_steps": 10, "update_steps": 10}, 27, 17),
        ({"start_steps": 10, "update_steps": 8}, 18, 8),
        ({"start_steps": 10, "n_episodes": 2}, 18, 8),
        ({"start_steps": 0, "update_steps": 5, "n_estimators": 6}, 5, 5),
        ({"start_steps": 0, "update_steps": 1, "n_estimators": 2, "prefill": False}, 1, 1),
    ],
)
def test_budget(task, given, n_steps, n_updates):
    sampler = MetaSampler(**{**BRIEF, **given}, random_state=0).fit(*task)
    assert sampler.n_steps_ == n_steps
    assert np.isfinite(sampler.meta_history_["critic_loss"]).sum() == n_updates


@pytest.mark.parametrize("budget", [{"n_episodes": n} for n in (1, 2, 7, 50, 55, 70)]
    + [{"update_steps": n} for n in (1, 10, 100, 1000)])  # fmt: skip
@pytest.mark.parametrize("n_estimators", [2, 10])
def test_the_warm_up_follows_the_budget(budget, n_estimators):
    """A third, but a batch at least, and half at most: some steps are left to learn in."""
    training = training_settings(n_estimators=n_estimators, **budget)
    start, n_steps = training.n_random_steps, training.n_steps
    assert start <= n_steps / 2
    if n_steps >= 3 * 64:
        assert abs(start - n_steps / 3) <= n_estimators
    elif n_steps >= 2 * 64 + n_estimators:
        assert start == 64
    else:
        assert n_steps / 2 - start < n_estimators


def test_few_episodes_are_enough_to_learn(task):
    """Of 50 episodes, 300 steps are updates; of the paper's 70, 420."""
    for n_episodes, n_updates in ((50, 300), (70, 420)):
        training = training_settings(n_episodes=n_episodes)
        assert training.n_steps - training.n_random_steps == n_updates
    sampler = MetaSampler(n_episodes=3, batch_size=4, random_state=0).fit(*task)
    losses = sampler.meta_history_["critic_loss"]
    np.testing.assert_array_equal(np.isnan(losses), np.arange(27) < 9)


@pytest.mark.parametrize("start_steps", [18, 500])
def test_a_training_without_updates_is_refused(task, start_steps):
    sampler = MetaSampler(n_episodes=2, start_steps=start_steps)
    message = f"start_steps={start_steps} leaves none of the 18 steps .*n_episodes=2 and n_est"
    for model in (sampler, MetaSamplerClassifier(sampler=sampler)):
        with pytest.raises(ValueError, match=message):
            model.fit(*task)
    assert not hasattr(sampler, "networks_")
    sampler.set_params(start_steps=17, random_state=0).fit(*task)
    assert np.isfinite(sampler.meta_history_["critic_loss"]).sum() == 1


def test_defaults_are_those_of_the_papers():
    params = MetaSampler().get_params()
    expected = {
        "n_estimators": 10, "n_bins": 5, "sigma": 0.2, "validation": None, "majority_ratio": 1.0,
        "start_steps": "auto",
        "scoring": "average_precision", "update_steps": 1000,
        "updates_per_step": 1, "hidden_size": 55, "alpha": 0.1, "gamma": 0.99, "tau": 0.01,
        "learning_rate": 1e-3, "learning_rate_decay": 0.99, "batch_size": 64, "replay_size": 1000,
        "reward_scale": 100.0, "max_samples": 1.0,
    }  # fmt: skip
    assert {name: params[name] for name in expected} == expected
    training = training_settings()
    assert training.n_steps == 1503 == 167 * 9 and training.n_random_steps == 500


def test_updates_per_step_change_the_networks(task, trained):
    twice = MetaSampler(**BRIEF, updates_per_step=2, random_state=0).fit(*task)
    assert not same_networks(twice, trained)


def test_prefill(task, monkeypatch):
    """Made-up transitions are in the first batches, unless they are not wanted."""
    seen = []
    original = _meta_training.ReplayRing.batch

    def batch(ring, size, rng):
        seen.append(len(ring))
        return original(ring, size, rng)

    monkeypatch.setattr(_meta_training.ReplayRing, "batch", batch)
    MetaSampler(**{**BRIEF, "replay_size": 300}, random_state=0).fit(*task)
    assert seen[0] == 300 and len(seen) == 24
    seen.clear()
    MetaSampler(**{**BRIEF, "replay_size": 300}, prefill=False, random_state=0).fit(*task)
    assert seen[:2] == [31, 32]


def test_what_is_remembered(task, monkeypatch):
    """Made-up transitions, then one a step: scaled rewards, states in a chain, ends marked."""
    added = []
    monkeypatch.setattr(_meta_training.ReplayRing, "add", lambda ring, rows: added.append(rows))
    monkeypatch.setattr(_meta_training.ReplayRing, "__len__", lambda ring: 60)
    sampler = MetaSampler(**BRIEF, reward_scale=50.0, random_state=0).fit(*task)
    prior, steps = added[0], added[1:]
    assert len(prior.actions) == 60 and (prior.rewards == 2.5).all() and len(steps) == 54
    history = sampler.meta_history_
    for i, row in enumerate(steps):
        assert row.done[0] == (i % 9 == 8)
        assert row.rewards[0] == pytest.approx(50 * history["reward"][i])
        assert row.actions[0] == history["action"][i]
        assert row.states.sum() == pytest.approx(10) == row.next_states.sum()
        assert (row.states != row.next_states).any()
        if i % 9:
            np.testing.assert_array_equal(row.states, steps[i - 1].next_states)


def test_settings_reach_the_agent(task, monkeypatch):
    seen = []

    class Seen(_soft_actor_critic.SoftActorCritic):
        def __init__(self, *args, **kwargs):
            seen.append((args, kwargs))
            super().__init__(*args, **kwargs)

    monkeypatch.setattr(_soft_actor_critic, "SoftActorCritic", Seen)
    given = {
        "alpha": 0.3, "gamma": 0.8, "tau": 0.2, "learning_rate": 0.01, "device": "cpu",
        "learning_rate_decay": 0.9,
    }  # fmt: skip
    sampler = MetaSampler(**BRIEF, n_bins=4, hidden_size=7, **given, random_state=0).fit(*task)
    ((args, kwargs),) = seen
    assert args == (8, 7) and {name: kwargs[name] for name in given} == given
    assert sampler.networks_["policy.hidden_weight"].shape == (8, 7)
    assert sampler.meta_history_["alpha"] == pytest.approx(np.full(54, 0.3))
    automatic = MetaSampler(**BRIEF, alpha="auto", random_state=0).fit(*task)
    assert len(set(automatic.meta_history_["alpha"][30:])) == 24


def test_sample(trained):
    one = trained.sample(STATES[0], random_state=3)
    assert isinstance(one, float) and one == trained.sample(STATES[:1], random_state=3)[0]
    several = trained.sample(STATES, random_state=3)
    assert several.shape == (8,) and len(set(several)) == 8
    policy = {n[7:]: w for n, w in trained.networks_.items() if n.startswith("policy.")}
    noise = np.random.RandomState(3).standard_normal(8)
    np.testing.assert_array_equal(several, policy_action(policy, STATES, noise))
    median = trained.sample(STATES, deterministic=True)
    np.testing.assert_array_equal(median, trained.sample(STATES, deterministic=True))
    many = trained.sample(np.repeat(STATES[:1], 4001, axis=0), random_state=0)
    assert np.median(many) == pytest.approx(median[0], abs=0.02)


@pytest.mark.parametrize("shape", [(8,), (3, 12), (2, 2, 10), (), (0, 10)])
def test_states_of_other_bins_are_refused(trained, shape):
    with pytest.raises(ValueError, match=r"\(n_states, 10\) is needed, as .* n_bins=5"):
        trained.sample(np.ones(shape))


def test_states_that_are_no_numbers_are_refused(trained):
    with pytest.raises(ValueError, match="state contains NaN"):
        trained.sample(np.full(10, np.nan))


def test_save_and_load(trained, tmp_path):
    path = tmp_path / "sampler.npz"
    trained.save(path)
    assert path.stat().st_size < 200_000
    again = MetaSampler.load(str(path))
    assert same_networks(again, trained)
    np.testing.assert_array_equal(
        again.sample(STATES, random_state=0), trained.sample(STATES, random_state=0)
    )
    for name, column in trained.meta_history_.items():
        np.testing.assert_array_equal(again.meta_history_[name], column)
    assert (again.n_steps_, again.n_bins_, again.n_features_in_) == (54, 5, 6)
    assert again.start_steps == 30 and again.estimator is None and again.random_state is None


def test_settings_of_the_task_are_not_saved(task, tmp_path):
    sampler = MetaSampler(
        GaussianNB(), scoring=lambda e, X, y: float(e.predict(X).mean()), **BRIEF,
        n_bins=np.int64(4), sigma=np.float32(0.5), random_state=0,
    ).fit(*task)  # fmt: skip
    sampler.save(tmp_path / "file")
    again = MetaSampler.load(tmp_path / "file")
    assert again.estimator is None and again.scoring == "average_precision"
    assert again.n_bins == 4 and again.sigma == 0.5


def test_foreign_files_are_refused(trained, tmp_path):
    with pytest.raises(FileNotFoundError):
        MetaSampler.load(tmp_path / "none")
    (tmp_path / "text").write_text("no sampler")
    with pytest.raises(ValueError, match="text is not a saved MetaSampler"):
        MetaSampler.load(tmp_path / "text")
    with open(tmp_path / "pickle", "wb") as file:
        pickle.dump(trained, file)
    with pytest.raises(ValueError, match="is not a saved MetaSampler"):
        MetaSampler.load(tmp_path / "pickle")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="is not a saved MetaSampler"):
        MetaSampler.load(tmp_path / "other.npz")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("networks/policy.mean_bias", lambda w: np.zeros(2), "mean_bias has shape"),
        ("networks/policy.mean_bias", lambda w: w + np.nan, "mean_bias holds NaN or infinity"),
        (
            "networks/policy.mean_bias",
            lambda w: w.astype(int),
            "mean_bias holds values of type int",
        ),
        ("networks/more", None, "networks hold"),
        ("header", lambda h: np.array(str(h).replace('"format": 1', '"format": 9')), "format is 9"),
        ("header", lambda h: np.array(str(h).replace("gamma", "delta")), "delta"),
        ("header", lambda h: np.array(str(h).replace('"tau": 0.01', '"tau": -3')), "tau"),
        ("networks/policy.mean_bias", lambda w: np.array([object()]), "pickle"),
    ],
)
def test_broken_files_are_refused(trained, tmp_path, name, change, message):
    trained.save(tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as file:
        content = {key: file[key] for key in file.files}
    content[name] = np.zeros(1) if change is None else change(content[name])
    np.savez(tmp_path / "bad.npz", **content)
    with pytest.raises(ValueError, match=f"(?s)bad.npz is not a saved MetaSampler: .*{message}"):
        MetaSampler.load(tmp_path / "bad.npz")


def test_pickle_and_skops(trained):
    for again in (
        pickle.loads(pickle.dumps(trained)),
        skops.io.loads(skops.io.dumps(trained), trusted=["skseizure.ensemble.MetaSampler"]),
    ):
        assert same_networks(again, trained)
        assert again.sample(STATES[0], random_state=1) == trained.sample(STATES[0], random_state=1)


def test_seed_alone_decides(task, trained):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    again = MetaSampler(**BRIEF, random_state=0).fit(*task)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert same_networks(again, trained)
    other = MetaSampler(**BRIEF, random_state=1).fit(*task)
    assert not same_networks(other, trained)


def test_clone_keeps_what_was_learned(task, trained):
    copied = clone(trained)
    assert copied is not trained and same_networks(copied, trained)
    assert not hasattr(clone(MetaSampler(**BRIEF)), "networks_")
    refitted = clone(trained).set_params(random_state=5).fit(*task)
    assert not same_networks(refitted, trained)


def test_warm_start_goes_on(task, trained, tmp_path):
    trained.save(tmp_path / "sampler.npz")
    more = {"start_steps": 0, "update_steps": 1, "n_estimators": 2, "learning_rate": 1e-9}
    loaded = MetaSampler.load(tmp_path / "sampler.npz").set_params(**more)
    warm = clone(loaded).set_params(warm_start=True).fit(*task)
    for name in trained.networks_:
        np.testing.assert_allclose(warm.networks_[name], trained.networks_[name], atol=0.01)
    cold = clone(loaded).fit(*task)
    gap = np.abs(cold.networks_["critics.weight_2"] - trained.networks_["critics.weight_2"])
    assert gap.max() > 0.1
    with pytest.raises(ValueError, match="n_bins=7 and hidden_size=55 need"):
        clone(loaded).set_params(warm_start=True, n_bins=7).fit(*task)


def test_bins_are_those_of_the_training(trained):
    changed = clone(trained).set_params(n_bins=8)
    assert changed.n_bins_ == 5 and 0 <= changed.sample(STATES[0]) <= 1


def test_interruption_keeps_the_policy(task):
    class Impatient(DecisionTreeClassifier):
        fits = 0

        def fit(self, X, y):
            Impatient.fits += 1
            if Impatient.fits == 46:
                raise KeyboardInterrupt
            return super().fit(X, y)

    sampler = MetaSampler(Impatient(), **BRIEF, random_state=0)
    with pytest.warns(UserWarning, match="interrupted after 40 of 54 steps; the policy"):
        sampler.fit(*task)
    assert sampler.n_steps_ == 40 and 0 <= sampler.sample(STATES[0]) <= 1
    assert np.isfinite(sampler.meta_history_["critic_loss"][30:]).all()


def test_interruption_before_the_first_update_interrupts(task):
    """The networks would be those that training began with."""

    class Impatient(DecisionTreeClassifier):
        fits = 0

        def fit(self, X, y):
            Impatient.fits += 1
            if Impatient.fits % 30 == 0:
                raise KeyboardInterrupt
            return super().fit(X, y)

    sampler = MetaSampler(Impatient(), **BRIEF, random_state=0)
    for model in (sampler, MetaSamplerClassifier(sampler=sampler, random_state=0)):
        with pytest.raises(KeyboardInterrupt):
            model.fit(*task)
        assert not hasattr(model, "networks_") and not hasattr(model, "estimators_")


def test_settled():
    """Training stops when the mean of the last n is no better than that of the n before."""
    training = training_settings(n_iter_no_change=3, tol=0.01)
    assert not training.settled([0.5] * 5)
    assert training.settled([0.5] * 6)
    assert not training.settled([0.5, 0.5, 0.5, 0.5, 0.5, 0.54])
    assert training.settled([0.5, 0.5, 0.5, 0.5, 0.5, 0.52])
    assert training.settled([0.1, 0.2, 0.5, 0.5, 0.5, 0.5, 0.4, 0.4])
    assert not training_settings(n_iter_no_change=None, tol=0.01).settled([0.5] * 100)


def test_early_stop(task):
    """Random episodes do not count: 4 of them, then twice 2."""
    stopped = MetaSampler(
        **{**BRIEF, "update_steps": 500}, n_iter_no_change=2, tol=1.0, random_state=0
    ).fit(*task)
    assert stopped.n_steps_ == (4 + 4) * 9


def test_progress(task, capsys):
    sampler = MetaSampler(**BRIEF, verbose=1, random_state=0).fit(*task)
    text = capsys.readouterr().err
    assert "meta-training" in text and "54/54" in text and "score=" in text and "action=" in text
    sampler.set_params(verbose=0).fit(*task)
    assert capsys.readouterr().err == ""


def test_part_of_the_rows(task):
    """Members are fitted on a share of the minority and as many others."""
    sizes = []

    class Sized(GaussianNB):
        def fit(self, X, y):
            sizes.append((len(X), int(y.sum())))
            return super().fit(X, y)

    MetaSampler(Sized(), **BRIEF, max_samples=0.5, random_state=0).fit(*task)
    assert set(sizes) == {(24, 12)}


def test_sample_weight_and_groups_are_used(task):
    X, y = task
    seen = []

    class Weighted(GaussianNB):
        def fit(self, X, y, sample_weight=None):
            seen.append(set(sample_weight.tolist()))
            return super().fit(X, y, sample_weight)

    rows = np.arange(len(y))
    groups = rows % 10
    MetaSampler(Weighted(), **BRIEF, random_state=0).fit(X, y, rows + 1.0, groups=groups)
    used = {(int(weight) - 1) % 10 for weights in seen for weight in weights}
    assert len(used) == 8


@pytest.mark.parametrize(
    ("changes", "y", "message"),
    [
        ({}, np.tile([0, 1, 2], 20), "Only binary classification is supported. y holds 3 classes"),
        ({}, np.zeros(60), "y has one class"),
        ({}, np.linspace(0, 1, 60), "Unknown label type: continuous"),
        ({"n_estimators": 1}, None, "'n_estimators' parameter"),
        ({"n_bins": 1}, None, "'n_bins' parameter"),
        ({"sigma": 0.0}, None, "'sigma' parameter"),
        ({"alpha": "automatic"}, None, "'alpha' parameter"),
        ({"alpha": -1.0}, None, "'alpha' parameter"),
        ({"scoring": "ap"}, None, "'scoring' parameter"),
        ({"validation": 1.0}, None, "'validation' parameter"),
        ({"max_samples": 0.0}, None, "'max_samples' parameter"),
        ({"estimator": object()}, None, "'estimator' parameter"),
    ],
)
def test_bad_input_is_refused(changes, y, message, rng):
    y = np.tile([0, 0, 1], 20) if y is None else y
    with pytest.raises(ValueError, match=message):
        MetaSampler(**{**BRIEF, **changes}).fit(rng.normal(size=(60, 2)), y)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        MetaSampler().sample(STATES[0])
    with pytest.raises(NotFittedError):
        MetaSampler().save("nowhere")


def test_infinite_alpha_of_zero_is_saved(task, tmp_path):
    """Without entropy the logarithm of its weight is minus infinity, on disk, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sampler = MetaSampler(**BRIEF, alpha=0.0, random_state=0).fit(*task)
    sampler.save(tmp_path / "s.npz")
    assert MetaSampler.load(tmp_path / "s.npz").networks_["log_alpha"] == -np.inf
