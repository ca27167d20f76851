"""Stream SignVerse tar shards in and out, one video at a time, without extracting anything.

A video is a folder with ``poses.npz``, ``caption.json`` and ``{video_id}.complete`` (the data card), or with
``npz/poses.npz``, ``npz/.complete`` and ``captions/*.vtt`` (what the public extraction code packs). Batch output
has no folders: ``{video_id}.poses.npz`` comes first, then ``{video_id}.caption.json``, ``{video_id}.json`` last.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from signgen.data.atomic import atomic_path
from signgen.data.cue import Cue
from signgen.data.npz import decode_npz
from signgen.data.npz_file import open_npz
from signgen.data.signverse import encode_signverse_npz, read_signverse_npz
from signgen.data.strict_json import parse_json_object, to_json
from signgen.data.tar_stream import TarMember, TarWalker
from signgen.errors import ConfigError, DataError
from signgen.pose.sequence import PoseSequence

MAX_CAPTION_BYTES = 16 << 20

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,79}")


@dataclass(frozen=True)
class Recording:
    """One video of a shard.

    Attributes:
        video_id: name of its folder.
        poses: one sequence for each person, the primary signer first.
        caption: content of ``caption.json``, with ``sign_language`` as ISO 639-3; empty if there is none.
        subtitles: texts of the WebVTT files of the other layout by name.
    """

    video_id: str
    poses: tuple[PoseSequence, ...]
    caption: Mapping[str, Any] = field(default_factory=dict)
    subtitles: Mapping[str, str] = field(default_factory=dict)

    @property
    def signed_language(self) -> str:
        """ISO 639-3 code, empty if unknown."""
        return str(self.caption.get("sign_language", ""))

    def cues(self) -> list[Cue]:
        """The timed segments of the caption.

        Raises:
            DataError: segments without start, end and text, or with bad times.
        """
        try:
            return [
                Cue(float(item["start"]), float(item["end"]), str(item["text"]))
                for item in self.caption.get("segments", ())
            ]
        except (KeyError, TypeError, ValueError, OverflowError):
            raise DataError(f"{self.video_id}: caption: segments need start, end and text") from None


@dataclass(frozen=True)
class Skipped:
    """A member or video that was left out, and why."""

    name: str
    reason: str


@dataclass
class _Folder:
    """The files of one video as they pass by."""

    prefix: str = ""
    poses: bytes | None = None
    caption: bytes | None = None
    is_complete: bool = False
    subtitles: dict[str, bytes] = field(default_factory=dict)

    @property
    def video_id(self) -> str:
        return self.prefix.rpartition("/")[2]


def shard_name(index: int) -> str:
    """File name of a shard.

    >>> shard_name(1)
    'Sign_DWPose_NPZ_000001.tar'
    """
    return f"Sign_DWPose_NPZ_{index:06d}.tar"


def read_shard(
    source: Path | BinaryIO,
    *,
    on_error: Literal["raise", "skip"] = "raise",
    skipped: list[Skipped] | None = None,
    people: int | None = None,
) -> Iterator[Recording]:
    """The videos of a shard in its order; one at a time is in memory.

    Args:
        source: a tar file, or a stream of one.
        on_error: what to do about bad members and videos.
        skipped: a list that what is left out is added to.
        people: how many people of each video to read at most; None for all.

    Raises:
        DataError: with ``raise``: the first thing wrong. With ``skip`` only: the file cannot be opened.
    """
    where = str(source) if isinstance(source, Path) else "shard"
    log = skipped if skipped is not None else []

    def trouble(name: str, reason: str) -> None:
        if on_error == "raise":
            raise DataError(f"{where}: {reason}" if name == where else f"{where}: {name[:120]!r}: {reason}")
        log.append(Skipped(name, reason))

    try:
        opened = source.open("rb") if isinstance(source, Path) else nullcontext(source)
    except OSError as error:
        raise DataError(f"{where}: cannot be read: {error.strerror or error}") from None
    with opened as file:
        for folder in _folders(TarWalker(file, where), trouble, where):
            try:
                yield _sample(folder, f"{where}: {folder.prefix}", people)
            except DataError as error:
                if on_error == "raise":
                    raise
                log.append(Skipped(folder.prefix, str(error)))


def _folders(walker: TarWalker, trouble: Any, where: str) -> Iterator[_Folder]:
    """The folders of videos, each when its last file has passed."""
    current, done = _Folder(), set[str]()
    try:
        for member in walker:
            if member.problem:
                trouble(member.name, member.problem)
                continue
            prefix, role = _role(member.name) if member.is_file else ("", "")
            if not role:
                continue
            if prefix != current.prefix:
                if "/" not in member.name and role != "poses":
                    continue  # a loose file beside folders
                if current.prefix:
                    yield current
                done.add(current.prefix)
                current = _Folder(prefix)
            if prefix in done:
                trouble(member.name, "the files of one video must follow each other")
            elif role == "caption" and member.size > MAX_CAPTION_BYTES:
                trouble(member.name, f"{member.size} bytes are too many for a caption")
            else:
                _take(current, role, member)
    except DataError as error:
        trouble(where, str(error).removeprefix(f"{where}: "))
    if current.prefix and current.prefix not in done:
        yield current


def _role(name: str) -> tuple[str, str]:
    """Folder of the video and role of a file: poses, caption, complete, or the name of a subtitle file."""
    parent, _, leaf = name.rpartition("/")
    if not parent:
        key, _, suffix = name.partition(".")
        role = {"poses.npz": "poses", "caption.json": "caption", "json": "complete"}.get(suffix, "")
        return (key, role) if key else ("", "")
    folder, _, last = parent.rpartition("/")
    if last == "npz" and folder and leaf in ("poses.npz", ".complete"):
        return folder, "poses" if leaf == "poses.npz" else "complete"
    if last == "captions" and folder and leaf.endswith(".vtt"):
        return folder, leaf
    roles = {
        "poses.npz": "poses",
        "caption.json": "caption",
        f"{last}.complete": "complete",
        ".complete": "complete",
    }
    return (parent, roles[leaf]) if leaf in roles else ("", "")


def _take(folder: _Folder, role: str, member: TarMember) -> None:
    if role == "poses":
        folder.poses = member.read()
    elif role == "caption":
        folder.caption = member.read()
    elif role == "complete":
        folder.is_complete = True
    elif member.size <= MAX_CAPTION_BYTES and len(folder.subtitles) < 200:
        folder.subtitles[role] = member.read()


def _sample(folder: _Folder, where: str, people: int | None) -> Recording:
    if folder.poses is None:
        raise DataError(f"{where}: has no poses.npz")
    if not folder.is_complete:
        raise DataError(f"{where}: has no .complete file; it was not written to its end")
    caption = _caption(folder.caption, where) if folder.caption is not None else {}
    if caption.get("video_id", folder.video_id) != folder.video_id:
        raise DataError(f"{where}: caption.json is of another video")
    subtitles = {name: text.decode("utf-8-sig", "replace") for name, text in folder.subtitles.items()}
    poses = read_packed_poses(folder.poses, f"{where}/poses.npz", people)
    return Recording(folder.video_id, tuple(poses), caption, subtitles)


def read_packed_poses(data: bytes, where: str, people: int | None = None) -> list[PoseSequence]:
    """Poses of each person from the bytes of a ``poses.npz`` of either layout, SignVerse's or our dense one."""
    if "keypoints" in open_npz(data, where):
        return [decode_npz(data, where)][:people]
    return read_signverse_npz(data, people=people, where=where)


