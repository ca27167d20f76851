"""Clips to learn from: videos that frozen networks encoded once, beside their poses in pixels of the same frames."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import numpy as np

from signgen.data.atomic import atomic_path
from signgen.data.poses import read_poses
from signgen.data.video import Video, read_video
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.resample import Box, covering, resample, to_bytes
from signgen.render.diffusion.training.encoding import Encoder
from signgen.render.diffusion.training.pairs import Pair
from signgen.render.diffusion.training.settings import VideoData, WindowData
from signgen.render.draw import fitted

AT_ONCE = 4  # frames that are encoded together
RATE_TOLERANCE = 0.01
Report = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Clip:
    """One clip.

    Attributes:
        source: number of the source that it is from.
        name: of the clip.
        id: hash of the video, the span and the poses, wherever they lie.
        video: for pictures of what is true.
        span: first frame of the clip in the video, and the one after its last.
        keypoints: (T, 128, 3) float32 in pixels of the frames.
        latents: (T, C, h, w) float16 most likely latents, not scaled; read from disk where they are looked at.
        pictures: numbers of frames that can be the picture of the signer; empty where none is needed.
        embeddings: (pictures, D) float16 of these frames.
    """

    source: int
    name: str
    id: str
    video: Video
    span: tuple[int, int]
    keypoints: np.ndarray
    latents: np.ndarray
    pictures: tuple[int, ...]
    embeddings: np.ndarray

    def __len__(self) -> int:
        return len(self.keypoints)


@dataclass(frozen=True)
class Footage:
    """What is learned from and what is only looked at, all of one size.

    Attributes:
        train: clips to learn from.
        held_out: clips that are never learned from.
        width: of the frames [px].
        height: of the frames [px].
        cell: pixels of a latent along a side.
    """

    train: tuple[Clip, ...]
    held_out: tuple[Clip, ...]
    width: int
    height: int
    cell: int

    @property
    def id(self) -> str:
        """Hash of all videos and poses, wherever they lie."""
        clips = [f"{clip.source} {clip.id}" for clip in (*self.train, *self.held_out)]
        return hashlib.sha256(" ".join([*clips, str(len(self.train))]).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Raw:
    """A pair that was looked at: poses in pixels of the video, which are as many as the frames of the span."""

    source: int
    pair: Pair
    video: Video
    span: tuple[int, int]
    poses: PoseSequence
    sha256: str


def look_at(pairs: Sequence[Pair], least: int) -> list[Raw]:
    """Open all pairs and check that videos and poses belong together; clips that are too short are left out.

    Raises:
        DataError: damaged files, or poses that are not those of their video.
    """
    sources = {source: number for number, source in enumerate(dict.fromkeys(pair.source for pair in pairs))}
    found = [_looked_at(sources[pair.source], pair) for pair in pairs]
    return [raw for raw in found if len(raw.poses) >= least]


def size_of(raws: Sequence[Raw], data: VideoData, multiple: int) -> tuple[int, int]:
    """Width and height of the frames that are learned from.

    Raises:
        DataError: nothing says it, as the videos are of several sizes; or sides that the networks do not take.
    """
    if data.width is not None and data.height is not None:
        size, where = (data.width, data.height), "data.width, data.height"
    else:
        sizes = {(raw.video.width, raw.video.height) for raw in raws}
        if len(sizes) > 1 or data.width is not None or data.height is not None:
            few = ", ".join(f"{width}x{height}" for width, height in sorted(sizes)[:3])
            raise DataError(f"data.width: videos are of {few} px; set data.width and data.height, both")
        size, where = sizes.pop(), str(raws[0].pair.video)
    if any(side % multiple for side in size):
        wide, high = (max(1, round(side / multiple)) * multiple for side in size)
        raise DataError(
            f"{where}: {size[0]}x{size[1]} px; sides must be multiples of {multiple}: "
            f"set data.width={wide} and data.height={high}"
        )
    return size


@dataclass(frozen=True)
class Studio:
    """Where clips are encoded.

    Attributes:
        encoder: the frozen networks.
        data: the settings.
        cache: folder for what is encoded, which is taken from there the next time.
        size: width and height of the frames [px].
        report: told which clip is encoded.
    """

    encoder: Encoder
    data: VideoData
    cache: Path
    size: tuple[int, int]
    report: Report

    def encode(self, raws: Sequence[Raw]) -> None:
        """Encode what is not yet in the cache.

        Raises:
            DataError: a frame cannot be decoded.
            ResourceError: there is no room.
        """
        for raw in raws:
            _file(raw, self)


def open_footage(raws: Sequence[Raw], studio: Studio) -> Footage:
    """Take clips from the cache, encode those that are not there, and divide them.

    Raises:
        DataError: a source has no clip left to learn from, or a frame cannot be decoded.
        ResourceError: there is no room for what is encoded.
    """
    data = studio.data
    by_source: dict[int, list[Clip]] = {}
    for raw in raws:
        by_source.setdefault(raw.source, []).append(_clip(raw, studio))
    train, held_out = [], []
    for clips in by_source.values():
        if len(clips) <= data.held_out:
            where = raws[0].pair.source if len(by_source) == 1 else clips[0].video.path.parent
            raise DataError(
                f"{where}: {len(clips)} clips that are long enough, and data.held_out={data.held_out} are not "
                "learned from; make more"
            )
        train += clips[: len(clips) - data.held_out]
        held_out += clips[len(clips) - data.held_out :]
    if not train:
        raise DataError(
            "data.sources: no clip is long enough for data.window; use a shorter window, or longer clips"
        )
    return Footage(tuple(train), tuple(held_out), *studio.size, studio.encoder.cell)


def frames_of(clip: Clip, numbers: Sequence[int], width: int, height: int) -> np.ndarray:
    """(n, height, width, 3) uint8 frames of a clip, decoded anew; ``numbers`` rise."""
    first, last = clip.span
    wanted = {first + number for number in numbers}
    video = islice(clip.video.frames(), last)
    box = _box(clip.video, width, height)
    return np.stack([_cut(frame, box, width, height) for place, frame in enumerate(video) if place in wanted])


def _looked_at(source: int, pair: Pair) -> Raw:
    video = read_video(pair.video)
    people = read_poses(pair.poses, fps=video.fps, width=video.width, height=video.height)
    if pair.person >= len(people):
        raise DataError(f"{pair.poses}: {len(people)} people, and number {pair.person} is asked for")
    poses = people[pair.person]
    end = video.times[-1] + 1 if pair.end is None else pair.end
    # A frame belongs to a span if it starts in it, give or take what times are rounded to.
    first, last = np.searchsorted(video.times, [pair.start - 1e-4, end - 1e-4])
    if len(poses) == video.num_frames:  # of the whole video, of which a part is meant
        poses = poses[int(first) : int(last)]
    if abs(poses.fps / video.fps - 1) > RATE_TOLERANCE or last - first != len(poses):
        raise DataError(
            f"{pair.poses}: {len(poses)} poses at {poses.fps:g} fps, but {last - first} frames at {video.fps:g} fps in "
            f"{pair.video.name}; make both from the same text and settings, or extract the poses from the video"
        )
    placed = PoseSequence(fitted(poses, video.width, video.height), poses.fps, video.width, video.height)
    with pair.video.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Raw(source, pair, video, (int(first), int(last)), placed, digest)


def _clip(raw: Raw, studio: Studio) -> Clip:
    encoder, path = studio.encoder, _file(raw, studio)
    shape = _shape(raw, studio)
    latents = np.memmap(path, np.float16, "r", shape=shape)
    rest = np.fromfile(path, np.float16, offset=2 * int(np.prod(shape)))
    keypoints = _moved(raw, studio.size)
    own = hashlib.sha256(f"{raw.sha256} {raw.span}".encode() + keypoints.tobytes()).hexdigest()
    return Clip(
        raw.source, raw.pair.name, own, raw.video, raw.span, keypoints, latents,
        _pictures(len(raw.poses), studio.data), rest.reshape(-1, encoder.embedded or 1),
    )  # fmt: skip


def _file(raw: Raw, studio: Studio) -> Path:
    """What a clip is encoded to: latents of all frames, then the embeddings of those that can be pictures."""
    encoder, pictures = studio.encoder, _pictures(len(raw.poses), studio.data)
    key = hashlib.sha256(
        f"{raw.sha256} {raw.span} {studio.size} {pictures} {encoder.id}".encode()
    ).hexdigest()
    path = studio.cache / f"{key[:32]}.f16"
    count = int(np.prod(_shape(raw, studio))) + len(pictures) * encoder.embedded
    if not path.is_file() or path.stat().st_size != 2 * count:
        studio.report(f"encoding {raw.pair.name}, {len(raw.poses)} frames")
        with atomic_path(path) as temporary, temporary.open("wb") as out:
            _encode(raw, encoder, pictures, studio.size, out)
    return path


def _shape(raw: Raw, studio: Studio) -> tuple[int, int, int, int]:
    cell, (width, height) = studio.encoder.cell, studio.size
    return len(raw.poses), studio.encoder.channels, height // cell, width // cell


def _encode(
    raw: Raw, encoder: Encoder, pictures: tuple[int, ...], size: tuple[int, int], out: BinaryIO
) -> None:
    """Latents of all frames to a file, then the embeddings of those that can be pictures."""
    embeddings, number = [], 0
    for frames in _batches(raw, size):
        out.write(encoder.latents(frames).astype(np.float16).tobytes())
        for frame in frames:
            if number in pictures:
                embeddings.append(encoder.embedding(frame).astype(np.float16))
            number += 1
    out.writelines(embedding.tobytes() for embedding in embeddings)


def _batches(raw: Raw, size: tuple[int, int]) -> Iterator[np.ndarray]:
    box = _box(raw.video, *size)
    frames = islice(raw.video.frames(), *raw.span)
    while some := list(islice(frames, AT_ONCE)):
        yield np.stack([_cut(frame, box, *size) for frame in some])


def _pictures(count: int, data: VideoData) -> tuple[int, ...]:
    """Frames that can be the picture of the signer, evenly spread."""
    if not isinstance(data, WindowData):
        return ()
    return tuple(sorted(set(np.linspace(0, count - 1, data.pictures).round().astype(int).tolist())))


def _box(video: Video, width: int, height: int) -> Box:
    return covering(video.width, video.height, width, height)


def _cut(frame: np.ndarray, box: Box, width: int, height: int) -> np.ndarray:
    if frame.shape[:2] == (height, width):
        return frame
    return to_bytes(resample(frame, box, width, height))


def _moved(raw: Raw, size: tuple[int, int]) -> np.ndarray:
    """(T, 128, 3) keypoints in pixels of the frames that are learned from."""
    box = _box(raw.video, *size)
    keypoints = raw.poses.keypoints.copy()
    scale = np.float32(size[0] / box.width), np.float32(size[1] / box.height)
    keypoints[..., :2] = (keypoints[..., :2] - np.array([box.left, box.top], np.float32)) * scale
    keypoints[keypoints[..., 2] == 0] = 0
    return keypoints
