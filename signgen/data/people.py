"""Several people in one recording: who is who from frame to frame, and how prominent each is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from signgen.pose.layout import BODY, NUM_KEYPOINTS
from signgen.pose.sequence import PoseSequence

# How far a person may be from where it was expected and still be the same, in its own sizes; for each frame that
# it was out of sight a little farther.
NEAR, NEAR_A_FRAME, NEAREST_AT_MOST = 0.75, 0.05, 2.0
# How much a change of size counts: someone twice as large is as far as half a size away.
SIZE_WEIGHT = 0.7
# A speed is an average over about this many frames, and is not trusted for longer.
MEMORY = 5
MIN_COMMON = 3
# Nobody counts as smaller [px].
LEAST_SIZE = 16.0


@dataclass(eq=False)
class Track:
    """One person, wherever it is seen.

    Attributes:
        frames: numbers of the frames, ascending.
        indices: which of the people of each of those frames it is.
        place: (128, 3) its keypoints when last seen.
        speed: (2,) of its middle [px a frame].
    """

    frames: list[int] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    place: np.ndarray = field(default_factory=lambda: np.zeros((NUM_KEYPOINTS, 3), np.float32))
    speed: np.ndarray = field(default_factory=lambda: np.zeros(2, np.float32))

    def expected(self, frame: int) -> np.ndarray:
        """(128, 3) where the person should be: on its way, for as long as its speed may be trusted."""
        place = self.place.copy()
        place[place[:, 2] > 0, :2] += self.speed * min(frame - self.frames[-1], MEMORY)
        return place

    def add(self, frame: int, index: int, person: np.ndarray) -> None:
        """Go on with ``person`` (128, 3), number ``index`` of ``frame``."""
        if self.frames:
            common = (self.place[:, 2] > 0) & (person[:, 2] > 0)
            if common.any():
                step = np.median(person[common, :2] - self.place[common, :2], axis=0)
                self.speed = self.speed + (step / (frame - self.frames[-1]) - self.speed) / MEMORY
        self.frames.append(frame)
        self.indices.append(index)
        self.place = person


def follow(frames: Iterable[np.ndarray]) -> list[Track]:
    """Who is who: detectors number people anew in each frame.

    Each person of a frame continues the track whose expected place and size fit best, all people at once
    (Hungarian method); who fits none starts a new one. Places are expected from the speed so far, so that people who
    cross keep their tracks.

    Args:
        frames: per frame (P, 128, 3) keypoints of its P people; P may differ and be 0.

    Returns:
        the tracks in order of their first frames.
    """
    found: list[Track] = []
    for t, people in enumerate(frames):
        people = np.asarray(people, np.float32).reshape(-1, NUM_KEYPOINTS, 3)
        present = [i for i in range(len(people)) if people[i, :, 2].any()]
        live = [track for track in found if _reach(t - track.frames[-1]) < NEAREST_AT_MOST] if present else []
        taken = _assigned([people[i] for i in present], live, t)
        for place, i in enumerate(present):
            track = taken.get(place)
            if track is None:
                track = Track()
                found.append(track)
            track.add(t, i, people[i])
    return found


def tracks(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The people that `follow` finds, as one (T, 128, 3) float32 array each, at least one, missing where absent."""
    found = []
    for track in follow(frames):
        person = np.zeros((len(frames), NUM_KEYPOINTS, 3), np.float32)
        for t, i in zip(track.frames, track.indices, strict=True):
            person[t] = np.asarray(frames[t], np.float32).reshape(-1, NUM_KEYPOINTS, 3)[i]
        found.append(person)
    return found or [np.zeros((len(frames), NUM_KEYPOINTS, 3), np.float32)]


def primary_first(people: Sequence[PoseSequence]) -> list[PoseSequence]:
    """The people, the most prominent first: summed over time, confidence times size in the picture."""
    return sorted(people, key=prominence, reverse=True)


def prominence(poses: PoseSequence) -> float:
    """Sum over frames of `prominences` [px]."""
    return float(prominences(poses.keypoints).sum())


def prominences(keypoints: np.ndarray) -> np.ndarray:
    """(T,) float64 mean confidence times the diagonal of what is seen of a person (T, 128, 3) [px]."""
    seen = keypoints[..., 2] > 0
    xy = keypoints[..., :2].astype(np.float64)
    low = np.where(seen[..., None], xy, np.inf).min(axis=1, initial=np.inf)
    high = np.where(seen[..., None], xy, -np.inf).max(axis=1, initial=-np.inf)
    size = np.hypot(*np.where(np.asarray(seen.any(axis=1))[:, None], high - low, 0).T)
    return np.asarray(keypoints[..., 2].mean(axis=1, dtype=np.float64) * size)


def _reach(gap: int) -> float:
    return NEAR + NEAR_A_FRAME * (gap - 1)


def _assigned(people: Sequence[np.ndarray], live: Sequence[Track], frame: int) -> dict[int, Track]:
    """The tracks that people continue, by their place in ``people``."""
    if not people or not live:
        return {}
    from scipy.optimize import linear_sum_assignment

    reach = np.array([_reach(frame - track.frames[-1]) for track in live])
    expected = [track.expected(frame) for track in live]
    cost = np.array([[_distance(person, place) for place in expected] for person in people])
    far: np.ndarray = np.greater(cost, reach)
    rows, columns = linear_sum_assignment(np.where(far, 1e6, cost))
    return {int(r): live[int(c)] for r, c in zip(rows, columns, strict=True) if not far[r, c]}


def _distance(person: np.ndarray, place: np.ndarray) -> float:
    """How far a person is from where one is expected, in sizes of the larger, plus its change of size."""
    common = (person[:, 2] > 0) & (place[:, 2] > 0)
    body = common.copy()
    body[BODY.stop :] = False
    chosen = body if body.sum() >= MIN_COMMON else common
    size, other = _size(person), _size(place)
    if not chosen.sum() >= MIN_COMMON:
        return float(np.linalg.norm(_centre(person) - _centre(place)) / max(size, other))
    away = np.median(np.linalg.norm(person[chosen, :2] - place[chosen, :2], axis=1))
    growth = (LEAST_SIZE + _spread(person[chosen])) / (LEAST_SIZE + _spread(place[chosen]))
    return float(away / max(size, other)) + min(SIZE_WEIGHT * abs(float(np.log(growth))), 1.0)


def _size(person: np.ndarray) -> float:
    """Diagonal of what is seen [px]."""
    seen = person[person[:, 2] > 0, :2]
    return max(LEAST_SIZE, float(np.hypot(*(seen.max(axis=0) - seen.min(axis=0)))))


def _spread(points: np.ndarray) -> float:
    """Root mean square distance of points (n, 3) from their middle [px]."""
    return float(np.sqrt(((points[:, :2] - points[:, :2].mean(axis=0)) ** 2).sum(axis=1).mean()))


def _centre(person: np.ndarray) -> np.ndarray:
    centre: np.ndarray = person[person[:, 2] > 0, :2].mean(axis=0)
    return centre
