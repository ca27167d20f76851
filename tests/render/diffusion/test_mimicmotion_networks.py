"""Names and shapes of the tensors, and single forwards, against what the original gave from the same numbers."""

import hashlib
import json

import numpy as np
import pytest
import torch
from formula_weights import TINY, filled, given, normal_like, picture, some, tensors, weight

from signgen.render.diffusion.mimicmotion import pieces
from signgen.render.diffusion.mimicmotion.denoiser import Conditions, Guided, added
from signgen.render.diffusion.mimicmotion.image_encoding import Encoded, clip_pixels, embed
from signgen.render.diffusion.mimicmotion.lean import LeanUNet, lean_decode
from signgen.render.diffusion.mimicmotion.networks import Architecture, build
from signgen.render.diffusion.mimicmotion.posenet import PoseNet
from signgen.render.diffusion.schedules import EulerSVD

torch.set_num_threads(1)
# Recorded from MimicMotion's own code with the weights of the formula; spread evenly over each output.
FORWARDS = {
    "pose_latents": (-0.224639, 0.136113, -0.1439554, 0.7546051, 0.0495352, -0.2330296, 0.4638447, 0.2955748),
    "cond_t0": (-0.1003814, 0.657114, 0.1294111, -1.229231, 0.1954472, -0.2758028, -0.6319224, 0.3869855),
    "uncond_t0": (
        -0.1156396,
        1.030325,
        -0.04090902,
        0.7299882,
        0.5948246,
        0.02904654,
        -0.8521821,
        0.05687894,
    ),
    "nopose_t0": (-0.1564158, 0.5193831, 0.6256087, -1.647115, 0.1041956, -0.605407, -0.410824, 0.500603),
    "cond_t1": (-0.1076648, 0.6734283, 0.1016145, -1.250208, 0.1536849, -0.3376403, -0.6158699, 0.3967047),
    "uncond_t1": (-0.15398, 1.070251, -0.08665532, 0.7792004, 0.5324531, 0.02343333, -0.7336322, 0.04775852),
    "nopose_t1": (-0.1719447, 0.5102085, 0.5873675, -1.660998, 0.08244583, -0.6479046, -0.3684674, 0.4978225),
}
LEVELS = (1.6377001, -0.5)
EMBEDDING = (-0.1151549, 1.333815, -0.9124373, -0.267755, 0.390394, -0.2302709, -0.6530098, 0.7830008)
PIXELS = (-0.2613896, 0.4536577, 0.5273151, 0.7513981, 0.5210562, -0.6060158, 0.1129439, 0.9572061)
SINGLE = 2e-5


@pytest.fixture(scope="module")
def networks():
    return filled()


@pytest.fixture(scope="module", params=["stock", "lean"])
def forwards(networks, request):
    """Every recorded forward: by the stock UNet with pose features added by a hook, and piece by piece."""
    sample, ids = normal_like("input.sample", (1, 6, 8, 8, 12)), torch.tensor([[6, 127, 0.02]])
    embedding = normal_like("input.encoder_hidden_states", (1, 1, 32))
    found = {}

    lean = LeanUNet(networks.unet) if request.param == "lean" else None

    def said(sample, embedding, level):
        if lean:
            return lean(sample, torch.tensor(level), embedding, added_time_ids=ids)
        return networks.unet(sample, torch.tensor(level), embedding, added_time_ids=ids).sample

    with torch.inference_mode():
        poses = networks.pose_net(given("input.unet_pose", (6, 3, 64, 96)))
        found["pose_latents"] = poses
        without = torch.cat((sample[:, :, :4], torch.zeros_like(sample[:, :, 4:])), dim=2)
        for i, level in enumerate(LEVELS):
            with added(networks.unet, poses):
                found[f"cond_t{i}"] = said(sample, embedding, level)
            found[f"nopose_t{i}"] = said(sample, embedding, level)
            found[f"uncond_t{i}"] = said(without, torch.zeros_like(embedding), level)
    return {name: value.numpy() for name, value in found.items()}


def lines_of(shapes):
    return sorted(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items())


def shapes_of(networks, *parts):
    return {
        f"{part}.{name}": list(tensor.shape)
        for part in parts
        for name, tensor in getattr(networks, part).state_dict().items()
    }


