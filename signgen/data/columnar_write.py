"""Write the columnar shard: fixed-point columns of clip after clip, then an index."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from signgen.data.atomic import atomic_path
from signgen.data.strict_json import to_json
from signgen.errors import PoseError
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.sequence import PoseSequence

MAGIC = b"SIGNCOL1"
ALIGNMENT = 64
FINEST_STEP = 1 / 32
MAX_COORDINATE = float(1 << 19)

TRAILER = struct.Struct("<QQI4x8s")
_LEVELS = (1 << 16) - 1


@dataclass(frozen=True)
class Clip:
    """One sequence to store.

    Attributes:
        name: unique within the file.
        poses: the poses.
        info: any JSON that belongs to it, such as text and language.
    """

    name: str
    poses: PoseSequence
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ClipEntry:
    """Where and how a clip is stored.

    Attributes:
        name: name of the clip.
        offset: start of its block in the file.
        frames: number of frames.
        fps: frames per second.
        width: canvas width [px].
        height: canvas height [px].
        left: x of the origin [px].
        top: y of the origin [px].
        step: distance of two representable coordinates [px]; coordinates are right within half of it.
        near: depth of the origin [px].
        depth_step: distance of two representable depths [px], 0 if the clip has no depth.
        crc32: checksum of its block.
        info: what was stored with it.
    """

    name: str
    offset: int
    frames: int
    fps: float
    width: int
    height: int
    left: float
    top: float
    step: float
    near: float
    depth_step: float
    crc32: int
    info: Mapping[str, Any]

    @property
    def checksum(self) -> int:
        """What tells its poses from others."""
        return self.crc32

    @property
    def nbytes(self) -> int:
        """Size of its block."""
        return self.frames * NUM_KEYPOINTS * (7 if self.depth_step else 5)


def write_columnar(clips: Iterable[Clip], path: Path) -> int:
    """Write clips as they come, atomically; the same clips give the same bytes.

    Returns:
        Number of clips.

    Raises:
        PoseError: two clips of one name, or keypoints so far apart that fixed point would be coarse.
        ResourceError: the disk is full or the folder cannot be written.
    """
    entries: dict[str, ClipEntry] = {}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        file.write(MAGIC)
        for clip in clips:
            if clip.name in entries:
                raise PoseError(f"{path}: two clips are called {clip.name!r}")
            _align(file)
            entries[clip.name] = _write_clip(file, clip)
        _align(file)
        start = file.tell()
        frames = sum(entry.frames for entry in entries.values())
        index = {"version": 1, "keypoints": NUM_KEYPOINTS, "frames": frames, "clips": list(entries.values())}
        text = to_json(index).encode("utf-8")
        file.write(text)
        file.write(TRAILER.pack(start, len(text), zlib.crc32(text), MAGIC))
    return len(entries)


def _align(file: BinaryIO) -> None:
    file.write(bytes(-file.tell() % ALIGNMENT))


def _write_clip(file: BinaryIO, clip: Clip) -> ClipEntry:
    poses = clip.poses
    is_there = poses.confidence > 0
    coarsest = max(FINEST_STEP, max(poses.width, poses.height) / 4096)
    xy, origin, step = _to_steps(poses.xy, is_there, coarsest, clip.name)
    confidence = np.where(is_there, np.clip(np.rint(poses.confidence * 255.0), 1, 255), 0).astype("<u1")
    columns, near, depth_step = [xy, confidence], 0.0, 0.0
    if poses.depth is not None:
        every = np.ones_like(is_there)
        depth, (near,), depth_step = _to_steps(poses.depth[..., None], every, coarsest, clip.name)
        columns.append(depth)
    offset, block = file.tell(), b"".join(column.tobytes() for column in columns)
    file.write(block)
    left, top = origin
    return ClipEntry(
        clip.name, offset, len(poses), poses.fps, poses.width, poses.height, left, top, step, near,
        depth_step, zlib.crc32(block), dict(clip.info),
    )  # fmt: skip


def _to_steps(
    values: np.ndarray, is_there: np.ndarray, coarsest: float, name: str
) -> tuple[np.ndarray, tuple[float, ...], float]:
    """Whole steps from an origin, the origin of each axis, and the step, the finest power of two that does.

    Args:
        values: (T, K, c) coordinates [px].
        is_there: (T, K) which of them count.
        coarsest: largest step allowed [px].
        name: name of the clip.
    """
    seen = values[is_there].astype(np.float64)
    if not len(seen):
        return np.zeros(values.shape, "<u2"), (0.0,) * values.shape[-1], FINEST_STEP
    low, high = seen.min(axis=0), seen.max(axis=0)
    step = FINEST_STEP
    while (np.rint(high / step) - np.floor(low / step)).max() > _LEVELS:
        step *= 2
    if step > coarsest or max(-low.min(), high.max()) > MAX_COORDINATE:
        raise PoseError(
            f"{name}: keypoints from {low.min():g} to {high.max():g} px are too far apart to store"
        )
    origin = np.floor(low / step)
    steps = np.zeros(values.shape, "<u2")
    steps[is_there] = np.rint(seen / step) - origin
    return steps, tuple(float(x) for x in origin * step), step
