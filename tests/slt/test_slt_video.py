"""Video to text: frames of clips, a network from nothing, image encoders at hand."""

import sys

import numpy as np
import pytest
import torch
from toy_signing import make_clips

from signgen.data.columnar import Clip, write_columnar
from signgen.data.video import write_video
from signgen.errors import CheckpointError, ConfigError, DataError, DependencyError
from signgen.slt.batches import frame_mask
from signgen.slt.clips import load_clips
from signgen.slt.model import Translator
from signgen.slt.settings import prepare
from signgen.slt.train import train
from signgen.slt.video import PretrainedImages, VideoFrontend
from signgen.slt.video_frames import frame_reader, images_of, video_of


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """A corpus whose clips name videos of moving squares."""
    folder = tmp_path_factory.mktemp("videos")
    rng = np.random.default_rng(0)
    for split, seed in (("train", 1), ("dev", 2)):
        clips = []
        for clip in make_clips(4, seed):
            frames = np.zeros((18, 48, 64, 3), np.uint8)
            for number, frame in enumerate(frames):
                frame[8:24, 8 + number : 24 + number] = rng.integers(100, 255, 3)
            write_video(frames, folder / f"{clip.name}.mp4", 25)
            clips.append(Clip(clip.name, clip.poses, {**clip.info, "video": f"{clip.name}.mp4"}))
        (folder / split).mkdir()
        write_columnar(clips, folder / split / "0.col")
    return folder


def settings_for(folder, **model):
    return prepare(
        {
            "data": {"sources": {"real": str(folder)}, "videos": str(folder)},
            "tokens": {"kind": "words"},
            "model": {"preset": "video", "image_size": 32, **model},
            "train": {"steps": 2, "batch": 2, "validate_every": 2},
            "decode": {"longest": 4},
        }
    )


def test_frames_come_at_the_rate_of_the_model(videos):
    images = images_of(next(videos.glob("*.mp4")), 12.5, 32)
    assert (images.shape, images.dtype) == ((9, 3, 32, 32), np.uint8)
    assert images.max() > 80
    assert images_of(next(videos.glob("*.mp4")), 50, 16).shape == (36, 3, 16, 16)


def test_a_small_network_trains_on_video(videos, tmp_path):
    assert train(settings_for(videos), tmp_path, device="cpu").steps == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [("", "names no video"), ("../x.mp4", "outside of this folder"), ("/x.mp4", "outside")],
)
def test_videos_lie_in_their_folder(videos, name, message):
    clips = load_clips(videos / "dev", 12.5)
    clips.infos[0]["video"] = name
    with pytest.raises(DataError, match=message):
        video_of(clips, 0, videos)


def test_a_video_model_needs_videos(videos):
    settings = settings_for(videos)
    settings = prepare({"model": {"preset": "video"}})
    with pytest.raises(ConfigError, match=r"data\.videos"):
        frame_reader(settings)


@torch.no_grad()
def test_padding_is_not_looked_at():
    front = VideoFrontend(_Mean(), 3, 8).eval()
    frames = torch.randint(0, 255, (2, 5, 3, 16, 16), dtype=torch.uint8)
    mask = frame_mask(torch.tensor([5, 3]), 5)
    found = front(frames, mask)
    frames[1, 3:] = 255
    assert torch.equal(found, front(frames, mask))
    assert not found[1, 3:].any()


class _Mean(torch.nn.Module):
    def forward(self, images):
        return images.mean((2, 3))


@pytest.fixture(scope="module")
def vit(tmp_path_factory):
    """The smallest image encoder of transformers, made here."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("vit")
    config = transformers.ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        image_size=32,
        patch_size=16,
    )
    transformers.ViTModel(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("is_frozen", [True, False])
def test_image_encoder_of_transformers(vit, is_frozen):
    settings = prepare(
        {"model": {"frontend": "pretrained", "video": str(vit), "is_frozen": is_frozen, "image_size": 32}}
    ).model
    model = Translator(settings, 9).train()
    frames = torch.randint(0, 255, (2, 3, 3, 32, 32), dtype=torch.uint8)
    model.encode(frames, torch.ones(2, 3, dtype=torch.bool)).sum().backward()
    encoder = model.frontend.images.encoder
    assert encoder.training is not is_frozen
    assert all((p.grad is None) is is_frozen for n, p in encoder.named_parameters() if "layer" in n)


def test_weights_that_cannot_be_used(vit, tmp_path):
    with pytest.raises(CheckpointError, match="no image encoder here"):
        PretrainedImages(tmp_path / "none", True)
    with pytest.raises(CheckpointError, match="not an image encoder of transformers"):
        PretrainedImages(tmp_path, True)


@pytest.mark.parametrize("stands_in", ["", "import torchvision_that_is_not_there"])
def test_timm_that_cannot_be_imported(stands_in, tmp_path, monkeypatch):
    (tmp_path / "resnet18.safetensors").write_bytes(b"x")
    (tmp_path / "timm.py").write_text(stands_in or "raise ImportError('no timm')")
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        DependencyError, match=r"needs timm and its torchvision \(.*\); run: pip install timm"
    ):
        PretrainedImages(tmp_path / "resnet18.safetensors", True)
