"""Shards, index, card, metadata, check and merge of batch output."""

import hashlib
import json
import shutil
import tarfile

import numpy as np
import pytest
import yaml
from finished_batches import FPS, FRAMES, SIDE, TEXT, commit, made_of, make_batch, poses_of

from signgen.batch.output.finish import finish_folder
from signgen.batch.output.merge import merge_folders
from signgen.batch.output.read import read_samples
from signgen.batch.output.sample import member_path, put_sample
from signgen.batch.output.verify import verify_folder
from signgen.batch.spool import Spool
from signgen.data.shards import read_shard
from signgen.data.video import SYNTHETIC_MARK
from signgen.errors import ConfigError, DataError, SignGenError

MEMBERS = ["poses.npz", "caption.json", "mp4", "json"]


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    return make_batch(tmp_path_factory.mktemp("batch") / "b")


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make_batch(tmp_path_factory.mktemp("film") / "b", 1, 2, has_video=True)


def first_shard(folder):
    return folder / "data" / "train-00000-of-00001.tar"


def problems(folder, *, deep=False):
    return [(item.name, item.what) for item in verify_folder(folder, deep=deep).damage]


def test_members_lie_side_by_side_with_nothing_of_the_machine_in_the_headers(film):
    with tarfile.open(first_shard(film)) as tar:
        members = tar.getmembers()
    assert [m.name for m in members] == [f"{key}.{m}" for key in ("a0-0", "a0-1") for m in MEMBERS]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode, m.type) for m in members} == {
        (0, 0, 0, "", "", 0o644, tarfile.REGTYPE)
    }
    assert first_shard(film).read_bytes()[257:265] == b"ustar\x0000"


def test_the_same_samples_give_the_same_bytes(tmp_path, film):
    again = make_batch(tmp_path / "b", 1, 2, has_video=True)
    names = [p.relative_to(film) for p in sorted(film.rglob("*")) if p.is_file()]
    assert names
    assert all((again / name).read_bytes() == (film / name).read_bytes() for name in names)


@pytest.mark.parametrize("layout", ["dense", "signverse"])
def test_our_reader_gives_back_what_was_put_in(tmp_path, layout):
    folder = make_batch(tmp_path / "b", 1, 2, layout=layout)
    found = list(read_shard(first_shard(folder)))
    assert [r.video_id for r in found] == ["a0-0", "a0-1"]
    for recording in found:
        expected = poses_of(recording.video_id)
        np.testing.assert_array_equal(recording.poses[0].keypoints, expected.keypoints)
        assert (recording.poses[0].fps, recording.poses[0].width) == (FPS, SIDE)
        assert recording.signed_language == "ase"
        assert [cue.text for cue in recording.cues()] == [TEXT]
        assert recording.caption["gloss"] == [{"start": 0.0, "end": 0.1, "text": "HELLO"}]
    assert not problems(folder, deep=True)


def test_the_sidecar_says_where_each_frame_came_from_and_under_which_licence(batch):
    record = next(read_samples(next(iter(sorted((batch / "data").iterdir()))))).record
    assert [(o["start"], o["end"], o["licence"]) for o in record["origins"]] == [
        (0, 3, "CC-BY-4.0"),
        (3, FRAMES, ""),
    ]
    assert record["sources"] == [{"entry": "HELLO", "licence": "CC-BY-4.0", "frames": 3}]
    assert (record["licences"], record["synthetic"], record["missing"]) == (["CC-BY-4.0"], True, "wörld")
    assert (record["seed"], record["signer"], record["source"], record["renderer"]) == (
        3,
        "amy",
        "stitch",
        "",
    )


def test_the_index_has_a_row_for_each_sample(batch):
    rows = [json.loads(line) for line in (batch / "index.jsonl").read_text().splitlines()]
    assert [row["key"] for row in rows] == [f"a{n}-{i}" for n in range(2) for i in range(3)]
    assert rows[3]["shard"] == "train-00001-of-00002.tar"
    assert all(row["synthetic"] is True and row["missing"] == ["wörld"] for row in rows)


