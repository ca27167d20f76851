"""A finished sample on disk: poses, caption, video and the sidecar that says it is whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from signgen.batch.disk import reported
from signgen.data.cue import Cue
from signgen.data.npz import encode_npz
from signgen.data.sidecar import hash_text, installed_versions, package_version
from signgen.data.signverse import encode_signverse_npz
from signgen.data.strict_json import to_json
from signgen.data.tar_clips import CAPTION, POSES, VIDEO
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence
from signgen.text2pose.base import FrameOrigin, Utterance
from signgen.workflow.record import count_outcomes, describe_sources

SCHEMA = 1
KEY = re.compile(r"[A-Za-z0-9_-]{1,80}")
# Choices that samples are told apart by, with the setting that each is.
CHOICES = {
    "source": "source.name",
    "signer": "renderer.signer",
    "view": "renderer.view",
    "renderer": "renderer.name",
}

Layout = Literal["dense", "signverse"]


@dataclass(frozen=True)
class Made:
    """One sample as the stages made it.

    Attributes:
        key: its id; letters, digits, ``-`` and ``_``, for a dot would end the key in a tar of webdataset.
        text: what is signed.
        utterance: the poses with their account.
        has_video: whether the mp4 lies in the spool already, as `member_path` names it.
        language: ISO 639-3 code of the signed language, empty if unknown.
        spoken_language: ISO 639 code of the text's, likewise.
        split: such as ``train``.
        plan: what the plan says of it: ``seed``, ``name``, ``meta``, and its choices by dotted path of the setting.
        config_hash: of the settings.
        warnings: what the user should know, one line each.
        renderer: what the renderer told of the clip.
        layout: of ``poses.npz``: dense arrays, or frames pickled as SignVerse-2M does.
    """

    key: str
    text: str
    utterance: Utterance
    has_video: bool = False
    language: str = ""
    spoken_language: str = ""
    split: str = "train"
    plan: Mapping[str, Any] = field(default_factory=dict)
    config_hash: str = ""
    warnings: tuple[str, ...] = ()
    renderer: Mapping[str, Any] = field(default_factory=dict)
    layout: Layout = "dense"


class Store(Protocol):
    """Where samples are put; see `signgen.batch.spool.Spool`."""

    @property
    def path(self) -> Path:
        """Folder of files that are not in the store yet."""
        ...

    def put(self, key: str, members: Mapping[str, bytes], record: Mapping[str, Any]) -> None:
        """Add a sample."""
        ...


def member_path(spool: Path, key: str, member: str) -> Path:
    """Where a member of a sample lies before it is put.

    >>> member_path(Path("spool"), "a1", POSES).as_posix()
    'spool/a1.poses.npz'
    """
    return spool / f"{key}.{member}"


def put_sample(store: Store, made: Made) -> None:
    """Encode a sample and put it into a store.

    Nothing is flushed to the disk here, for the shard is; sums in the sidecar tell what a power cut left.

    Raises:
        DataError: a key that no tar reader takes, or a video that is not there.
        ResourceError: the disk is full or the folder cannot be written.
    """
    members = {POSES: _encoded(made.utterance.poses, made), CAPTION: _json(caption(made))}
    if made.has_video:
        members[VIDEO] = _video(store.path, made.key)
    files = [_described(member, data) for member, data in members.items()]
    store.put(made.key, members, sidecar(made, files))
    if made.has_video:
        with reported(store.path):
            member_path(store.path, made.key, VIDEO).unlink()


def caption(made: Made) -> dict[str, Any]:
    """The content of ``caption.json``: SignVerse's fields, and signs by time."""
    tiers = made.utterance.tiers
    return {
        "video_id": made.key,
        "sign_language": made.language,
        "synthetic": True,
        "text": made.text,
        "segments": _rows(tiers.get("text", ())),
        "gloss": _rows(tiers.get("gloss", ())),
        "source": _rows(tiers.get("source", ())),
    }


def sidecar(made: Made, files: list[dict[str, Any]]) -> dict[str, Any]:
    """The account of a sample.

    All samples of all plans have the same fields of the same types, so that tables can be made of them: what differs
    by source or renderer is JSON inside a text, and lists that are mostly empty are lines of a text.
    """
    utterance, poses = made.utterance, made.utterance.poses
    origins = utterance.origins or (_network(utterance),)
    sources = [*describe_sources(origins)]
    weights = made.renderer.get("weights", ())
    licences = dict.fromkeys(row["licence"] for row in (*sources, *weights) if row.get("licence"))
    return {
        "schema": SCHEMA,
        "key": made.key,
        "synthetic": True,
        "text": made.text,
        "text_sha256": hash_text(made.text),
        "signed_language": made.language,
        "spoken_language": made.spoken_language,
        "split": made.split,
        "mode": utterance.mode,
        "frames": len(poses),
        "fps": float(poses.fps),
        "seconds": float(poses.seconds),
        "width": poses.width,
        "height": poses.height,
        "has_depth": poses.depth is not None,
        "has_video": made.has_video,
        "seed": int(made.plan.get("seed", 0)),
        "name": str(made.plan.get("name", "")),
        **{part: _choice(made.plan, path) for part, path in CHOICES.items()},
        "plan": to_json(made.plan),
        "config_hash": made.config_hash,
        "licences": list(licences),
        "sources": sources,
        "origins": list(origins),
        "coverage": {"tokens": len(utterance.coverage), **count_outcomes(utterance.coverage)},
        "missing": "\n".join(token.text for token in utterance.coverage if token.outcome == "missing"),
        "warnings": "\n".join(made.warnings),
        "report": to_json(utterance.report),
        "drawing": to_json(made.renderer),
        "files": files,
        "signgen": package_version("signgen"),
        "versions": installed_versions(),
    }


def _network(utterance: Utterance) -> FrameOrigin:
    """Where the frames of a source come from that joins no recordings: from its weights, if it says which."""
    report = utterance.report
    weights = str(report.get("weights", ""))[:12]
    entry = f"{report.get('checkpoint', '')}@{weights}" if weights else ""
    licence = str(report.get("licence", "")) if weights else ""
    return FrameOrigin(0, len(utterance.poses), "generated", entry, licence=licence)


def _encoded(poses: PoseSequence, made: Made) -> bytes:
    return encode_npz(poses) if made.layout == "dense" else encode_signverse_npz([poses], made.key)


def _choice(plan: Mapping[str, Any], path: str) -> str:
    """A choice as text, empty where the plan leaves it open."""
    part, _, setting = path.partition(".")
    value = plan.get(path, plan.get(part) if setting == "name" else plan.get(setting, ""))
    return str(value or "")


def _rows(cues: Iterable[Cue]) -> list[dict[str, Any]]:
    return [{"start": float(cue.start), "end": float(cue.end), "text": cue.text} for cue in cues]


def _video(spool: Path, key: str) -> bytes:
    try:
        return member_path(spool, key, VIDEO).read_bytes()
    except FileNotFoundError:
        raise DataError(f"sample {key}: has no video at {member_path(spool, key, VIDEO)}") from None


def _described(member: str, data: bytes) -> dict[str, Any]:
    return {"member": member, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _json(value: Mapping[str, Any]) -> bytes:
    return (to_json(value) + "\n").encode()
