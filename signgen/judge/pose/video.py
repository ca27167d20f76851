"""Figures of rendered frames: flicker, drift of background and face, as pure functions over pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.errors import PoseError, RenderError
from signgen.judge.pose.ssim import shrunk, similarity
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import FACE
from signgen.pose.sequence import PoseSequence

# ITU-R BT.601.
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# Hair, sleeves and the shadow of a signer reach this far from the keypoints [shoulder widths].
MARGIN = 0.5
_BINS = 8
_FACE_SIDE = 64


@dataclass(frozen=True, eq=False)
class Drift:
    """How a picture changes over a clip, against a picture to keep to.

    Attributes:
        histogram: (T,) overlap of colour histograms, 1 for the same colours; NaN where there is nothing to compare.
        structure: (T,) structural similarity of luma, 1 for the same picture; likewise.
    """

    histogram: np.ndarray
    structure: np.ndarray


def luma(frames: np.ndarray) -> np.ndarray:
    """(T, H, W) float32 brightness [0, 255] of (T, H, W, 3) uint8 RGB frames."""
    brightness: np.ndarray = _checked(frames) @ _LUMA
    return brightness


def background_mask(poses: PoseSequence, margin: float = MARGIN) -> np.ndarray:
    """(H, W) bool: pixels where the signer never is, beside and above a box round all that is ever seen of them.

    The box has a margin [shoulder widths] and goes down to the lower edge: the trunk is there, seen or not.

    Raises:
        PoseError: nobody is seen, or shoulders never are.
    """
    seen = poses.confidence > 0
    if not seen.any():
        raise PoseError("background: nobody is seen, so it is not known where the background is")
    pad = margin * shoulder_frame(poses).width
    xy = poses.xy[seen]
    mask = np.ones((poses.height, poses.width), bool)
    left, top = np.floor(xy.min(axis=0) - pad).astype(int)
    right = int(np.ceil(xy[:, 0].max() + pad)) + 1
    mask[max(top, 0) :, max(left, 0) : max(right, 0)] = False
    return mask


def flicker(frames: np.ndarray, mask: np.ndarray) -> float:
    """Mean absolute change of luma from frame to frame where nothing moves [levels of 255].

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        mask: (H, W) bool of still pixels, as by `background_mask`.

    Returns:
        NaN with fewer than two frames or without still pixels.
    """
    _check_mask(frames, mask)
    if len(frames) < 2 or not mask.any():
        return np.nan
    still = luma(frames)[:, mask]
    return float(np.abs(np.diff(still, axis=0)).mean(dtype=np.float64))


def background_drift(frames: np.ndarray, mask: np.ndarray, first: np.ndarray | None = None) -> Drift:
    """How the background of each frame compares with that of ``first``, or of the first frame.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        mask: (H, W) bool.
        first: (H, W, 3) uint8, such as the appearance that was asked for.
    """
    _check_mask(frames, mask)
    keep = frames[0] if first is None and len(frames) else first
    if keep is None or not mask.any():
        return _nothing(len(frames))
    goal, goal_luma = histogram(keep[mask]), luma(keep[None])[0]
    colours = [overlap(histogram(frame[mask]), goal) for frame in frames]
    shapes = [similarity(luma(frame[None])[0], goal_luma, mask) for frame in frames]
    return Drift(np.array(colours, float), np.array(shapes, float))


def identity_drift(frames: np.ndarray, poses: PoseSequence, first: np.ndarray | None = None) -> Drift:
    """How the face in each frame compares with ``first``, or with the first face that is seen.

    A cheap stand-in for an embedding of faces: it sees a change of skin, hair or features, and also of expression
    and pose, so compare it with that of a real recording.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        poses: T frames on the same canvas; faces are cut out round their keypoints.
        first: (h, w, 3) uint8 picture of the face to keep to.

    Raises:
        RenderError: the frames do not fit the poses.
    """
    _checked(frames)
    if frames.shape[:3] != (len(poses), poses.height, poses.width):
        raise RenderError(
            f"frames of shape {frames.shape} do not fit {len(poses)} poses on {poses.width}x{poses.height}"
        )
    faces = [face_of(frame, poses.keypoints[t, FACE]) for t, frame in enumerate(frames)]
    shown = [face for face in faces if face is not None]
    keep = first if first is not None else (shown[0] if shown else None)
    if keep is None:
        return _nothing(len(frames))
    keep = shrunk(keep, _FACE_SIDE)
    goal, goal_luma = histogram(keep.reshape(-1, 3)), luma(keep[None])[0]
    found = np.full((2, len(frames)), np.nan)
    for t, face in enumerate(faces):
        if face is not None:
            face = shrunk(face, _FACE_SIDE)
            found[:, t] = (
                overlap(histogram(face.reshape(-1, 3)), goal),
                similarity(luma(face[None])[0], goal_luma),
            )
    return Drift(*found)


def histogram(pixels: np.ndarray) -> np.ndarray:
    """(512,) share of (n, 3) uint8 pixels in each cell of 8 x 8 x 8 colours."""
    cells = (pixels // (256 // _BINS)).astype(np.int64) @ np.array([_BINS**2, _BINS, 1])
    return np.bincount(cells, minlength=_BINS**3) / max(1, len(pixels))


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """What two histograms share, 0 to 1."""
    return float(np.minimum(first, second).sum())


def face_of(frame: np.ndarray, keypoints: np.ndarray) -> np.ndarray | None:
    """The square of an (H, W, 3) frame round a face, or None where it is smaller than 8 px or less than half is seen.

    Args:
        frame: (H, W, 3).
        keypoints: (68, 3) of the face.
    """
    seen = keypoints[:, 2] > 0
    if seen.mean() < 0.5:
        return None
    low, high = keypoints[seen, :2].min(axis=0), keypoints[seen, :2].max(axis=0)
    centre, reach = (low + high) / 2, 0.6 * float((high - low).max())
    left, top = np.maximum(np.floor(centre - reach), 0).astype(int)
    right, bottom = np.maximum(np.ceil(centre + reach), 0).astype(int)
    face = frame[top:bottom, left:right]
    return face if min(face.shape[:2]) >= 8 else None


def _nothing(count: int) -> Drift:
    return Drift(np.full(count, np.nan), np.full(count, np.nan))


def _checked(frames: np.ndarray) -> np.ndarray:
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise RenderError(f"frames: expected (T, H, W, 3) uint8 RGB, got {frames.dtype} {frames.shape}")
    return frames


def _check_mask(frames: np.ndarray, mask: np.ndarray) -> None:
    if mask.shape != _checked(frames).shape[1:3] or mask.dtype != bool:
        raise RenderError(f"mask: expected bool of shape {frames.shape[1:3]}, got {mask.dtype} {mask.shape}")
