"""The columnar shard for training: many clips in one file, 640 bytes a frame, read at random through a mmap.

The exact format is in docs/formats-columnar.md.
"""

from __future__ import annotations

import mmap
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from signgen.data.columnar_write import (
    ALIGNMENT,
    MAGIC,
    MAX_COORDINATE,
    TRAILER,
    Clip,
    ClipEntry,
    write_columnar,
)  # fmt: skip
from signgen.data.strict_json import parse_json_object
from signgen.errors import DataError, PoseError
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.sequence import MAX_FPS, MAX_SIDE, PoseSequence

__all__ = ["Clip", "ClipEntry", "Columnar", "write_columnar"]

MAX_INDEX_BYTES = 1 << 30


class Columnar:
    """A columnar shard, open for reading; also a context manager.

    Attributes:
        clips: the entries in the order of the file.
    """

    def __init__(self, path: Path) -> None:
        """Map the file and check its whole index.

        Raises:
            DataError: missing, damaged, or not a columnar shard.
        """
        self._path = path
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
        try:
            self.clips = _read_index(self._map, path)
        except DataError:
            self._map.close()
            raise
        self._by_name = {entry.name: number for number, entry in enumerate(self.clips)}

    def __len__(self) -> int:
        return len(self.clips)

    def __enter__(self) -> Columnar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(BufferError):  # an array still looks at it: then it closes with the last of them
            self._map.close()

    def find(self, name: str) -> int:
        """Number of the clip called ``name``.

        Raises:
            DataError: there is none.
        """
        if name not in self._by_name:
            raise DataError(f"{self._path}: has no clip {name!r}")
        return self._by_name[name]

    def read_keypoints(
        self, clip: int, start: int = 0, stop: int | None = None, out: np.ndarray | None = None
    ) -> np.ndarray:
        """Frames ``start`` to ``stop`` of a clip; only their bytes are touched and nothing is checked again.

        Args:
            clip: number of the clip.
            start: first frame.
            stop: one past the last frame, None for the end.
            out: (T, 128, 3) float32 to fill instead of a new array.

        Returns:
            (T, 128, 3) float32, as in `PoseSequence`.
        """
        from signgen.data.columnar_kernels import decode_keypoints

        entry = self.clips[clip]
        start, stop, _ = slice(start, stop).indices(entry.frames)
        count = max(0, stop - start)
        if out is None:
            out = np.empty((count, NUM_KEYPOINTS, 3), np.float32)
        elif out.shape != (count, NUM_KEYPOINTS, 3) or out.dtype != np.float32 or not out.flags.c_contiguous:
            raise ValueError(f"out: expected ({count}, {NUM_KEYPOINTS}, 3) float32 in C order")
        points = count * NUM_KEYPOINTS
        xy = self._column("<u2", entry.offset + start * NUM_KEYPOINTS * 4, 2 * points)
        after = entry.offset + (entry.frames * 4 + start) * NUM_KEYPOINTS
        confidence = self._column("u1", after, points)
        decode_keypoints(xy, confidence, entry.left, entry.top, entry.step, out.reshape(-1))
        return out

    def read_depth(self, clip: int) -> np.ndarray | None:
        """(T, 128) float32 depth of a clip [px], or None."""
        entry = self.clips[clip]
        if not entry.depth_step:
            return None
        points = entry.frames * NUM_KEYPOINTS
        steps = self._column("<u2", entry.offset + points * 5, points)
        depth = steps * np.float32(entry.depth_step) + np.float32(entry.near)
        return depth.reshape(entry.frames, NUM_KEYPOINTS).astype(np.float32, copy=False)

    def read(self, clip: int) -> PoseSequence:
        """A whole clip as a checked `PoseSequence`.

        Raises:
            DataError: the block is damaged in a way that shows.
        """
        entry = self.clips[clip]
        try:
            return PoseSequence(
                self.read_keypoints(clip), entry.fps, entry.width, entry.height, self.read_depth(clip)
            )
        except PoseError as error:
            raise DataError(f"{self._path}: {entry.name}: {error}") from None

    def verify(self) -> list[str]:
        """Names of the clips whose bytes do not match their checksum."""
        return [
            entry.name
            for entry in self.clips
            if zlib.crc32(self._column("u1", entry.offset, entry.nbytes).data) != entry.crc32
        ]

    def _column(self, dtype: str, offset: int, count: int) -> np.ndarray:
        if not count:
            return np.zeros(0, dtype)
        return np.frombuffer(self._map, dtype, count, offset)


_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "name": str, "offset": int, "frames": int, "fps": (int, float), "width": int, "height": int,
    "left": (int, float), "top": (int, float), "step": (int, float), "near": (int, float),
    "depth_step": (int, float), "crc32": int, "info": dict,
}  # fmt: skip


def _read_index(data: mmap.mmap, path: Path) -> tuple[ClipEntry, ...]:
    if len(data) < len(MAGIC) + TRAILER.size or data[: len(MAGIC)] != MAGIC:
        raise DataError(f"{path}: not a columnar shard")
    start, size, checksum, magic = TRAILER.unpack(data[len(data) - TRAILER.size :])
    if magic != MAGIC or start + size + TRAILER.size != len(data) or size > MAX_INDEX_BYTES:
        raise DataError(f"{path}: damaged columnar shard; is it cut short?")
    text = data[start : start + size]
    if zlib.crc32(text) != checksum:
        raise DataError(f"{path}: damaged (wrong checksum of the index)")
    index = parse_json_object(text, str(path), MAX_INDEX_BYTES)
    if index.get("version") != 1 or index.get("keypoints") != NUM_KEYPOINTS:
        raise DataError(f"{path}: a columnar shard of another version or layout")
    listed = index.get("clips")
    if not isinstance(listed, list):
        raise DataError(f"{path}: damaged (no list of clips)")
    entries = tuple(_entry(item, start, path) for item in listed)
    if len({entry.name for entry in entries}) != len(entries):
        raise DataError(f"{path}: two clips have one name")
    return entries


def _entry(item: Any, end: int, path: Path) -> ClipEntry:
    if not isinstance(item, dict) or item.keys() != _KINDS.keys():
        raise DataError(f"{path}: damaged (a clip with wrong fields)")
    for name, kind in _KINDS.items():
        if not isinstance(item[name], kind) or isinstance(item[name], bool):
            raise DataError(f"{path}: damaged (a clip with a wrong {name})")
    entry = ClipEntry(**item)
    is_placed = entry.offset >= 0 and 0 <= entry.frames <= end and entry.offset % ALIGNMENT == 0
    if not is_placed or entry.offset + entry.nbytes > end:
        raise DataError(f"{path}: {entry.name[:80]!r}: its frames lie outside the file")
    numbers = (entry.left, entry.top, entry.near, 4 * entry.step, 4 * entry.depth_step)
    is_sane = 0 < entry.fps <= MAX_FPS and 1 <= entry.width <= MAX_SIDE and 1 <= entry.height <= MAX_SIDE
    if not is_sane or entry.step <= 0 or entry.depth_step < 0 or max(map(abs, numbers)) > MAX_COORDINATE:
        raise DataError(f"{path}: {entry.name[:80]!r}: rate, canvas or scale out of range")
    return entry
