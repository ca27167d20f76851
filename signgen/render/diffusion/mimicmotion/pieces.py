"""Layers of Stable Video Diffusion computed piece by piece: the same numbers, a fraction of the memory.

Layers over space do not see other frames, layers over time do not see other places, and the groups of a norm do not
see each other. So each can be computed for some frames, some places or some groups at a time, and written where its
input was. What is held of a clip is then one or two tensors of its size, and not the ten of a plain forward.

The layers are those of diffusers, with their weights; only the order of the work is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import torch
from torch.nn.functional import conv2d, group_norm, silu

Layer: TypeAlias = Any  # a module of diffusers, whose types are not stated
# Of a piece's input. Within a piece up to twenty times as much is held for a moment; in smaller pieces a GPU waits for
# Python: at 576 x 1024 px and 72 frames these are 13,000 calls a pass, where the stock forward makes 4,000.
PIECE_BYTES = 64 << 20
GROWTH = 4  # pixels that an upsampling layer makes of one


class OnlyKey:
    """Attention to a single key, as cross attention to one embedding is: whatever the query, the answer is its value.

    An attention processor of diffusers. The queries, their product with the key and the softmax of one number are
    left out.
    """

    def __call__(
        self, attn: Layer, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor, **_: Any
    ) -> Any:
        """(B, 1, C), which is added to each of the (B, N, C) queries."""
        return attn.to_out[0](attn.to_v(encoder_hidden_states))


def spans(length: int, row_bytes: int) -> Iterator[slice]:
    """Slices of a dimension whose rows have ``row_bytes`` each, so that none exceeds the size of a piece."""
    step = max(1, PIECE_BYTES // max(row_bytes, 1))
    return (slice(first, first + step) for first in range(0, length, step))


def by_clip(frames: torch.Tensor, clips: int) -> torch.Tensor:
    """(clips, n, ...) view of (clips * n, ...)."""
    return frames.view(clips, -1, *frames.shape[1:])


def over_frames(work: Callable[[torch.Tensor], torch.Tensor], frames: torch.Tensor) -> torch.Tensor:
    """A layer that does not see other frames, for (n, C, H, W)."""
    made: torch.Tensor | None = None
    for span in spans(len(frames), frames[0].nbytes):
        part = work(frames[span])
        if made is None:
            made = part.new_empty(len(frames), *part.shape[1:])
        made[span] = part
    return frames if made is None else made


def residual(
    block: Layer,
    parts: list[torch.Tensor],
    time: torch.Tensor | None,
    clips: int,
    first: Layer | None = None,
) -> torch.Tensor:
    """A ``SpatioTemporalResBlock``.

    Args:
        block: the layer.
        parts: (clips * n, C, H, W) each, joined along C; emptied, so that their memory is free once they are read.
        time: (clips * n, D) embedding of the level; None in the VAE.
        clips: how many clips of n frames there are.
        first: a layer that does not see other frames, before the block: what it gives is never held whole.
    """
    frames = _over_space(block.spatial_res_block, parts, time, first)
    parts.clear()
    before = by_clip(frames, clips).transpose(1, 2)
    told = None if time is None else by_clip(time, clips)
    after = _over_time(block.temporal_res_block, before, told)
    after.lerp_(before, _share(block.time_mixer).to(after))
    return after.transpose(1, 2).flatten(0, 1)


def transformer(model: Layer, frames: torch.Tensor, context: torch.Tensor, clips: int) -> torch.Tensor:
    """A ``TransformerSpatioTemporalModel``, in place.

    Args:
        model: the layer.
        frames: (clips * n, C, H, W); overwritten.
        context: (clips * n, 1, D) embedding for each frame.
        clips: how many clips of n frames there are.
    """
    count, channels, high, wide = frames.shape
    tokens = frames.new_empty(count, high * wide, model.inner_dim)
    for span in spans(count, frames[0].nbytes):
        tokens[span] = model.proj_in(model.norm(frames[span]).permute(0, 2, 3, 1).flatten(1, 2))
    places = _places(model, count // clips, frames)
    for spatial, temporal in zip(model.transformer_blocks, model.temporal_transformer_blocks, strict=True):
        for span in spans(count, tokens[0].nbytes):
            tokens[span] = spatial(tokens[span], encoder_hidden_states=context[span])
        _attend_over_time(temporal, model.time_mixer, tokens, places.repeat(clips, 1), context, clips)
    for span in spans(count, frames[0].nbytes):
        made = model.proj_out(tokens[span])
        frames[span] += made.transpose(1, 2).reshape(-1, channels, high, wide)
    return frames


def _attend_over_time(
    block: Layer, mixer: Layer, tokens: torch.Tensor, places: torch.Tensor, context: torch.Tensor, clips: int
) -> None:
    """Mix what frames say to each other at each place into (clips * n, N, C) tokens."""
    count, share = len(tokens) // clips, _share(mixer).to(tokens)
    first = context[::count]
    for span in spans(tokens.shape[1], tokens[:, 0].nbytes):
        part = tokens[:, span]
        told = first[:, None].expand(-1, part.shape[1], -1, -1).flatten(0, 1)
        mixed = block(part + places[:, None], num_frames=count, encoder_hidden_states=told)
        tokens[:, span] = mixed.lerp_(part, share)


def _places(model: Layer, count: int, like: torch.Tensor) -> torch.Tensor:
    """(n, C) embedding of the places of frames in a window."""
    numbers = model.time_proj(torch.arange(count, device=like.device))
    made: torch.Tensor = model.time_pos_embed(numbers.to(like.dtype))
    return made


def _over_space(
    block: Layer, parts: Sequence[torch.Tensor], time: torch.Tensor | None, first: Layer | None
) -> torch.Tensor:
    """A ``ResnetBlock2D`` over the channels of all parts together."""
    count = len(parts[0])
    made: torch.Tensor | None = None
    for span in spans(count, sum(part[0].nbytes for part in parts) * (1 if first is None else GROWTH)):
        joined = torch.cat([part[span] for part in parts], dim=1) if len(parts) > 1 else parts[0][span]
        part = block(joined if first is None else first(joined), None if time is None else time[span])
        if made is None:
            made = part.new_empty(count, *part.shape[1:])
        made[span] = part
    return parts[0] if made is None else made


def _over_time(block: Layer, before: torch.Tensor, time: torch.Tensor | None) -> torch.Tensor:
    """A ``TemporalResnetBlock`` on (clips, C, n, H, W), in one new tensor that lies in memory frame by frame."""
    clips, channels, count, high, wide = before.shape
    held = before.new_empty(clips, count, channels, high, wide).transpose(1, 2)
    _normed(block.norm1, before, held)
    shift = None
    if time is not None:
        shift = block.time_emb_proj(silu(time)).transpose(1, 2)[..., None, None]
    for rows in spans(high, before[:, :, :, 0].nbytes):
        made = _along_time(block.conv1, held[..., rows, :])
        held[..., rows, :] = made if shift is None else made + shift
    _normed(block.norm2, held, held)
    for rows in spans(high, before[:, :, :, 0].nbytes):
        held[..., rows, :] = _along_time(block.conv2, held[..., rows, :]) + before[..., rows, :]
    return held


def _along_time(conv: Layer, frames: torch.Tensor) -> torch.Tensor:
    """A convolution over three frames: of two dimensions, time and place, which is faster than of three."""
    made = conv2d(frames.flatten(-2), conv.weight[..., 0], conv.bias, padding=(1, 0))
    return made.view(frames.shape)


def _normed(norm: Layer, before: torch.Tensor, after: torch.Tensor) -> None:
    """Group norm and activation, some groups at a time; ``after`` may be ``before``."""
    wide = before.shape[1] // norm.num_groups
    for groups in spans(norm.num_groups, before[:, :wide].nbytes):
        span = slice(groups.start * wide, min(groups.stop, norm.num_groups) * wide)
        part = before[:, span]
        made = group_norm(part, part.shape[1] // wide, norm.weight[span], norm.bias[span], norm.eps)
        after[:, span] = silu(made, inplace=True)


def _share(mixer: Layer) -> torch.Tensor:
    """(1,) share that a mixer leaves to what was computed over space."""
    share: torch.Tensor = torch.sigmoid(mixer.mix_factor)
    return 1 - share if mixer.switch_spatial_to_temporal_mix else share
