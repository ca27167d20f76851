"""PoseNet: drawn poses to features that are added to what the UNet first makes of its input."""

from __future__ import annotations

import torch
from torch import nn

# (channels in, channels out, kernel, stride) of each convolution: the picture becomes 8 times smaller.
LAYERS = (
    (3, 3, 3, 1),
    (3, 16, 4, 2),
    (16, 16, 3, 1),
    (16, 32, 4, 2),
    (32, 32, 3, 1),
    (32, 64, 4, 2),
    (64, 64, 3, 1),
    (64, 128, 3, 1),
)
INITIAL_SCALE = 2.0


class PoseNet(nn.Module):
    """Nine convolutions without norms; names and shapes of the tensors are those of MimicMotion's files.

    Args:
        channels: of the features, as many as the UNet's first convolution gives.
    """

    def __init__(self, channels: int = 320) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for wide, out, kernel, stride in LAYERS:
            layers += [nn.Conv2d(wide, out, kernel, stride, padding=1), nn.SiLU()]
        self.conv_layers = nn.Sequential(*layers)
        self.final_proj = nn.Conv2d(LAYERS[-1][1], channels, kernel_size=1)
        # Zeros: a network that has not been trained leaves the UNet as it is.
        for weight in self.final_proj.parameters():
            nn.init.zeros_(weight)
        self.scale = nn.Parameter(torch.full((1,), INITIAL_SCALE))

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """(n, channels, H/8, W/8) features of (n, 3, H, W) RGB pictures from -1 to 1."""
        features: torch.Tensor = self.final_proj(self.conv_layers(pictures))
        return features * self.scale
