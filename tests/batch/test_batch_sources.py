"""A batch as what trainings, selections and evaluations read: the same clips by every way in."""

import shutil

import numpy as np
import pytest
from finished_batches import FRAMES, TEXT, make_batch, poses_of

from signgen.data.columnar import Columnar
from signgen.data.poses import read_pose
from signgen.data.shard_files import has_shards, open_shard, shards_in, splits_of
from signgen.data.stream import PoseStream
from signgen.errors import DataError
from signgen.slt.clips import load_clips
from signgen.workflow.clip_parts import parts_of, training_split
from signgen.workflow.clip_parts import poses_of as chosen_poses
from signgen.workflow.clip_texts import read_texts
from signgen.workflow.evaluation_inputs import read_clips
from signgen.workflow.inspect import inspect
from signgen.workflow.view import view

KEYS = [f"a{n}-{i}" for n in range(2) for i in range(3)]


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    return make_batch(tmp_path_factory.mktemp("sources") / "b")


@pytest.mark.parametrize("way", ["", "data", "train", "index.jsonl"])
def test_every_way_in_has_the_same_clips(batch, way):
    place = batch / way
    found = read_clips(place)
    assert list(found) == KEYS
    for name, clip in found.items():
        np.testing.assert_array_equal(clip.poses.keypoints, poses_of(name).keypoints)
        assert (clip.info["text"], clip.info["gloss"]) == (TEXT, "HELLO")
    assert read_texts(place) == [(key, TEXT) for key in KEYS]
    assert [name for part in parts_of(place) for name in part.infos] == KEYS


def test_one_shard_is_a_source_too(batch):
    path = batch / "data/train-00001-of-00002.tar"
    assert list(read_clips(path)) == KEYS[3:]
    assert shards_in(path) == (path,)


def test_a_split_that_is_not_there_is_told(batch):
    assert splits_of(batch) == ("train",)
    assert training_split(batch) == batch / "train"
    with pytest.raises(DataError, match="no shards of a batch"):
        shards_in(batch / "dev")


def test_what_a_clip_says_of_itself(batch):
    with open_shard(shards_in(batch)[0]) as shard:
        entry = shard.clips[shard.find("a0-1")]
    assert (entry.frames, entry.fps, entry.width, entry.height) == (FRAMES, 25.0, 64, 64)
    assert entry.info == {
        "text": TEXT, "gloss": "HELLO", "timeline": [["HELLO", 0, 2]], "signed_language": "ase",
        "licence": "CC-BY-4.0", "document": "a0-1", "extractor": "none (synthetic)", "signer": "amy",
        "source": "stitch", "split": "train",
    }  # fmt: skip


def test_a_stream_gives_every_clip_once_in_its_windows(batch):
    clips = list(PoseStream(shards_in(batch / "train"), seed=3, longest=2))
    assert sorted(clip.name for clip in clips) == KEYS
    for clip in clips:
        whole = poses_of(clip.name).keypoints
        np.testing.assert_array_equal(clip.keypoints, whole[clip.start : clip.start + 2])


def test_translators_see_the_clips_of_a_split(batch, tmp_path):
    found = load_clips(batch / "train", 25.0, cache=tmp_path)
    assert (found.names, found.texts, found.glosses) == (tuple(KEYS), (TEXT,) * 6, ("HELLO",) * 6)
    again = load_clips(batch / "train", 25.0, cache=tmp_path)
    np.testing.assert_array_equal(found.keypoints, again.keypoints)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: (b / "SHA256SUMS").unlink(), "not finished; go on with"),
        (lambda b: (b / "data/train-00000-of-00002.tar").unlink(), "train-00000-of-00002.tar is missing"),
        (lambda b: [path.unlink() for path in (b / "commits").iterdir()], "no columnar shards"),
    ],
)
def test_half_a_batch_is_no_source(batch, tmp_path, change, message):
    broken = shutil.copytree(batch, tmp_path / "b")
    change(broken)
    assert has_shards(broken)
    for place in (broken, broken / "data", broken / "train"):
        with pytest.raises(DataError, match=message):
            shards_in(place)


def test_shards_without_commits_are_taken_as_they_are(batch, tmp_path):
    shutil.copytree(batch / "data", tmp_path / "loose")
    assert list(read_clips(tmp_path / "loose")) == KEYS


@pytest.mark.parametrize("size", [0, 700, 5000])
def test_a_shard_that_was_cut_short(batch, tmp_path, size):
    path = tmp_path / "train-00000-of-00001.tar"
    path.write_bytes(shards_in(batch)[0].read_bytes()[:size])
    with pytest.raises(DataError, match=str(path)):
        open_shard(path)


def test_kept_clips_of_a_batch_become_columnar_shards(batch, tmp_path):
    from signgen.workflow.select import _write_shard

    part = parts_of(batch)[1]
    assert _write_shard(part, {"a1-0", "a1-2"}, tmp_path) == ["train/train-00001-of-00002.col"]
    with Columnar(tmp_path / "train/train-00001-of-00002.col") as shard:
        assert [entry.name for entry in shard.clips] == ["a1-0", "a1-2"]
        np.testing.assert_allclose(
            shard.read(1).keypoints[..., :2], poses_of("a1-2").keypoints[..., :2], atol=1 / 64
        )
    assert chosen_poses("a1-0", part.read()["a1-0"]).width == 64


def test_a_sample_is_named_like_a_file(batch, tmp_path):
    for name in ("a1-2", "data/a1-2", "data/train-00001-of-00002.tar/a1-2"):
        np.testing.assert_array_equal(read_pose(batch / name).keypoints, poses_of("a1-2").keypoints)
    facts = inspect(batch / "a1-2")
    assert (facts["kind"], facts["gloss"], facts["frames"]) == ("sample of a batch", "HELLO", FRAMES)
    assert view(batch / "a1-2", tmp_path / "v.mp4").is_file()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "name one of them, such as .*a0-0"),
        ("data/train-00000-of-00002.tar", "such as .*a0-0"),
        ("a9", "nor a sample"),
    ],
)
def test_a_batch_is_no_single_clip(batch, name, message):
    with pytest.raises(DataError, match=message):
        read_pose(batch / name)


@pytest.mark.parametrize(
    ("name", "samples", "kind"),
    [("", 6, "batch"), ("data", 6, "batch"), ("data/train-00001-of-00002.tar", 3, "shard of a batch")],
)
def test_what_a_batch_holds(batch, name, samples, kind):
    facts = inspect(batch / name)
    assert (facts["kind"], facts["samples"], facts["frames"]) == (kind, samples, samples * FRAMES)
    assert (facts["signed_language"], facts["licences"]) == ({"ase": samples}, {"CC-BY-4.0": samples})
    assert facts["split"] == {"train": samples}


def test_a_data_set_is_built_of_a_batch(batch, tmp_path):
    from signgen.dataset.corpora.base import corpora

    found = list(corpora.build({"name": "columnar"})(batch, tmp_path))
    assert [(sample.video_id, sample.split, sample.gloss) for sample in found] == [
        (key, "train", "HELLO") for key in KEYS
    ]
    np.testing.assert_array_equal(read_pose(found[4].poses).keypoints, poses_of(KEYS[4]).keypoints)