@pytest.mark.parametrize(
    ("architecture", "parts", "count", "digest"),
    [
        (
            Architecture(),
            ("unet", "pose_net"),
            1447,
            "e386f0caec60c49b522d64c80d6a086f00dfc5aa4040c89bfcc6a3bd5d7a2fb6",
        ),
        (
            TINY,
            ("unet", "pose_net", "vae", "image_encoder"),
            1334,
            "6b62e786cf46dc451ea2a4ec7fb5588f3de7f37b222dfea168fd04db6c6e7fd3",
        ),
    ],
)
def test_tensors_have_the_names_and_shapes_of_the_original(architecture, parts, count, digest):
    lines = lines_of(shapes_of(build(architecture), *parts))
    assert len(lines) == count
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == digest


def test_the_whole_manifest(shared_data):
    manifest = json.loads((shared_data / "mimicmotion" / "state_dict_manifest.json").read_text())
    networks = build(Architecture())
    assert shapes_of(networks, "unet", "pose_net") == manifest
    config = json.loads((shared_data / "mimicmotion" / "unet_config.json").read_text())
    assert {name: value for name, value in config.items() if not name.startswith("_")} == {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in Architecture().unet.items()
    }


@pytest.mark.parametrize(
    ("name", "shape", "first"),
    [
        ("unet.conv_in.weight", (32, 8, 3, 3), (-0.0487497002, -0.137321457, 0.0644740686)),
        ("unet.conv_in.bias", (32,), (0.0898427591, 0.0595605411, 0.0521165803)),
        ("unet.conv_norm_out.weight", (32,), (0.919573426, 1.06044543, 0.940923691)),
        ("pose_net.final_proj.weight", (32, 128, 1, 1), (0.228687897, 0.097492829)),
    ],
)
def test_the_formula_gives_the_numbers_it_is_known_by(name, shape, first):
    assert weight(name, shape).flatten()[: len(first)].tolist() == pytest.approx(first, abs=1e-8)


@pytest.mark.parametrize("name", FORWARDS)
def test_forwards_equal_the_original(forwards, name):
    np.testing.assert_allclose(some(forwards[name], 8), FORWARDS[name], rtol=0, atol=SINGLE)


def test_all_of_each_forward(forwards, shared_data):
    with np.load(shared_data / "mimicmotion" / "golden_unet.npz", allow_pickle=False) as recorded:
        for name, values in forwards.items():
            np.testing.assert_allclose(values, recorded[name], rtol=0, atol=SINGLE)


def test_the_picture_reaches_clip_as_in_the_original(networks):
    image = (
        torch.from_numpy(picture("input.large_image", 448, 672)).permute(2, 0, 1)[None].float() / 127.5 - 1
    )
    pixels = clip_pixels(image)
    np.testing.assert_allclose(some(pixels[:, :, ::4, ::4], 8), PIXELS, rtol=0, atol=SINGLE)
    with torch.inference_mode():
        found = embed(networks.image_encoder, image)
    assert found.shape == (1, 1, 32)
    np.testing.assert_allclose(some(found, 8), EMBEDDING, rtol=0, atol=SINGLE)


def test_all_of_the_picture_and_its_embedding(networks, shared_data):
    image = (
        torch.from_numpy(picture("input.large_image", 448, 672)).permute(2, 0, 1)[None].float() / 127.5 - 1
    )
    with np.load(shared_data / "mimicmotion" / "golden_image_encoder.npz", allow_pickle=False) as recorded:
        np.testing.assert_allclose(
            clip_pixels(image)[:, :, ::4, ::4], recorded["pixel_values_s4"], rtol=0, atol=SINGLE
        )
        with torch.inference_mode():
            found = embed(networks.image_encoder, image)
        np.testing.assert_allclose(found[0], recorded["image_embeddings"][1], rtol=0, atol=SINGLE)


def test_the_real_pose_net(shared_data):
    """Weights as they are published, on a wave and on a recorded pose picture."""
    from safetensors.torch import load_file

    folder = shared_data / "mimicmotion"
    net = PoseNet()
    loaded = {name: t.float() for name, t in load_file(folder / "mimic_motion_pose_net.safetensors").items()}
    net.load_state_dict(loaded)
    assert net.scale.item() == pytest.approx(1.1279297)
    wave = torch.from_numpy(
        np.sin(0.05 * np.arange(3 * 256 * 256)).astype(np.float32).reshape(1, 3, 256, 256)
    )
    with np.load(folder / "golden_posenet.npz", allow_pickle=False) as recorded, torch.inference_mode():
        image = torch.from_numpy(recorded["pose_image"]).permute(2, 0, 1)[None].float() / 127.5 - 1
        of_wave, of_image = net(wave).numpy(), net(image).numpy()
        assert of_image.shape == (1, 320, 64, 64)
        pairs = [
            (of_wave[:, :, ::2, ::2], recorded["sin_out_s2"]),
            (of_wave[:, ::32], recorded["sin_out_c32"]),
            (of_image[:, :, ::4, ::4], recorded["pose_out_s4"]),
            (of_image[:, ::32], recorded["pose_out_c32"]),
        ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=SINGLE)


