"""What the network is given, as tensors side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

NO_SLOT = -1
HIDDEN = -1


@dataclass(frozen=True, eq=False)
class Condition:
    """What is to be signed, for B sentences.

    Attributes:
        text: (B, L) numbers of text units.
        text_mask: (B, L) true where there is one.
        language: (B,) numbers of signed languages, 0 for any.
        glosses: (B, G) planned glosses with rests (`plan.GlossVocabulary`), 0 behind the end; None: no plan.
        durations: (B, G) steps of each, 0 behind the end.
        retrieved: (B, R, Q) codes of retrieved clips one after another.
        slots: (B, R) which clip each step is of, -1 behind the end. With a gloss plan a clip of a gloss has the
            number of that gloss, so that the two are found together.
    """

    text: Tensor
    text_mask: Tensor
    language: Tensor
    glosses: Tensor | None = None
    durations: Tensor | None = None
    retrieved: Tensor | None = None
    slots: Tensor | None = None

    def __len__(self) -> int:
        return len(self.text)

    def without(self, rows: Tensor) -> Condition:
        """The same with nothing to see in the (B,) rows that are true."""
        kept = ~rows[:, None]
        return replace(
            self,
            text_mask=self.text_mask & kept,
            glosses=None if self.glosses is None else self.glosses * kept,
            durations=None if self.durations is None else self.durations * kept,
            slots=None if self.slots is None else self.slots.masked_fill(~kept, NO_SLOT),
        )

    def repeat(self, count: int) -> Condition:
        """Each sentence ``count`` times, one after another."""
        return self._mapped(lambda tensor: tensor.repeat_interleave(count, 0))

    def to(self, device: torch.device) -> Condition:
        """The same on a device."""
        return self._mapped(lambda tensor: tensor.to(device, non_blocking=True))

    def _mapped(self, change: Callable[[Tensor], Tensor]) -> Condition:
        values: dict[str, Any] = {}
        for field in fields(self):
            tensor = getattr(self, field.name)
            values[field.name] = None if tensor is None else change(tensor)
        return Condition(**values)


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips to learn from.

    Attributes:
        codes: (B, S, Q) codes of each step; anything behind the end.
        mask: (B, S) true for real steps.
        condition: what is signed, with the plan that it was signed by if known.
    """

    codes: Tensor
    mask: Tensor
    condition: Condition

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(self.codes.to(device), self.mask.to(device), self.condition.to(device))


def side_by_side(conditions: Sequence[Condition]) -> Condition:
    """Conditions of the same padded sizes, one after another."""
    first = conditions[0]
    joined: dict[str, Any] = {}
    for field in fields(first):
        tensors = [getattr(condition, field.name) for condition in conditions]
        joined[field.name] = None if tensors[0] is None else torch.cat(tensors)
    return Condition(**joined)
