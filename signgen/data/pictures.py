"""A folder of pictures, one for each frame, as corpora without films have them: read frame by frame, gaps noticed."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from signgen.data.demux import MAX_PIXELS, MAX_SIDE
from signgen.data.frame_folder import frame_files, read_frame
from signgen.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg", ".PNG", ".JPG")


def picture_files(folder: Path) -> list[Path]:
    """The pictures of a folder in order of their numbers.

    Raises:
        DataError: there are none, two have one number, or a number between the first and the last is missing.
    """
    files = frame_files(folder, SUFFIXES)
    there = [file for file in files if file is not None]
    if len(there) < len(files):
        raise DataError(
            f"{folder}: {len(files) - len(there)} of {len(files)} pictures are missing after "
            f"{there[files.index(None) - 1].name}; get the folder again"
        )
    return there


def decoded_pictures(folder: Path) -> Iterator[np.ndarray]:
    """The pictures of a folder, uint8 (H, W, 3) RGB, one by one.

    Raises:
        DataError: a picture is damaged or too large.
    """
    return (_decoded(path) for path in picture_files(folder))


def _decoded(path: Path) -> np.ndarray:
    from PIL import Image

    data = read_frame(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
                width, height = picture.size
                if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
                    raise DataError(f"{path}: {width}x{height} px are too large")
                return np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"{path}: not a PNG or JPEG picture that can be read; get it again") from None
