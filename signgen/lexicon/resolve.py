"""One wanted sign to recordings: from the lexicon, in numerals, or spelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from signgen.lexicon.finder import Finder, Match
from signgen.lexicon.keys import primary
from signgen.lexicon.numbers import MAX_DIGITS, readings, spelled_reading
from signgen.lexicon.plan import SignItem
from signgen.lexicon.rules.base import Wanted
from signgen.lexicon.spelling import spell

Oov = Literal["fingerspell", "skip", "fail"]

# What symbols are called, where a sign or letters may say it.
_SYMBOLS: Mapping[str, Mapping[str, str]] = {
    "en": {"%": "percent", "$": "dollar", "€": "euro", "£": "pound", "&": "and", "@": "at", "+": "plus",
           "=": "equal", "°": "degree", "#": "number"},
    "de": {"%": "Prozent", "$": "Dollar", "€": "Euro", "&": "und", "@": "at", "+": "plus", "=": "gleich",
           "°": "Grad"},
    "fr": {"%": "pourcent", "$": "dollar", "€": "euro", "&": "et", "+": "plus", "=": "égal", "°": "degré"},
    "es": {"%": "porciento", "$": "dólar", "€": "euro", "&": "y", "+": "más", "=": "igual", "°": "grado"},
    "it": {"%": "percento", "$": "dollaro", "€": "euro", "&": "e", "+": "più", "=": "uguale", "°": "grado"},
    "pt": {"%": "porcento", "$": "dólar", "€": "euro", "&": "e", "+": "mais", "=": "igual", "°": "grau"},
}  # fmt: skip


@dataclass(frozen=True)
class Resolved:
    """What became of a wanted sign.

    Attributes:
        outcome: as in `TokenReport`.
        items: the signs, in order.
        glosses: their glosses.
        note: what is not plain about it.
    """

    outcome: Literal["signed", "spelled", "missing", "dropped", "mark"]
    items: tuple[SignItem, ...] = ()
    glosses: tuple[str, ...] = ()
    note: str = ""


def resolve(wanted: Wanted, finder: Finder, oov: Oov) -> Resolved:
    """Recordings for a wanted sign, in this order: its glosses, its word, its parts, its letters."""
    for gloss in wanted.glosses:
        match = finder.find(gloss)
        if match is not None:
            return _signed(wanted, (match,), _kind(match, gloss, finder), wanted.rule)
    if wanted.is_optional:
        return Resolved("dropped", note=f"{wanted.rule}: not in the lexicon")
    if wanted.kind == "number":
        return _number(wanted, finder, oov)
    match = finder.find_word(wanted.text)
    if match is not None:
        return _signed(wanted, (match,), _kind(match, wanted.text, finder), match.note)
    if " " in wanted.text:
        return _together([resolve(part, finder, oov) for part in _parts(wanted)])
    return _unknown(wanted, finder, oov)


def _signed(
    wanted: Wanted,
    matches: tuple[Match, ...],
    kind: Literal["sign", "letter", "number"] = "sign",
    note: str = "",
    texts: tuple[str, ...] = (),
) -> Resolved:
    items = tuple(
        SignItem(m.gloss, m.entries, text, kind, wanted.tokens[0], wanted.non_manuals, m.backup)
        for m, text in zip(matches, texts or (wanted.text,) * len(matches), strict=True)
    )
    backups = dict.fromkeys(f"from {m.backup}" for m in matches if m.backup)
    notes = "; ".join([note, *backups] if note else backups)
    return Resolved(
        "spelled" if kind == "letter" else "signed", items, tuple(m.gloss for m in matches), notes
    )


def _kind(match: Match, text: str, finder: Finder) -> Literal["sign", "letter"]:
    """A single letter that was found as itself is spelling: the "I" of an alphabet is no pronoun."""
    if len(text) != 1 or text.isdigit() or match.gloss.lower() != text.lower():
        return "sign"
    return "letter" if finder.letter(text) is not None else "sign"


def _number(wanted: Wanted, finder: Finder, oov: Oov) -> Resolved:
    for reading in readings(wanted.text, finder.spoken):
        matches = tuple(_number_matches(reading, finder))
        if len(matches) == len(reading):
            note = "" if reading == (wanted.text,) else f"as {' '.join(reading)}"
            return _signed(wanted, matches, "number", note)
    return _mixed_number(wanted, finder, oov) or _spelled_number(wanted, finder, oov)


def _mixed_number(wanted: Wanted, finder: Finder, oov: Oov) -> Resolved | None:
    """A number whose numerals all have signs, but not its words, such as ``3.5`` or ``5pm``; the words are spelled."""
    for reading in readings(wanted.text, finder.spoken):
        numerals = tuple(term for term in reading if term.isdecimal())
        if not numerals or not all(term.isdecimal() or term.isalpha() for term in reading):
            continue
        if len(tuple(_number_matches(numerals, finder))) == len(numerals):
            kinds: list[Literal["number", "word"]] = ["number" if t.isdecimal() else "word" for t in reading]
            terms = zip(reading, kinds, strict=True)
            parts = [replace(wanted, text=term, glosses=(), kind=kind) for term, kind in terms]
            return _together([resolve(part, finder, oov) for part in parts])
    return None


def _spelled_number(wanted: Wanted, finder: Finder, oov: Oov) -> Resolved:
    words = spelled_reading(wanted.text, finder.spoken)
    if not words:
        digits = sum(map(str.isdigit, wanted.text))
        note = (
            f"more than {MAX_DIGITS} digits"
            if digits > MAX_DIGITS
            else "no signs for digits and no number words"
        )
        return Resolved("missing", note=note)
    return _spelled(wanted, " ".join(words), finder, oov, f"as {' '.join(words)}")


def _number_matches(reading: tuple[str, ...], finder: Finder) -> Iterator[Match]:
    for term in reading:
        match = finder.find(term) or (finder.letter(term) if len(term) == 1 else None)
        if match is None:
            return
        yield match


def _unknown(wanted: Wanted, finder: Finder, oov: Oov) -> Resolved:
    """Policy for a word that the lexicon lacks; a single letter is a sign of the alphabet and not unknown."""
    if wanted.kind == "symbol":
        return _symbol(wanted, finder, oov)
    if wanted.kind == "emoji":
        return Resolved("missing", note="no sign for this emoji")
    match = finder.letter(wanted.text)
    if match is not None:
        return _signed(wanted, (match,), "letter")
    return _spelled(wanted, wanted.text, finder, oov)


def _symbol(wanted: Wanted, finder: Finder, oov: Oov) -> Resolved:
    name = _SYMBOLS.get(primary(finder.spoken), {}).get(wanted.text)
    if name is None:
        return Resolved("missing", note="no sign for this symbol")
    match = finder.find_word(name)
    if match is None:
        return _spelled(wanted, name, finder, oov, f"as {name}")
    return _signed(wanted, (match,), note=f"as {name}")


def _spelled(wanted: Wanted, text: str, finder: Finder, oov: Oov, note: str = "") -> Resolved:
    if oov != "fingerspell":
        return Resolved("missing", note="not in the lexicon")
    if not finder.alphabet.letters:
        return Resolved("missing", note="not in the lexicon, which has no letters to spell it with")
    spelling = spell(text, finder.alphabet, finder.spoken)
    if any(character.isdigit() for character in spelling.missing):
        text = "".join(_in_letters(character, finder.spoken) for character in text)
        spelling = spell(text, finder.alphabet, finder.spoken)
        note = note or f"as {text}"
    matches = [finder.letter(letter) for letter in spelling.letters]
    notes = "; ".join(part for part in (note, spelling.note) if part)
    if spelling.missing or not matches or None in matches:
        return Resolved("missing", note=notes or "nothing to spell")
    found = tuple(match for match in matches if match is not None)
    return _signed(wanted, found, "letter", notes, spelling.letters)


def _in_letters(character: str, language: str) -> str:
    """A digit by its name: an alphabet has letters only."""
    return " ".join(spelled_reading(character, language)) or character if character.isdigit() else character


def _parts(wanted: Wanted) -> Iterator[Wanted]:
    for text in wanted.text.split():
        yield Wanted(text, wanted.tokens, (), wanted.kind, wanted.non_manuals)


def _together(parts: list[Resolved]) -> Resolved:
    order = ("dropped", "signed", "spelled", "missing")
    worst = max((part.outcome for part in parts), key=order.index)
    return Resolved(
        worst,
        tuple(item for part in parts for item in part.items),
        tuple(gloss for part in parts for gloss in part.glosses),
        "; ".join(dict.fromkeys(part.note for part in parts if part.note)),
    )
