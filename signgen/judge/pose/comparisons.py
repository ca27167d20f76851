"""Comparisons of one hypothesis with its reference, each with its recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from signgen.judge.pose import movement
from signgen.judge.pose.dtw import Alignment, Cost, align, warp_keypoints
from signgen.judge.pose.parts import part_of
from signgen.judge.pose.procrustes import hand_errors
from signgen.judge.pose.tracks import Tracks
from signgen.pose.sequence import PoseSequence


@dataclass(frozen=True, eq=False)
class Matched:
    """A hypothesis beside its reference, ready to be compared; alignments are computed once.

    Attributes:
        poses: hypothesis and reference as they came.
        hypothesis: tracks of all keypoints.
        reference: likewise, at the same rate.
    """

    poses: tuple[PoseSequence, PoseSequence]
    hypothesis: Tracks
    reference: Tracks
    _aligned: dict[tuple[str, Cost], Alignment] = field(default_factory=dict, repr=False)

    def parts(self, part: str) -> tuple[Tracks, Tracks]:
        """The tracks of one part."""
        return part_of(self.hypothesis, part), part_of(self.reference, part)

    def alignment(self, part: str, cost: Cost = "mean") -> Alignment:
        """The best path of one part."""
        if (part, cost) not in self._aligned:
            self._aligned[part, cost] = align(*self.parts(part), cost)
        return self._aligned[part, cost]


@dataclass(frozen=True)
class Found:
    """What a comparison says of one pair: the fraction ``over / under`` (several are averaged over the corpus).

    Attributes:
        over: numerators; all 0 where there is no value.
        under: denominators; 1 for a plain mean over samples, 0 where there is no value.
        masked: share of what should have been compared and was missing; None if nothing can be missing.
    """

    over: tuple[float, ...]
    under: tuple[float, ...]
    masked: float | None = None


@dataclass(frozen=True)
class Comparison:
    """A figure of a pair, by name.

    Attributes:
        name: of the score.
        find: takes it.
        recipe: what its value depends on, beside the profile's settings.
        is_better_high: as in `signgen.judge.score.Score`.
    """

    name: str
    find: Callable[[Matched], Found]
    recipe: dict[str, str]
    is_better_high: bool | None = None


def _plain(value: float, masked: float | None = None) -> Found:
    return Found((value,), (1.0,), masked) if np.isfinite(value) else Found((0.0,), (0.0,), masked)


def dtw_mje(part: str) -> Comparison:
    """Mean distance of keypoints [shoulder widths] along the best path of the part; mean over samples."""

    def find(matched: Matched) -> Found:
        found = matched.alignment(part)
        return _plain(found.mean, found.masked)

    recipe = {"part": part, "dtw": "exact", "cost": "mean-distance", "missing": "skip", "mean": "path,sample"}
    return Comparison(f"DTW-MJE {part}", find, recipe, is_better_high=False)


def dtw_mje_pooled(part: str) -> Comparison:
    """Mean over all path points of the corpus, of paths that minimise the norm of whole frames."""

    def find(matched: Matched) -> Found:
        found = matched.alignment(part, "norm")
        return Found((float(found.errors.sum()),), (float(len(found.errors)),), found.masked)

    recipe = {"part": part, "dtw": "exact", "cost": "norm", "missing": "skip", "mean": "path-pooled"}
    return Comparison("DTW-MJE", find, recipe, is_better_high=False)


def dtw_absolute(part: str) -> Comparison:
    """Sum of absolute differences along the best path, over the frames of the reference."""

    def find(matched: Matched) -> Found:
        found = matched.alignment(part, "absolute")
        return _plain(found.total / len(matched.reference), found.masked)

    recipe = {
        "part": part,
        "dtw": "exact",
        "cost": "absolute",
        "missing": "skip",
        "mean": "reference-frame,sample",
    }
    return Comparison("DTW", find, recipe, is_better_high=False)


def dtw_each(part: str) -> Comparison:
    """Each keypoint on a path of its own: root of the sum of squared distances, mean over keypoints and samples."""

    def find(matched: Matched) -> Found:
        hypothesis, reference = matched.parts(part)
        values = warp_keypoints(hypothesis, reference, is_squared=True)
        expected = reference.seen.any(axis=0)
        found = values[expected & np.isfinite(values)]
        return _plain(found.mean() if len(found) else np.nan, _missing(hypothesis, reference))

    recipe = {"part": part, "dtw": "exact", "cost": "squared", "missing": "skip", "mean": "keypoint,sample"}
    return Comparison(f"DTWp {part}", find, recipe, is_better_high=False)


def dtw_punished(part: str) -> Comparison:
    """Ham2Pose's: each keypoint on a path of its own, half the reference's distance for what the hypothesis lacks."""

    def find(matched: Matched) -> Found:
        from signgen.judge.pose.dtw_kernels import warp_punished

        hypothesis, reference = matched.parts(part)
        sums = warp_punished(hypothesis.points, hypothesis.seen, reference.points, reference.seen)
        return _plain(float(sums.mean()), _missing(hypothesis, reference))

    recipe = {
        "part": part,
        "dtw": "exact",
        "cost": "distance",
        "missing": "ref:0,hyp:half",
        "mean": "keypoint,sample",
    }
    return Comparison("nDTW-MJE", find, recipe, is_better_high=False)


def pa_mpjpe_hands() -> Comparison:
    """Distance of the keypoints of a hand after the best similarity, along the best path of the hands' shape."""

    def find(matched: Matched) -> Found:
        errors, masked = hand_errors(*matched.parts("hands"), matched.alignment("hands-wrist"))
        return _plain(errors.mean() if len(errors) else np.nan, masked)

    recipe = {"part": "hands", "dtw": "exact", "path": "hands-wrist", "fit": "similarity", "missing": "skip",
              "mean": "hand,sample"}  # fmt: skip
    return Comparison("PA-MPJPE hands", find, recipe, is_better_high=False)


