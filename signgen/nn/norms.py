"""Root-mean-square norm in few operations: torch's own is made of many on a CPU and costs more than a small layer."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class RMSNorm(nn.Module):
    """Scales each vector to a root mean square of one, times a learned weight (Zhang and Sennrich, 2019)."""

    def __init__(self, width: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        # Beside the length, not beside the root mean square.
        self.eps = eps * math.sqrt(width)
        self._root = math.sqrt(width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) of the same; the sum is in float32."""
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        scale = self._root / (length + self.eps)
        scaled: Tensor = x * scale.to(x.dtype) * self.weight
        return scaled
