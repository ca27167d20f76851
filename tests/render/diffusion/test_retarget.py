"""Poses fitted to another signer: what calculus says of signers cut from paper."""

import contextlib

import numpy as np
import pytest
from paper_signer import Paper, face, length

from signgen.body.asset import Identity, load_body
from signgen.body.kinematics import at_rest, keypoints
from signgen.errors import PoseError
from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_HAND
from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.retarget import retarget

T = np.linspace(0, 1, 9)
# Arms out to the sides, away from everything that a hand could touch.
AWAY = {"upper": 1.2 + 0.3 * T, "fore": 1.8 + 0.8 * T, "wrist": 0.5 * T}
HANGING = {"upper": 0.3, "fore": 0.3, "wrist": np.pi}


def angles(poses, a, b):
    way = poses.xy[:, b] - poses.xy[:, a]
    return np.unwrap(np.arctan2(way[:, 1], way[:, 0]))


@pytest.mark.parametrize("scale", [1.0, 0.5, 1.7])
def test_equal_proportions_leave_one_scale_and_one_shift(scale):
    driver = Paper().pose(**AWAY, roll=0.2 * np.sin(6 * T), gap=4 + 4 * T)
    still = driver[4:5]  # its lips are as far apart as they mostly are
    still = still.replace(keypoints=still.keypoints * np.float32([scale, scale, 1]), width=700, height=640)
    out, alignment = retarget(driver, still)
    assert (out.width, out.height) == (700, 640)
    shift = still.xy[0, 1] - scale * driver.xy[0, 1]
    assert out.xy == pytest.approx(driver.xy * scale + shift, abs=0.02)
    assert alignment.scale == pytest.approx(scale)
    assert alignment.complaints() == ()
    assert np.array_equal(out.confidence, driver.confidence)


def test_equal_proportions_with_depth():
    driver = Paper().pose(**AWAY)
    # Turned about the vertical axis through the neck by the angle with cosine 0.8.
    away = driver.xy[..., 0] - driver.xy[:, [1], 0]
    keypoints = driver.keypoints.copy()
    keypoints[..., 0] -= 0.2 * away
    turned = driver.replace(keypoints=keypoints, depth=0.6 * away)
    out, alignment = retarget(turned, turned[:1])
    assert out.xy == pytest.approx(turned.xy, abs=1e-2)
    assert out.depth == pytest.approx(turned.depth, abs=1e-2)
    assert all(limb.used == pytest.approx(1, abs=1e-5) for limb in alignment.limbs)


def test_limbs_take_the_lengths_and_keep_their_directions():
    driver = Paper().pose(**AWAY)
    other = Paper(shoulders=50, upper=48, fore=28, trunk=60, neck=30, hand=12, head=0.5)
    out, alignment = retarget(driver, other.pose(**HANGING))
    assert alignment.scale == pytest.approx(0.5)
    for (a, b), expected in {
        (2, 3): 48,
        (6, 7): 28,
        (1, 8): 60 * np.hypot(1, 0.3),
        (18, 30): 12 * 1.1,
    }.items():
        assert length(out, a, b) == pytest.approx(np.full(9, expected), rel=1e-3), (a, b)
    for a, b in ((2, 3), (3, 4), (5, 6), (6, 7), (39, 51)):
        assert angles(out, a, b) == pytest.approx(angles(driver, a, b), abs=1e-3)
    # The hand keeps its shape: one scale.
    for hand in (LEFT_HAND, RIGHT_HAND):
        fingers, own = (p.xy[:, hand] - p.xy[:, hand][:, :1] for p in (driver, out))
        assert own == pytest.approx(fingers * 12 / 30, abs=0.02)


def test_the_signer_stands_where_the_appearance_stands():
    driver = Paper().pose(**AWAY)
    out, _ = retarget(driver, Paper(shoulders=60).pose(**HANGING, at=(100, 80)))
    assert out.xy[:, 1] == pytest.approx(np.full((9, 2), (100, 80)), abs=1e-3)


@pytest.mark.parametrize(("limb", "joint"), [("fore", "wrist"), ("upper", "elbow")])
@pytest.mark.parametrize("factor", [1.6, 0.5])
def test_arms_that_nobody_has_are_named_and_not_drawn(limb, joint, factor):
    driver = Paper().pose(**AWAY)
    gorilla = Paper(**{limb: getattr(Paper(), limb) * factor}).pose(**HANGING)
    out, alignment = retarget(driver, gorilla)
    (complaint,) = alignment.complaints()
    assert complaint.startswith((f"left_{joint}: ", f"right_{joint}: "))
    assert f"{factor:.2f} times" in complaint
    assert out.xy == pytest.approx(driver.xy, abs=0.02)
    with pytest.raises(PoseError, match=f"{joint}: ") as caught:
        retarget(driver, gorilla, strict=True)
    assert "\n" not in str(caught.value)


