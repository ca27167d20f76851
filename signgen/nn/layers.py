"""Pre-norm transformer layers with rotary positions and gated feed-forward, with or without a memory to look at."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from signgen.nn.attention import Attention, KeysValues
from signgen.nn.cache import Cache
from signgen.nn.dropout import Dropout
from signgen.nn.norms import RMSNorm
from signgen.nn.rotary import RotarySelfAttention, rotations
from signgen.nn.swiglu import SwiGLU, inner_width


class RotaryLayer(nn.Module):
    """Self-attention, attention over a memory if there is one, feed-forward.

    Args:
        width: features.
        heads: of both attentions.
        dropout: share of features that training leaves out before each addition.
        has_memory: whether there is something else to look at.
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0, has_memory: bool = False) -> None:
        super().__init__()
        self.norm = RMSNorm(width)
        self.attention = RotarySelfAttention(width, heads)
        self.memory_norm = RMSNorm(width) if has_memory else None
        self.memory_attention = Attention(width, heads) if has_memory else None
        self.inner_norm = RMSNorm(width)
        self.inner = SwiGLU(width, inner_width(width))
        self.dropout = Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        turns: Tensor,
        mask: Tensor | None = None,
        memory: Tensor | KeysValues | None = None,
        memory_mask: Tensor | None = None,
        cache: Cache | None = None,
        layer: int = 0,
    ) -> Tensor:
        """(B, S, width) of the same; for ``turns``, ``mask`` and ``cache`` see `RotarySelfAttention`.

        Args:
            x: (B, S, width).
            turns: rotations at the places of ``x``.
            mask: true where a step may look.
            memory: (B, M, width), or its keys and values.
            memory_mask: (B, M) true where the memory is something; None: everywhere.
            cache: keys and values of earlier steps.
            layer: number of this layer in the cache.
        """
        x = x + self.dropout(self.attention(self.norm(x), turns, mask, cache, layer))
        if self.memory_attention is not None and self.memory_norm is not None and memory is not None:
            if isinstance(memory, Tensor):
                memory = self.memory_attention.project(memory)
            x = x + self.dropout(self.memory_attention(self.memory_norm(x), memory, memory_mask))
        result: Tensor = x + self.dropout(self.inner(self.inner_norm(x)))
        return result


class RotaryStack(nn.Module):
    """Layers one after another and a last norm.

    Args:
        layers: how many.
        width: features.
        heads: of attention.
        longest: places at most.
        dropout: share of features that training leaves out.
        has_memory: whether there is something else to look at.
    """

    turns: Tensor

    def __init__(
        self,
        layers: int,
        width: int,
        heads: int,
        longest: int,
        dropout: float = 0.0,
        has_memory: bool = False,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(RotaryLayer(width, heads, dropout, has_memory) for _ in range(layers))
        self.norm = RMSNorm(width)
        self.register_buffer("turns", rotations(longest, width // heads), persistent=False)
        self._heads, self._longest = heads, longest

    def project(self, memory: Tensor) -> list[KeysValues]:
        """Keys and values of a (B, M, width) memory, for each layer; to be made once for all steps."""
        attentions = [layer.memory_attention for layer in self.layers]
        return [attention.project(memory) for attention in attentions if isinstance(attention, Attention)]

    def cache(self, like: Tensor, longest: int | None = None) -> Cache:
        """Room for ``longest`` steps, at most as many as there are places, of (B, ..., width) inputs."""
        width = like.shape[-1]
        shape = (len(like), longest or self._longest, self._heads, width // self._heads)
        return Cache(len(self.layers), shape, like)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        memory: Tensor | Sequence[KeysValues] | None = None,
        memory_mask: Tensor | None = None,
        cache: Cache | None = None,
    ) -> Tensor:
        """(B, S, width) of the same.

        Args:
            x: (B, S, width); with a cache only the newest steps.
            mask: broadcasts to (B, 1, S, T), true where a step may look; None: everywhere, with a cache back.
            memory: (B, M, width), or its `project`.
            memory_mask: (B, M) true where the memory is something; None: everywhere.
            cache: keys and values of earlier steps; those of these are added.
        """
        start = 0 if cache is None else cache.length
        turns = self.turns[start : start + x.shape[1]]
        memories = [memory] * len(self.layers) if memory is None or isinstance(memory, Tensor) else memory
        for number, (layer, seen) in enumerate(zip(self.layers, memories, strict=True)):
            x = layer(x, turns, mask, seen, memory_mask, cache, number)
        if cache is not None:
            cache.advance(x.shape[1])
        found: Tensor = self.norm(x)
        return found


def initialise(module: nn.Module, layers: int, deviation: float = 0.02) -> None:
    """Normal weights, smaller where a residual layer ends, so that a deep sum starts as large as a shallow one."""
    for name, parameter in module.named_parameters():
        if parameter.dim() >= 2:
            ends = name.endswith(("output.weight", "down.weight"))
            nn.init.normal_(parameter, std=deviation / (2 * layers) ** 0.5 if ends else deviation)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)
    for part in module.modules():
        if isinstance(part, nn.Embedding) and part.padding_idx is not None:
            nn.init.zeros_(part.weight[part.padding_idx])
