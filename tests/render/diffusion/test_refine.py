"""The avatar refined: what is held stays to the last bit, and every picture of it reaches the networks."""

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, ControlNetModel
from made_up_signer import signer
from tiny_stable import FACTOR, randomised, save_base, save_controlnet, save_motion

from signgen.config import ConfigError
from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_HAND
from signgen.render.base import renderers
from signgen.render.diffusion.guide import PERSON, WALL, Guide, Strengths, drawn_poses
from signgen.render.diffusion.stable import film
from signgen.render.diffusion.stable.more_control import JoinedControl, MoreControl
from signgen.render.diffusion.stable.network import load_network
from signgen.render.diffusion.stable.pictures import decode, encode
from signgen.render.signer.appearance import Appearance
from signgen.render.signer.scene import scene_of

SIZE = 44  # networks this small are trained, as it were, with 32 px, and refuse more than twice the pixels


@pytest.fixture(scope="module")
def poses():
    clip = signer(3)
    return clip.replace(depth=np.zeros(clip.confidence.shape))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    save_base(root / "sd")
    save_controlnet(root / "pose")
    save_controlnet(root / "depth")
    save_motion(root / "motion")
    return root


@pytest.fixture
def build(weights):
    def build(**settings):
        own = {
            "weights": str(weights / "sd"),
            "controlnet": str(weights / "pose"),
            "adapter": "",
            "device": "cpu",
        }
        small = {"width": SIZE, "height": SIZE, "steps": 4, "guidance": 1.0, "prompt": "a", "negative": ""}
        return renderers.build({"name": "refine", **own, **small, **settings})

    return build


@pytest.fixture(scope="module")
def scene(poses):
    return scene_of(poses, Appearance(), (128, 128), 1)


def test_strengths_of_each_latent():
    parts = np.zeros((64, 64), np.uint8)
    parts[8:24, 8:24], parts[40:56, 40:56] = 1, 2
    found = Strengths(0.6, 0.2, 0.4).over(parts, 8)
    assert found.shape == (8, 8)
    # Latents that hold a part have its strength, and so have their neighbours; two further all is as elsewhere.
    assert found[1:3, 1:3] == pytest.approx(np.full((2, 2), 0.4))
    assert found[5:7, 5:7] == pytest.approx(np.full((2, 2), 0.2))
    assert found[4, 5:7] == pytest.approx(np.full(2, 0.2))
    assert found[0, 7] == found[7, 0] == pytest.approx(0.6)
    assert 0.4 < found[1, 4] < 0.6
    assert Strengths(0.6, 0.2, 0.4).over(parts[:60, :60], 8).shape == (8, 8)


