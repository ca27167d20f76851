"""What a video container really holds: its packets counted against its own account, its pictures decoded.

A cut file often decodes without an error, only shorter. Counting packets reads the file once, decodes
nothing, and finds that before the first frame is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from signgen.errors import DataError

if TYPE_CHECKING:
    from av import VideoFrame, VideoStream
    from av.container import InputContainer

MAX_SIDE = 16384
MAX_PIXELS = 1 << 26  # twice 8K

# Demuxers that play a file's own bytes. Playlists (hls, concat) open other files and addresses, and the
# text demuxers make a video out of any text.
_FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,gif"
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}


@dataclass(frozen=True)
class Packets:
    """Account of the video packets of a file.

    Attributes:
        shown: pictures that a player shows.
        rate: frames per second; the average where the rate varies.
        is_variable_rate: pictures are not equally spaced in time.
        metadata: tags of the container.
    """

    shown: int
    rate: Fraction
    is_variable_rate: bool
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class _Count:
    """Packets found by one pass: all whole ones, those to be shown, their times and the last end [s]."""

    whole: int
    shown: int
    times: np.ndarray
    tick: float
    end: float


def scan(path: Path) -> Packets:
    """Count the video packets of a file and compare them with what its container declares.

    Raises:
        DataError: missing, empty, not a video, without a rate, cut off, or of pictures too large to decode.
    """
    with opened(path) as (container, stream):
        _check_size(path, stream)
        declared, rate = stream.frames, stream.average_rate or stream.guessed_rate
        seconds = (container.duration or 0) / 1e6
        metadata = dict(container.metadata)
        count = _count(container, stream)
    if not rate:
        raise DataError(f"{path}: the video has no frame rate")
    if count.whole < declared:
        _check_without_edits(path, declared)
    if not declared:
        _check_duration(path, count, seconds, float(rate))
    return Packets(count.shown, Fraction(rate), _is_variable(count), metadata)


def decoded(path: Path) -> Iterator[np.ndarray]:
    """Pictures of the first video stream as uint8 (H, W, 3) RGB, turned the way a player shows them.

    Raises:
        DataError: a packet cannot be decoded; the text says which frame.
    """
    import av

    number = 0
    with opened(path) as (container, stream):
        stream.codec_context.thread_type = "AUTO"
        frames = container.decode(stream)
        while True:
            try:
                frame = next(frames, None)
            except (av.FFmpegError, ValueError) as error:
                reason = getattr(error, "strerror", None) or error
                raise DataError(f"{path}: frame {number} cannot be decoded: {reason}") from None
            if frame is None:
                return
            yield _upright(frame)
            number += 1


@contextmanager
def opened(path: Path, **options: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The container of a file and its first video stream that is not a cover picture.

    Args:
        path: the file.
        **options: options of the demuxer.

    Raises:
        DataError: missing, empty, not a video of a known format, or without a video stream.
    """
    import av

    _check_file(path)
    try:
        container = av.open(str(path.absolute()), options={**_OPTIONS, **options}, metadata_errors="replace")
    except av.FFmpegError as error:
        raise DataError(
            f"{path}: not a video that can be read ({error.strerror}); is it cut off, or of another format?"
        ) from None
    with container:
        for stream in container.streams.video:
            if not stream.disposition & stream.disposition.__class__.attached_pic:
                break
        else:
            raise DataError(f"{path}: no video stream in this file")
        if stream.codec_context is None:
            raise DataError(f"{path}: the video is of a codec that cannot be decoded")
        yield container, stream


def _check_file(path: Path) -> None:
    try:
        if not path.is_file():
            raise DataError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
        if path.stat().st_size == 0:
            raise DataError(f"{path}: the file is empty")
        path.open("rb").close()
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _check_size(path: Path, stream: VideoStream) -> None:
    width, height = stream.codec_context.width, stream.codec_context.height
    if width < 1 or height < 1:
        raise DataError(f"{path}: the video has no picture size; is it cut off?")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise DataError(f"{path}: pictures of {width}x{height} px are too large; scale the video down")


def _count(container: InputContainer, stream: VideoStream) -> _Count:
    import av

    whole = shown = 0
    end = 0.0
    times: list[int] = []
    streams = [s for s in container.streams if s.type in ("video", "audio")]
    try:
        for packet in container.demux(streams):
            if packet.size == 0:
                continue
            if packet.pts is not None:
                end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
            if packet.stream_index != stream.index or packet.is_corrupt:
                continue
            whole += 1
            if not packet.is_discard:
                shown += 1
                times.append(packet.pts if packet.pts is not None else packet.dts or 0)
    except av.FFmpegError:
        pass  # what came so far is what the file holds; the caller compares
    end -= (container.start_time or 0) / 1e6
    return _Count(whole, shown, np.sort(np.array(times, np.int64)), float(stream.time_base or 0), end)


def _check_without_edits(path: Path, declared: int) -> None:
    """A trimmed mp4 hides packets behind an edit list: they must be there all the same."""
    with opened(path, ignore_editlist="1") as (container, stream):
        whole = _count(container, stream).whole
    if whole < declared:
        raise DataError(f"{path}: holds {whole} of {declared} frames; the file is cut off, get it again")


def _check_duration(path: Path, count: _Count, seconds: float, rate: float) -> None:
    """Containers that declare no count, such as Matroska, still declare a duration."""
    if count.end < seconds - max(2.5 / rate, 0.1):
        raise DataError(
            f"{path}: holds {count.shown} of about {round(seconds * rate)} frames "
            f"({count.end:.2f} of {seconds:.2f} s); the file is cut off, get it again"
        )


def _is_variable(count: _Count) -> bool:
    """Whether the steps between pictures differ by more than rounding to the time base explains."""
    steps = np.diff(count.times)
    if len(steps) < 2:
        return False
    middle = float(np.median(steps))
    return bool(np.abs(steps - middle).max() > max(2.0, 0.1 * middle))


def _upright(frame: VideoFrame) -> np.ndarray:
    picture: np.ndarray = frame.to_ndarray(format="rgb24")
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture
