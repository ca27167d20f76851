"""Which texts are the same or nearly: compared word by word, without case and punctuation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Protocol

from signgen.lexicon.keys import word_key

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

Words = tuple[str, ...]


def words_of(text: str) -> Words:
    """The words of a text as they are compared.

    >>> words_of("Don't worry, Tom!")
    ("don't", 'worry', 'tom')
    """
    return tuple(_WORD.findall(word_key(text)))


class Said(Protocol):
    """A sentence, of a grammar or of anything else."""

    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def gloss(self) -> str: ...  # noqa: D102


class HeldOut:
    """Sentences of dev or test, to be told apart from others.

    Two sentences are the *same* if they have the same words in any order, or the same glosses in the same order: then
    one says nothing new about the other. They are *near* if one word put in, left out or replaced turns one into the
    other.
    """

    def __init__(self) -> None:
        self._same: dict[object, set[int]] = defaultdict(set)
        self._near: dict[object, set[int]] = defaultdict(set)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, sentence: Said) -> None:
        """Hold one more sentence."""
        words = words_of(sentence.text)
        for key in _same_keys(sentence, words):
            self._same[key].add(self._count)
        self._near["text", words].add(self._count)
        for key in _changed(words):
            self._near[key].add(self._count)
        self._count += 1

    def same(self, sentence: Said) -> set[int]:
        """Numbers of the sentences that say the same."""
        found: set[int] = set()
        for key in _same_keys(sentence, words_of(sentence.text)):
            found |= self._same.get(key, set())
        return found

    def near(self, sentence: Said) -> set[int]:
        """Numbers of the sentences whose text is the same or one word away."""
        words = words_of(sentence.text)
        found = self._near.get(("text", words), set()) | self._near.get(("shorter", words), set())
        for key in _changed(words):
            kind, *rest = key
            found = found | self._near.get(("text", rest[0]) if kind == "shorter" else key, set())
        return found


def _same_keys(sentence: Said, words: Words) -> tuple[object, ...]:
    # Without glosses nothing is known of how it is signed, and that is not the same as anything.
    signed = (("gloss", sentence.gloss),) if sentence.gloss else ()
    return ("words", tuple(sorted(words))), *signed


def _changed(words: Words) -> Iterator[tuple[object, ...]]:
    """A text with each word left out, and with each word open."""
    for place in range(len(words)):
        shorter = words[:place] + words[place + 1 :]
        yield "shorter", shorter
        yield "open", place, shorter
