import numpy as np
import pytest
import torch

from skseizure.ensemble._networks import critic_shapes, policy_action, policy_shapes
from skseizure.ensemble._replay import ReplayRing, Transitions, prior_transitions
from skseizure.ensemble._soft_actor_critic import SoftActorCritic, one_thread

from . import _naive

SETTINGS = {
    "alpha": 0.1,
    "gamma": 0.99,
    "tau": 0.01,
    "learning_rate": 1e-3,
    "learning_rate_decay": 0.99,
    "seed": 0,
}


def agent(dtype=torch.float64, **changes):
    made = SoftActorCritic(10, 55, **{**SETTINGS, **changes}, dtype=dtype)
    # Critics and targets are the same at first; a test must tell them apart.
    with torch.no_grad():
        generator = torch.Generator().manual_seed(3)
        for weight in [*made.critics.parameters(), *made.policy.parameters()]:
            weight += 0.1 * torch.randn(weight.shape, generator=generator, dtype=dtype)
    return made


def transitions(n=16, seed=0):
    rng = np.random.default_rng(seed)
    return Transitions(
        rng.uniform(0, 3, (n, 10)),
        rng.random(n),
        rng.normal(size=n),
        rng.uniform(0, 3, (n, 10)),
        (np.arange(n) % 3 == 0).astype(float),
    )


def tensors(batch):
    return Transitions(*(torch.as_tensor(part) for part in batch))


def test_number_of_weights():
    """M8."""
    made = SoftActorCritic(10, 55, **SETTINGS)
    assert sum(w.numel() for w in made.policy.parameters()) == 717
    assert sum(w[0].numel() for w in made.critics.parameters()) == 3796
    assert len(made.networks()["critics.weight_1"]) == 4
    shapes = {**policy_shapes(10, 55), **critic_shapes(10, 55)}
    assert shapes == {
        name: tuple(w.shape)
        for name, w in [*made.policy.named_parameters(), *made.critics.named_parameters()]
    }


def test_first_weights():
    """Glorot's uniform weights, biases of zero, targets equal to the critics."""
    networks = SoftActorCritic(10, 55, **SETTINGS).networks()
    for name, weight in networks.items():
        if "bias" in name:
            assert not weight.any()
        elif "weight" in name:
            bound = np.sqrt(6 / sum(weight.shape[-2:]))
            assert 0.8 * bound < np.abs(weight).max() <= bound
        if "critics" in name:
            np.testing.assert_array_equal(weight[:2], weight[2:])
    assert (networks["critics.weight_1"][0] != networks["critics.weight_1"][1]).any()


@pytest.mark.parametrize("alpha", [0.1, 0.7])
def test_losses_are_the_formulas(alpha):
    made, batch = agent(alpha=alpha), transitions()
    noise = np.random.default_rng(5).normal(size=16)
    found = made.critic_loss(tensors(batch), torch.as_tensor(noise)).item()
    naive = _naive.critic_loss(made.networks(), batch, noise, 0.99, alpha)
    assert found == pytest.approx(naive, rel=1e-10)
    found, log_pi = made.policy_loss(torch.as_tensor(batch.states), torch.as_tensor(noise))
    assert found.item() == pytest.approx(
        _naive.policy_loss(made.networks(), batch.states, noise, alpha), rel=1e-10
    )
    np.testing.assert_allclose(
        log_pi.detach().numpy(),
        _naive.policy(made.networks(), batch.states, noise)[1],
        rtol=1e-10,
    )


@pytest.mark.parametrize("which", ["policy", "critics"])
def test_gradients_agree_with_central_differences(which):
    """M3, against the losses in plain numpy, in 20 places of each weight."""
    made, batch = agent(), transitions()
    noise = np.random.default_rng(6).normal(size=16)
    networks = made.networks()
    if which == "critics":
        made.critic_loss(tensors(batch), torch.as_tensor(noise)).backward()

        def loss():
            return _naive.critic_loss(networks, batch, noise, 0.99, 0.1)

    else:
        made.policy_loss(torch.as_tensor(batch.states), torch.as_tensor(noise))[0].backward()

        def loss():
            return _naive.policy_loss(networks, batch.states, noise, 0.1)

    rng, step = np.random.default_rng(7), 1e-6
    for name, weight in getattr(made, which).named_parameters():
        array, gradient = networks[f"{which}.{name}"], weight.grad.numpy()
        live = array[:2] if which == "critics" else array
        for place in rng.choice(live.size, min(20, live.size), replace=False):
            where = np.unravel_index(place, live.shape)
            differences = []
            for sign in (1, -1):
                before = array[where]
                array[where] = before + sign * step
                differences.append(sign * loss())
                array[where] = before
            central = sum(differences) / (2 * step)
            assert gradient[where] == pytest.approx(central, rel=1e-5, abs=1e-6)
    other = made.policy if which == "critics" else made.critics
    assert all(weight.grad is None for weight in other.parameters())


