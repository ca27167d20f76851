"""Lookup keys: how words, glosses and letters are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# Languages whose I is the capital of a dotless i.
_DOTLESS = {"tr", "az", "crh", "tt"}
_TURKISH = str.maketrans({"İ": "i", "I": "ı"})

# Not part of a word's identity: soft hyphen, joiners, variation selectors, Arabic tatweel; and
# apostrophes are written in many ways.
_IGNORED = dict.fromkeys([0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0x640, 0xFE0E, 0xFE0F, 0xFEFF])
_APOSTROPHES = dict.fromkeys(map(ord, "’ʼ‘`´＇"), "'")
_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–−"), "-")
_SAME = str.maketrans({**_IGNORED, **_APOSTROPHES, **_HYPHENS})
_SPACES = re.compile(r"[\s_]+")

_VARIANT = re.compile(r"(?<=[^\W\d])[- ]?\d+[a-z]?$")
# Their number is their meaning: IX-1 is "I" and IX-2 is "you".
_INDEXED = re.compile(r"(ix|poss|self|pro)[-_]?\d")

# Letters that no decomposition takes apart.
_LETTERS = {
    "æ": "ae", "œ": "oe", "ø": "o", "ð": "d", "þ": "th", "đ": "d", "ħ": "h", "ı": "i", "ĸ": "k", "ł": "l",
    "ŋ": "ng", "ŧ": "t", "ß": "ss", "ə": "e", "ς": "σ", "ё": "е", "ی": "ي", "ک": "ك", "ھ": "ه", "ٱ": "ا",
}  # fmt: skip


def listed(text: str) -> tuple[str, ...]:
    """The words of a space-separated list: keeps tables of words readable."""
    return tuple(text.split())


def primary(language: str) -> str:
    """The language without script or region: ``pt`` for ``pt-BR``."""
    return language.lower().split("-", 1)[0]


@lru_cache(maxsize=65536)
def word_key(text: str, language: str = "") -> str:
    """The form under which words and glosses are compared: compatibility forms and case folded away.

    >>> word_key("ＨＯＵＳＥ_1"), word_key("DIŞ", "tr"), word_key("Straße")
    ('house 1', 'dış', 'strasse')
    """
    text = unicodedata.normalize("NFKC", text).translate(_SAME)
    if primary(language) in _DOTLESS:
        text = text.translate(_TURKISH)
    return unicodedata.normalize("NFC", _SPACES.sub(" ", text.casefold()).strip())


@lru_cache(maxsize=65536)
def letter_key(text: str, language: str = "") -> str:
    """The form under which letters are compared; unlike `word_key` it keeps ß apart from ss.

    >>> letter_key("ẞ"), letter_key("Σ"), letter_key("I", "tr")
    ('ß', 'σ', 'ı')
    """
    text = unicodedata.normalize("NFKC", text).translate(_SAME)
    if primary(language) in _DOTLESS:
        text = text.translate(_TURKISH)
    return unicodedata.normalize("NFC", text.lower().replace("ς", "σ"))


def plain_letters(letter: str) -> str:
    """What stands in for a letter that an alphabet lacks: without its marks, or spelled out; maybe empty.

    >>> plain_letters("é"), plain_letters("ø"), plain_letters("ß")
    ('e', 'o', 'ss')
    """
    if letter in _LETTERS:
        return _LETTERS[letter]
    bare = (c for c in unicodedata.normalize("NFD", letter) if not unicodedata.category(c).startswith("M"))
    return "".join(_LETTERS.get(c, c) for c in bare)


@lru_cache(maxsize=65536)
def bare_key(gloss: str, language: str = "") -> str:
    """A gloss without the marks that glossers add: plus signs (repetition), ``--`` and a final ``-ix`` (pointing).

    Follows ``gloss_candidates`` of spoken-to-signed 0.4.0; ``^`` and ``*`` are those of DGS types.

    >>> bare_key("berg-IX"), bare_key("REZEPT+"), bare_key("mp3"), bare_key("IX-1")
    ('berg', 'rezept', 'mp3', 'ix-1')
    """
    key = word_key(gloss, language)
    bare = key.replace("+", "").replace("--", "").replace("^", "").replace("*", "").removesuffix("-ix")
    return bare.strip() or key


def gloss_key(gloss: str, language: str = "") -> str:
    """The gloss of an entry without its marks and the number of its variant; numbers with a meaning stay.

    >>> gloss_key("HOUSE1A^"), gloss_key("HOUSE-2"), gloss_key("IX-1"), gloss_key("10")
    ('house', 'house', 'ix-1', '10')
    """
    key = bare_key(gloss, language)
    return key if _INDEXED.match(key) else _VARIANT.sub("", key).strip() or key
