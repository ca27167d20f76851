"""The losses of dev clips, with what is hidden from the network drawn from a seed of its own: looks can be compared."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from signgen.signdw.backbone import SignDW
from signgen.signdw.examples import Example, collate


@torch.no_grad()
def dev_losses(model: SignDW, items: Sequence[Example], batch: int, seed: int) -> dict[str, float]:
    """Mean losses by name.

    Args:
        model: evaluated as it is used; left in evaluation mode.
        items: dev clips.
        batch: of them at a time.
        seed: of what is hidden.
    """
    model.eval()
    device = next(model.parameters()).device
    generator = torch.Generator(device=device).manual_seed(seed)
    ordered = sorted(items, key=lambda item: len(item.codes))
    sums: dict[str, float] = {}
    for start in range(0, len(ordered), batch):
        chosen = ordered[start : start + batch]
        for name, value in model(collate(chosen).to(device), generator).items():
            sums[name] = sums.get(name, 0.0) + float(value) * len(chosen)
    return {name: value / len(ordered) for name, value in sums.items()}
