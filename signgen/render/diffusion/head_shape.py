"""The head of an appearance put in the place of the signer's: whose face it is changes, what it does does not.

The head moves as a whole (a similarity a frame); what remains is the face's shape at rest and its expression. Only
the shape at rest is exchanged, so that a driver's identity does not leak into the picture. With shapes that agree
nothing changes, whatever the estimates of movement are worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.pose.layout import FACE, LEFT_EAR, LEFT_EYE, MIRROR, NOSE, RIGHT_EAR, RIGHT_EYE

# Keypoints of the head, and where each iBUG number is among them.
HEAD = np.array([NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR, *range(FACE.start, FACE.stop)])
_BODY = 5
MIRRORED = np.searchsorted(np.sort(HEAD), MIRROR[HEAD])
JAW_ENDS = [_BODY + i for i in (0, 1, 2, 3, 13, 14, 15, 16)]
# What no expression moves.
STEADY = np.array(
    [0, 3, 4, *JAW_ENDS, *(_BODY + i for i in (27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 39, 42, 45))]
)
MOUTH = np.array([_BODY + i for i in range(48, 68)])
EYELIDS = ((_BODY + np.array([36, 37, 38, 39, 40, 41])), (_BODY + np.array([42, 43, 44, 45, 46, 47])))
# (upper inner lip, lower inner lip, lower outer lip) from one side to the other.
LIPS = tuple((_BODY + a, _BODY + b, _BODY + c) for a, b, c in ((61, 67, 58), (62, 66, 57), (63, 65, 56)))
# How far points of chin and lower lip go with the middle of the lower lip.
CHIN = {
    _BODY + i: share for i, share in ((59, 0.5), (55, 0.5), (6, 0.4), (7, 0.8), (8, 1.0), (9, 0.8), (10, 0.4))
}
LEAST_STEADY = 4
MOST_CHANGE = 0.2  # of a face's width, root mean square; more is a face turned away or no face
LEAST_FEATURE, MOST_FEATURE = 0.6, 1.6
SAMPLE = 256  # frames from which the shape at rest is taken


@dataclass(frozen=True, eq=False)
class Similarity:
    """x -> scale * turn @ x + shift, one a frame: (T,), (T, D, D), (T, D)."""

    scale: np.ndarray
    turn: np.ndarray
    shift: np.ndarray

    @property
    def linear(self) -> np.ndarray:
        """(T, D, D) without the shift."""
        return np.asarray(self.scale[:, None, None] * self.turn)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(T, n, D) images of points (n, D) or (T, n, D)."""
        return np.asarray(points @ self.linear.transpose(0, 2, 1) + self.shift[:, None])

    def back(self, points: np.ndarray) -> np.ndarray:
        """(T, n, D) what is mapped to points (T, n, D)."""
        return np.asarray((points - self.shift[:, None]) @ self.turn / self.scale[:, None, None])


def similarity(source: np.ndarray, target: np.ndarray, weights: np.ndarray) -> Similarity:
    """The least squares similarity without reflection (Umeyama 1991) from one set of points to one each frame.

    Args:
        source: (n, D).
        target: (T, n, D).
        weights: (T, n), 0 for points that do not count; frames with fewer than `LEAST_STEADY` get identity.
    """
    frames, _, dims = target.shape
    total = np.maximum(weights.sum(axis=1), 1e-12)[:, None]
    middle = (weights @ source) / total
    aim = np.einsum("tn,tnd->td", weights, target) / total
    moved = source - middle[:, None]
    covariance = np.einsum("tn,tni,tnj->tij", weights, target - aim[:, None], moved)
    left, stretch, right = np.linalg.svd(covariance)
    signs = np.ones((frames, dims))
    signs[:, -1] = np.sign(np.linalg.det(left) * np.linalg.det(right))
    turn = np.einsum("tij,tj,tjk->tik", left, signs, right)
    spread = np.einsum("tn,tnd,tnd->t", weights, moved, moved)
    scale = (stretch * signs).sum(axis=1) / np.maximum(spread, 1e-12)
    lost = ((weights > 0).sum(axis=1) < LEAST_STEADY) | (scale <= 0) | (spread <= 0)
    scale, turn = np.where(lost, 1.0, scale), np.where(lost[:, None, None], np.eye(dims), turn)
    shift = aim - scale[:, None] * np.einsum("tij,tj->ti", turn, middle)
    return Similarity(scale, turn, shift)


