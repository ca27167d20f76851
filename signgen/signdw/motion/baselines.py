"""What a motion tokenizer must beat at equal bits: the mean pose, and principal components with scalar quantisers."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence

import numpy as np

from signgen.signdw.motion.loss import KEYPOINT_WEIGHTS
from signgen.signdw.motion.parts import Parts
from signgen.signdw.motion.report import Decoded
from signgen.signdw.motion.tokenizer import STRIDE

Baseline = Callable[[Sequence[Parts]], list[Decoded]]
# No component gets more bits than this: finer than float32's use for it, and codebooks stay small.
_MOST_BITS = 10
# What the tokenizer's loss says matters.
_WEIGHTS = KEYPOINT_WEIGHTS.numpy()
_ROUNDS = 10


def mean_pose(train: Sequence[Parts]) -> Baseline:
    """Every frame is the mean of the training clips; it needs no bits."""
    middle = _middle(train)

    def decode(clips: Sequence[Parts]) -> list[Decoded]:
        return [(np.repeat(middle[None], len(clip), 0), clip.visible) for clip in clips]

    return decode


def principal_components(train: Sequence[Parts], bits: float) -> Baseline:
    """Steps of 4 frames in principal components, each with the scalar quantiser that its share of the bits allows.

    The best that is linear and has no memory, nearly: components from the covariance of all keypoints, weighted as
    the tokenizer's loss weights them, bits to wherever a further one gains most, levels by Lloyd's algorithm on the
    training clips.

    Args:
        train: clips that components and quantisers are from; hidden keypoints count as at their mean.
        bits: of a step.
    """
    middle = _middle(train)
    steps = np.concatenate([_steps(clip, middle) for clip in train])
    values, vectors = np.linalg.eigh(steps.T @ steps / len(steps))
    shares = allocate(values[::-1].clip(min=0), int(bits))
    used = np.flatnonzero(shares)
    basis = vectors[:, ::-1][:, used]
    columns = (steps @ basis).T
    levels = [lloyd(column, 2 ** int(shares[i])) for i, column in zip(used, columns, strict=True)]

    def decode(clips: Sequence[Parts]) -> list[Decoded]:
        return [(_decoded(clip, middle, basis, levels), clip.visible) for clip in clips]

    return decode


def allocate(variances: np.ndarray, bits: int) -> np.ndarray:
    """(n,) bits of each component, given one by one where the error, variance / 4 ** bits, is largest."""
    found = np.zeros(len(variances), np.int64)
    errors = [(-float(variance), i) for i, variance in enumerate(variances)]
    heapq.heapify(errors)
    for _ in range(bits):
        error, i = heapq.heappop(errors)
        found[i] += 1
        heapq.heappush(errors, (error / 4 if found[i] < _MOST_BITS else 0.0, i))
    return found


def lloyd(values: np.ndarray, count: int) -> np.ndarray:
    """(count,) ascending levels of a scalar quantiser: equal shares of the values first, then Lloyd's algorithm."""
    levels: np.ndarray = np.quantile(values, (np.arange(count) + 0.5) / count)
    for _ in range(_ROUNDS):
        codes = _nearest(values, levels)
        sums = np.bincount(codes, values, count)
        counts = np.bincount(codes, minlength=count)
        levels = np.sort(np.where(counts > 0, sums / counts.clip(min=1), levels))
    return levels


def _nearest(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.searchsorted((levels[1:] + levels[:-1]) / 2, values)
    return found


def _middle(train: Sequence[Parts]) -> np.ndarray:
    """(128, C) float32 mean of the values that are there."""
    total = sum(clip.values.sum(0, dtype=np.float64) for clip in train)
    count = sum(clip.visible.sum(0) for clip in train)
    middle: np.ndarray = (total / np.maximum(count, 1)[:, None]).astype(np.float32)
    return middle


def _steps(clip: Parts, middle: np.ndarray) -> np.ndarray:
    """(S, 4 * 128 * C) differences from the mean, the last frame held to fill the last step."""
    away = np.where(clip.visible[..., None], clip.values - middle, 0) * _WEIGHTS[:, None]
    filled = np.concatenate([away, np.repeat(away[-1:], -len(away) % STRIDE, 0)])
    return filled.reshape(len(filled) // STRIDE, -1)


def _decoded(clip: Parts, middle: np.ndarray, basis: np.ndarray, levels: list[np.ndarray]) -> np.ndarray:
    columns = (_steps(clip, middle) @ basis).T
    found = np.stack([own[_nearest(column, own)] for own, column in zip(levels, columns, strict=True)])
    away = (found.T @ basis.T).reshape(-1, *middle.shape)[: len(clip)]
    values: np.ndarray = (away / _WEIGHTS[:, None] + middle).astype(np.float32)
    return values
