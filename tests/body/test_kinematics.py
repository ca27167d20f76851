"""Bones and skin move as trigonometry says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from signgen.body.asset import Identity, load_body
from signgen.body.kinematics import BodyPose, at_rest, keypoints, move_bones, skin
from signgen.errors import PoseError
from signgen.pose.layout import LEFT_HAND, LEFT_WRIST, MIRROR, NECK, RIGHT_ELBOW, RIGHT_HAND, RIGHT_WRIST


@pytest.fixture(scope="module")
def body():
    return load_body()


@pytest.fixture(scope="module", params=[None, 5], ids=["neutral", "someone"])
def shape(request, body):
    return body.shape(None if request.param is None else Identity.from_seed(request.param))


def turned(body, **rotations):
    pose = at_rest(body)
    for bone, vector in rotations.items():
        pose.rotations[0, body.bone[bone.replace("_", ".", 1)]] = Rotation.from_rotvec(vector).as_matrix()
    return pose


def test_at_rest_nothing_moves(body, shape):
    np.testing.assert_allclose(skin(shape, at_rest(body))[0], shape.vertices, atol=1e-6)
    np.testing.assert_allclose(keypoints(shape, at_rest(body))[0], shape.keypoints, atol=1e-6)


def test_one_elbow_by_trigonometry(body, shape):
    """A right angle about the axis to the camera turns the forearm in the plane of the picture."""
    points = keypoints(shape, turned(body, lowerarm01_R=(0, 0, np.pi / 2)))[0]
    rest = shape.keypoints
    x, y, z = rest[RIGHT_WRIST] - rest[RIGHT_ELBOW]
    np.testing.assert_allclose(points[RIGHT_WRIST] - points[RIGHT_ELBOW], (-y, x, z), atol=1e-6)
    np.testing.assert_allclose(points[RIGHT_ELBOW], rest[RIGHT_ELBOW], atol=1e-9)
    np.testing.assert_allclose(points[LEFT_HAND], rest[LEFT_HAND], atol=1e-6)


def test_rotations_add_up_along_a_chain(body, shape):
    """Two 30° turns about one axis turn the hand as one of 60° about the elbow, then back by the offset."""
    half = (0, 0, np.pi / 6)
    points = keypoints(shape, turned(body, lowerarm01_R=half, wrist_R=half))[0]
    rest = shape.keypoints
    whole = Rotation.from_rotvec((0, 0, np.pi / 3)).as_matrix()
    hand = (rest[RIGHT_HAND] - rest[RIGHT_WRIST]) @ whole.T
    np.testing.assert_allclose(points[RIGHT_HAND] - points[RIGHT_WRIST], hand, atol=1e-6)


def test_turning_the_root_turns_everything(body, shape):
    turn = Rotation.from_rotvec((0.3, -0.5, 0.2)).as_matrix()
    pose = at_rest(body).replace(
        rotations=at_rest(body).rotations.copy(), translation=np.array([[0.1, 0.2, -0.3]])
    )
    pose.rotations[0, 0] = turn
    root = shape.heads[0]
    expected = (shape.vertices - root) @ turn.T + root + [0.1, 0.2, -0.3]
    np.testing.assert_allclose(skin(shape, pose)[0], expected, atol=2e-6)


def test_skin_equals_a_plain_sum_over_bones(body, shape):
    rng = np.random.default_rng(0)
    pose = at_rest(body)
    pose.rotations[0] = Rotation.from_rotvec(rng.normal(0, 0.2, (len(body.bones), 3))).as_matrix()
    bones = move_bones(shape, pose)
    chosen = rng.choice(len(shape.vertices), 200, replace=False)
    expected = np.zeros((200, 3))
    for row, v in enumerate(chosen):
        for bone, weight in zip(body.skin_bones[v], body.skin_weights[v], strict=True):
            moved = bones.turned[0, bone] @ (shape.vertices[v] - shape.heads[bone]) + bones.placed[0, bone]
            expected[row] += weight * moved
    np.testing.assert_allclose(skin(shape, pose, chosen)[0], expected, atol=5e-6)
    np.testing.assert_allclose(skin(shape, pose)[0, chosen], expected, atol=5e-6)


def test_facial_actions_add_their_offsets(body, shape):
    pose = at_rest(body, 2).replace(actions=body.action_weights(2, {"jawOpen": [0, 0.5], "browInnerUp": 1}))
    out = skin(shape, pose)
    for frame, jaw in enumerate((0, 0.5)):
        expected = shape.vertices.copy()
        for name, weight in (("browInnerUp", 1), ("jawOpen", jaw)):
            vertices, offsets = body.offsets_of(len(body.components) + body.actions.index(name))
            expected[vertices] += np.float32(weight) * offsets
        np.testing.assert_allclose(out[frame], expected, atol=1e-6)


def test_mirrored_rotations_give_the_mirror_image(body):
    """Reflecting x turns a rotation (x, y, z) into (x, -y, -z) and swaps the sides."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(0, 0.25, (len(body.bones), 3))
    swap = [
        body.bone[n[:-1] + {"L": "R", "R": "L"}[n[-1]]] if n[-2] == "." else i
        for i, n in enumerate(body.bones)
    ]
    shape, pose, other = body.shape(), at_rest(body), at_rest(body)
    pose.rotations[0] = Rotation.from_rotvec(vectors).as_matrix()
    other.rotations[0] = Rotation.from_rotvec(vectors[swap] * [1, -1, -1]).as_matrix()
    gap = np.abs(keypoints(shape, other)[:, MIRROR] * [-1, 1, 1] - keypoints(shape, pose))[0]
    assert gap[body.keypoint_kind > 0].max() < 2e-5
    assert gap.max() < 1e-3, "MakeHuman's skin weights are not quite symmetric"


def test_frames_do_not_touch_each_other(body, shape):
    pose = at_rest(body, 3)
    pose.rotations[1, body.bone["neck01"]] = Rotation.from_rotvec((0, 0.4, 0)).as_matrix()
    points = keypoints(shape, pose)
    np.testing.assert_array_equal(points[0], points[2])
    assert np.abs(points[1] - points[0]).max() > 0.02
    assert np.abs(points[:, NECK]).max() < 1e-9
    assert np.abs(points[:, LEFT_WRIST] - points[0, LEFT_WRIST]).max() < 1e-9


def test_wrong_sizes_are_refused(body):
    with pytest.raises(PoseError, match="rotations"):
        BodyPose(np.zeros((2, 104, 3)), np.zeros((2, 3)), np.zeros((2, 52)))
    with pytest.raises(PoseError, match="facial actions"):
        BodyPose(np.zeros((2, 104, 3, 3)), np.zeros((2, 3)), np.zeros((1, 52)))
    with pytest.raises(PoseError, match="104"):
        move_bones(body.shape(), BodyPose(np.zeros((1, 3, 3, 3)), np.zeros((1, 3)), np.zeros((1, 52))))
    with pytest.raises(PoseError, match="vertices"):
        skin(body.shape(), at_rest(body), np.array([70000]))
