"""The frames of a clip for a video model: square, small, at the model's rate."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np
import torch
from torch.nn import functional as F

from signgen.data.video import read_video
from signgen.errors import ConfigError, DataError
from signgen.slt.batches import FrameReader, keypoint_frames
from signgen.slt.clips import Clips
from signgen.slt.settings import VIDEO_FRONTENDS, SltSettings


def frame_reader(settings: SltSettings) -> FrameReader:
    """What gives a model its frames: keypoints, or images from the videos that the clips name as ``video``.

    Raises:
        ConfigError: a video model without a folder of videos.
    """
    model, data = settings.model, settings.data
    if model.frontend not in VIDEO_FRONTENDS:
        return keypoint_frames
    if data.videos is None:
        raise ConfigError("data.videos: a video model needs the folder of the videos that the clips name")
    folder = data.videos

    def read(clips: Clips, clip: int) -> np.ndarray:
        path = video_of(clips, clip, folder)
        return images_of(path, data.fps, model.image_size)[: data.max_frames]

    return read


def video_of(clips: Clips, clip: int, folder: Path) -> Path:
    """Path of a clip's video inside a folder.

    Raises:
        DataError: the clip names none, or one outside of it.
    """
    name = clips.infos[clip].get("video")
    where = f"{folder}: {clips.names[clip]}"
    if not isinstance(name, str) or not name:
        raise DataError(f"{where}: names no video; write its path to the clip's info as video")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise DataError(f"{where}: names a video outside of this folder ({name!r})")
    return folder / path


def images_of(path: Path, fps: float, size: int) -> np.ndarray:
    """(T, 3, size, size) uint8 frames nearest to the times of another rate, their middle square, made small.

    Raises:
        DataError: the video is missing or damaged.
    """
    video = read_video(path)
    count = max(1, round(video.num_frames * fps / video.fps))
    wanted = np.minimum(
        ((np.arange(count) + 0.5) * video.num_frames / count).astype(int), video.num_frames - 1
    )
    times = np.bincount(wanted, minlength=video.num_frames)
    found = [
        small
        for number, frame in enumerate(video.frames())
        if times[number]
        for small in [_square(frame, size)] * int(times[number])
    ]
    return np.stack(found)


def _square(frame: np.ndarray, size: int) -> np.ndarray:
    height, width = frame.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = torch.from_numpy(np.ascontiguousarray(frame[top : top + side, left : left + side]))
    image = middle.permute(2, 0, 1)[None].float()
    small = F.interpolate(image, (size, size), mode="bilinear", antialias=True, align_corners=False)
    return small[0].round().clamp(0, 255).byte().numpy()
