"""The renderers controlnet and animatediff from end to end, with tiny random networks in the published layout."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from made_up_signer import signer
from safetensors.torch import load_file, save_file
from tiny_stable import publish, save_adapter, save_base, save_controlnet, save_motion

from signgen.config import check
from signgen.errors import CheckpointError, ConfigError, RenderError, ResourceError
from signgen.render.animatediff import AnimateDiff
from signgen.render.controlnet import ControlNet
from signgen.render.diffusion.stable import film, stage
from signgen.render.diffusion.stable.denoisers import PictureDenoiser
from signgen.render.diffusion.stable.network import load_network
from signgen.render.diffusion.stable.parts import text_encoders
from signgen.render.diffusion.stable.reuse import ReusedNoise
from signgen.render.diffusion.stable.words import read

TINY = dict(width=32, height=32, steps=2, prompt="a b c", negative="d", device="cpu")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder of checkpoints with the names that the cards give."""
    root = tmp_path_factory.mktemp("checkpoints")
    publish(save_base(root / "sd-1.5"))
    publish(save_controlnet(root / "controlnet-openpose-1.5"))
    publish(save_motion(root / "animatediff-1.5.2"))
    adapter = save_adapter(root / "ip-adapter" / "models")
    (adapter / "ip-adapter.safetensors").rename(adapter / "ip-adapter-plus_sd15.safetensors")
    save_base(root / "own-xl", xl=True)
    save_controlnet(root / "own-controlnet-xl", xl=True)
    return root


@pytest.fixture(autouse=True)
def here(weights, monkeypatch):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(weights))


def drawn(renderer, count=2, seed=1, appearance=None):
    return np.stack(list(renderer(signer(count), appearance, seed=seed))).astype(int)


def controlnet(**settings):
    return check(ControlNet, {**TINY, **settings})


def animatediff(**settings):
    return check(AnimateDiff, {**TINY, "window": 8, "overlap": 2, **settings})


PICTURE = np.random.default_rng(2).integers(0, 255, (40, 32, 3), np.uint8)


@pytest.mark.parametrize("renderer", [controlnet(), animatediff()], ids=["controlnet", "animatediff"])
def test_length_seed_and_poses(renderer):
    whole = drawn(renderer, 40)
    assert whole.shape == (40, 32, 32, 3)
    assert drawn(renderer, 1).shape == (1, 32, 32, 3)
    few = drawn(renderer, 5)
    assert np.array_equal(few, drawn(renderer, 5))
    assert np.abs(few - drawn(renderer, 5, seed=2)).mean() > 5, "another seed draws other frames"
    free = drawn(renderer.with_settings(control_scale=0.0), 5)
    assert np.abs(few - free).mean() > 1, "poses must be seen in the frames"
    assert list(renderer(signer(5)[:0])) == []


def test_frames_of_controlnet_are_the_same_however_many_are_drawn_at_once():
    together = drawn(controlnet(window=4), 5)
    # Sums of another batch may differ in their last bits, and so may one level of a byte.
    assert np.abs(together - drawn(controlnet(window=1), 5)).max() <= 1
    assert np.abs(together - drawn(controlnet(window=4, noise="fresh"), 5))[1:].mean() > 5
    # Frames share their noise: without poses and with one prompt all are the same.
    free = drawn(controlnet(control_scale=0.0), 3)
    assert np.abs(free - free[0]).max() <= 1


@pytest.mark.parametrize("make", [controlnet, animatediff])
@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({"width": 32, "height": 24}, (24, 32)),
        ({"width": 30, "height": 26}, (26, 30)),  # no whole number of latents
        ({"width": None, "height": None, "size": 40}, (40, 40)),  # in the shape that the card gives
    ],
)
def test_size(make, settings, shape):
    assert drawn(make(**settings)).shape == (2, *shape, 3)


def test_size_of_own_weights_is_that_of_their_network(weights):
    own = {"weights": str(weights / "own-xl"), "controlnet": str(weights / "own-controlnet-xl")}
    frames = drawn(controlnet(**own, width=None, height=None, negative=""))
    assert frames.shape == (2, 32, 32, 3)
    with pytest.raises(ConfigError, match="use 32 x 32"):
        drawn(controlnet(**own, width=64, height=64))


@pytest.mark.parametrize("make", [controlnet, animatediff])
def test_appearance_by_picture(make):
    one = drawn(make(), appearance=PICTURE)
    assert np.array_equal(one, drawn(make(), appearance=PICTURE))
    assert np.abs(one - drawn(make(), appearance=255 - PICTURE)).mean() > 0.3


