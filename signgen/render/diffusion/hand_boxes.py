"""Where the hands are in the frames: boxes that follow each hand calmly, and masks in the shape of a hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from signgen.pose.layout import HAND_BONES, LEFT_HAND, RIGHT_HAND
from signgen.render.diffusion.resample import Box, resample

HANDS = {"left": LEFT_HAND, "right": RIGHT_HAND}
LEAST_CONFIDENCE = 0.2
LEAST_SEEN = 0.5  # share of a hand's keypoints that must be surely seen
TALL = 95.0  # percentile of a hand's size over a clip that its box has room for
CALM = 0.12  # how long the box takes to follow [s]
FADE = 3  # frames over which a hand that appears is blended in
# Flesh around the bones and how softly the mask ends, in sizes of the hand, but no less than these [px].
FLESH, FEATHER = 0.08, 0.1
LEAST_FLESH, LEAST_FEATHER = 1.0, 1.5
MASK_SIDE = 96  # masks are soft, so a coarse grid is enough


@dataclass(frozen=True, eq=False)
class HandTrack:
    """One hand through a clip.

    Attributes:
        name: ``left`` or ``right``, the signer's.
        points: (T, 21, 2) float64 keypoints [px of the frame], gaps bridged.
        seen: (T, 21).
        centres: (T, 2) middles of the boxes [px].
        side: of the box, the same in all frames, so that a hand keeps its sharpness [px].
        size: of the hand [px].
        blend: (T,) from 0 to 1, how much of a new picture of the hand is used.
    """

    name: str
    points: np.ndarray
    seen: np.ndarray
    centres: np.ndarray
    side: float
    size: float
    blend: np.ndarray

    def box(self, frame: int) -> Box:
        """What a crop shows."""
        x, y = self.centres[frame]
        half = self.side / 2
        return Box(float(x - half), float(y - half), float(x + half), float(y + half))

    def spans(self) -> Iterator[range]:
        """Runs of frames in which the hand is there."""
        there = np.concatenate([[False], self.blend > 0, [False]])
        edges = np.flatnonzero(np.diff(there.astype(np.int8)))
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            yield range(int(first), int(last))

    def mask(self, frame: int, size: int) -> np.ndarray:
        """(size, size) float32 share of a crop's pixels that are the hand: 1 on it, soft to 0, 0 at the crop's edge."""
        box, points, seen = self.box(frame), self.points[frame], self.seen[frame]
        grid = (np.arange(MASK_SIDE) + 0.5) * self.side / MASK_SIDE
        x, y = np.meshgrid(box.left + grid, box.top + grid)
        bones = [(a, b) for a, b in (*HAND_BONES, (5, 9), (9, 13), (13, 17)) if seen[a] and seen[b]]
        distance = np.full(x.shape, np.inf)
        for a, b in bones:
            distance = np.minimum(distance, _to_segment(x, y, points[a], points[b]))
        flesh, feather = max(FLESH * self.size, LEAST_FLESH), max(FEATHER * self.size, LEAST_FEATHER)
        edge = np.minimum(grid, self.side - grid)
        hand = _soft((flesh + feather - distance) / feather)
        whole = hand * _soft(np.minimum.outer(edge, edge) / feather) * self.blend[frame]
        mask: np.ndarray = resample(whole[..., None], Box(0, 0, MASK_SIDE, MASK_SIDE), size, size)[..., 0]
        return mask


def track_hands(
    keypoints: np.ndarray, fps: float, width: int, height: int, *, room: float
) -> list[HandTrack]:
    """The hands that are seen in a clip.

    Args:
        keypoints: (T, 128, 3) [px of the frame], confidence.
        fps: frames per second.
        width: of the frames [px].
        height: of the frames [px].
        room: side of a box in sizes of the hand.
    """
    found = (_track(name, keypoints[:, hand], fps, width, height, room) for name, hand in HANDS.items())
    return [track for track in found if track is not None]


def _track(name: str, hand: np.ndarray, fps: float, width: int, height: int, room: float) -> HandTrack | None:
    points, seen = hand[..., :2].astype(np.float64), hand[..., 2] >= LEAST_CONFIDENCE
    there = seen.mean(axis=1) >= LEAST_SEEN
    if not there.any():
        return None
    low = np.where(seen[..., None], points, np.inf).min(axis=1)
    high = np.where(seen[..., None], points, -np.inf).max(axis=1)
    size = float(np.percentile((high - low)[there].max(axis=1), TALL))
    if size <= 1:
        return None
    times = np.arange(len(points))
    middle = (low[there] + high[there]) / 2
    bridged = np.stack([np.interp(times, times[there], middle[:, axis]) for axis in (0, 1)], axis=1)
    centres = _calm(bridged, CALM * fps)
    inside = (np.abs(centres - (width / 2, height / 2)) < (width / 2, height / 2)).all(axis=1)
    return HandTrack(name, points, seen, centres, room * size, size, _faded(there & inside))


def _calm(track: np.ndarray, frames: float) -> np.ndarray:
    """A track (T, 2) without its fast movements."""
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(track, frames, axis=0, mode="nearest"))


def _faded(there: np.ndarray) -> np.ndarray:
    """(T,) from 0 to 1: slopes where a hand comes or goes, none at the ends of the clip."""
    blend = there.astype(np.float64)
    for step in range(1, FADE):
        share = step / FADE
        for shift in (step, -step):
            beside = np.roll(there, shift)
            if shift > 0:
                beside[:shift] = True
            else:
                beside[shift:] = True
            blend = np.where(there & ~beside, np.minimum(blend, share), blend)
    return blend


def _to_segment(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Distance of places from the line between two points."""
    way = b - a
    along = ((x - a[0]) * way[0] + (y - a[1]) * way[1]) / max(float(way @ way), 1e-9)
    along = np.clip(along, 0, 1)
    return np.asarray(np.hypot(x - a[0] - along * way[0], y - a[1] - along * way[1]))


def _soft(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0, 1)
    return np.asarray(share * share * (3 - 2 * share))
