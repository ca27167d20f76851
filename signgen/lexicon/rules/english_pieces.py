"""English words taken apart for rules: contractions, possessives, fixed pairs, time adverbials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from signgen.lexicon.plan import NonManual
from signgen.lexicon.rules import english_words as en
from signgen.lexicon.rules.base import Word
from signgen.lexicon.tokens import Kind


@dataclass(frozen=True)
class Piece:
    """A word, or a part of a contraction, with what the rules made of it.

    Attributes:
        text: what is looked up or spelled.
        key: lower case, with plain apostrophes.
        tokens: indices of the input tokens.
        kind: kind of the token.
        is_phrase: several words that are one sign of the lexicon.
        role: ``lead``, ``time``, ``not``, ``negative``, ``wh`` or nothing; it gives the place.
        glosses: glosses to look up, best first.
        is_optional: left out when the lexicon lacks it.
        rule: the rule that gave the glosses.
        dropped: why it has no sign; empty if it has one.
        question: the mark of the question it is in.
    """

    text: str
    key: str
    tokens: tuple[int, ...]
    kind: Kind = "word"
    is_phrase: bool = False
    role: str = ""
    glosses: tuple[str, ...] = ()
    is_optional: bool = False
    rule: str = ""
    dropped: str = ""
    question: NonManual | None = None


def drop(piece: Piece, reason: str) -> Piece:
    """The piece without a sign."""
    return replace(piece, dropped=f"{reason}: none in ASL" if ":" not in reason else reason)


_CONTRACTED = {"'m": "am", "'re": "are", "'ve": "have", "'ll": "will", "'d": "would"}
_SLANG = {"gonna": "going to", "wanna": "want to", "gotta": "have to", "can't": "can not", "cannot": "can not",
          "won't": "will not", "shan't": "shall not", "ain't": "not"}  # fmt: skip
# Two words that are one sign; ``can not`` is spelled as two if there is none.
_PAIRS = {
    "thank you": ("THANK-YOU", "THANK YOU", "THANKS"),
    "how many": ("HOW-MANY",),
    "how much": ("HOW-MUCH",),
    "can not": ("CAN'T", "CANNOT", "CAN-NOT"),
    "will not": ("WON'T", "WILL-NOT"),
}


def pieces_of(words: Sequence[Word]) -> list[Piece]:
    """The words with contractions opened; phrases of the lexicon stay whole."""
    pieces: list[Piece] = []
    shouts = all(word.text.isupper() for word in words)
    for index, word in enumerate(words):
        name = not shouts and word.text.isupper() and word.key in en.NAMES_IN_CAPITALS
        if word.is_phrase or word.kind != "word" or name:
            key = word.text if name else word.key
            pieces.append(Piece(word.text, key, word.tokens, word.kind, word.is_phrase))
            continue
        after = words[index + 1].key if index + 1 < len(words) else ""
        for text, glosses in _opened(word.text, word.key, after):
            optional = bool(glosses)
            rule = "possessive" if optional else ""
            pieces.append(Piece(text, text.lower(), word.tokens, "word", False, "", glosses, optional, rule))
    return _paired(pieces)


def _opened(text: str, key: str, after: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The words in a contraction, with glosses for those that have no word of their own."""
    text = text.replace("’", "'")
    stem, apostrophe, tail = text.rpartition("'")
    if key in _SLANG:
        yield from ((part, ()) for part in _SLANG[key].split())
    elif key.endswith("n't"):
        yield text[:-3], ()
        yield "not", ()
    elif apostrophe and f"'{tail.lower()}" in _CONTRACTED:
        yield stem, ()
        yield _CONTRACTED[f"'{tail.lower()}"], ()
    elif key.endswith("'s") and key != "let's" and stem:
        is_verb = stem.lower() in en.S_IS_IS or not after or after in en.AFTER_IS or after.endswith("ing")
        yield stem, ()
        yield ("is", ()) if is_verb else ("'s", ("POSS", "POSS-3", "POSS3"))
    else:
        yield text, ()


def _paired(pieces: list[Piece]) -> list[Piece]:
    paired: list[Piece] = []
    for piece in pieces:
        key = f"{paired[-1].key} {piece.key}" if paired else ""
        if key in _PAIRS and not piece.is_phrase:
            tokens = tuple(dict.fromkeys((*paired[-1].tokens, *piece.tokens)))
            paired[-1] = Piece(key, key, tokens, glosses=_PAIRS[key], rule="one sign")
        else:
            paired.append(piece)
    return paired


def is_time_word(piece: Piece) -> bool:
    """Whether a word can open a time adverbial."""
    return piece.key in en.TIME_WORDS | en.TIME_DETERMINERS


# Over one letter a word: S today, U unit, W weekday, Y month, D this or next, p at, P other preposition, T the,
# N numeral, n number word, 4 year, Q a few, A ago, O o'clock or pm, x other.
_TIME = re.compile("[Pp]?D?WN?|[Pp]D?YN?|DY|YN|SU?|[Pp][TD]U|DU|[Pp]U|[QNn]+UA|P[QNn]+U|pNO?|pn(?:O|$)|P4")


def time_spans(pieces: Sequence[Piece]) -> Iterator[tuple[int, int]]:
    """Start and end of each time adverbial, such as ``next week``, ``two years ago``, ``at 10:30``."""
    classes = "".join(map(_time_class, pieces))
    for match in _TIME.finditer(classes):
        yield match.span()


def _time_class(piece: Piece) -> str:
    if piece.kind == "number":
        return "4" if re.fullmatch(r"(1[1-9]|20)\d\d", piece.text) else "N"
    if piece.key in en.WEEKDAYS | en.MONTHS:
        return "x" if piece.text[0].islower() else "W" if piece.key in en.WEEKDAYS else "Y"
    return next((letter for letter, words in _TIME_CLASSES.items() if piece.key in words), "x")


_TIME_CLASSES = {
    "S": en.TIME_WORDS,
    "U": en.UNITS,
    "D": en.TIME_DETERMINERS,
    "T": {"the"},
    "p": {"at"},
    "P": {"in", "on", "during", "by"},
    "n": en.NUMBER_WORDS,
    "Q": en.QUANTITIES,
    "A": {"ago"},
    "O": {"o'clock", "am", "pm", "a.m.", "p.m."},
}
