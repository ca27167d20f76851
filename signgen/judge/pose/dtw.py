"""Exact dynamic time warping of tracks: all keypoints on one path, or each on its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from signgen.errors import ResourceError
from signgen.judge.pose.tracks import Tracks

# 8,192 frames against as many, over 5 minutes at 25 fps; 600 MB.
MAX_CELLS = 1 << 26
Cost = Literal["mean", "norm", "absolute"]


@dataclass(frozen=True, eq=False)
class Alignment:
    """Two sequences on the path that costs least.

    Attributes:
        path: (P, 2) int64 frames of the first and of the second; empty if they cannot be aligned.
        total: sum of the costs along the path; NaN if it is empty.
        errors: (P,) mean distance of the keypoints that both frames show.
        masked: share of keypoint comparisons that could not be made because a keypoint is missing on either side,
            of those that a complete pair would allow: keypoints that the second sequence never shows do not count.
    """

    path: np.ndarray
    total: float
    errors: np.ndarray
    masked: float

    @property
    def mean(self) -> float:
        """Mean error along the path."""
        return float(self.errors.mean(dtype=np.float64)) if len(self.errors) else np.nan


_NONE = Alignment(np.empty((0, 2), np.int64), np.nan, np.empty(0, np.float32), 1.0)


def align(first: Tracks, second: Tracks, cost: Cost = "mean") -> Alignment:
    """The best joint path of all keypoints; frames that show none of them are left out.

    A frame pair costs, over the keypoints that both frames show, the mean distance (``mean``), the norm of the whole
    difference (``norm``) or its absolute sum (``absolute``); the last two are scaled up to the keypoints in use.

    Raises:
        ResourceError: more than `MAX_CELLS` pairs of frames.
    """
    from signgen.judge.pose.dtw_kernels import best_path

    check_size(len(first), len(second))
    rows, columns = (np.flatnonzero(tracks.seen.any(axis=1)) for tracks in (first, second))
    if not (len(rows) and len(columns)):
        return _NONE
    used = int(second.seen.any(axis=0).sum())
    a, b = _packed(first, rows), _packed(second, columns)
    costs, counts = _costs(a, b, cost, used)
    total, path = best_path(costs)
    if not len(path):
        return _NONE
    errors = costs[tuple(path.T)] if cost == "mean" else frame_errors(a, b, path)
    left_out = len(first) - len(rows) + len(second) - len(columns)
    masked = 1 - float(counts[tuple(path.T)].sum(dtype=np.float64)) / (used * (len(path) + left_out))
    return Alignment(np.stack([rows[path[:, 0]], columns[path[:, 1]]], axis=1), total, errors, masked)


def _costs(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], cost: Cost, used: int
) -> tuple[np.ndarray, np.ndarray]:
    """(T1, T2) float32 costs, infinite where two frames share no keypoint, and keypoints compared."""
    from signgen.judge.pose.dtw_kernels import ABSOLUTE, MEAN, NORM, frame_costs, frame_counts

    kind = {"mean": MEAN, "norm": NORM, "absolute": ABSOLUTE}[cost]
    there = np.ascontiguousarray(second[0].transpose(1, 2, 0))
    seen = np.ascontiguousarray(second[1].T)
    costs, counts = frame_costs(*first, there, seen, kind), frame_counts(first[1], seen)
    costs /= np.maximum(counts, 1)
    if cost == "norm":
        np.sqrt(costs * np.float32(used), out=costs)
    elif cost == "absolute":
        costs *= np.float32(used)
    costs[counts == 0] = np.inf
    return costs, counts


def frame_errors(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], path: np.ndarray
) -> np.ndarray:
    """(P,) mean distance of the keypoints that both frames of each step show; points and seen of each side."""
    both = first[1][path[:, 0]] * second[1][path[:, 1]]
    distance = np.linalg.norm(first[0][path[:, 0]] - second[0][path[:, 1]], axis=2)
    errors: np.ndarray = (distance * both).sum(axis=1) / both.sum(axis=1)
    return errors


def warp_keypoints(first: Tracks, second: Tracks, *, is_squared: bool = False) -> np.ndarray:
    """(K,) float64 exact DTW of each keypoint on a path of its own, over the frames that show it.

    Sums of distances, or the root of the sum of squared distances; NaN where a side never shows the keypoint.

    Raises:
        ResourceError: more than `MAX_CELLS` pairs of frames.
    """
    from signgen.judge.pose.warp_kernels import pack, warp_each

    check_size(len(first), len(second))
    keypoints = first.points.shape[1]
    if not (len(first) and len(second)):
        return np.full(keypoints, np.nan)
    a, b = (pack(np.ascontiguousarray(tracks.points), tracks.seen) for tracks in (first, second))
    found = warp_each(*a, *b, is_squared)[:keypoints]
    return np.sqrt(found) if is_squared else found


def check_size(first: int, second: int) -> None:
    """Raise ResourceError if two sequences are too long to be warped."""
    if first * second > MAX_CELLS:
        raise ResourceError(
            f"DTW: {first} x {second} frames are more than {MAX_CELLS} pairs; cut the sequences into sentences"
        )


def _packed(tracks: Tracks, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = np.ascontiguousarray(tracks.points[frames], dtype=np.float32)
    return points, tracks.seen[frames].astype(np.float32)
