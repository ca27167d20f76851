"""No grammar: every word in the order of the text. Not a signed language, and labelled as such."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from signgen.lexicon.cues import NEGATIONS, WH_WORDS
from signgen.lexicon.keys import primary
from signgen.lexicon.plan import NonManual
from signgen.lexicon.rules.base import Arranged, Clause, Wanted, rule_sets


@rule_sets.register("none")
@dataclass(frozen=True)
class WordByWord:
    """Signs the words one by one; a question marks its clause and a negation itself."""

    mode: ClassVar[str] = "word-by-word"
    spoken_language: ClassVar[str] = ""
    signed_languages: ClassVar[tuple[str, ...]] = ()

    def __call__(self, clause: Clause) -> Arranged:
        """The clause as it stands."""
        language = primary(clause.language)
        negations = NEGATIONS.get(language, ())
        question: tuple[NonManual, ...] = ()
        if clause.asks:
            asked = any(word.key in WH_WORDS.get(language, ()) for word in clause.words)
            question = ("wh_question",) if asked else ("yes_no_question",)
        return Arranged(
            tuple(
                Wanted(
                    word.text,
                    word.tokens,
                    kind=word.kind,
                    non_manuals=(*question, "negation") if word.key in negations else question,
                )
                for word in clause.words
            )
        )
