"""Repeat a run from its sidecar and prove that it gave the same poses and frames."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path

from signgen.data.cue import Cue
from signgen.data.poses import read_poses
from signgen.data.sidecar import Sidecar, read_sidecar, sidecar_path
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence
from signgen.workflow import digest, outputs
from signgen.workflow.captions import make_track, write_track
from signgen.workflow.convert import pick_person
from signgen.workflow.generate import generate, generate_poses, sign
from signgen.workflow.progress import Progress, counted, silent
from signgen.workflow.record import Result
from signgen.workflow.render import Hints, render_video
from signgen.workflow.settings import Job, prepare


@dataclass(frozen=True)
class Repeated:
    """How a repeated run compares with the one on record.

    Attributes:
        outputs: files written; empty when it was only compared.
        same_poses: whether the poses have the recorded fingerprint.
        same_frames: the same for the frames; None if the record has no frames.
    """

    outputs: tuple[Path, ...]
    same_poses: bool
    same_frames: bool | None

    @property
    def is_identical(self) -> bool:
        """Whether everything on record was repeated byte for byte."""
        return self.same_poses and self.same_frames is not False

    @property
    def verdict(self) -> str:
        """One line for people."""
        words = {True: "identical", False: "DIFFERENT", None: "not on record"}
        return f"poses: {words[self.same_poses]}; frames: {words[self.same_frames]}"


def rerun(
    sidecar: str | Path,
    output: str | Path | None = None,
    *,
    force: bool = False,
    progress: Progress = silent,
) -> Repeated:
    """Repeat the run that ``sidecar`` records, with the same text, settings and seed.

    Args:
        sidecar: the ``.json`` beside an output of `generate`, `generate_poses`, `render_video` or
            `caption_track`.
        output: where to write; without it nothing is written and the fingerprints alone are compared.
        force: replace files that exist.
        progress: told how far it is.

    Raises:
        DataError: the file is no sidecar of these, or an input file of the run has changed.
    """
    path = Path(sidecar)
    record = read_sidecar(path)
    recorded = _recorded(record, path)
    if output is None:
        return _compare(_again(record, path, progress), recorded, ())
    output = Path(output)
    outputs.refuse_existing((output, sidecar_path(output)), force)
    result = _write(record, path, output, force, progress)
    return _compare((result.poses_sha256, result.frames_sha256), recorded, result.outputs)


def _recorded(record: Sidecar, path: Path) -> tuple[str, str]:
    """Fingerprints of poses and frames on record; that of the frames is empty if there are none."""
    try:
        return record.account["poses"]["sha256"], record.account.get("frames", {}).get("sha256", "")
    except (KeyError, TypeError, AttributeError):
        raise DataError(
            f"{path}: has no fingerprints to compare with; is it the sidecar of a video?"
        ) from None


def _compare(made: tuple[str, str], recorded: tuple[str, str], written: tuple[Path, ...]) -> Repeated:
    same_frames = made[1] == recorded[1] if recorded[1] else None
    return Repeated(written, made[0] == recorded[0], same_frames)


def _write(record: Sidecar, path: Path, output: Path, force: bool, progress: Progress) -> Result:
    if record.command == "generate":
        return generate(record.text, output, record.config, force=force, progress=progress)
    if record.command == "pose":
        return generate_poses(record.text, output, record.config, force=force)
    if record.command == "render":
        file, person, hints = _input(record, path)
        return render_video(
            file, output, record.config, person=person, force=force, progress=progress, **hints
        )
    if record.command == "captions":
        cues, max_speedup = _cues(record, path)
        return write_track(
            cues, output, record.config, max_speedup=max_speedup, force=force, progress=progress
        )
    raise DataError(f"{path}: cannot repeat the command {record.command!r}")


def _again(record: Sidecar, path: Path, progress: Progress) -> tuple[str, str]:
    """Fingerprints of a repeated run that writes nothing."""
    job = prepare(record.config)
    if record.command in ("generate", "pose"):
        poses = sign(job, record.text).poses
    elif record.command == "render":
        file, person, hints = _input(record, path)
        poses = pick_person(read_poses(file, **hints), person, file)
    elif record.command == "captions":
        cues, max_speedup = _cues(record, path)
        poses = make_track(job, cues, max_speedup, progress, str(path)).poses
    else:
        raise DataError(f"{path}: cannot repeat the command {record.command!r}")
    frames = "" if record.command == "pose" else _frames_sha256(job, poses, progress)
    return digest.of_poses(poses), frames


def _frames_sha256(job: Job, poses: PoseSequence, progress: Progress) -> str:
    fingerprint = digest.FrameDigest()
    frames = fingerprint.over(job.renderer(poses, seed=job.seed))
    deque(counted(frames, "drawing", len(poses), progress), maxlen=0)
    return fingerprint.hexdigest


def _input(record: Sidecar, path: Path) -> tuple[Path, int, Hints]:
    """The pose file of a ``render`` run, if it is still the same, and how it was read."""
    try:
        given = record.account["input"]
        file, person = Path(given["path"]), int(given["person"])
        hints: Hints = {"fps": given["fps"], "width": given["width"], "height": given["height"]}
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{path}: does not say which poses were rendered") from None
    if not file.exists():
        raise DataError(f"{file}: the poses of this run are gone; put them back or run `signgen render`")
    if given.get("sha256") and digest.of_file(file) != given["sha256"]:
        raise DataError(
            f"{file}: has changed since the run; use the file of that run or run `signgen render`"
        )
    return file, max(0, person), hints


def _cues(record: Sidecar, path: Path) -> tuple[list[Cue], float]:
    """The cues of a ``captions`` run and its speed limit."""
    try:
        cues = [
            Cue(float(row["start"]), float(row["end"]), str(row["text"])) for row in record.account["cues"]
        ]
        return cues, float(record.account["max_speedup"])
    except (KeyError, TypeError, ValueError):
        raise DataError(f"{path}: does not hold the cues of its run") from None
