"""DWPose-128 keypoints to the list of shapes that the pictures for generators consist of.

One row of the list is (kind, xa, ya, xb, yb, red, green, blue); later shapes cover earlier ones.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from signgen.pose.layout import BODY_LIMBS, HAND_BONES, HAND_COLOURS, LIMB_COLOURS
from signgen.render.kernels.rows import LIMIT

LIMB, BONE, DOT, FACE_DOT, HAND_DOT = 0, 1, 2, 3, 4
SIZES = (4, 2, 4, 3, 4)  # by kind: half the width of a limb, thickness of a bone, radius of a dot [px]
MAX_SHAPES = 17 + 18 + 2 * (20 + 21) + 68
SURE = 0.3  # a keypoint below this confidence is taken as not seen
DIM = 0.6  # limbs are darker than the keypoints on them

LIMBS = np.array(BODY_LIMBS)
BONES = np.array(HAND_BONES)
LIMB_RGB = LIMB_COLOURS.astype(np.float64)
BONE_RGB = HAND_COLOURS.copy()


def empty_shapes() -> tuple[np.ndarray, np.ndarray]:
    """Working memory for one frame: shapes (185, 8) and placed keypoints (128, 4), float64."""
    return np.zeros((MAX_SHAPES, 8)), np.zeros((128, 4))


@njit(cache=True, nogil=True)
def list_shapes(
    points: np.ndarray, width: int, height: int, canvas_width: int, canvas_height: int, weighted: bool,
    shapes: np.ndarray, placed: np.ndarray,
) -> int:  # fmt: skip
    """List the shapes of one frame in drawing order; returns how many there are.

    Args:
        points: (128, 3) float32 x, y [px], confidence.
        width: width of the canvas that ``points`` belong to [px].
        height: its height [px].
        canvas_width: width of the canvas to draw on [px].
        canvas_height: its height [px].
        weighted: False for `controlnet`: hands and face above 0.3 only, everything in full colour. True for
            `mimicmotion`: colours scaled by confidence, hands and face always, red and blue swapped.
        shapes: (185, 8) float64, filled.
        placed: (128, 4) float64, overwritten.
    """
    _place(points, width, height, canvas_width, canvas_height, weighted, placed)
    n = _list_body(placed, shapes)
    for hand in (18, 39):
        n = _list_hand(placed, hand, weighted, shapes, n)
    for i in range(60, 128):
        if _is_drawn(placed, i, weighted):
            grey = _level(255 * placed[i, 2])
            n = _add(shapes, n, FACE_DOT, placed, i, i, grey, grey, grey)
    if weighted:
        for i in range(n):
            shapes[i, 5], shapes[i, 7] = shapes[i, 7], shapes[i, 5]
    return n


@njit(cache=True, nogil=True)
def _place(
    points: np.ndarray, width: int, height: int, canvas_width: int, canvas_height: int, weighted: bool,
    placed: np.ndarray,
) -> None:  # fmt: skip
    """Rows of x, y [px of the canvas], colour weight, seen; as fractions of the canvas and back in float64.

    A keypoint too far away to be walked to counts as not seen and is put where hands and faces end.
    """
    for i in range(128):
        x = np.float64(points[i, 0]) / width * canvas_width
        y = np.float64(points[i, 1]) / height * canvas_height
        near = abs(x) < LIMIT and abs(y) < LIMIT
        placed[i, 0] = x if near else 0.0
        placed[i, 1] = y if near else 0.0
        placed[i, 2] = points[i, 2] if weighted else 1.0
        placed[i, 3] = near and points[i, 2] > SURE


@njit(cache=True, nogil=True)
def _list_body(placed: np.ndarray, shapes: np.ndarray) -> int:
    n = 0
    for i in range(17):
        a, b = LIMBS[i, 0], LIMBS[i, 1]
        if placed[a, 3] and placed[b, 3]:
            weight = placed[a, 2] * placed[b, 2]
            red, green, blue = LIMB_RGB[i, 0] * weight, LIMB_RGB[i, 1] * weight, LIMB_RGB[i, 2] * weight
            n = _add(
                shapes,
                n,
                LIMB,
                placed,
                a,
                b,
                int(_level(red) * DIM),
                int(_level(green) * DIM),
                int(_level(blue) * DIM),
            )
    for i in range(18):
        if placed[i, 3]:
            weight = placed[i, 2]
            red, green, blue = LIMB_RGB[i, 0] * weight, LIMB_RGB[i, 1] * weight, LIMB_RGB[i, 2] * weight
            n = _add(shapes, n, DOT, placed, i, i, _level(red), _level(green), _level(blue))
    return n


@njit(cache=True, nogil=True)
def _list_hand(placed: np.ndarray, hand: int, weighted: bool, shapes: np.ndarray, n: int) -> int:
    for i in range(20):
        a, b = BONES[i, 0] + hand, BONES[i, 1] + hand
        if _is_drawn(placed, a, weighted) and _is_drawn(placed, b, weighted):
            level = int(placed[a, 2] * placed[b, 2] * 255)
            red, green, blue = BONE_RGB[i, 0] * level, BONE_RGB[i, 1] * level, BONE_RGB[i, 2] * level
            n = _add(
                shapes,
                n,
                BONE,
                placed,
                a,
                b,
                _level(np.rint(red)),
                _level(np.rint(green)),
                _level(np.rint(blue)),
            )
    for i in range(hand, hand + 21):
        if _is_drawn(placed, i, weighted):
            n = _add(shapes, n, HAND_DOT, placed, i, i, 0, 0, _level(255 * placed[i, 2]))
    return n


@njit(cache=True, nogil=True)
def _is_drawn(placed: np.ndarray, i: int, weighted: bool) -> bool:
    """Hands and face stop at the first pixel column and row; `controlnet` leaves out what was not seen."""
    return placed[i, 0] >= 1 and placed[i, 1] >= 1 and (weighted or placed[i, 3] > 0)


@njit(cache=True, nogil=True)
def _level(value: float) -> int:
    return min(int(value), 255)


@njit(cache=True, nogil=True)
def _add(
    shapes: np.ndarray, n: int, kind: int, placed: np.ndarray, a: int, b: int, red: int, green: int, blue: int
) -> int:
    shapes[n, 0] = kind
    shapes[n, 1], shapes[n, 2] = placed[a, 0], placed[a, 1]
    shapes[n, 3], shapes[n, 4] = placed[b, 0], placed[b, 1]
    shapes[n, 5], shapes[n, 6], shapes[n, 7] = red, green, blue
    return n + 1
