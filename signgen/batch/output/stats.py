"""Figures of a data set for its card, gathered row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from signgen.batch.output.lengths import Lengths

UNKNOWN = "unknown"
GROUPS = (
    "signed_language", "spoken_language", "split", "source", "signer", "view", "renderer", "licences", "mode",
    "config_hash",
)  # fmt: skip
# Of more different values only the first few thousand are counted one by one: memory must not grow with the data.
MOST_VALUES = 5_000
OTHERS = "others"


@dataclass
class Stats:
    """Sums over the rows of an index.

    Attributes:
        samples: number of them.
        videos: how many have a video.
        frames: of all.
        seconds: of all.
        tokens: input tokens, of sources that count them.
        spelled: of these, how many were fingerspelled.
        missing: of these, how many could not be signed.
        words: those that could not be signed, with how often; memory is bounded as for groups.
        lengths: samples by duration.
        groups: samples by value of each of `GROUPS`; licences are counted one by one.
    """

    samples: int = 0
    videos: int = 0
    frames: int = 0
    seconds: float = 0.0
    tokens: int = 0
    spelled: int = 0
    missing: int = 0
    words: Counter[str] = field(default_factory=Counter)
    lengths: Lengths = field(default_factory=Lengths)
    groups: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in GROUPS})

    @property
    def hours(self) -> float:
        """Duration of all samples [h]."""
        return self.seconds / 3600

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row."""
        self.samples += 1
        self.videos += row["has_video"]
        self.frames += row["frames"]
        self.seconds += row["seconds"]
        self.tokens += row["tokens"]
        self.spelled += row["spelled"]
        self.missing += len(row["missing"])
        self.lengths.add(row["seconds"])
        _count(self.words, [word.lower() for word in row["missing"]])
        for name, counts in self.groups.items():
            value = row[name]
            _count(counts, (value or [UNKNOWN]) if isinstance(value, list) else [value or UNKNOWN])

    def known(self, name: str) -> list[str]:
        """The values of a group that are known, sorted."""
        return sorted(set(self.groups[name]) - {UNKNOWN, OTHERS})


def _count(counts: Counter[str], values: Sequence[str]) -> None:
    for value in values:
        counts[value if value in counts or len(counts) < MOST_VALUES else OTHERS] += 1
