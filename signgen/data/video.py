"""Video files, frame by frame: H.264 mp4 out, the usual containers in, every frame accounted for.

PyAV is used directly and not through imageio's plugin, which has no public way to set quality, threads and
colours, and ends a cut file without a word (docs/decisions/0005-pyav-directly.md).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from signgen.data.atomic import atomic_path
from signgen.data.demux import decoded, scan
from signgen.data.picture_file import is_picture, read_picture
from signgen.data.pictures import decoded_pictures, picture_files
from signgen.errors import ConfigError, DataError, RenderError

if TYPE_CHECKING:
    from av import VideoStream
    from av.container import OutputContainer

# Said in the comment tag of every video we make, so that machines can tell it from a recording.
# Names by which a file among others is taken for a video; what it really is, its content decides.
SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".flv", ".ogv", ".wmv")
SYNTHETIC_MARK = "synthetic: machine-made signing, not a recording of a person"

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
TAGS = ("title", "comment", "description", "copyright", "artist", "date", "genre")
MAX_TAG_CHARACTERS = 1024
MAX_FPS = 1000
STILL_RATE = 24  # frames per second that a single picture is said to have
MAX_SIDE = 8192

# x264's result depends on the number of threads; a fixed one gives the same bytes on 2 cores and on 64.
_ENCODER_THREADS = 4

# Without it x264's vector code for macroblock trees reads memory it never wrote, and the same frames give
# other bytes from run to run (measured: six results of six fillings of fresh memory; with it, one).
_REPRODUCIBLE = {"x264-params": "cpu-independent=1"}


def write_video(
    frames: Iterable[np.ndarray],
    path: Path,
    fps: float | Fraction,
    *,
    crf: int = 18,
    preset: str = "medium",
    metadata: Mapping[str, str] | None = None,
) -> int:
    """Encode frames one by one as an H.264 mp4 that plays anywhere; the same frames give the same bytes.

    Memory does not grow with the number of frames. The file appears whole or not at all.

    Args:
        frames: uint8 (H, W, 3) RGB of one even size.
        path: the ``.mp4`` file.
        fps: frames per second; kept exactly as a fraction.
        crf: 0 (lossless) to 51 (worst); 18 looks the same as the original.
        preset: how long x264 may take for a smaller file; one of `PRESETS`.
        metadata: tags out of `TAGS`; the comment always starts with `SYNTHETIC_MARK`.

    Returns:
        Number of frames written.

    Raises:
        ConfigError: a setting out of range, an odd frame size, an unknown tag.
        RenderError: no frames, or frames of the wrong type or of several sizes.
        ResourceError: the disk is full or the folder cannot be written.
    """
    if path.suffix.lower() != ".mp4":
        raise ConfigError(f"{path}: videos are written as .mp4")
    if not 0 <= crf <= 51:
        raise ConfigError(f"crf: expected 0 (lossless) to 51 (worst), got {crf}")
    if preset not in PRESETS:
        raise ConfigError(f"preset: expected one of {', '.join(PRESETS)}, got {preset!r}")
    rate, tags = as_rate(fps), _tags(metadata or {})
    stream_of_frames = iter(frames)
    first = next(stream_of_frames, None)
    if first is None:
        raise RenderError(f"{path}: no frames to write")
    height, width = _checked_size(first, path)
    checked = _of_one_size(itertools.chain([first], stream_of_frames), first.shape, path)
    with atomic_path(path) as temporary, _encoder_errors(path, width, height), _mp4(temporary, tags) as mp4:
        stream = _h264_stream(mp4, rate, width, height, {"crf": str(crf), "preset": preset, **_REPRODUCIBLE})
        return _encode(checked, stream, mp4)


def as_rate(fps: float | Fraction) -> Fraction:
    """A frame rate as the fraction it stands for: 29.97002997 is 30000/1001.

    Raises:
        ConfigError: not in (0, 1000].
    """
    if not (math.isfinite(fps) and 0 < fps <= MAX_FPS):
        raise ConfigError(f"fps: expected a rate in (0, {MAX_FPS}], got {fps}")
    rate = Fraction(fps).limit_denominator(65535)
    if rate == 0:
        raise ConfigError(f"fps: {fps} is too slow for a video file")
    return rate


@dataclass(frozen=True, eq=False)
class Video:
    """A video file that is whole as far as its container tells; made by `read_video`.

    Attributes:
        path: the file.
        rate: frames per second; the average where the rate varies.
        width: of a frame as it is shown, rotation applied [px].
        height: of a frame as it is shown [px].
        num_frames: number of frames shown.
        times: (num_frames,) float64 time of each frame, the first at 0 [s].
        is_variable_rate: frames are not equally spaced in time.
        metadata: tags of the container.
    """

    path: Path
    rate: Fraction
    width: int
    height: int
    num_frames: int
    times: np.ndarray
    is_variable_rate: bool
    metadata: Mapping[str, str]

    @property
    def fps(self) -> float:
        """Frames per second."""
        return float(self.rate)

    @property
    def seconds(self) -> float:
        """Duration [s]."""
        return float(self.num_frames / self.rate)

    def frames(self) -> Iterator[np.ndarray]:
        """Decode uint8 (H, W, 3) RGB frames one by one; each call starts anew.

        Raises:
            DataError: a frame cannot be decoded, changes size, or is missing at the end.
        """
        count = 0
        for picture in _decoded(self.path):
            if picture.shape != (self.height, self.width, 3):
                raise DataError(f"{self.path}: frame {count} changes the size; cut or scale the video first")
            count += 1
            yield picture
        if count < self.num_frames:
            raise DataError(
                f"{self.path}: only {count} of {self.num_frames} frames can be decoded; "
                "the file is damaged, get it again"
            )


def read_video(path: Path, *, fps: float | None = None) -> Video:
    """Open a video and count its frames without decoding them, so that a cut file is refused at once.

    Args:
        path: a video, a picture, or a folder of pictures, one for each frame.
        fps: frames per second of a folder of pictures; a video says so itself.

    Raises:
        DataError: missing, empty, not a video, cut off (the text gives both counts) or too large to decode; a folder
            without pictures, with gaps, or without a rate.
    """
    if path.is_dir():
        return _read_pictures(path, fps)
    if is_picture(path):
        height, width = read_picture(path)[0].shape[:2]
        return Video(path, as_rate(fps or STILL_RATE), width, height, 1, np.zeros(1), False, {})
    found = scan(path)
    first = next(decoded(path), None)
    if first is None:
        raise DataError(
            f"{path}: 0 of {found.shown} frames can be decoded; the file is damaged, get it again"
        )
    height, width = first.shape[:2]
    return Video(
        path, found.rate, width, height, found.shown, found.times, found.is_variable_rate, found.metadata
    )


def _decoded(path: Path) -> Iterator[np.ndarray]:
    if path.is_dir():
        return decoded_pictures(path)
    return iter((read_picture(path)[0],)) if is_picture(path) else decoded(path)


def _read_pictures(folder: Path, fps: float | None) -> Video:
    try:
        count = len(picture_files(folder))
    except DataError as error:
        reason = str(error).removeprefix(f"{folder}: ")
        raise DataError(f"{folder}: not a file, and as a folder of pictures: {reason}") from None
    if fps is None:
        raise DataError(f"{folder}: a folder of pictures does not say its frame rate; give fps")
    height, width = next(decoded_pictures(folder)).shape[:2]
    times = np.arange(count) / fps
    times.flags.writeable = False
    return Video(folder, as_rate(fps), width, height, count, times, False, {})


def _tags(metadata: Mapping[str, str]) -> dict[str, str]:
    unknown = sorted(set(metadata) - set(TAGS))
    if unknown:
        raise ConfigError(f"metadata {unknown[0]!r}: mp4 has no such tag; it has: {', '.join(TAGS)}")
    comment = "; ".join(text for text in (SYNTHETIC_MARK, metadata.get("comment", "")) if text)
    return {name: _one_line(text) for name, text in {**metadata, "comment": comment}.items()}


def _one_line(text: str) -> str:
    """Text without control characters and lone surrogates, cut to a length that players accept."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    line = " ".join("".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in plain).split())
    return line if len(line) <= MAX_TAG_CHARACTERS else line[: MAX_TAG_CHARACTERS - 1] + "…"


