"""What the training loop asks of the thing that is trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from signgen.nn.training_state import Progress


@dataclass(frozen=True)
class Look:
    """A look at how far a training has come.

    Attributes:
        place: where it is.
        losses: means since the last look, by name.
        found: what the task found on clips that are not learned from.
        is_best: whether this is better than all looks before.
        rate: learning rate of the last update.
        pace: seconds, updates and frames a second since the last look.
        processor_seconds: since the last look.
        memory_mb: most memory used so far, of the GPU or of this process.
    """

    place: Progress
    losses: Mapping[str, float]
    found: Any
    is_best: bool
    rate: float
    pace: Mapping[str, float]
    processor_seconds: float
    memory_mb: float

    @property
    def total(self) -> int:
        """Updates so far."""
        return self.place.total


class Task(ABC):
    """Something that is trained.

    Attributes:
        network: all that learns, on its device.
    """

    network: nn.Module

    def begin(self) -> None:
        """Do, before the first update of a new training, what the data alone decide."""
        return None

    def lesson(self, network: nn.Module) -> nn.Module:
        """What gives the losses of a network of this shape; all of its weights learn."""
        return network

    @abstractmethod
    def batches(self, place: Progress, count: int, parts: range) -> Iterator[Any]:
        """The batches of ``count`` updates from a place on: in each update those of some parts of it, in order."""

    @abstractmethod
    def losses(
        self, lesson: Any, batch: Any, place: Progress, part: int
    ) -> tuple[Mapping[str, Tensor], Tensor | int]:
        """Losses by name, ``total`` what is learned from, and the frames of the batch; chance follows the place."""

    @abstractmethod
    def look(self, network: Any, total: int) -> Any:
        """What clips that are not learned from say of a network; the first process alone does this."""

    def score(self, found: Any) -> float | None:
        """How good that is, the greater the better; None: the newest is the best."""
        return None

    @abstractmethod
    def keep(self, network: Any, look: Look) -> None:
        """Write the best network so far."""

    def figures(self, look: Look) -> Mapping[str, Any]:
        """What is logged of a look."""
        return {
            "loss": look.losses,
            "dev": look.found,
            **look.pace,
            "memory_mb": look.memory_mb,
            "is_best": look.is_best,
        }

    @abstractmethod
    def line(self, look: Look) -> str:
        """What is said of a look."""

    def show(self, network: Any, look: Look) -> None:
        """Show what the network does now, when all that counts is written."""
        return None

    def finish(self) -> None:
        """After the last update, complete what was written."""
        return None
