"""`Mapping`: one layout turned into another by copying keypoints and averaging a few."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np

from signgen.errors import PoseError
from signgen.pose.convert.report import ConversionReport
from signgen.pose.layout import NAMES

COLUMNS = "expected (T, K, 3) of x, y, confidence or (T, K, 4) of x, y, confidence, z"


@dataclasses.dataclass(frozen=True, eq=False)
class Mapping:
    """Which keypoints of a layout become which of another.

    Attributes:
        layout: name for messages and reports.
        sources: names of the keypoints converted from, in order.
        targets: names of the keypoints converted to, in order.
        copies: source name by target name.
        means: by target name, the sources whose mean it is; the mean has the lowest of their confidences
            and is missing when one of them is.
    """

    layout: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    copies: dict[str, str]
    means: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(T, K, 3 or 4) points in the order of ``sources`` to (T, N, 3 or 4) in that of ``targets``.

        Raises:
            PoseError: the points are not of this layout.
        """
        points = checked(points, len(self.sources), self.layout)
        out = np.zeros((len(points), len(self.targets), points.shape[2]), np.float32)
        with np.errstate(invalid="ignore", over="ignore"):
            for target, members in self._mean_indices:
                group = points[:, members]
                out[:, target] = group.mean(axis=1)
                out[:, target, 2] = group[..., 2].min(axis=1)
            targets, sources = self._copy_indices
            out[:, targets] = points[:, sources]
        return tidied(out)

    @cached_property
    def report(self) -> ConversionReport:
        """What is mapped, derived, dropped and missing; the same for any points."""
        used = {*self.copies.values(), *(name for names in self.means.values() for name in names)}
        return ConversionReport(
            self.layout,
            mapped=tuple(name for name in self.targets if name in self.copies),
            derived=tuple(name for name in self.targets if name in self.means),
            dropped=tuple(name for name in self.sources if name not in used),
            missing=tuple(n for n in self.targets if n not in self.copies and n not in self.means),
        )

    def inverse(self, means: dict[str, tuple[str, ...]] | None = None) -> Mapping:
        """The mapping back, with other derived points."""
        back = {source: target for target, source in self.copies.items()}
        return Mapping(self.layout, self.targets, self.sources, back, means or {})

    @cached_property
    def groups(self) -> tuple[np.ndarray, np.ndarray]:
        """Source numbers for compiled loops: those of target i are ``members[starts[i]:starts[i + 1]]``."""
        place = {name: i for i, name in enumerate(self.sources)}
        copied = {target: (source,) for target, source in self.copies.items()}
        groups = [(copied | self.means).get(target, ()) for target in self.targets]
        starts = np.cumsum([0, *map(len, groups)])
        return starts, np.array([place[name] for group in groups for name in group], dtype=np.int64)

    @cached_property
    def _copy_indices(self) -> tuple[np.ndarray, np.ndarray]:
        place = {name: i for i, name in enumerate(self.sources)}
        pairs = [(i, place[self.copies[name]]) for i, name in enumerate(self.targets) if name in self.copies]
        targets, sources = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        return targets, sources

    @cached_property
    def _mean_indices(self) -> tuple[tuple[int, list[int]], ...]:
        place = {name: i for i, name in enumerate(self.sources)}
        return tuple(
            (self.targets.index(target), [place[name] for name in members])
            for target, members in self.means.items()
        )


def to_dwpose_mapping(
    layout: str,
    sources: tuple[str, ...],
    copies: dict[str, str],
    means: dict[str, tuple[str, ...]] | None = None,
) -> Mapping:
    """A mapping onto DWPose-128; ``copies`` is source name by DWPose name."""
    return Mapping(layout, sources, NAMES, copies, means or {})


def checked(points: np.ndarray, count: int, layout: str) -> np.ndarray:
    """The points as float32 if they have ``count`` keypoints of 3 or 4 columns.

    Raises:
        PoseError: another shape, or no numbers.
    """
    try:
        array = np.asarray(points, dtype=np.float32)
    except (TypeError, ValueError):
        raise PoseError(f"{layout}: expected an array of numbers") from None
    if array.ndim != 3 or array.shape[1] != count or array.shape[2] not in (3, 4):
        raise PoseError(f"{layout}: {COLUMNS} with K = {count}, got shape {array.shape}")
    return array


def joined(keypoints: np.ndarray, depth: np.ndarray | None) -> np.ndarray:
    """(T, N, 3) keypoints and their (T, N) depth, if known, as (T, N, 3 or 4)."""
    return keypoints if depth is None else np.concatenate([keypoints, depth[..., None]], axis=-1)


def parted(points: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(T, N, 3 or 4) as (T, N, 3) keypoints and, if there is a column for it, (T, N) depth."""
    return points[..., :3], points[..., 3] if points.shape[2] == 4 else None


def tidied(points: np.ndarray) -> np.ndarray:
    """The points, changed in place: bad and missing ones zeroed in all columns, confidences cut to [0, 1].

    Args:
        points: (..., 3 or 4) float32 that the caller owns.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        total = points.sum()
    if not np.isfinite(total):
        points[~np.isfinite(points).all(axis=-1)] = 0
    confidence = points[..., 2]
    np.clip(confidence, 0, 1, out=confidence)
    points[confidence == 0] = 0
    return points
