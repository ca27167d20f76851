"""Made-up training material: a patch of a look's own colour that follows a hand, and networks too small to matter."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from signgen.data.npz import write_npz
from signgen.data.video import write_video
from signgen.pose.sequence import PoseSequence

SIDE = 32
SMALL = {"widths": (8, 16), "blocks": (1, 1), "attentive": 1, "head": 8, "frequencies": 8}


def moving(count: int, seed: int = 0, side: int = SIDE) -> PoseSequence:
    """Poses about a hand that wanders."""
    rng = np.random.default_rng(seed)
    keypoints = np.ones((count, 128, 3), np.float32)
    middle = side / 2 + side / 4 * np.sin(np.arange(count) / 3 + seed)[:, None, None]
    keypoints[..., :2] = np.clip(middle + rng.normal(0, side / 8, (1, 128, 2)), 0, side - 1)
    keypoints[:, 2, :2], keypoints[:, 5, :2] = (0.35 * side, 0.5 * side), (0.65 * side, 0.5 * side)
    return PoseSequence(keypoints, 24, side, side)


def film(poses: PoseSequence, colour: tuple[int, int, int]) -> np.ndarray:
    """(T, H, W, 3) uint8: grey, with a patch at the right wrist."""
    frames = np.full((len(poses), poses.height, poses.width, 3), 90, np.uint8)
    for frame, (x, y) in zip(frames, poses.xy[:, 4].astype(int), strict=True):
        frame[max(0, y - 4) : y + 4, max(0, x - 4) : x + 4] = colour
    return frames


def source(
    folder: Path, colour: tuple[int, int, int] = (220, 60, 40), clips: int = 2, count: int = 8
) -> Path:
    """A folder of one look."""
    for clip in range(clips):
        poses = moving(count, clip)
        (folder / "videos").mkdir(parents=True, exist_ok=True)
        write_npz(poses, folder / "poses" / f"{clip:04d}.npz")
        write_video(film(poses, colour), folder / "videos" / f"{clip:04d}.mp4", 24)
    return folder
