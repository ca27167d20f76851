"""Finds texts with nearly the same words among many, by counting shared words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def _numbered(words: Sequence[str]) -> list[tuple[str, int]]:
    """Words told apart from their own repeats, so that a bag can be held as a set."""
    seen: dict[str, int] = {}
    numbered = []
    for word in words:
        seen[word] = seen.get(word, 0) + 1
        numbered.append((word, seen[word]))
    return numbered


class BagIndex:
    """Bags of words of many texts, and where each word occurs.

    Attributes:
        sizes: (n,) words in each text.
    """

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        places: dict[tuple[str, int], list[int]] = {}
        for index, words in enumerate(texts):
            for word in _numbered(words):
                places.setdefault(word, []).append(index)
        self.sizes = np.array([len(words) for words in texts], np.int64)
        self._places = {word: np.array(where, np.int32) for word, where in places.items()}

    def similarity(self, words: Sequence[str]) -> np.ndarray:
        """(n,) Jaccard similarity of bags: words shared by those in either, repeats counted; 0 to 1."""
        found = [self._places[word] for word in _numbered(words) if word in self._places]
        if not found:
            return np.zeros(len(self.sizes))
        shared = np.bincount(np.concatenate(found), minlength=len(self.sizes))
        jaccard: np.ndarray = shared / (self.sizes + len(words) - shared)
        return jaccard
