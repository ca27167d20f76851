"""The processes that train together, as ``torchrun`` starts them; most often there is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator

from signgen.nn.device import device_named

Report = Callable[[str], None]


@dataclass(frozen=True)
class Crew:
    """Processes that train together, seen from one of them.

    Attributes:
        accelerator: what joins them.
        device: where this one computes.
        report: told what is going on.
    """

    accelerator: Accelerator
    device: torch.device
    report: Report

    @property
    def index(self) -> int:
        """Number of this one."""
        return int(self.accelerator.process_index)

    @property
    def count(self) -> int:
        """Number of all."""
        return int(self.accelerator.num_processes)

    @property
    def is_first(self) -> bool:
        """Whether this is the one that writes and speaks for all."""
        return bool(self.accelerator.is_main_process)

    def wait(self) -> None:
        """Return when all have come as far."""
        self.accelerator.wait_for_everyone()


def crew_on(device: str, report: Report = lambda line: None, *handlers: Any) -> Crew:
    """The processes of this training.

    Args:
        device: of a single process: ``auto``, ``cpu``, ``cuda``, ...; several have a GPU each.
        report: told what is going on.
        handlers: of accelerate, for what is not as usual.

    Raises:
        ConfigError: no such device here.
    """
    own = device_named(device)
    # What lies where is decided here, so that one process can use any device.
    accelerator = Accelerator(
        cpu=own.type == "cpu", device_placement=False, kwargs_handlers=list(handlers) or None
    )
    return Crew(accelerator, accelerator.device if accelerator.num_processes > 1 else own, report)
