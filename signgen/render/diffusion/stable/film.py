"""Frames of a stage: latents begun, sampled in windows, and turned into pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from itertools import islice

import numpy as np
from torch import Tensor

from signgen.errors import RenderError
from signgen.render.base import Frame
from signgen.render.diffusion.memory import Plan
from signgen.render.diffusion.noise import frame_noise
from signgen.render.diffusion.sampling import Known, Noise, by_strength, sample, start
from signgen.render.diffusion.stable.pictures import decode, encode
from signgen.render.diffusion.stable.reuse import ReusedNoise
from signgen.render.diffusion.stable.stage import Stage
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.windows import plan_windows


def pictures(stage: Stage, count: int, seed: int, *, is_shared: bool) -> Iterator[Frame]:
    """Frames that do not know of each other, drawn a few at a time from noise to the end.

    Args:
        stage: networks and conditions.
        count: of the frames.
        seed: of the noise.
        is_shared: all frames start from the same noise.

    Raises:
        RenderError: numbers overflowed.
        ResourceError: memory or disk run out.
    """
    at_once = stage.ladder.plan.window
    for first in range(0, count, at_once):

        def noise(numbers: Sequence[int], first: int = first) -> Tensor:
            places = [0 if is_shared else first + number for number in numbers]
            return frame_noise(seed, places, stage.latent_shape)

        yield from _film(stage, range(first, min(first + at_once, count)), noise, seed)


def clip(stage: Stage, count: int, seed: int, *, is_reused: bool) -> Iterator[Frame]:
    """Frames that know of their neighbours, in overlapping windows.

    Args:
        stage: networks and conditions.
        count: of the frames.
        seed: of the noise.
        is_reused: each window takes the noise of the one before, in another order.

    Raises:
        RenderError: numbers overflowed.
        ResourceError: memory or disk run out.
    """
    plan = stage.ladder.plan
    reused = ReusedNoise(seed, plan.window, plan.window - plan.overlap)

    def noise(frames: Sequence[int]) -> Tensor:
        if is_reused:
            return reused.draw(frames, stage.latent_shape)
        return frame_noise(seed, frames, stage.latent_shape)

    return _film(stage, range(count), noise, seed)


def _film(stage: Stage, frames: range, noise: Noise, seed: int) -> Iterator[Frame]:
    """Frames of a part of a clip, sampled together; the noise counts them from 0."""
    device = stage.networks.device
    clean = None if stage.beginning is None else _encoded(stage, len(frames))
    with (
        LatentStore(len(frames), stage.latent_shape, device=device) as store,
        nullcontext() if clean is None else closing(clean),
    ):

        def denoised(plan: Plan) -> None:
            start(store, stage.steps, noise, first_step=stage.first_step, clean=clean)
            windows = plan_windows(len(frames), plan.window, plan.overlap)
            denoise = stage.denoiser(plan, frames.start)
            known = None if clean is None else _held(stage, clean, noise, frames.start)
            sample(denoise, stage.steps, windows, store, first_step=stage.first_step, known=known)

        stage.ladder.run("denoise", denoised)
        stage.settings.notes["memory"] = stage.ladder.account()
        yield from _decoded(stage, store, frames, seed)
    stage.settings.notes["memory"] = stage.ladder.account()


def _held(stage: Stage, clean: LatentStore, noise: Noise, first: int) -> Known | None:
    """Where the frames are held to the clip that they start from, if some places are held longer than others."""
    strengths = stage.strengths
    if strengths is None:
        return None
    free = by_strength(stage.steps.count, lambda frames: strengths([first + frame for frame in frames]))
    return Known(clean, noise, free)


def _encoded(stage: Stage, count: int) -> LatentStore:
    """The latents of the next frames that the clip starts from."""
    clean = LatentStore(count, stage.latent_shape, device=stage.networks.device)
    done = 0
    while done < count:
        at_once = stage.ladder.plan.decode_frames
        frames = list(islice(stage.beginning or (), min(at_once, count - done)))
        clean.write(range(done, done + len(frames)), _latents(stage, frames))
        done += len(frames)
    return clean


def _latents(stage: Stage, frames: list[Frame]) -> Tensor:
    """(n, C, h, w) of frames, in as many parts as memory asks for."""
    from torch import cat

    def attempt(plan: Plan) -> Tensor:
        vae = stage.networks.autoencoder(plan)
        size = plan.decode_frames
        return cat([encode(vae, frames[first : first + size]) for first in range(0, len(frames), size)])

    return stage.ladder.run("encode", attempt)


def _decoded(stage: Stage, store: LatentStore, frames: range, seed: int) -> Iterator[Frame]:
    """Frames of latents, cut to their size."""

    def attempt(plan: Plan) -> np.ndarray:
        part = range(done, min(done + plan.decode_frames, len(store)))
        latents = store.read(part)
        if not bool(latents.isfinite().all()):
            raise RenderError(
                f"frames {frames[part[0]]} to {frames[part[-1]]}, seed {seed}: numbers overflowed; "
                "use renderer.precision=float32"
            )
        return decode(stage.networks.autoencoder(plan), latents)

    done = 0
    while done < len(store):
        shown = stage.ladder.run("decode", attempt)
        for frame in shown:
            yield np.ascontiguousarray(frame[: stage.height, : stage.width])
        done += len(shown)
