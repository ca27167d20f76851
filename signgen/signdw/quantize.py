"""Weights of eight bits for drawing on a CPU, where reading the weights takes most of the time."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from signgen.errors import ConfigError
from signgen.signdw.backbone import SignDW

# Below this many weights the search for a scale takes longer than eight bits save.
LEAST_WEIGHTS = 1 << 17


def quantized(model: SignDW, least: int = LEAST_WEIGHTS) -> SignDW:
    """A copy whose larger matrix products are in int8, with scales found anew for each input.

    Embeddings stay float32, and so do products too small to gain from it, the logits of most streams among them.

    Args:
        model: on the CPU; it stays as it is.
        least: weights of a product at least.

    Raises:
        ConfigError: the network is not on a CPU, or this build of torch has no int8 products.
    """
    if model.nothing.device.type != "cpu":
        raise ConfigError(f"int8: works on a CPU alone; the network is on {model.nothing.device}")
    if torch.backends.quantized.engine == "none":
        raise ConfigError("int8: this build of torch has no products of eight bits; use float32")
    large = {
        name
        for name, part in model.named_modules()
        if isinstance(part, nn.Linear) and part.weight.numel() >= least
    }
    with warnings.catch_warnings():
        # Torch points to a package of its own to come; the function stays until that is there.
        warnings.simplefilter("ignore")
        copy = torch.ao.quantization.quantize_dynamic(  # type: ignore[no-untyped-call]
            model, large, dtype=torch.qint8
        )
    if not isinstance(copy, SignDW):
        raise TypeError("quantising made another kind of network")
    return copy
