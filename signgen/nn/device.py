"""Where to compute and in which precision."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import torch

from signgen.errors import ConfigError

Precision = Literal["float32", "bf16"]


def device_named(name: str = "auto") -> torch.device:
    """A device by its name; ``auto`` is the first GPU, or else the CPU.

    Raises:
        ConfigError: no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).split("\n")[0].split(". ")[0]
        raise ConfigError(f"device: {name!r} cannot be used here ({reason}); use auto or cpu") from None
    return device


def in_precision(device: torch.device, precision: Precision) -> AbstractContextManager[Any]:
    """A block whose matrix products are in ``precision``; weights and optimiser stay float32."""
    if precision == "bf16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def is_first_process() -> bool:
    """Whether this is the one of several training processes that speaks for all; true if there is only one."""
    return os.environ.get("RANK", "0") == "0"
