"""From settings to a stage: weights, sizes, schedule, prompts, appearance and beginning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import torch

from signgen.errors import ConfigError
from signgen.nn.device import device_named
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame
from signgen.render.diffusion.appearance import AVATAR, Still, given_still, open_appearance
from signgen.render.diffusion.card import Shape, shape_for
from signgen.render.diffusion.control import control_frames
from signgen.render.diffusion.memory import Ladder, Plan, limits_on, precision_of
from signgen.render.diffusion.schedules import DDIM, first_step
from signgen.render.diffusion.stable.beginning import begin_with_avatar, padded
from signgen.render.diffusion.stable.denoisers import Prompt
from signgen.render.diffusion.stable.parts import Parts
from signgen.render.diffusion.stable.pictures import factor
from signgen.render.diffusion.stable.settings import StableSettings
from signgen.render.diffusion.stable.stage import Networks, Stage
from signgen.render.diffusion.stable.where import Found, find, stand_in
from signgen.render.diffusion.stable.words import read

DEFAULT_SIGNER = "ada"


@dataclass(frozen=True)
class Kind:
    """What one renderer differs in from the other.

    Attributes:
        name: in the registry.
        window: frames at once if the weights do not say.
        overlap: frames that windows share.
        least: frames that a window needs.
        motion: the motion adapter; None for independent pictures.
        schedule: what differs from the schedule of the base.
    """

    name: str
    window: int
    overlap: int
    least: int
    motion: str | None
    schedule: dict[str, Any]


def set_stage(settings: StableSettings, kind: Kind, poses: PoseSequence, given: Frame | None) -> Stage:
    """Everything that the frames of a clip are drawn with.

    Args:
        settings: of the renderer.
        kind: which renderer.
        poses: of the clip.
        given: a picture that a program hands over; it goes before the setting.

    Raises:
        CheckpointError: weights that are missing, damaged or not of one family.
        ConfigError: settings that do not go together, or a size out of range.
        DataError: an appearance that cannot be read, or that nobody has consented to.
        ResourceError: memory runs out.
    """
    settings.notes.clear()
    found = find(settings, kind.name, kind.motion, with_look=given is not None or bool(settings.appearance))
    device = device_named(settings.device)
    networks = Networks(found.folders, device, settings.look_scale)
    plan = Plan(precision_of(settings.precision, device), kind.window, kind.overlap)
    limits = limits_on(device, guidance=settings.guidance > 1, min_window=kind.least)
    ladder = Ladder(plan, limits, strict=settings.strict_memory)
    parts = ladder.run("load", networks.load)
    _check_window(kind, found, parts)
    shape = _size(settings, found, parts)
    still = _still(settings, poses, given, shape)
    _check_used(settings, parts, still)
    settings.notes["weights"] = [one.account() for one in found.weights]
    poses, beginning = _begun(settings, poses, still, shape)
    is_new = beginning is None
    side = factor(parts.vae)
    return Stage(
        networks,
        ladder,
        DDIM.of({**parts.schedule, **kind.schedule}, settings.steps),
        0 if is_new else first_step(settings.steps, settings.strength),
        shape.width,
        shape.height,
        (parts.unet.config.in_channels, -(-shape.height // side), -(-shape.width // side)),
        side,
        control_frames(poses, found.profile, shape.width, shape.height),
        ladder.run("load", lambda plan: _prompts(settings, networks, plan, still)),
        None if beginning is None else padded(beginning, shape.width, shape.height, side),
        settings,
    )


def _check_window(kind: Kind, found: Found, parts: Parts) -> None:
    """Motion modules know the frames they were trained with, and have places for a few more."""
    if kind.motion is None:
        return
    card = found.motion_card
    longest = parts.longest if card is None or card.window is None else min(card.window, parts.longest)
    if kind.window > longest:
        raise ConfigError(
            f"renderer.window: {kind.window} frames, and the motion adapter takes {longest} at most; "
            f"use renderer.window={longest}"
        )


def _size(settings: StableSettings, found: Found, parts: Parts) -> Shape:
    """Width and height of the frames [px]: as asked, or as the base was trained."""
    side = int(parts.unet.config.sample_size * factor(parts.vae))
    card = stand_in(found.weights[0].name, found.card, input=(side, side))
    return shape_for(settings.with_settings(window=None, overlap=None), card)


def _still(settings: StableSettings, poses: PoseSequence, given: Frame | None, shape: Shape) -> Still | None:
    if given is not None:
        return given_still(given, shape.width, shape.height)
    if not settings.appearance:
        return None
    return open_appearance(
        settings.appearance,
        poses,
        shape.width,
        shape.height,
        purpose=settings.purpose,
        consent=settings.consent,
    )


def _check_used(settings: StableSettings, parts: Parts, still: Still | None) -> None:
    """An appearance must reach the frames by some way, and what needs one must have it."""
    if settings.start == "appearance" and still is None:
        raise ConfigError("renderer.start: appearance needs a picture; set renderer.appearance")
    if still is None or parts.eye is not None or settings.start == "appearance":
        return
    if settings.start == "noise" or still.account.get("kind") != AVATAR:
        raise ConfigError(
            "renderer.appearance: nothing would look at it; give an IP-Adapter (renderer.adapter) "
            "or start from the picture (renderer.start=appearance)"
        )


def _begun(
    settings: StableSettings, poses: PoseSequence, still: Still | None, shape: Shape
) -> tuple[PoseSequence, Iterator[Frame] | None]:
    """The poses with the limbs of who is shown, and the frames that the clip starts from, if it starts from any."""
    if still is not None:
        settings.notes["appearance"] = dict(still.account)
    if settings.start == "avatar":
        return begin_with_avatar(
            _signer(settings), poses, shape.width, shape.height, retarget=settings.retarget
        )
    if still is None:
        return poses, None
    if settings.retarget and still.pose is not None:
        from signgen.render.diffusion.retarget import retarget

        poses, alignment = retarget(poses, still.pose)
        settings.notes["alignment"] = alignment.account()
    return poses, repeat(still.picture) if settings.start == "appearance" else None


def _signer(settings: StableSettings) -> str:
    """Whom the avatar shows: the one named as the appearance, or the first."""
    kind, _, name = settings.appearance.partition(":")
    return name if kind == AVATAR and name else DEFAULT_SIGNER


def _prompts(
    settings: StableSettings, networks: Networks, plan: Plan, still: Still | None
) -> tuple[Prompt, ...]:
    """The prompt, behind the negative one where there is guidance."""
    parts = networks.load(plan)
    eyes = (parts.eye.network,) if parts.eye is not None else ()
    networks.use(plan, *(encoder.network for encoder in parts.encoders), *eyes)
    with torch.inference_mode():
        look, no_look = (None, None)
        if still is not None and parts.eye is not None:
            look, no_look = parts.eye.look(still.picture)
        shown = Prompt(read(parts.encoders, settings.prompt, "prompt"), look)
        if settings.guidance == 1:
            return (shown,)
        words = read(parts.encoders, settings.negative, "negative")
        is_silent = parts.is_silent_without_text and not settings.negative
        return Prompt(words.silenced() if is_silent else words, no_look), shown
