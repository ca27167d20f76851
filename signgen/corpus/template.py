"""The two sides of a line of a grammar, ``words {slot} = GLOSS {slot}``, parsed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from signgen.config import did_you_mean
from signgen.lexicon.plan import NonManual

# Marks as a grammar writes them: ``[neg NOT {verb}]``.
MARKS: dict[str, NonManual] = {"neg": "negation", "yn": "yes_no_question", "wh": "wh_question"}
PAUSE = ","
SAME_FORM = "*"
_SLOT = re.compile(
    r"(?P<rule>[a-z][a-z0-9_]*)(?P<tag>#[0-9]+)?"
    r"(?:\.(?P<form>[a-z][a-z0-9_]*|\*)|:(?P<like>[a-z][a-z0-9_]*(?:#[0-9]+)?)\.(?P<like_form>[a-z][a-z0-9_]*))?"
)
_BRACES = re.compile(r"(\{[^{}]*\})")
_GLOSS_PART = re.compile(
    r"\s+|\[(?P<open>[^\s\[\]{}]*)|(?P<close>\])|(?P<slot>\{[^{}]*\})|(?P<gloss>[^\s\[\]{}]+)"
)

Fail = Callable[[str], NoReturn]


@dataclass(frozen=True)
class Slot:
    """A place that another rule fills.

    Attributes:
        rule: name of the rule.
        tag: ``#2`` for a second filling by the same rule, which is then another one; else empty.
        form: which form of it the text takes; empty for its first, ``*`` for the one that is asked of the line.
        like: key of the slot that says which form, instead of ``form``; else empty.
        like_form: the form of that slot which names the form.
    """

    rule: str
    tag: str = ""
    form: str = ""
    like: str = ""
    like_form: str = ""

    @property
    def key(self) -> str:
        """What makes two slots of a line one: both sides then take the same filling."""
        return self.rule + self.tag


@dataclass(frozen=True)
class Signed:
    """A gloss, a pause or a slot with the marks that hold over it."""

    what: str | Slot
    marks: tuple[NonManual, ...] = ()


Text = tuple[str | Slot, ...]


def parse_text(text: str, fail: Fail) -> Text:
    """The text side: words and slots in order."""
    parts: list[str | Slot] = []
    for part in _BRACES.split(text):
        if _BRACES.fullmatch(part):
            parts.append(_slot(part, fail))
        elif part:
            if "{" in part or "}" in part:
                fail(f"{text!r}: a brace is not closed or not opened")
            parts.append(part)
    return tuple(parts)


def parse_glosses(text: str, fail: Fail) -> tuple[Signed, ...]:
    """The gloss side: glosses, pauses (``,``) and slots in signing order, with marks from ``[neg ...]``."""
    found: list[Signed] = []
    marks: list[NonManual] = []
    place = 0
    while place < len(text):
        part = _GLOSS_PART.match(text, place)
        if part is None:
            fail(f"{text!r}: a brace is not closed or not opened")
        place = part.end()
        if part["open"] is not None:
            if part["open"] not in MARKS:
                fail(f"mark {part['open']!r} is unknown{did_you_mean(part['open'], MARKS)}")
            marks.append(MARKS[part["open"]])
        elif part["close"]:
            if not marks:
                fail(f"{text!r}: ] without [")
            marks.pop()
        elif part["slot"] or part["gloss"]:
            what = _slot(part["slot"], fail) if part["slot"] else part["gloss"]
            found.append(Signed(what, tuple(dict.fromkeys(marks))))
    if marks:
        fail(f"{text!r}: [ without ]")
    return tuple(found)


def _slot(braces: str, fail: Fail) -> Slot:
    match = _SLOT.fullmatch(braces[1:-1].strip())
    if match is None:
        fail(
            f"{braces} is no slot; write {{rule}}, {{rule.form}}, {{rule.*}}, {{rule#2}} or {{rule:other.form}}"
        )
    return Slot(**{name: text or "" for name, text in match.groupdict().items()})
