"""Lay signs, transitions and pauses one after another on one time line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.pose.bones import IS_RIGID, ORDER
from signgen.pose.layout import FACE, LEFT_HAND, NOSE, PARENTS, RIGHT_HAND
from signgen.text2pose.stitching.clip import Clip
from signgen.text2pose.stitching.joins import distance
from signgen.text2pose.stitching.kernels import wrist_way
from signgen.text2pose.stitching.timing import DurationProfile, odd_frames

# The palm turns ahead of the arm and the handshape is complete before the hand arrives.
PALM_LEAD = 0.85
FINGER_LEAD = 0.80
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


@dataclass(frozen=True, eq=False)
class Core:
    """A sign cut and timed, with what may follow it.

    Attributes:
        frames: the frames to perform.
        after: the recording's frames after the sign, whose face a pause goes on with; may be empty.
        pause: rest after the sign [s].
    """

    frames: Clip
    after: Clip
    pause: float = 0.0


@dataclass(frozen=True)
class Run:
    """Consecutive output frames of one making: ``sign``, ``transition`` or ``pause``.

    Attributes:
        sign: index of the sign; for transitions and pauses the sign before.
    """

    operation: str
    start: int
    end: int
    sign: int


def assemble(
    cores: Sequence[Core], profile: DurationProfile, transition_scale: float = 1.0, tempo: float = 1.0
) -> tuple[Clip, tuple[Run, ...]]:
    """One clip of all cores in order, and what each of its frames is.

    Args:
        cores: the signs; not empty.
        profile: tempo of the transitions.
        transition_scale: factor on the length of transitions.
        tempo: factor on the speed of everything.
    """
    pieces: list[tuple[str, int, Clip]] = []
    for i, core in enumerate(cores):
        pieces.append(("sign", i, core.frames))
        if i + 1 == len(cores):
            break
        held = hold(core, round(core.pause / tempo * core.frames.fps))
        if len(held):
            pieces.append(("pause", i, held))
        before = held if len(held) > 1 else core.frames
        pieces.append(
            ("transition", i, bridge(before, cores[i + 1].frames, profile, transition_scale / tempo))
        )
    runs, start = [], 0
    for operation, sign, clip in pieces:
        runs.append(Run(operation, start, start + len(clip), sign))
        start += len(clip)
    return _concatenated([clip for _, _, clip in pieces]), tuple(runs)


def bridge(before: Clip, after: Clip, profile: DurationProfile, scale: float = 1.0) -> Clip:
    """The movement from the last frame of one clip to the first of the next, as long as the way asks for."""
    speed = (before.wrist_speed[-3:].mean() + after.wrist_speed[:3].mean()) / 2
    seconds = (
        profile.transition_seconds(
            distance(before, after), wrist_way(before.features[-1], after.features[0]), speed
        )
        * scale
    )
    # A transition of n frames takes n + 1 steps, from the last frame before it to the first after.
    count = odd_frames(seconds - 1 / before.fps, before.fps)
    return transition_frames(before, after, count)


def transition_frames(before: Clip, after: Clip, count: int) -> Clip:
    """``count`` frames between two clips in which bones turn by the shortest arc and keep their length."""
    from signgen.pose.motion_kernels import transition

    if len(before) == 1:
        before = before.take(np.zeros(2))
    if len(after) == 1:
        after = after.take(np.zeros(2))
    points, confidence = transition(
        before.points[-2:], before.confidence[-2:], after.points[:2], after.confidence[:2],
        count, _LEAD, _MOVING, PARENTS, ORDER, IS_RIGID,
    )  # fmt: skip
    return Clip(points, confidence, np.full(count, np.nan), before.fps)


def hold(core: Core, count: int) -> Clip:
    """The last frame of a core held for ``count`` frames: the chest breathes and the face goes on."""
    still = core.frames.take(np.full(count, len(core.frames) - 1.0))
    if count == 0:
        return still
    points, confidence = still.points.copy(), still.confidence
    if len(core.after):
        # Once the recording ends its face runs backwards, so it never jumps.
        ahead = np.arange(count) % max(1, 2 * (len(core.after) - 1))
        ahead = np.where(ahead < len(core.after), ahead, 2 * (len(core.after) - 1) - ahead)
        face = core.after.points[ahead][:, FACE] - core.after.points[ahead][:, None, NOSE]
        both = (core.after.confidence[ahead][:, FACE] > 0) & (confidence[:, FACE] > 0)
        moved = face + points[:, None, NOSE]
        points[:, FACE] = np.where(both[..., None], moved, points[:, FACE])
    phase = 2 * np.pi * np.arange(1, count + 1) / core.frames.fps / BREATH_SECONDS
    lift = BREATH / 2 * (1 - np.cos(phase)) * np.minimum(1, (count - np.arange(count)) / 6)
    points[:, :, 1] -= lift[:, None] * (confidence > 0)
    return Clip(points, confidence, np.full(count, np.nan), core.frames.fps)


def _concatenated(clips: Sequence[Clip]) -> Clip:
    return Clip(
        np.concatenate([clip.points for clip in clips]),
        np.concatenate([clip.confidence for clip in clips]),
        np.concatenate([clip.source for clip in clips]),
        clips[0].fps,
    )
