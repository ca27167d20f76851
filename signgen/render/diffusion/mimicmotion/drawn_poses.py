"""Pose features of frames: drawn as MimicMotion was taught to read them, then through its PoseNet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.control import ControlVideo, control_frames

PROFILE = "mimicmotion"
AT_ONCE = 4  # pictures that the PoseNet sees at once
KEPT_BYTES = 1 << 29  # the features of 86 frames of 576 x 1024 px in two bytes each


class DrawnPoses:
    """Features of frame 0, which is the reference picture's own pose, and of the frames of a clip from 1 on.

    They are the same in each step, so those of the first frames are kept, up to 512 MiB: a clip of some seconds is
    drawn once, and an hour takes no more memory than that.

    Args:
        pose_net: the PoseNet.
        references: poses of the reference pictures; the features of frame 0 are the mean over them.
        poses: of the clip, on the canvas of the pictures.
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
        new = [frame for frame in frames if frame not in self._kept]
        made = dict(self._kept)
        for frame, features in zip(new, self._features(new), strict=True):
            made[frame] = self._keep(frame, features)
        return torch.stack([made[frame] for frame in frames])

    def _features(self, frames: Sequence[int]) -> Iterator[torch.Tensor]:
        for start in range(0, len(frames), AT_ONCE):
            some = frames[start : start + AT_ONCE]
            moving = [frame - 1 for frame in some if frame]
            seen = iter(self._seen(self._video, moving)) if moving else iter(())
            for frame in some:
                yield next(seen) if frame else self._of_references()

    def _of_references(self) -> torch.Tensor:
        return torch.stack([self._seen(one, [0])[0] for one in self._references]).mean(dim=0)

    def _seen(self, video: ControlVideo, frames: Sequence[int]) -> torch.Tensor:
        weight = next(self._pose_net.parameters())
        found: torch.Tensor = self._pose_net(video.read(frames).to(weight))
        return found

    def _keep(self, frame: int, features: torch.Tensor) -> torch.Tensor:
        size = features.numel() * features.element_size()
        if size <= self._left:
            self._left -= size
            self._kept[frame] = features
        return features
