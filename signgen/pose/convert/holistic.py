"""MediaPipe Holistic as ``.pose`` files store it: full (543, 576, 586 points) or reduced (178 points).

What a file holds is read from the names of its components and points, never from their number: files keep
33 or 8 body points, 468, 478 or 128 face points, and sometimes the world landmarks, which are metres in
another frame and are ignored.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from signgen.errors import PoseError
from signgen.pose.convert.face_mesh import IBUG_68, NOSE, with_nose
from signgen.pose.convert.mapping import Mapping, checked, joined, parted, tidied, to_dwpose_mapping
from signgen.pose.convert.report import ConversionReport
from signgen.pose.layout import BODY_NAMES, FACE, FACE_NAMES, HAND_NAMES, LEFT_HAND, RIGHT_HAND
from signgen.pose.layout import NAMES as DWPOSE_NAMES

Components = tuple[tuple[str, tuple[str, ...]], ...]

BODY_POINTS = (
    "NOSE", "LEFT_EYE_INNER", "LEFT_EYE", "LEFT_EYE_OUTER", "RIGHT_EYE_INNER", "RIGHT_EYE", "RIGHT_EYE_OUTER",
    "LEFT_EAR", "RIGHT_EAR", "MOUTH_LEFT", "MOUTH_RIGHT", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_ELBOW",
    "RIGHT_ELBOW", "LEFT_WRIST", "RIGHT_WRIST", "LEFT_PINKY", "RIGHT_PINKY", "LEFT_INDEX", "RIGHT_INDEX",
    "LEFT_THUMB", "RIGHT_THUMB", "LEFT_HIP", "RIGHT_HIP", "LEFT_KNEE", "RIGHT_KNEE", "LEFT_ANKLE",
    "RIGHT_ANKLE", "LEFT_HEEL", "RIGHT_HEEL", "LEFT_FOOT_INDEX", "RIGHT_FOOT_INDEX",
)  # fmt: skip
HAND_POINTS = (
    "WRIST", "THUMB_CMC", "THUMB_MCP", "THUMB_IP", "THUMB_TIP",
    *(f"{f}_{j}" for f in ("INDEX_FINGER", "MIDDLE_FINGER", "RING_FINGER", "PINKY")
      for j in ("MCP", "PIP", "DIP", "TIP")),
)  # fmt: skip
FACE_POINTS = tuple(str(i) for i in range(468))
FULL: Components = (
    ("POSE_LANDMARKS", BODY_POINTS),
    ("FACE_LANDMARKS", FACE_POINTS),
    ("LEFT_HAND_LANDMARKS", HAND_POINTS),
    ("RIGHT_HAND_LANDMARKS", HAND_POINTS),
)

_FACE_IDS = dict(zip((f"face_{name}" for name in FACE_NAMES), IBUG_68, strict=True))
_SOURCES = {
    **{name: f"POSE_LANDMARKS.{name.upper()}" for name in BODY_NAMES if name != "neck"},
    **{
        f"{side}_hand_{name}": f"{side.upper()}_HAND_LANDMARKS.{point}"
        for side in ("left", "right")
        for name, point in zip(HAND_NAMES, HAND_POINTS, strict=True)
    },
    **{name: f"FACE_LANDMARKS.{point}" for name, point in _FACE_IDS.items()},
}
_NECK: dict[str, tuple[str, ...]] = {
    "neck": ("POSE_LANDMARKS.LEFT_SHOULDER", "POSE_LANDMARKS.RIGHT_SHOULDER")
}
# Body points that a reduced file lacks and the face can stand in for.
_HEAD = {
    "nose": ("face_nose_bridge_3",),
    "right_eye": tuple(f"face_right_eyelid_{i}" for i in (1, 2, 4, 5)),
    "left_eye": tuple(f"face_left_eyelid_{i}" for i in (1, 2, 4, 5)),
    "right_ear": ("face_jaw_0",),
    "left_ear": ("face_jaw_16",),
}


def is_holistic(components: Components) -> bool:
    """Whether a file with these components is MediaPipe's."""
    return any(name == "POSE_LANDMARKS" for name, _ in components)


def to_dwpose(points: np.ndarray, components: Components, width: int) -> np.ndarray:
    """MediaPipe points to DWPose-128.

    Args:
        points: (T, K, 3 or 4) x, y, confidence and, if known, MediaPipe's z.
        components: name and point names of each component, in order; K points in all.
        width: canvas width [px].

    Returns:
        (T, 128, 3 or 4) x, y, confidence and depth [px], see `converted`.

    Raises:
        PoseError: K is another number, or no component is MediaPipe's.
    """
    mapping = mapping_of(components)
    points = checked(points, len(mapping.sources), mapping.layout)
    columns = np.array([0, 1, 3][: points.shape[2] - 1])
    return joined(*converted(points, points[..., 2], columns, mapping, width))


