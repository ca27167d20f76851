"""The convolutions of a motion tokenizer: a part of the signer to vectors at a quarter of the frame rate, and back."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIDE = 4


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
        found: Tensor = self.to_code(self.encoded(x, here)).transpose(1, 2)
        return found

    def decode(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Values (B, 4S, K, C) and logits of visibility (B, 4S, K) of (B, S, code_width) vectors; mask is (B, S)."""
        here = mask[:, None].to(vectors.dtype)
        x = self.decoded(self.from_code(vectors.transpose(1, 2) * here) * here, here)
        for residual, up in zip(self.before_up, self.up, strict=True):
            x = residual(x, here).repeat_interleave(2, 2)
            here = here.repeat_interleave(2, 2)
            x = F.silu(up(x)) * here
        out = self.leave(x).transpose(1, 2).unflatten(2, (self.keypoints, self.channels + 1)).float()
        return out[..., :-1] * self.scale + self.middle, out[..., -1]


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
