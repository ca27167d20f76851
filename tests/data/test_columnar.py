"""The columnar shard keeps every keypoint within its stated precision and every missing one missing."""

from __future__ import annotations

import json
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signverse_files import mutated, points

from signgen.data.columnar import Clip, Columnar, write_columnar
from signgen.errors import DataError, PoseError, SignGenError
from signgen.pose.sequence import PoseSequence, cleaned


def sequence(frames=5, scale=1.0, shift=0.0, side=512, depth=False, seed=0) -> PoseSequence:
    keypoints = points(frames, seed=seed)[0]
    keypoints[..., :2] = keypoints[..., :2] * scale + shift
    keypoints[::2, 7, 2] = 0
    keypoints = cleaned(keypoints)
    return PoseSequence(keypoints, 24.0, side, side, keypoints[..., 1] - 50 if depth else None)


def stored(tmp_path, *clips: Clip):
    path = tmp_path / "clips.col"
    write_columnar(clips, path)
    return path


@pytest.mark.parametrize(
    ("scale", "shift", "side", "step"),
    [
        (1, 0, 512, 1 / 32),
        (1, -300, 512, 1 / 32),
        (4, 0, 2048, 1 / 32),
        (4.2, -700, 2048, 1 / 16),
        (16, 0, 4096, 1 / 8),
        (131, 0, 65536, 1),
        (1, 500_000, 65536, 1 / 32),
    ],
)
def test_precision_is_half_a_step(scale, shift, side, step, tmp_path):
    poses = sequence(scale=scale, shift=shift, side=side, depth=True)
    with Columnar(stored(tmp_path, Clip("a", poses))) as shard:
        assert shard.clips[0].step == step
        back, depth_step = shard.read(0), shard.clips[0].depth_step
    assert np.abs(back.xy - poses.xy).max() <= step / 2
    assert np.abs(back.confidence - poses.confidence).max() <= 1 / 510 + 1e-6
    assert np.array_equal(back.confidence == 0, poses.confidence == 0)
    assert not np.signbit(back.keypoints[back.confidence == 0]).any()
    assert np.abs(back.depth - poses.depth).max() <= depth_step / 2
    assert (back.fps, back.width, back.height) == (24.0, side, side)


def test_the_bytes_are_those_of_the_document(tmp_path):
    """Read by hand, with struct, as docs/formats-columnar.md says."""
    poses = sequence(frames=3)
    data = stored(tmp_path, Clip("a", poses, {"text": "Grüß"})).read_bytes()
    start, size, checksum, magic = struct.unpack("<QQI4x8s", data[-32:])
    assert data[:8] == magic == b"SIGNCOL1"
    assert zlib.crc32(data[start : start + size]) == checksum
    index = json.loads(data[start : start + size])
    (clip,) = index["clips"]
    assert (index["version"], index["keypoints"], index["frames"]) == (1, 128, 3)
    assert (clip["name"], clip["frames"], clip["info"]) == ("a", 3, {"text": "Grüß"})
    assert clip["offset"] % 64 == start % 64 == 0
    xy = np.frombuffer(data, "<u2", 3 * 256, clip["offset"]).reshape(3, 128, 2)
    confidence = np.frombuffer(data, "u1", 3 * 128, clip["offset"] + 3 * 512).reshape(3, 128)
    x = np.where(confidence > 0, clip["left"] + clip["step"] * xy[..., 0], 0)
    assert np.abs(x - poses.keypoints[..., 0]).max() <= clip["step"] / 2
    assert zlib.crc32(data[clip["offset"] : clip["offset"] + 3 * 640]) == clip["crc32"]


@pytest.mark.parametrize(("frames", "limit"), [(2000, 640.3), (64, 646)])
def test_bytes_a_frame(frames, limit, tmp_path):
    path = stored(tmp_path, *(Clip(f"clip{n}", sequence(frames, seed=n)) for n in range(8)))
    assert path.stat().st_size / (8 * frames) <= limit


