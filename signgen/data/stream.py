"""Clips from many shards as a shuffled stream for training, in bounded memory and in a known order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge

from signgen.config import setting
from signgen.data.shard_files import Shard, open_shard
from signgen.errors import ConfigError

WINDOW = 8


@dataclass(frozen=True, eq=False)
class StreamedClip:
    """One clip, or a window of it.

    Attributes:
        name: of the clip in its shard.
        keypoints: (T, 128, 3) float32 as in `signgen.pose.sequence.PoseSequence`.
        fps: frames per second.
        width: canvas width [px].
        height: canvas height [px].
        info: what the shard says about it, such as text and language.
        start: first frame of the window in the clip.
        depth: (T, 128) float32 as in `PoseSequence`, where it was asked for and is there.
    """

    name: str
    keypoints: np.ndarray
    fps: float
    width: int
    height: int
    info: Mapping[str, Any]
    start: int = 0
    depth: np.ndarray | None = None


@dataclass(frozen=True)
class PoseStream:
    """All clips of the shards, each exactly once an epoch; iterate over it as often as wanted.

    The order depends on seed, epoch, window and shards alone, not on how many readers share it: reader ``r`` of ``n``
    takes places ``r``, ``r + n``, ... of it. So any number of workers and ranks together see every clip once, and a
    run that stops after ``k`` clips goes on with ``start=k``.

    Only ``window`` shards are open at a time, and only the bytes of the clips that are taken are read: memory is the
    index of so many shards, whatever their number.

    Attributes:
        shards: see `signgen.data.shard_files.shards_in`.
    """

    shards: tuple[Path, ...]
    seed: Annotated[int, Ge(0)] = setting(0, "decides the order")
    epoch: Annotated[int, Ge(0)] = setting(0, "each has an order of its own")
    shuffle: bool = setting(True, "mix clips of all open shards; else shard after shard as they are")
    window: Annotated[int, Ge(1)] = setting(WINDOW, "shards that are open and mixed at a time")
    longest: Annotated[int, Ge(1)] | None = setting(None, "of longer clips a random window of so many frames")
    reader: Annotated[int, Ge(0)] = setting(0, "number of this reader")
    readers: Annotated[int, Ge(1)] = setting(1, "how many share the stream")
    is_even: bool = setting(False, "leave out the last few clips, so that all readers get equally many")
    start: Annotated[int, Ge(0)] = setting(0, "places of the order to pass over, of all readers together")
    has_depth: bool = setting(False, "read depth as well, where clips have it")

    def __post_init__(self) -> None:
        if self.reader >= self.readers:
            raise ConfigError(f"stream: reader {self.reader} of {self.readers}; they count from 0")

    def __iter__(self) -> Iterator[StreamedClip]:
        """The clips of this reader.

        Raises:
            DataError: a shard is missing or damaged.
        """
        mine: StreamedClip | None = None
        for place, (shard, clip) in enumerate(self._order()):
            if place < self.start:
                continue
            turn = place % self.readers
            if turn == self.reader:
                mine = self._read(shard, clip, place)
            # With even readers a turn counts only once all have had theirs.
            if mine is not None and (not self.is_even or turn == self.readers - 1):
                yield mine
                mine = None

    def _order(self) -> Iterator[tuple[Shard, int]]:
        """Shard and number of every clip, in the order of the epoch."""
        rng = np.random.default_rng([self.seed, self.epoch])
        waiting = (
            [self.shards[i] for i in rng.permutation(len(self.shards))] if self.shuffle else list(self.shards)
        )
        waiting.reverse()
        with ExitStack() as stack:
            shards: list[_Open] = []
            while waiting or shards:
                while waiting and len(shards) < (self.window if self.shuffle else 1):
                    opened = _Open(waiting.pop(), rng if self.shuffle else None, stack)
                    if opened.left:
                        shards.append(opened)
                if not shards:
                    return
                chosen = _draw(shards, rng) if self.shuffle else shards[0]
                yield chosen.shard, chosen.take()
                if not chosen.left:
                    shards.remove(chosen)
                    chosen.close()

    def _read(self, shard: Shard, clip: int, place: int) -> StreamedClip:
        entry = shard.clips[clip]
        start, stop = 0, entry.frames
        if self.longest is not None and entry.frames > self.longest:
            # A generator for each place: a window does not depend on who reads it, nor on what was read before.
            rng = np.random.default_rng([self.seed, self.epoch, place])
            start = int(rng.integers(entry.frames - self.longest + 1))
            stop = start + self.longest
        keypoints = shard.read_keypoints(clip, start, stop)
        depth = shard.read_depth(clip) if self.has_depth else None
        return StreamedClip(
            entry.name, keypoints, entry.fps, entry.width, entry.height, entry.info, start,
            None if depth is None else depth[start:stop],
        )  # fmt: skip


class _Open:
    """A shard whose clips are being given out."""

    def __init__(self, path: Path, rng: np.random.Generator | None, stack: ExitStack) -> None:
        self.shard = stack.enter_context(open_shard(path))
        count = len(self.shard)
        self._clips = (np.arange(count) if rng is None else rng.permutation(count))[::-1].tolist()

    @property
    def left(self) -> int:
        return len(self._clips)

    def take(self) -> int:
        return int(self._clips.pop())

    def close(self) -> None:
        self.shard.__exit__(None, None, None)


def _draw(shards: list[_Open], rng: np.random.Generator) -> _Open:
    """One of the shards, each as likely as it has clips left."""
    ticket = int(rng.integers(sum(shard.left for shard in shards)))
    for shard in shards:
        ticket -= shard.left
        if ticket < 0:
            return shard
    return shards[-1]
