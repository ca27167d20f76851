"""Keys and values of the steps so far, in memory that is set aside once."""

from __future__ import annotations

import torch
from torch import Tensor


class Cache:
    """Room for the keys and values of all layers.

    Call `put` once for each layer of a step, then `advance`.

    Args:
        layers: how many.
        shape: (B, T, heads, D) of the keys of one layer, T the most steps there will be.
        like: a tensor of the wanted device and type.
    """

    def __init__(self, layers: int, shape: tuple[int, int, int, int], like: Tensor) -> None:
        self._keys = [like.new_empty(shape) for _ in range(layers)]
        self._values = [like.new_empty(shape) for _ in range(layers)]
        self.length = 0

    def put(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """All keys and values, each (B, length + S, heads, D), after adding those of the newest S steps."""
        stop = self.length + keys.shape[1]
        self._keys[layer][:, self.length : stop] = keys
        self._values[layer][:, self.length : stop] = values
        return self._keys[layer][:, :stop], self._values[layer][:, :stop]

    def advance(self, steps: int = 1) -> None:
        """Go on to the next step."""
        self.length += steps

    @property
    def nbytes(self) -> int:
        """Size of the memory set aside."""
        return sum(torch.numel(t) * t.element_size() for t in (*self._keys, *self._values))
