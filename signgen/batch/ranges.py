"""Numbers of shards as people and job schedulers write them: ``0-3,7``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from signgen.errors import ConfigError

_PART = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)


def parse_ranges(text: str, count: int) -> tuple[int, ...]:
    """Numbers below ``count``, each once and in order.

    >>> parse_ranges("7,0-3,2", 8)
    (0, 1, 2, 3, 7)

    Raises:
        ConfigError: not numbers and ranges, or beyond the last shard.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if first > last:
            raise ConfigError(f"--shards: expected numbers and ranges such as 0-3,7, got {part!r}")
        if last >= count:
            raise ConfigError(f"--shards: there is no shard {last}; the plan has 0-{count - 1}")
        found.update(range(first, last + 1))
    return tuple(sorted(found))


def format_ranges(numbers: Iterable[int]) -> str:
    """Numbers as ranges.

    >>> format_ranges([0, 1, 2, 3, 7])
    '0-3,7'
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join("-".join(map(str, run)) for run in runs)
