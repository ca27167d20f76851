"""Painting with tiny-flow: windows, sizes, seeds, looks, and what the renderer refuses."""

import numpy as np
import pytest
import torch
from tiny_material import SMALL, moving

from signgen.errors import CheckpointError, ConfigError
from signgen.render.base import renderers
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.tiny.folder import TinyCard, save_tiny
from signgen.render.diffusion.tiny.network import TinyFlowNet
from signgen.render.diffusion.tiny.painting import Painter, Way
from signgen.render.diffusion.tiny.settings import TinyNetwork

torch.set_num_threads(1)


class Copies(torch.nn.Module):
    """A network that has learned to give its control picture, and counts how often it was asked."""

    multiple, cell = 32, 4

    def __init__(self):
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(1))
        self.asked = 0

    def forward(self, noisy, level, control, reference):
        self.asked += 1
        return control


def painted(model, pictures, way, seed=0):
    signed = torch.from_numpy(pictures).permute(0, 3, 1, 2) / 127.5 - 1
    painter = Painter(model, lambda frames: signed[list(frames)], pictures[0], way)
    with LatentStore(len(pictures), painter.shape) as store:
        painter.paint(len(pictures), seed, store)
        return np.stack(list(painter.frames(store)))


@pytest.mark.parametrize("count", [1, 4, 11])
@pytest.mark.parametrize(
    ("window", "overlap", "steps", "guidance"), [(4, 1, 4, 1.0), (3, 2, 1, 2.5), (64, 8, 2, 1.0)]
)
@pytest.mark.parametrize(("height", "width"), [(32, 32), (48, 80), (34, 46)])
def test_a_network_that_gives_the_poses_paints_them(count, window, overlap, steps, guidance, height, width):
    pictures = np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)
    way = Way(steps, 3.0, guidance, window, overlap)
    found = painted(Copies(), pictures, way)
    # With guidance a black picture stands for none: then colours are exaggerated as far as they go.
    signed = pictures / 127.5 - 1
    wanted = np.clip(((-1 + guidance * (signed + 1)) + 1) * 127.5, 0, 255)
    assert np.abs(found - wanted).max() <= 0.51


@pytest.mark.parametrize(("guidance", "split", "passes"), [(1.0, False, 2), (2.0, False, 2), (2.0, True, 4)])
def test_guidance_costs_what_it_says(guidance, split, passes):
    model = Copies()
    painted(model, np.zeros((4, 32, 32, 3), np.uint8), Way(2, 3.0, guidance, 4, 1, split=split))
    assert model.asked == passes


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    model = TinyFlowNet(TinyNetwork(**SMALL))
    for part in model.parameters():
        torch.nn.init.normal_(part, std=0.3)
    folder = tmp_path_factory.mktemp("weights")
    save_tiny(model, TinyCard("controlnet", 48, 48, 4, 1, 3.0, TinyNetwork(**SMALL)), folder)
    return folder


def look(seed=0, side=48):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def build(weights, **changes):
    return renderers.build(
        {"name": "tiny-flow", "weights": str(weights), "device": "cpu", "steps": 2, **changes}
    )


def film(renderer, count=3, picture=None, seed=0):
    return np.stack(list(renderer(moving(count, side=64), look() if picture is None else picture, seed=seed)))


@pytest.mark.parametrize("count", [1, 4, 9])
def test_a_frame_for_each_pose(weights, count):
    frames = film(build(weights), count)
    assert (frames.shape, frames.dtype) == ((count, 48, 48, 3), np.uint8)


def test_frames_belong_to_seed_pose_and_look(weights):
    renderer = build(weights)
    one = film(renderer)
    assert np.array_equal(one, film(renderer))
    assert not np.array_equal(one, film(renderer, seed=1))
    assert not np.array_equal(one, film(renderer, picture=look(1)))
    assert not np.array_equal(one[0], one[2])


def test_poses_are_seen(weights):
    renderer = build(weights)
    still = moving(1, side=64)
    other = moving(1, seed=3, side=64)
    assert not np.array_equal(*(next(renderer(poses, look())) for poses in (still, other)))


@pytest.mark.parametrize(("width", "height"), [(32, 48), (50, 38)])
def test_other_sizes_are_padded_and_cut(weights, width, height):
    assert film(build(weights, width=width, height=height)).shape == (3, height, width, 3)


def test_guidance_and_precision_change_the_frames(weights):
    plain = film(build(weights))
    assert not np.array_equal(film(build(weights, guidance=3.0)), plain)
    assert not np.array_equal(film(build(weights, precision="bf16")), plain)
    assert not np.array_equal(film(build(weights, steps=4)), plain)


def test_the_sidecar_is_told_the_weights(weights):
    renderer = build(weights)
    film(renderer)
    account = renderer.account()
    assert len(account["weights"][0]["sha256"]) == 64
    assert account["appearance"]["kind"] == "given"
    assert account["memory"] == []


def test_a_step_down_the_ladder_is_told(weights, monkeypatch):
    true = Painter.paint

    def paint(self, count, seed, store):
        if self.way.window > 2:
            raise MemoryError("no room")
        true(self, count, seed, store)

    monkeypatch.setattr(Painter, "paint", paint)
    renderer = build(weights)
    assert len(film(renderer, 5)) == 5
    assert renderer.account()["memory"][-1] == "denoise: window 4 -> 2"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"profile": "mimicmotion"}, "was trained with controlnet pictures, not mimicmotion"),
        ({"window": 5}, "was trained with windows of 4 frames, not 5"),
        ({"overlap": 4}, "share 3 at most, not 4"),
        ({"width": 512, "height": 512}, "more than twice the pixels"),
        ({"precision": "float16"}, "float16 is for a GPU"),
        ({"retarget": True}, "the pose in the picture is not known"),
    ],
)
def test_what_was_not_trained_is_refused_at_once(weights, changes, message):
    renderer = build(weights, **changes)
    with pytest.raises(ConfigError, match=message):
        renderer(moving(2, side=64), look())


def test_without_a_look_none_is_made_up(weights):
    with pytest.raises(ConfigError, match="a picture of the signer is needed"):
        build(weights, appearance="")(moving(2, side=64))


def test_weights_that_are_no_folder_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"")
    with pytest.raises(CheckpointError, match="not a folder"):
        build(path)(moving(1, side=64), look())
