"""A system's videos beside the poses that they were made from: measures that can be resampled with all others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from signgen.errors import PoseError
from signgen.judge.pose.offset import best_offset
from signgen.judge.pose.score import Pair, pose_measures
from signgen.judge.pose.tally import tallied
from signgen.judge.pose.video import background_drift, background_mask, face_of, identity_drift, luma
from signgen.judge.text.measure import Measure, sign
from signgen.pose.geometry import fit_to_canvas, shoulder_frame
from signgen.pose.layout import FACE
from signgen.pose.motion import resample
from signgen.pose.sequence import PoseSequence

# A video may be cut by so much of its length, for a container rounds; beyond, frames do not belong to each other.
_SLACK, _SLACK_FRAMES = 0.02, 2
# Drift is slow: so many frames of a clip are enough to see it.
_LOOKS = 8
PICTURE = (
    "flicker",
    "background colours kept",
    "background structure kept",
    "face colours kept",
    "face kept",
)
OFFSET = "temporal offset ms"


def pair_measures(
    found: Sequence[PoseSequence], asked: Sequence[PoseSequence]
) -> tuple[list[Measure], dict[int, str]]:
    """Poses found in videos beside those asked for, frame by frame on one canvas.

    Args:
        found: (n,) in the videos.
        asked: (n,) that the videos were made from.

    Returns:
        PCK, OKS, confidence, loss and exchange of hands, jerk and the best temporal offset; a clip that cannot be
        compared counts nowhere. And why, by the number of each such clip.
    """
    pairs: dict[int, Pair] = {}
    unlike: dict[int, str] = {}
    for place, both in enumerate(zip(found, asked, strict=True)):
        try:
            pairs[place] = matched(*both)
        except PoseError as error:
            unlike[place] = str(error)
    if not pairs:
        return [], unlike
    ready = list(pairs.values())
    measures = [*pose_measures(ready, "aligned"), _offsets(ready)]
    return [_spread(measure, list(pairs), len(found)) for measure in measures], unlike


def matched(found: PoseSequence, asked: PoseSequence) -> Pair:
    """Both at the rate, on the canvas and of the length of what was asked for.

    Raises:
        PoseError: they are not of one clip (their lengths or the shapes of their canvases differ), or one of them
            never shows the shoulders.
    """
    if found.fps != asked.fps:
        found = resample(found, asked.fps)
    if abs(len(found) - len(asked)) > max(_SLACK_FRAMES, _SLACK * len(asked)):
        raise PoseError(f"{len(found)} frames were found where {len(asked)} were asked for")
    if (found.width, found.height) != (asked.width, asked.height):
        if abs(found.width * asked.height - found.height * asked.width) > max(asked.width, asked.height) * 2:
            raise PoseError(
                f"the video is {found.width}x{found.height} and the poses asked for are on {asked.width}x{asked.height}"
            )
        found = fit_to_canvas(found, asked.width, asked.height)
    count = min(len(found), len(asked))
    pair = found[:count], asked[:count]
    for poses in pair:
        shoulder_frame(poses)
    return pair


def picture_figures(frames: Iterable[np.ndarray], poses: PoseSequence) -> np.ndarray:
    """(5,) figures of one video by the names of `PICTURE`, NaN where there is nothing to see.

    Flicker is the mean change of luma of still pixels from frame to frame [levels of 255]. The others compare up to
    eight frames with the first: 1 is the same picture.

    Args:
        frames: (H, W, 3) uint8 RGB, one by one.
        poses: found in them, on their canvas.

    Raises:
        PoseError: nobody is seen.
        RenderError: frames that do not fit the poses.
    """
    mask = background_mask(poses)
    chosen = set(np.linspace(0, len(poses) - 1, min(_LOOKS, len(poses))).round().astype(int).tolist())
    first = face = before = None
    steps, drifts = [], []
    # A video of uneven times has other numbers of pictures and of poses: what has no counterpart is left out.
    for number, frame in zip(range(len(poses)), frames, strict=False):
        still = luma(frame[None])[0][mask]
        if before is not None and still.size:
            steps.append(float(np.abs(still - before).mean(dtype=np.float64)))
        before = still
        if number in chosen:
            first = frame if first is None else first
            face = face_of(frame, poses.keypoints[number, FACE]) if face is None else face
            behind = background_drift(frame[None], mask, first)
            who = identity_drift(frame[None], poses[number : number + 1], face)
            drifts.append([behind.histogram[0], behind.structure[0], who.histogram[0], who.structure[0]])
    columns = np.array(drifts, np.float64).reshape(-1, 4)
    return np.array([_mean(np.array(steps)), *(_mean(column) for column in columns.T)])


def picture_measures(rows: np.ndarray) -> list[Measure]:
    """(n, 5) `picture_figures` of all clips -> measures of the corpus: means over the clips that have a value."""
    recipe = {"against": "first-frame", "mean": "frame,sample"}
    measures = []
    for name, column in zip(PICTURE, np.asarray(rows, np.float64).reshape(-1, len(PICTURE)).T, strict=True):
        known = np.isfinite(column)
        over, under = np.where(known, column, 0)[:, None], known[:, None].astype(np.float64)
        measures.append(tallied(name, over, under, sign(picture=name, **recipe), name != "flicker"))
    return measures


def _offsets(pairs: Sequence[Pair]) -> Measure:
    """By how many milliseconds videos run behind, either way; 0 is right."""
    each = np.array([_offset(pair) for pair in pairs])
    known = np.isfinite(each)
    over, under = np.where(known, each, 0)[:, None], known[:, None].astype(np.float64)
    return tallied(OFFSET, over, under, sign(offset="least-distance", mean="absolute,sample"), False)


def _offset(pair: Pair) -> float:
    try:
        return abs(best_offset(*pair).frames) * 1000 / pair[1].fps
    except PoseError:
        return np.nan


def _spread(measure: Measure, places: Sequence[int], count: int) -> Measure:
    """The measure over all clips: those that could not be compared add nothing."""
    statistics = np.zeros((count, measure.statistics.shape[1]))
    statistics[list(places)] = measure.statistics
    return replace(measure, statistics=statistics)


def _mean(values: np.ndarray) -> float:
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else np.nan
