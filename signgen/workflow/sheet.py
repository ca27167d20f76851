"""A contact sheet: evenly spaced frames of poses or of a video side by side in one picture."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from signgen.data.atomic import write_bytes
from signgen.data.video import SUFFIXES as VIDEO_SUFFIXES
from signgen.errors import DataError

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
# Pictures of a sheet and how many stand in a row.
PICTURES = 24
COLUMNS = 6
# Longest side of one picture [px].
SIDE = 256


def contact_sheet(
    source: str | Path,
    output: str | Path,
    *,
    pictures: int = PICTURES,
    columns: int = COLUMNS,
    side: int = SIDE,
) -> Path:
    """Write a picture of up to ``pictures`` evenly spaced frames of a pose file or a video.

    Raises:
        DataError: the source cannot be read or has no frames, or the output is no picture file.
        ResourceError: the output cannot be written.
    """
    source, output = Path(source), Path(output)
    if output.suffix.lower() not in PICTURE_SUFFIXES:
        raise DataError(f"{output}: name a picture file: {', '.join(PICTURE_SUFFIXES)}")
    is_video = source.suffix.lower() in VIDEO_SUFFIXES
    chosen = list(_video_frames(source, pictures) if is_video else _drawn_frames(source, pictures))
    if not chosen:
        raise DataError(f"{source}: no frames to show")
    write_bytes(output, encoded(tiled([shrunk(frame, side) for frame in chosen], columns), output.suffix))
    return output


def tiled(frames: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Equal (H, W, 3) frames laid out row by row; the last row is filled with black."""
    columns = min(columns, len(frames))
    rows = -(-len(frames) // columns)
    height, width = frames[0].shape[:2]
    sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
    for i, frame in enumerate(frames):
        y, x = divmod(i, columns)
        sheet[y * height : (y + 1) * height, x * width : (x + 1) * width] = frame
    return sheet


def spaced(frames: int, pictures: int) -> list[int]:
    """Up to ``pictures`` frame numbers, evenly spaced from the first to the last, none twice."""
    return sorted({round(i) for i in np.linspace(0, frames - 1, min(frames, pictures))}) if frames else []


def _drawn_frames(source: Path, pictures: int) -> Iterator[np.ndarray]:
    from signgen.data.poses import read_pose
    from signgen.render.draw import draw

    poses = read_pose(source)
    for t in spaced(len(poses), pictures):
        yield next(iter(draw(poses[t : t + 1]))).copy()


def _video_frames(source: Path, pictures: int) -> Iterator[np.ndarray]:
    from signgen.data.video import read_video

    count = sum(1 for _ in read_video(source).frames())
    wanted, frames, done = spaced(count, pictures), read_video(source).frames(), 0
    for t in wanted:
        yield next(islice(frames, t - done, None)).copy()
        done = t + 1


def shrunk(frame: np.ndarray, side: int) -> np.ndarray:
    """The frame averaged down by a whole factor until its longest side is at most ``side``."""
    factor = -(-max(frame.shape[:2]) // side)
    if factor == 1:
        return frame
    height, width = frame.shape[0] // factor, frame.shape[1] // factor
    blocks = frame[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
    shrunk: np.ndarray = blocks.mean(axis=(1, 3)).round().astype(np.uint8)
    return shrunk


def encoded(picture: np.ndarray, suffix: str) -> bytes:
    """A picture as a file of the format of ``suffix``."""
    import imageio.v3 as iio

    buffer = io.BytesIO()
    iio.imwrite(buffer, picture, extension=suffix.lower())
    return buffer.getvalue()
