"""How synthesised signers hold themselves: elbows at the side, raised hands inside the picture."""

from __future__ import annotations

import numpy as np
import pytest

from signgen.lexicon.lexicon import open_lexicon
from signgen.lexicon.notation import parse_signs
from signgen.lexicon.phonology import metric
from signgen.lexicon.synthesis import synthesise
from signgen.lexicon.written import synthesised
from signgen.pose.layout import RIGHT_ELBOW, RIGHT_HAND, RIGHT_SHOULDER

OVER_THE_HEAD = (
    "X: {words: [x], hand: 5, palm: away, fingers: up, at: forehead, touch: finger_pads, contact: hold}"
)


@pytest.mark.parametrize("gloss", ["FATHER", "GRANDFATHER", "FIREFIGHTER", "THINK", "IN", "DRINK"])
def test_the_elbow_lies_at_the_side_and_the_upper_arm_does_not_point_at_the_viewer(gloss):
    entry = next(entry for entry in open_lexicon("ase").entries if entry.gloss == gloss)
    points = metric(synthesised(entry))[round(entry.start * 24) : round(entry.end * 24)]
    upper = points[:, RIGHT_ELBOW] - points[:, RIGHT_SHOULDER]
    assert upper[:, 0].max() < 0.0, "the signer's right is at negative x"
    # Forward is negative z.
    assert np.median(-upper[:, 2] / np.linalg.norm(upper, axis=1)) < 0.97


@pytest.mark.parametrize(("width", "height"), [(512, 512), (640, 360), (360, 640)])
def test_a_hand_raised_to_the_forehead_stays_in_the_picture(width, height):
    sign = parse_signs(OVER_THE_HEAD)[0]
    hand = synthesise(sign, width=width, height=height).xy[:, RIGHT_HAND]
    raised = hand[hand[..., 1].min(axis=1).argmin()]
    assert raised.min() > 0
    assert (raised < [width, height]).all()
