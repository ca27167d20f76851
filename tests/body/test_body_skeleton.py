"""The canonical skeleton: bone lengths, reach, hand frames and limits against hand-worked values."""

from __future__ import annotations

import numpy as np
import pytest

from signgen.body.face import head_turns, moved_face, rest_face
from signgen.body.skeleton import (
    FOREARM,
    SHOULDER,
    UPPER_ARM,
    forearm_frame,
    hand_frame,
    hand_points,
    right_arm,
    strain,
    turned_hand,
    two_bones,
    wrist_angles,
)
from signgen.body.surface import PLACES, SOLIDS, place_point, pushed_out
from signgen.pose.layout import FACE, MIRROR


def test_two_bones_make_the_right_triangle():
    middle, end = two_bones(np.zeros(3), np.array([5.0, 0, 0]), 3.0, 4.0, np.array([0.0, 1, 0]))
    assert middle == pytest.approx([9 / 5, 12 / 5, 0])
    assert end == pytest.approx([5, 0, 0])


def test_arms_keep_their_bones_wherever_they_reach():
    wrists = np.random.default_rng(0).uniform(-0.9, 0.9, (200, 3))
    elbows, reached = right_arm(wrists, 20.0)
    assert np.linalg.norm(elbows - SHOULDER, axis=1) == pytest.approx(UPPER_ARM)
    assert np.linalg.norm(reached - elbows, axis=1) == pytest.approx(FOREARM)


def test_a_right_hand_that_says_stop():
    """Fingers up, palm to the viewer: the thumb points to the signer's left, which is right in the picture."""
    frame = hand_frame(np.array([0.0, -1, 0]), np.array([0.0, 0, -1]))
    assert frame[:, 1] == pytest.approx([1, 0, 0])
    assert np.linalg.det(np.stack([frame[:, 0], frame[:, 2], frame[:, 1]], axis=1)) == pytest.approx(1)


def test_a_bent_knuckle_points_out_of_the_palm():
    shape = np.zeros((1, 21))
    shape[0, 0], shape[0, 18] = 90, 10
    points = hand_points(shape)[0]
    assert points[8] - points[5] == pytest.approx([0, 0, 0.091])
    assert points[12] - points[9] == pytest.approx([0.102, 0, 0])


def test_a_forearm_forward_with_the_palm_in_is_at_ease():
    wrist = SHOULDER + np.array([0, UPPER_ARM, -FOREARM])
    elbow = (SHOULDER + np.array([0, UPPER_ARM, 0]))[None]
    at_ease = hand_frame(np.array([0.0, 0, -1]), np.array([1.0, 0, 0]))
    backwards = hand_frame(np.array([0.0, 0, 1]), np.array([1.0, 0, 0]))
    forearm = forearm_frame(elbow, wrist[None])
    assert strain(wrist_angles(at_ease[None], forearm))[0] == pytest.approx(0)
    assert strain(wrist_angles(backwards[None], forearm))[0] > 60


@pytest.mark.parametrize(
    ("fingers", "palm", "angles"),
    [
        ((0.0, 0, -1), (0, 1.0, 0), (90, 0, 0)),  # forearm forward, palm down: turned
        ((0.0, 0, -1), (0, -1.0, 0), (-90, 0, 0)),
        ((1.0, 0, 0), (0, 0, 1.0), (0, 90, 0)),  # fingers in, palm to the signer: bent to the palm
        ((0.0, 1, 0), (1.0, 0, 0), (0, 0, 90)),  # fingers down, palm in: bent to the little finger
    ],
)
def test_wrist_angles_of_a_forearm_that_points_forward(fingers, palm, angles):
    wrist = SHOULDER + np.array([0, UPPER_ARM, -FOREARM])
    forearm = forearm_frame(SHOULDER + np.array([0, UPPER_ARM, 0]), wrist)
    frame = hand_frame(np.array(fingers), np.array(palm))
    assert wrist_angles(frame, forearm) == pytest.approx(angles, abs=1e-6)
    assert turned_hand(np.array(angles, float), forearm) == pytest.approx(frame, abs=1e-9)


def test_an_elbow_swings_out_to_its_own_side():
    wrist = np.array([-0.15, 0.1, -0.35])
    hanging, out = right_arm(wrist, 0.0)[0], right_arm(wrist, 40.0)[0]
    assert out[0] < hanging[0] - 0.05
    assert out[1] < hanging[1]


@pytest.mark.parametrize("place", PLACES)
def test_places_are_mirrored_and_outside_the_body(place):
    (right, out), (left, other) = place_point(place, 1), place_point(place, -1)
    assert right == pytest.approx(left * [-1, 1, 1])
    assert out == pytest.approx(other * [-1, 1, 1])
    for point, way in (place_point(place), (right, out)):
        tip = point + 0.008 * way
        assert all(np.linalg.norm((tip - centre) / axes) > 0.97 for centre, axes in SOLIDS), place


def test_a_hand_in_the_chest_is_pushed_forward():
    inside = np.tile([0.02, 0.2, -0.09], (3, 21, 1)).astype(float)
    shift = pushed_out(inside, 0.0)
    assert (shift[:, 2] < -0.01).all()
    assert not pushed_out(inside + np.array([0, 0, -0.3]), 0.0).any()


def test_the_face_is_symmetric_and_moves():
    mirrored = rest_face()[MIRROR[FACE] - FACE.start] * [-1, 1, 1]
    assert rest_face() == pytest.approx(mirrored, abs=1e-9)
    raised = moved_face({"brows": "raised"}, np.array([0.0, 1.0]))
    assert (raised[1, 17:27, 1] < raised[0, 17:27, 1]).all()
    turns, _ = head_turns("turn_right", np.ones(1), np.zeros(1))
    assert (turns[0] @ [0, 0, -1])[0] < -0.3, "the signer's right is left in the picture"
    turns, _ = head_turns("down", np.ones(1), np.zeros(1))
    assert (turns[0] @ [0, 0, -1])[1] > 0.2
    turns, _ = head_turns("tilt", np.ones(1), np.zeros(1))
    assert (turns[0] @ [0, -1, 0])[0] < -0.1