def test_appearance_by_name():
    renderer = animatediff(appearance="avatar:dara")
    renderer.ready()
    drawn(renderer)
    account = renderer.account()
    assert account["appearance"]["signer"] == "dara"
    assert account["alignment"]
    names = [told["name"] for told in account["weights"]]
    assert names == ["sd-1.5", "controlnet-openpose-1.5", "animatediff-1.5.2", "ip-adapter-1.5"]
    assert {told["licence"] for told in account["weights"]} >= {"Apache-2.0"}


@pytest.mark.parametrize("make", [controlnet, animatediff])
def test_start_from_a_picture(make):
    settings = dict(start="appearance", adapter="", steps=20, guidance=1.0, width=30, height=30)
    picture = PICTURE[:30, :30]
    weak = drawn(make(strength=0.05, **settings), appearance=picture)
    vae = next(iter(stage._kept.values())).vae
    padded = np.pad(picture, ((0, 2), (0, 2), (0, 0)), mode="edge")
    through = film.decode(vae, film.encode(vae, [padded]))[0, :30, :30].astype(int)
    # One step of twenty: little noise, of which little is left.
    off = np.abs(weak - through).mean()
    assert off < 15
    strong = drawn(make(strength=0.9, **settings), appearance=picture)
    assert np.abs(strong - through).mean() > 2 * off


def test_start_from_the_avatar():
    settings = dict(start="avatar", adapter="", steps=20, guidance=1.0, strength=0.05)
    one, other = (drawn(controlnet(appearance=name, **settings)) for name in ("", "avatar:bola"))
    assert np.abs(one - other).max() > 8


def test_guidance_of_one_is_a_single_pass(monkeypatch):
    seen = []
    original = PictureDenoiser._run
    monkeypatch.setattr(
        PictureDenoiser,
        "_run",
        lambda self, batch, *rest: seen.append(len(batch)) or original(self, batch, *rest),
    )
    one = drawn(controlnet(guidance=1))
    assert seen == [2, 2]
    assert np.array_equal(one, drawn(controlnet(guidance=1, negative="x y z")))
    seen.clear()
    two = drawn(controlnet(guidance=3))
    assert seen == [4, 4]
    assert np.abs(two - drawn(controlnet(guidance=3, negative="x y z"))).max() > 2


def test_poses_hold_for_a_share_of_the_steps():
    always, late = drawn(controlnet(steps=4)), drawn(controlnet(steps=4, control_start=0.75))
    never = drawn(controlnet(steps=4, control_scale=0.0))
    far, near = np.abs(always - never).mean(), np.abs(late - never).mean()
    assert 0 < near < far
    assert np.abs(drawn(controlnet(steps=4, control_scale=0.5)) - never).mean() < far


def test_drawing_profile(weights):
    for make in (controlnet, animatediff):
        with pytest.raises(
            ConfigError, match=r"was trained with controlnet pictures, not mimicmotion; use profile="
        ):
            drawn(make(profile="mimicmotion"))
    # Of one's own weights nobody else knows: the setting is what they were trained with.
    own = str(weights / "controlnet-openpose-1.5")
    usual = drawn(controlnet(controlnet=own))
    assert np.array_equal(usual, drawn(controlnet()))
    assert np.abs(usual - drawn(controlnet(controlnet=own, profile="openpose"))).mean() > 0.1


BAD = [
    (controlnet, {"overlap": 2}, "do not know of each other"),
    (controlnet, {"control_start": 0.5, "control_end": 0.5}, "control_start: 0.5 must be below"),
    (controlnet, {"start": "avatar", "strength": 0.1}, "strength: 0.1 of 2 steps is none"),
    (controlnet, {"start": "appearance"}, "needs a picture"),
    (controlnet, {"prompt": "a b " * 20}, "renderer.prompt: 40 tokens, and the text encoder reads 30"),
    (controlnet, {"negative": "a b " * 20}, "renderer.negative: 40 tokens"),
    (controlnet, {"appearance": "avatar", "adapter": ""}, "nothing would look at it"),
    (animatediff, {"window": 9}, "renderer.window: 9 frames, and the motion adapter takes 8 at most"),
    (animatediff, {"window": 4, "overlap": 4}, "renderer.overlap: 4 of 4 frames"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "settings", "message"), BAD)
def test_settings_that_cannot_be(make, settings, message):
    with pytest.raises(ConfigError, match=message):
        drawn(make(**settings))


def test_missing_weights(monkeypatch, tmp_path):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    for make, names in (
        (controlnet, "sd-1.5 and controlnet-openpose-1.5"),
        (animatediff, "animatediff-1.5.2"),
    ):
        with pytest.raises(
            CheckpointError, match=rf"^.*{names}.*; run: hf download .*--revision \w+.*$"
        ) as error:
            drawn(make())
        assert error.value.exit_code == 5
        with pytest.raises(CheckpointError, match=r"ip-adapter-1\.5"):
            make(appearance="avatar").ready()


