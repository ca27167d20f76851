"""Poses from one file format to another, with the account of what was mapped, derived and dropped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from signgen.data.poses import SUFFIXES, read_poses_with_report, write_poses
from signgen.errors import ConfigError, DataError
from signgen.pose.convert.report import ConversionReport
from signgen.pose.sequence import PoseSequence
from signgen.workflow import outputs


@dataclass(frozen=True)
class Converted:
    """What a conversion did.

    Attributes:
        poses: what was written.
        people: how many people or sequences the input has; one of them was written.
        reading: what became of the keypoints on the way in.
        writing: the same on the way out.
    """

    poses: PoseSequence
    people: int
    reading: ConversionReport
    writing: ConversionReport


def convert(
    file: str | Path,
    output: str | Path,
    *,
    person: int = 0,
    layout: str | None = None,
    fps: float | None = None,
    width: int | None = None,
    height: int | None = None,
    force: bool = False,
) -> Converted:
    """Write the poses of ``file`` to ``output``, in the format of its suffix.

    Args:
        file: poses in any known format.
        output: where to write.
        person: which of several signers or sequences, counted from 0.
        layout: keypoints of the output where its format has several.
        fps: frame rate, for formats that carry none.
        width: canvas width [px], for formats that carry none.
        height: canvas height [px], for formats that carry none.
        force: replace a file that exists.

    Raises:
        SignGenError: a leaf that says what is wrong; then nothing is written.
    """
    file, output = Path(file), check_pose_path(Path(output))
    outputs.refuse_existing((output,), force)
    people, reading = read_poses_with_report(file, fps=fps, width=width, height=height)
    poses = pick_person(people, person, file)
    return Converted(poses, len(people), reading, write_poses(poses, output, layout=layout))


def check_pose_path(output: Path) -> Path:
    """``output``, if its suffix names a pose format; raises ConfigError."""
    if not output.name.endswith(SUFFIXES):
        raise ConfigError(f"{output}: no pose format has this suffix; use one of: {', '.join(SUFFIXES)}")
    return output


def pick_person(people: list[PoseSequence], person: int, path: Path) -> PoseSequence:
    """One signer of several; raises DataError if there are fewer, or if the clip has no frames."""
    if person >= len(people):
        raise DataError(f"{path}: person {person} asked for, but it has {len(people)}, counted from 0")
    if not len(people[person]):
        raise DataError(f"{path}: has no frames; nothing to do")
    return people[person]
