"""A stage to frames: conditions encoded, latents sampled in windows, pictures decoded one latent frame at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

import numpy as np
import torch
from torch import Tensor

from signgen.errors import CheckpointError, RenderError
from signgen.render.base import Frame
from signgen.render.diffusion.memory import Plan, release
from signgen.render.diffusion.noise import frame_noise
from signgen.render.diffusion.sampling import Denoiser, Steps, sample, start
from signgen.render.diffusion.schedules import FlowEuler
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.wan import animate, vace
from signgen.render.diffusion.wan.conditions import Conditions, Pictures, Scenery, stored
from signgen.render.diffusion.wan.face_pictures import avatar_faces
from signgen.render.diffusion.wan.footage import open_footage, signed
from signgen.render.diffusion.wan.networks import Networks, load_networks
from signgen.render.diffusion.wan.setting_up import Stage
from signgen.render.diffusion.wan.unipc import PARTS, FlowUniPC
from signgen.render.diffusion.wan.words import read_prompts
from signgen.render.diffusion.windows import plan_windows
from signgen.render.wan import OWN_GUIDANCE, OWN_PROMPT

PROBE = 3  # latent frames after which decoding needs no more memory than before
DEFAULT_FACE = "ada"  # whose face shows the expressions, where the appearance is not an avatar

_loaded: dict[tuple[Any, ...], Networks] = {}


@dataclass(frozen=True, eq=False)
class Encoded:
    """All that the video network is told of a clip.

    Attributes:
        conditions: rows of latent frames.
        look: what CLIP sees in the appearance (Animate alone).
        faces: movements of the face (Animate alone).
        no_face: movements of none (Animate alone).
    """

    conditions: Conditions
    look: Tensor | None = None
    faces: LatentStore | None = None
    no_face: Tensor | None = None

    def close(self) -> None:
        """Give the disk back."""
        self.conditions.clip.close()
        if self.faces is not None:
            self.faces.close()


def film(stage: Stage, seed: int) -> Iterator[Frame]:
    """(H, W, 3) uint8 RGB for each pose of a stage, begun when the first is asked for.

    Raises:
        RenderError: numbers overflowed.
        ResourceError: memory or disk run out.
    """
    ladder, notes = stage.ladder, stage.settings.notes
    prompts = ladder.run("load", lambda plan: _prompts(stage, plan))
    with ExitStack() as stack:
        encoded = ladder.run("encode", lambda plan: encode(stage, networks_for(stage, plan)))
        stack.callback(encoded.close)
        store = ladder.run("denoise", lambda plan: _sampled(stage, plan, encoded, prompts, seed))
        stack.callback(store.close)
        first, rest = ladder.run("decode", lambda plan: _begun(stage, plan, store, encoded.conditions.lead))
        notes["memory"] = ladder.account()
        yield from islice(chain(first, rest), len(stage.frames))


def networks_for(stage: Stage, plan: Plan) -> Networks:
    """The networks as a plan wants them; those of the last call are kept, and no others."""
    how = (stage.folder, stage.settings.model, stage.device, plan.dtype, plan.offload)
    key = (stage.sha256, *how)
    if key not in _loaded:
        _loaded.clear()
        if stage.device.type != "cpu":  # which keeps what is freed to itself
            release()
        _loaded[key] = load_networks(*how)
    networks = _loaded[key]
    return replace(networks, autoencoder=networks.autoencoder.in_tiles()) if plan.tiled else networks


def steps_of(settings: Any, schedule: Any) -> FlowUniPC | FlowEuler:
    """The steps that settings ask for, where they are silent those of ``scheduler_config.json``."""
    shift = settings.shift or schedule.get("flow_shift") or schedule.get("shift") or 1.0
    if settings.solver == "euler":
        return FlowEuler(settings.steps, shift=shift)
    order = schedule.get("solver_order", 2)
    if order not in (1, 2):
        raise CheckpointError(
            f"scheduler_config.json: solver_order {order} is not supported; use solver=euler"
        )
    return FlowUniPC(settings.steps, shift=shift, order=order)


def encode(stage: Stage, networks: Networks) -> Encoded:
    """Everything that is the same in all steps."""
    autoencoder, control, scenery = networks.autoencoder, _Shown(stage.control, stage.frames), stage.scenery
    if scenery is not None:
        scenery = Scenery(*(_Shown(video, stage.frames) for video in (scenery.background, scenery.mask)))
    latents = autoencoder.num_latents(len(stage.frames))
    rows = {"vace": vace, "animate": animate}[networks.model]
    grey = torch.zeros(3, stage.control.height, stage.control.width)
    look = None if stage.still is None else rows.look_row(autoencoder, signed(stage.still.picture))
    with ExitStack() as stack:
        clip = stored(rows.clip_rows(autoencoder, control, scenery, latents, grey), latents, networks.device)
        stack.callback(clip.close)
        faces, encoded = networks.faces, Encoded(Conditions(clip, look))
        if faces is not None and networks.eye is not None and stage.still is not None:
            count = autoencoder.num_pictures(latents)
            movements = stored(faces.read(_faces(stage, faces.side, count)), count, networks.device)
            stack.callback(movements.close)
            encoded = replace(
                encoded, look=networks.eye.read(stage.still.picture), faces=movements, no_face=faces.nothing()
            )
        stack.pop_all()
    return encoded


def denoiser(
    stage: Stage, networks: Networks, encoded: Encoded, prompts: tuple[Tensor, ...], steps: Steps
) -> Denoiser:
    """The video network with all its conditions."""
    settings = stage.settings
    guidance = settings.guidance or OWN_GUIDANCE[networks.model]
    if encoded.look is None or encoded.faces is None or encoded.no_face is None:
        return vace.VaceDenoiser(
            networks, encoded.conditions, prompts, steps, guidance, settings.control_scale
        )
    return animate.AnimateDenoiser(
        networks, encoded.conditions, encoded.look, encoded.faces, encoded.no_face, prompts, steps, guidance
    )


def _prompts(stage: Stage, plan: Plan) -> tuple[Tensor, ...]:
    settings = stage.settings
    texts = [settings.prompt or OWN_PROMPT[settings.model]]
    if (settings.guidance or OWN_GUIDANCE[settings.model]) != 1:
        texts.append(settings.negative)
    return read_prompts(stage.folder, tuple(texts), stage.device, plan.dtype, stage.sha256)


def _sampled(
    stage: Stage, plan: Plan, encoded: Encoded, prompts: tuple[Tensor, ...], seed: int
) -> LatentStore:
    """Latents of the clip, the appearance's first if there is one, with what the solver looks back at behind them."""
    networks = networks_for(stage, plan)
    steps = steps_of(stage.settings, networks.schedule)
    conditions, autoencoder = encoded.conditions, networks.autoencoder
    shape = (autoencoder.channels, *conditions.clip.shape[1:])
    parts = PARTS if isinstance(steps, FlowUniPC) else 1
    count = len(conditions.clip) + conditions.lead
    windows = plan_windows(count, plan.window + conditions.lead, plan.overlap, reference=conditions.lead == 1)
    store = LatentStore(count, (parts * shape[0], *shape[1:]), device=stage.device)
    try:
        start(store, steps, lambda frames: frame_noise(seed, frames, shape))
        sample(denoiser(stage, networks, encoded, prompts, steps), steps, windows, store)
    except BaseException:
        store.close()
        raise
    return store


