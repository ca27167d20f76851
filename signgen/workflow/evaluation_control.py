"""A control of the extractor: true poses drawn by the avatar, whose keypoints are known to the pixel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from signgen.data.npz import read_npz, write_npz
from signgen.data.video import write_video
from signgen.errors import DataError
from signgen.pose.sequence import PoseSequence, cleaned
from signgen.render.avatar import Avatar
from signgen.render.draw import frame_size
from signgen.workflow import digest
from signgen.workflow.evaluation_inputs import Source
from signgen.workflow.progress import Progress, counted, silent
from signgen.workflow.settings import plain

AVATAR = "avatar"


def drawn_control(
    references: Mapping[str, Source], folder: Path, progress: Progress = silent
) -> dict[str, Source]:
    """Videos of true poses and the keypoints that these videos show.

    Args:
        references: true clips with poses.
        folder: keeps the videos for the next run.
        progress: told how many are drawn.

    Raises:
        DataError: a true clip without poses.
        PoseError: poses in which no shoulders are ever seen.
        ResourceError: the folder cannot be written.
    """
    avatar = Avatar()
    key = digest.of_config(plain(avatar))[:8]
    made = {}
    for name, clip in counted(list(references.items()), "control", len(references), progress):
        if clip.poses is None:
            raise DataError(
                f"references: clip {name!r:.80} has no poses that the avatar could show as a control"
            )
        video = folder / f"control-{digest.of_poses(clip.poses)[:24]}-{key}.mp4"
        known = video.with_suffix(".npz")
        if not (video.is_file() and known.is_file()):
            _draw(clip.poses, avatar, video, known)
        made[name] = Source(read_npz(known), video)
    return made


def _draw(poses: PoseSequence, avatar: Avatar, video: Path, known: Path) -> None:
    from signgen.body.lift import lift
    from signgen.render.signer.scene import scene_of

    poses = poses if poses.depth is not None else lift(poses)
    size = frame_size(poses)
    drawn = scene_of(poses, avatar, size, avatar.samples).keypoints()
    write_video(avatar(poses), video, poses.fps)
    write_npz(_shown(drawn[..., :2], poses.fps, size), known)


def _shown(points: np.ndarray, fps: float, size: tuple[int, int]) -> PoseSequence:
    """Keypoints of the drawn body: sure where they lie in the picture, covered or not, and missing elsewhere."""
    is_inside: np.ndarray = np.all((points >= 0) & (points < size), axis=2)
    keypoints = np.concatenate([points, is_inside[..., None]], axis=2).astype(np.float32)
    keypoints[~is_inside] = 0
    return PoseSequence(cleaned(keypoints), fps, *size)