def at_rest(points: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(n, D) the median shape of a head over a clip, in the place and size of its best seen frame; NaN where unseen.

    Args:
        points: (T, n, D).
        seen: (T, n).
    """
    chosen = np.unique(np.linspace(0, len(points) - 1, min(SAMPLE, len(points))).astype(np.int64))
    points, seen = points[chosen], seen[chosen]
    best = int(np.argmax(seen.sum(axis=1)))
    weights = (seen & seen[best]).astype(np.float64)[:, STEADY]
    moves = similarity(points[best][STEADY], points[:, STEADY], weights)
    usable = seen & ((weights > 0).sum(axis=1) >= LEAST_STEADY)[:, None]
    usable[best] = seen[best]
    shape = np.full(points.shape[1:], np.nan)
    some = usable.any(axis=0)
    aligned = np.where(usable[..., None], moves.back(points), np.nan)
    shape[some] = np.nanmedian(aligned[:, some], axis=0)
    return shape


@dataclass(frozen=True, eq=False)
class HeadShape:
    """An appearance's head against the signer's.

    Attributes:
        scale: its size by the signer's; None if too little is seen.
        rest: (n, D) the signer's shape at rest; NaN where unseen.
        change: (n, D) what the appearance adds to it, in the signer's size; 0 where unseen.
        mouth: width of its mouth by the signer's, in heads of one size.
        eyes: the same of the eyes.
        size: root mean square of the change, in widths of the face.
    """

    scale: float | None
    rest: np.ndarray
    change: np.ndarray
    mouth: float
    eyes: float
    size: float

    def moved(self, points: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """(T, n, D) by how much the signer's keypoints move to be the appearance's, in the signer's size.

        Args:
            points: (T, n, D) the signer's head.
            seen: (T, n).
        """
        known = np.isfinite(self.rest).all(axis=1)
        rest = np.where(known[:, None], self.rest, 0.0)
        weights = (seen & known).astype(np.float64)[:, STEADY]
        moves = similarity(rest[STEADY], points[:, STEADY], weights)
        by = self.change @ moves.linear.transpose(0, 2, 1)
        expression = np.where((seen & known)[..., None], points - moves(rest), 0.0)
        by[:, MOUTH] += (self.mouth - 1) * expression[:, MOUTH]
        for lids in EYELIDS:
            by[:, lids] += (self.eyes - 1) * expression[:, lids]
        return np.asarray(by)


def head_shape(points: np.ndarray, seen: np.ndarray, own: np.ndarray, own_seen: np.ndarray) -> HeadShape:
    """Compare a signer's head (T, n, D), seen (T, n), with that of an appearance (n, D), seen (n,)."""
    rest = at_rest(points, seen)
    both = np.isfinite(rest).all(axis=1) & own_seen
    nothing = np.zeros_like(rest)
    weights = both.astype(np.float64)[None, STEADY]
    if (weights > 0).sum() < LEAST_STEADY:
        return HeadShape(None, rest, nothing, 1.0, 1.0, 0.0)
    known = np.where(both[:, None], rest, 0.0)
    fit = similarity(known[STEADY], own[None, STEADY], weights)
    theirs = np.where(both[:, None], fit.back(own[None])[0], known)
    mouth = _ratio(theirs, known, _BODY + 48, _BODY + 54)
    eyes = np.sqrt(
        _ratio(theirs, known, _BODY + 36, _BODY + 39) * _ratio(theirs, known, _BODY + 42, _BODY + 45)
    )
    theirs = _without_expression(theirs, known, mouth, float(eyes))
    change = _symmetric(np.where(both[:, None], theirs - known, 0.0), known, both)
    wide = max(float(np.linalg.norm(known[_BODY] - known[_BODY + 16])), 1e-9)
    size = float(np.sqrt((change[both] ** 2).sum(axis=1).mean())) / wide
    return HeadShape(float(fit.scale[0]), rest, change, mouth, float(eyes), size)


def _ratio(one: np.ndarray, other: np.ndarray, first: int, last: int) -> float:
    """Length between two points in ``one`` by that in ``other``; 1 if unknown."""
    below = float(np.linalg.norm(other[last] - other[first]))
    above = float(np.linalg.norm(one[last] - one[first]))
    return float(np.clip(above / below, LEAST_FEATURE, MOST_FEATURE)) if below > 0 and above > 0 else 1.0


def _without_expression(theirs: np.ndarray, rest: np.ndarray, mouth: float, eyes: float) -> np.ndarray:
    """A shape whose lips and lids are as far apart as the signer's at rest, in the size of its own features.

    A still caught with an open mouth would never close it otherwise.
    """
    out = theirs.copy()
    shifts = []
    for upper, lower, outer in LIPS:
        shift = out[upper] + mouth * (rest[lower] - rest[upper]) - out[lower]
        out[lower] += shift
        out[outer] += shift
        shifts.append(shift)
    for point, share in CHIN.items():
        out[point] += share * shifts[1]
    for lids in EYELIDS:
        for upper, lower in ((1, 5), (2, 4)):
            middle = (out[lids[upper]] + out[lids[lower]]) / 2
            half = eyes * (rest[lids[upper]] - rest[lids[lower]]) / 2
            out[lids[upper]], out[lids[lower]] = middle + half, middle - half
    return out


def _symmetric(change: np.ndarray, rest: np.ndarray, both: np.ndarray) -> np.ndarray:
    """The part of a change that both sides of a face share: faces are symmetric, turned heads are not."""
    pairs = [k for k in STEADY if k < MIRRORED[k] and both[k] and both[MIRRORED[k]]]
    way = (rest[pairs] - rest[MIRRORED[pairs]]).sum(axis=0)
    norm = np.linalg.norm(way)
    if norm == 0:
        return change
    way = way / norm
    mirrored = change[MIRRORED]
    mirrored = mirrored - 2 * (mirrored @ way)[:, None] * way
    return np.asarray((change + mirrored) / 2)
