"""Read and write ``.pose`` files (versions 0.0, 0.1 and 0.2) without copying what is not asked for.

The points of a file are a view of its pages (mmap): opening costs next to nothing, a window of frames touches
the pages of those frames only, and the mask is computed when somebody asks for it. Written files are version
0.2.

Do not shorten a file in place while its views live; ours are replaced whole, which is safe.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from signgen.data.atomic import atomic_path
from signgen.data.pose_header import Buffer, PoseHeader, pack_header, parse_header
from signgen.errors import DataError

MAX_PEOPLE = 256
MAPPED_FROM_BYTES = 1 << 20
MAX_V00_BYTES = 1 << 31


@dataclass(frozen=True, eq=False)
class PoseFile:
    """The content of a ``.pose`` file, or of a window of its frames.

    Attributes:
        header: canvas and components.
        fps: frames per second.
        points: (T, P, K, D) float32 coordinates of P people; D is 2 or 3. Read-only, not always aligned.
        confidence: (T, P, K) float32; 0 = missing.
    """

    header: PoseHeader
    fps: float
    points: np.ndarray
    confidence: np.ndarray

    @property
    def mask(self) -> np.ndarray:
        """(T, P, K) bool, True where a point is missing; computed anew at each call."""
        mask: np.ndarray = self.confidence == 0
        return mask

    def __len__(self) -> int:
        return len(self.points)


def read_pose_file(path: Path, start: int = 0, end: int | None = None) -> PoseFile:
    """Frames ``start`` to ``end`` (exclusive; past the last is the last) of a ``.pose`` file.

    Raises:
        DataError: missing, empty, damaged, cut short or of another version.
    """
    try:
        return parse_pose(_content(path), start, end)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _content(path: Path) -> Buffer:
    """The bytes of a file: a small one read, a large one mapped (page by page faults cost more than a read)."""
    try:
        with open(path, "rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            if size <= MAPPED_FROM_BYTES:
                data = file.read(size)
                if not data:
                    raise DataError("the file is empty")
                return data
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def parse_pose(data: Buffer, start: int = 0, end: int | None = None) -> PoseFile:
    """A ``.pose`` file held in memory; the arrays are views of ``data``, except for version 0.0.

    Raises:
        DataError: as `read_pose_file`, without a path.
    """
    header, offset = parse_header(data)
    try:
        if header.version == 0.0:
            fps, points, confidence = _parse_v00(data, header, offset)
            return PoseFile(header, fps, points[start:end], confidence[start:end])
        fps, frames, people, offset = _parse_counts(data, header, offset)
    except struct.error:
        raise DataError("cut short: it ends before its first frame") from None
    window = slice(*slice(max(start, 0), end).indices(frames))
    first, count = window.start, max(window.stop - window.start, 0)
    shape = (people, header.num_points, header.num_dims)
    points = _window(data, offset, first, count, shape)
    offset += 4 * frames * shape[0] * shape[1] * shape[2]
    return PoseFile(header, fps, points, _window(data, offset, first, count, shape[:2]))


def write_pose_file(poses: PoseFile, path: Path) -> None:
    """Write a file of version 0.2, whole or not at all.

    Raises:
        DataError: shapes that do not fit the header, or values the format cannot hold.
        ResourceError: the disk is full or the folder cannot be written.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        write_pose(poses, file)


def write_pose(poses: PoseFile, file: BinaryIO) -> None:
    """Write the bytes of a file of version 0.2 to an open binary file."""
    for part in _parts(poses):
        file.write(part)


def pack_pose(poses: PoseFile) -> bytearray:
    """The bytes of a file of version 0.2, in one buffer."""
    parts = _parts(poses)
    out = bytearray(sum(len(part) for part in parts))
    view, start = memoryview(out), 0
    for part in parts:
        view[start : start + len(part)] = part
        start += len(part)
    return out


def _parts(poses: PoseFile) -> tuple[bytes | memoryview, ...]:
    header = poses.header
    expected = (*poses.points.shape[:2], header.num_points, header.num_dims)
    if poses.points.shape != expected or poses.confidence.shape != expected[:3]:
        raise DataError(
            f"points {poses.points.shape} and confidence {poses.confidence.shape} do not fit a header of "
            f"{header.num_points} points with {header.num_dims} coordinates"
        )
    counts = struct.pack("<fIH", poses.fps, len(poses.points), poses.points.shape[1])
    arrays = (np.ascontiguousarray(a, "<f4") for a in (poses.points, poses.confidence))
    return (pack_header(header) + counts, *(a.reshape(-1).view(np.uint8).data for a in arrays))


