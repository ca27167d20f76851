"""From settings to a stage: where the weights are, how large the frames, who signs, in front of what."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from signgen.data.checkpoints import Checkpoint, load_index
from signgen.errors import ConfigError
from signgen.nn.device import device_named
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame
from signgen.render.diffusion.appearance import Still, given_still, open_appearance
from signgen.render.diffusion.card import Shape, check_profile, shape_for
from signgen.render.diffusion.control import ControlVideo, control_frames
from signgen.render.diffusion.memory import Ladder, Plan, limits_on, precision_of
from signgen.render.diffusion.retarget import retarget
from signgen.render.diffusion.wan.conditions import Scenery
from signgen.render.diffusion.wan.footage import open_footage
from signgen.render.diffusion.wan.networks import check_model
from signgen.render.diffusion.weights import find_weights
from signgen.render.wan import OWN_WEIGHTS

if TYPE_CHECKING:
    from signgen.render.wan import Wan

MULTIPLE = 16  # of both sides: 8 for the autoencoder, 2 for the patches of the video network [px]
STRIDE = 4  # pictures in a latent frame
LEAST_WINDOW = 2  # latent frames


@dataclass(frozen=True)
class Stage:
    """What a clip is drawn with, but for the networks, which are loaded when they are needed.

    Attributes:
        settings: of the renderer.
        folder: of the weights.
        sha256: of the weights, so that others that come to lie there are read anew.
        device: where to compute.
        ladder: what to give up when memory runs out; its window and overlap are in latent frames.
        poses: the clip as it came, with its own proportions.
        frames: numbers of the poses that are drawn.
        control: the poses as pictures of the frames' size.
        still: the appearance; None if words alone say it.
        scenery: footage that the signer is put into; None if there is none.
    """

    settings: Wan
    folder: Path
    sha256: str
    device: torch.device
    ladder: Ladder
    poses: PoseSequence
    frames: range
    control: ControlVideo
    still: Still | None
    scenery: Scenery | None


def set_stage(
    settings: Wan, poses: PoseSequence, appearance: Frame | None, frames: range | None = None
) -> Stage:
    """Check all that can be checked before networks are loaded.

    Args:
        settings: of the renderer.
        poses: the clip, at least one frame.
        appearance: a picture that a caller hands over; None for what the settings say.
        frames: numbers of those that are drawn; all of them if None.

    Raises:
        CheckpointError: the weights are not here, or not Wan's.
        ConfigError: settings that the weights were not trained for.
        DataError: an appearance or footage that cannot be used.
    """
    weights = find_weights(settings.weights, "wan", download=settings.download)
    check_model(weights.path, settings.model)
    card = weights.card or load_index()[OWN_WEIGHTS[settings.model]]
    profile = check_profile(settings.profile, card.profile or "controlnet", card.name)
    shape = shape_for(settings, shaped(card, poses), multiple=MULTIPLE)
    device = device_named(settings.device)
    ladder = _ladder(settings, shape, device)
    still = _still(settings, appearance, poses, shape)
    scenery = _scenery(settings, poses, shape)
    notes = settings.notes
    notes.clear()
    notes["weights"] = [account := weights.account()]
    moved = poses
    if still is not None:
        notes["appearance"] = still.account
        if settings.retarget and still.pose is not None:
            moved, alignment = retarget(poses, still.pose)
            notes["alignment"] = alignment.account()
    shown = range(len(poses)) if frames is None else frames
    control = control_frames(moved, profile, shape.width, shape.height)
    return Stage(
        settings, weights.path, account["sha256"], device, ladder, poses, shown, control, still, scenery
    )


def shaped(card: Checkpoint, poses: PoseSequence) -> Checkpoint:
    """A card whose pictures have as many pixels as before, in the shape of the poses' canvas.

    Wan was trained with pictures of many shapes.
    """
    if card.input is None:
        return card
    side = math.sqrt(card.input[0] * card.input[1] / (poses.width * poses.height))
    wide, high = (
        max(1, round(side * length / MULTIPLE)) * MULTIPLE for length in (poses.width, poses.height)
    )
    return dataclasses.replace(card, input=(wide, high))


def _ladder(settings: Wan, shape: Shape, device: torch.device) -> Ladder:
    """Memory steps for windows counted in latent frames."""
    if shape.window % STRIDE != 1:
        low = max(1, (shape.window - 1) // STRIDE * STRIDE + 1)
        raise ConfigError(
            f"renderer.window: Wan sees 1, 5, 9 ... pictures at once, not {shape.window}; use {low} or {low + STRIDE}"
        )
    window = 1 + shape.window // STRIDE
    overlap = min(shape.overlap // STRIDE, window - 1)
    asked = settings.precision
    precision = "bf16" if asked == "auto" and device.type == "cuda" else precision_of(asked, device)
    limits = dataclasses.replace(limits_on(device, guidance=False, min_window=LEAST_WINDOW), half="bf16")
    # The autoencoder takes one latent frame at a time as it is.
    return Ladder(Plan(precision, window, overlap, decode_frames=1), limits, strict=settings.strict_memory)


def _still(settings: Wan, appearance: Frame | None, poses: PoseSequence, shape: Shape) -> Still | None:
    if appearance is not None:
        return given_still(appearance, shape.width, shape.height)
    if settings.appearance:
        return open_appearance(
            settings.appearance,
            poses,
            shape.width,
            shape.height,
            purpose=settings.purpose,
            consent=settings.consent,
        )
    if settings.model == "animate":
        raise ConfigError(
            "renderer.appearance: animate brings a picture to life; give a portrait or avatar:NAME, or use model=vace"
        )
    return None


def _scenery(settings: Wan, poses: PoseSequence, shape: Shape) -> Scenery | None:
    if not settings.background_video:
        return None
    size = shape.width, shape.height
    return Scenery(
        open_footage(settings.background_video, "background_video", poses, *size),
        open_footage(settings.mask_video, "mask_video", poses, *size),
    )
