"""Sign a text sign by sign: poses as soon as nothing that is drawn later can change them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from signgen.pose.sequence import PoseSequence
from signgen.signdw.checkpoint.folder import Checkpoint, check_codes, memory_errors
from signgen.signdw.checkpoint.library import with_own_signs
from signgen.signdw.drawing.decoding import poses_of_codes, poses_of_values
from signgen.signdw.drawing.generate import plans_of, stream
from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow.stream import refined_piecewise
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.network.plan import Plan
from signgen.signdw.settings import DrawSettings
from signgen.signdw.signing.drafts import Drafter, with_drafts
from signgen.signdw.signing.performing import check_draws
from signgen.signdw.signing.texts import joining, sentence_seeds, sentences

# Steps on either side that a step's poses depend on: seven through the decoder's convolutions, and five in which the
# low-pass forgets all but a millionth of what it saw.
MARGIN = 12


def stream_text(
    checkpoint: Checkpoint,
    text: str,
    draws: DrawSettings,
    seed: int = 0,
    language: str | None = None,
    size: tuple[int, int] = (512, 512),
    is_smooth: bool = True,
    drafter: Drafter | None = None,
) -> Iterator[PoseSequence]:
    """Poses piece by piece; joined they are those of `sign_texts` but for rounding (refined ones: nearly).

    A piece comes when two seconds beyond it are drawn, or the sentence has ended.

    Args:
        checkpoint: that signs.
        text: of one sentence or several.
        draws: how codes are drawn; the mode must be causal.
        seed: decides everything.
        language: signed language; None: whatever the network knows.
        size: width and height of the canvas [px].
        is_smooth: see `poses_of_codes`.
        drafter: gives glosses, times and isolated signs of each sentence; None: the network plans.

    Raises:
        DataError: a text that is empty, too long or of no known word.
        ConfigError: a mode that is not causal, a language that the network has no tag for, or as `perform`.
        ResourceError: there is not enough memory.
    """
    check_codes(checkpoint)
    check_draws(checkpoint, draws)
    parts = sentences(text)
    # A text that cannot be read is refused before any of it is signed.
    conditions = [checkpoint.encoding.condition([part], [language]) for part in parts]
    last: np.ndarray | None = None
    for part, condition, number in zip(parts, conditions, sentence_seeds(seed, len(parts)), strict=True):
        plans: Sequence[Plan] | None = None
        if drafter is not None:
            condition, plans = with_drafts(checkpoint, condition, [drafter(part)])
        with memory_errors("stream"):
            condition, plans = with_own_signs(checkpoint, condition, draws, (number,), plans)
            plan = None if plans is None else plans[0]
            plan = plan or plans_of(checkpoint.model, condition, draws, (number,))[0]
            codes = (drawn.codes for drawn in stream(checkpoint.model, condition, draws, number, plan))
            pieces = (
                poses_piecewise(checkpoint, codes, size, is_smooth)
                if checkpoint.head is None
                else _refined(checkpoint, checkpoint.head, codes, plan, number, draws, size)
            )
            for place, piece in enumerate(pieces):
                if last is not None and not place:
                    yield piece.replace(keypoints=joining(last, piece.keypoints[0]))
                yield piece
                last = piece.keypoints[-1]


def poses_piecewise(
    checkpoint: Checkpoint, codes: Iterator[Tensor], size: tuple[int, int], is_smooth: bool = True
) -> Iterator[PoseSequence]:
    """Poses of the codes of one sentence that come piece by piece.

    Args:
        checkpoint: whose codes they are.
        codes: (S, Q) at a time.
        size: width and height of the canvas [px].
        is_smooth: see `poses_of_codes`.
    """
    known: list[Tensor] = []
    shown = 0
    for piece in codes:
        known += list(piece)
        if len(known) - MARGIN > shown:
            yield _span(checkpoint, known, shown, len(known) - MARGIN, size, is_smooth)
            shown = len(known) - MARGIN
    if shown < len(known):
        yield _span(checkpoint, known, shown, len(known), size, is_smooth)


def _refined(
    checkpoint: Checkpoint,
    head: FlowHead,
    codes: Iterator[Tensor],
    plan: Plan,
    seed: int,
    draws: DrawSettings,
    size: tuple[int, int],
) -> Iterator[PoseSequence]:
    """Poses of the codes of one sentence that come piece by piece, refined."""
    found = refined_piecewise(head, checkpoint.motion, codes, plan, seed, draws.refine)
    return (poses_of_values(piece, *size) for piece in found)


def _span(
    checkpoint: Checkpoint, known: list[Tensor], start: int, stop: int, size: tuple[int, int], is_smooth: bool
) -> PoseSequence:
    """The poses of some steps, decoded with what lies around them."""
    first = max(0, start - MARGIN)
    around = torch.stack(known[first : stop + MARGIN])
    poses = poses_of_codes(checkpoint.motion, around, *size, is_smooth=is_smooth)
    frames = slice((start - first) * STRIDE, (stop - first) * STRIDE)
    return poses.replace(keypoints=poses.keypoints[frames], depth=None)
