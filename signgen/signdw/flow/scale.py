"""Coordinates of keypoints in units of their own spread, and how much an error of each matters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from signgen.pose.layout import HAND_BONES, LEFT_HAND, NUM_KEYPOINTS, PARENTS, PARTS, RIGHT_HAND
from signgen.signdw.motion.loss import KEYPOINT_UNITS, KEYPOINT_WEIGHTS

# The spread of a coordinate is at least this share of that of its part: what never moves would be all noise else.
_LEAST = 0.3


class Scale(nn.Module):
    """Middle and spread of each coordinate.

    Args:
        channels: coordinates of a keypoint.
    """

    middle: Tensor
    spread: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("middle", torch.zeros(NUM_KEYPOINTS, channels))
        self.register_buffer("spread", torch.ones(NUM_KEYPOINTS, channels))

    @torch.no_grad()
    def fit(self, values: Tensor, counted: Tensor) -> None:
        """Take both from values (B, T, 128, C) where ``counted`` (B, T, 128) is true."""
        here = counted[..., None].to(values.dtype)
        total = here.sum((0, 1)).clamp(min=1)
        middle = (values * here).sum((0, 1)) / total
        spread = (((values - middle) * here).square().sum((0, 1)) / total).sqrt()
        for part in PARTS.values():
            least = _LEAST * spread[part].square().mean().sqrt()
            spread[part] = spread[part].clamp(min=max(float(least), 1e-3))
        self.middle.copy_(middle)
        self.spread.copy_(spread)

    def into(self, values: Tensor) -> Tensor:
        """(B, T, 128 C) of values (B, T, 128, C) in shoulder widths."""
        return ((values - self.middle) / self.spread).flatten(2)

    def out(self, scaled: Tensor) -> Tensor:
        """The way back."""
        return scaled.view(*scaled.shape[:2], *self.middle.shape) * self.spread + self.middle


def point_weights() -> Tensor:
    """(128,) how much an error of a keypoint matters beside the others of its part: what moves others, more."""
    return KEYPOINT_WEIGHTS * torch.from_numpy(KEYPOINT_UNITS)


def bone_lengths(values: Tensor) -> Tensor:
    """(B, T, 58) lengths of the bones of values (B, T, 128, C) [shoulder widths]."""
    children, parents, is_root = _BONES
    begin = torch.where(is_root.to(values.device)[:, None], 0.0, values[:, :, parents])
    return (values[:, :, children] - begin).square().sum(-1).add(1e-8).sqrt()


def seen_bones(visible: Tensor) -> Tensor:
    """(B, T, 58) bool whether both ends are there."""
    children, parents, _ = _BONES
    return visible[:, :, children] & visible[:, :, parents]


def _bone_table() -> tuple[Tensor, Tensor, Tensor]:
    """Children, parents, and whether the parent is the root that values of the child are measured from."""
    body = [(child, int(PARENTS[child]), False) for child in range(18) if PARENTS[child] >= 0]
    hands = [
        (hand.start + child, hand.start + parent, parent == 0)
        for hand in (LEFT_HAND, RIGHT_HAND)
        for parent, child in HAND_BONES
    ]
    children, parents, is_root = zip(*body, *hands, strict=True)
    return torch.tensor(children), torch.tensor(parents), torch.tensor(is_root)


_BONES = _bone_table()
