"""Pose features of frames: drawn as MimicMotion was taught to read them, then through its PoseNet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.control import ControlVideo, control_frames

PROFILE = "mimicmotion"
AT_ONCE = 4  # pictures that the PoseNet sees at once
KEPT_BYTES = 1 << 29  # 300 pictures of 576 x 1024 px


class DrawnPoses:
    """Features of frame 0, which is the reference picture's own pose, and of the frames of a clip from 1 on.

    Both are wanted again in each step. Features are three times as large as their picture, and quickly made from it:
    so pictures are kept, in bytes on the device, up to 512 MiB, and features are not. A clip of some seconds is drawn
    once, and an hour takes no more memory.

    Args:
        pose_net: the PoseNet.
        references: poses of the reference pictures; the features of frame 0 are the mean over them.
        poses: of the clip, on the canvas of the pictures.
        kept_bytes: of pictures that are kept.
    """

    def __init__(
        self,
        pose_net: nn.Module,
        references: Sequence[PoseSequence],
        poses: PoseSequence,
        *,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        size = poses.width, poses.height
        self._pose_net, self._left = pose_net, kept_bytes
        self._references = [control_frames(one[:1], PROFILE, *size) for one in references]
        self._video = control_frames(poses, PROFILE, *size)
        self._kept: dict[int, torch.Tensor] = {}

    def __call__(self, frames: Sequence[int]) -> torch.Tensor:
        """(n, C, H/8, W/8) features of frames, on the device of the PoseNet."""
        return torch.cat(list(self._features(frames)))

    def _features(self, frames: Sequence[int]) -> Iterator[torch.Tensor]:
        for start in range(0, len(frames), AT_ONCE):
            some = frames[start : start + AT_ONCE]
            if 0 not in some:
                yield self._seen(torch.stack([self._picture(frame) for frame in some]))
                continue
            for frame in some:
                yield self._seen(self._picture(frame)[None]) if frame else self._of_references()

    def _of_references(self) -> torch.Tensor:
        pictures = torch.stack([self._drawn(one, 0) for one in self._references])
        return self._seen(pictures).mean(dim=0, keepdim=True)

    def _seen(self, pictures: torch.Tensor) -> torch.Tensor:
        weight = next(self._pose_net.parameters())
        found: torch.Tensor = self._pose_net((pictures.float() / 127.5 - 1).to(weight.dtype))
        return found

    def _picture(self, frame: int) -> torch.Tensor:
        """(3, H, W) uint8 picture of a frame of the clip, counted from 1."""
        kept = self._kept.get(frame)
        if kept is not None:
            return kept
        drawn = self._drawn(self._video, frame - 1)
        if drawn.nbytes <= self._left:
            self._left -= drawn.nbytes
            self._kept[frame] = drawn
        return drawn

    def _drawn(self, video: ControlVideo, number: int) -> torch.Tensor:
        device = next(self._pose_net.parameters()).device
        return torch.from_numpy(video.pictures([number])[0]).permute(2, 0, 1).to(device)