def _checked_size(frame: np.ndarray, path: Path) -> tuple[int, int]:
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise RenderError(f"{path}: frames must be uint8 (H, W, 3), got {frame.dtype} {frame.shape}")
    height, width = frame.shape[:2]
    if not (2 <= width <= MAX_SIDE and 2 <= height <= MAX_SIDE):
        raise ConfigError(f"{path}: frames of {width}x{height} px; each side must be 2 to {MAX_SIDE}")
    if width % 2 or height % 2:
        raise ConfigError(
            f"{path}: H.264 needs even sides, got {width}x{height} px; "
            f"use {width + width % 2}x{height + height % 2}"
        )
    return height, width


def _of_one_size(frames: Iterable[np.ndarray], shape: tuple[int, ...], path: Path) -> Iterator[np.ndarray]:
    for number, frame in enumerate(frames):
        if frame.shape != shape or frame.dtype != np.uint8:
            raise RenderError(
                f"{path}: frame {number} is {frame.dtype} {frame.shape}, frame 0 was uint8 {shape}"
            )
        yield frame


@contextmanager
def _mp4(path: Path, tags: Mapping[str, str]) -> Iterator[OutputContainer]:
    import av

    # faststart puts the index first, so that a player can start before it has the whole file;
    # bitexact keeps library versions out of the container.
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        container.metadata.update(tags)
        yield container


@contextmanager
def _encoder_errors(path: Path, width: int, height: int) -> Iterator[None]:
    import av

    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise RenderError(f"{path}: the encoder refused {width}x{height} px: {error.strerror}") from None


def _h264_stream(
    container: OutputContainer, rate: Fraction, width: int, height: int, options: dict[str, str]
) -> VideoStream:
    stream: VideoStream = container.add_stream("libx264", rate=rate, options=options)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    codec = stream.codec_context
    codec.thread_type, codec.thread_count = "FRAME", _ENCODER_THREADS
    codec.gop_size = max(1, round(2 * rate))  # a key frame every two seconds: stepping back stays quick
    # sRGB primaries with the BT.601 matrix, and said so: readers that ignore the tags assume just that.
    codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range = 1, 1, 6, 1
    return stream


def _encode(frames: Iterable[np.ndarray], stream: VideoStream, container: OutputContainer) -> int:
    import av

    count = 0
    for frame in frames:
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        container.mux(stream.encode(picture))
        count += 1
    container.mux(stream.encode(None))
    return count
