"""`Glossary`: what to sign for a gloss as a grammar or an annotator wrote it."""

from __future__ import annotations

from collections.abc import Sequence

from signgen.lexicon.entry import Entry
from signgen.lexicon.finder import Finder, choose_languages
from signgen.lexicon.lexicon import Lexicon
from signgen.lexicon.plan import NonManual, SignItem

# Before a gloss that is spelled letter by letter.
FINGERSPELLED = "fs-"


class Glossary:
    """The recordings of glosses of one signed language: those of the very gloss, else what a text would find."""

    def __init__(self, lexicon: Lexicon, spoken: str | None, signed: str | None) -> None:
        """Index a lexicon.

        Raises:
            ConfigError: the lexicon has not the signed language, or several and none is named.
        """
        self.spoken, self.signed = choose_languages(lexicon.pairs, lexicon.name, spoken, signed)
        self._finder = Finder(lexicon, self.spoken, self.signed)
        self._exact: dict[str, list[Entry]] = {}
        for entry in lexicon.entries:
            if entry.signed_language == self.signed:
                self._exact.setdefault(entry.gloss, []).append(entry)
        for entries in self._exact.values():
            entries.sort(key=lambda entry: entry.priority)

    def items(self, gloss: str, word: int = 0, marks: Sequence[NonManual] = ()) -> tuple[SignItem, ...]:
        """The sign of a gloss, or the letters of one that is spelled; empty if the lexicon lacks it.

        Args:
            gloss: with `FINGERSPELLED` before it to be spelled.
            word: its place in the sentence.
            marks: that hold while it is signed.
        """
        if gloss.startswith(FINGERSPELLED):
            return self._letters(gloss.removeprefix(FINGERSPELLED), word, tuple(marks))
        entries = self._entries(gloss)
        return (SignItem(gloss, entries, gloss, "sign", word, tuple(marks)),) if entries else ()

    def _entries(self, gloss: str) -> tuple[Entry, ...]:
        if gloss in self._exact:
            return tuple(self._exact[gloss])
        match = self._finder.find(gloss)
        return match.entries if match else ()

    def _letters(self, spelled: str, word: int, marks: tuple[NonManual, ...]) -> tuple[SignItem, ...]:
        items = []
        for letter in spelled:
            match = self._finder.letter(letter)
            if match is None:
                return ()
            items.append(SignItem(match.gloss, match.entries, letter, "letter", word, marks))
        return tuple(items)
