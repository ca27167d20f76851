"""The record of one video: which stages are done, from what, with which settings, and what came of them.

It is written last of a video's files, so what it lists is whole; it holds no times and no process numbers, so two
builds of one manifest write the same bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from signgen.data.atomic import write_text
from signgen.data.strict_json import read_json_object, to_json
from signgen.dataset.manifest import Sample
from signgen.dataset.reasons import Reason
from signgen.errors import DataError

SCHEMA = 1
# In the order in which they are made: the user's command gets the video where it is not at hand, and the verdict
# judges the poses by the limits.
FETCH, CAPTIONS, POSES, VERDICT = "fetch", "captions", "poses", "verdict"
STAGES = (FETCH, CAPTIONS, POSES, VERDICT)
# What a record tells of the sample, besides its name.
TOLD = ("text", "gloss", "signer", "split", "licence", "source", "signed_language", "spoken_language")


@dataclass(frozen=True)
class FileRecord:
    """Size in bytes and SHA-256 of a file."""

    size: int
    sha256: str

    @classmethod
    def of(cls, content: bytes) -> FileRecord:
        """The record of a file of these bytes."""
        return cls(len(content), hashlib.sha256(content).hexdigest())


@dataclass(frozen=True)
class StageRecord:
    """What came of one stage of one video.

    Attributes:
        settings: hash of the settings that it depends on.
        source: what it was made from: size and hash of the files, and what the manifest says.
        files: the files it wrote.
        reasons: why the video is rejected; empty if it is not.
        notes: what was odd and could be put right.
        facts: figures.
    """

    settings: str
    source: Mapping[str, Any]
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """The record of a video.

    Attributes:
        video_id: its name.
        sample: what the manifest says about it.
        stages: what came of the stages so far.
    """

    video_id: str
    sample: Mapping[str, str]
    stages: Mapping[str, StageRecord] = field(default_factory=dict)

    @property
    def outcome(self) -> Literal["done", "rejected", "pending"]:
        """Whether the video can be used."""
        if self.reasons:
            return "rejected"
        return "done" if self.stages.keys() >= {CAPTIONS, POSES, VERDICT} else "pending"

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why it is rejected."""
        return tuple(reason for record in self.stages.values() for reason in record.reasons)

    @property
    def notes(self) -> tuple[Reason, ...]:
        """What was odd about it."""
        return tuple(note for record in self.stages.values() for note in record.notes)

    @property
    def files(self) -> dict[str, FileRecord]:
        """All its files but the record itself."""
        return {name: found for record in self.stages.values() for name, found in record.files.items()}

    @property
    def facts(self) -> dict[str, Any]:
        """The figures of all stages."""
        return {name: value for record in self.stages.values() for name, value in record.facts.items()}

    def with_stage(self, stage: str, record: StageRecord | None) -> Status:
        """The record with one stage replaced, or taken out."""
        stages = {name: record if name == stage else self.stages.get(name) for name in STAGES}
        return dataclasses.replace(self, stages={name: r for name, r in stages.items() if r is not None})


def empty_status(sample: Sample) -> Status:
    """The record of a video of which nothing is done."""
    return Status(sample.video_id, {name: getattr(sample, name) for name in TOLD if getattr(sample, name)})


def status_bytes(status: Status) -> bytes:
    """A record as it is written."""
    rows = {"schema": SCHEMA, "video_id": status.video_id, "sample": status.sample, "stages": status.stages}
    return (to_json(rows, indent=1) + "\n").encode()


def write_status(path: Path, status: Status) -> None:
    """Write a record atomically; raises ResourceError."""
    write_text(path, status_bytes(status).decode())


def read_status(path: Path) -> Status | None:
    """Read a record; None if there is none.

    Raises:
        DataError: it is damaged, or of a newer signgen.
    """
    if not path.exists():
        return None
    values = read_json_object(path)
    if values.get("schema") != SCHEMA:
        raise DataError(
            f"{path}: schema {values.get('schema')!r}, this signgen reads {SCHEMA}; build the video anew"
        )
    try:
        stages = {name: _stage(row) for name, row in values["stages"].items()}
        status = Status(str(values["video_id"]), dict(values["sample"]), stages)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise DataError(f"{path}: not the record of a video; is it damaged?") from None
    if not stages.keys() <= set(STAGES):
        raise DataError(f"{path}: unknown stages {sorted(stages.keys() - set(STAGES))}")
    return status


def _stage(row: Mapping[str, Any]) -> StageRecord:
    return StageRecord(
        settings=str(row["settings"]),
        source=dict(row["source"]),
        files={name: FileRecord(int(f["size"]), str(f["sha256"])) for name, f in row["files"].items()},
        reasons=tuple(Reason(**reason) for reason in row["reasons"]),
        notes=tuple(Reason(**note) for note in row["notes"]),
        facts=dict(row["facts"]),
    )
