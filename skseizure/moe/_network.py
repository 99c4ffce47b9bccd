"""The whole network, from a window to the classes, and its loss."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._core.errors import prefix_errors
from ._eegnet import EEGNet
from ._mixture import MixtureOfExperts, agreement_loss, balance_loss


class MoENetwork(nn.Module):
    """Extractor, gate and experts; with manual features also the traditional expert's say.

    Parameters
    ----------
    n_channels, n_times, n_outputs : int
        Layout of the windows, number of classes.
    sfreq : float or None
        Sampling rate in Hz.
    extractor : callable or None
        Makes the feature extractor from ``n_channels``, ``n_times`` and ``sfreq``. None: `EEGNet`.
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
