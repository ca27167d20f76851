"""What every renderer owes its callers, run over the registry."""

import numpy as np
import pytest

from signgen.data.checkpoints import built_in_folder, load_index
from signgen.errors import CheckpointError, DependencyError
from signgen.nn import extra
from signgen.pose.sequence import PoseSequence
from signgen.render.base import check_ready, renderers


def poses(frames, width=96, height=64):
    rng = np.random.default_rng(1)
    keypoints = np.empty((frames, 128, 3))
    keypoints[..., :2] = rng.uniform(0.1, 0.9, (frames, 128, 2)) * (width, height)
    keypoints[..., 2] = rng.uniform(0.3, 1.0, (frames, 128))
    depth = rng.uniform(-0.2, 0.2, (frames, 128)) * width
    return PoseSequence(keypoints, 25, width, height, depth)


@pytest.fixture(params=renderers.names())
def any_renderer(request):
    return renderers.build({"name": request.param})


@pytest.fixture
def renderer(any_renderer):
    """One that can draw here; those that want weights that are not here have tests of their own."""
    try:
        check_ready(any_renderer)
    except CheckpointError as error:
        pytest.skip(str(error))
    return any_renderer


def test_what_is_missing_is_one_line(any_renderer, monkeypatch, tmp_path):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    names = any_renderer.weight_names() if hasattr(any_renderer, "weight_names") else ()
    if all(name in load_index() and built_in_folder(load_index()[name].file).exists() for name in names):
        pytest.skip("needs no weights, or has them built in")
    with pytest.raises(CheckpointError, match=r"^.+; run: hf download .+$"):
        check_ready(any_renderer)


def test_without_its_extra_a_renderer_says_which(any_renderer, monkeypatch):
    if not hasattr(any_renderer, "ready"):
        pytest.skip("needs no extra")
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    with pytest.raises(DependencyError, match=r'; run: pip install "signgen\[diffusion\]"$'):
        check_ready(any_renderer)


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


def test_settings_are_documented(any_renderer):
    (name,) = (name for name in renderers.names() if type(any_renderer) is renderers.get(name))
    assert all(setting.doc for setting in renderers.settings(name))
