"""Pack finished samples into a tar whose bytes depend on the samples alone."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.batch.output.bytes_out import written
from signgen.batch.output.sample import KEY, SIDECAR, member_path
from signgen.data.files import read_file
from signgen.data.strict_json import MAX_JSON_BYTES, parse_json_object
from signgen.data.tar_stream import MAX_MEMBER_BYTES
from signgen.errors import DataError

DATA = "data"
_NAME = re.compile(r"([A-Za-z0-9_]{1,40})-([0-9]{5,9})-of-([0-9]{5,9})\.tar")


@dataclass(frozen=True)
class ShardFacts:
    """What a shard holds.

    Attributes:
        name: of its file.
        sha256: of its bytes.
        bytes: its size.
        samples: how many are in it.
        videos: how many of them have a video.
        frames: of all samples.
        seconds: of all samples.
        keys: of the samples, in their order.
    """

    name: str
    sha256: str
    bytes: int
    samples: int
    videos: int
    frames: int
    seconds: float
    keys: tuple[str, ...]


def shard_name(split: str, number: int, count: int) -> str:
    """File name of a shard, as data set hubs know it.

    >>> shard_name("train", 0, 64)
    'train-00000-of-00064.tar'
    """
    return f"{split}-{number:05d}-of-{count:05d}.tar"


def split_of(name: str) -> str:
    """The split that the name of a shard says; ``train`` if it says none.

    >>> split_of("dev-00000-of-00001.tar")
    'dev'
    """
    match = _NAME.fullmatch(name)
    return match[1] if match else "train"


def write_shard(spool: Path, keys: Sequence[str], path: Path) -> ShardFacts:
    """Pack samples in the order of ``keys``: USTAR, time, user and group 0, members of a sample side by side.

    Args:
        spool: folder that `signgen.batch.output.sample.put_sample` wrote to.
        keys: which samples.
        path: the tar file; it appears whole and flushed to the disk, or not at all.

    Raises:
        DataError: no samples, a key twice, or a sample that is not as its sidecar says; the text names its key.
        ResourceError: the disk is full or the folder cannot be written.
    """
    if not keys:
        raise DataError(f"{path}: a shard needs at least one sample; commit it without a tar")
    seen, records = set[str](), list[dict[str, Any]]()
    with written(path) as out:
        tar = tarfile.TarFile(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT)  # type: ignore[arg-type]
        for key in keys:
            if key.casefold() in seen or not KEY.fullmatch(key):
                raise DataError(f"{path}: sample {key[:90]!r}: is there twice, or is no key")
            seen.add(key.casefold())
            records.append(_add(tar, spool, key))
        tar.close()  # writes the end, so only if all went well
    frames, seconds = sum(row["frames"] for row in records), sum(row["seconds"] for row in records)
    videos = sum(row["has_video"] for row in records)
    return ShardFacts(path.name, out.sha256, out.tell(), len(keys), videos, frames, seconds, tuple(keys))


def _add(tar: tarfile.TarFile, spool: Path, key: str) -> dict[str, Any]:
    """Add the members of a sample; return its sidecar."""
    where = f"sample {key}"
    data = read_file(member_path(spool, key, SIDECAR), MAX_JSON_BYTES)
    record = parse_json_object(data, where)
    for row in record["files"]:
        content = read_file(member_path(spool, key, row["member"]), MAX_MEMBER_BYTES)
        if hashlib.sha256(content).hexdigest() != row["sha256"]:
            raise DataError(f"{where}: {row['member']} is not as it was written; make the sample anew")
        _write(tar, f"{key}.{row['member']}", content)
    _write(tar, f"{key}.{SIDECAR}", data)
    return record


def _write(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)  # time, user and group are 0
    info.size, info.mode = len(content), 0o644
    tar.addfile(info, io.BytesIO(content))
