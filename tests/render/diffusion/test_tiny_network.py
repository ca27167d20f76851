"""The network of tiny-flow, what counts in its loss, and its folder."""

import numpy as np
import pytest
import torch
from tiny_material import SIDE, SMALL

from signgen.errors import CheckpointError, ConfigError
from signgen.nn.checkpoint import load_tensors, save_tensors
from signgen.pose.layout import FACE, LEFT_HAND
from signgen.render.diffusion.tiny.batches import Batch
from signgen.render.diffusion.tiny.folder import TinyCard, load_tiny, save_tiny
from signgen.render.diffusion.tiny.loss import losses_of, noised
from signgen.render.diffusion.tiny.network import TinyFlowNet, parameters, to_cells, to_frames
from signgen.render.diffusion.tiny.regions import cell_weights
from signgen.render.diffusion.tiny.settings import NETWORKS, TinyNetwork, TinyTraining, prepare_tiny

torch.set_num_threads(1)


def network(seed=0, cell=4):
    torch.manual_seed(seed)
    model = TinyFlowNet(TinyNetwork(cell=cell, **SMALL)).eval()
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.2)
    return model


def inputs(batch, length, seed=0, cell=4):
    torch.manual_seed(seed)
    noisy, control = torch.randn(2, batch, length, 3 * cell**2, 8, 8)
    return noisy, torch.rand(batch), control, torch.randn(batch, 3 * cell**2, 8, 8)


def test_full_size_has_fifteen_million_weights():
    assert 14e6 < parameters(NETWORKS["base"]) < 16e6


def test_cells_are_frames_and_back():
    frames = torch.randn(2, 3, 3, 16, 24)
    cells = to_cells(frames, 4)
    assert cells.shape == (2, 3, 48, 4, 6)
    assert torch.equal(to_frames(cells, 4), frames)
    assert torch.equal(to_frames(to_cells(frames, 8), 8), frames)
    # A cell lists its 16 red values first, row by row.
    assert torch.equal(cells[0, 0, :16, 1, 2].view(4, 4), frames[0, 0, 0, 4:8, 8:12])


@torch.inference_mode()
def test_clips_of_a_batch_do_not_mix_and_frames_of_a_clip_do():
    model, given = network(), inputs(2, 3)
    both = model(*given)
    alone = model(*(part[1:] for part in given))
    assert torch.allclose(both[1:], alone, atol=1e-4)
    changed = given[0].clone()
    changed[0, 2] += 1
    other = model(changed, *given[1:])
    assert not torch.allclose(other[0, 0], both[0, 0], atol=1e-4)
    assert torch.allclose(other[1], both[1], atol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("cell", [4, 8])
@pytest.mark.parametrize("part", range(4))
def test_everything_given_is_looked_at(part, cell):
    model, given = network(cell=cell), list(inputs(1, 2, cell=cell))
    before = model(*given)
    given[part] = given[part] * 0.5
    assert not torch.allclose(model(*given), before, atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": {"widths": [12, 16], "blocks": [1, 1]}}, "multiples of 8"),
        ({"model": {"widths": [8, 16]}}, "one number for each"),
        ({"model": {"preset": "bse"}}, "did you mean 'base'"),
        ({"model": {**SMALL, "head": 7}}, "must be multiples of it"),
        ({"trian": {}}, "did you mean 'train'"),
        ({"train": {"floor": 0}}, "train.floor"),
    ],
)
def test_wrong_settings_are_one_line(settings, message):
    with pytest.raises(ConfigError, match=message) as caught:
        prepare_tiny(settings)
    assert "\n" not in str(caught.value)


