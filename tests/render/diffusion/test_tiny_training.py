"""The training of tiny-flow: material, batches, going on where it stopped."""

import json

import numpy as np
import pytest
import torch
from tiny_material import SIDE, SMALL, film, moving, source

from signgen.config import load_yaml
from signgen.data.checkpoints import hash_of
from signgen.data.npz import write_npz
from signgen.errors import ConfigError, DataError
from signgen.nn.checkpoint import load_tensors
from signgen.render.diffusion.tiny.batches import Reader, drawn_poses, smaller
from signgen.render.diffusion.tiny.folder import load_card
from signgen.render.diffusion.tiny.material import open_material
from signgen.render.diffusion.tiny.settings import prepare_tiny
from signgen.render.diffusion.tiny.train import train_tiny
from signgen.render.draw import draw

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def looks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("looks")
    return [source(folder / "red"), source(folder / "green", (30, 200, 90))]


@pytest.fixture(scope="module")
def material(looks, tmp_path_factory):
    return open_material(looks, tmp_path_factory.mktemp("cache"), window=4, held_out=1, multiple=8)


def reader(material, crop=0, whole=0.0, batch=3):
    return Reader(material, 4, batch, crop, whole, 4, 6.0, 3.0, 5, 2)


def settings(looks, **train):
    return prepare_tiny({
        "data": {"sources": looks, "window": 4, "readers": 1},
        "model": SMALL,
        "train": {"steps": 4, "batch": 2, "validate_every": 2, "warmup": 1, **train},
    })  # fmt: skip


def test_the_last_clip_of_each_look_is_held_out(material):
    assert [(clip.source, clip.name) for clip in material.train] == [(0, "0000"), (1, "0000")]
    assert [(clip.source, clip.name) for clip in material.held_out] == [(0, "0001"), (1, "0001")]
    assert (material.width, material.height) == (SIDE, SIDE)


def test_frames_are_those_of_the_videos(material):
    true = film(moving(8), (220, 60, 40)).astype(int)
    assert np.abs(material.train[0].frames.astype(int) - true).mean() < 6  # H.264 is lossy


def test_decoded_frames_are_kept(looks, tmp_path):
    first = open_material(looks, tmp_path, window=4, held_out=0, multiple=8)
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(kept) == 4
    again = open_material(looks, tmp_path, window=4, held_out=0, multiple=8)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == kept
    assert again.id == first.id
    assert open_material(looks[:1], tmp_path, window=4, held_out=0, multiple=8).id != first.id


def test_poses_of_another_length_are_refused(tmp_path):
    folder = source(tmp_path / "look")
    write_npz(moving(7), folder / "poses" / "0001.npz")
    with pytest.raises(DataError, match="8 frames, but 7 poses"):
        open_material([folder], tmp_path, window=4, held_out=1, multiple=8)


@pytest.mark.parametrize(
    ("window", "held_out", "multiple", "message"),
    [(4, 2, 8, "2 clips of 4 frames or more, and 2 are held out"), (9, 0, 8, "0 clips"),
     (4, 0, 64, "a multiple of 64")],
)  # fmt: skip
def test_what_cannot_be_learned_from_is_refused(looks, tmp_path, window, held_out, multiple, message):
    with pytest.raises(DataError, match=message):
        open_material(looks, tmp_path, window=window, held_out=held_out, multiple=multiple)


def test_no_videos_say_how_to_make_them(tmp_path):
    with pytest.raises(DataError, match="no videos; make them with `signgen generate"):
        open_material([tmp_path], tmp_path, window=4, held_out=0, multiple=8)


def test_poses_are_the_profile_at_twice_the_size_averaged():
    poses = moving(2)
    large = np.stack(list(draw(poses, "controlnet", width=2 * SIDE, height=2 * SIDE)))
    assert np.array_equal(drawn_poses(poses.keypoints, SIDE, SIDE), smaller(large))
    mean = large.reshape(2, SIDE, 2, SIDE, 2, 3).mean((2, 4))
    assert np.array_equal(smaller(large), np.floor(mean))


def test_batches_depend_on_seed_and_update_alone(material):
    stream = reader(material).batches(3)
    ahead = [next(stream) for _ in range(3)]
    stream.close()
    assert torch.equal(ahead[2].frames, reader(material).read(5).frames)
    assert torch.equal(ahead[2].weights, reader(material).read(5).weights)
    assert not torch.equal(ahead[1].frames, ahead[2].frames)


