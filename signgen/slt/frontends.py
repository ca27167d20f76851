"""What looks at single frames of keypoints before the transformer looks along time."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.nn.transformer import MaskedNorm
from signgen.pose.layout import FACE, LEFT_HAND, LEFT_WRIST, NOSE, NUM_KEYPOINTS, RIGHT_HAND, RIGHT_WRIST

# Hands and faces are about a quarter as wide as shoulders are apart.
PART_SCALE = 4.0
_NOSE_TIP = 30
# Part, its own root, the body keypoint that stands in for it.
_ROOTS = (
    (LEFT_HAND, LEFT_HAND.start, LEFT_WRIST),
    (RIGHT_HAND, RIGHT_HAND.start, RIGHT_WRIST),
    (FACE, FACE.start + _NOSE_TIP, NOSE),
)


def in_parts(frames: Tensor) -> Tensor:
    """Hands and face seen from their own root and enlarged, so that a finger counts as much as an arm.

    The root is the wrist of the hand or the tip of the nose; where it is missing, the wrist or nose of the body; where
    that is missing too, nothing says where the part is and its keypoints count as missing.

    Args:
        frames: (..., 128, 3) x, y, confidence from the neck.
    """
    found = frames.clone()
    for part, root, stand_in in _ROOTS:
        has_root = frames[..., root, 2:] > 0
        origin = torch.where(has_root, frames[..., root, :2], frames[..., stand_in, :2])
        is_seen = (frames[..., part, 2] > 0) & (has_root | (frames[..., stand_in, 2:] > 0))
        found[..., part, :2] = (frames[..., part, :2] - origin[..., None, :]) * PART_SCALE
        found[..., part, :] *= is_seen[..., None]
    return found


class LinearFrontend(nn.Module):
    """All keypoints of a frame through one linear layer, batch norm over real frames, softsign."""

    def __init__(self, width: int, is_in_parts: bool) -> None:
        super().__init__()
        self.is_in_parts = is_in_parts
        self.linear = nn.Linear(NUM_KEYPOINTS * 3, width)
        self.norm = MaskedNorm(width)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """(B, T, width) of (B, T, 128, 3) keypoints; ``mask`` (B, T) is true for real frames."""
        if self.is_in_parts:
            frames = in_parts(frames)
        return F.softsign(self.norm(self.linear(frames.flatten(2)), mask))
