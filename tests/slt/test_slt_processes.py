"""Two processes do what one does with both their batches, and agree to the bit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from signgen.config import load_yaml
from signgen.nn.checkpoint import load_tensors
from signgen.nn.log import read_log
from signgen.slt.settings import prepare
from signgen.slt.train import train

ROOT = Path(__file__).parents[2]
# Nothing is dropped out, as each process draws that for itself; word norm and gloss loss are shared over processes too.
CONFIG = """
data: {{sources: {{real: {corpus}}}}}
tokens: {{kind: words}}
model: {{width: 16, inner: 16, heads: 2, encoder_layers: 1, decoder_layers: 1, dropout: 0, is_word_normed: true}}
train: {{steps: 9, batch: {batch}, validate_every: 3, warmup: 2, rate: 0.005}}
"""

# What goes into a batch norm may be shifted, and so may all keys of a softmax: the gradient is rounding alone, which
# Adam makes as large as any other.
NOISE = re.compile(r"frontend\.linear|norm\.norm\.running_mean|key\.bias")


def run(corpus: Path, folder: Path, processes: int) -> None:
    config = folder.with_suffix(".yaml")
    config.write_text(CONFIG.format(corpus=corpus, batch=8 // processes))
    if processes == 1:
        train(prepare(load_yaml(config)), folder, device="cpu")
        return
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes),
        "-m", "signgen", "train", "slt", "--config", str(config), "-o", str(folder), "--device", "cpu",
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("dev score") == 1, "one process speaks for both"


@pytest.mark.slow
def test_two_processes_do_what_one_does_with_both_batches(small_corpus, tmp_path):
    torch.set_num_threads(1)
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, processes in ((one, 1), (two, 2)):
        run(small_corpus, folder, processes)
    # A process whose weights differ from the other's would have ended the run.
    rows = [read_log(folder / "log.jsonl") for folder in (one, two)]
    assert [row["step"] for row in rows[1]] == [3, 6, 9]
    for ours, theirs in zip(*rows, strict=True):
        for figure in ("loss", "words", "glosses"):
            assert ours[figure] == pytest.approx(theirs[figure], rel=1e-4), figure
    assert rows[0][-1]["loss"] < rows[0][0]["loss"] - 1
    weights = [load_tensors(folder / "last.safetensors")[0] for folder in (one, two)]
    assert weights[0].keys() == weights[1].keys()
    compared = [name for name in weights[0] if name.startswith("model.") and not NOISE.search(name)]
    assert len(compared) > 30
    for name in compared:
        torch.testing.assert_close(weights[1][name], weights[0][name], rtol=1e-3, atol=1e-4, msg=name)
    # The same batch, divided otherwise, is the same training: it goes on, here with nothing left to do.
    again = train(
        prepare(load_yaml(two.with_suffix(".yaml")) | {"train": vars(_train(one))}), two, device="cpu"
    )
    assert again.steps == 9


def _train(folder: Path):
    return prepare(load_yaml(folder.with_suffix(".yaml"))).train
