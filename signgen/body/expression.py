"""Facial actions from the 68 face points: brows, eyes, jaw and lips by bounded least squares."""

from __future__ import annotations

import numpy as np

from signgen.body.asset import Shape
from signgen.body.turning import best_rotation
from signgen.pose.layout import FACE

# The actions that face points can tell; cheeks, tongue and gaze leave them where they are.
FITTED = (
    "browInnerUp", "browDownLeft", "browDownRight", "browOuterUpLeft", "browOuterUpRight",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeWideLeft", "eyeWideRight",
    "jawOpen", "jawLeft", "jawRight", "mouthFunnel", "mouthPucker",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthRollLower", "mouthRollUpper",
)  # fmt: skip
# iBUG points that no action moves much, for the head's place, turn and size.
STABLE = np.array([0, 1, 15, 16, 27, 28, 29, 33, 36, 39, 42, 45])
# Weight of the points of the jaw's line, which estimators place badly.
_JAW_WEIGHT = 0.3
# Pull of each action to 0 [m], and sweeps of coordinate descent.
_DAMPING, _SWEEPS = 0.002, 40
# A face whose median over the clip differs from the signer's by more than this [m], however it is moved, is
# another's and is measured from that median.
_OWN_FACE = 0.0025


def action_points(shape: Shape) -> np.ndarray:
    """(A, 68, 3) how far each of `FITTED` moves the face points [m]."""
    body = shape.body
    index = body.keypoint_index[FACE]
    out = np.zeros((len(FITTED), 68, 3))
    for row, name in enumerate(FITTED):
        offsets = np.zeros_like(shape.vertices)
        vertices, moved = body.offsets_of(len(body.components) + body.actions.index(name))
        offsets[vertices] = moved
        out[row] = offsets[index].mean(axis=1)
    return out


def fit_actions(shape: Shape, face: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """(T, actions of the body) float32 weights in [0, 1]; a face that is not seen goes blank.

    Another person's face is told from the signer's by its median over the clip, from which its actions are then
    measured; a face that keeps one expression throughout is taken to be made that way.

    Args:
        shape: the signer at rest.
        face: (T, 68, 3) face points, anywhere, at any scale.
        seen: (T, 68).
    """
    body = shape.body
    out = np.zeros((len(face), len(body.actions)), np.float32)
    usable = seen[:, STABLE].sum(axis=1) >= 5
    if not usable.any():
        return out
    rest = shape.keypoints[FACE]
    offsets = _straightened(rest, face[usable], seen[usable]) - rest
    weights = seen[usable] * np.where(np.arange(68) < 17, _JAW_WEIGHT, 1.0)
    moves = action_points(shape)
    median = np.median(offsets, axis=0)
    explained = np.tensordot(_bounded(moves, median[None], weights.max(axis=0)[None])[0], moves, axes=1)
    if np.sqrt(((median - explained)[17:] ** 2).sum(axis=1).mean()) > _OWN_FACE:
        offsets = offsets - median
    columns = [body.actions.index(name) for name in FITTED]
    found = np.zeros((int(usable.sum()), len(body.actions)), np.float32)
    found[:, columns] = _bounded(moves, offsets, weights)
    out[usable] = found
    return out


def _straightened(rest: np.ndarray, face: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Faces (T, 68, 3) turned, moved and scaled onto the resting one by their stable points."""
    weights = seen[:, STABLE].astype(np.float64)
    turned = best_rotation(rest[STABLE], face[:, STABLE], weights)
    share = weights / weights.sum(axis=1, keepdims=True)
    middle = np.einsum("tk,tki->ti", share, face[:, STABLE])[:, None]
    rest_middle = np.einsum("tk,ki->ti", share, rest[STABLE])[:, None]
    straight = np.einsum("tji,tkj->tki", turned, face - middle)
    size = np.sqrt(np.einsum("tk,tki->t", share, straight[:, STABLE] ** 2))
    own = np.sqrt(np.einsum("tk,tki->t", share, (rest[STABLE] - rest_middle) ** 2))
    scale = np.median(own / np.maximum(size, 1e-9))
    onto: np.ndarray = straight * scale + rest_middle
    return onto


def _bounded(moves: np.ndarray, offsets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(T, A) weights in [0, 1] that make ``moves`` (A, 68, 3) sum to ``offsets`` (T, 68, 3), by least squares."""
    gram = np.einsum("aki,bki,tk->tab", moves, moves, weights)
    gram += _DAMPING**2 * np.eye(len(moves))
    top = np.einsum("aki,tki,tk->ta", moves, offsets, weights)
    found = np.zeros(top.shape)
    for _ in range(_SWEEPS):
        for a in range(len(moves)):
            rest = top[:, a] - np.einsum("tb,tb->t", gram[:, a], found) + gram[:, a, a] * found[:, a]
            found[:, a] = np.clip(rest / gram[:, a, a], 0, 1)
    return found
