"""Clips to evaluate, as they are given: poses, videos, or both, from shards, lists, folders or single files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signgen.data.files import read_file
from signgen.data.poses import SUFFIXES, read_pose
from signgen.data.shard_files import has_shards, is_batch, open_shard, shards_in
from signgen.data.sidecar import read_sidecar, sidecar_path
from signgen.data.strict_json import parse_json_object
from signgen.data.video import SUFFIXES as VIDEO_SUFFIXES
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence

INDEX = "index.jsonl"
MAX_INDEX_BYTES = 256 << 20
NAMES = ("name", "video_id", "id")
# Other words for the file of a line.
_FILES = ("file", "path")


@dataclass(frozen=True, eq=False)
class Found:
    """A clip with poses.

    Attributes:
        poses: of the signer.
        info: what is said about it, such as ``text`` and ``document``.
        extractor: what found the poses; empty if it is not known.
    """

    poses: PoseSequence
    info: Mapping[str, Any] = field(default_factory=dict)
    extractor: str = ""


@dataclass(frozen=True, eq=False)
class Source:
    """What is given of a clip: at least one of poses, video and poses found in the video.

    Attributes:
        poses: that the video was made from, or simply the clip's.
        video: its pictures.
        extracted: poses found in the video.
        info: what is said about it.
        extractor: what found ``poses``; empty if it is not known.
        extracted_by: what found ``extracted``; likewise.
    """

    poses: PoseSequence | None = None
    video: Path | None = None
    extracted: PoseSequence | None = None
    info: Mapping[str, Any] = field(default_factory=dict)
    extractor: str = ""
    extracted_by: str = ""


def read_clips(source: Path, fps: float | None = None) -> dict[str, Found]:
    """Clips by name, which must all have poses; see `read_sources`.

    Raises:
        DataError: as there, or a clip without poses.
    """
    found = {}
    for name, clip in read_sources(source, fps).items():
        if clip.poses is None:
            raise DataError(
                f"{clip.video or source}: a video; run signgen extract first and give the poses that it writes"
            )
        found[name] = Found(clip.poses, clip.info, clip.extractor)
    return found


def read_sources(source: Path, fps: float | None = None) -> dict[str, Source]:
    """Clips by name.

    Args:
        source: shards, a folder of them or a batch, as `signgen.data.shard_files.shards_in` takes; a list of lines of
            JSON, or a folder with ``index.jsonl``, each line with ``name`` and files seen from the list's folder
            (``poses``, ``video``, ``extracted``: poses found in the video) and perhaps ``text``; a folder of pose
            files and videos, named by their stems; a single file.
        fps: rate of pose files that carry none; without it those are refused.

    Raises:
        DataError: nothing of the kind, a damaged file, or a name twice.
    """
    if is_batch(source):
        found = _shards(shards_in(source))
    elif source.is_file() and source.suffix == ".jsonl":
        found = _listed(source, fps)
    elif source.is_dir() and (source / INDEX).is_file():
        found = _listed(source / INDEX, fps)
    elif has_shards(source):
        found = _shards(shards_in(source))
    elif source.is_dir():
        found = _files(source, fps)
    else:
        found = {source.stem: Source(**_given(source, fps))}
    if not found:
        split = next((name for name in ("test", "dev", "train") if (source / name).is_dir()), "")
        which = f"; give one of its splits, such as {source / split}" if split else ""
        hint = "; give shards, a list of files, or a folder of pose files or videos"
        raise DataError(f"{source}: no clips{which or hint}")
    return found


def check_same(hypotheses: Mapping[str, object], references: Mapping[str, object]) -> None:
    """Raise DataError unless both sides have the same clips."""
    for ours, theirs, what in (
        (hypotheses, references, "references"),
        (references, hypotheses, "hypotheses"),
    ):
        missing = [name for name in ours if name not in theirs]
        if missing:
            raise DataError(
                f"{what}: {len(theirs):,} clips, but none named {missing[0]!r:.80} ({len(missing):,} lack); give the "
                "same clips on both sides"
            )


def _shards(paths: tuple[Path, ...]) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for path in paths:
        with open_shard(path) as shard:
            for number, entry in enumerate(shard.clips):
                extractor = str(entry.info.get("extractor") or "")
                _add(
                    found, entry.name, Source(shard.read(number), info=entry.info, extractor=extractor), path
                )
    return found


def _listed(path: Path, fps: float | None) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for number, line in enumerate(read_file(path, MAX_INDEX_BYTES).splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        row = parse_json_object(line, where)
        files = _named_files(row, where)
        inside = {key: _inside(path.parent, file, where) for key, file in files.items()}
        _check_whole(row, inside, where)
        name = _first(row, NAMES) or Path(next(iter(files.values()))).stem
        values = [_given(place, fps, key, row) for key, place in inside.items()]
        _add(
            found,
            name,
            Source(info=row, **{key: value for part in values for key, value in part.items()}),
            path,
        )
    return found


def _named_files(row: Mapping[str, Any], where: str) -> dict[str, str]:
    """Files of a line by what they are: ``video``, ``poses``, ``extracted``."""
    outputs = row.get("outputs")
    if isinstance(outputs, list) and outputs and not row.get("poses"):
        # signgen extract names videos as they are called in another folder.
        return {"poses": str(outputs[0])}
    files = {key: str(row[key]) for key in ("video", "poses", "extracted") if row.get(key)}
    other = _first(row, _FILES)
    if other and not files:
        files["video" if _is_video(Path(other)) else "poses"] = other
    if not files and row.get("error"):
        raise DataError(f"{where}: was not made ({row['error']!s:.200}); leave the clip out on both sides")
    if not files:
        raise DataError(f"{where}: names no file; give its path as 'poses' or 'video'")
    for key in ("poses", "extracted"):
        if key in files and _is_video(Path(files[key])):
            raise DataError(f"{where}: {files[key]!r:.80} is a video; name it as 'video'")
    return files


def _inside(folder: Path, file: str, where: str) -> Path:
    place = (folder / file).resolve()
    if not place.is_relative_to(folder.resolve()):
        raise DataError(f"{where}: {file!r:.80} lies outside the list's folder; move it there")
    return place


def _check_whole(row: Mapping[str, Any], files: Mapping[str, Path], where: str) -> None:
    if "video" in files and (row.get("start") or row.get("end") is not None):
        raise DataError(
            f"{where}: a part of a video; cut it first, or give the shards that signgen dataset build makes of it"
        )
    if "video" in files and not files["video"].exists():
        raise DataError(f"{where}: {files['video']}: no such video")


def _files(folder: Path, fps: float | None) -> dict[str, Source]:
    """Pose files and videos of one stem are one clip."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.iterdir()):
        # Beside poses lie sidecars, which are JSON too.
        is_poses = path.name.endswith(tuple(SUFFIXES)) and path.suffix != ".json"
        if not (is_poses or _is_video(path)):
            continue
        clip, given = found.setdefault(path.stem, {}), _given(path, fps)
        if clip.keys() & given.keys():
            raise DataError(f"{folder}: has clip {path.stem!r:.80} twice; rename one")
        clip.update(given)
    return {name: Source(**values) for name, values in found.items()}


def _given(
    path: Path, fps: float | None, key: str = "", row: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What a file is, as fields of `Source`."""
    if key == "video" or (not key and _is_video(path)):
        return {"video": path}
    by = "extracted_by" if key == "extracted" else "extractor"
    return {
        key or "poses": read_pose(path, fps=fps),
        by: str((row or {}).get(by) or "") or _extractor_of(path),
    }


def _extractor_of(poses: Path) -> str:
    """What the sidecar of a pose file says has found the poses."""
    try:
        extractor = read_sidecar(sidecar_path(poses)).config["extractor"]
        return str(extractor["name"])
    except (DataError, KeyError, TypeError):
        return ""


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _add(found: dict[str, Source], name: str, clip: Source, where: Path) -> None:
    if name in found:
        raise DataError(f"{where}: has clip {name!r:.80} twice; rename one")
    found[name] = clip


def _first(row: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((str(row[key]) for key in keys if row.get(key)), "")
