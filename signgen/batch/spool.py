"""What is finished of a shard that is not: a folder with the files of each sample, and a note of each that failed."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from pathlib import Path

from signgen.batch.disk import reported
from signgen.batch.outcome import Failed, Ok
from signgen.batch.output.sample import is_finished
from signgen.data.strict_json import read_json_object, to_json
from signgen.errors import DataError

SPOOL = ".spool"
FAILED = ".failed"


class Spool:
    """The finished samples of one shard, used by whoever holds the shard's lock.

    Args:
        folder: of the plan.
        name: of the shard.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / SPOOL / name
        with reported(self.path):
            self.path.mkdir(parents=True, exist_ok=True)

    def failure(self, sample_id: str) -> Failed | None:
        """Why a sample could not be made; None if it has not failed."""
        return read_failure(self.path / f"{sample_id}{FAILED}")

    def outcome(self, sample_id: str) -> Ok | Failed | None:
        """What came of a sample; None if nothing did yet."""
        return Ok(sample_id) if is_finished(self.path, sample_id) else self.failure(sample_id)

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
