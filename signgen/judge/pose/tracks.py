"""`Tracks`: what the measures compare, keypoints in shoulder widths from the neck, and which of them are seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signgen.errors import PoseError
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.motion import resample
from signgen.pose.sequence import PoseSequence


@dataclass(frozen=True, eq=False)
class Tracks:
    """The way of some keypoints.

    Attributes:
        points: (T, K, D) float32 [shoulder widths], D = 2 or 3; 0 where missing.
        seen: (T, K) bool.
        fps: frames per second.
    """

    points: np.ndarray
    seen: np.ndarray
    fps: float

    def __len__(self) -> int:
        return len(self.points)


def tracks_of(poses: PoseSequence, *, dims: int = 2, min_confidence: float = 0.0) -> Tracks:
    """All 128 keypoints, centred on the clip's median neck and scaled by its median shoulder width.

    Args:
        poses: a signer.
        dims: 3 to take the depth as well.
        min_confidence: a keypoint is seen if its confidence is greater.

    Raises:
        PoseError: no frames, shoulders never seen, or ``dims=3`` without depth.
    """
    if not len(poses):
        raise PoseError("no frames; leave out what was not generated, and say so")
    if dims == 3 and poses.depth is None:
        raise PoseError("no depth; compare in the plane (dims=2), or lift the poses first")
    frame = shoulder_frame(poses)
    seen = poses.confidence > min_confidence
    points = np.empty((len(poses), NUM_KEYPOINTS, dims))
    points[..., :2] = poses.xy - np.array([frame.x, frame.y])
    if dims == 3:
        points[..., 2] = poses.depth
    points /= frame.width
    points[~seen] = 0
    return Tracks(points.astype(np.float32), seen, poses.fps)


def at_one_rate(
    hypothesis: PoseSequence, reference: PoseSequence, fps: float | None
) -> tuple[PoseSequence, PoseSequence]:
    """Both resampled to ``fps``, or as they are if they have one rate.

    Raises:
        PoseError: ``fps`` is None and the rates differ, or ``fps`` is no rate.
    """
    if fps is not None:
        return resample(hypothesis, fps), resample(reference, fps)
    if hypothesis.fps != reference.fps:
        raise PoseError(
            f"the hypothesis has {hypothesis.fps:g} fps and the reference {reference.fps:g}; "
            "give the rate that both are to be compared at"
        )
    return hypothesis, reference
