"""MediaPipe Holistic on the frames that `closed_loop.py` wrote; needs nothing but mediapipe and numpy.

    python benchmarks/closed_loop_detector.py FOLDER [--every 3]

Reads every ``*.frames.npy``, uint8 (T, H, W, 3), and writes beside it what is found in the frames as a video,
each followed from the one before (``*.video.npz``), and in every n-th one on its own (``*.single.npz``): ``left``
and ``right`` (T, 21, 2) [px], NaN where no hand was found, and ``body`` and ``face`` (T,), whether they were
found. mediapipe 0.10.21 wants numpy below 2 and signgen numpy from 2 on, hence a process of its own.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import mediapipe as mp
import numpy as np

HAND_POINTS = 21


def points(landmarks: Any, width: int, height: int) -> np.ndarray:
    """(21, 2) pixels of a found hand, or NaN."""
    if landmarks is None:
        return np.full((HAND_POINTS, 2), np.nan)
    return np.array([(p.x * width, p.y * height) for p in landmarks.landmark])


def detect(frames: np.ndarray, *, track: bool) -> dict[str, np.ndarray]:
    """What is found in the frames of one clip, each on its own or followed from frame to frame."""
    height, width = frames.shape[1:3]
    found: dict[str, list[Any]] = {"left": [], "right": [], "body": [], "face": []}
    with mp.solutions.holistic.Holistic(static_image_mode=not track, model_complexity=1) as holistic:
        for frame in frames:
            result = holistic.process(np.ascontiguousarray(frame))
            found["left"].append(points(result.left_hand_landmarks, width, height))
            found["right"].append(points(result.right_hand_landmarks, width, height))
            found["body"].append(result.pose_landmarks is not None)
            found["face"].append(result.face_landmarks is not None)
    return {name: np.array(values) for name, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=3, help="single frames: every n-th; 0 for none")
    parser.add_argument("--part", type=int, default=0, help="this one of ...")
    parser.add_argument("--parts", type=int, default=1, help="... so many processes that share the clips")
    arguments = parser.parse_args()
    for path in sorted(arguments.folder.glob("*.frames.npy"))[arguments.part :: arguments.parts]:
        frames = np.load(path, mmap_mode="r")
        name = path.name.removesuffix(".frames.npy")
        np.savez(path.with_name(f"{name}.video.npz"), **detect(frames, track=True))
        if arguments.every:
            single = detect(frames[:: arguments.every], track=False)
            np.savez(path.with_name(f"{name}.single.npz"), **single)


if __name__ == "__main__":
    main()
