"""What several training processes do together: sums that gradients go through, and the proof that they agree."""

from __future__ import annotations

import hashlib
from typing import Any

import torch
from torch import Tensor, distributed, nn


def process_count() -> int:
    """How many processes train together."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_world_size()
    return 1


def sum_over_processes(x: Tensor) -> Tensor:
    """Sum of ``x`` over all processes, the same in each; a gradient goes back to what each put in."""
    if process_count() == 1:
        return x
    total: Tensor = _Sum.apply(x)  # type: ignore[no-untyped-call]
    return total


def mean_over_processes(x: Tensor) -> Tensor:
    """Mean of ``x`` over all processes, without gradient."""
    return sum_over_processes(x.detach()) / process_count()


def check_agreement(module: nn.Module) -> None:
    """Raise RuntimeError unless all processes have the same weights and running means, to the bit."""
    if process_count() == 1:
        return
    digest = hashlib.sha256()
    for value in module.state_dict().values():
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    found: list[Any] = [None] * process_count()
    distributed.all_gather_object(found, digest.hexdigest())
    if len(set(found)) > 1:
        raise RuntimeError("the processes of this training no longer have the same weights")


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.detach().clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        # Each process's loss depends on what all put in.
        total = gradients[0].contiguous().clone()
        distributed.all_reduce(total)
        return total
