"""LoRA (arXiv 2106.09685): what a layer gives is corrected by a product of two thin matrices, which alone learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

# The projections of attention over time, in a ``UNetSpatioTemporalConditionModel``.
BLOCKS, PROJECTIONS = "temporal_transformer_blocks", ("to_q", "to_k", "to_v", "to_out.0")
# Cross attention is to a single embedding: whatever queries and keys are, the answer is its value.
IDLE = ("attn2.to_q", "attn2.to_k")


class Correction(nn.Module):
    """A product of two thin matrices; zero until something is learned.

    Args:
        wide: numbers in.
        out: numbers out.
        rank: numbers between.
    """

    def __init__(self, wide: int, out: int, rank: int) -> None:
        super().__init__()
        self.down = nn.Linear(wide, rank, bias=False)
        self.up = nn.Linear(rank, out, bias=False)
        nn.init.normal_(self.down.weight, std=1 / rank)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(..., out) of (..., wide)."""
        found: Tensor = self.up(self.down(x.to(self.down.weight.dtype)))
        return found


class Lora(nn.Module):
    """Corrections of the temporal attention of a network; the network itself is not part of it.

    Args:
        network: with layers called ``temporal_transformer_blocks...to_q`` and so on.
        rank: of each correction.
    """

    def __init__(self, network: nn.Module, rank: int) -> None:
        super().__init__()
        layers = temporal_layers(network) if rank else {}
        self.names = tuple(layers)
        self.corrections = nn.ModuleList(
            Correction(layer.in_features, layer.out_features, rank) for layer in layers.values()
        )

    def by_layer(self) -> dict[str, Tensor]:
        """The thin matrices by the names of their layers, as they are saved."""
        return {
            f"{name}.{part}": getattr(correction, part).weight
            for name, correction in zip(self.names, self.corrections, strict=True)
            for part in ("down", "up")
        }


class Attached:
    """Hooks in a network through which one `Lora` after the other can correct it.

    The hooks stay: layers that are computed again for their gradient need them then too.

    Args:
        network: corrected in place; its own weights stay as they are.
        lora: that corrects it at first; others must be of the same shape.
    """

    def __init__(self, network: nn.Module, lora: Lora) -> None:
        self._lora = lora
        for place, name in enumerate(lora.names):
            network.get_submodule(name).register_forward_hook(self._hook(place))

    def use(self, lora: Lora) -> None:
        """Let another `Lora` correct the network from now on."""
        self._lora = lora

    def _hook(self, place: int) -> Any:
        def correct(_: nn.Module, inputs: Sequence[Tensor], made: Tensor) -> Tensor:
            change: Tensor = self._lora.corrections[place](inputs[0])
            return made + change.to(made.dtype)

        return correct


def temporal_layers(network: nn.Module) -> dict[str, nn.Linear]:
    """The projections of attention over time that have a say, by their names."""
    return {
        name: layer
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Linear)
        and BLOCKS in name.split(".")
        and name.endswith(PROJECTIONS)
        and not name.endswith(IDLE)
    }


def merged(weight: Tensor, name: str, thin: Mapping[str, Tensor]) -> Tensor:
    """A tensor of the network with its correction in it, if it has one.

    Args:
        weight: the tensor.
        name: of it.
        thin: as `Lora.by_layer` gives them.
    """
    layer = name.removesuffix(".weight")
    if f"{layer}.down" not in thin or layer == name:
        return weight
    change = thin[f"{layer}.up"].float() @ thin[f"{layer}.down"].float()
    whole: Tensor = weight.float() + change.to(weight.device)
    return whole.to(weight.dtype)
