"""Clips to choose from, one shard at a time, so that a corpus need not fit into memory; and scores kept on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.data.atomic import resource_errors
from signgen.data.columnar import Columnar
from signgen.data.files import read_file
from signgen.data.stream import SUFFIX, shards_in
from signgen.data.strict_json import parse_json_object, to_json
from signgen.errors import DataError
from signgen.judge.selection_scores import Candidate, Measured
from signgen.pose.sequence import PoseSequence
from signgen.workflow import digest
from signgen.workflow.evaluation_inputs import Found, read_clips

TRAIN = "train"
MAX_CACHE_BYTES = 4 << 30
# A made-up shard for clips that come from files.
_UNSHARDED = f"train-00000{SUFFIX}"


@dataclass(frozen=True, eq=False)
class Part:
    """Clips that are read together.

    Attributes:
        file: name of the shard, or of the one that would be written.
        infos: what is said of each clip, by name, known without reading poses.
        read: gives the clips by name.
    """

    file: str
    infos: Mapping[str, Mapping[str, Any]]
    read: Callable[[], dict[str, Found]]


def parts_of(source: Path, fps: float | None = None) -> list[Part]:
    """The clips of a source; of a corpus with splits those of its ``train/``.

    Raises:
        DataError: nothing that `read_clips` reads, or a name twice.
    """
    if (source / TRAIN).is_dir():
        source = source / TRAIN
    if source.is_dir() and any(source.glob(f"*{SUFFIX}")):
        parts = [_shard(path) for path in shards_in(source)]
    elif source.suffix == SUFFIX:
        parts = [_shard(source)]
    else:
        found = read_clips(source, fps)
        parts = [Part(_UNSHARDED, {name: clip.info for name, clip in found.items()}, lambda: found)]
    names: set[str] = set()
    for part in parts:
        twice = names & part.infos.keys()
        if twice:
            raise DataError(f"{source}: has clip {min(twice)!r:.80} in two shards; rename one")
        names |= part.infos.keys()
    return parts


def _shard(path: Path) -> Part:
    with Columnar(path) as shard:
        infos = {entry.name: entry.info for entry in shard.clips}
    return Part(path.name, infos, lambda: read_clips(path))


def candidate(clip: Found, extracted: PoseSequence | None = None) -> Candidate:
    """A clip as it is measured."""
    gloss = clip.info.get("gloss")
    glosses = gloss if isinstance(gloss, list) else str(gloss or "").split()
    return Candidate(clip.poses, text_of(clip.info), " ".join(map(str, glosses)), extracted)


def text_of(info: Mapping[str, Any]) -> str:
    """The text of a clip, spaces made single."""
    return " ".join(str(info.get("text") or "").split())


class ScoreCache:
    """What was measured of clips, line by line on disk, so that a stopped run goes on where it was.

    A line that was cut off by a kill is left out when it is read again.
    """

    def __init__(self, path: Path, judges: Sequence[str]) -> None:
        """Read what is there.

        Args:
            path: JSON lines; need not exist.
            judges: signatures of the judges; what others measured is not looked at.
        """
        self._path, self._judges = path, "\n".join(judges)
        self._known: dict[str, Measured] = {}
        if path.is_file():
            for number, line in enumerate(read_file(path, MAX_CACHE_BYTES).split(b"\n")[:-1], 1):
                try:
                    row = parse_json_object(line, f"{path}, line {number}")
                    values = {str(name): float(value) for name, value in row["values"].items()}
                    self._known[str(row["key"])] = Measured(values, row["understood"], row["glosses"])
                except (DataError, KeyError, TypeError, ValueError, AttributeError):
                    continue

    def key(self, clip: Candidate) -> str:
        """What stands for a clip and who measures it."""
        found = "" if clip.extracted is None else digest.of_poses(clip.extracted)
        return digest.of_text(
            "\n".join((self._judges, digest.of_poses(clip.poses), found, clip.text, clip.glosses))
        )

    def get(self, key: str) -> Measured | None:
        """What was measured before."""
        return self._known.get(key)

    def add(self, rows: Mapping[str, Measured]) -> None:
        """Keep measurements; on disk when this returns."""
        self._known |= rows
        lines = [to_json({"key": key, **vars(found)}) for key, found in rows.items()]
        with resource_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("ab") as file:
                # After a cut line a new one must not be glued to it.
                if file.tell() and not self._ends_well():
                    file.write(b"\n")
                file.write("".join(f"{line}\n" for line in lines).encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())

    def _ends_well(self) -> bool:
        with self._path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
