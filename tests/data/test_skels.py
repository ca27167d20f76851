"""`.skels` files of Progressive Transformers: real ones, made-up ones and damaged ones."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signgen.data.skels import iterate_skels, read_skel, read_skels, write_skels
from signgen.errors import DataError
from signgen.pose import layout
from signgen.pose.sequence import PoseSequence


def line(frames: int, seed: int = 0) -> str:
    joints = np.random.default_rng(seed).normal(0, 0.3, (frames, 50, 3))
    joints[:, 1] = 0
    joints[:, 2], joints[:, 5] = (0.17, 0.03, 0), (-0.17, 0.02, 0)
    counter = np.arange(frames) / max(frames, 1)
    return " ".join(f"{v:.5f}" for v in np.column_stack([joints.reshape(frames, -1), counter]).ravel())


def test_real_files(shared_data):
    """Frame counts are those of the corpus annotation; sides and depth are those of right-handed signers."""
    counts = {}
    for split in ("train", "dev"):
        with gzip.open(shared_data / "phoenix14t" / f"{split}.jsonl.gz", "rt", encoding="utf-8") as file:
            counts |= {row["name"]: row["num_frames"] for row in map(json.loads, file)}
    ahead, higher = [], []
    for split in ("train", "dev"):
        names = (shared_data / "pt150" / f"{split}.files").read_text().split()
        sequences = read_skels(shared_data / "pt150" / f"{split}.skels.gz", 25)
        assert [len(poses) for poses in sequences] == [counts[name] for name in names]
        for poses in sequences:
            x, y = np.median(poses.xy[..., 0], axis=0), np.median(poses.xy[..., 1], axis=0)
            assert x[layout.LEFT_SHOULDER] - x[layout.RIGHT_SHOULDER] == pytest.approx(128, abs=1)
            assert (x[layout.NECK], y[layout.NECK]) == pytest.approx((256, 179.2))
            assert y[layout.NOSE] < y[layout.NECK] < y[layout.RIGHT_ELBOW]
            for wrist, hand in ((layout.LEFT_WRIST, 18), (layout.RIGHT_WRIST, 39)):
                assert np.median(np.linalg.norm(poses.xy[:, wrist] - poses.xy[:, hand], axis=-1)) < 30
            ahead.append(np.median(poses.depth[:, 18:60]))
            higher.append(y[layout.RIGHT_WRIST] < y[layout.LEFT_WRIST])
    assert max(ahead) < 0, "hands are in front of the neck"
    assert sum(higher) >= 8, "the right hand is the busier one"


def test_read_one_line(shared_data):
    path = shared_data / "pt150" / "train.skels.gz"
    whole = read_skels(path, 25)
    assert np.array_equal(read_skel(path, 3, 25).keypoints, whole[3].keypoints)
    with pytest.raises(DataError, match="no line 6"):
        read_skel(path, 5, 25)


def test_real_files_round_trip(shared_data, tmp_path):
    before = read_skels(shared_data / "pt150" / "dev.skels.gz", 25, 640, 480)
    write_skels(before, tmp_path / "copy.skels.gz")
    after = read_skels(tmp_path / "copy.skels.gz", 25, 640, 480)
    for a, b in zip(before, after, strict=True):
        assert np.abs(a.xy[:, :60] - b.xy[:, :60]).max() < 0.02
        assert np.abs(a.depth - b.depth).max() < 0.02


@pytest.mark.parametrize("suffix", [".skels", ".skels.gz"])
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_round_trip(tmp_path, suffix, frames):
    source = tmp_path / "a.skels"
    source.write_text(f"{line(frames)}\n\n{line(3, 1)}\n")
    before = read_skels(source, 25)
    assert [len(poses) for poses in before] == [frames, 3]
    write_skels(before, tmp_path / f"b{suffix}")
    again = read_skels(tmp_path / f"b{suffix}", 25)
    for a, b in zip(before, again, strict=True):
        assert np.allclose(a.keypoints, b.keypoints, atol=0.02)
    write_skels(before, tmp_path / f"c{suffix}")
    assert (tmp_path / f"b{suffix}").read_bytes() == (tmp_path / f"c{suffix}").read_bytes()


def test_written_lines_have_151_numbers_and_a_counter(tmp_path):
    poses = PoseSequence(np.zeros((4, 128, 3)), 25, 100, 100)
    write_skels([poses], tmp_path / "a.skels")
    values = np.array((tmp_path / "a.skels").read_text().split(), float)
    assert len(values) == 4 * 151
    assert values[150::151].tolist() == [0, 0.25, 0.5, 0.75]


BAD = [
    (b"", "no sequence"),
    (b"\n\n", "no sequence"),
    (b"1 2 3\n", "multiple of 151"),
    (line(2)[:-40].encode(), "line 1: .*multiple|line 1"),
    (b"hello world\n", "not a line of numbers"),
    (b"\xff\xfe\x00\n", "not a line of numbers"),
    (" ".join(["nan"] * 151).encode(), "not finite"),
    (" ".join(["1e99"] * 151).encode(), "not finite"),
    (" ".join(["1e38"] * 302).encode(), "finite"),
]


@pytest.mark.parametrize(("data", "what"), BAD)
def test_bad_files(tmp_path, data, what):
    path = tmp_path / "bad.skels"
    path.write_bytes(data)
    with pytest.raises(DataError, match=what) as caught:
        read_skels(path, 25)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_damaged_gzip(tmp_path):
    whole = gzip.compress(line(5).encode())
    path = tmp_path / "bad.skels.gz"
    for data in (b"not gzip", whole[: len(whole) // 2], whole[:-4], whole[:20] + b"\0\0\0" + whole[23:]):
        path.write_bytes(data)
        with pytest.raises(DataError):
            read_skels(path, 25)
    with pytest.raises(DataError, match="cannot be read"):
        read_skels(tmp_path / "none.skels.gz", 25)


def test_a_line_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("signgen.data.skels.MAX_LINE_BYTES", 1000)
    path = tmp_path / "bomb.skels.gz"
    path.write_bytes(gzip.compress(b"0 " * 100_000))
    with pytest.raises(DataError, match="more than 1000 bytes"):
        list(iterate_skels(path, 25, 512, 512))


@given(st.data())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_mutations(tmp_path, data):
    mutant = bytearray(line(2).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        mutant[data.draw(st.integers(0, len(mutant) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "mutant.skels"
    path.write_bytes(mutant)
    try:
        read_skels(path, 25)
    except DataError as error:
        check_one_line(error)


def check_one_line(error: Exception) -> None:
    assert "\n" not in str(error)
