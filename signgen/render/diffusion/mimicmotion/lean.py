"""The forwards of the UNet and of the VAE's decoder over stock layers, holding as little as their result needs."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from signgen.render.diffusion.mimicmotion.pieces import (
    Layer,
    OnlyKey,
    by_clip,
    over_frames,
    residual,
    transformer,
)


class LeanUNet:
    """Calls a stock ``UNetSpatioTemporalConditionModel`` piece by piece; its hooks and weights stay its own."""

    def __init__(self, unet: nn.Module) -> None:
        """Changes the cross attentions of ``unet`` to ones that know that there is a single key."""
        self.unet: Layer = unet
        for name, module in unet.named_modules():
            if name.endswith(".attn2"):
                layer: Layer = module
                layer.set_processor(OnlyKey())

    def __call__(
        self,
        sample: torch.Tensor,
        timestep: torch.Tensor,
        embedding: torch.Tensor,
        *,
        added_time_ids: torch.Tensor,
    ) -> torch.Tensor:
        """What the stock forward gives: (B, n, 4, h, w) for (B, n, 8, h, w) and embeddings (B, 1, D)."""
        clips, count = sample.shape[:2]
        time = self._time(sample, timestep, added_time_ids).repeat_interleave(count, dim=0)
        context = embedding.repeat_interleave(count, dim=0)
        made = self._walk(self.unet.conv_in(sample.flatten(0, 1)), time, context, clips)
        return by_clip(over_frames(self._out, made), clips)

    def _time(self, sample: torch.Tensor, timestep: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        """(B, D) embedding of the level and of what else the network is told in numbers."""
        unet, clips = self.unet, len(sample)
        level = unet.time_embedding(unet.time_proj(timestep.reshape(1).expand(clips)).to(sample.dtype))
        told = unet.add_time_proj(ids.flatten()).reshape(clips, -1).to(level.dtype)
        made: torch.Tensor = level + unet.add_embedding(told)
        return made

    def _walk(
        self, frames: torch.Tensor, time: torch.Tensor, context: torch.Tensor, clips: int
    ) -> torch.Tensor:
        """Down, through the middle and up again; a skip is let go of as soon as it is read."""
        unet, skips = self.unet, [frames]
        for block in unet.down_blocks:
            for resnet, attention in _layers(block):
                frames = residual(resnet, [frames], time, clips)
                if attention is not None:
                    frames = transformer(attention, frames, context, clips)
                skips.append(frames)
            for sampler in block.downsamplers or ():
                frames = over_frames(sampler, frames)
                skips.append(frames)
        middle = unet.mid_block
        frames = residual(middle.resnets[0], [frames], time, clips)
        for attention, resnet in zip(middle.attentions, middle.resnets[1:], strict=True):
            frames = residual(resnet, [transformer(attention, frames, context, clips)], time, clips)
        for block in unet.up_blocks:
            for resnet, attention in _layers(block):
                parts = [frames, skips.pop()]
                del frames
                frames = residual(resnet, parts, time, clips)
                if attention is not None:
                    frames = transformer(attention, frames, context, clips)
            for sampler in block.upsamplers or ():
                frames = _larger(sampler, frames, skips[-1])
        return frames

    def _out(self, frames: torch.Tensor) -> torch.Tensor:
        unet = self.unet
        made: torch.Tensor = unet.conv_out(unet.conv_act(unet.conv_norm_out(frames)))
        return made


def lean_decode(vae: nn.Module, latents: torch.Tensor) -> torch.Tensor:
    """(n, 3, H, W) pictures of (n, 4, h, w) latents of neighbouring frames, as the stock decoder gives."""
    whole: Any = vae
    decoder: Layer = whole.decoder
    frames = over_frames(decoder.conv_in, latents)
    middle = decoder.mid_block
    frames = residual(middle.resnets[0], [frames], None, 1)
    for attention, resnet in zip(middle.attentions, middle.resnets[1:], strict=False):
        frames = residual(resnet, [over_frames(attention, frames)], None, 1)
    sampler: Layer | None = None
    for block in decoder.up_blocks:
        for resnet in block.resnets:
            parts = [frames]
            del frames
            frames = residual(resnet, parts, None, 1, sampler)
            sampler = None
        (sampler,) = block.upsamplers or (None,)

    def out(part: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = decoder.conv_out(decoder.conv_act(decoder.conv_norm_out(part)))
        return made

    made: torch.Tensor = decoder.time_conv_out(over_frames(out, frames).transpose(0, 1)[None])
    return made[0].transpose(0, 1)


def _layers(block: Layer) -> list[tuple[Layer, Layer | None]]:
    """The layers of a block in order: each residual with the attention that follows it, if one does."""
    attentions = getattr(block, "attentions", None) or [None] * len(block.resnets)
    return list(zip(block.resnets, attentions, strict=True))


def _larger(sampler: Layer, frames: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
    """Frames upsampled to the size of the skip they will be joined with: not always exactly twice theirs."""
    size = skip.shape[-2:]
    if size == (2 * frames.shape[-2], 2 * frames.shape[-1]):
        return over_frames(sampler, frames)
    return over_frames(lambda part: sampler(part, size), frames)
