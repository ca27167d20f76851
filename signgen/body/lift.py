"""Depth for two-dimensional poses, without weights: from how long bones look, how joints bend and how bodies move.

Weak perspective: a shoulder width in the picture gives the scale of the whole clip. Arms are closed form, with the
towards and away of their bones settled over all frames; hands are jointed models fitted to their points; the face is
a rigid canonical one turned until it looks like its 68 points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.body.face import BODY_EARS, BODY_EYES, BODY_NOSE, PIVOT, rest_face
from signgen.body.figure import HIP, SHOULDER_SHARE
from signgen.body.lift_arms import SeenArm, arm_lengths, lift_arm, smoothed
from signgen.body.lift_contact import settle_contacts
from signgen.body.lift_hand import HandFit, HandModel, fit_hand, usual_hand
from signgen.body.lift_palm import own_hand
from signgen.body.skeleton import SHOULDER_WIDTH, unit
from signgen.pose.layout import (
    FACE,
    LEFT_EAR,
    LEFT_ELBOW,
    LEFT_EYE,
    LEFT_HAND,
    LEFT_HIP,
    LEFT_SHOULDER,
    LEFT_WRIST,
    NOSE,
    RIGHT_EAR,
    RIGHT_ELBOW,
    RIGHT_EYE,
    RIGHT_HAND,
    RIGHT_HIP,
    RIGHT_SHOULDER,
    RIGHT_WRIST,
)
from signgen.pose.sequence import PoseSequence

# Shoulder, elbow, wrist, hand, and whether it is a mirrored right arm.
Side = tuple[int, int, int, slice, float]
_ARMS: tuple[Side, ...] = (
    (RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, RIGHT_HAND, 1.0),
    (LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST, LEFT_HAND, -1.0),
)
# Elbows and wrists less sure than this share of what they usually are do not count.
_LIMBS = [RIGHT_SHOULDER, RIGHT_ELBOW, RIGHT_WRIST, LEFT_SHOULDER, LEFT_ELBOW, LEFT_WRIST]
_DOUBTFUL = 0.2
# Points surer than this count in full, others by their share of it.
_SURE = 0.6
# Hands nearer than this are flagged: what is in front is a guess [m].
CLOSE = 0.10
# Shoulders that look narrower than this share of what face and trunk let expect are seen from the side.
_SIDEWAYS = 0.6
# Top of the nose and chin, shoulders and hips; their distances upright [m].
_FACE_HEIGHT = ((FACE.start + 27, FACE.start + 8),)
_FACE_METRES = float(np.linalg.norm(rest_face()[27, :2] - rest_face()[8, :2]))
_TRUNKS = ((RIGHT_SHOULDER, RIGHT_HIP), (LEFT_SHOULDER, LEFT_HIP))
_HEAD = np.array([NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR, *range(FACE.start, FACE.stop)])
# Points of a face that keep their form: not lips and brows; the jaw a little.
_FORM = np.concatenate([np.full(17, 0.2), np.full(10, 0.2), np.ones(9), np.ones(12), np.full(20, 0.15)])
# Uncertainty of shoulders and hips, of the head [m].
_TRUNK_UNCERTAINTY, _HEAD_UNCERTAINTY = 0.02, 0.02


@dataclass(frozen=True)
class Lifted:
    """Poses with depth, and how much it is to be trusted.

    Attributes:
        poses: as given, with depth.
        uncertainty: (T, 128) deviation of the depth in its unit, pixels of the canvas; 0 where nothing was lifted.
        is_close: (T,) frames in which the hands are close together: kept, but which is in front is less sure.
        fitted: (T, 128, 3) x, y, depth [px] of the fitted body: the poses' own, but hands without their noise.
    """

    poses: PoseSequence
    uncertainty: np.ndarray
    is_close: np.ndarray
    fitted: np.ndarray


def lift(poses: PoseSequence) -> PoseSequence:
    """Poses with depth; depth that is there is kept, and so are x, y and confidence."""
    return lift_with_uncertainty(poses).poses


def lift_with_uncertainty(poses: PoseSequence) -> Lifted:
    """Poses with depth, its uncertainty and what else is known; see `Lifted`."""
    seen = poses.confidence > 0
    scale, neck = _scale(poses, seen)
    places = (poses.xy - neck[:, None]) / scale
    close = _is_close(places, seen)
    if poses.depth is not None:
        fitted = np.concatenate([poses.xy, poses.depth[..., None]], axis=-1).astype(np.float64)
        return Lifted(poses, np.zeros(seen.shape), close, fitted)
    points, uncertainty = lift_points(places.astype(np.float64), np.asarray(poses.confidence, np.float64))
    depth = np.where(seen, points[..., 2] * scale, 0)
    fitted = points * scale
    fitted[..., :2] += neck[:, None]
    return Lifted(poses.replace(depth=depth), np.where(seen, uncertainty * scale, 0), close, fitted)


def lift_points(places: np.ndarray, confidence: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 128, 3) points and (T, 128) uncertainty of their depth [m] from (T, 128, 2) places from the neck [m]."""
    seen = confidence > 0
    points = np.concatenate([places, np.zeros((*places.shape[:2], 1))], axis=-1)
    uncertainty = np.full(seen.shape, _TRUNK_UNCERTAINTY)
    if not len(points):
        return points, uncertainty
    _lift_head(points, seen)
    uncertainty[:, _HEAD] = _HEAD_UNCERTAINTY
    blocks = [side[3] for side in _ARMS]
    sign = [np.array([side[4], 1.0]) for side in _ARMS]
    model = own_hand(
        [(points[:, b, :2] * m, confidence[:, b]) for b, m in zip(blocks, sign, strict=True)], usual_hand()
    )
    sure = _is_sure(confidence)
    arms = [_seen_arm(points, sure, side) for side in _ARMS]
    for side, arm, lengths in zip(_ARMS, arms, arm_lengths(arms), strict=True):
        depths, spread = lift_arm(arm, lengths)
        _put_arm(points, uncertainty, side, depths, spread)
        _lift_hand(points, uncertainty, confidence, side, arm, depths, spread, model)
    settle_contacts(points, uncertainty, seen)
    return points, uncertainty


