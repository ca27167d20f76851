"""Clips of a source one shard at a time, so that a corpus need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.data.shard_files import SUFFIX, has_shards, is_batch, open_shard, shards_in, splits_of
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence
from signgen.workflow.evaluation_inputs import Source, read_sources

TRAIN = "train"
# What a shard of clips that come from files would be called.
_UNSHARDED = f"{TRAIN}-00000{SUFFIX}"


@dataclass(frozen=True, eq=False)
class Part:
    """Clips that are read together.

    Attributes:
        file: name of the shard, or of the one that would be written.
        infos: what is said of each clip, by name, known without reading poses.
        read: gives the clips by name, in the same order.
    """

    file: str
    infos: Mapping[str, Mapping[str, Any]]
    read: Callable[[], dict[str, Source]]


def parts_of(source: Path, fps: float | None = None) -> list[Part]:
    """The clips of anything that `read_sources` reads.

    Raises:
        DataError: as there, or a name in two shards.
    """
    if has_shards(source):
        parts = [_shard(path) for path in shards_in(source)]
    else:
        found = read_sources(source, fps)
        parts = [Part(_UNSHARDED, {name: clip.info for name, clip in found.items()}, lambda: found)]
    names: set[str] = set()
    for part in parts:
        twice = names & part.infos.keys()
        if twice:
            raise DataError(f"{source}: has clip {min(twice)!r:.80} in two shards; rename one")
        names |= part.infos.keys()
    return parts


def training_split(source: Path) -> Path:
    """The place to learn from: ``train`` of a corpus or batch with splits, else the source itself."""
    has_split = (source / TRAIN).is_dir() or (is_batch(source) and TRAIN in splits_of(source))
    return source / TRAIN if has_split else source


def text_of(info: Mapping[str, Any]) -> str:
    """The text of a clip, spaces made single."""
    return " ".join(str(info.get("text") or "").split())


def poses_of(name: str, clip: Source) -> PoseSequence:
    """The poses of a clip: those that were asked for, or else those found in its video.

    Raises:
        DataError: there are neither.
    """
    poses = clip.poses if clip.poses is not None else clip.extracted
    if poses is None:
        raise DataError(f"{clip.video or name}: a video; run signgen extract first and give its poses")
    return poses


def _shard(path: Path) -> Part:
    with open_shard(path) as shard:
        infos = {entry.name: entry.info for entry in shard.clips}
    return Part(f"{path.stem}{SUFFIX}", infos, lambda: read_sources(path))
