"""Gate, experts, their mixture, the whole network from a window to the classes, and its losses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._core.errors import prefix_errors
from ._eegnet import EEGNet, check_sizes


class GateOutput(NamedTuple):
    """What a gate returns: shares of each trial, their logarithms, and the load of each expert."""

    gates: Tensor
    log_gates: Tensor
    load: Tensor


class MixtureOutput(NamedTuple):
    """What a mixture returns.

    Attributes
    ----------
    log_proba : Tensor, shape (n, n_outputs)
        Logarithm of the mixture's probabilities.
    gates : Tensor, shape (n, n_gates)
        Share of each expert in each trial.
    load : Tensor, shape (n_gates,)
        How many trials each expert takes part in; see `NoisyTopKGate`.
    expert_log_proba : Tensor, shape (n, n_experts, n_outputs)
        Logarithm of what each deep expert says.
    """

    log_proba: Tensor
    gates: Tensor
    load: Tensor
    expert_log_proba: Tensor


class NoisyTopKGate(nn.Module):
    """Gate that distributes each trial to all experts or to the best few.

    The logits are linear in the features, with weights that start at zero: at first all experts
    count the same. The ``top_k`` largest are turned into shares by a softmax, the others are
    exactly 0 [1]_.

    Parameters
    ----------
    n_features : int
        Features of a trial.
    n_experts : int
        Experts to choose among.
    top_k : int, default=None
        Experts that take part in a trial. If None, all.
    noisy : bool, default=False
        While training, add normal noise to each logit, of standard deviation softplus(linear in the
        features) + 0.01, so that experts at the edge get their chance.

    Raises
    ------
    ValueError
        If a size is below one or ``top_k`` is not between 1 and ``n_experts``.

    References
    ----------
    .. [1] N. Shazeer et al. Outrageously large neural networks: the sparsely-gated
       mixture-of-experts layer. ICLR 2017, sections 2.1 and 4, appendix A.

    Examples
    --------
    >>> import torch
    >>> from skseizure.moe import NoisyTopKGate
    >>> gate = NoisyTopKGate(n_features=3, n_experts=4)
    >>> gate(torch.randn(2, 3)).gates
    tensor([[0.2500, 0.2500, 0.2500, 0.2500],
            [0.2500, 0.2500, 0.2500, 0.2500]], grad_fn=<...>)
    """

    __module__ = "skseizure.moe"

    def __init__(
        self, n_features: int, n_experts: int, top_k: int | None = None, noisy: bool = False
    ) -> None:
        super().__init__()
        check_sizes(n_features=n_features, n_experts=n_experts)
        self.top_k = n_experts if top_k is None else top_k
        if not 1 <= self.top_k <= n_experts:
            raise ValueError(f"top_k is {top_k}; 1 to {n_experts}, the experts there are, or None.")
        self.weight = nn.Parameter(torch.zeros(n_features, n_experts))
        self.noise_weight = nn.Parameter(torch.zeros(n_features, n_experts)) if noisy else None

    def forward(self, x: Tensor) -> GateOutput:
        """Share trials out.

        Parameters
        ----------
        x : Tensor, shape (n, n_features)
            Features.

        Returns
        -------
        gates : Tensor, shape (n, n_experts)
            Shares; a row sums to 1 and has ``top_k`` values above 0.
        log_gates : Tensor, shape (n, n_experts)
            Their logarithms, -inf where 0.
        load : Tensor, shape (n_experts,)
            Number of trials that each expert takes part in. With noise in training: the sum over
            trials of the probability that it would under fresh noise, which has a gradient.
        """
        if x.ndim != 2 or x.shape[1] != len(self.weight):
            raise ValueError(
                f"x has shape {tuple(x.shape)}; (n, {len(self.weight)}) is what the gate needs."
            )
        clean = x @ self.weight
        noise_sd = None
        logits = clean
        if self.noise_weight is not None and self.training:
            noise_sd = F.softplus(x @ self.noise_weight) + 1e-2
            logits = clean + torch.randn_like(clean) * noise_sd
        n_experts = logits.shape[1]
        if self.top_k == n_experts:
            log_gates = logits.log_softmax(1)
            return GateOutput(log_gates.exp(), log_gates, logits.new_full((n_experts,), len(x)))
        largest, which = logits.topk(self.top_k + 1, dim=1)
        chosen = torch.zeros_like(logits, dtype=torch.bool)
        chosen.scatter_(1, which[:, : self.top_k], True)
        log_gates = logits.masked_fill(~chosen, -math.inf).log_softmax(1)
        if noise_sd is None:
            load = chosen.to(logits.dtype).sum(0)
        else:
            # Without the expert itself, the k-th largest of the others is what it must exceed.
            bar = torch.where(chosen, largest[:, -1:], largest[:, -2:-1])
            load = torch.special.ndtr((clean - bar) / noise_sd).sum(0)
        return GateOutput(log_gates.exp(), log_gates, load)


class MixtureOfExperts(nn.Module):
    """Experts of one hidden layer, all computed in one product, mixed by a gate.

    Each expert is Linear, ReLU, Linear, softmax; the output is the mean of the experts'
    probabilities, weighted by the gate.

    Parameters
    ----------
    n_features : int
        Features that the experts see.
    n_outputs : int
        Classes.
    n_experts : int, default=4
        Deep experts.
    hidden : int, default=64
        Hidden units of an expert.
    n_gate_features : int, default=None
        Features that the gate sees. If None, those of the experts.
    outside : bool, default=False
        Whether one more expert's probabilities are given to `forward`; the gate then has
        ``n_experts + 1`` shares, the last of which is that expert's.
    top_k : int, default=None
        Experts that take part in a trial. If None, all.
    noisy : bool, default=False
        Add noise to the gate while training, see `NoisyTopKGate`.

    Raises
    ------
    ValueError
        If a size is below one or ``top_k`` is larger than the number of shares.

    References
    ----------
    Z. Du, R. Peng, W. Liu, W. Li, D. Wu. Mixture of experts for EEG-based seizure subtype
    classification. IEEE Transactions on Neural Systems and Rehabilitation Engineering 31:4781-4789,
    2023.

    Examples
    --------
    >>> import torch
    >>> from skseizure.moe import MixtureOfExperts
    >>> mixture = MixtureOfExperts(n_features=6, n_outputs=3, n_experts=4, hidden=8)
    >>> out = mixture(torch.randn(5, 6))
    >>> out.log_proba.shape, out.gates.shape, out.expert_log_proba.shape
    (torch.Size([5, 3]), torch.Size([5, 4]), torch.Size([5, 4, 3]))
    """

    __module__ = "skseizure.moe"

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        n_experts: int = 4,
        *,
        hidden: int = 64,
        n_gate_features: int | None = None,
        outside: bool = False,
        top_k: int | None = None,
        noisy: bool = False,
    ) -> None:
        super().__init__()
        if n_gate_features is None:
            n_gate_features = n_features
        check_sizes(
            n_features=n_features,
            n_outputs=n_outputs,
            n_experts=n_experts,
            hidden=hidden,
            n_gate_features=n_gate_features,
        )
        self.n_experts, self.outside = n_experts, outside
        self.gate = NoisyTopKGate(n_gate_features, n_experts + outside, top_k, noisy)
        self.first = nn.Linear(n_features, n_experts * hidden)
        bound = 1 / math.sqrt(hidden)
        self.weight = nn.Parameter(
            torch.empty(n_experts, hidden, n_outputs).uniform_(-bound, bound)
        )
        self.bias = nn.Parameter(torch.empty(n_experts, n_outputs).uniform_(-bound, bound))

    def expert_log_proba(self, x: Tensor) -> Tensor:
        """Compute the logarithm of every deep expert's probabilities.

        Parameters
        ----------
        x : Tensor, shape (n, n_features)
            Features.

        Returns
        -------
        Tensor, shape (n, n_experts, n_outputs)
            Log probabilities.
        """
        if x.ndim != 2 or x.shape[1] != self.first.in_features:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; (n, {self.first.in_features}) is what the experts "
                "need."
            )
        hidden = self.first(x).relu().unflatten(1, (self.n_experts, -1))
        return (torch.einsum("neh,ehk->nek", hidden, self.weight) + self.bias).log_softmax(-1)

    def forward(
        self,
        x: Tensor,
        gate_features: Tensor | None = None,
        outside_log_proba: Tensor | None = None,
    ) -> MixtureOutput:
        """Mix the experts.

        Parameters
        ----------
        x : Tensor, shape (n, n_features)
            Features of the experts.
        gate_features : Tensor, shape (n, n_gate_features), default=None
            Features of the gate. If None, ``x``.
        outside_log_proba : Tensor, shape (n, n_outputs), default=None
            Logarithm of the outside expert's probabilities, needed with ``outside=True`` only.

        Returns
        -------
        MixtureOutput
            ``log_proba``, ``gates``, ``load`` and ``expert_log_proba``.
        """
        if self.outside != (outside_log_proba is not None):
            raise ValueError(
                f"outside_log_proba is {'' if self.outside else 'not '}None, but outside="
                f"{self.outside}; both or neither is needed."
            )
        gate = self.gate(x if gate_features is None else gate_features)
        deep = self.expert_log_proba(x)
        every = (
            deep if outside_log_proba is None else torch.cat([deep, outside_log_proba[:, None]], 1)
        )
        log_proba = (gate.log_gates[..., None] + every).logsumexp(1)
        return MixtureOutput(log_proba, gate.gates, gate.load, deep)


class MoENetwork(nn.Module):
    """Extractor, gate and experts; with manual features also the traditional expert.

    Parameters
    ----------
    n_channels, n_times, n_outputs : int
        Layout of the windows, number of classes.
    sfreq : float or None
        Sampling rate in Hz.
    extractor : callable or None
        Makes the feature extractor from ``n_channels``, ``n_times`` and ``sfreq``. If None,
        `EEGNet`.
    n_manual : int
        Manual features; 0 for none, and no traditional expert.
    n_experts, hidden, top_k, noisy
        As in `MixtureOfExperts`.
    mixed_precision : bool
        Run the extractor in bfloat16 where that is safe.
    """

    def __init__(
        self,
        n_channels: int,
        n_times: int,
        n_outputs: int,
        *,
        sfreq: float | None,
        extractor: Callable[..., nn.Module] | None,
        n_manual: int,
        n_experts: int,
        hidden: int,
        top_k: int | None,
        noisy: bool,
        mixed_precision: bool,
    ) -> None:
        super().__init__()
        self.mixed_precision = mixed_precision
        make = EEGNet if extractor is None else extractor
        with prefix_errors("extractor"):
            self.extractor = make(n_channels=n_channels, n_times=n_times, sfreq=sfreq)
            n_features = _count_features(self.extractor, n_channels, n_times)
        n_gate_features = n_features + n_manual
        self.norm = nn.BatchNorm1d(n_gate_features) if n_manual else None
        self.mixture = MixtureOfExperts(
            n_features,
            n_outputs,
            n_experts,
            hidden=hidden,
            n_gate_features=n_gate_features,
            outside=n_manual > 0,
            top_k=top_k,
            noisy=noisy,
        )
        self.register_buffer("log_prior", torch.zeros(n_outputs))

    def forward(
        self,
        x: Tensor,
        moments: Tensor | None = None,
        manual: Tensor | None = None,
        outside: Tensor | None = None,
        expert: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Compute what prediction and loss need.

        Parameters
        ----------
        x : Tensor, shape (n, n_channels, n_times)
            Standardised windows.
        moments : Tensor, default=None
            As in `EEGNet`.
        manual : Tensor, shape (n, n_manual), default=None
            Standardised manual features.
        outside : Tensor, shape (n, n_outputs), default=None
            Logarithm of the traditional expert's probabilities.
        expert : Tensor of int, shape (n,), default=None
            In pre-training: the deep expert that each window is for.

        Returns
        -------
        tuple of Tensor
            In pre-training the log probabilities of each window's expert alone. Else those of the
            mixture divided by the prior (unnormalised), those of the mixture, gates, load, those of
            the deep experts and, where given, ``outside``.
        """
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.mixed_precision):
            features = self.extractor(x) if moments is None else self.extractor(x, moments)
        features = features.to(x.dtype)
        if expert is not None:
            deep = self.mixture.expert_log_proba(features)
            return (deep[torch.arange(len(deep), device=deep.device), expert],)
        gate_features = None
        if self.norm is not None and manual is not None:
            gate_features = self.norm(torch.cat([features, manual], 1))
        out = self.mixture(features, gate_features, outside)
        corrected = out.log_proba - self.log_prior
        outputs = (corrected, *out)
        return outputs if outside is None else (*outputs, outside)


