"""Soft actor-critic for one action in [0, 1], in torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .._core.forks import keep_torch_alone
from ._networks import LOG_STD_MAX, LOG_STD_MIN, critic_shapes, policy_shapes
from ._replay import Transitions

TARGET_ENTROPY = -1.0
DECAY_INTERVAL = 10  # updates


class Losses(NamedTuple):
    """What an update found: the losses before it, and the entropy weight after it."""

    critic: float
    policy: float
    alpha: float


class Policy(nn.Module):
    """State → squashed Gaussian: one hidden layer, two linear heads.

    Parameters
    ----------
    n_inputs, hidden_size : int
        Length of a state, units of the hidden layer.
    generator : torch.Generator
        Source of the weights.
    dtype : torch.dtype
        Of the weights.
    """

    hidden_weight: Tensor
    hidden_bias: Tensor
    mean_weight: Tensor
    mean_bias: Tensor
    log_std_weight: Tensor
    log_std_bias: Tensor

    def __init__(
        self, n_inputs: int, hidden_size: int, generator: torch.Generator, dtype: torch.dtype
    ) -> None:
        super().__init__()
        _register(self, policy_shapes(n_inputs, hidden_size), generator, dtype)

    def forward(self, states: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return actions, and the logarithm of their density on (0, 1), both of shape (n,)."""
        hidden = torch.relu(torch.addmm(self.hidden_bias, states, self.hidden_weight))
        mean = torch.addmm(self.mean_bias, hidden, self.mean_weight)[:, 0]
        log_std = torch.addmm(self.log_std_bias, hidden, self.log_std_weight)[:, 0]
        log_std = log_std.clamp(LOG_STD_MIN, LOG_STD_MAX)
        before = mean + log_std.exp() * noise
        log_normal = -0.5 * noise**2 - log_std - 0.5 * math.log(2 * math.pi)
        # Of the slope (1 - tanh^2) / 2, in a form that holds where tanh is rounded to 1.
        log_slope = math.log(2) - 2 * (before + functional.softplus(-2 * before))
        return (torch.tanh(before) + 1) / 2, log_normal - log_slope


class Critics(nn.Module):
    """Two critics and their two targets, (state, action) → value, in one batched product.

    Parameters
    ----------
    n_inputs, hidden_size : int
        Length of a state, units of each of two hidden layers.
    generator : torch.Generator
        Source of the weights.
    dtype : torch.dtype
        Of the weights.
    """

    def __init__(
        self, n_inputs: int, hidden_size: int, generator: torch.Generator, dtype: torch.dtype
    ) -> None:
        super().__init__()
        _register(self, critic_shapes(n_inputs, hidden_size), generator, dtype)
        with torch.no_grad():
            for weight in self.parameters():
                weight[2:] = weight[:2]

    def forward(self, current: Tensor, following: Tensor) -> tuple[Tensor, Tensor]:
        """Return the critics' values of ``current`` and the targets' of ``following``, (2, n)."""
        inputs = torch.stack([current, current, following, following])
        values = _perceptrons(inputs, list(self.parameters()))
        return values[:2], values[2:].detach()

    def critics_only(self, current: Tensor) -> Tensor:
        """Return the critics' values, shape (2, n), with gradients of the inputs only."""
        weights = [weight.detach()[:2] for weight in self.parameters()]
        return _perceptrons(current.expand(2, -1, -1), weights)

    @torch.no_grad()
    def follow(self, tau: float) -> None:
        """Move the targets a step towards the critics."""
        for weight in self.parameters():
            weight[2:].lerp_(weight[:2], tau)


