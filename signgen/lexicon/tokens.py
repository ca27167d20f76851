"""Text to tokens: words, numbers, emoji, symbols and marks, in any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from signgen.errors import DataError
from signgen.lexicon.keys import primary
from signgen.lexicon.marks import ABBREVIATIONS, ORDINAL_DOT, SENTENCE_ENDS

# About two hours of signing. An utterance is one pose sequence in memory, so a book goes in lines.
MAX_CHARACTERS = 100_000

Kind = Literal["word", "number", "emoji", "symbol", "mark"]


@dataclass(frozen=True)
class Token:
    """A piece of a text.

    Attributes:
        text: as written, normalised to NFC.
        kind: what it is.
        start: its place in the normalised text.
        note: how it was found, where that is not plain.
    """

    text: str
    kind: Kind
    start: int
    note: str = ""


def normalise(text: str) -> str:
    """NFC, Unix line ends; without invisible characters other than the joiners that scripts and emoji need.

    Bidirectional controls, zero-width spaces and soft hyphens go; control characters become spaces; lone
    surrogates become U+FFFD, which no lexicon has, so that they are counted as missing.

    Raises:
        DataError: more than `MAX_CHARACTERS`.
    """
    if len(text) > MAX_CHARACTERS:
        raise DataError(
            f"text: {len(text):,} characters; one utterance has at most {MAX_CHARACTERS:,}; "
            "split it into lines (--text-file signs each line)"
        )
    text = text.replace("\r\n", "\n").translate(_CLEAN)
    return unicodedata.normalize("NFC", text)


def tokenise(
    text: str, language: str, is_word: Callable[[str], bool] = lambda _: False, longest_word: int = 0
) -> tuple[Token, ...]:
    """Tokens of a normalised text.

    Chinese, Japanese, Thai, Lao, Khmer and Burmese leave no space between words: there the longest word that
    ``is_word`` knows is taken from the left, and what lies between such words stays one token.

    Args:
        text: from `normalise`.
        language: code of the spoken language.
        is_word: whether a lexicon has a word.
        longest_word: characters of its longest word.
    """
    language = primary(language)
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text.translate(_CLASSES)):
        kind, start, end = match.lastgroup, match.start(), match.end()
        piece = text[start:end]
        if kind == "run":
            tokens.extend(_segment(piece, start, is_word, longest_word))
        elif kind == "word" and language in _ELISIONS and not is_word(piece):
            tokens.extend(_elided(piece, start, _ELISIONS[language]))
        elif kind is not None and not _glued(tokens, piece, start, language, text[end : end + 2]):
            tokens.append(Token(piece, _KINDS[kind], start))
    return tuple(tokens)


def _segment(run: str, start: int, is_word: Callable[[str], bool], longest: int) -> Iterator[Token]:
    """Longest match from the left; unknown characters between matches stay together."""
    place = unknown = 0
    while place < len(run):
        for length in range(min(longest, len(run) - place), 0, -1):
            if is_word(run[place : place + length]):
                if unknown < place:
                    yield Token(
                        run[unknown:place], "word", start + unknown, "no spaces: between longest matches"
                    )
                yield Token(run[place : place + length], "word", start + place, "no spaces: longest match")
                place = unknown = place + length
                break
        else:
            place += 1
    if unknown < len(run):
        note = "no spaces: between longest matches" if unknown else "no spaces: no word known"
        yield Token(run[unknown:], "word", start + unknown, note)


def _elided(word: str, start: int, elision: re.Pattern[str]) -> Iterator[Token]:
    """Cut l'eau into l' and eau."""
    place = 0
    while match := elision.match(word, place):
        yield Token(match.group(), "word", start + place)
        place = match.end()
    yield Token(word[place:], "word", start + place)


def _glued(tokens: list[Token], piece: str, start: int, language: str, after: str) -> bool:
    """Join the full stop of an abbreviation (Dr.) or of an ordinal (3. Mai) to its word."""
    if piece != "." or not tokens or tokens[-1].start + len(tokens[-1].text) != start:
        return False
    last = tokens[-1]
    abbreviated = last.kind == "word" and last.text.lower() in ABBREVIATIONS.get(language, ())
    ordinal = language in ORDINAL_DOT and re.fullmatch(r"[12]?\d|3[01]", last.text) is not None
    if not (abbreviated and after) and not (ordinal and after[:1] == " " and after[1:].isalpha()):
        return False
    tokens[-1] = Token(last.text + piece, last.kind, last.start)
    return True


def _elision(prefixes: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(prefixes.split())})['’](?=.)", re.IGNORECASE)


_ELISIONS = {
    "fr": _elision("l d j m t s c n qu jusqu lorsqu puisqu quoiqu"),
    "it": _elision("l un d c s m t v gl all dall dell nell sull coll quell quest bell sant"),
    "ca": _elision("l d m t s n"),
}


class _Clean(dict[int, int | str | None]):
    """`str.translate` table that removes what is invisible; filled as characters turn up."""

    def __missing__(self, code: int) -> int | str | None:
        category = unicodedata.category(chr(code))
        new: int | str | None = code
        if category == "Cs":
            new = "\ufffd"
        elif category == "Cc" and code != 0x0A:
            new = " "
        elif category == "Cf" and code not in (0x200C, 0x200D) and not 0xE0020 <= code <= 0xE007F:
            new = None
        self[code] = new
        return new


class _Classes(dict[int, str]):
    """`str.translate` table from characters to one-letter classes; filled as characters turn up."""

    def __missing__(self, code: int) -> str:
        found = self[code] = _class_of(chr(code), code)
        return found


# Scripts without spaces between words: Thai, Lao, Burmese, Khmer, kana, Han.
_RUNS = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3041, 0x30FF),
    (0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF), (0x1B000, 0x1B16F), (0x20000, 0x323AF),
)  # fmt: skip
_EMOJI = ((0x2190, 0x21FF), (0x2300, 0x23FF), (0x25A0, 0x27BF), (0x2B00, 0x2BFF), (0x1F000, 0x1FAFF))
_SINGLE = {
    "'": "A", "’": "A", "＇": "A", "׳": "A", "״": "A", "-": "D", "‐": "D", "‑": "D", "−": "D",
    ".": ".", ",": ",", ":": ":", "/": "/", "٫": ",", "٬": ",", "_": " ", "\u200c": "J", "\u200d": "J",
    "\n": " ", "\ufe0e": "V", "\ufe0f": "V", "\u20e3": "K", "՛": "M", "՜": "M", "՞": "M",
    **dict.fromkeys("%‰&@#＆＠％＃", "O"), **dict.fromkeys("`´¨^~|<>¯", "P"),
}  # fmt: skip


def _class_of(character: str, code: int) -> str:
    """L letter, M mark, N digit, S letter of a script without spaces, X sentence end, P other mark, O symbol, ..."""
    if character in _SINGLE:
        return _SINGLE[character]
    if character in SENTENCE_ENDS:
        return "X"
    category = unicodedata.category(character)
    if 0x1F1E6 <= code <= 0x1F1FF:
        return "R"
    if 0x1F3FB <= code <= 0x1F3FF:
        return "F"
    if 0xE0020 <= code <= 0xE007F:
        return "T"
    if category in ("So", "Sm", "Cn") and any(low <= code <= high for low, high in _EMOJI):
        return "E"
    if category[0] in "LM" or category == "Nl":
        if any(low <= code <= high for low, high in _RUNS):
            return "S"
        return "L" if category[0] == "L" else "M" if category[0] == "M" else "O"
    if category == "Nd":
        return "N"
    return {"Z": " ", "C": "O", "P": "P"}.get(category[0], "O")


_CLEAN = _Clean()
_CLASSES = _Classes()

_TOKEN = re.compile(
    r"""
      (?P<emoji>   RR | [NO]V?K | [EF][FV]*T*(?:JE[FV]*)* | R )
    | (?P<number>  (?:(?<![LMNS])D(?=N))? N(?:N|[.,:/AD](?=N))* [LM]* )
    | (?P<initials>(?<![LMN])(?:L\.){2,}L? )
    | (?P<word>    L(?:[LMNJ]|[AD](?=[LN]))* )
    | (?P<run>     S[SMJ]* )
    | (?P<end>     [.X]+ )
    | (?P<mark>    [P,:/AD] )
    | (?P<symbol>  [O]V? | M+ | K )
    """,
    re.VERBOSE,
)
_KINDS: dict[str, Kind] = {
    "emoji": "emoji",
    "number": "number",
    "initials": "word",
    "word": "word",
    "end": "mark",
    "mark": "mark",
    "symbol": "symbol",
}
