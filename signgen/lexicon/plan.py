"""`Plan`: what to sign for a text, in signing order, and the account of every input token.

The way from text to signs (`signgen.lexicon.glosses`) makes a plan; a stitcher reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from signgen.lexicon.entry import Entry

NonManual = Literal["yes_no_question", "wh_question", "negation"]


@dataclass(frozen=True)
class SignItem:
    """One sign to perform.

    Attributes:
        gloss: its gloss.
        candidates: recordings of it, best first; never empty.
        text: the input text it stands for.
        kind: ``sign`` from a lexicon, ``letter`` of a fingerspelled word, ``number``.
        word: index of the input token; letters of one fingerspelled word share it.
        non_manuals: marks that hold while the sign is performed.
        backup: the signed or spoken language that stood in, empty when the requested one was used.
    """

    gloss: str
    candidates: tuple[Entry, ...]
    text: str
    kind: Literal["sign", "letter", "number"] = "sign"
    word: int = 0
    non_manuals: tuple[NonManual, ...] = ()
    backup: str = ""


@dataclass(frozen=True)
class PauseItem:
    """A pause that punctuation asks for.

    Attributes:
        mark: the punctuation mark.
        seconds: how long to hold.
    """

    mark: str
    seconds: float


@dataclass(frozen=True)
class TokenReport:
    """What became of one input token.

    Attributes:
        text: the token as written.
        outcome: ``signed``, ``spelled``, ``missing`` (no recording), ``dropped`` (a rule of the signed
            language leaves it out) or ``mark`` (punctuation).
        glosses: what it turned into.
        note: why, where that is not plain (rule, language backup, unit spelled ...).
    """

    text: str
    outcome: Literal["signed", "spelled", "missing", "dropped", "mark"]
    glosses: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Plan:
    """What to sign for a text.

    Attributes:
        text: the text, normalised.
        mode: name of the rule set; ``word-by-word`` when no grammar was applied.
        items: signs and pauses in signing order.
        coverage: one report for each input token, in input order.
    """

    text: str
    spoken_language: str
    signed_language: str
    mode: str
    items: tuple[SignItem | PauseItem, ...]
    coverage: tuple[TokenReport, ...]

    def count(self, outcome: str) -> int:
        """Number of input tokens with this outcome."""
        return sum(report.outcome == outcome for report in self.coverage)

    @property
    def missing(self) -> tuple[str, ...]:
        """The input tokens that could not be signed."""
        return tuple(report.text for report in self.coverage if report.outcome == "missing")
