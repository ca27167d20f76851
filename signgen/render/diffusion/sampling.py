"""The one loop of all video models here: overlapping windows whose predictions are blended among the latents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch

from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.windows import Window

Frames: TypeAlias = Sequence[int]
Noise: TypeAlias = Callable[[Frames], torch.Tensor]
Told: TypeAlias = Callable[[int, int], None]
START_FRAMES = 16  # frames that are started at once


class Denoiser(Protocol):
    """A network with its conditions: what it predicts for the frames of one window, guidance included."""

    def __call__(self, latents: torch.Tensor, step: int, frames: Frames) -> torch.Tensor:
        """(n, C, h, w) prediction for latents of that shape, which `Steps.scaled` has scaled."""
        ...


class Steps(Protocol):
    """From noise to a picture in ``count`` steps, each element apart; see `signgen.render.diffusion.schedules`."""

    count: int

    def timestep(self, step: int) -> torch.Tensor:
        """What the network is told of the level."""
        ...

    def begin(self, noise: torch.Tensor) -> torch.Tensor:
        """Latents of level 0 without a picture."""
        ...

    def noised(self, latents: torch.Tensor, noise: torch.Tensor, level: int) -> torch.Tensor:
        """Clean latents brought to a level."""
        ...

    def scaled(self, latents: torch.Tensor, step: int) -> torch.Tensor:
        """Latents as the network takes them."""
        ...

    def update(self, latents: torch.Tensor, prediction: torch.Tensor, step: int) -> torch.Tensor:
        """Latents of the next level."""
        ...


@dataclass(frozen=True)
class Known:
    """A clip that the result is held to, each place up to a level of its own.

    Attributes:
        latents: the clean clip.
        noise: its noise, the same at every level.
        free: (frames, level) -> (n, 1 or C, h, w) from 0 (held to the clip at this level) to 1 (free).
    """

    latents: LatentStore
    noise: Noise
    free: Callable[[Frames, int], torch.Tensor]

    def hold(self, latents: torch.Tensor, steps: Steps, level: int, frames: Frames) -> torch.Tensor:
        """The latents of a level, held to the clip where they are not free."""
        clean = self.latents.read(frames)
        clip = steps.noised(clean, self.noise(frames).to(clean), level)
        return clip + (latents - clip) * self.free(frames, level).to(latents)


def start(
    store: LatentStore,
    steps: Steps,
    noise: Noise,
    *,
    first_step: int = 0,
    clean: LatentStore | None = None,
) -> None:
    """Fill a store with what `sample` starts from: noise, or a clean clip brought to the level of a step."""
    for first in range(0, len(store), START_FRAMES):
        frames = range(first, min(first + START_FRAMES, len(store)))
        drawn = noise(frames).to(store.device)
        if clean is None:
            store.write(frames, steps.begin(drawn))
        else:
            store.write(frames, steps.noised(clean.read(frames).to(store.device), drawn, first_step))


def sample(
    denoise: Denoiser,
    steps: Steps,
    windows: Sequence[Window],
    store: LatentStore,
    *,
    first_step: int = 0,
    known: Known | None = None,
    progress: Told | None = None,
) -> None:
    """Step the latents of a store from noise to a picture, in place.

    In each step the predictions of the windows that share a frame are averaged by weight, then the frame is
    stepped. Of predictions only those of one window are held, so memory does not grow with the clip. Windows
    that agree give what each of them says, to the last bit.

    Args:
        denoise: the network.
        steps: the schedule.
        windows: of `plan_windows`, in order.
        store: (count, C, h, w) latents, filled by `start`.
        first_step: where to begin, as given to `start`.
        known: what the result is held to.
        progress: told how many windows are done, of how many.
    """
    total, done = (steps.count - first_step) * len(windows), 0
    with torch.inference_mode():
        for step in range(first_step, steps.count):
            pending = _Pending((), None, ())
            for place, window in enumerate(windows):
                latents = store.read(window.frames)
                prediction = denoise(steps.scaled(latents, step), step, window.frames).to(latents)
                means, weights = pending.joined(window, prediction)
                later = frozenset(windows[place + 1].frames if place + 1 < len(windows) else ())
                # Windows come in order: a frame that the next one lacks is in none after it.
                done_with = [row for row, frame in enumerate(window.frames) if frame not in later]
                frames = [window.frames[row] for row in done_with]
                after = steps.update(latents[done_with], means[done_with], step)
                store.write(frames, known.hold(after, steps, step + 1, frames) if known else after)
                pending = _Pending.of(window, means, weights, later)
                done += 1
                if progress:
                    progress(done, total)


@dataclass(frozen=True)
class _Pending:
    """What was predicted so far for the frames that later windows still speak of: the mean, and its weight.

    A mean that moves towards each new value by its share stays exactly where it is if the value is the same;
    a quotient of sums does not.
    """

    frames: tuple[int, ...]
    means: torch.Tensor | None
    weights: tuple[float, ...]

    @classmethod
    def of(
        cls, window: Window, means: torch.Tensor, weights: Sequence[float], later: frozenset[int]
    ) -> _Pending:
        rows = [row for row, frame in enumerate(window.frames) if frame in later]
        return cls(
            tuple(window.frames[row] for row in rows), means[rows], tuple(weights[row] for row in rows)
        )

    def joined(self, window: Window, prediction: torch.Tensor) -> tuple[torch.Tensor, list[float]]:
        """Means and weights of all frames of a window once it has spoken."""
        weights = window.weights.tolist()
        if self.means is None or not self.frames:
            return prediction, weights
        rows = [window.frames.index(frame) for frame in self.frames]
        total = [old + weights[row] for row, old in zip(rows, self.weights, strict=True)]
        shares = torch.tensor([weights[row] / whole for row, whole in zip(rows, total, strict=True)])
        shares = shares.to(prediction).reshape(-1, *[1] * (prediction.ndim - 1))
        means = prediction.clone()
        means[rows] = self.means + (prediction[rows] - self.means) * shares
        for row, whole in zip(rows, total, strict=True):
            weights[row] = whole
        return means, weights


def by_strength(
    count: int, strength: Callable[[Frames], torch.Tensor]
) -> Callable[[Frames, int], torch.Tensor]:
    """For `Known.free`: a place of strength s is held to the clip for the first (1 - s) of the steps."""

    def free(frames: Frames, level: int) -> torch.Tensor:
        return (level > count * (1 - strength(frames))).float()

    return free
