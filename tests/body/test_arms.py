"""Arms over time: what is hardly told goes along with its neighbours, and limits hold."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from signgen.body.arms import MOST_WRIST, TWIST_BELOW, Goal, arm_rig, fit_arm, two_bones
from signgen.body.asset import Identity, load_body
from signgen.body.fingers import finger_rotations, fit_angles, hand_rig
from signgen.body.kinematics import at_rest, move_bones
from signgen.body.shoulders import shoulders_along
from signgen.body.trunk import depth_in_trunk
from signgen.body.turning import about, relative, rotation_vector, shortest_arc, twist_about, unit

FRAMES = 24


@pytest.fixture(scope="module")
def shape():
    return load_body().shape()


def goal_of(shape, side, elbow_way, fore_way, hand=None):
    """A goal whose arm points along given directions, from the rest shoulder."""
    rig = arm_rig(shape, side)
    upper, fore = rig.lengths
    elbow = upper * unit(np.asarray(elbow_way, float))
    wrist = elbow + fore * unit(np.asarray(fore_way, float))
    known = np.ones(len(wrist), np.bool_)
    hand = np.tile(np.eye(3), (len(wrist), 1, 1)) if hand is None else hand
    return Goal(wrist + shape.heads[rig.upper[0]], elbow, wrist, hand, known, known, known & False)


def posed(shape, side, goal):
    pose = at_rest(shape.body, len(goal.wrist))
    fit_arm(shape, pose, side, goal)
    return pose, move_bones(shape, pose)


def straight_with_noise(rng, millimetres):
    """A straight arm to the side that is raised slowly; the elbow is seen with noise of a few millimetres."""
    angle = np.linspace(0.2, 0.6, FRAMES)
    way = np.stack([-np.cos(angle), np.sin(angle), np.full(FRAMES, -0.3)], axis=1)
    return way + rng.normal(0, millimetres / 300, way.shape), way


def test_the_elbow_of_a_nearly_straight_arm_does_not_jump(shape):
    """Seen with 4 mm of noise, an upper arm rolls between frames by a fraction of what each frame says."""
    upper, fore = straight_with_noise(np.random.default_rng(2), 4)
    goal = goal_of(shape, "R", upper, fore)
    _, bones = posed(shape, "R", goal)
    index = arm_rig(shape, "R").upper[1]
    turn = np.degrees(
        np.linalg.norm(rotation_vector(relative(bones.turned[:-1, index], bones.turned[1:, index])), axis=1)
    )
    alone = [
        posed(shape, "R", goal_of(shape, "R", upper[t : t + 1], fore[t : t + 1]))[1].turned[0, index]
        for t in range(FRAMES)
    ]
    jumps = np.degrees(
        np.linalg.norm(rotation_vector(relative(np.array(alone[:-1]), np.array(alone[1:]))), axis=1)
    )
    assert jumps.max() > 60, "frame by frame it jumps"
    assert turn.max() < 0.5 * jumps.max()


def test_a_bent_elbow_stays_crisp(shape):
    """An elbow that swings by 17 degrees from each frame to the next is where it was seen, within 2 mm."""
    swing = 0.3 * (-1.0) ** np.arange(FRAMES)
    upper = np.stack([np.full(FRAMES, -0.8) + 0.2 * swing, 0.4 + 0.5 * swing, np.full(FRAMES, -0.4)], axis=1)
    fore = np.tile([-0.2, -0.9, -0.6], (FRAMES, 1))
    goal = goal_of(shape, "R", upper, fore)
    _, bones = posed(shape, "R", goal)
    rig = arm_rig(shape, "R")
    seen = goal.to_elbow + shape.heads[rig.upper[0]]
    gap = np.linalg.norm(bones.placed[:, rig.fore[0]] - seen, axis=1)
    assert gap.max() < 0.004
    assert np.linalg.norm(bones.placed[:, rig.hand] - goal.wrist, axis=1).max() < 1e-3


@pytest.mark.parametrize("side", ["L", "R"])
def test_a_turn_of_the_upper_arm_is_shared(shape, side):
    """Of what an upper arm turns about itself the first bone keeps a small share, and both bones make the whole."""
    sign = 1 if side == "L" else -1
    upper = np.tile([0.3 * sign, 0.9, -0.2], (3, 1))
    fore = np.array([[-0.5 * sign, 0.0, -0.8], [0.8 * sign, 0.1, -0.4], [0.0, -0.3, -0.9]])
    pose, _ = posed(shape, side, goal_of(shape, side, upper, fore))
    rig = arm_rig(shape, side)
    along = unit(rig.upper_bone)
    first, second = (pose.rotations[:, i] for i in rig.upper)
    whole = twist_about(first @ second, along)
    assert np.abs(whole).max() > 0.5
    np.testing.assert_allclose(twist_about(second, along), TWIST_BELOW * whole, atol=1e-6)
    np.testing.assert_allclose(twist_about(first, along), (1 - TWIST_BELOW) * whole, atol=1e-6)


def test_a_wrist_bends_no_further_than_it_can_and_does_not_jump(shape):
    """A hand that turns evenly over its forearm and back again."""
    rig = arm_rig(shape, "R")
    upper, fore = np.tile([-0.5, 0.8, -0.2], (60, 1)), np.tile([0.1, -0.6, -0.8], (60, 1))
    still = goal_of(shape, "R", upper, fore)
    _, bones = posed(shape, "R", still)
    across = unit(np.cross(fore[0], [1.0, 0, 0]))
    angle = 2.9 * np.sin(np.linspace(0, np.pi, 60))
    hand = about(across, angle) @ bones.turned[:, rig.fore[0]]
    known = np.ones(60, np.bool_)
    goal = Goal(still.wrist, still.to_elbow, still.to_wrist, hand, known, known, known)
    _, bones = posed(shape, "R", goal)
    along = unit(rig.fore_bone)
    forearm = unit(bones.placed[:, rig.hand] - bones.placed[:, rig.fore[0]])
    bent = np.arccos(np.clip(np.sum(forearm * (bones.turned[:, rig.hand] @ along), axis=1), -1, 1))
    assert bent.max() < MOST_WRIST + 0.02
    step = np.linalg.norm(
        rotation_vector(relative(bones.turned[:-1, rig.hand], bones.turned[1:, rig.hand])), axis=1
    )
    given = np.linalg.norm(rotation_vector(relative(hand[:-1], hand[1:])), axis=1)
    assert step.max() < 1.5 * given.max()


def test_a_strained_hand_does_not_roll_with_a_straight_arm(shape):
    """A hand that is still, bent by 100 degrees on an arm whose elbow is seen with noise of 4 mm, stays still."""
    upper, _ = straight_with_noise(np.random.default_rng(2), 4)
    still = np.tile(straight_with_noise(np.random.default_rng(2), 0)[1][:1], (FRAMES, 1))
    goal = goal_of(shape, "R", upper - upper.mean(axis=0) + still, still)
    rig = arm_rig(shape, "R")
    across = unit(np.cross(still[0], [0, 0, 1.0]))
    straight = shortest_arc(unit(rig.fore_bone), unit(still[0]))
    hand = np.tile(about(across, np.radians(100)) @ straight, (FRAMES, 1, 1))
    known = np.ones(FRAMES, np.bool_)
    _, bones = posed(shape, "R", Goal(goal.wrist, goal.to_elbow, goal.to_wrist, hand, known, known, known))
    turned = bones.turned[:, rig.hand]
    step = np.degrees(np.linalg.norm(rotation_vector(relative(turned[:-1], turned[1:])), axis=1))
    assert step.max() < 3


def test_two_bones_end_where_they_should():
    rng = np.random.default_rng(0)
    reach, side = rng.normal(0, 0.2, (50, 3)), rng.normal(size=(50, 3))
    first, second = two_bones(reach, side, 0.3, 0.25)
    distance = np.clip(np.linalg.norm(reach, axis=1, keepdims=True), 0.25 * 0.55, 0.9995 * 0.55)
    np.testing.assert_allclose(0.3 * first + 0.25 * second, distance * unit(reach), atol=1e-9)


def test_a_nearly_straight_thumb_keeps_its_roll(shape):
    """Bent, straight, bent, with noise of 2 degrees: the roll in between stays near that of both ends."""
    rig, rng = hand_rig(shape, "R"), np.random.default_rng(4)
    angles = np.zeros((30, 5, 5))
    angles[:, 0, 2] = np.radians(25)
    angles[:, 0, 3:] = np.radians(50 * np.abs(np.linspace(-1, 1, 30))[:, None] - [22, 16])
    turned = finger_rotations(rig, angles)
    whole = np.stack(
        [
            turned[:, :, 0],
            turned[:, :, 0] @ turned[:, :, 1],
            turned[:, :, 0] @ turned[:, :, 1] @ turned[:, :, 2],
        ],
        2,
    )
    bones = np.einsum("tfbij,fbj->tfbi", whole, rig.rest)
    noisy = unit(bones + rng.normal(0, np.radians(2), bones.shape))
    roll = np.degrees(fit_angles(rig, noisy)[:, 0, 2])
    alone = np.degrees([fit_angles(rig, frame[None])[0, 0, 2] for frame in noisy])
    assert np.abs(np.diff(alone)).max() > 30, "frame by frame it jumps"
    assert np.abs(np.diff(roll)).max() < 0.6 * np.abs(np.diff(alone)).max()
    exact = np.degrees(fit_angles(rig, bones)[:, 0, 2])
    np.testing.assert_allclose(exact, 25, atol=3)


@pytest.mark.parametrize(("name", "degrees"), [("hanging", 0), ("sideways", 90), ("overhead", 150)])
def test_a_collar_bone_takes_a_third_of_raising(shape, name, degrees):
    """From rest; hands stay where they were."""
    way = np.array([[-np.sin(np.radians(degrees)), np.cos(np.radians(degrees)), 0.0]])
    pose, before = posed(shape, "R", goal_of(shape, "R", way, way + np.array([0, 0, -0.5])))
    along = shoulders_along(shape, pose)
    after = move_bones(shape, along)
    rig, collar = arm_rig(shape, "R"), shape.body.bone["clavicle.R"]
    rest = np.degrees(np.arccos(unit(rig.upper_bone)[1]))
    expected = min(30, ((degrees - 30) / 3 if degrees > 30 else 0.35 * (degrees - 30)) - (rest - 30) / 3)
    lift = np.degrees(rotation_vector(along.rotations[:, collar])[0, 2])
    assert lift == pytest.approx(expected, abs=1.5)
    np.testing.assert_allclose(after.placed[:, rig.hand], before.placed[:, rig.hand], atol=1e-3)
    np.testing.assert_allclose(after.turned[:, rig.hand], before.turned[:, rig.hand], atol=1e-6)


def test_depth_in_the_trunk(shape):
    heavy = load_body().shape(Identity({"woman_young_heavy": 1}))
    bones = move_bones(shape, at_rest(shape.body, 1))
    places = np.array([[[0, 0.3, 0], [0, 0.3, -0.3], [0.4, 0.3, 0], [0, -0.3, 0], [0, 0.3, -0.09]]])
    depth = depth_in_trunk(shape, bones, places)[0]
    assert depth[0] > 0.07
    assert (depth[1:4] == 0).all()
    assert 0 < depth[4] < depth[0]
    of_heavy = depth_in_trunk(heavy, move_bones(heavy, at_rest(heavy.body, 1)), places)[0]
    assert of_heavy[4] > depth[4] + 0.003


def test_turns_are_rotations(shape):
    upper, fore = straight_with_noise(np.random.default_rng(0), 5)
    pose, _ = posed(shape, "L", goal_of(shape, "L", upper * (-1, 1, 1), fore * (-1, 1, 1)))
    found = pose.rotations.reshape(-1, 3, 3)
    np.testing.assert_allclose(Rotation.from_matrix(found).as_matrix(), found, atol=1e-9)
