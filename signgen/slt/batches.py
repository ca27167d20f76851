"""Which clips come in which step, as a pure function of seed and step, and their arrays side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from signgen.nn.tokenizer import END, PAD, START, Glosses, Tokenizer
from signgen.slt.augment import Augmentation, augmented
from signgen.slt.clips import Clips

FrameReader = Callable[[Clips, int], np.ndarray]
# Batches of few different lengths: bfloat16 products are compiled for each shape when it is first seen.
_MULTIPLE = 4


@dataclass(frozen=True, eq=False)
class Source:
    """Clips with their texts as numbers.

    Attributes:
        clips: poses and texts.
        tokens: of each clip, without start and end.
        glosses: of each clip; empty where unknown.
        usable: (m,) numbers of the clips that are neither too long nor without tokens.
        tag: which kind of data, for models that are told.
    """

    clips: Clips
    tokens: tuple[tuple[int, ...], ...]
    glosses: tuple[tuple[int, ...], ...]
    usable: np.ndarray
    tag: int = 0


def encode_source(
    clips: Clips,
    tokenizer: Tokenizer,
    glosses: Glosses | None,
    max_frames: int,
    max_tokens: int,
    tag: int = 0,
) -> Source:
    """A source for training, without the clips that are too long.

    A clip with fewer frames than its glosses need (one each, and a blank between equal neighbours) cannot be aligned
    and trains the text alone.
    """
    tokens = tuple(tuple(tokenizer.encode(text)) for text in clips.texts)
    signs = tuple(tuple(glosses.encode(line)) if glosses else () for line in clips.glosses)
    lengths = clips.lengths
    usable = [i for i, t in enumerate(tokens) if 0 < len(t) <= max_tokens and 1 < lengths[i] <= max_frames]
    return Source(clips, tokens, signs, np.array(usable, np.int64), tag)


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips side by side, padded at their ends.

    Attributes:
        frames: (B, T, 128, 3) float32 keypoints, or (B, T, 3, H, W) uint8 images.
        lengths: (B,) frames of each clip.
        tokens: (B, L) start, tokens, end, padding.
        glosses: (sum of ``gloss_lengths``,) one after another.
        gloss_lengths: (B,) 0 where unknown.
        tags: (B,) kind of data.
    """

    frames: Tensor
    lengths: Tensor
    tokens: Tensor
    glosses: Tensor
    gloss_lengths: Tensor
    tags: Tensor

    @property
    def mask(self) -> Tensor:
        """(B, T) true for real frames."""
        return frame_mask(self.lengths, self.frames.shape[1])

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        if device.type == "cpu":
            return self
        return Batch(*(getattr(self, field.name).to(device, non_blocking=True) for field in fields(self)))


def frame_mask(lengths: Tensor, longest: int) -> Tensor:
    """(B, longest) true where a clip has a frame."""
    return torch.arange(longest, device=lengths.device)[None] < lengths[:, None]


