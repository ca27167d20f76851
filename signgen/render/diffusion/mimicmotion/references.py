"""Several pictures of one signer: which of them a clip is made from, or the mean of all, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
import torch

from signgen.errors import PoseError
from signgen.pose.sequence import PoseSequence
from signgen.render.diffusion.appearance import Still
from signgen.render.diffusion.mimicmotion.image_encoding import Encoded

Joining: TypeAlias = Literal["nearest", "mean"]
LEAST_CONFIDENCE = 0.3
MAX_FRAMES = 256  # of a clip that a picture is compared with


def pose_of(still: Still) -> PoseSequence:
    """The pose of the signer in a picture, which MimicMotion must know: it is what ties its places to the drawing.

    Raises:
        PoseError: nobody knows it.
    """
    if still.pose is None:
        raise PoseError(
            "renderer.appearance: MimicMotion needs the pose of the person in the picture: put poses of that one "
            "picture beside it under its name (portrait.png, portrait.npz), or set renderer.reference_pose"
        )
    return still.pose


def chosen(stills: Sequence[Still], poses: PoseSequence, joining: Joining) -> tuple[tuple[Still, ...], str]:
    """The pictures that are used, and the reason, for the sidecar."""
    if len(stills) == 1:
        return tuple(stills), "the only picture"
    if joining == "mean":
        return tuple(stills), f"the mean of {len(stills)} pictures, as asked"
    far = [distance(pose_of(still), poses) for still in stills]
    best = int(np.argmin(far))
    others = ", ".join(f"{value:.2f}" for place, value in enumerate(far) if place != best)
    reason = f"picture {best + 1} of {len(stills)} is nearest in pose: {far[best]:.2f} shoulder widths, others {others}"
    return (stills[best],), reason


def distance(reference: PoseSequence, poses: PoseSequence) -> float:
    """Mean distance of the points that both show, each signer put to the neck and scaled [shoulder widths]."""
    some = poses[:: -(-len(poses) // MAX_FRAMES)]
    one, many = _placed(reference), _placed(some)
    both = (one[..., 2] > LEAST_CONFIDENCE) & (many[..., 2] > LEAST_CONFIDENCE)
    if not both.any():
        return float("inf")
    return float(np.linalg.norm(many[..., :2] - one[..., :2], axis=-1)[both].mean())


def mean(encoded: Sequence[Encoded]) -> Encoded:
    """The mean of embeddings and of latents."""
    return Encoded(
        torch.stack([one.embedding for one in encoded]).mean(dim=0),
        torch.stack([one.latent for one in encoded]).mean(dim=0),
    )


def _placed(poses: PoseSequence) -> np.ndarray:
    """(T, 128, 3) keypoints about the neck, in shoulder widths."""
    from signgen.pose.geometry import shoulder_frame

    frame = shoulder_frame(poses)
    placed = poses.keypoints.astype(np.float64)
    placed[..., :2] = (placed[..., :2] - (frame.x, frame.y)) / frame.width
    return placed
