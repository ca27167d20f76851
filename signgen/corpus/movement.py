"""Make the movement of the hands within signs larger or smaller, with arms that keep their length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signgen.pose.arms import SIDES, move_hand
from signgen.text2pose.stitching.assemble import Run


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
    for side in SIDES:
        move_hand(out, confidence, side, (factor - 1) * _about_signs(points[:, side[0]], runs))
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
