"""Text to plan: tokens, grammar and lexicon together, with an account of every token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast, get_args

from signgen.config import did_you_mean
from signgen.errors import ConfigError, LexiconError
from signgen.lexicon.clauses import make_clause, split_clauses
from signgen.lexicon.finder import Finder, choose_languages
from signgen.lexicon.keys import primary
from signgen.lexicon.lexicon import Lexicon
from signgen.lexicon.marks import pause
from signgen.lexicon.plan import PauseItem, Plan, SignItem, TokenReport
from signgen.lexicon.resolve import Oov, Resolved, resolve
from signgen.lexicon.rules.base import RuleSet, rule_sets
from signgen.lexicon.tokens import Token, normalise, tokenise

# How many words an error names; the rest are counted.
_NAMED = 10
_Outcome = Literal["signed", "spelled", "missing", "dropped", "mark"]
# The worst that became of a part of a token is what became of the token.
_WORST: tuple[_Outcome, ...] = ("dropped", "signed", "spelled", "missing")


def make_plan(
    text: str,
    lexicon: Lexicon,
    *,
    spoken_language: str | None = None,
    signed_language: str | None = None,
    oov: str = "fingerspell",
    rules: str = "auto",
) -> Plan:
    """What to sign for a text.

    Args:
        text: any text; see `signgen.lexicon.tokens.normalise` for what is removed from it.
        lexicon: where the signs come from.
        spoken_language: language of the text; may be left out if the lexicon leaves no choice.
        signed_language: language to sign in; may be left out if the lexicon leaves no choice.
        oov: what to do with words that the lexicon lacks: ``fingerspell``, ``skip`` or ``fail``.
        rules: ``auto`` (the grammar of the language pair, word by word if there is none), ``none``, or the
            name of a grammar.

    Returns:
        The plan; its coverage has one report for each token, in input order.

    Raises:
        ConfigError: an unknown setting, or languages that the lexicon lacks or leaves open.
        DataError: the text is too long.
        LexiconError: under ``oov="fail"``, with all the words that the lexicon lacks.
    """
    if oov not in get_args(Oov):
        raise ConfigError(f"oov: {oov!r} is unknown{did_you_mean(oov, get_args(Oov))}")
    spoken, signed = choose_languages(lexicon.pairs, lexicon.name, spoken_language, signed_language)
    grammar = choose_rules(rules, spoken, signed)
    clean = normalise(text)
    finder = Finder(lexicon, spoken, signed)
    tokens = tokenise(clean, spoken, finder.has_word, finder.longest_word)
    draft = _Draft(tokens)
    for span in split_clauses(tokens, clean, spoken):
        arranged = grammar(make_clause(span, tokens, finder))
        for wanted in arranged.wanted:
            draft.add(resolve(wanted, finder, cast(Oov, oov)), wanted.tokens)
        for index, reason in arranged.dropped.items():
            draft.parts[index].append(Resolved("dropped", note=reason))
        for index in span.marks:
            draft.add_mark(index, spoken)
    coverage = draft.coverage()
    if oov == "fail":
        _insist(coverage, lexicon.name)
    return Plan(clean, spoken, signed, grammar.mode, tuple(draft.items), coverage)


def choose_rules(name: str, spoken: str, signed: str) -> RuleSet:
    """The grammar called ``name``; ``auto`` is the one of the language pair, or none.

    Raises:
        ConfigError: no such grammar, or it reads another language.
    """
    if name != "auto":
        grammar = rule_sets.get(name)
        if grammar.spoken_language not in ("", primary(spoken)):
            raise ConfigError(f"rules: {name} reads {grammar.spoken_language!r}, the text is {spoken!r}")
        return grammar()
    for known in map(rule_sets.get, rule_sets.names()):
        if known.spoken_language == primary(spoken) and signed in known.signed_languages:
            return known()
    return rule_sets.get("none")()


@dataclass
class _Draft:
    """A plan in the making."""

    tokens: Sequence[Token]
    items: list[SignItem | PauseItem] = field(default_factory=list)
    parts: list[list[Resolved]] = field(init=False)

    def __post_init__(self) -> None:
        self.parts = [[] for _ in self.tokens]

    def add(self, resolved: Resolved, indices: tuple[int, ...]) -> None:
        """Append signs, and account for them at each of their tokens."""
        self.items.extend(resolved.items)
        first, *others = indices
        self.parts[first].append(resolved)
        for index in others:
            note = f"with {self.tokens[first].text!r}"
            self.parts[index].append(replace(resolved, items=(), note=note))

    def add_mark(self, index: int, language: str) -> None:
        """Append the pause of a mark; of marks in a row the longest pause holds."""
        mark = self.tokens[index].text
        self.parts[index].append(Resolved("mark"))
        seconds = pause(mark, language)
        if not seconds or not self.items:
            return
        last = self.items[-1]
        if not isinstance(last, PauseItem):
            self.items.append(PauseItem(mark, seconds))
        elif seconds > last.seconds:
            self.items[-1] = PauseItem(mark, seconds)

    def coverage(self) -> tuple[TokenReport, ...]:
        """One report for each token."""
        return tuple(_report(token, parts) for token, parts in zip(self.tokens, self.parts, strict=True))


def _report(token: Token, parts: Sequence[Resolved]) -> TokenReport:
    if not parts:
        raise AssertionError(f"a rule set lost the word {token.text!r}")
    outcome = parts[0].outcome
    if outcome != "mark":
        outcome = max((part.outcome for part in parts), key=_WORST.index)
    notes = dict.fromkeys(note for note in (*(part.note for part in parts), token.note) if note)
    return TokenReport(
        token.text, outcome, tuple(gloss for part in parts for gloss in part.glosses), "; ".join(notes)
    )


def _insist(coverage: Sequence[TokenReport], name: str) -> None:
    missing = tuple(dict.fromkeys(report.text for report in coverage if report.outcome == "missing"))
    if missing:
        named = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
        raise LexiconError(
            f"text: {len(missing)} words are not in lexicon {name}: {named}; add them, or use "
            "--oov fingerspell or skip",
            missing,
        )
