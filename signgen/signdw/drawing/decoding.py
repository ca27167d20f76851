"""Codes as poses: decoded, and rid of what lies above the rates of signing, which is the steps of the codes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from signgen.pose.layout import BODY
from signgen.pose.motion import BODY_HZ, filtered
from signgen.pose.sequence import PoseSequence
from signgen.signdw.flow.refiner import Refined
from signgen.signdw.motion.parts import FPS, Parts, centred, to_poses
from signgen.signdw.motion.tokenizer import MotionTokenizer

# Lower than for stitched signs: codes of neighbouring steps differ by a little that no finger meant, and at 9 Hz
# fingertips go a seventh farther than those of the corpus.
HAND_HZ = 4.5


def poses_of_codes(
    motion: MotionTokenizer, codes: Tensor, width: int = 512, height: int = 512, *, is_smooth: bool = True
) -> PoseSequence:
    """Poses of a signer who fills a canvas in the usual way, at 24 frames a second.

    Args:
        motion: that made the codes.
        codes: (S, Q).
        width: of the canvas [px].
        height: of the canvas [px].
        is_smooth: low-pass body and hands, each from its own root, at the rates that stitched signs have.
    """
    values, visible = values_of_codes(motion, codes, is_smooth=is_smooth)
    parts = Parts(values, visible, centred(width, height), FPS)
    return to_poses(parts, width, height, is_complete=True)


@torch.no_grad()
def values_of_codes(
    motion: MotionTokenizer, codes: Tensor, *, is_smooth: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """(4S, 128, C) values of codes (S, Q) and (4S, 128) which keypoints are there; see `poses_of_codes`."""
    device = next(motion.parameters()).device
    decoded, visibility = motion.decode(codes.to(device)[None])
    values = decoded[0].cpu().numpy()
    return smoothed(values) if is_smooth else values, (visibility[0] > 0).cpu().numpy()


def poses_of_values(refined: Refined, width: int = 512, height: int = 512) -> PoseSequence:
    """Poses of what a head gives, as they are, of a signer who fills a canvas in the usual way."""
    values, visible = refined.values.float().cpu().numpy(), refined.visible.cpu().numpy()
    return to_poses(Parts(values, visible, centred(width, height), FPS), width, height, is_complete=True)


def smoothed(values: np.ndarray) -> np.ndarray:
    """(T, 128, C) values of `Parts`, all of which hold, without what is faster than signing."""
    values = values.astype(np.float64)
    known = np.ones(values.shape[:2])
    hands = slice(BODY.stop, None)
    found = np.concatenate(
        [
            filtered(values[:, BODY], known[:, BODY], FPS, BODY_HZ),
            filtered(values[:, hands], known[:, hands], FPS, HAND_HZ),
        ],
        axis=1,
    )
    return found.astype(np.float32)
