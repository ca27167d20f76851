"""Lay signs, transitions and pauses one after another on one time line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.pose.arms import SIDES
from signgen.pose.bones import IS_RIGID, ORDER
from signgen.pose.layout import FACE, LEFT_HAND, NECK, NOSE, PARENTS, RIGHT_HAND
from signgen.pose.motion import BODY_HZ, filters
from signgen.text2pose.stitching.clip import WRISTS, Clip
from signgen.text2pose.stitching.joins import distance
from signgen.text2pose.stitching.reach import are_in_space, bridge_in_space, farthest_reach
from signgen.text2pose.stitching.timing import DurationProfile, odd_frames

# The palm turns ahead of the arm and the handshape is complete before the hand arrives.
PALM_LEAD = 0.85
FINGER_LEAD = 0.80
# A jerky transition is made longer up to this [s].
LONGEST_RELIEF = 0.5
# Frames on either side that the smoothing of a transition depends on.
CONTEXT = 16
BREATH = 0.02
BREATH_SECONDS = 3.0


def _leads() -> np.ndarray:
    lead = np.ones(len(PARENTS))
    for hand in (LEFT_HAND, RIGHT_HAND):
        lead[hand] = FINGER_LEAD
        lead[[hand.start, *range(hand.start + 1, hand.stop, 4)]] = PALM_LEAD
    return lead


_LEAD = _leads()
_MOVING = np.arange(len(PARENTS)) < LEFT_HAND.start
_ARM_ORDER = ORDER[
    np.isin(ORDER, [NECK, *(p for side in SIDES for p in (PARENTS[side[1]], side[1], side[0]))])
]


@dataclass(frozen=True, eq=False)
class Core:
    """A sign cut and timed, with what may follow it.

    Attributes:
        frames: the frames to perform.
        after: the recording's frames after the sign, whose face a pause goes on with; may be empty.
        pause: rest after the sign [s].
        is_letter: a letter of a fingerspelled word.
        is_exact: its number of frames was asked for.
    """

    frames: Clip
    after: Clip
    pause: float = 0.0
    is_letter: bool = False
    is_exact: bool = False


@dataclass(frozen=True)
class Pace:
    """How fast the signer goes from sign to sign.

    Attributes:
        profile: tempo of the transitions.
        transition_scale: factor on the length of transitions.
        speed: factor on the speed of everything.
    """

    profile: DurationProfile
    transition_scale: float = 1.0
    speed: float = 1.0


@dataclass(frozen=True)
class Run:
    """Consecutive output frames of one making: ``sign``, ``transition``, ``pause``, ``rest``, ``raise`` or ``lower``.

    Attributes:
        sign: index of the sign; for transitions, pauses and what follows the last sign the sign before.
    """

    operation: str
    start: int
    end: int
    sign: int


@dataclass(frozen=True, eq=False)
class Joint:
    """Where a passage ends and the next goes on.

    Attributes:
        frames: the last piece, from which the next transition starts.
        is_letter: whether it is a letter.
        owed: frames that rounding has added so far.
        sign: number of signs so far.
        frame: number of frames so far.
    """

    frames: Clip
    is_letter: bool
    owed: float
    sign: int
    frame: int


def assemble(
    cores: Sequence[Core],
    pace: Pace,
    joint: Joint | None = None,
    *,
    is_last: bool = True,
    rests: tuple[Clip | None, Clip | None] = (None, None),
) -> tuple[Clip, tuple[Run, ...], Joint]:
    """One clip of all cores (not empty) in order, what each of its frames is, and how to go on from there.

    Args:
        cores: the signs of a passage.
        pace: how fast to go from sign to sign.
        joint: the end of the passage before; the clip then begins with the transition from it.
        is_last: no passage follows, so no pause does.
        rests: the signer at rest, before the first sign and after the last, where hands rise and fall.
    """
    pieces: list[tuple[str, int, Clip]] = []
    # Transitions have an odd number of frames: the next sign takes up what that adds or leaves out, or else the
    # length of a sentence would jump by two frames with the least change of a recording.
    sign, start, owed = (joint.sign, joint.frame, joint.owed) if joint else (0, 0, 0.0)
    previous, was_letter = (joint.frames, joint.is_letter) if joint else (rests[0], False)
    if rests[0] is not None:
        pieces.append(("rest", 0, rests[0]))
    for i, core in enumerate(cores):
        frames = core.frames
        if previous is not None:
            middle, wanted = bridge(previous, frames, pace, was_letter and core.is_letter, owed)
            owed += len(middle) - wanted
            pieces.append(("transition", sign - 1, middle) if sign else ("raise", 0, middle))
            if not core.is_exact:
                kept = _without(frames, owed)
                owed += len(kept) - len(frames)
                frames = kept
        pieces.append(("sign", sign, frames))
        previous, was_letter = frames, core.is_letter
        rest = 0 if is_last and i + 1 == len(cores) else round(core.pause / pace.speed * frames.fps)
        if rest:
            held = hold(frames, core.after, rest)
            pieces.append(("pause", sign, held))
            previous = held if rest > 1 else frames
        sign += 1
    if rests[1] is not None and previous is not None:
        pieces += [("lower", sign - 1, bridge(previous, rests[1], pace)[0]), ("rest", sign - 1, rests[1])]
    runs = []
    for operation, number, clip in pieces:
        runs.append(Run(operation, start, start + len(clip), number))
        start += len(clip)
    assert isinstance(previous, Clip)
    return (
        concatenated([clip for _, _, clip in pieces]),
        tuple(runs),
        Joint(previous, was_letter, owed, sign, start),
    )


def bridge(
    before: Clip, after: Clip, pace: Pace, is_spelling: bool = False, owed: float = 0.0
) -> tuple[Clip, float]:
    """The movement from one clip to the next and the number of frames, not rounded, that it should take.

    It is as long as the way asks for less the frames ``owed`` so far, and longer where it would be jerky.
    """
    speed = (_mean(before.wrist_speed[-3:]) + _mean(after.wrist_speed[:3])) / 2
    gap = distance(before, after)
    if are_in_space(before, after):
        gap = max(gap, farthest_reach(before, after))
    seconds = pace.profile.transition_seconds(gap, speed, is_spelling)
    # A transition of n frames takes n + 1 steps, from the last frame before it to the first after.
    wanted = max(seconds * pace.transition_scale / pace.speed * before.fps - 1, 1.0)
    least = pace.profile.shortest(is_spelling) * pace.transition_scale / pace.speed * before.fps - 1
    count = max(odd_frames(wanted - owed), odd_frames(least))
    return _bridged(before, after, count, wanted, pace.profile.jerk * pace.speed**3)


def _mean(values: np.ndarray) -> float:
    """The mean of a few values; for those numpy's takes five times as long."""
    return float(sum(values.tolist()) / len(values))


