"""Windows of motion from columnar shards: which clips are in the batch of an update depends on its number alone."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from signgen.data.shard_files import open_shard, shards_in
from signgen.data.stream import PoseStream, StreamedClip
from signgen.errors import DataError, PoseError
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.sequence import PoseSequence
from signgen.signdw.motion.parts import FPS, Parts, to_parts

# Beyond this many shoulder widths from its root a keypoint is an outlier of the extractor; it counts as hidden.
REACH = 8.0
# Recordings of a higher rate than this give shorter windows.
_FASTEST = 60.0


@dataclass(frozen=True, eq=False)
class Windows:
    """A batch of windows.

    Attributes:
        values: (B, T, 128, C) float32 of `Parts`.
        visible: (B, T, 128) bool.
        mask: (B, T) bool which frames are of the clips.
    """

    values: Tensor
    visible: Tensor
    mask: Tensor

    def to(self, device: torch.device) -> Windows:
        """The same on another device."""
        return Windows(self.values.to(device), self.visible.to(device), self.mask.to(device))


@dataclass(frozen=True)
class WindowReader:
    """Batches of windows from shards, for ever.

    Attributes:
        shards: columnar shards.
        frames: of a window, at 24 a second.
        batch: windows of a batch.
        seed: decides the order and where windows begin.
        depth: whether keypoints have a third coordinate.
    """

    shards: tuple[Path, ...]
    frames: int
    batch: int
    seed: int
    depth: bool = False

    def batches(self, start: int = 0) -> Iterator[Windows]:
        """The batches from number ``start`` on; each is the same wherever one starts.

        Raises:
            DataError: a shard is missing or damaged, or no clip of a batch shows shoulders (or depth, if wanted).
        """
        found: list[Parts] = []
        for place, clip in self._clips(start * self.batch):
            window = self._window(clip, place)
            if window is not None:
                found.append(window)
            if (place + 1) % self.batch == 0:
                if not found:
                    what = "both shoulders and depth" if self.depth else "both shoulders"
                    raise DataError(
                        f"{self.shards[0].parent}: no clip of a whole batch shows {what}; cannot learn from it"
                    )
                yield stacked(found, self.frames)
                found = []

    def _clips(self, start: int) -> Iterator[tuple[int, StreamedClip]]:
        """All clips from a place on, epoch after epoch, with their place."""
        total = clips_in(self.shards)
        if not total:
            raise DataError(f"{self.shards[0].parent}: the shards have no clips")
        longest = math.ceil(self.frames * _FASTEST / FPS)
        place = start
        while True:
            stream = PoseStream(
                self.shards, self.seed, place // total, longest=longest, start=place % total, has_depth=self.depth
            )  # fmt: skip
            for clip in stream:
                yield place, clip
                place += 1

    def _window(self, clip: StreamedClip, place: int) -> Parts | None:
        """A random window of a clip; None if it cannot be used."""
        poses = PoseSequence(clip.keypoints, clip.fps, clip.width, clip.height, clip.depth)
        try:
            parts = sane(to_parts(poses, depth=self.depth))
        except PoseError:
            return None
        rng = np.random.default_rng([self.seed, place])
        start = int(rng.integers(max(1, len(parts) - self.frames + 1)))
        span = slice(start, start + self.frames)
        return Parts(parts.values[span], parts.visible[span], parts.frame)


def stacked(clips: Sequence[Parts], frames: int | None = None) -> Windows:
    """Clips side by side, filled up to ``frames``, or else to the longest."""
    frames = frames or max(map(len, clips))
    channels = clips[0].values.shape[-1]
    values = np.zeros((len(clips), frames, NUM_KEYPOINTS, channels), np.float32)
    visible = np.zeros(values.shape[:3], np.bool_)
    mask = np.zeros(values.shape[:2], np.bool_)
    for i, clip in enumerate(clips):
        values[i, : len(clip)], visible[i, : len(clip)], mask[i, : len(clip)] = (
            clip.values,
            clip.visible,
            True,
        )
    return Windows(torch.from_numpy(values), torch.from_numpy(visible), torch.from_numpy(mask))


def sane(parts: Parts) -> Parts:
    """The same without keypoints that cannot be where they are said to be."""
    near = np.abs(parts.values).max(-1) <= REACH
    visible = parts.visible & near
    return Parts(np.where(visible[..., None], parts.values, 0), visible, parts.frame, parts.fps)


def split_shards(sources: Sequence[Path], split: str) -> tuple[Path, ...]:
    """The shards of a split of all sources.

    Raises:
        DataError: a source has no such folder, or no shards in it.
    """
    return tuple(shard for source in sources for shard in shards_in(source / split))


def clips_in(shards: Sequence[Path]) -> int:
    """How many clips there are."""
    total = 0
    for shard in shards:
        with open_shard(shard) as opened:
            total += len(opened)
    return total


def clips_of(shards: Sequence[Path], depth: bool = False, most: int | None = None) -> list[Parts]:
    """Whole clips in the order of the shards, without those that cannot be used.

    Raises:
        DataError: a damaged shard.
    """
    found: list[Parts] = []
    for shard in shards:
        with open_shard(shard) as opened:
            for number in range(len(opened)):
                if most is not None and len(found) == most:
                    return found
                try:
                    found.append(sane(to_parts(opened.read(number), depth=depth)))
                except PoseError:
                    continue
    return found


def shards_id(shards: Sequence[Path]) -> str:
    """A hash of which clips there are, wherever the shards lie."""
    digest = hashlib.sha256()
    for shard in shards:
        with open_shard(shard) as opened:
            for entry in opened.clips:
                digest.update(
                    f"{entry.name}\t{entry.frames}\t{entry.checksum}\n".encode("utf-8", "surrogatepass")
                )
    return digest.hexdigest()
