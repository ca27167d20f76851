"""The network of tiny-flow: noisy frames, drawn poses and a reference picture in, clean frames out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.nn.attention import sinusoids
from signgen.render.diffusion.tiny.settings import TinyNetwork

GROUPS = 8  # of channels that are normalised together


class TinyFlowNet(nn.Module):
    """A U-Net over cells, with attention within and between frames where the picture is coarse.

    It says how each pixel looks and how far it is to be taken from the reference picture instead, so that
    what does not move (background, shirt) is copied and not painted.
    """

    def __init__(self, settings: TinyNetwork) -> None:
        super().__init__()
        self.settings = settings
        widths, told = settings.widths, settings.widths[-1]
        self.cell, self.values = settings.cell, 3 * settings.cell**2
        # A cell of 8 x 8 pixels says enough by itself, and has many values.
        sight = 3 if settings.cell == 4 else 1
        self.level = nn.Sequential(nn.Linear(settings.frequencies, told), nn.SiLU(), nn.Linear(told, told))
        self.stem = nn.Conv2d(3 * self.values, widths[0], sight, padding=sight // 2)
        numbers = range(len(widths))
        self.halve = nn.ModuleList(nn.Conv2d(widths[i], widths[i + 1], 3, 2, 1) for i in numbers[:-1])
        self.down = nn.ModuleList(_Stage(widths[i], widths[i], settings, i) for i in numbers)
        self.up = nn.ModuleList(
            _Stage(widths[i + 1] + widths[i], widths[i], settings, i) for i in reversed(numbers[:-1])
        )
        self.norm = nn.GroupNorm(GROUPS, widths[0])
        self.out = nn.Conv2d(widths[0], self.values + settings.cell**2, sight, padding=sight // 2)
        nn.init.zeros_(self.out.weight)

    @property
    def multiple(self) -> int:
        """Pixels that both sides of a frame have to be a multiple of."""
        return self.cell << (len(self.settings.widths) - 1)

    def forward(self, noisy: Tensor, level: Tensor, control: Tensor, reference: Tensor) -> Tensor:
        """Clean frames.

        Args:
            noisy: (B, T, C, h, w) cells of noisy frames, C = 48 values of 4 x 4 pixels, or 192 of 8 x 8.
            level: (B,) how noisy: 0 (clean) to 1 (noise alone).
            control: (B, T, C, h, w) cells of the drawn poses.
            reference: (B, C, h, w) cells of the signer's looks.

        Returns:
            (B, T, C, h, w) cells, in the precision of the noisy ones.
        """
        batch, length = noisy.shape[:2]
        looks = reference[:, None].expand_as(noisy)
        x = torch.cat([noisy, control, looks], 2).flatten(0, 1)
        x = self.stem(x.contiguous(memory_format=torch.channels_last))
        told = self.level(_frequencies(level, self.settings.frequencies)).repeat_interleave(length, 0)
        kept: list[Tensor] = []
        for number, stage in enumerate(self.down):
            if number:
                kept.append(x)
                x = self.halve[number - 1](x)
            x = stage(x, told, length)
        for stage in self.up:
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = stage(torch.cat([x, kept.pop()], 1), told, length)
        made = self.out(F.silu(self.norm(x))).to(noisy.dtype).unflatten(0, (batch, length))
        painted, share = made.split([self.values, self.cell**2], 2)
        # Cells list the pixels of each colour in turn.
        copied = torch.sigmoid(share).repeat(1, 1, 3, 1, 1)
        found: Tensor = painted + copied * (looks - painted)
        return found


class _Stage(nn.Module):
    """What is done at one size of the picture."""

    def __init__(self, inputs: int, width: int, settings: TinyNetwork, stage: int) -> None:
        super().__init__()
        told = settings.widths[-1]
        count = settings.blocks[stage]
        self.blocks = nn.ModuleList(
            [_Block(inputs if number == 0 else width, width, told) for number in range(count)]
        )
        is_coarse = stage >= len(settings.widths) - settings.attentive
        self.time = _Neighbours(width)
        self.attention = nn.ModuleList(
            [_Attention(width, settings.head, in_time) for in_time in (False, True)] if is_coarse else []
        )

    def forward(self, x: Tensor, told: Tensor, length: int) -> Tensor:
        for block in self.blocks:
            x = block(x, told)
        x = self.time(x, length)
        for attention in self.attention:
            x = attention(x, length)
        return x


class _Block(nn.Module):
    """Two convolutions beside a shortcut; the level of noise scales and shifts between them."""

    def __init__(self, inputs: int, width: int, told: int) -> None:
        super().__init__()
        self.before, self.between = nn.GroupNorm(GROUPS, inputs), nn.GroupNorm(GROUPS, width)
        self.first = nn.Conv2d(inputs, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.told = nn.Linear(told, 2 * width)
        self.shortcut = nn.Conv2d(inputs, width, 1) if inputs != width else nn.Identity()
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        inner = self.first(F.silu(self.before(x)))
        scale, shift = self.told(F.silu(told))[..., None, None].chunk(2, 1)
        inner = self.second(F.silu(self.between(inner) * (1 + scale) + shift))
        found: Tensor = self.shortcut(x) + inner
        return found


class _Neighbours(nn.Module):
    """Adds, channel by channel, what the frames before and after say of the same place; nothing at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before, self.after = (nn.Parameter(torch.zeros(width, 1, 1)) for _ in range(2))

    def forward(self, x: Tensor, length: int) -> Tensor:
        if length == 1:
            return x
        frames: Tensor = x.unflatten(0, (-1, length))  # type: ignore[no-untyped-call]
        later = F.pad(frames[:, :-1] * self.before, (0, 0, 0, 0, 0, 0, 1, 0))
        earlier = F.pad(frames[:, 1:] * self.after, (0, 0, 0, 0, 0, 0, 0, 1))
        found: Tensor = frames + later + earlier
        return found.flatten(0, 1)


