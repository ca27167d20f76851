"""A span of a movement drawn anew by a checkpoint, to fit what lies around it; every other frame stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import torch
from torch import Tensor

from signgen.config import did_you_mean
from signgen.errors import ConfigError, DataError, PoseError
from signgen.pose.motion import join, split
from signgen.pose.sequence import PoseSequence
from signgen.signdw.checkpoint.folder import Checkpoint, check_codes, memory_errors
from signgen.signdw.checkpoint.library import with_own_signs
from signgen.signdw.drawing.decoding import values_of_codes
from signgen.signdw.flow.fill import refined_between
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.motion.parts import FPS, Parts, to_parts, to_poses
from signgen.signdw.network.batch import Condition
from signgen.signdw.network.plan import PAD, Plan
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.edit import nothing_to_say, redraw, with_hole
from signgen.signdw.signing.performing import check_draws


@dataclass(frozen=True)
class Wish:
    """What a span is to say; by default nothing but a way from what is before it to what comes after.

    Attributes:
        text: of the whole clip.
        glosses: signed in the span, each for an equal share of it.
        language: signed language.
    """

    text: str = ""
    glosses: tuple[str, ...] = ()
    language: str | None = None


def fill(
    checkpoint: Checkpoint,
    poses: PoseSequence,
    start: int,
    stop: int,
    wish: Wish | None = None,
    draws: DrawSettings | None = None,
    seed: int = 0,
    *,
    is_smooth: bool = True,
) -> PoseSequence:
    """The same poses with the frames from ``start`` up to ``stop`` drawn anew.

    What was in the span is not looked at, so it may be missing. What is drawn is moved by what the frames at its two
    ends lie off their own codes, so that it joins them; it shows the keypoints that one of these frames shows.

    Args:
        checkpoint: that draws.
        poses: at any rate, on any canvas.
        start: first frame of the span.
        stop: one past its last.
        wish: what to sign in it.
        draws: how; rounds are used whatever the mode, for only they see what comes after.
        seed: of what is drawn.
        is_smooth: low-pass what codes decode to; refined poses stay as they are.

    Raises:
        DataError: the span is not inside the poses, leaves nothing of them, or is too long for the network.
        PoseError: the other frames never show both shoulders.
        ConfigError: a gloss or a language that the network does not know.
        ResourceError: there is not enough memory.
    """
    wish = wish or Wish()
    _check_span(len(poses), start, stop)
    rate = FPS / poses.fps
    known = _without(poses, start, stop)
    grid = _Grid.around(floor(start * rate), ceil(stop * rate), max(1, round(len(poses) * rate)))
    check_codes(checkpoint)
    check_draws(checkpoint, draws or DrawSettings())
    grid = grid.within(checkpoint.model.settings.max_steps, start, stop)
    with memory_errors("fill"):
        drawn = _drawn(checkpoint, known, grid, wish, draws, seed, is_smooth)
    return _inserted(known, start, stop, _at_rate(drawn, grid, known))


def between(
    checkpoint: Checkpoint,
    before: PoseSequence,
    after: PoseSequence,
    frames: int,
    draws: DrawSettings | None = None,
    seed: int = 0,
) -> PoseSequence:
    """A learned transition: the frames that lead from one movement to another.

    Args:
        checkpoint: that draws.
        before: the first movement.
        after: the second, at the same rate and on the same canvas.
        frames: of the way, at least one.
        draws: how.
        seed: of the way.

    Raises:
        DataError: no frames, or movements of two rates or canvases; also as `fill`.
    """
    kinds = [(each.fps, each.width, each.height, each.depth is None) for each in (before, after)]
    if kinds[0] != kinds[1]:
        raise DataError("transition: the movements differ in rate, canvas or depth; convert one of them")
    if frames < 1:
        raise DataError(f"transition: {frames} frames; give at least one")
    gap = np.zeros((frames, *before.keypoints.shape[1:]), np.float32)
    depth = None
    if before.depth is not None and after.depth is not None:
        depth = np.concatenate([before.depth, gap[..., 0], after.depth])
    whole = before.replace(keypoints=np.concatenate([before.keypoints, gap, after.keypoints]), depth=depth)
    stop = len(before) + frames
    filled = fill(checkpoint, whole, len(before), stop, None, draws, seed)
    return _frames(filled, len(before), stop)


@dataclass(frozen=True)
class _Grid:
    """Which frames at `FPS` are steps of codes: the span begins with a step, so that the known ones are whole.

    Attributes:
        first: frame of the first step; below 0 where the span begins before a whole step.
        hole: first and one past the last step of the span.
        steps: in all.
    """

    first: int
    hole: tuple[int, int]
    steps: int

    @classmethod
    def around(cls, start: int, stop: int, frames: int) -> _Grid:
        before, width = start // STRIDE, max(1, -(-(stop - start) // STRIDE))
        after = max(0, frames - (start + width * STRIDE)) // STRIDE
        return cls(start - before * STRIDE, (before, before + width), before + width + after)

    def within(self, most: int, start: int, stop: int) -> _Grid:
        """The same with as much around the span as the network takes."""
        before, after = self.hole[0], self.steps - self.hole[1]
        width = self.hole[1] - self.hole[0]
        if width > most:
            raise DataError(
                f"span: frames {start} to {stop} are more than the {most} steps of {STRIDE / FPS:.2f} s that the "
                "network draws; fill a shorter one"
            )
        room = most - width
        keep_after = min(after, max(room // 2, room - before))
        keep_before = min(before, room - keep_after)
        first = self.first + (before - keep_before) * STRIDE
        return _Grid(first, (keep_before, keep_before + width), keep_before + width + keep_after)

    @property
    def known(self) -> tuple[slice, slice]:
        """Frames of the steps before the span and of those after it."""
        hole, stop = (self.first + step * STRIDE for step in self.hole)
        return slice(self.first, hole), slice(stop, self.first + self.steps * STRIDE)


def _check_span(frames: int, start: int, stop: int) -> None:
    if not 0 <= start < stop <= frames:
        raise DataError(f"span: {start} to {stop} is not within the {frames} frames; give frames of the clip")
    if stop - start == frames:
        raise DataError("span: it is the whole clip; leave some of it, or sign a text with --source signdw")


def _without(poses: PoseSequence, start: int, stop: int) -> PoseSequence:
    """The poses with nothing to be seen in the span."""
    keypoints = poses.keypoints.copy()
    keypoints[start:stop] = 0
    depth = None if poses.depth is None else poses.depth.copy()
    if depth is not None:
        depth[start:stop] = 0
    return poses.replace(keypoints=keypoints, depth=depth)


def _drawn(
    checkpoint: Checkpoint,
    known: PoseSequence,
    grid: _Grid,
    wish: Wish,
    draws: DrawSettings | None,
    seed: int,
    is_smooth: bool,
) -> PoseSequence:
    """All steps of a grid as the checkpoint shows them, at `FPS`, where the signer of the poses stands."""
    parts = _parts(known, checkpoint.motion.settings.depth)
    sides = [_codes(checkpoint, parts, frames) for frames in grid.known]
    codes = with_hole(torch.cat(sides), grid.hole[0], grid.hole[0], grid.hole[1] - grid.hole[0])
    condition, plan = _said(checkpoint, wish, grid)
    condition, _ = with_own_signs(checkpoint, condition, draws or DrawSettings(), (seed,), (plan,))
    drawn = redraw(checkpoint.model, condition, codes, plan, draws, seed).codes
    head, motion, how = checkpoint.head, checkpoint.motion, (draws or DrawSettings()).refine
    if head is None:
        values = values_of_codes(motion, drawn, is_smooth=is_smooth)[0]
    else:
        values = refined_between(head, motion, drawn, plan, parts, grid.known, how, seed)
    everything = np.ones(values.shape[:2], dtype=bool)
    return to_poses(Parts(values, everything, parts.frame), known.width, known.height)


def _parts(known: PoseSequence, depth: bool) -> Parts:
    try:
        return to_parts(known, depth=depth)
    except PoseError as error:
        raise PoseError(f"around the span: {error}") from None


@torch.no_grad()
def _codes(checkpoint: Checkpoint, parts: Parts, frames: slice) -> Tensor:
    """(S, Q) codes of frames alone: what lies in the span has no part in them."""
    values = torch.from_numpy(parts.values[frames]).to(checkpoint.device)[None]
    visible = torch.from_numpy(parts.visible[frames]).to(checkpoint.device)[None]
    if not values.shape[1]:
        return torch.zeros(0, len(checkpoint.motion.streams), dtype=torch.long)
    found: Tensor = checkpoint.motion.encode(values, visible)[0].cpu()
    return found


def _said(checkpoint: Checkpoint, wish: Wish, grid: _Grid) -> tuple[Condition, Plan]:
    condition = nothing_to_say()
    if wish.text:
        condition = checkpoint.encoding.condition([wish.text], [wish.language])
    width = grid.hole[1] - grid.hole[0]
    if not wish.glosses:
        return condition, Plan(grid.steps)
    numbers = _numbers(checkpoint, wish.glosses)
    if len(numbers) > width:
        raise DataError(f"span: {width} steps for {len(numbers)} glosses; give fewer or a longer span")
    bounds = [round(i * width / len(numbers)) for i in range(len(numbers) + 1)]
    inside = [(n, b - a) for n, a, b in zip(numbers, bounds, bounds[1:], strict=False)]
    # No gloss is known of what lies around.
    around = [(PAD, grid.hole[0]), *inside, (PAD, grid.steps - grid.hole[1])]
    spans = [(n, d) for n, d in around if d]
    return condition, Plan(grid.steps, tuple(n for n, _ in spans), tuple(d for _, d in spans))


def _numbers(checkpoint: Checkpoint, glosses: Sequence[str]) -> list[int]:
    if checkpoint.glosses is None:
        raise ConfigError("gloss: this checkpoint was trained without glosses; give a text instead")
    names = checkpoint.glosses.names
    for gloss in glosses:
        if gloss not in names:
            raise ConfigError(
                f"gloss: {gloss!r} is none that the checkpoint learned{did_you_mean(gloss, names)}"
            )
    return checkpoint.glosses.encode(glosses)


def _at_rate(drawn: PoseSequence, grid: _Grid, known: PoseSequence) -> PoseSequence:
    """What was drawn at the frames of the clip; before and after the grid its first and last frame."""
    from signgen.pose.motion_kernels import sample

    points, confidence = split(drawn)
    if points.shape[2] == 2 and known.depth is not None:
        points = np.concatenate([points, np.zeros_like(points[..., :1])], axis=-1)
    if known.depth is None:
        points = np.ascontiguousarray(points[..., :2])
    places = (np.arange(len(known)) + 0.5) * (FPS / known.fps) - 0.5 - grid.first
    return join(known, *sample(points, confidence, places))


def _inserted(known: PoseSequence, start: int, stop: int, drawn: PoseSequence) -> PoseSequence:
    """The poses with the drawn span, moved to where its two ends are."""
    ends = [frame for frame in (start - 1, stop) if 0 <= frame < len(known)]
    points, sure = split(known)
    made = split(drawn)[0]
    shown = [sure[frame] > 0 for frame in ends]
    offs = [(points[frame] - made[frame]) * at[:, None] for frame, at in zip(ends, shown, strict=True)]
    # An end that does not show a keypoint takes its offset from the other one.
    offs = [
        np.where(at[:, None], off, offs[-1 - i]) for i, (at, off) in enumerate(zip(shown, offs, strict=True))
    ]
    share = ((np.arange(start, stop) - start + 1) / (stop - start + 1))[:, None, None]
    points[start:stop] = made[start:stop] + offs[0] + share * (offs[-1] - offs[0])
    sure[start:stop] = np.max([sure[frame] for frame in ends], axis=0)
    inside = join(known, points, sure)
    # Frames outside of the span are those that were given, to the bit.
    keypoints = known.keypoints.copy()
    keypoints[start:stop] = inside.keypoints[start:stop]
    depth = None if known.depth is None or inside.depth is None else known.depth.copy()
    if depth is not None and inside.depth is not None:
        depth[start:stop] = inside.depth[start:stop]
    return known.replace(keypoints=keypoints, depth=depth)


def _frames(poses: PoseSequence, start: int, stop: int) -> PoseSequence:
    depth = None if poses.depth is None else poses.depth[start:stop]
    return poses.replace(keypoints=poses.keypoints[start:stop], depth=depth)


__all__ = ["Wish", "between", "fill"]
