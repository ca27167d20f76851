"""`RuleSet`: the interface of every grammar, and the values that go in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from signgen.config import Registry
from signgen.lexicon.plan import NonManual
from signgen.lexicon.tokens import Kind


@dataclass(frozen=True)
class Word:
    """One word of a clause, or several that the lexicon has as one sign.

    Attributes:
        text: as written.
        key: lower case, with plain apostrophes.
        tokens: indices of the input tokens.
        kind: kind of the first token.
        is_phrase: several words that are one sign; rules leave it whole.
    """

    text: str
    key: str
    tokens: tuple[int, ...]
    kind: Kind = "word"
    is_phrase: bool = False


@dataclass(frozen=True)
class Clause:
    """Words between two marks.

    Attributes:
        words: the words, in input order.
        asks: whether it is what the question mark of the sentence asks.
        language: code of the spoken language.
    """

    words: tuple[Word, ...]
    asks: bool = False
    language: str = "en"


@dataclass(frozen=True)
class Wanted:
    """A sign that a rule set asks for.

    Attributes:
        text: the word to look up when no gloss is found, and to spell when the word is not found either.
        tokens: indices of the input tokens it stands for.
        glosses: glosses to look up before the word, best first.
        kind: kind of the token.
        non_manuals: marks that hold while it is signed.
        is_optional: leave it out, rather than spell it, when the lexicon lacks it.
        rule: the rule that made it, for the report.
    """

    text: str
    tokens: tuple[int, ...]
    glosses: tuple[str, ...] = ()
    kind: Kind = "word"
    non_manuals: tuple[NonManual, ...] = ()
    is_optional: bool = False
    rule: str = ""


@dataclass(frozen=True)
class Arranged:
    """A clause in signing order.

    Attributes:
        wanted: the signs.
        dropped: by token index, why a word has no sign.
    """

    wanted: tuple[Wanted, ...]
    dropped: Mapping[int, str] = field(default_factory=dict)


class RuleSet(Protocol):
    """Anything that puts a clause into the order of a signed language.

    Every token of the clause comes back, as part of a `Wanted` or in ``dropped``.

    Attributes:
        mode: name of the grammar in plans and reports.
        spoken_language: code of the language it reads, empty for any.
        signed_languages: codes of the languages whose order it gives, empty for any.
    """

    mode: ClassVar[str]
    spoken_language: ClassVar[str]
    signed_languages: ClassVar[tuple[str, ...]]

    def __call__(self, clause: Clause) -> Arranged:
        """The clause in signing order."""
        ...


rule_sets: Registry[RuleSet] = Registry("rule", "signgen.lexicon.rules")
