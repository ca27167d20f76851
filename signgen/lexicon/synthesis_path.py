"""Paths of a hand: straight, arc, circle, zigzag, to and fro, cross, as places over the progress of a stroke."""

from __future__ import annotations

import numpy as np

from signgen.body.skeleton import unit
from signgen.lexicon.notation_steps import Step

# How far an arc bulges and a zigzag swings, of its length.
_BULGE, _SWING = 0.42, 0.26
# How far the hand comes off the skin on its way back [m].
_LIFT = 0.030
_X_LIFT = 0.035


def path_points(
    step: Step,
    progress: np.ndarray,
    going_back: np.ndarray,
    start: tuple[np.ndarray, np.ndarray],
    end: tuple[np.ndarray, np.ndarray],
    *,
    is_second: bool = False,
    flip: bool = False,
) -> np.ndarray:
    """(n, 3) where the touching part of the hand is [m].

    Args:
        step: what is done.
        progress: (n,) along the stroke.
        going_back: (n,) along the way back to the next stroke.
        start: (n or 1, 3) place of the step and (n or 1, 3) direction of its skin.
        end: the same of the place where it ends.
        is_second: for the second hand, for which left and right turn.
        flip: turn the movement to the other side (`parallel` hands).
    """
    place, out = start
    directions = [_flipped(d.vector(is_second), flip) for d in step.move.directions]
    lift = _LIFT * np.sin(np.pi * going_back)[:, None] * out if step.contact in ("brush", "start") else 0.0
    if step.place != step.end_place:
        return _between(step, progress, place, end[0], out, directions) + lift
    path = step.move.path
    if path == "none":
        if step.contact != "tap":
            return np.broadcast_to(place, (len(progress), 3)) + lift
        return np.asarray(place + 0.05 * out * (1 - progress)[:, None])
    if path == "circle":
        angle = (2 * np.pi * progress)[:, None]
        a, b = directions
        return np.asarray(place + step.move.size / 2 * (a * np.sin(angle) - b * np.cos(angle)))
    if path == "x":
        return np.asarray(place + _cross(step, progress, directions, out) + lift)
    return np.asarray(place + _stroke(step, progress, directions, out) + lift)


def _flipped(vector: np.ndarray, flip: bool) -> np.ndarray:
    return vector * np.array([-1.0, 1.0, 1.0]) if flip else vector


def _stroke(step: Step, progress: np.ndarray, directions: list[np.ndarray], out: np.ndarray) -> np.ndarray:
    """Shift from the place; where contact comes at the end or in the middle, that is where the shift is 0."""
    first = directions[0] if directions else -np.atleast_2d(out)[0]
    size, path = step.move.size, step.move.path
    anchor = {"end": 1.0, "tap": 1.0, "brush": 0.5}.get(step.contact, 0.0)
    if path == "back_and_forth":
        along = (1 - np.cos(2 * np.pi * progress)) / 2
        return np.asarray(size * (along - anchor)[:, None] * first)
    if path == "straight":
        return np.asarray(size * (progress - anchor)[:, None] * first)
    second = directions[1] if len(directions) > 1 else _usual_side(first)
    shift = _bent(path, progress, size, first, second)
    zero: np.ndarray = shift - _bent(path, np.array([anchor]), size, first, second)
    return zero


def _bent(path: str, progress: np.ndarray, size: float, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    u = progress[:, None]
    if path == "arc":
        angle = np.pi * u
        bent: np.ndarray = size * ((1 - np.cos(angle)) / 2 * first + _BULGE * np.sin(angle) * second)
        return bent
    swing: np.ndarray = size * (u * first + _SWING * np.sin(3 * np.pi * u) * second)
    return swing


def _usual_side(first: np.ndarray) -> np.ndarray:
    """An arc bulges up, one that is itself up or down bulges away."""
    up, away = np.array([0.0, -1.0, 0.0]), np.array([0.0, 0.0, -1.0])
    return away if abs(first[1]) > 0.7 else up


def _cross(step: Step, progress: np.ndarray, directions: list[np.ndarray], out: np.ndarray) -> np.ndarray:
    """Two strokes through the place, with a lift between them."""
    a, b = directions
    half = step.move.size / 2
    corners = np.stack([-a - b, a + b, b * 0 - a + b, a - b]) * half
    marks = np.array([0.0, 0.40, 0.60, 1.0])
    shift = np.stack([np.interp(progress, marks, corners[:, i]) for i in range(3)], axis=-1)
    between = np.clip((progress - 0.40) / 0.20, 0, 1)
    found: np.ndarray = shift + _X_LIFT * np.sin(np.pi * between)[:, None] * out
    return found


def _between(
    step: Step,
    progress: np.ndarray,
    place: np.ndarray,
    goal: np.ndarray,
    out: np.ndarray,
    directions: list[np.ndarray],
) -> np.ndarray:
    u = progress[:, None]
    path = step.move.path
    if path == "back_and_forth":
        u = (1 - np.cos(2 * np.pi * u)) / 2
    way = goal - place
    points = place + u * way
    length = np.linalg.norm(way, axis=-1, keepdims=True)
    side = directions[0] if directions else unit(out + np.array([0.0, 0.0, -0.5]))
    if path == "arc":
        points = points + _BULGE * length * np.sin(np.pi * u) * side
    elif path == "zigzag":
        points = points + _SWING * length * np.sin(3 * np.pi * u) * side
    elif step.contact == "both":
        points = points + 0.2 * np.minimum(length, 0.2) * np.sin(np.pi * u) * out
    found: np.ndarray = points
    return found
