"""A training step of signgen against a bare loop of the same model, and bf16 against float32.

    python benchmarks/slt_step.py [--preset tiny] [--steps 40] [--batch 32] [--frames 60]

Ours: choosing, augmenting and padding clips, forward, losses, accelerate's backward, clipping, optimiser. Bare: the
same with the two losses of torch and batches that lie ready. Both do a step of each batch, each first at every other
one; times are processor time of one thread, the median over steps.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from signgen.data.columnar import Clip, write_columnar
from signgen.nn.crew import crew_on
from signgen.nn.figures import Figures
from signgen.nn.optimizer import make_optimizer
from signgen.nn.training import Course, Leg, _Training
from signgen.nn.training_state import Progress
from signgen.pose.sequence import PoseSequence
from signgen.slt.batches import Batch
from signgen.slt.model import Translator
from signgen.slt.schedules import Schedule
from signgen.slt.settings import prepare
from signgen.slt.train import SltTask


def make_corpus(folder: Path, frames: int) -> None:
    """Clips of noise; how fast a step is does not depend on what is signed."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 256), ("dev", 4)):
        (folder / split).mkdir()
        clips = []
        for number in range(count):
            length = int(frames * rng.uniform(0.7, 1.3))
            keypoints = rng.uniform(0, 400, (length, 128, 3)).astype(np.float32)
            keypoints[..., 2] = 1
            keypoints[:, (2, 5), :2] = (150, 150), (250, 150)
            text = " ".join(f"word{n}" for n in rng.integers(200, size=10))
            info = {"text": text, "gloss": text.upper()}
            clips.append(Clip(f"{split}-{number}", PoseSequence(keypoints, 12.5, 400, 400), info))
        write_columnar(clips, folder / split / "0.col")


def bare_step(model: Translator, optimizer: torch.optim.Optimizer, batch: Batch, precision: str) -> float:
    """One update without anything around it."""
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        words, glosses = model(batch)
    targets = batch.tokens[:, 1:]
    loss = F.cross_entropy(
        words.float().flatten(0, 1), targets.flatten(), ignore_index=1, label_smoothing=0.1
    )
    chances = F.log_softmax(glosses.float(), -1).transpose(0, 1)
    loss = loss + 0.3 * F.ctc_loss(
        chances, batch.glosses, batch.lengths, batch.gloss_lengths, zero_infinity=True
    )
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())


def measure(
    folder: Path, preset: str, precision: str, steps: int, batch: int
) -> tuple[list[float], list[float], float]:
    """Processor seconds of each step, ours and bare, and our last loss."""
    settings = prepare(
        {
            "data": {"sources": {"real": str(folder)}},
            "tokens": {"kind": "words"},
            "model": {"preset": preset},
            "train": {"batch": batch, "precision": precision, "steps": steps + 2},
        }
    )
    with tempfile.TemporaryDirectory() as run_folder:
        task = SltTask(settings, Schedule("all"), Path(run_folder), crew_on("cpu"))
        course = Course(settings.train, (Leg(steps + 2),), steps + 2, "")
        training = _Training(task, course, Path(run_folder), task.crew)
        optimizer = make_optimizer(task.network, settings.train)
        model, ours = task.crew.accelerator.prepare(task.network, optimizer)
        facts = task.material.facts
        other = Translator(settings.model, facts["words"], facts["glosses"])
        other_optimizer = make_optimizer(other, settings.train)
        model.train(), other.train()
        times: tuple[list[float], list[float]] = ([], [])
        parts, figures = range(1), Figures()
        # The bare loop sees the same clips at the same lengths.
        batches, lying_ready = (task.batches(Progress(), steps + 2, parts) for _ in range(2))
        for step, ready in enumerate(lying_ready):
            # Whoever is first pays for what is compiled for the shapes of this batch.
            for side in (0, 1) if step % 2 else (1, 0):
                started = time.process_time()
                if side:
                    bare_step(other, other_optimizer, ready, precision)
                else:
                    training._update(model, ours, batches, parts, figures)
                if step >= 2:
                    times[side].append(time.process_time() - started)
            training.progress.step += 1
        return *times, float(figures.means()["total"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="tiny")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--frames", type=int, default=60)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        make_corpus(Path(folder), given.frames)
        print(f"{'precision':10} {'ours ms':>9} {'bare ms':>9} {'ratio':>7} {'mean loss':>10}")
        medians = {}
        for precision in ("float32", "bf16"):
            ours, bare, loss = measure(Path(folder), given.preset, precision, given.steps, given.batch)
            ratio = statistics.median(ours) / statistics.median(bare)
            medians[precision] = statistics.median(ours)
            print(
                f"{precision:10} {1000 * medians[precision]:9.1f} {1000 * statistics.median(bare):9.1f} {ratio:7.3f}"
                f" {loss:10.3f}"
            )
        print(f"bf16 is {medians['float32'] / medians['bf16']:.2f} times as fast as float32")


if __name__ == "__main__":
    main()
