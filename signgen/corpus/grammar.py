"""`Grammar`: rules that make a sentence of a spoken language and its glosses in signing order side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from signgen.corpus.template import PAUSE, Signed, Slot, Text
from signgen.lexicon.plan import NonManual

# The form of rules that name none.
ONLY_FORM = "base"


@dataclass(frozen=True)
class Option:
    """One way to fill a rule.

    Attributes:
        texts: its text in each form of the rule.
        signs: what is signed.
        weight: how often it is taken, beside the others of the rule.
        line: where it is written.
    """

    texts: tuple[Text, ...]
    signs: tuple[Signed, ...]
    weight: float
    line: int

    @cached_property
    def slots(self) -> Mapping[str, str]:
        """Rule of each slot of either side, by key, in order of appearance."""
        return {slot.key: slot.rule for slot in self.mentioned}

    @property
    def mentioned(self) -> Iterator[Slot]:
        """Every slot as often as it is written."""
        for text in self.texts:
            yield from (part for part in text if isinstance(part, Slot))
        yield from (sign.what for sign in self.signs if isinstance(sign.what, Slot))

    @property
    def glosses(self) -> Iterator[str]:
        """The glosses written in it."""
        yield from (s.what for s in self.signs if isinstance(s.what, str) and s.what != PAUSE)


@dataclass(frozen=True)
class Rule:
    """A part of speech, phrase or sentence.

    Attributes:
        name: what slots call it.
        forms: names of its forms; a slot that asks for none gets the first.
        options: the ways to fill it, never empty.
        line: where it is written.
    """

    name: str
    forms: tuple[str, ...]
    options: tuple[Option, ...]
    line: int


@dataclass(frozen=True)
class Grammar:
    """A checked grammar; see docs/corpus.md for the file.

    Attributes:
        name: of the file, without suffix.
        path: where it was read, for messages.
        sha256: hash of its text.
        about: what it covers, in words.
        spoken_language: ISO 639 code of the texts.
        signed_language: ISO 639-3 code of the glosses.
        lexicon: the lexicon that has all of its glosses; empty for a grammar of texts and glosses alone.
        is_lower: texts are written in lower case throughout, with spaces round punctuation.
        depth: rules inside rules, at most.
        start: name of the rule of a whole sentence.
        rules: by name.
    """

    name: str
    path: str
    sha256: str
    about: str
    spoken_language: str
    signed_language: str
    lexicon: str
    is_lower: bool
    depth: int
    start: str
    rules: Mapping[str, Rule]

    @cached_property
    def glosses(self) -> Mapping[str, int]:
        """Every gloss with the first line that uses it, in the order of the file."""
        found: dict[str, int] = {}
        for rule in self.rules.values():
            for option in rule.options:
                for gloss in option.glosses:
                    found.setdefault(gloss, option.line)
        return found


@dataclass(frozen=True)
class SignedGloss:
    """One gloss of a sentence, or a pause, with its marks."""

    gloss: str
    marks: tuple[NonManual, ...] = ()


@dataclass(frozen=True)
class Sentence:
    """A text and how it is signed."""

    text: str
    signs: tuple[SignedGloss, ...]

    @property
    def gloss(self) -> str:
        """Its glosses in signing order, separated by spaces; without pauses."""
        return " ".join(sign.gloss for sign in self.signs if sign.gloss != PAUSE)