def _caption(data: bytes, where: str) -> dict[str, Any]:
    caption = parse_json_object(data, f"{where}/caption.json", MAX_CAPTION_BYTES)
    language = caption.get("sign_language")
    if language is not None:
        if not isinstance(language, str):
            raise DataError(f"{where}/caption.json: sign_language: expected a code")
        caption["sign_language"] = _language(language)
    if not isinstance(caption.get("segments", []), list):
        raise DataError(f"{where}/caption.json: segments: expected a list")
    return caption


def _language(code: str) -> str:
    """ISO 639-3 for the codes of SignVerse's card, nine of which are wrong; other codes stay as they are."""
    from signgen.data.languages import normalise_signed_language

    try:
        return normalise_signed_language(code, source="signverse")
    except ConfigError:
        return code


def write_shard(samples: Iterable[Recording], path: Path) -> int:
    """Write videos as a shard in the layout of the data card; the same samples give the same bytes.

    Args:
        samples: a list, which is sorted by video; or a stream, which must come sorted.
        path: the tar file.

    Returns:
        Number of videos written.

    Raises:
        DataError: a stream out of order, two videos of one name, or a name that is no plain file name.
        ResourceError: the disk is full or the folder cannot be written.
    """
    if isinstance(samples, (list, tuple)):
        samples = sorted(samples, key=lambda sample: sample.video_id)
    count, last, seen = 0, "", set[str]()
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        tar = tarfile.TarFile(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT)
        for sample in samples:
            name = sample.video_id
            if not _VIDEO_ID.fullmatch(name):
                raise DataError(f"{path}: {name[:80]!r} is no plain name for a folder")
            if name <= last or name.casefold() in seen:
                raise DataError(
                    f"{path}: {name!r} comes after {last!r}; videos must come once, sorted by name"
                )
            _add(tar, sample)
            seen.add(name.casefold())
            count, last = count + 1, name
        tar.close()  # writes the end, so only if all went well
    return count


def _add(tar: tarfile.TarFile, sample: Recording) -> None:
    caption = {**sample.caption, "video_id": sample.video_id}
    contents = {
        "poses.npz": encode_signverse_npz(sample.poses, sample.video_id),
        "caption.json": (to_json(caption) + "\n").encode(),
        f"{sample.video_id}.complete": b"",
    }
    for name, content in contents.items():
        info = tarfile.TarInfo(f"{sample.video_id}/{name}")
        info.size, info.mode = len(content), 0o644
        tar.addfile(info, io.BytesIO(content))
