"""Undo the roll-up of automatic captions, in which each cue shows the line of the last one again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from signgen.data.cue import Cue

# A line that is shown again comes at most this long after it was last seen [s].
LONGEST_PAUSE = 1.0
# Lines that roll at once.
MOST_LINES = 4
# Share of the cues that must repeat something before a track counts as rolling.
LEAST_SHARE = 0.3
LEAST_REPEATS = 2


def is_rolling(cues: Sequence[Cue]) -> bool:
    """Whether cues show lines again, or grow word by word, so often that it is the way of the track."""
    pairs = [(a, b) for a, b in pairwise(cues) if b.start <= a.end + LONGEST_PAUSE]
    repeats = sum(1 for a, b in pairs if _repeated(_lines(a), _lines(b)) or _grows(a, b))
    return repeats >= LEAST_REPEATS and repeats >= LEAST_SHARE * len(cues)


def unrolled(cues: Sequence[Cue]) -> tuple[list[Cue], list[Cue]]:
    """Cues of a rolling track with what is new in each, and those that say nothing new.

    A line is said from the moment it first appears. Words that a cue adds to the text of the last one join it.
    """
    kept, dropped, shown = list[Cue](), list[Cue](), Cue(0, 0, "")
    for cue in cues:
        if cue.start > shown.end + LONGEST_PAUSE:
            shown = Cue(0, 0, "")
        lines = _lines(cue)
        repeated = _repeated(_lines(shown), lines)
        if repeated == len(lines):
            dropped.append(cue)
        elif kept and not repeated and _grows(shown, cue):
            last, more = kept.pop(), cue.text.split()[len(shown.text.split()) :]
            kept.append(Cue(last.start, max(cue.end, last.end), f"{last.text} {' '.join(more)}"))
            dropped.append(cue)
        else:
            kept.append(Cue(cue.start, cue.end, "\n".join(lines[repeated:])))
        shown = Cue(cue.start, max(cue.end, shown.end), cue.text)
    return kept, dropped


def _lines(cue: Cue) -> list[str]:
    return cue.text.split("\n") if cue.text else []


def _repeated(before: list[str], now: list[str]) -> int:
    """How many of the first lines are the last ones of before."""
    if before == now:
        return len(now)
    sizes = range(min(len(before), len(now), MOST_LINES), 0, -1)
    return next((size for size in sizes if before[-size:] == now[:size]), 0)


def _grows(before: Cue, now: Cue) -> bool:
    """Whether the text is that of before and some more words."""
    old, new = before.text.split(), now.text.split()
    return 0 < len(old) < len(new) and new[: len(old)] == old
