"""Boxes of people from what a YOLOX detector gives: raw grids, decoded grids or finished boxes.

Boxes are (N, 4) float32 left, top, right, bottom [px].
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from signgen.errors import CheckpointError

STRIDES = ((8, 16, 32), (8, 16, 32, 64))
PERSON = 0
# Only these many of the best go into the comparison of all with all.
MAX_CANDIDATES = 3000
# The middle of most cells of a picture is farther from its corner, and of none is a raw offset as large.
_DECODED_FROM = 8.0


def people_in(
    outputs: list[np.ndarray], width: int, height: int, *, confidence: float, overlap: float
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (P, 4) in the detector's picture and confidences (P,) of the people in it, most confident first.

    The kind of output is told by its shape: (1, cells, 5 + classes) are the grids of YOLOX, (1, M, 5) are
    boxes with a score that the graph has already thinned out, beside (1, M) classes where there are several.

    Args:
        outputs: of a detector that was given one picture.
        width: of that picture [px].
        height: of that picture [px].
        confidence: least confidence of a person.
        overlap: of two boxes that share more than this (intersection over union) the less confident one goes.

    Raises:
        ValueError: outputs of another shape.
    """
    first = outputs[0]
    if first.ndim != 3 or len(first) != 1 or first.shape[2] < 5:
        raise ValueError(f"outputs of shape {[array.shape for array in outputs]}")
    boxes, scores = (
        _finished(outputs) if first.shape[2] == 5 else _sure_cells(first[0], width, height, confidence)
    )
    usable = (scores >= confidence) & np.isfinite(boxes).all(axis=1) & np.isfinite(scores)
    usable &= (boxes[:, 2] - boxes[:, 0] >= 1) & (boxes[:, 3] - boxes[:, 1] >= 1)
    usable &= (boxes[:, :2] < (width, height)).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
    boxes, scores = boxes[usable], scores[usable]
    kept = suppressed(boxes, scores, overlap)
    return boxes[kept], scores[kept]


def _finished(outputs: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    boxes, scores = outputs[0][0, :, :4], outputs[0][0, :, 4]
    if len(outputs) > 1 and outputs[1].shape == outputs[0].shape[:2]:
        scores = np.where(outputs[1][0] == PERSON, scores, 0)
    return boxes, scores


def _sure_cells(
    cells: np.ndarray, width: int, height: int, confidence: float
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and confidences of the cells that are sure enough: nearly none of 8400, so only they are decoded."""
    grid = _grid(len(cells), width, height)
    scores = cells[:, 4] * cells[:, 5 + PERSON]
    sure = np.flatnonzero(scores >= confidence)
    is_raw = bool(np.median(np.abs(cells[:: max(len(cells) // 500, 1), :2])) < _DECODED_FROM)
    return decoded(cells[sure, :4], grid[sure] if is_raw else None), scores[sure]


def decoded(cells: np.ndarray, grid: np.ndarray | None) -> np.ndarray:
    """(N, 4) x, y, width, height of YOLOX cells as left, top, right, bottom.

    Args:
        cells: x and y are offsets from the cell in strides, the sizes logarithms of strides; without a grid
            all are pixels already.
        grid: (N, 3) column, row and stride of each cell.
    """
    if grid is None:
        centre, size = cells[:, :2], cells[:, 2:]
    else:
        with np.errstate(over="ignore"):
            centre = (cells[:, :2] + grid[:, :2]) * grid[:, 2:]
            size = np.exp(cells[:, 2:]) * grid[:, 2:]
    with np.errstate(invalid="ignore"):
        return np.concatenate([centre - size / 2, centre + size / 2], axis=1)


def suppressed(boxes: np.ndarray, scores: np.ndarray, overlap: float) -> np.ndarray:
    """Numbers of the boxes that stay, most confident first: none overlaps a better one more than ``overlap``."""
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        order = order[intersection_over_union(boxes[best], boxes[order]) <= overlap]
    return np.array(kept, dtype=np.int64)


def intersection_over_union(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) shares of the area of one box and each of the others (N, 4) that both cover."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    return np.asarray(common / (_area(box) + _area(others) - common))


def _area(boxes: np.ndarray) -> np.ndarray:
    return np.asarray((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]))


@lru_cache(maxsize=4)
def _grid(count: int, width: int, height: int) -> np.ndarray:
    """(count, 3) float32 column, row and stride of each cell: the finest grid first, row by row.

    Raises:
        ValueError: not the cells of a picture of this size.
    """
    for strides in STRIDES:
        sizes = [(height // stride, width // stride, stride) for stride in strides]
        if sum(rows * columns for rows, columns, _ in sizes) == count:
            return np.concatenate([_cells(*size) for size in sizes])
    raise ValueError(f"{count} cells for a picture of {width} x {height}")


def _cells(rows: int, columns: int, stride: int) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns]
    return np.stack([x, y, np.full_like(x, stride)], axis=-1).reshape(-1, 3).astype(np.float32)


def unusable(path: object, error: ValueError) -> CheckpointError:
    """What to say of a detector whose outputs cannot be read."""
    return CheckpointError(
        f"{path}: not a YOLOX detector: it gives {error}; expected (1, cells, 5 + classes) or boxes (1, M, 5)"
    )
