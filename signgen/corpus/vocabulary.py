"""`Vocabulary`: the recordings of every gloss of a grammar, and plans made of them."""

from __future__ import annotations

from signgen.corpus.grammar import Grammar, Sentence
from signgen.corpus.template import PAUSE
from signgen.errors import LexiconError
from signgen.lexicon.glossary import Glossary
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
        self._glossary = Glossary(lexicon, grammar.spoken_language, grammar.signed_language)
        lacking = [
            f"{gloss} (line {line})"
            for gloss, line in grammar.glosses.items()
            if not self._glossary.items(gloss)
        ]
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
            else:
                items += self._glossary.items(sign.gloss, word, sign.marks)
        return Plan(
            sentence.text, grammar.spoken_language, grammar.signed_language, grammar.name, tuple(items), ()
        )
