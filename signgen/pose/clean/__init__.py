"""Mend what estimators of poses get wrong, and say what was mended.

In this order: sides of the body that were exchanged, hands at the wrong wrist, hands that are another's or found
twice, keypoints that leap, short gaps, and, on request, jitter. Nothing is invented over longer gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from signgen.config import setting
from signgen.errors import PoseError
from signgen.pose.clean.jitter import smoothed
from signgen.pose.clean.outliers import leaps, long_bones
from signgen.pose.clean.repair import Repair, repairs
from signgen.pose.clean.swaps import doubled_hands, exchange, stray_hands, swapped_sides, wrong_hands
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import PARTS
from signgen.pose.motion import fill_gaps, join, split
from signgen.pose.sequence import PoseSequence

__all__ = ["Cleaned", "Cleaning", "Repair", "clean"]


@dataclass(frozen=True)
class Cleaning:
    """What is mended."""

    sides: bool = setting(True, "exchange left and right where the estimator took one for the other")
    hands: bool = setting(True, "put hands at the right wrist; drop another person's and those found twice")
    outliers: bool = setting(True, "drop keypoints that leap away for a frame or two")
    longest_gap: Annotated[float, Ge(0)] = setting(0.25, "gaps up to this long are filled [s]")
    least_confidence: Annotated[float, Ge(0)] = setting(0.0, "keypoints below count as missing")
    smooth: bool = setting(False, "take out jitter above 6 Hz (body) and 9 Hz (fingers)")


@dataclass(frozen=True, eq=False)
class Cleaned:
    """Mended poses and what was done to them, in order of time."""

    poses: PoseSequence
    repairs: tuple[Repair, ...]


def clean(poses: PoseSequence, settings: Cleaning | None = None) -> Cleaned:
    """Poses of an estimator without its usual errors.

    A clip in which no frame shows both shoulders has no measure for distances: there only gaps are filled.
    """
    settings = settings or Cleaning()
    points, confidence = split(poses)
    confidence[confidence < settings.least_confidence] = 0
    points[confidence == 0] = 0
    done: list[Repair] = []
    width = _shoulder_width(poses)
    if width:
        if settings.sides:
            done += _mend_sides(points, confidence, width)
        if settings.hands:
            done += _mend_hands(points, confidence, width)
        if settings.outliers:
            done += _drop_outliers(points, confidence, width)
    mended = join(poses, points, confidence)
    filled = fill_gaps(mended, round(settings.longest_gap * poses.fps))
    done += _by_part("gap", (filled.confidence > 0) & (mended.confidence == 0))
    if settings.smooth:
        points, confidence = split(filled)
        filled = join(filled, smoothed(points, confidence, filled.fps), confidence)
    return Cleaned(filled, tuple(sorted(done, key=lambda repair: (repair.start, repair.kind, repair.part))))


def _shoulder_width(poses: PoseSequence) -> float:
    try:
        return shoulder_frame(poses).width
    except PoseError:
        return 0.0


def _mend_sides(points: np.ndarray, confidence: np.ndarray, width: float) -> list[Repair]:
    swapped = swapped_sides(points[..., :2], confidence, width)
    # Estimators that find hands on their own may be right about them: they are judged by the wrists afterwards.
    for array in (points, confidence):
        exchange(array, swapped)
    return repairs("swapped sides", "body", swapped)


def _mend_hands(points: np.ndarray, confidence: np.ndarray, width: float) -> list[Repair]:
    wrong = wrong_hands(points[..., :2], confidence, width)
    done = repairs("wrong hand", "hands", wrong)
    for array in (points, confidence):
        array[wrong, 18:39], array[wrong, 39:60] = array[wrong, 39:60], array[wrong, 18:39]
    for kind, find in (("one hand twice", doubled_hands), ("stray hand", stray_hands)):
        for side, frames in find(points[..., :2], confidence, width).items():
            done += repairs(kind, side, frames)
            _drop(points, confidence, frames, PARTS[side])
    return done


def _drop(points: np.ndarray, confidence: np.ndarray, frames: np.ndarray, part: slice) -> None:
    points[frames, part] = 0
    confidence[frames, part] = 0


def _drop_outliers(points: np.ndarray, confidence: np.ndarray, width: float) -> list[Repair]:
    found = leaps(points[..., :2], confidence, width) | long_bones(points[..., :2], confidence)
    points[found] = 0
    confidence[found] = 0
    return _by_part("outlier", found)


def _by_part(kind: str, found: np.ndarray) -> list[Repair]:
    return [
        r for part, span in PARTS.items() for r in repairs(kind, part, np.asarray(found[:, span].any(axis=1)))
    ]
