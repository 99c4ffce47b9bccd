"""EEGNet: a small convolutional network for EEG."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._mixture import check_sizes
from ._temporal import SameConvolution, batch_moments, padding

# The published kernel: half a second at the published 128 Hz.
KERNEL_SIZE = 64
DEPTHWISE_SIZE = 16


class EEGNet(nn.Module):
    """EEGNet for any number of channels, samples and any sampling rate.

    Temporal convolution, batch norm, depthwise spatial convolution, batch norm, ELU, average pool,
    dropout; depthwise temporal and pointwise convolution, batch norm, ELU, average pool, dropout;
    flattened, as published [1]_. Sizes follow the mixture of experts [2]_ that it is the feature
    extractor of.

    Parameters
    ----------
    n_channels, n_times : int
        Layout of the windows.
    sfreq : float, default=None
        Sampling rate in Hz, which makes the temporal kernel half a second long. None: 64 samples,
        the published length.
    n_outputs : int, default=None
        Add a linear layer with that many outputs (logits). None: `forward` returns the features.
    n_filters : int, default=8
        Temporal filters.
    depth : int, default=2
        Spatial filters of each temporal filter.
    n_pointwise : int, default=16
        Maps after the pointwise convolution.
    kernel_size : int, default=None
        Samples of the temporal kernel. None: from ``sfreq``, at most half the window.
    dropout : (float, float), default=(0.1, 0.5)
        Dropout after the first and the second pool.
    max_norm : float, default=1.0
        Largest norm of a spatial filter; `constrain` sees to it, to be called after each step of an
        optimiser.
    method : {"auto", "fast", "conv"}, default="auto"
        How temporal and spatial convolution are computed. ``"conv"``: one after the other.
        ``"fast"``: channels are summed first and the kernel is applied by Fourier transform; the
        statistics of the first batch norm come from the signal's second moments. The results are
        the same up to rounding. ``"auto"``: ``"fast"`` on a CPU, else ``"conv"``. In training,
        gradients for the signal itself need ``"conv"``, which is then taken.

    Attributes
    ----------
    n_features : int
        Number of features, what `forward` returns without ``n_outputs``.
    kernel_size : int
        Samples of the temporal kernel.
    pools : (int, int)
        Lengths of the pools: 4 and 8, less where windows are short.

    Raises
    ------
    ValueError
        If a size is below one, the kernel is longer than the window, or the sampling rate or
        ``max_norm`` is not above zero.

    Notes
    -----
    For F filters, depth D, C channels and windows of T samples the first layers cost
    O(F D T (C + log T)) with ``"fast"``, O(F C T K) with ``"conv"`` and a kernel of K samples.

    References
    ----------
    .. [1] V. J. Lawhern et al. EEGNet: a compact convolutional neural network for EEG-based
       brain-computer interfaces. Journal of Neural Engineering 15:056013, 2018.
    .. [2] Z. Du, R. Peng, W. Liu, W. Li, D. Wu. Mixture of experts for EEG-based seizure subtype
       classification. IEEE Transactions on Neural Systems and Rehabilitation Engineering
       31:4781-4789, 2023.

    Examples
    --------
    >>> import torch
    >>> from skseizure.moe import EEGNet
    >>> net = EEGNet(n_channels=20, n_times=512, sfreq=128)
    >>> net(torch.randn(3, 20, 512)).shape
    torch.Size([3, 256])
    """

    __module__ = "skseizure.moe"

    def __init__(
        self,
        n_channels: int,
        n_times: int,
        sfreq: float | None = None,
        *,
        n_outputs: int | None = None,
        n_filters: int = 8,
        depth: int = 2,
        n_pointwise: int = 16,
        kernel_size: int | None = None,
        dropout: tuple[float, float] = (0.1, 0.5),
        max_norm: float = 1.0,
        method: Literal["auto", "fast", "conv"] = "auto",
    ) -> None:
        super().__init__()
        sizes = {
            "n_channels": n_channels,
            "n_times": n_times,
            "n_filters": n_filters,
            "depth": depth,
            "n_pointwise": n_pointwise,
        }
        if n_outputs is not None:
            sizes["n_outputs"] = n_outputs
        check_sizes(**sizes)
        if np.shape(dropout) != (2,):
            raise ValueError(
                f"dropout is {dropout!r}; two shares, one after each pool, are needed."
            )
        if not max_norm > 0:
            raise ValueError(f"max_norm is {max_norm}; a number above 0 is needed.")
        if method not in ("auto", "fast", "conv"):
            raise ValueError(f"method is {method!r}; 'auto', 'fast' or 'conv' is needed.")
        self.kernel_size = _kernel_size(kernel_size, sfreq, n_times)
        self.n_channels, self.n_times = n_channels, n_times
        self.max_norm, self.method = max_norm, method
        first = min(max(n_times // 16, 1), 4)
        second = min(max(n_times // first // 4, 1), 8)
        self.pools = first, second
        n_maps = n_filters * depth
        self.temporal = nn.Parameter(_uniform(n_filters, self.kernel_size))
        self.temporal_norm = nn.BatchNorm2d(n_filters, eps=1e-3, momentum=0.01)
        self.spatial = nn.Parameter(_uniform(n_filters, depth, n_channels))
        self.spatial_norm = nn.BatchNorm1d(n_maps, eps=1e-3, momentum=0.01)
        size = min(DEPTHWISE_SIZE, n_times // first)
        self.depthwise = nn.Conv1d(n_maps, n_maps, size, groups=n_maps, bias=False)
        self.pointwise = nn.Conv1d(n_maps, n_pointwise, 1, bias=False)
        self.pointwise_norm = nn.BatchNorm1d(n_pointwise, eps=1e-3, momentum=0.01)
        self.first_dropout, self.second_dropout = (nn.Dropout(p) for p in dropout)
        self.n_features = n_pointwise * (n_times // first // second)
        self.head = None if n_outputs is None else nn.Linear(self.n_features, n_outputs)
        self.constrain()

    @torch.no_grad()
    def constrain(self) -> None:
        """Shrink spatial filters above ``max_norm`` to it; call it after each optimiser step."""
        norms = torch.linalg.vector_norm(self.spatial, dim=-1, keepdim=True)
        self.spatial.mul_((self.max_norm / norms.clamp(min=1e-12)).clamp(max=1))

    def forward(self, x: Tensor, moments: Tensor | None = None) -> Tensor:
        """Compute features, or logits.

        Parameters
        ----------
        x : Tensor, shape (n, n_channels, n_times)
            Windows, standardised.
        moments : Tensor, shape (n, kernel_size + 1), default=None
            What the windows add to the moments of a batch, where known from before; only ``"fast"``
            in training uses it.

        Returns
        -------
        Tensor, shape (n, n_features) or (n, n_outputs)
            Features, or logits where there are ``n_outputs``.
        """
        if x.ndim != 3 or x.shape[1:] != (self.n_channels, self.n_times):
            raise ValueError(
                f"x has shape {tuple(x.shape)}; (n, {self.n_channels}, {self.n_times}) is needed."
            )
        fast = self.method == "fast" or (self.method == "auto" and x.device.type == "cpu")
        if fast and len(x) and not (self.training and x.requires_grad):
            maps = self._fast(x, moments)
        else:
            maps = self._plain(x)
        maps = self.first_dropout(F.avg_pool1d(F.elu(self.spatial_norm(maps)), self.pools[0]))
        maps = self.depthwise(F.pad(maps, padding(self.depthwise.kernel_size[0])))
        maps = F.elu(self.pointwise_norm(self.pointwise(maps)))
        features = self.second_dropout(F.avg_pool1d(maps, self.pools[1])).flatten(1)
        return features if self.head is None else self.head(features)

    def _plain(self, x: Tensor) -> Tensor:
        padded = F.pad(x[:, None], padding(self.kernel_size))
        maps = self.temporal_norm(F.conv2d(padded, self.temporal[:, None, None]))
        kernel = self.spatial.flatten(0, 1)[:, None, :, None]
        return F.conv2d(maps, kernel, groups=len(self.temporal)).squeeze(2)

    def _fast(self, x: Tensor, moments: Tensor | None) -> Tensor:
        norm: Any = self.temporal_norm  # with running statistics, which its type leaves open
        if self.training:
            mean, variance = self._batch_statistics(x, moments)
        else:
            mean, variance = norm.running_mean, norm.running_var
        scale = norm.weight * torch.rsqrt(variance + norm.eps)
        shift = norm.bias - scale * mean
        kernel = (scale[:, None, None] * self.spatial).flatten(0, 1)
        # Fourier transforms know no bfloat16, which autocast would hand them.
        with torch.autocast(x.device.type, enabled=False):
            z = torch.matmul(kernel.to(x.dtype), x).unflatten(1, self.spatial.shape[:2])
            maps = SameConvolution.apply(z, self.temporal).flatten(1, 2)
        return maps + (shift[:, None] * self.spatial.sum(-1)).flatten()[:, None]

    def _batch_statistics(self, x: Tensor, moments: Tensor | None) -> tuple[Tensor, Tensor]:
        norm: Any = self.temporal_norm
        with torch.no_grad():
            m, second = batch_moments(x, self.kernel_size, moments)
        w = self.temporal.double()
        mean = w @ m
        variance = ((w @ second) * w).sum(1) - mean.square()
        with torch.no_grad():
            n = x.numel()
            norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), norm.momentum)
            unbiased = variance * (n / max(n - 1, 1))
            norm.running_var.lerp_(unbiased.to(norm.running_var.dtype), norm.momentum)
            norm.num_batches_tracked += 1
        return mean.to(self.temporal.dtype), variance.clamp(min=0).to(self.temporal.dtype)


def _kernel_size(kernel_size: int | None, sfreq: float | None, n_times: int) -> int:
    if sfreq is not None and not (math.isfinite(sfreq) and sfreq > 0):
        raise ValueError(f"sfreq is {sfreq!r}; a sampling rate above 0 Hz is needed.")
    if kernel_size is None:
        half_second = KERNEL_SIZE if sfreq is None else round(sfreq / 2)
        return max(1, min(half_second, n_times // 2))
    if not 1 <= kernel_size <= n_times:
        raise ValueError(
            f"kernel_size is {kernel_size} for windows of {n_times} samples; 1 to {n_times} is "
            "needed."
        )
    return kernel_size


def _uniform(*shape: int) -> Tensor:
    """Draw initial weights as torch's convolutions do, uniform within 1 / sqrt(inputs)."""
    bound = 1 / math.sqrt(shape[-1])
    return torch.empty(shape).uniform_(-bound, bound)


# skseizure.moe imports them on use, where doctest would not find them.
__test__ = {"EEGNet": EEGNet}
