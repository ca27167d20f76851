"""Progressive Transformers' ``.skels`` (and ``.skels.gz``): one sequence per line, 151 numbers per frame.

A frame is 50 joints of x, y, z and a counter that runs from 0 to 1 over the sequence. The files carry neither
frame rate nor canvas; both are the caller's to give.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from signgen.data.atomic import atomic_path
from signgen.errors import DataError
from signgen.pose.convert import progressive
from signgen.pose.sequence import PoseSequence

COLUMNS = 151
MAX_LINE_BYTES = 1 << 28
MAX_COORDINATE = 1e6
DEFAULT_CANVAS = (512, 512)


def read_skels(
    path: Path, fps: float, width: int = DEFAULT_CANVAS[0], height: int = DEFAULT_CANVAS[1]
) -> list[PoseSequence]:
    """All sequences of a file.

    Raises:
        DataError: missing, empty or damaged.
    """
    sequences = list(iterate_skels(path, fps, width, height))
    if not sequences:
        raise DataError(f"{path}: the file holds no sequence")
    return sequences


def read_skel(
    path: Path, index: int, fps: float, width: int = DEFAULT_CANVAS[0], height: int = DEFAULT_CANVAS[1]
) -> PoseSequence:
    """The sequence of line ``index`` (from 0), the others unparsed.

    Raises:
        DataError: missing, damaged, or with fewer lines.
    """
    for number, line in enumerate(_lines(path)):
        if number == index:
            return _sequence(line, f"{path}: line {number + 1}", fps, width, height)
    raise DataError(f"{path}: no line {index + 1} (sequence {index})")


def iterate_skels(path: Path, fps: float, width: int, height: int) -> Iterator[PoseSequence]:
    """The sequences of a file one by one."""
    for number, line in enumerate(_lines(path)):
        yield _sequence(line, f"{path}: line {number + 1}", fps, width, height)


def write_skels(sequences: Iterable[PoseSequence], path: Path) -> None:
    """Write one line per sequence, compressed if the name ends in ``.gz``; the face is dropped.

    Raises:
        ResourceError: the disk is full or the folder cannot be written.
    """
    with atomic_path(path) as temporary, temporary.open("wb") as raw:
        if path.suffix == ".gz":
            # No name and no time in the header, so that the same poses give the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
                file.writelines(_line(poses) for poses in sequences)
        else:
            raw.writelines(_line(poses) for poses in sequences)


def _line(poses: PoseSequence) -> bytes:
    points = poses.keypoints
    if poses.depth is not None:
        points = np.concatenate([points, poses.depth[..., None]], axis=-1)
    joints = progressive.from_dwpose(points).reshape(len(poses), COLUMNS - 1)
    counter = np.arange(len(poses)) / max(len(poses), 1)
    return (" ".join(f"{v:.5f}" for v in np.column_stack([joints, counter]).ravel().tolist()) + "\n").encode()


def _lines(path: Path) -> Iterator[bytes]:
    """Lines of bounded length, blank ones skipped."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                if len(line) > MAX_LINE_BYTES:
                    raise DataError(f"{path}: a line of more than {MAX_LINE_BYTES} bytes is refused")
                if line.strip():
                    yield line
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(f"{path}: damaged gzip data; is the file cut short?") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _sequence(line: bytes, where: str, fps: float, width: int, height: int) -> PoseSequence:
    try:
        with np.errstate(over="ignore"):
            values = np.array(line.split(), dtype=np.float32)
    except ValueError:
        raise DataError(f"{where}: not a line of numbers; is this a .skels file?") from None
    if len(values) % COLUMNS:
        raise DataError(
            f"{where}: {len(values)} numbers are not a multiple of {COLUMNS}; is the file cut short?"
        )
    if not (np.abs(values) < MAX_COORDINATE).all():
        raise DataError(f"{where}: a number is not finite or absurdly large")
    joints = values.reshape(-1, COLUMNS)[:, :-1].reshape(-1, 50, 3)
    points = progressive.to_dwpose(joints, width, height)
    return PoseSequence(points[..., :3], fps, width, height, points[..., 3])
