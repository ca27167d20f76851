"""Motion as codes: parts of the signer at 24 Hz to a few whole numbers at 6 Hz, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.layout import PARTS as SLICES
from signgen.pose.sequence import PoseSequence
from signgen.signdw.motion.coder import STRIDE, Coder
from signgen.signdw.motion.parts import FPS, Parts, to_parts, to_poses
from signgen.signdw.motion.quantizer import ResidualQuantizer
from signgen.signdw.motion.settings import TokenizerSettings

__all__ = ["STRIDE", "Coded", "MotionTokenizer", "Stream"]

STEP_RATE = FPS / STRIDE
_WHOLE = slice(0, NUM_KEYPOINTS)


@dataclass(frozen=True)
class Stream:
    """One of the whole numbers of a step.

    Attributes:
        part: of the signer; ``all`` where parts are not split.
        level: residual level, from 0.
        size: how many codes there are.
    """

    part: str
    level: int
    size: int


@dataclass(frozen=True, eq=False)
class Coded:
    """What a tokenizer makes of a batch in training.

    Attributes:
        values: (B, 4S, 128, C) decoded.
        visibility: (B, 4S, 128) logits.
        commitment: mean squared distance of vectors from their codes, in units of the vectors' own spread.
        codes: (N, levels) chosen, by kind of part; in no order that matters.
    """

    values: Tensor
    visibility: Tensor
    commitment: Tensor
    codes: dict[str, Tensor]


class MotionTokenizer(nn.Module):
    """Convolutions and codebooks of each part. Both hands share theirs: the right one is mirrored.

    Attributes:
        streams: what each of the Q codes of a step is, level by level and in a level part by part.
        embed_width: features of `embed`.
    """

    def __init__(self, settings: TokenizerSettings | None = None) -> None:
        super().__init__()
        self.settings = settings = settings or TokenizerSettings()
        kinds = _kinds(settings)
        self.coders, self.quantizers = nn.ModuleDict(), nn.ModuleDict()
        for kind, (keypoints, levels, size) in kinds.items():
            self.coders[kind] = Coder(keypoints, settings.channels, settings.width, settings.code_width)
            self.quantizers[kind] = ResidualQuantizer(levels, size, settings.code_width)
        self.parts = {"all": ("all", _WHOLE)} if settings.parts == "single" else _SPLIT
        self.streams = tuple(
            Stream(part, level, kinds[kind][2])
            for level in range(max(levels for _, levels, _ in kinds.values()))
            for part, (kind, _) in self.parts.items()
            if level < kinds[kind][1]
        )
        self.embed_width = settings.code_width * len(self.parts)
        self._places = {
            part: [q for q, stream in enumerate(self.streams) if stream.part == part] for part in self.parts
        }

    @torch.no_grad()
    def encode(self, values: Tensor, visible: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, S, Q) codes, S = ceil(T / 4).

        Args:
            values: (B, T, 128, C) of `Parts`.
            visible: (B, T, 128) bool.
            mask: (B, T) bool which frames are of the clips; None: all. Codes of steps without any are 0.
        """
        values, visible, mask = _whole_steps(values, visible, mask)
        steps = _any_of_step(mask)
        codes = torch.zeros(*steps.shape, len(self.streams), dtype=torch.long, device=values.device)
        for part, kind, vectors in self._vectors(values, visible, mask):
            found = self._quantizer(kind).assign(vectors[steps])
            codes[steps[..., None].expand_as(codes) & self._of_part(part)] = found.flatten()
        return codes

    def decode(self, codes: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Values (B, 4S, 128, C) and logits of visibility (B, 4S, 128) of codes (B, S, Q).

        Args:
            codes: a negative code adds nothing, as if its level did not exist.
            mask: (B, S) bool which steps are of the clips; None: all.
        """
        vectors = {part: self._look_up(part, codes) for part in self.parts}
        if mask is None:
            mask = torch.ones(codes.shape[:2], dtype=torch.bool, device=codes.device)
        return self._decode(vectors, mask)

    def embed(self, codes: Tensor) -> Tensor:
        """(B, S, embed_width) what codes (B, S, Q) stand for: per part the sum of its levels, side by side."""
        return torch.cat([self._look_up(part, codes) for part in self.parts], -1)

    def forward(
        self, values: Tensor, visible: Tensor, mask: Tensor | None = None, keep: Tensor | None = None
    ) -> Coded:
        """Encode and decode again, for training.

        Args:
            values: (B, T, 128, C).
            visible: (B, T, 128) bool.
            mask: (B, T) bool which frames are of the clips; None: all.
            keep: (B,) levels to use in each clip; None: all.
        """
        values, visible, mask = _whole_steps(values, visible, mask)
        steps = _any_of_step(mask)
        decoded: dict[str, Tensor] = {}
        codes: dict[str, Tensor] = {}
        commitment = values.new_zeros(())
        for kind, parts, vectors in self._by_kind(values, visible, mask):
            vectors = vectors.float()
            real = steps.repeat(len(parts), 1)
            levels = None if keep is None else keep[:, None].expand_as(steps).repeat(len(parts), 1)[real]
            found = self._quantizer(kind)(vectors[real], levels)
            commitment = commitment + found.commitment.mean() / (vectors[real].detach().var() + 1e-6)
            codes[kind] = found.codes
            vectors = torch.zeros_like(vectors).masked_scatter(real[..., None], found.vectors)
            decoded |= dict(zip(parts, vectors.chunk(len(parts)), strict=True))
        out, visibility = self._decode(decoded, steps)
        return Coded(out, visibility, commitment / len(self.coders), codes)

    @torch.no_grad()
    def begin(self, values: Tensor, visible: Tensor, mask: Tensor, weights: Tensor) -> None:
        """Linear maps from principal components and codebooks from k-means of many windows, before training.

        Args:
            values: (B, 4S, 128, C).
            visible: (B, 4S, 128) bool.
            mask: (B, 4S) bool which frames are of the clips.
            weights: (128,) how much an error of each keypoint matters.
        """
        whole = mask.view(-1, STRIDE).all(-1)
        for kind, parts in self._kinds_of().items():
            pairs = [self._part(part, values, visible) for part in parts]
            steps = [torch.cat([_steps(pair[i])[whole] for pair in pairs]) for i in range(2)]
            self._coder(kind).fit(steps[0], steps[1], weights[self.parts[parts[0]][1]])
        real = _any_of_step(mask)
        for kind, parts, vectors in self._by_kind(values, visible, mask):
            self._quantizer(kind).begin(vectors[real.repeat(len(parts), 1)])

    @torch.no_grad()
    def reconstruct(self, poses: PoseSequence) -> PoseSequence:
        """Poses as their codes show them: at 24 fps, on the same canvas, with confidences of 0 and 1.

        Raises:
            PoseError: no frames, or none with both shoulders.
        """
        parts = to_parts(poses, depth=self.settings.depth)
        device = next(self.parameters()).device
        values = torch.from_numpy(parts.values).to(device)[None]
        visible = torch.from_numpy(parts.visible).to(device)[None]
        decoded, visibility = self.decode(self.encode(values, visible))
        found = Parts(_numpy(decoded[0, : len(parts)]), _numpy(visibility[0, : len(parts)] > 0), parts.frame)
        return to_poses(found, poses.width, poses.height, is_complete=True)

    def _coder(self, kind: str) -> Coder:
        coder = self.coders[kind]
        assert isinstance(coder, Coder)
        return coder

    def _quantizer(self, kind: str) -> ResidualQuantizer:
        quantizer = self.quantizers[kind]
        assert isinstance(quantizer, ResidualQuantizer)
        return quantizer

    def _kinds_of(self) -> dict[str, list[str]]:
        """Which parts share a coder."""
        found: dict[str, list[str]] = {}
        for part, (kind, _) in self.parts.items():
            found.setdefault(kind, []).append(part)
        return found

    def _part(self, part: str, values: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        """Values and visibility of a part, a right hand as if it were a left one."""
        keypoints = self.parts[part][1]
        found = values[:, :, keypoints]
        return (_mirrored(found) if part == "right_hand" else found), visible[:, :, keypoints]

    def _by_kind(
        self, values: Tensor, visible: Tensor, mask: Tensor
    ) -> Iterator[tuple[str, list[str], Tensor]]:
        """Kind, its parts, and their vectors one after another in (B * parts, S, code_width)."""
        for kind, parts in self._kinds_of().items():
            pairs = [self._part(part, values, visible) for part in parts]
            both = [torch.cat([pair[i] for pair in pairs]) for i in range(2)]
            yield kind, parts, self._coder(kind).encode(both[0], both[1], mask.repeat(len(parts), 1))

    def _vectors(self, values: Tensor, visible: Tensor, mask: Tensor) -> Iterator[tuple[str, str, Tensor]]:
        """Part, kind and (B, S, code_width) vectors."""
        for kind, parts, vectors in self._by_kind(values, visible, mask):
            for part, own in zip(parts, vectors.chunk(len(parts)), strict=True):
                yield part, kind, own

    def _of_part(self, part: str) -> Tensor:
        """(Q,) bool which streams are of a part."""
        device = next(self.parameters()).device
        return torch.tensor([stream.part == part for stream in self.streams], device=device)

    def _look_up(self, part: str, codes: Tensor) -> Tensor:
        return self._quantizer(self.parts[part][0]).look_up(codes[..., self._places[part]])

    def _decode(self, vectors: dict[str, Tensor], mask: Tensor) -> tuple[Tensor, Tensor]:
        values, visibility = [], []
        decoded: dict[str, tuple[Tensor, Tensor]] = {}
        for kind, parts in self._kinds_of().items():
            both = torch.cat([vectors[part] for part in parts])
            pair = self._coder(kind).decode(both, mask.repeat(len(parts), 1))
            chunks = zip(*(x.chunk(len(parts)) for x in pair), strict=True)
            decoded |= dict(zip(parts, chunks, strict=True))
        for part in self.parts:
            found, logits = decoded[part]
            values.append(_mirrored(found) if part == "right_hand" else found)
            visibility.append(logits)
        return torch.cat(values, 2), torch.cat(visibility, 2)


_SPLIT = {part: ("hand" if part.endswith("hand") else part, keypoints) for part, keypoints in SLICES.items()}


def _kinds(settings: TokenizerSettings) -> dict[str, tuple[int, int, int]]:
    """Keypoints, levels and size of what has a coder of its own."""
    if settings.parts == "single":
        return {"all": (NUM_KEYPOINTS, settings.rvq, settings.single_size)}
    return {
        "body": (18, settings.body_rvq or settings.rvq, settings.body_size),
        "hand": (21, settings.hand_rvq or settings.rvq, settings.hand_size),
        "face": (68, settings.face_rvq or settings.rvq, settings.face_size),
    }


def _mirrored(values: Tensor) -> Tensor:
    """Values (..., C) with right and left exchanged."""
    return torch.cat([-values[..., :1], values[..., 1:]], -1)


def _whole_steps(values: Tensor, visible: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """The same with frames added that belong to no clip, up to whole steps."""
    if mask is None:
        mask = torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
    more = -values.shape[1] % STRIDE
    if not more:
        return values, visible, mask
    return F.pad(values, (0, 0, 0, 0, 0, more)), F.pad(visible, (0, 0, 0, more)), F.pad(mask, (0, more))


def _steps(frames: Tensor) -> Tensor:
    """(B * S, 4, ...) of (B, 4S, ...)."""
    return frames.reshape(-1, STRIDE, *frames.shape[2:])


def _any_of_step(mask: Tensor) -> Tensor:
    """(B, S) whether any frame of a step is real."""
    return mask.view(len(mask), -1, STRIDE).any(-1)


def _numpy(tensor: Tensor) -> np.ndarray:
    found: np.ndarray = tensor.cpu().numpy()
    return found
