"""Hands drawn a second time, larger, and blended in: the second pass of any renderer that can draw crops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, repeat
from typing import Any, TypeAlias

import numpy as np

from signgen.errors import RenderError
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame, Renderer
from signgen.render.diffusion.crops import Redraws
from signgen.render.diffusion.hand_boxes import HandTrack, track_hands
from signgen.render.diffusion.resample import Box, resample, to_bytes

# Crops that would be larger than the hand already is by less than this are not worth a second pass.
LEAST_GAIN = 1.1
# Crops for poses on the canvas of crops, of a span of frames.
Draw: TypeAlias = Callable[[PoseSequence, range], Iterator[Frame]]


def care_for_hands(
    frames: Iterator[Frame],
    place: Callable[[int, int], PoseSequence],
    renderer: Renderer,
    *,
    size: int,
    room: float,
    seed: int,
    report: dict[str, Any],
) -> Iterator[Frame]:
    """Frames with hands that were drawn again at ``size`` px a side.

    Args:
        frames: of the first pass, one for each pose.
        place: the poses in frames of a width and height, such as by `poses_in_frames`.
        renderer: draws the crops; of `crop_renderer`.
        size: of the crops [px].
        room: side of a crop in sizes of the hand.
        seed: of the second pass.
        report: filled with what was done.

    Raises:
        RenderError: a renderer gave fewer frames than poses.
    """
    first = next(frames, None)
    if first is None:
        return
    height, width = first.shape[:2]
    poses = place(width, height)
    tracks = track_hands(poses.keypoints, poses.fps, width, height, room=room)
    report["hands"] = [_described(track, size) for track in tracks]
    useful = [track for track in tracks if size / track.side >= LEAST_GAIN]
    whole = chain([first], frames)
    if isinstance(renderer, Redraws):
        yield from _in_two_passes(whole, poses, useful, renderer, size, seed)
        return
    crops = [_crops(poses, track, renderer, size, seed) for track in useful]
    for number, frame in enumerate(_as_many(whole, len(poses))):
        yield _blended(frame, [(t, next(c)) for t, c in zip(useful, crops, strict=True)], number)


def _in_two_passes(
    frames: Iterator[Frame],
    poses: PoseSequence,
    tracks: Sequence[HandTrack],
    renderer: Redraws,
    size: int,
    seed: int,
) -> Iterator[Frame]:
    """As `care_for_hands` where the second pass starts from the first, which waits on disk."""
    from signgen.render.diffusion.store import LatentStore

    with ExitStack() as stack:
        store: LatentStore | None = None
        for number, frame in enumerate(_as_many(frames, len(poses))):
            if store is None:
                store = stack.enter_context(LatentStore(len(poses), frame.shape, dtype=np.uint8))
            store.write_array([number], frame[None])
        if store is None:
            return

        def shown(track: HandTrack, span: range) -> Iterator[Frame]:
            for number in span:
                yield to_bytes(resample(store.read_array([number])[0], track.box(number), size, size))

        crops = []
        for track in tracks:
            redraw = _redraw(renderer, track, shown, seed)
            crops.append(_spans(poses, track, size, redraw))
        for number in range(len(poses)):
            frame = np.array(store.read_array([number])[0])
            yield _blended(frame, [(t, next(c)) for t, c in zip(tracks, crops, strict=True)], number)


def _redraw(
    renderer: Redraws, track: HandTrack, shown: Callable[[HandTrack, range], Iterator[Frame]], seed: int
) -> Draw:
    return lambda poses, span: renderer.redraw(shown(track, span), poses, seed=seed)


def _crops(
    poses: PoseSequence, track: HandTrack, renderer: Renderer, size: int, seed: int
) -> Iterator[Frame | None]:
    return _spans(poses, track, size, lambda part, _: renderer(part, seed=seed))


def _spans(
    poses: PoseSequence,
    track: HandTrack,
    size: int,
    draw: Draw,
) -> Iterator[Frame | None]:
    """The crop of each frame, None where the hand is not there."""
    done = 0
    for span in track.spans():
        yield from repeat(None, span.start - done)
        count = 0
        for crop in draw(crop_poses(poses, track, span, size), span):
            yield crop
            count += 1
        if count != len(span):
            raise RenderError(
                f"{track.name} hand: {count} crops came back for frames {span.start} to {span.stop - 1}"
            )
        done = span.stop
    yield from repeat(None, len(poses) - done)


def crop_poses(poses: PoseSequence, track: HandTrack, span: range, size: int) -> PoseSequence:
    """Poses of a span on the canvas of a hand's crop; the rest of the signer lies outside of it.

    Args:
        poses: the clip, in pixels of the frames.
        track: the hand.
        span: frames.
        size: of the crop [px].
    """
    part = slice(span.start, span.stop)
    scale = size / track.side
    moved = poses.keypoints[part].astype(np.float64)
    moved[..., :2] = (moved[..., :2] - (track.centres[part] - track.side / 2)[:, None]) * scale
    moved[moved[..., 2] == 0] = 0
    depth = None if poses.depth is None else poses.depth[part] * scale
    return poses.replace(keypoints=moved, depth=depth, width=size, height=size)


def _as_many(frames: Iterator[Frame], count: int) -> Iterator[Frame]:
    """Frames, exactly so many.

    Raises:
        RenderError: there are more or fewer.
    """
    done = 0
    for frame in frames:
        done += 1
        if done > count:
            break
        yield frame
    if done != count:
        raise RenderError(
            f"{'more than ' if done > count else ''}{min(done, count)} frames came back for {count} poses"
        )


def _blended(frame: Frame, crops: Sequence[tuple[HandTrack, Frame | None]], number: int) -> Frame:
    """A frame with the crops laid on the hands."""
    height, width = frame.shape[:2]
    total = np.zeros((height, width, 1), np.float32)
    laid = np.zeros((height, width, 3), np.float32)
    touched: list[tuple[slice, slice]] = []
    for track, crop in crops:
        if crop is None:
            continue
        place = _lay(track, crop, number, total, laid)
        if place is not None:
            touched.append(place)
    out = frame
    for place in touched:
        out = frame.copy() if out is frame else out
        share = np.maximum(total[place], 1)
        mixed = frame[place] * (1 - total[place] / share) + laid[place] / share
        out[place] = to_bytes(mixed)
    return out


def _lay(
    track: HandTrack, crop: Frame, number: int, total: np.ndarray, laid: np.ndarray
) -> tuple[slice, slice] | None:
    """Add a crop and its mask to the sums; the part of the frame it covers, if any."""
    height, width = total.shape[:2]
    box, size = track.box(number), len(crop)
    left, right = max(0, int(np.ceil(box.left))), min(width, int(np.floor(box.right)))
    top, bottom = max(0, int(np.ceil(box.top))), min(height, int(np.floor(box.bottom)))
    if left >= right or top >= bottom:
        return None
    scale = size / track.side
    edges = ((left, box.left), (top, box.top), (right, box.left), (bottom, box.top))
    inside = Box(*((edge - start) * scale for edge, start in edges))
    mask = track.mask(number, size)[..., None]
    picture = np.concatenate([crop * mask, mask], axis=2)
    small = resample(picture, inside, right - left, bottom - top)
    place = (slice(top, bottom), slice(left, right))
    laid[place] += small[..., :3]
    total[place] += small[..., 3:]
    return place


def _described(track: HandTrack, size: int) -> dict[str, Any]:
    gain = size / track.side
    return {
        "hand": track.name,
        "frames": int((track.blend > 0).sum()),
        "box": round(track.side, 1),
        "gain": round(gain, 2),
        "redrawn": gain >= LEAST_GAIN,
    }