def network_shapes(network_params: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a network's weights and buffers, without the memory for them.

    Parameters
    ----------
    network_params : dict
        Arguments of `MoENetwork`.

    Returns
    -------
    dict of str to tuple of int
        Shapes by name.
    """
    with torch.device("meta"):
        state = MoENetwork(**network_params).state_dict()
    return {name: tuple(values.shape) for name, values in state.items()}


def _count_features(extractor: nn.Module, n_channels: int, n_times: int) -> int:
    training = extractor.training
    with torch.no_grad():
        features = extractor.eval()(torch.zeros(2, n_channels, n_times))
    extractor.train(training)
    if features.ndim != 2 or len(features) != 2:
        raise ValueError(
            f"extractor made {tuple(features.shape)} of 2 windows; (2, n_features) is needed."
        )
    return features.shape[1]


def squared_variation(values: Tensor) -> Tensor:
    """Return var / mean**2: 0 if all are equal (or alone), their number if one has everything."""
    if len(values) == 1:
        return values.sum() * 0
    return values.var() / (values.mean().square() + 1e-10)


def balance_loss(gates: Tensor, load: Tensor) -> Tensor:
    """Return the importance loss plus the load loss.

    Parameters
    ----------
    gates : Tensor, shape (n, n_experts)
        Shares; their sum over trials is an expert's importance.
    load : Tensor, shape (n_experts,)
        Number of trials of each expert.

    Returns
    -------
    Tensor, shape ()
        Sum of the squared variations of the two.
    """
    return squared_variation(gates.sum(0)) + squared_variation(load)


def agreement_loss(expert_log_proba: Tensor, outside_log_proba: Tensor) -> Tensor:
    """Return the mean divergence KL(outside || deep), in nats.

    Parameters
    ----------
    expert_log_proba : Tensor, shape (n, n_experts, n_outputs)
        Log probabilities of the deep experts.
    outside_log_proba : Tensor, shape (n, n_outputs)
        Log probabilities of the outside expert.

    Returns
    -------
    Tensor, shape ()
        Mean over trials and deep experts.
    """
    gap = outside_log_proba[:, None] - expert_log_proba
    return (outside_log_proba.exp()[:, None] * gap).sum(-1).mean()


class MoELoss(nn.Module):
    """Negative log likelihood; after pre-training also balance and agreement of the experts.

    Parameters
    ----------
    weight : Tensor, shape (n_outputs,), or None
        Weight of each class.
    w_balance, w_agree : float
        Weights of the two further losses.
    """

    weight: Tensor | None

    def __init__(self, weight: Tensor | None, w_balance: float, w_agree: float) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.w_balance, self.w_agree = w_balance, w_agree

    def forward(self, outputs: tuple[Tensor, ...], y: Tensor) -> Tensor:
        """Compute the loss of what `MoENetwork` returns.

        Parameters
        ----------
        outputs : tuple of Tensor
            The network's outputs.
        y : Tensor of int, shape (n,)
            Classes.

        Returns
        -------
        Tensor, shape ()
            The loss.
        """
        if len(outputs) == 1:
            return F.nll_loss(outputs[0], y, self.weight)
        _, log_proba, gates, load, deep, *outside = outputs
        loss = F.nll_loss(log_proba, y, self.weight) + self.w_balance * balance_loss(gates, load)
        if outside:
            loss = loss + self.w_agree * agreement_loss(deep, outside[0])
        return loss


# skseizure.moe imports them on use, where doctest would not find them.
__test__ = {"MixtureOfExperts": MixtureOfExperts, "NoisyTopKGate": NoisyTopKGate}