def converted(
    coordinates: np.ndarray, confidence: np.ndarray, columns: np.ndarray, mapping: Mapping, width: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """The points of a `mapping_of` MediaPipe's components as DWPose-128, read where they lie.

    Args:
        coordinates: (T, K, D) float32.
        confidence: (T, K) float32.
        columns: which columns are x, y and, if known, MediaPipe's z.
        mapping: where the points go.
        width: canvas width [px].

    Returns:
        (T, 128, 3) x, y, confidence and, if z is known, (T, 128) depth [px]. The neck is derived from the
        shoulders; nose, eyes and ears, when the body lacks them, from the face; the nose of the face, when the
        mesh lacks it, from eyes and mouth.
    """
    from signgen.pose.convert.mediapipe_kernels import gather, give_depth

    keypoints, z = gather(coordinates, confidence, columns, *mapping.groups)
    depth = z if len(columns) == 3 else None
    if depth is not None:
        give_depth(keypoints, depth, width)
    if any(_derivations(mapping)):
        return parted(completed(joined(keypoints, depth), mapping))
    return keypoints, depth


def completed(points: np.ndarray, mapping: Mapping) -> np.ndarray:
    """Points (T, 128, 3 or 4) with what ``mapping`` lacks of nose and head derived from the rest."""
    lacks_nose, lacking = _derivations(mapping)
    if lacks_nose:
        points[:, FACE] = with_nose(points[:, FACE])
    for place, members in lacking:
        group = points[:, members]
        points[:, place] = group.mean(axis=1)
        points[:, place, 2] = group[..., 2].min(axis=1)
    return tidied(points)


def from_dwpose(keypoints: np.ndarray, width: int) -> np.ndarray:
    """DWPose-128 to the components `FULL` (543 points); 400 mesh points, heels and toes are missing.

    Args:
        keypoints: (T, 128, 3 or 4) x, y, confidence and, if known, depth [px].
        width: canvas width [px], the unit of MediaPipe's z.
    """
    keypoints = checked(keypoints, len(DWPOSE_NAMES), "dwpose").copy()
    if keypoints.shape[2] == 4:
        depth = keypoints[..., 3] / np.float32(width)
        for part, anchor in ((LEFT_HAND, 18), (RIGHT_HAND, 39), (FACE, 90)):
            depth[:, part] -= depth[:, [anchor]]
        keypoints[..., 3] = depth
    return FROM_DWPOSE(keypoints)


def report(components: Components) -> ConversionReport:
    """What `to_dwpose` maps, derives and drops of a file with these components."""
    mapping = mapping_of(components)
    lacks_nose, lacking = _derivations(mapping)
    base = mapping.report
    derived = [*base.derived, *(DWPOSE_NAMES[place] for place, _ in lacking)]
    if lacks_nose:
        derived += [f"face_{name}" for name in FACE_NAMES[NOSE]]
    return ConversionReport(
        base.layout,
        base.mapped,
        tuple(name for name in DWPOSE_NAMES if name in derived),
        base.dropped,
        tuple(name for name in base.missing if name not in derived),
    )


@lru_cache(maxsize=32)
def mapping_of(components: Components) -> Mapping:
    """What can be copied from a file with these components, and the neck.

    Raises:
        PoseError: no component is MediaPipe's.
    """
    names = tuple(f"{component}.{point}" for component, points in components for point in points)
    known = set(names)
    copies = {target: source for target, source in _SOURCES.items() if source in known}
    if not copies:
        raise PoseError("mediapipe: no component of MediaPipe Holistic")
    means = {} if "neck" in copies else {t: s for t, s in _NECK.items() if known.issuperset(s)}
    return to_dwpose_mapping(f"mediapipe-holistic-{len(names)}", names, copies, means)


@lru_cache(maxsize=32)
def _derivations(mapping: Mapping) -> tuple[bool, tuple[tuple[int, list[int]], ...]]:
    """Whether the nose of the face is lacking, and place and sources of each point of the head that is."""
    nose = {f"face_{name}" for name in FACE_NAMES[NOSE]}
    lacks_nose = not nose <= mapping.copies.keys() and "face_right_eyelid_0" in mapping.copies
    place = DWPOSE_NAMES.index
    lacking = (
        (place(n), [place(m) for m in members]) for n, members in _HEAD.items() if n not in mapping.copies
    )
    return lacks_nose, tuple(lacking)


def _full_mapping() -> Mapping:
    names = tuple(f"{component}.{point}" for component, points in FULL for point in points)
    back = {source: target for target, source in _SOURCES.items()}
    for side in ("left", "right"):
        body, hand = f"POSE_LANDMARKS.{side.upper()}", f"{side}_hand"
        eye = ("3", "0") if side == "left" else ("0", "3")
        back[f"{body}_EYE_OUTER"] = f"face_{side}_eyelid_{eye[0]}"
        back[f"{body}_EYE_INNER"] = f"face_{side}_eyelid_{eye[1]}"
        back[f"POSE_LANDMARKS.MOUTH_{side.upper()}"] = f"face_outer_lip_{6 if side == 'left' else 0}"
        for point, name in (("PINKY", "little_1"), ("INDEX", "index_1"), ("THUMB", "thumb_2")):
            back[f"{body}_{point}"] = f"{hand}_{name}"
    return Mapping("mediapipe-holistic-543", DWPOSE_NAMES, names, back)


FROM_DWPOSE = _full_mapping()
