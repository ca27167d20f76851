"""`Finder`: the recordings of a word in one language pair, with the languages that may stand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from signgen.config import did_you_mean
from signgen.errors import ConfigError
from signgen.lexicon.entry import Entry
from signgen.lexicon.keys import letter_key, primary, word_key
from signgen.lexicon.lemmas import lemma
from signgen.lexicon.lookup import LANGUAGE_BACKUP, HasTables, Tables
from signgen.lexicon.spelling import Alphabet

# Words of one sign are few; longer phrases in a lexicon are sentences, and those are not looked up.
MAX_PHRASE = 8


@dataclass(frozen=True)
class Match:
    """What was found for a word.

    Attributes:
        entries: recordings of one sign, best first; never empty.
        backup: code of the language that stood in, if one did.
        note: how the word was found, if not as written.
    """

    entries: tuple[Entry, ...]
    backup: str = ""
    note: str = ""

    @property
    def gloss(self) -> str:
        """The gloss of the sign."""
        return self.entries[0].gloss


class Finder:
    """Looks words and glosses up; every answer is kept, for words come again."""

    def __init__(self, lexicon: HasTables, spoken: str, signed: str) -> None:
        self.spoken = spoken
        self.signed = signed
        self._tables = tuple(self._backups(lexicon))
        self.alphabet = self._alphabet(lexicon)
        self.longest_word = max((tables.longest_word for _, tables in self._tables), default=0)
        self.longest_phrase = min(
            MAX_PHRASE, max((tables.longest_phrase for _, tables in self._tables), default=1)
        )
        self._has_words = any(tables.words or tables.glosses for _, tables in self._tables)
        self._found: dict[str, Match | None] = {}
        self._letters: dict[str, Match | None] = {}
        self._exists: dict[Path, bool] = {}

    def has_word(self, text: str) -> bool:
        """Whether a word is there as written."""
        key = word_key(text, self.spoken)
        return any(key in tables.words or key in tables.glosses for _, tables in self._tables)

    def find(self, text: str) -> Match | None:
        """The sign for a word or gloss as written."""
        if text not in self._found:
            self._found[text] = self._look_up(text)
        return self._found[text]

    def find_word(self, text: str) -> Match | None:
        """The sign for a word: as written, in its dictionary form, or with its hyphens and apostrophes undone."""
        if not self._has_words:
            return None
        for form, note in self._forms(text):
            match = self.find(form)
            if match is not None:
                return Match(match.entries, match.backup, note)
        return None

    def letter(self, text: str) -> Match | None:
        """The recordings of a single letter or digit, as one of the alphabet."""
        if text not in self._letters:
            entries = self._playable(self.alphabet.letters.get(letter_key(text, self.spoken), ()))
            self._letters[text] = Match(entries, self.alphabet.backup) if entries else None
        return self._letters[text]

    def _forms(self, text: str) -> Iterator[tuple[str, str]]:
        yield text, ""
        base = lemma(text, self.spoken)
        if base != text:
            yield base, f"as {base}"
        lower = text.lower()
        if lower != text and lemma(lower, self.spoken) not in (base, lower):
            yield lemma(lower, self.spoken), f"as {lemma(lower, self.spoken)}"
        if "-" in text:
            yield text.replace("-", " "), "without hyphen"
            yield text.replace("-", ""), "without hyphen"
        stem = word_key(text).removesuffix("'s")
        if stem != word_key(text) and stem:
            yield stem, f"as {stem}"

    def _look_up(self, text: str) -> Match | None:
        for backup, tables in self._tables:
            entries = self._playable(tables.find(text, self.spoken))
            if entries:
                return Match(entries, backup)
        return None

    def _playable(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """The entries whose recording is there; a lexicon may be downloaded in part."""
        for entry in entries:
            if entry.path not in self._exists:
                self._exists[entry.path] = entry.path.exists()
        return tuple(entry for entry in entries if self._exists[entry.path])

    def _backups(self, lexicon: HasTables) -> Iterator[tuple[str, Tables]]:
        signed = self.signed
        while signed:
            backup = "" if signed == self.signed else signed
            if (self.spoken, signed) in lexicon.pairs:
                yield backup, lexicon.tables(self.spoken, signed)
            if primary(self.spoken) != self.spoken and (primary(self.spoken), signed) in lexicon.pairs:
                yield backup, lexicon.tables(primary(self.spoken), signed)
            signed = LANGUAGE_BACKUP.get(signed, "")

    def _alphabet(self, lexicon: HasTables) -> Alphabet:
        """Letters of the pair; else of the signed language in another spoken one, or of its backup."""
        for backup, tables in self._tables:
            if tables.letters:
                return Alphabet(tables.letters, tables.longest_letter, self.spoken, backup)
        for signed in (self.signed, LANGUAGE_BACKUP.get(self.signed)):
            for spoken, of_pair in lexicon.pairs:
                tables = lexicon.tables(spoken, of_pair) if of_pair == signed else Tables()
                if tables.letters:
                    return Alphabet(tables.letters, tables.longest_letter, spoken, spoken)
        return Alphabet()


def choose_languages(
    pairs: tuple[tuple[str, str], ...], name: str, spoken: str | None, signed: str | None
) -> tuple[str, str]:
    """The language pair of a text: as given, else the only one that fits.

    Raises:
        ConfigError: the lexicon has no such signed language, or several pairs fit.
    """
    spoken, signed = spoken and spoken.lower(), signed and signed.lower()
    have = tuple(dict.fromkeys(pair[1] for pair in pairs))
    if signed is None:
        fitting = tuple(dict.fromkeys(s for p, s in pairs if spoken in (None, p))) or have
        if len(fitting) != 1:
            raise ConfigError(
                f"signed_language: lexicon {name} has {', '.join(fitting) or 'no signs'}; "
                "name one with --signed-language"
            )
        signed = fitting[0]
    reachable = {signed, LANGUAGE_BACKUP.get(signed, signed)}
    if not reachable & set(have):
        raise ConfigError(f"signed_language: lexicon {name} has no {signed!r}{did_you_mean(signed, have)}")
    if spoken is None:
        fitting = tuple(dict.fromkeys(p for p, s in pairs if s == signed)) or tuple(
            dict.fromkeys(p for p, s in pairs if s in reachable)
        )
        if len(fitting) > 1:
            raise ConfigError(
                f"spoken_language: lexicon {name} has {', '.join(fitting)} for {signed}; "
                "name one with --spoken-language"
            )
        spoken = fitting[0]
    return spoken, signed
