"""Frames of a clip on disk, so that the memory of a run does not grow with the length of the clip."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from signgen.errors import ResourceError


class LatentStore:
    """An array of one row a frame in a nameless temporary file; gone when closed, or when the process ends.

    A file that is read and written, not mapped: mapped pages would count as memory of the process.
    """

    def __init__(
        self,
        count: int,
        shape: Sequence[int],
        *,
        device: torch.device | str = "cpu",
        dtype: type[Any] = np.float32,
    ) -> None:
        """A store of zeros.

        Args:
            count: frames.
            shape: of one frame, such as (C, h, w).
            device: where `read` puts what it reads.
            dtype: of the values.

        Raises:
            ResourceError: there is no room for the file.
        """
        self.count, self.shape, self.device = count, tuple(shape), torch.device(device)
        self._dtype = np.dtype(dtype)
        self._row = int(np.prod(self.shape)) * self._dtype.itemsize
        try:
            self._file = tempfile.TemporaryFile(prefix="signgen-", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise self._full(error) from None
        try:
            self._file.truncate(count * self._row)
        except OSError as error:
            self._file.close()
            raise self._full(error) from None

    def __len__(self) -> int:
        return self.count

    def __enter__(self) -> LatentStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def read_array(self, frames: Sequence[int]) -> np.ndarray:
        """(len(frames), *shape) array of these frames."""
        values = np.empty((len(frames), *self.shape), self._dtype)
        rows = values.reshape(-1).view(np.uint8).data
        for start, frame, length in _runs(frames):
            self._file.seek(frame * self._row)
            part = rows[start * self._row : (start + length) * self._row]
            while len(part):
                part = part[self._file.readinto(part) :]
        return values

    def write_array(self, frames: Sequence[int], values: np.ndarray) -> None:
        """Set these frames.

        Raises:
            ResourceError: the disk is full.
        """
        values = np.ascontiguousarray(values, self._dtype)
        rows = values.reshape(-1).view(np.uint8).data
        try:
            for start, frame, length in _runs(frames):
                self._file.seek(frame * self._row)
                part = rows[start * self._row : (start + length) * self._row]
                while len(part):
                    part = part[self._file.write(part) :]
        except OSError as error:
            raise self._full(error) from None

    def read(self, frames: Sequence[int]) -> torch.Tensor:
        """(len(frames), *shape) tensor of these frames on the store's device."""
        return torch.from_numpy(self.read_array(frames)).to(self.device)

    def write(self, frames: Sequence[int], values: torch.Tensor) -> None:
        """Set these frames; values of another precision or device are brought here.

        Raises:
            ResourceError: the disk is full.
        """
        self.write_array(frames, values.detach().float().cpu().numpy())

    def _full(self, error: OSError) -> ResourceError:
        size = self.count * self._row / 1e9
        return ResourceError(
            f"{tempfile.gettempdir()}: no room for {self.count} frames ({size:.2f} GB): "
            f"{error.strerror or error}; free some space, or set TMPDIR to a larger disk"
        )


def _runs(frames: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(place, first frame, length) of each run of neighbours, so that a run is one read."""
    start = 0
    for place in range(1, len(frames) + 1):
        if place == len(frames) or frames[place] != frames[place - 1] + 1:
            yield start, frames[start], place - start
            start = place
