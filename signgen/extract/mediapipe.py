"""MediaPipe Holistic: one person a frame, with hands, face and depth, offline and without a GPU."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from annotated_types import Gt, Lt

from signgen.config import setting
from signgen.errors import DependencyError
from signgen.extract.base import Detections, Frame, extractors

# Its body, face, left and right hand, in the order of `signgen.pose.convert.holistic.FULL`.
_PARTS = (
    ("pose_landmarks", 33),
    ("face_landmarks", 468),
    ("left_hand_landmarks", 21),
    ("right_hand_landmarks", 21),
)
_COUNT = sum(count for _, count in _PARTS)
# The other complexities need files that the package lacks and would download.
_COMPLEXITY = 1
Share = Annotated[float, Gt(0), Lt(1)]


@extractors.register("mediapipe")
@dataclass(frozen=True)
class MediaPipe:
    """MediaPipe Holistic (extra [mediapipe]): one person, with depth, offline, about 8 frames/s on one core."""

    detection: Share = setting(0.5, "least confidence for a person to be found")
    tracking: Share = setting(0.5, "least confidence for a person to be followed from the frame before")
    smooth: bool = setting(True, "let MediaPipe smooth the body over time")
    refine_face: bool = setting(False, "finer lips and eyelids, a fifth slower")

    def __call__(self, frames: Iterable[Frame], *, fps: float) -> Iterator[Detections]:
        """See `signgen.extract.base.Extractor`.

        Raises:
            DependencyError: mediapipe is not installed.
        """
        from signgen.pose.convert.holistic import FULL, mapping_of
        from signgen.pose.convert.mediapipe_kernels import gather

        mapping = mapping_of(FULL)
        columns = np.array([0, 1, 3])
        with ExitStack() as silence:
            silence.enter_context(_unsaid())
            with _holistic(self) as holistic:
                for frame in frames:
                    points = _points(holistic.process(frame), frame)
                    silence.close()
                    keypoints, z = gather(points, points[..., 2], columns, *mapping.groups)
                    is_someone = bool(keypoints[..., 2].any())
                    yield Detections(keypoints[:is_someone], z[:is_someone])


@contextmanager
def _holistic(settings: MediaPipe) -> Iterator[Any]:
    try:
        from mediapipe.python.solutions.holistic import Holistic
    except ImportError as error:
        raise DependencyError(
            f'the extractor mediapipe needs its package ({error}); run: pip install "signgen[mediapipe]"'
        ) from None
    with Holistic(
        model_complexity=_COMPLEXITY,
        smooth_landmarks=settings.smooth,
        refine_face_landmarks=settings.refine_face,
        min_detection_confidence=settings.detection,
        min_tracking_confidence=settings.tracking,
    ) as holistic:
        yield holistic


@contextmanager
def _unsaid() -> Iterator[None]:
    """Until the first frame is through: MediaPipe's C++ parts write about their own setup, and no level stops them."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _points(results: Any, frame: Frame) -> np.ndarray:
    """(1, 543, 4) float32 x, y [px], confidence and z [frame widths]; zero where a part is not found.

    Only points of the body have a confidence of their own (visibility); those of a found hand or face have 1.
    """
    height, width = frame.shape[:2]
    points = np.zeros((1, _COUNT, 4), np.float32)
    start = 0
    for name, count in _PARTS:
        found = getattr(results, name)
        if found is not None:
            has_visibility = name == "pose_landmarks"
            points[0, start : start + count] = [
                (p.x * width, p.y * height, p.visibility if has_visibility else 1.0, p.z)
                for p in found.landmark[:count]
            ]
        start += count
    return points
