"""Poses spoiled in known ways: what a judge must score low, and what it must score in order.

All take and give whole lists of clips, change no input, and draw from the generator they are given. Where a control
moves keypoints in the picture it drops depth, which would no longer belong to them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signgen.errors import ConfigError, PoseError
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import LEFT_HAND, LEFT_SHOULDER, NECK, RIGHT_HAND, RIGHT_SHOULDER
from signgen.pose.motion import low_pass, resample
from signgen.pose.sequence import PoseSequence, cleaned

# Signs of PHOENIX14T last 15.0 frames of 25 fps on average, transitions included: the length of a stretch where
# nobody says where signs begin.
STRETCH_SECONDS = 0.6
# Keypoints beyond this many shoulder widths are outliers that would pull on a mean.
_REACH = 8.0
_TRUNK = np.array([NECK, RIGHT_SHOULDER, LEFT_SHOULDER])

Clips = Sequence[PoseSequence]


def mean_pose(clips: Clips) -> list[PoseSequence]:
    """The mean pose of all frames of all clips, held as long as each clip, on its own signer's place and size."""
    return regressed(clips, 0.0)


def regressed(clips: Clips, amplitude: float) -> list[PoseSequence]:
    """All positions moved towards the corpus mean: 1 leaves them, 0 is `mean_pose`.

    What regression to the mean does to learned generators. Keypoints stay missing where they were.

    Raises:
        ConfigError: an amplitude outside 0 to 1.
        PoseError: a clip without shoulders.
    """
    if not 0 <= amplitude <= 1:
        raise ConfigError(f"amplitude {amplitude!r}: must lie from 0 to 1")
    relative = [_relative(clip) for clip in clips]
    mean = _mean(relative)
    return [
        _placed(clip, np.where(known[..., None], mean + amplitude * (points - mean), 0), known)
        for clip, (points, known) in zip(clips, relative, strict=True)
    ]


def frozen(clips: Clips) -> list[PoseSequence]:
    """The first frame that shows both shoulders, held to the end."""
    return [_kept(clip, np.full(len(clip), _first_whole(clip))) for clip in clips]


def frozen_hands(clips: Clips) -> list[PoseSequence]:
    """Wrists move as before, but each hand keeps the shape and turn that it is first fully seen in."""
    return [_with_frozen_hands(clip) for clip in clips]


def noise(clips: Clips, rng: np.random.Generator) -> list[PoseSequence]:
    """Every keypoint but those of the trunk thrown about the neck, one shoulder width far, anew in each frame."""
    made = []
    for clip in clips:
        points, known = _relative(clip)
        thrown = rng.standard_normal(points.shape)
        thrown[:, _TRUNK] = points[:, _TRUNK]
        made.append(_placed(clip, thrown, known))
    return made


def shuffled(clips: Clips, rng: np.random.Generator) -> list[PoseSequence]:
    """Each clip in another's place; none stays in its own.

    Raises:
        ConfigError: a single clip.
    """
    if len(clips) < 2:
        raise ConfigError("shuffled poses: need at least two clips; a test of one says nothing")
    circle = rng.permutation(len(clips))
    others = np.empty(len(clips), np.int64)
    others[circle] = np.roll(circle, 1)
    return [clips[other] for other in others.tolist()]


def time_reversed(clips: Clips) -> list[PoseSequence]:
    """Backwards."""
    return [_kept(clip, np.arange(len(clip))[::-1]) for clip in clips]


