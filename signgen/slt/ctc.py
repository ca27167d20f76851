"""Glosses from the scores of single frames: the likeliest path, or the likeliest sequence by prefix beam."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from signgen.nn.tokenizer import BLANK

MAX_SYMBOLS = 20


def greedy_glosses(chances: np.ndarray) -> tuple[int, ...]:
    """The likeliest symbol of each frame of (T, glosses) log-probabilities; repeats merged, then blanks left out."""
    path = chances.argmax(-1)
    changes = np.concatenate([[True], path[1:] != path[:-1]]) if len(path) else np.zeros(0, bool)
    return tuple(int(symbol) for symbol in path[changes] if symbol != BLANK)


def beam_glosses(
    chances: np.ndarray, beam: int = 5, symbols: int = MAX_SYMBOLS
) -> tuple[tuple[int, ...], float]:
    """The sequence whose paths together are likeliest, and its log-probability, by prefix beam search.

    Each prefix keeps the probability of its paths that end in a blank and of those that end in its last gloss (Hannun
    et al., 2014, without a language model). Exact if ``beam`` and ``symbols`` are large enough to keep all.

    Args:
        chances: (T, glosses) natural log-probabilities.
        beam: prefixes kept after each frame.
        symbols: likeliest glosses looked at in each frame.
    """
    prefixes: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -math.inf)}
    for frame in chances:
        grown = _grow(prefixes, frame, _likeliest(frame, symbols))
        ranked = sorted(grown.items(), key=lambda item: (-_add(*item[1]), item[0]))
        prefixes = dict(ranked[:beam])
    best = min(prefixes, key=lambda prefix: (-_add(*prefixes[prefix]), prefix))
    return best, _add(*prefixes[best])


def _grow(
    prefixes: dict[tuple[int, ...], tuple[float, float]], frame: np.ndarray, symbols: Sequence[int]
) -> dict[tuple[int, ...], tuple[float, float]]:
    """All prefixes after one more frame, each with the log-probability (ending in a blank, ending in its gloss)."""
    grown: dict[tuple[int, ...], tuple[float, float]] = {}
    blank = float(frame[BLANK])
    for prefix, (in_blank, in_gloss) in prefixes.items():
        both = _add(in_blank, in_gloss)
        _put(grown, prefix, both + blank, in_gloss + float(frame[prefix[-1]]) if prefix else -math.inf)
        for symbol in symbols:
            # A gloss after itself is a new one only across a blank.
            before = in_blank if prefix and prefix[-1] == symbol else both
            _put(grown, (*prefix, symbol), -math.inf, before + float(frame[symbol]))
    return grown


def _put(
    grown: dict[tuple[int, ...], tuple[float, float]],
    prefix: tuple[int, ...],
    in_blank: float,
    in_gloss: float,
) -> None:
    old = grown.get(prefix, (-math.inf, -math.inf))
    grown[prefix] = (_add(old[0], in_blank), _add(old[1], in_gloss))


def _likeliest(frame: np.ndarray, count: int) -> list[int]:
    order = np.argsort(-frame, kind="stable")[: count + 1]
    return [int(symbol) for symbol in order if symbol != BLANK][:count]


def _add(a: float, b: float) -> float:
    """Logarithm of the sum of two numbers given by their logarithms."""
    if a < b:
        a, b = b, a
    return a if b == -math.inf else a + math.log1p(math.exp(b - a))
