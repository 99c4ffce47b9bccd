"""EEGNet against its textbook form."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skseizure.moe import EEGNet
from skseizure.moe._eegnet import SameConvolution, batch_moments, trial_moments

from ._textbook import TextbookEEGNet


@pytest.fixture(autouse=True)
def seed():
    """Seed torch's generator for the test, and leave it as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def _pair(n_channels, n_times, kernel_size, dtype=torch.float64):
    net = EEGNet(n_channels, n_times, kernel_size=kernel_size, dropout=(0, 0), method="fast").to(
        dtype
    )
    with torch.no_grad():  # statistics and scales that a mistake could not hide behind
        for norm in (net.temporal_norm, net.spatial_norm, net.pointwise_norm):
            norm.running_mean.normal_(std=0.1)
            norm.running_var.uniform_(0.5, 2)
            norm.weight.uniform_(0.5, 2)
            norm.bias.normal_()
    textbook = TextbookEEGNet(n_channels, n_times, kernel_size, net.pools, dropout=(0, 0))
    return net, textbook.to(dtype).take(net)


def _compare(net, textbook, x, rtol, training):
    net.train(training)
    textbook.train(training)
    ours, theirs = net(x), textbook(x)
    assert_allclose(ours.detach(), theirs.detach(), rtol=0, atol=rtol * theirs.detach().abs().max())
    weights = torch.randn_like(ours)
    ours.backward(weights)
    theirs.backward(weights)
    layers = textbook.layers
    pairs = [
        (net.temporal.grad, layers[1].weight.grad[:, 0, 0]),
        (net.spatial.grad.flatten(0, 1), layers[3].weight.grad[:, 0, :, 0]),
        (net.depthwise.weight.grad, layers[9].weight.grad[:, :, 0]),
    ]
    if x.dtype == torch.float64 or not training:
        # The second norm takes out the first one's scale: in training its gradient is what rounding
        # leaves of terms that cancel.
        pairs.append((net.temporal_norm.weight.grad, layers[2].weight.grad))
    for mine, other in pairs:
        assert_allclose(mine, other, rtol=0, atol=rtol * other.abs().max())
    assert_allclose(net.temporal_norm.running_mean, layers[2].running_mean, rtol=rtol, atol=rtol)
    assert_allclose(net.temporal_norm.running_var, layers[2].running_var, rtol=rtol)
    assert_allclose(net.spatial_norm.running_var, layers[4].running_var, rtol=rtol)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("n_channels", "n_times", "kernel_size"),
    [(3, 128, 64), (3, 127, 63), (1, 130, 33), (5, 96, 1), (2, 65, 2), (2, 40, 40)],
)
def test_fast_form_is_the_textbook(n_channels, n_times, kernel_size, training):
    net, textbook = _pair(n_channels, n_times, kernel_size)
    x = torch.randn(6, n_channels, n_times, dtype=torch.float64) + 0.3
    _compare(net, textbook, x, 1e-9, training)


@pytest.mark.parametrize("training", [True, False])
def test_in_single_precision_at_the_size_of_an_application(training):
    net, textbook = _pair(20, 1000, 64, torch.float32)
    _compare(net, textbook, torch.randn(16, 20, 1000) + 0.3, 1e-5, training)


def test_both_methods_are_the_same():
    fast = EEGNet(4, 200, 128, dropout=(0, 0), method="fast")
    conv = EEGNet(4, 200, 128, dropout=(0, 0), method="conv")
    conv.load_state_dict(fast.state_dict())
    x = torch.randn(5, 4, 200)
    for _ in range(2):
        torch.testing.assert_close(fast(x), conv(x), rtol=0, atol=1e-5)
    torch.testing.assert_close(
        fast.temporal_norm.running_var, conv.temporal_norm.running_var, rtol=1e-5, atol=0
    )
    assert fast.temporal_norm.num_batches_tracked == conv.temporal_norm.num_batches_tracked == 2


def test_a_gradient_for_the_signal_is_that_of_the_textbook():
    net, textbook = _pair(2, 64, 16)
    x = torch.randn(3, 2, 64, dtype=torch.float64)
    for training in (True, False):
        net.train(training)
        textbook.train(training)
        ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
        net(ours).square().sum().backward()
        textbook(theirs).square().sum().backward()
        torch.testing.assert_close(ours.grad, theirs.grad)


