"""Several people in one recording: who is who from frame to frame, and who is the signer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.sequence import PoseSequence


def tracks(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """People of each frame joined over time, nearest first.

    Detectors number people anew in each frame. Each person of a frame continues the track whose last known
    place, the mean of its keypoints, is nearest; people left over start new tracks.

    Args:
        frames: per frame (P, 128, 3) keypoints of its P people; P may differ and be 0.

    Returns:
        One (T, 128, 3) float32 array per track, at least one; where a person is absent all is missing.
    """
    found: list[np.ndarray] = []
    places = np.zeros((0, 2), np.float32)
    for t, people in enumerate(frames):
        people = np.asarray(people, np.float32).reshape(-1, NUM_KEYPOINTS, 3)
        people = people[people[..., 2].any(axis=1)]
        centres = np.array([_centre(person) for person in people], np.float32).reshape(-1, 2)
        for person, track in _assigned(centres, places):
            if track < 0:
                found.append(np.zeros((len(frames), NUM_KEYPOINTS, 3), np.float32))
                places = np.concatenate([places, centres[person : person + 1]])
            found[track][t] = people[person]
            places[track] = centres[person]
    return found or [np.zeros((len(frames), NUM_KEYPOINTS, 3), np.float32)]


def primary_first(people: Sequence[PoseSequence]) -> list[PoseSequence]:
    """The people, the most prominent first: summed over time, confidence times size in the picture."""
    return sorted(people, key=prominence, reverse=True)


def prominence(poses: PoseSequence) -> float:
    """Sum over frames of the mean confidence times the diagonal of what is seen of the person [px]."""
    seen = poses.confidence > 0
    low = np.where(seen[..., None], poses.xy, np.inf).min(axis=1, initial=np.inf)
    high = np.where(seen[..., None], poses.xy, -np.inf).max(axis=1, initial=-np.inf)
    present = seen.any(axis=1)
    size = np.hypot(*(high - low)[present].T.astype(np.float64))
    return float((poses.confidence[present].mean(axis=1) * size).sum())


def _centre(person: np.ndarray) -> np.ndarray:
    centre: np.ndarray = person[person[:, 2] > 0, :2].mean(axis=0)
    return centre


def _assigned(centres: np.ndarray, places: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of person and track number, nearest first; -1 is a new track."""
    distance = np.linalg.norm(centres[:, None] - places[None], axis=-1)
    order = np.dstack(np.unravel_index(np.argsort(distance, axis=None, kind="stable"), distance.shape))[0]
    pairs: dict[int, int] = {}
    for person, track in order.reshape(-1, 2).tolist():
        if person not in pairs and track not in pairs.values():
            pairs[person] = track
    return [*pairs.items(), *((person, -1) for person in range(len(centres)) if person not in pairs)]
