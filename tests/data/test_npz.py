"""Dense pose files: exact, the same bytes every time, and refused before anything is allocated for a lie."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signverse_files import card_file, card_frames, mutated, points

from signgen.data.npz import encode_npz, read_npz, write_npz
from signgen.data.npz_file import npy_bytes, npy_header, open_npz, parse_npy_header
from signgen.errors import DataError, SignGenError
from signgen.pose.sequence import PoseSequence, cleaned


def sequence(frames: int = 3, depth: bool = False) -> PoseSequence:
    keypoints = cleaned(points(frames)[0])
    return PoseSequence(keypoints, 25.0, 640, 480, keypoints[..., 0] - 100 if depth else None)


def arrays(**changes) -> dict:
    poses = sequence()
    base = {"keypoints": poses.keypoints, "fps": 25.0, "width": 640, "height": 480}
    return {name: value for name, value in (base | changes).items() if value is not None}


def saved(tmp_path, compressed=False, **changes):
    path = tmp_path / "poses.npz"
    (np.savez_compressed if compressed else np.savez)(path, **arrays(**changes))
    return path


@pytest.mark.parametrize("depth", [False, True])
@pytest.mark.parametrize("frames", [0, 1, 2, 50])
def test_round_trip(frames, depth, tmp_path):
    poses = sequence(frames, depth)
    write_npz(poses, tmp_path / "a.npz")
    back = read_npz(tmp_path / "a.npz")
    assert back.keypoints.tobytes() == poses.keypoints.tobytes()
    assert (back.fps, back.width, back.height) == (25.0, 640, 480)
    assert (back.depth is None) == (not depth)
    if depth:
        assert np.array_equal(back.depth, poses.depth)


@pytest.mark.parametrize("depth", [False, True])
@pytest.mark.parametrize("frames", [0, 1, 50])
def test_encoded_as_zipfile_writes_it(frames, depth, tmp_path):
    poses = sequence(frames, depth)
    write_npz(poses, tmp_path / "a.npz")
    assert encode_npz(poses) == (tmp_path / "a.npz").read_bytes()


def test_numpy_reads_what_is_written(tmp_path):
    poses = sequence(depth=True)
    write_npz(poses, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as npz:
        assert {name: (npz[name].shape, npz[name].dtype.str) for name in npz} == {
            "keypoints": ((3, 128, 3), "<f4"), "fps": ((), "<f8"), "width": ((), "<i8"),
            "height": ((), "<i8"), "depth": ((3, 128), "<f4"),
        }  # fmt: skip
        assert np.array_equal(npz["keypoints"], poses.keypoints)


def test_same_poses_same_bytes(tmp_path):
    write_npz(sequence(), tmp_path / "a.npz")
    time.sleep(0.01)
    write_npz(sequence(), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2"])
@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_numpy_saves_is_read(dtype, compressed, order, tmp_path):
    keypoints = np.asarray(sequence().keypoints, dtype=dtype, order=order)
    back = read_npz(saved(tmp_path, compressed, keypoints=keypoints))
    assert np.array_equal(back.keypoints, keypoints.astype(np.float32))


NAN = np.full((1, 128, 3), np.nan, np.float32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"keypoints": None}, "no array 'keypoints'"),
        ({"keypoints": np.zeros((3, 127, 3), np.float32)}, "expected shape"),
        ({"keypoints": np.zeros((3, 128, 2), np.float32)}, "expected shape"),
        ({"keypoints": np.zeros((3, 128), np.float32)}, "expected shape"),
        ({"keypoints": np.zeros((3, 128, 3), np.int32)}, "unexpected type"),
        ({"keypoints": NAN}, "finite"),
        ({"keypoints": NAN * 0 + np.float32(0) if False else np.full((1, 128, 3), 1e300)}, "finite"),
        ({"keypoints": np.full((1, 128, 3), -1, np.float32)}, "confidence"),
        ({"fps": 0.0}, "fps"),
        ({"fps": np.nan}, "fps"),
        ({"fps": np.array([25, 25])}, "one number"),
        ({"fps": "fast"}, "unexpected type"),
        ({"fps": None}, "no array 'fps'"),
        ({"width": 0}, "width"),
        ({"width": 1.5}, "width"),
        ({"height": 1e9}, "height"),
        ({"depth": np.zeros((2, 128), np.float32)}, "depth"),
        ({"depth": np.full((3, 128), np.inf, np.float32)}, "depth"),
    ],
)
def test_wrong_content_is_named(change, message, tmp_path):
    path = saved(tmp_path, **change)
    with pytest.raises(DataError, match=message) as error:
        read_npz(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_objects_are_refused_unread(tmp_path):
    path = tmp_path / "poses.npz"
    np.savez(path, **arrays(keypoints=np.array([{}, {}], object)))
    with pytest.raises(DataError, match="keypoints"):
        read_npz(path)


def test_a_signverse_file_is_told_apart(tmp_path):
    path = tmp_path / "poses.npz"
    path.write_bytes(card_file(card_frames(points(1))))
    with pytest.raises(DataError, match="SignVerse"):
        read_npz(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"text", b"\0" * 100, b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_archive(content, tmp_path):
    path = tmp_path / "poses.npz"
    path.write_bytes(content)
    with pytest.raises(DataError):
        read_npz(path)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.npz", tmp_path):
        with pytest.raises(DataError, match="cannot be read"):
            read_npz(path)


def bomb_header() -> bytes:
    """A header of 8 GB over a few bytes."""
    return npy_header("<f4", (1 << 31, 1)) + b"1234"


def archive(*members: tuple[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as out:
        for name, content in members:
            out.writestr(name, content)
    return buffer.getvalue()


def many_files() -> bytes:
    return archive(*((f"{n}.npy", b"") for n in range(3000)), kind=zipfile.ZIP_STORED)


def declares(size: int) -> bytes:
    """An archive whose directory declares another size of its only file."""
    data = bytearray(archive(("keypoints.npy", npy_bytes(np.zeros(10, np.float32)))))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: archive(("keypoints.npy", bomb_header())), "declares 8589934592 bytes"),
        (lambda: archive(("keypoints.npy", bytes(100 << 20))), "zip bomb"),
        (many_files, "too many files"),
        (lambda: declares(0xFFFFFFF0), "refused"),
        (lambda: declares(500), "declares 40 bytes|damaged"),
        (lambda: archive(("a.npy", b"x"), ("a", b"y")), "twice"),
    ],
    ids=["8 GB header", "ratio 1000", "3000 files", "4 GB declared", "wrong size", "twice"],
)
def test_bombs_are_refused_fast_and_small(make, message, tmp_path):
    path = tmp_path / "bomb.npz"
    path.write_bytes(make())
    tracemalloc.start()
    started = time.perf_counter()
    try:
        with pytest.raises(DataError, match=message):
            read_npz(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.perf_counter() - started < 2
    assert peak < 20 << 20


def test_a_changed_byte_is_found(tmp_path):
    path = tmp_path / "poses.npz"
    write_npz(sequence(), path)
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="checksum"):
        read_npz(path)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("compressed", [False, True])
def test_mutated_files_raise_only_our_errors(seed, compressed, tmp_path):
    rng = np.random.default_rng(seed)
    path = saved(tmp_path, compressed, depth=np.zeros((3, 128), np.float32))
    data = path.read_bytes()
    for _ in range(75):
        path.write_bytes(mutated(data, rng))
        try:
            read_npz(path)
        except SignGenError:
            continue


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_an_archive_or_our_error(data, with_magic):
    try:
        npz = open_npz(b"PK\x03\x04" + data + b"PK\x05\x06" + data[:18] if with_magic else data, "x")
        for name in npz.members:
            npz.array(name)
    except DataError:
        pass


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet="{}'(), descrfotnshapFTue:<>|i48O0123456789", max_size=90))
def test_any_header_is_a_header_or_our_error(text):
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()
    try:
        header = parse_npy_header(head, "x")
    except DataError:
        return
    assert header.start == len(head)


@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 3, 4)])
def test_headers_are_numpys(shape):
    array = np.zeros(shape, np.float32)
    assert np.array_equal(np.load(io.BytesIO(npy_bytes(array))), array)
    buffer = io.BytesIO()
    np.save(buffer, array)
    header = parse_npy_header(buffer.getvalue(), "x")
    assert (header.shape, header.dtype, header.start % 64) == (shape, array.dtype, 0)
