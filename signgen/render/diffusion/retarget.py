"""Poses of one signer fitted to the proportions of another: limb by limb, not by one affine map.

Bones keep their directions and take the lengths of the appearance; hands and head keep their shape in motion and
take its size; the face takes its geometry and keeps its expression; hands stay where they touch. With equal
proportions all that remains is one scale and one shift.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from signgen.pose.bones import ORDER
from signgen.pose.layout import LEFT_HAND, NECK, NUM_KEYPOINTS, PARENTS, RIGHT_HAND
from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.head_shape import HEAD, MOST_CHANGE, HeadShape, head_shape
from signgen.render.diffusion.proportions import (
    LEAST_CONFIDENCE,
    LIMBS,
    MIDDLE,
    SHOULDERS,
    TOP,
    Alignment,
    Limb,
    compare,
    judged,
    lengths,
    middle_of_head,
    shoulders,
    with_middle,
)
from signgen.render.diffusion.touching import Sizes, keep_touch

IN_HEAD = np.isin(np.arange(NUM_KEYPOINTS), HEAD)
CHUNK = 1024  # frames fitted at once, so that memory does not grow with the clip


def retarget(
    poses: PoseSequence, still: PoseSequence, *, strict: bool = False
) -> tuple[PoseSequence, Alignment]:
    """Poses as the signer of a still would perform them, on the canvas of the still.

    Args:
        poses: a clip.
        still: one frame; with depth if both have it, lengths are exact however limbs are turned.
        strict: refuse ratios that cannot be true, instead of leaving those limbs as the signer's.

    Returns:
        The poses, and how they were fitted.

    Raises:
        PoseError: shoulders never seen, or ``strict`` and a ratio out of range.
    """
    canvas = {"width": still.width, "height": still.height}
    if not len(poses):
        return poses.replace(**canvas), Alignment(1.0, ())
    fit, points = _fit(poses, still)
    if strict:
        fit.alignment.check()
    seen = poses.confidence > 0
    out, contact = np.empty_like(points), 0.0
    for first in range(0, len(points), CHUNK):
        part = slice(first, first + CHUNK)
        out[part], moved = fit.apply(points[part].astype(np.float64), seen[part])
        contact = max(contact, moved)
    out[~seen] = 0
    keypoints = np.concatenate([out[..., :2], poses.confidence[..., None]], axis=2)
    depth = None if poses.depth is None else out[..., 2]
    return poses.replace(keypoints=keypoints, depth=depth, **canvas), dataclasses.replace(
        fit.alignment, contact=contact
    )


@dataclass(frozen=True, eq=False)
class _Fit:
    """What a clip needs to become an appearance's.

    Attributes:
        alignment: the ratios.
        parents: (128,) the next keypoint towards the neck that the clip shows.
        factors: (128,) of the bone from there.
        start: (D,) where the signer's neck mostly is.
        goal: (D,) where that of the appearance is.
        head: the two heads.
        middle: keypoints around the middle of the head, on which it hangs.
        sizes: lengths for the hands.
    """

    alignment: Alignment
    parents: np.ndarray
    factors: np.ndarray
    start: np.ndarray
    goal: np.ndarray
    head: HeadShape
    middle: list[int]
    sizes: Sizes

    def apply(self, points: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, float]:
        """(T, 128, D) fitted points, and the longest way a hand was moved, of points without gaps, seen (T, 128)."""
        out = np.empty_like(points)
        out[:, NECK] = self.goal + self.alignment.scale * (points[:, NECK] - self.start)
        for k in ORDER:
            parent = self.parents[k]
            if parent >= 0 and not IN_HEAD[k]:
                out[:, k] = out[:, parent] + self.factors[k] * (points[:, k] - points[:, parent])
        heads, middle = points[:, HEAD], points[:, self.middle].mean(axis=1)
        goal = out[:, NECK] + self.alignment.factor("neck") * (middle - points[:, NECK])
        if self.alignment.face == "measured":
            dims = self.head.rest.shape[1]
            heads[..., :dims] += self.head.moved(heads[..., :dims], seen[:, HEAD])
        out[:, HEAD] = goal[:, None] + self.alignment.factor("head") * (heads - middle[:, None])
        return keep_touch(points, out, seen, self.sizes)


def _fit(poses: PoseSequence, still: PoseSequence) -> tuple[_Fit, np.ndarray]:
    """The fit, and the (T, 128, D) points of the clip with its gaps bridged."""
    dims = 2 if poses.depth is None or still.depth is None else 3
    points, own = _points(poses), _points(still[:1])[..., :dims]
    confidence, sure = _with_neck(points, poses.confidence), _with_neck(own, still[:1].confidence)
    flat = points[..., :dims]
    head = head_shape(flat[:, HEAD], confidence[:, HEAD] > 0, own[0, HEAD], sure[0, HEAD] >= LEAST_CONFIDENCE)
    shown: np.ndarray = np.asarray((confidence > 0).any(axis=0))
    middle = middle_of_head(shown, np.asarray(sure[0] >= LEAST_CONFIDENCE))
    signer = with_middle(flat, confidence, middle)
    alignment = _alignment(*signer, *with_middle(own, sure, middle), head)
    sizes = _sizes(alignment, *signer)
    _bridge(points, np.asarray(confidence > 0))
    parents, factors = _bones(alignment, shown)
    start, goal = np.zeros(points.shape[-1]), np.zeros(points.shape[-1])
    start[:2], goal[:2] = np.median(points[:, NECK, :2], axis=0), own[0, NECK, :2]
    return _Fit(alignment, parents, factors, start, goal, head, middle, sizes), points


def _points(poses: PoseSequence) -> np.ndarray:
    """(T, 128, 2 or 3) float32, a new array."""
    if poses.depth is None:
        return poses.xy.copy()
    return np.concatenate([poses.xy, poses.depth[..., None]], axis=2)


def _with_neck(points: np.ndarray, confidence: np.ndarray) -> np.ndarray:
    """The confidence (T, 128), once the neck is put between the shoulders, in place, where it is missing."""
    right, left = SHOULDERS
    lost = (confidence[:, NECK] == 0) & (confidence[:, SHOULDERS] > 0).all(axis=1)
    points[lost, NECK] = (points[lost, right] + points[lost, left]) / 2
    confidence = confidence.copy()
    confidence[lost, NECK] = confidence[lost][:, SHOULDERS].min(axis=1)
    return confidence


def _bridge(points: np.ndarray, seen: np.ndarray) -> None:
    """Fill the gaps of each keypoint in time, in place, so that what hangs on it does not jump."""
    times = np.arange(len(points))
    for k in np.flatnonzero(seen.any(axis=0) & ~seen.all(axis=0)):
        there = seen[:, k]
        for axis in range(points.shape[2]):
            points[:, k, axis] = np.interp(times, times[there], points[there, k, axis])


def _alignment(
    points: np.ndarray, confidence: np.ndarray, own: np.ndarray, own_confidence: np.ndarray, head: HeadShape
) -> Alignment:
    limbs = compare(points, confidence, own, own_confidence)
    scale = shoulders(own, own_confidence, "appearance") / shoulders(points, confidence, "poses")
    if head.scale is None:
        return Alignment(scale, (*limbs, Limb("head", "head", None, "unseen")))
    skull = judged("head", NUM_KEYPOINTS, head.scale / scale)
    if head.size > MOST_CHANGE:
        # A head whose shape cannot be trusted says nothing of its size either.
        skull = dataclasses.replace(skull, state="out of range")
        return Alignment(scale, (*limbs, skull), head.size, "out of range")
    return Alignment(scale, (*limbs, skull), head.size, "measured")


def _bones(alignment: Alignment, shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(128,) parents among the keypoints ever shown and (128,) factors of the bones from them."""
    factors = np.full(NUM_KEYPOINTS + 1, alignment.scale)
    for name, bones in LIMBS.items():
        factors[[child for _, child in bones]] = alignment.factor(name)
    for hand in (LEFT_HAND, RIGHT_HAND):
        factors[hand] = alignment.factor("hands")
    parents = PARENTS.copy()
    for k in ORDER:
        # Ancestors come first, so theirs are already among those shown.
        if parents[k] >= 0 and parents[k] != NECK and not shown[parents[k]]:
            parents[k] = parents[parents[k]]
    return parents, factors


def _sizes(alignment: Alignment, points: np.ndarray, confidence: np.ndarray) -> Sizes:
    percentile = MIDDLE if points.shape[-1] == 3 else TOP

    def full(name: str) -> float:
        found = [lengths(points, confidence, bone, percentile) for bone in LIMBS[name]]
        return alignment.factor(name) * max((length for length in found if length), default=0.0)

    return Sizes(
        shoulders(points, confidence, "poses"),
        alignment.scale,
        alignment.factor("head"),
        alignment.factor("hands"),
        full("upper arms"),
        full("forearms"),
    )