def _without(clip: Clip, owed: float) -> Clip:
    """A clip up to two frames shorter or longer by what is ``owed``; at least three frames are kept."""
    spare = max(len(clip) - 3, 0)
    change = min(round(owed), 2, spare) if owed > 0 else max(round(owed), -2)
    if change == 0 or len(clip) < 2:
        return clip
    last, count = len(clip) - 1, len(clip) - change
    positions = np.arange(count) * (last / (count - 1))
    positions[-1] = last
    return clip.take(positions)


def transition_frames(before: Clip, after: Clip, count: int) -> Clip:
    """``count`` frames between two clips in which bones turn by the shortest arc and keep their length."""
    return _bridged(before, after, count, float(count), np.inf)[0]


def _bridged(before: Clip, after: Clip, count: int, wanted: float, limit: float) -> tuple[Clip, float]:
    """``count`` frames between two clips, or more where the wrists would jerk by more than ``limit``."""
    from signgen.pose.smooth_kernels import bridge

    fps = before.fps
    if are_in_space(before, after):
        leads = (_LEAD, PALM_LEAD, FINGER_LEAD)
        return bridge_in_space(
            before, after, count, wanted, limit, LONGEST_RELIEF * fps, CONTEXT, leads, _MOVING
        )
    points, confidence, wanted = bridge(
        before.points[-CONTEXT:], before.confidence[-CONTEXT:], after.points[:CONTEXT], after.confidence[:CONTEXT],
        count, wanted, limit, LONGEST_RELIEF * fps, fps, filters(fps, BODY_HZ),
        WRISTS, _LEAD, _MOVING, PARENTS, ORDER, _ARM_ORDER, IS_RIGID,
    )  # fmt: skip
    return Clip(points, confidence, np.full(len(points), np.nan), fps), wanted


def hold(frames: Clip, after: Clip, count: int) -> Clip:
    """The last of ``frames`` held for ``count`` frames: the chest breathes and the face goes on as in ``after``."""
    still = frames.take(np.full(count, len(frames) - 1.0))
    points, confidence = still.points, still.confidence
    if len(after):
        # Once the recording ends its face runs backwards, so it never jumps.
        ahead = np.arange(count) % max(1, 2 * (len(after) - 1))
        ahead = np.where(ahead < len(after), ahead, 2 * (len(after) - 1) - ahead)
        face = after.points[ahead][:, FACE] - after.points[ahead][:, None, NOSE]
        both = (after.confidence[ahead][:, FACE] > 0) & (confidence[:, FACE] > 0)
        points[:, FACE] = np.where(both[..., None], face + points[:, None, NOSE], points[:, FACE])
    phase = 2 * np.pi * np.arange(1, count + 1) / frames.fps / BREATH_SECONDS
    lift = BREATH / 2 * (1 - np.cos(phase)) * np.minimum(1, (count - np.arange(count)) / 6)
    points[:, :, 1] -= lift[:, None] * (confidence > 0)
    return Clip(points, confidence, np.full(count, np.nan), frames.fps, is_spatial=frames.is_spatial)


def concatenated(clips: Sequence[Clip]) -> Clip:
    """Clips one after another."""
    return Clip(
        np.concatenate([clip.points for clip in clips]),
        np.concatenate([clip.confidence for clip in clips]),
        np.concatenate([clip.source for clip in clips]),
        clips[0].fps,
        is_spatial=all(clip.is_spatial for clip in clips),
    )
