"""Movement between signs in space: lengths, joints, ways round the body, hands that rest or wait."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from signgen.body.skeleton import SHOULDER_WIDTH
from signgen.body.surface import HEAD, TORSO
from signgen.pose.bones import FINGER_BONES, bone_lengths
from signgen.pose.layout import LEFT_WRIST, MIRROR, RIGHT_ELBOW, RIGHT_HAND, RIGHT_WRIST
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.stitch import Stitch
from signgen.text2pose.stitching.assemble import transition_frames
from signgen.text2pose.stitching.clip import Clip, make_clip
from signgen.text2pose.stitching.sentence import Sign, Stitched, StitchSettings, stitch

BONES = [3, 4, 6, 7, *FINGER_BONES]
# Elbow, wrist, first keypoint of the hand.
ARMS = ((3, 4, 39), (6, 7, 18))
THIGH = np.array([(0.1, 0.74, -0.01), (0.10, 0.28, 0.11)])
BODIES = [np.array(HEAD), np.array(TORSO), THIGH, THIGH * [[-1, 1, 1], [1, 1, 1]]]


@pytest.fixture(scope="module")
def source() -> Stitch:
    return Stitch(lexicon="ase")


def signed(source: Stitch, gloss: str) -> Clip:
    return source.prepared(next(e for e in source.opened.entries if e.glosses[0] == gloss))


def still(clip: Clip, frame: int) -> Clip:
    return clip.take(np.full(4, float(frame)))


def sentence(source: Stitch, *glosses: str) -> Stitched:
    return stitch([Sign((signed(source, gloss),)) for gloss in glosses])


def lengths(clip: Clip) -> np.ndarray:
    return bone_lengths(clip.points, clip.confidence)[:, BONES]


def bends(points: np.ndarray) -> np.ndarray:
    """(T, 2) angle between forearm and palm [degrees]."""
    found = []
    for elbow, wrist, first in ARMS:
        a = points[:, [first + k for k in (5, 9, 13, 17)]].mean(axis=1) - points[:, first]
        b = points[:, wrist] - points[:, elbow]
        found.append(np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), np.sum(a * b, axis=1)))
    return np.degrees(np.stack(found, axis=1))


def depths(points: np.ndarray) -> np.ndarray:
    """(T,) how deep the deepest point of forearms and hands is in head, trunk or thighs [m]: 0 outside.

    A point is moved along the line to the body's centre: farther than the true depth, never less.
    """
    points = points * SHOULDER_WIDTH
    arms = [points[:, first : first + 21] for *_, first in ARMS]
    for elbow, wrist, _ in ARMS:
        for share in (0.4, 0.6, 0.8):
            arms.append((points[:, elbow] + share * (points[:, wrist] - points[:, elbow]))[:, None])
    found = np.zeros(len(points))
    for centre, half in BODIES:
        away = np.concatenate(arms, axis=1) - centre
        radius = np.linalg.norm(away / half, axis=-1)
        deep = np.linalg.norm(away, axis=-1) * (1 / np.maximum(radius, 1e-6) - 1)
        found = np.maximum(found, deep.max(axis=1))
    return found


# ---------------------------------------------------------------- what counts as depth


def test_a_body_model_has_true_depth_and_a_guess_has_not(source: Stitch) -> None:
    entry = source.opened.entries[0]
    poses = source.opened.load(entry)
    assert poses.depth is not None
    noise = np.random.default_rng(0).normal(scale=2.0, size=poses.depth.shape)
    assert make_clip(poses, 24.0).is_spatial
    assert make_clip(poses, 30.0).is_spatial
    assert not make_clip(poses.replace(depth=poses.depth + noise), 24.0).is_spatial
    assert not make_clip(poses.replace(depth=None), 24.0).is_spatial
    assert not make_clip(poses[:1], 24.0).is_spatial


def test_without_true_depth_the_way_in_the_picture_is_that_of_flat_poses(source: Stitch) -> None:
    before, after = still(signed(source, "MOTHER"), 0), still(signed(source, "HOUSE"), 0)
    guessed = transition_frames(replace(before, is_spatial=False), after, 7)
    flat = transition_frames(
        *(Clip(c.points[..., :2], c.confidence, c.source, c.fps) for c in (before, after)), 7
    )
    np.testing.assert_allclose(guessed.points[..., :2], flat.points, atol=1e-12)
    assert np.abs(transition_frames(before, after, 7).points[..., :2] - flat.points).max() > 0.01


# ---------------------------------------------------------------- one movement


PAIRS = [("MOTHER", "HOUSE"), ("PAST", "COFFEE"), ("GRANDFATHER", "TIRED")]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_bones_keep_their_length_in_space(source: Stitch, first: str, second: str) -> None:
    before, after = signed(source, first), signed(source, second)
    middle = transition_frames(before, after, 9)
    ends = lengths(before)[-1], lengths(after)[0]
    assert (lengths(middle) >= np.minimum(*ends) - 1e-6).all()
    assert (lengths(middle) <= np.maximum(*ends) + 1e-6).all()


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_wrists_bend_no_further_than_at_the_ends(source: Stitch, first: str, second: str) -> None:
    before, after = signed(source, first), signed(source, second)
    middle = bends(transition_frames(before, after, 9).points)
    ends = np.maximum(bends(before.points)[-1], bends(after.points)[0])
    assert (middle <= ends + 0.5).all()


def test_from_stillness_to_stillness_the_wrist_is_half_way_in_the_middle(source: Stitch) -> None:
    before, after = still(signed(source, "MOTHER"), 0), still(signed(source, "MOTHER"), -1)
    lifted = after.points.copy()
    lifted[:, [RIGHT_ELBOW, RIGHT_WRIST, *range(RIGHT_HAND.start, RIGHT_HAND.stop)]] += [-0.2, 0.3, 0.0]
    middle = transition_frames(before, replace(after, points=lifted), 7).points[3, RIGHT_WRIST]
    expected = (before.points[-1, RIGHT_WRIST] + lifted[0, RIGHT_WRIST]) / 2
    np.testing.assert_allclose(middle[:2], expected[:2], atol=1e-6)
    assert middle[2] <= expected[2]


def test_equal_poses_stand_still(source: Stitch) -> None:
    clip = still(signed(source, "HOUSE"), 2)
    middle = transition_frames(clip, clip, 5)
    np.testing.assert_allclose(middle.points, np.broadcast_to(clip.points[0], middle.points.shape), atol=1e-6)


def test_a_fist_opens_without_bending_a_finger_back(source: Stitch) -> None:
    before, after = still(signed(source, "s"), 1), still(signed(source, "b"), 1)
    points = np.concatenate([c.points for c in (before[-1:], transition_frames(before, after, 9), after[:1])])
    hand = points[:, RIGHT_HAND]
    for root in (5, 9, 13, 17):
        bones = np.diff(hand[:, [0, root, root + 1, root + 2, root + 3]], axis=1)
        bones /= np.linalg.norm(bones, axis=-1, keepdims=True)
        bend = np.degrees(np.arccos(np.clip(np.sum(bones[:, 1:] * bones[:, :-1], axis=-1), -1, 1))).sum(
            axis=1
        )
        # Straight by way of ever less bent: the short way of the fingertip alone goes through the back of the hand.
        assert bend[0] > 150 > 60 > bend[-1]
        assert (np.diff(bend) <= 1.0).all()


def test_a_left_arm_moves_as_the_mirror_image_of_a_right_one(source: Stitch) -> None:
    def turned(clip: Clip) -> Clip:
        points = clip.points[:, MIRROR].copy()
        points[..., 0] *= -1
        return replace(clip, points=points, confidence=clip.confidence[:, MIRROR])

    before, after = signed(source, "MOTHER"), signed(source, "GRANDFATHER")
    there, mirrored = transition_frames(before, after, 7), transition_frames(turned(before), turned(after), 7)
    np.testing.assert_allclose(turned(mirrored).points, there.points, atol=1e-9)


# ---------------------------------------------------------------- sentences


def test_arms_pass_round_the_body(source: Stitch) -> None:
    entries, rng = source.opened.entries, np.random.default_rng(0)
    total = deeper = over = 0
    for _ in range(40):
        chosen = [entries[i] for i in rng.integers(len(entries), size=rng.integers(3, 6))]
        out = stitch([Sign((source.prepared(entry),)) for entry in chosen])
        deep, bent = depths(out.clip.points), bends(out.clip.points)
        for run in out.runs:
            if run.operation not in ("transition", "raise", "lower"):
                continue
            # Signs touch the body; the movement between them goes no deeper than they do.
            ends = [run.start - 1, run.end]
            frames = slice(run.start, run.end)
            total += run.end - run.start
            deeper += np.count_nonzero(deep[frames] > deep[ends].max() + 0.01)
            over += np.count_nonzero((bent[frames] > np.maximum(95, bent[ends].max(axis=0) + 5)).any(axis=1))
    assert total > 1000
    assert deeper <= 0.005 * total
    assert over <= 0.005 * total


def test_sentences_rise_from_rest_and_return_to_it(source: Stitch) -> None:
    out = sentence(source, "MOTHER", "HOUSE")
    assert [run.operation for run in out.runs] == [
        "rest", "raise", "sign", "transition", "sign", "lower", "rest",
    ]  # fmt: skip
    for frame in (0, -1):
        assert (out.clip.points[frame, [LEFT_WRIST, RIGHT_WRIST], 1] > 1.3).all()
        assert depths(out.clip.points[[frame]]) == 0
    plain = stitch([Sign((signed(source, "MOTHER"),))], StitchSettings(settle=False))
    assert [run.operation for run in plain.runs] == ["sign"]


def test_a_hand_that_is_needed_soon_waits_and_else_rests(source: Stitch) -> None:
    def lowest(*glosses: str) -> float:
        out = sentence(source, *glosses)
        middle = next(run for run in out.runs if run.operation == "sign" and run.sign == 1)
        return float(out.clip.points[middle.start : middle.end, LEFT_WRIST, 1].max())

    assert lowest("HOUSE", "IX-1", "HOUSE") < 1.1
    assert lowest("IX-1", "IX-1", "HOUSE") > 1.3
    assert lowest("HOUSE", "IX-1", "IX-1") > 1.3


def test_hands_that_sign_low_before_the_belly_do_not_count_as_idle(source: Stitch) -> None:
    clip = signed(source, "PREGNANT")
    out = sentence(source, "PREGNANT")
    run = next(run for run in out.runs if run.operation == "sign")
    wanted, got = clip.points[:, RIGHT_WRIST], out.clip.points[run.start : run.end, RIGHT_WRIST]
    assert np.linalg.norm(wanted.mean(axis=0) - got.mean(axis=0)) < 0.15


def test_smoothed_sentences_keep_their_bones_in_space(source: Stitch) -> None:
    out = lengths(sentence(source, "MOTHER", "HOUSE", "PAST").clip)
    assert (out.max(axis=0) / out.min(axis=0) < 1.001).all()


def test_a_sentence_of_written_and_recorded_signs_can_be_made(source: Stitch) -> None:
    written = signed(source, "MOTHER")
    poses: PoseSequence = source.opened.load(source.opened.entries[0])
    noisy = poses.replace(depth=np.asarray(poses.depth) * 0.5)
    out = stitch([Sign((written,)), Sign((make_clip(noisy, 24.0),)), Sign((written,))])
    assert np.isfinite(out.clip.points).all()
    assert not out.clip.is_spatial
