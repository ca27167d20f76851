"""Draw sentences from a grammar by a seed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from signgen.corpus.grammar import Grammar, Option, Rule, Sentence, SignedGloss
from signgen.corpus.grammar_check import heights, option_height
from signgen.corpus.template import Signed, Slot
from signgen.errors import DataError
from signgen.lexicon.plan import NonManual

# How often a second filling is drawn again to be another one than the first.
_TRIES = 20
# Fillings of one sentence; English ones take about 15.
_MOST_NODES = 5000
_SPACES = re.compile(r"\s+")
_BEFORE_MARK = re.compile(r" ([,.?!;:])")


@dataclass(frozen=True, eq=False)
class _Node:
    """An option with its slots filled."""

    rule: Rule
    option: Option
    slots: Mapping[str, _Node]

    def text(self, form: str = "") -> str:
        parts = self.option.texts[self.rule.forms.index(form) if form else 0]
        return "".join(part if isinstance(part, str) else self._filled(part) for part in parts)

    def signs(self, marks: tuple[NonManual, ...] = ()) -> list[SignedGloss]:
        found: list[SignedGloss] = []
        for sign in self.option.signs:
            found += self._signed(sign, tuple(dict.fromkeys((*marks, *sign.marks))))
        return found

    def _filled(self, slot: Slot) -> str:
        form = self.slots[slot.like].text(slot.like_form) if slot.like else slot.form
        return self.slots[slot.key].text(form)

    def _signed(self, sign: Signed, marks: tuple[NonManual, ...]) -> list[SignedGloss]:
        what = sign.what
        return [SignedGloss(what, marks)] if isinstance(what, str) else self.slots[what.key].signs(marks)


class Sampler:
    """Draws sentences; what is drawn depends on the generator alone."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        known = heights(grammar)
        # Options by the room they need, and their summed weights, for each rule and room.
        self._heights = {
            rule.name: [option_height(option, known) for option in rule.options]
            for rule in grammar.rules.values()
        }
        self._left = 0
        self._choices: dict[tuple[str, int], tuple[Sequence[Option], Sequence[float]]] = {}

    def draw(self, rng: np.random.Generator) -> Sentence:
        """A sentence.

        Raises:
            DataError: it would be far too long.
        """
        self._left = _MOST_NODES
        node = self._expand(self._grammar.rules[self._grammar.start], self._grammar.depth, rng)
        return Sentence(self._written(node.text()), tuple(node.signs()))

    def _expand(self, rule: Rule, room: int, rng: np.random.Generator) -> _Node:
        self._left -= 1
        if self._left < 0:
            raise DataError(
                f"{self._grammar.path}:{rule.line}: sentences grow without end; lower depth, or the weight of options "
                "with the rule itself in them"
            )
        options, sums = self._fitting(rule, room)
        place = bisect_right(sums, rng.random() * sums[-1])
        option = options[min(place, len(options) - 1)]
        slots: dict[str, _Node] = {}
        for key, name in option.slots.items():
            slots[key] = self._different(self._grammar.rules[name], room - 1, slots, rng)
        return _Node(rule, option, slots)

    def _different(
        self, rule: Rule, room: int, others: Mapping[str, _Node], rng: np.random.Generator
    ) -> _Node:
        """A filling that is signed otherwise than those of the same rule in the line, if one is soon found."""
        taken = [other.signs() for other in others.values() if other.rule is rule]
        node = self._expand(rule, room, rng)
        for _ in range(_TRIES if taken else 0):
            if node.signs() not in taken:
                break
            node = self._expand(rule, room, rng)
        return node

    def _fitting(self, rule: Rule, room: int) -> tuple[Sequence[Option], Sequence[float]]:
        """The options that can end within ``room``, and their running sums of weights."""
        key = (rule.name, room)
        if key not in self._choices:
            fitting = [
                option
                for option, height in zip(rule.options, self._heights[rule.name], strict=True)
                if height <= room
            ]
            self._choices[key] = fitting, list(accumulate(option.weight for option in fitting))
        return self._choices[key]

    def _written(self, text: str) -> str:
        """A text with single spaces, and capitalised or in lower case as the grammar has it."""
        text = _SPACES.sub(" ", text).strip()
        if self._grammar.is_lower:
            return text.lower()
        text = _BEFORE_MARK.sub(r"\1", text)
        return text[:1].upper() + text[1:]
