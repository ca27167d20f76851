from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_signer import changed, signer

from signgen.data.poses import read_poses
from signgen.errors import PoseError
from signgen.pose.geometry import ShoulderFrame, affine, mirror
from signgen.pose.layout import (
    FACE,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NECK,
    NOSE,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.pose.sequence import PoseSequence, cleaned
from signgen.signdw.motion.parts import FPS, REST, Parts, centred, to_parts, to_poses


def hide(*points):
    """A change that hides keypoints: numbers for all frames, or pairs of frame and number."""

    def change(keypoints):
        for point in points:
            keypoints[point if isinstance(point, tuple) else (slice(None), point)] = 0

    return change


def same(a: PoseSequence, b: PoseSequence, atol: float) -> None:
    seen = a.confidence > 0
    assert np.array_equal(seen, b.confidence > 0)
    np.testing.assert_allclose(b.xy, a.xy, rtol=0, atol=atol)
    assert (a.depth is None) == (b.depth is None)
    if a.depth is not None:
        np.testing.assert_allclose(b.depth[seen], a.depth[seen], rtol=0, atol=atol)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1 << 31), frames=st.integers(1, 9), missing=st.floats(0, 0.95), scale=st.floats(0.05, 8),
    has_depth=st.booleans(), width=st.integers(1, 4000), height=st.integers(1, 4000),
)  # fmt: skip
def test_the_way_back_is_exact_on_any_canvas_with_anything_missing(
    seed, frames, missing, scale, has_depth, width, height
):
    rng = np.random.default_rng(seed)
    keypoints = np.empty((frames, 128, 3))
    keypoints[..., :2] = rng.uniform(-1, 1, (frames, 128, 2)) * (width, height) * scale
    keypoints[..., 2] = rng.uniform(size=(frames, 128)) >= missing
    keypoints[0, [LEFT_SHOULDER, RIGHT_SHOULDER], 2] = 1
    depth = rng.normal(size=(frames, 128)) * width if has_depth else None
    poses = PoseSequence(cleaned(keypoints), FPS, width, height, depth)
    parts = to_parts(poses, depth=has_depth)
    back = to_poses(parts, width, height)
    # A relative error of some float32 roundings, of coordinates and of the size that they were measured in.
    same(poses, back, 4e-6 * max(np.abs(keypoints).max(), parts.frame.width, width * 4 * has_depth))
    assert not parts.values[~parts.visible].any()


def test_values_are_where_keypoints_lie_from_their_roots():
    poses = signer()
    parts = to_parts(poses)
    xy = poses.xy / 100
    expected = {
        NECK: xy[:, NECK] - xy[:, NECK],
        LEFT_WRIST: xy[:, LEFT_WRIST] - xy[:, NECK],
        RIGHT_HAND.start: np.zeros((60, 2)),
        LEFT_HAND.start + 7: xy[:, LEFT_HAND.start + 7] - xy[:, LEFT_WRIST],
        FACE.start + 5: xy[:, FACE.start + 5] - xy[:, NOSE],
    }
    assert parts.frame == ShoulderFrame(256, 200, 100)
    for keypoint, values in expected.items():
        np.testing.assert_allclose(parts.values[:, keypoint], values, atol=1e-5)
    # Hands that only go round keep their shape.
    assert parts.values[:, LEFT_HAND].std(axis=0).max() < 1e-5


@pytest.mark.parametrize(
    ("hidden", "away"),
    [
        (hide((30, RIGHT_HAND.start)), 1e-5),
        (hide((30, RIGHT_WRIST)), 1e-5),
        (hide(RIGHT_HAND.start), 1e-5),
        # Both roots in one frame: a straight line instead of the circle, 0.3 * (1 - cos(2 pi 0.8 / 24)) of a shoulder.
        (hide((30, RIGHT_WRIST), (30, RIGHT_HAND.start)), 0.0066),
        (hide((30, NOSE)), 1e-5),
        (hide((30, NECK)), 1e-5),
    ],
)
def test_a_missing_root_does_not_move_what_hangs_on_it(hidden, away):
    poses = signer()
    before, after = to_parts(poses), to_parts(changed(poses, hidden))
    # Without the wrist's own value, which says where it is from the body's.
    hanging = np.r_[RIGHT_HAND.start + 1 : RIGHT_HAND.stop, FACE.start : FACE.stop]
    assert np.abs(after.values - before.values)[:, hanging].max() <= away


