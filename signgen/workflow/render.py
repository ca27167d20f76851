"""Poses from a file to a video with a sidecar."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

from signgen.data.poses import read_poses
from signgen.data.sidecar import sidecar_path
from signgen.errors import ConfigError
from signgen.text2pose.base import Utterance
from signgen.workflow import digest, outputs
from signgen.workflow.convert import pick_person
from signgen.workflow.generate import draw
from signgen.workflow.progress import Progress, silent
from signgen.workflow.record import Result, describe_poses, warnings_of_renderer, write_record
from signgen.workflow.settings import FLAT_RENDERER, LOOK, prepare


class Hints(TypedDict):
    """What some pose formats do not say about themselves."""

    fps: float | None
    width: int | None
    height: int | None


def render_video(
    poses: str | Path,
    output: str | Path,
    config: Mapping[str, Any] | None = None,
    *,
    person: int = 0,
    fps: float | None = None,
    width: int | None = None,
    height: int | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Result:
    """Draw the poses of a file in any known format into a video.

    Args:
        poses: the pose file.
        output: the video; a sidecar ``.json`` is written beside it.
        config: settings; of the parts only ``renderer`` is used.
        person: which of several signers, counted from 0.
        fps: frame rate, for pose formats that carry none.
        width: canvas width [px], for pose formats that carry none.
        height: canvas height [px], for pose formats that carry none.
        force: replace files that exist.
        progress: told how far the drawing is.

    Raises:
        SignGenError: a leaf that says what is wrong; then nothing is left behind.
    """
    job, poses, output = (
        prepare(config, renderer=FLAT_RENDERER),
        Path(poses),
        outputs.check_video_path(Path(output)),
    )
    if LOOK in job.config:
        raise ConfigError(
            "look: changes what is signed; these poses are made already; set renderer.yaw and so on"
        )
    sidecar = sidecar_path(output)
    outputs.refuse_existing((output, sidecar), force)
    hints: Hints = {"fps": fps, "width": width, "height": height}
    job.check_drawing()
    signer = pick_person(read_poses(poses, **hints), person, poses)
    with outputs.all_or_nothing() as written:
        drawn = draw(job, Utterance(signer), output, written, progress)
        account = {
            "input": {"path": str(poses.resolve()), "sha256": _fingerprint(poses), "person": person, **hints},
            "poses": describe_poses(signer),
            "frames": drawn,
        }
        warnings = warnings_of_renderer(account)
        write_record(sidecar, "render", job, written, account=account, warnings=warnings, parts=("renderer",))
        written.append(sidecar)
    return Result(
        tuple(written),
        len(signer),
        signer.seconds,
        poses_sha256=account["poses"]["sha256"],
        frames_sha256=drawn["sha256"],
        warnings=(*warnings, *job.warnings()),
    )


def _fingerprint(path: Path) -> str:
    return digest.of_file(path) if path.is_file() else ""