def _begun(stage: Stage, plan: Plan, store: LatentStore, lead: int) -> tuple[list[Frame], Iterator[Frame]]:
    """The first frames, and the others."""
    autoencoder = networks_for(stage, plan).autoencoder

    def latents() -> Iterator[Tensor]:
        for frame in range(lead, len(store)):
            values = store.read([frame])[0, : autoencoder.channels]
            if not bool(values.isfinite().all()):
                raise RenderError(
                    f"frames from {autoencoder.pictures_of(frame - lead)[0]}: numbers overflowed; "
                    "use renderer.precision=float32"
                )
            yield values

    pictures = autoencoder.decode(latents())
    first = [frame for batch in islice(pictures, PROBE) for frame in _frames(batch)]
    return first, (frame for batch in pictures for frame in _frames(batch))


def _frames(pictures: Tensor) -> list[Frame]:
    """uint8 (H, W, 3) of (n, 3, H, W) from -1 to 1."""
    levels = ((pictures + 1) * 127.5).round().clamp(0, 255).byte()
    return list(np.ascontiguousarray(levels.permute(0, 2, 3, 1).numpy()))


def _faces(stage: Stage, side: int, count: int) -> Iterator[Tensor]:
    """``count`` (3, side, side) pictures of the face from -1 to 1, the last for all behind the clip."""
    poses, path = stage.poses, stage.settings.face_video
    if path:
        video = _Shown(open_footage(path, "face_video", poses, side, side, stretch=True), stage.frames)
        return (video.read([frame])[0] for frame in range(count))
    account = stage.still.account if stage.still is not None else {}
    drawn = avatar_faces(poses, account.get("signer", DEFAULT_FACE), side, stage.frames)
    return _padded(map(signed, drawn), count)


def _padded(values: Iterator[Tensor], count: int) -> Iterator[Tensor]:
    last = next(values)
    for _ in range(count):
        yield last
        last = next(values, last)


@dataclass(frozen=True)
class _Shown:
    """Those pictures of a video that are drawn, of which the last stands for all behind."""

    video: Pictures
    frames: range

    def read(self, frames: Sequence[int]) -> Tensor:
        return self.video.read([self.frames[min(frame, len(self.frames) - 1)] for frame in frames])
