"""What a grammar makes, for people to read: sample sentences with their marks, and the size of its language."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np

from signgen.corpus.grammar import Grammar, Sentence
from signgen.corpus.grammar_check import count_derivations
from signgen.corpus.sample import Sampler
from signgen.corpus.template import MARKS

_SHORT = {mark: name for name, mark in MARKS.items()}
# Beyond this whole numbers are no longer exact in JSON readers, and nobody reads them.
_MOST_DIGITS = 1e15


def samples(grammar: Grammar, count: int, seed: int) -> list[dict[str, str]]:
    """Text, glosses, and glosses with marks of sentences drawn from a grammar."""
    sampler, rng = Sampler(grammar), np.random.default_rng(seed)
    sentences = [sampler.draw(rng) for _ in range(count)]
    return [{"text": s.text, "gloss": s.gloss, "signs": with_marks(s)} for s in sentences]


def with_marks(sentence: Sentence) -> str:
    """The signs as a grammar writes them.

    >>> from signgen.corpus.grammar import SignedGloss
    >>> with_marks(Sentence("", (SignedGloss("IX-1"), SignedGloss("NOT", ("negation",)))))
    'IX-1 [neg NOT]'
    """
    parts = []
    for marks, signs in groupby(sentence.signs, key=lambda sign: sign.marks):
        glosses = " ".join(sign.gloss for sign in signs)
        parts.append("".join(f"[{_SHORT[mark]} " for mark in marks) + glosses + "]" * len(marks))
    return " ".join(parts)


def facts(grammar: Grammar) -> dict[str, Any]:
    """What is known about a grammar, ready for JSON."""
    return {
        "name": grammar.name,
        "about": grammar.about,
        "spoken_language": grammar.spoken_language,
        "signed_language": grammar.signed_language,
        "lexicon": grammar.lexicon,
        "sha256": grammar.sha256,
        "rules": len(grammar.rules),
        "glosses": len(grammar.glosses),
        "derivations": size(grammar),
    }


def size(grammar: Grammar) -> int | str:
    """In how many ways the grammar makes a sentence; in words where no program could read the number."""
    count = count_derivations(grammar)
    if count == float("inf"):
        return "more than 1e308"
    return int(count) if count < _MOST_DIGITS else f"{count:.3g}"
