"""Move the body: rotations of its bones and facial actions to bones, skin and keypoints in space.

All rotations are given in the axes of the resting body, which are the camera's: a rotation about y turns a bone to
the side whichever way the bone points at rest. A bone's rotation is relative to its parent.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from signgen.body.asset import Body, Shape
from signgen.errors import PoseError
from signgen.pose.layout import NUM_KEYPOINTS


@dataclass(frozen=True, eq=False)
class BodyPose:
    """A body over time.

    Attributes:
        rotations: (T, B, 3, 3) float64, of each bone relative to its parent.
        translation: (T, 3) float64, how far the root moves [m].
        actions: (T, A) float32, weights of the facial actions, mostly in [0, 1].
    """

    rotations: np.ndarray
    translation: np.ndarray
    actions: np.ndarray

    def __post_init__(self) -> None:
        frames, bones = self.rotations.shape[:2]
        if self.rotations.shape != (frames, bones, 3, 3) or self.translation.shape != (frames, 3):
            raise PoseError(
                f"body pose: rotations {self.rotations.shape}, translation {self.translation.shape}"
            )
        if len(self.actions) != frames:
            raise PoseError(f"body pose: {frames} frames of rotations, {len(self.actions)} of facial actions")

    def __len__(self) -> int:
        return len(self.rotations)

    def replace(self, **changes: np.ndarray) -> BodyPose:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


@dataclass(frozen=True, eq=False)
class Bones:
    """Bones in the world.

    Attributes:
        turned: (T, B, 3, 3) rotations.
        placed: (T, B, 3) heads [m].
    """

    turned: np.ndarray
    placed: np.ndarray


def at_rest(body: Body, frames: int = 1) -> BodyPose:
    """The resting pose: arms out, face blank."""
    rotations = np.tile(np.eye(3), (frames, len(body.bones), 1, 1))
    return BodyPose(rotations, np.zeros((frames, 3)), np.zeros((frames, len(body.actions)), np.float32))


def move_bones(shape: Shape, pose: BodyPose) -> Bones:
    """Forward kinematics."""
    from signgen.body import skinning_kernels as kernels

    bones = len(shape.body.bones)
    if pose.rotations.shape[1] != bones:
        raise PoseError(f"body pose: rotations of {pose.rotations.shape[1]} bones, the body has {bones}")
    turned, placed = np.empty(pose.rotations.shape), np.empty((len(pose), bones, 3))
    rotations = np.ascontiguousarray(pose.rotations, np.float64)
    translation = np.ascontiguousarray(pose.translation, np.float64)
    kernels.chain(rotations, translation, shape.heads, shape.body.parents, turned, placed)
    return Bones(turned, placed)


def skin_frames(shape: Shape, pose: BodyPose, vertices: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """The skin of each frame, (V, 3) float32 [m]: facial actions, then linear blend skinning.

    Args:
        shape: the identity at rest.
        pose: what it does.
        vertices: indices of the vertices wanted, in any order; all without.

    Yields:
        A new array per frame.
    """
    from signgen.body import skinning_kernels as kernels

    body = shape.body
    chosen = np.arange(len(shape.vertices)) if vertices is None else np.ascontiguousarray(vertices, np.int64)
    if chosen.size and not 0 <= chosen.min() <= chosen.max() < len(shape.vertices):
        raise PoseError(f"vertices: expected indices below {len(shape.vertices)}")
    movements = _movements(shape, move_bones(shape, pose))
    rest = np.empty_like(shape.vertices)
    for matrices, actions in zip(movements, np.asarray(pose.actions, np.float32), strict=True):
        kernels.act(
            shape.vertices,
            actions,
            len(body.components),
            body.shape_start,
            body.shape_vertices,
            body.shape_offsets,
            rest,
        )
        out = np.empty((len(chosen), 3), np.float32)
        kernels.blend(rest, matrices, body.skin_bones, body.skin_weights, chosen, out)
        yield out


def skin(shape: Shape, pose: BodyPose, vertices: np.ndarray | None = None) -> np.ndarray:
    """(T, V, 3) float32: `skin_frames` stacked."""
    count = len(shape.vertices) if vertices is None else len(vertices)
    out = np.empty((len(pose), count, 3), np.float32)
    for t, frame in enumerate(skin_frames(shape, pose, vertices)):
        out[t] = frame
    return out


def keypoints(shape: Shape, pose: BodyPose) -> np.ndarray:
    """(T, 128, 3) float64, where the keypoints are [m]."""
    body, bones = shape.body, move_bones(shape, pose)
    points = np.empty((len(pose), NUM_KEYPOINTS, 3))
    on_skin = body.keypoint_kind == 0
    wanted, place = np.unique(body.keypoint_index[on_skin], return_inverse=True)
    skinned = skin(shape, pose, wanted)
    points[:, on_skin] = skinned[:, place.reshape(-1, body.keypoint_index.shape[1])].mean(axis=2)
    at_head = body.keypoint_kind == 1
    points[:, at_head] = bones.placed[:, body.keypoint_index[at_head]].mean(axis=2)
    at_tail = body.keypoint_kind == 2
    bone = body.keypoint_index[at_tail, 0]
    along = (shape.tips - shape.heads)[bone]
    points[:, at_tail] = bones.placed[:, bone] + np.einsum("tbij,bj->tbi", bones.turned[:, bone], along)
    return points


def _movements(shape: Shape, bones: Bones) -> np.ndarray:
    """(T, B, 12) float32: what each bone does to a resting point."""
    shift = bones.placed - np.einsum("tbij,bj->tbi", bones.turned, shape.heads)
    whole = np.concatenate([bones.turned, shift[..., None]], axis=-1)
    return np.ascontiguousarray(whole.reshape(*whole.shape[:2], 12), np.float32)
