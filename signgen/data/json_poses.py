"""Poses as one plain JSON object, for languages and tools without NumPy.

``{"fps": 24.0, "width": 512, "height": 512, "keypoints": [[[x, y, confidence], ... 128], ... T], "depth": ...}``
with ``depth`` (T lists of 128 numbers) only if there is one. Several people are under ``people``, a list of
objects with ``keypoints`` and ``depth``. Numbers are written so that they read back exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.atomic import write_text
from signgen.data.pose_layouts import checked_people
from signgen.data.strict_json import read_json_object, to_json
from signgen.errors import DataError, PoseError
from signgen.pose.sequence import PoseSequence

MAX_BYTES = 1 << 29
MAX_PEOPLE = 256


def read_json_poses(path: Path) -> list[PoseSequence]:
    """The people of a file, in its order.

    Raises:
        DataError: missing, damaged, or with values no `PoseSequence` may have.
    """
    content = read_json_object(path, MAX_BYTES)
    people = content.get("people", [content])
    if not isinstance(people, list) or not 1 <= len(people) <= MAX_PEOPLE:
        raise DataError(f"{path}: expected 1 to {MAX_PEOPLE} people")
    try:
        return [_person(content, person) for person in people]
    except PoseError as error:
        raise DataError(f"{path}: {error}") from None


def write_json_poses(people: Sequence[PoseSequence], path: Path) -> None:
    """Write the people of one recording.

    Raises:
        PoseError: people of different length, rate or canvas.
        ResourceError: the disk is full or the folder cannot be written.
    """
    first = checked_people(people)
    content: dict[str, Any] = {"fps": first.fps, "width": first.width, "height": first.height}
    bodies = [_as_json(poses) for poses in people]
    content |= bodies[0] if len(bodies) == 1 else {"people": bodies}
    write_text(path, to_json(content) + "\n")


def is_json_poses(content: Mapping[str, Any]) -> bool:
    """Whether a JSON object looks like poses of this form."""
    return "keypoints" in content or ("people" in content and "fps" in content)


def _person(content: Mapping[str, Any], person: Any) -> PoseSequence:
    if not isinstance(person, dict) or "keypoints" not in person:
        raise PoseError("expected 'keypoints', a list of frames; is this JSON of signgen's poses?")
    numbers = [content.get(name) for name in ("fps", "width", "height")]
    if not all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers):
        raise PoseError("expected numbers 'fps', 'width' and 'height'")
    fps, width, height = (float(n or 0) for n in numbers)
    if not (width.is_integer() and height.is_integer()):
        raise PoseError(f"width and height must be whole numbers, got {width:g} and {height:g}")
    keypoints = _array(person["keypoints"], "keypoints", (0, 128, 3))
    depth = person.get("depth")
    return PoseSequence(
        keypoints, fps, int(width), int(height), None if depth is None else _array(depth, "depth", (0, 128))
    )


def _array(values: Any, name: str, empty: tuple[int, ...]) -> np.ndarray:
    try:
        return np.asarray(values, dtype=np.float32) if values else np.zeros(empty, np.float32)
    except (TypeError, ValueError, OverflowError):
        raise PoseError(f"{name}: expected lists of numbers of equal length") from None


def _as_json(poses: PoseSequence) -> dict[str, Any]:
    content: dict[str, Any] = {"keypoints": _exact(poses.keypoints)}
    if poses.depth is not None:
        content["depth"] = _exact(poses.depth)
    return content


def _exact(array: np.ndarray) -> Any:
    """Nested lists of the shortest decimals that read back as the same float32."""
    return array.astype("U32").astype(np.float64).tolist()