def test_hands_count_most_then_the_face():
    keypoints = np.zeros((1, 128, 3), np.float32)
    keypoints[0, LEFT_HAND] = (8, 8, 1)
    keypoints[0, FACE] = (100, 100, 1)
    weights = cell_weights(keypoints, 128, 128, 4, 6.0, 3.0)[0]
    rest = weights[16, 16]
    assert weights.mean() == pytest.approx(1)
    assert weights[2, 2] == pytest.approx(6 * rest)
    assert weights[25, 25] == pytest.approx(3 * rest)
    assert (weights > 1).sum() == 25 + 25
    # Keypoints beyond the edge reach in as far as they are near, or not at all.
    keypoints[0, LEFT_HAND] = (-6, 8, 1)
    keypoints[0, FACE] = (4000, 9000, 1)
    assert (cell_weights(keypoints, 128, 128, 4, 6.0, 3.0)[0] > 1).sum() == 5


def test_the_loss_of_a_network_that_knows_nothing_is_that_of_its_answer():
    class Grey(torch.nn.Module):
        def forward(self, noisy, level, control, reference):
            return torch.zeros_like(noisy)

    torch.manual_seed(0)
    frames = torch.randint(0, 256, (2, 3, 16, 16, 3), dtype=torch.uint8)
    weights = torch.ones(2, 3, 4, 4)
    train = TinyTraining(colour=0.0, floor=1.0)
    task = noised(Batch(frames, frames, frames[:, 0], weights), train, 4)
    found = losses_of(Grey(), task, train)
    expected = float((frames.double() / 127.5 - 1).square().mean())
    assert float(found["error"]) == pytest.approx(expected, rel=1e-5)
    assert float(found["total"]) == pytest.approx(expected, rel=1e-5)


def test_noise_is_put_on_by_its_level():
    torch.manual_seed(1)
    frames = torch.full((64, 1, 16, 16, 3), 255, dtype=torch.uint8)
    train = TinyTraining(colour=0.0, unconditional=0.5)
    task = noised(Batch(frames, frames, frames[:, 0], torch.ones(64, 1, 4, 4)), train, 4)
    means = task.noisy.mean((1, 2, 3, 4))
    spreads = task.noisy.std((1, 2, 3, 4))
    assert torch.allclose(means, 1 - task.level, atol=0.15)
    assert torch.allclose(spreads, task.level, atol=0.1)
    assert 0.6 < task.level.median() < 0.9  # the median of evenly spread levels, shifted by 3, is 0.75
    free = (task.control == -1).flatten(1).all(1)
    assert 16 < free.sum() < 48
    assert (task.control[~free] == 1).all()


@pytest.fixture
def folder(tmp_path):
    card = TinyCard("controlnet", SIDE, SIDE, 4, 1, 3.0, TinyNetwork(**SMALL), facts={"step": 5})
    save_tiny(network(), card, tmp_path / "net")
    return tmp_path / "net"


def test_a_folder_gives_back_what_was_saved(folder):
    model, card = load_tiny(folder)
    assert card.model == TinyNetwork(**SMALL)
    assert (card.window, card.overlap, card.shift, card.facts["step"]) == (4, 1, 3.0, 5)
    for one, other in zip(model.parameters(), network().parameters(), strict=True):
        assert torch.equal(one, other.half().float())


def test_weights_that_do_not_fit_are_refused(folder):
    tensors, _ = load_tensors(folder / "model.safetensors")
    renamed = {("stem.wheight" if name == "stem.weight" else name): tensors[name] for name in tensors}
    save_tensors(folder / "model.safetensors", renamed)
    with pytest.raises(CheckpointError, match=r"stem\.weight, stem\.wheight"):
        load_tiny(folder)
    save_tensors(folder / "model.safetensors", {**tensors, "stem.bias": tensors["stem.bias"] * float("nan")})
    with pytest.raises(CheckpointError, match="no numbers"):
        load_tiny(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [("kind: tiny-flow", "kind: other"), ("profile: controlnet", "profile: wan"), ("window: 4", "window: none"),
     ("model:", "modle:")],
)  # fmt: skip
def test_a_strange_card_is_refused(folder, old, new):
    path = folder / "config.yaml"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(CheckpointError, match="not the card of a tiny-flow"):
        load_tiny(folder)


def test_a_folder_without_a_card_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="is this the folder of a trained tiny-flow"):
        load_tiny(tmp_path)
