"""A tar shard of a batch as clips that are read at random, with what its captions and sidecars say of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from signgen.data.shards import MAX_CAPTION_BYTES, read_packed_poses
from signgen.data.strict_json import parse_json_object
from signgen.data.tar_stream import TarMember, TarWalker
from signgen.errors import DataError
from signgen.pose.sequence import MAX_FPS, MAX_SIDE, PoseSequence

# Members of a sample in the order of the shard. The sidecar is last: who finds it has found everything.
POSES, CAPTION, VIDEO, SIDECAR = "poses.npz", "caption.json", "mp4", "json"
MEMBERS = (POSES, CAPTION, VIDEO, SIDECAR)
# What training is told of the poses' extractor: there was none.
_EXTRACTOR = "none (synthetic)"


@dataclass(frozen=True)
class Span:
    """Where a member lies in the file: ``size`` bytes from ``offset``."""

    offset: int
    size: int


@dataclass(frozen=True)
class TarClip:
    """A sample of a shard; its first fields are those of `signgen.data.columnar_write.ClipEntry`.

    Attributes:
        name: its key.
        frames: number of frames.
        fps: frames per second.
        width: canvas width [px].
        height: canvas height [px].
        info: what columnar clips have: ``text``, ``gloss``, ``timeline``, ``signed_language``, ``signer``, ...
        members: where its files lie.
        checksum: the first 32 bits of the SHA-256 of its poses' file.
    """

    name: str
    frames: int
    fps: float
    width: int
    height: int
    info: Mapping[str, Any]
    members: Mapping[str, Span]
    checksum: int


# Indices that were read last: who reads clips one by one opens a shard for each.
_KEPT: dict[tuple[Path, int, int], tuple[TarClip, ...]] = {}
_MOST_KEPT = 8


class TarClips:
    """A tar shard of a batch, open for reading with the methods of `Columnar`; also a context manager.

    Only the index is kept in memory, and the poses that were read last.

    Attributes:
        clips: the samples in the order of the file.
    """

    def __init__(self, path: Path) -> None:
        """Read names, captions and sidecars; poses are passed over.

        Raises:
            DataError: missing, damaged, or not a shard of a batch.
        """
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
        self._last: tuple[int, PoseSequence] | None = None
        status = os.fstat(self._file.fileno())
        key = path.resolve(), status.st_size, status.st_mtime_ns
        try:
            self.clips = _KEPT.get(key) or tuple(self._samples())
        except BaseException:
            self._file.close()
            raise
        _keep(key, self.clips)
        self._by_name = {entry.name: number for number, entry in enumerate(self.clips)}

    def __len__(self) -> int:
        return len(self.clips)

    def __enter__(self) -> TarClips:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def find(self, name: str) -> int:
        """Number of the clip called ``name``.

        Raises:
            DataError: there is none.
        """
        if name not in self._by_name:
            raise DataError(f"{self._path}: has no clip {name!r}")
        return self._by_name[name]

    def read(self, clip: int) -> PoseSequence:
        """A whole clip.

        Raises:
            DataError: its poses are damaged, or not as its sidecar says.
        """
        if self._last is None or self._last[0] != clip:
            self._last = clip, self._poses(self.clips[clip])
        return self._last[1]

    def read_keypoints(self, clip: int, start: int = 0, stop: int | None = None) -> np.ndarray:
        """(T, 128, 3) float32 frames ``start`` to ``stop`` of a clip."""
        return self.read(clip).keypoints[start:stop]

    def read_depth(self, clip: int) -> np.ndarray | None:
        """(T, 128) float32 depth of a clip [px], or None."""
        return self.read(clip).depth

    def read_member(self, clip: int, member: str) -> bytes:
        """The bytes of a file of a sample, such as its ``mp4``.

        Raises:
            DataError: it has none, or the file was cut short meanwhile.
        """
        entry = self.clips[clip]
        span = entry.members.get(member)
        if span is None:
            raise DataError(f"{self._path}: {entry.name} has no {member}")
        self._file.seek(span.offset)
        data = self._file.read(span.size)
        if len(data) < span.size:
            raise DataError(f"{self._path}: cut short")
        return data

    def _poses(self, entry: TarClip) -> PoseSequence:
        data = self.read_member(self._by_name[entry.name], POSES)
        poses = read_packed_poses(data, f"{self._path}: {entry.name}.{POSES}", 1)[0]
        if (len(poses), poses.fps, poses.width, poses.height) != (
            entry.frames, entry.fps, entry.width, entry.height,
        ):  # fmt: skip
            raise DataError(f"{self._path}: {entry.name}: its poses are not as its sidecar says")
        return poses

    def _samples(self) -> Iterator[TarClip]:
        key, found, texts, done = "", dict[str, Span](), dict[str, bytes](), set[str]()
        for member in TarWalker(self._file, str(self._path)):
            prefix, _, kind = member.name.partition(".")
            if member.problem or kind not in MEMBERS:
                reason = member.problem or "is no file of a batch; expected KEY.poses.npz and its like"
                raise DataError(f"{self._path}: {member.name[:120]!r}: {reason}")
            if prefix != key:
                yield from self._sample(key, found, texts, done)
                key, found, texts = prefix, {}, {}
            found[kind] = Span(self._file.tell(), member.size)
            if kind in (CAPTION, SIDECAR):
                texts[kind] = self._small(member)
        yield from self._sample(key, found, texts, done)

    def _small(self, member: TarMember) -> bytes:
        if member.size > MAX_CAPTION_BYTES:
            raise DataError(f"{self._path}: {member.name!r}: {member.size} bytes are too many")
        return member.read()

    def _sample(
        self, key: str, found: Mapping[str, Span], texts: Mapping[str, bytes], done: set[str]
    ) -> Iterator[TarClip]:
        if not key:
            return
        where = f"{self._path}: {key}"
        if key in done or not {POSES, CAPTION, SIDECAR} <= found.keys():
            raise DataError(f"{where}: its files are not all there, side by side")
        done.add(key)
        record = parse_json_object(texts[SIDECAR], f"{where}.{SIDECAR}")
        caption = parse_json_object(texts[CAPTION], f"{where}.{CAPTION}", MAX_CAPTION_BYTES)
        try:
            yield _clip(key, record, caption, found)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise DataError(f"{where}: its caption or sidecar is not one of a batch") from None


def _keep(key: tuple[Path, int, int], clips: tuple[TarClip, ...]) -> None:
    _KEPT.pop(key, None)
    _KEPT[key] = clips
    while len(_KEPT) > _MOST_KEPT:
        _KEPT.pop(next(iter(_KEPT)), None)


def _clip(
    key: str, record: Mapping[str, Any], caption: Mapping[str, Any], members: Mapping[str, Span]
) -> TarClip:
    frames, fps = int(record["frames"]), float(record["fps"])
    width, height = int(record["width"]), int(record["height"])
    if not (0 < fps <= MAX_FPS and 1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and frames >= 0):
        raise ValueError(key)
    sums = {row["member"]: row["sha256"] for row in record["files"]}
    info = _info(key, record, caption, fps)
    return TarClip(key, frames, fps, width, height, info, dict(members), int(sums[POSES][:8], 16))


def _info(key: str, record: Mapping[str, Any], caption: Mapping[str, Any], fps: float) -> dict[str, Any]:
    """What columnar clips are told about themselves, under the same names."""
    signs = [("_".join(str(row["text"]).split()), row["start"], row["end"]) for row in caption["gloss"]]
    notes = {
        "text": str(record["text"]),
        "gloss": " ".join(gloss for gloss, _, _ in signs),
        "timeline": [[gloss, round(start * fps), round(end * fps)] for gloss, start, end in signs],
        "signed_language": str(record["signed_language"]),
        "spoken_language": str(record.get("spoken_language", "")),
        "licence": "; ".join(map(str, record["licences"])),
        "document": str(record["name"]) or key,
        "extractor": _EXTRACTOR,
        **{name: str(record[name]) for name in ("signer", "source", "split", "view")},
    }
    return {name: value for name, value in notes.items() if value}
