"""A part of the signer to vectors at a quarter of the frame rate, and back: a linear map and convolutions beside it.

The linear map takes each step of 4 frames by itself and begins as the principal components of the data, so that vectors
are of use, and distances between them mean something, before anything is learned. The convolutions begin at nothing;
they learn what depends on the neighbouring steps, what is not linear, and which keypoints are there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 4
# Steps that principal components are taken from at a time.
_CHUNK = 4096


class Coder(nn.Module):
    """Encoder and decoder of one part.

    Nothing outside a clip is seen: frames beyond its mask are zero after every layer, as the convolutions' padding is.

    Args:
        keypoints: of the part.
        channels: coordinates of a keypoint.
        width: features of the convolutions.
        code_width: features of a vector.
    """

    middle: Tensor
    scale: Tensor

    def __init__(self, keypoints: int, channels: int, width: int, code_width: int) -> None:
        super().__init__()
        self.keypoints, self.channels = keypoints, channels
        self.register_buffer("middle", torch.zeros(keypoints, channels))
        self.register_buffer("scale", torch.ones(()))
        self.hidden = nn.Parameter(torch.zeros(keypoints, channels))
        size = STRIDE * keypoints * channels
        self.to_linear = nn.Parameter(torch.randn(size, code_width) / size**0.5)
        self.from_linear = nn.Parameter(torch.randn(code_width, size) / code_width**0.5)
        self.enter = nn.Conv1d(keypoints * (channels + 1), width, 1)
        self.down = nn.ModuleList(nn.Conv1d(width, width, 4, 2, 1) for _ in range(2))
        self.after_down = nn.ModuleList([_Residual(width, 1), _Residual(width, 1)])
        self.encoded = _Residual(width, 3)
        self.to_code = nn.Conv1d(width, code_width, 1)
        self.from_code = nn.Conv1d(code_width, width, 3, padding=1)
        self.decoded = _Residual(width, 3)
        self.before_up = nn.ModuleList([_Residual(width, 1), _Residual(width, 1)])
        self.up = nn.ModuleList(nn.Conv1d(width, width, 3, padding=1) for _ in range(2))
        self.leave = nn.Conv1d(width, keypoints * (channels + 1), 1)
        for last in (self.to_code, self.leave):
            for weights in last.parameters():
                nn.init.zeros_(weights)

    @torch.no_grad()
    def fit(self, values: Tensor, visible: Tensor, weights: Tensor) -> None:
        """Begin with the middle, the spread and the principal components of steps (N, 4, K, C).

        Args:
            values: of the part.
            visible: (N, 4, K) bool; hidden keypoints count as at their middle.
            weights: (K,) how much an error of each keypoint matters.
        """
        here = visible[..., None].to(values.dtype)
        middle = (values * here).sum((0, 1)) / here.sum((0, 1)).clamp(min=1)
        away = (values - middle) * here
        scale = (away.square().sum() / here.sum().clamp(min=1) / self.channels).sqrt().clamp(min=1e-3)
        self.middle.copy_(middle)
        self.scale.copy_(scale)
        each = weights[:, None].expand(-1, self.channels).repeat(STRIDE, 1).flatten()
        steps = (away / scale).flatten(1) * each
        products = sum(chunk.T.double() @ chunk.double() for chunk in torch.split(steps, _CHUNK))
        basis = torch.linalg.eigh(products)[1].flip(1)[:, : self.to_linear.shape[1]].float()
        self.to_linear.zero_()
        self.from_linear.zero_()
        self.to_linear[:, : basis.shape[1]] = each[:, None] * basis
        self.from_linear[: basis.shape[1]] = basis.T / each

    def encode(self, values: Tensor, visible: Tensor, mask: Tensor) -> Tensor:
        """(B, S, code_width) vectors.

        Args:
            values: (B, 4S, K, C) of a part.
            visible: (B, 4S, K) bool; elsewhere values do not matter, a learned one takes their place.
            mask: (B, 4S) bool which frames are of the clip.
        """
        known = torch.where(visible[..., None], (values - self.middle) / self.scale, self.hidden)
        x = torch.cat([known, visible[..., None].to(known.dtype)], -1).flatten(2).transpose(1, 2)
        here = mask[:, None].to(x.dtype)
        x = self.enter(x * here) * here
        for down, residual in zip(self.down, self.after_down, strict=True):
            here = F.max_pool1d(here, 2)
            x = residual(down(x) * here, here)
        steps = (known * mask[..., None, None]).reshape(len(known), -1, len(self.to_linear))
        found: Tensor = steps @ self.to_linear + self.to_code(self.encoded(x, here)).transpose(1, 2)
        return found

    def decode(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Values (B, 4S, K, C) and logits of visibility (B, 4S, K) of (B, S, code_width) vectors; mask is (B, S)."""
        here = mask[:, None].to(vectors.dtype)
        x = self.decoded(self.from_code(vectors.transpose(1, 2) * here) * here, here)
        for residual, up in zip(self.before_up, self.up, strict=True):
            x = residual(x, here).repeat_interleave(2, 2)
            here = here.repeat_interleave(2, 2)
            x = F.silu(up(x)) * here
        out = self.leave(x).transpose(1, 2).float()
        out = out.reshape(*out.shape[:2], self.keypoints, self.channels + 1)
        linear = (vectors @ self.from_linear).view(*out.shape[:3], self.channels)
        return (out[..., :-1] + linear) * self.scale + self.middle, out[..., -1]


class _Residual(nn.Module):
    """Two convolutions added to what goes in."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv1d(width, width, 1)
        with torch.no_grad():
            self.second.weight.mul_(0.5)

    def forward(self, x: Tensor, here: Tensor) -> Tensor:
        """(B, width, T), zero where ``here`` (B, 1, T) is."""
        found: Tensor = x + self.second(F.silu(self.first(F.silu(x)))) * here
        return found
