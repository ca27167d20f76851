"""`PoseSequence`: the value every stage exchanges."""

from __future__ import annotations

import dataclasses
import math
import sys
from typing import Any

import numpy as np

from signgen.errors import PoseError
from signgen.pose.layout import NUM_KEYPOINTS

MAX_FPS = 1000.0
MAX_SIDE = 1 << 16


@dataclasses.dataclass(frozen=True, eq=False)
class PoseSequence:
    """One signer over time, in pixels of a canvas.

    Attributes:
        keypoints: (T, 128, 3) float32: x right [px], y down [px], confidence [0, 1]. A missing keypoint
            has confidence 0 and x = y = 0. Keypoints may lie outside the canvas. Read-only.
        fps: frames per second.
        width: canvas width [px].
        height: canvas height [px].
        depth: (T, 128) float32 in the scale of x [px], positive away from the camera, neck = 0; or None.

    Raises:
        PoseError: wrong shape or type, a value that is not finite, a confidence outside [0, 1], a
            coordinate on a missing keypoint, a rate or canvas out of range.
    """

    keypoints: np.ndarray
    fps: float
    width: int
    height: int
    depth: np.ndarray | None = None

    def __post_init__(self) -> None:
        keypoints = _float32(self.keypoints, "keypoints")
        if keypoints.ndim != 3 or keypoints.shape[1:] != (NUM_KEYPOINTS, 3):
            raise PoseError(f"keypoints: expected shape (T, {NUM_KEYPOINTS}, 3), got {keypoints.shape}")
        if not _is_surely_legal(keypoints):
            _check_values(keypoints)
        if not (math.isfinite(self.fps) and 0 < self.fps <= MAX_FPS):
            raise PoseError(f"fps: expected a rate in (0, {MAX_FPS:g}], got {self.fps}")
        for name in ("width", "height"):
            side = getattr(self, name)
            if int(side) != side or not 1 <= side <= MAX_SIDE:
                raise PoseError(f"{name}: expected a whole number from 1 to {MAX_SIDE}, got {side}")
            object.__setattr__(self, name, int(side))
        object.__setattr__(self, "keypoints", _frozen(keypoints))
        object.__setattr__(self, "fps", float(self.fps))
        if self.depth is not None:
            object.__setattr__(self, "depth", _frozen(self._checked_depth(keypoints)))

    def _checked_depth(self, keypoints: np.ndarray) -> np.ndarray:
        depth = _float32(self.depth, "depth")
        if depth.shape != keypoints.shape[:2]:
            raise PoseError(f"depth: expected shape {keypoints.shape[:2]}, got {depth.shape}")
        if not np.isfinite(depth).all():
            raise PoseError("depth: values must be finite")
        return depth

    def __len__(self) -> int:
        return int(self.keypoints.shape[0])

    def __getitem__(self, frames: slice) -> PoseSequence:
        """The frames of a slice, as a new sequence."""
        if not isinstance(frames, slice):
            raise TypeError("a PoseSequence is cut with a slice: poses[a:b]")
        depth = None if self.depth is None else self.depth[frames]
        return self.replace(keypoints=self.keypoints[frames], depth=depth)

    @property
    def xy(self) -> np.ndarray:
        """(T, 128, 2) float32 view of the coordinates [px]."""
        return self.keypoints[..., :2]

    @property
    def confidence(self) -> np.ndarray:
        """(T, 128) float32 view of the confidences."""
        return self.keypoints[..., 2]

    @property
    def seconds(self) -> float:
        """Duration [s]."""
        return len(self) / self.fps

    def part(self, part: slice) -> np.ndarray:
        """(T, k, 3) float32 view of the keypoints of one part, such as ``layout.FACE``."""
        return self.keypoints[:, part]

    def replace(self, **changes: Any) -> PoseSequence:
        """A copy with some fields changed, checked anew."""
        return dataclasses.replace(self, **changes)


def _check_values(keypoints: np.ndarray) -> None:
    if not np.isfinite(keypoints).all():
        raise PoseError("keypoints: values must be finite (a missing keypoint is 0, 0, 0)")
    confidence = keypoints[..., 2].ravel()
    if confidence.size and (confidence.min() < 0 or confidence.max() > 1):
        raise PoseError(
            f"keypoints: confidence must lie in [0, 1], got {confidence.min():g} to {confidence.max():g}"
        )
    if keypoints.reshape(-1, 3).compress(confidence == 0, axis=0).any():
        raise PoseError("keypoints: a missing keypoint (confidence 0) must have x = y = 0")


def _is_surely_legal(keypoints: np.ndarray) -> bool:
    """The same check in one compiled pass, if numba is loaded anyway: loading it takes longer than it saves."""
    if "numba" not in sys.modules:
        return False
    from signgen.pose.sequence_kernels import is_legal

    return bool(is_legal(keypoints))


def cleaned(keypoints: np.ndarray) -> np.ndarray:
    """Keypoints fit for a `PoseSequence`: confidence clipped to [0, 1], bad and missing ones zeroed.

    Args:
        keypoints: (..., 3) x, y, confidence in any float type.

    Returns:
        (..., 3) float32, a new array.
    """
    out = np.array(keypoints, dtype=np.float32)
    bad = ~np.isfinite(out).all(axis=-1)
    out[bad] = 0
    np.clip(out[..., 2], 0, 1, out=out[..., 2])
    out[out[..., 2] == 0] = 0
    return out


def _float32(values: Any, name: str) -> np.ndarray:
    if _is_frozen(values) and values.dtype == np.float32 and values.flags.c_contiguous:
        return np.asarray(values)
    try:
        return np.array(values, dtype=np.float32, order="C")
    except (TypeError, ValueError):
        raise PoseError(f"{name}: expected an array of numbers") from None


def _is_frozen(values: Any) -> bool:
    """Whether an array can be shared: nobody can write to it, and it is most of the memory it keeps alive."""
    owner = values
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable or 2 * values.nbytes < owner.nbytes:
            return False
        owner = owner.base
    return isinstance(values, np.ndarray) and (owner is None or isinstance(owner, bytes))


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
