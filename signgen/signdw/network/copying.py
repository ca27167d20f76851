"""Retrieved signs laid along the plan: each step is told what the isolated sign shows where the step stands."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# A sentence seldom begins its signs where a step does, so what was and what comes is shown as well.
AROUND = (-1, 0, 1)


class Copied(nn.Module):
    """What each step sees of the clip of its own gloss, and how the next clip begins."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Linear((len(AROUND) + 1) * width, width, bias=False)

    def forward(self, clips: Tensor, slots: Tensor, places: Tensor, elapsed: Tensor) -> Tensor:
        """(B, S, width).

        Args:
            clips: (B, R, width) of the steps of retrieved clips.
            slots: (B, R) which clip each is of, see `Condition`.
            places: (B, S) the clip that each step of the sentence is to follow, and
            elapsed: (B, S) steps since its sign began.
        """
        own = [shown(clips, slots, places, elapsed + offset) for offset in AROUND]
        following = shown(clips, slots, places + 1, torch.zeros_like(elapsed))
        mixed: Tensor = self.mix(torch.cat([*own, following], -1))
        return mixed


def shown(clips: Tensor, slots: Tensor, places: Tensor, steps: Tensor) -> Tensor:
    """(B, S, width) step number ``steps`` (B, S) of clip number ``places`` (B, S); 0 where there is none."""
    of_clip = slots[:, None] == places[..., None]
    first, count = of_clip.int().argmax(-1), of_clip.sum(-1)
    is_there = (steps >= 0) & (steps < count)
    index = (first + steps).clamp(0, clips.shape[1] - 1)
    found = clips.gather(1, index[..., None].expand(-1, -1, clips.shape[2]))
    return found * is_there[..., None]
