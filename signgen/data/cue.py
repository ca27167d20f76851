"""`Cue`: a text with a start and an end; what captions, gloss timelines and ELAN tiers are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

from signgen.errors import DataError


@dataclass(frozen=True)
class Cue:
    """A text that holds from ``start`` to ``end`` [s].

    Raises:
        DataError: a time that is negative or not finite, or an end before the start.
    """

    start: float
    end: float
    text: str

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.end) and 0 <= self.start <= self.end):
            raise DataError(f"cue {self.text[:40]!r}: bad times {self.start} to {self.end}")
