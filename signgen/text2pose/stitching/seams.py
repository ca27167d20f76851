"""The seam report: how each transition compares with movement inside signs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from signgen.pose.bones import FINGER_BONES
from signgen.pose.layout import PARENTS
from signgen.text2pose.stitching.assemble import Run
from signgen.text2pose.stitching.clip import Clip
from signgen.text2pose.stitching.kernels import seam_figures

PERCENTILE = 95
# The same figures of 12 fluent DGS sentences (30.8 s).
FLUENT = (3.1, 29.9, 433.0)


def within_sign_limits(recordings: Sequence[Clip]) -> np.ndarray:
    """(3,) 95th percentile of wrist speed, acceleration and jerk inside the recordings, at their own tempo.

    Recordings that were cut to the bare sign have lost most of their movement: if all were, the figures are those
    of fluent signing (`FLUENT`).
    """
    unique = {id(clip): clip.derivatives for clip in recordings if not clip.is_cut}
    if not unique:
        return np.array(FLUENT)
    pooled = np.concatenate(list(unique.values()), axis=1)
    return np.array([_percentile(row[np.isfinite(row)]) for row in pooled])


def _percentile(values: np.ndarray) -> float:
    """The `PERCENTILE` of (n,) values, interpolated; NaN of none."""
    place = PERCENTILE / 100 * (len(values) - 1)
    return float(np.interp(place, np.arange(len(values)), np.sort(values))) if len(values) else math.nan


def figures_of(clip: Clip, transitions: Sequence[Run], first: int = 0) -> np.ndarray:
    """(n, 4) peak speed, acceleration, jerk and finger-bone ratio of transitions; the clip begins at ``first``."""
    spans = np.array([(run.start - first, run.end - first) for run in transitions], dtype=np.int64).reshape(
        -1, 2
    )
    return np.asarray(
        seam_figures(clip.points, clip.confidence, clip.derivatives, spans, FINGER_BONES, PARENTS)
    )


def seam_report(transitions: Sequence[Run], figures: np.ndarray, limits: np.ndarray) -> dict[str, Any]:
    """The ``figures`` of each transition beside the ``limits`` (3,) they are held against, ready for JSON."""
    names = ("speed", "acceleration", "jerk", "finger_bone_ratio")
    return {
        "unit": "shoulder widths per second, second squared, second cubed",
        f"within_sign_p{PERCENTILE}": {
            name: _number(v) for name, v in zip(names[:3], limits.tolist(), strict=True)
        },
        "seams": [
            {"after_sign": run.sign, "start": run.start, "end": run.end}
            | {name: _number(value) for name, value in zip(names, row, strict=True)}
            for run, row in zip(transitions, figures.tolist(), strict=True)
        ],
    }


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
