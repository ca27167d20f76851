"""SignVerse-2M: one dict per person with ``body``, ``face``, ``left_hand`` and ``right_hand`` in pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from signgen.errors import PoseError
from signgen.pose.convert.report import ConversionReport
from signgen.pose.layout import NAMES, NUM_KEYPOINTS, PARTS
from signgen.pose.sequence import cleaned

REPORT = ConversionReport("signverse", mapped=NAMES)


def to_dwpose(people: list[Mapping[str, Any] | None]) -> np.ndarray:
    """(T, 128, 3) keypoints of one person from its dict in each frame; None where the person is absent.

    A part that is absent or empty is missing; confidences above 1 are cut to 1, negative ones are missing.

    Raises:
        PoseError: a part of the wrong shape.
    """
    out = np.zeros((len(people), NUM_KEYPOINTS, 3), np.float32)
    for frame, person in zip(out, people, strict=True):
        for name, part in PARTS.items():
            points = None if person is None else person.get(name)
            if points is not None and np.size(points):
                frame[part] = _part(points, name, part.stop - part.start)
    return cleaned(out)


def from_dwpose(keypoints: np.ndarray) -> list[dict[str, np.ndarray]]:
    """One dict of (n, 3) float32 arrays per frame of (T, 128, 3) keypoints; nothing is lost."""
    return [{name: frame[part].copy() for name, part in PARTS.items()} for frame in keypoints]


def _part(points: Any, name: str, count: int) -> np.ndarray:
    try:
        array = np.asarray(points, dtype=np.float32)
    except (TypeError, ValueError):
        raise PoseError(f"{name}: expected an array of numbers") from None
    if array.shape != (count, 3):
        raise PoseError(f"{name}: expected shape ({count}, 3) of x, y, confidence, got {array.shape}")
    return array
