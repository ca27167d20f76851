"""What stands behind the signer: a plain colour, a gradient or a picture."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from signgen.data.files import read_file
from signgen.errors import DataError
from signgen.render.mesh.colour import to_linear
from signgen.render.mesh.model import Colour
from signgen.render.signer.looks import BACKDROPS, colour

MAX_PICTURE_BYTES = 32 << 20
MAX_PICTURE_PIXELS = 1 << 26
# First bytes of a picture and the decoder for it: no container is opened, which could lead to other files.
DECODERS = {b"\x89PNG\r\n": "png", b"\xff\xd8\xff": "mjpeg", b"RIFF": "webp", b"BM": "bmp"}


def plain(width: int, height: int, colour: Colour) -> np.ndarray:
    """(height, width, 3) float32 linear RGB of one colour."""
    return np.tile(to_linear(colour), (height, width, 1))


def gradient(width: int, height: int, colour: Colour) -> np.ndarray:
    """(height, width, 3) float32 linear RGB: a studio wall, lighter behind the head, darker in the corners."""
    x = (np.arange(width) + 0.5) / width - 0.5
    y = (np.arange(height) + 0.5) / height - 0.36
    far = (x[None] / 0.75) ** 2 + (y[:, None] / 0.8) ** 2
    share = 1.12 - 0.42 * np.clip(far, 0, 1)
    # A grain of half a step of 8 bits keeps bands out of the smooth wall.
    grain = np.random.default_rng(5).uniform(-0.5, 0.5, (height, width)) / 400
    return np.asarray(
        np.clip(to_linear(colour) * share[..., None] + grain[..., None], 0, 1), dtype=np.float32
    )


def picture(path: Path, width: int, height: int) -> np.ndarray:
    """(height, width, 3) float32 linear RGB of a picture file, cut to the frame's shape and resized.

    Raises:
        DataError: missing, damaged, too large or not a picture.
    """
    rgb = _read(path)
    scale = min(rgb.shape[1] / width, rgb.shape[0] / height)
    left, top = (rgb.shape[1] - scale * width) / 2, (rgb.shape[0] - scale * height) / 2
    columns, rows = (
        start + (np.arange(n) + 0.5) * scale - 0.5 for start, n in ((left, width), (top, height))
    )
    light = to_linear(np.arange(256, dtype=np.float32) / 255).astype(np.float32)
    tall = _sampled(rgb, rows, scale, 0, light)
    return _sampled(tall, columns, scale, 1).astype(np.float32)


def _sampled(
    values: np.ndarray, places: np.ndarray, scale: float, axis: int, light: np.ndarray | None = None
) -> np.ndarray:
    """Linear samples along an axis, each the mean of as many as the picture shrinks by; ``light`` is a table."""
    count = max(1, int(np.ceil(scale)))
    total: np.ndarray = np.zeros(1, dtype=np.float32)
    for i in range(count):
        at = np.clip(places + ((i + 0.5) / count - 0.5) * scale, 0, values.shape[axis] - 1)
        low = at.astype(np.int64)
        high = np.minimum(low + 1, values.shape[axis] - 1)
        share = (at - low).reshape([-1 if k == axis else 1 for k in range(3)]).astype(np.float32)
        first, second = values.take(low, axis), values.take(high, axis)
        if light is not None:
            first, second = light[first], light[second]
        total = total + first * (1 - share) + second * share
    return np.asarray(total / count)


def _read(path: Path) -> np.ndarray:
    """(H, W, 3) uint8 sRGB."""
    import av

    data = read_file(path, MAX_PICTURE_BYTES)
    decoder = next((name for start, name in DECODERS.items() if data.startswith(start)), None)
    if decoder is None:
        raise DataError(f"{path}: not a PNG, JPEG, WebP or BMP picture; convert it to one of these")
    codec = av.CodecContext.create(decoder, "r")
    assert isinstance(codec, av.VideoCodecContext)
    codec.options = {"max_pixels": str(MAX_PICTURE_PIXELS)}
    try:
        frames = [*codec.decode(av.Packet(data)), *codec.decode(None)]
        return np.asarray(frames[0].to_ndarray(format="rgb24"))
    except (av.FFmpegError, IndexError, ValueError):
        raise DataError(
            f"{path}: damaged, or more than {MAX_PICTURE_PIXELS} pixels; make it smaller or take another"
        ) from None


def fingerprint(path: Path) -> str:
    """SHA-256 of a picture's bytes.

    Raises:
        DataError: missing, or too large.
    """
    return hashlib.sha256(read_file(path, MAX_PICTURE_BYTES)).hexdigest()


def is_colour(text: str) -> bool:
    """Whether a background is meant as a colour and not as the path of a picture."""
    return text in BACKDROPS or text.startswith("#")


def backdrop(kind: str, background: str, width: int, height: int) -> np.ndarray:
    """(height, width, 3) float32 linear RGB.

    Args:
        kind: how a colour is laid: ``plain`` or ``gradient``.
        background: a colour, or the path of a picture.
        width: of the frames [px].
        height: of the frames [px].
    """
    if not is_colour(background):
        return picture(Path(background), width, height)
    make = plain if kind == "plain" else gradient
    return make(width, height, colour(background, BACKDROPS, "renderer.background"))
