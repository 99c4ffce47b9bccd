"""EEGNet and Mix-MoE as the books write them, for the fast forms to be held against."""

import torch
from torch import nn

from skseizure.moe._mixture import balance_loss


class TextbookEEGNet(nn.Module):
    """The published layers, with torch's own modules."""

    def __init__(self, n_channels, n_times, kernel_size=64, pools=(4, 8), dropout=(0.1, 0.5)):
        super().__init__()
        left = (kernel_size - 1) // 2
        second = min(16, n_times // pools[0])
        second_left = (second - 1) // 2
        self.layers = nn.Sequential(
            nn.ZeroPad2d((left, kernel_size - 1 - left, 0, 0)),
            nn.Conv2d(1, 8, (1, kernel_size), bias=False),
            nn.BatchNorm2d(8, momentum=0.01, eps=1e-3),
            nn.Conv2d(8, 16, (n_channels, 1), groups=8, bias=False),
            nn.BatchNorm2d(16, momentum=0.01, eps=1e-3),
            nn.ELU(),
            nn.AvgPool2d((1, pools[0])),
            nn.Dropout(dropout[0]),
            nn.ZeroPad2d((second_left, second - 1 - second_left, 0, 0)),
            nn.Conv2d(16, 16, (1, second), groups=16, bias=False),
            nn.Conv2d(16, 16, 1, bias=False),
            nn.BatchNorm2d(16, momentum=0.01, eps=1e-3),
            nn.ELU(),
            nn.AvgPool2d((1, pools[1])),
            nn.Dropout(dropout[1]),
            nn.Flatten(),
        )
        self.n_features = 16 * (n_times // pools[0] // pools[1])

    def forward(self, x, moments=None):
        return self.layers(x.unsqueeze(1))

    def take(self, net):
        """Copy the weights and running statistics of an `EEGNet`."""
        layers = self.layers
        layers[1].weight.data.copy_(net.temporal.detach()[:, None, None])
        layers[3].weight.data.copy_(net.spatial.detach().flatten(0, 1)[:, None, :, None])
        layers[9].weight.data.copy_(net.depthwise.weight.detach()[:, :, None])
        layers[10].weight.data.copy_(net.pointwise.weight.detach()[..., None])
        norms = (net.temporal_norm, net.spatial_norm, net.pointwise_norm)
        for own, theirs in zip((layers[2], layers[4], layers[11]), norms, strict=True):
            own.load_state_dict(theirs.state_dict())
        return self


class LoopMixMoE(nn.Module):
    """Mix-MoE as one would write it down: textbook EEGNet, one expert after the other."""

    def __init__(self, n_channels, n_times, n_classes, n_manual, n_experts=4, hidden=64):
        super().__init__()
        self.extractor = TextbookEEGNet(n_channels, n_times)
        n = self.extractor.n_features
        self.norm = nn.BatchNorm1d(n + n_manual)
        self.gate = nn.Linear(n + n_manual, n_experts + 1, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(n, hidden), nn.ReLU(), nn.Linear(hidden, n_classes))
            for _ in range(n_experts)
        )

    def loss(self, x, manual, outside, y):
        """Compute the joint loss."""
        features = self.extractor(x)
        gates = self.gate(self.norm(torch.cat([features, manual], 1))).softmax(1)
        mixed = gates[:, -1:] * outside.exp()
        agree = torch.zeros((), device=x.device)
        for i, expert in enumerate(self.experts):
            proba = expert(features).softmax(1)
            mixed = mixed + gates[:, i : i + 1] * proba
            kl = (outside.exp() * (outside - proba.log())).sum(1).mean()
            agree = agree + kl / len(self.experts)
        load = (gates > 0).float().sum(0)
        loss = nn.functional.nll_loss(mixed.log(), y) + 0.1 * balance_loss(gates, load)
        return loss + 0.1 * agree

    def pretrain_loss(self, parts, y):
        """Give each expert a batch of its own, as the published code does."""
        return sum(
            nn.functional.cross_entropy(expert(self.extractor(part)), y)
            for expert, part in zip(self.experts, parts, strict=True)
        )
