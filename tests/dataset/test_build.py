"""A whole build: what it writes, what it keeps, what it does anew."""

from __future__ import annotations

import dataclasses
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
from blobs import Blobs
from corpus import SETTINGS, tree

from signgen.data.columnar import Columnar
from signgen.data.shards import read_shard
from signgen.data.video import read_video
from signgen.dataset.build import build_dataset
from signgen.dataset.manifest import Sample, write_manifest
from signgen.errors import ConfigError, DataError
from signgen.extract.base import extractors
from signgen.extract.run import extract
from signgen.pose.clean import clean


def test_what_a_build_writes(built, tmp_path):
    out = tmp_path / "out"
    assert (built.counts, built.packed.videos, built.packed.shards) == ({"done": 5}, 5, 3)
    names = sorted(tree(out))
    assert [name for name in names if "/" not in name] == [
        ".lock", "README.md", "SHA256SUMS", "dataset.json", "rejects.jsonl", "status.jsonl",
    ]  # fmt: skip
    assert [name for name in names if name.startswith("videos/v3/")] == [
        f"videos/v3/{name}"
        for name in ("caption.json", "poses.npz", "quality.json", "status.json", "v3.complete")
    ]
    assert (out / ".lock").stat().st_size == 0


def test_the_shards_hold_what_the_extractor_found(built, tmp_path, samples):
    out = tmp_path / "out" / "shards"
    recordings = [r for shard in sorted(out.glob("*.tar")) for r in read_shard(shard)]
    assert [recording.video_id for recording in recordings] == ["v0", "v1", "v2", "v3", "v4"]
    for recording, sample in zip(recordings, samples, strict=True):
        found = extract(read_video(sample.video), extractors.build({"name": "blobs"}))
        wanted = clean(found.signer).poses
        np.testing.assert_array_equal(recording.poses[0].keypoints, wanted.keypoints)
        assert recording.poses[0].fps == wanted.fps
        assert recording.caption["document_text"] == sample.text
        assert [tuple(row.values()) for row in recording.caption["segments"]] == [
            (round(wanted.seconds, 3), 0.0, sample.text)
        ]
        assert recording.signed_language == "ase"
    with Columnar(out / "Sign_DWPose_NPZ_000003.col") as columns:
        assert [clip.name for clip in columns.clips] == ["v4"]
        assert columns.clips[0].info["split"] == "test"
        assert np.abs(columns.read(0).xy - recordings[4].poses[0].xy).max() <= columns.clips[0].step / 2


def test_members_are_the_files_of_the_videos(built, tmp_path):
    out = tmp_path / "out"
    with tarfile.open(out / "shards" / "Sign_DWPose_NPZ_000001.tar") as tar:
        for name in ("v0/poses.npz", "v1/poses.npz"):
            assert tar.extractfile(name).read() == (out / "videos" / name).read_bytes()


def test_a_second_run_changes_nothing(built, manifest, tmp_path):
    before = tree(tmp_path / "out")
    again = build_dataset(manifest, tmp_path / "out", SETTINGS, workers=0)
    assert (again.counts, again.packed.written) == ({"kept": 5}, 0)
    assert tree(tmp_path / "out") == before


def test_two_builds_give_the_same_bytes_whatever_the_workers(built, manifest, tmp_path):
    build_dataset(manifest, tmp_path / "other", SETTINGS, workers=2)
    assert tree(tmp_path / "other") == tree(tmp_path / "out")


def test_stages_one_by_one_give_the_same_as_all_at_once(built, manifest, tmp_path):
    for stage in ("captions", "poses", "shards"):
        done = build_dataset(manifest, tmp_path / "other", SETTINGS, stages=[stage], workers=0)
        assert done.counts == {"captions": {"pending": 5}, "poses": {"done": 5}, "shards": {}}[stage]
    assert tree(tmp_path / "other") == tree(tmp_path / "out")


def test_packing_before_the_end_says_what_is_not_in(samples, manifest, tmp_path):
    with pytest.raises(DataError, match="no video can be used \\(5 not done yet\\)"):
        build_dataset(manifest, tmp_path / "out", SETTINGS, stages=["captions", "shards"], workers=0)
    write_manifest(samples[:2], tmp_path / "two.jsonl")
    build_dataset(tmp_path / "two.jsonl", tmp_path / "out", SETTINGS, workers=0)
    packed = build_dataset(manifest, tmp_path / "out", SETTINGS, stages=["shards"], workers=0).packed
    assert (packed.videos, packed.pending) == (2, 3)


