"""Last stage, shards: the videos that can be used, in the order of their names, as tars and columns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from signgen.data.atomic import write_text
from signgen.data.columnar_write import Clip, write_columnar
from signgen.data.files import read_file
from signgen.data.npz_file import MAX_FILE_BYTES
from signgen.data.shards import MAX_CAPTION_BYTES, Recording, shard_name, write_shard
from signgen.data.signverse import read_signverse_npz
from signgen.data.strict_json import parse_json_object, read_json_object, to_json
from signgen.dataset.folder import CAPTION, POSES, Folder, keep_only
from signgen.dataset.status import FileRecord, Status
from signgen.errors import DataError

SCHEMA = 1


@dataclass(frozen=True)
class Shard:
    """One shard that is to be there.

    Attributes:
        name: its files' name without suffix.
        videos: what is in it.
        has_columns: whether there are columns beside the tar.
    """

    name: str
    videos: tuple[Status, ...]
    has_columns: bool

    @property
    def key(self) -> str:
        """Hash of everything that decides its bytes."""
        content = [{name: file.sha256 for name, file in status.files.items()} for status in self.videos]
        text = to_json([SCHEMA, self.has_columns, [status.video_id for status in self.videos], content])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def files(self) -> tuple[str, ...]:
        """Names of its files, the account of them last."""
        return (f"{self.name}.tar", *([f"{self.name}.col"] if self.has_columns else []), f"{self.name}.json")


def shards_of(videos: Sequence[Status], size: int, has_columns: bool) -> Iterator[Shard]:
    """The shards of videos that are sorted by name, ``size`` in each."""
    for number, start in enumerate(range(0, len(videos), size), start=1):
        name = shard_name(number).removesuffix(".tar")
        yield Shard(name, tuple(videos[start : start + size]), has_columns)


def pack(folder: Folder, shards: Sequence[Shard], is_stopped: Callable[[], bool]) -> Iterator[bool]:
    """Write the shards that are not there yet; for each, whether it was written now.

    Raises:
        DataError: a file of a video is not as its record says.
        ResourceError: the disk is full or the folder cannot be written.
    """
    keep_only(folder.shards, {name for shard in shards for name in shard.files})
    for shard in shards:
        if is_stopped():
            return
        is_new = not _is_there(folder, shard)
        if is_new:
            _write(folder, shard)
        yield is_new


def shard_files(folder: Folder, shards: Sequence[Shard]) -> dict[str, FileRecord]:
    """Size and hash of each file of the shards by its path in the data set; from their accounts, not read anew."""
    found: dict[str, FileRecord] = {}
    for shard in shards:
        path = folder.shards / shard.files[-1]
        listed = read_json_object(path)["files"]
        for name, row in listed.items():
            found[f"shards/{name}"] = FileRecord(int(row["size"]), str(row["sha256"]))
        found[f"shards/{path.name}"] = FileRecord.of(path.read_bytes())
    return found


def _is_there(folder: Folder, shard: Shard) -> bool:
    try:
        account = read_json_object(folder.shards / shard.files[-1])
        sizes = {name: int(row["size"]) for name, row in account["files"].items()}
    except (DataError, KeyError, TypeError, ValueError, AttributeError):
        return False
    paths = [folder.shards / name for name in shard.files[:-1]]
    return account.get("key") == shard.key and all(
        path.is_file() and sizes.get(path.name) == path.stat().st_size for path in paths
    )


def _write(folder: Folder, shard: Shard) -> None:
    tar, *columns = [folder.shards / name for name in shard.files[:-1]]
    write_shard(_recordings(folder, shard), tar)
    for path in columns:
        write_columnar((_clip(recording, status) for recording, status in _pairs(folder, shard)), path)
    account = {
        "schema": SCHEMA,
        "key": shard.key,
        "files": {path.name: _record(path) for path in (tar, *columns)},
        "videos": [_video(status) for status in shard.videos],
    }
    write_text(folder.shards / shard.files[-1], to_json(account, indent=1) + "\n")


def _record(path: Path) -> FileRecord:
    with path.open("rb") as file:
        return FileRecord(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _pairs(folder: Folder, shard: Shard) -> Iterator[tuple[Recording, Status]]:
    return zip(_recordings(folder, shard), shard.videos, strict=True)


def _recordings(folder: Folder, shard: Shard) -> Iterator[Recording]:
    for status in shard.videos:
        npz = _content(folder, status, POSES, MAX_FILE_BYTES)
        caption = _content(folder, status, CAPTION, MAX_CAPTION_BYTES)
        people = read_signverse_npz(npz, where=str(folder.video(status.video_id) / POSES))
        found = whole_caption(parse_json_object(caption, CAPTION), people[0].seconds, status.sample)
        yield Recording(status.video_id, tuple(people), found)


def whole_caption(caption: Mapping[str, Any], seconds: float, sample: Mapping[str, str]) -> dict[str, Any]:
    """A caption with what is known only now: how long the video is, so that a text without times spans all of it.

    Args:
        caption: content of ``caption.json``.
        seconds: duration of the poses [s].
        sample: what the manifest says.
    """
    found = {"duration_s": round(seconds, 3), **caption}
    if not caption.get("segments") and caption.get("document_text"):
        found["segments"] = [{"start": 0.0, "end": round(seconds, 3), "text": caption["document_text"]}]
    return found | {name: sample[name] for name in ("gloss",) if name in sample}


def _content(folder: Folder, status: Status, name: str, most: int) -> bytes:
    """A file of a video, if it is as its record says."""
    path = folder.video(status.video_id) / name
    content = read_file(path, most)
    if FileRecord.of(content) != status.files[name]:
        raise DataError(
            f"{path}: not as it was written; run `signgen dataset verify --repair` and build again"
        )
    return content


def _clip(recording: Recording, status: Status) -> Clip:
    """The signer alone, with what a trainer needs to know."""
    info: dict[str, Any] = {**status.sample, "segments": recording.caption.get("segments", [])}
    info.setdefault("text", str(recording.caption.get("document_text", "")))
    return Clip(recording.video_id, recording.poses[0], info)


def _video(status: Status) -> Mapping[str, Any]:
    facts = status.facts
    return {"video_id": status.video_id, "frames": facts["frames"], "seconds": facts["seconds"]}
