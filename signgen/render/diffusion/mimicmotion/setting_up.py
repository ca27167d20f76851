"""From the settings of the renderer to a clip and the studio that makes it: sizes, weights, pictures, poses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from signgen.data.checkpoints import Checkpoint, load_index
from signgen.data.poses import read_pose
from signgen.errors import ConfigError, DataError
from signgen.nn.device import device_named
from signgen.pose.geometry import affine
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame
from signgen.render.diffusion.appearance import AVATAR, Still, given_still, open_appearance, portrait_still
from signgen.render.diffusion.card import Shape, shape_for
from signgen.render.diffusion.memory import Ladder, Plan, limits_on, precision_of
from signgen.render.diffusion.mimicmotion.checkpoint import SPLIT, find_files
from signgen.render.diffusion.mimicmotion.clip import FACTOR, Clip, Studio, windows_of
from signgen.render.diffusion.mimicmotion.references import chosen, pose_of
from signgen.render.diffusion.weights import Weights, find_all

if TYPE_CHECKING:
    from signgen.render.mimicmotion import MimicMotion

NEWER, OLDER = "mimicmotion-1.1", "mimicmotion-1.0"
FIRST = ("MimicMotion_1.pth", "MimicMotion.pth", SPLIT[1])  # names of the files of the older version
MIN_WINDOW = 4


def frames(
    settings: MimicMotion, poses: PoseSequence, appearance: Frame | None, seed: int
) -> Iterator[Frame]:
    """The frames of the poses, computed when the first is asked for; what can be refused is refused at once."""
    device = device_named(settings.device)
    weights, base = find_all(settings.weight_names(), "mimicmotion", download=settings.download)
    pose_net = Path(settings.pose_net).expanduser() if settings.pose_net else None
    files = find_files(weights.path, base.path, pose_net)
    shape = shape_for(settings, card_of(files.motion.name, poses))
    ladder = ladder_of(settings, shape, device)
    placed, corner = canvas(poses, shape.width, shape.height)
    stills, reason = chosen(looks(settings, placed, appearance), placed, settings.join)
    settings.notes.clear()
    settings.notes.update(_account(weights, base, stills, reason))
    plan = ladder.plan
    windows_of(
        1 + len(poses), plan.window, plan.overlap, is_original=settings.original_noise
    )  # or say why not
    clip = Clip(
        _fitted(settings, placed, stills[0]),
        stills,
        settings.steps,
        (settings.guidance, settings.guidance if settings.guidance_last is None else settings.guidance_last),
        settings.picture_noise,
        settings.original_noise,
        seed,
    )
    return _cut(
        settings, Studio(files, base.path, device, ladder), clip, (*corner, shape.width, shape.height)
    )


def card_of(file: str, poses: PoseSequence) -> Checkpoint:
    """What the weights in a file were trained for: which version they are is in the name that publishers give it.

    The size is that of the training, a short side of 576 px, in the shape of the poses' canvas as far as 16:9.
    """
    card = load_index()[OLDER if file in FIRST else NEWER]
    short, long = card.input or (576, 1024)
    stretch = min(max(poses.width, poses.height) / min(poses.width, poses.height), long / short)
    sides = short, round(short * stretch / FACTOR) * FACTOR
    return replace(card, input=sides if poses.height >= poses.width else sides[::-1])


def canvas(poses: PoseSequence, width: int, height: int) -> tuple[PoseSequence, tuple[int, int]]:
    """The poses on a canvas whose sides are multiples of 8, and the corner of the frames on it.

    Frames of any size are computed: on a canvas a little larger, from which they are cut.
    """
    wide, high = (-(-side // FACTOR) * FACTOR for side in (width, height))
    left, top = (wide - width) // 2, (high - height) // 2
    scale = min(width / poses.width, height / poses.height)
    x, y = (width - scale * poses.width) / 2 + left, (height - scale * poses.height) / 2 + top
    return affine(poses, np.array([[scale, 0, x], [0, scale, y]]), wide, high), (left, top)


def looks(settings: MimicMotion, poses: PoseSequence, given: Frame | None) -> list[Still]:
    """The pictures that give the looks, each of the size of the canvas.

    Raises:
        ConfigError: there is none.
    """
    size = poses.width, poses.height
    if given is not None:
        still = given_still(given, given.shape[1], given.shape[0])
        return [_posed(still, settings.reference_pose).cut_to(*size)]
    if not settings.appearance:
        raise ConfigError(
            "renderer.appearance: MimicMotion needs a picture of the signer; give a portrait, or avatar:ada"
        )
    further = [_portrait(settings, spec, "", size) for spec in settings.references]
    if settings.appearance.partition(":")[0] == AVATAR:
        return [open_appearance(settings.appearance, poses, *size), *further]
    return [_portrait(settings, settings.appearance, settings.reference_pose, size), *further]


def ladder_of(settings: MimicMotion, shape: Shape, device: torch.device) -> Ladder:
    """The plan that the settings mean, and what may be given up of it."""
    is_split = device.type == "cuda" if settings.cfg == "auto" else settings.cfg == "separate"
    precision = precision_of(settings.precision, device)
    plan = Plan(precision, shape.window, shape.overlap, split_guidance=is_split)
    limits = limits_on(device, guidance=settings.guidance != 1, min_window=MIN_WINDOW)
    return Ladder(plan, replace(limits, can_tile=False), strict=settings.strict_memory)


def _portrait(settings: MimicMotion, portrait: str, pose: str, size: tuple[int, int]) -> Still:
    """A portrait cut to the size of the canvas, its pose moved with it."""
    consent = Path(settings.consent).expanduser() if settings.consent else None
    still = portrait_still(Path(portrait).expanduser(), settings.purpose, consent=consent)
    return _posed(still, pose).cut_to(*size)


def _posed(still: Still, file: str) -> Still:
    """A picture with the pose that a file gives, if one is given.

    Raises:
        DataError: the file is of another size than the picture, or has no frame.
    """
    if not file:
        return still
    high, wide = still.picture.shape[:2]
    pose = read_pose(Path(file).expanduser(), width=wide, height=high)
    if not len(pose) or (pose.width, pose.height) != (wide, high):
        raise DataError(
            f"{file}: poses of {pose.width} x {pose.height} px, {len(pose)} frames; "
            f"the picture of {wide} x {high} px needs one frame of that size"
        )
    return replace(still, pose=pose[:1])


def _fitted(settings: MimicMotion, poses: PoseSequence, still: Still) -> PoseSequence:
    """The poses with the limbs of the signer in the picture."""
    pose = pose_of(still)
    if not settings.retarget:
        return poses
    from signgen.render.diffusion.retarget import retarget

    fitted, alignment = retarget(poses, pose)
    settings.notes["alignment"] = alignment.account()
    return fitted


def _cut(
    settings: MimicMotion, studio: Studio, clip: Clip, box: tuple[int, int, int, int]
) -> Iterator[Frame]:
    """The frames cut from the canvas; what was given up for want of memory is noted as it happens."""
    left, top, width, height = box
    for frame in studio.frames(clip):
        settings.notes["memory"] = studio.ladder.account()
        yield np.ascontiguousarray(frame[top : top + height, left : left + width])


def _account(weights: Weights, base: Weights, stills: tuple[Still, ...], reason: str) -> dict[str, Any]:
    return {
        "weights": [weights.account(), base.account()],
        "appearance": [dict(still.account) for still in stills],
        "chosen": reason,
    }
