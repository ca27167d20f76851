"""The refiner on a span between frames that stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from signgen.signdw.flow.head import FlowHead
from signgen.signdw.flow.refiner import Known
from signgen.signdw.flow_settings import RefineSettings
from signgen.signdw.motion.coder import STRIDE
from signgen.signdw.motion.parts import Parts
from signgen.signdw.motion.tokenizer import MotionTokenizer
from signgen.signdw.network.plan import Plan


def refined_between(
    head: FlowHead,
    tokenizer: MotionTokenizer,
    codes: Tensor,
    plan: Plan,
    parts: Parts,
    known: Sequence[slice],
    draws: RefineSettings,
    seed: int,
) -> np.ndarray:
    """(4S, 128, C) values of steps whose frames are known before and after a span.

    Args:
        head: that refines.
        tokenizer: of the codes, in evaluation mode.
        codes: (S, Q) of all steps.
        plan: of them.
        parts: where the known frames are from.
        known: its frames before the span and those after it: the first and the last of the steps.
        draws: how.
        seed: of what is drawn.
    """
    before, after = known
    frames = len(codes) * STRIDE
    values, visible = (_with_gap(each[before], each[after], frames) for each in (parts.values, parts.visible))
    at = _with_gap(np.ones(_length(before), bool), np.ones(_length(after), bool), frames)
    device = head.refiner.weights.device
    given = Known(*(torch.from_numpy(each).to(device)[None] for each in (values, visible, at)))
    found = head.refine(tokenizer, [codes], [plan], [seed], draws, given)[0]
    result: np.ndarray = found.values.float().cpu().numpy()
    return result


def _with_gap(before: np.ndarray, after: np.ndarray, frames: int) -> np.ndarray:
    gap = np.zeros((frames - len(before) - len(after), *before.shape[1:]), before.dtype)
    return np.concatenate([before, gap, after])


def _length(span: slice) -> int:
    return int(span.stop - span.start)
