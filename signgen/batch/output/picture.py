"""The picture of a data set's card: a few samples, a row each, from the first sign to the last."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from signgen.batch.output.commits import shard_path
from signgen.batch.output.shard import ShardFacts
from signgen.data.tar_clips import VIDEO, TarClip, TarClips
from signgen.data.video import read_video
from signgen.render.draw import draw
from signgen.workflow.sheet import encoded, shrunk, spaced, tiled

PICTURE = "samples.png"
ROWS, COLUMNS = 4, 6
# Of one of its frames [px]; poses are drawn larger and averaged down.
SIDE, FINER = 200, 2
_PAPER = 24


@dataclass(frozen=True)
class Shown:
    """A sample of the picture.

    Attributes:
        key: its id.
        text: what is signed.
        gloss: in which signs.
        signer: by whom; may be empty.
    """

    key: str
    text: str
    gloss: str
    signer: str


def picture(folder: Path, shards: Sequence[ShardFacts]) -> tuple[bytes, tuple[Shown, ...]]:
    """A PNG of frames of up to `ROWS` samples, evenly spaced over all, and what they show from above.

    Frames of the video where there is one, else the poses as a skeleton.

    Raises:
        DataError: a shard is damaged.
    """
    frames: list[np.ndarray] = []
    shown: list[Shown] = []
    starts = np.cumsum([0, *(facts.samples for facts in shards)])
    for place in spaced(int(starts[-1]), ROWS):
        number = int(np.searchsorted(starts, place, "right")) - 1
        with TarClips(shard_path(folder, shards[number])) as shard:
            clip = place - int(starts[number])
            entry = shard.clips[clip]
            frames += _row(shard, clip, _times(entry))
            info = entry.info
        shown.append(Shown(entry.name, info["text"], info.get("gloss", ""), info.get("signer", "")))
    return encoded(tiled(frames, COLUMNS), ".png"), tuple(shown)


def _times(entry: TarClip) -> list[int]:
    """`COLUMNS` frame numbers from the middle of the first sign to that of the last."""
    signs = [(start + end) // 2 for _, start, end in entry.info.get("timeline", ())]
    first, last = (signs[0], signs[-1]) if len(signs) > 1 else (entry.frames // 5, entry.frames * 4 // 5)
    last = min(last, entry.frames - 1)
    return [round(t) for t in np.linspace(min(first, last), last, COLUMNS)]


def _row(shard: TarClips, clip: int, times: Sequence[int]) -> list[np.ndarray]:
    if VIDEO in shard.clips[clip].members:
        return [_squared(frame) for frame in _film(shard.read_member(clip, VIDEO), times)]
    poses = shard.read(clip)
    scale = FINER * SIDE / max(poses.width, poses.height)
    width, height = (max(2, round(side * scale / 2) * 2) for side in (poses.width, poses.height))
    drawn = (next(iter(draw(poses[t : t + 1], width=width, height=height))) for t in times)
    return [_squared(frame) for frame in drawn]


def _film(data: bytes, times: Sequence[int]) -> list[np.ndarray]:
    """Frames of a video; ``times`` do not fall."""
    with tempfile.TemporaryDirectory(prefix="signgen-") as folder:
        path = Path(folder) / "sample.mp4"
        path.write_bytes(data)
        frames, taken, done = read_video(path).frames(), dict[int, np.ndarray](), 0
        for t in dict.fromkeys(times):
            taken[t] = next(islice(frames, t - done, None)).copy()
            done = t + 1
        return [taken[t] for t in times]


def _squared(frame: np.ndarray) -> np.ndarray:
    """The frame made smaller, in the middle of a square of `SIDE`."""
    small = shrunk(frame, SIDE)
    square = np.full((SIDE, SIDE, 3), _PAPER, np.uint8)
    top, left = ((SIDE - side) // 2 for side in small.shape[:2])
    square[top : top + small.shape[0], left : left + small.shape[1]] = small
    return square
