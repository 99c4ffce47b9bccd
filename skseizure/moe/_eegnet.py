"""EEGNet: a small convolutional network for EEG, its first layers in an exact, cheaper order.

Temporal convolution, batch norm and spatial convolution are linear, so that channels can be summed
before the convolution: it then runs over ``n_filters * depth`` maps instead of ``n_filters *
n_channels``. What batch norm must know of the maps that are never made follows from the second
moments of the signal.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import torch
from scipy.fft import next_fast_len
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

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
        Sampling rate in Hz, which makes the temporal kernel half a second long. If None, the kernel
        has 64 samples, the published length.
    n_outputs : int, default=None
        Add a linear layer with that many outputs (logits). If None, `forward` returns features.
    n_filters : int, default=8
        Temporal filters.
    depth : int, default=2
        Spatial filters of each temporal filter.
    n_pointwise : int, default=16
        Maps after the pointwise convolution.
    kernel_size : int, default=None
        Samples of the temporal kernel. If None, from ``sfreq``, at most half the window.
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
            maps = self._channels_first(x, moments)
        else:
            maps = self._convolved(x)
        maps = self.first_dropout(F.avg_pool1d(F.elu(self.spatial_norm(maps)), self.pools[0]))
        maps = self.depthwise(F.pad(maps, padding(self.depthwise.kernel_size[0])))
        maps = F.elu(self.pointwise_norm(self.pointwise(maps)))
        features = self.second_dropout(F.avg_pool1d(maps, self.pools[1])).flatten(1)
        return features if self.head is None else self.head(features)

    def _convolved(self, x: Tensor) -> Tensor:
        padded = F.pad(x[:, None], padding(self.kernel_size))
        maps = self.temporal_norm(F.conv2d(padded, self.temporal[:, None, None]))
        kernel = self.spatial.flatten(0, 1)[:, None, :, None]
        return F.conv2d(maps, kernel, groups=len(self.temporal)).squeeze(2)

    def _channels_first(self, x: Tensor, moments: Tensor | None) -> Tensor:
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


def check_sizes(**sizes: int) -> None:
    """Raise a ValueError for a size of a module that is below one."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} is {size}; at least 1 is needed.")


def padding(kernel_size: int) -> tuple[int, int]:
    """Return the zeros before and after a signal that keep its length under a convolution."""
    left = (kernel_size - 1) // 2
    return left, kernel_size - 1 - left


# Not a cache of functools, which torch.compile looks through into code that it cannot trace.
_LENGTHS: dict[int, int] = {}


def _fast_length(n: int) -> int:
    """Return the least length of a quick Fourier transform of ``n`` samples or more."""
    if n not in _LENGTHS:
        _LENGTHS[n] = next_fast_len(n, real=True)
    return _LENGTHS[n]


