"""A training step of SignDW: bf16 against float32, and the whole step against a bare loop of the same blocks.

    python benchmarks/signdw_train.py [--presets signdw-tiny signdw-40m] [--batch 16] [--steps 25] [--rounds 7]
    python benchmarks/signdw_train.py --device cuda --presets signdw-40m signdw-1.2b --batch 64 --peak 989

Ours: hiding and replacing codes, dropout, forward, all losses, backward, clipping, AdamW, moving average. Bare: forward
through text encoder, planner, backbone and heads on inputs that lie ready, cross-entropies, backward, AdamW. Weights
and clips are random, which changes no time. Steps take turns; times are medians, on the CPU of processor time of one
thread. *tokens* are codes that are learned in a second; *of peak* is what the operations of a bare step, counted by
torch, are of `--peak` [TFLOP/s, of matrix products in bf16].
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from signgen.nn.device import Precision, device_named, in_precision
from signgen.nn.metrics import peak_memory
from signgen.nn.moving_average import copy_of, follow
from signgen.nn.optimizer import make_optimizer
from signgen.signdw.network.backbone import CAUSAL, SignDW
from signgen.signdw.network.batch import Batch, Condition
from signgen.signdw.network.corruption import shifted
from signgen.signdw.settings import LANGUAGES, PRESETS
from signgen.signdw.training.settings import SignDWTraining

# Three levels of body and hands and two of the face, as in the built-in checkpoint.
SIZES = (256, 512, 512, 128, 256, 512, 512, 128, 256, 512, 512)
GLOSSES, WORDS, PLAN = 512, 12, 8
PRECISIONS: tuple[Precision, ...] = ("float32", "bf16")


@dataclass(frozen=True, eq=False)
class Lesson:
    """A network that is trained, and what it is trained on."""

    model: SignDW
    average: nn.Module
    optimizer: torch.optim.Optimizer
    batch: Batch
    precision: Precision

    @property
    def device(self) -> torch.device:
        return self.batch.codes.device

    def ours(self) -> None:
        with in_precision(self.device, self.precision):
            losses = self.model(self.batch)
        losses["total"].backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.update()
        follow(self.average, self.model, 0.999, 1000)

    def bare(self) -> None:
        torch.autograd.backward(self.bare_loss())
        self.update()

    def bare_loss(self) -> torch.Tensor:
        model, batch = self.model, self.batch
        condition, lengths = batch.condition, batch.mask.sum(1)
        with in_precision(self.device, self.precision):
            states, mask = model.encode_text(condition)
            losses = model.planner.losses(states, mask, lengths, condition.glosses, condition.durations)
            x = model.codes(shifted(batch.codes)) + model.guide(condition, lengths, batch.codes.shape[1])
            memory, memory_mask = model.remember(states, condition)
            look = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
            found = model.stack(x + model.modes.weight[CAUSAL], look, memory, memory_mask).flatten(0, 1)
            codes = batch.codes.flatten(0, 1)
            each = model.heads.each(found, model.codes.each(codes))
            parts = [F.cross_entropy(logits, codes[:, q]) for q, logits in enumerate(each)]
        return torch.stack([*parts, *losses.values()]).sum()

    def update(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)


def clips(rows: int, steps: int, words: int) -> Batch:
    dice = torch.Generator().manual_seed(0)
    codes = torch.stack([torch.randint(size, (rows, steps), generator=dice) for size in SIZES], -1)
    glosses = torch.randint(5, GLOSSES, (rows, PLAN), generator=dice)
    durations = torch.full((rows, PLAN), steps // PLAN)
    durations[:, -1] += steps % PLAN
    text = torch.randint(4, words, (rows, WORDS), generator=dice)
    condition = Condition(
        text,
        torch.ones(rows, WORDS, dtype=torch.bool),
        torch.ones(rows, dtype=torch.long),
        glosses,
        durations,
    )
    return Batch(codes, torch.ones(rows, steps, dtype=torch.bool), condition)


def lesson(preset: str, batch: Batch, device: torch.device, precision: Precision) -> Lesson:
    torch.manual_seed(0)
    settings = PRESETS[preset]
    model = SignDW(settings, SIZES, settings.words, len(LANGUAGES), GLOSSES).to(device).train()
    return Lesson(model, copy_of(model), make_optimizer(model, SignDWTraining()), batch.to(device), precision)


def seconds(ways: dict[str, Callable[[], None]], device: torch.device, rounds: int) -> dict[str, float]:
    """Median time of each, in turn."""
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            started = clock()
            way()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if turn:
                times[name].append(clock() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def operations(one: Lesson) -> int:
    """Floating-point operations of a bare step."""
    with FlopCounterMode(display=False) as counter:
        torch.autograd.backward(one.bare_loss())
    one.optimizer.zero_grad(set_to_none=True)
    return int(counter.get_total_flops())


def measure(preset: str, given: argparse.Namespace) -> None:
    device = device_named(given.device)
    batch = clips(given.batch, given.steps, PRESETS[preset].words)
    lessons = {precision: lesson(preset, batch, device, precision) for precision in PRECISIONS}
    ways = {f"{p} {name}": getattr(one, name) for p, one in lessons.items() for name in ("ours", "bare")}
    found = seconds(ways, device, given.rounds)
    count = operations(lessons["float32"])
    for name, value in found.items():
        precision = name.split()[0]
        of_peak = f"{count / value / (given.peak * 1e12):8.1%}" if given.peak else f"{'':8}"
        print(
            f"{preset:12} {name:13} {1000 * value:9.1f} {batch.codes.numel() / value:11,.0f}"
            f" {count / value / 1e9:9.1f}{of_peak} {found['float32 ours'] / value:10.2f}"
            f" {value / found[f'{precision} bare']:8.2f} {peak_memory(device):8.0f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--presets", nargs="+", default=["signdw-tiny", "signdw-40m"], choices=list(PRESETS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=25, help="of a clip, six a second")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peak", type=float, default=0.0, help="of the device [TFLOP/s]")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"{'preset':12} {'step':13} {'ms':>9} {'tokens/s':>11} {'GFLOP/s':>9}{'of peak' if given.peak else '':>8}"
        f" {'/ float32':>10} {'of bare':>8} {'MB':>8}"
    )
    for preset in given.presets:
        measure(preset, given)


if __name__ == "__main__":
    main()
