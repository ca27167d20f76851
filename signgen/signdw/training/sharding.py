"""A network in shards, and a dry run that builds one, shards it over processes of this machine and steps it.

Accelerate shards on GPUs alone; the dry run does to the layers that its configuration names what it would do there.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.multiprocessing.spawn import spawn

from signgen.nn.layers import RotaryLayer
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.network.batch import Batch, Condition
from signgen.signdw.network.plan import SPECIALS
from signgen.signdw.settings import SignDWSettings

WRAPPED = RotaryLayer
RATE = 1e-4


@dataclass(frozen=True)
class DryRun:
    """What a dry run found.

    Attributes:
        weights: of the network.
        own: weights that each process keeps.
        before: loss of the first step.
        after: loss of the same clips after it.
    """

    weights: int
    own: tuple[int, ...]
    before: float
    after: float


def shard(model: nn.Module) -> None:
    """Split each layer, and what is left, over the processes of the default group."""
    from torch.distributed.fsdp import fully_shard

    for part in list(model.modules()):
        if isinstance(part, WRAPPED):
            fully_shard(part)
    fully_shard(model)


def dry_run(settings: SignDWSettings, sizes: Sequence[int], processes: int = 2) -> DryRun:
    """Build a network, shard it over processes on the CPU, and take one step of AdamW on made-up clips.

    Args:
        settings: its shape; make it less deep, for each process builds it whole before it is split.
        sizes: codes of each stream.
        processes: how many.
    """
    with tempfile.TemporaryDirectory() as folder:
        arguments = (processes, folder, settings, tuple(sizes))
        spawn(_process, arguments, processes)  # type: ignore[no-untyped-call]
        rows = [torch.load(Path(folder) / f"{rank}.pt", weights_only=True) for rank in range(processes)]
    weights, _, before, after = rows[0]
    return DryRun(int(weights), tuple(int(row[1]) for row in rows), before, after)


def _process(rank: int, processes: int, folder: str, settings: SignDWSettings, sizes: Sequence[int]) -> None:
    torch.set_num_threads(1)
    # Torch looks for a GPU that the process group is not told of.
    warnings.simplefilter("ignore")
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(processes), LOCAL_RANK=str(rank))
    dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=processes)
    try:
        found = sharded_step(settings, sizes)
        torch.save(torch.tensor(found, dtype=torch.float64).tolist(), Path(folder) / f"{rank}.pt")
    finally:
        dist.destroy_process_group()


def sharded_step(settings: SignDWSettings, sizes: Sequence[int]) -> tuple[float, float, float, float]:
    """Weights, own weights, and losses before and after a step, in one process of a group; whole without a group."""
    torch.manual_seed(0)
    model = SignDW(settings, sizes, settings.words, 1, len(SPECIALS) + 3).eval()
    weights = sum(p.numel() for p in model.parameters())
    if dist.is_initialized():
        from torch.distributed.tensor import DTensor

        shard(model)
        own = sum(p.to_local().numel() for p in model.parameters() if isinstance(p, DTensor))
    else:
        own = weights
    optimizer = torch.optim.AdamW(model.parameters(), RATE)
    batch, losses = made_up(settings, sizes), []
    for _ in range(2):
        loss = model(batch, torch.Generator().manual_seed(0))["total"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return weights, own, losses[0], losses[1]


def made_up(settings: SignDWSettings, sizes: Sequence[int], rows: int = 2, steps: int = 12) -> Batch:
    """Clips of chance with three glosses each."""
    generator = torch.Generator().manual_seed(0)
    draw = (torch.rand(rows, steps, len(sizes), generator=generator) * torch.tensor(sizes)).long()
    text = torch.randint(4, settings.words, (rows, 5), generator=generator)
    glosses = len(SPECIALS) + torch.arange(3).expand(rows, -1)
    durations = torch.full((rows, 3), steps // 3)
    mask = torch.ones(rows, 5, dtype=torch.bool)
    condition = Condition(text, mask, torch.ones(rows, dtype=torch.long), glosses, durations)
    return Batch(draw, torch.ones(rows, steps, dtype=torch.bool), condition)
