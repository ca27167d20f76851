"""Frames of the avatar, or any others, begun, held where they should stay, and drawn anew where they may change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from signgen.errors import RenderError
from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.control import control_frames
from signgen.render.diffusion.guide import Guide, Strengths, avatar_scene, drawn_poses
from signgen.render.diffusion.schedules import first_step
from signgen.render.diffusion.stable.film import clip, pictures
from signgen.render.diffusion.stable.more_control import MoreControl
from signgen.render.diffusion.stable.network import load_network
from signgen.render.diffusion.stable.setting_up import Kind, set_stage
from signgen.render.diffusion.stable.stage import Stage
from signgen.render.diffusion.weights import find_all

if TYPE_CHECKING:
    from signgen.render.base import Frame
    from signgen.render.refine import Refine

MOVING, STILL = 16, 4  # frames at once with and without a motion adapter
LEAST_MOVING = 4
MOTION_SCHEDULE = {"beta_schedule": "linear"}  # of AnimateDiff's adapters


def refined(
    settings: Refine, poses: PoseSequence, frames: range, appearance: Frame | None, seed: int
) -> Iterator[Frame]:
    """The avatar in some frames of a clip, refined.

    Args:
        settings: of the renderer.
        poses: of the whole clip.
        frames: those wanted.
        appearance: for the IP-Adapter.
        seed: of the noise.
    """
    stage = _stage(settings, poses, appearance)
    strengths = Strengths(settings.strength, settings.hand_strength, settings.face_strength)
    scene = avatar_scene(settings.signer, poses, stage.width, stage.height)
    with Guide(scene, frames, strengths, stage.factor) as guide:
        shown = (
            drawn_poses(scene, poses.fps, frames) if settings.retarget else poses[frames.start : frames.stop]
        )
        video = control_frames(shown, stage.video.profile, stage.width, stage.height)
        ready = replace(
            stage,
            video=video,
            beginning=_padded((guide.picture(frame) for frame in range(len(frames))), stage),
            first_step=first_step(settings.steps, strengths.most),
            strengths=guide.strengths,
            more=_more(settings, stage, guide),
        )
        yield from _film(settings, ready, len(frames), seed)


def redrawn(settings: Refine, frames: Iterator[Frame], poses: PoseSequence, seed: int) -> Iterator[Frame]:
    """Frames as they are given, drawn anew with the strength of hands.

    Args:
        settings: of the renderer.
        frames: one for each pose, on the canvas of the poses.
        poses: what they show.
        seed: of the noise.
    """
    own = settings.with_settings(width=poses.width, height=poses.height, size=None)
    stage = _stage(own, poses, None)
    ready = replace(
        stage,
        beginning=_padded(frames, stage),
        first_step=first_step(settings.steps, settings.hand_strength),
    )
    yield from _film(settings, ready, len(poses), seed)


def _stage(settings: Refine, poses: PoseSequence, appearance: Frame | None) -> Stage:
    """Networks and prompts; beginning and pictures are not those of this renderer yet."""
    overlap = settings.overlap or 0
    if settings.motion:
        window = settings.window or MOVING
        overlap = window // 4 if settings.overlap is None else overlap
        kind = Kind("refine", window, overlap, LEAST_MOVING, settings.motion, MOTION_SCHEDULE)
    else:
        kind = Kind("refine", settings.window or STILL, 0, 1, None, {})
    bare = settings.with_settings(start="noise", retarget=False)
    stage = set_stage(bare, kind, poses, appearance)
    settings.notes.clear()
    settings.notes.update(bare.notes)
    return stage


def _film(settings: Refine, stage: Stage, count: int, seed: int) -> Iterator[Frame]:
    """The frames of a stage; what happened on the way goes into the notes."""
    is_shared = settings.noise == "shared"
    if settings.motion:
        film = clip(stage, count, seed, is_reused=is_shared)
    else:
        film = pictures(stage, count, seed, is_shared=is_shared)
    done = 0
    for frame in film:
        settings.notes.update(stage.settings.notes)
        yield frame
        done += 1
    if done != count:
        raise RenderError(f"refine: {done} of {count} frames came back")


def _more(settings: Refine, stage: Stage, guide: Guide) -> tuple[MoreControl, ...]:
    """ControlNets for the avatar's other pictures, where they are asked for."""
    asked = [
        (settings.depth, settings.depth_scale, guide.depth),
        (settings.segmentation, settings.segmentation_scale, guide.segmentation),
    ]
    asked = [one for one in asked if one[0]]
    if not asked:
        return ()
    weights = find_all([name for name, _, _ in asked], "refine", download=settings.download)
    settings.notes.setdefault("weights", []).extend(one.account() for one in weights)
    return tuple(
        MoreControl(_controlnet(one.path, stage), read, scale)
        for one, (_, scale, read) in zip(weights, asked, strict=True)
    )


def _controlnet(folder: Path, stage: Stage) -> object:
    from diffusers import ControlNetModel

    return load_network(ControlNetModel, folder, stage.ladder.plan.dtype)


def _padded(frames: Iterator[Frame], stage: Stage) -> Iterator[Frame]:
    """Frames continued at their right and lower edges to whole latents."""
    edges = ((0, -stage.height % stage.factor), (0, -stage.width % stage.factor), (0, 0))
    for frame in frames:
        yield np.pad(frame, edges, mode="edge")