class SoftActorCritic:
    """The networks, their optimisers and one update of them all.

    Parameters
    ----------
    n_inputs, hidden_size : int
        Length of a state, units of a hidden layer.
    alpha : float or "auto"
        Weight of the entropy, or have it learned so that the entropy is -1.
    gamma, tau : float
        Discount, and the step of the targets.
    learning_rate, learning_rate_decay : float
        Of Adam for all networks, and its factor every ten updates.
    seed : int
        Of the weights and the noise; torch's own generator is left alone.
    device : str or torch.device, default="cpu"
        Where the networks live.
    dtype : torch.dtype, default=torch.float32
        Of all numbers.
    """

    def __init__(
        self,
        n_inputs: int,
        hidden_size: int,
        *,
        alpha: float | Literal["auto"],
        gamma: float,
        tau: float,
        learning_rate: float,
        learning_rate_decay: float,
        seed: int,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.gamma, self.tau = gamma, tau
        try:
            self.device, self.dtype = torch.device(device), dtype
        except RuntimeError as error:
            raise ValueError(f"device is {device!r}; one of torch is needed: {error}") from error
        # Numbers are drawn on the CPU, so that every device starts from the same networks.
        self.generator = torch.Generator().manual_seed(seed)
        self.policy = Policy(n_inputs, hidden_size, self.generator, dtype).to(self.device)
        self.critics = Critics(n_inputs, hidden_size, self.generator, dtype).to(self.device)
        self.automatic = isinstance(alpha, str)
        start = 0.0 if isinstance(alpha, str) else math.log(alpha) if alpha > 0 else -math.inf
        self.log_alpha = torch.tensor(
            start, dtype=dtype, device=self.device, requires_grad=self.automatic
        )
        trained: list[list[Tensor]] = [
            list(self.policy.parameters()),
            list(self.critics.parameters()),
        ]
        if self.automatic:
            trained.append([self.log_alpha])
        self._optimizers = [
            torch.optim.Adam(each, learning_rate, fused=self.device.type in ("cpu", "cuda"))
            for each in trained
        ]
        self._schedulers = [
            torch.optim.lr_scheduler.StepLR(optimizer, DECAY_INTERVAL, learning_rate_decay)
            for optimizer in self._optimizers
        ]

    @property
    def alpha(self) -> Tensor:
        """Weight of the entropy."""
        return self.log_alpha.detach().exp()

    def update(self, batch: Transitions[NDArray]) -> Losses:
        """Improve critics, policy and entropy weight on a batch, in this order.

        Parameters
        ----------
        batch : Transitions
            Rows of the replay memory.

        Returns
        -------
        Losses
            Of the critics and the policy, and the entropy weight.
        """
        tensors = Transitions(
            *(torch.as_tensor(part, dtype=self.dtype, device=self.device) for part in batch)
        )
        critic_loss = self.critic_loss(tensors, self._noise(len(batch.actions)))
        self._descend(1, critic_loss)
        policy_loss, log_density = self.policy_loss(tensors.states, self._noise(len(batch.actions)))
        self._descend(0, policy_loss)
        if self.automatic:
            self._descend(2, -self.log_alpha * (log_density.detach().mean() + TARGET_ENTROPY))
        self.critics.follow(self.tau)
        for scheduler in self._schedulers:
            scheduler.step()
        return Losses(critic_loss.item(), policy_loss.item(), self.alpha.item())

    def critic_loss(self, batch: Transitions[Tensor], noise: Tensor) -> Tensor:
        """Return the sum of the two critics' mean squared errors.

        Parameters
        ----------
        batch : Transitions
            Of tensors.
        noise : Tensor, shape (n,)
            Standard normal numbers of the next actions.

        Returns
        -------
        Tensor, shape ()
            The loss.
        """
        with torch.no_grad():
            next_actions, next_log_density = self.policy(batch.next_states, noise)
        values, next_values = self.critics(
            _joined(batch.states, batch.actions), _joined(batch.next_states, next_actions)
        )
        soft = next_values.amin(0) - self.alpha * next_log_density
        target = batch.rewards + self.gamma * (1 - batch.done) * soft
        return ((values - target) ** 2).mean(1).sum()

    def policy_loss(self, states: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Return the policy's loss, and the logarithm of the density of its actions.

        Parameters
        ----------
        states : Tensor, shape (n, n_inputs)
            States.
        noise : Tensor, shape (n,)
            Standard normal numbers of the actions.

        Returns
        -------
        loss : Tensor, shape ()
            The loss.
        log_density : Tensor, shape (n,)
            Of the actions.
        """
        actions, log_density = self.policy(states, noise)
        values = self.critics.critics_only(_joined(states, actions)).amin(0)
        return (self.alpha * log_density - values).mean(), log_density

    def policy_weights(self) -> dict[str, NDArray]:
        """Return the policy's weights; on the CPU these are the weights, not a copy."""
        return _to_numpy(self.policy)

    def networks(self) -> dict[str, NDArray]:
        """Return copies of all that is learned, by name.

        Returns
        -------
        dict of str to ndarray
            ``policy.*`` and ``critics.*``, and ``log_alpha``.
        """
        named = {
            **{f"policy.{name}": weight for name, weight in _to_numpy(self.policy).items()},
            **{f"critics.{name}": weight for name, weight in _to_numpy(self.critics).items()},
            "log_alpha": self.log_alpha.detach().cpu().numpy(),
        }
        return {name: weight.copy() for name, weight in named.items()}

    @torch.no_grad()
    def load(self, networks: Mapping[str, NDArray]) -> None:
        """Take over what `networks` returned; a fixed entropy weight stays as it is.

        Parameters
        ----------
        networks : mapping of str to ndarray
            Of networks of the same sizes.
        """
        for prefix, module in (("policy", self.policy), ("critics", self.critics)):
            for name, weight in module.named_parameters():
                weight.copy_(torch.as_tensor(networks[f"{prefix}.{name}"]))
        if self.automatic:
            self.log_alpha.copy_(torch.as_tensor(networks["log_alpha"]))

    def _noise(self, n: int) -> Tensor:
        return torch.randn(n, generator=self.generator, dtype=self.dtype).to(self.device)

    def _descend(self, which: int, loss: Tensor) -> None:
        optimizer = self._optimizers[which]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


keep_torch_alone(torch)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in the calling thread alone.

    The networks are too small to share out, and sums must not depend on the number of threads.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _register(
    module: nn.Module,
    shapes: Mapping[str, tuple[int, ...]],
    generator: torch.Generator,
    dtype: torch.dtype,
) -> None:
    """Add parameters of Glorot's uniform weights and biases of zero."""
    for name, shape in shapes.items():
        values = torch.zeros(shape, dtype=dtype)
        if "weight" in name:
            for matrix in values.view(-1, *shape[-2:]):
                nn.init.xavier_uniform_(matrix, generator=generator)
        module.register_parameter(name, nn.Parameter(values))


def _perceptrons(inputs: Tensor, weights: list[Tensor]) -> Tensor:
    """Return the outputs of several three-layer perceptrons, (k, n, d) → (k, n)."""
    weight_1, bias_1, weight_2, bias_2, weight_3, bias_3 = weights
    hidden = functional.relu(torch.baddbmm(bias_1, inputs, weight_1))
    hidden = functional.relu(torch.baddbmm(bias_2, hidden, weight_2))
    return torch.baddbmm(bias_3, hidden, weight_3)[..., 0]


def _joined(states: Tensor, actions: Tensor) -> Tensor:
    return torch.cat([states, actions[:, None]], dim=1)


def _to_numpy(module: nn.Module) -> dict[str, NDArray]:
    return {name: np.asarray(w.detach().cpu()) for name, w in module.named_parameters()}
