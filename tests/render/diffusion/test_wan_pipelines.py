"""One window of `wan` against diffusers' own pipelines with the same networks, noise and inputs."""

import types

import diffusers
import numpy as np
import pytest
import tiny_wan
import torch
from made_up_signer import signer
from PIL import Image

from signgen.render.base import renderers
from signgen.render.diffusion.noise import frame_noise
from signgen.render.diffusion.wan import networks, words
from signgen.render.draw import draw

SIZE = {"width": 48, "height": 32}
STEPS, PICTURES, SEED = 3, 9, 5
TEXTS = ("sign the house", "wall")
# Frames are rounded to 8 bits, half a level; the rest is float32 sums in another order, amplified by the steps.
TOLERANCE = 0.5 / 255 + 5e-5
CPU = torch.device("cpu")


@pytest.fixture(scope="module", params=["vace", "animate"])
def checkpoint(request, tmp_path_factory):
    return request.param, tiny_wan.save(tmp_path_factory.mktemp(request.param), request.param)


def picture(seed, height=32, width=48):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def stills(frames):
    return [Image.fromarray(frame) for frame in frames]


def folder_of(path, frames):
    """A video that loses nothing: a folder of PNGs."""
    path.mkdir()
    for place, frame in enumerate(frames):
        Image.fromarray(frame).save(path / f"{place:04d}.png")
    return str(path)


def pipeline(model, folder):
    """diffusers' own, put together from what the folder holds."""
    found = networks.load_networks(folder, model, CPU, torch.float32)
    parts = {"tokenizer": None, "text_encoder": None, "vae": found.autoencoder.network}
    parts |= {"scheduler": tiny_wan.scheduler(), "transformer": found.transformer}
    if model == "vace":
        late = {"transformer_2": found.late, "boundary_ratio": found.boundary} if found.late else {}
        pipe = diffusers.WanVACEPipeline(**parts, **late)
    else:
        found.transformer.motion_encoder = found.faces._reader
        eye = found.eye
        pipe = diffusers.WanAnimatePipeline(image_processor=eye.processor, image_encoder=eye.encoder, **parts)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def theirs(model, folder, look, guidance, **inputs):
    shape = (tiny_wan.CHANNELS, SIZE["height"] // 8, SIZE["width"] // 8)
    noise = frame_noise(SEED, range(1 + (PICTURES + 3) // 4), shape)
    states = words.read_prompts(folder, TEXTS, CPU, torch.float32)
    look = {"vace": "reference_images", "animate": "image"}[model], Image.fromarray(look)
    length = {"vace": "num_frames", "animate": "segment_frame_length"}[model]
    result = pipeline(model, folder)(
        latents=noise.transpose(0, 1)[None], prompt_embeds=states[0], negative_prompt_embeds=states[1],
        guidance_scale=guidance, num_inference_steps=STEPS, output_type="np",
        **dict([look]), **{length: PICTURES}, **inputs, **SIZE,
    )  # fmt: skip
    return result.frames[0]


def ours(model, folder, look, guidance, **settings):
    renderer = renderers.build(
        {"name": "wan", "model": model, "weights": str(folder), "steps": STEPS, "retarget": False,
         "guidance": guidance, "prompt": TEXTS[0], "negative": TEXTS[1], **SIZE, **settings}
    )  # fmt: skip
    return np.stack(list(renderer(signer(PICTURES), look, seed=SEED))) / 255


@pytest.fixture
def inputs(checkpoint, tmp_path):
    """Poses, and faces for Animate: as settings of ours and as arguments of theirs."""
    model, _ = checkpoint
    if model == "vace":
        return {"control_scale": 0.7}, {
            "video": stills(draw(signer(PICTURES), "controlnet", **SIZE)),
            "conditioning_scale": 0.7,
        }
    faces = [picture(seed, tiny_wan.FACE_SIDE, tiny_wan.FACE_SIDE) for seed in range(PICTURES)]
    return {"face_video": folder_of(tmp_path / "faces", faces)}, {
        "pose_video": stills(draw(signer(PICTURES), "wan", **SIZE)),
        "face_video": stills(faces),
    }


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_a_window_equals_the_pipeline(checkpoint, guidance, inputs):
    settings, arguments = inputs
    look = picture(3)
    got = ours(*checkpoint, look, guidance, **settings)
    assert np.abs(got - theirs(*checkpoint, look, guidance, **arguments)).max() < TOLERANCE
    assert np.abs(got - ours(*checkpoint, picture(4), guidance, **settings)).max() > 10 / 255


def test_a_signer_in_footage_equals_the_pipeline(checkpoint, inputs, tmp_path):
    model, _ = checkpoint
    settings, arguments = inputs
    footage = [picture(20 + i) for i in range(PICTURES)]
    masks = [np.zeros((32, 48, 3), np.uint8) for _ in range(PICTURES)]
    for i, mask in enumerate(masks):
        mask[5 : 20 + i, 13 : 30 - i] = 255
    settings |= {
        "background_video": folder_of(tmp_path / "footage", footage),
        "mask_video": folder_of(tmp_path / "mask", masks),
    }
    hollow = [
        np.where(mask == 255, 0, frame).astype(np.uint8) for frame, mask in zip(footage, masks, strict=True)
    ]
    if model == "animate":
        arguments |= {"mode": "replace", "background_video": stills(hollow), "mask_video": stills(masks)}
    else:  # what stays and what is drawn come in one video
        drawn = [np.asarray(frame) for frame in arguments["video"]]
        both = [np.where(m == 255, d, f) for d, f, m in zip(drawn, footage, masks, strict=True)]
        arguments |= {"video": stills(both), "mask": stills(masks)}
    look = picture(3)
    got = ours(*checkpoint, look, 1.0, **settings)
    assert np.abs(got - theirs(*checkpoint, look, 1.0, **arguments)).max() < TOLERANCE


def test_two_stages_equal_the_pipeline(tmp_path, monkeypatch):
    folder = tiny_wan.save(tmp_path / "two", "vace", stages=2)
    control = stills(draw(signer(PICTURES), "controlnet", **SIZE))
    look = picture(3)
    # At shift 3 the steps are at 1, 0.86 and 0.6 of the noise.
    monkeypatch.setattr(networks, "_boundary", lambda folder: 0.8)
    got = ours("vace", folder, look, 1.0)
    assert np.abs(got - theirs("vace", folder, look, 1.0, video=control)).max() < TOLERANCE


def test_prompts_equal_those_of_the_pipeline(checkpoint, monkeypatch):
    from diffusers.pipelines.wan import pipeline_wan_vace
    from transformers import AutoTokenizer, UMT5EncoderModel

    _, folder = checkpoint
    # The pipeline repairs broken texts with a package that is not needed here; these are whole.
    monkeypatch.setattr(pipeline_wan_vace, "ftfy", types.SimpleNamespace(fix_text=str), raising=False)
    pipe = diffusers.WanVACEPipeline(
        tokenizer=AutoTokenizer.from_pretrained(folder / "tokenizer"),
        text_encoder=UMT5EncoderModel.from_pretrained(folder / "text_encoder").eval(),
        vae=None,
        scheduler=tiny_wan.scheduler(),
        transformer=None,
    )
    texts = ("a person  using &amp; sign language", "")
    got = words.read_prompts(folder, texts, CPU, torch.float32)
    for text, states in zip(texts, got, strict=True):
        expected = pipe._get_t5_prompt_embeds(text, max_sequence_length=512, device=CPU)
        assert torch.allclose(states, expected, atol=1e-6)
        assert states.shape == (1, 512, tiny_wan.TEXT)
