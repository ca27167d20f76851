"""The renderer from settings to frames, with a tiny model: length, size, seed, looks, and what it refuses."""

import dataclasses

import numpy as np
import pytest
import torch
from formula_weights import filled, write_weights

from signgen.data.poses import write_poses
from signgen.errors import CheckpointError, ConfigError, DataError, PoseError, ResourceError
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.sequence import PoseSequence
from signgen.render.base import renderers
from signgen.render.diffusion import memory
from signgen.render.diffusion.appearance import Still
from signgen.render.diffusion.mimicmotion import references
from signgen.render.diffusion.mimicmotion.clip import windows_of
from signgen.render.diffusion.mimicmotion.drawn_poses import DrawnPoses
from signgen.render.diffusion.windows import plan_windows
from signgen.render.mimicmotion import MimicMotion

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    write_weights(folder, filled())
    return folder


def poses(count, width=96, height=64, seed=1, spread=0.05):
    rng = np.random.default_rng(seed)
    keypoints = np.ones((count, NUM_KEYPOINTS, 3))
    start = rng.uniform(0.2, 0.8, (1, NUM_KEYPOINTS, 2))
    keypoints[..., :2] = (start + rng.normal(0, spread, (count, NUM_KEYPOINTS, 2))) * (width, height)
    keypoints[:, 2, :2], keypoints[:, 5, :2] = (0.35 * width, 0.5 * height), (0.65 * width, 0.5 * height)
    return PoseSequence(keypoints, 24, width, height)


def look(width=96, height=64, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def renderer(weights, tmp_path):
    """A renderer whose settings can be changed, for a picture that a program hands over."""
    pose = tmp_path / "look.npz"
    write_poses(poses(1, seed=9), pose)

    def build(**changes):
        settings = {
            "name": "mimicmotion",
            "weights": str(weights),
            "base": str(weights / "base"),
            "reference_pose": str(pose),
            "steps": 1,
            "window": 4,
            "overlap": 1,
            "width": 96,
            "height": 64,
            "retarget": False,
        }
        return renderers.build({**settings, **changes})

    return build


def film(renderer, count=2, *, picture=None, seed=0, clip=None):
    return list(
        renderer(poses(count) if clip is None else clip, look() if picture is None else picture, seed=seed)
    )


@pytest.mark.parametrize("count", [0, 1, 3, 4, 6])
def test_a_frame_for_each_pose(renderer, count):
    frames = film(renderer(), count)
    assert len(frames) == count
    assert all(frame.shape == (64, 96, 3) and frame.dtype == np.uint8 for frame in frames)


@pytest.mark.parametrize(
    ("asked", "shape"),
    [
        ({"width": 96, "height": 64}, (64, 96, 3)),
        ({"width": 90, "height": 62}, (62, 90, 3)),  # not divisible by 8
        ({"width": 72, "height": 56}, (56, 72, 3)),  # not divisible by the factors of the UNet
        ({"width": 64, "height": None}, (42, 64, 3)),  # the shape of the canvas
    ],
)
def test_frames_of_any_even_size(renderer, asked, shape):
    assert {frame.shape for frame in film(renderer(**asked), 2)} == {shape}


def test_the_same_seed_gives_the_same_frames(renderer):
    one, two, other = (np.stack(film(renderer(), seed=seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_pose_picture_and_every_setting_show(renderer):
    plain = np.stack(film(renderer()))
    assert not np.array_equal(plain, np.stack(film(renderer(), clip=poses(2, seed=2))))
    assert not np.array_equal(plain, np.stack(film(renderer(), picture=look(seed=5))))
    for change in (
        {"guidance": 1.0},
        {"guidance_last": 3.0},
        {"steps": 2},
        {"picture_noise": 0.5},
        {"precision": "bf16"},
    ):
        assert not np.array_equal(plain, np.stack(film(renderer(**change)))), change


def test_noise_and_windows_of_the_original_are_a_setting(renderer):
    ours = np.stack(film(renderer(), 5))
    theirs = np.stack(film(renderer(original_noise=True), 5))
    assert not np.array_equal(ours, theirs)


@pytest.mark.parametrize("longest", [5, 16, 72])
@pytest.mark.parametrize("overlap", [0, 1, 3])
def test_windows_are_no_longer_than_they_must_be(longest, overlap):
    for count in (1, 2, longest, longest + 1, 2 * longest, 100, 333):
        full = plan_windows(count, longest, overlap, reference=True)
        windows = windows_of(count, longest, overlap, is_original=False)
        assert len(windows) == len(full)
        assert {frame for window in windows for frame in window.frames} == set(range(count))
        assert all(window.frames[0] == 0 and len(window.frames) <= longest for window in windows)
        computed, least = (
            sum(len(window.frames) for window in windows),
            count + (len(windows) - 1) * (overlap + 1),
        )
        assert computed < least + len(windows)


def test_passes_together_and_apart_agree(renderer):
    one, two = (np.stack(film(renderer(cfg=how))).astype(int) for how in ("batched", "separate"))
    assert np.abs(one - two).max() <= 1


def test_an_avatar_needs_no_picture_and_no_consent(renderer):
    own = renderer(appearance="avatar:ada", reference_pose="", retarget=True)
    frames = list(own(poses(2)))
    assert len(frames) == 2
    account = own.account()
    assert account["appearance"][0]["signer"] == "ada"
    assert len(account["weights"][0]["sha256"]) == 64
    assert account["memory"] == []
    assert account["alignment"]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"appearance": ""}, ConfigError, "needs a picture of the signer"),
        ({"weights": "nowhere/at_all.pth"}, CheckpointError, "no such file"),
        ({"window": 1, "overlap": 0}, ConfigError, "window: 1 frames are too few"),
        ({"overlap": 3}, ConfigError, "overlap: 3 of 3 new frames"),
        ({"precision": "float16", "device": "cpu"}, ConfigError, "float16 is for a GPU"),
    ],
)
def test_what_is_wrong_is_said_before_the_first_frame(renderer, changes, error, message):
    with pytest.raises(error, match=message):
        renderer(**{"appearance": "avatar", "reference_pose": "", **changes})(poses(9))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"profile": "controlnet"}, "trained with mimicmotion pictures, not controlnet"),
        ({"references": ("b.png",)}, "set renderer.appearance first"),
        ({"guidance": 0.5}, "renderer.guidance"),
    ],
)
def test_settings_that_do_not_go_together(settings, message):
    with pytest.raises(ConfigError, match=message):
        renderers.build({"name": "mimicmotion", **settings})


