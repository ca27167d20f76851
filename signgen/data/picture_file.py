"""One still picture from a file that nobody vouches for: upright, RGB, of bounded size, with the hash of its bytes."""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from signgen.data.files import read_file
from signgen.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 32 << 20
MAX_PIXELS = 1 << 26
FORMATS = ("PNG", "JPEG", "WEBP")
STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
MODES = ("L", "LA", "P", "RGB", "RGBA")


def read_picture(path: Path, *, least_side: int = 1, max_pixels: int = MAX_PIXELS) -> tuple[np.ndarray, str]:
    """A picture as people see it: turned as its camera noted, see-through places white.

    Args:
        path: a PNG, JPEG or WebP file with a single picture of 8 bits a channel.
        least_side: shorter sides than this are refused [px].
        max_pixels: so are larger pictures, before memory is taken for them.

    Returns:
        (H, W, 3) uint8 sRGB, and the SHA-256 of the file.

    Raises:
        DataError: missing, damaged, cut off, of another kind, too small or too large.
    """
    from PIL import Image

    data = read_file(path, MAX_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                _check(path, picture, least_side, max_pixels)
                return _upright(picture), hashlib.sha256(data).hexdigest()
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError):
        raise DataError(
            f"{path}: not a PNG, JPEG or WebP picture that can be read; export it again"
        ) from None


def is_picture(path: Path) -> bool:
    """Whether a file begins as a PNG or JPEG picture does; WebP begins like some videos."""
    try:
        with path.open("rb") as file:
            return file.read(16).startswith(STARTS)
    except OSError:
        return False


def _check(path: Path, picture: Image.Image, least_side: int, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise DataError(f"{path}: {width} x {height} px are more than {max_pixels} pixels; make it smaller")
    if min(width, height) < least_side:
        raise DataError(
            f"{path}: {width} x {height} px are too few; take one of {least_side} px or more a side"
        )
    if getattr(picture, "n_frames", 1) != 1:
        raise DataError(f"{path}: an animation; save one of its pictures")
    if picture.mode not in MODES:
        raise DataError(f"{path}: its colours are {picture.mode}; save it as RGB with 8 bits a channel")


def _upright(picture: Image.Image) -> np.ndarray:
    """(H, W, 3) uint8."""
    from PIL import Image, ImageOps

    turned = ImageOps.exif_transpose(picture)
    if turned.mode in ("LA", "P", "RGBA"):
        over = turned.convert("RGBA")
        turned = Image.alpha_composite(Image.new("RGBA", over.size, (255, 255, 255, 255)), over)
    return np.array(turned.convert("RGB"))