def test_random_access(tmp_path):
    clips = [Clip(f"c{n}", sequence(n, seed=n)) for n in (0, 1, 2, 9)]
    with Columnar(stored(tmp_path, *clips)) as shard:
        assert [entry.name for entry in shard.clips] == ["c0", "c1", "c2", "c9"]
        assert [len(shard.read(n)) for n in range(len(shard))] == [0, 1, 2, 9]
        number = shard.find("c9")
        whole = shard.read_keypoints(number)
        assert np.array_equal(shard.read_keypoints(number, 3, 6), whole[3:6])
        assert np.array_equal(shard.read_keypoints(number, -2), whole[-2:])
        assert shard.read_keypoints(number, 6, 3).shape == (0, 128, 3)
        out = np.empty((4, 128, 3), np.float32)
        assert shard.read_keypoints(number, 1, 5, out=out) is out
        assert np.array_equal(out, whole[1:5])
        with pytest.raises(ValueError, match="out"):
            shard.read_keypoints(number, out=out)
        with pytest.raises(DataError, match="no clip"):
            shard.find("c3")
        assert shard.read_depth(number) is None
        assert shard.verify() == []
    assert whole[3, 0, 0] > 0  # a copy outlives the file


def test_same_clips_same_bytes(tmp_path):
    one, two = tmp_path / "1", tmp_path / "2"
    for path in (one, two):
        write_columnar(iter([Clip("a", sequence(), {"b": 1, "a": 2})]), path)
    assert one.read_bytes() == two.read_bytes()


def test_what_cannot_be_stored_well_is_refused(tmp_path):
    far = np.zeros((1, 128, 3), np.float32)
    far[0, 0] = (30_000, 5, 1)
    far[0, 1] = (5, 5, 1)
    beyond = far.copy()
    beyond[0, :2, 0] = 600_000
    for keypoints in (far, beyond):
        with pytest.raises(PoseError, match="too far apart"):
            write_columnar([Clip("a", PoseSequence(keypoints, 24, 512, 512))], tmp_path / "x")
    with pytest.raises(PoseError, match="two clips"):
        write_columnar([Clip("a", sequence()), Clip("a", sequence())], tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 4), st.integers(0, 10**6), st.floats(0.01, 1.5), st.floats(-400, 400), st.booleans())
def test_any_poses_survive(frames, seed, scale, shift, depth):
    import tempfile
    from pathlib import Path

    poses = sequence(frames, scale, shift, depth=depth, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x"
        write_columnar([Clip("a", poses)], path)
        with Columnar(path) as shard:
            back = shard.read(0)
    assert np.array_equal(back.confidence == 0, poses.confidence == 0)
    assert np.allclose(back.xy, poses.xy, atol=1 / 64)
    assert np.allclose(back.confidence, poses.confidence, atol=1 / 500)


@pytest.mark.parametrize("seed", range(3))
def test_mutated_files_raise_only_our_errors(seed, tmp_path):
    rng = np.random.default_rng(seed)
    data = stored(tmp_path, Clip("a", sequence(depth=True)), Clip("b", sequence(1))).read_bytes()
    found = 0
    for _ in range(60):
        path = tmp_path / "damaged"
        path.write_bytes(mutated(data, rng))
        message = str(path)
        try:
            with Columnar(path) as shard:
                found += bool(shard.verify())
                for n in range(len(shard)):
                    shard.read(n)
        except SignGenError as error:
            found, message = found + 1, str(error)
        assert message.startswith(str(path))
    assert found > 55  # only padding between the blocks may change unseen


def with_clip(data: bytes, **changes) -> bytes:
    """The same file with other values in the entry of its clip, and the checksum of the index mended."""
    start, size, _, magic = struct.unpack("<QQI4x8s", data[-32:])
    index = json.loads(data[start : start + size])
    index["clips"][0] |= changes
    text = json.dumps(index).encode()
    return data[:start] + text + struct.pack("<QQI4x8s", start, len(text), zlib.crc32(text), magic)


@pytest.mark.parametrize(
    "changes",
    [
        {"frames": 10**12}, {"frames": -1}, {"offset": -64}, {"offset": 7}, {"offset": 1 << 40}, {"fps": 0},
        {"fps": 10**400}, {"width": 0}, {"width": 1 << 20}, {"step": 0}, {"step": 1e30}, {"left": 1e30},
        {"left": "x"}, {"depth_step": -1}, {"depth_step": 0.5, "frames": 5}, {"name": 3}, {"info": None},
        {"crc32": True}, {"extra": 1},
    ],
    ids=str,
)  # fmt: skip
def test_lying_indexes_are_refused(changes, tmp_path):
    path = stored(tmp_path, Clip("a", sequence()))
    path.write_bytes(with_clip(path.read_bytes(), **changes))
    with pytest.raises(DataError):
        Columnar(path)


@pytest.mark.parametrize("content", [b"", b"SIGNCOL1", b"x" * 100, b"SIGNCOL1" + bytes(92)])
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(DataError):
        Columnar(path)
    with pytest.raises(DataError):
        Columnar(tmp_path / "none")
