"""Every kind of bad or odd video: a named reason or note, never a crash, never silently short."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from corpus import SETTINGS, make_audio, make_video, moving_dot

from signgen.data.npz import write_npz
from signgen.data.shards import read_shard
from signgen.dataset.build import build_dataset
from signgen.dataset.manifest import Sample, write_manifest
from signgen.dataset.reasons import REASONS
from signgen.pose.sequence import PoseSequence


def dot(count, width=128, height=96):
    return moving_dot(count, width=width, height=height)


def cut(share, **options):
    def make(path):
        make_video(path, dot(24), **options)
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * share)])

    return make


def flipped(path):
    make_video(path, dot(24))
    content = bytearray(path.read_bytes())
    content[:64] = bytes(64)
    path.write_bytes(content)


def uneven(path):
    times = np.cumsum([0, 1, 3, 1, 2, 5, 1, 1, 4, 2, 1, 1])
    make_video(path, dot(12), rate=Fraction(24), times=times.tolist())


def two_sizes(path):
    first, second = path.with_suffix(".a.ts"), path.with_suffix(".b.ts")
    make_video(first, dot(12))
    make_video(second, dot(12, width=64, height=48))
    path.write_bytes(first.read_bytes() + second.read_bytes())


def black(path):
    make_video(path, [np.zeros((96, 128, 3), np.uint8)] * 12)


def pictures(path):
    import imageio.v3 as iio

    path.mkdir()
    for number, frame in enumerate(dot(12)):
        iio.imwrite(path / f"{number:04d}.png", frame)


FAST_START = {"container_options": {"movflags": "+faststart"}}
BAD = [
    ("cut-without-index.mp4", cut(0.5), "truncated"),
    ("cut-with-index.mp4", cut(0.6, **FAST_START), "truncated"),
    ("cut-a-little.mp4", cut(0.97, **FAST_START), "truncated"),
    ("cut.mkv", cut(0.6), "truncated"),
    ("corrupt.mp4", flipped, "corrupt"),
    ("text.mp4", lambda path: path.write_text("a video, honestly\n" * 99), "corrupt"),
    ("zero-length.mp4", lambda path: path.touch(), "empty"),
    ("missing.mp4", lambda path: None, "missing"),
    ("empty-folder", lambda path: path.mkdir(), "no-video"),
    ("pictures", pictures, "no-rate"),
    ("one-frame.mp4", lambda path: make_video(path, dot(1)), "one-frame"),
    ("short.mp4", lambda path: make_video(path, dot(4)), "too-short"),
    ("audio-only.mp4", make_audio, "no-video"),
    ("small-signer.mp4", lambda path: make_video(path, dot(12, 64, 48)), "small-signer"),
    ("two-sizes.ts", two_sizes, "size-changes"),
    ("poses.npz", lambda path: path.write_bytes(b"PK\x03\x04 not really"), "corrupt"),
]
ODD = [
    ("variable-rate.mp4", uneven, "variable-rate"),
    ("rotated.mp4", lambda path: make_video(path, dot(12), rotation=90), "rotated"),
]


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> tuple[dict[str, dict], Path]:
    """Rows of the reject list of one build of all of them, and the data set."""
    folder, samples = tmp_path_factory.mktemp("bad"), []
    for name, make, _ in [*BAD, *ODD]:
        path = folder / name
        make(path)
        where = {"poses": path} if name.endswith(".npz") else {"video": path}
        samples.append(Sample(path.stem, text="a", **where))
    samples += [
        Sample("nothing", text="a"),
        dataclasses.replace(samples[-1], video_id="after-the-end", start=99.0),
        dataclasses.replace(samples[-1], video_id="ends-early", end=9.0),
        Sample("pictures-at-a-rate", video=folder / "pictures", fps=24.0, text="a"),
        dataclasses.replace(samples[-1], video_id="bad-captions", captions=folder / "corrupt.mp4"),
    ]
    write_manifest(samples, folder / "m.jsonl")
    build_dataset(folder / "m.jsonl", folder / "out", SETTINGS, workers=0)
    lines = (folder / "out" / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["video_id"]: row for row in map(json.loads, lines)}, folder / "out"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        *((Path(name).stem, reason) for name, _, reason in BAD),
        ("nothing", "no-source"),
        ("after-the-end", "out-of-range"),
        ("bad-captions", "bad-captions"),
    ],
)
def test_a_bad_video_is_rejected_by_name(table, name, reason):
    row = table[0][name]
    assert row["outcome"] == "rejected"
    assert [found["name"] for found in row["reasons"]] == [reason]
    assert reason in REASONS
    assert "/" not in row["reasons"][0]["detail"].replace("1/", ""), "a path of this machine is in the record"


@pytest.mark.parametrize("name", [*(Path(name).stem for name, _, _ in ODD), "ends-early"])
def test_an_odd_video_is_used_and_named(table, name):
    row = table[0][name]
    assert (row["outcome"], row["reasons"]) == ("done", [])
    assert name in [note["name"] for note in row["notes"]]


def test_the_others_are_in_the_shards(table):
    recordings = {
        r.video_id: r.poses[0] for r in read_shard(table[1] / "shards" / "Sign_DWPose_NPZ_000001.tar")
    }
    assert sorted(recordings) == ["ends-early", "pictures-at-a-rate"]
    turned = recordings["ends-early"]
    assert (turned.width, turned.height, len(turned)) == (96, 128, 12)
    assert len(recordings["pictures-at-a-rate"]) == 12


def test_uneven_times_are_kept(table):
    """The spot goes round by the frame, so where it is between two frames is known from their times."""
    (poses,) = [
        r.poses[0]
        for r in read_shard(table[1] / "shards" / "Sign_DWPose_NPZ_000002.tar")
        if "v" in r.video_id
    ]
    times = np.cumsum([0, 1, 3, 1, 2, 5, 1, 1, 4, 2, 1, 1]) / 24
    assert poses.fps == pytest.approx(11 / times[-1])
    angles = 2 * np.pi * np.arange(12) / 24
    spot = np.stack([128 * (0.5 + 0.3 * np.cos(angles)), 96 * (0.5 + 0.3 * np.sin(angles))], axis=1)
    now = np.arange(len(poses)) / poses.fps
    wanted = np.stack([np.interp(now, times, spot[:, k]) for k in (0, 1)], axis=1)
    neck = poses.xy[:, 1] + (0, 0.1 * 0.4 * 96)
    assert np.abs(neck - wanted).max() < 4  # the brightest pixel of a soft spot in a small H.264 video
    assert len(poses) == 12


def test_nobody_is_a_reason_and_poses_too_far_apart_are_too(tmp_path):
    points = np.zeros((12, 128, 3), np.float32)
    write_npz(PoseSequence(points, 24.0, 128, 96), tmp_path / "nobody.npz")
    points = np.random.default_rng(0).uniform(1, 90, points.shape).astype(np.float32)
    points[..., 2] = 1
    points[3, 70, 0] = 1e7
    write_npz(PoseSequence(points, 24.0, 128, 96), tmp_path / "far.npz")
    write_manifest([Sample(n, poses=tmp_path / f"{n}.npz") for n in ("far", "nobody")], tmp_path / "m.jsonl")
    with pytest.raises(Exception, match="no video can be used"):
        build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0)
    rows = [json.loads(line) for line in (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()]
    names = {row["video_id"]: [reason["name"] for reason in row["reasons"]] for row in rows}
    assert names["nobody"] == ["no-signer"]
    assert "far-points" in names["far"]
