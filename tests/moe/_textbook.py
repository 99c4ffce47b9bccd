"""EEGNet as the books write it: one layer after the other, for the fast form to be held against."""

from torch import nn


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
