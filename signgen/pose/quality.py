"""How good the poses of a clip are, as figures, and what makes a clip useless."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Le

from signgen.config import setting
from signgen.errors import PoseError
from signgen.pose.clean.jitter import smoothed
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import (
    FACE,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_SHOULDER,
    LEFT_WRIST,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.pose.motion import split
from signgen.pose.sequence import PoseSequence

# A part is seen in a frame if this share of its keypoints is.
MOST = 0.7
# Another person counts as a second signer if, in this share of the frames, it is this prominent beside the first.
RIVAL = 0.5
# A forearm hangs if it goes down by more than this share of its length.
HANGING = 0.7
_ARMS = [RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST]
Share = Annotated[float, Ge(0), Le(1)]


@dataclass(frozen=True)
class Quality:
    """Figures of a clip; shares are of its frames.

    Attributes:
        frames: their number.
        seconds: duration [s].
        shoulders: median distance of the shoulders [px]; 0 if never seen together.
        body: share with both shoulders and an arm down to the wrist.
        left_hand: share with the left hand.
        right_hand: share with the right hand.
        any_hand: share with at least one hand.
        face: share with the face.
        cut_off: share in which a part of a hand lies outside the canvas while it is raised.
        jitter: median movement of seen body and hand keypoints above the frequencies of signing [shoulder widths].
        travel: mean way of the wrists [shoulder widths a second]; near 0 for someone who does not sign.
        signers: people as prominent as a signer, at least 1 where anybody is seen.
    """

    frames: int
    seconds: float
    shoulders: float
    body: float
    left_hand: float
    right_hand: float
    any_hand: float
    face: float
    cut_off: float
    jitter: float
    travel: float
    signers: int

    def as_dict(self) -> dict[str, Any]:
        """The figures, rounded to four decimals."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass(frozen=True)
class Limits:
    """What a clip must have; the defaults reject what nobody can learn from and keep what is merely poor."""

    seconds: Annotated[float, Ge(0)] = setting(0.2, "least duration [s]")
    shoulders: Annotated[float, Ge(0)] = setting(16.0, "least distance of the shoulders [px]")
    body: Share = setting(0.5, "least share of frames with shoulders and an arm")
    any_hand: Share = setting(0.2, "least share of frames with a hand")
    face: Share = setting(0.2, "least share of frames with a face")
    cut_off: Share = setting(0.6, "largest share of frames with a hand outside the picture")
    jitter: Annotated[float, Ge(0)] = setting(0.06, "largest jitter [shoulder widths]")
    signers: Annotated[int, Ge(1)] = setting(1, "most people as prominent as the signer")


def quality(poses: PoseSequence, others: Sequence[PoseSequence] = ()) -> Quality:
    """The figures of a clip.

    Args:
        poses: the signer.
        others: everybody else in the picture, of the same length.
    """
    seen = poses.confidence > 0
    hands = {side: _part(seen, span) for side, span in (("left", LEFT_HAND), ("right", RIGHT_HAND))}
    width = _width(poses)
    return Quality(
        frames=len(poses),
        seconds=poses.seconds,
        shoulders=width,
        body=_share(_has_arm(seen)),
        left_hand=_share(hands["left"]),
        right_hand=_share(hands["right"]),
        any_hand=_share(hands["left"] | hands["right"]),
        face=_share(_part(seen, FACE)),
        cut_off=_share(_outside(poses)),
        jitter=_jitter(poses, width),
        travel=_travel(poses, width),
        signers=int(seen.any()) + sum(_rivals(poses, other) for other in others),
    )