def test_a_square_is_cut_from_everything_alike(material):
    whole, keypoints = film(moving(4), (220, 60, 40)), moving(4).keypoints
    places = np.arange(SIDE * SIDE, dtype=np.uint32).reshape(SIDE, SIDE)
    marked = np.repeat(places[None, ..., None], 4, 0)
    cells = marked[:, ::4, ::4, 0]
    for number in range(20):
        dice = np.random.default_rng(number)
        frames, control, looks, weights = reader(material, 16)._cut(
            (marked, marked + 1, marked[0] + 2, cells), keypoints, dice
        )
        assert frames.shape[1:3] == (16, 16)
        assert np.array_equal(control, frames + 1)
        assert np.array_equal(looks, frames[0] + 2)
        assert np.array_equal(weights, frames[:, ::4, ::4, 0])
    assert whole.shape == (4, SIDE, SIDE, 3)


def test_whole_frames_cost_what_squares_do(material):
    assert reader(material, 16, batch=8).read(0).frames.shape == (8, 4, 16, 16, 3)
    assert reader(material, 16, whole=1.0, batch=8).read(0).frames.shape == (2, 4, SIDE, SIDE, 3)


def test_a_training_that_was_stopped_goes_on_to_the_bit(looks, tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    made = train_tiny(settings(looks), whole)
    train_tiny(settings(looks), halves, stop_after=1)
    train_tiny(settings(looks), halves, stop_after=3)
    again = train_tiny(settings(looks), halves)
    assert made.steps == again.steps == 4
    assert made.error == again.error
    for name in ("last.safetensors", "tiny-flow/model.safetensors"):
        one, other = (load_tensors(folder / name)[0] for folder in (whole, halves))
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)
    lines = [json.loads(line) for line in (halves / "metrics.jsonl").read_text().splitlines()]
    assert [line["total"] for line in lines] == [2, 4]
    assert {path.name for path in (halves / "samples").iterdir()} == {"0000002.png", "0000004.png"}
    assert load_card(halves / "tiny-flow").window == 4


def test_it_begins_with_the_weights_of_another(looks, tmp_path):
    first = train_tiny(settings(looks, steps=1, validate_every=1), tmp_path / "first").checkpoint
    still = settings(looks, steps=1, validate_every=1, start=str(first), rate=1e-12, decay=0.0)
    second = train_tiny(still, tmp_path / "second").checkpoint
    one, other = (load_tensors(folder / "model.safetensors")[0] for folder in (first, second))
    assert all(torch.allclose(one[key], other[key], atol=1e-6) for key in one)
    assert load_card(second).facts["train"]["start"] == hash_of(first / "model.safetensors")


def test_another_training_is_not_gone_on_with(looks, tmp_path):
    train_tiny(settings(looks), tmp_path, stop_after=1)
    with pytest.raises(ConfigError, match="other settings or other data"):
        train_tiny(settings(looks, rate=0.1), tmp_path)


def test_it_learns(looks, tmp_path):
    learning = {"rate": 1e-2, "average": 0.8, "colour": 0.0, "batch": 4}
    made = [
        train_tiny(settings(looks, steps=steps, validate_every=steps, **learning), tmp_path / str(steps))
        for steps in (2, 40)
    ]
    assert made[1].error < 0.7 * made[0].error


@pytest.mark.parametrize(
    ("crop", "message"), [(12, "a multiple of 8 up to 32"), (64, "a multiple of 8 up to 32")]
)
def test_squares_that_do_not_fit_are_refused(looks, tmp_path, crop, message):
    run = prepare_tiny({"data": {"sources": looks, "window": 4, "crop": crop}, "model": SMALL})
    with pytest.raises(ConfigError, match=message):
        train_tiny(run, tmp_path)


def test_no_source_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="name at least one folder"):
        train_tiny(prepare_tiny(), tmp_path)


def test_shipped_settings_are_valid(request):
    folder = request.config.rootpath / "configs" / "diffusion"
    for name in ("tiny-flow.yaml", "tiny-flow-smoke.yaml"):
        assert prepare_tiny(load_yaml(folder / name)).data.window >= 4
