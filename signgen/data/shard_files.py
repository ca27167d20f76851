"""Where the shards of a source are, and what opens them: columnar ones of a corpus, tar ones of a batch."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from signgen.data.columnar import Columnar
from signgen.data.strict_json import read_json_object
from signgen.data.tar_clips import TarClips
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence

SUFFIX = ".col"
# Of a batch: folder of the tars, folder of what says that they are whole, suffix of a shard, a row for each
# sample, and the file that is written last.
DATA, COMMITS, TAR, INDEX, SUMS = "data", "commits", ".tar", "index.jsonl", "SHA256SUMS"
_NAME = re.compile(r"([A-Za-z0-9_]{1,40})-([0-9]{5,9})-of-([0-9]{5,9})")


class Entry(Protocol):
    """What a shard knows of a clip without reading its poses; see `signgen.data.columnar_write.ClipEntry`."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def frames(self) -> int: ...  # noqa: D102
    @property
    def fps(self) -> float: ...  # noqa: D102
    @property
    def width(self) -> int: ...  # noqa: D102
    @property
    def height(self) -> int: ...  # noqa: D102
    @property
    def info(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def checksum(self) -> int: ...  # noqa: D102


class Shard(Protocol):
    """An open shard of either kind; see `Columnar`."""

    @property
    def clips(self) -> Sequence[Entry]:
        """The clips in the order of the file."""
        ...

    def __len__(self) -> int: ...

    def __enter__(self) -> Shard: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def find(self, name: str) -> int:
        """Number of the clip called ``name``."""
        ...

    def read(self, clip: int) -> PoseSequence:
        """A whole clip."""
        ...

    def read_keypoints(self, clip: int, start: int = 0, stop: int | None = None) -> np.ndarray:
        """(T, 128, 3) float32 frames ``start`` to ``stop`` of a clip."""
        ...

    def read_depth(self, clip: int) -> np.ndarray | None:
        """(T, 128) float32 depth of a clip [px], or None."""
        ...


def open_shard(path: Path) -> Shard:
    """A shard of either kind, open for reading.

    Raises:
        DataError: missing, damaged, or not a shard.
    """
    return TarClips(path) if path.suffix == TAR else Columnar(path)


def split_of(name: str) -> str:
    """The split that the name of a tar shard says; ``train`` if it says none.

    >>> split_of("dev-00000-of-00001.tar")
    'dev'
    """
    match = _NAME.fullmatch(name.removesuffix(TAR))
    return match[1] if match else "train"


def is_batch(folder: Path) -> bool:
    """Whether a folder is one that ``signgen batch`` made, or its ``data``, or a file its index."""
    folder = _folder(folder)
    return bool(_tars(folder)) or (folder / COMMITS).is_dir()


def splits_of(batch: Path) -> tuple[str, ...]:
    """The splits of a batch, sorted."""
    return tuple(sorted({split_of(path.name) for path in _tars(batch)}))


def has_shards(place: Path) -> bool:
    """Whether `shards_in` would find shards, or would say what is wrong with them."""
    if place.suffix in (SUFFIX, TAR) and place.is_file():
        return True
    return any(_columnar(place)) or is_batch(place) or _is_split(place)


def shards_in(place: Path) -> tuple[Path, ...]:
    """The shards of a source, by name.

    Args:
        place: a shard; a folder of columnar shards; the folder of a batch, its ``data`` or its index, for all that is
            in it; a batch and one of its splits, such as ``BATCH/train``.

    Raises:
        DataError: no such folder, none in it, or a batch that is not finished.
    """
    place = _folder(place)
    if place.suffix in (SUFFIX, TAR) and place.is_file():
        return (place,)
    found = _columnar(place)
    if not found and is_batch(place):
        found = _finished(place, _tars(place))
    elif not found and _is_split(place):
        tars = _finished(place.parent, _tars(place.parent))
        found = [path for path in tars if split_of(path.name) == place.name]
    elif not place.is_dir():
        raise DataError(f"{place}: no such folder")
    if not found:
        raise DataError(f"{place}: no columnar shards (*{SUFFIX}) in this folder, and no shards of a batch")
    return tuple(found)


def _folder(place: Path) -> Path:
    """The batch of an index; anything else as it is."""
    return place.parent if place.name == INDEX and (place.parent / COMMITS).is_dir() else place


def _columnar(folder: Path) -> list[Path]:
    # A name that begins with a dot is a file that was never finished.
    return sorted(path for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))


def _tars(folder: Path) -> list[Path]:
    """The tar shards of a batch, whose folder or ``data`` is given."""
    data = folder / DATA if (folder / DATA).is_dir() else folder
    return sorted(path for path in data.glob(f"*{TAR}") if _NAME.fullmatch(path.stem))


def _is_split(place: Path) -> bool:
    return not place.exists() and is_batch(place.parent)


def _finished(folder: Path, tars: Sequence[Path]) -> list[Path]:
    """The tars that have a commit, of a batch that was closed; tars that came without commits are taken as they are.

    Raises:
        DataError: the batch is not finished, or a shard was lost.
    """
    batch = folder.parent if folder.name == DATA and not (folder / DATA).is_dir() else folder
    if not (batch / COMMITS).is_dir():
        return list(tars)
    if not (batch / SUMS).is_file():
        raise DataError(
            f"{batch}: a batch that is not finished; go on with `signgen batch run {batch}`, or close it as it is with "
            f"`signgen batch card {batch}`"
        )
    names = {path.stem for path in tars}
    commits = [path for path in (batch / COMMITS).glob("*.json") if _NAME.fullmatch(path.stem)]
    for path in commits:
        # A shard of which every sample failed has no tar.
        if path.stem not in names and read_json_object(path).get("shard") is not None:
            raise DataError(f"{batch}: {path.stem}{TAR} is missing; see `signgen batch verify {batch}`")
    committed = {path.stem for path in commits}
    return [path for path in tars if path.stem in committed]
