"""Weights by name: what `checkpoints/index.yaml` says of a file, and the file itself, checked."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt
from pydantic import StringConstraints

from signgen.config import check, did_you_mean, load_yaml
from signgen.errors import CheckpointError, ConfigError

FOLDER_VARIABLE = "SIGNGEN_CHECKPOINTS"
DEFAULT_FOLDER = Path("~/.cache/signgen/checkpoints")

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
RelativePath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_*][A-Za-z0-9_.*-]*(/[A-Za-z0-9_*][A-Za-z0-9_.*-]*)*$")
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Pixels = Annotated[int, Ge(1)]


@dataclass(frozen=True)
class Checkpoint:
    """What is known of one file of weights.

    Attributes:
        name: what settings call it.
        kind: what it is for.
        file: its name in the folder of checkpoints.
        source: where to get it.
        revision: commit of the source that the hash belongs to; None if the source has none.
        bytes: its size; None if nobody states it.
        sha256: its hash; None if nobody states it.
        licence: SPDX identifier as its publisher gives it.
        layout: keypoint layout it reads or gives; None if it has nothing to do with keypoints.
        input: width and height [px] of the pictures it takes; None if any.
        fps: rate of the frames it expects; None if any.
        note: what to know before choosing it.
        files: what must lie in ``file`` where that is a folder, ``*`` for any name; None if it is one file.
        window: frames that a video model sees at once; None if it is none.
        overlap: frames that its windows share.
        vram: memory of a GPU that its publisher states [GB]; None if nobody states it.
        profile: drawing style of the poses it was trained with; None if it sees none.
    """

    name: str
    kind: str
    file: FileName
    source: str
    revision: str | None
    bytes: Annotated[int, Ge(1)] | None
    sha256: Sha256 | None
    licence: str
    layout: str | None
    input: tuple[Pixels, Pixels] | None
    fps: float | None
    note: str
    files: tuple[RelativePath, ...] | None = None
    window: Annotated[int, Ge(1)] | None = None
    overlap: Annotated[int, Ge(0)] | None = None
    vram: Annotated[float, Gt(0)] | None = None
    profile: str | None = None


@lru_cache(maxsize=4)
def load_index(path: Path | None = None) -> dict[str, Checkpoint]:
    """The checkpoints of an index file by name; without a path those of signgen.

    Raises:
        ConfigError: the index is missing or does not say what it should.
    """
    path = path or _index_path()
    index = {}
    for name, values in load_yaml(path).items():
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: {name}: expected a mapping")
        index[name] = check(Checkpoint, {"name": name, **values}, where=f"{path}: {name}")
    return index


def checkpoint_folder() -> Path:
    """Where files of weights are looked for; read anew each time."""
    return Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER).expanduser()


def built_in_folder(name: str) -> Path:
    """Where weights of signgen's own lie, whether or not there are any of that name."""
    packaged = Path(__file__).with_name("built_in")
    return (packaged if packaged.is_dir() else Path(__file__).parents[2] / "checkpoints") / name


def find_checkpoint(name: str) -> Path:
    """The file that a setting means: a name in the index, or else a path.

    Raises:
        CheckpointError: the name is unknown, or the file is missing or not the one that the index knows.
    """
    known = load_index().get(name)
    if known is None:
        return _given(name)
    path = checkpoint_folder() / known.file
    if not path.is_file():
        raise CheckpointError(
            f"{path}: the checkpoint {name} is missing; get it from {known.source} and put it there, "
            f"or set {FOLDER_VARIABLE} to the folder that has it (nothing is downloaded)"
        )
    _refuse_another(known, path)
    return path


def describe_checkpoint(name: str) -> dict[str, str]:
    """Name, hash, licence and source of the file that a setting means, for a sidecar; empty where not known.

    Raises:
        CheckpointError: see `find_checkpoint`.
    """
    path, known = find_checkpoint(name), load_index().get(name)
    return {
        "name": name if known else path.name,
        "sha256": hash_of(path),
        "licence": known.licence if known else "",
        "source": known.source if known else "",
    }


def _given(name: str) -> Path:
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise CheckpointError(f"{path}: no such file; give the path of the weights, or one of {_names()}")
    raise CheckpointError(f"no checkpoint called {name!r}{did_you_mean(name, load_index())}")


def _refuse_another(known: Checkpoint, path: Path) -> None:
    size = path.stat().st_size
    if known.bytes not in (None, size):
        raise CheckpointError(
            f"{path}: {size} bytes where {known.name} has {known.bytes}; "
            f"the download was cut short or is another file: get it again from {known.source}"
        )
    if known.sha256 is not None and known.sha256 != hash_of(path):
        raise CheckpointError(
            f"{path}: not the file that {known.name} is (its sha256 differs); get it from {known.source}, "
            "or give the path of the file to use it all the same"
        )


def hash_of(path: Path) -> str:
    """SHA-256 of a file, read once per process as long as neither its size nor its time of change differ.

    Raises:
        CheckpointError: it cannot be read.
    """
    stat = path.stat()
    return _sha256(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, changed: int) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror or error}") from None


def _names() -> str:
    return ", ".join(sorted(load_index()))


def _index_path() -> Path:
    """Beside this file in an installed wheel; in the repository otherwise."""
    packaged = Path(__file__).with_name("checkpoints.yaml")
    return packaged if packaged.is_file() else Path(__file__).parents[2] / "checkpoints" / "index.yaml"