class SameConvolution(torch.autograd.Function):
    """Convolution that keeps the length, by Fourier transform; O(T log T) a map.

    As in ``torch.nn.functional.conv1d``, the kernel is not reversed.
    """

    @staticmethod
    def forward(ctx: Any, z: Tensor, kernel: Tensor) -> Tensor:
        """Convolve maps (n, n_filters, depth, n_times) with kernels (n_filters, kernel_size)."""
        n_times, size = z.shape[-1], kernel.shape[-1]
        length = _fast_length(n_times + size - 1)
        z_f, kernel_f = torch.fft.rfft(z, length), torch.fft.rfft(kernel, length)
        ctx.save_for_backward(z_f, kernel_f)
        ctx.sizes = n_times, size, length
        left, _ = padding(size)
        # Correlation is the product with the conjugate; what lies before 0 stands at the end.
        full = torch.fft.irfft(z_f * kernel_f.conj()[None, :, None], length)
        return full.roll(left, -1)[..., :n_times]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Return the gradients of maps and kernels."""
        z_f, kernel_f = ctx.saved_tensors
        n_times, size, length = ctx.sizes
        left, _ = padding(size)
        grad_f = torch.fft.rfft(grad, length)
        grad_z = grad_kernel = None
        if ctx.needs_input_grad[0]:
            full = torch.fft.irfft(grad_f * kernel_f[None, :, None], length)
            grad_z = full[..., left : left + n_times]
        if ctx.needs_input_grad[1]:
            products = (grad_f.conj() * z_f).sum((0, 2))
            grad_kernel = torch.fft.irfft(products, length).roll(left, -1)[..., :size]
        return grad_z, grad_kernel


def trial_moments(x: Tensor, kernel_size: int) -> Tensor:
    """Return what a trial adds to the moments, whatever the batch it is in.

    Parameters
    ----------
    x : Tensor, shape (n, n_channels, n_times)
        Signals.
    kernel_size : int
        Length of the temporal kernel.

    Returns
    -------
    Tensor of float64, shape (n, kernel_size + 1)
        Autocorrelation at lags 0 to ``kernel_size - 1`` summed over channels, then the sum.
    """
    x = x.double()
    length = _fast_length(x.shape[-1] + kernel_size - 1)
    spectrum = torch.fft.rfft(x, length)
    power = (spectrum.real.square() + spectrum.imag.square()).sum(1)
    lags = torch.fft.irfft(power, length)
    return torch.cat([lags[:, :kernel_size], x.sum((1, 2))[:, None]], 1)


def batch_moments(
    x: Tensor, kernel_size: int, moments: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return mean and second moments of all stretches that a kernel is laid over.

    Parameters
    ----------
    x : Tensor, shape (n, n_channels, n_times)
        Signals of a batch; zeros stand around them.
    kernel_size : int
        Length of the temporal kernel, at most ``n_times``.
    moments : Tensor, shape (n, kernel_size + 1), default=None
        `trial_moments` of these trials. If None, they are computed.

    Returns
    -------
    mean : Tensor of float64, shape (kernel_size,)
        Mean over trials, channels and times.
    second : Tensor of float64, shape (kernel_size, kernel_size)
        Mean of the products: for a kernel w the convolution has the mean ``w @ mean`` and the
        variance ``w @ second @ w - (w @ mean)**2``.
    """
    if moments is None:
        moments = trial_moments(x, kernel_size)
    total = moments.sum(0)
    left, right = padding(kernel_size)
    head = x[..., :right].flatten(0, 1).double()
    tail = x[..., x.shape[-1] - left :].flatten(0, 1).double()
    lag = torch.arange(kernel_size, device=x.device)
    second = total[(lag[:, None] - lag).abs()]
    mean = total[-1].repeat(kernel_size)
    # Stretches that start before the signal or end after it are in the autocorrelation, but the
    # convolution keeps only those around a sample.
    if right:
        second[left + 1 :, left + 1 :] -= _diagonal_sums(head.T @ head)
        mean[left + 1 :] -= head.sum(0).cumsum(0)
    if left:
        second[:left, :left] -= _diagonal_sums((tail.T @ tail).flip(0, 1)).flip(0, 1)
        mean[:left] -= tail.sum(0).flip(0).cumsum(0).flip(0)
    n = x.numel()
    return mean / n, second / n


def _diagonal_sums(square: Tensor) -> Tensor:
    """Sum along each diagonal from its upper end down to each element."""
    r = len(square)
    # In rows one element shorter than the padded ones, each row starts one column further right:
    # after the flip, diagonals stand upright.
    skewed = F.pad(square.flip(1), (0, r)).flatten()[: r * (2 * r - 1)].view(r, 2 * r - 1)
    sums = F.pad(skewed.cumsum(0).flatten(), (0, r)).view(r, 2 * r)
    return sums[:, :r].flip(1)


# skseizure.moe imports them on use, where doctest would not find them.
__test__ = {"EEGNet": EEGNet}
