"""Word error rate of texts, only to compare with published figures: it says next to nothing about a translation."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from signgen.judge.text.languages import words_of
from signgen.judge.text.measure import Measure, sign
from signgen.judge.text.wer import PLAIN_COSTS, error_rate

# What jiwer 3.1 calls common English contractions, in its order; the convention applies them to every language.
_CONTRACTIONS = (
    ("won't", "will not"),
    ("can't", "can not"),
    ("let's", "let us"),
    ("n't", " not"),
    ("'re", " are"),
    ("'s", " is"),
    ("'d", " would"),
    ("'ll", " will"),
    ("'t", " not"),
    ("'ve", " have"),
    ("'m", " am"),
)


def bare_words(text: str, language: str) -> list[str]:
    """Words in lower case without punctuation, contractions of English written out.

    >>> bare_words("It's dry, isn't it ?", "en")
    ['it', 'is', 'dry', 'is', 'not', 'it']
    """
    for short, long in _CONTRACTIONS:
        text = text.replace(short, long)
    kept = (letter for letter in text.lower() if not unicodedata.category(letter).startswith("P"))
    return words_of("".join(kept), language)


def text_wer(hypotheses: Sequence[str], references: Sequence[str], language: str, **parts: object) -> Measure:
    """Word error rate of prepared texts, in percent; ``parts`` go into the signature."""
    ours, theirs = ([bare_words(text, language) for text in texts] for texts in (hypotheses, references))
    signature = sign(**parts, wer="text", case="lc", punct="no", contractions="en")
    return error_rate("text WER", signature, ours, theirs, PLAIN_COSTS)
