"""Comparisons of poses that belong frame to frame, such as those asked of a renderer and those found in its video."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from signgen.errors import PoseError
from signgen.judge.pose.comparisons import Comparison, Found, Matched
from signgen.judge.pose.parts import PARTS
from signgen.pose.geometry import shoulder_frame
from signgen.pose.layout import LEFT_HAND, LEFT_WRIST, NUM_KEYPOINTS, RIGHT_HAND, RIGHT_WRIST
from signgen.pose.sequence import PoseSequence

# A hand point below this confidence is a guess.
WEAK = 0.3
# Hands nearer to each other than so many shoulder widths can be mistaken without harm.
_APART = 0.5
# Without outlines of people, their area is taken as this share of the box round their keypoints (CrowdPose).
_AREA_SHARE = 0.53
# COCO-WholeBody's spread of annotations per keypoint, in our order; the neck, which COCO lacks, as a shoulder.
# fmt: off
_BODY_SIGMAS = [.026, .079, .079, .072, .062, .079, .072, .062, .107, .087, .089, .107, .087, .089, .025, .025, .035,
                .035]
_HAND_SIGMAS = [.029, .022, .035, .037, .047, .026, .025, .024, .035, .018, .024, .022, .026, .017, .021, .021, .032,
                .020, .019, .022, .031]
_FACE_SIGMAS = [.042, .043, .044, .043, .040, .035, .031, .025, .020, .023, .029, .032, .037, .038, .043, .041, .045,
                .013, .012, .011, .011, .012, .012, .011, .011, .013, .015, .009, .007, .007, .007, .012, .009, .008,
                .016, .010, .017, .011, .009, .011, .009, .007, .013, .008, .011, .012, .010, .034, .008, .008, .009,
                .008, .008, .007, .010, .008, .009, .009, .009, .007, .007, .008, .011, .008, .008, .008, .010, .008]
# fmt: on
SIGMAS = np.array([*_BODY_SIGMAS, *_HAND_SIGMAS, *_HAND_SIGMAS, *_FACE_SIGMAS])


def check_aligned(found: PoseSequence, asked: PoseSequence) -> None:
    """Raise PoseError unless two sequences have one length, rate and canvas."""
    for name, a, b in (
        ("frames", len(found), len(asked)),
        ("fps", found.fps, asked.fps),
        ("canvas", (found.width, found.height), (asked.width, asked.height)),
    ):
        if a != b:
            raise PoseError(
                f"{name}: the hypothesis has {a} and the reference {b}, and this profile compares them frame by "
                "frame on one canvas; resample, cut or fit them first"
            )


def pck_each(found: PoseSequence, asked: PoseSequence, part: str, share: float) -> np.ndarray:
    """(N,) bool for each keypoint that ``asked`` shows: whether ``found`` has it within ``share`` shoulder widths.

    Positions are compared on the canvas as they are. A keypoint that was not found is not correct.
    """
    keypoints = PARTS[part].keypoints
    distance = np.linalg.norm(found.xy[:, keypoints].astype(np.float64) - asked.xy[:, keypoints], axis=2)
    limit = share * shoulder_frame(asked).width
    is_near = (found.confidence[:, keypoints] > 0) & (distance <= limit)
    each: np.ndarray = is_near[asked.confidence[:, keypoints] > 0]
    return each


def oks_each(found: PoseSequence, asked: PoseSequence) -> np.ndarray:
    """(T,) COCO's object keypoint similarity of each frame, NaN where ``asked`` shows nothing.

    A keypoint that was not found has similarity 0; the area is a share of the box round the asked keypoints.
    """
    seen = asked.confidence > 0
    squared = np.sum((found.xy.astype(np.float64) - asked.xy) ** 2, axis=2)
    spread = 2 * (2 * SIGMAS) ** 2 * np.maximum(_areas(asked), np.spacing(1.0))[:, None]
    similar = np.where(found.confidence > 0, np.exp(-squared / spread), 0) * seen
    counts = seen.sum(axis=1)
    return np.where(counts > 0, similar.sum(axis=1) / np.maximum(counts, 1), np.nan)


def hand_confidence(poses: PoseSequence) -> tuple[float, float]:
    """Mean confidence of the hand keypoints, and share of frames in which a hand's mean is below `WEAK`."""
    hands = np.stack([poses.part(hand)[..., 2].mean(axis=1) for hand in (LEFT_HAND, RIGHT_HAND)])
    if not hands.size:
        return np.nan, np.nan
    return float(hands.mean()), float((hands < WEAK).mean())


