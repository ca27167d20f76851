"""Long texts in bounded memory: passages are smoothed as they come, each with its neighbours' frames for context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from signgen.pose.motion import smooth
from signgen.text2pose.stitching.assemble import concatenated
from signgen.text2pose.stitching.clip import Clip

# Signs of a passage: a few minutes of signing.
PASSAGE = 400
# The impulse response of the filters has died away after this many frames.
CONTEXT = 96


@dataclass(frozen=True, eq=False)
class Block:
    """Finished frames and the frames round them.

    Attributes:
        clip: finished frames.
        start: number of the first of them.
        context: the same frames with their neighbours, smoothed together.
        context_start: number of the first frame of the context.
    """

    clip: Clip
    start: int
    context: Clip
    context_start: int

    def holds(self, frame: int) -> bool:
        """Whether a frame is one of the finished ones."""
        return self.start <= frame < self.start + len(self.clip)


def smoothed(passages: Iterator[Clip], body_hz: float, finger_hz: float) -> Iterator[Block]:
    """Smooth passages that come one after another as if they were one clip (see `signgen.pose.motion.smooth`)."""
    waiting = next(passages)
    start = done = 0
    for clip in passages:
        waiting = concatenated([waiting, clip])
        stop = start + len(waiting) - CONTEXT
        if stop > done:
            yield _block(waiting, start, done, stop, body_hz, finger_hz)
            done = stop
        keep = max(done - CONTEXT - start, 0)
        waiting, start = _cut(waiting, keep, len(waiting)), start + keep
    yield _block(waiting, start, done, start + len(waiting), body_hz, finger_hz)


def unsmoothed(passages: Iterator[Clip]) -> Iterator[Block]:
    """The passages as they are, in one block."""
    clip = concatenated(list(passages))
    yield Block(clip, 0, clip, 0)


def joined(clips: list[Clip]) -> Clip:
    """Finished clips as one; the list is emptied on the way, so that no frame is held twice."""
    if len(clips) == 1:
        return clips.pop()
    count, first = sum(len(clip) for clip in clips), clips[0]
    points = np.empty((count, *first.points.shape[1:]), first.points.dtype)
    confidence = np.empty((count, first.confidence.shape[1]), first.confidence.dtype)
    source = np.empty(count)
    clips.reverse()
    start = 0
    while clips:
        clip = clips.pop()
        frames = slice(start, start + len(clip))
        points[frames], confidence[frames], source[frames] = clip.points, clip.confidence, clip.source
        start = frames.stop
    return replace(first, points=points, confidence=confidence, source=source)


def _block(waiting: Clip, start: int, done: int, stop: int, body_hz: float, finger_hz: float) -> Block:
    points = smooth(
        waiting.points, waiting.confidence, waiting.fps, body_hz, finger_hz, in_space=waiting.is_spatial
    )
    context = replace(waiting, points=points)
    if done == 0 and stop == len(waiting):
        return Block(context, start, context, start)
    return Block(_copied(context, done - start, stop - start), done, context, start)


def _cut(clip: Clip, first: int, stop: int) -> Clip:
    return clip[first:stop]


def _copied(clip: Clip, first: int, stop: int) -> Clip:
    """A part of a clip that does not keep the whole in memory, in single precision."""
    part = _cut(clip, first, stop)
    return replace(
        part,
        points=part.points.astype(np.float32),
        confidence=part.confidence.astype(np.float32),
        source=part.source.copy(),
    )
