"""Motion functions against values known by calculus."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signgen.errors import PoseError
from signgen.pose.bones import FINGER_BONES, bone_lengths
from signgen.pose.layout import FACE, LEFT_HAND, LEFT_WRIST, RIGHT_ELBOW, RIGHT_SHOULDER, RIGHT_WRIST
from signgen.pose.motion import concat, fill_gaps, low_pass, resample, resample_positions
from signgen.pose.sequence import PoseSequence


def still(frames: int, fps: float = 24.0) -> PoseSequence:
    """All keypoints seen, each at its own place."""
    keypoints = np.ones((frames, 128, 3))
    keypoints[..., 0] = np.arange(128) * 3 + 10
    keypoints[..., 1] = np.arange(128) % 7 * 5 + 10
    return PoseSequence(keypoints, fps, 512, 512)


def with_track(poses: PoseSequence, keypoint: int, x: np.ndarray) -> PoseSequence:
    keypoints = poses.keypoints.copy()
    keypoints[:, keypoint, 0] = x
    return poses.replace(keypoints=keypoints)


@pytest.mark.parametrize("fps", [12.0, 23.976, 24.0, 25.0, 29.97, 30.0, 50.0, 60.0])
def test_resampling_keeps_the_duration_to_half_a_frame(fps: float) -> None:
    poses = still(50, 25.0)
    assert abs(resample(poses, fps).seconds - poses.seconds) <= 0.5 / fps


def test_resampling_a_straight_movement_stays_on_its_line() -> None:
    time = (np.arange(50) + 0.5) / 25
    poses = resample(with_track(still(50, 25.0), 4, 100 * time), 24)
    expected = 100 * (np.arange(48) + 0.5) / 24
    np.testing.assert_allclose(poses.xy[1:-1, 4, 0], expected[1:-1], atol=1e-3)


def test_resampling_there_and_back_is_close_for_a_slow_sine() -> None:
    time = (np.arange(60) + 0.5) / 30
    poses = with_track(still(60, 30.0), 4, 200 + 50 * np.sin(2 * np.pi * time))
    back = resample(resample(poses, 60), 30)
    assert np.abs(back.xy[2:-2] - poses.xy[2:-2]).max() < 1.2


def test_resampling_never_invents_a_keypoint_from_a_missing_one() -> None:
    keypoints = still(10).keypoints.copy()
    keypoints[4:6, 30] = 0
    out = resample(still(10).replace(keypoints=keypoints), 48)
    hidden = out.confidence[:, 30] == 0
    assert 3 <= hidden.sum() <= 5
    assert not out.keypoints[hidden, 30].any()
    seen = ~hidden
    np.testing.assert_allclose(out.keypoints[seen, 30, 0], 100)


@pytest.mark.parametrize("frames", [0, 1, 2])
@pytest.mark.parametrize("function", [lambda p: resample(p, 30), fill_gaps, low_pass])
def test_very_short_clips_pass(function: object, frames: int) -> None:
    out = function(still(frames))  # type: ignore[operator]
    assert isinstance(out, PoseSequence)
    assert len(out) == (0 if frames == 0 else len(out))


@pytest.mark.parametrize("fps", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_rates_are_refused(fps: float) -> None:
    with pytest.raises(PoseError, match="fps"):
        resample(still(3), fps)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.integers(1, 400), st.floats(1, 120), st.floats(1, 120))
def test_resample_positions_are_monotone_and_inside(frames: int, fps_in: float, fps_out: float) -> None:
    positions = resample_positions(frames, fps_in, fps_out)
    assert len(positions) == max(1, round(frames * fps_out / fps_in))
    assert (np.diff(positions) >= 0).all()
    assert positions[0] >= 0
    assert positions[-1] <= frames - 1


def test_a_gap_in_a_turning_finger_is_filled_on_the_circle() -> None:
    # A fingertip turns a quarter round its parent; the straight line between the ends would be shorter.
    keypoints = still(9).keypoints.copy()
    angle = np.linspace(0, np.pi / 2, 9)
    tip, parent = LEFT_HAND.start + 8, LEFT_HAND.start + 7
    centre = keypoints[0, parent, :2]
    keypoints[:, tip, 0] = centre[0] + 20 * np.cos(angle)
    keypoints[:, tip, 1] = centre[1] + 20 * np.sin(angle)
    truth = keypoints.copy()
    keypoints[2:7, tip] = 0
    filled = fill_gaps(still(9).replace(keypoints=keypoints), max_gap=6)
    np.testing.assert_allclose(filled.keypoints, truth, atol=1e-4)


def test_long_gaps_and_open_ends_stay_missing() -> None:
    keypoints = still(20).keypoints.copy()
    keypoints[5:12, 70] = 0
    keypoints[:2, 71] = 0
    keypoints[18:, 72] = 0
    out = fill_gaps(still(20).replace(keypoints=keypoints), max_gap=6)
    np.testing.assert_array_equal(out.keypoints, keypoints)


@pytest.mark.parametrize(("hz", "kept"), [(2.0, 1.0), (4.0, 0.96), (6.0, 0.5), (9.0, 0.04)])
def test_body_filter_has_the_zero_phase_butterworth_response(hz: float, kept: float) -> None:
    # |H|² of order 4 at cut-off 6 Hz: 1 / (1 + (f / 6)⁸) in the analogue limit; a high rate keeps close to it.
    fps, time = 240.0, np.arange(2400) / 240.0
    poses = with_track(still(2400, fps), 0, 200 + 50 * np.sin(2 * np.pi * hz * time))
    keypoints = poses.keypoints.copy()
    keypoints[:, [i for i in range(128) if i != 0]] = 0
    out = low_pass(poses.replace(keypoints=keypoints)).xy[600:1800, 0, 0] - 200
    assert np.abs(out).max() / 50 == pytest.approx(kept, abs=0.02)
    # zero phase: the maximum of the slow tone stays in place
    if hz == 2.0:
        assert np.argmax(out[:120]) == np.argmax(poses.xy[600:720, 0, 0])


def test_smoothing_leaves_the_face_and_bone_lengths_alone() -> None:
    rng = np.random.default_rng(1)
    keypoints = still(40).keypoints.copy()
    keypoints[..., :2] += rng.normal(0, 2, keypoints[..., :2].shape)
    poses = still(40).replace(keypoints=keypoints)
    out = low_pass(poses)
    np.testing.assert_array_equal(out.keypoints[:, FACE], poses.keypoints[:, FACE])
    before = bone_lengths(poses.xy, poses.confidence)[:, FINGER_BONES]
    after = bone_lengths(out.xy, out.confidence)[:, FINGER_BONES]
    np.testing.assert_allclose(after, before, rtol=1e-4)


def test_smoothing_leaves_a_still_pose_alone_and_keeps_gaps() -> None:
    keypoints = still(40).keypoints.copy()
    keypoints[10:20, LEFT_WRIST] = 0
    keypoints[5:25, LEFT_HAND] = 0
    poses = still(40).replace(keypoints=keypoints)
    out = low_pass(poses)
    np.testing.assert_allclose(out.keypoints, poses.keypoints, atol=1e-3)


def test_concat_joins_and_refuses_mixed_rates() -> None:
    both = concat([still(3), still(4)])
    assert len(both) == 7
    with pytest.raises(PoseError, match="resample"):
        concat([still(3), still(3, 25.0)])
    with pytest.raises(PoseError, match="no clips"):
        concat([])


def test_arm_lengths_survive_smoothing_of_a_swing() -> None:
    frames = 60
    keypoints = still(frames).keypoints.copy()
    angle = 1.2 * np.sin(np.linspace(0, 4 * np.pi, frames))
    shoulder = keypoints[0, RIGHT_SHOULDER, :2]
    for joint, radius in ((RIGHT_ELBOW, 60.0), (RIGHT_WRIST, 110.0)):
        keypoints[:, joint, 0] = shoulder[0] + radius * np.cos(angle)
        keypoints[:, joint, 1] = shoulder[1] + radius * np.sin(angle)
    out = low_pass(still(frames).replace(keypoints=keypoints))
    lengths = bone_lengths(out.xy, out.confidence)
    np.testing.assert_allclose(lengths[:, RIGHT_ELBOW], 60, rtol=1e-3)
    np.testing.assert_allclose(lengths[:, RIGHT_WRIST], 50, rtol=1e-3)


@pytest.mark.parametrize("frames", [5, 9, 15, 16, 17, 40, 200])
@pytest.mark.parametrize("hz", [3.0, 6.0, 9.0])
def test_the_compiled_filter_is_scipys(frames: int, hz: float) -> None:
    from scipy.signal import butter, savgol_filter, sosfiltfilt

    track = np.random.default_rng(frames).normal(0, 30, frames).cumsum() + 200
    keypoints = np.zeros((frames + 4, 128, 3))
    keypoints[2:-2, 0] = np.stack([track, track[::-1], np.ones(frames)], axis=1)
    out = low_pass(PoseSequence(keypoints, 24, 512, 512), body_hz=hz).xy[2:-2, 0, 0]
    single = keypoints[2:-2, 0, 0].astype(np.float32).astype(np.float64)
    if frames <= 15:
        expected = savgol_filter(single, 5, 2)
    else:
        expected = sosfiltfilt(butter(4, hz, fs=24, output="sos"), single, padtype="odd", padlen=15)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-3)