def test_a_picture_without_its_pose_is_refused(renderer):
    with pytest.raises(PoseError, match=r"set renderer\.reference_pose"):
        renderer(reference_pose="")(poses(2), look())


def test_a_pose_of_another_size_is_refused(renderer, tmp_path):
    path = tmp_path / "other.npz"
    write_poses(poses(1, width=40, height=40), path)
    with pytest.raises(DataError, match="40 x 40 px, 1 frames; the picture of 96 x 64 px"):
        renderer(reference_pose=str(path))(poses(2), look())


def test_memory_that_runs_out_is_noted_or_refused(renderer, monkeypatch):
    from signgen.render.diffusion.mimicmotion import clip

    tries = []

    def scarce(*arguments, **settings):
        tries.append(1)
        if len(tries) < 3:
            raise torch.OutOfMemoryError("out of memory")
        return sample(*arguments, **settings)

    sample = clip.sample
    monkeypatch.setattr(clip, "sample", scarce)
    own = renderer()
    assert len(film(own)) == 2
    assert own.account()["memory"] == [
        "denoise: precision float32 -> bf16",
        "denoise: guidance in two passes",
    ]
    tries.clear()
    with pytest.raises(ResourceError, match="leave strict_memory out"):
        film(renderer(strict_memory=True))
    memory.release()


def still(pose, name):
    return Still(look(), pose, {"kind": name})


def test_the_nearest_picture_is_chosen_and_says_why():
    clip = poses(4, seed=3)
    near, far = clip[:1], poses(1, seed=8)
    found, reason = references.chosen([still(far, "far"), still(near, "near")], clip, "nearest")
    assert [one.account["kind"] for one in found] == ["near"]
    assert reason.startswith("picture 2 of 2 is nearest in pose: 0.")
    both, reason = references.chosen([still(far, "far"), still(near, "near")], clip, "mean")
    assert len(both) == 2
    assert reason == "the mean of 2 pictures, as asked"


def test_distance_is_in_shoulder_widths_whatever_the_place_and_scale():
    one = poses(1, seed=4)
    moved = one.keypoints.copy()
    moved[..., 0] += 0.3 * 28.8  # the shoulders are 0.3 of 96 px apart
    assert references.distance(one, one) == 0
    assert references.distance(one, one.replace(keypoints=moved)) == pytest.approx(0, abs=1e-5)
    raised = one.keypoints.copy()
    raised[:, 60:, 1] += 28.8  # the face alone: 68 of 128 points
    assert references.distance(one, one.replace(keypoints=raised)) == pytest.approx(68 / 128, abs=1e-4)


def test_features_of_frame_0_are_those_of_the_pictures():
    net = filled().pose_net
    clip, first, second = poses(3), poses(1, seed=5), poses(1, seed=6)
    with torch.inference_mode():
        alone = [DrawnPoses(net, [one], clip)([0])[0] for one in (first, second)]
        both = DrawnPoses(net, [first, second], clip)([0, 1, 2, 3])
        again = DrawnPoses(net, [first], clip, kept_bytes=0)([3, 0, 2])
    torch.testing.assert_close(both[0], (alone[0] + alone[1]) / 2)
    torch.testing.assert_close(again[1], alone[0])
    torch.testing.assert_close(again[0], both[3])
    torch.testing.assert_close(again[2], both[2])


def test_several_portraits_are_used(renderer, tmp_path, monkeypatch):
    from signgen.render.diffusion.mimicmotion import setting_up

    stills = {name: still(poses(1, seed=seed), name) for name, seed in (("one.png", 5), ("two.png", 6))}
    stills = {name: dataclasses.replace(one, picture=look(seed=len(name))) for name, one in stills.items()}
    monkeypatch.setattr(setting_up, "portrait_still", lambda path, *_, **__: stills[path.name])
    own = renderer(appearance="one.png", references=("two.png",), join="mean", reference_pose="")
    both = list(own(poses(2)))
    assert own.account()["chosen"] == "the mean of 2 pictures, as asked"
    one = list(renderer(appearance="one.png", reference_pose="")(poses(2)))
    assert not np.array_equal(both[0], one[0])


def test_the_class_is_light():
    assert MimicMotion().weights == "mimicmotion-1.1"
