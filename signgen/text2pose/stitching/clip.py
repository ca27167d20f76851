"""`Clip`: a recording at the working rate, neck at the origin, shoulder width 1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from signgen.pose.arms import SIDES
from signgen.pose.bones import FINGER_BONES, IS_RIGID, ORDER
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import PARENTS
from signgen.pose.motion import MAX_GAP, resample_positions, split
from signgen.pose.sequence import PoseSequence

# No palm is longer than this [shoulder widths]; typical is 0.28.
LONGEST_PALM = 0.7
# Bones that keep their length in space to this share of it are real: those of a body model or of motion capture.
# Depth that a network guessed is nowhere near (the recorded alphabets vary by 58 % and more).
TRUE_LENGTH = 0.03
WRISTS = np.array([wrist for wrist, _, _ in SIDES])
HANDS = np.array([first for _, _, first in SIDES])
_MEASURED = np.array([*(k for wrist, elbow, _ in SIDES for k in (elbow, wrist)), *FINGER_BONES])


@dataclass(frozen=True, eq=False)
class Clip:
    """A recording ready for stitching.

    Attributes:
        points: (T, 128, 2 or 3) float64 in shoulder widths from the neck; missing keypoints are 0.
        confidence: (T, 128) float64.
        source: (T,) float64, the recording's own frame number of each frame.
        fps: working rate.
        is_cut: the lexicon says where the sign begins and ends, and the clip is just that.
        is_spatial: its depth is real: bones keep their length in space.
    """

    points: np.ndarray
    confidence: np.ndarray
    source: np.ndarray
    fps: float
    is_cut: bool = False
    is_spatial: bool = False

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, frames: slice) -> Clip:
        """The frames of a slice, as views."""
        return Clip(
            self.points[frames],
            self.confidence[frames],
            self.source[frames],
            self.fps,
            is_spatial=self.is_spatial,
        )

    def take(self, positions: np.ndarray) -> Clip:
        """The frames at fractional positions."""
        from signgen.pose.motion_kernels import sample, values_at

        points, confidence = sample(self.points, self.confidence, positions)
        source = values_at(self.source, positions)
        return Clip(points, confidence, source, self.fps, is_spatial=self.is_spatial)

    @cached_property
    def figures(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Wrist speeds (2, T), join features (T, 2, 47) and derivatives (3, T): see `kernels.motion_figures`."""
        from signgen.text2pose.stitching.kernels import motion_figures

        return motion_figures(self.points, self.confidence, self.fps, WRISTS, HANDS)

    @property
    def side_speeds(self) -> np.ndarray:
        """(2, T) speeds of the left and right wrist [shoulder widths per second], 0 where unknown."""
        return self.figures[0]

    @cached_property
    def wrist_speed(self) -> np.ndarray:
        """(T,) speed of the faster wrist [shoulder widths per second]."""
        speed: np.ndarray = np.maximum(self.side_speeds[0], self.side_speeds[1])
        return speed

    @cached_property
    def active_span(self) -> tuple[int, int]:
        """First frame of the sign and one past its last; see `crop.active_span`."""
        from signgen.text2pose.stitching.crop import active_span

        return (0, len(self)) if self.is_cut else active_span(self)

    @cached_property
    def travel(self) -> np.ndarray:
        """(T,) way of the faster wrist up to each frame [shoulder widths]."""
        return np.cumsum(self.wrist_speed) / self.fps

    @property
    def features(self) -> np.ndarray:
        """(T, 2, 47) per hand: presence, wrist, its velocity, the hand round its wrist."""
        return self.figures[1]

    @property
    def derivatives(self) -> np.ndarray:
        """(3, T) wrist speed, acceleration and jerk, of the larger wrist; NaN where unknown."""
        return self.figures[2]


def make_clip(poses: PoseSequence, fps: float, *, is_cut: bool = False) -> Clip:
    """A recording resampled to ``fps``, short dropouts filled, moved and scaled to its shoulder frame.

    Raises:
        PoseError: the shoulders are never seen.
    """
    from signgen.pose.motion_kernels import fill, sample
    from signgen.text2pose.stitching.kernels import centre_and_scale, drop_giant_hands, keeps_lengths

    frame = shoulder_frame(poses)
    points, confidence = split(poses)
    is_spatial = bool(keeps_lengths(points, confidence, _MEASURED, PARENTS, TRUE_LENGTH))
    positions = resample_positions(len(poses), poses.fps, fps)
    points, confidence = sample(points, confidence, positions)
    drop_giant_hands(points, confidence, HANDS, LONGEST_PALM * frame.width)
    fill(points, confidence, MAX_GAP, PARENTS, ORDER, IS_RIGID)
    centre_and_scale(points, confidence, frame.x, frame.y, frame.width)
    return Clip(points, confidence, positions, fps, is_cut, is_spatial)
