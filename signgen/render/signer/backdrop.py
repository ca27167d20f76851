"""What stands behind the signer: a plain colour, a gradient or a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from signgen.errors import ConfigError, DataError
from signgen.render.mesh.colour import to_linear
from signgen.render.mesh.model import Colour

MAX_PICTURE_BYTES = 32 << 20
MAX_PICTURE_PIXELS = 1 << 26


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
    light = to_linear(np.asarray(rgb, dtype=np.float32) / 255)
    return _sampled(_sampled(light, rows, scale, 0), columns, scale, 1).astype(np.float32)


def _sampled(values: np.ndarray, places: np.ndarray, scale: float, axis: int) -> np.ndarray:
    """Linear samples along an axis, each the mean of as many as the picture shrinks by."""
    count = max(1, int(np.ceil(scale)))
    total: np.ndarray = np.zeros(1, dtype=np.float32)
    for i in range(count):
        at = np.clip(places + ((i + 0.5) / count - 0.5) * scale, 0, values.shape[axis] - 1)
        low = at.astype(np.int64)
        high = np.minimum(low + 1, values.shape[axis] - 1)
        share = (at - low).reshape([-1 if k == axis else 1 for k in range(3)]).astype(np.float32)
        total = total + values.take(low, axis) * (1 - share) + values.take(high, axis) * share
    return np.asarray(total / count)


def _read(path: Path) -> np.ndarray:
    import av

    from signgen.data.files import read_file

    data = read_file(path, MAX_PICTURE_BYTES)
    try:
        import io

        with av.open(io.BytesIO(data), "r") as container:
            stream = container.streams.video[0]
            if stream.codec_context.width * stream.codec_context.height > MAX_PICTURE_PIXELS:
                raise DataError(f"{path}: more than {MAX_PICTURE_PIXELS} pixels; make it smaller")
            frame = next(container.decode(stream))
            return np.asarray(frame.to_ndarray(format="rgb24"))
    except (av.FFmpegError, IndexError, StopIteration, ValueError) as error:
        raise DataError(f"{path}: not a picture that can be read: {error}") from None


def backdrop(kind: str, text: str, colours: dict[str, Colour], width: int, height: int) -> np.ndarray:
    """(height, width, 3) float32 linear RGB: ``kind`` plain or gradient of a colour, or picture of a path."""
    from signgen.render.signer.looks import colour

    if kind == "picture":
        if not text:
            raise ConfigError("renderer.background: a picture needs its path")
        return picture(Path(text), width, height)
    make = plain if kind == "plain" else gradient
    return make(width, height, colour(text or "grey", colours, "renderer.background"))
