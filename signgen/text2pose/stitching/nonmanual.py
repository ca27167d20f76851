"""Grammar on the face and head: brows for questions, a head shake for negation, a blink at a boundary.

The marks follow the descriptions common to ASL, BSL and DGS grammars: raised brows with a slight forward tilt
for yes/no questions, furrowed brows for wh-questions, a side-to-side head shake with negation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from signgen.pose.layout import FACE, LEFT_EAR, LEFT_EYE, NOSE, RIGHT_EAR, RIGHT_EYE
from signgen.text2pose.stitching.clip import Clip

# Offsets in face heights (nose bridge to chin).
BROW_RAISE = 0.10
BROW_FURROW = 0.06
TILT = 0.05
SHAKE = 0.16
SHAKE_HZ = 2.0
RAMP_SECONDS = 0.15
BLINK_SECONDS = 0.2

_BROWS = np.arange(FACE.start + 17, FACE.start + 27)
_INNER_BROWS = FACE.start + np.array([20, 21, 22, 23])
_HEAD = np.array([NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR, *range(FACE.start, FACE.stop)])
# (upper, lower) eyelid keypoints that meet in a blink.
_LIDS = FACE.start + np.array([[37, 41], [38, 40], [43, 47], [44, 46]])


def apply_marks(clip: Clip, marks: Mapping[str, Sequence[tuple[int, int]]]) -> Clip:
    """A clip with non-manual marks laid over spans of frames.

    Args:
        clip: the sentence.
        marks: spans [start, end) by mark: ``yes_no_question``, ``wh_question``, ``negation``, ``blink``.
    """
    if not any(marks.values()) or not (clip.confidence[:, FACE] > 0).any():
        return clip
    points = clip.points.copy()
    height = _face_height(clip)
    strength = {mark: _envelope(len(clip), spans, clip.fps) for mark, spans in marks.items()}
    raised = strength.get("yes_no_question", np.zeros(len(clip)))
    furrowed = strength.get("wh_question", np.zeros(len(clip)))
    points[:, _BROWS, 1] += height * (BROW_FURROW * furrowed - BROW_RAISE * raised)[:, None]
    centre = points[:, FACE.start + 27, 0]
    inner = points[:, _INNER_BROWS, 0]
    points[:, _INNER_BROWS, 0] += 0.25 * furrowed[:, None] * (centre[:, None] - inner)
    points[:, _HEAD, 1] += height * TILT * raised[:, None]
    if "negation" in strength:
        points[:, _HEAD, 0] += (
            height * SHAKE * _shake(strength["negation"], clip.fps)[:, None] * _nearness(clip)
        )
    for start, end in marks.get("blink", ()):
        _blink(points, start, end, clip.fps)
    points[clip.confidence == 0] = 0
    return replace(clip, points=points)


def _face_height(clip: Clip) -> float:
    seen = (clip.confidence[:, FACE.start + 27] > 0) & (clip.confidence[:, FACE.start + 8] > 0)
    if not seen.any():
        return 0.5
    return float(
        np.median(np.abs(clip.points[seen, FACE.start + 8, 1] - clip.points[seen, FACE.start + 27, 1]))
    )


def _envelope(count: int, spans: Sequence[tuple[int, int]], fps: float) -> np.ndarray:
    """(T,) 1 inside the spans with smooth ramps around them."""
    box = np.zeros(count)
    for start, end in spans:
        box[start:end] = 1
    width = max(1, round(RAMP_SECONDS * fps)) * 2 + 1
    kernel = np.hanning(width + 2)[1:-1]
    padded = np.pad(box, width // 2, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _shake(strength: np.ndarray, fps: float) -> np.ndarray:
    phase = 2 * np.pi * SHAKE_HZ * np.cumsum(strength > 0.01) / fps
    return np.asarray(strength * np.sin(phase))


def _nearness(clip: Clip) -> np.ndarray:
    """(T, k) how far each head keypoint swings: most at the nose, least at the ears, as a turning head shows it."""
    nose = clip.points[:, NOSE, None, 0]
    aside = np.abs(clip.points[:, _HEAD, 0] - nose)
    half = np.maximum(aside.max(axis=1, keepdims=True), 1e-6)
    return np.asarray(np.sqrt(np.maximum(1 - (0.9 * aside / half) ** 2, 0)))


def _blink(points: np.ndarray, start: int, end: int, fps: float) -> None:
    middle = (start + end) // 2
    half = max(1, round(BLINK_SECONDS * fps / 2))
    for t in range(max(0, middle - half), min(len(points), middle + half + 1)):
        shut = np.cos(np.pi / 2 * (t - middle) / (half + 1)) ** 2
        upper, lower = points[t, _LIDS[:, 0], 1], points[t, _LIDS[:, 1], 1]
        points[t, _LIDS[:, 0], 1] = upper + shut * (lower - upper)
