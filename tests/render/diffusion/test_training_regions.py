"""How much latents count in training: boxes of hands and face, worked out by hand."""

import numpy as np
import pytest
import torch

from signgen.pose.layout import FACE, LEFT_HAND, NUM_KEYPOINTS, RIGHT_HAND
from signgen.render.diffusion.training.losses import weighted_errors
from signgen.render.diffusion.training.regions import loss_weights
from signgen.render.diffusion.training.settings import Focus

# 8 x 8 latents of 8 px.
SHAPE, CELL = (8, 8), 8


def frame(**parts):
    """(1, 128, 3) keypoints: of each part two corners, seen with a confidence, the rest of it at the first corner."""
    points = np.zeros((1, NUM_KEYPOINTS, 3), np.float32)
    names = {"left": LEFT_HAND, "right": RIGHT_HAND, "face": FACE}
    for name, (x0, y0, x1, y1, confidence) in parts.items():
        points[0, names[name]] = x0, y0, confidence
        points[0, names[name].start, :2] = x1, y1
    return points


def weights(focus, **parts):
    return loss_weights(frame(**parts), SHAPE, CELL, focus)[0]


PLAIN = Focus(hands=0.2, face=0.1, margin=0, most=100)


def test_a_hand_that_is_half_sure():
    # Four latents of 64 share 0.2 x 0.5 of the loss; the rest is spread over all.
    found = weights(PLAIN, left=(16, 16, 32, 32, 0.5))
    expected = np.full(SHAPE, 0.9)
    expected[2:4, 2:4] = 0.9 + 0.1 * 64 / 4
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_all_three_parts_overlap_and_reach_over_edges_of_latents():
    found = weights(PLAIN, left=(12, 16, 20, 24, 1), right=(0, 0, 16, 8, 1), face=(16, 16, 24, 24, 0.5))
    expected = np.full(SHAPE, 1 - 0.2 - 0.2 - 0.05)
    expected[2, 1] += 0.2 * 64 * 0.5
    expected[2, 2] += 0.2 * 64 * 0.5 + 0.05 * 64
    expected[0, :2] += 0.2 * 32
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_margin_is_a_share_of_the_larger_side():
    # 8 x 16 px and a quarter of 16 px all around: 16 x 24 px, six latents.
    found = weights(Focus(0.2, 0, 0.25, 100), left=(20, 20, 28, 36, 1))
    expected = np.full(SHAPE, 0.8)
    expected[2:5, 2:4] += 0.2 * 64 / 6
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_half_a_latent_adds_no_more_than_most():
    # Half a latent with a share of 0.2 would add 25.6; 4 is allowed, so its share is 4 x 0.5 / 64.
    found = weights(Focus(0.2, 0, 0, 4), left=(16, 16, 20, 24, 1))
    expected = np.full(SHAPE, 1 - 4 * 0.5 / 64)
    expected[2, 2] += 4 * 0.5
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("parts", [{}, {"left": (100, 100, 120, 120, 1)}, {"face": (8, 8, 8, 8, 1)}])
def test_what_is_not_seen_outside_or_without_area_changes_nothing(parts):
    assert np.array_equal(weights(PLAIN, **parts), np.ones(SHAPE, np.float32))


def test_weights_of_a_frame_are_1_on_average_wherever_the_parts_are():
    dice = np.random.default_rng(0)
    points = np.zeros((50, NUM_KEYPOINTS, 3), np.float32)
    for part in (LEFT_HAND, RIGHT_HAND, FACE):
        middle = dice.uniform(-20, 84, (50, 1, 2))
        points[:, part, :2] = middle + dice.uniform(-12, 12, (50, part.stop - part.start, 2))
        points[:, part, 2] = dice.uniform(0, 1.2, (50, part.stop - part.start))
    found = loss_weights(points, SHAPE, CELL, Focus())
    np.testing.assert_allclose(found.mean((1, 2)), 1, rtol=1e-6)
    assert found.min() > 0


@pytest.mark.parametrize("size", [8, 16, 32])
def test_an_error_in_the_hand_counts_the_same_whatever_its_size(size):
    own = weights(PLAIN, left=(16, 16, 16 + size, 16 + size, 1))
    errors = np.zeros(SHAPE)
    errors[2 : 2 + size // 8, 2 : 2 + size // 8] = 1
    share = errors.mean()
    assert (own * errors).mean() == pytest.approx(0.2 + 0.8 * share)


def test_weighted_errors_by_hand():
    said, target = torch.zeros(1, 2, 1, 2), torch.tensor([[[[1.0, 2.0]], [[3.0, 0.0]]]])
    losses = weighted_errors(said, target, torch.tensor([[[1.5, 0.5]]]))
    # Mean squares over channels are 5 and 2.
    assert float(losses["total"]) == pytest.approx((5 * 1.5 + 2 * 0.5) / 2)
    assert float(losses["frame"]) == pytest.approx(3.5)
    assert float(losses["parts"]) == pytest.approx(5)
