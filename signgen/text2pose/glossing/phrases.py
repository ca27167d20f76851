"""Short runs of words with the runs of glosses they became, and how often (Koehn, Och and Marcu, 2003)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from signgen.text2pose.glossing.links import Link, Tokens

LONGEST = 4
# Taken off each count, so that what was seen once is not certain (Kneser and Ney, 1995).
DISCOUNT = 0.5


class Option(NamedTuple):
    """What a run of words may become.

    Attributes:
        glosses: may be empty.
        forward: log probability of the glosses, given the words.
        backward: log probability of the words, given the glosses.
    """

    glosses: Tokens
    forward: float
    backward: float


PhraseTable = dict[Tokens, tuple[Option, ...]]


def phrase_table(
    texts: Sequence[Tokens], glosses: Sequence[Tokens], links: Sequence[Sequence[Link]], width: int = 8
) -> PhraseTable:
    """The ``width`` likeliest options of every run of up to four words."""
    counts: dict[Tokens, Counter[Tokens]] = defaultdict(Counter)
    backward: Counter[Tokens] = Counter()
    for text, gloss, linked in zip(texts, glosses, links, strict=True):
        for words, signs in runs(text, gloss, linked):
            counts[words][signs] += 1
            backward[signs] += 1
    return {words: _options(counter, backward, width) for words, counter in counts.items()}


def _options(counter: Counter[Tokens], backward: Counter[Tokens], width: int) -> tuple[Option, ...]:
    total = counter.total()
    return tuple(
        Option(signs, math.log((count - DISCOUNT) / total), math.log((count - DISCOUNT) / backward[signs]))
        for signs, count in counter.most_common(width)
    )


def runs(text: Tokens, gloss: Tokens, links: Sequence[Link]) -> Iterator[tuple[Tokens, Tokens]]:
    """Runs of words and glosses that are linked to nothing outside each other, and single words without a link.

    Glosses without a link may join at either end.
    """
    linked = {j for _, j in links}
    for start in range(len(text)):
        for stop in range(start + 1, min(start + LONGEST, len(text)) + 1):
            inside = [j for i, j in links if start <= i < stop]
            if not inside:
                if stop == start + 1:
                    yield text[start:stop], ()
                continue
            first, last = min(inside), max(inside)
            if any(first <= j <= last and not start <= i < stop for i, j in links):
                continue
            for low in _widened(first, -1, linked, len(gloss)):
                for high in _widened(last, 1, linked, len(gloss)):
                    if high - low < LONGEST:
                        yield text[start:stop], gloss[low : high + 1]


def _widened(place: int, step: int, linked: set[int], count: int) -> Iterator[int]:
    """``place`` and the places beyond it, as long as they have no link."""
    yield place
    place += step
    while 0 <= place < count and place not in linked:
        yield place
        place += step
