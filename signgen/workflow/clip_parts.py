"""Clips of a source one shard at a time, so that a corpus need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.data.columnar import Columnar
from signgen.data.stream import SUFFIX, shards_in
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
    if source.is_dir() and any(source.glob(f"*{SUFFIX}")):
        parts = [_shard(path) for path in shards_in(source)]
    elif source.suffix == SUFFIX:
        parts = [_shard(source)]
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
    """The folder to learn from: ``train`` of a corpus with splits, else the source itself."""
    return source / TRAIN if (source / TRAIN).is_dir() else source


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
    with Columnar(path) as shard:
        infos = {entry.name: entry.info for entry in shard.clips}
    return Part(path.name, infos, lambda: read_sources(path))
