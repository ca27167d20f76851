"""What a grammar must hold before a sentence is made: every slot, form, agreement and end is there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NoReturn

from signgen.config import did_you_mean
from signgen.corpus.grammar import Grammar, Option, Rule
from signgen.corpus.template import Slot
from signgen.errors import DataError

ENDLESS = 1 << 30
# Rules inside rules, at most.
DEEPEST = 50


def check_grammar(grammar: Grammar) -> None:
    """Refuse a grammar that could fail later.

    Raises:
        DataError: a slot without rule, a form that is not there, an agreement that cannot be read, a rule that never
            ends or is never used, a second filling that cannot differ.
    """
    if grammar.start not in grammar.rules:
        raise DataError(
            f"{grammar.path}: start: there is no rule {grammar.start!r}{did_you_mean(grammar.start, grammar.rules)}"
        )
    for rule in grammar.rules.values():
        for option in rule.options:
            for slot in option.mentioned:
                _check_slot(grammar, option, slot)
    for rule in grammar.rules.values():
        for option in rule.options:
            _check_agreement(grammar, option)
    _check_use(grammar)
    _check_ends(grammar)


def heights(grammar: Grammar) -> dict[str, int]:
    """The fewest rules inside rules with which each rule can end; `ENDLESS` where none does within `DEEPEST`."""
    found = dict.fromkeys(grammar.rules, ENDLESS)
    for _ in range(DEEPEST):
        known = dict(found)
        for name, rule in grammar.rules.items():
            found[name] = min(option_height(option, known) for option in rule.options)
        if known == found:
            break
    return found


def option_height(option: Option, known: Mapping[str, int]) -> int:
    """The fewest rules inside rules with which an option can end."""
    return min(1 + max((known[rule] for rule in option.slots.values()), default=0), ENDLESS)


def count_derivations(grammar: Grammar) -> float:
    """In how many ways the grammar makes a sentence within its depth, at least as many as it has texts."""
    counts = dict.fromkeys(grammar.rules, 0.0)
    for _ in range(grammar.depth):
        known = dict(counts)
        for name, rule in grammar.rules.items():
            counts[name] = sum(
                math.prod(known[inner] for inner in option.slots.values()) for option in rule.options
            )
        if known == counts:
            break
    return counts[grammar.start]


def _check_slot(grammar: Grammar, option: Option, slot: Slot) -> None:
    if slot.rule not in grammar.rules:
        _fail(grammar, option, f"there is no rule {slot.rule!r}{did_you_mean(slot.rule, grammar.rules)}")
    rule = grammar.rules[slot.rule]
    if slot.form and slot.form not in rule.forms:
        _fail(
            grammar,
            option,
            f"rule {rule.name!r} has no form {slot.form!r}{did_you_mean(slot.form, rule.forms)}",
        )
    if slot.tag and len(rule.options) < 2:
        _fail(
            grammar, option, f"{{{slot.key}}}: rule {rule.name!r} has one option, so no second one can differ"
        )
    if not slot.like:
        return
    if slot.like not in option.slots:
        _fail(
            grammar,
            option,
            f"{{{slot.key}:{slot.like}.{slot.like_form}}}: there is no slot {{{slot.like}}} in this line",
        )
    other = grammar.rules.get(option.slots[slot.like])
    if other is not None and slot.like_form not in other.forms:
        _fail(
            grammar,
            option,
            f"rule {other.name!r} has no form {slot.like_form!r}{did_you_mean(slot.like_form, other.forms)}",
        )


def _check_agreement(grammar: Grammar, option: Option) -> None:
    for slot in option.mentioned:
        if slot.like:
            forms = grammar.rules[slot.rule].forms
            for value in _values(grammar, grammar.rules[option.slots[slot.like]], slot.like_form):
                if value not in forms:
                    _fail(
                        grammar, option, f"{slot.like}.{slot.like_form} may be {value!r}, which is no form of "
                        f"rule {slot.rule!r} ({', '.join(forms)})",
                    )  # fmt: skip


def _values(grammar: Grammar, rule: Rule, form: str) -> set[str]:
    """All that a form can read, if it is plain words or handed on from one slot."""
    found: set[str] = set()
    seen = {(rule.name, form)}
    waiting = [(rule, form)]
    while waiting:
        rule, form = waiting.pop()
        for option in rule.options:
            text = option.texts[rule.forms.index(form)]
            if len(text) == 1 and isinstance(text[0], Slot) and not text[0].like:
                inner = grammar.rules[text[0].rule]
                key = (inner.name, text[0].form or inner.forms[0])
                if key not in seen:
                    seen.add(key)
                    waiting.append((inner, key[1]))
            elif all(isinstance(part, str) for part in text):
                found.add("".join(part for part in text if isinstance(part, str)))
            else:
                _fail(
                    grammar,
                    option,
                    f"form {form!r} names a form elsewhere, so it must be one word or one slot",
                )
    return found


def _check_use(grammar: Grammar) -> None:
    used, waiting = {grammar.start}, [grammar.start]
    while waiting:
        for option in grammar.rules[waiting.pop()].options:
            new = set(option.slots.values()) - used
            used |= new
            waiting += sorted(new)
    for rule in grammar.rules.values():
        if rule.name not in used:
            raise DataError(f"{grammar.path}:{rule.line}: rule {rule.name!r} is never used; remove it")


def _check_ends(grammar: Grammar) -> None:
    found = heights(grammar)
    for rule in grammar.rules.values():
        if found[rule.name] >= ENDLESS:
            raise DataError(
                f"{grammar.path}:{rule.line}: rule {rule.name!r} never ends, or too deep; let it end"
            )
    if found[grammar.start] > grammar.depth:
        raise DataError(
            f"{grammar.path}: depth: {grammar.depth} is too little for any sentence; set {found[grammar.start]}"
        )


def _fail(grammar: Grammar, option: Option, problem: str) -> NoReturn:
    raise DataError(f"{grammar.path}:{option.line}: {problem}")
