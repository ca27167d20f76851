"""Tokens to sentences and clauses: where the marks stand, what is asked, which words are one sign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from signgen.lexicon.finder import Finder
from signgen.lexicon.keys import listed, word_key
from signgen.lexicon.marks import asks, ends_sentence, pause
from signgen.lexicon.rules.base import Clause, Word
from signgen.lexicon.tokens import Token

# A clause that begins with one of these belongs to the question before it: "tea, coffee, or milk?"
_COORDINATORS = listed(
    "or and oder und ou et o y e ni eller og och of en lub albo czy i nebo alebo ili и или або ve veya ya أو و"
)
# Words of an item of such a list, at most.
_LIST_ITEM = 2


@dataclass(frozen=True)
class Span:
    """A clause and the marks after it, by token index."""

    words: tuple[int, ...]
    marks: tuple[int, ...]
    asks: bool = False


def split_clauses(tokens: Sequence[Token], text: str, language: str) -> Iterator[Span]:
    """Clauses in order; every token is in exactly one, as a word or as a mark.

    A mark that gives no pause (quotes, brackets) splits nothing. A blank line ends a sentence.
    """
    sentence: list[tuple[list[int], list[int]]] = [([], [])]
    for index, token in enumerate(tokens):
        words, marks = sentence[-1]
        if token.kind == "mark":
            marks.append(index)
            continue
        closed = [tokens[mark].text for mark in marks if pause(tokens[mark].text, language)]
        gap = text[tokens[index - 1].start + len(tokens[index - 1].text) : token.start] if index else ""
        if any(ends_sentence(mark, language) for mark in closed) or gap.count("\n") > 1:
            yield from _spans(sentence, tokens, language)
            sentence = [([index], [])]
        elif closed:
            sentence.append(([index], []))
        else:
            words.append(index)
    yield from _spans(sentence, tokens, language)


def _spans(
    sentence: list[tuple[list[int], list[int]]], tokens: Sequence[Token], language: str
) -> Iterator[Span]:
    question = any(asks(tokens[mark].text, language) for mark in sentence[-1][1]) or any(
        "՞" in tokens[index].text for words, _ in sentence for index in words
    )
    asked = len(sentence) - 1
    if question and _continues(sentence[asked][0], tokens):
        asked -= asked > 0
        while asked > 0 and len(sentence[asked][0]) <= _LIST_ITEM:
            asked -= 1
    for place, (words, marks) in enumerate(sentence):
        yield Span(tuple(words), tuple(marks), question and place >= asked)


def _continues(words: list[int], tokens: Sequence[Token]) -> bool:
    return not words or tokens[words[0]].text.lower() in _COORDINATORS


def make_clause(span: Span, tokens: Sequence[Token], finder: Finder) -> Clause:
    """The words of a span; the longest run of words that the lexicon has as one sign is one word."""
    words: list[Word] = []
    place = 0
    while place < len(span.words):
        length = _phrase_length(span.words[place:], tokens, finder)
        indices = span.words[place : place + length]
        text = " ".join(tokens[index].text for index in indices)
        words.append(Word(text, word_key(text), indices, tokens[indices[0]].kind, length > 1))
        place += length
    return Clause(tuple(words), span.asks, finder.spoken)


def _phrase_length(indices: Sequence[int], tokens: Sequence[Token], finder: Finder) -> int:
    for length in range(min(finder.longest_phrase, len(indices)), 1, -1):
        if finder.has_word(" ".join(tokens[index].text for index in indices[:length])):
            return length
    return 1
