"""How far and how smoothly keypoints move: way, jerk, spectral arc length."""

from __future__ import annotations

import numpy as np

from signgen.judge.pose.tracks import Tracks

# Spectral arc length is taken in windows, because that of a whole sentence grows with the number of movements.
WINDOW_SECONDS = 1.0
# Parameters of Balasubramanian et al. 2015: frequencies above, and magnitudes below, are noise.
MAX_HZ = 10.0
MIN_MAGNITUDE = 0.05
_PADDING = 4
# A window is a movement if its mean speed is above this [shoulder widths per second]; the spectrum of a hand that
# rests says how well it was tracked, not how it moves.
MIN_SPEED = 0.2


def distances(tracks: Tracks) -> np.ndarray:
    """(K,) float64 way of each keypoint [shoulder widths], NaN where it is never seen.

    It is the length of the line through the positions that are seen: the least way that fits them.
    """
    return np.array([_way(tracks.points[tracks.seen[:, k], k]) for k in range(tracks.points.shape[1])])


def mean_jerk(tracks: Tracks) -> float:
    """Mean magnitude of the third derivative [shoulder widths / s^3]; NaN without 4 seen frames in a row."""
    if len(tracks) < 4:
        return np.nan
    jerk = np.linalg.norm(np.diff(tracks.points.astype(np.float64), 3, axis=0), axis=2) * tracks.fps**3
    runs = np.lib.stride_tricks.sliding_window_view(tracks.seen, 4, axis=0).all(axis=-1)
    return float(jerk[runs].mean()) if runs.any() else np.nan


def arc_lengths(tracks: Tracks) -> np.ndarray:
    """(M,) spectral arc length of each keypoint in each window of movement; the nearer to 0, the smoother.

    Windows of one second overlap by half; one in which the keypoint is missing or rests is left out.
    """
    size = round(WINDOW_SECONDS * tracks.fps)
    found = [
        _arc_length(speed, tracks.fps)
        for k in range(tracks.points.shape[1])
        for speed in _moving_windows(tracks.points[:, k], tracks.seen[:, k], size, tracks.fps)
    ]
    return np.array(found, dtype=np.float64)


def _moving_windows(points: np.ndarray, seen: np.ndarray, size: int, fps: float) -> list[np.ndarray]:
    speed = np.linalg.norm(np.diff(points.astype(np.float64), axis=0), axis=1) * fps
    starts = range(0, len(points) - size, max(1, size // 2))
    windows = (speed[start : start + size] for start in starts if seen[start : start + size + 1].all())
    return [window for window in windows if window.mean() > MIN_SPEED]


def _arc_length(speed: np.ndarray, fps: float) -> float:
    """Spectral arc length of a speed profile (Balasubramanian et al. 2015)."""
    size = int(2 ** (np.ceil(np.log2(len(speed))) + _PADDING))
    hz = np.arange(size // 2 + 1) * fps / size
    magnitude = np.abs(np.fft.rfft(speed, size))
    magnitude = magnitude[hz <= MAX_HZ] / magnitude.max()
    hz = hz[hz <= MAX_HZ]
    strong = np.flatnonzero(magnitude >= MIN_MAGNITUDE)
    kept = slice(strong[0], strong[-1] + 1)
    hz, magnitude = hz[kept], magnitude[kept]
    if len(hz) < 2:
        return 0.0
    return -float(np.sum(np.hypot(np.diff(hz) / (hz[-1] - hz[0]), np.diff(magnitude))))


def _way(points: np.ndarray) -> float:
    if not len(points):
        return np.nan
    return float(np.linalg.norm(np.diff(points.astype(np.float64), axis=0), axis=1).sum())