def test_one_hidden_arm_does_not_count():
    driver = Paper().pose(**AWAY)
    still = Paper(fore=77).pose(**HANGING)
    keypoints = still.keypoints.copy()
    keypoints[0, 4] = (300, 900, 0.2)
    out, alignment = retarget(driver, still.replace(keypoints=keypoints))
    assert alignment.complaints() == ()
    assert length(out, 3, 4) == pytest.approx(np.full(9, 77), rel=1e-3)


def test_a_flat_arm_that_points_at_the_camera_says_nothing():
    driver = Paper().pose(**AWAY)
    still = Paper(upper=70, fore=60).pose(upper=0.4, fore=2.6)
    out, alignment = retarget(driver, still)
    assert {limb.name for limb in alignment.limbs if limb.state == "foreshortened"} == {
        "upper arms",
        "forearms",
    }
    assert length(out, 3, 4) == pytest.approx(length(driver, 3, 4), rel=1e-3)


def test_depth_says_how_long_a_foreshortened_arm_is():
    driver = Paper().pose(**AWAY)
    driver = driver.replace(depth=np.zeros(driver.confidence.shape))
    still = Paper(fore=30).pose(upper=0.4, fore=2.6)
    depth = np.zeros((1, 128))
    # 40 px across the picture and 30 px towards the camera: a forearm of 50 px against 70 px is 0.71, of 60 px 0.86.
    for wrist, hand in ((4, RIGHT_HAND), (7, LEFT_HAND)):
        depth[0, [wrist, *range(hand.start, hand.stop)]] = -np.sqrt(60**2 - 30**2)
    out, alignment = retarget(driver, still.replace(depth=depth))
    fore = next(limb for limb in alignment.limbs if limb.name == "forearms")
    assert fore.ratio == pytest.approx(60 / 70, rel=1e-4)
    assert length(out, 3, 4) == pytest.approx(np.full(9, 60), rel=1e-3)


def test_a_hand_at_the_chin_stays_at_the_chin():
    fore = np.linspace(2.2, 3.6, 40)
    driver = Paper().pose(upper=np.full(40, 0.35), fore=fore)
    # The frame in which the right hand comes nearest to the chin, moved there exactly.
    tip, chin = RIGHT_HAND.start + 12, FACE.start + 8
    nearest = int(np.argmin(length(driver, tip, chin)))
    keypoints = driver.keypoints.copy()
    keypoints[:, [3, 4, *range(39, 60)], :2] += keypoints[nearest, chin, :2] - keypoints[nearest, tip, :2]
    driver = driver.replace(keypoints=keypoints)
    assert length(driver, tip, chin)[nearest] < 1e-3
    other = Paper(upper=70, fore=90, neck=54, head=0.85)
    out, alignment = retarget(driver, other.pose(**HANGING))
    assert alignment.complaints() == ()
    # Bones alone would miss the chin by a fifth of the shoulders.
    shoulder, arm = driver.xy[nearest, 2], driver.xy[nearest]
    alone = shoulder + 70 / 80 * (arm[3] - shoulder) + 90 / 70 * (arm[4] - arm[3]) + (arm[tip] - arm[4])
    assert np.linalg.norm(alone - out.xy[nearest, chin]) > 20
    assert length(out, tip, chin)[nearest] < 4
    assert 0.15 < alignment.contact < 0.6
    # Nothing jumps: steps between frames grow by no more than the limbs and the pull of the chin explain.
    step, own = (np.linalg.norm(np.diff(p.xy[:, tip], axis=0), axis=1).max() for p in (driver, out))
    assert own < 2.5 * step


def test_hands_that_touch_stay_together():
    driver = Paper().pose(upper=0.3, fore=-0.9 - 0.2 * T, wrist=-0.5)
    keypoints = driver.keypoints.copy()
    for hand, side in ((RIGHT_HAND, 4), (LEFT_HAND, 7)):
        where = [side, *range(hand.start, hand.stop)]
        keypoints[:, where, 0] += 256 - keypoints[:, [hand.start + 8], 0]
        keypoints[:, where, 1] += 300 - keypoints[:, [hand.start + 8], 1]
    driver = driver.replace(keypoints=keypoints)
    tips = (RIGHT_HAND.start + 8, LEFT_HAND.start + 8)
    assert length(driver, *tips).max() < 1e-3
    out, _ = retarget(driver, Paper(upper=70, fore=84).pose(**HANGING))
    assert length(out, *tips).max() < 1.0


