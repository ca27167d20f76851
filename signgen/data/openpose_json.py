"""A folder of OpenPose's ``*_keypoints.json``, one per frame, with any number of people.

The files carry neither frame rate nor canvas: the rate is the caller's to give, and so is the canvas, or else it
is the smallest even one that holds all keypoints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.atomic import write_text
from signgen.data.frame_folder import frame_files, read_frame
from signgen.data.people import primary_first, tracks
from signgen.data.strict_json import parse_json_object, to_json
from signgen.errors import DataError, PoseError
from signgen.pose.convert import openpose
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.sequence import MAX_SIDE, PoseSequence

SUFFIX = "_keypoints.json"
MAX_PEOPLE = 256
_PARTS = (("pose_keypoints_2d", (25, 18)), ("face_keypoints_2d", (70,)), ("hand_left_keypoints_2d", (21,)),
          ("hand_right_keypoints_2d", (21,)))  # fmt: skip


def read_openpose(
    folder: Path, fps: float, width: int | None = None, height: int | None = None
) -> list[PoseSequence]:
    """The people of a folder, the most prominent first; absent frames and people are missing keypoints.

    Raises:
        DataError: no such files, or a damaged one.
    """
    files = frame_files(folder, (SUFFIX,))
    frames = [np.zeros((0, NUM_KEYPOINTS, 3)) if path is None else read_people(path) for path in files]
    people = tracks(frames)
    if width is None or height is None:
        width, height = _extent(people)
    return primary_first([PoseSequence(keypoints, fps, width, height) for keypoints in people])


def read_people(path: Path) -> np.ndarray:
    """(P, 128, 3) keypoints of the people of one frame file.

    Raises:
        DataError: damaged, or with arrays of unexpected length.
    """
    content = parse_json_object(read_frame(path), str(path))
    people = content.get("people")
    if not isinstance(people, list) or len(people) > MAX_PEOPLE:
        raise DataError(f"{path}: expected a list 'people' of at most {MAX_PEOPLE}")
    try:
        points = [_person(person) for person in people]
        return np.concatenate(
            [openpose.to_dwpose(p[None]) for p in points] or [np.zeros((0, NUM_KEYPOINTS, 3))]
        )
    except (DataError, PoseError) as error:
        raise DataError(f"{path}: {error}") from None


def write_openpose(people: Sequence[PoseSequence], folder: Path) -> None:
    """Write one file per frame, ``<folder>_000000000000_keypoints.json`` and so on, as BODY_25.

    Raises:
        ResourceError: the disk is full or the folder cannot be written.
    """
    points = np.stack([openpose.from_dwpose(poses.keypoints) for poses in people], axis=1)
    for number, frame in enumerate(points):
        content = {"version": 1.3, "people": [_as_json(person) for person in frame]}
        write_text(folder / f"{folder.name}_{number:012d}{SUFFIX}", to_json(content) + "\n")


def _person(person: Any) -> np.ndarray:
    if not isinstance(person, dict):
        raise DataError("each of 'people' must be an object")
    parts = []
    for name, counts in _PARTS:
        values = person.get(name) or [0.0] * (3 * counts[0])
        try:
            array = np.asarray(values, dtype=np.float32)
        except (TypeError, ValueError, OverflowError):
            raise DataError(f"{name}: expected a list of numbers") from None
        if array.ndim != 1 or len(array) not in [3 * count for count in counts]:
            raise DataError(f"{name}: expected {3 * counts[0]} numbers, got shape {array.shape}")
        parts.append(array.reshape(-1, 3))
    return np.concatenate(parts)


def _as_json(person: np.ndarray) -> dict[str, Any]:
    content: dict[str, Any] = {"person_id": [-1]}
    start = 0
    for name, counts in _PARTS:
        content[name] = [float(str(v)) for v in person[start : start + counts[0]].ravel()]
        start += counts[0]
    return content


def _extent(people: list[np.ndarray]) -> tuple[int, int]:
    seen = np.concatenate([keypoints[keypoints[..., 2] > 0, :2] for keypoints in people])
    if not len(seen):
        return 512, 512
    width, height = (min(max(2, 2 * math.ceil((side + 1) / 2)), MAX_SIDE) for side in seen.max(axis=0))
    return width, height
