"""What a motion tokenizer learns from: distance, movement, bone lengths, visibility and nearness to codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from signgen.pose.layout import (
    FACE,
    HAND_BONES,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_HIP,
    LEFT_KNEE,
    LEFT_WRIST,
    NOSE,
    NUM_KEYPOINTS,
    PARENTS,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_HIP,
    RIGHT_KNEE,
    RIGHT_WRIST,
)
from signgen.signdw.motion.settings import TokenizerTraining
from signgen.signdw.motion.tokenizer import Coded
from signgen.signdw.motion.windows import Windows

# An error of so many shoulder widths counts 1: about what each part moves, so that fingers count as much as arms.
_UNITS = {"body": 0.3, "hand": 0.1, "face": 0.1}


@dataclass(frozen=True, eq=False)
class TokenizerLosses:
    """Losses of a batch, each a number.

    Attributes:
        total: the weighted sum that is learned from.
        distance: mean weighted distance of coordinates, in parts' units.
        velocity: the same of differences between frames.
        bones: of bone lengths.
        visibility: cross-entropy of which keypoints are there.
        commitment: distance of vectors from their codes.
    """

    total: Tensor
    distance: Tensor
    velocity: Tensor
    bones: Tensor
    visibility: Tensor
    commitment: Tensor


def tokenizer_losses(coded: Coded, truth: Windows, train: TokenizerTraining) -> TokenizerLosses:
    """Losses of what was decoded; keypoints that are hidden in the data have no weight."""
    seen = (truth.visible & truth.mask[..., None]).to(coded.values.dtype)
    weights = KEYPOINT_WEIGHTS.to(seen.device)
    away = coded.values - truth.values
    distance = _mean(away.abs().mean(-1), seen * weights)
    both = seen[:, 1:] * seen[:, :-1]
    velocity = _mean(away.diff(dim=1).abs().mean(-1), both * weights)
    bones = _bones(coded.values, truth.values, seen)
    frames = truth.mask[..., None].expand_as(truth.visible).to(seen.dtype)
    target = truth.visible.to(seen.dtype)
    visibility = _mean(F.binary_cross_entropy_with_logits(coded.visibility, target, reduction="none"), frames)
    total = (
        distance
        + train.velocity * velocity
        + train.bones * bones
        + train.visibility * visibility
        + train.commitment * coded.commitment
    )
    return TokenizerLosses(total, distance, velocity, bones, visibility, coded.commitment)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    """Mean of values (B, T, 128) where there is something, by weight; errors count in the unit of their part.

    The weights of keypoints already hold their units, so the sum is divided by how many there are.
    """
    return (values * weights).sum() / (weights > 0).sum().clamp(min=1)


def _bones(found: Tensor, truth: Tensor, seen: Tensor) -> Tensor:
    """Difference of bone lengths; both ends of a bone have the same root, or the parent is the root itself."""
    children, parents, is_root, units = (x.to(found.device) for x in _BONES)
    lengths = []
    for values in (found, truth):
        from_ = torch.where(is_root[:, None], torch.zeros_like(values[:, :, parents]), values[:, :, parents])
        lengths.append((values[:, :, children] - from_).square().sum(-1).add(1e-8).sqrt())
    ends = seen[:, :, children] * seen[:, :, parents]
    return _mean((lengths[0] - lengths[1]).abs(), ends * units)


def _keypoint_weights() -> Tensor:
    """(128,) weight over unit. What hangs on a root moves with it; legs say nothing."""
    weights = np.ones(NUM_KEYPOINTS, np.float32)
    weights[[LEFT_WRIST, RIGHT_WRIST]] = 6
    weights[[LEFT_ELBOW, RIGHT_ELBOW, NOSE]] = 2
    weights[[LEFT_HAND.start, RIGHT_HAND.start]] = 2
    weights[[LEFT_HIP, RIGHT_HIP]] = 0.5
    weights[[LEFT_KNEE, LEFT_KNEE + 1, RIGHT_KNEE, RIGHT_KNEE + 1]] = 0.25
    return torch.from_numpy(weights / KEYPOINT_UNITS)


def _units() -> np.ndarray:
    units = np.full(NUM_KEYPOINTS, _UNITS["body"], np.float32)
    units[LEFT_HAND.start : FACE.start] = _UNITS["hand"]
    units[FACE] = _UNITS["face"]
    return units


def _bone_table() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Children, parents, whether the parent is the root that values are measured from, and 1 / unit."""
    body = [(child, int(PARENTS[child]), False) for child in range(18) if PARENTS[child] >= 0]
    hands = [
        (hand.start + child, hand.start + parent, parent == 0)
        for hand in (LEFT_HAND, RIGHT_HAND)
        for parent, child in HAND_BONES
    ]
    children, parents, is_root = zip(*body, *hands, strict=True)
    units = 1 / torch.from_numpy(KEYPOINT_UNITS)[list(children)]
    return torch.tensor(children), torch.tensor(parents), torch.tensor(is_root), units


# (128,) float32 shoulder widths that count 1.
KEYPOINT_UNITS = _units()
# (128,) weight over unit of an error of each keypoint.
KEYPOINT_WEIGHTS = _keypoint_weights()
_BONES = _bone_table()