def test_an_arm_does_not_reach_beyond_its_length():
    driver = Paper().pose(upper=np.full(9, 2.9), fore=np.full(9, 3.6))
    short = Paper(upper=62, fore=54, neck=75, head=1.3)
    out, _ = retarget(driver, short.pose(**HANGING))
    assert length(out, 2, 4).max() <= 62 + 54 + 1e-3


WIDE = {"width": 72.0, "height": 84.0, "mouth": 30.0, "lips": 5.0}


def test_whose_face_it_is_changes():
    driver = Paper().pose(**AWAY, roll=0.3 * np.sin(6 * T))
    out, alignment = retarget(driver, Paper(face=WIDE).pose(**HANGING))
    assert alignment.face == "measured"
    # Outline, nose and brows of the other face up to one scale, and turned as the driver's head is.
    steady = [*range(37), 39, 42, 45]
    own, roll = face(**WIDE)[steady], 0.3 * np.sin(6 * T)
    for frame in (0, 2, 5):
        found = out.xy[frame, FACE][steady].astype(float)
        c, s = np.cos(roll[frame]), np.sin(roll[frame])
        upright = (found - found.mean(0)) @ np.array([[c, -s], [s, c]])
        wanted = own - own.mean(0)
        scale = (upright * wanted).sum() / (wanted**2).sum()
        assert scale == pytest.approx(1, abs=0.02)
        assert upright == pytest.approx(scale * wanted, abs=0.6)


def test_the_mouth_opens_and_shuts_as_the_driver_does():
    gap = 8 * np.sin(np.pi * T) ** 2
    driver = Paper().pose(**AWAY, gap=gap)
    # Caught laughing: without care the mouth would never shut again.
    still = Paper(face=WIDE).pose(**HANGING, gap=[9.0])
    out, alignment = retarget(driver, still)
    found = length(out, FACE.start + 62, FACE.start + 66)
    assert found == pytest.approx(gap * 30 / 24, abs=0.1)
    assert alignment.face == "measured"
    assert length(out, FACE.start + 60, FACE.start + 64) == pytest.approx(
        length(still, 120, 124)[0], rel=0.03
    )


def test_brows_rise_as_far():
    driver = Paper().pose(**AWAY)
    keypoints = driver.keypoints.copy()
    rise = 6 * (T > 0.8)
    keypoints[:, FACE.start + 17 : FACE.start + 27, 1] -= rise[:, None].astype(np.float32)
    out, alignment = retarget(driver.replace(keypoints=keypoints), Paper(face=WIDE).pose(**HANGING))
    found = out.xy[0, FACE.start + 19, 1] - out.xy[:, FACE.start + 19, 1]
    assert found == pytest.approx(rise * alignment.factor("head"), abs=0.05)


def test_a_face_turned_away_is_not_worn():
    driver = Paper().pose(**AWAY)
    still = Paper().pose(**HANGING)
    keypoints = still.keypoints.copy()
    inner = slice(FACE.start + 17, FACE.stop)
    keypoints[:, inner, 0] += 40 * np.sign(keypoints[:, inner, 1] - keypoints[:, inner, 1].mean())
    keypoints[:, FACE.start + 27 : FACE.start + 36, 1] += 50
    out, alignment = retarget(driver, still.replace(keypoints=keypoints))
    assert alignment.face == "out of range"
    assert any("face" in line for line in alignment.complaints())
    assert out.xy[:, FACE] == pytest.approx(driver.xy[:, FACE], abs=0.02)


def test_what_is_missing_stays_missing_and_nothing_jumps():
    driver = Paper().pose(**AWAY)
    keypoints = driver.keypoints.copy()
    keypoints[::2, [3, 1]] = 0
    keypoints[:, LEFT_HAND] = 0
    gaps = driver.replace(keypoints=keypoints)
    other = Paper(upper=70, fore=77).pose(**HANGING)
    out, _ = retarget(gaps, other)
    assert np.array_equal(out.confidence, gaps.confidence)
    whole, _ = retarget(driver, other)
    # The wrist below an elbow that comes and goes is where it would be, but for what the bridged elbow is off.
    assert out.xy[:, 4] == pytest.approx(whole.xy[:, 4], abs=1.5)


@pytest.mark.parametrize("frames", [0, 1])
def test_short_clips(frames):
    out, _ = retarget(Paper().pose(**AWAY)[:frames], Paper(shoulders=90).pose(**HANGING))
    assert len(out) == frames


