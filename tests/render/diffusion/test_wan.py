"""The renderer `wan` end to end on small random networks, and what it refuses."""

import shutil

import numpy as np
import pytest
import tiny_wan
import torch
from made_up_signer import signer
from safetensors.torch import load_file, save_file

from signgen.data.checkpoints import load_index
from signgen.errors import CheckpointError, ConfigError, RenderError, ResourceError
from signgen.render.base import renderers
from signgen.render.diffusion.wan import film
from signgen.render.diffusion.wan.autoencoder import Autoencoder
from signgen.render.diffusion.wan.setting_up import shaped

BASE = {"width": 32, "height": 32, "steps": 2, "retarget": False}


@pytest.fixture(scope="module")
def vace(tmp_path_factory):
    return tiny_wan.save(tmp_path_factory.mktemp("vace"), "vace")


@pytest.fixture(scope="module")
def animate(tmp_path_factory):
    return tiny_wan.save(tmp_path_factory.mktemp("animate"), "animate")


@pytest.fixture
def copy(vace, tmp_path):
    return shutil.copytree(vace, tmp_path / "copy")


def renderer(weights, **settings):
    return renderers.build({"name": "wan", "weights": str(weights), **(BASE | settings)})


def look(seed=1, side=32):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def clip(wan, count=5, appearance=None, seed=0):
    return np.stack(list(wan(signer(count), appearance, seed=seed))).astype(int)


@pytest.mark.parametrize(
    ("count", "settings", "shape"),
    [
        (1, {}, (1, 32, 32, 3)),
        (4, {}, (4, 32, 32, 3)),
        (
            13,
            {"window": 5, "overlap": 4},
            (13, 32, 32, 3),
        ),  # windows of two latent frames, overlapping by one
        (10, {"window": 5, "overlap": 0, "solver": "euler"}, (10, 32, 32, 3)),
        (5, {"width": 48, "height": 16}, (5, 16, 48, 3)),
    ],
)
@pytest.mark.parametrize("with_look", [False, True])
def test_as_many_frames_as_poses(vace, count, settings, shape, with_look):
    frames = list(renderer(vace, **settings)(signer(count), look() if with_look else None))
    assert np.stack(frames).shape == shape
    assert {frame.dtype for frame in frames} == {np.dtype(np.uint8)}
    assert all(frame.flags.c_contiguous for frame in frames)


def test_no_poses_no_frames_and_no_weights_needed():
    assert list(renderer("nowhere/at/all")(signer(5)[:0])) == []


def test_what_frames_depend_on(vace):
    wan = renderer(vace)
    frames = clip(wan, appearance=look())
    assert np.array_equal(frames, clip(wan, appearance=look()))
    others = {
        "seed": clip(wan, appearance=look(), seed=1),
        "appearance": clip(wan, appearance=look(2)),
        "none": clip(wan),
        "prompt": clip(renderer(vace, prompt="house"), appearance=look()),
        "negative": clip(renderer(vace, negative="house"), appearance=look()),
        "poses": np.stack(list(wan(signer(29)[24:], look()))).astype(int),
        "control": clip(renderer(vace, control_scale=0.2), appearance=look()),
        "guidance": clip(renderer(vace, guidance=1), appearance=look()),
        "solver": clip(renderer(vace, solver="euler"), appearance=look()),
        "shift": clip(renderer(vace, shift=8), appearance=look()),
    }
    assert {
        name: bool(np.array_equal(frames, other)) for name, other in others.items() if name
    } == dict.fromkeys(others, False)


def test_guidance_of_one_is_a_single_pass(vace, monkeypatch):
    passes = []
    forward = tiny_wan.WanVACETransformer3DModel.forward

    def counted(self, *args, **options):
        passes.append(1)
        return forward(self, *args, **options)

    monkeypatch.setattr(tiny_wan.WanVACETransformer3DModel, "forward", counted)
    clip(renderer(vace, guidance=1))
    assert len(passes) == BASE["steps"]
    clip(renderer(vace))
    assert len(passes) == 3 * BASE["steps"]


def test_animate_shows_the_avatar_with_its_face(animate):
    wan = renderer(animate, model="animate", appearance="avatar:chen", retarget=True, window=5, overlap=4)
    frames = clip(wan, count=7)
    assert frames.shape == (7, 32, 32, 3)
    account = wan.account()
    assert account["appearance"]["signer"] == "chen"
    assert account["weights"][0]["sha256"]
    assert "limbs" in account["alignment"]
    assert account["memory"] == []


