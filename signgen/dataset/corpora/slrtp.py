"""The poses of the SLRTP 2025 challenge: ``{train,dev,test}.pt``, each a mapping from names to poses and texts."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Gt

from signgen.config import setting
from signgen.data.npz import write_npz
from signgen.dataset.corpora.base import corpora, plain_name, some
from signgen.dataset.manifest import Sample
from signgen.errors import DataError, DependencyError, PoseError
from signgen.pose.convert import slrtp
from signgen.pose.sequence import PoseSequence

SPLITS = ("train", "dev", "test")
POINTS = 178
CANVAS = (512, 512)
MAX_FRAMES = 1 << 16


@corpora.register("slrtp")
@dataclass(frozen=True)
class Slrtp:
    """SLRTP 2025: ``{train,dev,test}.pt`` or ``phix_lift3d.{train,dev,test}.pt`` in ``ROOT`` or in ``ROOT/data/phix``.

    Each file maps a name to ``poses_3d``, a tensor (T, 178, 3) of keypoints in 3-D, and ``text``, ``gloss`` and
    ``speaker``. It is read without running any code that it may hold; that needs torch.
    """

    fps: Annotated[float, Gt(0)] = setting(25.0, "frames per second, which the files do not say")
    licence: str = setting("CC-BY-NC-SA-3.0", "licence to note")

    def __call__(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        """The samples of all splits that are there; each recording is unpacked."""
        return some(self._samples(root, unpacked), root, "train.pt, dev.pt or test.pt")

    def _samples(self, root: Path, unpacked: Path) -> Iterator[Sample]:
        for split in SPLITS:
            path = next((place for place in _places(root, split) if place.is_file()), None)
            for name, entry in load_entries(path).items() if path else ():
                where = f"{path}: {name!r}"
                video_id = plain_name(name.rpartition("/")[2])
                place = unpacked / split / f"{video_id}.npz"
                write_npz(_poses(entry, self.fps, where), place)
                yield Sample(
                    video_id,
                    poses=place,
                    text=_text(entry, "text"),
                    gloss=_text(entry, "gloss"),
                    signer=_text(entry, "speaker"),
                    split=split,
                    licence=self.licence,
                    source="slrtp2025",
                    signed_language="gsg",
                    spoken_language="de",
                )


def _places(root: Path, split: str) -> Iterator[Path]:
    for folder in (root, root / "data" / "phix"):
        yield from (folder / f"{split}.pt", folder / f"phix_lift3d.{split}.pt")


def load_entries(path: Path) -> dict[str, Mapping[str, Any]]:
    """The mapping in a file of torch, by a reader that knows tensors and plain values alone; tensors stay on disk.

    Raises:
        DependencyError: torch is not installed.
        DataError: missing, damaged, or with anything but tensors and plain values in it.
    """
    try:
        import torch
    except ImportError:
        raise DependencyError(f"{path}: torch reads this file; pip install 'signgen[torch]'") from None
    try:
        entries = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    except pickle.UnpicklingError:
        raise DataError(
            f"{path}: holds more than tensors and plain values, which is not loaded; save tensors alone"
        ) from None
    except (RuntimeError, ValueError, EOFError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DataError(
            f"{path}: not a file of torch that can be read: {str(error).splitlines()[0][:120]}"
        ) from None
    is_mapping = isinstance(entries, dict) and all(
        isinstance(name, str) and isinstance(entry, dict) for name, entry in entries.items()
    )
    if not is_mapping:
        raise DataError(f"{path}: expected a mapping from names to mappings with poses_3d")
    return dict(entries)


def _poses(entry: Mapping[str, Any], fps: float, where: str) -> PoseSequence:
    import torch

    tensor = entry.get("poses_3d")
    if not isinstance(tensor, torch.Tensor) or tensor.ndim != 3 or tuple(tensor.shape[1:]) != (POINTS, 3):
        found = tuple(tensor.shape) if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise DataError(f"{where}: poses_3d: expected a tensor (T, {POINTS}, 3), got {found}")
    if not 1 <= len(tensor) <= MAX_FRAMES:
        raise DataError(f"{where}: {len(tensor)} frames; expected 1 to {MAX_FRAMES}")
    if not tensor.is_floating_point():
        raise DataError(f"{where}: poses_3d: expected floats, got {tensor.dtype}")
    points = tensor.detach().to(torch.float32).contiguous().numpy()
    try:
        keypoints = slrtp.to_dwpose(np.array(points), *CANVAS)
        return PoseSequence(keypoints[..., :3], fps, *CANVAS, keypoints[..., 3])
    except PoseError as error:
        raise DataError(f"{where}: {error}") from None


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name, "")
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