@pytest.mark.parametrize("whose", ["appearance", "poses"])
def test_without_shoulders_it_says_whose(whose):
    driver, still = Paper().pose(**AWAY), Paper().pose(**HANGING)
    hidden = (still if whose == "appearance" else driver).keypoints.copy()
    hidden[:, 5] = 0
    if whose == "appearance":
        still = still.replace(keypoints=hidden)
    else:
        driver = driver.replace(keypoints=hidden)
    with pytest.raises(PoseError, match=f"{whose}: both shoulders"):
        retarget(driver, still)


def test_the_account_is_plain():
    import json

    _, alignment = retarget(Paper().pose(**AWAY), Paper(fore=140).pose(**HANGING))
    account = json.loads(json.dumps(alignment.account()))
    assert account["limbs"]["forearms"]["state"] == "out of range"
    assert account["limbs"]["forearms"]["used"] == 1
    assert account["limbs"]["forearms"]["joint"].endswith("wrist")
    assert len(account["warnings"]) == 1


def test_a_long_clip_is_fitted_in_parts():
    short = Paper().pose(**AWAY)
    keypoints = np.tile(short.keypoints, (130, 1, 1))
    long, _ = retarget(PoseSequence(keypoints, 24, 512, 512), Paper(fore=77).pose(**HANGING))
    assert np.array_equal(long.keypoints[:9], long.keypoints[-9:])


def about_z(degrees):
    a = np.radians(degrees)
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])


def body_poses(weights, angles):
    """The body model with its arms down by angles and its head tilted, 300 px to the metre."""
    body = load_body()
    shape, pose = body.shape(Identity(weights)), at_rest(body, len(angles))
    for frame, angle in enumerate(angles):
        for side, sign in (("R", 1), ("L", -1)):
            pose.rotations[frame, body.bone[f"upperarm01.{side}"]] = about_z(sign * -angle)
        pose.rotations[frame, body.bone["head"]] = about_z(angle / 5)
    points = keypoints(shape, pose) * 300 + (256, 215, 0)
    canvas = np.ones(points.shape)
    canvas[..., :2] = points[..., :2]
    return PoseSequence(canvas, 24, 512, 512, points[..., 2] - points[:, [1], 2])


def test_one_body_becomes_another():
    """An independent truth: the body model moves another identity by the same rotations."""
    angles = (20.0, 35.0, 50.0, 60.0)
    one = body_poses({"woman_young_slim": 1.0}, angles)
    other = body_poses({"man_young_strong": 1.0, "african": 0.8, "chin_width": 0.5}, angles)
    out, alignment = retarget(one, other[:1])
    assert alignment.complaints() == ()
    unit = length(other, 2, 5)[0]
    affine = other.xy[:, [1]] + alignment.scale * (one.xy - one.xy[:, [1]])
    # (part, share of the shoulders that keypoints may be off, how much better than one affine map)
    for part, limit, better in (
        # Arms and hands of two bodies do not rest at quite the same angles.
        (slice(0, 8), 0.03, 2),
        (FACE, 0.01, 10),
        (LEFT_HAND, 0.1, 1.5),
        (RIGHT_HAND, 0.1, 1.5),
    ):
        off, was_off = (
            np.linalg.norm(xy - other.xy, axis=2)[:, part].mean() / unit for xy in (out.xy, affine)
        )
        assert off < limit
        assert off * better < was_off


def torn(rng, poses):
    """Poses with parts lost, points in one place, far outside, or with depth that makes no sense."""
    keypoints = poses.keypoints.copy()
    for part in (slice(0, 18), LEFT_HAND, RIGHT_HAND, FACE):
        if rng.random() < 0.2:
            keypoints[:, part] = 0
    keypoints[rng.random(keypoints.shape[:2]) < rng.choice([0, 0.1, 0.5])] = 0
    if rng.random() < 0.2:
        keypoints[..., :2] = np.where(keypoints[..., 2:] > 0, rng.choice([0, 1e-3, 5.0]), 0)
    if rng.random() < 0.2:
        keypoints[..., :2] *= 1e4
    depth = rng.normal(0, 20, keypoints.shape[:2]) if rng.random() < 0.5 else None
    return poses.replace(keypoints=keypoints, depth=depth)


def test_poses_that_are_torn_give_poses_or_one_line():
    rng, done = np.random.default_rng(0), 0
    for _ in range(150):
        driver = Paper().pose(upper=rng.uniform(0, 3) + T[:5], fore=rng.uniform(0, 3) + T[:5])
        still = Paper(fore=rng.uniform(30, 140), head=rng.uniform(0.5, 2)).pose(
            rng.uniform(0, 3), rng.uniform(0, 3)
        )
        with contextlib.suppress(PoseError):  # no shoulders
            out, alignment = retarget(torn(rng, driver), torn(rng, still))
            assert np.isfinite(out.keypoints).all()
            assert alignment.scale > 0
            done += 1
    assert done > 20
