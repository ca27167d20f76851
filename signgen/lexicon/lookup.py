"""Lookup tables: from a word, gloss or letter to the recordings of one sign, best first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from signgen.lexicon.entry import Entry
from signgen.lexicon.keys import bare_key, gloss_key, letter_key, word_key

# Signed languages whose signs may stand in for a language that a lexicon lacks.
# Source: LANGUAGE_BACKUP of spoken-to-signed 0.4.0 (gloss_to_pose/languages.py).
LANGUAGE_BACKUP: Mapping[str, str] = {
    "slf": "ise",  # Swiss-Italian: Italian
    "ssr": "fsl",  # Swiss-French: French
}

# A layer whose terms are all this short, and at least half of them single letters, is an alphabet: its longer
# terms (SCH, LL) are letters too and no words.
_LONGEST_UNIT = 3
_ALPHABET_SHARE = 0.5
# Han characters are words and never spelled.
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")

_Ranked = tuple[int, int, int, Entry]


@dataclass(frozen=True)
class Tables:
    """The entries of one (spoken, signed) pair by key.

    Attributes:
        words: entries by `word_key` of their words, best first; letters of alphabets are not among them.
        glosses: entries by `word_key` of their glosses.
        loose: entries by `gloss_key` of their glosses.
        letters: recordings of each letter and digit by `letter_key`, best first.
        longest_word: characters of the longest word.
        longest_phrase: words of the longest word that has spaces.
        longest_letter: characters of the longest letter.
    """

    words: Mapping[str, Sequence[_Ranked]] = field(default_factory=dict)
    glosses: Mapping[str, Sequence[_Ranked]] = field(default_factory=dict)
    loose: Mapping[str, Sequence[_Ranked]] = field(default_factory=dict)
    letters: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    longest_word: int = 0
    longest_phrase: int = 1
    longest_letter: int = 0

    def find(self, text: str, language: str) -> tuple[Entry, ...]:
        """Recordings for a word or gloss: words first, then glosses, then glosses without their marks."""
        key, bare = word_key(text, language), bare_key(text, language)
        for table, term in ((self.words, key), (self.glosses, key), (self.glosses, bare), (self.loose, bare)):
            if term in table:
                return best_sense(table[term], text)
        return ()


class HasTables(Protocol):
    """What a lookup needs of a lexicon."""

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The (spoken, signed) language pairs."""
        ...

    def tables(self, spoken_language: str, signed_language: str) -> Tables:
        """Lookup tables of one pair."""
        ...


def build_tables(entries: Iterable[Entry], spoken: str, signed: str) -> Tables:
    """The tables of one pair; of equal entries the earlier layer, lower priority, earlier row comes first."""
    layers: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if (entry.spoken_language, entry.signed_language) == (spoken, signed):
            layers[entry.lexicon].append(entry)
    words: dict[str, list[_Ranked]] = defaultdict(list)
    glosses: dict[str, list[_Ranked]] = defaultdict(list)
    loose: dict[str, list[_Ranked]] = defaultdict(list)
    letters: dict[str, list[Entry]] = defaultdict(list)
    for layer, of_layer in enumerate(layers.values()):
        alphabet = _is_alphabet(of_layer)
        for entry in sorted(of_layer, key=lambda e: e.priority):
            letter = _letter(entry, spoken, alphabet)
            if letter:
                letters[letter].append(entry)
            if letter and (alphabet or len(letter) > 1):
                continue
            for place, term in enumerate(entry.words):
                words[word_key(term, spoken)].append((layer, entry.priority, place, entry))
            for place, term in enumerate(entry.glosses):
                glosses[word_key(term, spoken)].append((layer, entry.priority, place, entry))
                loose[gloss_key(term, spoken)].append((layer, entry.priority, place, entry))
    return Tables(
        words=dict(words),
        glosses=dict(glosses),
        loose=dict(loose),
        letters={key: tuple(found) for key, found in letters.items()},
        longest_word=max(map(len, words), default=0),
        longest_phrase=max((key.count(" ") + 1 for key in words), default=1),
        longest_letter=max(map(len, letters), default=0),
    )


def best_sense(ranked: Sequence[_Ranked], text: str) -> tuple[Entry, ...]:
    """The recordings of one sign out of all that a word may mean, best first.

    Senses are ranked by layer, a term written in the same case (German *Klein* the name, *klein* the
    adjective), priority, and the place of the word among the words of the entry. All recordings with
    the gloss of the first are variants of it; other glosses are other senses and left out.
    """
    order = sorted(ranked, key=lambda r: (r[0], text not in r[3].words + r[3].glosses, r[1], r[2]))
    gloss = order[0][3].gloss
    return tuple(dict.fromkeys(entry for *_, entry in order if entry.gloss == gloss))


def _is_alphabet(entries: Sequence[Entry]) -> bool:
    keys = {letter_key(term) for entry in entries for term in entry.words or entry.glosses}
    single = sum(_is_single_letter(key) for key in keys)
    return single >= _ALPHABET_SHARE * len(keys) and all(len(key) <= _LONGEST_UNIT for key in keys)


def _is_single_letter(key: str) -> bool:
    return len(key) == 1 and key.isalnum() and not _HAN.match(key)


def _letter(entry: Entry, language: str, alphabet: bool) -> str:
    """The letter that an entry shows, or nothing: the gloss of a letter is the letter itself."""
    for term in entry.glosses or entry.words:
        key = letter_key(term, language)
        if alphabet or _is_single_letter(key):
            return key
    return ""
