"""How likely a gloss is after two others (trigrams, interpolated as Witten and Bell did, 1991)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from signgen.text2pose.glossing.links import Tokens

START, END = "<s>", "</s>"


class GlossSequence:
    """Log probabilities of glosses, from sequences of them."""

    def __init__(self, sequences: Sequence[Tokens]) -> None:
        self._counts: Counter[Tokens] = Counter()
        self._followers: Counter[Tokens] = Counter()
        self._totals: Counter[Tokens] = Counter()
        for glosses in sequences:
            padded = (START, START, *glosses, END)
            for k in range(2, len(padded)):
                for context in (padded[k - 2 : k], padded[k - 1 : k], ()):
                    self._followers[context] += (*context, padded[k]) not in self._counts
                    self._counts[*context, padded[k]] += 1
                    self._totals[context] += 1
        self._chance = lru_cache(1 << 18)(self._interpolated)

    def log_chance(self, before: Tokens, gloss: str) -> float:
        """Of ``gloss`` after the two glosses ``before``."""
        return math.log(self._chance(before, gloss))

    def _interpolated(self, context: Tokens, gloss: str) -> float:
        kinds, total = self._followers[context], self._totals[context]
        # Before anything is counted, all glosses are alike, and those never seen count as one more.
        lower = self._chance(context[1:], gloss) if context else 1.0 / (self._followers[()] + 1)
        return (self._counts[*context, gloss] + kinds * lower) / (total + kinds) if total else lower
