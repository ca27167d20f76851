"""Compiled steps of a few sentences: products of vectors and matrices, where setting them up costs most in torch."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

# Sums in any order, so that they run in vector instructions; infinities keep their meaning.
_SUMS = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, fastmath=_SUMS)
def product(x: np.ndarray, weights: np.ndarray, scales: np.ndarray, out: np.ndarray) -> None:
    """Fill ``out`` (R, N) with ``x`` (R, K) times ``weights`` (N, K), float32 or int8, times ``scales`` (N,)."""
    for n in range(weights.shape[0]):
        for r in range(x.shape[0]):
            total = np.float32(0)
            for k in range(weights.shape[1]):
                total += x[r, k] * np.float32(weights[n, k])
            out[r, n] = total * scales[n]


@njit(cache=True, nogil=True, fastmath=_SUMS)
def norm(x: np.ndarray, weight: np.ndarray, eps: float, out: np.ndarray) -> None:
    """Fill ``out`` with ``x`` (R, W) at a root mean square of one, times ``weight``; see `RMSNorm`."""
    root = np.float32(math.sqrt(x.shape[1]))
    for r in range(x.shape[0]):
        total = np.float32(0)
        for k in range(x.shape[1]):
            total += x[r, k] * x[r, k]
        scale = root / (np.sqrt(total) + np.float32(eps))
        for k in range(x.shape[1]):
            out[r, k] = x[r, k] * scale * weight[k]


@njit(cache=True, nogil=True, fastmath=_SUMS)
def attend(
    queries: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    seen: np.ndarray,
    length: int,
    heads: int,
    out: np.ndarray,
) -> None:
    """Fill ``out`` (R, W) with what ``queries`` (R, W) find in (R, T, W) keys and values where ``seen`` (R, T).

    Only the first ``length`` of T are looked at.
    """
    depth = queries.shape[1] // heads
    scale = np.float32(1 / math.sqrt(depth))
    scores = np.empty(length, np.float32)
    for r in range(queries.shape[0]):
        for start in range(0, heads * depth, depth):
            highest = np.float32(-np.inf)
            for t in range(length):
                score = np.float32(0)
                for k in range(start, start + depth):
                    score += queries[r, k] * keys[r, t, k]
                scores[t] = score * scale if seen[r, t] else -np.inf
                highest = max(highest, scores[t])
            total = np.float32(0)
            out[r, start : start + depth] = 0
            for t in range(length):
                share = np.exp(scores[t] - highest)
                total += share
                for k in range(start, start + depth):
                    out[r, k] += share * values[r, t, k]
            for k in range(start, start + depth):
                out[r, k] /= total


@njit(cache=True, nogil=True, fastmath=_SUMS)
def gated(both: np.ndarray, out: np.ndarray) -> None:
    """Fill ``out`` (R, I) with silu of the first half of ``both`` (R, 2 I) times the second."""
    inner = out.shape[1]
    for r in range(out.shape[0]):
        for k in range(inner):
            gate = both[r, k]
            out[r, k] = gate / (np.float32(1) + np.exp(-gate)) * both[r, inner + k]


@njit(cache=True, nogil=True, fastmath=_SUMS)
def rotate(x: np.ndarray, width: int, turns: np.ndarray) -> None:
    """Turn the first ``width`` features of ``x``, neighbours together, by ``turns`` (D / 2,), head after head."""
    pairs = len(turns)
    for r in range(x.shape[0]):
        for pair in range(width // 2):
            turn = turns[pair % pairs]
            a, b = x[r, 2 * pair], x[r, 2 * pair + 1]
            x[r, 2 * pair] = a * turn.real - b * turn.imag
            x[r, 2 * pair + 1] = a * turn.imag + b * turn.real


@njit(cache=True, nogil=True)
def layer_step(
    x: np.ndarray,
    place: int,
    heads: int,
    eps: float,
    turns: np.ndarray,
    keys: np.ndarray,
    values: np.ndarray,
    memory: tuple[np.ndarray, np.ndarray, np.ndarray],
    norms: tuple[np.ndarray, ...],
    weights: tuple[np.ndarray, ...],
    scales: tuple[np.ndarray, ...],
    biases: tuple[np.ndarray, ...],
) -> None:
    """A `RotaryLayer` with a memory, for one more step of each row; ``x`` (R, W) goes in and comes out.

    Args:
        x: of the step.
        place: number of the step.
        heads: of both attentions.
        eps: of the norms.
        turns: (S, D / 2) complex rotations.
        keys: (R, S, W) of earlier steps; those of this one are put in.
        values: likewise.
        memory: keys and values (R, M, W), and (R, M) where they are something.
        norms: weights of the three norms.
        weights: of queries, keys and values; output; queries of the memory; its output; gate and up; down.
        scales: of each.
        biases: of queries of the memory, and of its output.
    """
    rows, width = x.shape
    normed, found = np.empty_like(x), np.empty_like(x)
    three = np.empty((rows, 3 * width), np.float32)
    norm(x, norms[0], eps, normed)
    product(normed, weights[0], scales[0], three)
    rotate(three, 2 * width, turns[place])
    keys[:, place], values[:, place] = three[:, width : 2 * width], three[:, 2 * width :]
    found[:] = three[:, :width]
    seen = np.ones((rows, place + 1), np.bool_)
    attend(found, keys, values, seen, place + 1, heads, normed)
    product(normed, weights[1], scales[1], found)
    x += found
    norm(x, norms[1], eps, normed)
    product(normed, weights[2], scales[2], found)
    found += biases[0]
    attend(found, memory[0], memory[1], memory[2], memory[0].shape[1], heads, normed)
    product(normed, weights[3], scales[3], found)
    x += found
    x += biases[1]
    norm(x, norms[2], eps, normed)
    feed_forward(normed, weights[4], scales[4], weights[5], scales[5], found)
    x += found


@njit(cache=True, nogil=True)
def feed_forward(
    x: np.ndarray,
    gate_and_up: np.ndarray,
    gate_scales: np.ndarray,
    down: np.ndarray,
    down_scales: np.ndarray,
    out: np.ndarray,
) -> None:
    """Fill ``out`` (R, W) with a `SwiGLU` of ``x`` (R, W)."""
    both = np.empty((len(x), len(gate_and_up)), np.float32)
    inner = np.empty((len(x), len(gate_and_up) // 2), np.float32)
    product(x, gate_and_up, gate_scales, both)
    gated(both, inner)
    product(inner, down, down_scales, out)


@njit(cache=True, nogil=True)
def streams_step(
    found: np.ndarray,
    eps: float,
    sizes: np.ndarray,
    table: np.ndarray,
    stream: np.ndarray,
    norm_weight: np.ndarray,
    weights: tuple[np.ndarray, ...],
    scales: tuple[np.ndarray, ...],
    biases: np.ndarray,
    noise: np.ndarray,
    extra: np.ndarray,
    known: np.ndarray,
    temperature: float,
    top_k: int,
    guidance: float,
    codes: np.ndarray,
) -> None:
    """The streams of a step one after another, as `draw_streams`; ``found`` (R, W) grows by the vectors of the codes.

    Args:
        found: by the layers, normed.
        eps: of the norm.
        sizes: (Q,) codes of each stream.
        table: (sum of sizes + Q, W) vectors of codes.
        stream: (Q, W) vectors of streams.
        norm_weight: (W,).
        weights: gate and up, down, and the logits of all streams one after another.
        scales: of each.
        biases: (sum of sizes,) of the logits.
        noise: (B, sum of sizes) Gumbel noise.
        extra: (B, sum of sizes) what is added to logits.
        known: (B, Q) codes that are given; negative: to be drawn.
        temperature: 0: the likeliest.
        top_k: how many of the likeliest are drawn from; 0: all.
        guidance: how much more the text counts; R is 2 B if it is not 1.
        codes: (B, Q) are written here.
    """
    rows, count = found.shape[0], len(codes)
    x, mixed = np.empty_like(found), np.empty_like(found)
    start = 0
    for q in range(len(sizes)):
        stop = start + sizes[q]
        x[:] = found + stream[q]
        if len(weights[0]):
            feed_forward(x, weights[0], scales[0], weights[1], scales[1], mixed)
            x += mixed
        norm(x, norm_weight, eps, mixed)
        logits = np.empty((rows, sizes[q]), np.float32)
        product(mixed, weights[2][start:stop], scales[2][start:stop], logits)
        logits += biases[start:stop]
        for b in range(count):
            chances = logits[b]
            if rows > count:
                chances = logits[b + count] + np.float32(guidance) * (logits[b] - logits[b + count])
            code = known[b, q]
            if code < 0:
                code = drawn(chances + extra[b, start:stop], noise[b, start:stop], temperature, top_k)
            codes[b, q] = code
            for r in range(b, rows, count):
                found[r] += table[start + code]
        start = stop


@njit(cache=True, nogil=True)
def drawn(logits: np.ndarray, noise: np.ndarray, temperature: float, top_k: int) -> int:
    """A draw, as `signgen.signdw.network.dice.draw`."""
    if temperature == 0:
        return int(np.argmax(logits))
    least = np.float32(-np.inf)
    if 0 < top_k < len(logits):
        least = lowest_of_best(logits, top_k)
    best, code = -np.inf, 0
    for n in range(len(logits)):
        if logits[n] >= least:
            value = logits[n] / np.float32(temperature) + noise[n]
            if value > best:
                best, code = value, n
    return code


@njit(cache=True, nogil=True)
def lowest_of_best(logits: np.ndarray, count: int) -> np.float32:
    """The lowest of the ``count`` highest logits; what numba has for sorting takes seconds to compile."""
    best = np.full(count, -np.inf, np.float32)
    for value in logits:
        if value > best[0]:
            place = 1
            while place < count and best[place] < value:
                best[place - 1] = best[place]
                place += 1
            best[place - 1] = value
    return np.float32(best[0])
