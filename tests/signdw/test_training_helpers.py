"""What a training leaves to others does what it is there for: TensorBoard's files, and accelerate's processes."""

import os
import subprocess
import sys

import pytest
import torch
import yaml
from toy_signdw_corpus import MODEL, TRAIN, make_corpus, make_tokenizer, run_of

from signgen.nn.checkpoint import load_tensors
from signgen.nn.log import read_log
from signgen.signdw.training.train import train_signdw


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus")), make_tokenizer(tmp_path_factory.mktemp("motion"))


def flat(figures, prefix=""):
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", float(value)


def test_tensorboard_shows_what_is_logged_also_after_a_stop(made, tmp_path):
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run = run_of(*made, train={"tensorboard": True, "validate_every": 2})
    for stop in (3, None):
        train_signdw(run, tmp_path, device="cpu", stop_after=stop)
    shown = reading.EventAccumulator(str(tmp_path / "tensorboard"))
    shown.Reload()
    lines = read_log(tmp_path / "metrics.jsonl")
    assert [line.pop("total") for line in lines] == [2, 4, 6]
    wanted = [dict(flat(line)) for line in lines]
    assert set(shown.Tags()["scalars"]) == set(wanted[0])
    for name in wanted[0]:
        events = shown.Scalars(name)
        assert [event.step for event in events] == [2, 4, 6]
        assert [event.value for event in events] == pytest.approx(
            [line[name] for line in wanted], rel=1e-5, abs=1e-7
        )


@pytest.mark.slow
def test_two_processes_are_one_that_accumulates_two_batches(made, tmp_path):
    corpus, tokenizer = made
    # Nothing is dropped out of the network by torch's own generator, whose numbers depend on shapes.
    train = {**TRAIN, "validate_every": 3}
    one = run_of(corpus, tokenizer, train={**train, "accumulate": 2})
    train_signdw(one, tmp_path / "one", device="cpu")
    config = tmp_path / "run.yaml"
    config.write_text(yaml.safe_dump({"model": MODEL, "train": train}))
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "signgen", "train", "signdw", "--config", str(config), "--data", f"toy={corpus}",
        "--tokenizer", str(tokenizer), "--device", "cpu", "-o", str(tmp_path / "two"), "--no-videos",
    ]  # fmt: skip
    done = subprocess.run(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    both = [load_tensors(tmp_path / name / "best" / "model.safetensors")[0] for name in ("one", "two")]
    assert both[0].keys() == both[1].keys()
    for name, value in both[0].items():
        torch.testing.assert_close(both[1][name], value, rtol=1e-3, atol=2e-5, msg=name)
    dev = [
        [line["dev"]["total"] for line in read_log(tmp_path / name / "metrics.jsonl")]
        for name in ("one", "two")
    ]
    assert dev[1] == pytest.approx(dev[0], rel=1e-4)
