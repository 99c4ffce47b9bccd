"""EEGNet's first layers in an exact, cheaper order.

Temporal convolution, batch norm and spatial convolution are linear, so that channels can be summed
before the convolution: it then runs over ``n_filters * depth`` maps instead of ``n_filters *
n_channels``. What batch norm must know of the maps that are never made follows from the second
moments of the signal.
"""

from __future__ import annotations

from typing import Any

import torch
from scipy.fft import next_fast_len
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


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
        `trial_moments` of these trials. None: computed.

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