def renamed_key(folder):
    path = next(folder.glob("*.safetensors"))
    tensors = load_file(path)
    tensors["stranger.weight"] = tensors.pop(sorted(tensors)[0])
    save_file(tensors, path, metadata={"format": "pt"})


def cut_short(folder):
    path = next(folder.glob("*.safetensors"))
    path.write_bytes(path.read_bytes()[:100])


def no_config(folder):
    (folder / "config.json").unlink()


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        (renamed_key, "unet"), (renamed_key, "text_encoder"), (cut_short, "vae"), (cut_short, "text_encoder"),
        (no_config, "unet"),
    ],
)  # fmt: skip
def test_damaged_weights(weights, tmp_path, damage, part):
    shutil.copytree(weights / "sd-1.5", tmp_path / "base")
    damage(tmp_path / "base" / part)
    with pytest.raises(CheckpointError, match=rf"^[^\n]*{part}[^\n]*$"):
        drawn(controlnet(weights=str(tmp_path / "base")))


def test_weights_of_another_family(weights, tmp_path):
    with pytest.raises(CheckpointError, match=r"made for another Stable Diffusion"):
        drawn(controlnet(controlnet=str(weights / "own-controlnet-xl")))
    own = {"weights": str(weights / "own-xl"), "controlnet": str(weights / "own-controlnet-xl")}
    with pytest.raises(CheckpointError, match="these weights are SDXL"):
        drawn(animatediff(**own))
    with pytest.raises(CheckpointError, match=r"belongs to another Stable Diffusion|not an adapter"):
        drawn(controlnet(**own), appearance=PICTURE)
    pia = save_motion(tmp_path / "pia", conv_in_channels=9)
    with pytest.raises(CheckpointError, match=r"PIA"):
        drawn(animatediff(motion=str(pia)))
    face = {"image_proj.proj.0.weight": torch.zeros(4, 4), "ip_adapter.1.to_k_ip.weight": torch.zeros(4, 4)}
    save_file(face, tmp_path / "face.safetensors")
    (tmp_path / "image_encoder").mkdir()
    with pytest.raises(CheckpointError, match="FaceID is not"):
        drawn(controlnet(adapter=str(tmp_path / "face.safetensors")), appearance=PICTURE)


def test_published_names_are_read_as_those_of_today(weights, tmp_path):
    new = text_encoders(save_base(tmp_path / "new"), torch.float32)
    old = text_encoders(weights / "sd-1.5", torch.float32)
    one, other = (read(encoders, "Abc def", "prompt").states for encoders in (new, old))
    assert torch.allclose(one, other, atol=0.02), "half precision is all that differs"
    from diffusers import AutoencoderKL

    autoencoders = [
        load_network(AutoencoderKL, root / "vae", torch.float32)
        for root in (tmp_path / "new", weights / "sd-1.5")
    ]
    pictures = [film.decode(vae, torch.ones(1, 4, 4, 4)).astype(int) for vae in autoencoders]
    assert np.abs(pictures[0] - pictures[1]).max() <= 3


def test_memory_that_runs_out(monkeypatch):
    whole = drawn(controlnet())
    original, failures = PictureDenoiser.__call__, [MemoryError("no"), MemoryError("no")]

    def denoise(self, *rest):
        if failures:
            raise failures.pop()
        return original(self, *rest)

    monkeypatch.setattr(PictureDenoiser, "__call__", denoise)
    renderer = controlnet()
    frames = drawn(renderer)
    steps = ["denoise: precision float32 -> bf16", "denoise: guidance in two passes"]
    assert renderer.account()["memory"] == steps
    assert np.abs(frames - whole).mean() < 12, "eight bits of each number are left"
    failures.append(MemoryError("no"))
    with pytest.raises(ResourceError, match="out of memory at stage denoise"):
        drawn(controlnet(strict_memory=True))


def test_overflow_is_told(monkeypatch):
    monkeypatch.setattr(PictureDenoiser, "__call__", lambda self, latents, step, frames: latents / 0)
    with pytest.raises(RenderError, match=r"frames 0 to 1, seed 1: numbers overflowed"):
        drawn(controlnet())


def test_reused_noise():
    noise = ReusedNoise(3, 8, 3)
    sources = [noise.source(frame) for frame in range(40)]
    assert sources[:8] == list(range(8))
    for first in range(0, 33, 3):
        assert sorted(sources[first : first + 8]) == list(range(8)), "every window holds the same noises"
    assert sources[8:16] != sources[:8]
    assert torch.equal(noise.draw([20], (2, 2)), ReusedNoise(3, 8, 3).draw([sources[20]], (2, 2)))
    assert [ReusedNoise(4, 8, 3).source(frame) for frame in range(40)] != sources