def wrong_signs(
    clips: Clips, share: float, rng: np.random.Generator, cuts: Sequence[Sequence[int]] | None = None
) -> list[PoseSequence]:
    """A share of signs replaced by signs of other clips, put on the signer's own place and size.

    Args:
        clips: at least two.
        share: probability that a sign is replaced.
        rng: draws which.
        cuts: frames at which signs of each clip begin, the first at 0; None cuts every `STRETCH_SECONDS`.

    Raises:
        ConfigError: a share outside 0 to 1, or a single clip.
    """
    if not 0 <= share <= 1 or len(clips) < 2:
        raise ConfigError(f"wrong signs: share {share!r} must lie from 0 to 1, of at least two clips")
    pieces = _all_pieces(clips, cuts)
    made = []
    for number, clip in enumerate(clips):
        parts = []
        for piece in pieces[number]:
            if rng.random() < share:
                other = (number + 1 + int(rng.integers(len(clips) - 1))) % len(clips)
                stranger = pieces[other][int(rng.integers(len(pieces[other])))]
                parts.append(_moved(_relative_piece(clips[other], stranger), clips[other].fps, clip))
            else:
                parts.append(clip.keypoints[piece])
        made.append(clip.replace(keypoints=np.concatenate(parts), depth=None))
    return made


def signs_shuffled(
    clips: Clips, rng: np.random.Generator, cuts: Sequence[Sequence[int]] | None = None
) -> list[PoseSequence]:
    """The signs of each clip in another order; ``cuts`` as in `wrong_signs`. A clip of one sign stays."""
    made = []
    for clip, pieces in zip(clips, _all_pieces(clips, cuts), strict=True):
        order = rng.permutation(len(pieces))
        if len(pieces) > 1 and (order == np.arange(len(pieces))).all():
            order = np.roll(order, 1)
        frames = np.arange(len(clip))
        made.append(_kept(clip, np.concatenate([frames[pieces[place]] for place in order])))
    return made


def dropped(clips: Clips, keep: int = 2) -> list[PoseSequence]:
    """Only every ``keep``-th frame, called the same rate: signed ``keep`` times as fast."""
    return [_kept(clip, np.arange(0, len(clip), keep)) for clip in clips]


def repeated(clips: Clips, times: int = 2) -> list[PoseSequence]:
    """Every frame ``times`` times, called the same rate: signed that much slower, and in steps."""
    return [_kept(clip, np.repeat(np.arange(len(clip)), times)) for clip in clips]


def keypoint_noise(clips: Clips, sd: float, rng: np.random.Generator) -> list[PoseSequence]:
    """Jitter of each keypoint in each frame, normal with ``sd`` shoulder widths."""
    if not (np.isfinite(sd) and sd >= 0):
        raise ConfigError(f"keypoint noise: sd {sd!r} must be 0 or more")
    made = []
    for clip in clips:
        points, known = _relative(clip)
        made.append(_placed(clip, points + sd * rng.standard_normal(points.shape), known))
    return made


def reprocessed(clips: Clips, fps: float) -> list[PoseSequence]:
    """True poses after what generated ones go through: low-passed, at the generator's rate, on whole pixels."""
    made = []
    for clip in clips:
        smooth = resample(low_pass(clip), fps)
        keypoints = smooth.keypoints.copy()
        keypoints[..., :2] = np.rint(keypoints[..., :2])
        made.append(smooth.replace(keypoints=keypoints, depth=None))
    return made


def _relative(clip: PoseSequence) -> tuple[np.ndarray, np.ndarray]:
    """(T, 128, 2) shoulder widths from the neck, and (T, 128) where they are known."""
    frame = shoulder_frame(clip)
    return (clip.xy.astype(np.float64) - (frame.x, frame.y)) / frame.width, clip.confidence > 0


def _placed(clip: PoseSequence, points: np.ndarray, known: np.ndarray) -> PoseSequence:
    """Points in shoulder widths put back where the signer of ``clip`` stands."""
    frame = shoulder_frame(clip)
    keypoints = np.zeros((*known.shape, 3), np.float32)
    keypoints[..., :2] = points * frame.width + (frame.x, frame.y)
    keypoints[..., 2] = np.where(known, clip.confidence, 0)
    return clip.replace(keypoints=cleaned(keypoints), depth=None)


