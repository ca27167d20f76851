"""Poses from a recording, whatever the text: the oracle of an experiment and the fake of a test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from signgen.config import setting
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.base import sources


@sources.register("replay")
@dataclass(frozen=True)
class Replay:
    """The poses of a file; a folder gives the file named after the seed in alphabetical order, round and round."""

    path: str = setting("poses.npz", "pose file, or folder of pose files")

    def __call__(self, text: str, *, seed: int = 0) -> PoseSequence:
        """The recorded poses.

        Raises:
            DataError: the file is missing, damaged or of an unknown format, or the folder is empty.
        """
        from signgen.data.poses import read_pose

        return read_pose(self._files[seed % len(self._files)])

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        from signgen.errors import DataError

        path = Path(self.path)
        if not path.is_dir():
            return (path,)
        files = tuple(sorted(p for p in path.iterdir() if p.suffix in (".npz", ".pose", ".json")))
        if not files:
            raise DataError(f"{path}: no pose files (.npz, .pose, .json) in this folder")
        return files
