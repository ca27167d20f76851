"""Poses in and out of any known file, told apart by content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signgen.data.batch_clips import example_of, is_clip
from signgen.data.people import primary_first
from signgen.data.shard_files import TAR, is_batch
from signgen.errors import DataError, PoseError
from signgen.pose.convert.report import ConversionReport
from signgen.pose.layout import NAMES
from signgen.pose.sequence import PoseSequence

SUFFIXES = (".npz", ".pose", ".json", ".skels", ".skels.gz")
_VIDEO = (b"ftyp", b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"FLV\x01")


@dataclass(frozen=True)
class Hints:
    """What some formats do not say about themselves; ignored where the file does.

    Attributes:
        fps: frames per second.
        width: canvas width [px].
        height: canvas height [px].
    """

    fps: float | None = None
    width: int | None = None
    height: int | None = None


def read_pose(
    path: Path, *, fps: float | None = None, width: int | None = None, height: int | None = None
) -> PoseSequence:
    """The primary person of a pose file; see `read_poses_with_report`."""
    return read_poses_with_report(path, fps=fps, width=width, height=height)[0][0]


def read_poses(
    path: Path, *, fps: float | None = None, width: int | None = None, height: int | None = None
) -> list[PoseSequence]:
    """All people of a pose file (all sequences of a ``.skels`` file), the primary one first."""
    return read_poses_with_report(path, fps=fps, width=width, height=height)[0]


def read_poses_with_report(
    path: Path, *, fps: float | None = None, width: int | None = None, height: int | None = None
) -> tuple[list[PoseSequence], ConversionReport]:
    """All people of a pose file or folder, and what became of their keypoints.

    Args:
        path: a dense or SignVerse ``.npz``, ``.pose``, ``.json``, ``.skels`` or ``.skels.gz`` file, or a
            folder of OpenPose JSON or of DWPose ``.npz`` or ``.json`` files, one per frame; ``BATCH/KEY`` is a sample
            of a batch.
        fps: frame rate for formats that have none (``.skels`` and folders); ignored by the others.
        width: canvas width [px] for formats that have none.
        height: canvas height [px] for formats that have none.

    Returns:
        The people, most prominent first (SignVerse: by its own numbers; ``.skels``: by line), never empty.

    Raises:
        DataError: missing, damaged, unsafe or of an unknown format; or it has no rate and none is given.
    """
    hints = Hints(fps, width, height)
    try:
        # Numbers beyond float32 turn infinite here, and infinite keypoints are missing or refused.
        with np.errstate(over="ignore", invalid="ignore"):
            return _reader(path)(path, hints)
    except PoseError as error:
        raise DataError(f"{path}: {error}") from None


def write_poses(
    poses: PoseSequence | Sequence[PoseSequence], path: Path, *, layout: str | None = None
) -> ConversionReport:
    """Write poses in the format of the suffix: ``.npz`` (dense), ``.pose``, ``.json``, ``.skels[.gz]``.

    Args:
        poses: one person, or for ``.pose`` and ``.json`` several people of one recording, or for ``.skels``
            several sequences.
        path: where to write.
        layout: ``.pose``: dwpose (default), holistic, openpose or coco-wholebody. ``.npz``: dense (default)
            or signverse.

    Raises:
        PoseError: an unknown layout, or people who do not fit together.
        DataError: an unknown suffix.
        ResourceError: the disk is full or the folder cannot be written.
    """
    people = [poses] if isinstance(poses, PoseSequence) else list(poses)
    suffix = _suffix(path)
    if suffix != ".pose" and layout not in _LAYOUTS.get(suffix, (None,)):
        raise PoseError(f"layout {layout!r} does not apply to {suffix or 'this'} files")
    if not people:
        raise PoseError("no poses to write")
    whole = ConversionReport("dwpose", mapped=NAMES)
    if suffix == ".pose":
        from signgen.data.pose_file import write_pose_file
        from signgen.data.pose_layouts import file_of

        file, report = file_of(people, layout or "dwpose")
        write_pose_file(file, path)
        return report
    if suffix == ".npz":
        _write_npz(people, path, layout)
        return whole
    if suffix == ".json":
        from signgen.data.json_poses import write_json_poses

        write_json_poses(people, path)
        return whole
    if suffix in (".skels", ".skels.gz"):
        from signgen.data.skels import write_skels
        from signgen.pose.convert.progressive import FROM_DWPOSE

        write_skels(people, path)
        return FROM_DWPOSE.report
    raise DataError(f"{path}: no pose format has this suffix; use one of: {', '.join(SUFFIXES)}")


Read = tuple[list[PoseSequence], ConversionReport]
_LAYOUTS: dict[str, tuple[str | None, ...]] = {".npz": (None, "dense", "signverse")}


def _reader(path: Path) -> Callable[[Path, Hints], Read]:
    """The reader of a file or folder, by its content; the suffix decides only between texts."""
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(64)
    except OSError as error:
        if path.is_dir():
            return _folder_reader(path)
        if is_clip(path):
            return _read_batch_clip
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    if not head:
        raise DataError(f"{path}: the file is empty")
    suffix = _suffix(path)
    if suffix == TAR:
        raise DataError(f"{path}: a shard of clips; name one of them, such as {example_of(path)}")
    if head.startswith(b"PK"):
        return _read_npz
    if any(mark in head[:12] for mark in _VIDEO) and suffix != ".pose":
        raise DataError(f"{path}: this is a video, not poses; extract poses from it first")
    if suffix in (".skels", ".skels.gz"):
        return _read_skels
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _read_json
    if suffix == ".pose" or _is_pose(head):
        return _read_pose
    raise DataError(f"{path}: of no known pose format; known are {', '.join(SUFFIXES)} and folders of frames")


def _folder_reader(path: Path) -> Callable[[Path, Hints], Read]:
    if is_batch(path):
        raise DataError(f"{path}: a batch of clips; name one of them, such as {example_of(path)}")
    try:
        names = [entry.name for entry in path.iterdir()]
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if any(name.endswith("_keypoints.json") for name in names):
        return _read_openpose
    if any(name.endswith((".npz", ".json")) for name in names):
        return _read_dwpose
    raise DataError(f"{path}: no frames in this folder; expected *_keypoints.json, or DWPose's .npz or .json")


def _is_pose(head: bytes) -> bool:
    from signgen.data.pose_header import VERSIONS

    return any(head[:4] == version for version in _packed(VERSIONS))


def _packed(versions: Sequence[float]) -> list[bytes]:
    import struct

    return [struct.pack("<f", version) for version in versions]


def _suffix(path: Path) -> str:
    return ".skels.gz" if path.name.endswith(".skels.gz") else path.suffix.lower()


def _read_npz(path: Path, _hints: Hints) -> Read:
    from signgen.data.files import read_file
    from signgen.data.npz import read_npz
    from signgen.data.npz_file import MAX_FILE_BYTES, open_npz

    names = open_npz(read_file(path, MAX_FILE_BYTES), str(path)).members.keys()
    if not names.isdisjoint({"frames", "frame_payloads"}):
        from signgen.data.signverse import read_signverse_npz
        from signgen.pose.convert.signverse import REPORT

        return read_signverse_npz(path), REPORT
    return [read_npz(path)], ConversionReport("dense", mapped=NAMES)


def _write_npz(people: list[PoseSequence], path: Path, layout: str | None) -> None:
    if layout == "signverse":
        from signgen.data.signverse import write_signverse_npz

        write_signverse_npz(people, path, path.stem)
        return
    if len(people) > 1:
        raise PoseError("a dense .npz holds one person; use .pose, .json or layout signverse for several")
    from signgen.data.npz import write_npz

    write_npz(people[0], path)


def _read_batch_clip(path: Path, _hints: Hints) -> Read:
    from signgen.data.batch_clips import read_clip

    return [read_clip(path).poses], ConversionReport("dense", mapped=NAMES)


def _read_pose(path: Path, _hints: Hints) -> Read:
    from signgen.data.pose_file import read_pose_file
    from signgen.data.pose_layouts import sequences_of

    file = read_pose_file(path)
    try:
        people, report = sequences_of(file)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return (primary_first(people) if len(people) > 1 else people), report


def _read_json(path: Path, _hints: Hints) -> Read:
    from signgen.data.json_poses import read_json_poses

    people = read_json_poses(path)
    return primary_first(people), ConversionReport("json", mapped=NAMES)


def _read_skels(path: Path, hints: Hints) -> Read:
    from signgen.data.skels import DEFAULT_CANVAS, read_skels
    from signgen.pose.convert.progressive import TO_DWPOSE

    fps = _rate(path, hints, "25 is that of PHOENIX14T")
    width, height = hints.width or DEFAULT_CANVAS[0], hints.height or DEFAULT_CANVAS[1]
    return read_skels(path, fps, width, height), TO_DWPOSE.report


def _read_openpose(path: Path, hints: Hints) -> Read:
    from signgen.data.openpose_json import read_openpose
    from signgen.pose.convert.openpose import TO_DWPOSE

    fps = _rate(path, hints, "that of the video they were made from")
    return read_openpose(path, fps, hints.width, hints.height), TO_DWPOSE.report


def _read_dwpose(path: Path, hints: Hints) -> Read:
    from signgen.data.dwpose_npz import read_dwpose
    from signgen.pose.convert.dwpose import REPORT

    fps = _rate(path, hints, "that of the video they were made from")
    if hints.width is None or hints.height is None:
        raise DataError(
            f"{path}: these coordinates are fractions of an unknown canvas; give width and height"
        )
    return read_dwpose(path, fps, hints.width, hints.height), REPORT


def _rate(path: Path, hints: Hints, which: str) -> float:
    if hints.fps is None:
        raise DataError(f"{path}: this format carries no frame rate; give one (--fps), {which}")
    return hints.fps
