"""Pure functions over time: resample, fill gaps, smooth, join. Each returns a new `PoseSequence`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from signgen.errors import PoseError
from signgen.pose.bones import IS_RIGID, ORDER
from signgen.pose.layout import (
    BODY,
    FACE,
    LEFT_ELBOW,
    LEFT_HAND,
    LEFT_WRIST,
    PARENTS,
    RIGHT_ELBOW,
    RIGHT_HAND,
    RIGHT_WRIST,
)
from signgen.pose.sequence import PoseSequence

# Half-power-kept cut-offs of the zero-phase filter: 99 % of the power of wrist movement lies below 6 Hz, of
# finger movement relative to the wrist below 9 Hz (measured on continuous DGS signing at 25 fps).
BODY_HZ = 6.0
FINGER_HZ = 9.0
# Below this many frames a Butterworth filter is mostly edge effect: a short local polynomial is used instead.
SHORT_RUN = 15
MAX_GAP = 6
_ARMS = slice(1, 14)
_BONES = ORDER[FACE.start > ORDER]
# Bones of arms and hands, by their end: in space they have one length.
_LIMBS = np.array([RIGHT_ELBOW, RIGHT_WRIST, LEFT_ELBOW, LEFT_WRIST, *range(LEFT_HAND.start, FACE.start)])


def _local_fit(size: int = 5, degree: int = 2) -> np.ndarray:
    """(n, n) projection of n equally spaced values on a polynomial: Savitzky-Golay with its edges."""
    powers = np.vander(np.arange(size, dtype=np.float64), degree + 1)
    return np.ascontiguousarray(powers @ np.linalg.pinv(powers))


_LOCAL_FIT = _local_fit()
# Filters that let everything pass: two sections whose output is their input.
_ALL_PASS = (np.array([[1.0, 0, 0, 1, 0, 0]] * 2), np.zeros((2, 2)), 0, _LOCAL_FIT)


def resample(poses: PoseSequence, fps: float) -> PoseSequence:
    """The same movement at another frame rate; the duration is kept to half an output frame.

    Keypoints are interpolated linearly between two frames that both have them (confidence: the lower one) and
    take the state of the nearer frame otherwise.

    Raises:
        PoseError: ``fps`` is not a usable rate.
    """
    if not (np.isfinite(fps) and fps > 0):
        raise PoseError(f"fps: expected a positive rate, got {fps}")
    if fps == poses.fps or len(poses) == 0:
        return poses.replace(fps=fps)
    from signgen.pose.motion_kernels import sample

    points, confidence = split(poses)
    return join(poses, *sample(points, confidence, resample_positions(len(poses), poses.fps, fps)), fps=fps)


def resample_positions(frames: int, fps_in: float, fps_out: float) -> np.ndarray:
    """Positions, in input frames, of the output frames of a clip of ``frames`` frames; at least one."""
    from signgen.pose.motion_kernels import middles

    count = max(1, round(frames * fps_out / fps_in))
    positions: np.ndarray = middles(frames, count)
    return positions


def even_times(poses: PoseSequence, times: np.ndarray) -> PoseSequence:
    """Frames that were taken at uneven times, at the even times of their rate; interpolated as by `resample`.

    Args:
        poses: T frames, T > 0; its rate is that of the result.
        times: (T,) ascending, the first 0 [s].
    """
    from signgen.pose.motion_kernels import sample

    count = max(1, round(float(times[-1]) * poses.fps) + 1)
    positions = np.interp(np.arange(count) / poses.fps, times, np.arange(len(times), dtype=np.float64))
    points, confidence = split(poses)
    return join(poses, *sample(points, confidence, positions))


def fill_gaps(poses: PoseSequence, max_gap: int = MAX_GAP) -> PoseSequence:
    """Fill dropouts of at most ``max_gap`` frames inside a track; longer ones stay missing.

    A keypoint whose parent is seen throughout moves round it by the shortest arc, so bones keep their length.
    """
    from signgen.pose.motion_kernels import fill

    points, confidence = split(poses)
    fill(points, confidence, max_gap, PARENTS, ORDER, IS_RIGID)
    return join(poses, points, confidence)


def low_pass(poses: PoseSequence, body_hz: float = BODY_HZ, finger_hz: float = FINGER_HZ) -> PoseSequence:
    """Zero-phase Butterworth smoothing of body and fingers; the face is untouched and bones keep their length.

    Fingers are filtered relative to their wrist. Runs of at most 15 frames are smoothed by a Savitzky-Golay
    filter of 5 frames and order 2.

    Raises:
        PoseError: a cut-off that is not positive.
    """
    if not (body_hz > 0 and finger_hz > 0):
        raise PoseError(f"low_pass: cut-offs must be positive, got {body_hz} and {finger_hz} Hz")
    points, confidence = split(poses)
    return join(poses, smooth(points, confidence, poses.fps, body_hz, finger_hz), confidence)


def concat(clips: Sequence[PoseSequence]) -> PoseSequence:
    """Clips one after another, unchanged.

    Raises:
        PoseError: no clips, or clips of different rate or canvas (resample or fit them first).
    """
    if not clips:
        raise PoseError("concat: no clips")
    first = clips[0]
    for i, clip in enumerate(clips):
        if (clip.fps, clip.width, clip.height) != (first.fps, first.width, first.height):
            raise PoseError(
                f"concat: clip {i} has {clip.fps:g} fps on {clip.width}x{clip.height}, the first {first.fps:g} fps "
                f"on {first.width}x{first.height}; resample and fit them first"
            )
    depths = [clip.depth for clip in clips]
    depth = None if any(d is None for d in depths) else np.concatenate([d for d in depths if d is not None])
    return first.replace(keypoints=np.concatenate([clip.keypoints for clip in clips]), depth=depth)


def split(poses: PoseSequence) -> tuple[np.ndarray, np.ndarray]:
    """Working arrays: (T, 128, 2 or 3) float64 x, y and depth if there is one, (T, 128) float64 confidence."""
    from signgen.pose.motion_kernels import working_arrays

    points, confidence = working_arrays(poses.keypoints, poses.depth)
    return points, confidence


def join(
    poses: PoseSequence, points: np.ndarray, confidence: np.ndarray, fps: float | None = None
) -> PoseSequence:
    """A sequence like ``poses`` from the working arrays of `split`."""
    keypoints = np.empty((*confidence.shape, 3), dtype=np.float32)
    keypoints[..., :2] = points[..., :2]
    keypoints[..., 2] = confidence
    keypoints[confidence == 0] = 0
    depth = points[..., 2] if points.shape[2] == 3 else None
    return poses.replace(keypoints=keypoints, depth=depth, fps=poses.fps if fps is None else fps)


def smooth(
    points: np.ndarray,
    confidence: np.ndarray,
    fps: float,
    body_hz: float = BODY_HZ,
    finger_hz: float = FINGER_HZ,
    *,
    in_space: bool = False,
) -> np.ndarray:
    """`low_pass` on working arrays; see there. Bones keep their length in the picture; with true depth those of the
    arms have their median length in space."""
    dims = 3 if in_space else 2
    from signgen.pose.motion_kernels import clear_missing, hang_hand, impose_lengths, lengths_to_parents

    # The face neither bends nor carries anything: it stays as it is.
    lengths = lengths_to_parents(points[:, : FACE.start], PARENTS, dims)
    lengths[:, _ARMS] = filtered(lengths[:, _ARMS, None], confidence[:, _ARMS], fps, body_hz)[..., 0]
    if in_space:
        lengths[:, _LIMBS] = np.median(lengths[:, _LIMBS], axis=0)
    out = points.copy()
    out[:, BODY] = filtered(points[:, BODY], confidence[:, BODY], fps, body_hz)
    for hand, wrist in ((LEFT_HAND, LEFT_WRIST), (RIGHT_HAND, RIGHT_WRIST)):
        relative = filtered(points[:, hand] - points[:, wrist, None], confidence[:, hand], fps, finger_hz)
        hang_hand(points, out, relative, confidence, wrist, hand.start)
    impose_lengths(out, lengths, confidence, PARENTS, _BONES, IS_RIGID, dims)
    clear_missing(out, confidence)
    return out


def filtered(tracks: np.ndarray, confidence: np.ndarray, fps: float, hz: float) -> np.ndarray:
    """(T, k, D) tracks filtered run by run."""
    from signgen.pose.smooth_kernels import filter_runs

    smoothed: np.ndarray = filter_runs(
        np.ascontiguousarray(tracks), np.ascontiguousarray(confidence), *filters(fps, hz)
    )
    return smoothed


@lru_cache(maxsize=64)
def filters(fps: float, hz: float) -> tuple[np.ndarray, np.ndarray, int, np.ndarray]:
    """What `filter_runs` needs to keep what is slower than ``hz``, which is all if the rate is too low.

    Returns:
        Second-order sections of order 4, their state for a step input, and for runs of at most so many frames the
        fit that is used instead.
    """
    from scipy.signal import butter, sosfilt_zi

    if hz >= 0.499 * fps:
        return _ALL_PASS
    sos = butter(4, hz, fs=fps, output="sos")
    # The sections run one after another, each from the steady state of its own input's first value.
    zi = sosfilt_zi(sos)
    gains = np.concatenate([[1.0], np.cumprod(sos[:, :3].sum(axis=1) / sos[:, 3:].sum(axis=1))[:-1]])
    return np.ascontiguousarray(sos), np.ascontiguousarray(zi / gains[:, None]), SHORT_RUN, _LOCAL_FIT