def pck(part: str, share: float) -> Comparison:
    """Share of keypoints of the reference that were found within ``share`` shoulder widths; pooled."""

    def find(matched: Matched) -> Found:
        each = pck_each(*matched.poses, part, share)
        return Found((float(each.sum()),), (float(len(each)),), _not_found(matched, PARTS[part].keypoints))

    recipe = {"part": part, "within": f"{share:g}sw", "missing": "wrong", "mean": "pooled"}
    return Comparison(f"PCK@{share:g} {part}", find, recipe, is_better_high=True)


def oks() -> Comparison:
    """Mean object keypoint similarity over frames, then samples."""

    def find(matched: Matched) -> Found:
        each = oks_each(*matched.poses)
        each = each[np.isfinite(each)]
        masked = _not_found(matched, np.arange(NUM_KEYPOINTS))
        return Found((float(each.mean()),), (1.0,), masked) if len(each) else Found((0.0,), (0.0,), masked)

    recipe = {"part": "layout", "sigmas": "coco-wholebody", "area": f"box*{_AREA_SHARE:g}", "missing": "0",
              "mean": "frame,sample"}  # fmt: skip
    return Comparison("OKS", find, recipe, is_better_high=True)


def hand_confidence_ratio() -> Comparison:
    """Mean confidence of the hands / of the reference's; pooled."""
    return _of_hands("hand confidence ratio", 0, lambda asked: asked, None)


def weak_hands() -> Comparison:
    """Share of hands, frame by frame, whose mean confidence is below `WEAK`; mean over samples."""
    return _of_hands("weak hands", 1, lambda _: 1.0, is_better_high=False)


def lost_hands() -> Comparison:
    """Share of hands that the reference shows, frame by frame, of which nothing was found; pooled."""

    def find(matched: Matched) -> Found:
        found, asked = (_shown_hands(poses) for poses in matched.poses)
        return Found((float((asked & ~found).sum()),), (float(asked.sum()),))

    return Comparison("lost hands", find, {"part": "hands", "mean": "pooled"}, is_better_high=False)


def swapped_hands() -> Comparison:
    """Share of found hands that lie nearer to the other wrist of the reference than to their own; pooled.

    Only frames count in which the reference shows both wrists at least half a shoulder width apart.
    """

    def find(matched: Matched) -> Found:
        found, asked = matched.poses
        wrists = asked.keypoints[:, [LEFT_WRIST, RIGHT_WRIST]].astype(np.float64)
        apart = np.linalg.norm(wrists[:, 0, :2] - wrists[:, 1, :2], axis=1)
        clear = (wrists[..., 2] > 0).all(axis=1) & (apart >= _APART * shoulder_frame(asked).width)
        roots = found.keypoints[:, [LEFT_HAND.start, RIGHT_HAND.start]].astype(np.float64)
        ways = [np.linalg.norm(roots[..., :2] - wrists[:, order, :2], axis=2) for order in ([0, 1], [1, 0])]
        counted = (roots[..., 2] > 0) & clear[:, None]
        return Found((float((counted & (ways[1] < ways[0])).sum()),), (float(counted.sum()),))

    return Comparison(
        "swapped hands",
        find,
        {"part": "hands", "apart": f"{_APART:g}sw", "mean": "pooled"},
        is_better_high=False,
    )


def _shown_hands(poses: PoseSequence) -> np.ndarray:
    """(T, 2) bool: whether anything of each hand is shown."""
    return np.stack([(poses.part(hand)[..., 2] > 0).any(axis=1) for hand in (LEFT_HAND, RIGHT_HAND)], axis=1)


def _of_hands(
    name: str, index: int, under: Callable[[float], float], is_better_high: bool | None
) -> Comparison:
    def find(matched: Matched) -> Found:
        found, asked = (hand_confidence(poses)[index] for poses in matched.poses)
        return Found((found,), (under(asked),))

    return Comparison(name, find, {"part": "hands", "weak": f"{WEAK:g}", "mean": "pooled"}, is_better_high)


def _areas(poses: PoseSequence) -> np.ndarray:
    """(T,) area of the person in each frame [px^2]."""
    seen = (poses.confidence > 0)[..., None]
    low = np.where(seen, poses.xy, np.inf).min(axis=1)
    high = np.where(seen, poses.xy, -np.inf).max(axis=1)
    areas: np.ndarray = _AREA_SHARE * np.prod(np.maximum(high - low, 0), axis=1, dtype=np.float64)
    return areas


def _not_found(matched: Matched, keypoints: np.ndarray) -> float:
    """Share of the keypoints shown by the reference that the hypothesis lacks."""
    found, asked = (poses.confidence[:, keypoints] > 0 for poses in matched.poses)
    return float(1 - found[asked].mean()) if asked.any() else 1.0
