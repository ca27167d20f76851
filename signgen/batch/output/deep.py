"""Decode every member of a shard and compare it with what the sidecars say."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signgen.batch.output.read import Stored, read_samples
from signgen.batch.output.sample import SCHEMA
from signgen.batch.output.shard import ShardFacts
from signgen.data.sidecar import hash_text
from signgen.data.tar_clips import CAPTION, MEMBERS, POSES, SIDECAR, VIDEO
from signgen.data.video import SYNTHETIC_MARK, read_video
from signgen.errors import DataError, SignGenError


def deep_damage(path: Path, facts: ShardFacts) -> Iterator[tuple[str, str]]:
    """Key and what is wrong, for each thing that is wrong; the key is empty where it is the shard.

    Args:
        path: the tar file.
        facts: what its commit says.
    """
    keys: list[str] = []
    try:
        for sample in read_samples(path):
            keys.append(sample.key)
            try:
                yield from ((sample.key, what) for what in _problems(sample))
            except (SignGenError, KeyError, TypeError, ValueError) as error:
                yield sample.key, f"cannot be decoded: {error}"
    except DataError as error:
        yield "", f"cannot be read to its end: {str(error).removeprefix(f'{path}: ')}"
        return
    if tuple(keys) != facts.keys:
        missing, odd = sorted(set(facts.keys) - set(keys)), sorted(set(keys) - set(facts.keys))
        told = (
            f"missing {missing[:3]}"
            if missing
            else f"not in the commit {odd[:3]}"
            if odd
            else "in another order"
        )
        yield "", f"holds other samples than its commit says: {told}"


def _problems(sample: Stored) -> Iterator[str]:
    record = sample.record
    if record.get("schema") != SCHEMA:
        yield f"{SIDECAR}: schema {record.get('schema')}, this signgen reads {SCHEMA}"
        return
    if record["key"] != sample.key or record["synthetic"] is not True:
        yield f"{SIDECAR}: of another sample, or without its mark as synthetic"
    if record["text_sha256"] != hash_text(record["text"]):
        yield f"{SIDECAR}: text does not match its hash"
    expected = [row["member"] for row in record["files"]]
    if [*sample.members] != [*expected, SIDECAR] or [*expected, SIDECAR] != _members(record):
        yield f"holds {', '.join(sample.members)}; its sidecar lists {', '.join(expected)}"
        return
    for row in record["files"]:
        if hashlib.sha256(sample.members[row["member"]]).hexdigest() != row["sha256"]:
            yield f"{row['member']}: has another sum"
    yield from _pose_problems(sample, record)
    yield from _caption_problems(sample, record)
    if record["has_video"]:
        yield from _video_problems(sample.members[VIDEO], record)


def _members(record: dict[str, Any]) -> list[str]:
    """The members that a sample must have, in order."""
    return [name for name in MEMBERS if name != VIDEO or record["has_video"]]


def _pose_problems(sample: Stored, record: dict[str, Any]) -> Iterator[str]:
    poses = sample.poses
    found = len(poses), poses.fps, poses.width, poses.height
    said = tuple(record[name] for name in ("frames", "fps", "width", "height"))
    if found != said:
        yield f"{POSES}: {found} frames, fps, width, height; its sidecar says {said}"


def _caption_problems(sample: Stored, record: dict[str, Any]) -> Iterator[str]:
    caption = sample.caption
    if caption["video_id"] != sample.key or caption["text"] != record["text"]:
        yield f"{CAPTION}: of another sample"
    late = [row["text"] for row in caption["gloss"] if row["end"] > record["seconds"] + 1 / record["fps"]]
    if late:
        yield f"{CAPTION}: gloss {late[0][:40]!r} ends after the poses"


def _video_problems(data: bytes, record: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a video: frames that are missing, or the mark."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.mp4"
        path.write_bytes(data)
        video = read_video(path)
        count = sum(1 for _ in video.frames())
        if count != record["frames"]:
            yield f"{VIDEO}: {count} frames, its sidecar says {record['frames']}"
        if not video.metadata.get("comment", "").startswith(SYNTHETIC_MARK):
            yield f"{VIDEO}: its comment tag does not say that it is synthetic"
