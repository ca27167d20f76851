"""What a batch, one of its shards or one of its samples holds, as plain facts."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from signgen.data.batch_clips import index_rows, read_clip
from signgen.data.provenance import has_library, has_manifest, read_credentials
from signgen.data.shard_files import DATA, INDEX, shards_in
from signgen.data.shards import read_shard
from signgen.data.tar_clips import POSES, VIDEO, TarClips
from signgen.data.tar_stream import TarWalker
from signgen.pose.layout import PARTS
from signgen.pose.sequence import PoseSequence

Facts = Mapping[str, Any]
MOST_NAMES = 5


def describe_signer(poses: PoseSequence) -> dict[str, Any]:
    """Size and rate of poses, and the share of the keypoints of each part that are there, 0 to 1."""
    seen = poses.confidence > 0
    return {
        "frames": len(poses),
        "fps": poses.fps,
        "width": poses.width,
        "height": poses.height,
        "seconds": poses.seconds,
        "depth": poses.depth is not None,
        "seen": {
            name: round(float(seen[:, part].mean()), 4) if len(poses) else 0.0 for name, part in PARTS.items()
        },
    }


def batch_facts(folder: Path) -> Facts:
    """A finished batch, by its index; or its ``data`` alone, by its shards.

    Raises:
        DataError: it is not finished, or damaged.
    """
    shards = shards_in(folder)
    if not (folder / INDEX).is_file() and folder.name == DATA and (folder.parent / INDEX).is_file():
        folder = folder.parent
    rows = index_rows(folder) if (folder / INDEX).is_file() else _rows(shards)
    return {"kind": "batch", "shards": len(shards), **_counted(rows)}


def tar_facts(path: Path) -> Facts:
    """A tar shard: of a batch, or of SignVerse.

    Raises:
        DataError: it is damaged, or neither.
    """
    if _is_of_batch(path):
        with TarClips(path) as shard:
            names = [entry.name for entry in shard.clips[:MOST_NAMES]]
        return {"kind": "shard of a batch", **_counted(_rows([path])), "first": names}
    videos = people = frames = 0
    for recording in read_shard(path):
        videos, people = videos + 1, people + len(recording.poses)
        frames += sum(len(poses) for poses in recording.poses[:1])
    return {"kind": "shard of SignVerse", "videos": videos, "people": people, "frames": frames}


def batch_clip_facts(path: Path) -> Facts:
    """A sample of a batch.

    Raises:
        DataError: there is none of that name, or it is damaged.
    """
    clip = read_clip(path)
    return {
        "kind": "sample of a batch",
        **{name: value for name, value in clip.info.items() if name != "timeline"},
        "video": f"{len(clip.video):,} bytes" if clip.video else "none",
        **describe_signer(clip.poses),
        **_credentials(clip.video),
    }


def _credentials(video: bytes) -> dict[str, Any]:
    if not video:
        return {}
    with tempfile.TemporaryDirectory(prefix="signgen-") as folder:
        path = Path(folder) / "sample.mp4"
        path.write_bytes(video)
        return credentials_facts(path)


def credentials_facts(path: Path) -> dict[str, Any]:
    """What the signed manifest of an mp4 says; nothing where there is none."""
    if not has_manifest(path):
        return {}
    if not has_library():
        return {"credentials": "there, unread; pip install 'signgen[provenance]'"}
    found = read_credentials(path)
    return {f"credentials {name}": value for name, value in found.items() if value} if found else {}


def _is_of_batch(path: Path) -> bool:
    with path.open("rb") as file:
        first = next(iter(TarWalker(file, str(path))), None)
        return first is not None and first.name.partition(".")[2] == POSES


def _rows(paths: Iterable[Path]) -> Iterable[Facts]:
    """What the index would say of the samples of shards."""
    for path in paths:
        with TarClips(path) as shard:
            for entry in shard.clips:
                yield {
                    **entry.info, "frames": entry.frames, "seconds": entry.frames / entry.fps,
                    "has_video": VIDEO in entry.members, "licences": entry.info.get("licence"),
                }  # fmt: skip


def _counted(rows: Iterable[Facts]) -> dict[str, Any]:
    samples = videos = frames = 0
    seconds, groups = 0.0, {name: Counter[str]() for name in ("split", "signed_language", "licences")}
    for row in rows:
        samples, videos = samples + 1, videos + bool(row.get("has_video"))
        frames, seconds = frames + int(row.get("frames", 0)), seconds + float(row.get("seconds", 0))
        for name, counts in groups.items():
            value = row.get(name) or "unknown"
            counts.update([value] if isinstance(value, str) else value)
    told = {name: dict(counts.most_common(MOST_NAMES)) for name, counts in groups.items()}
    return {"samples": samples, "videos": videos, "frames": frames, "hours": round(seconds / 3600, 3), **told}
