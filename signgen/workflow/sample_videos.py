"""Videos of what a network signs while it is trained: skeletons, drawn and true side by side in names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from signgen.data.video import write_video
from signgen.pose.sequence import PoseSequence
from signgen.render.base import renderers
from signgen.workflow.settings import FLAT_RENDERER

CRF = 23


def sample_videos(folder: Path) -> Callable[[int, Mapping[str, PoseSequence]], None]:
    """What a training calls with poses by name after an update; true signing is drawn the first time alone.

    Args:
        folder: gets ``0000500-0.mp4`` and so on, and ``true-0.mp4``.
    """

    def show(total: int, clips: Mapping[str, PoseSequence]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, poses in clips.items():
            number, is_true, _ = name.partition("-true")
            path = folder / (f"true-{number}.mp4" if is_true else f"{total:07d}-{number}.mp4")
            if is_true and path.exists():
                continue
            draw = renderers.build({"name": FLAT_RENDERER})
            write_video(draw(poses), path, poses.fps, crf=CRF)

    return show