def test_faces_count(animate, monkeypatch):
    def faces(level):
        return lambda poses, signer, side, frames: iter(
            [np.full((side, side, 3), level, np.uint8)] * len(poses)
        )

    wan = renderer(animate, model="animate")
    monkeypatch.setattr(film, "avatar_faces", faces(20))
    dark = clip(wan, appearance=look())
    monkeypatch.setattr(film, "avatar_faces", faces(230))
    assert not np.array_equal(dark, clip(wan, appearance=look()))


@pytest.mark.parametrize("model", ["vace", "animate"])
def test_half_precision_stays_near(model, request, monkeypatch):
    folder = request.getfixturevalue(model)
    monkeypatch.setattr(
        film, "avatar_faces", lambda poses, *_: iter([look(7, tiny_wan.FACE_SIDE)] * len(poses))
    )
    whole = clip(renderer(folder, model=model), count=2, appearance=look())
    half = clip(renderer(folder, model=model, precision="bf16"), count=2, appearance=look())
    assert 0 < np.abs(whole - half).mean() < 4


@pytest.mark.parametrize("model", ["vace", "animate"])
def test_networks_that_come_and_go_give_the_same(model, request, monkeypatch):
    folder = request.getfixturevalue(model)
    monkeypatch.setattr(
        film, "avatar_faces", lambda poses, *_: iter([look(7, tiny_wan.FACE_SIDE)] * len(poses))
    )
    stays = clip(renderer(folder, model=model), count=2, appearance=look())
    load = film.load_networks
    monkeypatch.setattr(film, "load_networks", lambda *how: load(*how[:-1], True))
    film._loaded.clear()
    assert np.array_equal(stays, clip(renderer(folder, model=model), count=2, appearance=look()))
    film._loaded.clear()


def test_two_stages_take_turns(tmp_path):
    folder = tiny_wan.save(tmp_path / "two", "vace", stages=2)
    both = clip(renderer(folder, steps=3, shift=1))
    shutil.rmtree(folder / "transformer_2")
    assert not np.array_equal(both, clip(renderer(folder, steps=3, shift=1)))


def test_footage_is_seen(vace, tmp_path):
    from PIL import Image

    for name, level in (("footage", 90), ("mask", 0)):
        (tmp_path / name).mkdir()
        for place in range(5):
            Image.new("RGB", (32, 32), (level, level, level)).save(tmp_path / name / f"{place}.png")
    given = {"background_video": str(tmp_path / "footage"), "mask_video": str(tmp_path / "mask")}
    in_footage = renderer(vace, **given, retarget=True)
    assert not in_footage.retarget  # the poses belong to the footage
    assert not np.array_equal(clip(renderer(vace)), clip(in_footage))


@pytest.mark.parametrize(
    ("canvas", "card", "size"),
    [
        ((512, 512), "wan-vace-1.3b", (624, 624)),
        ((1280, 720), "wan-vace-1.3b", (848, 480)),
        ((720, 1280), "wan-animate-14b", (720, 1280)),
        ((64, 64), "wan-animate-14b", (960, 960)),
    ],
)
def test_frames_have_the_shape_of_the_poses_and_the_pixels_of_the_card(canvas, card, size):
    poses = signer(1).replace(width=canvas[0], height=canvas[1])
    assert shaped(load_index()[card], poses).input == size


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"profile": "mimicmotion"}, r"renderer.profile: wan-vace-1.3b was trained with controlnet pictures"),
        ({"profile": "wan"}, "use profile=controlnet"),
        ({"model": "animate"}, r"renderer.model: vace0 has the weights of vace, not animate; use model=vace"),
        ({"window": 8}, "renderer.window: Wan sees 1, 5, 9 ... pictures at once, not 8; use 5 or 9"),
        ({"window": 85}, "renderer.window: .* trained with windows of 81 frames, not 85"),
        ({"width": 40}, "renderer.width: 40 is no multiple of 16"),
        ({"width": 1600, "height": 1600}, "more than twice the pixels"),
        ({"precision": "float16", "device": "cpu"}, "renderer.precision: float16 is for a GPU"),
        ({"prompt": "wall " * 600}, "renderer.prompt: 601 tokens, and Wan reads 512"),
    ],
)
def test_what_the_weights_were_not_trained_for_is_refused(vace, settings, message):
    with pytest.raises(ConfigError, match=message):
        list(renderer(vace, **settings)(signer(2)))


