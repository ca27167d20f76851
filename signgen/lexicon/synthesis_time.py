"""When a sign does what: strokes, returns, holds and passages as whole frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from signgen.body.surface import PLACES, place_point
from signgen.lexicon.notation import Sign
from signgen.lexicon.notation_steps import Step
from signgen.pose.bones import minimum_jerk

# Seconds: at rest before and after, hands up, hands down, between two steps.
REST, PREPARE, RETRACT, PASS = 0.08, 0.44, 0.48, 0.25
HOLD_END, HOLD_STILL = 0.10, 0.38
# A stroke of length l [m] takes this plus that times the root of l (isolated signs, unhurried).
_STROKE, _STROKE_ROOT = 0.13, 0.50
_RETURN = 0.85
_LEAST_CHANGE = 0.26
_LEAST_INTERNAL = 0.62
# Paths that go round without a stop between repetitions.
CYCLIC = frozenset({"circle", "back_and_forth"})


@dataclass(frozen=True)
class StepTime:
    """The frames of one step.

    Attributes:
        progress: (n,) place along the stroke, 0 to 1 (to ``repeat`` for paths that go round), per frame.
        going_back: (n,) how far a frame is between a stroke and the next, 0 to 1; 0 inside strokes.
    """

    progress: np.ndarray
    going_back: np.ndarray


@dataclass(frozen=True)
class Schedule:
    """All of a sign in frames: rest, prepare, steps with passages between them, retract, rest."""

    fps: float
    rest: int
    prepare: int
    retract: int
    passages: tuple[int, ...]
    steps: tuple[StepTime, ...]

    @property
    def first(self) -> int:
        """The frame at which the first step begins."""
        return self.rest + self.prepare

    @property
    def active(self) -> int:
        """Frames from the start of the first step to the end of the last."""
        return sum(len(step.progress) for step in self.steps) + sum(self.passages)

    @property
    def total(self) -> int:
        """Frames of the whole clip."""
        return self.first + self.active + self.retract + self.rest


@lru_cache(maxsize=4096)
def schedule(sign: Sign, fps: float) -> Schedule:
    """The frames of a sign; the wanted duration, if there is one, scales all of its steps."""
    wanted = 1.0
    if sign.duration is not None:
        natural = _seconds(sign)
        wanted = sign.duration / natural
    steps = tuple(_step_time(step, sign.hands == "alternating", wanted * fps) for step in sign.steps)
    passages = tuple(max(2, round(_passage(step) * wanted * fps)) for step in sign.steps[1:])
    return Schedule(
        fps, max(1, round(REST * fps)), round(PREPARE * fps), round(RETRACT * fps), passages, steps
    )


def active_span(sign: Sign, fps: float) -> tuple[float, float]:
    """Seconds at which the first stroke begins and the last ends, in the clip of `synthesise`."""
    times = schedule(sign, fps)
    return times.first / fps, (times.first + times.active) / fps


def strokes(step: Step, is_alternating: bool) -> int:
    """How often the movement is made; hands that take turns need two."""
    return max(2, step.repeat) if is_alternating else step.repeat


def _seconds(sign: Sign) -> float:
    parts = [_parts(step, sign.hands == "alternating") for step in sign.steps]
    return sum(n * (a + b) - b + hold for n, a, b, hold in parts) + sum(map(_passage, sign.steps[1:]))


def _passage(step: Step) -> float:
    return PASS if step.is_placed else 0.6 * PASS


def _parts(step: Step, is_alternating: bool) -> tuple[int, float, float, float]:
    """Strokes, seconds of one, of a return, of the hold at the end."""
    count = strokes(step, is_alternating)
    way = path_length(step)
    changes = (
        step.hand[0] != step.hand[1] or step.palm[0] != step.palm[1] or step.fingers[0] != step.fingers[1]
    )
    if way == 0 and not changes:
        still = (
            max(HOLD_STILL, _LEAST_INTERNAL * max(1, count / 2)) if step.internal != "none" else HOLD_STILL
        )
        return 1, 0.0, 0.0, still
    stroke = _STROKE + _STROKE_ROOT * way**0.5 if way else 0.0
    stroke = max(stroke, _LEAST_CHANGE if changes else 0.0)
    if step.internal != "none":
        stroke = max(stroke, _LEAST_INTERNAL / count)
    back = 0.0 if step.move.path in CYCLIC else _RETURN * stroke
    return count, stroke, back, HOLD_END


def _step_time(step: Step, is_alternating: bool, fps: float) -> StepTime:
    count, stroke, back, hold = _parts(step, is_alternating)
    hold_frames = max(1, round(hold * fps))
    if stroke == 0:
        return StepTime(np.zeros(hold_frames), np.zeros(hold_frames))
    if step.move.path in CYCLIC:
        frames = max(4, round(stroke * count * fps))
        progress = np.concatenate(
            [_even(np.arange(1, frames + 1) / frames, count), np.full(hold_frames, count)]
        )
        return StepTime(progress, np.zeros(len(progress)))
    there, again = max(3, round(stroke * fps)), max(3, round(back * fps))
    ways, returns = [np.zeros(1)], [np.zeros(1)]
    for i in range(count):
        if i:
            back_ways = np.arange(1, again + 1) / again
            ways.append(1 - minimum_jerk(back_ways))
            returns.append(np.where(back_ways < 1, back_ways, 0.0))
        ways.append(minimum_jerk(np.arange(1, there + 1) / there))
        returns.append(np.zeros(there))
    ways.append(np.ones(hold_frames))
    returns.append(np.zeros(hold_frames))
    return StepTime(np.concatenate(ways), np.concatenate(returns))


def _even(ways: np.ndarray, count: int) -> np.ndarray:
    """0 to ``count`` at an even speed that begins and ends gently (a quarter round each)."""
    edge = 0.25 / count
    speed = np.minimum(1.0, np.minimum(ways, 1 - ways + 1 / len(ways)) / edge)
    done = np.cumsum(speed)
    even: np.ndarray = done / done[-1] * count
    return even


def path_length(step: Step) -> float:
    """Length of one stroke [m]; between places of the second hand it is a guess."""
    move = step.move
    if step.place != step.end_place:
        if step.place.name in PLACES and step.end_place.name in PLACES:
            a, b = (place_point(p.name, p.side, p.reach)[0] for p in (step.place, step.end_place))
            straight = float(np.linalg.norm(a - b))
        else:
            straight = 0.12
        return straight * (1.3 if move.path == "arc" else 1.0)
    factors = {"none": 0.0, "straight": 1.0, "arc": 1.3, "circle": np.pi, "zigzag": 1.8, "back_and_forth": 2.0,
               "x": 4.0}  # fmt: skip
    if step.contact == "tap" and move.path == "none":
        return 0.05
    return float(factors[move.path] * move.size)
