"""Control pictures: poses drawn as the model of a backend was taught to read them, a window at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.card import check_profile
from signgen.render.draw import fitted, frame_size, painter

__all__ = ["ControlVideo", "check_profile", "control_frames"]


class ControlVideo:
    """The poses of a clip as pictures of a profile, drawn whenever they are read.

    None is kept: drawing one of 576 x 1024 pixels again takes a quarter of a millisecond, reading it back from a
    disk, compressed, four times as long.
    """

    def __init__(self, poses: PoseSequence, profile: str, width: int, height: int) -> None:
        """See `control_frames`."""
        self.profile = profile
        self.width, self.height = frame_size(poses, width, height)
        self._keypoints = fitted(poses, self.width, self.height)
        self._paint = painter(profile, self.width, self.height)

    def __len__(self) -> int:
        return len(self._keypoints)

    def pictures(self, frames: Sequence[int]) -> np.ndarray:
        """(n, H, W, 3) uint8 RGB."""
        drawn = np.empty((len(frames), self.height, self.width, 3), np.uint8)
        for picture, frame in zip(drawn, frames, strict=True):
            self._paint(self._keypoints[frame], picture)
        return drawn

    def read(self, frames: Sequence[int], *, signed: bool = True) -> torch.Tensor:
        """(n, 3, H, W) float32 RGB on the CPU, from -1 to 1, or from 0 to 1 where not ``signed``."""
        values = torch.from_numpy(self.pictures(frames)).permute(0, 3, 1, 2).float()
        return values / 127.5 - 1 if signed else values / 255


def control_frames(poses: PoseSequence, profile: str, width: int, height: int) -> ControlVideo:
    """The control pictures of a clip.

    Args:
        poses: the poses, scaled by one factor and centred in the pictures.
        profile: a style of `signgen.render.draw`: ``controlnet``, ``mimicmotion`` or ``wan``.
        width: of the pictures [px]; odd sizes grow by one.
        height: of the pictures [px].

    Raises:
        ConfigError: an unknown profile or a size out of range.
    """
    return ControlVideo(poses, profile, width, height)
