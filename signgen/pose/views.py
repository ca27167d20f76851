"""Other views of the same signing: a camera that goes round the signer, in pose space.

Weak perspective round the signer's own neck: a keypoint at (x, y, z) from it is seen at
x' = x cos(yaw) + z sin(yaw), and likewise for pitch; z is depth, positive away from the camera. What the body then
hides is told by simple solids: a slab for the trunk, a ball for the head, a disc for each palm.
"""

from __future__ import annotations

import numpy as np

from signgen.errors import PoseError
from signgen.pose.layout import (
    FACE,
    LEFT_EAR,
    LEFT_HAND,
    LEFT_HIP,
    LEFT_SHOULDER,
    NECK,
    NOSE,
    RIGHT_EAR,
    RIGHT_HAND,
    RIGHT_HIP,
    RIGHT_SHOULDER,
)
from signgen.pose.sequence import PoseSequence

# A keypoint that something hides keeps this share of its confidence: below what pictures draw and models trust.
HIDDEN = 0.25
# Solids in shoulder widths: half the depth of the trunk, and how far behind a solid a keypoint must be to be hidden.
TRUNK_HALF_DEPTH = 0.20
CLEAR = 0.06
MAX_ANGLE = 80.0


def rotate(poses: PoseSequence, yaw: float = 0.0, pitch: float = 0.0, zoom: float = 1.0) -> PoseSequence:
    """Poses as another camera sees them.

    Args:
        poses: poses with depth.
        yaw: degrees that the camera goes to the right of the picture, round the signer.
        pitch: degrees that it goes up.
        zoom: factor on the size of the signer, about the neck.

    Returns:
        Poses on the same canvas with their depth in the new view. Confidence falls to a quarter where trunk, head
        or a palm comes between camera and keypoint; it never rises.

    Raises:
        PoseError: no depth (lift the poses first), an angle beyond 80 degrees, or a zoom that is not positive.
    """
    if max(abs(yaw), abs(pitch)) > MAX_ANGLE or not np.isfinite([yaw, pitch]).all():
        raise PoseError(
            f"rotate: angles must lie within {MAX_ANGLE:g} degrees, got yaw {yaw:g}, pitch {pitch:g}"
        )
    if not (np.isfinite(zoom) and zoom > 0):
        raise PoseError(f"rotate: zoom must be positive, got {zoom:g}")
    if yaw == pitch == 0 and zoom == 1:
        return poses
    if poses.depth is None:
        raise PoseError("rotate: these poses have no depth, so there is no other view of them")
    neck, points = _from_neck(poses)
    turned = zoom * points @ _turn(yaw, pitch).T
    confidence = poses.confidence * np.where(hidden(turned, poses.confidence), HIDDEN, 1.0)
    keypoints = np.concatenate([turned[..., :2] + neck, confidence[..., None]], axis=-1)
    missing = poses.confidence == 0
    keypoints[missing] = 0
    return poses.replace(keypoints=keypoints, depth=np.where(missing, 0, turned[..., 2]))


