"""The avatar as a guide: its frames to start from, its depth and parts as pictures, and where little may change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from signgen.pose.layout import NECK
from signgen.pose.sequence import PoseSequence
from signgen.render.signer.body_parts import SURFACES

if TYPE_CHECKING:
    import torch

    from signgen.render.avatar import Avatar
    from signgen.render.base import Frame
    from signgen.render.diffusion.store import LatentStore
    from signgen.render.mesh.layers import Layers
    from signgen.render.signer.scene import Scene

HAND_PARTS = tuple(
    i for i, name in enumerate(SURFACES) if name.startswith(("left_", "right_")) and not name.endswith("_arm")
)
FACE_PARTS = tuple(SURFACES.index(name) for name in ("head", "eyes", "mouth", "tongue", "teeth", "lashes"))
# Colours of ADE20K for people and walls, as the ControlNets for segmentation learned them.
PERSON, WALL = (150, 5, 61), (120, 120, 120)
# Depth pictures are white at the first distance before the neck and dark grey at the second behind it [m].
NEAREST, FARTHEST, DARKEST = 0.55, 0.25, 0.2
PICTURE, DEPTH = slice(0, 3), 3  # channels of what is kept


@dataclass(frozen=True)
class Strengths:
    """How much of the avatar's frames is drawn anew, from 0 (nothing) to 1 (all).

    Attributes:
        body: of everything else.
        hands: of the hands.
        face: of the face.
    """

    body: float
    hands: float
    face: float

    @property
    def most(self) -> float:
        """The largest."""
        return max(self.body, self.hands, self.face)

    def over(self, parts: np.ndarray, side: int) -> np.ndarray:
        """(ceil(H / side), ceil(W / side)) float32 strength of each latent.

        Args:
            parts: (H, W) what each pixel shows: 0 the rest, 1 face, 2 hands.
            side: pixels along the side of a latent.
        """
        strength = np.full(parts.shape, float(self.body))
        for part, own in ((1, self.face), (2, self.hands)):
            share = _grown(parts == part, side)
            strength += share * (own - strength)
        return _pooled(strength, side)


class Guide:
    """A scene of the avatar, drawn once: frames, depth and parts wait on disk.

    Args:
        scene: a clip ready to be drawn.
        frames: those wanted of it; they are counted from 0 here.
        strengths: where how much may change.
        side: pixels along the side of a latent.
    """

    def __init__(self, scene: Scene, frames: range, strengths: Strengths, side: int) -> None:
        from signgen.render.diffusion.store import LatentStore

        self._scene, self._frames, self._strengths, self._side = scene, frames, strengths, side
        camera = scene.camera
        self.width, self.height = camera.width, camera.height
        self._painter = scene.painter()
        self._neck = float(np.median(scene.keypoints()[:, NECK, 2]))
        self._kept: LatentStore = LatentStore(len(frames), (self.height, self.width, 4), dtype=np.uint8)
        latents = -(-self.height // side), -(-self.width // side)
        self._maps: LatentStore = LatentStore(len(frames), (1, *latents))
        self._is_drawn = np.zeros(len(frames), np.bool_)

    def __len__(self) -> int:
        return len(self._frames)

    def __enter__(self) -> Guide:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept.close()
        self._maps.close()

    def picture(self, frame: int) -> Frame:
        """(H, W, 3) uint8 of the avatar."""
        return np.ascontiguousarray(self._read(frame)[..., PICTURE])

    def depth(self, frames: Sequence[int]) -> torch.Tensor:
        """(n, 3, H, W) float32 from 0 (nothing there) to 1 (near), as depth ControlNets take it."""
        grey = np.stack([self._read(frame)[..., DEPTH] for frame in frames])
        return _tensor(np.repeat(grey[..., None], 3, axis=3))

    def segmentation(self, frames: Sequence[int]) -> torch.Tensor:
        """(n, 3, H, W) float32 from 0 to 1: a person before a wall in the colours of ADE20K."""
        is_there = np.stack([self._read(frame)[..., DEPTH] > 0 for frame in frames])
        return _tensor(np.where(is_there[..., None], np.array(PERSON, np.uint8), np.array(WALL, np.uint8)))

    def strengths(self, frames: Sequence[int]) -> torch.Tensor:
        """(n, 1, h, w) float32 strength of each latent."""
        import torch

        for frame in frames:
            self._draw_once(frame)
        return torch.from_numpy(self._maps.read_array(list(frames)))

    def _read(self, frame: int) -> np.ndarray:
        """(H, W, 4) uint8."""
        self._draw_once(frame)
        return np.asarray(self._kept.read_array([frame])[0])

    def _draw_once(self, frame: int) -> None:
        if self._is_drawn[frame]:
            return
        points = self._scene.points(self._frames[frame])
        picture = self._painter.paint(points)
        layers = self._painter.measure(points)
        self._kept.write_array([frame], np.dstack([picture, depth_picture(layers, self._neck)])[None])
        strength = self._strengths.over(part_map(layers.parts), self._side)
        self._maps.write_array([frame], strength[None, None])
        self._is_drawn[frame] = True


def depth_picture(layers: Layers, neck: float) -> np.ndarray:
    """(H, W) uint8 of a frame: 0 where nothing is, brighter the nearer.

    Args:
        layers: of the frame.
        neck: distance of the neck [m].
    """
    share = np.clip((neck + FARTHEST - layers.depth) / (NEAREST + FARTHEST), 0, 1)
    level = np.rint(255 * (DARKEST + (1 - DARKEST) * share))
    return np.where(layers.parts >= 0, level, 0).astype(np.uint8)


def part_map(parts: np.ndarray) -> np.ndarray:
    """(H, W) uint8: 1 where the face is, 2 where a hand is, else 0, of indices into `SURFACES`."""
    return np.select([np.isin(parts, HAND_PARTS), np.isin(parts, FACE_PARTS)], [2, 1], 0).astype(np.uint8)


def avatar_scene(signer: Avatar, poses: PoseSequence, width: int, height: int) -> Scene:
    """The clip that an avatar draws, at a size [px]."""
    from signgen.pose.geometry import mirror
    from signgen.render.signer.scene import scene_of

    poses = mirror(poses) if signer.left_handed else poses
    if poses.depth is None:
        from signgen.body.lift import lift

        poses = lift(poses)
    return scene_of(poses, signer, (width, height), signer.samples)


def drawn_poses(scene: Scene, fps: float, frames: range) -> PoseSequence:
    """The keypoints of the body that is drawn in some frames, so that pose pictures lie on the avatar exactly."""
    from signgen.render.diffusion.appearance import pose_of

    return pose_of(scene, fps)[frames.start : frames.stop]


def _grown(mask: np.ndarray, side: int) -> np.ndarray:
    """A mask grown by a latent and softened beyond that; 1 on all latents that it touches, from 0 to 1."""
    from scipy.ndimage import distance_transform_edt

    if not mask.any():
        return np.zeros(mask.shape)
    away = distance_transform_edt(~mask)
    return np.asarray(np.clip(2.5 - away / side, 0, 1))


def _pooled(values: np.ndarray, side: int) -> np.ndarray:
    """Mean of each latent's pixels, the border continued to whole latents."""
    below, right = -values.shape[0] % side, -values.shape[1] % side
    whole = np.pad(values, ((0, below), (0, right)), mode="edge")
    blocks = whole.reshape(whole.shape[0] // side, side, whole.shape[1] // side, side)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def _tensor(pictures: np.ndarray) -> torch.Tensor:
    """(n, 3, H, W) float32 from 0 to 1 of uint8 pictures (n, H, W, 3)."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2).float() / 255
