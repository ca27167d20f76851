"""`Look`: who signs and how the camera sees it: another body, another view, the faults of a recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le

from signgen.config import setting
from signgen.errors import PoseError
from signgen.pose.bodies import draw_body, with_body
from signgen.pose.geometry import affine, shoulder_frame
from signgen.pose.recording import record
from signgen.pose.sequence import PoseSequence
from signgen.pose.views import MAX_ANGLE, rotate

# sd of the log of a body's bone lengths: as in corpora of the preset `real`.
BODY_SPREAD = 0.06
# Streams of numbers of their own, so that bodies are not those of a corpus of the same seed.
_BODIES, _RECORDING = 102, 103
Angle = Annotated[float, Ge(-MAX_ANGLE), Le(MAX_ANGLE)]
Shift = Annotated[float, Ge(-0.5), Le(0.5)]


@dataclass(frozen=True)
class Look:
    """What other bodies, cameras and recordings make of the same poses; the section ``look`` of a job."""

    signer: Annotated[int, Ge(0), Le(2**32 - 1)] | None = setting(
        None, "seed of a made-up body with bone lengths of its own; default: the source's own"
    )
    yaw: Angle = setting(0.0, "camera to the right of the picture, for poses with depth [degrees]")
    pitch: Angle = setting(0.0, "camera upwards, for poses with depth [degrees]")
    zoom: Annotated[float, Gt(0), Le(10)] = setting(1.0, "size of the signer in the picture, about the neck")
    shift_right: Shift = setting(0.0, "way of the signer to the right, by short side of the canvas")
    shift_down: Shift = setting(0.0, "way of the signer down, by short side of the canvas")
    noise: Annotated[float, Ge(0), Le(0.2)] = setting(0.0, "sd of keypoints [shoulder widths]")
    dropouts: Annotated[float, Ge(0), Le(10)] = setting(0.0, "times a second that each hand is lost")
    dropout_frames: Annotated[int, Ge(1), Le(100)] = setting(3, "mean length of such a loss in frames")
    missing: Annotated[float, Ge(0), Le(0.5)] = setting(0.0, "share of single keypoints that are missing")

    def __call__(self, poses: PoseSequence, *, seed: int = 0) -> PoseSequence:
        """The poses with this look; the seed decides noise and losses alone.

        Raises:
            PoseError: another view of poses without depth, or no frame that shows both shoulders.
        """
        if not len(poses):
            return poses
        if self.signer is not None:
            body = draw_body(BODY_SPREAD, np.random.default_rng([self.signer, _BODIES]))
            poses = with_body(poses, body)
        if self.yaw or self.pitch:
            if poses.depth is None:
                raise PoseError(
                    "look: poses without depth have no other view; leave yaw and pitch at 0, or sign with ase"
                )
            poses = rotate(poses, self.yaw, self.pitch)
        if (self.zoom, self.shift_right, self.shift_down) != (1, 0, 0):
            poses = affine(poses, self._placing(poses))
        rng = np.random.default_rng([seed, _RECORDING])
        return record(
            poses, rng, noise=self.noise, dropouts=self.dropouts, dropout_frames=self.dropout_frames,
            missing=self.missing,
        )  # fmt: skip

    def _placing(self, poses: PoseSequence) -> np.ndarray:
        """(2, 3) what zoom and shift do to coordinates."""
        middle, short = shoulder_frame(poses), min(poses.width, poses.height)
        x = (1 - self.zoom) * middle.x + self.shift_right * short
        y = (1 - self.zoom) * middle.y + self.shift_down * short
        return np.array([[self.zoom, 0, x], [0, self.zoom, y]])