def test_targets_have_no_gradient():
    made = agent()
    made.critic_loss(tensors(transitions()), torch.zeros(16, dtype=torch.float64)).backward()
    for weight in made.critics.parameters():
        assert not weight.grad[2:].any() and weight.grad[:2].any()


def test_density_integrates_to_one():
    """M3: over the actions in (0, 1), for policies from narrow to wide."""
    u = np.linspace(-15, 15, 400_001)
    for seed in range(3):
        made = agent(seed=seed)
        state = torch.as_tensor(np.random.default_rng(seed).uniform(0, 3, (1, 10)))
        networks = made.networks()
        hidden = np.maximum(
            state.numpy() @ networks["policy.hidden_weight"] + networks["policy.hidden_bias"], 0
        )
        mean = (hidden @ networks["policy.mean_weight"] + networks["policy.mean_bias"]).item()
        log_std = hidden @ networks["policy.log_std_weight"] + networks["policy.log_std_bias"]
        noise = (u - mean) / np.exp(log_std.item())
        with torch.no_grad():
            actions, log_pi = made.policy(state.expand(len(u), -1), torch.as_tensor(noise))
        assert np.trapezoid(np.exp(log_pi.numpy()), actions.numpy()) == pytest.approx(1, abs=1e-3)


def test_done_stops_bootstrapping():
    """M3: with every episode ended the target is the reward, whatever follows."""
    made, batch = agent(), transitions()
    ended = batch._replace(done=np.ones(16))
    noise = torch.zeros(16, dtype=torch.float64)
    networks = made.networks()
    expected = sum(
        np.mean((_naive.critic(networks, i, batch.states, batch.actions) - batch.rewards) ** 2)
        for i in (0, 1)
    )
    assert made.critic_loss(tensors(ended), noise).item() == pytest.approx(expected, rel=1e-12)
    elsewhere = ended._replace(next_states=ended.next_states + 5)
    assert made.critic_loss(tensors(elsewhere), noise).item() == pytest.approx(expected, rel=1e-12)
    going_on = batch._replace(done=np.zeros(16))
    assert made.critic_loss(tensors(going_on), noise).item() != pytest.approx(expected, rel=1e-3)


def test_update_is_adam_and_the_targets_follow():
    """The first step of Adam is the learning rate times the sign of the gradient."""
    made, batch = agent(learning_rate_decay=1.0), transitions()
    before = made.networks()
    made.update(batch)
    after = made.networks()
    for name, weight in after.items():
        if name == "log_alpha":
            assert weight == before[name]
            continue
        if name.startswith("critics"):
            np.testing.assert_allclose(
                weight[2:], before[name][2:] + 0.01 * (weight[:2] - before[name][2:]), atol=1e-15
            )
            weight, old = weight[:2], before[name][:2]
        else:
            old = before[name]
        moved = np.abs(weight - old)
        assert moved.max() == pytest.approx(1e-3, rel=1e-3) and moved.max() <= 1e-3 * (1 + 1e-9)


def test_automatic_entropy_weight():
    """It falls where the entropy is above -1 and rises below; Adam's first step is known."""
    for log_std, sign in ((-0.2, -1), (-3, 1)):
        made = SoftActorCritic(10, 55, **{**SETTINGS, "alpha": "auto", "learning_rate": 0.01})
        assert made.alpha == 1
        with torch.no_grad():
            for weight in made.policy.parameters():
                weight.zero_()
            made.policy.log_std_bias += log_std
        alpha = made.update(transitions(64)).alpha
        assert alpha == pytest.approx(np.exp(sign * 0.01), rel=1e-5)
    fixed = SoftActorCritic(10, 55, **SETTINGS)
    found = [fixed.update(transitions(64, seed)).alpha for seed in range(5)]
    assert found == pytest.approx([0.1] * 5)


def test_learning_rate_decays_every_ten_updates():
    made = agent(learning_rate_decay=0.5)
    for seed in range(25):
        made.update(transitions(8, seed))
    rates = [optimizer.param_groups[0]["lr"] for optimizer in made._optimizers]
    assert rates == [pytest.approx(1e-3 / 4)] * 2


