"""The pictures of a sample: a part of a video, as something an extractor can read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from signgen.data.demux import decoded, opened
from signgen.data.video import Video, read_video
from signgen.dataset.manifest import Sample
from signgen.dataset.reasons import Reason
from signgen.errors import DataError

# A part may end this much after its file before that is worth a note [s].
GRACE = 0.1


class UnusableError(Exception):
    """A sample cannot be used, for a reason that no reader knows."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = Reason(name, detail)


@dataclass(frozen=True, eq=False)
class Clip(Video):
    """A part of a video: ``num_frames`` pictures from number ``first`` on, which is shown at ``start`` [s]."""

    first: int = 0
    start: float = 0.0

    def frames(self) -> Iterator[np.ndarray]:
        """The pictures of the part; of a long video only what lies behind the key frame before it is decoded."""
        if not self.first or not _is_indexed(self.path):
            return islice(super().frames(), self.first, self.first + self.num_frames)
        return islice(self._searched(), self.num_frames)

    def _searched(self) -> Iterator[np.ndarray]:
        for picture in decoded(self.path, self.start):
            if picture.shape != (self.height, self.width, 3):
                raise DataError(f"{self.path}: a frame changes the size; cut or scale the video first")
            yield picture


def _is_indexed(path: Path) -> bool:
    """Whether it is a kind of file in which times can be searched for and are exact: mp4 and mov, mkv and webm."""
    if path.is_dir():
        return False
    with path.open("rb") as file:
        head = file.read(8)
    return head[4:] == b"ftyp" or head[:4] == b"\x1a\x45\xdf\xa3"


def open_clip(sample: Sample, path: Path) -> tuple[Video, float]:
    """The pictures of a sample, and how long the whole file is [s].

    Raises:
        UnusableError: the part is not there, or is one picture.
        DataError: the file is damaged.
    """
    whole = read_video(path, fps=sample.fps)
    part = span(sample, whole.times)
    count = part.stop - part.start
    if count == 1:
        raise UnusableError("one-frame", "a single picture is no signing")
    times = whole.times[part] - whole.times[part.start]
    values = {field.name: getattr(whole, field.name) for field in dataclasses.fields(whole)}
    values |= {"num_frames": count, "times": times}
    return Clip(**values, first=part.start, start=float(whole.times[part.start])), whole.seconds


def span(sample: Sample, times: np.ndarray) -> slice:
    """The frames whose time lies in the part that the manifest asks for.

    Raises:
        UnusableError: there are none.
    """
    if not len(times):
        raise UnusableError("too-short", "0 frames")
    # Half a millisecond of grace: manifests give times in decimals.
    start = int(np.searchsorted(times, sample.start - 5e-4))
    end = len(times) if sample.end is None else int(np.searchsorted(times, sample.end - 5e-4))
    if start >= end:
        asked = f"{sample.start:g} to {'its end' if sample.end is None else f'{sample.end:g} s'}"
        raise UnusableError("out-of-range", f"{asked}, the file has {times[-1]:.2f} s")
    return slice(start, end)


def ends_early(sample: Sample, seconds: float) -> Iterator[Reason]:
    """Whether the file ends before the part that the manifest asks for, by more than rounding explains."""
    if sample.end is not None and sample.end > seconds + GRACE:
        yield Reason("ends-early", f"asked for {sample.end:.2f} s, the file has {seconds:.2f} s")


def rotation(path: Path) -> int:
    """By how many degrees a player turns the pictures of a video; pictures of a folder are not turned."""
    import av

    if path.is_dir():
        return 0
    with opened(path) as (container, stream):
        try:
            frame = next(container.decode(stream), None)
        except av.FFmpegError:
            return 0
    return 0 if frame is None else round(frame.rotation) % 360
