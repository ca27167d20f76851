"""Read a shard sample by sample without extracting anything; every name and size is judged first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.batch.disk import open_own
from signgen.batch.output.sample import KEY
from signgen.data.shards import read_packed_poses
from signgen.data.strict_json import parse_json_object
from signgen.data.tar_clips import CAPTION, MEMBERS, POSES, SIDECAR
from signgen.data.tar_stream import TarWalker
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence


@dataclass(frozen=True, eq=False)
class Stored:
    """A sample as a shard holds it.

    Attributes:
        key: its id.
        members: bytes by member, such as ``poses.npz``; those that were asked for.
        where: shard and key, for errors.
    """

    key: str
    members: dict[str, bytes]
    where: str

    @property
    def record(self) -> dict[str, Any]:
        """The sidecar."""
        return parse_json_object(self._member(SIDECAR), f"{self.where}.{SIDECAR}")

    @property
    def caption(self) -> dict[str, Any]:
        """The content of ``caption.json``."""
        return parse_json_object(self._member(CAPTION), f"{self.where}.{CAPTION}")

    @property
    def poses(self) -> PoseSequence:
        """The poses."""
        return read_packed_poses(self._member(POSES), f"{self.where}.{POSES}", 1)[0]

    def _member(self, name: str) -> bytes:
        try:
            return self.members[name]
        except KeyError:
            raise DataError(f"{self.where}: has no {name}") from None


def read_samples(path: Path, wanted: Collection[str] = MEMBERS) -> Iterator[Stored]:
    """The samples of a shard in its order; one at a time is in memory.

    Args:
        path: the tar file.
        wanted: members to read; others are passed over.

    Raises:
        DataError: not a tar, damaged, or with members that batch output does not have; what came before was whole.
    """
    with open_own(path) as file:
        current: Stored | None = None
        for member in TarWalker(file, str(path)):
            key, _, name = member.name.partition(".")
            problem = member.problem or (
                "" if KEY.fullmatch(key) and name in MEMBERS else "is no part of a sample"
            )
            if problem:
                raise DataError(f"{path}: {member.name[:120]!r}: {problem}")
            if current is None or current.key != key:
                if current is not None:
                    yield current
                current = Stored(key, {}, f"{path}: {key}")
            if name in wanted:
                current.members[name] = member.read()
        if current is not None:
            yield current
