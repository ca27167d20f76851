"""Which test texts did a model read in training, word for word or nearly so?"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError
from signgen.judge.text.bags import BagIndex
from signgen.judge.text.checks import check_texts
from signgen.judge.text.languages import words_of
from signgen.judge.text.lcs import edit_similarity

DEFAULT_NEAR = 0.8


@dataclass(frozen=True)
class Leak:
    """A test text that stands in the training text.

    Attributes:
        test: index of the text in the test.
        train: index of the text in training that is most like it, the first of several.
        similarity: the larger of edit similarity and Jaccard similarity of words, 0 to 1.
        is_exact: whether the two are the same text, case, punctuation and spaces aside.
    """

    test: int
    train: int
    similarity: float
    is_exact: bool


@dataclass(frozen=True)
class LeakReport:
    """What of a test was read in training.

    Attributes:
        tests: texts of the test.
        leaks: found, in the order of the test.
        near: least similarity that counts.
    """

    tests: int
    leaks: tuple[Leak, ...]
    near: float

    @property
    def exact(self) -> tuple[Leak, ...]:
        """Those word for word."""
        return tuple(leak for leak in self.leaks if leak.is_exact)

    @property
    def share(self) -> float:
        """Of test texts that leaked, 0 to 1."""
        return len(self.leaks) / self.tests


def normalised(text: str) -> str:
    """A text without case, punctuation, odd spaces and different codes of the same letter.

    >>> normalised(" Im  Norden: Regen\u00a0.")
    'im norden regen'
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = (" " if unicodedata.category(letter).startswith("P") else letter for letter in folded)
    return " ".join("".join(kept).split())


def leak_audit(
    train_texts: Sequence[str], test_texts: Sequence[str], language: str, near: float = DEFAULT_NEAR
) -> LeakReport:
    """Find test texts among training texts.

    Two texts are near each other if at least ``near`` of their words stay in place (edit similarity) or at least
    ``near`` of all their words are shared (Jaccard similarity).

    Args:
        train_texts: all texts that the model, or the language model in it, was trained on.
        test_texts: of the test.
        language: of the texts.
        near: least similarity that counts, above 0.5; 1 for the same words only.

    Raises:
        ConfigError: ``near`` out of range.
        DataError: no texts, or something that is no text.
    """
    if not 0.5 < near <= 1:
        raise ConfigError(
            f"near {near!r}: must be above 0.5 and at most 1; 0.8 finds texts that differ in a word or two"
        )
    check_texts(train_texts, "training texts")
    check_texts(test_texts, "test texts")
    train = [normalised(text) for text in train_texts]
    first = {text: index for index, text in reversed(list(enumerate(train)))}
    words = [words_of(text, language) for text in train]
    index = BagIndex(words)
    leaks = []
    for number, text in enumerate(map(normalised, test_texts)):
        if text in first:
            leaks.append(Leak(number, first[text], 1.0, is_exact=True))
        elif (leak := _nearest(number, words_of(text, language), words, index, near)) is not None:
            leaks.append(leak)
    return LeakReport(len(test_texts), tuple(leaks), near)


def _nearest(
    number: int, text: Sequence[str], train: Sequence[Sequence[str]], index: BagIndex, near: float
) -> Leak | None:
    # Of m words, near * m kept in place are shared by both bags of at most m words: Jaccard is near / (2 - near)
    # or more. So the few bags above that hold every text that can be near.
    shared = index.similarity(text)
    best: Leak | None = None
    for place in np.flatnonzero(shared >= near / (2 - near) - 1e-9).tolist():
        likeness = max(float(shared[place]), edit_similarity(text, train[place]))
        if likeness >= near - 1e-9 and (best is None or likeness > best.similarity):
            best = Leak(number, place, likeness, is_exact=False)
    return best
