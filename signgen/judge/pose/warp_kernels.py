"""Compiled dynamic time warping of each keypoint on a path of its own, eight keypoints side by side.

A keypoint's cells wait for each other, those of eight keypoints do not: they fill a register. Four frames of the first
sequence pass together along the second: their places and the sums to their left stay in registers, so that four cells
of eight keypoints take one read of a place and of the row above, and one write. Numba has no such registers, so their
type and what can be done with them stand here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic, models, register_model

# Keypoints of a block: a register of AVX2, half of one of AVX-512.
LANES = 8
# Frames of the first sequence that pass together, as `_pass_rows` has them.
ROWS = 4
# Where a trajectory lies after its end. Everything is so far from there that no path that costs less goes that way,
# and the square of the distance is still a float32.
_NOWHERE = np.float32(1e15)
_FLOATS = ir.VectorType(ir.FloatType(), LANES)


class _LanesType(types.Type):
    """One float32 of each keypoint of a block."""

    def __init__(self) -> None:
        super().__init__("lanes")


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):
    """Lanes are one register."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _FLOATS)  # type: ignore[no-untyped-call]


_LANES_TYPE = _LanesType()
_tuple_type: Any = types.UniTuple


def _address(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    start = builder.gep(data, [builder.mul(at, ir.Constant(at.type, LANES))])
    return builder.bitcast(start, _FLOATS.as_pointer())


def _parts(builder: Any, values: Any) -> list[Any]:
    return [builder.extract_value(values, n) for n in range(values.type.count)]


def _load_lanes(typing: Any, arrays: Any, at: Any) -> Any:
    """Tuple of the lanes at ``at`` of each of a tuple of arrays; nothing is checked."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind, found = signature.args[0].dtype, _parts(builder, values[0])
        lanes = [builder.load(_address(context, builder, kind, array, values[1]), align=4) for array in found]
        return context.make_tuple(builder, signature.return_type, lanes)

    return _tuple_type(_LANES_TYPE, len(arrays))(arrays, types.int64), generate


def _store_lanes(typing: Any, array: Any, at: Any, lanes: Any) -> Any:
    """Write lanes at ``at`` of an array; nothing is checked."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[2], _address(context, builder, signature.args[0], *values[:2]), align=4)
        return context.get_dummy_value()

    return types.void(array, types.int64, _LANES_TYPE), generate


def _spread_number(typing: Any, number: Any) -> Any:
    """Lanes that are all one number."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        lanes = ir.Constant(_FLOATS, ir.Undefined)
        for lane in range(LANES):
            lanes = builder.insert_element(lanes, values[0], ir.Constant(ir.IntType(32), lane))
        return lanes

    return _LANES_TYPE(types.float32), generate


def _of_one(emit: Callable[..., Any]) -> Any:
    return intrinsic(
        lambda typing, a: (_LANES_TYPE(a), lambda context, builder, signature, values: emit(builder, *values))
    )


def _of_two(emit: Callable[..., Any]) -> Any:
    return intrinsic(
        lambda typing, a, b: (
            _LANES_TYPE(a, b),
            lambda context, builder, signature, values: emit(builder, *values),
        )
    )


def _emit_least(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered("<", a, b), a, b)


def _emit_root(builder: Any, lanes: Any) -> Any:
    name, kind = f"llvm.sqrt.v{LANES}f32", ir.FunctionType(_FLOATS, [_FLOATS])
    return builder.call(builder.module.declare_intrinsic(name, fnty=kind), [lanes])


def _emit_squared(builder: Any, x: Any, y: Any) -> Any:
    """Squared distance of two places, tuples of lanes; products may be fused with sums."""
    total = ir.Constant(_FLOATS, None)
    for a, b in zip(_parts(builder, x), _parts(builder, y), strict=True):
        apart = builder.fsub(a, b)
        total = builder.fadd(
            builder.fmul(apart, apart, flags=("contract",)), total, flags=("contract", "nsz")
        )
    return total


_load: Any = intrinsic(_load_lanes)
_store: Any = intrinsic(_store_lanes)
_spread: Any = intrinsic(_spread_number)
_plus: Any = _of_two(lambda builder, a, b: builder.fadd(a, b))
_least: Any = _of_two(_emit_least)
_squared: Any = _of_two(_emit_squared)
_root: Any = _of_one(_emit_root)


@njit(cache=True, nogil=True)
def _apart(x: Any, y: Any, is_squared: bool) -> Any:
    """Lanes of what it costs to be at ``x`` and ``y``."""
    squared = _squared(x, y)
    if is_squared:
        return squared
    return _root(squared)


@njit(cache=True, nogil=True)
def _pass_rows(x: Any, top: int, y: Any, edge: np.ndarray, before: np.float32, is_squared: bool) -> None:
    """Sums of the rows ``top`` to ``top`` + 3 in all columns.

    Args:
        x: tuple of D arrays (rows * LANES,), places of the first sequence.
        top: first row.
        y: tuple of D arrays (columns * LANES,), places of the second sequence.
        edge: (columns * LANES,) sums of the row above, replaced by those of the last row.
        before: sum of the cell above and before the first.
        is_squared: whether a step costs the squared distance.
    """
    x0, x1, x2, x3 = _load(x, top), _load(x, top + 1), _load(x, top + 2), _load(x, top + 3)
    corner, none = _spread(before), _spread(np.float32(np.inf))
    s0, s1, s2, s3 = none, none, none, none
    for j in range(edge.size // LANES):
        at, above = _load(y, j), _load((edge,), j)[0]
        # The sum above comes last: only for it the row below must wait.
        n0 = _plus(_least(_least(s0, corner), above), _apart(x0, at, is_squared))
        n1 = _plus(_least(_least(s1, s0), n0), _apart(x1, at, is_squared))
        n2 = _plus(_least(_least(s2, s1), n1), _apart(x2, at, is_squared))
        n3 = _plus(_least(_least(s3, s2), n2), _apart(x3, at, is_squared))
        _store(edge, j, n3)
        corner, s0, s1, s2, s3 = above, n0, n1, n2, n3


@njit(cache=True, nogil=True)
def _warp_block(x: Any, y: Any, is_squared: bool) -> np.ndarray:
    """(LANES,) sums of the best paths of a block, from tuples of D arrays, the places of its two sequences."""
    edge = np.full(y[0].size, np.inf, np.float32)
    for top in range(0, x[0].size // LANES, ROWS):
        _pass_rows(x, top, y, edge, np.float32(np.inf if top else 0), is_squared)
    return edge[edge.size - LANES :]


@njit(cache=True, nogil=True)
def pack(points: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trajectories in blocks as `warp_each` takes them: seen frames first, then at least one that lies nowhere.

    Args:
        points: (T, K, D) float32.
        seen: (T, K) bool.

    Returns:
        (B, D, T' * LANES) float32 of B blocks, T' the next multiple of `ROWS` above T; (B * LANES,) int64 frames of
        each trajectory, 0 for those that fill the last block.
    """
    length, keypoints, dims = points.shape
    blocks = -(-keypoints // LANES)
    stop = (length // ROWS + 1) * ROWS * LANES
    packed = np.empty((blocks, dims, stop), np.float32)
    lengths = np.zeros(blocks * LANES, np.int64)
    for k in range(blocks * LANES):
        block, at = packed[k // LANES], k % LANES
        for t in range(length if k < keypoints else 0):
            for d in range(dims):
                block[d, at] = points[t, k, d]
            # What is not seen is written over.
            at += LANES if seen[t, k] else 0
        lengths[k] = at // LANES
        for d in range(dims):
            block[d, at::LANES] = _NOWHERE
    return packed, lengths


@njit(cache=True, nogil=True)
def warp_each(
    first: np.ndarray, first_lengths: np.ndarray, second: np.ndarray, second_lengths: np.ndarray, is_squared: bool
) -> np.ndarray:  # fmt: skip
    """Exact DTW of K trajectories with K others, each pair on a path of its own; see `pack` for the arguments.

    After their ends both trajectories lie nowhere. To be there together costs nothing and to be there alone more than
    any path, so the best path to the last cell goes through the ends of both, and its sum is theirs.

    Args:
        first: (B, D, T1 * LANES) float32, T1 a multiple of `ROWS`, D = 2 or 3.
        first_lengths: (B * LANES,) int64 frames of each, less than T1.
        second: (B, D, T2 * LANES) float32.
        second_lengths: (B * LANES,) int64 frames of each, less than T2.
        is_squared: whether a step costs the squared distance instead of the distance.

    Returns:
        (B * LANES,) float64 sums of costs along the paths, NaN where a trajectory has no frame.
    """
    sums = np.empty(first_lengths.size)
    for b in range(first.shape[0]):
        x, y, own = first[b], second[b], slice(b * LANES, (b + 1) * LANES)
        if first.shape[1] == 2:
            sums[own] = _warp_block((x[0], x[1]), (y[0], y[1]), is_squared)
        else:
            sums[own] = _warp_block((x[0], x[1], x[2]), (y[0], y[1], y[2]), is_squared)
    sums[(first_lengths == 0) | (second_lengths == 0)] = np.nan
    return sums
