"""What every renderer owes its callers, run over the registry."""

import numpy as np
import pytest

from signgen.pose.sequence import PoseSequence
from signgen.render.base import renderers


def poses(frames, width=96, height=64):
    rng = np.random.default_rng(1)
    keypoints = np.empty((frames, 128, 3))
    keypoints[..., :2] = rng.uniform(0.1, 0.9, (frames, 128, 2)) * (width, height)
    keypoints[..., 2] = rng.uniform(0.3, 1.0, (frames, 128))
    depth = rng.uniform(-0.2, 0.2, (frames, 128)) * width
    return PoseSequence(keypoints, 25, width, height, depth)


@pytest.fixture(params=renderers.names())
def renderer(request):
    return renderers.build({"name": request.param})


@pytest.mark.parametrize("frames", [0, 1, 2, 5])
def test_one_frame_a_pose(renderer, frames):
    assert len(list(renderer(poses(frames)))) == frames


@pytest.mark.parametrize(("width", "height"), [(96, 64), (95, 63)])
def test_frames_are_rgb_bytes_of_one_even_size(renderer, width, height):
    shapes = {(frame.shape, frame.dtype) for frame in renderer(poses(3, width, height))}
    assert len(shapes) == 1
    (((high, wide, channels), dtype),) = shapes
    assert (high % 2, wide % 2, channels, dtype) == (0, 0, 3, np.uint8)


def test_the_same_seed_gives_the_same_frames(renderer):
    one, two = (np.stack(list(renderer(poses(3), seed=7))) for _ in range(2))
    assert np.array_equal(one, two)


def test_frames_stay_as_they_were_yielded(renderer):
    frames, copies = [], []
    for frame in renderer(poses(3)):
        frames.append(frame)
        copies.append(frame.copy())
    assert np.array_equal(np.stack(frames), np.stack(copies))


def test_poses_show(renderer):
    frames = list(renderer(poses(2)))
    assert not np.array_equal(frames[0], frames[1])


def test_poses_are_left_alone(renderer):
    given = poses(2)
    before = given.keypoints.copy()
    list(renderer(given))
    assert np.array_equal(given.keypoints, before)


def test_settings_are_documented(renderer):
    (name,) = (name for name in renderers.names() if type(renderer) is renderers.get(name))
    assert all(setting.doc for setting in renderers.settings(name))