def duration() -> Comparison:
    """Duration of the hypothesis / of the reference, in seconds; mean over samples."""

    def find(matched: Matched) -> Found:
        hypothesis, reference = matched.poses
        return _plain(hypothesis.seconds / reference.seconds)

    return Comparison("duration ratio", find, {"unit": "seconds", "mean": "sample"})


def total_distance(part: str) -> Comparison:
    """Way of the part / of the reference's, both summed over keypoints and samples."""

    def find(matched: Matched) -> Found:
        hypothesis, reference = matched.parts(part)
        ways = [np.nansum(movement.distances(tracks)) for tracks in (hypothesis, reference)]
        return Found((float(ways[0]),), (float(ways[1]),), _missing(hypothesis, reference))

    recipe = {"part": part, "missing": "straight", "mean": "pooled"}
    return Comparison(f"Total Distance {part}", find, recipe)


def total_distance_by_side() -> Comparison:
    """Mean way of each wrist over the corpus / of the reference's, averaged over the two wrists."""

    def find(matched: Matched) -> Found:
        tracks = matched.parts("wrists")
        ways = [np.nan_to_num(movement.distances(track)) for track in tracks]
        return Found(tuple(ways[0].tolist()), tuple(ways[1].tolist()), _missing(*tracks))

    return Comparison(
        "Total Distance", find, {"part": "wrists", "missing": "straight", "mean": "pooled,side"}
    )


def jerk_ratio(part: str) -> Comparison:
    """Mean jerk of the part / of the reference's, both summed over samples: below 1 too smooth, above 1 too rough."""

    def find(matched: Matched) -> Found:
        tracks = matched.parts(part)
        jerks = [movement.mean_jerk(track) for track in tracks]
        if not np.isfinite(jerks).all():
            return Found((0.0,), (0.0,), 1.0)
        return Found((jerks[0],), (jerks[1],), _missing(*tracks))

    return Comparison(f"jerk ratio {part}", find, {"part": part, "missing": "skip", "mean": "pooled"})


def arc_length_difference(part: str) -> Comparison:
    """Mean spectral arc length less the reference's: above 0 too smooth, below 0 too rough."""

    def find(matched: Matched) -> Found:
        tracks = matched.parts(part)
        lengths = [movement.arc_lengths(track) for track in tracks]
        values = [length.mean() if len(length) else np.nan for length in lengths]
        return _plain(float(values[0] - values[1]), _missing(*tracks))

    recipe = {"part": part, "window": f"{movement.WINDOW_SECONDS:g}s", "hz": f"{movement.MAX_HZ:g}",
              "least": f"{movement.MIN_SPEED:g}", "missing": "skip", "mean": "window,sample"}  # fmt: skip
    return Comparison(f"SPARC difference {part}", find, recipe)


def duration_in_frames() -> Comparison:
    """Frames of the hypothesis / of the reference, as they are compared; mean over samples."""

    def find(matched: Matched) -> Found:
        return _plain(len(matched.hypothesis) / len(matched.reference))

    return Comparison("Average Duration", find, {"unit": "frames", "mean": "sample"})


def _missing(hypothesis: Tracks, reference: Tracks) -> float:
    """Share of missing keypoints in the frames of both, of those keypoints that the reference shows at all."""
    used = reference.seen.any(axis=0)
    if not used.any():
        return 1.0
    return 1 - float(np.concatenate([hypothesis.seen[:, used], reference.seen[:, used]]).mean())
