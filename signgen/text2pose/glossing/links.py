"""Which word goes with which gloss: IBM model 1 with a leaning to the diagonal, both ways (Dyer et al., 2013)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

Tokens = tuple[str, ...]
Link = tuple[int, int]

ROUNDS = 8
# How strongly a word looks for its gloss at the same share of the sentence.
DIAGONAL = 4.0
# Two are linked if the probabilities of both directions multiply to this.
LEAST = 0.1


class Cells(NamedTuple):
    """All (word, gloss) pairs of all sentences, one below the other, as indices.

    Attributes:
        sentence: its number.
        word: place of the word in its sentence.
        gloss: place of the gloss.
        word_at: number of this word token among all.
        gloss_at: number of this gloss token.
        word_type: number of the word.
        gloss_type: number of the gloss.
        kind: number of the pair of types.
        near: prior, larger near the diagonal.
    """

    sentence: np.ndarray
    word: np.ndarray
    gloss: np.ndarray
    word_at: np.ndarray
    gloss_at: np.ndarray
    word_type: np.ndarray
    gloss_type: np.ndarray
    kind: np.ndarray
    near: np.ndarray


def link(texts: Sequence[Tokens], glosses: Sequence[Tokens]) -> list[list[Link]]:
    """(word, gloss) places that belong together, for each sentence, in order."""
    cells = _cells(texts, glosses)
    forward = _posterior(cells, cells.word_type, cells.gloss_at)
    backward = _posterior(cells, cells.gloss_type, cells.word_at)
    found: list[list[Link]] = [[] for _ in texts]
    for k in np.flatnonzero(forward * backward >= LEAST).tolist():
        found[cells.sentence[k]].append((int(cells.word[k]), int(cells.gloss[k])))
    return found


def _posterior(cells: Cells, given: np.ndarray, token: np.ndarray) -> np.ndarray:
    """Share of each cell in ``token``, which is made by one of the ``given`` of its sentence, after some rounds."""
    chance = np.ones(int(cells.kind.max()) + 1)
    parent = np.zeros(len(chance), np.int64)
    parent[cells.kind] = given
    share = cells.near
    for _ in range(ROUNDS):
        weight = chance[cells.kind] * cells.near
        share = weight / np.bincount(token, weight)[token]
        counts = np.bincount(cells.kind, share)
        chance = counts / np.bincount(parent, counts)[parent]
    return share


def _cells(texts: Sequence[Tokens], glosses: Sequence[Tokens]) -> Cells:
    words: dict[str, int] = {}
    signs: dict[str, int] = {}
    columns: list[np.ndarray] = []
    first_word = first_gloss = 0
    for number, (text, gloss) in enumerate(zip(texts, glosses, strict=True)):
        n, m = len(text), len(gloss)
        i, j = (grid.ravel() for grid in np.meshgrid(range(n), range(m), indexing="ij"))
        text_types = np.array([words.setdefault(word, len(words)) for word in text], np.int64)
        gloss_types = np.array([signs.setdefault(sign, len(signs)) for sign in gloss], np.int64)
        columns.append(
            np.stack(
                [np.full(n * m, number), i, j, first_word + i, first_gloss + j, text_types[i], gloss_types[j]]
            )
        )
        first_word, first_gloss = first_word + n, first_gloss + m
    table = np.concatenate(columns, axis=1).astype(np.int64)
    _, kind = np.unique(table[5] * len(signs) + table[6], return_inverse=True)
    lengths = np.array([(len(text), len(gloss)) for text, gloss in zip(texts, glosses, strict=True)])
    place = (table[1:3].T + 0.5) / lengths[table[0]]
    near = np.exp(-DIAGONAL * np.abs(place[:, 0] - place[:, 1]))
    sentence, word, gloss, word_at, gloss_at, word_type, gloss_type = table
    return Cells(sentence, word, gloss, word_at, gloss_at, word_type, gloss_type, kind.reshape(-1), near)
