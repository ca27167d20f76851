"""The clips of corpora as codes: encoded once by a motion tokenizer, kept on disk under what they depend on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from signgen.data.shard_files import Shard, open_shard, shards_in
from signgen.errors import CheckpointError, DataError, PoseError
from signgen.nn.checkpoint import load_tensors, save_tensors
from signgen.signdw.motion.parts import Parts, to_parts
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.motion.windows import sane, shards_id, stacked

# Clips that are encoded side by side.
_AT_ONCE = 16
CACHE_VERSION = 1


@dataclass(frozen=True, eq=False)
class ClipCodes:
    """The clips of a split of a corpus, in the order of its shards.

    Attributes:
        codes: (steps of all clips, Q) int16 or int32.
        starts: (n + 1,) where each clip starts in ``codes``.
        frames: (n,) frames of each clip at the rate of the tokenizer; 0 for clips that cannot be used.
        names: of the clips.
        infos: what the shards say about each clip.
        rates: frames per second of each clip as it is stored.
        places: shard and number in it of each clip.
    """

    codes: Tensor
    starts: Tensor
    frames: Tensor
    names: tuple[str, ...]
    infos: tuple[Mapping[str, Any], ...]
    rates: tuple[float, ...]
    places: tuple[tuple[Path, int], ...]

    def __len__(self) -> int:
        return len(self.names)

    def of(self, clip: int) -> Tensor:
        """(S, Q) codes of a clip."""
        return self.codes[self.starts[clip] : self.starts[clip + 1]]


def load_codes(folder: Path, tokenizer: MotionTokenizer, cache: Path | None = None) -> ClipCodes:
    """The clips in the columnar shards of a folder as codes.

    Clips without a frame that shows both shoulders have none.

    Raises:
        DataError: no shards, or a damaged one.
    """
    shards = shards_in(folder)
    names: list[str] = []
    infos: list[Mapping[str, Any]] = []
    rates: list[float] = []
    places: list[tuple[Path, int]] = []
    for shard in shards:
        with open_shard(shard) as opened:
            for number, entry in enumerate(opened.clips):
                names.append(entry.name)
                infos.append(entry.info)
                rates.append(entry.fps)
                places.append((shard, number))
    codes, starts, frames = _cached(shards, len(names), tokenizer, cache)
    return ClipCodes(codes, starts, frames, tuple(names), tuple(infos), tuple(rates), tuple(places))


def tokenizer_id(tokenizer: MotionTokenizer) -> str:
    """A hash of what codes depend on: the weights."""
    digest = hashlib.sha256()
    for name, value in sorted(tokenizer.state_dict().items()):
        digest.update(f"{name} {tuple(value.shape)}\n".encode())
        digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def clip_parts(place: tuple[Path, int], depth: bool) -> Parts | None:
    """A clip in parts; None if it cannot be used.

    Raises:
        DataError: a damaged shard.
    """
    with open_shard(place[0]) as opened:
        return _parts(opened, place[1], depth)


def _cached(
    shards: Sequence[Path], count: int, tokenizer: MotionTokenizer, cache: Path | None
) -> tuple[Tensor, Tensor, Tensor]:
    if cache is None:
        return _encoded(shards, tokenizer)
    key = hashlib.sha256(f"{CACHE_VERSION} {shards_id(shards)} {tokenizer_id(tokenizer)}".encode())
    path = cache / f"codes-{key.hexdigest()[:16]}.safetensors"
    found = _read(path, count, len(tokenizer.streams)) if path.is_file() else None
    if found is None:
        found = _encoded(shards, tokenizer)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_tensors(path, dict(zip(("codes", "starts", "frames"), found, strict=True)))
    return found


def _read(path: Path, count: int, streams: int) -> tuple[Tensor, Tensor, Tensor] | None:
    """What a cache holds; None if it is damaged, for it can be made again."""
    try:
        tensors, _ = load_tensors(path)
        codes, starts, frames = tensors["codes"], tensors["starts"], tensors["frames"]
    except (CheckpointError, KeyError):
        return None
    is_whole = codes.shape == (int(starts[-1]), streams) and len(starts) == count + 1 and len(frames) == count
    return (codes, starts, frames) if is_whole else None


@torch.no_grad()
def _encoded(shards: Sequence[Path], tokenizer: MotionTokenizer) -> tuple[Tensor, Tensor, Tensor]:
    device = next(tokenizer.parameters()).device
    largest = max(stream.size for stream in tokenizer.streams)
    kind = torch.int16 if largest <= 1 << 15 else torch.int32
    rows: list[Tensor] = []
    frames: list[int] = []
    clips = _all_parts(shards, tokenizer.settings.depth)
    while chunk := list(islice(clips, _AT_ONCE)):
        usable = [clip for clip in chunk if clip is not None and len(clip)]
        frames += [0 if clip is None else len(clip) for clip in chunk]
        if not usable:
            continue
        windows = stacked(usable).to(device)
        found = tokenizer.encode(windows.values, windows.visible, windows.mask).to(kind).cpu()
        rows += [row[: _steps(len(clip))].clone() for row, clip in zip(found, usable, strict=True)]
    lengths = np.array([_steps(count) for count in frames], np.int64)
    starts = torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)]))
    empty = torch.zeros(0, len(tokenizer.streams), dtype=kind)
    return torch.cat([empty, *rows]), starts, torch.tensor(frames, dtype=torch.int64)


def _steps(frames: int) -> int:
    from signgen.signdw.motion.coder import STRIDE

    return -(-frames // STRIDE)


def _all_parts(shards: Sequence[Path], depth: bool) -> Iterator[Parts | None]:
    for shard in shards:
        with open_shard(shard) as opened:
            for number in range(len(opened)):
                yield _parts(opened, number, depth)


def _parts(opened: Shard, number: int, depth: bool) -> Parts | None:
    try:
        return sane(to_parts(opened.read(number), depth=depth))
    except PoseError:
        return None


def check_codes(clips: ClipCodes, folder: Path) -> None:
    """Raise unless some clip can be used.

    Raises:
        DataError: none shows both shoulders.
    """
    if not int(clips.frames.count_nonzero()):
        raise DataError(f"{folder}: no clip shows both shoulders; cannot learn from it")
