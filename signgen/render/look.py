"""The look of `openpose` pictures: which strokes, in which order, how wide and in which colour.

Made for reading signs: hands in front and brightest, a hue for each finger, a dark seam around each finger so
that crossing fingers stay apart, face lines thin and light, arms warm on the signer's right and cool on the
left, the trunk quiet.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np

from signgen.pose import layout as at

Colour: TypeAlias = tuple[float, float, float]
Row: TypeAlias = tuple[float, ...]

BACKGROUND: Colour = (17, 19, 26)
TRUNK: Colour = (84, 92, 112)
RIGHT_ARM: tuple[Colour, Colour] = ((190, 104, 58), (226, 142, 76))
LEFT_ARM: tuple[Colour, Colour] = ((44, 132, 138), (70, 176, 174))
FACE: Colour = (224, 227, 236)
QUIET_FACE: Colour = (128, 132, 144)
LIPS: Colour = (255, 132, 146)
TIP: Colour = (254, 254, 254)
# Thumb to little finger; all light enough to read on a dark background.
FINGERS: tuple[Colour, ...] = (
    (255, 104, 104),
    (255, 196, 66),
    (112, 228, 122),
    (82, 190, 255),
    (214, 140, 255),
)

LUMA = (0.299, 0.587, 0.114)
CHIN = at.FACE.start + 8
ALWAYS = -1

# Chains of face keypoints joined by lines; a chain that ends where it starts is closed.
JAW = tuple(range(17))
NOSE = (tuple(range(27, 31)), tuple(range(31, 36)))
BROWS = (tuple(range(17, 22)), tuple(range(22, 27)))
EYES = ((*range(36, 42), 36), (*range(42, 48), 42))
MOUTH = ((*range(48, 60), 48), (*range(60, 68), 60))


def strokes(background: Colour = BACKGROUND) -> np.ndarray:
    """All strokes of a picture in drawing order.

    Returns:
        (n, 8) float32: two keypoints, radius in units of 1/512 of the short side, red, green, blue, opacity,
        and the keypoint in whose presence the stroke is left out (-1: none).
    """
    right = _arm((at.NECK, at.RIGHT_SHOULDER, at.RIGHT_ELBOW, at.RIGHT_WRIST), RIGHT_ARM)
    left = _arm((at.NECK, at.LEFT_SHOULDER, at.LEFT_ELBOW, at.LEFT_WRIST), LEFT_ARM)
    hands = [
        *_hand(at.RIGHT_HAND.start, at.RIGHT_WRIST, RIGHT_ARM[1], background),
        *_hand(at.LEFT_HAND.start, at.LEFT_WRIST, LEFT_ARM[1], background),
    ]
    rows = np.array([*_trunk(), *right, *left, *_face(), *hands], dtype=np.float32)
    return _for_light(rows, background) if np.dot(background, LUMA) > 128 else rows


def _for_light(rows: np.ndarray, background: Colour) -> np.ndarray:
    """The same look on a light background: greys turned over, hues darker, seams as they are."""
    colours = rows[:, 3:6]
    is_seam = (colours == background).all(axis=1, keepdims=True)
    is_grey = np.ptp(colours, axis=1, keepdims=True) < 30
    rows[:, 3:6] = np.where(is_seam, colours, np.where(is_grey, 255 - colours, 0.7 * colours))
    return rows


def _trunk() -> list[Row]:
    lines = (
        (at.NECK, CHIN), (at.RIGHT_SHOULDER, at.RIGHT_HIP), (at.LEFT_SHOULDER, at.LEFT_HIP),
        (at.RIGHT_HIP, at.LEFT_HIP), (at.RIGHT_HIP, at.RIGHT_KNEE), (at.RIGHT_KNEE, at.RIGHT_ANKLE),
        (at.LEFT_HIP, at.LEFT_KNEE), (at.LEFT_KNEE, at.LEFT_ANKLE),
    )  # fmt: skip
    head = (
        (at.NECK, at.NOSE), (at.NOSE, at.RIGHT_EYE), (at.RIGHT_EYE, at.RIGHT_EAR), (at.NOSE, at.LEFT_EYE),
        (at.LEFT_EYE, at.LEFT_EAR),
    )  # fmt: skip
    return [
        *((a, b, 3.0, *TRUNK, 1.0, ALWAYS) for a, b in lines),
        *((a, b, 2.0, *TRUNK, 1.0, CHIN) for a, b in head),
    ]


def _arm(joints: tuple[int, ...], colours: tuple[Colour, Colour]) -> list[Row]:
    upper, fore = colours
    neck, shoulder, elbow, wrist = joints
    return [
        (neck, shoulder, 3.6, *TRUNK, 1.0, ALWAYS),
        (shoulder, elbow, 4.2, *upper, 1.0, ALWAYS),
        (elbow, wrist, 3.8, *fore, 1.0, ALWAYS),
        (shoulder, shoulder, 4.8, *upper, 1.0, ALWAYS),
        (elbow, elbow, 4.6, *fore, 1.0, ALWAYS),
    ]


def _face() -> list[Row]:
    return [
        *_chain(JAW, 0.9, QUIET_FACE),
        *(row for chain in NOSE for row in _chain(chain, 0.9, QUIET_FACE)),
        *(row for chain in BROWS for row in _chain(chain, 1.4, FACE)),
        *(row for chain in EYES for row in _chain(chain, 0.9, FACE)),
        *(row for chain in MOUTH for row in _chain(chain, 0.9, LIPS)),
    ]


def _chain(points: tuple[int, ...], radius: float, colour: Colour) -> list[Row]:
    first = at.FACE.start
    return [(first + a, first + b, radius, *colour, 1.0, ALWAYS) for a, b in pairwise(points)]


def _hand(first: int, wrist: int, arm: Colour, background: Colour) -> list[Row]:
    rows: list[Row] = [(wrist, first, 3.0, *arm, 1.0, ALWAYS)]
    for finger, colour in enumerate(FINGERS):
        chain = [first, *range(first + 4 * finger + 1, first + 4 * finger + 5)]
        rows += [(a, b, 2.7, *background, 1.0, ALWAYS) for a, b in pairwise(chain[1:])]
        rows += [(a, b, 1.3 if a == first else 1.9, *colour, 1.0, ALWAYS) for a, b in pairwise(chain)]
        rows.append((chain[-1], chain[-1], 1.5, *TIP, 1.0, ALWAYS))
    return rows
