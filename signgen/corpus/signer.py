"""`Signer`: the body and habits of a made-up signer, drawn by a seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from signgen.corpus.settings import Style
from signgen.pose.bodies import bone_factors, draw_body

# A stream of numbers of its own, so that signers do not depend on how many sentences there are.
_STREAM = 101


@dataclass(frozen=True)
class Signer:
    """A signer.

    Attributes:
        name: ``signer000`` and so on.
        bones: factor on the bones of each part of the body, in the order of `signgen.pose.bodies.PARTS`.
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
        return bone_factors(self.bones)


def make_signers(style: Style, seed: int) -> tuple[Signer, ...]:
    """The signers of a corpus."""
    rng = np.random.default_rng([seed, _STREAM])
    signers = []
    for number in range(style.signers):
        bones = draw_body(style.shape, rng)
        hand, pace, reach = (float(x) for x in rng.random(3))
        signers.append(Signer(f"signer{number:03d}", bones, hand < style.left_handed, pace, reach))
    return tuple(signers)
