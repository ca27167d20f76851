"""Poses laid over their video, beside the skeleton alone, above a strip of how surely each hand was found."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.batch_clips import is_clip, read_clip
from signgen.data.poses import read_poses
from signgen.data.sidecar import read_sidecar, sidecar_path
from signgen.data.video import SUFFIXES, Video, read_video, write_video
from signgen.errors import ConfigError, DataError, SignGenError
from signgen.pose.clean import clean
from signgen.pose.layout import LEFT_HAND, RIGHT_HAND
from signgen.pose.quality import quality, reject_reasons
from signgen.pose.sequence import PoseSequence
from signgen.render.draw import fitted, overlay, painter
from signgen.workflow import digest, outputs
from signgen.workflow.convert import pick_person
from signgen.workflow.progress import Progress, counted, silent
from signgen.workflow.view_page import page

PAGE_SUFFIXES = (".html", ".htm")
# Longest side of one panel [px]; larger videos are scaled down by a whole factor.
SIDE = 960
# A page carries its video within itself.
MAX_PAGE_VIDEO = 64 << 20
# Height of the row of one hand in the strip as a share of a panel's height, and the colours of its parts.
ROW_SHARE = 0.05
PAPER, LINE, CURSOR = (24, 27, 33), (70, 76, 86), (255, 255, 255)
HANDS = (("right", RIGHT_HAND, (245, 166, 66)), ("left", LEFT_HAND, (84, 190, 200)))


def view(
    file: str | Path,
    output: str | Path,
    *,
    video: Path | None = None,
    poses: Path | None = None,
    person: int = 0,
    force: bool = False,
    progress: Progress = silent,
) -> Path:
    """Show poses on the video they were found in.

    Args:
        file: poses, a sample of a batch as ``BATCH/KEY``, or a video. The other one of poses and video is found by the
            sidecar of the poses, by its name, or in the batch.
        output: ``.mp4``, or ``.html`` for a page with the video, its figures and what was repaired.
        video: the video of the poses, where it cannot be found.
        poses: the poses of the video, where they cannot be found.
        person: which of several signers, counted from 0.
        force: replace a file that exists.
        progress: told how far the drawing is.

    Raises:
        SignGenError: a leaf that says what is wrong; then nothing is left behind.
    """
    file, output = Path(file), Path(output)
    if output.suffix not in (outputs.VIDEO_SUFFIX, *PAGE_SUFFIXES):
        raise ConfigError(f"{output}: expected a name that ends in .mp4 or .html")
    outputs.refuse_existing((output,), force)
    with tempfile.TemporaryDirectory(prefix="signgen-view-") as folder:
        found, film = _pair(file, video or _video_inside(file, Path(folder)), poses)
        signer = pick_person(read_poses(found), person, found)
        source = read_video(film) if film else None
        frames = counted(view_frames(signer, source), "drawing", len(signer), progress)
        if output.suffix == outputs.VIDEO_SUFFIX:
            write_video(frames, output, signer.fps)
            return output
        clip = Path(folder) / "view.mp4"
        write_video(frames, clip, signer.fps)
        if clip.stat().st_size > MAX_PAGE_VIDEO:
            raise ConfigError(f"{output}: the video is too long for a page; write an .mp4 instead")
        page.write(output, clip.read_bytes(), _facts(found, film, signer), _strips(signer))
    return output


def view_frames(poses: PoseSequence, video: Video | None = None) -> Iterator[np.ndarray]:
    """uint8 (H, W, 3) frames: the overlay and the skeleton side by side, the strip of both hands below."""
    width, height, factor = _panel(poses, video)
    points = fitted(poses, width, height)
    strip, paint, over = (
        _strip(poses, 2 * width, height),
        painter("openpose", width, height),
        overlay(width, height),
    )
    pictures = _matching(poses, video, factor, (height, width))
    for t, (picture, person) in enumerate(zip(pictures, points, strict=True)):
        frame = np.empty((height + len(strip), 2 * width, 3), np.uint8)
        left, right = np.ascontiguousarray(picture), np.empty((height, width, 3), np.uint8)
        over(person, left)
        paint(person, right)
        frame[:height, :width], frame[:height, width:], frame[height:] = left, right, strip
        x = round(t / max(1, len(poses) - 1) * (2 * width - 2))
        frame[height:, x : x + 2] = CURSOR
        yield frame


def _pair(file: Path, video: Path | None, poses: Path | None) -> tuple[Path, Path | None]:
    """The pose file and, if there is one, the video."""
    if file.suffix.lower() in SUFFIXES:
        if video is not None:
            raise ConfigError("--video: the file is a video already; name its poses with --poses")
        return poses or _poses_of(file), file
    if poses is not None:
        raise ConfigError("--poses: the file holds poses already; name their video with --video")
    return file, video or _video_of(file)


def _video_inside(file: Path, folder: Path) -> Path | None:
    """The video of a sample of a batch, copied out of its shard into ``folder``."""
    video = read_clip(file).video if is_clip(file) else b""
    if not video:
        return None
    path = folder / f"{file.name}.mp4"
    path.write_bytes(video)
    return path


def _poses_of(video: Path) -> Path:
    found = video.with_suffix(".npz")
    if not found.is_file():
        raise DataError(
            f"{video}: no poses beside it ({found.name}); run `signgen extract {video.name} -o {found.name}` first, "
            "or name them with --poses"
        )
    return found


def _video_of(poses: Path) -> Path | None:
    """The video that the sidecar of the poses names, if it is there unchanged, or one of the same name."""
    try:
        source = read_sidecar(sidecar_path(poses)).account["input"]
        path = Path(source["path"])
        if path.is_file() and digest.of_file(path) == source["sha256"]:
            return path
    except (SignGenError, KeyError, TypeError, OSError):
        pass
    return next((path for suffix in SUFFIXES if (path := poses.with_suffix(suffix)).is_file()), None)


def _panel(poses: PoseSequence, video: Video | None) -> tuple[int, int, int]:
    """Even width and height of a panel, and the factor by which the video is scaled down for it."""
    width, height = (video.width, video.height) if video else (poses.width, poses.height)
    factor = -(-max(width, height) // SIDE)
    return width // factor // 2 * 2, height // factor // 2 * 2, factor


def _matching(
    poses: PoseSequence, video: Video | None, factor: int, shape: tuple[int, int]
) -> Iterator[np.ndarray]:
    """For each frame of the poses the picture that the video shows at that time; black without a video."""
    height, width = shape
    if video is None:
        for _ in range(len(poses)):
            yield np.zeros((height, width, 3), np.uint8)
        return
    pictures, number = video.frames(), 0
    current = next(pictures)
    for t in range(len(poses)):
        while number + 1 < video.num_frames and video.times[number + 1] <= (t + 0.5) / poses.fps:
            current, number = next(pictures), number + 1
        yield current[::factor, ::factor][:height, :width].copy()


def _strips(poses: PoseSequence) -> dict[str, np.ndarray]:
    """(T,) mean confidence of each hand."""
    return {name: poses.confidence[:, hand].mean(axis=1) for name, hand, _ in HANDS}


def _strip(poses: PoseSequence, width: int, height: int) -> np.ndarray:
    """(H, W, 3) both hands' confidence over the clip as filled curves: the signer's right above the left."""
    row = max(16, round(ROW_SHARE * height) // 2 * 2)
    picture = np.empty((row * len(HANDS), width, 3), np.uint8)
    picture[:] = PAPER
    at = np.linspace(0, max(0, len(poses) - 1), width).round().astype(int)
    for i, (name, _, colour) in enumerate(HANDS):
        level = np.round(_strips(poses)[name][at] * (row - 4)).astype(int)
        below = np.arange(row)[::-1, None] < level[None]
        picture[i * row : (i + 1) * row][below] = colour
        picture[(i + 1) * row - 1] = LINE
    return picture


def _facts(poses: Path, video: Path | None, signer: PoseSequence) -> dict[str, Any]:
    found = quality(signer)
    return {
        "poses": poses.name,
        "video": video.name if video else "none",
        "canvas": f"{signer.width} x {signer.height} px, {signer.fps:g} frames/s",
        **found.as_dict(),
        "rejected": "; ".join(reject_reasons(found)) or "no",
        "repairs": [(r.kind, r.part, r.start, r.end) for r in clean(signer).repairs],
    }
