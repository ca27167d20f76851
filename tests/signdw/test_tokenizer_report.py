from __future__ import annotations

import math

import numpy as np
import pytest
from made_up_signer import changed, signer

from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_WRIST
from signgen.signdw.motion.baselines import allocate, lloyd, mean_pose, principal_components
from signgen.signdw.motion.parts import to_parts
from signgen.signdw.motion.report import code_use, reconstruction
from signgen.signdw.motion.tokenizer import Stream


def test_the_truth_is_perfect():
    clips = [to_parts(signer()), to_parts(signer(31))]
    found = reconstruction(clips, [(clip.values, clip.visible) for clip in clips])
    assert (found.hand_pck, found.shape_pck, found.visibility) == (1, 1, 1)
    assert found.motion == pytest.approx(1)
    assert max(found.body, found.left_hand, found.right_hand, found.face) < 1e-6


def test_a_moved_hand_is_wrong_on_the_canvas_but_has_its_shape():
    parts = to_parts(signer())
    values = parts.values.copy()
    values[:, RIGHT_WRIST, 0] += 0.2
    found = reconstruction([parts], [(values, parts.visible)])
    assert found.right_hand == pytest.approx(0.2, rel=1e-5)
    assert found.left_hand == pytest.approx(0, abs=1e-6)
    assert found.body == pytest.approx(0.2 / 14, rel=1e-5)
    assert (found.hand_pck, found.shape_pck) == (0.5, 1)


def test_hidden_points_do_not_count():
    parts = to_parts(changed(signer(), lambda keypoints: keypoints[10:, LEFT_HAND].fill(0)))
    values = parts.values.copy()
    values[10:, LEFT_HAND] = 9
    found = reconstruction([parts], [(values, np.ones_like(parts.visible))])
    assert found.hand_pck == 1
    assert found.visibility == pytest.approx(1 - 50 * 21 / (60 * 128))


def test_a_still_picture_does_not_move():
    parts = to_parts(signer())
    still = np.repeat(parts.values[:1], len(parts), 0)
    assert reconstruction([parts], [(still, parts.visible)]).motion == 0


def test_code_use_counts_both_hands_together():
    streams = (Stream("left_hand", 0, 8), Stream("right_hand", 0, 8), Stream("body", 0, 4))
    codes = np.array([[0, 1, 3], [2, 3, 3], [0, 1, 3], [2, 3, 3]])
    hands, body = code_use(streams, codes)
    assert (hands.part, hands.share, body.share) == ("hand", 0.5, 0.25)
    assert hands.perplexity == pytest.approx(4)
    assert body.perplexity == pytest.approx(1)


def test_bits_go_where_they_gain_most():
    # 16, 4 and 1 are equal after 2, 1 and 0 bits; the next three bits go to one each.
    assert allocate(np.array([16.0, 4.0, 1.0]), 3).tolist() == [2, 1, 0]
    assert allocate(np.array([16.0, 4.0, 1.0]), 6).tolist() == [3, 2, 1]


def test_lloyd_is_the_known_quantiser_of_a_normal_variable():
    """Max (1960): four levels at 0.4528 and 1.510, mean squared error 0.1175."""
    values = np.random.default_rng(0).normal(size=200_000)
    levels = lloyd(values, 4)
    assert levels == pytest.approx([-1.51, -0.4528, 0.4528, 1.51], abs=0.04)
    error = np.abs(values[:, None] - levels).min(1)
    assert (error**2).mean() == pytest.approx(0.1175, abs=0.002)


def test_the_mean_pose_is_the_mean_of_what_is_seen():
    parts = to_parts(changed(signer(), lambda keypoints: keypoints[:30, RIGHT_WRIST].fill(0)))
    ((values, visible),) = mean_pose([parts])([parts])
    assert values[3, RIGHT_WRIST] == pytest.approx(parts.values[30:, RIGHT_WRIST].mean(0), abs=1e-5)
    assert values.shape == parts.values.shape
    assert visible is parts.visible


def test_principal_components_find_a_signer_who_has_few():
    parts = to_parts(signer(100))
    errors = []
    for bits in (2, 8, 16):
        ((values, _),) = principal_components([parts], bits)([parts])
        assert len(values) == 100
        errors.append(np.abs(values - parts.values).max())
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[2] < 0.01
    assert math.isfinite(errors[0])
    assert np.abs(values[:, FACE] - parts.values[:, FACE]).max() < 1e-4
