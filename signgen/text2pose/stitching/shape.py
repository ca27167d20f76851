"""One skeleton for all recordings: bone lengths, hand size and face size in shoulder widths.

In a picture a bone only ever looks shorter than it is, so its length is read where it is longest: at the 90th
percentile of a signer's frames. Recordings then keep their foreshortening and change their proportions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np

from signgen.pose.bones import ORDER, bone_lengths
from signgen.pose.layout import (
    FACE,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_WRIST,
    NOSE,
    PARENTS,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_WRIST,
)
from signgen.text2pose.stitching.clip import Clip

LONGEST = 90
# Of a signer's clips, this percentile shows an arm at its full length; arms that never come near the typical length
# only ever pointed at the camera and are left alone.
ARMS_SEEN = 75
FORESHORTENED = 0.85
# Proportions further off than this are a bad estimate rather than a person.
FACTOR_LIMITS = (0.8, 1.25)


@dataclass(frozen=True)
class SignerShape:
    """Proportions of a signer in shoulder widths; NaN where never seen.

    Attributes:
        upper_arm: shoulder to elbow.
        forearm: elbow to wrist.
        neck: neck to nose.
        palm: wrist to the roots of the fingers, mean of the four.
        face: width between the ends of the jaw line.
    """

    upper_arm: float
    forearm: float
    neck: float
    palm: float
    face: float


# Means over the signers of 20 fingerspelling lexicons (docs/stitching.md).
STANDARD = SignerShape(upper_arm=0.90, forearm=0.74, neck=0.58, palm=0.28, face=0.47)


def measure_shape(clips: Sequence[Clip]) -> SignerShape:
    """Proportions of the one signer of all ``clips``: each clip's longest view, then the typical clip."""
    rows = np.array([_measure(clip) for clip in clips])
    arms = [_quantile(rows[:, i], ARMS_SEEN) for i in range(2)]
    return SignerShape(*arms, *(_quantile(rows[:, i], 50) for i in range(2, 5)))


def _measure(clip: Clip) -> list[float]:
    # Where depth is real nothing is foreshortened.
    points, confidence = clip.points if clip.is_spatial else clip.points[..., :2], clip.confidence
    lengths = bone_lengths(points, np.where(confidence > 0.5, confidence, 0))
    palm = [first + finger for first in (LEFT_HAND.start, RIGHT_HAND.start) for finger in (5, 9, 13, 17)]
    jaw = (confidence[:, FACE.start] > 0) & (confidence[:, FACE.start + 16] > 0)
    width = np.linalg.norm(points[jaw, FACE.start] - points[jaw, FACE.start + 16], axis=-1)
    return [
        _quantile(lengths[:, [LEFT_ELBOW, RIGHT_ELBOW]], LONGEST),
        _quantile(lengths[:, [LEFT_WRIST, RIGHT_WRIST]], LONGEST),
        _quantile(lengths[:, NOSE], 50),
        _quantile(lengths[:, palm].reshape(-1, 2, 4).mean(-1), LONGEST),
        _quantile(width, 50),
    ]


def canonical(clip: Clip, own: SignerShape, target: SignerShape = STANDARD) -> Clip:
    """The clip with the bones of its signer's shape ``own`` made as long as those of ``target``."""
    from signgen.pose.motion_kernels import scale_bones

    points = scale_bones(clip.points, clip.confidence, _factors(own, target), PARENTS, ORDER)
    return replace(clip, points=points)


@lru_cache(maxsize=64)
def _factors(own: SignerShape, target: SignerShape) -> np.ndarray:
    """(128,) factor on the length of the bone that ends at each keypoint."""
    ratio = {f.name: _factor(getattr(own, f.name), getattr(target, f.name)) for f in fields(SignerShape)}
    for arm in ("upper_arm", "forearm"):
        if getattr(own, arm) < FORESHORTENED * getattr(target, arm):
            ratio[arm] = 1.0
    factors = np.ones(len(PARENTS))
    factors[[LEFT_ELBOW, RIGHT_ELBOW]] = ratio["upper_arm"]
    factors[[LEFT_WRIST, RIGHT_WRIST]] = ratio["forearm"]
    factors[NOSE] = ratio["neck"]
    factors[14:18] = factors[FACE] = ratio["face"]
    factors[LEFT_HAND] = factors[RIGHT_HAND] = ratio["palm"]
    return factors


def _factor(own: float, target: float) -> float:
    if not (np.isfinite(own) and own > 0):
        return 1.0
    return float(np.clip(target / own, *FACTOR_LIMITS))


def _quantile(values: np.ndarray, percent: float) -> float:
    seen = values[np.isfinite(values)]
    return float(np.percentile(seen, percent)) if len(seen) else float("nan")
