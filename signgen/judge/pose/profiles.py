"""Profiles: named sets of comparisons with their settings, our own and those of published evaluations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from signgen.errors import ConfigError, PoseError
from signgen.judge.pose import aligned, comparisons
from signgen.judge.pose.comparisons import Comparison
from signgen.judge.pose.tracks import at_one_rate
from signgen.pose.layout import FACE, LEFT_WRIST, RIGHT_WRIST
from signgen.pose.sequence import PoseSequence

Poses = tuple[PoseSequence, PoseSequence]


@dataclass(frozen=True)
class Profile:
    """How pairs are compared.

    Attributes:
        comparisons: what is computed.
        prepare: brings hypothesis and reference to one rate; gets them and the rate that was asked for, if any.
        min_confidence: keypoints at or below are missing.
        recipe: what the profile adds to each signature.
    """

    comparisons: tuple[Comparison, ...]
    prepare: Callable[[PoseSequence, PoseSequence, float | None], Poses]
    min_confidence: float
    recipe: dict[str, str]


def _halved(hypothesis: PoseSequence, reference: PoseSequence, fps: float | None) -> Poses:
    """Every second frame of what has 25 fps; what has 12 or 12.5 stays."""
    return _half(hypothesis, fps), _half(reference, fps)


def _half(poses: PoseSequence, fps: float | None) -> PoseSequence:
    if fps is not None:
        poses = at_one_rate(poses, poses, fps)[0]
    if 12 <= poses.fps <= 12.5:
        return poses
    if poses.fps != 25:
        raise PoseError(f"profile slrtp takes 25, 12.5 or 12 fps, not {poses.fps:g}; resample to 25 (fps=25)")
    return poses[::2].replace(fps=12.5)


def _trimmed(hypothesis: PoseSequence, reference: PoseSequence, fps: float | None) -> Poses:
    """Without the first and last frames that show hardly any face or no wrist."""
    first, second = at_one_rate(hypothesis, reference, fps)
    return _trim(first), _trim(second)


def _trim(poses: PoseSequence) -> PoseSequence:
    face = poses.part(FACE)[..., 2].sum(axis=1) > 35
    shown = np.flatnonzero(face & (poses.confidence[:, [LEFT_WRIST, RIGHT_WRIST]].sum(axis=1) > 0))
    return poses[shown[0] : shown[-1] + 1] if len(shown) else poses


def _frame_by_frame(hypothesis: PoseSequence, reference: PoseSequence, fps: float | None) -> Poses:
    if fps is not None:
        raise ConfigError("fps: profile aligned compares frame by frame and resamples nothing")
    aligned.check_aligned(hypothesis, reference)
    return hypothesis, reference


_OURS = (
    *(comparisons.dtw_mje(part) for part in ("all", "body", "hands", "hands-wrist", "face-nose")),
    comparisons.dtw_each("hands"),
    comparisons.pa_mpjpe_hands(),
    comparisons.duration(),
    comparisons.total_distance("wrists"),
    comparisons.total_distance("fingertips"),
    comparisons.jerk_ratio("wrists"),
    comparisons.jerk_ratio("fingertips"),
    comparisons.arc_length_difference("wrists"),
)
_ALIGNED = (
    *(aligned.pck(part, share) for part in ("body", "hands", "face") for share in (0.05, 0.1, 0.2)),
    aligned.oks(),
    aligned.hand_confidence_ratio(),
    aligned.weak_hands(),
    aligned.lost_hands(),
    aligned.swapped_hands(),
    comparisons.jerk_ratio("wrists"),
    comparisons.jerk_ratio("fingertips"),
)
_SLRTP = (
    comparisons.dtw_mje_pooled("layout"),
    comparisons.total_distance_by_side(),
    comparisons.duration_in_frames(),
)
PROFILES = {
    "signgen": Profile(_OURS, at_one_rate, 0.0, {}),
    "aligned": Profile(_ALIGNED, _frame_by_frame, 0.0, {"unit": "reference-shoulders"}),
    # SLRTP 2025's kit warps with fastdtw, radius 1, which overestimates: ours is exact, and the signature says so.
    "slrtp": Profile(_SLRTP, _halved, 0.0, {"frames": "25fps[::2]"}),
    "pt": Profile((comparisons.dtw_absolute("body8+hands"),), at_one_rate, 0.0, {}),
    "ham2pose": Profile((comparisons.dtw_punished("body8+hands"),), _trimmed, 0.2, {"trim": "face+wrist"}),
}


def profile_of(name: str) -> Profile:
    """A profile by name.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in PROFILES:
        raise ConfigError(f"profile: expected one of {', '.join(PROFILES)}, got {name!r}")
    return PROFILES[name]
