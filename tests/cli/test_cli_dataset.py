"""``signgen dataset``: exit codes, what is printed, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from signgen.data.npz import write_npz
from signgen.dataset.manifest import Sample, write_manifest
from signgen.pose.sequence import PoseSequence


@pytest.fixture
def manifest(tmp_path):
    """Two clips of poses, one of them empty of people."""
    points = np.random.default_rng(0).uniform(20, 80, (1, 128, 3)).astype(np.float32).repeat(24, axis=0)
    points[:, [2, 5], :2] = (20, 40), (80, 40)
    points[..., 2] = 1
    write_npz(PoseSequence(points, 24.0, 100, 100), tmp_path / "good.npz")
    write_npz(PoseSequence(np.zeros_like(points), 24.0, 100, 100), tmp_path / "nobody.npz")
    rows = [
        Sample(n, poses=tmp_path / f"{n}.npz", text=f"text of {n}", split="dev") for n in ("good", "nobody")
    ]
    write_manifest(rows, tmp_path / "m.jsonl")
    write_manifest(rows[:1], tmp_path / "good.jsonl")
    return tmp_path / "m.jsonl"


@pytest.fixture
def built(signgen, manifest):
    return signgen("dataset", "build", manifest, "-o", "out", "--workers", 0)


def test_build_says_what_became_of_the_videos(built):
    assert (built.code, built.out) == (3, "out\n")
    assert "signgen: 2 videos: 1 done, 1 rejected" in built.lines
    assert "signgen: 1 rejected: no-signer" in built.lines
    assert "signgen: 1 videos in 1 shards (1 written)" in built.lines


def test_build_of_good_videos_alone(signgen, manifest):
    ran = signgen("dataset", "build", "good.jsonl", "-o", "out", "--workers", 0)
    assert (ran.code, ran.out) == (0, "out\n")
    again = signgen("dataset", "build", "good.jsonl", "-o", "out", "--workers", 0, "--set", "limits.face=0")
    assert again.code == 0
    assert "signgen: 1 made anew: settings changed" in again.lines


def test_quiet_says_what_went_wrong_alone(signgen, manifest):
    good = signgen("dataset", "build", "good.jsonl", "-o", "good", "--workers", 0, "-q")
    assert (good.out, good.err) == ("good\n", "")
    assert signgen("dataset", "build", "m.jsonl", "-o", "out", "--workers", 0, "-q").lines == [
        "signgen: 1 rejected: no-signer"
    ]


def test_stages_alone(signgen, manifest):
    ran = signgen("dataset", "build", "good.jsonl", "-o", "out", "--workers", 0, "--stage", "captions")
    assert (ran.code, ran.out) == (0, "")
    assert "signgen: 1 videos: 1 pending" in ran.lines
    rest = signgen(
        "dataset", "build", "good.jsonl", "-o", "out", "--workers", 0, "--stage", "poses", "--stage", "shards"
    )
    assert (rest.code, rest.out) == (0, "out\n")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("build", "none.jsonl", "-o", "out"), 4, "none.jsonl: cannot be read"),
        (("build", "m.jsonl", "-o", "good.npz"), 6, "cannot be written"),
        (("build", "m.jsonl", "-o", "out", "--extractor", "nothing"), 2, "no extractor called 'nothing'"),
        (("build", "m.jsonl", "-o", "out", "--set", "limits.fce=0"), 2, "limits.fce: unknown setting"),
        (("build", "m.jsonl", "-o", "out", "--fetch-command", "get"), 2, "--fetch-command: expected"),
        (("build", "m.jsonl", "-o", "out", "--stage", "all"), 2, "'all' is not one of"),
        (("build", "m.jsonl", "-o", "out", "--workers", "-1"), 2, "--workers"),
        (("verify", "."), 4, "no data set here"),
        (("stats", "."), 4, "no data set here"),
        (("show", ".", "good"), 4, "no video 'good' in this data set"),
        (("show", ".", "../good"), 4, "no video '../good' in this data set"),
    ],
)
def test_errors(signgen, manifest, arguments, code, message):
    ran = signgen("dataset", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.error


def test_verify(signgen, built, tmp_path):
    whole = signgen("dataset", "verify", "out")
    assert (whole.code, whole.out) == (0, "")
    path = tmp_path / "out" / "videos" / "good" / "caption.json"
    path.write_text("{}")
    damaged = signgen("dataset", "verify", "out", "--json", "--repair")
    assert damaged.code == 7
    assert [row["name"] for row in json.loads(damaged.out)["damage"]] == ["videos/good/caption.json"]
    assert "signgen: to be made anew by the next build: good" in damaged.lines
    signgen("dataset", "build", "m.jsonl", "-o", "out", "--workers", 0)
    assert signgen("dataset", "verify", "out").code == 0


def test_stats(signgen, built):
    table = signgen("dataset", "stats", "out")
    assert table.code == 0
    assert [line.split() for line in table.out.splitlines()] == [
        ["videos", "hours", "frames", "hands", "face", "text"],
        ["all", "1", "0.000", "24", "100.0%", "100.0%", "1"],
        ["split", "dev", "1", "0.000", "24", "100.0%", "100.0%", "1"],
        ["rejected:", "no-signer", "1"],
    ]
    assert json.loads(signgen("dataset", "stats", "out", "--json").out)["whole"]["frames"] == 24


def test_show(signgen, built, tmp_path):
    ran = signgen("dataset", "show", "out", "good", "-o", "good.png")
    assert ran.code == 0
    assert (tmp_path / "good.png").read_bytes().startswith(b"\x89PNG")
    assert ran.out.splitlines()[-1] == "good.png"
    assert "text of good" in ran.out
    bad = signgen("dataset", "show", "out", "nobody")
    assert "rejected: no-signer: nobody was found" in bad.out
    assert json.loads(signgen("dataset", "show", "out", "good", "--json").out)["status"]["video_id"] == "good"


def test_manifest_of_a_folder_is_built(signgen, manifest, tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "good.npz").rename(tmp_path / "corpus" / "good.npz")
    (tmp_path / "corpus" / "good.txt").write_text("It rains.", encoding="utf-8")
    made = signgen(
        "dataset", "manifest", "folder", "corpus", "-o", "corpus.jsonl", "--set", "licence=CC0-1.0"
    )
    assert (made.code, made.out) == (0, "corpus.jsonl\n")
    assert "signgen: 1 samples" in made.lines
    again = signgen("dataset", "manifest", "folder", "corpus", "-o", "corpus.jsonl")
    assert again.code == 2
    assert signgen("dataset", "build", "corpus.jsonl", "-o", "out", "--workers", 0).code == 0
    row = json.loads((tmp_path / "out" / "status.jsonl").read_text(encoding="utf-8"))
    assert (row["text"], row["licence"], row["source"]) == ("It rains.", "CC0-1.0", "folder")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("how2sing", "."), "no corpus called 'how2sing'; did you mean 'how2sign'?"),
        (("folder", ".", "--set", "licens=x"), "corpus.licens: unknown setting; did you mean 'licence'?"),
        (("folder", "nowhere"), "nowhere"),
    ],
)
def test_manifest_errors(signgen, arguments, message):
    ran = signgen("dataset", "manifest", *arguments, "-o", "m.jsonl")
    assert ran.code in (2, 4)
    assert message in ran.error
