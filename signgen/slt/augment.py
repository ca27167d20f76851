"""Make one signer many: other sizes, places, angles, tempos, dropped frames and shaky keypoints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le, Lt

from signgen.config import setting


@dataclass(frozen=True)
class Augmentation:
    """How far training clips are changed; each amount is drawn anew for each clip and epoch, 0 turns it off."""

    scale: Annotated[float, Ge(0), Lt(1)] = setting(0.1, "largest change of size, as a share")
    shift: Annotated[float, Ge(0), Le(2)] = setting(0.1, "largest shift along x and y [shoulder widths]")
    rotate: Annotated[float, Ge(0), Le(180)] = setting(5.0, "largest rotation [degrees]")
    warp: Annotated[float, Ge(0), Lt(1)] = setting(
        0.2, "largest change of tempo, as a share; half of it within a clip"
    )
    drop: Annotated[float, Ge(0), Lt(1)] = setting(0.1, "largest share of frames that are left out")
    jitter: Annotated[float, Ge(0), Le(1)] = setting(
        0.01, "standard deviation of noise on keypoints [shoulder widths]"
    )

    @property
    def is_idle(self) -> bool:
        """Whether nothing is changed at all."""
        return not any((self.scale, self.shift, self.rotate, self.warp, self.drop, self.jitter))


def augmented(keypoints: np.ndarray, augmentation: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """A changed copy, (T', 128, 3) float32, of the (T, 128, 3) keypoints of `signgen.slt.features.features`."""
    if augmentation.is_idle or len(keypoints) == 0:
        return keypoints.astype(np.float32, copy=False)
    from signgen.slt.augment_kernels import move, shake

    positions = frame_positions(len(keypoints), augmentation.warp, augmentation.drop, rng)
    noise = np.empty((0, keypoints.shape[1], 2), np.float32)
    if augmentation.jitter:
        noise = np.empty((len(positions), keypoints.shape[1], 2), np.float32)
        shake(noise.reshape(-1), int(rng.integers(1 << 63)), augmentation.jitter)
    out = np.empty((len(positions), keypoints.shape[1], 3), np.float32)
    move(keypoints.astype(np.float32, copy=False), positions, similarity(augmentation, rng), noise, out)
    return out


def similarity(augmentation: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """A random (2, 3) float32 matrix: rotation and scale about the neck, then a shift."""
    scale = 1 + rng.uniform(-1, 1) * augmentation.scale
    angle = math.radians(rng.uniform(-1, 1) * augmentation.rotate)
    x, y = rng.uniform(-1, 1, 2) * augmentation.shift
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    return np.array([[cosine, -sine, x], [sine, cosine, y]], np.float32)


def frame_positions(frames: int, warp: float, drop: float, rng: np.random.Generator) -> np.ndarray:
    """Ascending positions, in frames, of the frames of another tempo; at least one.

    The clip as a whole is up to ``warp`` faster or slower, and speeds up and slows down once within it.
    """
    count = max(1, round(frames * (1 + rng.uniform(-1, 1) * warp)))
    time = (np.arange(count) + 0.5) / count
    # The slope stays above 1 - warp / 2, so that time never runs back.
    sway = rng.uniform(-1, 1) * warp / (4 * math.pi)
    time = time + sway * np.sin(2 * math.pi * time)
    positions: np.ndarray = np.clip(time * frames - 0.5, 0, frames - 1)
    kept = rng.random(count) >= rng.uniform(0, 1) * drop
    return positions[kept] if kept.any() else positions[:1]