def _mean(relative: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(128, 2) mean of known positions over all frames; 0 for a keypoint never seen."""
    total, count = np.zeros((relative[0][0].shape[1], 2)), np.zeros(relative[0][0].shape[1])
    for points, known in relative:
        near = known & (np.abs(points).max(-1) <= _REACH)
        total += np.where(near[..., None], points, 0).sum(axis=0)
        count += near.sum(axis=0)
    return total / np.maximum(count, 1)[:, None]


def _kept(clip: PoseSequence, frames: np.ndarray) -> PoseSequence:
    depth = None if clip.depth is None else clip.depth[frames]
    return clip.replace(keypoints=clip.keypoints[frames], depth=depth)


def _first_whole(clip: PoseSequence) -> int:
    whole = np.flatnonzero(clip.confidence[:, [LEFT_SHOULDER, RIGHT_SHOULDER]].min(axis=1) > 0)
    if not len(whole):
        raise PoseError("frozen: no frame shows both shoulders; leave the clip out of the test")
    return int(whole[0])


def _with_frozen_hands(clip: PoseSequence) -> PoseSequence:
    keypoints = clip.keypoints.copy()
    for hand in (LEFT_HAND, RIGHT_HAND):
        points = keypoints[:, hand]
        seen = points[..., 2] > 0
        # The fullest view, the first of several; without a wrist there is nothing to hang a hand on.
        fullness = np.where(seen[:, 0], seen.sum(axis=1), 0)
        if not len(fullness) or not fullness.max():
            continue
        shape = points[int(fullness.argmax())].copy()
        shape[:, :2] -= shape[0, :2]
        held = np.repeat(shape[None], len(points), axis=0)
        held[..., :2] += points[:, :1, :2]
        held[(shape[:, 2] == 0)[None] | ~seen[:, :1]] = 0
        keypoints[:, hand] = held
    return clip.replace(keypoints=keypoints, depth=None)


def _all_pieces(clips: Clips, cuts: Sequence[Sequence[int]] | None) -> list[list[slice]]:
    if cuts is not None and len(cuts) != len(clips):
        raise ConfigError(f"cuts: {len(cuts)} for {len(clips)} clips; give those of each")
    return [_pieces(clip, None if cuts is None else cuts[i]) for i, clip in enumerate(clips)]


def _pieces(clip: PoseSequence, cuts: Sequence[int] | None) -> list[slice]:
    """Stretches that together are the whole clip."""
    if cuts is None:
        count = max(1, round(clip.seconds / STRETCH_SECONDS))
        cuts = np.linspace(0, len(clip), count, endpoint=False).round().astype(int).tolist()
    ends = [*cuts[1:], len(clip)]
    if not len(clip) or cuts[0] != 0 or any(b <= a for a, b in zip(cuts, ends, strict=True)):
        raise ConfigError(f"cuts: must rise from 0 and stay below the clip's {len(clip)} frames")
    return [slice(a, b) for a, b in zip(cuts, ends, strict=True)]


def _relative_piece(clip: PoseSequence, piece: slice) -> tuple[np.ndarray, np.ndarray]:
    """Points in shoulder widths and confidences of a stretch."""
    points, _ = _relative(clip)
    return points[piece], clip.confidence[piece]


def _moved(piece: tuple[np.ndarray, np.ndarray], fps: float, clip: PoseSequence) -> np.ndarray:
    """A stretch of another signer, of ``fps``, as keypoints of the signer and rate of ``clip``."""
    points, confidence = piece
    frame = shoulder_frame(clip)
    keypoints = np.concatenate(
        [points * frame.width + (frame.x, frame.y), confidence[..., None]], axis=-1
    ).astype(np.float32)
    keypoints[confidence == 0] = 0
    moved = PoseSequence(keypoints, fps, clip.width, clip.height)
    return (moved if fps == clip.fps else resample(moved, clip.fps)).keypoints
