"""`Vocabulary`: the recordings of every gloss of a grammar, and plans made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from signgen.corpus.grammar import FINGERSPELLED, Grammar, Sentence
from signgen.corpus.template import PAUSE
from signgen.errors import LexiconError
from signgen.lexicon.entry import Entry
from signgen.lexicon.finder import Finder, choose_languages
from signgen.lexicon.lexicon import Lexicon
from signgen.lexicon.marks import CLAUSE_PAUSE
from signgen.lexicon.plan import PauseItem, Plan, SignItem


class Vocabulary:
    """The recordings of each gloss of a grammar."""

    def __init__(self, lexicon: Lexicon, grammar: Grammar) -> None:
        """Look all glosses up.

        Raises:
            LexiconError: the lexicon lacks some; the text names the first ones and their lines.
            ConfigError: the lexicon has not the grammar's signed language.
        """
        spoken, signed = choose_languages(
            lexicon.pairs, lexicon.name, grammar.spoken_language, grammar.signed_language
        )
        self._finder = Finder(lexicon, spoken, signed)
        exact: dict[str, list[Entry]] = {}
        for entry in lexicon.entries:
            if entry.signed_language == signed:
                exact.setdefault(entry.gloss, []).append(entry)
        for entries in exact.values():
            entries.sort(key=lambda entry: entry.priority)
        self._entries: dict[str, tuple[Entry, ...]] = {}
        self._letters: dict[str, tuple[Entry, ...]] = {}
        lacking: list[str] = []
        for gloss, line in grammar.glosses.items():
            if gloss.startswith(FINGERSPELLED):
                is_found = self._spell(gloss.removeprefix(FINGERSPELLED))
            else:
                self._entries[gloss] = self._find(gloss, exact)
                is_found = bool(self._entries[gloss])
            if not is_found:
                lacking.append(f"{gloss} (line {line})")
        if lacking:
            raise LexiconError(
                f"{grammar.path}: lexicon {lexicon.name} lacks {len(lacking)} glosses: {', '.join(lacking[:10])}"
                f"{', ...' if len(lacking) > 10 else ''}; change them, or choose another lexicon",
                tuple(lacking),
            )

    def plan(self, sentence: Sentence, grammar: Grammar) -> Plan:
        """The sentence as the stitcher takes it."""
        items: list[SignItem | PauseItem] = []
        for word, sign in enumerate(sentence.signs):
            if sign.gloss == PAUSE:
                items.append(PauseItem(PAUSE, CLAUSE_PAUSE))
                continue
            if not sign.gloss.startswith(FINGERSPELLED):
                items.append(
                    SignItem(sign.gloss, self._entries[sign.gloss], sign.gloss, "sign", word, sign.marks)
                )
                continue
            for letter in sign.gloss.removeprefix(FINGERSPELLED):
                entries = self._letters[letter]
                items.append(SignItem(entries[0].gloss, entries, letter, "letter", word, sign.marks))
        return Plan(
            sentence.text, grammar.spoken_language, grammar.signed_language, grammar.name, tuple(items), ()
        )

    def _find(self, gloss: str, exact: Mapping[str, Sequence[Entry]]) -> tuple[Entry, ...]:
        if gloss in exact:
            return tuple(exact[gloss])
        match = self._finder.find(gloss)
        return match.entries if match else ()

    def _spell(self, word: str) -> bool:
        """Look the letters of a word up; whether all are there."""
        for letter in word:
            match = self._finder.letter(letter)
            if match is None:
                return False
            self._letters[letter] = match.entries
        return bool(word)
