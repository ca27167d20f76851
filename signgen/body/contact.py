"""Where a wrist must be so that the hand touches on this body what it touches in the keypoints.

Bodies differ: a wrist at the same place beside a longer neck, or before longer fingers, would let a hand that
touches the chin touch the nose. So the parts of a hand that are near the head follow the head, and of two hands or
a hand and a face that meet, the points that meet are placed, not the wrists.
"""

from __future__ import annotations

import numpy as np

from signgen.body.asset import Shape
from signgen.body.fingers import HandRig
from signgen.body.kinematics import BodyPose, move_bones, skin
from signgen.body.turning import best_rotation
from signgen.pose.layout import FACE

# Points that facial actions hardly move: eye corners, bridge, the ends of the jaw; and, if there is no face,
# nose, eyes and ears of the body.
STABLE_FACE = FACE.start + np.array([0, 1, 15, 16, 27, 28, 29, 33, 36, 39, 42, 45])
BODY_FACE = np.array([0, 14, 15, 16, 17])
# Within the first distance of the head a point follows it wholly, beyond the second not at all [m].
FOLLOW_HEAD = (0.06, 0.20)
HEAD_RADIUS = 0.085
# Flesh between a keypoint of the hand and what it touches; how near to a point of the trunk its skin counts; how
# deep a hand is pushed out of the trunk, and where it is taken to be behind it instead [m].
FLESH, TRUNK_REACH, DEEPEST, BEHIND = 0.010, 0.025, 0.10, 0.16
# How near a point counts as touching [m], and the say of a wrist whose hand touches nothing.
TOUCH, WRIST_SAY = 0.025, 0.02


class SeenHead:
    """The head as the keypoints show it.

    Attributes:
        turned: (T, 3, 3) its rotation from rest.
        middle: (T, 3) middle of the points it was told from.
        rest_middle: (T, 3) middle of the same points at rest.
        is_known: (T,).
        size: how many times the resting head is larger than the seen one, over the clip.
    """

    def __init__(self, rest: np.ndarray, points: np.ndarray, seen: np.ndarray) -> None:
        has_face = seen[:, STABLE_FACE].sum(axis=1) >= 5
        weights = np.zeros(seen.shape)
        weights[:, STABLE_FACE] = seen[:, STABLE_FACE] & has_face[:, None]
        weights[:, BODY_FACE] = seen[:, BODY_FACE] & ~has_face[:, None]
        self.is_known = weights.sum(axis=1) >= 4
        share = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1)
        self.middle: np.ndarray = np.einsum("tk,tki->ti", share, points)
        self.rest_middle: np.ndarray = share @ rest
        self.turned = best_rotation(rest, points, weights)
        seen_size = np.einsum("tk,tki->t", share, (points - self.middle[:, None]) ** 2)
        rest_size = np.einsum("tk,tki->t", share, (rest - self.rest_middle[:, None]) ** 2)
        ratios = np.sqrt(rest_size[self.is_known] / np.maximum(seen_size[self.is_known], 1e-12))
        self.size = float(np.median(ratios)) if len(ratios) else 1.0


def wrist_places(
    shape: Shape,
    pose: BodyPose,
    points: np.ndarray,
    seen: np.ndarray,
    hand: tuple[slice, slice, int],
    offsets: np.ndarray,
    front: np.ndarray,
) -> np.ndarray:
    """(T, 3) where the wrist must be [m].

    Args:
        shape: the signer at rest.
        pose: with trunk and head already fitted.
        points: (T, 128, 3) keypoints scaled to the signer.
        seen: (T, 128).
        hand: slices of this hand and of the other one, and the wrist's keypoint.
        offsets: (T, 21, 3) of the rig's hand keypoints from its wrist, posed; NaN where the hand is unknown.
        front: (T, N, 3) `trunk_front` of the pose.
    """
    own, other, wrist = hand
    mine = points[:, own]
    usable = seen[:, own] & np.isfinite(offsets).all(axis=(1, 2))[:, None]
    head_gap = _distance(mine, points[:, FACE], seen[:, FACE])
    head = SeenHead(shape.keypoints, points, seen)
    from_middle = np.linalg.norm(mine - head.middle[:, None], axis=-1)
    head_gap = np.where(head.is_known[:, None], np.minimum(head_gap, from_middle - HEAD_RADIUS), np.inf)
    near, far = FOLLOW_HEAD
    follow = np.clip((far - head_gap) / (far - near), 0, 1)
    follow = (follow * follow * (3 - 2 * follow))[..., None]
    placed = mine + follow * (_on_rig(shape, pose, head, mine) - mine)
    gap = np.minimum(head_gap, _distance(mine, points[:, other], seen[:, other]))
    say = np.where(usable, np.exp(-((np.maximum(gap, 0) / TOUCH) ** 2)), 0)
    body_wrist = points[:, wrist] + (placed - mine)[:, 0]
    total = WRIST_SAY * body_wrist + np.einsum("tk,tki->ti", say, placed - np.nan_to_num(offsets))
    places: np.ndarray = total / (WRIST_SAY + say.sum(axis=1, keepdims=True))
    places[:, 2] -= _sunk(places[:, None] + np.nan_to_num(offsets), front)
    return places


