"""Scores as plain values for a report, and as cells for a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from signgen.judge.score import Score


def score_values(score: Score) -> dict[str, Any]:
    """A score without its values of single clips; JSON can hold it."""
    return {
        "name": score.name,
        "value": number(score.value),
        "interval": None if score.interval is None else [number(end) for end in score.interval],
        "is_better_high": score.is_better_high,
        "signature": score.signature,
    }


def number(value: float) -> float | None:
    """A number that JSON has, None for others."""
    return float(value) if math.isfinite(value) else None


def between(interval: Sequence[float | None] | None) -> str:
    """An interval for people.

    >>> between((0.5, None))
    '0.50 to -'
    """
    return "-" if interval is None else f"{cell(interval[0])} to {cell(interval[1])}"


def cell(value: float | None) -> str:
    """A value for people; nothing is a dash."""
    return "-" if value is None else f"{value:.2f}"