def test_it_learns_a_bandit():
    """Episodes of one action, rewarded near 0.8 in one state and near 0.2 in the other."""
    rng = np.random.default_rng(0)
    made = SoftActorCritic(2, 55, **{**SETTINGS, "learning_rate_decay": 1.0})
    ring = ReplayRing(1000, 2)
    states = np.eye(2)[rng.integers(2, size=1000)]
    actions = rng.random(1000)
    best = np.where(states[:, 0] == 1, 0.8, 0.2)
    ring.add(Transitions(states, actions, -20 * (actions - best) ** 2, states, np.ones(1000)))
    for _ in range(800):
        losses = made.update(ring.batch(64, rng))
    np.testing.assert_allclose(
        policy_action(made.policy_weights(), np.eye(2), 0), [0.8, 0.2], atol=0.08
    )
    assert losses.critic < 1


def test_action_in_numpy_is_that_of_torch():
    made = agent()
    states = np.random.default_rng(1).uniform(0, 3, (40, 10))
    noise = np.random.default_rng(2).normal(size=40)
    with torch.no_grad():
        actions, _ = made.policy(torch.as_tensor(states), torch.as_tensor(noise))
    np.testing.assert_allclose(
        policy_action(made.policy_weights(), states, noise), actions.numpy(), rtol=1e-12
    )
    extreme = {key: 1e3 * value for key, value in made.policy_weights().items()}
    assert set(policy_action(extreme, states, noise)) <= {0.0, 1.0}


def test_seed_alone_decides_and_the_global_generator_is_left_alone():
    state = torch.random.get_rng_state()
    runs = []
    for seed in (0, 0, 1):
        made = SoftActorCritic(10, 55, **{**SETTINGS, "seed": seed})
        torch.randn(seed + 3)
        torch.random.set_rng_state(state)
        for i in range(3):
            made.update(transitions(64, i))
        runs.append(made.networks())
    assert torch.equal(torch.random.get_rng_state(), state)
    for name in runs[0]:
        np.testing.assert_array_equal(runs[0][name], runs[1][name])
    assert (runs[0]["policy.hidden_weight"] != runs[2]["policy.hidden_weight"]).any()


def test_load_takes_over_networks():
    first, second = agent(seed=1), agent(seed=2)
    second.load(first.networks())
    for name, weight in first.networks().items():
        np.testing.assert_array_equal(second.networks()[name], weight)
    learned = SoftActorCritic(10, 55, **{**SETTINGS, "alpha": "auto"})
    learned.load({**learned.networks(), "log_alpha": np.array(-2.0)})
    assert learned.alpha.item() == pytest.approx(np.exp(-2))


def test_one_thread_restores():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_ring():
    """M3: the newest overwrite the oldest."""
    ring = ReplayRing(1000, 2)
    for i in range(1500):
        ring.add(Transitions(*(np.full(shape, float(i)) for shape in [(1, 2), 1, 1, (1, 2), 1])))
        assert len(ring) == min(i + 1, 1000)
    batch = ring.batch(1000, np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(batch.actions), np.arange(500, 1500))
    np.testing.assert_array_equal(batch.states[:, 1], batch.rewards)
    some = ring.batch(64, np.random.default_rng(0))
    assert len(np.unique(some.actions)) == 64


def test_small_ring_gives_what_it_has():
    ring = ReplayRing(10, 2)
    ring.add(
        Transitions(
            np.zeros((3, 2)), np.arange(3.0), *np.zeros((1, 3)), np.zeros((3, 2)), np.zeros(3)
        )
    )
    assert len(ring.batch(64, np.random.default_rng(0)).actions) == 3


def test_prior_transitions(rng):
    """A third each: hard to under-fitted, easy to over-fitted; all of them ends of episodes."""
    rows = prior_transitions(5, 1000, 5.0, rng)
    assert len(rows.actions) == 999
    assert [len(part) for part in np.split(rows.actions, 3)] == [333] * 3
    assert (rows.actions == np.repeat([0.9, 0.5, 0.1], 333)).all()
    assert (rows.rewards == 5).all() and (rows.done == 1).all()
    centres = np.linspace(0, 1, 5)
    for i, (train, validation) in enumerate([(1, 1), (0.5, 0.5), (0, 0.5)]):
        template = np.exp(
            -0.5 * ((np.r_[centres, centres] - np.repeat([train, validation], 5)) / 0.3) ** 2
        )
        template *= 10 / template.sum()
        for states in (rows.states, rows.next_states):
            noise = states[333 * i : 333 * (i + 1)] - template
            assert noise.min() >= -1e-12 and noise.max() <= 0.5
            assert noise.mean() == pytest.approx(0.25, abs=0.02)