class _Attention(nn.Module):
    """Attention between the places of a frame, or between the frames at a place."""

    def __init__(self, width: int, head: int, in_time: bool) -> None:
        super().__init__()
        self.heads, self.in_time = max(1, width // head), in_time
        self.norm = nn.GroupNorm(GROUPS, width)
        self.queries, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        nn.init.zeros_(self.output.weight)

    def forward(self, x: Tensor, length: int) -> Tensor:
        (height, width), channels = x.shape[2:], x.shape[1]
        rows = self.norm(x).permute(0, 2, 3, 1).flatten(1, 2)
        if self.in_time:
            rows = rows.unflatten(0, (-1, length)).transpose(1, 2).flatten(0, 1)
            rows = rows + sinusoids(length, channels, device=x.device).to(rows.dtype)
        parts = self.queries(rows).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        found = self.output(F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2))
        if self.in_time:
            found = found.unflatten(0, (-1, height * width)).transpose(1, 2).flatten(0, 1)
        added: Tensor = x + found.unflatten(1, (height, width)).permute(0, 3, 1, 2)
        return added


def to_cells(frames: Tensor, cell: int) -> Tensor:
    """(..., 3 cell², H / cell, W / cell) cells of (..., 3, H, W) frames."""
    return F.pixel_unshuffle(frames, cell)


def to_frames(cells: Tensor, cell: int) -> Tensor:
    """(..., 3, H, W) frames of (..., 3 cell², H / cell, W / cell) cells."""
    return F.pixel_shuffle(cells, cell)


def parameters(settings: TinyNetwork) -> int:
    """Weights of a network, counted without making it."""
    with torch.device("meta"):
        model = TinyFlowNet(settings)
    return sum(weights.numel() for weights in model.parameters())


def _frequencies(level: Tensor, count: int) -> Tensor:
    """(B, count) sines and cosines of levels from 0 to 1."""
    rates = torch.exp(torch.linspace(0, 6.9, count // 2, device=level.device))
    angles = level.float()[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], 1)


def fast(model: TinyFlowNet, device: torch.device | str) -> TinyFlowNet:
    """The network on a device, laid out so that convolutions are quick."""
    for weights in model.parameters():
        if weights.ndim == 4:
            weights.data = weights.data.contiguous(memory_format=torch.channels_last)
    return model.to(device)
