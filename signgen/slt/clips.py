"""The clips of a split, normalised once and kept as one block of half floats, in memory or on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.atomic import atomic_path, resource_errors, write_text
from signgen.data.shard_files import open_shard, shards_in
from signgen.data.strict_json import read_json_object, to_json
from signgen.errors import DataError, PoseError
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.slt.features import LAYOUT, REACH, features

SPLITS = ("train", "dev", "test")
CACHE_VERSION = 1
MAX_CACHE_JSON = 1 << 30


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips of one split of one source.

    Half floats resolve 0.001 shoulder widths within an arm's reach, a tenth of what extractors do.

    Attributes:
        keypoints: (frames of all clips, 128, 3) float16 of `features`.
        starts: (n + 1,) where each clip starts in ``keypoints``.
        names: of the clips, unique.
        texts: of the clips.
        glosses: of the clips, separated by spaces; empty where unknown.
        infos: what the shards say about each clip.
        left_out: what could not be used, one line each.
    """

    keypoints: np.ndarray
    starts: np.ndarray
    names: tuple[str, ...]
    texts: tuple[str, ...]
    glosses: tuple[str, ...]
    infos: tuple[dict[str, Any], ...]
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def lengths(self) -> np.ndarray:
        """(n,) frames of each clip."""
        return np.diff(self.starts)

    def frames(self, clip: int) -> np.ndarray:
        """(T, 128, 3) float16 keypoints of a clip."""
        return self.keypoints[self.starts[clip] : self.starts[clip + 1]]

    def with_poses_of(self, others: Sequence[int]) -> Clips:
        """The same texts, each with the poses of another clip; without glosses, which belong to the poses."""
        blocks = [self.frames(other) for other in others]
        starts = np.concatenate([[0], np.cumsum([len(block) for block in blocks])])
        return replace(self, keypoints=np.concatenate(blocks), starts=starts, glosses=("",) * len(self))


def load_clips(folder: Path, fps: float, is_lower: bool = False, cache: Path | None = None) -> Clips:
    """The clips in the shards of a folder.

    Clips without text, or without a frame that shows both shoulders, are left out and listed.

    Raises:
        DataError: no shards, a damaged one, or no usable clip in them.
    """
    shards = shards_in(folder)
    clips = _cached(shards, fps, cache) if cache is not None else _normalised(shards, fps)
    if not len(clips):
        reason = f": {clips.left_out[0]}" if clips.left_out else ""
        raise DataError(f"{folder}: no clip with text and shoulders to learn from{reason}")
    return replace(clips, texts=tuple(text.lower() for text in clips.texts)) if is_lower else clips


def training_id(clips: Sequence[Clips]) -> str:
    """A hash of names and texts of everything trained on: two judges with the same saw the same clips."""
    lines = sorted(
        f"{name}\t{text}" for part in clips for name, text in zip(part.names, part.texts, strict=True)
    )
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def _normalised(shards: Sequence[Path], fps: float) -> Clips:
    blocks: list[np.ndarray] = []
    names, texts, glosses, infos, left_out = [], [], [], [], []
    for shard in shards:
        with open_shard(shard) as opened:
            for number, entry in enumerate(opened.clips):
                info = dict(entry.info)
                text = " ".join(str(info.get("text") or "").split())
                try:
                    if not text:
                        raise PoseError("no text")
                    found = features(opened.read(number), fps).astype(np.float16)
                except PoseError as error:
                    left_out.append(f"{shard}: {entry.name}: {error}")
                    continue
                blocks.append(found)
                names.append(entry.name)
                texts.append(text)
                glosses.append(gloss_text(info.get("gloss")))
                infos.append(info)
    keypoints = np.concatenate(blocks) if blocks else np.zeros((0, NUM_KEYPOINTS, 3), np.float16)
    starts = np.concatenate([[0], np.cumsum([len(block) for block in blocks], dtype=np.int64)])
    return Clips(keypoints, starts, tuple(names), tuple(texts), tuple(glosses), tuple(infos), tuple(left_out))


def gloss_text(value: Any) -> str:
    """Glosses separated by single spaces, from such a text or a list."""
    items = value if isinstance(value, list) else str(value or "").split()
    return " ".join("_".join(str(item).split()) for item in items)


def _cached(shards: Sequence[Path], fps: float, cache: Path) -> Clips:
    """As `_normalised`, but from files that an earlier call left in ``cache``."""
    key = _key(shards, fps)
    data, listing = cache / f"{key}.f16", cache / f"{key}.json"
    if not (data.is_file() and listing.is_file()):
        _store(_normalised(shards, fps), data, listing)
    found = read_json_object(listing, MAX_CACHE_JSON)
    starts = np.array(found["starts"], np.int64)
    with resource_errors(data):
        if data.stat().st_size != int(starts[-1]) * NUM_KEYPOINTS * 6:
            raise DataError(f"{data}: damaged; delete this file of the cache")
        shape = (int(starts[-1]), NUM_KEYPOINTS, 3)
        keypoints = np.memmap(data, np.float16, "r", shape=shape) if shape[0] else np.zeros(shape, np.float16)
    columns = (tuple(found[name]) for name in ("names", "texts", "glosses", "infos", "left_out"))
    return Clips(keypoints, starts, *columns)


def _store(clips: Clips, data: Path, listing: Path) -> None:
    with atomic_path(data) as temporary:
        clips.keypoints.tofile(temporary)
    columns = ("starts", "names", "texts", "glosses", "infos", "left_out")
    write_text(listing, to_json({name: getattr(clips, name) for name in columns}))


def _key(shards: Sequence[Path], fps: float) -> str:
    parts = [f"{CACHE_VERSION} {LAYOUT} {REACH} {fps!r}"]
    for shard in shards:
        status = shard.stat()
        parts.append(f"{shard.resolve()} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]
