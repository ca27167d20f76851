"""Make the movement of the hands within signs larger or smaller, with arms that keep their length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signgen.pose.layout import PARENTS
from signgen.text2pose.stitching.assemble import Run
from signgen.text2pose.stitching.clip import SIDES

# The share of its full length to which an arm stretches at most, and folds at least.
_STRAIGHT = 0.995


def scale_movement(
    points: np.ndarray, confidence: np.ndarray, runs: Sequence[Run], factor: float
) -> np.ndarray:
    """Points whose wrists move ``factor`` times as far about the middle of each sign.

    Places of signs stay, so a smaller movement at the chin is still at the chin. Between signs the change runs
    evenly from one to the next, and it fades out towards rest. Hands keep their shape and turn; in space the elbow is
    put where both bones of the arm keep their length.

    Args:
        points: (T, 128, 2 or 3).
        confidence: (T, 128).
        runs: what each frame is.
        factor: 1 changes nothing.
    """
    out = points.copy()
    if factor == 1:
        return out
    for wrist, elbow, first in SIDES:
        seen = confidence[:, [wrist, elbow, PARENTS[elbow]]].min(axis=1) > 0
        if not seen.any():
            continue
        change = (factor - 1) * _about_signs(points[:, wrist], runs)
        change[~seen] = 0
        target = points[:, wrist] + change
        shoulder = points[:, PARENTS[elbow]]
        if points.shape[2] == 3:
            target, bent = _arm(shoulder, points[:, elbow], points[:, wrist], target)
            out[seen, elbow] = bent[seen]
        else:
            out[seen, elbow] += change[seen] / 2
        out[seen, wrist] = target[seen]
        hand = slice(first, first + 21)
        moved = np.where(seen[:, None], target - points[:, wrist], 0.0)
        out[:, hand] += moved[:, None] * (confidence[:, hand] > 0)[..., None]
    return out


def _about_signs(wrist: np.ndarray, runs: Sequence[Run]) -> np.ndarray:
    """(T, D) where a wrist is from the middle of its sign; between signs what lies between, 0 at rest."""
    known = np.zeros(len(wrist), dtype=bool)
    offset = np.zeros_like(wrist)
    for run in runs:
        if run.operation == "sign":
            frames = slice(run.start, run.end)
            offset[frames] = wrist[frames] - wrist[frames].mean(axis=0)
            known[frames] = True
        elif run.operation == "rest":
            known[run.start : run.end] = True
    at, every = np.flatnonzero(known), np.arange(len(wrist))
    if not len(at):
        return offset
    return np.stack(
        [np.interp(every, at, offset[at, d], left=0, right=0) for d in range(wrist.shape[1])], axis=1
    )


def _arm(
    shoulder: np.ndarray, elbow: np.ndarray, wrist: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Wrist as near to ``target`` as the arm reaches, and the elbow on the side it was on; all (T, 3)."""
    upper, fore = _length(elbow - shoulder), _length(wrist - elbow)
    way = target - shoulder
    length = np.maximum(_length(way), 1e-9)
    # An arm that was straighter or more folded than this before may stay so.
    before = _length(wrist - shoulder)
    longest = np.maximum(_STRAIGHT * (upper + fore), before)
    shortest = np.minimum(np.abs(upper - fore) / _STRAIGHT, before)
    reach = np.clip(length, shortest, longest)
    along = way / length
    aside = elbow - shoulder
    aside = aside - (aside * along).sum(axis=1, keepdims=True) * along
    aside = aside / np.maximum(_length(aside), 1e-9)
    # The triangle of both bones and the line from shoulder to wrist.
    near = (upper**2 + reach**2 - fore**2) / (2 * np.maximum(reach, 1e-9))
    off = np.sqrt(np.maximum(upper**2 - near**2, 0))
    return shoulder + reach * along, shoulder + near * along + off * aside


def _length(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((vectors * vectors).sum(axis=1, keepdims=True)))
