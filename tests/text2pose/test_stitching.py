"""The steps of the stitcher on poses whose right answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signer import signer, waving

from signgen.pose.bones import FINGER_BONES, IS_RIGID, ORDER, bone_lengths
from signgen.pose.layout import (
    FACE,
    LEFT_HAND,
    LEFT_WRIST,
    NOSE,
    PARENTS,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.stitching.assemble import Core, Pace, assemble, bridge, hold, transition_frames
from signgen.text2pose.stitching.clip import Clip, make_clip
from signgen.text2pose.stitching.crop import active_span
from signgen.text2pose.stitching.idle import settle_idle_hands
from signgen.text2pose.stitching.joins import Candidate, choose
from signgen.text2pose.stitching.nonmanual import apply_marks
from signgen.text2pose.stitching.sentence import Sign, StitchSettings, stitch
from signgen.text2pose.stitching.shape import STANDARD, SignerShape, canonical, measure_shape
from signgen.text2pose.stitching.timing import DEFAULT_PROFILE, odd_frames, warp


def with_hand_turned(clip: Clip, angle: float) -> Clip:
    """The right hand turned as a whole about its wrist."""
    points = clip.points.copy()
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    wrist = points[:, RIGHT_HAND.start, None, :2]
    points[:, RIGHT_HAND, :2] = (points[:, RIGHT_HAND, :2] - wrist) @ turn.T + wrist
    return Clip(points, clip.confidence, clip.source, clip.fps)


# ---------------------------------------------------------------- clip


def test_a_clip_has_its_neck_at_the_origin_and_shoulders_of_width_one() -> None:
    clip = make_clip(signer(30, scale=137.0, at=(300.0, 222.0)), 24.0)
    same = make_clip(signer(30, scale=60.0, at=(100.0, 80.0)), 24.0)
    np.testing.assert_allclose(clip.points, same.points, atol=1e-5)
    np.testing.assert_allclose(clip.points[:, 1, :2], 0, atol=1e-6)
    assert np.linalg.norm(clip.points[0, 2] - clip.points[0, 5]) == pytest.approx(1.0)


def test_a_hand_larger_than_any_hand_is_dropped() -> None:
    poses = signer(20)
    keypoints = poses.keypoints.copy()
    wrist = keypoints[:, RIGHT_HAND.start, None, :2]
    keypoints[8:, RIGHT_HAND, :2] = wrist[8:] + 20 * (keypoints[8:, RIGHT_HAND, :2] - wrist[8:])
    clip = make_clip(poses.replace(keypoints=keypoints), 24.0)
    assert (clip.confidence[:8, RIGHT_HAND] > 0).all()
    assert (clip.confidence[10:, RIGHT_HAND] == 0).all()


# ---------------------------------------------------------------- transitions


@pytest.mark.parametrize("angle", [0.3, 1.5, 3.0, -2.5])
def test_a_turning_hand_keeps_every_bone_in_every_frame_of_a_transition(angle: float) -> None:
    before = make_clip(signer(4), 24.0)
    after = with_hand_turned(before, angle)
    middle = transition_frames(before, after, 7)
    lengths = bone_lengths(middle.points[..., :2], middle.confidence)[:, FINGER_BONES]
    expected = bone_lengths(before.points[:1, :, :2], before.confidence[:1])[:, FINGER_BONES]
    np.testing.assert_allclose(lengths, np.broadcast_to(expected, lengths.shape), atol=1e-6)
    # straight lines would not: half a turn passes through a point
    linear = (before.points[-1] + after.points[0]) / 2
    shrunk = bone_lengths(linear[None, :, :2], before.confidence[:1])[:, FINGER_BONES]
    assert np.nanmin(shrunk / expected) < 1 - (1 - np.cos(angle / 2)) * 0.9


def test_a_transition_takes_the_shortest_arc_and_passes_its_middle_half_way() -> None:
    before = make_clip(signer(4), 24.0)
    after = with_hand_turned(before, np.pi / 2)
    middle = transition_frames(before, after, 5)
    tip, base = RIGHT_HAND.start + 8, RIGHT_HAND.start + 5
    angles = []
    for points in (before.points[-1], *middle.points, after.points[0]):
        x, y = points[tip, :2] - points[base, :2]
        angles.append(np.arctan2(y, x))
    turned = np.unwrap(angles) - angles[0]
    assert (np.diff(turned) >= -1e-9).all()
    assert turned[-1] == pytest.approx(np.pi / 2, abs=1e-6)


def test_a_transition_between_equal_poses_stands_still() -> None:
    clip = make_clip(signer(4), 24.0)
    middle = transition_frames(clip, clip, 5)
    np.testing.assert_allclose(
        middle.points, np.broadcast_to(clip.points[:1], middle.points.shape), atol=1e-9
    )


def test_a_hand_only_one_side_has_is_shown_on_its_half_alone() -> None:
    before = make_clip(signer(4, left_hand=False), 24.0)
    after = make_clip(signer(4), 24.0)
    shown = transition_frames(before, after, 5).confidence[:, LEFT_HAND.start] > 0
    assert shown.tolist() == [False, False, True, True, True]


@given(st.integers(1, 11))
@settings(deadline=None, derandomize=True, max_examples=11)
def test_transitions_have_the_frames_asked_for_and_no_bad_number(count: int) -> None:
    clip = make_clip(waving(12), 24.0)
    middle = transition_frames(clip, with_hand_turned(clip, 2.0), count)
    assert len(middle) == count
    assert np.isfinite(middle.points).all()


# ---------------------------------------------------------------- timing


@pytest.mark.parametrize(("count", "expected"), [(0.2, 1), (1.9, 1), (2.1, 3), (4.2, 5), (7.0, 7), (7.9, 7)])
def test_transitions_have_an_odd_number_of_frames(count: float, expected: int) -> None:
    assert odd_frames(count) == expected


def test_durations_follow_the_percentiles_of_the_profile() -> None:
    p = DEFAULT_PROFILE
    for citation, continuous in zip(p.citation, p.continuous, strict=True):
        assert p.sign_seconds(citation) == pytest.approx(p.sign_share * continuous)
    assert p.sign_seconds(0.83, is_final=True) == pytest.approx(1.3 * p.sign_seconds(0.83))
    assert p.sign_seconds(100.0) == p.sign_seconds(1.37)


def seam_jerk(before: Clip, middle: Clip, after: Clip) -> float:
    """Peak of the third difference of the smoothed wrist, by numpy and scipy."""
    from scipy.signal import butter, sosfiltfilt

    track = np.concatenate([clip.points[:, RIGHT_WRIST, :2] for clip in (before, middle, after)])
    track = sosfiltfilt(butter(4, 6, fs=24, output="sos"), track, axis=0, padlen=15)
    for _ in range(3):
        track = np.gradient(track, 1 / 24, axis=0)
    return float(np.linalg.norm(track, axis=1)[len(before) - 1 : len(before) + len(middle) + 1].max())


def test_jerky_transitions_are_made_longer() -> None:
    before, after = make_clip(signer(8), 24.0), make_clip(signer(8, swing=np.full(8, 1.2)), 24.0)
    quick, _ = bridge(before, after, Pace(replace(DEFAULT_PROFILE, jerk=1e9)))
    eased, _ = bridge(before, after, Pace(replace(DEFAULT_PROFILE, jerk=100.0)))
    assert len(eased) > len(quick)
    assert seam_jerk(before, eased, after) <= 100 < seam_jerk(before, quick, after)


def test_holds_give_way_before_movement() -> None:
    speed = np.array([4.0] * 6 + [0.0] * 10 + [4.0] * 6)
    positions, is_capped = warp(speed, 16)
    assert not is_capped
    steps = np.diff(positions)
    # movement runs at its own pace, the hold is skipped through
    np.testing.assert_allclose(steps[:4], 1, atol=1e-9)
    np.testing.assert_allclose(steps[-4:], 1, atol=1e-9)
    assert steps[6:9].min() > 1.5


def test_movement_is_never_more_than_twice_as_fast() -> None:
    positions, is_capped = warp(np.full(21, 3.0), 5)
    assert is_capped
    assert np.diff(positions).max() <= 2 + 1e-9
    assert positions[0] == 0
    assert positions[-1] == 20


@given(st.lists(st.floats(0, 10), min_size=1, max_size=60), st.integers(1, 100))
@settings(deadline=None, derandomize=True, max_examples=100)
def test_warps_run_forward_from_end_to_end(speed: list[float], count: int) -> None:
    positions, is_capped = warp(np.array(speed), count)
    assert (np.diff(positions) >= -1e-9).all()
    assert positions[0] == 0
    assert len(positions) >= count or len(speed) > 1
    if len(speed) > 1:
        assert positions[-1] == pytest.approx(len(speed) - 1)
        assert len(positions) >= max(2, count) if is_capped else len(positions) == max(2, count)


# ---------------------------------------------------------------- crop


def test_rest_and_lead_in_are_cut_and_the_sign_is_kept() -> None:
    # 10 frames at rest, 6 up, 20 of signing, 6 down, 10 at rest
    height = np.concatenate(
        [np.zeros(10), np.linspace(0, 1, 6), np.ones(20), np.linspace(1, 0, 6), np.zeros(10)]
    )
    clip = make_clip(signer(52, raised=height), 24.0)
    start, stop = active_span(clip)
    assert 13 <= start <= 17
    assert 35 <= stop <= 40


def test_a_clip_without_lead_in_is_kept_whole() -> None:
    clip = make_clip(waving(25, cycles=2 * 25 / 24, phase=np.pi / 2), 24.0)
    start, stop = active_span(clip)
    assert start <= 1
    assert stop >= 24
    assert make_clip(waving(24, cycles=2), 24.0, is_cut=True).active_span == (0, 24)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 8])
def test_short_clips_keep_at_least_four_frames(frames: int) -> None:
    start, stop = active_span(make_clip(signer(frames), 24.0))
    assert stop - start >= min(frames, 4)


# ---------------------------------------------------------------- joins


def brute_force(signs: list[list[Candidate]]) -> float:
    from itertools import product

    from signgen.text2pose.stitching.joins import ABSENT, LOST_TRAVEL_WEIGHT, WEIGHTS, _window
    from signgen.text2pose.stitching.kernels import join_cost

    options = []
    for sign in signs:
        found = []
        for v, c in enumerate(sign):
            w = _window(c)
            found += [
                (v, a, b) for a in range(c.start, c.start + w) for b in range(c.stop - w, c.stop) if a <= b
            ]
        options.append(found)
    best = np.inf
    for path in product(*options):
        cost = 0.0
        for (v, a, b), sign in zip(path, signs, strict=True):
            c = sign[v]
            cost += LOST_TRAVEL_WEIGHT * (c.clip.travel[a] - c.clip.travel[c.start])
            cost += LOST_TRAVEL_WEIGHT * (c.clip.travel[c.stop - 1] - c.clip.travel[b])
        for (v, _, b), (w, a, _), left, right in zip(path, path[1:], signs, signs[1:], strict=False):
            cost += join_cost(left[v].clip.features[b], right[w].clip.features[a], WEIGHTS, ABSENT)
        best = min(best, cost)
    return best


def test_the_join_search_finds_the_cheapest_way_of_all() -> None:
    rng = np.random.default_rng(3)
    signs = []
    for _ in range(3):
        clips = [
            make_clip(waving(14, cycles=rng.uniform(0.5, 2), phase=rng.uniform(0, 6)), 24.0) for _ in range(2)
        ]
        signs.append([Candidate(clip, 1, 12) for clip in clips])
    choices = choose(signs)
    from signgen.text2pose.stitching.joins import ABSENT, LOST_TRAVEL_WEIGHT, WEIGHTS
    from signgen.text2pose.stitching.kernels import join_cost

    cost = 0.0
    for choice, sign in zip(choices, signs, strict=True):
        c = sign[choice.variant]
        cost += LOST_TRAVEL_WEIGHT * (c.clip.travel[choice.start] - c.clip.travel[c.start])
        cost += LOST_TRAVEL_WEIGHT * (c.clip.travel[c.stop - 1] - c.clip.travel[choice.stop - 1])
    for left, right, a, b in zip(signs, signs[1:], choices, choices[1:], strict=False):
        before, after = left[a.variant].clip.features[a.stop - 1], right[b.variant].clip.features[b.start]
        cost += join_cost(before, after, WEIGHTS, ABSENT)
    assert cost == pytest.approx(brute_force(signs))


# ---------------------------------------------------------------- shape, idle hands, pauses, marks


def test_a_larger_signer_becomes_the_standard_one() -> None:
    clip = make_clip(signer(10, arm=1.15, hand=1.2), 24.0)
    own = measure_shape([clip])
    changed = measure_shape([canonical(clip, own)])
    assert changed.palm == pytest.approx(STANDARD.palm, rel=0.02)
    assert changed.upper_arm == pytest.approx(STANDARD.upper_arm, rel=0.02)
    assert changed.neck == pytest.approx(STANDARD.neck, rel=0.02)


def test_unknown_proportions_change_nothing() -> None:
    clip = make_clip(signer(5), 24.0)
    nan = float("nan")
    np.testing.assert_allclose(
        canonical(clip, SignerShape(nan, nan, nan, nan, nan)).points, clip.points, atol=1e-12
    )


def test_an_arm_that_is_never_seen_hangs_at_the_side() -> None:
    poses = signer(12, left_hand=False, left_arm=False)
    cores, _ = settle_idle_hands([Core(make_clip(poses, 24.0), make_clip(poses, 24.0))])
    clip = cores[0].frames
    assert (clip.confidence[:, LEFT_WRIST] > 0).all()
    assert (clip.points[:, LEFT_WRIST, 1] > 1.3).all()
    assert (clip.confidence[:, RIGHT_WRIST] == make_clip(poses, 24.0).confidence[:, RIGHT_WRIST]).all()


def test_a_hold_breathes_a_little_and_its_face_goes_on() -> None:
    clip = make_clip(waving(30), 24.0)
    face = clip.points.copy()
    face[:, FACE, 0] += 0.01 * np.sin(np.arange(30))[:, None]
    clip = Clip(face, clip.confidence, clip.source, clip.fps)
    held = hold(clip.take(np.arange(10.0)), clip.take(np.arange(10.0, 30)), 12)
    assert len(held) == 12
    body = held.points[:, RIGHT_SHOULDER] - clip.points[9, RIGHT_SHOULDER]
    assert 0 < np.abs(body[:, 1]).max() <= 0.02
    offset = held.points[:, FACE] - held.points[:, NOSE, None]
    assert np.ptp(offset[..., 0], axis=0).max() > 0.005


def test_marks_move_only_the_head() -> None:
    clip = make_clip(signer(40), 24.0)
    brows = np.arange(FACE.start + 17, FACE.start + 27)
    asked = apply_marks(clip, {"yes_no_question": [(10, 30)]})
    np.testing.assert_array_equal(asked.points[:, 1:14], clip.points[:, 1:14])
    np.testing.assert_array_equal(asked.points[:, RIGHT_HAND], clip.points[:, RIGHT_HAND])
    eyes = FACE.start + 36
    raise_ = (asked.points[20, eyes, 1] - asked.points[20, brows, 1]) - (
        clip.points[20, eyes, 1] - clip.points[20, brows, 1]
    )
    assert (raise_ > 0.02).all()
    np.testing.assert_array_equal(asked.points[0], clip.points[0])
    furrowed = apply_marks(clip, {"wh_question": [(10, 30)]})
    assert (furrowed.points[20, brows, 1] > clip.points[20, brows, 1]).all()
    shaken = apply_marks(clip, {"negation": [(5, 35)]}).points[:, NOSE, 0] - clip.points[:, NOSE, 0]
    crossings = np.count_nonzero(np.diff(np.sign(shaken[np.abs(shaken) > 1e-6])))
    assert 3 <= crossings <= 7
    assert apply_marks(clip, {}) is clip


# ---------------------------------------------------------------- whole sentences


def plain(**changes: object) -> StitchSettings:
    return StitchSettings(**({"crop": False, "retime": False, "smooth": False, "settle": False} | changes))  # type: ignore[arg-type]


def test_one_sign_with_every_step_off_is_the_recording() -> None:
    clip = make_clip(waving(20), 24.0)
    out = stitch([Sign((clip,))], plain())
    np.testing.assert_allclose(out.clip.points, clip.points, atol=1e-12)
    np.testing.assert_allclose(out.clip.source, np.arange(20), atol=1e-9)


def test_runs_cover_every_frame_once_and_signs_come_in_order() -> None:
    signs = [Sign((make_clip(waving(24, phase=i), 24.0),), pause=0.25 * (i == 1)) for i in range(4)]
    out = stitch(signs)
    assert out.runs[0].start == 0
    assert out.runs[-1].end == len(out.clip)
    assert all(a.end == b.start for a, b in zip(out.runs, out.runs[1:], strict=False))
    assert [run.sign for run in out.runs if run.operation == "sign"] == [0, 1, 2, 3]
    pauses = [run for run in out.runs if run.operation == "pause"]
    assert [run.end - run.start for run in pauses] == [6]
    assert len(out.report["seams"]) == 3


def test_speed_shortens_and_slow_transitions_lengthen() -> None:
    signs = [Sign((make_clip(waving(24, phase=i), 24.0, is_cut=True),)) for i in range(5)]
    normal = len(stitch(signs).clip)
    assert 0.4 * normal < len(stitch(signs, StitchSettings(speed=2.0)).clip) < 0.65 * normal
    assert len(stitch(signs, StitchSettings(transition_scale=3.0)).clip) > normal + 8


def test_given_durations_are_kept() -> None:
    signs = [Sign((make_clip(waving(24, phase=i), 24.0),), seconds=0.5) for i in range(3)]
    out = stitch(signs, StitchSettings(crop=False))
    assert [run.end - run.start for run in out.runs if run.operation == "sign"] == [12, 12, 12]


def test_a_dropout_in_a_finger_changes_the_result_by_less_than_a_pixel() -> None:
    poses = waving(30)
    keypoints = poses.keypoints.copy()
    keypoints[12:18, RIGHT_HAND.start + 8] = 0
    clean, broken = (
        stitch([Sign((make_clip(p, 24.0),))], plain()) for p in (poses, poses.replace(keypoints=keypoints))
    )
    shoulders = 0.32 * 512
    away = np.linalg.norm(clean.clip.points - broken.clip.points, axis=-1).max() * shoulders
    assert away < 1.0


def test_the_result_is_the_same_every_time() -> None:
    signs = [
        Sign((make_clip(waving(24, phase=i), 24.0), make_clip(waving(20, phase=i + 2), 24.0)))
        for i in range(4)
    ]
    first, second = stitch(signs), stitch(signs)
    np.testing.assert_array_equal(first.clip.points, second.clip.points)
    assert first.choices == second.choices
    assert first.report == second.report


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_tiny_recordings_can_be_stitched(frames: int) -> None:
    signs = [Sign((make_clip(signer(frames), 24.0),), is_letter=i % 2 == 0) for i in range(3)]
    out = stitch(signs)
    assert np.isfinite(out.clip.points).all()
    assert len(out.clip) >= 3


def test_arms_keep_their_lengths_through_smoothing() -> None:
    signs = [Sign((make_clip(waving(24, phase=i), 24.0),)) for i in range(3)]
    out = stitch(signs, StitchSettings(settle=False))
    lengths = bone_lengths(out.clip.points[..., :2], out.clip.confidence)
    upper = lengths[:, RIGHT_ELBOW]
    assert np.nanmax(upper) / np.nanmin(upper) < 1.02
    assert PARENTS[RIGHT_ELBOW] == RIGHT_SHOULDER
    assert not IS_RIGID[RIGHT_ELBOW]
    assert len(ORDER) == 128


def test_assembling_one_core_adds_nothing() -> None:
    clip = make_clip(waving(10), 24.0)
    out, runs, _ = assemble([Core(clip, clip.take(np.zeros(0)))], Pace(DEFAULT_PROFILE))
    np.testing.assert_array_equal(out.points, clip.points)
    assert len(runs) == 1


def test_poses_without_shoulders_are_refused_in_one_line() -> None:
    from signgen.errors import PoseError

    with pytest.raises(PoseError, match="shoulders"):
        make_clip(PoseSequence(np.zeros((3, 128, 3)), 24, 64, 64), 24.0)


def test_passages_are_stitched_as_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from signgen.text2pose.stitching import sentence

    recordings = [make_clip(waving(24, phase=i), 24.0) for i in range(5)]
    signs = [
        Sign((recordings[i % 5],), pause=0.5 * (i % 4 == 3), marks=("negation",) * (i % 3 == 0))
        for i in range(40)
    ]
    whole = stitch(signs, StitchSettings(settle=False))
    monkeypatch.setattr(sentence, "PASSAGE", 7)
    parts = stitch(signs, StitchSettings(settle=False))
    assert parts.runs == whole.runs
    np.testing.assert_allclose(parts.clip.points, whole.clip.points, atol=2e-6)
    np.testing.assert_allclose(parts.clip.source, whole.clip.source)
    assert parts.report["seams"] == [
        pytest.approx(seam, rel=1e-2, abs=0.05) for seam in whole.report["seams"]
    ]
