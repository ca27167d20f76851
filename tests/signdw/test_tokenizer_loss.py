from __future__ import annotations

import pytest
import torch
from made_up_signer import signer

from signgen.pose.layout import LEFT_HAND, LEFT_SHOULDER, LEFT_WRIST, RIGHT_HAND
from signgen.signdw.motion.loss import tokenizer_losses
from signgen.signdw.motion.parts import to_parts
from signgen.signdw.motion.settings import TokenizerTraining
from signgen.signdw.motion.tokenizer import Coded
from signgen.signdw.motion.windows import Windows, stacked

TRAIN = TokenizerTraining(velocity=0.5, bones=2, visibility=3, commitment=4)
POINTS = 12 * 128


def losses(change, hide=None):
    """Losses of the truth as ``change`` leaves it; ``hide`` changes visibility and mask."""
    windows = stacked([to_parts(signer(12))])
    values, visible, mask = windows.values, windows.visible.clone(), windows.mask.clone()
    if hide:
        hide(visible, mask)
    found = values.clone()
    change(found)
    coded = Coded(found, torch.where(visible, 30.0, -30.0), torch.tensor(0.25), {})
    return tokenizer_losses(coded, Windows(values, visible, mask), TRAIN)


def move(keypoint, by, frames=slice(None)):
    def change(values):
        values[:, frames, keypoint, 0] += by

    return change


def test_the_truth_costs_only_what_its_codes_do():
    found = losses(lambda values: None)
    assert [float(x) for x in vars(found).values()] == pytest.approx([4 * 0.25, 0, 0, 0, 0, 0.25], abs=1e-6)


@pytest.mark.parametrize(
    ("keypoint", "weight"),
    # Weight over unit: 1 / 0.3 for a shoulder, 6 / 0.3 for a wrist with its hand, 1 / 0.1 for a knuckle.
    [(LEFT_SHOULDER, 1 / 0.3), (LEFT_WRIST, 6 / 0.3), (RIGHT_HAND.start + 9, 1 / 0.1)],
)
def test_distance_is_in_units_of_the_part(keypoint, weight):
    # One of two coordinates is 0.06 off.
    assert float(losses(move(keypoint, 0.06)).distance) == pytest.approx(
        12 * 0.03 * weight / POINTS, rel=1e-4
    )


def test_a_jump_costs_as_movement():
    found = losses(move(LEFT_SHOULDER, 0.06, slice(6, 12)))
    assert float(found.velocity) == pytest.approx(0.03 / 0.3 / (11 * 128), rel=1e-4)
    assert float(losses(move(LEFT_SHOULDER, 0.06)).velocity) == pytest.approx(0, abs=1e-7)


def test_a_larger_hand_has_longer_bones_and_a_moved_one_has_not():
    def enlarge(values):
        values[:, :, LEFT_HAND.start + 1 : LEFT_HAND.stop] *= 1.5

    points = to_parts(signer(12)).values[0, LEFT_HAND]
    parents = [0 if i % 4 == 1 else i - 1 for i in range(1, 21)]
    points[0] = 0
    lengths = ((points[1:] - points[parents]) ** 2).sum(-1) ** 0.5
    bones = 17 + 40
    assert float(losses(enlarge).bones) == pytest.approx(0.5 * lengths.sum() / 0.1 / bones, rel=1e-3)
    moved = losses(move(LEFT_HAND.start, 0.3))
    assert float(moved.bones) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "hide",
    [
        lambda visible, mask: visible[:, :, LEFT_WRIST].fill_(False),
        lambda visible, mask: mask[:, 4:].fill_(False),
    ],
)
def test_what_is_not_there_costs_nothing(hide):
    found = losses(move(LEFT_WRIST, 9.0, slice(4, 12)), hide)
    assert float(found.distance) == float(found.velocity) == float(found.bones) == 0


def test_total_is_the_weighted_sum():
    found = losses(move(slice(0, 60), 0.1, slice(0, 3)))
    parts = (
        found.distance + 0.5 * found.velocity + 2 * found.bones + 3 * found.visibility + 4 * found.commitment
    )
    torch.testing.assert_close(found.total, parts)
