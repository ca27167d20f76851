"""PoseNet and temporal attention learn from clips, go on where they stopped, and the renderer draws with them."""

import json

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel
from formula_weights import TINY
from safetensors.torch import load_file, save_file
from training_clips import save_source
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from signgen.data.npz import read_npz
from signgen.errors import CheckpointError, DataError
from signgen.render.base import renderers
from signgen.render.diffusion.training.pairs import pairs_in
from signgen.render.diffusion.training.posenet import PoseNetTask
from signgen.render.diffusion.training.settings import prepare_posenet
from signgen.render.diffusion.training.train import train_diffusion

torch.set_num_threads(1)
POSE_NET, LORA, UNET = (
    "mimic_motion_pose_net.safetensors",
    "temporal_lora.safetensors",
    "MimicMotionMergedUnet_1-0-fp16.safetensors",
)

SMALL = {
    **TINY.unet,
    "down_block_types": ("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
    "up_block_types": ("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
    "block_out_channels": (32, 32),
    "num_attention_heads": (2, 2),
    "layers_per_block": 1,
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Stable Video Diffusion with tiny random weights."""
    folder = tmp_path_factory.mktemp("video")
    torch.manual_seed(0)
    for part, network, file in (
        ("unet", UNetSpatioTemporalConditionModel(**SMALL), "diffusion_pytorch_model"),
        ("vae", AutoencoderKLTemporalDecoder(**TINY.vae), "diffusion_pytorch_model"),
        ("image_encoder", CLIPVisionModelWithProjection(CLIPVisionConfig(**TINY.image_encoder)), "model"),
    ):
        (folder / part).mkdir()
        config = SMALL if part == "unet" else dict(getattr(TINY, part))
        (folder / part / "config.json").write_text(json.dumps(config), encoding="utf-8")
        save_file(network.state_dict(), folder / part / f"{file}.safetensors")
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """One clip twice: what is looked at is what is learned."""
    folder = save_source(tmp_path_factory.mktemp("clips"), clips=1, width=64, height=64)
    for kind, suffix in (("poses", "npz"), ("videos", "mp4")):
        (folder / kind / f"clip1.{suffix}").write_bytes((folder / kind / f"clip0.{suffix}").read_bytes())
    return folder


def run_of(base, **changes):
    data = {"window": 4, "pictures": 3, **changes.pop("data", {})}
    model = {"base": str(base), "rank": 2, **changes.pop("model", {})}
    train = {"steps": 4, "warmup": 0, "rate": 0.01, "validate_every": 2, "samples": 0, "dev_windows": 2}
    return prepare_posenet({"data": data, "model": model, "train": {**train, **changes}})


def train(run, clips, folder, **how):
    return train_diffusion(PoseNetTask, run, pairs_in(clips), folder, device="cpu", **how)


def test_it_learns_a_clip_and_the_renderer_draws_with_what_was_learned(base, clips, tmp_path):
    folder = tmp_path / "run"
    run = run_of(base, steps=16, batch=2, validate_every=8, samples=1, sample_steps=1)
    told = []
    made = train(run, clips, folder, report=told.append)
    assert told[0] == "encoding clip0, 8 frames"
    start = train(run_of(base, steps=1, rate=1e-12), clips, tmp_path / "start").loss
    assert made.loss < 0.85 * start
    assert (folder / "samples" / "0000016.png").is_file()
    learned, whole = (
        load_file(made.folder / LORA),
        load_file(base / "unet/diffusion_pytorch_model.safetensors"),
    )
    assert made.learned == sum(
        tensor.numel() for file in (POSE_NET, LORA) for tensor in load_file(made.folder / file).values()
    )
    # The UNet changed where a correction was learned, and nowhere else.
    merged = load_file(made.folder / UNET)
    changed = {name for name, tensor in merged.items() if not torch.equal(tensor, whole[name].half())}
    assert changed == {f"{name.removesuffix('.up')}.weight" for name in learned if name.endswith(".up")}
    # Through the renderer's loader, without corrections on top, it loses what it lost, half precision apart.
    again = run_of(base, steps=1, rate=1e-12, model={"weights": str(made.folder), "rank": 0})
    assert train(again, clips, tmp_path / "again").loss == pytest.approx(made.loss, rel=5e-3)
    assert drawn(base, made.folder, clips).shape == (2, 64, 64, 3)
    assert not np.array_equal(
        drawn(base, made.folder, clips), drawn(base, tmp_path / "start/mimicmotion", clips)
    )


def drawn(base, weights, clips):
    """Frames of the renderer."""
    settings = dict(
        name="mimicmotion", weights=str(weights), base=str(base), steps=1, window=6, overlap=2, width=64, height=64,
        retarget=False, appearance="avatar:ada",
    )  # fmt: skip
    return np.stack(list(renderers.build(settings)(read_npz(clips / "poses/clip0.npz")[:2])))


def test_a_training_that_is_stopped_ends_as_one_that_is_not(base, clips, tmp_path):
    settings = dict(steps=3, average=0.9, accumulate=2, checkpointing=True)
    run, one, two = run_of(base, **settings), tmp_path / "one", tmp_path / "two"
    # Pictures that are drawn on the way change nothing.
    train(run_of(base, **settings, samples=1, sample_steps=1), clips, one)
    for until in (1, 2):
        train(run, clips, two, stop_after=until)
    assert not (two / "mimicmotion" / UNET).exists()
    train(run, clips, two)
    for name in ("last.safetensors", f"mimicmotion/{POSE_NET}", f"mimicmotion/{LORA}", f"mimicmotion/{UNET}"):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name


def test_without_pictures_and_poses_nothing_is_learned_from_them(base, clips, tmp_path):
    """Left out means zeros and no features at all: then PoseNet has no gradient and stays as it is."""
    run = run_of(base, steps=1, unconditional=0.999999, decay=0, model={"rank": 0})
    made = train(run, clips, tmp_path / "run")
    weights = load_file(made.folder / POSE_NET)
    assert not any(weights[f"final_proj.{name}"].any() for name in ("weight", "bias"))
    shown = train(run_of(base, steps=1, model={"rank": 0}), clips, tmp_path / "shown")
    assert load_file(shown.folder / POSE_NET)["final_proj.weight"].any()


def test_clips_that_are_too_short_are_left_out_and_counted(base, tmp_path):
    clips, told = save_source(tmp_path / "clips", clips=3, frames=4, width=64, height=64), []
    train(run_of(base, steps=1, data={"window": 6}), clips, tmp_path / "run", report=told.append)
    assert told[0] == "1 of 3 clips have fewer than 5 frames: left out"
    assert told[1:3] == ["encoding clip1, 5 frames", "encoding clip2, 6 frames"]


def test_what_is_wrong_is_said_in_one_line(base, clips, tmp_path):
    bare = tmp_path / "bare"
    for part in ("vae", "image_encoder"):
        bare.mkdir(exist_ok=True)
        (bare / part).symlink_to(base / part)
    (bare / "unet").mkdir()
    (bare / "unet/config.json").write_text(json.dumps(SMALL), encoding="utf-8")
    cases = [
        ({"model": {"base": str(bare)}}, CheckpointError, "put the UNet of Stable Video Diffusion there"),
        ({"model": {"weights": str(tmp_path / "none")}}, CheckpointError, "none: no such file or folder"),
        ({"data": {"window": 40}}, DataError, "no clip has 39 frames; use a shorter data.window"),
    ]
    for number, (changes, error, message) in enumerate(cases):
        with pytest.raises(error, match=message) as refused:
            train(run_of(base, **changes), clips, tmp_path / str(number))
        assert "\n" not in str(refused.value)
