"""`Rate`: a share of counted things with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

# The normal quantile of 95 % intervals.
_Z = 1.959963984540054


@dataclass(frozen=True)
class Rate:
    """So many of so many.

    Attributes:
        count: that are.
        total: of all.
    """

    count: int
    total: int

    @property
    def share(self) -> float:
        """From 0 to 1; NaN of nothing."""
        return self.count / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        return wilson(self.count, self.total)


def wilson(count: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    >>> [round(end, 4) for end in wilson(9, 10)]
    [0.5958, 0.9821]
    """
    if not total:
        return (0.0, 1.0)
    share, square = count / total, _Z * _Z
    middle = share + square / (2 * total)
    reach = _Z * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    low, high = ((middle + side * reach) / (1 + square / total) for side in (-1, 1))
    return (max(0.0, low), min(1.0, high))
