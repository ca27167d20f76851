"""From the settings of the renderer to the frames of a clip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from signgen.data.checkpoints import Checkpoint, load_index
from signgen.errors import CheckpointError, ConfigError
from signgen.nn.device import device_named
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame
from signgen.render.diffusion.appearance import Still, given_still, open_appearance
from signgen.render.diffusion.card import check_profile, shape_for
from signgen.render.diffusion.control import control_frames
from signgen.render.diffusion.memory import Ladder, Plan, limits_on, precision_of
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.tiny.batches import FINER, smaller
from signgen.render.diffusion.tiny.folder import TinyCard, load_tiny
from signgen.render.diffusion.tiny.network import TinyFlowNet
from signgen.render.diffusion.tiny.painting import Control, Painter, Way
from signgen.render.diffusion.weights import Weights, find_weights, fingerprint

if TYPE_CHECKING:
    from signgen.render.tiny_flow import TinyFlow

NAME = "tiny-flow"


def frames(settings: TinyFlow, poses: PoseSequence, appearance: Frame | None, seed: int) -> Iterator[Frame]:
    """The frames of the poses, computed when the first is asked for; what can be refused is refused at once."""
    device = device_named(settings.device)
    weights = find_weights(settings.weights, NAME, download=settings.download)
    if not weights.path.is_dir():
        raise CheckpointError(f"{weights.path}: not a folder; give that of a trained tiny-flow")
    model, card = _loaded(weights.path, str(device), fingerprint(weights.path))
    check_profile(settings.profile, card.profile, weights.name)
    shape = shape_for(settings, _as_trained(weights, card))
    plan = Plan(precision_of(settings.precision, device), shape.window, shape.overlap)
    limits = limits_on(device, guidance=settings.guidance != 1, min_window=1)
    ladder = Ladder(plan, replace(limits, can_tile=False, can_offload=False), strict=settings.strict_memory)
    still = _looks(settings, poses, appearance, shape.width, shape.height)
    settings.notes.clear()
    settings.notes.update(weights=[weights.account()], appearance=dict(still.account))
    drawn = _drawn(_fitted(settings, poses, still), shape.width, shape.height)
    return _Clip(settings, model, card, drawn, still.picture, ladder).frames(len(poses), seed)


@dataclass(frozen=True, eq=False)
class _Clip:
    """All that a clip is painted from."""

    settings: TinyFlow
    model: TinyFlowNet
    card: TinyCard
    drawn: Control
    picture: Frame
    ladder: Ladder

    def frames(self, count: int, seed: int) -> Iterator[Frame]:
        """The frames in order; what was given up for want of memory is noted."""
        device = next(self.model.parameters()).device
        shape = self._painter(self.ladder.plan).shape
        with LatentStore(count, shape, device=device) as store:
            self.ladder.run("denoise", lambda plan: self._painter(plan).paint(count, seed, store))
            self.settings.notes["memory"] = self.ladder.account()
            yield from self._painter(self.ladder.plan).frames(store)

    def _painter(self, plan: Plan) -> Painter:
        way = Way(
            self.settings.steps, self.card.shift, self.settings.guidance, plan.window, plan.overlap,
            plan.dtype, plan.split_guidance,
        )  # fmt: skip
        return Painter(self.model, self.drawn, self.picture, way)


@lru_cache(maxsize=2)
def _loaded(folder: Path, device: str, sha256: str) -> tuple[TinyFlowNet, TinyCard]:
    """A network and its card, kept for the next clip as long as the weights have the same hash."""
    return load_tiny(folder, device)


def _as_trained(weights: Weights, card: TinyCard) -> Checkpoint:
    """What the index would say of these weights."""
    return replace(
        load_index()[NAME],
        name=weights.name,
        window=card.window,
        overlap=card.overlap,
        input=(card.width, card.height),
    )


def _looks(settings: TinyFlow, poses: PoseSequence, given: Frame | None, width: int, height: int) -> Still:
    """The picture that gives the looks, of the size of the frames."""
    if given is not None:
        return given_still(given, width, height)
    if not settings.appearance:
        raise ConfigError(
            "renderer.appearance: a picture of the signer is needed; give avatar:ada, or a portrait"
        )
    return open_appearance(
        settings.appearance, poses, width, height, purpose=settings.purpose, consent=settings.consent
    )


def _fitted(settings: TinyFlow, poses: PoseSequence, still: Still) -> PoseSequence:
    """The poses as they are, or with the limbs of the signer in the picture."""
    if not settings.retarget:
        return poses
    if still.pose is None:
        raise ConfigError(
            "renderer.retarget: the pose in the picture is not known; put its poses beside the portrait, "
            "or leave retarget out"
        )
    from signgen.render.diffusion.retarget import retarget

    fitted, alignment = retarget(poses, still.pose)
    settings.notes["alignment"] = alignment.account()
    return fitted


def _drawn(poses: PoseSequence, width: int, height: int) -> Control:
    """The poses as training draws them."""
    video = control_frames(poses, "controlnet", FINER * width, FINER * height)

    def read(numbers: Sequence[int]) -> Tensor:
        pictures = torch.from_numpy(smaller(video.pictures(numbers)))
        return pictures.permute(0, 3, 1, 2) / 127.5 - 1

    return read