def trunk_front(shape: Shape, pose: BodyPose) -> np.ndarray:
    """(T, N, 3) points spread over the front of the trunk."""
    body = shape.body
    trunk = [i for i, name in enumerate(body.bones) if name.startswith(("spine", "clavicle"))]
    x, y, z = shape.vertices.T
    is_front = np.isin(body.skin_bones[:, 0], trunk) & (z < -0.02) & (np.abs(x) < 0.2) & (y > 0)
    on_skin = np.zeros(len(z), np.bool_)
    on_skin[np.unique(body.faces[body.part_faces("body")])] = True
    # One vertex for each square of 2 cm, the foremost.
    chosen = np.flatnonzero(is_front & on_skin)
    chosen = chosen[np.argsort(z[chosen], kind="stable")]
    squares = np.floor(shape.vertices[chosen, :2] / 0.02).astype(np.int64)
    _, first = np.unique(squares, axis=0, return_index=True)
    return skin(shape, pose, chosen[first]).astype(np.float64)


def _sunk(hand: np.ndarray, front: np.ndarray) -> np.ndarray:
    """(T,) how far the hand (T, 21, 3) must come forward to lie before the trunk (T, N, 3)."""
    square = np.zeros((*hand.shape[:2], front.shape[1]))
    for axis in (0, 1):
        square += (hand[:, :, None, axis] - front[:, None, :, axis]) ** 2
    depth = hand[:, :, None, 2] - front[:, None, :, 2] + FLESH
    deepest = np.where(square < TRUNK_REACH**2, depth, 0).max(axis=(1, 2), initial=0)
    # Deeper still, it fades: the hand is behind the body, or a keypoint is wrong.
    sunk: np.ndarray = deepest * np.clip((BEHIND - deepest) / (BEHIND - DEEPEST), 0, 1)
    return sunk


def _on_rig(shape: Shape, pose: BodyPose, head: SeenHead, points: np.ndarray) -> np.ndarray:
    """Points beside the seen head, beside the rig's head."""
    bone = shape.body.bone["head"]
    bones = move_bones(shape, pose)
    inside = head.size * np.einsum("tji,tkj->tki", head.turned, points - head.middle[:, None])
    inside = inside + (head.rest_middle - shape.heads[bone])[:, None]
    moved: np.ndarray = np.einsum("tij,tkj->tki", bones.turned[:, bone], inside) + bones.placed[:, None, bone]
    return moved


def _distance(points: np.ndarray, others: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(T, K) distance of each point to the nearest seen one of the others; infinite without any."""
    square = (points**2).sum(axis=-1)[:, :, None] + (others**2).sum(axis=-1)[:, None]
    square = square - 2 * points @ np.swapaxes(others, -1, -2)
    square = np.where(seen[:, None], np.maximum(square, 0), np.inf)
    nearest: np.ndarray = np.sqrt(square.min(axis=-1))
    return nearest


def hand_offsets(shape: Shape, rig: HandRig, turned: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """(T, 21, 3) keypoints of the rig's hand from its wrist.

    Args:
        shape: the signer at rest.
        rig: the resting hand.
        turned: (T, 3, 3) the hand's rotation in the world.
        rotations: (T, 5, 3, 3, 3) of the finger bones.
    """
    heads, tails = shape.heads[rig.bones], shape.tails[rig.bones[:, 2]]
    steps = np.diff(np.concatenate([heads, tails[:, None]], axis=1), axis=1)
    out = np.zeros((len(turned), 21, 3))
    fingers = np.empty((len(turned), 5, 4, 3))
    fingers[:, :, 0] = heads[:, 0] - shape.heads[rig.wrist]
    whole = np.broadcast_to(np.eye(3), (*rotations.shape[:2], 3, 3))
    for joint in range(3):
        whole = whole @ rotations[:, :, joint]
        step = np.einsum("tfij,fj->tfi", whole, steps[:, joint])
        fingers[:, :, joint + 1] = fingers[:, :, joint] + step
    out[:, 1:] = fingers.reshape(len(turned), 20, 3)
    offsets: np.ndarray = np.einsum("tij,tkj->tki", turned, out)
    return offsets