def hidden(points: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """Which keypoints something of the signer's own body hides.

    Args:
        points: (T, 128, 3) x, y, z from the neck, in any unit.
        confidence: (T, 128); missing keypoints hide nothing.

    Returns:
        (T, 128) bool.
    """
    unit = _shoulder_width(points, confidence)
    hands = np.zeros(points.shape[1], dtype=bool)
    hands[LEFT_HAND], hands[RIGHT_HAND] = True, True
    out = _behind_trunk(points, confidence, unit) & hands
    out |= _behind_head(points, confidence) & hands
    out[:, FACE] |= _far_side_of_head(points)[:, FACE]
    for hand in (LEFT_HAND, RIGHT_HAND):
        covered = _behind_palm(points, confidence, hand, unit)
        covered[:, hand] = False
        out |= covered
    return out


def _turn(yaw: float, pitch: float) -> np.ndarray:
    a, b = np.radians([yaw, pitch])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return np.asarray(about_x @ about_y)


def _from_neck(poses: PoseSequence) -> tuple[np.ndarray, np.ndarray]:
    """Neck (T, 1, 2) [px], its median where it is missing, and (T, 128, 3) float64 x, y, z from it."""
    seen = poses.confidence[:, NECK] > 0
    neck = poses.xy[:, NECK].astype(np.float64)
    typical = np.median(neck[seen], axis=0) if seen.any() else np.array([poses.width, poses.height]) / 2
    neck = np.where(seen[:, None], neck, typical)[:, None]
    depth = np.asarray(poses.depth, dtype=np.float64)
    return neck, np.concatenate([poses.xy - neck, depth[..., None]], axis=-1)


def _shoulder_width(points: np.ndarray, confidence: np.ndarray) -> float:
    seen = np.asarray((confidence[:, [LEFT_SHOULDER, RIGHT_SHOULDER]] > 0).all(axis=1))
    width = np.linalg.norm(points[:, LEFT_SHOULDER] - points[:, RIGHT_SHOULDER], axis=-1)[seen]
    return float(np.median(width)) if len(width) else 0.0


def _behind_trunk(points: np.ndarray, confidence: np.ndarray, unit: float) -> np.ndarray:
    """Inside the quadrilateral of shoulders and hips and behind its front, by frame and keypoint."""
    corners = [RIGHT_SHOULDER, LEFT_SHOULDER, LEFT_HIP, RIGHT_HIP]
    seen = (confidence[:, corners] > 0).all(axis=1)
    quad = points[:, corners]
    inside = np.ones(points.shape[:2], dtype=bool)
    winding = np.zeros(len(points))
    for i in range(4):
        a, b = quad[:, i, :2], quad[:, (i + 1) % 4, :2]
        winding += a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    for i in range(4):
        a, b = quad[:, i, None, :2], quad[:, (i + 1) % 4, None, :2]
        side = (b - a)[..., 0] * (points[..., :2] - a)[..., 1] - (b - a)[..., 1] * (points[..., :2] - a)[
            ..., 0
        ]
        inside &= side * np.sign(winding)[:, None] > 0
    # The slab's middle plane at the keypoint, from the shoulder line and the line of the spine.
    top, bottom = quad[:, :2].mean(axis=1), quad[:, 2:].mean(axis=1)
    across = quad[:, 1] - quad[:, 0]
    down = bottom - top
    normal = np.cross(across, down)
    steep = np.abs(normal[:, 2]) > 1e-9
    nz = np.where(steep, normal[:, 2], 1.0)[:, None]
    offset = points - top[:, None]
    plane = -(offset[..., 0] * normal[:, None, 0] + offset[..., 1] * normal[:, None, 1]) / nz
    behind = offset[..., 2] - plane > (CLEAR - TRUNK_HALF_DEPTH) * unit
    return np.asarray(inside & behind & np.asarray(seen & steep)[:, None])


def _head(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Middle (T, 1, 3) of the head, between the ears, and its radius (T, 1)."""
    centre = (points[:, None, LEFT_EAR] + points[:, None, RIGHT_EAR]) / 2
    return centre, 0.55 * np.linalg.norm(points[:, LEFT_EAR] - points[:, RIGHT_EAR], axis=-1)[:, None]


def _behind_head(points: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    centre, radius = _head(points)
    seen = (confidence[:, [LEFT_EAR, RIGHT_EAR]] > 0).all(axis=1)
    aside = np.linalg.norm(points[..., :2] - centre[..., :2], axis=-1)
    return np.asarray((aside < radius) & (points[..., 2] > centre[..., 2]) & np.asarray(seen)[:, None])


def _far_side_of_head(points: np.ndarray) -> np.ndarray:
    """Keypoints of the face that lie further off than the middle of the head, clear of its rim."""
    centre, radius = _head(points)
    nose = points[:, None, NOSE, 2] - centre[..., 2]
    return np.asarray((points[..., 2] - centre[..., 2] > 0.2 * radius) & (nose < radius))


def _behind_palm(points: np.ndarray, confidence: np.ndarray, hand: slice, unit: float) -> np.ndarray:
    """Behind the disc through wrist and finger roots of a hand."""
    roots = [hand.start, hand.start + 5, hand.start + 17]
    seen = (confidence[:, roots] > 0).all(axis=1)
    centre = points[:, roots].mean(axis=1)[:, None]
    radius = np.linalg.norm(points[:, roots][..., :2] - centre[..., :2], axis=-1).mean(axis=1)[:, None]
    aside = np.linalg.norm(points[..., :2] - centre[..., :2], axis=-1)
    return np.asarray(
        (aside < 0.8 * radius) & (points[..., 2] > centre[..., 2] + CLEAR * unit) & np.asarray(seen)[:, None]
    )
