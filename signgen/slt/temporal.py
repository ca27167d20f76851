"""A front end that sees each frame with its neighbours: keypoints through one linear layer, then filters along time."""

from __future__ import annotations

from torch import Tensor, nn

from signgen.slt.frontends import LinearFrontend
from signgen.slt.graph import TemporalLayer

# Three filters of five frames see 13, about a second: one sign and where it came from.
LAYERS = 3


class TemporalFrontend(nn.Module):
    """`LinearFrontend` with temporal layers behind it, so that movement need not be learned by attention."""

    def __init__(self, width: int, is_in_parts: bool) -> None:
        super().__init__()
        self.frame = LinearFrontend(width, is_in_parts)
        self.time = nn.ModuleList(TemporalLayer(width) for _ in range(LAYERS))

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(B, T, width) of (B, T, 128, 3) keypoints; ``mask`` (B, T) is true for real frames."""
        x = self.frame(frames, mask)[:, :, None]
        for layer in self.time:
            x = layer(x, mask)
        found: Tensor = x[:, :, 0]
        return found
