"""What is finished of a shard that is not: a tar that grows, and a note of each sample that failed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from signgen.batch.disk import reported
from signgen.batch.outcome import Failed, Ok
from signgen.batch.output.growing import Growing
from signgen.batch.output.shard import ShardFacts
from signgen.data.atomic import atomic_path
from signgen.data.strict_json import read_json_object, to_json
from signgen.errors import DataError

SPOOL = ".spool"
TAR = "samples.tar"
FAILED = ".failed"


class Spool:
    """The finished samples of one shard, used by whoever holds the shard's lock.

    Args:
        folder: of the plan.
        name: of the shard.

    Attributes:
        path: folder of its own, also for files of samples that are under way.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / SPOOL / name
        with reported(self.path):
            self.path.mkdir(parents=True, exist_ok=True)

    @cached_property
    def _samples(self) -> Growing:
        path = self.path / TAR
        if path.is_symlink() or (
            path.exists() and not path.is_file()
        ):  # nothing of ours: it leads elsewhere, or waits
            with reported(path):
                path.unlink()
        return Growing(path)

    @property
    def keys(self) -> frozenset[str]:
        """The samples that are finished."""
        return self._samples.keys

    def adopt(self, shard: Path) -> None:
        """Take a shard back that is not committed, as after a crash just before; nothing of it is made again."""
        with reported(self.path):
            if shard.is_symlink() or not shard.is_file() or (self.path / TAR).exists():
                return
            if shard.stat().st_nlink > 1:  # it grows here, which who has the other name must not see
                with atomic_path(self.path / TAR) as copy:
                    shutil.copyfile(shard, copy)
                shard.unlink()
            else:
                os.replace(shard, self.path / TAR)

    def clear(self) -> None:
        """Forget everything."""
        self.remove()
        with reported(self.path):
            self.path.mkdir(parents=True)
        del self._samples

    def put(self, key: str, members: Mapping[str, bytes], record: Mapping[str, Any]) -> None:
        """Add a finished sample: its files without the sidecar, and the sidecar."""
        self._samples.put(key, members, record)

    def publish(self, shard: Path) -> ShardFacts:
        """Make the finished samples a shard."""
        return self._samples.publish(shard)

    def failure(self, sample_id: str) -> Failed | None:
        """Why a sample could not be made; None if it has not failed."""
        return read_failure(self.path / f"{sample_id}{FAILED}")

    def outcome(self, sample_id: str) -> Ok | Failed | None:
        """What came of a sample; None if nothing did yet."""
        return Ok(sample_id) if sample_id in self.keys else self.failure(sample_id)

    def note(self, failed: Failed) -> None:
        """Remember a sample that could not be made."""
        path = self.path / f"{failed.id}{FAILED}"
        unfinished = path.with_name(f".{path.name}")
        with reported(path):
            unfinished.write_bytes(to_json(asdict(failed)).encode())
            os.replace(unfinished, path)

    def forget_failures(self) -> int:
        """Forget the samples that could not be made; how many they were."""
        found = list(self.path.glob(f"*{FAILED}"))
        for path in found:
            path.unlink(missing_ok=True)
        return len(found)

    def remove(self) -> None:
        """Delete all of it; the samples are in their shard now."""
        with reported(self.path):
            shutil.rmtree(self.path)


def read_failure(path: Path) -> Failed | None:
    """The note of a sample that could not be made; None if there is none that can be read."""
    if not path.exists():
        return None
    try:
        return Failed(**read_json_object(path))
    except (DataError, TypeError):
        return None
