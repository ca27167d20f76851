"""The frames of a SignVerse file as one array: by a scan of the pickle's bytes, or by a safe unpickler.

The scan is fast and takes only the plain kind of pickle; the unpickler takes whatever NumPy may have written
and explains what is wrong. Where both read a file they give the same numbers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from signgen.data.unpickle import load_pickle, plain
from signgen.errors import DataError
from signgen.pose.layout import NUM_KEYPOINTS, PARTS

MAX_FRAMES = 1 << 21
MAX_PEOPLE = 64
MAX_POINT_BYTES = 2 << 30

_KEY = re.compile(r"person_(\d{1,3})(?:_(body|left_hand|right_hand|face)_(keypoints|scores))?", re.ASCII)


@dataclass(frozen=True)
class StoredFrames:
    """What a file stores, before it is made clean.

    Attributes:
        points: (P, T, 128, 3) float32: x, y, score as stored; zero where nothing is.
        people: (T,) int64 number of people in each frame.
    """

    points: np.ndarray
    people: np.ndarray


def scan_frames(content: bytes | memoryview, start: int, frames: int) -> StoredFrames | None:
    """Frames of a plain pickle, without building an object; None if it is not plain.

    Args:
        content: the ``.npy`` file.
        start: where its pickle starts.
        frames: number of frames its header declares.
    """
    from signgen.data import signverse_kernels, signverse_scan_values

    if frames > min(MAX_FRAMES, len(content) // 2) or sys.byteorder != "little":
        return None
    data = np.frombuffer(content, np.uint8)
    tables = _scan(data, start, frames)
    if tables is None:
        return None
    people = np.zeros(frames, np.int64)
    dtype = signverse_kernels.measure(*tables, people)
    size = {signverse_scan_values.F2: 2, signverse_scan_values.F4: 4, signverse_scan_values.F8: 8}.get(dtype)
    count = max(1, int(people.max(initial=0)))
    if size is None or count * frames * NUM_KEYPOINTS * 3 * size > MAX_POINT_BYTES:
        return None
    out = np.zeros((count, frames, NUM_KEYPOINTS * 3 * size), np.uint8)
    signverse_kernels.gather(data, *tables, size, out)
    with np.errstate(over="ignore", invalid="ignore"):
        points = out.view(f"<f{size}").astype(np.float32, copy=False)
    return StoredFrames(points.reshape(count, frames, NUM_KEYPOINTS, 3), people)


def _scan(
    data: np.ndarray, start: int, frames: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None:
    """The tables of `signverse_scan_kernel.scan`, grown until everything fits."""
    from signgen.data.signverse_scan_kernel import FULL, PLAIN, scan

    rows = min(frames, len(data) // 64) + 1024
    while True:
        order, dicts = np.zeros(frames, np.int64), np.full((2 * rows, 2), -1, np.int64)
        items, arrays = np.empty((8 * rows + 16384, 2), np.int64), np.empty((12 * rows, 4), np.int64)
        memo = np.empty((80 * rows, 2), np.int64)
        outcome, *used = scan(data, start, order, dicts, items, arrays, memo)
        if outcome != FULL:
            break
        rows *= 4
    return (order, dicts[: used[0]], items[: used[1]], arrays[: used[2]]) if outcome == PLAIN else None


def unpickle_frames(content: bytes | memoryview, start: int) -> StoredFrames:
    """Frames of any pickle NumPy may have written.

    Raises:
        DataError: damaged or unsafe, or frames that are not as SignVerse writes them; the text is without a
            path.
    """
    listed = plain(load_pickle(memoryview(content)[start:]))
    if isinstance(listed, list) and len(listed) == 1 and isinstance(listed[0], list):
        listed = listed[0]
    if not isinstance(listed, list) or not all(isinstance(frame, dict) for frame in listed):
        raise DataError("the frames are not a list of dicts")
    if len(listed) > MAX_FRAMES:
        raise DataError(f"more than {MAX_FRAMES} frames")
    people = np.array([_count_people(t, frame) for t, frame in enumerate(listed)], np.int64)
    count = max(1, int(people.max(initial=0)))
    if count * len(listed) * NUM_KEYPOINTS * 12 > MAX_POINT_BYTES:
        raise DataError(f"{len(listed)} frames of {count} people are more than fit")
    points = np.zeros((count, len(listed), NUM_KEYPOINTS, 3), np.float32)
    first: dict[int, int] = {}
    for t, frame in enumerate(listed):
        if id(frame) in first:
            points[:, t] = points[:, first[id(frame)]]
            continue
        first[id(frame)] = t
        for person, part, columns, values in _arrays(frame):
            where = f"frame {t}, person {person}, {part}"
            points[person, t, PARTS[part], columns] = _numbers(values, PARTS[part], columns, where)
    return StoredFrames(points, people)


def _count_people(t: int, frame: Mapping[Any, Any]) -> int:
    found = [_KEY.fullmatch(key) for key in frame if isinstance(key, str) and frame[key] is not None]
    count = max((int(match.group(1)) + 1 for match in found if match), default=0)
    if count > MAX_PEOPLE:
        raise DataError(f"frame {t}: more than {MAX_PEOPLE} people")
    return count


def _arrays(frame: Mapping[Any, Any]) -> Iterator[tuple[int, str, slice, Any]]:
    """Person, part, columns and values of each array of a frame, in either layout."""
    for key, value in frame.items():
        match = _KEY.fullmatch(key) if isinstance(key, str) else None
        if not match or value is None:
            continue
        person, part = int(match.group(1)), match.group(2)
        if part:
            yield person, part, slice(0, 2) if match.group(3) == "keypoints" else slice(2, 3), value
        elif isinstance(value, dict):
            for name in PARTS:
                if value.get(name) is not None:
                    yield person, name, slice(0, 3), value[name]
        else:
            raise DataError(f"{key} is not a dict")


def _numbers(values: Any, part: slice, columns: slice, where: str) -> np.ndarray:
    """(k, c) float32 of an array or of nested lists."""
    expected: tuple[int, ...] = (part.stop - part.start, columns.stop - columns.start)
    shape = expected if expected[1] > 1 else expected[:1]
    try:
        array = np.asarray(values)
    except (ValueError, TypeError, OverflowError):
        raise DataError(f"{where}: not an array of numbers") from None
    if array.shape != shape or array.dtype.kind not in "fiu":
        raise DataError(f"{where}: expected {shape} numbers, got {array.shape} of {array.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(np.float32).reshape(expected)