def _is_sure(confidence: np.ndarray) -> np.ndarray:
    """(T, 128) seen, and in the arms not much less sure than in the rest of the clip: those are made-up places."""
    seen = confidence > 0
    limbs = confidence[:, _LIMBS]
    typical = np.median(limbs[limbs > 0]) if (limbs > 0).any() else 0.0
    sure = seen.copy()
    sure[:, _LIMBS] &= limbs >= _DOUBTFUL * typical
    return sure


def _scale(poses: PoseSequence, seen: np.ndarray) -> tuple[float, np.ndarray]:
    """Pixels of a metre and (T, 2) place of the neck; of a clip without shoulders the usual ones."""
    xy = poses.xy.astype(np.float64)
    both = seen[:, RIGHT_SHOULDER] & seen[:, LEFT_SHOULDER]
    width = np.linalg.norm(xy[both, RIGHT_SHOULDER] - xy[both, LEFT_SHOULDER], axis=1)
    upright = _upright(xy, seen)
    if not both.any() or max(np.median(width), upright * SHOULDER_WIDTH) < 2:
        usual = SHOULDER_SHARE * min(poses.width, poses.height) / SHOULDER_WIDTH
        return usual, np.repeat(np.array([[poses.width / 2, poses.height * 0.37]]), len(poses), axis=0)
    scale = float(np.median(width)) / SHOULDER_WIDTH
    # Signers who stand sideways have narrow shoulders; trunk and face are as tall as ever.
    scale = upright if scale < _SIDEWAYS * upright else scale
    middle = (xy[both, RIGHT_SHOULDER] + xy[both, LEFT_SHOULDER]) / 2
    return scale, np.repeat(np.median(middle, axis=0)[None], len(poses), 0)


def _upright(xy: np.ndarray, seen: np.ndarray) -> float:
    """Pixels of a metre by the height of face and trunk (the smaller where both are told), 0 if neither is."""
    found = []
    for pairs, length in ((_FACE_HEIGHT, _FACE_METRES), (_TRUNKS, HIP[1])):
        for a, b in pairs:
            has = seen[:, a] & seen[:, b]
            if has.any():
                found.append(float(np.median(np.linalg.norm(xy[has, a] - xy[has, b], axis=1))) / length)
    return min(found, default=0.0)