@pytest.mark.parametrize(
    ("change", "redone", "log"),
    [
        ({"limits": {"seconds": 0.3}}, {"settings": 5}, 0),
        ({"extractor": {"scale": 0.5}}, {"settings": 5}, 5),
        ({"clean": False}, {"settings": 5}, 5),
        ({"shard_videos": 5}, {}, 0),
        ({"columnar": False}, {}, 0),
    ],
)
def test_a_changed_setting_does_anew_what_depends_on_it(built, manifest, tmp_path, change, redone, log):
    logged = tmp_path / "log"
    config = {**SETTINGS, **change}
    config["extractor"] = {"name": "blobs", **change.get("extractor", {})}
    if log:
        config["extractor"]["log"] = str(logged)
    again = build_dataset(manifest, tmp_path / "out", config, workers=0)
    assert again.redone == redone
    assert len(logged.read_text().splitlines() if logged.exists() else []) == log
    fresh = build_dataset(manifest, tmp_path / "fresh", config, workers=0)
    assert fresh.packed.videos == again.packed.videos
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


def test_a_changed_line_does_that_video_anew(built, samples, tmp_path):
    changed = [dataclasses.replace(samples[0], text="another"), *samples[1:]]
    write_manifest(changed, tmp_path / "m.jsonl")
    again = build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0)
    assert (again.counts, again.redone) == ({"kept": 4, "done": 1}, {"input": 1})
    build_dataset(tmp_path / "m.jsonl", tmp_path / "fresh", SETTINGS, workers=0)
    assert tree(tmp_path / "out") == tree(tmp_path / "fresh")


def test_a_changed_video_is_found_by_size_and_with_a_flag_by_hash(built, samples, tmp_path):
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(samples[0].video.read_bytes())
    write_manifest([Sample("v0", video=copy)], tmp_path / "m.jsonl")
    build_dataset(tmp_path / "m.jsonl", tmp_path / "one", SETTINGS, workers=0)
    content = bytearray(copy.read_bytes())
    content[content.index(b"synthetic") if b"synthetic" in content else -1] ^= 1
    copy.write_bytes(content)
    assert build_dataset(tmp_path / "m.jsonl", tmp_path / "one", SETTINGS, workers=0).counts == {"kept": 1}
    checked = build_dataset(tmp_path / "m.jsonl", tmp_path / "one", SETTINGS, workers=0, check_inputs=True)
    assert checked.redone == {"input": 1}
    copy.write_bytes(samples[1].video.read_bytes())
    assert build_dataset(tmp_path / "m.jsonl", tmp_path / "one", SETTINGS, workers=0).redone == {"input": 1}
    copy.unlink()  # what was made of it is there
    assert build_dataset(tmp_path / "m.jsonl", tmp_path / "one", SETTINGS, workers=0).counts == {"kept": 1}


def test_a_file_that_was_lost_is_made_anew(built, manifest, tmp_path):
    before = tree(tmp_path / "out")
    (tmp_path / "out" / "videos" / "v2" / "poses.npz").unlink()
    (tmp_path / "out" / "videos" / "v3" / "status.json").write_text("{")
    (tmp_path / "out" / "shards" / "Sign_DWPose_NPZ_000001.col").unlink()
    again = build_dataset(manifest, tmp_path / "out", SETTINGS, workers=0)
    assert (again.counts, again.redone) == ({"kept": 3, "done": 2}, {"files": 1})
    assert tree(tmp_path / "out") == before


def test_videos_that_left_the_manifest_stay_but_leave_the_shards(built, samples, tmp_path):
    write_manifest(samples[:3], tmp_path / "m.jsonl")
    again = build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0)
    assert (again.packed.videos, again.packed.shards) == (3, 2)
    assert (tmp_path / "out" / "videos" / "v4" / "poses.npz").exists()
    assert len((tmp_path / "out" / "status.jsonl").read_text().splitlines()) == 3


