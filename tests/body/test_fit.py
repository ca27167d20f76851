"""Poses of the rig are found again from their keypoints."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from signgen.body.asset import Identity, load_body
from signgen.body.expression import FITTED
from signgen.body.fingers import END, KNUCKLE, LIMITS, MIDDLE, SPREAD, finger_rotations, fit_angles, hand_rig
from signgen.body.fit import NECK_BONES, SPINE, fit_pose
from signgen.body.kinematics import at_rest, keypoints, move_bones, skin
from signgen.body.trunk import depth_in_trunk
from signgen.body.turning import about, frame, unit
from signgen.errors import PoseError
from signgen.pose.layout import (
    FACE,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)


@pytest.fixture(scope="module")
def body():
    return load_body()


def random_pose(shape, frames, rng):
    """Joint angles drawn over the whole of what the limits allow the hands, and what signing asks of the rest."""
    body = shape.body
    pose = at_rest(body, frames)

    def turns(degrees):
        return Rotation.from_rotvec(rng.normal(0, np.radians(degrees), (frames, 3))).as_matrix()

    pose.rotations[:, 0] = turns(8)
    pose.rotations[:, [body.bone[name] for name in SPINE]] = turns(2)[:, None]
    pose.rotations[:, [body.bone[name] for name in NECK_BONES]] = turns(5)[:, None]
    for side, sign in (("L", 1), ("R", -1)):
        rig = hand_rig(shape, side)
        upper, fore = body.bone[f"upperarm01.{side}"], body.bone[f"lowerarm01.{side}"]
        along = [unit(shape.heads[b] - shape.heads[a]) for a, b in ((upper, fore), (fore, rig.wrist))]
        lowered = Rotation.from_rotvec([0, 0, 0.5 * sign]).as_matrix()
        pose.rotations[:, body.bone[f"clavicle.{side}"]] = turns(3)
        pose.rotations[:, upper] = turns(25) @ lowered
        pose.rotations[:, fore] = about(unit(np.cross(*along)), rng.uniform(0.1, 1.9, frames))
        pose.rotations[:, rig.wrist] = turns(20) @ about(along[1], rng.uniform(-1, 1, frames))
        angles = LIMITS[..., 0] + np.ptp(LIMITS, axis=-1) * rng.random((frames, 5, 5))
        pose.rotations[:, rig.bones] = finger_rotations(rig, angles)
    for name in FITTED:
        pose.actions[:, body.actions.index(name)] = (rng.random(frames) < 0.2) * rng.random(frames)
    return pose


def through_trunk(shape, pose):
    """(T, 2) whether the flesh of the right and left forearm, up to three quarters, lies in the trunk."""
    bones, bone = move_bones(shape, pose), shape.body.bone
    middle = bones.placed[:, None, bone["spine03"]]
    depths = []
    for side in "RL":
        elbow, wrist = (bones.placed[:, None, bone[f"{name}.{side}"]] for name in ("lowerarm01", "wrist"))
        axis = elbow + np.linspace(0, 0.75, 13)[:, None] * (wrist - elbow)
        depths.append(depth_in_trunk(shape, bones, axis - 0.035 * unit(axis - middle)).max(axis=1))
    return np.stack(depths, axis=1) > 0


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_round_trip(body, seed):
    """Millimetres between given keypoints and those of the fitted rig, 100 random poses, each held for 7 frames."""
    shape = body.shape(None if seed is None else Identity.from_seed(seed))
    pose = random_pose(shape, 100, np.random.default_rng(7))
    given = keypoints(shape, pose) + np.array([0.3, -0.2, 1.0])
    fitted = keypoints(shape, fit_pose(shape, np.repeat(given, 7, axis=0)))[3::7]
    fitted = fitted + np.median((given[:, RIGHT_SHOULDER] + given[:, LEFT_SHOULDER]) / 2, axis=0)
    gap = 1000 * np.linalg.norm(fitted - given, axis=-1)
    assert gap[:, [NECK, RIGHT_SHOULDER, LEFT_SHOULDER]].mean() < 2
    assert np.median(gap[:, [RIGHT_WRIST, LEFT_WRIST]]) < 2
    inside = through_trunk(shape, pose)
    assert 0.1 < inside.mean() < 0.4, "arms drawn at random"
    elbows = gap[:, [RIGHT_ELBOW, LEFT_ELBOW]]
    assert np.median(elbows[~inside]) < 1.2
    assert np.percentile(elbows[~inside], 80) < 3
    assert np.median(elbows[inside]) > 20, "those in the trunk come out"
    for part in (LEFT_HAND, RIGHT_HAND):
        own = (fitted[:, part] - fitted[:, part][:, :1]) - (given[:, part] - given[:, part][:, :1])
        own = 1000 * np.linalg.norm(own, axis=-1)
        assert own.mean() < 0.1
        assert own.max() < 8, "a thumb whose roll cannot be told"
    assert gap[:, FACE].mean() < 12, "the neck has fewer bends than the random one"
    face = (fitted - fitted[:, FACE].mean(axis=1, keepdims=True)) - (
        given - given[:, FACE].mean(axis=1, keepdims=True)
    )
    assert 1000 * np.linalg.norm(face[:, FACE], axis=-1).mean() < 0.5


def test_unit_and_place_do_not_matter(body):
    shape = body.shape()
    given = keypoints(shape, random_pose(shape, 5, np.random.default_rng(3)))
    a, b = fit_pose(shape, given), fit_pose(shape, 734 * given + [250, 190, 0])
    np.testing.assert_allclose(a.rotations, b.rotations, atol=1e-9)
    np.testing.assert_allclose(a.actions, b.actions, atol=1e-5)


@pytest.mark.parametrize("side", ["L", "R"])
@pytest.mark.parametrize(("angle", "degrees"), [(KNUCKLE, 70), (SPREAD, -20), (MIDDLE, 100), (END, 40)])
def test_one_joint_by_trigonometry(body, side, angle, degrees):
    """Turning the bones beyond one joint about its axis gives that angle back, and 0 elsewhere."""
    rig = hand_rig(body.shape(), side)
    first = {KNUCKLE: 0, SPREAD: 0, MIDDLE: 1, END: 2}[angle]
    for finger in range(1, 5):
        axis = rig.spread[finger] if angle == SPREAD else rig.bend[finger]
        bones = rig.rest.copy()
        bones[finger, first:] = bones[finger, first:] @ about(axis, np.radians(degrees)).T
        expected = np.zeros((5, 5))
        expected[finger, angle] = np.radians(degrees)
        np.testing.assert_allclose(fit_angles(rig, bones[None])[0], expected, atol=0.02)


def test_bending_brings_a_finger_to_the_palm(body):
    shape = body.shape()
    for side, part in (("L", LEFT_HAND), ("R", RIGHT_HAND)):
        rig, pose = hand_rig(shape, side), at_rest(body, 1)
        angles = np.zeros((1, 5, 5))
        angles[:, 1:, KNUCKLE], angles[:, 1:, MIDDLE] = np.radians(80), np.radians(100)
        pose.rotations[:, rig.bones] = finger_rotations(rig, angles)
        fist, flat = keypoints(shape, pose)[0, part], shape.keypoints[part]
        palm_side = np.cross(flat[9] - flat[0], flat[5] - flat[17]) * (-1 if side == "R" else 1)
        assert ((fist[[8, 12, 16, 20]] - flat[[5, 9, 13, 17]]) @ palm_side > 0).all()
        assert np.linalg.norm(fist[12] - fist[0]) < 0.7 * np.linalg.norm(flat[12] - flat[0])
        spread = np.zeros((1, 5, 5))
        spread[:, 1, SPREAD] = np.radians(20)
        pose.rotations[:, rig.bones] = finger_rotations(rig, spread)
        assert np.linalg.norm(keypoints(shape, pose)[0, part.start + 8] - flat[4]) < np.linalg.norm(
            flat[8] - flat[4]
        )


def test_angles_stay_within_the_limits(body):
    rig = hand_rig(body.shape(), "R")
    bones = unit(np.random.default_rng(0).normal(size=(300, 5, 3, 3)))
    angles = fit_angles(rig, bones)
    assert (angles >= LIMITS[..., 0] - 1e-9).all()
    assert (angles <= LIMITS[..., 1] + 1e-9).all()


@pytest.mark.parametrize(
    "actions",
    [
        {"browInnerUp": 0.8},
        {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
        {"jawOpen": 0.6},
        {"mouthPucker": 0.9},
    ],
    ids=lambda actions: "+".join(actions),
)
def test_facial_actions_are_found_again(body, actions):
    shape = body.shape()
    pose = at_rest(body, 3).replace(actions=body.action_weights(3, actions))
    found = fit_pose(shape, keypoints(shape, pose)).actions[0]
    for name, weight in actions.items():
        assert found[body.actions.index(name)] == pytest.approx(weight, abs=0.12)
    others = [i for i, name in enumerate(body.actions) if name not in actions]
    assert found[others].max() < 0.25


def test_another_persons_face_is_measured_from_its_own_median(body):
    """A longer face with its brows raised in one frame of five: the neutral frames stay blank."""
    shape = body.shape()
    pose = at_rest(body, 5).replace(actions=body.action_weights(5, {"browInnerUp": [0, 0, 0, 0, 1]}))
    points = keypoints(shape, pose)
    points[:, FACE, 1] = 1.25 * points[:, FACE, 1]
    brows = fit_pose(shape, points).actions[:, body.actions.index("browInnerUp")]
    assert brows[:4].max() < 0.05
    assert brows[4] > 0.5


def test_missing_parts_are_held_and_then_rest(body):
    shape = body.shape()
    given = keypoints(shape, random_pose(shape, 6, np.random.default_rng(5)))
    confidence = np.ones(given.shape[:2])
    confidence[3:, RIGHT_HAND] = 0
    confidence[:, LEFT_HAND] = 0
    confidence[:, LEFT_WRIST] = 0
    confidence[2, [RIGHT_SHOULDER, LEFT_SHOULDER]] = 0
    confidence[4:, FACE] = 0
    given[confidence == 0] = np.nan
    pose = fit_pose(shape, given, confidence)
    assert np.isfinite(pose.rotations).all()
    right, left = hand_rig(shape, "R"), hand_rig(shape, "L")
    fingers = pose.rotations[:, right.bones]
    np.testing.assert_allclose(fingers[4, 1:], fingers[2, 1:], atol=1e-12)
    np.testing.assert_allclose(fingers[4, 0], fingers[2, 0], atol=0.03, err_msg="roll is steadied over time")
    np.testing.assert_allclose(
        pose.rotations[0, left.bones], finger_rotations(left, np.zeros((1, 5, 5)))[0], atol=1e-9
    )
    assert (pose.actions[4:] == 0).all()
    hanging = keypoints(shape, fit_pose(shape, given, _without_arms(confidence)))
    assert (hanging[:, LEFT_WRIST, 1] > 0.35).all(), "an arm never seen hangs down"


def _without_arms(confidence):
    confidence = confidence.copy()
    confidence[:, 6:8] = 0
    return confidence


@pytest.mark.parametrize(
    ("points", "confidence", "message"),
    [
        (np.zeros((0, 128, 3)), None, "T > 0"),
        (np.zeros((2, 127, 3)), None, "128"),
        (np.full((2, 128, 3), np.nan), None, "finite"),
        (np.zeros((2, 128, 3)), np.zeros((2, 128)), "shoulders"),
        (np.zeros((2, 128, 3)), np.zeros((3, 128)), "confidence"),
        (np.zeros((2, 128, 3)), None, "shoulders"),
    ],
)
def test_unusable_keypoints_are_refused(body, points, confidence, message):
    with pytest.raises(PoseError, match=message):
        fit_pose(body.shape(), points, confidence)


@pytest.mark.parametrize("name", ["man_old_heavy", "woman_young_slim"])
def test_what_a_hand_touches_stays_touched_on_another_body(body, name):
    """A finger on the chin of one body is on the chin of another, whose neck and fingers have other lengths."""
    given = body.shape().keypoints[None].copy()
    chin, tip = FACE.start + 8, RIGHT_HAND.start + 8
    hand = given[0, RIGHT_HAND]
    along, thumbwards = hand[9] - hand[0], hand[5] - hand[17]
    upright = frame(np.array([0.2, -0.9, 0.35]), np.array([0.9, 0.2, 0])) @ frame(along, thumbwards).T
    given[0, RIGHT_HAND] = (hand - hand[8]) @ upright.T + given[0, chin]
    given[:, RIGHT_WRIST] = given[:, RIGHT_HAND.start]
    given[:, RIGHT_ELBOW] = (given[:, RIGHT_WRIST] + given[:, RIGHT_SHOULDER]) / 2 + [0, 0.15, 0]
    shape = body.shape(Identity({name: 1}))
    fitted = keypoints(shape, fit_pose(shape, given))[0]
    assert np.linalg.norm(fitted[tip] - fitted[chin]) < 0.012


def test_a_hand_does_not_sink_into_a_broader_chest(body):
    """A palm before the chest of the neutral body stays before that of a heavy one."""
    given = body.shape().keypoints[None].copy()
    hand = given[0, RIGHT_HAND]
    along, thumbwards = hand[9] - hand[0], hand[5] - hand[17]
    flat = frame(np.array([1.0, -0.2, 0]), np.array([0, -1.0, 0])) @ frame(along, thumbwards).T
    given[0, RIGHT_HAND] = (hand - hand[9]) @ flat.T + [0, 0.16, -0.14]
    given[:, RIGHT_WRIST] = given[:, RIGHT_HAND.start]
    given[:, RIGHT_ELBOW] = (given[:, RIGHT_WRIST] + given[:, RIGHT_SHOULDER]) / 2 + [-0.1, 0.15, 0]
    shape = body.shape(Identity({"woman_young_heavy": 1}))
    pose = fit_pose(shape, given)
    palm = keypoints(shape, pose)[0, RIGHT_HAND.start + 9]
    chest = skin(shape, pose, np.unique(body.faces[body.part_faces("body")]))[0]
    beside = np.linalg.norm(chest[:, :2] - palm[:2], axis=1) < 0.015
    trunk = chest[beside & (np.abs(chest[:, 0]) < 0.15) & (chest[:, 2] < 0)]
    assert palm[2] < trunk[:, 2].min() + 0.002


def test_a_wrist_that_no_body_has_is_bridged(body):
    """A hand turned over its forearm for two frames of a still clip does not move the rig's hand."""
    given = np.repeat(body.shape().keypoints[None], 6, axis=0)
    hand = given[0, RIGHT_HAND]
    given[2:4, RIGHT_HAND] = 2 * hand[0] - hand
    pose = fit_pose(body.shape(), given)
    wrist = hand_rig(body.shape(), "R").wrist
    np.testing.assert_allclose(pose.rotations[2:4, wrist], pose.rotations[[0, 0], wrist], atol=1e-6)
