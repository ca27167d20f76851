"""A network over frames that knows how much noise there is: what a refiner and a regressor are made of.

Layers are convolutions of single features, each followed by a gated product, modulated by the noise level with one
shared map and a table for each layer (Chen et al., 2023, adaLN-single). No attention: what is far away is in the
condition, so that time grows with the length alone, and no sentence is too long.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.nn.norms import RMSNorm
from signgen.nn.swiglu import SwiGLU, inner_width

# Dilations of layers, again and again.
_REACH = (1, 2, 4)
_RATES = 32
# How much of a layer is added at first.
_GATE = 0.5


class FrameLayer(nn.Module):
    """A convolution over frames and a gated product, added to what goes in.

    Args:
        width: features.
        kernel: frames seen at once.
        dilation: frames from one of them to the next.
    """

    def __init__(self, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.kernel = nn.Parameter(torch.randn(kernel, width) / kernel**0.5)
        self.norm = RMSNorm(width)
        self.inner = SwiGLU(width, inner_width(width))
        # Scale, shift and gate.
        self.table = nn.Parameter(torch.tensor([[0.0], [0.0], [_GATE]]).repeat(1, width))

    def forward(self, x: Tensor, here: Tensor | None, level: Tensor | None) -> Tensor:
        """(B, T, width) of the same.

        Args:
            x: (B, T, width), zero where ``here`` is.
            here: (B, T, 1) 1 for frames of the clips, 0 behind their ends; None: all are.
            level: (B, 3, 1, width) what the noise adds to scale, shift and gate.
        """
        scale, shift, gate = self.table[:, None] if level is None else (self.table[:, None] + level).unbind(1)
        found = torch.addcmul(shift, self.norm(self._convolved(x)), 1 + scale)
        found = gate * self.inner(found)
        result: Tensor = x + (found if here is None else found * here)
        return result

    def _convolved(self, x: Tensor) -> Tensor:
        # Shifted sums are several times faster on a CPU than torch's convolution of single features.
        frames, reach = x.shape[1], len(self.kernel) // 2 * self.dilation
        padded = F.pad(x, (0, 0, reach, reach))
        found = padded[:, :frames] * self.kernel[0]
        for place in range(1, len(self.kernel)):
            start = place * self.dilation
            found = torch.addcmul(found, padded[:, start : start + frames], self.kernel[place])
        return found


class FrameNetwork(nn.Module):
    """Frames and their condition to frames.

    Args:
        inputs: features of a frame; 0: there is only the condition.
        condition: features of the condition of a frame.
        outputs: features that come out, zero at first.
        width: features of layers.
        layers: how many.
        kernel: frames that one sees at once.
    """

    def __init__(
        self, inputs: int, condition: int, outputs: int, width: int, layers: int, kernel: int
    ) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, width, bias=False) if inputs else None
        self.level = _level(width) if inputs else None
        self.condition = nn.Linear(condition, width)
        self.layers = nn.ModuleList(
            FrameLayer(width, kernel, _REACH[number % len(_REACH)]) for number in range(layers)
        )
        self.norm = RMSNorm(width)
        self.leave = nn.Linear(width, outputs)
        _zero(self.leave)

    def forward(
        self, told: Tensor, here: Tensor | None, x: Tensor | None = None, time: Tensor | None = None
    ) -> Tensor:
        """(B, T, outputs).

        Args:
            told: (B, T, width) what ``condition`` makes of the condition.
            here: (B, T, 1) 1 for frames of the clips, 0 behind their ends; None: all are.
            x: (B, T, inputs).
            time: (B,) from 0, all noise, to 1, none.
        """
        level = None
        if self.enter is not None and self.level is not None and x is not None and time is not None:
            told = told + self.enter(x)
            level = self.level(rates_of(time)).unflatten(-1, (3, 1, -1))
        states = told if here is None else told * here
        for layer in self.layers:
            states = layer(states, here, level)
        found: Tensor = self.leave(self.norm(states))
        return found


def _level(width: int) -> nn.Sequential:
    """What noise levels change in layers; nothing at first."""
    last = nn.Linear(width, 3 * width)
    _zero(last)
    return nn.Sequential(nn.Linear(2 * _RATES, width), nn.SiLU(), last)


def _zero(linear: nn.Linear) -> None:
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)


def rates_of(time: Tensor) -> Tensor:
    """(B, 64) cosines and sines of times (B,) from 0 to 1, from a quarter turn to some hundred turns."""
    rates = torch.logspace(math.log10(math.pi / 2), math.log10(200 * math.pi), _RATES, device=time.device)
    angles = time[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], -1)