def test_convolution_has_the_right_gradient():
    z = torch.randn(2, 3, 2, 11, dtype=torch.float64, requires_grad=True)
    for size in (1, 4, 5):
        kernel = torch.randn(3, size, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(SameConvolution.apply, (z, kernel))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_moments_are_those_of_all_stretches(data):
    n_times = data.draw(st.integers(1, 24))
    size = data.draw(st.integers(1, n_times))
    shape = (data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3)), n_times)
    x = np.random.default_rng(data.draw(st.integers(0, 99))).normal(loc=0.5, size=shape)
    left = (size - 1) // 2
    padded = np.pad(x, ((0, 0), (0, 0), (left, size - 1 - left)))
    stretches = np.lib.stride_tricks.sliding_window_view(padded, size, axis=2).reshape(-1, size)
    x = torch.from_numpy(x)
    for moments in (None, trial_moments(x, size)):
        mean, second = batch_moments(x, size, moments)
        assert_allclose(mean, stretches.mean(axis=0), atol=1e-12)
        assert_allclose(second, stretches.T @ stretches / len(stretches), atol=1e-12)


def test_known_moments_change_nothing():
    net = EEGNet(3, 100, 128, dropout=(0, 0))
    x = torch.randn(4, 3, 100)
    torch.testing.assert_close(net(x), net(x, trial_moments(x, net.kernel_size)))


def test_parameter_count_of_the_published_sizes():
    """512 + 16 + 320 + 32 + 256 + 256 + 32, and 256 features of 512 samples."""
    net = EEGNet(20, 512, 128)
    assert net.kernel_size == 64 and net.pools == (4, 8)
    assert (net.first_dropout.p, net.second_dropout.p, net.max_norm) == (0.1, 0.5, 1)
    assert sum(p.numel() for p in net.parameters()) == 1424
    assert net.n_features == net(torch.randn(2, 20, 512)).shape[1] == 256
    assert EEGNet(20, 512, 128, n_outputs=3)(torch.randn(2, 20, 512)).shape == (2, 3)


def test_kernel_and_pools_follow_rate_and_length():
    assert EEGNet(2, 1000, 250).kernel_size == 125  # half a second
    assert EEGNet(2, 1000).kernel_size == 64 and EEGNet(2, 100, 250).kernel_size == 50
    for n_times, pools in ((512, (4, 8)), (100, (4, 6)), (40, (2, 5)), (8, (1, 2)), (1, (1, 1))):
        assert EEGNet(2, n_times).pools == pools


def test_norms_of_spatial_filters_stay_within_the_limit():
    net = EEGNet(4, 64, 128, max_norm=0.5)
    optimiser = torch.optim.SGD(net.parameters(), lr=10)
    for _ in range(3):
        net(torch.randn(8, 4, 64)).sum().backward()
        optimiser.step()
        assert net.spatial.norm(dim=-1).max() > 0.5
        before = net.spatial.detach().clone()
        net.constrain()
        assert net.spatial.norm(dim=-1).max() <= 0.5 + 1e-6
        small = before.norm(dim=-1) <= 0.5
        torch.testing.assert_close(net.spatial[small], before[small])


@pytest.mark.parametrize(
    ("n_channels", "n_times"), [(1, 64), (64, 64), (1, 4096), (64, 256), (3, 1), (2, 5), (20, 999)]
)
def test_any_layout(n_channels, n_times):
    net = EEGNet(n_channels, n_times, 256)
    assert net.kernel_size <= max(1, n_times // 2)
    assert net(torch.randn(3, n_channels, n_times)).shape == (3, net.n_features)


def test_no_window_has_no_features():
    assert EEGNet(2, 64).eval()(torch.zeros(0, 2, 64)).shape == (0, 64)


def test_bad_sizes():
    with pytest.raises(ValueError, match="n_channels is 0; at least 1"):
        EEGNet(0, 64)
    with pytest.raises(ValueError, match="sfreq is 0"):
        EEGNet(1, 64, 0)
    with pytest.raises(ValueError, match="kernel_size is 65 for windows of 64 samples"):
        EEGNet(1, 64, kernel_size=65)
    with pytest.raises(ValueError, match="n_outputs is 0; at least 1"):
        EEGNet(1, 64, n_outputs=0)
    with pytest.raises(ValueError, match=r"dropout is 0\.2; two shares"):
        EEGNet(1, 64, dropout=0.2)
    with pytest.raises(ValueError, match="max_norm is 0; a number above 0"):
        EEGNet(1, 64, max_norm=0)
    with pytest.raises(ValueError, match="method is 'slow'"):
        EEGNet(1, 64, method="slow")
    with pytest.raises(ValueError, match=r"x has shape \(2, 3, 64\); \(n, 1, 64\) is needed"):
        EEGNet(1, 64)(torch.zeros(2, 3, 64))
