"""Read and write SignVerse-2M's ``poses.npz``, which pickles its frames, without running what a pickle names.

Two layouts exist. The data card shows ``frames``: a list of dicts with ``person_0: {body, face, left_hand,
right_hand}`` of (k, 3) x, y, score in pixels. The public extraction code writes ``frame_payloads``: dicts with
``person_000_body_keypoints`` (18, 2) in parts of the frame and ``person_000_body_scores`` (18,), where body
scores are keypoint numbers (-1 = missing), and it mixes up the hands of several people. Both are read. Depth, which
neither knows, is written as ``depth_0``, ``depth_1``, ... beside the frames, where other readers do not look.
"""

from __future__ import annotations

import io
import pickle  # only written here; read by signgen.data.unpickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from signgen.data.atomic import atomic_path
from signgen.data.files import read_file
from signgen.data.npz_file import MAX_FILE_BYTES, Npz, npy_bytes, npy_header, open_npz, write_archive
from signgen.data.signverse_frames import StoredFrames, scan_frames, unpickle_frames
from signgen.errors import DataError, PoseError
from signgen.pose.layout import PARTS
from signgen.pose.sequence import PoseSequence

_CARD, _PAYLOADS = "frames", "frame_payloads"


def read_signverse_npz(
    source: Path | bytes, *, people: int | None = None, where: str | None = None
) -> list[PoseSequence]:
    """Poses of every person of a video, ``person_0`` (the primary signer) first.

    Frames in which a person is absent have missing keypoints; there is always a first person, so that the
    length of the video is kept. People are numbered anew in each frame by the extractor: number 1 need not be
    the same person throughout.

    Args:
        source: a file, or its bytes.
        people: how many people to return at most; None for all.
        where: what errors call the file; its path if not given.

    Raises:
        DataError: missing, damaged, unsafe, or not as SignVerse writes it.
    """
    where = where or (str(source) if isinstance(source, Path) else "poses.npz")
    npz = open_npz(read_file(source, MAX_FILE_BYTES) if isinstance(source, Path) else source, where)
    return _read_card(npz, people) if _CARD in npz else _read_payloads(npz, people)


def _read_card(npz: Npz, people: int | None) -> list[PoseSequence]:
    stored = _stored(npz, _CARD)
    if "num_frames" in npz and npz.number("num_frames") != len(stored.people):
        raise DataError(
            f"{npz.where}: num_frames says {npz.number('num_frames'):g}, frames has {len(stored.people)}"
        )
    size = npz.number("width"), npz.number("height")
    return _sequences(npz, stored, npz.number("fps"), size, (1.0, 1.0), people)


def _read_payloads(npz: Npz, people: int | None) -> list[PoseSequence]:
    from signgen.data.signverse_kernels import deal_hands

    stored = _stored(npz, _PAYLOADS)
    deal_hands(stored.points, stored.people)
    size = _frame_side(npz, "frame_widths"), _frame_side(npz, "frame_heights")
    fps = npz.number("fps") / _stride(npz, len(stored.people))
    return _sequences(npz, stored, fps, size, size, people)


def _stored(npz: Npz, name: str) -> StoredFrames:
    header = npz.header(name)
    if header.shape == (0,):
        return StoredFrames(np.zeros((1, 0, 128, 3), np.float32), np.zeros(0, np.int64))
    if header.dtype.kind != "O":
        raise DataError(f"{npz.where}: {name}: expected a list of frames, got {header.dtype} {header.shape}")
    content = npz.content(name)
    if len(header.shape) == 1:
        stored = scan_frames(content, header.start, header.shape[0])
        if stored is not None:
            return stored
    try:
        stored = unpickle_frames(content, header.start)
    except DataError as error:
        raise DataError(f"{npz.where}: {name}: {error}") from None
    if header.shape not in ((), stored.people.shape):
        raise DataError(f"{npz.where}: {name}: declares {header.shape[0]} frames, has {len(stored.people)}")
    return stored


def _frame_side(npz: Npz, name: str) -> float:
    sides = npz.array(name, kinds="iuf", ndim=1)
    if sides.size and (sides != sides[0]).any():
        raise DataError(f"{npz.where}: {name}: the frames have different sizes")
    return float(sides[0]) if sides.size else 1.0


