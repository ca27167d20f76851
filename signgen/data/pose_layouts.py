"""What ``.pose`` files hold, as `PoseSequence`, and back: which components mean which layout."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from signgen.data.pose_file import PoseFile
from signgen.data.pose_header import Component, PoseHeader, component
from signgen.errors import DataError, PoseError
from signgen.pose import layout as dwpose
from signgen.pose.convert import coco_wholebody, holistic, openpose
from signgen.pose.convert.mapping import parted, tidied
from signgen.pose.convert.report import ConversionReport
from signgen.pose.sequence import MAX_SIDE, PoseSequence

LAYOUTS = ("dwpose", "holistic", "openpose", "coco-wholebody")

_FACE_CHAINS = (
    (*range(17),), (*range(17, 22),), (*range(22, 27),), (*range(27, 31),), (*range(31, 36),),
    (*range(36, 42), 36), (*range(42, 48), 42), (*range(48, 60), 48), (*range(60, 68), 60),
)  # fmt: skip
_FACE_LIMBS = tuple(pair for chain in _FACE_CHAINS for pair in pairwise(chain))
_OPENPOSE = {"pose_keypoints_2d": (25, 18), "face_keypoints_2d": (70,), "hand_left_keypoints_2d": (21,),
             "hand_right_keypoints_2d": (21,)}  # fmt: skip


def sequences_of(file: PoseFile) -> tuple[list[PoseSequence], ConversionReport]:
    """One sequence per person of a ``.pose`` file, and what became of its points.

    Raises:
        DataError: components of an unknown layout; the text is without a path.
    """
    header = file.header
    convert, report = _conversion(header.components)
    people = []
    for person in range(file.points.shape[1]):
        keypoints, depth = convert(file.points[:, person], file.confidence[:, person], header.width)
        width, height = header.width, header.height
        if not width or not height:
            width, height = _extent(keypoints)
            note = f"no canvas in the file; {width}x{height} holds all keypoints"
            report = replace(report, notes=(note,))
        for array in (keypoints, depth):
            if array is not None:
                array.setflags(write=False)  # Nobody else has them, so they need not be copied.
        people.append(PoseSequence(keypoints, file.fps, width, height, depth))
    if not people:
        raise DataError("no person in any frame")
    return people, report


def file_of(people: Sequence[PoseSequence], layout: str = "dwpose") -> tuple[PoseFile, ConversionReport]:
    """People of one recording as a ``.pose`` file of a layout, and what became of their keypoints.

    Raises:
        PoseError: an unknown layout, nobody, or people of different length, rate or canvas.
    """
    if layout not in LAYOUTS:
        raise PoseError(f"unknown layout {layout!r} of .pose files; one of: {', '.join(LAYOUTS)}")
    first = checked_people(people)
    has_depth = all(poses.depth is not None for poses in people)
    arrays, report = [], ConversionReport("dwpose", mapped=dwpose.NAMES)
    for poses in people:
        points = poses.keypoints
        if has_depth and poses.depth is not None:
            points = np.concatenate([points, poses.depth[..., None]], axis=-1)
        if layout == "holistic":
            points, report = holistic.from_dwpose(points, first.width), holistic.FROM_DWPOSE.report
        elif layout != "dwpose":
            mapping = openpose.FROM_DWPOSE if layout == "openpose" else coco_wholebody.FROM_DWPOSE
            points, report = mapping(points), mapping.report
        arrays.append(points)
    stacked = np.stack(arrays, axis=1)
    header = PoseHeader(0.2, first.width, first.height, 0, components_of(layout, has_depth))
    coordinates = np.ascontiguousarray(stacked[..., [0, 1, 3] if has_depth else [0, 1]])
    return PoseFile(header, first.fps, coordinates, np.ascontiguousarray(stacked[..., 2])), report


def checked_people(people: Sequence[PoseSequence]) -> PoseSequence:
    """The first of people who share length, rate and canvas.

    Raises:
        PoseError: nobody, or they do not.
    """
    if not people:
        raise PoseError("no poses to write")
    if len({(len(poses), poses.fps, poses.width, poses.height) for poses in people}) > 1:
        raise PoseError("people of one file must share the number of frames, the rate and the canvas")
    return people[0]


@lru_cache(maxsize=8)
def components_of(layout: str, has_depth: bool) -> tuple[Component, ...]:
    """The components that `file_of` writes, with limbs and colours for those who draw them."""
    columns = "XYZC" if has_depth else "XYC"
    hand = (np.repeat(dwpose.HAND_COLOURS * 255, [2, *[1] * 19], axis=0)).round()
    white = np.full((1, 3), 255)
    body_colours = dwpose.LIMB_COLOURS
    if layout == "dwpose":
        hands = ("LEFT_HAND", dwpose.HAND_NAMES, hand), ("RIGHT_HAND", dwpose.HAND_NAMES, hand)
        return (
            component("BODY_18", columns, dwpose.BODY_NAMES, dwpose.BODY_LIMBS, body_colours),
            *(component(n, columns, points, dwpose.HAND_BONES, colours) for n, points, colours in hands),
            component("FACE_68", columns, dwpose.FACE_NAMES, _FACE_LIMBS, white),
        )
    if layout == "holistic":
        parts = zip(holistic.FULL, (body_colours, white, hand, hand), strict=True)
        bones = {"LEFT_HAND_LANDMARKS": dwpose.HAND_BONES, "RIGHT_HAND_LANDMARKS": dwpose.HAND_BONES}
        return tuple(
            component(name, columns, points, bones.get(name, ()), colours)
            for (name, points), colours in parts
        )
    body = openpose.BODY_25 if layout == "openpose" else (*coco_wholebody.BODY, *coco_wholebody.FEET)
    face = openpose.FACE_70 if layout == "openpose" else tuple(f"face-{i}" for i in range(68))
    titles = tuple(_OPENPOSE) if layout == "openpose" else ("BODY", "FACE", "LEFT_HAND", "RIGHT_HAND")
    named = zip(titles, (body, face, dwpose.HAND_NAMES, dwpose.HAND_NAMES), strict=True)
    limbs = (_named_limbs(body), _FACE_LIMBS, dwpose.HAND_BONES, dwpose.HAND_BONES)
    return tuple(
        component(title, columns, points, bones, colours)
        for (title, points), bones, colours in zip(
            named, limbs, (body_colours, white, hand, hand), strict=True
        )
    )


def _named_limbs(points: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    pairs = ((dwpose.BODY_NAMES[a], dwpose.BODY_NAMES[b]) for a, b in dwpose.BODY_LIMBS)
    return tuple((points.index(a), points.index(b)) for a, b in pairs if a in points and b in points)


Convert = Callable[[np.ndarray, np.ndarray, int], tuple[np.ndarray, np.ndarray | None]]


@lru_cache(maxsize=32)
def _conversion(components: tuple[Component, ...]) -> tuple[Convert, ConversionReport]:
    """From (T, K, D) coordinates, (T, K) confidences and the canvas width to keypoints and depth, and the report.

    The files of a lexicon share one tuple of components (`parse_header`), so this is found out once.

    Raises:
        DataError: components of an unknown layout.
    """
    columns = _columns(components)
    names = tuple((component.name, component.points) for component in components)
    if holistic.is_holistic(names):
        mapping, numbers = holistic.mapping_of(names), np.array(columns)
        return lambda xyz, c, width: holistic.converted(xyz, c, numbers, mapping, width), holistic.report(
            names
        )
    to_dwpose, report = _plain_conversion(names)

    def convert(
        coordinates: np.ndarray, confidence: np.ndarray, _width: int
    ) -> tuple[np.ndarray, np.ndarray | None]:
        x, y, *z = (coordinates[..., column] for column in columns)
        with np.errstate(over="ignore", invalid="ignore"):
            return parted(to_dwpose(np.stack([x, y, confidence, *z], axis=-1)))

    return convert, report


def _plain_conversion(
    names: holistic.Components,
) -> tuple[Callable[[np.ndarray], np.ndarray], ConversionReport]:
    """From (T, K, 3 or 4) points to (T, 128, 3 or 4), for layouts whose z is depth already."""
    if names == _own_names():
        return tidied, ConversionReport("dwpose", mapped=dwpose.NAMES)
    if names and names[0][0] in _OPENPOSE:
        return _from_openpose(names)
    counts = tuple(len(points) for _, points in names)
    if counts == (23, 68, 21, 21) and names[0][1][:2] == ("nose", "left_eye"):
        return coco_wholebody.to_dwpose, coco_wholebody.TO_DWPOSE.report
    raise DataError(
        f"components {', '.join(name for name, _ in names)[:120]} are of no known layout "
        f"(known: {', '.join(LAYOUTS)})"
    )


@lru_cache(maxsize=1)
def _own_names() -> holistic.Components:
    return tuple((c.name, c.points) for c in components_of("dwpose", False))


def _from_openpose(
    names: holistic.Components,
) -> tuple[Callable[[np.ndarray], np.ndarray], ConversionReport]:
    """Components in any order, absent ones missing, in OpenPose's order."""
    where, start = {}, 0
    for name, points in names:
        where[name] = range(start, start + len(points))
        start += len(points)
    # Where each point comes from; the point after the last is one that is missing.
    order: list[int] = []
    for name, counts in _OPENPOSE.items():
        part = where.get(name, [start] * counts[0])
        if len(part) not in counts:
            raise DataError(f"component {name} has {len(part)} points instead of {counts[0]}")
        order += part
    mapping = openpose.mapping(len(order))
    padding = ((0, 0), (0, 1), (0, 0))
    return lambda points: mapping(np.pad(points, padding)[:, order]), mapping.report


def _columns(components: tuple[Component, ...]) -> list[int]:
    """The columns of x, y and, if there, z."""
    formats = {component.format for component in components}
    columns = min(formats, key=len) if formats else ""
    if not all(known.startswith(columns[:-1]) for known in formats) or not {"X", "Y"} <= set(columns):
        raise DataError(f"component formats {', '.join(sorted(formats))} are not like XYC or XYZC")
    return [columns.index(letter) for letter in "XYZ" if letter in columns]


def _extent(points: np.ndarray) -> tuple[int, int]:
    seen = points[points[..., 2] > 0, :2]
    if not len(seen):
        return 512, 512
    width, height = (min(max(2, 2 * math.ceil((side + 1) / 2)), MAX_SIDE) for side in seen.max(axis=0))
    return width, height
