"""signgen's own pose file: a plain ``.npz`` of dense arrays, without pickles.

Arrays: ``keypoints`` (T, 128, 3) float32, ``fps``, ``width``, ``height``, and optionally ``depth`` (T, 128)
float32; the meaning is that of `PoseSequence`. `numpy.load` opens it too.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from signgen.data.atomic import atomic_path
from signgen.data.files import read_file
from signgen.data.npz_file import MAX_FILE_BYTES, Npz, npy_bytes, open_npz, stored_archive, write_archive
from signgen.errors import DataError, PoseError
from signgen.pose.layout import NUM_KEYPOINTS
from signgen.pose.sequence import PoseSequence

# Beyond this the archive is written member by member [bytes].
_LARGE = 1 << 29


def read_npz(path: Path) -> PoseSequence:
    """Read a dense pose file.

    Raises:
        DataError: missing, damaged, unsafe, of another layout, or with values no `PoseSequence` may have.
    """
    return decode_npz(read_file(path, MAX_FILE_BYTES), str(path))


def decode_npz(data: bytes, path: str) -> PoseSequence:
    """The poses in the bytes of a dense pose file, which errors call ``path``."""
    npz = open_npz(data, path)
    if "keypoints" not in npz and ("frames" in npz or "frame_payloads" in npz):
        raise DataError(f"{path}: a poses.npz of SignVerse, not a dense one; read it with read_poses")
    header = npz.header("keypoints")
    if len(header.shape) != 3 or header.shape[1:] != (NUM_KEYPOINTS, 3):
        raise DataError(f"{path}: keypoints: expected shape (T, {NUM_KEYPOINTS}, 3), got {header.shape}")
    keypoints = npz.array("keypoints", kinds="f")
    depth = npz.array("depth", kinds="f", ndim=2) if "depth" in npz else None
    try:
        with np.errstate(over="ignore"):  # float64 beyond float32 turns infinite, which is refused by name
            return PoseSequence(
                keypoints, npz.number("fps"), _side(npz, "width"), _side(npz, "height"), depth
            )
    except PoseError as error:
        raise DataError(f"{path}: {error}") from None


def write_npz(poses: PoseSequence, path: Path) -> None:
    """Write a dense pose file atomically; the same poses give the same bytes.

    Raises:
        ResourceError: the disk is full or the folder cannot be written.
    """
    with atomic_path(path) as temporary:
        write_archive(temporary, _members(poses))


def encode_npz(poses: PoseSequence) -> bytes:
    """The bytes that `write_npz` writes."""
    if poses.keypoints.nbytes < _LARGE:
        return stored_archive(_arrays(poses))
    buffer = io.BytesIO()
    write_archive(buffer, _members(poses))
    return buffer.getvalue()


def _members(poses: PoseSequence) -> Iterator[tuple[str, bytes]]:
    return ((name, npy_bytes(array)) for name, array in _arrays(poses).items())


def _arrays(poses: PoseSequence) -> dict[str, np.ndarray]:
    arrays = {
        "keypoints": poses.keypoints,
        "fps": np.array(poses.fps, np.float64),
        "width": np.array(poses.width, np.int64),
        "height": np.array(poses.height, np.int64),
    }
    return arrays if poses.depth is None else {**arrays, "depth": poses.depth}


def _side(npz: Npz, name: str) -> int:
    value = npz.number(name)
    if not value.is_integer():
        raise DataError(f"{npz.where}: {name}: expected a whole number, got {value}")
    return int(value)
