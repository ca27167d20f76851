"""From the people of each frame to sequences: who is who, and who signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signgen.data.people import Track, follow, prominences
from signgen.extract.base import Detections
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.sequence import PoseSequence

# People beyond that many, and people seen for less than that, are passers-by or errors of the detector.
MOST_PEOPLE, LEAST_SECONDS = 16, 0.25
# Someone at the edge of the picture counts this much less than someone in the middle.
EDGE = 0.5
# How long someone else must be more prominent than the signer before the signing is taken to be theirs [s].
PATIENCE = 1.5


@dataclass(frozen=True)
class Switch:
    """The signer is another person from ``frame`` on; numbers count people by their first frame."""

    frame: int
    before: int
    after: int


@dataclass(frozen=True, eq=False)
class Extraction:
    """What was found in a video.

    Attributes:
        people: one sequence of the whole length for each person, the signer first; never empty.
        switches: where the first of them is another person than before, as after a cut between two signers.
        crowd: the most people in one frame.
    """

    people: tuple[PoseSequence, ...]
    switches: tuple[Switch, ...]
    crowd: int

    @property
    def signer(self) -> PoseSequence:
        """The first of the people."""
        return self.people[0]


def gather(detections: Sequence[Detections], fps: float, width: int, height: int) -> Extraction:
    """Join the people of all frames over time and choose the signer.

    The signer of each frame is the person who is large, near the middle and surely seen, over the whole clip at once
    (Viterbi): a passer-by or a crossing does not change it, a cut to another person does after `PATIENCE`.

    Args:
        detections: one for each frame.
        fps: frames per second.
        width: of the frames [px].
        height: of the frames [px].
    """
    followed = _lasting(follow(frame.keypoints for frame in detections), fps)
    crowd = max((len(frame.keypoints) for frame in detections), default=0)
    if not followed:
        return Extraction((_sequence(_nobody(detections), fps, width, height),), (), crowd)
    people = [_keypoints(detections, track) for track in followed]
    signing = signer_of_frames(people, fps, width)
    order = _by_frames(signing, len(people))
    sequences = [
        _sequence(_joined(people, _swapped(signing, k, order[0])), fps, width, height) for k in order
    ]
    return Extraction(tuple(sequences), _switches(signing), crowd)


def signer_of_frames(people: Sequence[np.ndarray], fps: float, width: int) -> np.ndarray:
    """(T,) which of the ``people``, each (T, 128, 3 or 4), signs in each frame."""
    shares = np.stack([_weights(person, width) for person in people], axis=1)
    largest = shares.max(axis=1, keepdims=True)
    shares = np.divide(shares, largest, out=np.zeros_like(shares), where=largest > 0)
    penalty = PATIENCE * fps
    score, back = np.zeros(len(people)), np.zeros(shares.shape, np.int64)
    for t, share in enumerate(shares):
        best = int(score.argmax())
        stays = score >= score[best] - penalty
        back[t] = np.where(stays, np.arange(len(people)), best)
        score = np.where(stays, score, score[best] - penalty) + share
    path = np.empty(len(shares), np.int64)
    current = int(score.argmax())
    for t in range(len(shares) - 1, -1, -1):
        path[t] = current
        current = back[t, current]
    return path


def _lasting(tracks: list[Track], fps: float) -> list[Track]:
    """The tracks that are worth keeping, in order of their first frames; the longest if none is."""
    least = min(LEAST_SECONDS * fps, max((len(track.frames) for track in tracks), default=0))
    kept = [track for track in tracks if len(track.frames) >= least]
    kept = sorted(kept, key=lambda track: len(track.frames), reverse=True)[:MOST_PEOPLE]
    return sorted(kept, key=lambda track: track.frames[0])


def _weights(person: np.ndarray, width: int) -> np.ndarray:
    """(T,) how much of a signer a person is in each frame."""
    seen = person[..., 2] > 0
    count = np.maximum(seen.sum(axis=1), 1)
    middle = (person[..., 0] * seen).sum(axis=1) / count
    aside = np.clip(np.abs(middle / width - 0.5) * 2, 0, 1)
    return np.asarray(prominences(person[..., :3]) * (1 - EDGE * aside))


def _keypoints(detections: Sequence[Detections], track: Track) -> np.ndarray:
    """(T, 128, 3) of a track, or (T, 128, 4) where the estimator gives z."""
    columns = 4 if any(frame.z is not None for frame in detections) else 3
    person = np.zeros((len(detections), NUM_KEYPOINTS, columns), np.float32)
    for t, i in zip(track.frames, track.indices, strict=True):
        frame = detections[t]
        person[t, :, :3] = frame.keypoints[i]
        if frame.z is not None:
            person[t, :, 3] = frame.z[i]
    return person


def _nobody(detections: Sequence[Detections]) -> np.ndarray:
    return np.zeros((len(detections), NUM_KEYPOINTS, 3), np.float32)


def _by_frames(signing: np.ndarray, count: int) -> list[int]:
    """People by the number of frames in which they are the signer."""
    return [int(k) for k in np.argsort(-np.bincount(signing, minlength=count), kind="stable")]


def _swapped(signing: np.ndarray, person: int, first: int) -> np.ndarray:
    """(T,) whose keypoints go into the sequence of ``person``: that of ``first`` follows the signer.

    Where someone else signs, the two change places, so that nobody is lost.
    """
    return signing if person == first else np.where(signing == person, first, person)


def _joined(people: Sequence[np.ndarray], chosen: np.ndarray) -> np.ndarray:
    return np.asarray(np.stack(people)[chosen, np.arange(len(chosen))])


def _switches(signing: np.ndarray) -> tuple[Switch, ...]:
    changes = np.flatnonzero(np.diff(signing)) + 1
    return tuple(Switch(int(t), int(signing[t - 1]), int(signing[t])) for t in changes)


def _sequence(person: np.ndarray, fps: float, width: int, height: int) -> PoseSequence:
    if person.shape[2] == 3:
        return PoseSequence(person, fps, width, height)
    from signgen.pose.convert.mediapipe_kernels import give_depth

    keypoints, depth = np.ascontiguousarray(person[..., :3]), np.ascontiguousarray(person[..., 3])
    give_depth(keypoints, depth, width)
    return PoseSequence(keypoints, fps, width, height, depth)
