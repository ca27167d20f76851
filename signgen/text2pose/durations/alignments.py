"""Where the glosses of a sentence lie in its recording, read off the states that a recogniser gave its frames.

The form is that of the alignments of PHOENIX14T (``pami0``): one integer for each frame; 0 is rest, and model m has
the states 3 m + 1, 3 m + 2 and 3 m + 3. What a model stands for is not written down, so it is voted on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple

STATES = 3
# A model that stands for a gloss gets nearly all votes for it; those of the beginning, the end and pauses do not.
MAJORITY = 0.5


class Segment(NamedTuple):
    """The frames ``start`` to ``stop`` (exclusive) of one model."""

    model: int
    start: int
    stop: int

    @property
    def frames(self) -> int:
        """Its length."""
        return self.stop - self.start


def segments(states: Iterable[int]) -> list[Segment]:
    """The models in the order of their frames, without rest; a model that loops is one segment.

    >>> segments([0, 4, 4, 5, 6, 4, 1, 2])
    [Segment(model=1, start=1, stop=6), Segment(model=0, start=6, stop=8)]
    """
    found, start = [], 0
    for model, run in groupby((state - 1) // STATES for state in states):
        stop = start + len(list(run))
        if model >= 0:
            found.append(Segment(model, start, stop))
        start = stop
    return found


def name_models(
    sentences: Iterable[tuple[Sequence[str], Sequence[Segment]]], majority: float = MAJORITY
) -> dict[int, str]:
    """The gloss each model stands for, by a vote of the sentences with as many segments as glosses.

    Args:
        sentences: glosses and segments of each.
        majority: a model needs more than this share of its votes to be named.
    """
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    for glosses, found in sentences:
        if len(glosses) == len(found):
            for gloss, segment in zip(glosses, found, strict=True):
                votes[segment.model][gloss] += 1
    leading = {model: (*counter.most_common(1)[0], counter.total()) for model, counter in votes.items()}
    return {model: gloss for model, (gloss, count, total) in leading.items() if count > majority * total}


def locate(
    glosses: Sequence[str], found: Sequence[Segment], names: Mapping[int, str]
) -> list[tuple[int, Segment]]:
    """Glosses, by their index, with their segments, where both sequences agree.

    A segment that has no gloss beside it, and a gloss that has no segment, are left out.

    >>> locate(["NORD", "REGEN"], [Segment(9, 0, 4), Segment(2, 4, 20)], {2: "REGEN"})
    [(1, Segment(model=2, start=4, stop=20))]
    """
    heard = [names.get(segment.model, "") for segment in found]
    blocks = SequenceMatcher(None, glosses, heard, autojunk=False).get_matching_blocks()
    return [(block.a + i, found[block.b + i]) for block in blocks for i in range(block.size)]
