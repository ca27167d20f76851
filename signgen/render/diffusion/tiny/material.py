"""Training material of tiny-flow: videos of avatars beside the poses they were made from, decoded once.

A source is a folder of one signer's look: ``poses/NAME.npz`` as `signgen pose` writes them and
``videos/NAME.mp4`` of the same texts as `signgen generate` writes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signgen.data.atomic import atomic_path
from signgen.data.npz import read_npz
from signgen.data.video import read_video
from signgen.errors import DataError
from signgen.render.draw import fitted

POSES, VIDEOS = "poses", "videos"


@dataclass(frozen=True, eq=False)
class Clip:
    """One video with its poses.

    Attributes:
        source: number of the look that it shows.
        name: of the files.
        sha256: of the video.
        keypoints: (T, 128, 3) float32 in pixels of the frames.
        frames: (T, H, W, 3) uint8 RGB, read from disk where they are looked at.
    """

    source: int
    name: str
    sha256: str
    keypoints: np.ndarray
    frames: np.ndarray

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class Material:
    """What is learned from and what is only looked at, all of one size.

    Attributes:
        train: clips to learn from.
        held_out: clips that are never learned from.
        width: of the frames [px].
        height: of the frames [px].
    """

    train: tuple[Clip, ...]
    held_out: tuple[Clip, ...]
    width: int
    height: int

    @property
    def id(self) -> str:
        """Hash of all videos and poses, wherever they lie."""
        found = hashlib.sha256()
        for clip in (*self.train, *self.held_out):
            found.update(f"{clip.source} {clip.name} {clip.sha256} ".encode())
            found.update(clip.keypoints.tobytes())
        return found.hexdigest()


def open_material(
    sources: Sequence[Path], cache: Path, *, window: int, held_out: int, multiple: int
) -> Material:
    """Find, decode and check what is to be learned from.

    Args:
        sources: folders, one for each look.
        cache: folder for decoded frames, which are taken from there the next time.
        window: frames that a clip has at least; shorter ones are left out.
        held_out: last clips of each source that are not learned from.
        multiple: pixels that the sides of the frames must be a multiple of.

    Raises:
        DataError: a source without clips, poses that are not those of their video, or frames of several sizes.
        ResourceError: there is no room for the decoded frames.
    """
    train: list[Clip] = []
    looked_at: list[Clip] = []
    for number, source in enumerate(sources):
        clips = [clip for clip in _clips(number, source, cache) if len(clip) >= window]
        if len(clips) <= held_out:
            raise DataError(
                f"{source}: {len(clips)} clips of {window} frames or more, and {held_out} are held out; make more"
            )
        train += clips[: len(clips) - held_out]
        looked_at += clips[len(clips) - held_out :]
    sizes = {clip.frames.shape[1:3] for clip in train + looked_at}
    height, width = sizes.pop()
    if sizes or height % multiple or width % multiple:
        raise DataError(
            f"{sources[0]}: videos must be of one size, a multiple of {multiple}; make them with --size 256"
        )
    return Material(tuple(train), tuple(looked_at), width, height)


def _clips(number: int, source: Path, cache: Path) -> Iterator[Clip]:
    videos = sorted((source / VIDEOS).glob("*.mp4"))
    if not videos:
        raise DataError(
            f"{source / VIDEOS}: no videos; make them with `signgen generate --text-file TEXTS "
            f"-o {source / VIDEOS}`, and the poses with `signgen pose` likewise"
        )
    for video in videos:
        poses = read_npz(source / POSES / f"{video.stem}.npz")
        sha256, frames = _decoded(video, cache)
        if len(frames) != len(poses):
            raise DataError(
                f"{video}: {len(frames)} frames, but {len(poses)} poses; make both from the same texts and settings"
            )
        yield Clip(number, video.stem, sha256, fitted(poses, frames.shape[2], frames.shape[1]), frames)


def _decoded(video: Path, cache: Path) -> tuple[str, np.ndarray]:
    """Hash of a video and its frames, decoded to a file unless that was done before."""
    found = read_video(video)
    with video.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    shape = found.num_frames, found.height, found.width, 3
    path = cache / f"{sha256}.rgb"
    if not path.is_file() or path.stat().st_size != int(np.prod(shape)):
        with atomic_path(path) as temporary, temporary.open("wb") as out:
            for frame in found.frames():
                out.write(frame.tobytes())
    return sha256, np.memmap(path, np.uint8, "r", shape=shape)