def reject_reasons(found: Quality, limits: Limits | None = None) -> tuple[str, ...]:
    """Why a clip is of no use, one reason for each limit that it misses; empty if it is of use."""
    limits = limits or Limits()
    if found.signers == 0:
        return ("nobody was found",)
    reasons = []
    if found.seconds < limits.seconds:
        reasons.append(f"too short: {found.seconds:.2f} s")
    if found.shoulders < limits.shoulders:
        reasons.append(f"signer too small: {found.shoulders:.0f} px across the shoulders")
    for name, text in (("body", "body"), ("any_hand", "hands"), ("face", "face")):
        if getattr(found, name) < getattr(limits, name):
            reasons.append(f"{text} found in {getattr(found, name):.0%} of frames only")
    if found.cut_off > limits.cut_off:
        reasons.append(f"hands cut off by the picture in {found.cut_off:.0%} of frames")
    if found.jitter > limits.jitter:
        reasons.append(f"jitter of {found.jitter:.2f} shoulder widths")
    if found.signers > limits.signers:
        reasons.append(f"{found.signers} people sign, or stand as large beside the signer")
    return tuple(reasons)


def _share(frames: np.ndarray) -> float:
    return float(frames.mean()) if len(frames) else 0.0


def _part(seen: np.ndarray, span: slice) -> np.ndarray:
    return np.asarray(seen[:, span].mean(axis=1) >= MOST)


def _has_arm(seen: np.ndarray) -> np.ndarray:
    """(T,) whether both shoulders are seen, and elbow and wrist of a side."""
    arms: np.ndarray = seen[:, _ARMS]
    return np.asarray(arms[:, ::3].all(axis=1) & (arms[:, 1:3].all(axis=1) | arms[:, 4:6].all(axis=1)))


def _width(poses: PoseSequence) -> float:
    try:
        return float(shoulder_frame(poses).width)
    except PoseError:
        return 0.0


def _outside(poses: PoseSequence) -> np.ndarray:
    """(T,) whether a part of a raised hand lies outside the canvas; one that hangs may well leave the picture."""
    sides = ((LEFT_ELBOW, LEFT_WRIST, LEFT_HAND), (RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND))
    return np.asarray(np.logical_or(*(_is_cut(poses, *side) for side in sides)))


def _is_cut(poses: PoseSequence, elbow: int, wrist: int, hand: slice) -> np.ndarray:
    """(T,) whether a hand reaches over the edge; it hangs if its forearm does, by more than `HANGING` of its length."""
    x, y, c = (poses.keypoints[:, hand, i] for i in range(3))
    cut = ((c > 0) & ((x < 0) | (y < 0) | (x >= poses.width) | (y >= poses.height))).any(axis=1)
    forearm = poses.xy[:, wrist] - poses.xy[:, elbow]
    known = (poses.confidence[:, [elbow, wrist]] > 0).all(axis=1)
    hangs = known & (forearm[:, 1] > HANGING * np.linalg.norm(forearm, axis=1))
    return np.asarray(cut & ~hangs)


def _jitter(poses: PoseSequence, width: float) -> float:
    """Median distance of keypoints from their smooth way, over body and hands [shoulder widths]."""
    if not width or len(poses) < 5:
        return 0.0
    points, confidence = split(poses)
    away = np.linalg.norm((points - smoothed(points, confidence, poses.fps))[:, : FACE.start, :2], axis=2)
    seen = confidence[:, : FACE.start] > 0
    return float(np.median(away[seen])) / width if seen.any() else 0.0


def _travel(poses: PoseSequence, width: float) -> float:
    wrists = poses.keypoints[:, [LEFT_WRIST, RIGHT_WRIST]]
    both = (wrists[1:, :, 2] > 0) & (wrists[:-1, :, 2] > 0)
    if not width or not both.any():
        return 0.0
    steps = np.linalg.norm(np.diff(wrists[..., :2], axis=0), axis=2)
    return float(steps[both].mean()) * poses.fps / width


def _rivals(poses: PoseSequence, other: PoseSequence) -> bool:
    """Whether someone else could be the signer for a good part of the clip."""
    first, second = _sizes(poses), _sizes(other)
    return bool(len(first)) and _share((second >= RIVAL * first) & (second > 0)) >= RIVAL


def _sizes(poses: PoseSequence) -> np.ndarray:
    """(T,) distance of the shoulders [px], 0 where they are not both seen."""
    pair = poses.keypoints[:, [RIGHT_SHOULDER, LEFT_SHOULDER]]
    return np.asarray(
        np.linalg.norm(pair[:, 0, :2] - pair[:, 1, :2], axis=1) * (pair[..., 2] > 0).all(axis=1)
    )
