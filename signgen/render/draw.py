"""Poses drawn as skeletons, in the styles that generators were trained on and in one for people to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias, get_args

import numpy as np

from signgen.config import did_you_mean
from signgen.errors import ConfigError
from signgen.pose.layout import FACE
from signgen.pose.sequence import PoseSequence
from signgen.render.base import Frame

Style: TypeAlias = Literal["openpose", "controlnet", "mimicmotion", "wan"]
Colour: TypeAlias = tuple[int, int, int]
Sizes: TypeAlias = tuple[int, int, int, int, int]

STYLES: tuple[str, ...] = get_args(Style)
MAX_PIXELS = 1 << 26
MIMICMOTION_SIDE = 2160  # short side of the canvas that MimicMotion draws on before it resizes [px]
WAN_SIDE = 1200  # from this short side on, strokes of Wan-Animate would be wider than the kernels draw [px]
WAN_SURE = 0.5  # Wan-Animate draws keypoints of at least this confidence

Draw: TypeAlias = Callable[[np.ndarray, Frame], None]


def draw(
    poses: PoseSequence,
    style: str = "openpose",
    *,
    width: int | None = None,
    height: int | None = None,
    background: Colour | None = None,
) -> Iterator[Frame]:
    """Draw each pose as a picture.

    Args:
        poses: the poses.
        style: ``openpose`` (smooth, for people), ``controlnet`` (pixel for pixel the picture of
            controlnet_aux's DWPose detector), ``mimicmotion`` (that of MimicMotion: brightness follows
            confidence, red and blue swapped) or ``wan`` (that of Wan-Animate's preprocessing: no face, strokes
            as wide as the picture asks, confidence of at least 0.5). The last three are conditions for
            generators: their colours and widths are fixed.
        width: width of the frames [px]; by default that of the canvas, or what keeps its shape.
        height: height of the frames [px], likewise. Odd sizes grow by one. Poses are scaled by one factor
            and centred, never stretched.
        background: red, green, blue from 0 to 255; for ``openpose`` alone.

    Yields:
        (height, width, 3) uint8 RGB, a new array for each pose.

    Raises:
        ConfigError: an unknown style, a size out of range, or a background for a fixed style.
    """
    size = frame_size(poses, width, height)
    paint = painter(style, *size, background=background)
    return _frames(fitted(poses, *size), paint, size)


def draw_into(keypoints: np.ndarray, frames: np.ndarray, style: str = "openpose") -> None:
    """Draw keypoints in pixels of the frames into frames that exist, without allocating one.

    Args:
        keypoints: (T, 128, 3) float32 x, y [px], confidence.
        frames: (T, H, W, 3) uint8 RGB, overwritten.
        style: as in `draw`.
    """
    paint = painter(style, frames.shape[2], frames.shape[1])
    for points, frame in zip(keypoints, frames, strict=True):
        paint(points, frame)


def frame_size(poses: PoseSequence, width: int | None = None, height: int | None = None) -> tuple[int, int]:
    """Width and height of the frames, both even: as asked, or as the canvas, or keeping its shape."""
    if width is None:
        width = poses.width if height is None else max(1, round(height * poses.width / poses.height))
    if height is None:
        height = poses.height if width == poses.width else max(1, round(width * poses.height / poses.width))
    for name, side in (("width", width), ("height", height)):
        if side < 1:
            raise ConfigError(f"{name}: a frame needs at least 1 pixel, got {side}")
    width, height = width + width % 2, height + height % 2
    if width * height > MAX_PIXELS:
        raise ConfigError(f"size: {width} x {height} pixels are too many for a frame; ask for a smaller size")
    return width, height


def fitted(poses: PoseSequence, width: int, height: int) -> np.ndarray:
    """(T, 128, 3) float32 keypoints in pixels of a frame, centred and scaled by one factor.

    A frame that is the canvas, or the canvas made even, keeps them as they are.
    """
    if width - poses.width in (0, poses.width % 2) and height - poses.height in (0, poses.height % 2):
        return poses.keypoints
    scale = min(width / poses.width, height / poses.height)
    shift = (width - scale * poses.width) / 2, (height - scale * poses.height) / 2
    keypoints = poses.keypoints.copy()
    keypoints[..., :2] = keypoints[..., :2] * np.float32(scale) + np.array(shift, dtype=np.float32)
    keypoints[keypoints[..., 2] == 0] = 0
    return keypoints


def painter(style: str, width: int, height: int, *, background: Colour | None = None) -> Draw:
    """A function that draws (128, 3) float32 keypoints into one frame; it owns the memory it works in."""
    if style not in STYLES:
        raise ConfigError(f"style: no style called {style!r}{did_you_mean(style, STYLES)}")
    if style == "openpose":
        return _smooth(width, height, background)
    if background is not None:
        raise ConfigError(f"background: {style} pictures are black by definition; use style openpose")
    return {"controlnet": _controlnet, "mimicmotion": _mimicmotion, "wan": _wan}[style](width, height)


def overlay(width: int, height: int) -> Draw:
    """A function that draws (128, 3) float32 keypoints over the frame it is given, in style openpose."""
    from signgen.render.kernels.smooth import draw_strokes
    from signgen.render.look import BACKGROUND, strokes

    rows, nothing, unit = strokes(BACKGROUND), np.empty(0, np.uint8), min(width, height) / 512

    def draw_over(points: np.ndarray, frame: Frame) -> None:
        draw_strokes(frame, points, rows, unit, nothing)

    return draw_over


def _frames(keypoints: np.ndarray, paint: Draw, size: tuple[int, int]) -> Iterator[Frame]:
    width, height = size
    for points in keypoints:
        frame = np.empty((height, width, 3), dtype=np.uint8)
        paint(points, frame)
        yield frame


def _smooth(width: int, height: int, background: Colour | None) -> Draw:
    from signgen.render.kernels.smooth import draw_strokes
    from signgen.render.look import BACKGROUND, strokes

    colour = np.array(BACKGROUND if background is None else background, dtype=np.uint8)
    rows = strokes(BACKGROUND if background is None else background)
    unit = min(width, height) / 512

    def draw_one(points: np.ndarray, frame: Frame) -> None:
        draw_strokes(frame, points, rows, unit, colour)

    return draw_one


def _controlnet(width: int, height: int, sizes: Sizes | None = None) -> Draw:
    from signgen.render.kernels.paint import paint
    from signgen.render.kernels.rows import scratch
    from signgen.render.kernels.shapes import SIZES, empty_shapes, list_shapes

    rows, corners = scratch(height)
    shapes, placed = empty_shapes()

    def draw_one(points: np.ndarray, frame: Frame) -> None:
        count = list_shapes(points, width, height, width, height, False, shapes, placed)
        paint(frame, shapes, count, sizes or SIZES, rows, corners)

    return draw_one


def _wan(width: int, height: int) -> Draw:
    """As `_controlnet` without the face, with another threshold and with strokes by the short side."""
    if min(width, height) >= WAN_SIDE:
        raise ConfigError(f"size: wan pictures have at most {WAN_SIDE - 1} px on the short side")
    stick = max(min(width, height) // 200 - 1, 1)
    thin = max(stick // 2, 1)
    draw_shapes = _controlnet(width, height, (stick, thin, stick, 0, thin))

    def draw_one(points: np.ndarray, frame: Frame) -> None:
        shown = points.copy()
        shown[:, 2] = points[:, 2] >= WAN_SURE
        shown[FACE, 2] = 0
        draw_shapes(shown, frame)

    return draw_one


def _mimicmotion(width: int, height: int) -> Draw:
    from signgen.render.kernels.paint import paint_sampled, sampled_canvas
    from signgen.render.kernels.rows import scratch
    from signgen.render.kernels.shapes import empty_shapes, list_shapes

    scale = MIMICMOTION_SIDE / min(width, height)
    if scale < 1:
        raise ConfigError(f"size: mimicmotion pictures have at most {MIMICMOTION_SIDE} px on the short side")
    wide, high = int(width * scale), int(height * scale)
    canvas = sampled_canvas(wide, high, width, height)
    rows, corners = scratch(high)
    shapes, placed = empty_shapes()

    def draw_one(points: np.ndarray, frame: Frame) -> None:
        count = list_shapes(points, width, height, wide, high, True, shapes, placed)
        paint_sampled(frame, shapes, count, rows, corners, canvas)

    return draw_one


def by_short_side(
    poses: PoseSequence, size: int | None, width: int | None, height: int | None
) -> tuple[int | None, int | None]:
    """Width and height asked for [px], or those of the canvas scaled to a short side of ``size``.

    Raises:
        ConfigError: both are given.
    """
    if size is None:
        return width, height
    if width is not None or height is not None:
        raise ConfigError("renderer.size: give size, or width and height, not both")
    scale = size / min(poses.width, poses.height)
    return round(poses.width * scale), round(poses.height * scale)
