"""Pure functions over space: shoulder frame, fit to a canvas, affine maps, left-right mirror."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from signgen.errors import PoseError
from signgen.pose.layout import LEFT_SHOULDER, MIRROR, NECK, RIGHT_SHOULDER
from signgen.pose.sequence import PoseSequence


@dataclass(frozen=True)
class ShoulderFrame:
    """Where a signer stands and how large: the origin and unit in which signs of different recordings compare.

    Attributes:
        x: neck, to the right [px].
        y: neck, down [px].
        width: distance between the shoulders [px].
    """

    x: float
    y: float
    width: float


def shoulder_frame(poses: PoseSequence) -> ShoulderFrame:
    """Median neck position and shoulder width over the frames that show both shoulders.

    Raises:
        PoseError: no frame shows both shoulders, or they coincide.
    """
    from signgen.pose.motion_kernels import shoulder_medians

    x, y, width = shoulder_medians(poses.keypoints, LEFT_SHOULDER, RIGHT_SHOULDER, NECK)
    if math.isnan(width):
        raise PoseError("shoulders: no frame shows both, so the signer's size is unknown")
    if width <= 0:
        raise PoseError("shoulders: left and right coincide, so the signer's size is unknown")
    return ShoulderFrame(x, y, width)


def affine(
    poses: PoseSequence, matrix: np.ndarray, width: int | None = None, height: int | None = None
) -> PoseSequence:
    """Apply a 2x3 matrix to the coordinates; the canvas changes only if ``width``, ``height`` are given.

    Depth is multiplied by the square root of the matrix's area factor, which is the scale of a similarity.

    Raises:
        PoseError: the matrix has another shape, is not finite or flattens the plane.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.shape != (2, 3) or not np.isfinite(matrix).all():
        raise PoseError(f"affine: expected a finite 2x3 matrix, got shape {matrix.shape}")
    area = abs(np.linalg.det(matrix[:, :2]))
    if area == 0:
        raise PoseError("affine: the matrix flattens the plane")
    keypoints = poses.keypoints.astype(np.float64)
    keypoints[..., :2] = keypoints[..., :2] @ matrix[:, :2].T + matrix[:, 2]
    keypoints[poses.confidence == 0] = 0
    depth = None if poses.depth is None else poses.depth * np.sqrt(area)
    return poses.replace(
        keypoints=keypoints, depth=depth, width=width or poses.width, height=height or poses.height
    )


def fit_to_canvas(poses: PoseSequence, width: int, height: int) -> PoseSequence:
    """Scale the whole canvas to fit another one, centred, without stretching.

    >>> import numpy as np
    >>> keypoints = np.zeros((1, 128, 3)); keypoints[0, 0] = 100, 50, 1
    >>> fit_to_canvas(PoseSequence(keypoints, 24, 200, 100), 100, 100).keypoints[0, 0].tolist()
    [50.0, 50.0, 1.0]
    """
    scale = min(width / poses.width, height / poses.height)
    x, y = (width - scale * poses.width) / 2, (height - scale * poses.height) / 2
    return affine(poses, np.array([[scale, 0, x], [0, scale, y]]), width, height)


def mirror(poses: PoseSequence) -> PoseSequence:
    """A right-handed signer as a left-handed one: the picture is flipped and the sides are renamed."""
    keypoints = poses.keypoints[:, MIRROR].copy()
    seen = keypoints[..., 2] > 0
    keypoints[..., 0] = np.where(seen, (poses.width - 1) - keypoints[..., 0], 0)
    return poses.replace(keypoints=keypoints, depth=None if poses.depth is None else poses.depth[:, MIRROR])
