"""How well a motion tokenizer shows motion again, how much of its codes it uses, and what plain means would do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from signgen.pose.layout import FACE, LEFT_HAND, RIGHT_HAND
from signgen.pose.layout import PARTS as SLICES
from signgen.signdw.motion.parts import Parts, places_of
from signgen.signdw.motion.tokenizer import STEP_RATE, STRIDE, MotionTokenizer, Stream
from signgen.signdw.motion.windows import stacked

# A keypoint of a hand is right if it is within this share of the palm (wrist to knuckle of the middle finger).
NEAR = 0.1
BATCH = 32
_MIDDLE_KNUCKLE = 9
# (decoded values (T, 128, C), visible (T, 128)) of a clip.
Decoded = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Reconstruction:
    """How near motion is that was shown again; over keypoints that are there, all clips together.

    Attributes:
        body: mean distance of upper-body keypoints [shoulder widths].
        left_hand: of the left hand, where it is.
        right_hand: of the right hand, where it is.
        face: of the face, where it is.
        hand_pck: share of hand keypoints within 0.1 palm, where they are.
        shape_pck: the same from the wrist: the hand's shape and turn without its place.
        motion: length of all ways over that of the truth, hands from their wrist; 1 is right.
        visibility: share of keypoints whose presence is told rightly.
    """

    body: float
    left_hand: float
    right_hand: float
    face: float
    hand_pck: float
    shape_pck: float
    motion: float
    visibility: float


@dataclass(frozen=True)
class CodeUse:
    """How a stream uses its codes.

    Attributes:
        part: of the signer.
        level: residual level, from 0.
        size: how many codes there are.
        share: of them that occur.
        perplexity: of their frequencies; ``size`` if all are as frequent.
    """

    part: str
    level: int
    size: int
    share: float
    perplexity: float


@dataclass(frozen=True)
class TokenizerReport:
    """A tokenizer on clips.

    Attributes:
        clips: how many.
        frames: in them.
        bits: a second, of all streams together.
        found: what became of the motion.
        use: of each stream.
    """

    clips: int
    frames: int
    bits: float
    found: Reconstruction
    use: tuple[CodeUse, ...]

    @property
    def code_use(self) -> float:
        """Share of all codes that occur; where hands share codes, those of either."""
        return sum(use.share * use.size for use in self.use) / sum(use.size for use in self.use)

    def line(self) -> str:
        """The figures that say most."""
        found = self.found
        return (
            f"hand PCK {found.hand_pck:.3f} (shape {found.shape_pck:.3f})  body {found.body:.4f}  "
            f"face {found.face:.4f}  motion {found.motion:.2f}  codes {self.code_use:.0%}"
        )


def tokenizer_report(
    model: MotionTokenizer, clips: Sequence[Parts], truths: Sequence[Parts] | None = None
) -> TokenizerReport:
    """How a tokenizer does on clips; leaves it in evaluation mode.

    Args:
        model: the tokenizer.
        clips: what it encodes.
        truths: what it is to show, where that is known without the noise of the clips; None: the clips.
    """
    model.eval()
    decoded, codes = _through(model, clips)
    bits = STEP_RATE * sum(math.log2(stream.size) for stream in model.streams)
    use = code_use(model.streams, codes)
    return TokenizerReport(
        len(clips), sum(map(len, clips)), bits, reconstruction(truths or clips, decoded), use
    )


def reconstruction(clips: Sequence[Parts], decoded: Sequence[Decoded]) -> Reconstruction:
    """Figures of decoded values and visibilities against the clips that they are to show."""
    rows = [_figures(clip, *found) for clip, found in zip(clips, decoded, strict=True)]
    sums = {name: np.sum([row[name] for row in rows], axis=0) for name in rows[0]}
    return Reconstruction(**{name: float(a / b) if b else 0.0 for name, (a, b) in sums.items()})


def code_use(streams: Sequence[Stream], codes: np.ndarray) -> tuple[CodeUse, ...]:
    """Use of codes (N, Q); both hands draw from the same ones, so they are counted together."""
    found: dict[tuple[str, int], tuple[int, list[np.ndarray]]] = {}
    for q, stream in enumerate(streams):
        part = "hand" if stream.part.endswith("hand") else stream.part
        found.setdefault((part, stream.level), (stream.size, []))[1].append(codes[:, q])
    out = []
    for (part, level), (size, columns) in found.items():
        shares = np.bincount(np.concatenate(columns), minlength=size) / max(1, sum(map(len, columns)))
        entropy = -sum(share * math.log(share) for share in shares[shares > 0].tolist())
        out.append(CodeUse(part, level, size, float((shares > 0).mean()), math.exp(entropy)))
    return tuple(out)


@torch.no_grad()
def _through(model: MotionTokenizer, clips: Sequence[Parts]) -> tuple[list[Decoded], np.ndarray]:
    """Clips encoded and decoded, and all codes (N, Q)."""
    device = next(model.parameters()).device
    decoded: list[Decoded] = []
    codes: list[np.ndarray] = []
    for start in range(0, len(clips), BATCH):
        batch = clips[start : start + BATCH]
        windows = stacked(batch).to(device)
        found = model.encode(windows.values, windows.visible, windows.mask)
        steps = [math.ceil(len(clip) / STRIDE) for clip in batch]
        mask = torch.arange(found.shape[1], device=device) < torch.tensor(steps, device=device)[:, None]
        values, visibility = model.decode(found, mask)
        for i, clip in enumerate(batch):
            kept = slice(0, len(clip))
            decoded.append((values[i, kept].cpu().numpy(), visibility[i, kept].cpu().numpy() > 0))
            codes.append(found[i, : steps[i]].cpu().numpy())
    return decoded, np.concatenate(codes)


def _figures(clip: Parts, values: np.ndarray, visible: np.ndarray) -> dict[str, tuple[float, float]]:
    """Sum and count of each figure of a clip."""
    seen = clip.visible
    truth = places_of(clip.values, seen)
    found = places_of(values, np.ones_like(seen))
    away = np.linalg.norm(found - truth, axis=-1)
    in_part = np.linalg.norm(values - clip.values, axis=-1)
    figures = {
        name: (float(away[:, part][seen[:, part]].sum()), float(seen[:, part].sum()))
        for name, part in (SLICES | {"body": _UPPER_BODY}).items()
    }
    for name, distance in (("hand_pck", away), ("shape_pck", in_part)):
        near = [_near(distance, truth, seen, hand) for hand in (LEFT_HAND, RIGHT_HAND)]
        figures[name] = near[0][0] + near[1][0], near[0][1] + near[1][1]
    both = seen[1:] & seen[:-1]
    figures["motion"] = _way(values, both), _way(clip.values, both)
    figures["visibility"] = float((visible == seen).sum()), float(seen.size)
    return figures


_UPPER_BODY = np.array([*range(9), 11, *range(14, 18)])


def _near(distance: np.ndarray, truth: np.ndarray, seen: np.ndarray, hand: slice) -> tuple[float, float]:
    """How many keypoints of a hand are near, and how many there are; without a palm none are counted."""
    knuckle = hand.start + _MIDDLE_KNUCKLE
    known = seen[:, hand.start] & seen[:, knuckle]
    if not known.any():
        return 0.0, 0.0
    palm = np.median(np.linalg.norm(truth[known, knuckle] - truth[known, hand.start], axis=-1))
    there = seen[:, hand]
    return float((distance[:, hand][there] <= NEAR * palm).sum()), float(there.sum())


def _way(values: np.ndarray, both: np.ndarray) -> float:
    """Length of the ways of all keypoints but the face's and the legs', each from its root."""
    steps = np.linalg.norm(np.diff(values, axis=0), axis=-1) * both
    return float(steps[:, _UPPER_BODY].sum() + steps[:, LEFT_HAND.start : FACE.start].sum())


def summary(report: TokenizerReport) -> dict[str, float]:
    """Figures by name, for a table."""
    return {"bits": report.bits, "code_use": report.code_use, **asdict(report.found)}
