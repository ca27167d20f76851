"""`Signer`: the body and habits of a made-up signer, drawn by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from signgen.corpus.settings import Style
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

# What varies from signer to signer, each by a factor of its own.
_PARTS = {
    "shoulders": (LEFT_SHOULDER, RIGHT_SHOULDER),
    "upper_arms": (LEFT_ELBOW, RIGHT_ELBOW),
    "forearms": (LEFT_WRIST, RIGHT_WRIST),
    "neck": (NOSE,),
    "face": (*range(14, 18), *range(FACE.start, FACE.stop)),
    "hands": (*range(LEFT_HAND.start, LEFT_HAND.stop), *range(RIGHT_HAND.start, RIGHT_HAND.stop)),
    "trunk": (LEFT_HIP, RIGHT_HIP),
}
# No factor is further from 1 than this.
_WIDEST = 0.2
# A stream of numbers of its own, so that signers do not depend on how many sentences there are.
_STREAM = 101


@dataclass(frozen=True)
class Signer:
    """A signer.

    Attributes:
        name: ``signer000`` and so on.
        bones: factor on the bones of each part of the body, in the order of `_PARTS`.
        is_left_handed: signs with the left hand.
        pace: where in the range of tempos the signer likes to be, 0 to 1.
        reach: where in the range of amplitudes, 0 to 1.
    """

    name: str
    bones: tuple[float, ...]
    is_left_handed: bool
    pace: float
    reach: float

    @cached_property
    def factors(self) -> np.ndarray:
        """(128,) factor on the length of the bone that ends at each keypoint."""
        factors = np.ones(len(PARENTS))
        for keypoints, factor in zip(_PARTS.values(), self.bones, strict=True):
            factors[list(keypoints)] = factor
        return factors


def make_signers(style: Style, seed: int) -> tuple[Signer, ...]:
    """The signers of a corpus."""
    rng = np.random.default_rng([seed, _STREAM])
    signers = []
    for number in range(style.signers):
        bones = np.clip(np.exp(style.shape * rng.standard_normal(len(_PARTS))), 1 - _WIDEST, 1 + _WIDEST)
        hand, pace, reach = rng.random(3)
        signers.append(
            Signer(
                f"signer{number:03d}",
                tuple(bones.tolist()),
                bool(hand < style.left_handed),
                float(pace),
                float(reach),
            )
        )
    return tuple(signers)
