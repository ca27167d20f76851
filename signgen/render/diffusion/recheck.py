"""Frames read again by an extractor, window by window; windows that do not show what was asked are drawn anew.

Today people do this by hand: look, change the seed, render all of it again. Here only what is bad is drawn again,
with seeds that follow from the first one, the best try is kept, and the account says what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from signgen.errors import ConfigError, RenderError
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, Renderer, account_of
from signgen.render.diffusion.crops import poses_in_frames
from signgen.render.diffusion.likeness import errors
from signgen.render.diffusion.settings import DiffusionSettings
from signgen.render.draw import fitted

# The signer's poses in frames at a rate, as many as frames, in their pixels.
Find: TypeAlias = Callable[[Iterable[Frame], float], PoseSequence]


@dataclass(frozen=True)
class Checks:
    """How frames are checked.

    Attributes:
        window: frames judged together.
        join: frames over which a window drawn anew is blended into its neighbours.
        limit: error above which a window is bad, of `signgen.render.diffusion.likeness.errors`.
        tries: seeds tried for a bad window besides the first.
    """

    window: int = 48
    join: int = 4
    limit: float = 0.35
    tries: int = 2

    def __post_init__(self) -> None:
        if self.window < 1 or self.tries < 0 or self.join < 0 or 2 * self.join > self.window:
            raise ConfigError(
                f"recheck: a window of {self.window} frames, joins of {self.join} and {self.tries} tries do not work; "
                "joins take at most half a window"
            )


@runtime_checkable
class DrawsParts(Protocol):
    """A renderer that can draw a part of a clip as part of it, with the camera and the proportions of the whole."""

    def part(
        self, poses: PoseSequence, frames: range, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """The frames with these numbers."""
        ...


@dataclass(frozen=True, eq=False)
class Rechecked:
    """A renderer whose frames are read again, and drawn anew where they are not what was asked for.

    Attributes:
        renderer: draws; one that does not know `DrawsParts` is given a window as a clip of its own, its poses fitted
            to the appearance as those of the whole clip are.
        find: reads.
        checks: how strictly.
        report: of the last call; one entry a window.
    """

    renderer: Renderer
    find: Find
    checks: Checks = field(default_factory=Checks)
    report: list[dict[str, Any]] = field(default_factory=list)

    def __call__(
        self, poses: PoseSequence, appearance: Frame | None = None, *, seed: int = 0
    ) -> Iterator[Frame]:
        """Frames of the renderer, the bad windows with other seeds.

        Raises:
            RenderError: the renderer or the extractor lost frames.
        """
        self.report.clear()
        frames = iter(self.renderer(poses, appearance, seed=seed))
        for first in range(0, len(poses), self.checks.window):
            span = range(first, min(first + self.checks.window, len(poses)))
            yield from self._best(poses, appearance, span, _take(frames, span), seed)

    def account(self) -> dict[str, Any]:
        """The renderer's account and the report."""
        inner = account_of(self.renderer)
        redrawn = sum(row["seed"] != row["tried"][0]["seed"] for row in self.report)
        bad = [
            f"frames {row['frames'][0]} to {row['frames'][1] - 1}: not what was asked for "
            f"(error {row['error']:.2f}) with any of {len(row['tried'])} seeds"
            for row in self.report
            if not row["good"]
        ]
        checked = {"windows": [dict(row) for row in self.report], "redrawn": redrawn}
        return {**inner, "recheck": checked, "warnings": [*inner.get("warnings", ()), *bad]}

    def _best(
        self, poses: PoseSequence, appearance: Frame | None, span: range, shown: list[Frame], seed: int
    ) -> list[Frame]:
        """The frames of a window: as first drawn if they are good, else the best of a few tries."""
        best, error = shown, self._error(poses, span, shown)
        tried, chosen = [{"seed": seed, "error": _rounded(error)}], seed
        for attempt in range(1, self.checks.tries + 1):
            if not error > self.checks.limit:
                break
            other = seed_of(seed, span.start, attempt)
            anew = self._anew(poses, appearance, span, other, shown[0])
            fresh = joined(shown, anew, span, len(poses), self.checks.join)
            new_error = self._error(poses, span, fresh)
            tried.append({"seed": other, "error": _rounded(new_error)})
            if new_error < error:
                best, error, chosen = fresh, new_error, other
        self.report.append(
            {
                "frames": [span.start, span.stop],
                "error": _rounded(error),
                "seed": chosen,
                "good": not error > self.checks.limit,
                "tried": tried,
            }
        )
        return best

    def _anew(
        self, poses: PoseSequence, appearance: Frame | None, span: range, seed: int, shown: Frame
    ) -> list[Frame]:
        """The frames of a window with another seed."""
        if isinstance(self.renderer, DrawsParts):
            return _take(iter(self.renderer.part(poses, span, appearance, seed=seed)), span)
        renderer, whole = self.renderer, poses
        if isinstance(renderer, DiffusionSettings) and renderer.retarget:
            # Fitted as a part of the clip, so that the signer stays where they stand.
            whole = poses_in_frames(self.renderer, poses, shown.shape[1], shown.shape[0])
            renderer = renderer.with_settings(retarget=False)
        part = whole[span.start : span.stop]
        return _take(iter(renderer(part, appearance, seed=seed)), span)

    def _error(self, poses: PoseSequence, span: range, shown: list[Frame]) -> float:
        """Mean error of a window; 0 where its poses ask for nothing."""
        found = self.find(shown, poses.fps)
        if len(found) != len(shown):
            raise RenderError(f"{len(found)} of {len(shown)} frames came back from the extractor")
        height, width = shown[0].shape[:2]
        part = poses[span.start : span.stop]
        asked = part.replace(keypoints=fitted(part, width, height), depth=None, width=width, height=height)
        each = errors(asked, found)
        known = np.isfinite(each)
        return float(each[known].mean()) if known.any() else 0.0


def joined(shown: list[Frame], fresh: list[Frame], span: range, count: int, join: int) -> list[Frame]:
    """A window drawn anew that begins and ends as its neighbours go on: as first drawn.

    Args:
        shown: the window as first drawn.
        fresh: the same frames drawn anew.
        span: their numbers.
        count: frames of the clip; at its ends nothing needs to be joined.
        join: frames over which one becomes the other.
    """
    out = []
    for place, (old, new) in enumerate(zip(shown, fresh, strict=True)):
        steps = [1.0]
        if span.start > 0:
            steps.append((place + 1) / (join + 1))
        if span.stop < count:
            steps.append((len(span) - place) / (join + 1))
        share = min(steps)
        mixed = new if share == 1 else np.rint(old + (new.astype(np.float32) - old) * share).astype(np.uint8)
        out.append(mixed)
    return out


def seed_of(seed: int, frame: int, attempt: int) -> int:
    """The seed of a try for the window that starts at a frame."""
    return int(np.random.SeedSequence([seed, frame, attempt]).generate_state(1)[0])


def _take(frames: Iterator[Frame], span: range) -> list[Frame]:
    taken = list(islice(frames, len(span)))
    if len(taken) != len(span):
        raise RenderError(f"the renderer gave {len(taken)} of frames {span.start} to {span.stop - 1}")
    return taken


def _rounded(error: float) -> float:
    return round(error, 4)
