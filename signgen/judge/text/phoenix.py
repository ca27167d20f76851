"""The cleaning of glosses that published error rates on PHOENIX14T imply."""

from __future__ import annotations

import itertools
import re

# The rules, in their order, that Sign Language Transformers applies to glosses of PHOENIX14T. Their effect depends
# on the order and on repeats: a rule that joins two letters cannot see the letter that it just joined.
_LETTERS = (r"([ +][A-Z]) ([A-Z][ +])", r"\1+\2")
_REPEAT = (r"(?<![\w-])(\b[A-Z]+(?![\w-])) \1(?![\w-])", r"\1")
_RULES = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"__LEFTHAND__|__EPENTHESIS__|__EMOTION__", ""),
        (r"\b__[^_ ]*__\b", ""),
        (r"\bloc-([^ ]*)\b", r"\1"),
        (r"\bcl-([^ ]*)\b", r"\1"),
        (r"\b([^ ]*)-PLUSPLUS\b", r"\1"),
        (r"\b([A-Z][A-Z]*)RAUM\b", r"\1"),
        (r"WIE AUSSEHEN", "WIE-AUSSEHEN"),
        # Spelled letters become one gloss: A B C is A+B+C. SCH and NN count as letters.
        (r"^([A-Z]) ([A-Z][+ ])", r"\1+\2"),
        (r"[ +]([A-Z]) ([A-Z]) ", r" \1+\2 "),
        *(_LETTERS,) * 3,
        (r"([ +]SCH) ([A-Z][ +])", r"\1+\2"),
        (r"([ +]NN) ([A-Z][ +])", r"\1+\2"),
        (r"([ +][A-Z]) (NN[ +])", r"\1+\2"),
        (r"([ +][A-Z]) ([A-Z])$", r"\1+\2"),
        (r" +", " "),
        *(_REPEAT,) * 4,
    )
)


def clean_phoenix(glosses: str) -> str:
    """Glosses without marks of hands, places and repetition, letters joined, the same gloss said once.

    >>> clean_phoenix("__ON__ loc-NORD REGEN REGEN A B C WOLKE-PLUSPLUS __OFF__")
    'NORD REGEN A+B+C WOLKE'
    """
    text = glosses.strip()
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return " ".join(gloss for gloss, _ in itertools.groupby(text.split()))