def test_a_new_pose_net_leaves_the_unet_as_it_is():
    assert not PoseNet(32)(torch.ones(1, 3, 16, 24)).any()


def denoiser(networks, guidance, poses, *, batched=False):
    reference = Encoded(normal_like("embedding", (1, 1, 32)), normal_like("latent", (1, 4, 8, 12)))
    strengths = np.full(4, guidance, np.float32)
    return Guided(
        networks.unet,
        Conditions(reference, lambda frames: poses[list(frames)], strengths, (6, 127, 0)),
        EulerSVD(3),
        batched=batched,
    )


def test_no_pose_is_not_a_black_picture(networks):
    latents = normal_like("latents", (4, 4, 8, 12))
    with torch.inference_mode():
        black = networks.pose_net(torch.full((4, 3, 64, 96), -1.0))
        guided = denoiser(networks, 2.0, black)
        without = guided.unconditional(latents, 1)
        with added(networks.unet, black):
            shown_black = guided.unconditional(latents, 1)
    assert (without - shown_black).abs().mean() > 0.02


@pytest.mark.parametrize("guidance", [1.0, 2.0, 3.5])
def test_guidance_in_one_pass_and_in_two(networks, guidance):
    latents, poses = normal_like("latents", (4, 4, 8, 12)), normal_like("poses", (4, 32, 8, 12))
    with torch.inference_mode():
        one, two = (
            denoiser(networks, guidance, poses, batched=b)(latents, 0, range(4)) for b in (True, False)
        )
        conditional = denoiser(networks, guidance, poses).conditional(latents, 0, range(4))
        without = denoiser(networks, guidance, poses).unconditional(latents, 0)
    torch.testing.assert_close(one, two, rtol=0, atol=SINGLE)
    torch.testing.assert_close(two, without + guidance * (conditional - without), rtol=0, atol=SINGLE)


def test_without_guidance_the_unet_runs_once(networks):
    calls = []
    hook = networks.unet.conv_in.register_forward_hook(lambda *_: calls.append(1))
    latents, poses = normal_like("latents", (4, 4, 8, 12)), normal_like("poses", (4, 32, 8, 12))
    try:
        with torch.inference_mode():
            denoiser(networks, 1.0, poses)(latents, 0, range(4))
            once = len(calls)
            denoiser(networks, 2.0, poses)(latents, 0, range(4))
    finally:
        hook.remove()
    assert (once, len(calls)) == (1, 3)


def test_latents_of_any_size(networks):
    latents, poses = normal_like("odd", (3, 4, 9, 7)), normal_like("odd poses", (3, 32, 9, 7))
    reference = Encoded(normal_like("embedding", (1, 1, 32)), normal_like("odd latent", (1, 4, 9, 7)))
    conditions = Conditions(reference, lambda frames: poses, np.full(3, 2, np.float32), (6, 127, 0))
    with torch.inference_mode():
        found = Guided(networks.unet, conditions, EulerSVD(2))(latents, 0, range(3))
    assert found.shape == latents.shape
    assert torch.isfinite(found).all()


@pytest.mark.parametrize("size", [1, 6_000, 1 << 25])
def test_pieces_of_any_size_give_what_the_stock_networks_give(monkeypatch, size):
    """Two clips at once, on latents that the UNet must crop when it doubles them."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", size)
    plain = filled()
    sample, told = normal_like("two clips", (2, 3, 8, 5, 6)), normal_like("two embeddings", (2, 1, 32))
    ids, level, latents = (
        torch.tensor([[6, 127, 0.02]] * 2),
        torch.tensor(0.7),
        normal_like("l", (3, 4, 4, 6)),
    )
    with torch.inference_mode():
        stock = plain.unet(sample, level, told, added_time_ids=ids).sample
        lean = LeanUNet(plain.unet)(sample, level, told, added_time_ids=ids)
        torch.testing.assert_close(lean, stock, rtol=0, atol=SINGLE)
        stock = plain.vae.decode(latents, num_frames=3).sample
        torch.testing.assert_close(lean_decode(plain.vae, latents), stock, rtol=0, atol=SINGLE)


def test_the_formula_fills_every_tensor(networks):
    assert len(tensors(networks.unet, "unet")) == 1026
    assert all(
        torch.isfinite(t).all()
        for part in ("unet", "vae")
        for t in getattr(networks, part).state_dict().values()
    )
