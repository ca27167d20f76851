"""A shard while it is made: a tar that grows sample by sample and loses none of them, whatever ends its process.

A sample is appended in one piece, its sidecar last, beyond the end of what is known to be whole; a process that ends
in the middle leaves a tail that the next one cuts off. Nothing is read back, and no file is made for each sample,
which file systems take longer over than over the bytes.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from signgen.batch.disk import reported
from signgen.batch.output.bytes_out import written
from signgen.batch.output.sample import KEY
from signgen.batch.output.shard import ShardFacts
from signgen.data.atomic import sync_folder
from signgen.data.strict_json import parse_json_object, to_json
from signgen.data.tar_clips import MEMBERS, SIDECAR
from signgen.data.tar_stream import BLOCK, TarWalker
from signgen.errors import DataError

_CHUNK = 4 << 20


@dataclass(frozen=True)
class _Part:
    """Where a sample lies, and what is counted of it."""

    start: int
    end: int
    frames: int
    seconds: float
    has_video: bool


class Growing:
    """The samples of a shard so far; for one process at a time.

    Args:
        path: the tar. If it is there its samples are compared with their sidecars, up to the first that is not whole.

    Raises:
        ResourceError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parts: dict[str, _Part] = {}
        self._digest = hashlib.sha256()
        with reported(path):
            if path.exists():
                self._take_up()

    @property
    def keys(self) -> frozenset[str]:
        """Of the samples in it."""
        return frozenset(self._parts)

    def put(self, key: str, members: Mapping[str, bytes], record: Mapping[str, Any]) -> None:
        """Append a sample.

        Args:
            key: its id; not there yet.
            members: its files in their order, without the sidecar.
            record: the sidecar; ``frames``, ``seconds`` and ``has_video`` are added up.

        Raises:
            DataError: a key that no tar reader takes, or that is there.
            ResourceError: the disk is full or the folder cannot be written; the sample is not there then.
        """
        if not KEY.fullmatch(key) or key in self._parts:
            raise DataError(
                f"sample {key[:90]!r}: a key has 1 to 80 letters, digits, - and _, and is there once"
            )
        sidecar = (to_json(record) + "\n").encode()
        blocks = list(_blocks(key, {**members, SIDECAR: sidecar}))
        self._write(blocks)
        self._add(key, self._end + sum(map(len, blocks)), record)
        for block in blocks:
            self._digest.update(block)

    def publish(self, path: Path) -> ShardFacts:
        """Make it the shard ``path``, samples in the order of their keys; it appears whole and flushed, or not at all.

        Raises:
            DataError: there are no samples, or two whose keys differ in case alone.
            ResourceError: the disk is full or the folder cannot be written.
        """
        keys = sorted(self._parts)
        if len({key.casefold() for key in keys}) < max(1, len(keys)):
            raise DataError(f"{path}: a shard needs at least one sample, and no key twice")
        rest = bytes(2 * BLOCK + -(self._end + 2 * BLOCK) % tarfile.RECORDSIZE)
        digest = self._renamed(path, rest) if keys == list(self._parts) else self._rewritten(path, keys, rest)
        parts = [self._parts[key] for key in keys]
        return ShardFacts(
            path.name, digest, self._end + len(rest), len(keys), sum(part.has_video for part in parts),
            sum(part.frames for part in parts), sum(part.seconds for part in parts), tuple(keys),
        )  # fmt: skip

    @property
    def _end(self) -> int:
        return next(reversed(self._parts.values())).end if self._parts else 0

    def _add(self, key: str, end: int, record: Mapping[str, Any]) -> None:
        self._parts[key] = _Part(self._end, end, record["frames"], record["seconds"], record["has_video"])

    def _write(self, blocks: Sequence[bytes], *, is_last: bool = False) -> None:
        """Write beyond the end, over whatever a write that failed has left there."""
        with reported(self.path), self.path.open("r+b" if self.path.exists() else "wb") as file:
            file.seek(self._end)
            file.writelines(blocks)
            if is_last:
                file.truncate()
                file.flush()
                os.fsync(file.fileno())

    def _renamed(self, path: Path, rest: bytes) -> str:
        self._write([rest], is_last=True)
        with reported(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self.path, path)
            sync_folder(path.parent)
        digest = self._digest.copy()
        digest.update(rest)
        return digest.hexdigest()

    def _rewritten(self, path: Path, keys: list[str], rest: bytes) -> str:
        with reported(self.path), self.path.open("rb") as file, written(path) as out:
            for key in keys:
                part = self._parts[key]
                file.seek(part.start)
                out.write(file.read(part.end - part.start))
            out.write(rest)
        return out.sha256

    def _take_up(self) -> None:
        with self.path.open("rb") as file, self.path.open("rb") as raw:
            for key, members, record in _whole(file, str(self.path)):
                data = b"".join(_blocks(key, members))
                if key in self._parts or raw.read(len(data)) != data:
                    return
                self._add(key, self._end + len(data), record)
                self._digest.update(data)


def count_samples(path: Path) -> int:
    """How many samples a growing tar has, also while another process writes there; nothing is compared."""
    count = 0
    try:
        with path.open("rb") as file:
            for member in TarWalker(file, str(path)):
                count += member.name.partition(".")[2] == SIDECAR
    except (DataError, OSError):  # its end, or not there yet
        pass
    return count


def _blocks(key: str, members: Mapping[str, bytes]) -> Iterator[bytes]:
    """A sample as a tar has it: USTAR, time, user and group 0."""
    for member, content in members.items():
        yield _header(f"{key}.{member}", len(content))
        yield content
        yield bytes(-len(content) % BLOCK)


def _header(name: str, size: int) -> bytes:
    """The block before a file, as `tarfile` writes it (POSIX 1003.1, ustar), without asking for every field anew."""
    if size >= 1 << 33:
        raise DataError(f"{name}: {size} bytes are more than a tar takes")
    head = name.encode().ljust(100, b"\0") + b"0000644\0" + 2 * b"0000000\0" + b"%011o\0%011o\0" % (size, 0)
    rest = b"0".ljust(101, b"\0") + b"ustar\00000".ljust(72, b"\0") + bytes(183)
    return b"%b%06o\0 %b" % (head, sum(head) + 8 * 32 + sum(rest), rest)


def _whole(file: BinaryIO, where: str) -> Iterator[tuple[str, dict[str, bytes], dict[str, Any]]]:
    """Key, members and sidecar of each sample, up to the first that is not as its sidecar says."""
    members: dict[str, bytes] = {}
    first = ""
    try:
        for member in TarWalker(file, where):
            key, _, name = member.name.partition(".")
            first = first if members else key
            if member.problem or key != first or not KEY.fullmatch(key) or name not in MEMBERS:
                return
            members[name] = member.read()
            if name == SIDECAR:
                record = parse_json_object(members[SIDECAR], where)
                if not _is_as_told(members, record):
                    return
                yield key, members, record
                members = {}
    except DataError:
        return


def _is_as_told(members: Mapping[str, bytes], record: Mapping[str, Any]) -> bool:
    found = {name: hashlib.sha256(data).hexdigest() for name, data in members.items() if name != SIDECAR}
    try:
        told = {row["member"]: row["sha256"] for row in record["files"]}
        numbers = record["frames"] + record["seconds"] + record["has_video"]
    except (KeyError, TypeError):
        return False
    return told == found and isinstance(numbers, int | float)
