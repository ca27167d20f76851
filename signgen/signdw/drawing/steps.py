"""The weights of a network as compiled steps read them, in float32 or in eight bits, and the drawing of a sentence.

One sentence at a time, drawing is vectors times matrices: torch takes longer to begin each of its many small
operations than to do them, and with large matrices the time is that of reading them, a quarter of it in eight bits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from signgen.errors import ConfigError
from signgen.nn.attention import Attention, KeysValues
from signgen.nn.layers import RotaryLayer
from signgen.nn.norms import RMSNorm
from signgen.signdw.network.backbone import SignDW
from signgen.signdw.settings import DrawSettings

Arrays = tuple[np.ndarray, ...]
# With more rows side by side, matrices are read once for all of them in torch.
MOST_ROWS = 2


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """Of one `RotaryLayer`; see `step_kernels.layer_step`."""

    norms: Arrays
    weights: Arrays
    scales: Arrays
    biases: Arrays


@dataclass(frozen=True, eq=False)
class StepWeights:
    """All that drawing reads at each step.

    Attributes:
        layers: of the backbone.
        norm: after them.
        eps: of all norms.
        heads: of attention.
        turns: (S, D / 2) complex rotations.
        table: vectors of codes.
        stream: vectors of streams.
        head_norm: before the logits.
        weights: of the gated layer before the logits, and of the logits.
        scales: of each.
        biases: of the logits.
    """

    layers: tuple[LayerWeights, ...]
    norm: np.ndarray
    eps: float
    heads: int
    turns: np.ndarray
    table: np.ndarray
    stream: np.ndarray
    head_norm: np.ndarray
    weights: Arrays
    scales: Arrays
    biases: np.ndarray


def step_weights(model: SignDW, *, eight_bits: bool = False) -> StepWeights:
    """The weights of a network on the CPU; those in float32 are its own, not copies.

    Args:
        model: whose.
        eight_bits: matrices in int8, each row with a scale of its own; sums stay float32.

    Raises:
        ConfigError: the network is not on a CPU.
    """
    if model.nothing.device.type != "cpu":
        raise ConfigError(f"eight_bits: works on a CPU alone; the network is on {model.nothing.device}")
    heads = model.heads
    linears = [head for head in heads.logits if isinstance(head, nn.Linear)]
    logits = torch.cat([head.weight for head in linears])
    inner = [] if heads.inner is None else [heads.inner.gate_and_up.weight, heads.inner.down.weight]
    empty = torch.zeros(0, logits.shape[1])
    weights, scales = _matrices([*(inner or [empty, empty]), logits], eight_bits)
    return StepWeights(
        tuple(_layer(layer, eight_bits) for layer in model.stack.layers if isinstance(layer, RotaryLayer)),
        _array(model.stack.norm.weight),
        model.stack.norm.eps,
        model.settings.heads,
        _array(model.stack.turns),
        _array(model.codes.table.weight),
        _array(heads.stream),
        _array(heads.norm.weight),
        weights,
        scales,
        _array(torch.cat([head.bias for head in linears])),
    )


def eight_bit_weights(model: SignDW) -> StepWeights:
    """Weights in eight bits of a network that is no longer trained: rounded once, kept as long as it is.

    Raises:
        ConfigError: the network is not on a CPU.
    """
    if model not in _EIGHT_BITS:
        _EIGHT_BITS[model] = step_weights(model, eight_bits=True)
    return _EIGHT_BITS[model]


_EIGHT_BITS: WeakKeyDictionary[SignDW, StepWeights] = WeakKeyDictionary()


def _layer(layer: RotaryLayer, eight_bits: bool) -> LayerWeights:
    memory, memory_norm = layer.memory_attention, layer.memory_norm
    assert isinstance(memory, Attention)
    assert isinstance(memory_norm, RMSNorm)
    weights, scales = _matrices(
        [
            layer.attention.project.weight,
            layer.attention.output.weight,
            memory.query.weight,
            memory.output.weight,
            layer.inner.gate_and_up.weight,
            layer.inner.down.weight,
        ],
        eight_bits,
    )
    norms = tuple(_array(each.weight) for each in (layer.norm, memory_norm, layer.inner_norm))
    return LayerWeights(norms, weights, scales, (_array(memory.query.bias), _array(memory.output.bias)))


def _matrices(weights: Iterable[Tensor], eight_bits: bool) -> tuple[Arrays, Arrays]:
    both = [_matrix(each, eight_bits) for each in weights]
    return tuple(weight for weight, _ in both), tuple(scale for _, scale in both)


def _matrix(weight: Tensor, eight_bits: bool) -> tuple[np.ndarray, np.ndarray]:
    """(N, K) weights and the (N,) scales that their rows are multiplied by."""
    values = _array(weight)
    if not eight_bits:
        return values, np.ones(len(values), np.float32)
    scales = np.maximum(np.abs(values).max(axis=1, initial=0), 1e-12).astype(np.float32) / np.float32(127)
    return np.rint(values / scales[:, None]).astype(np.int8), scales


def _array(tensor: Tensor | nn.Parameter) -> np.ndarray:
    found: np.ndarray = tensor.detach().contiguous().numpy()
    return found


class Stepper:
    """Draws the steps of a few sentences; those so far are kept.

    Args:
        weights: of the network.
        sizes: codes of each stream.
        draws: how.
        memory: keys and values of all layers, each (R, heads, M, D).
        mask: (R, M) where the memory is something; None: everywhere.
        steps: at most.
        sentences: B; R is twice that with guidance.
    """

    def __init__(
        self,
        weights: StepWeights,
        sizes: tuple[int, ...],
        draws: DrawSettings,
        memory: list[KeysValues],
        mask: Tensor | None,
        steps: int,
        sentences: int,
    ) -> None:
        self._weights, self._sizes, self._draws = weights, np.array(sizes), draws
        pairs = [tuple(_array(t.transpose(1, 2).flatten(2)) for t in pair) for pair in memory]
        rows, length, width = pairs[0][0].shape
        seen = np.ones((rows, length), np.bool_) if mask is None else _array(mask)
        self._memory = [(keys, values, seen) for keys, values in pairs]
        self._kept = [np.zeros((2, rows, steps, width), np.float32) for _ in pairs]
        self._place, self._codes = 0, np.zeros((sentences, len(sizes)), np.int64)
        self._nothing = np.zeros((sentences, sum(sizes)), np.float32)
        self._unknown = np.full((sentences, len(sizes)), -1)

    def __call__(
        self, x: Tensor, noise: Tensor, known: Tensor | None, controls: list[Tensor | None] | None
    ) -> tuple[Tensor, Tensor]:
        """(B, Q) codes of the next step, and the (R, W) sum of their vectors.

        Args:
            x: (R, W) what the step is told.
            noise: (B, sum of sizes) Gumbel noise.
            known: (B, Q) codes that are given; negative: to be drawn.
            controls: for each stream what is added to its logits.
        """
        from signgen.signdw.drawing import step_kernels

        own, state = self._weights, x.numpy().copy()
        for layer, memory, (keys, values) in zip(own.layers, self._memory, self._kept, strict=True):
            step_kernels.layer_step(
                state, self._place, own.heads, own.eps, own.turns, keys, values, memory, layer.norms,
                layer.weights, layer.scales, layer.biases,
            )  # fmt: skip
        self._place += 1
        found = np.empty_like(state)
        step_kernels.norm(state, own.norm, own.eps, found)
        before = found.copy()
        draws, codes = self._draws, np.empty_like(self._codes)
        step_kernels.streams_step(
            found, own.eps, self._sizes, own.table, own.stream, own.head_norm, own.weights, own.scales,
            own.biases, np.ascontiguousarray(noise.numpy()), self._extra(controls),
            self._unknown if known is None else np.ascontiguousarray(known.numpy()),
            float(draws.temperature), draws.top_k, float(draws.guidance), codes,
        )  # fmt: skip
        return torch.from_numpy(codes), torch.from_numpy(found - before)

    def _extra(self, controls: list[Tensor | None] | None) -> np.ndarray:
        if controls is None:
            return self._nothing
        extra, start = self._nothing.copy(), 0
        for size, added in zip(self._sizes.tolist(), controls, strict=True):
            if added is not None:
                extra[:, start : start + size] = added.numpy()
            start += size
        return extra
