"""What a `PoseSequence` accepts and refuses, and the layout's internal agreement."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from signgen.errors import PoseError
from signgen.pose import layout
from signgen.pose.bones import ORDER
from signgen.pose.geometry import affine, fit_to_canvas, mirror, shoulder_frame
from signgen.pose.sequence import PoseSequence, _check_values, cleaned


def some(frames: int = 3) -> np.ndarray:
    keypoints = np.random.default_rng(0).uniform(0, 500, (frames, 128, 3))
    keypoints[..., 2] = 0.9
    return keypoints


BAD = [
    ("shape", dict(keypoints=np.zeros((3, 127, 3)))),
    ("shape", dict(keypoints=np.zeros((128, 3)))),
    ("numbers", dict(keypoints=[["a"]])),
    ("finite", dict(keypoints=np.full((1, 128, 3), np.nan))),
    ("finite", dict(keypoints=np.full((1, 128, 3), np.inf))),
    ("confidence", dict(keypoints=some() * [1, 1, 2])),
    ("confidence", dict(keypoints=some() * [1, 1, -1])),
    ("missing keypoint", dict(keypoints=some() * [1, 1, 0])),
    ("fps", dict(fps=0)),
    ("fps", dict(fps=-24)),
    ("fps", dict(fps=float("nan"))),
    ("width", dict(width=0)),
    ("height", dict(height=10.5)),
    ("height", dict(height=1 << 20)),
    ("depth", dict(depth=np.zeros((3, 127)))),
    ("depth", dict(depth=np.full((3, 128), np.nan))),
]


@pytest.mark.parametrize(("word", "change"), BAD, ids=[f"{w}-{i}" for i, (w, _) in enumerate(BAD)])
def test_bad_values_are_refused_by_name(word: str, change: dict[str, object]) -> None:
    values = dict(keypoints=some(), fps=24, width=512, height=512) | change
    with pytest.raises(PoseError, match=word):
        PoseSequence(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("spoil", [None, (0, np.nan), (1, np.inf), (2, 1.5), (2, -0.5), (2, np.nan), (2, 0)])
def test_the_compiled_check_agrees_with_the_one_that_gives_reasons(spoil) -> None:
    from signgen.pose.sequence_kernels import is_legal

    keypoints = some().astype(np.float32)
    keypoints[1, 5] = 0
    if spoil is not None:
        keypoints[2, 127, spoil[0]] = spoil[1]
    assert is_legal(keypoints) == (spoil is None)
    if spoil is None:
        _check_values(keypoints)
    else:
        with pytest.raises(PoseError):
            _check_values(keypoints)


def test_the_value_is_a_read_only_copy() -> None:
    given_array = some().astype(np.float32)
    poses = PoseSequence(given_array, 24, 512, 512)
    given_array[:] = 7
    assert poses.keypoints[0, 0, 2] == pytest.approx(0.9)
    with pytest.raises(ValueError, match="read-only"):
        poses.keypoints[0, 0, 0] = 1


def test_slicing_and_views() -> None:
    poses = PoseSequence(some(5), 25, 640, 480, depth=np.ones((5, 128)))
    part = poses[1:3]
    assert len(part) == 2
    assert part.seconds == pytest.approx(2 / 25)
    assert part.depth is not None
    assert part.part(layout.FACE).shape == (2, 68, 3)
    assert len(poses[5:]) == 0
    with pytest.raises(TypeError, match="slice"):
        poses[0]  # type: ignore[index]


@settings(deadline=None, derandomize=True, max_examples=50)
@given(hnp.arrays(np.float64, (2, 128, 3), elements=st.floats(allow_nan=True, allow_infinity=True, width=32)))
def test_cleaning_always_gives_legal_keypoints(keypoints: np.ndarray) -> None:
    poses = PoseSequence(cleaned(keypoints), 24, 64, 64)
    assert len(poses) == 2


def test_layout_tables_agree() -> None:
    assert len(layout.NAMES) == len(set(layout.NAMES)) == layout.NUM_KEYPOINTS
    np.testing.assert_array_equal(layout.MIRROR[layout.MIRROR], np.arange(128))
    for i, name in enumerate(layout.NAMES[:60]):
        mirrored = layout.NAMES[layout.MIRROR[i]]
        swapped = name.replace("left", "#").replace("right", "left").replace("#", "right")
        assert mirrored == swapped
    for start, stop, outer in ((36, 42, 36), (42, 48, 45)):
        assert start <= outer < stop
    seen: set[int] = set()
    for keypoint in ORDER:
        assert layout.PARENTS[keypoint] in seen | {-1}
        seen.add(int(keypoint))
    assert len(seen) == 128


def test_mirror_swaps_sides_and_undoes_itself() -> None:
    poses = PoseSequence(some(), 24, 512, 512, depth=np.random.default_rng(1).normal(size=(3, 128)))
    once = mirror(poses)
    left, right = layout.LEFT_WRIST, layout.RIGHT_WRIST
    np.testing.assert_allclose(once.xy[:, left, 0], 511 - poses.xy[:, right, 0], atol=1e-4)
    np.testing.assert_allclose(mirror(once).keypoints, poses.keypoints, atol=1e-3)
    assert once.depth is not None
    assert poses.depth is not None
    np.testing.assert_array_equal(once.depth[:, left], poses.depth[:, right])


def test_affine_maps_points_and_leaves_missing_ones() -> None:
    keypoints = some()
    keypoints[:, 5] = 0
    poses = affine(PoseSequence(keypoints, 24, 512, 512), np.array([[0, -2, 10], [2, 0, 20]]), 100, 200)
    np.testing.assert_allclose(
        poses.xy[0, 0], [-2 * keypoints[0, 0, 1] + 10, 2 * keypoints[0, 0, 0] + 20], rtol=1e-5
    )
    assert not poses.keypoints[:, 5].any()
    assert (poses.width, poses.height) == (100, 200)
    with pytest.raises(PoseError, match="flattens"):
        affine(poses, np.zeros((2, 3)))
    with pytest.raises(PoseError, match="2x3"):
        affine(poses, np.eye(3))


def test_fit_centres_without_stretching() -> None:
    keypoints = np.zeros((1, 128, 3))
    keypoints[0, 0] = 0, 0, 1
    keypoints[0, 1] = 400, 200, 1
    out = fit_to_canvas(PoseSequence(keypoints, 24, 400, 200), 100, 100)
    assert out.xy[0, 0].tolist() == [0, 25]
    assert out.xy[0, 1].tolist() == [100, 75]


def test_shoulder_frame() -> None:
    keypoints = np.zeros((4, 128, 3))
    keypoints[:, layout.LEFT_SHOULDER] = 300, 100, 1
    keypoints[:, layout.RIGHT_SHOULDER] = 200, 100, 1
    frame = shoulder_frame(PoseSequence(keypoints, 24, 512, 512))
    assert (frame.x, frame.y, frame.width) == (250, 100, 100)
    with pytest.raises(PoseError, match="shoulders"):
        shoulder_frame(PoseSequence(np.zeros((4, 128, 3)), 24, 512, 512))
