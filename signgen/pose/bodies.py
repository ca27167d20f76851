"""Bodies of other people: the lengths of the bones of a pose changed, part by part."""

from __future__ import annotations

import numpy as np

from signgen.pose.bones import ORDER
from signgen.pose.layout import (
    FACE,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NOSE,
    PARENTS,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.pose.sequence import PoseSequence

# What varies from signer to signer, each by a factor of its own.
PARTS = {
    "shoulders": (LEFT_SHOULDER, RIGHT_SHOULDER),
    "upper_arms": (LEFT_ELBOW, RIGHT_ELBOW),
    "forearms": (LEFT_WRIST, RIGHT_WRIST),
    "neck": (NOSE,),
    "face": (*range(14, 18), *range(FACE.start, FACE.stop)),
    "hands": (*range(LEFT_HAND.start, LEFT_HAND.stop), *range(RIGHT_HAND.start, RIGHT_HAND.stop)),
    "trunk": (LEFT_HIP, RIGHT_HIP),
}
# No factor is further from 1 than this.
WIDEST = 0.2


def draw_body(spread: float, rng: np.random.Generator) -> tuple[float, ...]:
    """A factor on the bones of each of `PARTS`, log-normal with sd ``spread``, at most `WIDEST` away from 1."""
    factors = np.exp(spread * rng.standard_normal(len(PARTS)))
    return tuple(np.clip(factors, 1 - WIDEST, 1 + WIDEST).tolist())


def bone_factors(body: tuple[float, ...]) -> np.ndarray:
    """(128,) factor on the length of the bone that ends at each keypoint, from one for each of `PARTS`."""
    factors = np.ones(len(PARENTS))
    for keypoints, factor in zip(PARTS.values(), body, strict=True):
        factors[list(keypoints)] = factor
    return factors


def with_body(poses: PoseSequence, factors: np.ndarray) -> PoseSequence:
    """Poses whose bones are ``factors`` (128,) times as long and point as before; the neck stays where it is.

    Lengths change in space where there is depth, else in the picture.
    """
    from signgen.pose.motion_kernels import scale_bones

    points = np.asarray(poses.xy, np.float64)
    if poses.depth is not None:
        points = np.concatenate([points, poses.depth[..., None]], axis=-1)
    points = scale_bones(points, poses.confidence.astype(np.float64), factors, PARENTS, ORDER)
    keypoints = np.concatenate([points[..., :2], poses.confidence[..., None]], axis=-1)
    return poses.replace(keypoints=keypoints, depth=points[..., 2] if poses.depth is not None else None)
