"""Videos that a clip is given beside its poses: background, mask and faces, frame for frame with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame
from signgen.render.diffusion.resample import Box, resample

RATE_SLACK = 0.02  # by how much of its rate a video may differ from the poses


def open_footage(
    path: str, setting: str, poses: PoseSequence, width: int, height: int, *, stretch: bool = False
) -> Footage:
    """A video with a picture for each pose, brought to a size.

    Args:
        path: a video, or a folder of numbered pictures.
        setting: that named it, for the messages.
        poses: what it goes with.
        width: of its pictures [px].
        height: of its pictures [px].
        stretch: fill this size, instead of keeping the shape as poses do and repeating the border around it.

    Raises:
        ConfigError: it has fewer pictures than the clip, or another rate.
        DataError: it cannot be read.
    """
    from signgen.data.video import read_video

    video = read_video(Path(path), fps=poses.fps)
    if video.num_frames < len(poses):
        raise ConfigError(
            f"renderer.{setting}: {path} has {video.num_frames} pictures for {len(poses)} poses; "
            "give one for each pose"
        )
    if abs(video.fps / poses.fps - 1) > RATE_SLACK:
        raise ConfigError(
            f"renderer.{setting}: {path} has {video.fps:.4g} frames per second and the poses {poses.fps:.4g}; "
            "give both the same rate"
        )
    wide, high = video.width, video.height
    box = Box(0, 0, wide, high) if stretch else fitting(wide, high, width, height)
    return Footage(video.frames, box, (width, height), len(poses))


def fitting(wide: int, high: int, width: int, height: int) -> Box:
    """The part of a picture that fills a frame when all of the picture must be in it: it reaches over two borders."""
    scale = min(width / wide, height / high)
    over_x, over_y = (width / scale - wide) / 2, (height / scale - high) / 2
    return Box(-over_x, -over_y, wide + over_x, high + over_y)


class Footage:
    """Pictures of a video that is read forwards; its last one stands for all behind it."""

    def __init__(
        self, begin: Callable[[], Iterator[Frame]], box: Box, size: tuple[int, int], count: int
    ) -> None:
        """See `open_footage`.

        Args:
            begin: the pictures from the first.
            box: the part of each that is shown.
            size: width and height that it is brought to [px].
            count: pictures that count.
        """
        self._begin, self._box, self._size, self._count = begin, box, size, count
        self._pictures: Iterator[Frame] = iter(())
        self._place = -1
        self._shown: Tensor | None = None

    def read(self, frames: Sequence[int]) -> Tensor:
        """(n, 3, H, W) float32 from -1 to 1."""
        return torch.stack([self._picture(min(frame, self._count - 1)) for frame in frames])

    def _picture(self, number: int) -> Tensor:
        if self._shown is not None and number == self._place:
            return self._shown
        if number < self._place or self._place < 0:
            self._pictures, self._place = self._begin(), -1
        while self._place < number:
            picture = next(self._pictures)
            self._place += 1
        self._shown = signed(resample(picture, self._box, *self._size))
        return self._shown


def signed(picture: np.ndarray) -> Tensor:
    """(3, H, W) float32 from -1 to 1 of (H, W, 3) from 0 to 255."""
    values = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)
    return torch.from_numpy(values) / 127.5 - 1
