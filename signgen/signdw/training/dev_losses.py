"""The losses of dev clips, with what is hidden from the network drawn from a seed of its own: looks can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from signgen.signdw.training.examples import Example, collate
from signgen.signdw.training.learner import Truth


@torch.no_grad()
def dev_losses(
    lesson: nn.Module, items: Sequence[Example], batch: int, seed: int, truth: Truth | None = None
) -> dict[str, float]:
    """Mean losses by name.

    Args:
        lesson: of a `Learner`; evaluated as its network is used; left in evaluation mode.
        items: dev clips.
        batch: of them at a time.
        seed: of what is hidden.
        truth: their poses, where the lesson needs them.
    """
    lesson.eval()
    device = next(lesson.parameters()).device
    generator = torch.Generator(device=device).manual_seed(seed)
    ordered = sorted(items, key=lambda item: len(item.codes))
    sums: dict[str, float] = {}
    for start in range(0, len(ordered), batch):
        chosen = ordered[start : start + batch]
        poses = None if truth is None else truth(chosen).to(device)
        for name, value in lesson(collate(chosen).to(device), poses, generator).items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(chosen)
    return {name: value / len(ordered) for name, value in sums.items()}


def used_loss(dev: Mapping[str, float]) -> float:
    """What decides which weights are best: what is signed, and not how long it takes.

    Times are a matter of spread, of which a few sentences say little, and are soon learned by heart; a network that
    plans glosses never asks for the length of the whole. Without glosses everything counts.
    """
    return dev["total"] - (dev["length"] + dev["duration"] if "gloss" in dev else 0.0)
