"""Boxes for frames between those that the detector saw."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from signgen.extract.onnx.boxes import intersection_over_union

# Boxes of the same person, a few frames apart, share more of their area than this.
_SAME_PERSON = 0.3
Framed = tuple[np.ndarray, np.ndarray]


def with_boxes(
    frames: Iterable[np.ndarray], detect: Callable[[np.ndarray], np.ndarray], every: int
) -> Iterator[Framed]:
    """Each frame with the (P, 4) boxes of the people in it; the detector sees each ``every``-th frame and the last.

    Between two of these the boxes move straight from one to the other; who is in only one of them is there for
    half of the way. At most ``every`` frames wait.
    """
    known: np.ndarray | None = None
    waiting: list[np.ndarray] = []
    for frame in frames:
        if known is None:
            known = detect(frame)
            yield frame, known
            continue
        waiting.append(frame)
        if len(waiting) == every:
            yield from _filled(waiting, known, following := detect(frame))
            known, waiting = following, []
    if waiting and known is not None:
        yield from _filled(waiting, known, detect(waiting[-1]))


def _filled(frames: list[np.ndarray], before: np.ndarray, after: np.ndarray) -> Iterator[Framed]:
    """Frames after one with boxes ``before``, up to one with boxes ``after``."""
    pairs = paired(before, after)
    for number, frame in enumerate(frames, 1):
        yield frame, after if number == len(frames) else between(before, after, pairs, number / len(frames))


def between(before: np.ndarray, after: np.ndarray, pairs: dict[int, int], share: float) -> np.ndarray:
    """Boxes at ``share`` of the way from one set to the next."""
    boxes = [
        (1 - share) * box + share * after[pairs[i]] if i in pairs else box
        for i, box in enumerate(before)
        if i in pairs or share < 0.5
    ]
    if share >= 0.5:
        boxes += [box for i, box in enumerate(after) if i not in pairs.values()]
    return np.array(boxes, np.float32).reshape(-1, 4)


def paired(before: np.ndarray, after: np.ndarray) -> dict[int, int]:
    """Which box after is the person of which box before: the best match first, none twice."""
    shares = np.array([intersection_over_union(box, after) for box in before]).reshape(
        len(before), len(after)
    )
    pairs: dict[int, int] = {}
    for flat in np.argsort(-shares, axis=None, kind="stable"):
        i, j = np.unravel_index(flat, shares.shape)
        if shares[i, j] <= _SAME_PERSON:
            break
        if i not in pairs and j not in pairs.values():
            pairs[int(i)] = int(j)
    return pairs
