"""What tiny-flow learns from a batch: noise of any level is put on, clean frames are to be found again."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.render.diffusion.tiny.batches import Batch, as_cells
from signgen.render.diffusion.tiny.network import TinyFlowNet
from signgen.render.diffusion.tiny.settings import TinyTraining


@dataclass(frozen=True, eq=False)
class Noised:
    """One batch made hard.

    Attributes:
        clean: (B, T, C, h, w) cells to be found.
        noisy: the same with noise.
        level: (B,) how much of it.
        control: (B, T, C, h, w) the poses; black where they are left out.
        reference: (B, C, h, w) the looks.
        weights: (B, T, h, w) how much each cell counts.
    """

    clean: Tensor
    noisy: Tensor
    level: Tensor
    control: Tensor
    reference: Tensor
    weights: Tensor


def noised(batch: Batch, train: TinyTraining, cell: int) -> Noised:
    """A batch with colours, levels and noise by torch's own dice, which the caller seeds."""
    pictures = batch.frames, batch.control, batch.reference
    clean, control, looks = (as_cells(part, cell) for part in pictures)
    count, device = len(clean), clean.device
    gains = 1 + train.colour * (2 * torch.rand(count, 3, device=device) - 1)
    gains = gains.repeat_interleave(cell**2, 1)[..., None, None]
    clean = ((clean + 1) * gains[:, None] - 1).clamp(max=1)
    looks = ((looks + 1) * gains - 1).clamp(max=1)
    evenly = 1 - torch.rand(count, device=device)
    level = train.shift * evenly / (1 + (train.shift - 1) * evenly)
    blend = level[:, None, None, None, None]
    noisy = clean * (1 - blend) + torch.randn_like(clean) * blend
    is_free = torch.rand(count, device=device) < train.unconditional
    control = torch.where(is_free[:, None, None, None, None], -1.0, control)
    return Noised(clean, noisy, level, control, looks, batch.weights)


def losses_of(model: TinyFlowNet, batch: Noised, train: TinyTraining) -> dict[str, Tensor]:
    """``total``, and the mean square errors of a pixel, ``error``, and of one near hands and face, ``error_hands``."""
    found = model(batch.noisy, batch.level, batch.control, batch.reference)
    errors = (found.float() - batch.clean).square().mean(2)
    # An error in the picture is one of the velocity times the level, and velocities are what is followed.
    scale = batch.level.clamp(min=train.floor) ** -2
    loss = ((errors * batch.weights).mean((1, 2, 3)) * scale).mean()
    is_part = batch.weights > 1
    near = (errors * is_part).sum() / is_part.sum().clamp(min=1)
    return {"total": loss, "error": errors.mean(), "error_hands": near}
