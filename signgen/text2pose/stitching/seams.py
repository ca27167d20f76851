"""The seam report: how each transition compares with movement inside signs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from signgen.pose.bones import FINGER_BONES
from signgen.pose.layout import PARENTS
from signgen.text2pose.stitching.assemble import Run
from signgen.text2pose.stitching.clip import Clip

PERCENTILE = 95


def within_sign_limits(recordings: Sequence[Clip]) -> np.ndarray:
    """(3,) 95th percentile of wrist speed, acceleration and jerk inside the recordings, at their own tempo."""
    pooled = np.concatenate([clip.derivatives for clip in recordings], axis=1)
    if np.isnan(pooled).all():
        return np.full(3, np.nan)
    return np.asarray(np.nanpercentile(pooled, PERCENTILE, axis=1))


def finger_bone_ratio(clip: Clip, run: Run) -> float:
    """Mean length of the finger bones in the middle of a transition over the mean of its two ends; NaN if unseen."""
    if run.start == 0 or run.end >= len(clip) or run.end <= run.start:
        return float("nan")
    from signgen.text2pose.stitching.kernels import finger_ratio

    middle = (run.start + run.end - 1) // 2
    return float(
        finger_ratio(clip.points, clip.confidence, run.start - 1, middle, run.end, FINGER_BONES, PARENTS)
    )


def seam_report(clip: Clip, runs: Sequence[Run], recordings: Sequence[Clip]) -> dict[str, Any]:
    """Figures for each transition and the within-sign limits they are held against, ready for JSON."""
    limits = within_sign_limits(recordings)
    motion = clip.derivatives
    seams = []
    for run in runs:
        if run.operation != "transition":
            continue
        part = motion[:, max(run.start - 1, 0) : run.end + 1]
        peak = [float(np.nanmax(row)) if not np.isnan(row).all() else None for row in part]
        seams.append(
            {
                "after_sign": run.sign,
                "start": run.start,
                "end": run.end,
                "finger_bone_ratio": _number(finger_bone_ratio(clip, run)),
                "speed": _number(peak[0]),
                "acceleration": _number(peak[1]),
                "jerk": _number(peak[2]),
            }
        )
    names = ("speed", "acceleration", "jerk")
    return {
        "unit": "shoulder widths per second, second squared, second cubed",
        f"within_sign_p{PERCENTILE}": {name: _number(v) for name, v in zip(names, limits, strict=True)},
        "seams": seams,
    }


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 4)
