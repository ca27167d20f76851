"""`PoseStream` as a torch dataset: workers and ranks share it without anybody's clip coming twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from signgen.data.stream import PoseStream, StreamedClip
from signgen.errors import DependencyError

try:
    import torch
    from torch.utils.data import IterableDataset, get_worker_info
except ImportError:
    raise DependencyError('training needs torch; run: pip install "signgen[torch]"') from None


class PoseDataset(IterableDataset[Any]):
    """The clips of a stream, in as many processes as the loader has workers and the job has ranks.

    Each of the two multiplies the readers; ranks get equally many clips (`PoseStream.is_even`), because a rank that
    runs out of data early hangs the others. Call `set_epoch` before each epoch.

    Attributes:
        stream: what is read; its reader and readers are filled in.
        transform: applied to each clip in the worker.
    """

    def __init__(self, stream: PoseStream, transform: Callable[[StreamedClip], Any] | None = None) -> None:
        self.stream = stream
        self.transform = transform

    def set_epoch(self, epoch: int, start: int = 0) -> None:
        """Go on with another epoch, or within one after ``start`` clips of all ranks together."""
        self.stream = replace(self.stream, epoch=epoch, start=start)

    def __iter__(self) -> Iterator[Any]:
        """The clips of this worker of this rank."""
        worker = get_worker_info()
        workers, number = (worker.num_workers, worker.id) if worker else (1, 0)
        ranks, rank = _ranks()
        # Neighbours in the order go to different ranks, so that each step of all ranks takes the next few.
        stream = replace(
            self.stream,
            reader=number * ranks + rank,
            readers=ranks * workers,
            is_even=self.stream.is_even or ranks > 1,
        )
        return iter(stream) if self.transform is None else map(self.transform, stream)


def _ranks() -> tuple[int, int]:
    """How many processes train together, and which of them this is."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_world_size(), distributed.get_rank()
    return 1, 0