def _parse_counts(data: Buffer, header: PoseHeader, offset: int) -> tuple[float, int, int, int]:
    """fps, frames, people and the offset of the first coordinate of versions 0.1 and 0.2."""
    fps: float
    if header.version == 0.1:
        fps, frames, people = struct.unpack_from("<HHH", data, offset)
        offset += 6
    else:
        fps, frames, people = struct.unpack_from("<fIH", data, offset)
        offset += 10
    _check_counts(header, fps, people)
    left = len(data) - offset
    size = 4 * people * header.num_points * (header.num_dims + 1)
    if size == 0:
        return float(fps), 0, people, offset
    if header.version == 0.1 and left // size % (1 << 16) == frames:
        # Version 0.1 counts frames modulo 65536; the length of the file knows better.
        frames = left // size
    if frames * size != left:
        raise DataError(
            f"{'cut short' if frames * size > left else 'damaged'}: {frames} frames need {frames * size} bytes, "
            f"{left} follow the header"
        )
    return float(fps), frames, people, offset


def _check_counts(header: PoseHeader, fps: float, people: int) -> None:
    if not 0 < fps <= 1000:
        raise DataError(f"a frame rate of {fps:g} is out of range; is the file damaged?")
    if people > MAX_PEOPLE:
        raise DataError(f"{people} people in a frame are more than {MAX_PEOPLE}; is the file damaged?")
    if header.num_points == 0:
        raise DataError("the header names no points")


def _window(data: Buffer, offset: int, first: int, count: int, shape: tuple[int, ...]) -> np.ndarray:
    size = math.prod(shape)
    if count * size == 0:
        return np.zeros((count, *shape), np.float32)
    array = np.frombuffer(data, "<f4", count * size, offset + 4 * first * size).reshape(count, *shape)
    array.setflags(write=False)
    return array


def _parse_v00(data: Buffer, header: PoseHeader, offset: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Version 0.0 stores people frame by frame, each with an id and the columns of each component."""
    fps, frames = struct.unpack_from("<HH", data, offset)
    size = 2 + 4 * sum(len(c.points) * len(c.format) for c in header.components)
    starts, counts = _person_offsets(data, offset + 4, frames, size)
    people = max(counts, default=0)
    _check_counts(header, fps, people)
    people = max(people, 1)
    shape = (frames, people, header.num_points, header.num_dims)
    if 4 * int(np.prod(shape, dtype=np.float64)) > MAX_V00_BYTES:
        raise DataError(f"{frames} frames of {people} people are too many for one file of version 0.0")
    points, confidence = np.zeros(shape, np.float32), np.zeros(shape[:3], np.float32)
    for frame, (start, count) in enumerate(zip(starts, counts, strict=True)):
        for person in range(count):
            _fill_person(
                data, start + person * size + 2, header, points[frame, person], confidence[frame, person]
            )
    return float(fps), points, confidence


def _person_offsets(data: Buffer, offset: int, frames: int, size: int) -> tuple[list[int], list[int]]:
    """Where the first person of each frame starts, and how many there are."""
    starts, counts = [], []
    for _ in range(frames):
        (count,) = struct.unpack_from("<H", data, offset)
        starts.append(offset + 2)
        counts.append(count)
        offset += 2 + count * size
    if offset > len(data):
        raise DataError(f"cut short: {frames} frames need {offset} bytes, there are {len(data)}")
    if offset < len(data):
        raise DataError(f"damaged: {len(data) - offset} bytes follow the last frame")
    return starts, counts


def _fill_person(
    data: Buffer, offset: int, header: PoseHeader, points: np.ndarray, confidence: np.ndarray
) -> None:
    first = 0
    for component in header.components:
        count, columns = len(component.points), len(component.format)
        values = np.frombuffer(data, "<f4", count * columns, offset).reshape(count, columns)
        points[first : first + count, : columns - 1] = values[:, :-1]
        confidence[first : first + count] = values[:, -1]
        first += count
        offset += values.nbytes