def test_animate_refuses_the_drawing_of_others(animate):
    with pytest.raises(ConfigError, match="wan-animate-14b was trained with wan pictures, not controlnet"):
        renderer(animate, model="animate", profile="controlnet")(signer(2), look())
    with pytest.raises(ConfigError, match=r"renderer.appearance: .* give a portrait or avatar:NAME"):
        renderer(animate, model="animate")(signer(2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"guidance": 0.5}, "renderer.guidance: 0.5 is below 1"),
        ({"background_video": "a.mp4"}, "renderer.mask_video: needed with background_video"),
        ({"mask_video": "a.mp4"}, "renderer.background_video: needed with mask_video"),
        ({"face_video": "a.mp4"}, "renderer.face_video: vace does not look at faces"),
        ({"model": "animate", "control_scale": 0.5}, "renderer.control_scale: animate has no such scale"),
        ({"model": "i2v"}, "renderer.model"),
    ],
)
def test_settings_that_do_not_go_together(settings, message):
    with pytest.raises(ConfigError, match=message):
        renderers.build({"name": "wan", **settings})


@pytest.mark.parametrize(("model", "name"), [("vace", "wan-vace-1.3b"), ("animate", "wan-animate-14b")])
def test_missing_weights_say_what_to_run(model, name, tmp_path, monkeypatch):
    monkeypatch.setenv("SIGNGEN_CHECKPOINTS", str(tmp_path))
    with pytest.raises(CheckpointError, match=rf"{name}.*; run: hf download Wan-AI/Wan2") as caught:
        renderers.build({"name": "wan", "model": model})(signer(2), look())
    assert caught.value.exit_code == 5
    assert "\n" not in str(caught.value)


def rename_a_tensor(folder):
    path = next((folder / "transformer").glob("*.safetensors"))
    tensors = load_file(path)
    tensors["renamed"] = tensors.pop("proj_out.weight")
    save_file(tensors, path, {"format": "pt"})


def another_autoencoder(folder):
    network = tiny_wan.AutoencoderKLWan(
        base_dim=4, z_dim=2, dim_mult=[1, 1, 1, 1], num_res_blocks=1, temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 2, latents_std=[1.0] * 2,
    )  # fmt: skip
    shutil.rmtree(folder / "vae")
    network.save_pretrained(folder / "vae")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (rename_a_tensor, "keys for WanVACETransformer3DModel|proj_out.weight"),
        (another_autoencoder, "transformer: vace_in_channels 72 and 4 channels out"),
        (lambda folder: shutil.rmtree(folder / "tokenizer"), "no tokenizer can be made of it"),
        (lambda folder: (folder / "transformer" / "config.json").write_text("{}"), "its transformer is None"),
        (lambda folder: shutil.rmtree(folder / "text_encoder"), "a config.json and .* are expected"),
        (lambda folder: shutil.rmtree(folder / "scheduler"), "scheduler_config.json: cannot be read"),
    ],
)
def test_damaged_weights_are_named(copy, damage, message):
    damage(copy)
    with pytest.raises(CheckpointError, match=message):
        list(renderer(copy)(signer(2)))


def test_a_part_is_a_clip_that_knows_the_whole(vace, animate, monkeypatch):
    monkeypatch.setattr(
        film,
        "avatar_faces",
        lambda poses, signer, side, frames: (
            np.full((side, side, 3), 20 * frame, np.uint8) for frame in frames
        ),
    )
    for model, folder in (("vace", vace), ("animate", animate)):
        wan = renderer(folder, model=model)
        part = np.stack(list(wan.part(signer(9), range(3, 7), look())))
        alone = np.stack(list(wan(signer(9)[3:7], look())))
        assert part.shape == alone.shape
        assert np.array_equal(part, alone) == (model == "vace")  # the faces are those of the whole clip


def test_numbers_that_overflow_are_named(copy):
    path = next((copy / "transformer").glob("*.safetensors"))
    tensors = load_file(path)
    tensors["proj_out.bias"] += float("nan")
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(RenderError, match="frames from 0: numbers overflowed"):
        list(renderer(copy)(signer(2)))


def test_memory_that_runs_out_is_given_up_step_by_step(vace, monkeypatch):
    decode = Autoencoder.decode

    def large(self, latents):
        if not self._tiled:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return decode(self, latents)

    monkeypatch.setattr(Autoencoder, "decode", large)
    wan = renderer(vace, steps=1, guidance=1)
    frames = list(wan(signer(3)))
    assert len(frames) == 3
    assert wan.account()["memory"] == ["decode: precision float32 -> bf16", "decode: autoencoder in tiles"]
    with pytest.raises(ResourceError, match="out of memory at stage decode"):
        list(renderer(vace, strict_memory=True)(signer(3)))
