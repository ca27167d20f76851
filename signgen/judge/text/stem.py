"""Porter's stemmer of English, as the ROUGE of other code bases applies it to words of any language.

Source: Porter (1980), An algorithm for suffix stripping, with the departures of the stemmer in common use: irregular
words, -ies and -ied of four letters, y after consonants only, and the suffixes -bli, -alli, -fulli and -logi.
"""

from __future__ import annotations

import re
from functools import lru_cache

_IRREGULAR = {
    **dict.fromkeys(("sky", "skies"), "sky"),
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "howe": "howe",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}
_Rules = tuple[tuple[str, str], ...]
_PLURAL: _Rules = (("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", ""))
_STEP_2: _Rules = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
)
_STEP_3: _Rules = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
)
_STEP_4 = (
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent"),
    *("ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"),
)


def _sounds(word: str) -> str:
    """``c`` or ``v`` for each letter; y is a vowel after a consonant."""
    sounds = ""
    for letter in word:
        is_vowel = letter in "aeiou" or (letter == "y" and sounds.endswith("c"))
        sounds += "v" if is_vowel else "c"
    return sounds


def _measure(word: str) -> int:
    """How many times vowels are followed by consonants."""
    return _sounds(word).count("vc")


def _is_short(word: str) -> bool:
    """Whether it ends like hop or is like at: an e was dropped if the measure is 1, too."""
    sounds = _sounds(word)
    return (sounds.endswith("cvc") and word[-1] not in "wxy") or sounds == "vc"


def _replaced(word: str, rules: _Rules, least: int) -> str:
    """The first suffix found is replaced if the rest has more than ``least`` measures."""
    for suffix, other in rules:
        if word.endswith(suffix):
            rest = word[: -len(suffix)]
            return rest + other if _measure(rest) > least else word
    return word


def _without_plural(word: str) -> str:
    return word[:-1] if re.fullmatch(".ies", word) else _replaced(word, _PLURAL, -1)


def _without_past(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        if word.endswith(suffix) and "v" in _sounds(word[: -len(suffix)]):
            return _mended(word[: -len(suffix)])
    return word


def _mended(word: str) -> str:
    """What a past or progressive left: an e comes back, a double consonant goes."""
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if len(word) > 1 and word[-1] == word[-2] and _sounds(word).endswith("c"):
        return word if word[-1] in "lsz" else word[:-1]
    return word + "e" if _measure(word) == 1 and _is_short(word) else word


def _with_i(word: str) -> str:
    ends = word.endswith("y") and len(word) > 2 and _sounds(word[:-1]).endswith("c")
    return word[:-1] + "i" if ends else word


def _step_2(word: str) -> str:
    if word.endswith("alli") and _measure(word[:-4]) > 0:
        return _step_2(word[:-2])
    # The l counts with the rest, so that theologi has a measure.
    if word.endswith("logi"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    return _replaced(word, _STEP_2, 0)


def _step_4(word: str) -> str:
    for suffix in _STEP_4:
        if word.endswith(suffix):
            rest = word[: -len(suffix)]
            fits = suffix != "ion" or rest.endswith(("s", "t"))
            return rest if fits and _measure(rest) > 1 else word
    return word


def _step_5(word: str) -> str:
    if word.endswith("e"):
        rest = word[:-1]
        if _measure(rest) > 1 or (_measure(rest) == 1 and not _is_short(rest)):
            word = rest
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """The stem of a lower-case word.

    >>> [stem(word) for word in "showers raining relational skies northerly".split()]
    ['shower', 'rain', 'relat', 'sky', 'northerli']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    word = _with_i(_without_past(_without_plural(word)))
    return _step_5(_step_4(_replaced(_step_2(word), _STEP_3, 0)))
