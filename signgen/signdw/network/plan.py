"""Plans: which gloss is signed for how many steps, and what each step knows of that."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from signgen.data.atomic import write_text
from signgen.errors import DataError
from signgen.nn.tokenizer import GLOSSES_FILE, load_glosses

PAD, UNKNOWN, END, LEAD_IN, LEAD_OUT = range(5)
SPECIALS = ("<pad>", "<unk>", "<end>", "<lead-in>", "<lead-out>")
PHASES = 4


class GlossVocabulary:
    """Glosses as numbers; the first five stand for padding, an unknown gloss, the end and the rests around."""

    def __init__(self, glosses: Sequence[str]) -> None:
        self.names = (*SPECIALS, *glosses)
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, glosses: Iterable[str]) -> list[int]:
        """Numbers of glosses; of `LEAD_IN` and `LEAD_OUT` too."""
        return [self._numbers.get(gloss, UNKNOWN) for gloss in glosses]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """Names of numbers, rests included."""
        return [self.names[number] for number in numbers]

    def save(self, folder: Path) -> None:
        """Write one gloss a line."""
        write_text(folder / GLOSSES_FILE, "".join(f"{name}\n" for name in self.names[len(SPECIALS) :]))

    @classmethod
    def load(cls, folder: Path) -> GlossVocabulary | None:
        """The vocabulary in the folder of a checkpoint, None if it was trained without glosses.

        Raises:
            CheckpointError: it is damaged.
        """
        glosses = load_glosses(folder)
        return None if glosses is None else cls(glosses.glosses[2:])


@dataclass(frozen=True)
class Plan:
    """When what is signed.

    Attributes:
        steps: length of the sentence.
        glosses: their numbers, rests included; empty for a plan of a length alone.
        durations: steps of each gloss, with the way to the next one; they sum up to ``steps``.
    """

    steps: int
    glosses: tuple[int, ...] = ()
    durations: tuple[int, ...] = ()

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """(first, one past last) step of each gloss; the whole sentence if there are none."""
        ends = list(itertools.accumulate(self.durations)) or [self.steps]
        return tuple(zip([0, *ends[:-1]], ends, strict=True))


def plan_of(
    timeline: Sequence[tuple[str, int, int]], frames: int, stride: int, names: GlossVocabulary
) -> Plan:
    """The plan that a clip was signed by.

    Args:
        timeline: (gloss, first frame, one past last) in order, at the rate of the codes' frames.
        frames: length of the clip.
        stride: frames of a step.
        names: glosses as numbers.

    Raises:
        DataError: spans are out of order or outside the clip, or there are more of them than steps.
    """
    if not timeline:
        raise DataError("timeline: it has no gloss; leave it out for a clip without glosses")
    starts, last = [start for _, start, _ in timeline], timeline[-1][2]
    bounds = [*starts, last]
    if bounds != sorted(bounds) or starts[0] < 0 or last > frames:
        raise DataError(f"timeline: spans are out of order or outside of the {frames} frames")
    steps = math.ceil(frames / stride)
    bounds = _apart([round(bound / stride) for bound in bounds], steps)
    numbers = [LEAD_IN, *names.encode(gloss for gloss, _, _ in timeline), LEAD_OUT]
    spans = [
        (n, b - a)
        for n, (a, b) in zip(numbers, itertools.pairwise([0, *bounds, steps]), strict=True)
        if b > a
    ]
    return Plan(steps, tuple(n for n, _ in spans), tuple(d for _, d in spans))


def _apart(bounds: list[int], steps: int) -> list[int]:
    """Bounds moved by as little as leaves each gloss one step."""
    if len(bounds) - 1 > steps:
        raise DataError(f"timeline: {len(bounds) - 1} glosses in {steps} steps; leave such clips out")
    for i in range(1, len(bounds)):
        bounds[i] = max(bounds[i], bounds[i - 1] + 1)
    bounds[-1] = min(bounds[-1], steps)
    for i in range(len(bounds) - 2, -1, -1):
        bounds[i] = min(bounds[i], bounds[i + 1] - 1)
    return bounds


def pad_plans(plans: Sequence[Plan]) -> tuple[Tensor, Tensor]:
    """(B, G) glosses and durations of plans, 0 behind their ends."""
    longest = max([1, *(len(plan.glosses) for plan in plans)])
    glosses = torch.zeros(len(plans), longest, dtype=torch.long)
    durations = torch.zeros_like(glosses)
    for row, plan in enumerate(plans):
        glosses[row, : len(plan.glosses)] = torch.tensor(plan.glosses, dtype=torch.long)
        durations[row, : len(plan.durations)] = torch.tensor(plan.durations, dtype=torch.long)
    return glosses, durations


@dataclass(frozen=True, eq=False)
class Alignment:
    """What each step knows of a gloss plan.

    Attributes:
        glosses: (B, T) the gloss of each step, `PAD` where there is none.
        following: (B, T) the gloss after it.
        phases: (B, T, 4) where in its gloss a step is, see `phases`.
        places: (B, T) number of the gloss in the plan, and
        elapsed: (B, T) steps since it began; both 0 where there is none.
    """

    glosses: Tensor
    following: Tensor
    phases: Tensor
    places: Tensor
    elapsed: Tensor


def align(glosses: Tensor, durations: Tensor, steps: int, stride: int = 1) -> Alignment:
    """(B, G) glosses and their durations laid out over ``steps * stride`` steps (or frames, ``stride`` a step)."""
    ends = (durations * stride).cumsum(1)
    place = torch.arange(steps * stride, device=glosses.device).expand(len(glosses), -1).contiguous()
    index = torch.searchsorted(ends, place, right=True)
    inside = index < glosses.shape[1]
    index = index.clamp(max=glosses.shape[1] - 1)
    total = (durations * stride).gather(1, index)
    elapsed = place - (ends.gather(1, index) - total)
    after = torch.cat([glosses, torch.zeros_like(glosses[:, :1])], 1).gather(1, index + 1)
    return Alignment(
        glosses.gather(1, index) * inside,
        after * inside,
        phases(elapsed, total, stride) * inside[..., None],
        index * inside,
        elapsed * inside,
    )


def phases(elapsed: Tensor, total: Tensor, stride: int = 1) -> Tensor:
    """(..., 4) how far steps are: cosine and sine of the share that is over, and how much is over and left.

    Args:
        elapsed: (...) steps, or frames, since the beginning.
        total: (...) how many there are.
        stride: frames of a step.
    """
    middle = (elapsed + torch.zeros_like(total)).float() + 0.5
    angle = math.pi * (middle / total.clamp(min=1)).clamp(0, 1)
    left = (total - middle).clamp(min=0)
    amounts = [torch.log1p(amount / stride) / 2 for amount in (middle, left)]
    return torch.stack([angle.cos(), angle.sin(), *amounts], -1)
