"""Gate, experts and losses against loops, closed forms and simulation."""

import pytest
import torch
from torch.nn import functional as F

from skseizure.moe import MixtureOfExperts, NoisyTopKGate
from skseizure.moe._mixture import (
    MoELoss,
    MoENetwork,
    agreement_loss,
    balance_loss,
    squared_variation,
)


@pytest.fixture(autouse=True)
def seed():
    """Seed torch's generator for the test, and leave it as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def _gate(n_experts=5, top_k=None, noisy=False):
    gate = NoisyTopKGate(6, n_experts, top_k, noisy).double()
    for weight in gate.parameters():
        torch.nn.init.normal_(weight)
    return gate


@pytest.mark.parametrize("top_k", [None, 1, 2, 4, 5])
@pytest.mark.parametrize("noisy", [True, False])
def test_gates_share_each_trial_among_k_experts(top_k, noisy):
    out = _gate(top_k=top_k, noisy=noisy)(torch.randn(50, 6, dtype=torch.float64))
    torch.testing.assert_close(out.gates.sum(1), torch.ones(50, dtype=torch.float64))
    assert ((out.gates > 0).sum(1) == (top_k or 5)).all()
    torch.testing.assert_close(out.gates, out.log_gates.exp())


def test_the_largest_logits_are_taken():
    gate = _gate(top_k=2)
    x = torch.randn(30, 6, dtype=torch.float64)
    logits = x @ gate.weight
    for row, gates in zip(logits, gate(x).gates, strict=True):
        best = sorted(range(5), key=lambda i: -row[i])[:2]
        expected = torch.zeros(5, dtype=torch.float64)
        expected[best] = torch.softmax(row[best], 0)
        torch.testing.assert_close(gates, expected)


def test_a_new_gate_is_indifferent():
    out = NoisyTopKGate(3, 4)(torch.randn(7, 3))
    torch.testing.assert_close(out.gates, torch.full((7, 4), 0.25))
    assert balance_loss(out.gates, out.load) == 0


def test_all_experts_are_the_dense_gate():
    x = torch.randn(20, 6, dtype=torch.float64)
    dense = _gate(top_k=None)
    sparse = _gate(n_experts=6, top_k=5)
    with torch.no_grad():  # a sixth expert that is never taken
        sparse.weight[:, :5] = dense.weight
        sparse.weight[:, 5] = 0
    shifted = torch.cat([x, torch.ones(20, 1, dtype=torch.float64)], 1)
    for gate in (dense, sparse):
        gate.weight = torch.nn.Parameter(F.pad(gate.weight.data, (0, 0, 0, 1)))
    with torch.no_grad():
        sparse.weight[-1, 5] = -1e9
    torch.testing.assert_close(sparse(shifted).gates[:, :5], dense(shifted).gates)


def test_load_counts_trials():
    gate = _gate(top_k=2)
    out = gate(torch.randn(40, 6, dtype=torch.float64))
    torch.testing.assert_close(out.load, (out.gates > 0).double().sum(0))
    noisy = _gate(top_k=2, noisy=True).eval()
    out = noisy(torch.randn(40, 6, dtype=torch.float64))
    torch.testing.assert_close(out.load, (out.gates > 0).double().sum(0))


def test_load_under_noise_is_the_chance_of_being_taken():
    """Each expert's noise is drawn anew, 10^5 times, beside the others' as they were."""
    gate, n_draws = _gate(top_k=2, noisy=True), 100_000
    x = torch.randn(1, 6, dtype=torch.float64)
    torch.manual_seed(7)
    out = gate(x)
    torch.manual_seed(7)
    clean = (x @ gate.weight)[0]
    sd = (F.softplus(x @ gate.noise_weight) + 1e-2)[0]
    logits = clean + torch.randn(1, 5, dtype=torch.float64)[0] * sd
    for i in range(5):
        fresh = clean[i] + torch.randn(n_draws, dtype=torch.float64) * sd[i]
        others = torch.cat([logits[:i], logits[i + 1 :]])
        taken = (others[None, :] > fresh[:, None]).sum(1) < 2
        assert abs(taken.double().mean() - out.load[i]) < 0.01
    assert out.load.requires_grad


def test_load_of_a_trial_is_k_on_the_average():
    gate = _gate(top_k=2, noisy=True)
    x = torch.randn(1, 6, dtype=torch.float64).expand(100_000, 6)
    assert abs(gate(x).load.sum() / 100_000 - 2) < 0.01


def test_squared_variation():
    assert squared_variation(torch.tensor([3.0, 3.0, 3.0])) == 0
    assert squared_variation(torch.tensor([1.0, 0, 0, 0])) == pytest.approx(4)
    for n in (2, 3, 7):  # one expert has everything
        assert squared_variation(F.one_hot(torch.tensor(1), n) * 5.0) == pytest.approx(n)
    assert squared_variation(torch.zeros(3)) == 0
    assert squared_variation(torch.ones(1)) == 0
    for top_k in (None, 1, 2):  # a batch of one trial
        for noisy in (False, True):
            out = NoisyTopKGate(3, 4, top_k, noisy)(torch.randn(1, 3))
            assert torch.isfinite(balance_loss(out.gates, out.load))
    one = NoisyTopKGate(3, 1)(torch.randn(1, 3))
    assert balance_loss(one.gates, one.load) == 0


def _mixture(n_features=6, hidden=5, **settings):
    mixture = MixtureOfExperts(n_features, 3, 4, hidden=hidden, **settings).double()
    torch.nn.init.normal_(mixture.gate.weight)
    return mixture


def test_experts_in_one_product_are_a_loop_over_experts():
    mixture = _mixture()
    x = torch.randn(10, 6, dtype=torch.float64)
    out = mixture(x)
    total = 0
    for e in range(4):
        hidden = F.linear(
            x, mixture.first.weight[5 * e : 5 * e + 5], mixture.first.bias[5 * e : 5 * e + 5]
        ).relu()
        proba = (hidden @ mixture.weight[e] + mixture.bias[e]).softmax(1)
        torch.testing.assert_close(out.expert_log_proba[:, e].exp(), proba)
        total = total + out.gates[:, e : e + 1] * proba
    torch.testing.assert_close(out.log_proba.exp(), total)


def test_an_outside_expert_has_the_last_share():
    mixture = _mixture(outside=True, n_gate_features=2)
    x = torch.randn(10, 6, dtype=torch.float64)
    gate_x = torch.randn(10, 2, dtype=torch.float64)
    other = torch.randn(10, 3, dtype=torch.float64).log_softmax(1)
    out = mixture(x, gate_x, other)
    every = torch.cat([out.expert_log_proba, other[:, None]], 1).exp()
    torch.testing.assert_close(out.log_proba.exp(), torch.einsum("ng,ngk->nk", out.gates, every))
    for wrong in (lambda: mixture(x, gate_x), lambda: _mixture()(x, None, other)):
        with pytest.raises(ValueError, match="outside_log_proba is"):
            wrong()


@pytest.mark.parametrize("top_k", [None, 2])
def test_gradients(top_k):
    mixture = _mixture(3, 2, top_k=top_k, outside=True)
    names, weights = zip(*mixture.named_parameters(), strict=True)
    x = torch.randn(4, 3, dtype=torch.float64)
    other = torch.randn(4, 3, dtype=torch.float64).log_softmax(1)

    def loss(*values):
        out = torch.func.functional_call(
            mixture, dict(zip(names, values, strict=True)), (x, None, other)
        )
        balance = balance_loss(out.gates, out.load)
        return out.log_proba[:, 0].sum() + balance + agreement_loss(out.expert_log_proba, other)

    assert torch.autograd.gradcheck(loss, weights)


def test_agreement_is_the_divergence_once_and_without_another_softmax():
    outside = torch.tensor([[0.9, 0.05, 0.05]])
    deep = torch.tensor([[[0.2, 0.4, 0.4], [0.9, 0.05, 0.05]]])
    by_hand = (0.9 * torch.tensor(0.9 / 0.2).log() + 0.1 * torch.tensor(0.05 / 0.4).log()) / 2
    assert agreement_loss(deep.log(), outside.log()) == pytest.approx(by_hand.item())


def _network(n_manual):
    network = MoENetwork(
        2, 64, 3, sfreq=None, extractor=None, n_manual=n_manual, n_experts=4, hidden=5, top_k=None,
        noisy=False, mixed_precision=False,
    ).eval()  # fmt: skip
    torch.nn.init.normal_(network.mixture.gate.weight)
    return network


def test_the_network_is_its_parts():
    """The gate sees both kinds of features after a batch norm, the experts the extractor's."""
    network = _network(n_manual=2)
    network.norm.running_mean.normal_()
    x, manual = torch.randn(6, 2, 64), torch.randn(6, 2)
    other = torch.randn(6, 3).log_softmax(1)
    features = network.extractor(x)
    gate_features = network.norm(torch.cat([features, manual], 1))
    expected = network.mixture(features, gate_features, other)
    network.log_prior.copy_(torch.tensor([0.0, 1.0, 2.0]))
    out = network(x, manual=manual, outside=other)
    torch.testing.assert_close(out[0], expected.log_proba - network.log_prior)
    torch.testing.assert_close(out[1:], (*expected, other))
    alone = _network(n_manual=0)
    features = alone.extractor(x)
    torch.testing.assert_close(alone(x)[1:], tuple(alone.mixture(features)))