def _is_close(places: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(T,) whether any points of both hands are near each other in the picture."""
    found = np.zeros(len(places), np.bool_)
    for t in range(len(places)):
        left, right = places[t, LEFT_HAND][seen[t, LEFT_HAND]], places[t, RIGHT_HAND][seen[t, RIGHT_HAND]]
        if len(left) and len(right):
            found[t] = np.min(np.sum((left[:, None] - right[None]) ** 2, axis=-1)) < CLOSE**2
    return found


def _lift_head(points: np.ndarray, seen: np.ndarray) -> None:
    """Turn the canonical head until it looks like the points, and take its depth."""
    rest = np.concatenate([BODY_NOSE[None], BODY_EYES, BODY_EARS, rest_face()])
    weights = np.concatenate([np.full(5, 0.3), _FORM]) * seen[:, _HEAD]
    for t in range(len(points)):
        if weights[t].sum() < 5:
            points[t, _HEAD, 2] = rest[:, 2]
            continue
        turn = _head_turn(rest, points[t, _HEAD, :2], weights[t])
        points[t, _HEAD, 2] = ((rest - PIVOT) @ turn.T)[:, 2] + PIVOT[2]


def _head_turn(rest: np.ndarray, seen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rotation of a rigid form seen in weak perspective: the nearest one to its affine picture."""
    share = weights / weights.sum()
    form, picture = rest - share @ rest, seen - share @ seen
    # Ridge: a flat set of points says nothing about the third axis.
    inertia = (form * share[:, None]).T @ form + 1e-5 * np.eye(3)
    rows = np.linalg.solve(inertia, (form * share[:, None]).T @ picture).T
    size = np.sqrt(max(abs(np.linalg.det(rows @ rows.T)), 1e-12)) ** 0.5
    rows = rows / size
    u, _, v = np.linalg.svd(np.stack([*rows, np.cross(rows[0], rows[1])]))
    turn: np.ndarray = u @ np.diag([1, 1, np.linalg.det(u @ v)]) @ v
    return turn


def _seen_arm(points: np.ndarray, seen: np.ndarray, side: Side) -> SeenArm:
    """What the picture shows of an arm, as if it were the right one."""
    shoulder, elbow, wrist, block, sign = side
    mirror = np.array([sign, 1.0, 1.0])
    root = np.where(seen[:, [shoulder]], points[:, shoulder] * mirror, (-SHOULDER_WIDTH / 2, 0, 0))
    both = seen[:, wrist] & seen[:, block.start]
    at_wrist = np.where(seen[:, [wrist]], points[:, wrist], points[:, block.start])
    at_wrist = np.where(both[:, None], (points[:, wrist] + points[:, block.start]) / 2, at_wrist)[:, :2]
    has = np.stack([seen[:, elbow] & seen[:, shoulder], seen[:, wrist] | seen[:, block.start]], axis=1)
    at_elbow = smoothed(points[:, elbow, :2], has[:, 0]) * mirror[:2]
    at_wrist = smoothed(at_wrist, has[:, 1]) * mirror[:2]
    return SeenArm(at_elbow - root[:, :2], at_wrist - root[:, :2], has, root)


def _lift_hand(
    points: np.ndarray,
    uncertainty: np.ndarray,
    confidence: np.ndarray,
    side: Side,
    arm: SeenArm,
    depths: np.ndarray,
    spread: np.ndarray,
    model: HandModel,
) -> None:
    """The hand at the end of a lifted arm."""
    block, mirror = side[3], np.array([side[4], 1.0])
    fore = unit(np.concatenate([arm.wrist - arm.elbow, np.diff(depths)], axis=1))
    upper = unit(np.concatenate([arm.elbow, depths[:, :1] - arm.shoulder[:, 2:]], axis=1))
    arms = np.stack([fore, np.cross(upper, fore)], axis=1) * np.asarray(arm.has.all(axis=1))[:, None, None]
    weight = np.minimum(confidence[:, block] / _SURE, 1.0)
    hand = fit_hand(points[:, block, :2] * mirror, weight, arms, model)
    _put_hand(points, uncertainty, hand, depths[:, 1], spread[:, 1], block, side[4])


def _put_arm(
    points: np.ndarray, uncertainty: np.ndarray, side: Side, depths: np.ndarray, spread: np.ndarray
) -> None:
    elbow, wrist = side[1:3]
    points[:, elbow, 2], points[:, wrist, 2] = depths.T
    uncertainty[:, elbow], uncertainty[:, wrist] = spread.T


def _put_hand(
    points: np.ndarray,
    uncertainty: np.ndarray,
    hand: HandFit,
    depth: np.ndarray,
    spread: np.ndarray,
    block: slice,
    side: float,
) -> None:
    relative = hand.points[..., 2] - hand.points[:, :1, 2]
    points[:, block, 2] = depth[:, None] + np.where(hand.is_fitted[:, None], relative, 0)
    uncertainty[:, block] = np.hypot(
        spread[:, None], np.where(hand.is_fitted[:, None], hand.uncertainty, 0.05)
    )
    fitted = hand.points[..., :2] * (side, 1.0)
    points[:, block, :2] = np.where(hand.is_fitted[:, None, None], fitted, points[:, block, :2])