def pad_frames(blocks: Sequence[np.ndarray], multiple: int = 1) -> tuple[Tensor, Tensor]:
    """Clips of (T_i, ...) as one (B, T, ...) tensor with zeros behind, and the (B,) lengths; T is a multiple."""
    lengths = [len(block) for block in blocks]
    longest = -(-max(lengths) // multiple) * multiple
    padded = np.zeros((len(blocks), longest, *blocks[0].shape[1:]), blocks[0].dtype)
    for row, block in zip(padded, blocks, strict=True):
        row[: len(block)] = block
    return torch.from_numpy(padded), torch.tensor(lengths)


def pad_tokens(texts: Sequence[Sequence[int]]) -> Tensor:
    """(B, L) numbers between start and end, then padding."""
    longest = max(len(text) for text in texts)
    rows = [[START, *text, END, *[PAD] * (longest - len(text))] for text in texts]
    return torch.tensor(rows)


def keypoint_frames(clips: Clips, clip: int) -> np.ndarray:
    """(T, 128, 3) float32 keypoints of a clip."""
    return clips.frames(clip).astype(np.float32)


def collate(
    chosen: Sequence[tuple[Source, int]],
    augmentation: Augmentation | None = None,
    key: Sequence[int] = (0,),
    reader: FrameReader = keypoint_frames,
    *,
    share: tuple[int, int] = (0, 1),
) -> Batch:
    """The batch of chosen clips.

    Args:
        chosen: source and number of each clip.
        augmentation: of keypoints; None leaves them as they are.
        key: numbers that decide what is random, the same for the same step of the same run.
        reader: gives the frames of a clip.
        share: number of a process and how many share the batch; each takes every so manieth clip.
    """
    process, processes = share
    places = range(process, len(chosen), processes)
    blocks, chosen = [], chosen[process::processes]
    for place, (source, clip) in zip(places, chosen, strict=True):
        block = reader(source.clips, clip)
        if augmentation is not None and block.ndim == 3:
            block = augmented(block, augmentation, np.random.default_rng([*key, place]))
        blocks.append(block)
    frames, lengths = pad_frames(blocks, _MULTIPLE)
    signs = [source.glosses[clip] for source, clip in chosen]
    return Batch(
        frames,
        lengths,
        pad_tokens([source.tokens[clip] for source, clip in chosen]),
        torch.tensor([sign for line in signs for sign in line], dtype=torch.long),
        torch.tensor([len(line) for line in signs]),
        torch.tensor([source.tag for source, _ in chosen]),
    )


class Order:
    """The clips of each training step.

    Steps are drawn in pools: each pool takes from every source its share of clips, going round a fresh permutation
    of the source again and again, sorts them by length, cuts them into batches and shuffles these. So clips of like
    length share a batch, padding is small, and any step can be asked for without the ones before it.

    Args:
        sources: what there is.
        shares: share of each source in a pool, given the progress from 0 to 1; they need not sum to 1.
        batch: clips in a batch.
        pool: batches in a pool.
        batches: batches in the whole training, for the progress.
        seed: decides the order.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        shares: Callable[[float], Sequence[float]],
        *,
        batch: int,
        pool: int,
        batches: int,
        seed: int,
    ) -> None:
        self._sources, self._shares = tuple(sources), shares
        self._batch, self._pool, self._batches, self._seed = batch, pool, batches, seed
        # Clips taken from each source before each pool.
        self._taken = [np.zeros(len(self._sources), np.int64)]
        self._permutations: dict[tuple[int, int], np.ndarray] = {}
        self._made: tuple[int, list[list[tuple[Source, int]]]] = (-1, [])

    def __getitem__(self, number: int) -> list[tuple[Source, int]]:
        """Source and number of each clip of a batch."""
        pool, place = divmod(number, self._pool)
        if self._made[0] != pool:
            self._made = (pool, self._make(pool))
        return self._made[1][place]

    def _make(self, pool: int) -> list[list[tuple[Source, int]]]:
        while len(self._taken) <= pool + 1:
            self._taken.append(self._taken[-1] + self._counts(len(self._taken) - 1))
        chosen: list[tuple[Source, int]] = []
        for number, source in enumerate(self._sources):
            for place in range(self._taken[pool][number], self._taken[pool + 1][number]):
                chosen.append((source, self._clip(number, int(place))))
        rng = np.random.default_rng([self._seed, 1, pool])
        # Shuffled first, so that clips of equal length do not stay in the order of their sources.
        chosen = [chosen[i] for i in rng.permutation(len(chosen))]
        chosen.sort(key=lambda item: int(item[0].clips.lengths[item[1]]))
        batches = [chosen[i : i + self._batch] for i in range(0, len(chosen), self._batch)]
        return [batches[i] for i in rng.permutation(len(batches))]

    def _counts(self, pool: int) -> np.ndarray:
        shares = np.array(self._shares(min(1.0, pool * self._pool / max(1, self._batches))), float)
        wanted = shares / shares.sum() * self._batch * self._pool
        counts: np.ndarray = np.floor(wanted).astype(np.int64)
        # The rest goes where rounding down lost most.
        for number in np.argsort(-(wanted - counts), kind="stable")[
            : self._batch * self._pool - counts.sum()
        ]:
            counts[number] += 1
        return counts

    def _clip(self, number: int, place: int) -> int:
        usable = self._sources[number].usable
        round_, place = divmod(place, len(usable))
        return int(usable[self._permutation(number, round_)[place]])

    def _permutation(self, number: int, round_: int) -> np.ndarray:
        key = (number, round_)
        if key not in self._permutations:
            self._permutations.pop((number, round_ - 2), None)
            count = len(self._sources[number].usable)
            self._permutations[key] = np.random.default_rng([self._seed, 2, *key]).permutation(count)
        return self._permutations[key]
