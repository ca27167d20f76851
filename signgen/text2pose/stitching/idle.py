"""Hands that take no part in a sign: one quiet rest pose for the whole sentence.

Each recording rests its idle arm elsewhere, and an arm at the edge of the picture is seen poorly, so that it
would twitch or vanish from sign to sign. An arm that no recording shows hangs down by the body.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from signgen.body.skeleton import SHOULDER, SHOULDER_WIDTH, hand_frame, hand_points, right_arm
from signgen.lexicon.handshapes import handshapes
from signgen.pose.arms import SIDES
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
from signgen.text2pose.stitching.clip import Clip
from signgen.text2pose.stitching.kernels import is_idle, rest_arm, settle_below
from signgen.text2pose.stitching.shape import STANDARD

# A hand seen in fewer frames of a sign than this takes no part in it.
SEEN = 0.3
# A wrist this far below its elbow [shoulder widths] hangs.
HANGS = 0.05
# Where depth is real, only a forearm that points down hangs: hands before the belly sign.
HANGS_STRAIGHT = 0.5
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


# Bone vectors (k, D) and confidences (k,) of an arm; of the arm of each side at rest.
ArmPose = tuple[np.ndarray, np.ndarray]
RestPoses = dict[int, ArmPose]

# Wrist [m], direction of the fingers and of the palm of a right hand (see `signgen.body.skeleton`).
Place = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
# Hanging beside the thigh; up before the belly, ready for the next sign.
RESTING: Place = ((-0.272, 0.490, -0.055), (0.02, 1.0, -0.14), (1.0, -0.02, 0.25))
WAITING: Place = ((-0.200, 0.310, -0.250), (0.50, -0.05, -0.85), (0.50, 0.80, 0.25))
# A hand that takes no part for no longer than this waits [s].
LONGEST_WAIT = 1.0
# At rest before the first sign and after the last [s].
REST_SECONDS = 0.12


def at_rest(frame: Clip, known: RestPoses) -> Clip | None:
    """A moment at rest, with all but the arms as in the one ``frame``; None if the recording brings its own.

    Recordings whose depth is real come from a body model, cut to the bare sign.
    """
    if not frame.is_spatial:
        return None
    still = frame.take(np.zeros(round(REST_SECONDS * frame.fps)))
    still = replace(still, source=np.full(len(still), np.nan))
    for side in range(len(SIDES)):
        still = _with_arm(still, _arm(side), *(known.get(side) or _placed_pose(side, RESTING)))
    return still


def settle_idle_hands(cores: Sequence[Core], known: RestPoses | None = None) -> tuple[list[Core], RestPoses]:
    """The cores with every idle arm in the one rest pose of its side, and those poses.

    Args:
        cores: the signs of a passage.
        known: poses that an earlier passage of the same text settled on.
    """
    settled, poses = list(cores), dict(known or {})
    for side, (wrist, elbow, first) in enumerate(SIDES):
        arm = _arm(side)
        idle = [i for i, core in enumerate(settled) if _is_idle(core.frames, wrist, elbow, first)]
        if idle and side not in poses:
            poses[side] = _rest_pose([settled[i].frames for i in idle], side)
        waiting = _waiting(cores, idle)
        for i in idle:
            pose = _placed_pose(side, WAITING) if i in waiting else poses[side]
            settled[i] = replace(settled[i], frames=_with_arm(settled[i].frames, arm, *pose))
    return settled, poses


def _arm(side: int) -> np.ndarray:
    """Elbow, wrist and hand of a side."""
    wrist, elbow, first = SIDES[side]
    return np.array([elbow, wrist, *range(first, first + 21)])


def _waiting(cores: Sequence[Core], idle: Sequence[int]) -> set[int]:
    """The signs, of those in which a hand is ``idle``, that are over so soon that the hand stays up for the next."""
    waiting: set[int] = set()
    run: list[int] = []
    for i in range(len(cores) + 1):
        if i in idle and cores[i].frames.is_spatial:
            run.append(i)
            continue
        # Before the first sign and after the last a hand has nothing to wait for.
        seconds = sum(len(cores[j].frames) / cores[j].frames.fps + cores[j].pause for j in run)
        if run and run[0] > 0 and i < len(cores) and seconds <= LONGEST_WAIT:
            waiting.update(run)
        run = []
    return waiting


def settle_trunk(clip: Clip) -> None:
    """Keep hips and legs in one place below the neck, in place, or drop them if they were mostly guessed.

    Signers are filmed to the waist: their hips lie at the edge of the picture and come and go.
    """
    settle_below(clip.points, clip.confidence, NECK, _LEGS, DRAWN)


def _is_idle(clip: Clip, wrist: int, elbow: int, first: int) -> bool:
    drop = HANGS_STRAIGHT if clip.is_spatial else HANGS
    return bool(is_idle(clip.points, clip.confidence, wrist, elbow, first, SEEN, drop))


def _rest_pose(clips: Sequence[Clip], side: int) -> ArmPose:
    """Bone vectors (k, D) and confidences (k,) of an arm at rest: the median of what was seen, else hanging."""
    if all(clip.is_spatial for clip in clips):
        return _placed_pose(side, RESTING)
    arm, outwards = _arm(side), 1.0 if side == 0 else -1.0
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


@lru_cache(maxsize=4)
def _placed_pose(side: int, place: Place) -> ArmPose:
    """Bone vectors (23, 3) and confidences of an arm with a lax hand at a place in space."""
    wrist, fingers, palm = (np.array(vector) for vector in place)
    elbow, reached = right_arm(wrist, 0.0)
    hand = reached + hand_points(handshapes()["lax"])[0] @ hand_frame(fingers, palm).T
    points = np.zeros((len(PARENTS), 3))
    arm = _arm(side)
    points[PARENTS[arm[0]]], points[arm[0]], points[arm[1]], points[arm[2:]] = SHOULDER, elbow, reached, hand
    points[:, 0] *= -1.0 if side == 0 else 1.0
    return (points[arm] - points[PARENTS[arm]]) / SHOULDER_WIDTH, np.ones(len(arm))


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
    points, confidence = rest_arm(clip.points, clip.confidence, arm, rest, presence, PARENTS)
    return replace(clip, points=points, confidence=confidence)