def _stride(npz: Npz, frames: int) -> int:
    """Every how many frames of the video one was kept; ``fps`` is the rate before that."""
    if "frame_indices" not in npz or frames < 2:
        return 1
    # One branch of the extraction code writes each number twice: then nothing can be told.
    steps = np.diff(npz.array("frame_indices", kinds="iu", ndim=1).astype(np.int64))
    is_even = len(steps) == frames - 1 and steps[0] >= 1 and (steps == steps[0]).all()
    return int(steps[0]) if is_even else 1


def _sequences(
    npz: Npz, stored: StoredFrames, fps: float, size: tuple[float, float], scale: tuple[float, float],
    people: int | None,
) -> list[PoseSequence]:  # fmt: skip
    from signgen.data.signverse_kernels import finish

    points = stored.points[:people]
    finish(points, *scale)
    points = _read_only(points)
    try:
        return [
            PoseSequence(person, fps, *size, _depth(npz, number))  # type: ignore[arg-type]
            for number, person in enumerate(points)
        ]
    except (ValueError, OverflowError) as error:
        raise DataError(f"{npz.where}: {error}") from None


def _depth(npz: Npz, person: int) -> np.ndarray | None:
    """(T, 128) depth of a person, which our own files have beside the frames of the card."""
    name = f"depth_{person}"
    return npz.array(name, kinds="f", ndim=2) if name in npz else None


def _read_only(array: np.ndarray) -> np.ndarray:
    """The array and all it is a view of, made read-only, so that a sequence need not copy it."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner.setflags(write=False)
        owner = owner.base
    return array


def write_signverse_npz(
    people: Sequence[PoseSequence], path: Path, video_id: str, *, compressed: bool = False
) -> None:
    """Write poses in the layout of the data card, atomically; the same poses give the same bytes.

    Args:
        people: one sequence for each person, the primary signer first; all of one length, rate and canvas.
        path: the file.
        video_id: the video the poses are from.
        compressed: deflate the arrays, as ``numpy.savez_compressed`` does.

    Raises:
        PoseError: no sequence, or sequences that differ in length, rate or canvas.
        ResourceError: the disk is full or the folder cannot be written.
    """
    with atomic_path(path) as temporary:
        write_archive(temporary, _members(people, video_id), compressed=compressed)


def encode_signverse_npz(people: Sequence[PoseSequence], video_id: str, *, compressed: bool = False) -> bytes:
    """The bytes that `write_signverse_npz` writes."""
    buffer = io.BytesIO()
    write_archive(buffer, _members(people, video_id), compressed=compressed)
    return buffer.getvalue()


def _members(people: Sequence[PoseSequence], video_id: str) -> Iterator[tuple[str, bytes]]:
    if not people:
        raise PoseError("poses: at least one person is needed")
    first = people[0]
    for poses in people:
        if (len(poses), poses.fps, poses.width, poses.height) != (
            len(first), first.fps, first.width, first.height
        ):  # fmt: skip
            raise PoseError("poses: the people of one file must share length, rate and canvas")
    frames = np.empty(len(first), object)
    frames[:] = [_frame(people, t) for t in range(len(first))]
    yield "video_id", npy_bytes(np.array(video_id))
    yield "fps", npy_bytes(np.array(first.fps, np.float64))
    yield "num_frames", npy_bytes(np.array(len(first), np.int64))
    yield "frame_ids", npy_bytes(np.arange(len(first), dtype=np.int64))
    yield "width", npy_bytes(np.array(first.width, np.int64))
    yield "height", npy_bytes(np.array(first.height, np.int64))
    for number, poses in enumerate(people):
        if poses.depth is not None:
            yield f"depth_{number}", npy_bytes(poses.depth)
    yield _CARD, npy_header("|O", frames.shape) + pickle.dumps(frames, protocol=4)


def _frame(people: Sequence[PoseSequence], t: int) -> dict[str, Any]:
    """One frame; people are listed up to the last who is seen, as their keys are their numbers."""
    count = max((p + 1 for p, poses in enumerate(people) if poses.confidence[t].any()), default=0)
    frame: dict[str, Any] = {
        "num_people": count,
        "frame_id": t,
        "width": people[0].width,
        "height": people[0].height,
    }
    for p in range(count):
        points = people[p].keypoints[t]
        frame[f"person_{p}"] = {name: points[part].copy() for name, part in PARTS.items()}
    return frame
