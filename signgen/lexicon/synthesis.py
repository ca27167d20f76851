"""A sign in notation becomes movement: hands, arms and face of the canonical signer, as a `PoseSequence`."""

from __future__ import annotations

import numpy as np

from signgen.body.face import head_turns, moved_face
from signgen.body.figure import MIRROR, place_body, to_poses
from signgen.body.surface import PLACES, pushed_out
from signgen.lexicon.notation import Sign
from signgen.lexicon.notation_steps import Base, Step
from signgen.lexicon.synthesis_ease import (
    AGAINST,
    TOLERANCE,
    Ends,
    easy_swivel,
    held_frames,
    named_frames,
    turned,
)
from signgen.lexicon.synthesis_hand import (
    TIP_FLESH,
    Posture,
    at_ends,
    blended,
    joined,
    resting,
    shapes_of,
    small_movement,
    touch_points,
)
from signgen.lexicon.synthesis_path import path_points
from signgen.lexicon.synthesis_places import is_on_hand, place_track
from signgen.lexicon.synthesis_time import CYCLIC, Schedule, StepTime, schedule
from signgen.pose.bones import minimum_jerk
from signgen.pose.sequence import PoseSequence

FPS = 24.0
# The hands swing forward on their way up and down, so that they pass in front of the body [m].
_RAISE_BULGE, _PASS_BULGE = 0.07, 0.02
_TIPS = frozenset({"fingertips", "index_tip", "middle_tip", "ring_tip", "little_tip", "thumb_tip"})
# Contacts during which the part that touches stays on its path whatever shape the hand takes.
_SLIDING = frozenset({"hold", "both", "brush"})
_STILL = (np.zeros((1, 3)), np.array([[0.0, 0.0, -1.0]]))


def synthesise(sign: Sign, fps: float = FPS, width: int = 512, height: int = 512) -> PoseSequence:
    """The movement of a sign, from hands at rest to hands at rest, with depth.

    Args:
        sign: from `signgen.lexicon.notation`.
        fps: frames per second.
        width: canvas width [px].
        height: canvas height [px].
    """
    return to_poses(synthesise_points(sign, fps), fps, width, height)


def synthesise_points(sign: Sign, fps: float = FPS) -> np.ndarray:
    """(T, 128, 3) keypoints of a sign [m] (see `signgen.body.skeleton`)."""
    times = schedule(sign, fps)
    second = _second_hand(sign, times)
    first = _hand(sign, times, second)
    weights = _face_weights(times)
    face = moved_face(sign.face, weights)
    seconds = (np.arange(times.total) - times.first) / fps
    turns, shifts = head_turns(sign.face.get("head", "nod"), weights * ("head" in sign.face), seconds)
    right, left = _arm(first), _arm(second)
    return place_body(right, (left[0] * MIRROR, left[1] * MIRROR), face, turns, shifts)