def test_the_guide_shows_the_avatar(scene, poses):
    with Guide(scene, range(1, 3), Strengths(0.5, 0.1, 0.3), FACTOR) as guide:
        assert len(guide) == 2
        expected = scene.painter().paint(scene.points(1))
        assert np.array_equal(guide.picture(0), expected)
        depth, segments = guide.depth([0, 1]), guide.segmentation([0, 1])
        assert depth.shape == segments.shape == (2, 3, 128, 128)
        there = scene.layers(1).parts >= 0
        shown = torch.from_numpy(there)
        assert (depth[0, 0] > 0).equal(shown)
        for colour, where in ((PERSON, shown), (WALL, ~shown)):
            assert (segments[0].permute(1, 2, 0)[where] * 255).round().int().unique(dim=0).tolist() == [
                list(colour)
            ]
        strengths = guide.strengths([0, 1])
        assert strengths.shape == (2, 1, 128 // FACTOR, 128 // FACTOR)
        places = scene.keypoints()[1]
        for part, expected in ((RIGHT_HAND, 0.1), (LEFT_HAND, 0.1)):
            for x, y in (places[part, :2][[5, 9]] / FACTOR).astype(int):
                assert strengths[0, 0, y, x] == pytest.approx(expected, abs=1e-6)
        x, y = (places[FACE.start + 30, :2] / FACTOR).astype(int)
        assert strengths[0, 0, y, x] == pytest.approx(0.3, abs=1e-6)
        assert strengths[0, 0, 0, 0] == pytest.approx(0.5)


def test_what_is_nearer_is_brighter(scene):
    with Guide(scene, range(1), Strengths(0.5, 0.1, 0.3), FACTOR) as guide:
        depth = guide.depth([0])[0, 0].numpy()
    layers = scene.layers(0)
    shown = layers.parts >= 0
    order = np.argsort(layers.depth[shown])
    assert (np.diff(depth[shown][order]) <= 1e-6).all()


def test_pose_pictures_lie_on_the_avatar(scene, poses):
    drawn = drawn_poses(scene, 24.0, range(1, 3))
    assert (len(drawn), drawn.width, drawn.height) == (2, 128, 128)
    parts = scene.layers(1).parts
    inside = [parts[int(y), int(x)] >= 0 for x, y in drawn.xy[0, [0, 1, 2, 3, 4, 5, 6, 7]]]
    assert all(inside)


def test_networks_are_added_up(weights):
    first = load_network(ControlNetModel, weights / "pose", torch.float32)
    second = randomised(load_network(ControlNetModel, weights / "depth", torch.float32), 9, 0.3)
    draw = torch.Generator().manual_seed(0)
    latents, cond = torch.randn(1, 4, 4, 4, generator=draw), torch.rand(1, 6, 16, 16, generator=draw)
    told = {"encoder_hidden_states": torch.randn(1, 5, 32, generator=draw), "return_dict": False}
    both = JoinedControl(first, (MoreControl(second, lambda frames: cond, 0.5),))
    down, middle = both(latents, torch.tensor(10), controlnet_cond=cond, conditioning_scale=0.8, **told)
    alone = [
        network(latents, torch.tensor(10), controlnet_cond=part, conditioning_scale=scale, **told)
        for network, part, scale in ((first, cond[:, :3], 0.8), (second, cond[:, 3:], 0.4))
    ]
    assert middle == pytest.approx(alone[0][1] + alone[1][1], abs=1e-5)
    for found, one, other in zip(down, alone[0][0], alone[1][0], strict=True):
        assert torch.allclose(found, one + other, atol=1e-5)


def test_nothing_may_change_where_the_strength_is_nothing(build, poses, weights, monkeypatch):
    """Hands and face at 0: those latents are the avatar's to the last bits, all others are not."""
    real, seen = film._decoded, []

    def spy(stage, store, frames, seed):
        seen.append(store.read(range(len(store))))
        return real(stage, store, frames, seed)

    monkeypatch.setattr(film, "_decoded", spy)
    frames = list(build(strength=1.0, hand_strength=0.0, face_strength=0.0)(poses, seed=1))
    assert [frame.shape for frame in frames] == [(SIZE, SIZE, 3)] * 3
    vae = load_network(AutoencoderKL, weights / "sd" / "vae", torch.float32)
    scene = scene_of(poses, Appearance(), (SIZE, SIZE))
    with Guide(scene, range(3), Strengths(1, 0, 0), FACTOR) as guide:
        clean = encode(vae, [guide.picture(frame) for frame in range(3)])
        free = guide.strengths(range(3))
    latents = torch.cat(seen)
    held = (free == 0).expand_as(clean)
    assert 0.005 < held.float().mean() < 0.5
    # To the last bits: only how many frames the autoencoder took at once differs.
    assert (latents - clean)[held].abs().max() < 1e-5
    assert (latents - clean)[(free == 1).expand_as(clean)].abs().mean() > 0.01


def test_low_strength_stays_near_the_avatar(build, poses, weights):
    scene = scene_of(poses, Appearance(), (SIZE, SIZE))
    vae = load_network(AutoencoderKL, weights / "sd" / "vae", torch.float32)
    given = decode(vae, encode(vae, [scene.painter().paint(scene.points(frame)) for frame in range(3)]))

    def away(strength):
        refine = build(strength=strength, hand_strength=strength, face_strength=strength)
        return np.abs(np.stack(list(refine(poses, seed=2))).astype(float) - given).mean()

    assert away(0.25) < away(1.0)


def test_depth_and_segments_reach_the_frames(build, poses, weights):
    extra = str(weights / "depth")
    plain, depth, segments, silent = (
        np.stack(list(build(**settings, steps=2)(poses[:1], seed=3)))
        for settings in (
            {"strength": 1.0},
            {"strength": 1.0, "depth": extra},
            {"strength": 1.0, "segmentation": extra},
            {"strength": 1.0, "depth": extra, "depth_scale": 0.0},
        )
    )
    assert np.array_equal(plain, silent)
    for one, other in ((plain, depth), (plain, segments), (depth, segments)):
        assert not np.array_equal(one, other)


def test_same_seed_same_frames_and_parts_are_of_the_whole(build, poses):
    refine = build(strength=0.8)
    whole = list(refine(poses, seed=4))
    assert not np.array_equal(whole[:1], list(refine.part(poses, range(1), seed=5)))
    part = list(refine.part(poses, range(1, 3), seed=4))
    # Noise is shared by all frames and the camera is that of the clip, so they are the very frames.
    assert np.array_equal(whole[1:], part)
    assert list(refine(poses[:0])) == []


def test_with_motion(build, poses, weights):
    refine = build(strength=0.6, motion=str(weights / "motion"), window=4)
    long = poses.replace(keypoints=np.tile(poses.keypoints, (3, 1, 1)), depth=np.tile(poses.depth, (3, 1)))
    frames = list(refine(long, seed=0))
    assert len(frames) == 9
    assert refine.account()["weights"]


def test_the_avatar_can_be_chosen(build, poses):
    one, other = (
        np.stack(list(build(strength=0.25, avatar={"background": name})(poses[:1])))
        for name in ("dark", "white")
    )
    assert not np.array_equal(one, other)


def test_crops_are_redrawn_from_what_they_are_given(build, poses):
    refine = build(hand_strength=0.5, width=None, height=None)
    rng = np.random.default_rng(0)
    given = rng.integers(0, 256, (2, 32, 32, 3), np.uint8)
    small = poses[:2].replace(keypoints=poses[:2].keypoints / np.float32([16, 16, 1]), width=32, height=32)
    frames = list(refine.redraw(iter(given), small, seed=0))
    other = list(refine.redraw(iter(255 - given), small, seed=0))
    assert [frame.shape for frame in frames] == [(32, 32, 3)] * 2
    assert not np.array_equal(frames, other)


def test_hand_care_over_refine(build, poses, weights):
    over = {
        "name": "refine", "weights": str(weights / "sd"), "controlnet": str(weights / "pose"), "adapter": "",
        "device": "cpu", "width": SIZE, "height": SIZE, "steps": 2, "guidance": 1.0, "prompt": "a", "negative": "",
        "hand_strength": 0.5,
    }  # fmt: skip
    care = renderers.build({"name": "hand-care", "over": over, "size": 32})
    frames = list(care(poses, seed=0))
    assert [frame.shape for frame in frames] == [(SIZE, SIZE, 3)] * 3
    plain = list(renderers.build(over)(poses, seed=0))
    changed = [np.abs(a.astype(int) - b).max(axis=2) > 0 for a, b in zip(frames, plain, strict=True)]
    assert all(0 < where.mean() < 0.3 for where in changed)
    account = care.account()
    assert account["weights"]
    assert len(account["hand_care"]["hands"]) == 2


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"avatar": {"signer": "nobody"}}, "no signer called"),
        ({"avatar": {"width": 64}}, "renderer.avatar.width: set renderer.width instead"),
        ({"overlap": 2}, "do not know of each other"),
        ({"start": "noise"}, "start"),
        ({"appearance": "jane.png"}, "IP-Adapter"),
        ({"hand_strength": 2}, "hand_strength"),
    ],
)
def test_what_is_refused(build, settings, says):
    with pytest.raises(ConfigError, match=says):
        build(**settings)
