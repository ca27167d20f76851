"""The same tiny networks through diffusers' own pipelines: what they say for the same latents is what we say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import (
    AnimateDiffControlNetPipeline,
    AutoencoderKL,
    ControlNetModel,
    DDIMScheduler,
    MotionAdapter,
    StableDiffusionControlNetImg2ImgPipeline,
    StableDiffusionControlNetPipeline,
    StableDiffusionXLControlNetPipeline,
    UNet2DConditionModel,
)
from PIL import Image
from tiny_stable import FACTOR, save_adapter, save_base, save_controlnet, save_motion
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from signgen.render.diffusion import schedules
from signgen.render.diffusion.noise import frame_noise
from signgen.render.diffusion.sampling import sample, start
from signgen.render.diffusion.stable.denoisers import Hold, MotionDenoiser, PictureDenoiser, Prompt
from signgen.render.diffusion.stable.network import quiet
from signgen.render.diffusion.stable.parts import Folders, load_parts
from signgen.render.diffusion.stable.pictures import decode, encode
from signgen.render.diffusion.stable.words import read
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.windows import plan_windows

# float32 sums in another order: three steps of tiny networks, latents of the order of 1.
TOLERANCE = 2e-5
STEPS, SIZE, FRAMES = 3, (24, 16), 2
PROMPT, NEGATIVE = "a signer in grey", "two heads"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    save_base(root / "sd")
    save_base(root / "xl", xl=True)
    save_controlnet(root / "controlnet")
    save_controlnet(root / "controlnet-xl", xl=True)
    save_motion(root / "motion")
    save_adapter(root / "adapter")
    save_adapter(root / "patches", plus=True)
    return root


def theirs(root, kind, *, xl=False, **more):
    """A pipeline of diffusers, loaded by diffusers."""
    base = root / ("xl" if xl else "sd")
    parts = {
        "vae": AutoencoderKL.from_pretrained(base / "vae"),
        "unet": UNet2DConditionModel.from_pretrained(base / "unet"),
        "controlnet": ControlNetModel.from_pretrained(root / ("controlnet-xl" if xl else "controlnet")),
        "text_encoder": CLIPTextModel.from_pretrained(base / "text_encoder"),
        "tokenizer": CLIPTokenizer.from_pretrained(base / "tokenizer"),
        "scheduler": DDIMScheduler.from_pretrained(base / "scheduler"),
        **more,
    }
    if xl:
        parts["text_encoder_2"] = CLIPTextModelWithProjection.from_pretrained(base / "text_encoder_2")
        parts["tokenizer_2"] = CLIPTokenizer.from_pretrained(base / "tokenizer_2")
    elif kind is not AnimateDiffControlNetPipeline:
        parts.update(safety_checker=None, requires_safety_checker=False)
    with quiet():
        pipeline = kind(feature_extractor=None, image_encoder=None, **parts)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def ours(
    root, *, guidance, control, noise, xl=False, motion=False, look=None, clean=None, first=0, hold=None,
    adapter="adapter",
):  # fmt: skip
    """The same with our denoisers in our loop, all frames in one window."""
    looks = (root / adapter / "ip-adapter.safetensors", root / adapter / "image_encoder")
    folders = Folders(
        root / ("xl" if xl else "sd"),
        root / ("controlnet-xl" if xl else "controlnet"),
        root / "motion" if motion else None,
        *(looks if look is not None else ()),
    )
    parts = load_parts(folders, torch.float32, 0.7)
    looks = parts.eye.look(look)[::-1] if look is not None else (None, None)
    prompts = [Prompt(read(parts.encoders, PROMPT, "prompt"), looks[1])]
    if guidance > 1:
        prompts.insert(0, Prompt(read(parts.encoders, NEGATIVE, "negative"), looks[0]))
    steps = schedules.DDIM.of(parts.schedule, STEPS)
    denoise = (MotionDenoiser if motion else PictureDenoiser)(
        parts.unet, parts.controlnet, lambda frames: control[list(frames)], tuple(prompts), steps,
        SIZE, guidance, hold or Hold(), first,
    )  # fmt: skip
    with LatentStore(len(noise), noise.shape[1:]) as store, LatentStore(len(noise), noise.shape[1:]) as kept:
        if clean is not None:
            kept.write(range(len(noise)), clean)
        begun = None if clean is None else kept
        start(store, steps, lambda frames: noise[list(frames)], first_step=first, clean=begun)
        sample(denoise, steps, plan_windows(len(noise), len(noise), 0), store, first_step=first)
        return store.read(range(len(noise))), parts


@pytest.fixture(scope="module")
def noise():
    return frame_noise(5, range(FRAMES), (4, SIZE[0] // FACTOR, SIZE[1] // FACTOR))


@pytest.fixture(scope="module")
def control():
    return torch.from_numpy(np.random.default_rng(3).random((FRAMES, 3, *SIZE), np.float32))


def one_by_one(pipeline, control, noise, **options):
    """Each frame as a picture of its own."""
    return torch.cat(
        [
            pipeline(
                image=control[i : i + 1], latents=noise[i : i + 1], num_inference_steps=STEPS, prompt=PROMPT,
                output_type="latent", **options,
            ).images
            for i in range(len(control))
        ]
    )  # fmt: skip


@pytest.mark.parametrize("xl", [False, True])
@pytest.mark.parametrize("guidance", [1.0, 4.0])
def test_pictures(weights, noise, control, guidance, xl):
    kind = StableDiffusionXLControlNetPipeline if xl else StableDiffusionControlNetPipeline
    pipeline = theirs(weights, kind, xl=xl)
    expected = one_by_one(
        pipeline, control, noise, guidance_scale=guidance, negative_prompt=NEGATIVE,
        controlnet_conditioning_scale=0.8, control_guidance_start=0.3, control_guidance_end=0.7,
    )  # fmt: skip
    found, _ = ours(weights, guidance=guidance, control=control, noise=noise, xl=xl, hold=Hold(0.8, 0.3, 0.7))
    assert (found - expected).abs().max() < TOLERANCE
    free, _ = ours(weights, guidance=guidance, control=control, noise=noise, xl=xl, hold=Hold(0.0))
    assert (free - expected).abs().max() > 100 * TOLERANCE, "the pose pictures must matter"


@pytest.mark.parametrize("adapter", ["adapter", "patches"])
def test_pictures_with_an_appearance(weights, noise, control, adapter):
    look = np.random.default_rng(4).integers(0, 255, (21, 17, 3), np.uint8)
    pipeline = theirs(weights, StableDiffusionControlNetPipeline)
    with quiet():
        pipeline.load_ip_adapter(weights / adapter, subfolder="", weight_name="ip-adapter.safetensors")
    pipeline.set_ip_adapter_scale(0.7)
    expected = one_by_one(
        pipeline, control, noise, guidance_scale=3.0, negative_prompt=NEGATIVE, ip_adapter_image=Image.fromarray(look)
    )  # fmt: skip
    found, _ = ours(weights, guidance=3.0, control=control, noise=noise, look=look, adapter=adapter)
    assert (found - expected).abs().max() < TOLERANCE
    other, _ = ours(weights, guidance=3.0, control=control, noise=noise, look=255 - look, adapter=adapter)
    assert (other - expected).abs().max() > 20 * TOLERANCE, "the appearance must matter"


def test_start_from_a_picture(weights, control):
    pipeline = theirs(weights, StableDiffusionControlNetImg2ImgPipeline)
    clean = frame_noise(9, [0], (4, SIZE[0] // FACTOR, SIZE[1] // FACTOR))
    drawn = torch.randn(clean.shape, generator=torch.Generator().manual_seed(11))
    expected = pipeline(
        PROMPT, image=clean, control_image=control[:1], strength=0.7, num_inference_steps=STEPS, guidance_scale=2.0,
        negative_prompt=NEGATIVE, generator=torch.Generator().manual_seed(11), output_type="latent",
        controlnet_conditioning_scale=1.0,
    ).images  # fmt: skip
    found, _ = ours(weights, guidance=2.0, control=control[:1], noise=drawn, clean=clean, first=1)
    assert (found - expected).abs().max() < TOLERANCE


@pytest.mark.parametrize(("guidance", "with_look"), [(1.0, False), (3.0, False), (3.0, True)])
def test_motion(weights, noise, control, guidance, with_look):
    look = np.random.default_rng(4).integers(0, 255, (17, 21, 3), np.uint8) if with_look else None
    pipeline = theirs(
        weights,
        AnimateDiffControlNetPipeline,
        motion_adapter=MotionAdapter.from_pretrained(weights / "motion"),
    )
    options = {}
    if with_look:
        with quiet():
            pipeline.load_ip_adapter(weights / "adapter", subfolder="", weight_name="ip-adapter.safetensors")
        pipeline.set_ip_adapter_scale(0.7)
        options["ip_adapter_image"] = Image.fromarray(look)
    frames = [Image.fromarray(np.uint8(picture * 255)) for picture in control.permute(0, 2, 3, 1).numpy()]
    exact = torch.stack([torch.from_numpy(np.array(frame)).permute(2, 0, 1) / 255 for frame in frames])
    expected = pipeline(
        PROMPT, num_frames=FRAMES, height=SIZE[0], width=SIZE[1], num_inference_steps=STEPS, guidance_scale=guidance,
        negative_prompt=NEGATIVE, latents=noise.transpose(0, 1)[None], conditioning_frames=frames,
        output_type="latent", **options,
    ).frames[0].transpose(0, 1)  # fmt: skip
    found, _ = ours(weights, guidance=guidance, control=exact, noise=noise, motion=True, look=look)
    assert (found - expected).abs().max() < TOLERANCE


def test_pictures_of_latents(weights, noise, control):
    pipeline = theirs(weights, StableDiffusionControlNetPipeline)
    picture = pipeline(
        PROMPT,
        image=control[:1],
        latents=noise[:1],
        num_inference_steps=STEPS,
        guidance_scale=1.0,
        output_type="np",
    ).images[0]
    latents, parts = ours(weights, guidance=1.0, control=control[:1], noise=noise[:1])
    found = decode(parts.vae, latents)[0]
    assert found.shape == (*SIZE, 3)
    assert np.abs(found / 255 - picture).max() <= 0.5 / 255 + TOLERANCE
    again = encode(parts.vae, [found])
    mean = parts.vae.encode(torch.from_numpy(found).permute(2, 0, 1)[None] / 127.5 - 1).latent_dist.mean
    assert torch.allclose(again, mean * parts.vae.config.scaling_factor, atol=TOLERANCE)
