"""One skeleton for all recordings: bone lengths, hand size and face size in shoulder widths.

In a picture a bone only ever looks shorter than it is, so its length is read where it is longest: at the 90th
percentile of a signer's frames. Recordings then keep their foreshortening and change their proportions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

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
# Proportions further off than this are a bad estimate rather than a person.
FACTOR_LIMITS = (0.75, 1.33)


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


# Means over the signers of 19 fingerspelling lexicons; see docs/stitching.md.
STANDARD = SignerShape(upper_arm=0.86, forearm=0.72, neck=0.62, palm=0.28, face=0.42)


def measure_shape(clips: Sequence[Clip]) -> SignerShape:
    """Proportions of the one signer of all ``clips``."""
    points = np.concatenate([clip.points[..., :2] for clip in clips])
    confidence = np.concatenate([clip.confidence for clip in clips])
    lengths = bone_lengths(points, np.where(confidence > 0.5, confidence, 0))
    palm = [first + finger for first in (LEFT_HAND.start, RIGHT_HAND.start) for finger in (5, 9, 13, 17)]
    jaw = (confidence[:, FACE.start] > 0) & (confidence[:, FACE.start + 16] > 0)
    width = np.linalg.norm(points[jaw, FACE.start] - points[jaw, FACE.start + 16], axis=-1)
    return SignerShape(
        upper_arm=_longest(lengths[:, [LEFT_ELBOW, RIGHT_ELBOW]]),
        forearm=_longest(lengths[:, [LEFT_WRIST, RIGHT_WRIST]]),
        neck=_middle(lengths[:, NOSE]),
        palm=_longest(lengths[:, palm].reshape(-1, 2, 4).mean(-1)),
        face=_middle(width),
    )


def canonical(clip: Clip, own: SignerShape, target: SignerShape = STANDARD) -> Clip:
    """The clip with the bones of its signer's shape ``own`` made as long as those of ``target``."""
    from signgen.pose.motion_kernels import scale_bones

    ratio = {f.name: _factor(getattr(own, f.name), getattr(target, f.name)) for f in fields(SignerShape)}
    factors = np.ones(len(PARENTS))
    factors[[LEFT_ELBOW, RIGHT_ELBOW]] = ratio["upper_arm"]
    factors[[LEFT_WRIST, RIGHT_WRIST]] = ratio["forearm"]
    factors[NOSE] = ratio["neck"]
    factors[[*range(14, 18), *range(FACE.start, FACE.stop)]] = ratio["face"]
    factors[[*range(LEFT_HAND.start, LEFT_HAND.stop), *range(RIGHT_HAND.start, RIGHT_HAND.stop)]] = ratio[
        "palm"
    ]
    points = scale_bones(clip.points, clip.confidence, factors, PARENTS, ORDER)
    return Clip(points, clip.confidence, clip.source, clip.fps)


def _factor(own: float, target: float) -> float:
    if not (np.isfinite(own) and own > 0):
        return 1.0
    return float(np.clip(target / own, *FACTOR_LIMITS))


def _longest(values: np.ndarray) -> float:
    seen = values[np.isfinite(values)]
    return float(np.percentile(seen, LONGEST)) if len(seen) else float("nan")


def _middle(values: np.ndarray) -> float:
    seen = values[np.isfinite(values)]
    return float(np.median(seen)) if len(seen) else float("nan")