def _arm(posture: Posture) -> tuple[np.ndarray, np.ndarray]:
    """Elbow and hand, kept out of head and torso; the correction comes and goes gently."""
    elbow, hand = posture.arm()
    shift = pushed_out(hand[:, 1:], 0.0)
    if not shift.any():
        return elbow, hand
    for _ in range(2):
        padded = np.concatenate([shift[:1], shift, shift[-1:]])
        shift = np.maximum(np.abs(shift), np.abs(padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4) * np.sign(
            padded[:-2] + 2 * padded[1:-1] + padded[2:]
        )
    return Posture(posture.wrist + shift, posture.frame, posture.shape, posture.swivel).arm()


def _second_hand(sign: Sign, times: Schedule) -> Posture:
    if sign.hands == "one":
        return joined([resting()] * times.total)
    if sign.base is None:
        return _hand(sign, times, None, is_second=True)
    base, steps = sign.base, []
    for step, time in zip(sign.steps, times.steps, strict=True):
        base = step.base or base
        steps.append(_base_posture(base, step, time))
    return _clip(steps, times)


def _hand(sign: Sign, times: Schedule, second: Posture | None, is_second: bool = False) -> Posture:
    """The first hand, or the second one of a sign in which both do the same."""
    steps, place, before = [], times.first, None
    base = sign.base
    for i, (step, time) in enumerate(zip(sign.steps, times.steps, strict=True)):
        base = step.base or base
        n = len(time.progress)
        other = None
        if second is not None and base is not None:
            # A hand that goes along moves once, with the path; the place on it is where it was at the start.
            other = (second[place : place + (1 if base.moves else n)], base)
        if is_second and sign.hands == "alternating":
            time = _turned_round(step, time)
        posture = _step_posture(
            step, time, times.fps, other, None if step.is_placed else before, is_second,
            is_second and sign.hands == "parallel",
        )  # fmt: skip
        steps.append(posture)
        before = posture
        place += n + (times.passages[i] if i < len(times.passages) else 0)
    return _clip(steps, times)


def _turned_round(step: Step, time: StepTime) -> StepTime:
    """The other half of the movement: hands that take turns."""
    if step.move.path in CYCLIC:
        return StepTime(time.progress + 0.5, time.going_back)
    return StepTime(1 - time.progress, np.zeros_like(time.going_back))


def _clip(steps: list[Posture], times: Schedule) -> Posture:
    """Rest, hands up, the steps with passages between them, hands down, rest."""
    rest = resting()
    parts = [rest] * times.rest
    parts.append(blended(rest, steps[0][:1], times.prepare, _RAISE_BULGE))
    for i, step in enumerate(steps):
        if i:
            parts.append(blended(steps[i - 1][-1:], step[:1], times.passages[i - 1], _PASS_BULGE))
        parts.append(step)
    parts.append(blended(steps[-1][-1:], rest, times.retract, _RAISE_BULGE))
    return joined(parts + [rest] * times.rest)


def _step_posture(
    step: Step,
    time: StepTime,
    fps: float,
    second: tuple[Posture, Base] | None,
    before: Posture | None,
    is_second: bool,
    flip: bool,
) -> Posture:
    progress = time.progress
    done = (1 - np.cos(2 * np.pi * progress)) / 2 if step.move.path in CYCLIC else progress
    shape, turns = small_movement(step.internal, shapes_of(step.hand, done), fps)
    if before is not None:
        start = end = before.wrist[-1:], np.array([[0.0, 0.0, -1.0]])
    else:
        place = None if second is None else (second[0], second[1].hand[0])
        start, end = (_skin(step, p.name, place_track(p, place)) for p in (step.place, step.end_place))
    points = path_points(step, progress, time.going_back, start, end, is_second=is_second, flip=flip)
    ends = _ends(step, points, done, before is None)
    on_hand = is_on_hand(step.place)
    named = named_frames(step.palm, step.fingers, is_second)
    follow = _follow(second) if on_hand and second is not None else np.eye(3)
    first, last, forearm = held_frames(
        ends, (follow @ named[0], follow @ named[1]), TOLERANCE if step.place.name in PLACES else AGAINST,
        meets=on_hand and second is None,
    )  # fmt: skip
    frame = turned(first, last, done, forearm)
    if ends.stays:
        frame, turns = (frame if turns is None else frame @ turns), None
        offset = np.einsum("nij,nj->ni", frame, touch_points(step.touch, step.hand[0], shape))
        wrist = points - offset if before is None else points - offset + offset[:1]
    else:
        # Around the wrist the hand turns where it does not touch.
        wrist = points - (last if ends.contact else first) @ ends.touch[ends.contact]
    if turns is not None:
        frame = frame @ turns
    return _eased(wrist, frame, shape)


def _ends(step: Step, points: np.ndarray, done: np.ndarray, is_placed: bool) -> Ends:
    """Both ends of a step, from (n, 3) points of its path."""
    stays = step.contact in _SLIDING or (
        step.contact != "none" and step.internal != "none" and step.move.path == "none"
    )
    touch, outline = at_ends(step.hand, step.touch)
    contact = int(step.contact in ("end", "tap"))
    return Ends(points[[np.argmin(done), np.argmax(done)]], touch * is_placed, outline, contact, stays)


def _follow(second: tuple[Posture, Base]) -> np.ndarray:
    """(3, 3) how far the second hand lies off the axes, for the first hand that is held against it."""
    posture, base = second
    off = posture.frame[0] @ named_frames(base.palm, base.fingers, is_second=True)[0].T
    return np.asarray(np.diag(MIRROR) @ off @ np.diag(MIRROR))


def _skin(step: Step, name: str, track: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The point that the hand goes to: off the skin by the gap, or by the flesh of a fingertip."""
    point, out = track
    if name.startswith("neutral"):
        return track
    away = step.gap if step.contact == "none" else TIP_FLESH if step.touch in _TIPS else 0.0
    return point + away * out, out


def _base_posture(base: Base, step: Step, time: StepTime) -> Posture:
    done = np.zeros_like(time.progress) if base.hand[0] == base.hand[1] else np.clip(time.progress, 0, 1)
    if base.palm[0] != base.palm[1] or base.fingers[0] != base.fingers[1]:
        done = np.clip(time.progress, 0, 1)
    shape = shapes_of(base.hand, done)
    point, out = place_track(base.place, None)
    if not base.place.name.startswith("neutral"):
        point = point + (base.gap if base.contact == "none" else 0.0) * out
    points = np.broadcast_to(point, (len(done), 3))
    if base.moves:
        along = path_points(step, time.progress, time.going_back, _STILL, _STILL)
        points = points + (along - along[:1]) * MIRROR
    ends = Ends(points[[np.argmin(done), np.argmax(done)]], *at_ends(base.hand, base.touch), 0, stays=True)
    first, last, forearm = held_frames(ends, named_frames(base.palm, base.fingers, True), TOLERANCE)
    frame = turned(first, last, done, forearm)
    touch = touch_points(base.touch, base.hand[0], shape)
    return _eased(points - np.einsum("nij,nj->ni", frame, touch), frame, shape)


def _eased(wrist: np.ndarray, frame: np.ndarray, shape: np.ndarray) -> Posture:
    """With the elbow where it strains least over the step."""
    chosen = [0, len(wrist) // 2, -1]
    swivel = easy_swivel(wrist[chosen], frame[chosen])
    return Posture(wrist, frame, shape, np.full(len(wrist), swivel))


def _face_weights(times: Schedule) -> np.ndarray:
    """(T,) how far brows, eyes, mouth and head are in place: there when the hands are, a little longer."""
    weights = np.zeros(times.total)
    rise, fall = times.prepare // 2, max(1, times.retract * 2 // 3)
    first, last = times.first, times.first + times.active
    weights[first:last] = 1
    weights[first - rise : first] = minimum_jerk(np.arange(1, rise + 1) / (rise + 1))
    weights[last : last + fall] = 1 - minimum_jerk(np.arange(1, fall + 1) / (fall + 1))
    return weights