def test_parts_of_a_file(samples, tmp_path):
    video = samples[4].video  # 16 frames at 24 fps
    parts = [
        Sample("a", video=video, start=0.25, end=0.5),
        Sample("b", video=video, start=0.25),
        Sample("c", video=video),
    ]
    write_manifest(parts, tmp_path / "m.jsonl")
    build_dataset(tmp_path / "m.jsonl", tmp_path / "out", {**SETTINGS, "clean": False}, workers=0)
    shards = sorted((tmp_path / "out" / "shards").glob("*.tar"))
    a, b, c = [recording for shard in shards for recording in read_shard(shard)]
    whole = c.poses[0].keypoints
    np.testing.assert_array_equal(a.poses[0].keypoints, whole[6:12])
    np.testing.assert_array_equal(b.poses[0].keypoints, whole[6:])


def test_poses_that_are_there_need_no_extractor(built, tmp_path):
    stored = tmp_path / "out" / "videos" / "v1" / "poses.npz"
    config = {**SETTINGS, "extractor": {"name": "blobs", "break_above": 1}}
    write_manifest([Sample("p", poses=stored), Sample("q", poses=stored, start=0.25)], tmp_path / "m.jsonl")
    done = build_dataset(tmp_path / "m.jsonl", tmp_path / "poses", config, workers=0)
    assert done.counts == {"done": 2}
    p, q = read_shard(tmp_path / "poses" / "shards" / "Sign_DWPose_NPZ_000001.tar")
    (original,) = (
        r
        for r in read_shard(tmp_path / "out" / "shards" / "Sign_DWPose_NPZ_000001.tar")
        if r.video_id == "v1"
    )
    np.testing.assert_array_equal(p.poses[0].keypoints, original.poses[0].keypoints)
    np.testing.assert_array_equal(q.poses[0].keypoints, original.poses[0].keypoints[6:])


def test_the_lists_say_what_became_of_each(built, tmp_path):
    rows = [json.loads(line) for line in (tmp_path / "out" / "status.jsonl").read_text().splitlines()]
    assert [row["video_id"] for row in rows] == ["v0", "v1", "v2", "v3", "v4"]
    assert {row["outcome"] for row in rows} == {"done"}
    assert [row["facts"]["frames"] for row in rows] == [12, 13, 14, 15, 16]
    assert (tmp_path / "out" / "rejects.jsonl").read_text() == ""


def test_the_weights_of_the_extractor_are_credited(samples, tmp_path, monkeypatch):
    weights = {"name": "spot.onnx", "sha256": "0f" * 32, "licence": "MIT", "source": ""}
    monkeypatch.setattr(Blobs, "sources", lambda self: (weights,), raising=False)
    write_manifest(samples[:2], tmp_path / "m.jsonl")
    build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0)
    assert (tmp_path / "out" / "README.md").read_text(encoding="utf-8").count("Weights `spot.onnx`") == 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"extractor": "blob"}, "no extractor called 'blob'; did you mean 'blobs'?"),
        (
            {"extractor": {"name": "blobs", "scael": 1}},
            "extractor.scael: unknown setting; did you mean 'scale'?",
        ),
        ({"limits": {"seconds": -1}}, "limits.seconds"),
        ({"shard_videos": 0}, "shard_videos"),
        ({"colunmar": True}, "colunmar: unknown setting; did you mean 'columnar'?"),
        ({"limits": 3}, "limits: expected a mapping"),
    ],
)
def test_bad_settings(manifest, tmp_path, config, message):
    with pytest.raises(ConfigError) as caught:
        build_dataset(manifest, tmp_path / "out", config)
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_an_empty_manifest_is_an_error(tmp_path):
    (tmp_path / "m.jsonl").write_text("\n")
    with pytest.raises(DataError, match="lists no video"):
        build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS)
    assert not Path(tmp_path / "out").exists()


def test_no_output_is_an_error_and_the_reasons_are_listed(tmp_path):
    (tmp_path / "a.mp4").touch()
    write_manifest([Sample("a", video=tmp_path / "a.mp4")], tmp_path / "m.jsonl")
    with pytest.raises(DataError, match=r"no video can be used \(1 empty\); see rejects\.jsonl"):
        build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0)
    (row,) = [json.loads(line) for line in (tmp_path / "out" / "rejects.jsonl").read_text().splitlines()]
    assert row["reasons"] == [{"name": "empty", "detail": "the file is empty"}]
