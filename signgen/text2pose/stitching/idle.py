"""Hands that take no part in a sign: one quiet rest pose for the whole sentence.

Each recording rests its idle arm elsewhere, and an arm at the edge of the picture is seen poorly, so that it
would twitch or vanish from sign to sign. An arm that no recording shows hangs down by the body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from signgen.pose.layout import (
    LEFT_ANKLE,
    LEFT_HIP,
    LEFT_KNEE,
    NECK,
    PARENTS,
    RIGHT_ANKLE,
    RIGHT_HIP,
    RIGHT_KNEE,
)
from signgen.text2pose.stitching.assemble import Core
from signgen.text2pose.stitching.clip import SIDES, Clip
from signgen.text2pose.stitching.kernels import is_idle, rest_arm, settle_below
from signgen.text2pose.stitching.shape import STANDARD

# A hand seen in fewer frames of a sign than this takes no part in it.
SEEN = 0.3
# A wrist this far below its elbow [shoulder widths] hangs.
HANGS = 0.05
# Keypoints below this confidence are guesses of the detector.
GUESS = 0.5
# Pictures leave out keypoints below this confidence.
DRAWN = 0.3
# Confidence of an arm that was placed and not seen: drawn, and told apart from what was detected.
PLACED = 0.5
# Hanging arm: angles from straight down, outwards [rad].
UPPER_ARM_OUT = 0.14
FOREARM_OUT = -0.05
_LEGS = np.array([RIGHT_HIP, LEFT_HIP, RIGHT_KNEE, LEFT_KNEE, RIGHT_ANKLE, LEFT_ANKLE])


# Bone vectors (k, D) and confidences (k,) of the arm of each side at rest.
RestPoses = dict[int, tuple[np.ndarray, np.ndarray]]


def settle_idle_hands(cores: Sequence[Core], known: RestPoses | None = None) -> tuple[list[Core], RestPoses]:
    """The cores with every idle arm in the one rest pose of its side, and those poses.

    Args:
        cores: the signs of a passage.
        known: poses that an earlier passage of the same text settled on.
    """
    settled, poses = list(cores), dict(known or {})
    for side, (wrist, elbow, first) in enumerate(SIDES):
        arm = np.array([elbow, wrist, *range(first, first + 21)])
        idle = [i for i, core in enumerate(settled) if _is_idle(core.frames, wrist, elbow, first)]
        if idle and side not in poses:
            poses[side] = _rest_pose([settled[i].frames for i in idle], arm, 1.0 if side == 0 else -1.0)
        for i in idle:
            settled[i] = replace(settled[i], frames=_with_arm(settled[i].frames, arm, *poses[side]))
    return settled, poses


def settle_trunk(clip: Clip) -> None:
    """Keep hips and legs in one place below the neck, in place, or drop them if they were mostly guessed.

    Signers are filmed to the waist: their hips lie at the edge of the picture and come and go.
    """
    settle_below(clip.points, clip.confidence, NECK, _LEGS, DRAWN)


def _is_idle(clip: Clip, wrist: int, elbow: int, first: int) -> bool:
    return bool(is_idle(clip.points, clip.confidence, wrist, elbow, first, SEEN, HANGS))


def _rest_pose(clips: Sequence[Clip], arm: np.ndarray, outwards: float) -> tuple[np.ndarray, np.ndarray]:
    """Bone vectors (k, D) and confidences (k,) of an arm at rest: the median of what was seen, else hanging."""
    parents = PARENTS[arm]
    confidence = np.concatenate(
        [np.minimum(clip.confidence[:, arm], clip.confidence[:, parents]) for clip in clips]
    )
    if np.median(confidence[:, :2].min(axis=1)) >= GUESS:
        bones = np.concatenate([clip.points[:, arm] - clip.points[:, parents] for clip in clips])
        return np.median(bones, axis=0), np.median(confidence, axis=0)
    rest, presence = np.zeros((len(arm), clips[0].points.shape[2])), np.zeros(len(arm))
    for j, (length, angle) in enumerate(
        ((STANDARD.upper_arm, UPPER_ARM_OUT), (STANDARD.forearm, FOREARM_OUT))
    ):
        rest[j, :2] = outwards * length * np.sin(angle), length * np.cos(angle)
    rest[2:, :2] = relaxed_hand(outwards)
    presence[:] = PLACED
    return rest, presence


def relaxed_hand(outwards: float) -> np.ndarray:
    """(21, 2) bone vectors of a hand that hangs with slightly bent fingers, thumb to the body [shoulder widths].

    Lengths are those of an adult hand (palm 1; phalanges 0.45, 0.28, 0.2 of it) seen from the side of the thumb.
    """
    vectors = np.zeros((21, 2))
    palm = STANDARD.palm
    for joint, (length, angle) in enumerate(((0.35, 0.9), (0.35, 0.5), (0.28, 0.3), (0.24, 0.2)), start=1):
        vectors[joint] = -outwards * palm * length * np.sin(angle), palm * length * np.cos(angle)
    for finger in range(4):
        spread = 0.14 - 0.10 * finger
        scale = (0.95, 1.0, 0.95, 0.8)[finger]
        for joint, length in enumerate((1.0, 0.45 * scale, 0.28 * scale, 0.2 * scale)):
            angle = spread - 0.12 * joint * (1 if joint else 0)
            vectors[5 + 4 * finger + joint] = (
                -outwards * palm * length * np.sin(angle),
                palm * length * np.cos(angle),
            )
    return vectors


def _with_arm(clip: Clip, arm: np.ndarray, rest: np.ndarray, presence: np.ndarray) -> Clip:
    return Clip(*rest_arm(clip.points, clip.confidence, arm, rest, presence, PARENTS), clip.source, clip.fps)