def test_the_card_has_a_head_that_hubs_read_and_the_figures(batch):
    text = (batch / "README.md").read_text()
    head = yaml.safe_load(text.split("---\n")[1])
    assert (head["language"], head["license_name"], head["size_categories"]) == (
        ["ase"],
        "CC-BY-4.0",
        ["n<1K"],
    )
    assert head["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*.tar"}]
    assert "| samples | 6 |" in text
    assert "| words without a sign | 50.0% |" in text
    assert "| CC-BY-4.0 | 6 |" in text


def test_croissant_lists_every_shard_with_its_sum_and_says_that_all_is_synthetic(batch):
    found = json.loads((batch / "croissant.json").read_text())
    assert found["rai:hasSyntheticData"] is True
    for item in found["distribution"]:
        assert hashlib.sha256((batch / item["contentUrl"]).read_bytes()).hexdigest() == item["sha256"]
    columns = {field["source"]["extract"]["column"] for field in found["recordSet"][0]["field"]}
    assert columns <= json.loads((batch / "index.jsonl").read_text().splitlines()[0]).keys()


def test_a_whole_folder_has_no_damage(batch, film):
    assert not problems(batch, deep=True)
    assert not problems(film, deep=True)


def test_verify_finds_every_truncation_and_every_flipped_bit(tmp_path):
    folder = make_batch(tmp_path / "b", 1, 2)
    path, rng = first_shard(folder), np.random.default_rng(7)
    whole = path.read_bytes()
    for cut in rng.choice(len(whole), 50, replace=False):
        path.write_bytes(whole[:cut])
        assert verify_folder(folder).damaged_shards == (path.name,)
    for bit in rng.choice(len(whole) * 8, 200, replace=False):
        data = bytearray(whole)
        data[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(data)
        assert verify_folder(folder).damaged_shards == (path.name,)
        try:
            list(read_shard(path, on_error="skip"))
        except SignGenError:
            pytest.fail("a damaged shard is skipped over with a record")
    path.write_bytes(whole)
    assert not problems(folder)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda f: (f / "data/train-00001-of-00002.tar").unlink(), "data/train-00001-of-00002.tar"),
        (lambda f: (f / "data/odd.tar").write_bytes(b""), "data/odd.tar"),
        (lambda f: (f / "index.jsonl").write_text("{}\n"), "index.jsonl"),
        (lambda f: (f / "README.md").unlink(), "README.md"),
        (
            lambda f: edit(f / "commits/train-00001-of-00002.json", '"frames": 15', '"frames": 16'),
            "commits/train-00001-of-00002.json",
        ),
        (lambda f: (f / "croissant.json").write_text("{}"), "croissant.json"),
        (lambda f: (f / "SHA256SUMS").write_text("gone\n"), "SHA256SUMS"),
        (
            lambda f: (f / "commits/train-00001-of-00002.json").write_text("{"),
            "commits/train-00001-of-00002.json",
        ),
        (lambda f: (f / "commits/train-00001-of-00002.json").unlink(), "data/train-00001-of-00002.tar"),
    ],
)
def test_verify_names_what_is_missing_changed_or_unaccounted_for(tmp_path, batch, change, name):
    folder = tmp_path / "b"
    shutil.copytree(batch, folder)
    change(folder)
    assert name in [found for found, _ in problems(folder)]


@pytest.mark.parametrize(
    ("member", "change", "what"),
    [
        ("poses.npz", lambda data: data[:-30], "poses.npz"),
        ("caption.json", lambda data: data.replace(b"HELLO", b"OTHER"), "caption.json: has another sum"),
        ("json", lambda data: data.replace(b'"synthetic": true', b'"synthetic": false'), "mark as synthetic"),
        ("json", lambda data: data.replace(b'"fps": 25.0', b'"fps": 24.0'), "its sidecar says"),
        (
            "mp4",
            lambda data: data.replace(SYNTHETIC_MARK.encode(), b"x" * len(SYNTHETIC_MARK)),
            "comment tag",
        ),
    ],
)
def test_deep_finds_in_the_samples_what_a_forged_sum_hides(tmp_path, film, member, change, what):
    """A shard packed from changed members has a good sum of its own."""
    folder, spool = tmp_path / "b", tmp_path / "s"
    spool.mkdir()
    with tarfile.open(first_shard(film)) as tar:
        contents = {m.name.partition(".")[2]: tar.extractfile(m).read() for m in tar.getmembers()[:4]}
    assert change(contents[member]) != contents[member]
    contents[member] = change(contents[member])
    if member == "mp4":  # forge the sum too: the mark alone is to be found
        record = json.loads(contents["json"])
        record["files"][2]["sha256"] = hashlib.sha256(contents["mp4"]).hexdigest()
        contents["json"] = json.dumps(record).encode()
    for name, data in contents.items():
        member_path(spool, "a0-0", name).write_bytes(data)
    folder.mkdir()
    facts = forged(spool, folder, contents)
    commit(folder, facts)
    assert not problems(folder)
    assert any(what in told for _, told in problems(folder, deep=True))


