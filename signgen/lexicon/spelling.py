"""Fingerspelling: a word as the letters that an alphabet has, longest units (SCH, LL) first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from signgen.lexicon.entry import Entry
from signgen.lexicon.keys import letter_key, plain_letters

# Written inside words and never spelled.
_SILENT = frozenset("'’-.,:/ \u0301")


@dataclass(frozen=True)
class Alphabet:
    """Recordings of letters by `letter_key`.

    Attributes:
        letters: recordings of each letter, best first.
        longest: characters of the longest letter.
        language: code of the spoken language that the letters write.
        backup: code of the language that stands in, empty if it is the one asked for.
    """

    letters: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    longest: int = 0
    language: str = ""
    backup: str = ""


@dataclass(frozen=True)
class Spelling:
    """A word in letters.

    Attributes:
        letters: the letters that were found, in order.
        missing: characters without a recording.
        replaced: characters and what stands in for them, such as ``("é", "e")``.
    """

    letters: tuple[str, ...]
    missing: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()

    @property
    def note(self) -> str:
        """What is not plain about it, in words."""
        notes = [f"{old} as {new}" for old, new in dict.fromkeys(self.replaced)]
        if self.missing:
            notes.append(f"no sign for {' '.join(dict.fromkeys(self.missing))}")
        return "; ".join(notes)


def spell(word: str, alphabet: Alphabet, language: str) -> Spelling:
    """The letters of a word, from the left, each the longest that the alphabet has.

    A letter that it lacks is spelled without its marks (é as e, ß as ss); one that it lacks even so is
    missing.
    """
    key = letter_key(word, language)
    letters: list[str] = []
    missing: list[str] = []
    replaced: list[tuple[str, str]] = []
    for piece in _pieces(key, alphabet):
        if piece in alphabet.letters:
            letters.append(piece)
            continue
        plain = tuple(_pieces(plain_letters(piece), alphabet))
        if all(letter in alphabet.letters for letter in plain):
            letters.extend(plain)
            if plain:
                replaced.append((piece, "".join(plain)))
        else:
            missing.append(piece)
    return Spelling(tuple(letters), tuple(missing), tuple(replaced))


def _pieces(key: str, alphabet: Alphabet) -> Iterator[str]:
    """Known letters, and single characters (with their marks dropped later) where none is known."""
    place = 0
    while place < len(key):
        for length in range(min(alphabet.longest, len(key) - place), 0, -1):
            if key[place : place + length] in alphabet.letters:
                yield key[place : place + length]
                place += length
                break
        else:
            if key[place] not in _SILENT:
                yield key[place]
            place += 1
