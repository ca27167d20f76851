"""Any damage is found: every file, any byte, and files that are not listed."""

from __future__ import annotations

import random
import subprocess

import pytest
from corpus import SETTINGS, tree

from signgen.dataset.build import build_dataset
from signgen.dataset.verify import forget, verify_dataset
from signgen.errors import DataError

SHARD = "shards/Sign_DWPose_NPZ_000001.tar"


def test_a_whole_data_set_has_no_damage(whole):
    found = verify_dataset(whole.folder)
    assert (found.damage, found.is_finished) == ((), True)
    assert found.files == len(tree(whole.folder)) - 2  # but the sums and the lock


def test_sha256sum_agrees(whole):
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=whole.folder, capture_output=True
    )
    assert done.returncode == 0, done.stderr


def test_a_flipped_bit_anywhere_is_found(built, tmp_path):
    out, rng = tmp_path / "out", random.Random(3)
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.stat().st_size]
    for path in [*files, *rng.choices(files, k=60), *[out / "SHA256SUMS"] * 40]:
        content = path.read_bytes()
        place = rng.randrange(len(content))
        path.write_bytes(
            content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]
        )
        names = [item.name for item in verify_dataset(out).damage]
        assert path.relative_to(out).as_posix() in names, (path, place)
        path.write_bytes(content)
    assert verify_dataset(out).damage == ()


@pytest.mark.parametrize(
    ("harm", "name", "what"),
    [
        (lambda out: (out / "videos/v1/poses.npz").unlink(), "videos/v1/poses.npz", "missing"),
        (lambda out: (out / "videos/v1/status.json").unlink(), "videos/v1/status.json", "missing"),
        (lambda out: (out / "videos/v1/extra.txt").touch(), "videos/v1/extra.txt", "not in SHA256SUMS"),
        (lambda out: (out / SHARD.replace("1.", "9.")).touch(), SHARD.replace("1.", "9."), "not in"),
        (lambda out: (out / ".lock").write_text("x"), ".lock", "changed"),
        (lambda out: truncate(out / "README.md"), "README.md", "changed"),
        (lambda out: truncate(out / SHARD), SHARD, "changed"),
        (lambda out: keep_lines(out / "SHA256SUMS", 10), "SHA256SUMS", "changed"),
        (lambda out: (out / "SHA256SUMS").write_text(""), "SHA256SUMS", "changed"),
        (lambda out: replace_by_link(out / "status.jsonl"), "status.jsonl", "a link"),
    ],
)  # fmt: skip
def test_damage_is_named(built, tmp_path, harm, name, what):
    harm(tmp_path / "out")
    found = {item.name: item.what for item in verify_dataset(tmp_path / "out").damage}
    assert what in found[name]


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


def keep_lines(path, count):
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:count]))


def replace_by_link(path):
    path.rename(path.with_name(".moved"))
    path.symlink_to(".moved")


def test_a_path_out_of_the_folder_is_not_followed(built, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    sums = tmp_path / "out" / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("README.md", "../secret"))
    assert "../secret" not in {item.name for item in verify_dataset(tmp_path / "out").damage}


def test_what_is_damaged_can_be_made_anew(built, manifest, tmp_path):
    out = tmp_path / "out"
    before = tree(out)
    for name in ("videos/v2/poses.npz", "shards/Sign_DWPose_NPZ_000003.col", "README.md"):
        content = bytearray((out / name).read_bytes())
        content[len(content) // 2] ^= 1
        (out / name).write_bytes(content)
    found = verify_dataset(out)
    assert {item.name for item in found.damage} == {
        "videos/v2/poses.npz", "shards/Sign_DWPose_NPZ_000003.col", "README.md",
    }  # fmt: skip
    assert forget(out, found.damage) == ("Sign_DWPose_NPZ_000003", "v2")
    build_dataset(manifest, out, SETTINGS, workers=0)
    assert tree(out) == before


def test_packing_notices_a_damaged_video(built, manifest, tmp_path):
    path = tmp_path / "out" / "videos" / "v2" / "poses.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    config = {**SETTINGS, "shard_videos": 3}
    with pytest.raises(DataError, match="not as it was written; run `signgen dataset verify --repair`"):
        build_dataset(manifest, tmp_path / "out", config, workers=0)


def test_a_data_set_that_is_not_finished_is_compared_with_its_records(manifest, tmp_path):
    build_dataset(manifest, tmp_path / "out", SETTINGS, stages=["captions"], workers=0)
    found = verify_dataset(tmp_path / "out")
    assert (found.files, found.damage, found.is_finished) == (5, (), False)
    (tmp_path / "out" / "videos" / "v0" / "caption.json").write_text("{}")
    assert [item.name for item in verify_dataset(tmp_path / "out").damage] == ["videos/v0/caption.json"]


def test_no_data_set(tmp_path):
    with pytest.raises(DataError, match="no data set here"):
        verify_dataset(tmp_path)
