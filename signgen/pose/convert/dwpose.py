"""DWPose as its detectors hand it out: normalised coordinates, -1 for missing, scores with traps.

Two shapes of the same data: `controlnet_aux`'s ``bodies`` / ``hands`` / ``faces`` arrays over all people of
a frame, and one dict per person (``body_keypoints``, ``body_scores``, ...), as tools that save it write it.
The traps: body "scores" may be row numbers into the candidates (-1 = missing) instead of confidences, and
SimCC scores exceed 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from signgen.errors import PoseError
from signgen.pose.convert.report import ConversionReport
from signgen.pose.layout import BODY, FACE, LEFT_HAND, NAMES, NUM_KEYPOINTS, PARTS, RIGHT_HAND
from signgen.pose.sequence import cleaned

REPORT = ConversionReport("dwpose", mapped=NAMES)
INDEX_NOTE = "body scores are row numbers, not confidences: a keypoint found has confidence 1"


def to_dwpose(people: list[Mapping[str, Any] | None], width: int, height: int) -> np.ndarray:
    """(T, 128, 3) keypoints of one person from its dict in each frame; None where the person is absent.

    Args:
        people: per frame ``body_keypoints`` (18, 2) in [0, 1] and ``body_scores`` (18,), and likewise
            ``left_hand``, ``right_hand`` and ``face``; a leading axis of 1 is allowed. A part that is absent
            or empty is missing; without scores what is not negative counts as found.
        width: canvas width [px] that x = 1 stands for.
        height: canvas height [px] that y = 1 stands for.

    Raises:
        PoseError: a part of the wrong shape.
    """
    out = np.zeros((len(people), NUM_KEYPOINTS, 3), np.float32)
    for frame, person in zip(out, people, strict=True):
        if person is not None:
            for name, part in PARTS.items():
                frame[part] = _part(person, name, part.stop - part.start)
    out[..., 2][:, BODY] = confidences(out[..., 2][:, BODY])
    return _in_pixels(out, width, height)


def from_dwpose(keypoints: np.ndarray, width: int, height: int) -> list[dict[str, np.ndarray]]:
    """One dict per frame, as `to_dwpose` reads it; missing keypoints are -1 with score 0."""
    scaled = _normalised(keypoints, width, height)
    return [
        {
            key: array
            for name, part in PARTS.items()
            for key, array in ((f"{name}_keypoints", frame[part, :2]), (f"{name}_scores", frame[part, 2]))
        }
        for frame in scaled
    ]


def from_controlnet(pose: Mapping[str, Any], width: int, height: int) -> np.ndarray:
    """(P, 128, 3) keypoints of the P people of one frame of `controlnet_aux`'s DWPose output.

    Args:
        pose: ``bodies`` (``candidate`` (18 P, 2), ``subset`` (P, 18) of row numbers or -1, or confidences
            where a tool has put them there), ``hands`` (2 P, 21, 2; all left hands first), ``faces``
            (P, 68, 2), and optionally ``hands_score`` (2 P, 21) and ``faces_score`` (P, 68).
        width: canvas width [px].
        height: canvas height [px].

    Raises:
        PoseError: arrays that do not fit together.
    """
    try:
        subset = np.atleast_2d(np.asarray(pose["bodies"]["subset"], dtype=np.float32))
        count = len(subset)
        out = np.zeros((count, NUM_KEYPOINTS, 3), np.float32)
        out[:, BODY, :2] = np.reshape(pose["bodies"]["candidate"], (-1, 2))[: 18 * count].reshape(
            count, 18, 2
        )
        out[:, BODY, 2] = confidences(subset[:, :18])
        hands = np.reshape(pose["hands"], (2, count, 21, 2))
        scores = np.reshape(pose.get("hands_score", np.ones((2, count, 21))), (2, count, 21))
        for side, part in enumerate((LEFT_HAND, RIGHT_HAND)):
            out[:, part] = np.concatenate([hands[side], scores[side][..., None]], axis=-1)
        out[:, FACE, :2] = np.reshape(pose["faces"], (count, 68, 2))
        out[:, FACE, 2] = np.reshape(pose.get("faces_score", np.ones((count, 68))), (count, 68))
    except (KeyError, TypeError, ValueError) as error:
        raise PoseError(f"dwpose: bodies, hands and faces do not fit together: {error}") from None
    return _in_pixels(out, width, height)


def to_controlnet(keypoints: np.ndarray, width: int, height: int) -> dict[str, Any]:
    """(P, 128, 3) keypoints of the people of one frame as `controlnet_aux`'s drawing functions take them."""
    scaled = _normalised(keypoints, width, height)
    rows = np.arange(18 * len(scaled), dtype=np.float64).reshape(-1, 18)
    found = scaled[:, BODY, 2] > 0
    return {
        "bodies": {"candidate": scaled[:, BODY, :2].reshape(-1, 2), "subset": np.where(found, rows, -1.0)},
        "hands": np.concatenate([scaled[:, LEFT_HAND, :2], scaled[:, RIGHT_HAND, :2]]),
        "hands_score": np.concatenate([scaled[:, LEFT_HAND, 2], scaled[:, RIGHT_HAND, 2]]),
        "faces": scaled[:, FACE, :2],
        "faces_score": scaled[:, FACE, 2],
    }


def confidences(scores: np.ndarray) -> np.ndarray:
    """Body scores (..., 18) as confidences: row numbers become 1, -1 becomes 0, the rest is unchanged."""
    if not are_rows(scores):
        return scores
    absent = ~scores.any(axis=-1, keepdims=True)
    return np.where((scores >= 0) & ~absent, np.float32(1), np.float32(0))


def are_rows(scores: np.ndarray) -> bool:
    """Whether body scores (..., 18) are row numbers into the candidates: each -1 or its place modulo 18."""
    rows = (scores == -1) | ((scores >= 0) & (np.mod(scores, 18) == np.arange(scores.shape[-1])))
    # Frames without the person are all zero.
    present = scores.any(axis=-1)
    return bool(present.any() and rows[present].all() and ((scores == -1) | (scores >= 2)).any())


def _part(person: Mapping[str, Any], name: str, count: int) -> np.ndarray:
    points, scores = person.get(f"{name}_keypoints"), person.get(f"{name}_scores")
    out = np.zeros((count, 3), np.float32)
    if points is None or not np.size(points):
        return out
    try:
        out[:, :2] = np.reshape(np.asarray(points, dtype=np.float32), (count, 2))
        out[:, 2] = 1 if scores is None else np.reshape(np.asarray(scores, dtype=np.float32), (count,))
    except (TypeError, ValueError):
        raise PoseError(f"{name}: expected {count} keypoints with x, y and a score each") from None
    return out


def _in_pixels(points: np.ndarray, width: int, height: int) -> np.ndarray:
    missing = (points[..., :2] == -1).all(axis=-1) | (points[..., 2] < 0)
    points[missing] = 0
    with np.errstate(invalid="ignore", over="ignore"):
        points[..., :2] *= np.array([width, height], np.float32)
    return cleaned(points)


def _normalised(keypoints: np.ndarray, width: int, height: int) -> np.ndarray:
    out = np.array(keypoints, dtype=np.float64)
    out[..., :2] /= (width, height)
    out[out[..., 2] == 0] = (-1, -1, 0)
    return out
