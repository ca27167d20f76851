"""A span of a movement drawn anew by a SignDW checkpoint, from file to file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from signgen.data.poses import read_poses, write_poses
from signgen.errors import ConfigError
from signgen.pose.sequence import PoseSequence
from signgen.workflow import outputs
from signgen.workflow.convert import check_pose_path, pick_person

if TYPE_CHECKING:
    from signgen.signdw.settings import DrawSettings
    from signgen.signdw.signing.fill import Wish


@dataclass(frozen=True)
class Filled:
    """What was done.

    Attributes:
        poses: what was written.
        start: first frame that was drawn.
        stop: one past the last.
    """

    poses: PoseSequence
    start: int
    stop: int


def fill_span(
    file: str | Path,
    output: str | Path,
    span: tuple[float, float],
    *,
    checkpoint: str,
    wish: Wish,
    draws: DrawSettings | None = None,
    seed: int = 0,
    person: int = 0,
    device: str = "cpu",
    force: bool = False,
) -> Filled:
    """Write the poses of a file with a span drawn anew.

    Args:
        file: poses in any known format.
        output: where to write; its suffix is the format.
        span: from when to when [s].
        checkpoint: built in, or a folder.
        wish: what to sign in the span.
        draws: how.
        seed: of what is drawn.
        person: which of several signers or sequences, counted from 0.
        device: what computes.
        force: replace a file that exists.

    Raises:
        SignGenError: a leaf that says what is wrong; then nothing is written.
    """
    from signgen.nn.device import device_named
    from signgen.signdw.checkpoint.folder import load_checkpoint
    from signgen.signdw.signing.fill import fill

    file, output = Path(file), check_pose_path(Path(output))
    outputs.refuse_existing((output,), force)
    poses = pick_person(read_poses(file), person, file)
    start, stop = _frames(span, poses)
    loaded = load_checkpoint(checkpoint, device_named(device))
    filled = fill(loaded, poses, start, stop, wish, draws, seed)
    write_poses(filled, output)
    return Filled(filled, start, stop)


def _frames(span: tuple[float, float], poses: PoseSequence) -> tuple[int, int]:
    """First frame and one past the last of a span in seconds."""
    start, stop = (round(second * poses.fps) for second in span)
    if not 0 <= start < stop <= len(poses):
        raise ConfigError(
            f"--from {span[0]:g} --to {span[1]:g}: no span of the {poses.seconds:.2f} s of the poses; "
            "give seconds in order"
        )
    return start, stop
