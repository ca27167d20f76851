"""Paint a clip with a trained network: any length, any even size, through the loop that all video models share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from signgen.render.base import Frame
from signgen.render.diffusion.noise import frame_noise
from signgen.render.diffusion.sampling import sample, start
from signgen.render.diffusion.schedules import FlowEuler
from signgen.render.diffusion.store import LatentStore
from signgen.render.diffusion.tiny.network import TinyFlowNet, to_cells, to_frames
from signgen.render.diffusion.windows import plan_windows

# Pictures of the poses from -1 to 1, (n, 3, H, W), of some frames.
Control = Callable[[Sequence[int]], Tensor]


@dataclass(frozen=True)
class Way:
    """How a clip is painted.

    Attributes:
        steps: from noise to pictures.
        shift: above 1 more of them are among high noise; as in training.
        guidance: how much more the poses count than learned; 1: as learned, in one pass.
        window: frames seen at once.
        overlap: frames that windows share.
        dtype: of matrix products.
        split: passes with and without poses one after the other.
    """

    steps: int
    shift: float
    guidance: float
    window: int
    overlap: int
    dtype: torch.dtype = torch.float32
    split: bool = False


@dataclass(frozen=True, eq=False)
class Painter:
    """A network with the conditions of one clip.

    Attributes:
        model: the network, on the device where it computes.
        control: the drawn poses.
        reference: (H, W, 3) uint8 the signer's looks.
        way: how it is used.
    """

    model: TinyFlowNet
    control: Control
    reference: Frame
    way: Way

    def paint(self, count: int, seed: int, store: LatentStore) -> None:
        """Fill a store of `shape` with the cells of ``count`` frames."""
        schedule = FlowEuler(self.way.steps, shift=self.way.shift, prediction="sample")
        looks = self._cells(torch.from_numpy(self.reference).permute(2, 0, 1)[None] / 127.5 - 1, "replicate")

        def noise(frames: Sequence[int]) -> Tensor:
            return frame_noise(seed, frames, store.shape)

        def denoise(latents: Tensor, step: int, frames: Sequence[int]) -> Tensor:
            level = schedule.timestep(step) / schedule.timestep(0)
            drawn = self._cells(self.control(frames), "constant")
            return self._clean(latents, level.to(latents)[None], drawn, looks)

        start(store, schedule, noise)
        windows = plan_windows(count, self.way.window, min(self.way.overlap, self.way.window - 1))
        sample(denoise, schedule, windows, store)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the cells of one frame, padded to what the network can halve."""
        height, width = self.reference.shape[:2]
        high, wide = (-(-side // self.model.multiple) * self.model.multiple for side in (height, width))
        cell = self.model.cell
        return 3 * cell**2, high // cell, wide // cell

    def frames(self, store: LatentStore) -> Iterator[Frame]:
        """The (H, W, 3) uint8 frames of a store, one by one."""
        height, width = self.reference.shape[:2]
        for number in range(len(store)):
            frame = to_frames(store.read([number]), self.model.cell)[0, :, :height, :width]
            levels = ((frame + 1) * 127.5).round().clamp(0, 255)
            yield np.ascontiguousarray(levels.byte().permute(1, 2, 0).cpu().numpy())

    def _clean(self, noisy: Tensor, level: Tensor, drawn: Tensor, looks: Tensor) -> Tensor:
        """What the network takes for the clean frames, guidance included."""
        way, absent = self.way, torch.full_like(drawn, -1.0)
        with torch.autocast(noisy.device.type, way.dtype, enabled=way.dtype != torch.float32):
            if way.guidance == 1:
                found: Tensor = self.model(noisy[None], level, drawn[None], looks)[0]
                return found
            if way.split:
                with_poses = self.model(noisy[None], level, drawn[None], looks)[0]
                without = self.model(noisy[None], level, absent[None], looks)[0]
            else:
                both = torch.stack([drawn, absent])
                with_poses, without = self.model(
                    noisy.expand(2, *noisy.shape), level.expand(2), both, looks.expand(2, *looks.shape[1:])
                )
        guided: Tensor = without + way.guidance * (with_poses - without)
        return guided

    def _cells(self, pictures: Tensor, mode: str) -> Tensor:
        """Cells of (n, 3, H, W) pictures from -1 to 1, padded on the right and below; poses with their black."""
        _, high, wide = self.shape
        cell = self.model.cell
        missing = (0, wide * cell - pictures.shape[3], 0, high * cell - pictures.shape[2])
        device = next(self.model.parameters()).device
        padded = F.pad(pictures.float(), missing, mode, *([-1.0] if mode == "constant" else []))
        return to_cells(padded.to(device), cell)
