"""Fingerprints of poses, frames and files, so that a repeated run can prove that it gave the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame


def of_text(text: str) -> str:
    """SHA-256 of a text as UTF-8."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def of_config(config: Mapping[str, Any]) -> str:
    """SHA-256 of a plain config, whatever the order of its keys."""
    return of_text(json.dumps(config, sort_keys=True, ensure_ascii=False))


def of_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_poses(poses: PoseSequence) -> str:
    """SHA-256 of rate, canvas, keypoints and depth, as little-endian bytes."""
    digest = hashlib.sha256(f"{poses.fps!r} {poses.width}x{poses.height} {len(poses)}\n".encode())
    for array in (poses.keypoints, poses.depth):
        if array is not None:
            digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
    return digest.hexdigest()


class FrameDigest:
    """Hashes frames as they stream past, because a whole clip need not fit into memory."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.frames = 0

    def over(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """``frames`` unchanged; their sizes and bytes go into the digest."""
        for frame in frames:
            self._digest.update(f"{frame.shape}\n".encode())
            self._digest.update(np.ascontiguousarray(frame).data)
            self.frames += 1
            yield frame

    @property
    def hexdigest(self) -> str:
        """SHA-256 of the frames seen so far."""
        return self._digest.hexdigest()
