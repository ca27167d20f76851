"""One sample of a batch by its path, ``BATCH/KEY`` or ``SHARD.tar/KEY``, as if it were a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.data.shard_files import INDEX, TAR, is_batch, shards_in, splits_of
from signgen.data.strict_json import parse_json_object
from signgen.data.tar_clips import VIDEO, TarClips
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence


@dataclass(frozen=True, eq=False)
class BatchClip:
    """A sample of a batch.

    Attributes:
        poses: the poses.
        info: as of `signgen.data.tar_clips.TarClip`.
        video: the bytes of its mp4, empty if none was drawn.
    """

    poses: PoseSequence
    info: Mapping[str, Any]
    video: bytes


def is_clip(path: Path) -> bool:
    """Whether a path names a sample of a batch rather than a file."""
    if path.exists() or not path.name:
        return False
    parent = path.parent
    is_inside = parent.suffix == TAR and parent.is_file()
    return is_inside or (is_batch(parent) and path.name not in splits_of(parent))


def read_clip(path: Path) -> BatchClip:
    """A sample.

    Raises:
        DataError: the batch has no such sample, or is damaged.
    """
    with TarClips(_shard_of(path)) as shard:
        number = shard.find(path.name)
        entry = shard.clips[number]
        video = shard.read_member(number, VIDEO) if VIDEO in entry.members else b""
        return BatchClip(shard.read(number), entry.info, video)


def index_rows(batch: Path) -> Iterator[dict[str, Any]]:
    """The rows of the index, one at a time.

    Raises:
        DataError: there is no index, or a line of it is damaged.
    """
    path = batch / INDEX
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                yield parse_json_object(line, f"{path}, line {number}")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}; see `signgen batch card`") from None


def example_of(batch: Path) -> str:
    """The path of its first sample, for people to go by."""
    with TarClips(shards_in(batch)[0]) as shard:
        return str(batch / shard.clips[0].name) if shard.clips else f"{batch}/KEY"


def _shard_of(path: Path) -> Path:
    """The tar that has a sample."""
    parent, key = path.parent, path.name
    if parent.is_file():
        return parent
    folder = parent if (parent / INDEX).is_file() else parent.parent
    for row in index_rows(folder):
        if row.get("key") == key:
            return shards_in(folder)[0].parent / Path(str(row["shard"])).name
    raise DataError(f"{path}: no such file, nor a sample of {folder}")
