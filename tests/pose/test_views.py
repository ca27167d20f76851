"""Views against trigonometry, and what hides what."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from signgen.errors import PoseError
from signgen.pose.layout import FACE, LEFT_SHOULDER, NECK, NOSE, RIGHT_HAND, RIGHT_SHOULDER, RIGHT_WRIST
from signgen.pose.sequence import PoseSequence
from signgen.pose.views import HIDDEN, rotate

sys.path.insert(0, str(Path(__file__).parents[1] / "text2pose"))
from signer import signer


def with_depth(frames: int = 3, hand_depth: float = -80.0) -> PoseSequence:
    """A signer of shoulder width 150 px with the right hand in front of or behind the chest."""
    poses = signer(frames)
    keypoints = poses.keypoints.copy()
    hand = keypoints[:, RIGHT_HAND, :2] - keypoints[:, RIGHT_HAND.start, None, :2]
    keypoints[:, RIGHT_HAND, :2] = hand * 0.5 + keypoints[:, NECK, None, :2] + [0, 90]
    depth = np.zeros(keypoints.shape[:2])
    depth[:, RIGHT_HAND] = hand_depth
    depth[:, NOSE], depth[:, FACE] = -40, -25
    depth[:, [FACE.start, FACE.start + 16]] = 0
    return poses.replace(keypoints=keypoints, depth=depth)


def test_no_turn_is_no_change() -> None:
    poses = with_depth()
    assert rotate(poses) is poses


@pytest.mark.parametrize("yaw", [-40.0, -10.0, 20.0, 60.0])
def test_a_shoulder_and_a_near_hand_go_where_trigonometry_says(yaw: float) -> None:
    poses = with_depth()
    out = rotate(poses, yaw=yaw)
    a = np.radians(yaw)
    neck = poses.xy[0, NECK]
    np.testing.assert_allclose(out.xy[0, NECK], neck, atol=1e-3)
    shoulder = poses.xy[0, LEFT_SHOULDER] - neck
    np.testing.assert_allclose(
        out.xy[0, LEFT_SHOULDER] - neck, [shoulder[0] * np.cos(a), shoulder[1]], atol=1e-3
    )
    hand = poses.xy[0, RIGHT_HAND.start] - neck
    x = hand[0] * np.cos(a) - 80 * np.sin(a)
    assert out.xy[0, RIGHT_HAND.start, 0] - neck[0] == pytest.approx(x, abs=1e-3)
    assert out.depth is not None
    assert out.depth[0, LEFT_SHOULDER] == pytest.approx(-shoulder[0] * np.sin(a), abs=1e-3)


def test_the_camera_above_sees_near_things_lower() -> None:
    poses = with_depth()
    out = rotate(poses, pitch=30)
    drop = out.xy[0, RIGHT_HAND.start, 1] - poses.xy[0, NECK, 1]
    before = poses.xy[0, RIGHT_HAND.start, 1] - poses.xy[0, NECK, 1]
    assert drop == pytest.approx(before * np.cos(np.radians(30)) + 80 * np.sin(np.radians(30)), abs=1e-3)


def test_there_and_back_is_where_it_was() -> None:
    poses = with_depth()
    back = rotate(rotate(poses, yaw=35), yaw=-35)
    np.testing.assert_allclose(back.xy, poses.xy, atol=1e-2)
    assert back.depth is not None
    np.testing.assert_allclose(back.depth, poses.depth, atol=1e-2)
    assert (back.confidence <= poses.confidence + 1e-6).all()


def test_zoom_keeps_the_neck_and_scales_the_rest() -> None:
    poses = with_depth()
    out = rotate(poses, zoom=1.5)
    width = np.linalg.norm(out.xy[0, LEFT_SHOULDER] - out.xy[0, RIGHT_SHOULDER])
    assert width == pytest.approx(1.5 * 150, rel=1e-4)
    np.testing.assert_allclose(out.xy[:, NECK], poses.xy[:, NECK], atol=1e-3)


def test_a_hand_behind_the_trunk_is_hidden_and_one_before_it_is_not() -> None:
    front, back = rotate(with_depth(), zoom=1.01), rotate(with_depth(hand_depth=80.0), zoom=1.01)
    assert (front.confidence[:, RIGHT_HAND] == 1).all()
    np.testing.assert_allclose(back.confidence[:, RIGHT_HAND], HIDDEN)


def test_the_far_half_of_a_turned_face_is_hidden() -> None:
    poses = with_depth()
    out = rotate(poses, yaw=70)
    jaw = out.confidence[0, FACE.start : FACE.start + 17]
    # the camera stands at the signer's left: the signer's right jaw (first points) is turned away
    assert jaw[0] == pytest.approx(HIDDEN) or jaw[16] == pytest.approx(HIDDEN)
    assert max(jaw[0], jaw[16]) == 1


def test_a_palm_hides_what_is_behind_it() -> None:
    poses = with_depth()
    keypoints, depth = poses.keypoints.copy(), np.array(poses.depth)
    hand = keypoints[:, RIGHT_HAND, :2] - keypoints[:, [RIGHT_HAND.start + 9], :2]
    keypoints[:, RIGHT_HAND, :2] = hand + keypoints[:, NOSE, None, :2]
    depth[:, RIGHT_HAND] = -120
    out = rotate(poses.replace(keypoints=keypoints, depth=depth), zoom=1.01)
    covered = out.confidence[0, FACE] < 1
    assert 5 <= covered.sum() < 68
    assert (out.confidence[:, RIGHT_HAND] == 1).all()


def test_missing_keypoints_stay_missing_and_empty_clips_pass() -> None:
    poses = with_depth()
    keypoints = poses.keypoints.copy()
    keypoints[:, RIGHT_WRIST] = 0
    out = rotate(poses.replace(keypoints=keypoints), yaw=20)
    assert not out.keypoints[:, RIGHT_WRIST].any()
    assert len(rotate(poses[:0], yaw=20)) == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [({"yaw": 90}, "within 80"), ({"zoom": 0}, "zoom"), ({"pitch": float("nan")}, "within 80")],
)
def test_impossible_views_are_refused(arguments: dict[str, float], word: str) -> None:
    with pytest.raises(PoseError, match=word):
        rotate(with_depth(), **arguments)


def test_flat_poses_have_no_other_view() -> None:
    with pytest.raises(PoseError, match="no depth"):
        rotate(signer(2), yaw=20)