def test_hiding_a_fifth_of_the_points_changes_nothing_that_is_left():
    poses = signer(frames=48)
    rng = np.random.default_rng(0)
    hidden = rng.uniform(size=(48, 128)) < 0.2
    after = to_parts(
        changed(poses, lambda keypoints: np.putmask(keypoints, np.repeat(hidden[..., None], 3, 2), 0))
    )
    away = np.abs(after.values - to_parts(poses).values).max(-1)[~hidden]
    # Only where both wrists of a side are gone, the hand is off by how far a circle is from its chord.
    assert np.median(away) < 1e-5
    assert (away < 0.01).mean() > 0.98
    assert away.max() < 0.05


def test_roots_that_are_never_seen_have_a_place():
    poses = changed(signer(), hide(RIGHT_WRIST, RIGHT_HAND.start, NOSE))
    parts = to_parts(poses)
    knuckle, chin = RIGHT_HAND.start + 9, FACE.start + 8
    for keypoint, root in ((knuckle, RIGHT_WRIST), (chin, NOSE)):
        expected = (poses.xy[:, keypoint] - (256, 200)) / 100 - REST[root]
        np.testing.assert_allclose(parts.values[:, keypoint], expected, atol=1e-5)
    same(poses, to_poses(parts), 1e-3)


def test_decoded_roots_hold_even_where_they_are_hidden():
    parts = to_parts(signer())
    visible = parts.visible.copy()
    visible[:, [LEFT_WRIST, LEFT_HAND.start, NOSE]] = False
    found = to_poses(Parts(parts.values, visible, parts.frame), is_complete=True)
    seen = found.confidence > 0
    np.testing.assert_allclose(found.xy[seen], signer().xy[seen], atol=1e-3)
    assert not seen[:, NOSE].any()


def test_size_and_place_of_the_signer_do_not_matter():
    poses = signer()
    other = affine(poses, np.array([[2.5, 0, -40], [0, 2.5, 99]]), 1280, 720)
    np.testing.assert_allclose(to_parts(other).values, to_parts(poses).values, atol=1e-5)
    same(poses, to_poses(to_parts(other), 512, 512, ShoulderFrame(256, 200, 100)), 1e-3)


def test_a_mirrored_signer_has_mirrored_hands():
    poses = signer()
    left, right = to_parts(mirror(poses)).values[:, LEFT_HAND], to_parts(poses).values[:, RIGHT_HAND]
    np.testing.assert_allclose(left, right * (-1, 1), atol=1e-5)


def test_other_rates_are_resampled_and_the_whole_signer_fits_a_canvas():
    parts = to_parts(signer(frames=50, fps=50))
    assert (len(parts), parts.fps) == (24, 24)
    frame = centred(400, 300)
    assert (frame.x, frame.width) == (200, 96)
    assert 0 < frame.y < 150
    assert to_poses(parts, 400, 300, frame).width == 400


@pytest.mark.parametrize(
    ("poses", "depth", "words"),
    [
        (signer()[:0], False, "no frames"),
        (changed(signer(), hide(LEFT_SHOULDER)), False, "shoulders"),
        (signer(), True, "no depth"),
    ],
)
def test_refusals(poses, depth, words):
    with pytest.raises(PoseError, match=words):
        to_parts(poses, depth=depth)


@pytest.mark.parametrize("name", ["dgs_pairs/train_1_original.pose", "dwpose_signer/npz"])
def test_real_poses_go_there_and_back(shared_data, name):
    poses = read_poses(shared_data / name, fps=24, width=1280, height=720)[0]
    again = to_poses(to_parts(poses, poses.fps), poses.width, poses.height)
    same(poses.replace(depth=None), again, 1e-3)
