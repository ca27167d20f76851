"""Files of tensors read one tensor at a time, whichever format they have, without running anything in them."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch

from signgen.errors import CheckpointError

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class TensorFile:
    """Names and shapes of the tensors in a file, known before any is read.

    Attributes:
        path: of the file.
        shapes: of all tensors by name.
        read: a tensor by its name, on the CPU.
    """

    path: Path
    shapes: Mapping[str, Shape]
    read: Callable[[str], torch.Tensor]

    def part(self, prefix: str) -> TensorFile:
        """The tensors whose names start with ``prefix``, without it."""
        inner = {name.removeprefix(prefix): s for name, s in self.shapes.items() if name.startswith(prefix)}
        return TensorFile(self.path, inner, lambda name: self.read(prefix + name))

    def without(self, *names: str) -> TensorFile:
        """All tensors but these."""
        kept = {name: shape for name, shape in self.shapes.items() if name not in names}
        return TensorFile(self.path, kept, self.read)


def open_tensors(path: Path) -> TensorFile:
    """The tensors of a ``.safetensors`` file, or of a ``.pth`` file that holds tensors and nothing else.

    Raises:
        CheckpointError: missing, damaged, or with more in it than tensors.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file; give the path of the weights")
    return _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)


def _safetensors(path: Path) -> TensorFile:
    import safetensors

    try:
        file: Any = safetensors.safe_open(str(path), framework="pt")
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise _damaged(path, "a safetensors file", error) from None

    return TensorFile(path, shapes, file.get_tensor)


def _pickled(path: Path) -> TensorFile:
    try:
        tensors = _loaded(path)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise _damaged(path, "a file of tensors that torch wrote", error) from None
    if not isinstance(tensors, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, torch.Tensor) for name, tensor in tensors.items()
    ):
        raise CheckpointError(
            f"{path}: expected tensors by name and nothing else; is this another model's file?"
        )
    return TensorFile(path, {n: tuple(t.shape) for n, t in tensors.items()}, tensors.__getitem__)


def _loaded(path: Path) -> object:
    """What a pickle of weights holds; mapped instead of read where the file is of today's format."""
    mapped = zipfile.is_zipfile(path)
    with warnings.catch_warnings():
        # Of old formats, which are read all the same.
        warnings.simplefilter("ignore")
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)


def _damaged(path: Path, kind: str, error: Exception) -> CheckpointError:
    reason = " ".join(str(error).split())[:120]
    return CheckpointError(f"{path}: not {kind}, or cut short ({reason}); get it again")
