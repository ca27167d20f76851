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
    from av.video.reformatter import VideoReformatter

MAX_SIDE = 16384
# Times closer than this are one, whatever fractions they were computed from [s].
_SAME_TIME = 1e-4
MAX_PIXELS = 1 << 26  # twice 8K

# Demuxers that play a file's own bytes. Playlists (hls, concat) open other files and addresses, and the
# text demuxers make a video out of any text.
_FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,gif"
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}


@dataclass(frozen=True, eq=False)
class Packets:
    """Account of the video packets of a file.

    Attributes:
        shown: pictures that a player shows.
        rate: frames per second; the average where the rate varies.
        times: (shown,) float64 times of the pictures, the first at 0 [s]; read-only.
        is_variable_rate: pictures are not equally spaced in time.
        metadata: tags of the container.
    """

    shown: int
    rate: Fraction
    times: np.ndarray
    is_variable_rate: bool
    metadata: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class _Count:
    """Packets found by one pass: all whole ones, times of those to be shown [ticks], and the last end [s]."""

    whole: int
    times: np.ndarray
    end: float


def scan(path: Path) -> Packets:
    """Count the video packets of a file and compare them with what its container declares.

    Raises:
        DataError: missing, empty, not a video, without a rate, cut off, or of pictures too large to decode.
    """
    with opened(path) as (container, stream):
        _check_size(path, stream)
        declared, tick = stream.frames, Fraction(stream.time_base or 1)
        rate = stream.average_rate or stream.guessed_rate
        seconds = (container.duration or 0) / 1e6
        metadata = dict(container.metadata)
        count = _count(container, stream)
    if not rate:
        raise DataError(f"{path}: the video has no frame rate")
    if count.whole < declared:
        _check_without_edits(path, declared)
    if not declared:
        _check_duration(path, count, seconds, float(rate))
        _check_matroska_size(path)
    is_variable = _is_variable(count.times)
    if is_variable:
        rate = (len(count.times) - 1) / (int(count.times[-1] - count.times[0]) * tick)
    times = (count.times - count.times[:1]) * float(tick)
    times.setflags(write=False)
    return Packets(len(times), Fraction(rate), times, is_variable, metadata)


def decoded(path: Path, start: float = 0.0) -> Iterator[np.ndarray]:
    """Pictures of the first video stream as uint8 (H, W, 3) RGB, turned the way a player shows them.

    Args:
        path: the file.
        start: time of the first one wanted, counted from the first one shown [s]; decoding starts at the key frame
            before it. Only for mp4, mov, mkv and webm: other files have no index, or no exact times.

    Raises:
        DataError: a packet cannot be decoded; the text says which frame.
    """
    import av
    from av.video.reformatter import VideoReformatter

    number = 0
    with opened(path) as (container, stream):
        stream.codec_context.thread_type = "AUTO"
        frames, reformatter = _frames_from(container, stream, start), VideoReformatter()
        while True:
            try:
                frame = next(frames, None)
                if frame is None:
                    return
                picture = _picture(frame, reformatter)
            except (av.FFmpegError, ValueError) as error:
                reason = getattr(error, "strerror", None) or error
                raise DataError(f"{path}: frame {number} cannot be decoded: {reason}") from None
            yield picture
            number += 1


def _frames_from(container: InputContainer, stream: VideoStream, start: float) -> Iterator[VideoFrame]:
    """Frames from a time on; those between the key frame before it and it are decoded and dropped."""
    frames = container.decode(stream)
    first = next(frames, None)
    if first is None:
        return
    if start <= 0 or first.time is None or stream.time_base is None:
        yield first
    else:
        wanted = first.time + start - _SAME_TIME
        container.seek(int(wanted / stream.time_base), stream=stream)
        frames = container.decode(stream)
        frame = next(frames, None)
        if frame is None or frame.time is None or frame.time > wanted + 2 * _SAME_TIME:
            container.seek(first.pts or 0, stream=stream)  # beyond it: the file has no index to search in
            frames = container.decode(stream)
            frame = next(frames, None)
        while frame is not None and (frame.time or 0.0) < wanted:
            frame = next(frames, None)
        if frame is not None:
            yield frame
    yield from frames


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

    whole = 0
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
                times.append(packet.pts if packet.pts is not None else packet.dts or 0)
    except av.FFmpegError:
        pass  # what came so far is what the file holds; the caller compares
    end -= (container.start_time or 0) / 1e6
    return _Count(whole, np.sort(np.array(times, np.int64)), end)


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
            f"{path}: holds {count.whole} of about {round(seconds * rate)} frames "
            f"({count.end:.2f} of {seconds:.2f} s); the file is cut off, get it again"
        )


def _check_matroska_size(path: Path) -> None:
    """A finished Matroska file says how long it is: an EBML header, then the segment with its size."""
    with path.open("rb") as file:
        head = file.read(4096)
    end = 0
    for element in (b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"):
        if head[end : end + 4] != element or len(head) < end + 13:
            return
        length = 9 - head[end + 4].bit_length()  # leading zero bits of a size tell how many bytes it has
        bits = 7 * length
        size = int.from_bytes(head[end + 4 : end + 4 + length], "big") & ((1 << bits) - 1)
        if length > 8 or size == (1 << bits) - 1:  # all ones: a live recording of unknown size
            return
        end += 4 + length + size
    found = path.stat().st_size
    if found < end:
        raise DataError(f"{path}: has {found} of {end} bytes; the file is cut off, get it again")


def _is_variable(times: np.ndarray) -> bool:
    """Whether the steps between pictures differ by more than rounding to the time base explains."""
    steps = np.diff(times)
    if len(steps) < 2:
        return False
    middle = float(np.median(steps))
    return bool(np.abs(steps - middle).max() > max(2.0, 0.1 * middle))


def _picture(frame: VideoFrame, reformatter: VideoReformatter) -> np.ndarray:
    """RGB the way a player shows it, not mirrored but turned.

    The quick conversion cuts fractions off and loses 1 to 1.5 of 255 levels on average, each time a video
    is read; the accurate one rounds. It costs 1 ms for 512x512 px.
    """
    from av.video.reformatter import Interpolation

    accurate = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    picture = reformatter.reformat(frame, format="rgb24", interpolation=accurate).to_ndarray()
    return np.ascontiguousarray(np.rot90(picture, round(frame.rotation / 90) % 4))