def test_in_pre_training_each_row_is_its_experts():
    network = _network(n_manual=0)
    x, expert = torch.randn(6, 2, 64), torch.tensor([0, 0, 1, 2, 3, 3])
    every = network.mixture.expert_log_proba(network.extractor(x))
    (out,) = network(x, expert=expert)
    torch.testing.assert_close(out, torch.stack([every[i, e] for i, e in enumerate(expert)]))
    y = torch.tensor([0, 1, 2, 0, 1, 2])
    loss = MoELoss(None, w_balance=1e6, w_agree=1e6)((out,), y)
    torch.testing.assert_close(loss, -out[torch.arange(6), y].mean())


@pytest.mark.parametrize("weight", [None, torch.tensor([1.0, 2.0, 5.0])])
def test_the_joint_loss(weight):
    network, y = _network(n_manual=2), torch.tensor([0, 1, 2, 0, 1, 2])
    other = torch.randn(6, 3).log_softmax(1)
    network.log_prior.fill_(3)  # of no concern to the loss
    out = network(torch.randn(6, 2, 64), manual=torch.randn(6, 2), outside=other)
    _, log_proba, gates, load, deep, _ = out
    w = torch.ones(3) if weight is None else weight
    likelihood = -(w[y] * log_proba[torch.arange(6), y]).sum() / w[y].sum()
    importance = gates.sum(0)
    balance = importance.var() / importance.mean() ** 2 + load.var() / load.mean() ** 2
    divergence = sum((other.exp() * (other - deep[:, e])).sum(1).mean() for e in range(4)) / 4
    loss = MoELoss(weight, w_balance=0.3, w_agree=0.2)(out, y)
    torch.testing.assert_close(loss, likelihood + 0.3 * balance + 0.2 * divergence)
    loss = MoELoss(weight, w_balance=0.3, w_agree=0.2)(out[:-1], y)  # no traditional expert
    torch.testing.assert_close(loss, likelihood + 0.3 * balance)


def test_bad_top_k():
    with pytest.raises(ValueError, match="top_k is 5; 1 to 4"):
        NoisyTopKGate(3, 4, top_k=5)
    with pytest.raises(ValueError, match="top_k is 0; 1 to 4"):
        MixtureOfExperts(3, 2, 4, top_k=0)


def test_bad_sizes():
    for make, message in (
        (lambda: NoisyTopKGate(3, 0), "n_experts is 0; at least 1"),
        (lambda: NoisyTopKGate(0, 3), "n_features is 0; at least 1"),
        (lambda: MixtureOfExperts(3, 2, 0, outside=True), "n_experts is 0; at least 1"),
        (lambda: MixtureOfExperts(3, 2, hidden=0), "hidden is 0; at least 1"),
        (lambda: MixtureOfExperts(3, 0), "n_outputs is 0; at least 1"),
        (lambda: MixtureOfExperts(3, 2, n_gate_features=0), "n_gate_features is 0; at least 1"),
        (lambda: NoisyTopKGate(3, 2)(torch.zeros(4, 5)), r"x has shape \(4, 5\); \(n, 3\) is what"),
        (
            lambda: MixtureOfExperts(3, 2, n_gate_features=5)(torch.zeros(4, 5), torch.zeros(4, 5)),
            r"x has shape \(4, 5\); \(n, 3\) is what the experts",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            make()