def forged(spool, folder, contents):
    """A shard of members as they are, whatever its sidecar says of them."""
    from signgen.batch.output.shard import ShardFacts

    path = folder / "data" / "train-00000-of-00001.tar"
    path.parent.mkdir()
    with tarfile.TarFile(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name in MEMBERS:
            tar.add(member_path(spool, "a0-0", name), f"a0-0.{name}")
    data = path.read_bytes()
    return ShardFacts(path.name, hashlib.sha256(data).hexdigest(), len(data), 1, 1, FRAMES, 0.2, ("a0-0",))


def test_merge_renumbers_shards_and_keeps_every_sample_once(tmp_path, batch):
    other = make_batch(tmp_path / "other", 1, 2, prefix="z")
    summary = merge_folders([batch, other], tmp_path / "all", parquet=False)
    assert (summary.shards, summary.samples, summary.licences) == (3, 8, ("CC-BY-4.0",))
    names = sorted(path.name for path in (tmp_path / "all" / "data").iterdir())
    assert names == [f"train-{n:05d}-of-00003.tar" for n in range(3)]
    assert not problems(tmp_path / "all", deep=True)
    assert (tmp_path / "all/data" / names[2]).read_bytes() == first_shard(other).read_bytes()


@pytest.mark.parametrize("is_linked", [True, False])
def test_merged_shards_are_linked_and_part_when_one_of_them_grows(tmp_path, is_linked):
    source = make_batch(tmp_path / "b", 1, 2)
    merge_folders([source], tmp_path / "all", parquet=False, is_linked=is_linked)
    one, other = first_shard(source), first_shard(tmp_path / "all")
    assert one.samefile(other) == is_linked
    Spool(source, "train-00000-of-00001").adopt(one)
    put_sample(Spool(source, "train-00000-of-00001"), made_of("later"))
    assert not problems(tmp_path / "all", deep=True)


def test_merge_copies_where_there_are_no_links(tmp_path, batch, monkeypatch):
    def refused(*_given):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refused)
    merge_folders([batch], tmp_path / "all", parquet=False)
    assert not problems(tmp_path / "all")
    name = "data/train-00001-of-00002.tar"
    assert not (batch / name).samefile(tmp_path / "all" / name)


def test_merge_refuses_what_would_lose_or_repeat_samples_and_leaves_nothing(tmp_path, batch):
    copy = tmp_path / "copy"
    shutil.copytree(batch, copy)
    with pytest.raises(DataError, match=r"is in .* too"):
        merge_folders([batch, copy], tmp_path / "all")
    with pytest.raises(ConfigError, match="named twice"):
        merge_folders([batch, batch], tmp_path / "all")
    with pytest.raises(ConfigError, match="not empty"):
        merge_folders([batch], copy)
    path = copy / "data/train-00001-of-00002.tar"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError, match="another sum"):
        merge_folders([copy], tmp_path / "all")
    assert [p.name for p in tmp_path.iterdir()] == ["copy"]


def test_finish_refuses_a_folder_without_shards(tmp_path):
    with pytest.raises(DataError, match="no commits"):
        finish_folder(tmp_path)
    (tmp_path / "commits").mkdir()
    with pytest.raises(DataError, match="not one shard"):
        finish_folder(tmp_path)
