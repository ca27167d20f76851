"""A ControlNet learns from clips, goes on where it stopped, alone or with others, and the renderer draws with it."""

import json
import os
import socket

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_stable import save_base, save_controlnet
from training_clips import save_source
from typer.testing import CliRunner

from signgen.cli.app import app
from signgen.data.npz import read_npz
from signgen.errors import CheckpointError, ConfigError
from signgen.render.base import renderers
from signgen.render.diffusion.training.controlnet import ControlNetTask
from signgen.render.diffusion.training.pairs import pairs_in
from signgen.render.diffusion.training.settings import prepare_controlnet
from signgen.render.diffusion.training.train import train_diffusion

torch.set_num_threads(1)
RESULT, STATE = "controlnet/diffusion_pytorch_model.safetensors", "last.safetensors"


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_base(tmp_path_factory.mktemp("stable"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """One clip twice: what is looked at is what is learned."""
    folder = save_source(tmp_path_factory.mktemp("clips"), clips=1)
    for kind, suffix in (("poses", "npz"), ("videos", "mp4")):
        (folder / kind / f"clip1.{suffix}").write_bytes((folder / kind / f"clip0.{suffix}").read_bytes())
    return folder


def run_of(base, **changes):
    model = {"base": str(base), "condition": [2, 4, 4], "prompt": "a b"}
    train = {
        "steps": 6,
        "batch": 2,
        "warmup": 0,
        "rate": 0.01,
        "validate_every": 3,
        "samples": 0,
        "dev_windows": 3,
    }
    return prepare_controlnet({"model": {**model, **changes.pop("model", {})}, "train": {**train, **changes}})


def train(run, clips, folder, **how):
    return train_diffusion(ControlNetTask, run, pairs_in(clips), folder, device="cpu", **how)


def lines(folder):
    text = (folder / "metrics.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_it_learns_a_clip_and_the_renderer_draws_with_what_was_learned(base, clips, tmp_path):
    folder, told = tmp_path / "run", []
    run = run_of(
        base, steps=30, batch=8, rate=0.03, validate_every=15, samples=1, sample_steps=2, unconditional=0
    )
    made = train(run, clips, folder, report=told.append)
    first, last = lines(folder)
    assert (first["total"], last["total"], made.steps) == (15, 30, 30)
    start = train(run_of(base, steps=1, rate=1e-9), clips, tmp_path / "start").loss
    assert made.loss == last["dev"]["total"] < 0.9 * start
    assert all(last[name] > 0 for name in ("frames_per_second", "updates_per_second", "memory_mb"))
    assert made.frames_per_second == last["frames_per_second"]
    assert told[-1].startswith("update 30  loss ")
    assert (folder / "samples" / "0000030.png").read_bytes().startswith(b"\x89PNG")
    card = json.loads((folder / "controlnet/training.json").read_text(encoding="utf-8"))
    assert card["data"] | {"id": ""} == {
        "id": "", "clips": 1, "frames": 8, "held_out": 1, "marked_synthetic": 2, "width": 32, "height": 32,
    }  # fmt: skip
    assert (card["profile"], card["prediction"], len(card["base"]["sha256"])) == ("controlnet", "epsilon", 64)
    # Weights that are read again lose what they lost.
    again = run_of(base, steps=1, rate=1e-9, model={"controlnet": str(made.folder)})
    assert train(again, clips, tmp_path / "again").loss == pytest.approx(made.loss, rel=1e-4)
    frames = [drawn(base, net, clips) for net in (made.folder, tmp_path / "start/controlnet")]
    assert frames[0].shape == (2, 32, 32, 3)
    assert not np.array_equal(*frames)


def drawn(base, controlnet, clips):
    """Frames of the renderer."""
    settings = dict(
        name="controlnet", weights=str(base), controlnet=str(controlnet), prompt="a b", negative="c", steps=2,
        width=32, height=32, retarget=False,
    )  # fmt: skip
    poses = read_npz(clips / "poses/clip0.npz")[:2]
    return np.stack(list(renderers.build(settings)(poses)))


def test_a_training_that_is_stopped_ends_as_one_that_is_not(base, clips, tmp_path):
    changes = dict(steps=4, validate_every=2, batch=1, average=0.9, accumulate=2, checkpointing=True)
    run, one, two = run_of(base, **changes), tmp_path / "one", tmp_path / "two"
    train(run, clips, one)
    for until in (1, 3, None):
        train(run, clips, two, stop_after=until)
    for name in (RESULT, STATE):
        assert (one / name).read_bytes() == (two / name).read_bytes(), name
    assert [line["dev"] for line in lines(one)] == [line["dev"] for line in lines(two)]
    moved = train(run, clips, two)
    assert (moved.steps, moved.frames_per_second) == (4, 0)
    with pytest.raises(ConfigError, match="two: holds a training with other settings or other data"):
        train(run_of(base, **{**changes, "rate": 0.02}), clips, two)


def test_two_processes_learn_what_one_learns_in_two_parts(base, clips, tmp_path):
    train(run_of(base, accumulate=2, steps=3), clips, tmp_path / "one")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn = torch.multiprocessing.get_context("spawn")  # a fork inherits locks of threads it does not have
    crew = [
        spawn.Process(target=_one_of_two, args=(rank, port, base, clips, tmp_path / "two")) for rank in (0, 1)
    ]
    for process in crew:
        process.start()
    for process in crew:
        process.join(120)
    assert [process.exitcode for process in crew] == [0, 0]
    one, two = (load_file(tmp_path / name / RESULT) for name in ("one", "two"))
    for name, weight in one.items():
        torch.testing.assert_close(two[name], weight, rtol=1e-3, atol=1e-5, msg=name)


def _one_of_two(rank, port, base, clips, folder):
    from accelerate.state import AcceleratorState, PartialState

    AcceleratorState._reset_state()
    PartialState._reset_state()
    os.environ |= dict(
        RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port),
        OMP_NUM_THREADS="1",
    )  # fmt: skip
    train(run_of(base, steps=3), clips, folder)
    torch.distributed.destroy_process_group()


def test_what_is_wrong_with_weights_and_settings_is_said_in_one_line(base, clips, tmp_path):
    other = save_controlnet(tmp_path / "other", cross_attention_dim=16)
    cases = [
        ({"model": {"base": str(tmp_path / "none")}}, CheckpointError, "none: no such file or folder"),
        ({"model": {"base": str(clips)}}, CheckpointError, "vae: a config.json and "),
        (
            {"model": {"condition": [2, 4]}},
            ConfigError,
            "2 numbers make pictures 2 times smaller, latents are 4",
        ),
        ({"model": {"prompt": "a " * 100}}, ConfigError, "^model.prompt: "),
        ({"model": {"controlnet": str(other)}}, CheckpointError, "a ControlNet with cross_attention_dim 16"),
        (
            {"rate": 3e38, "steps": 2},
            ConfigError,
            r"train.rate: the loss is no number",
        ),
    ]
    for number, (changes, error, message) in enumerate(cases):
        with pytest.raises(error, match=message) as refused:
            train(run_of(base, **changes), clips, tmp_path / str(number))
        assert "\n" not in str(refused.value)
    with pytest.raises(ConfigError, match=r"data.sources: name at least one folder"):
        train_diffusion(ControlNetTask, run_of(base), (), tmp_path / "empty", device="cpu")


def test_stable_diffusion_xl_is_refused(clips, tmp_path):
    with pytest.raises(CheckpointError, match=r"not Stable Diffusion 1.5 or 2"):
        train(run_of(save_base(tmp_path / "xl", xl=True)), clips, tmp_path / "run")


def test_the_command_trains_and_says_what_it_left(base, clips, tmp_path):
    options = [
        "--data",
        str(clips),
        "--base",
        str(base),
        "-o",
        str(tmp_path / "run"),
        "--device",
        "cpu",
        "--json",
    ]
    for one in ("train.steps=1", "train.samples=0", "model.condition=[2,4,4]", "model.prompt=a"):
        options += ["--set", one]
    done = CliRunner().invoke(app, ["train", "controlnet", *options])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["weights"] == str(tmp_path / "run/controlnet")
    assert (tmp_path / "run" / RESULT).is_file()
