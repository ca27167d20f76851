"""The layouts of corpora, on made-up trees as the publishers have them, and what each says where something lacks."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from PIL import Image

from signgen.data.npz import read_npz, write_npz
from signgen.data.openpose_json import write_openpose
from signgen.data.shards import Recording, write_shard
from signgen.data.skels import write_skels
from signgen.data.video import read_video
from signgen.dataset.corpora.base import corpora, plain_name
from signgen.dataset.corpora.how2sign import _rate
from signgen.dataset.manifest import VIDEO_ID, read_manifest, write_manifest
from signgen.errors import ConfigError, DataError
from signgen.pose.sequence import PoseSequence


def poses_of(count, seed=0):
    points = np.random.default_rng(seed).uniform(50, 400, (count, 128, 3)).astype(np.float32)
    points[..., 2] = 0.9
    return PoseSequence(points, 25.0, 512, 512)


def samples(name, root, tmp_path, **settings):
    found = list(corpora.build({"name": name, **settings})(root, tmp_path / "unpacked"))
    path = tmp_path / "manifest" / "MANIFEST.jsonl"
    path.parent.mkdir(exist_ok=True)
    write_manifest(found, path)
    assert list(read_manifest(path)) == found
    return found


def refused(name, root, tmp_path, **settings):
    with pytest.raises(DataError) as error:
        samples(name, root, tmp_path, **settings)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("name", corpora.names())
def test_an_empty_folder_is_told_what_was_expected(name, tmp_path):
    (tmp_path / "root").mkdir()
    assert "expected" in refused(name, tmp_path / "root", tmp_path)
    assert str(tmp_path / "none") in refused(name, tmp_path / "none", tmp_path)


@pytest.mark.parametrize("text", ["a b/c", "..", "", ".x", "ä" * 100, "-x", "x" * 80, "x" * 81, "\ud800"])
def test_plain_names(text):
    assert VIDEO_ID.fullmatch(plain_name(text))


def test_long_names_stay_apart():
    assert plain_name("x" * 90 + "a") != plain_name("x" * 90 + "b")


PHOENIX = "name|video|start|end|speaker|orth|translation\n"
NAMES = ("01April_2010_Thursday_heute-6694", "02April_2010_Friday_tagesschau-1")


@pytest.fixture
def phoenix(tmp_path):
    base = tmp_path / "release" / "PHOENIX-2014-T"
    (base / "annotations" / "manual").mkdir(parents=True)
    for split, name in zip(("train", "dev"), NAMES, strict=True):
        row = f'{name}|{name}/1/*.png|-1|-1|Signer04|MORGEN REGEN|morgen "regnet" es .\n'
        table = base / "annotations" / "manual" / f"PHOENIX-2014-T.{split}.corpus.csv"
        table.write_text(PHOENIX + row, encoding="utf-8")
        pictures = base / "features" / "fullFrame-210x260px" / split / name
        pictures.mkdir(parents=True)
        for number in range(1, 4):
            grey = np.full((260, 210, 3), 20 * number, np.uint8)
            Image.fromarray(grey).save(pictures / f"images{number:04d}.png")
    return base


def test_phoenix(phoenix, tmp_path):
    train, dev = samples("phoenix14t", phoenix.parent, tmp_path)
    assert (train.video_id, train.split, train.signer) == (NAMES[0], "train", "Signer04")
    assert (train.gloss, train.text) == ("MORGEN REGEN", 'morgen "regnet" es .')
    assert (train.signed_language, train.spoken_language, train.fps) == ("gsg", "de", 25.0)
    video = read_video(dev.video, fps=dev.fps)
    assert (video.num_frames, video.width, video.height, video.seconds) == (3, 210, 260, 0.12)
    assert [int(frame[0, 0, 0]) for frame in video.frames()] == [20, 40, 60]


def test_phoenix_prefers_poses_and_names_what_lacks(phoenix, tmp_path):
    (phoenix / "poses" / "dev").mkdir(parents=True)
    write_npz(poses_of(3), phoenix / "poses" / "dev" / f"{NAMES[1]}.npz")
    folder = phoenix / "features" / "fullFrame-210x260px" / "train" / NAMES[0]
    folder.rename(folder.with_name("elsewhere"))
    assert f"features/fullFrame-210x260px/train/{NAMES[0]}" in refused("phoenix14t", phoenix, tmp_path)
    (dev,) = samples("phoenix14t", phoenix, tmp_path, missing="skip")
    assert dev.poses is not None
    assert dev.video is None
    kept = samples("phoenix14t", phoenix, tmp_path, missing="keep")
    assert [sample.video for sample in kept] == [None, None]


def test_phoenix_annotations_as_json_lines(tmp_path):
    rows = [
        {
            "name": f"dev/{NAMES[1]}",
            "signer": "Signer01",
            "gloss": "REGEN",
            "text": "regen .",
            "num_frames": 3,
        }
    ]
    path = tmp_path / "dev.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    (sample,) = samples("phoenix14t", tmp_path, tmp_path, missing="keep")
    assert (sample.video_id, sample.split, sample.gloss) == (NAMES[1], "dev", "REGEN")
    path.write_bytes(path.read_bytes()[:-9])
    assert "cannot be read" in refused("phoenix14t", tmp_path, tmp_path, missing="keep")
    path.write_bytes(gzip.compress(b'{"name": 3}\n'))
    assert "dev.jsonl.gz:1: expected texts" in refused("phoenix14t", tmp_path, tmp_path, missing="keep")


HOW2SIGN = "VIDEO_ID\tVIDEO_NAME\tSENTENCE_ID\tSENTENCE_NAME\tSTART_REALIGNED\tEND_REALIGNED\tSENTENCE\n"
SENTENCE = "-d5dN54tH2E_0-1-rgb_front"


@pytest.fixture
def how2sign(tmp_path):
    base = tmp_path / "How2Sign"
    text = base / "sentence_level" / "val" / "text" / "en" / "raw_text" / "re_aligned"
    text.mkdir(parents=True)
    row = f'-d5dN54tH2E\t-d5dN54tH2E-1-rgb_front\t-d5dN54tH2E_0\t{SENTENCE}\t2.25\t4.25\t"We\'re ""here"" now."\n'
    (text / "how2sign_realigned_val.csv").write_text(HOW2SIGN + row, encoding="utf-8")
    return base


def add(base, *parts):
    path = base.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path


def test_how2sign_takes_clips_then_videos_then_poses(how2sign, tmp_path):
    level = how2sign / "sentence_level" / "val" / "rgb_front"
    folder = level / "features" / "openpose_output" / "json" / SENTENCE
    write_openpose([poses_of(60)], folder)
    (poses,) = samples("how2sign", how2sign, tmp_path)
    assert (poses.poses, poses.fps, poses.start, poses.end) == (folder, 30.0, 0.0, None)
    assert (poses.signer, poses.split, poses.text) == ("1", "val", 'We\'re "here" now.')
    video = add(how2sign, "video_level", "val", "rgb_front", "raw_videos", "-d5dN54tH2E-1-rgb_front.mp4")
    (part,) = samples("how2sign", how2sign.parent, tmp_path)
    assert (part.video, part.poses, part.start, part.end) == (video, None, 2.25, 4.25)
    clip = add(level, "raw_videos", f"{SENTENCE}.mp4")
    (whole,) = samples("how2sign", how2sign, tmp_path)
    assert (whole.video, whole.start, whole.end, whole.is_cut) == (clip, 0.0, None, False)
    assert samples("how2sign", how2sign, tmp_path, media="poses")[0].poses == folder


def test_how2sign_names_what_lacks(how2sign, tmp_path):
    message = refused("how2sign", how2sign, tmp_path)
    assert "how2sign_realigned_val.csv:2" in message
    assert SENTENCE in message
    table = next(how2sign.rglob("*.csv"))
    table.write_text(table.read_text(encoding="utf-8").replace("4.25", "1.25"), encoding="utf-8")
    assert "a sentence from 2.25 to 1.25 s" in refused("how2sign", how2sign, tmp_path)
    table.write_text("VIDEO_ID\tSENTENCE\n", encoding="utf-8")
    assert "no column 'VIDEO_NAME'" in refused("how2sign", how2sign, tmp_path)


@pytest.mark.parametrize(
    ("frames", "seconds", "expected"), [(240, 10, 24), (300, 10, 29.97), (61, 2, 30), (250, 10, 25)]
)
def test_rates_of_cameras(frames, seconds, expected):
    assert _rate(frames, seconds, "x") == pytest.approx(expected, abs=0.04)


def test_no_camera_has_this_rate():
    with pytest.raises(DataError, match="fit no rate of a camera"):
        _rate(100, 10.0, "x")


@pytest.fixture
def shard(tmp_path):
    caption = {"sign_language": "lsf", "segments": [{"start": 0, "end": 1, "text": "Bonjour."}]}
    recordings = [
        Recording("v1", (poses_of(5, 1),), caption),
        Recording("v2", (poses_of(6, 2), poses_of(6, 3))),
    ]
    write_shard(recordings, tmp_path / "root" / "dataset" / "Sign_DWPose_NPZ_000001.tar")
    return tmp_path / "root"


def test_signverse_shards_are_unpacked_and_folders_read_in_place(shard, tmp_path):
    first, second = samples("signverse", shard, tmp_path)
    assert (first.video_id, first.signed_language) == ("v1", "fsl")
    assert json.loads(first.captions.read_text(encoding="utf-8"))["segments"][0]["text"] == "Bonjour."
    assert second.poses == tmp_path / "unpacked" / "v2" / "poses.npz"
    before = first.poses.read_bytes()
    (tmp_path / "unpacked" / "v1" / "v1.complete").touch()
    (tmp_path / "unpacked" / "v2" / ".complete").touch()
    (tmp_path / "unpacked").rename(tmp_path / "folders")
    again = samples("signverse", tmp_path / "folders", tmp_path)
    assert [sample.video_id for sample in again] == ["v1", "v2"]
    assert again[0].poses.read_bytes() == before
    assert again[0].signed_language == "fsl"
    assert not (tmp_path / "unpacked").exists()


def test_signverse_tells_unfinished_videos(shard, tmp_path):
    samples("signverse", shard, tmp_path)
    assert "v1.complete not found" in refused("signverse", tmp_path / "unpacked", tmp_path / "unpacked")
    data = next(shard.rglob("*.tar")).read_bytes()
    next(shard.rglob("*.tar")).write_bytes(data[: len(data) // 2])
    refused("signverse", shard, tmp_path)
    assert len(samples("signverse", shard, tmp_path, missing="skip")) == 1


@pytest.fixture
def skels(tmp_path):
    write_skels([poses_of(4, 1), poses_of(5, 2)], tmp_path / "root" / "dev.skels.gz")
    for kind, lines in (
        ("files", ["dev/a-1", "dev/b-2"]),
        ("text", ["regen .", "sonne ."]),
        ("gloss", ["REGEN", "SONNE"]),
    ):
        (tmp_path / "root" / f"dev.{kind}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "root"


def test_progressive(skels, tmp_path):
    first, second = samples("progressive", skels, tmp_path)
    assert (first.video_id, second.text, second.gloss, second.split) == ("a-1", "sonne .", "SONNE", "dev")
    assert len(read_npz(second.poses)) == 5
    (skels / "dev.text").write_text("one\n", encoding="utf-8")
    assert "dev.text: 1 lines for 2 names" in refused("progressive", skels, tmp_path)
    (skels / "dev.files").write_text("a\nb\nc\n", encoding="utf-8")
    (skels / "dev.text").unlink()
    (skels / "dev.gloss").unlink()
    assert "2 sequences for 3 names" in refused("progressive", skels, tmp_path)


class Evil:
    def __reduce__(self):
        return (open, ("/nowhere/pwned", "w"))


def test_slrtp(tmp_path):
    torch = pytest.importorskip("torch")
    entry = {
        "poses_3d": torch.rand(7, 178, 3),
        "text": "regen .",
        "gloss": ["REGEN", "MORGEN"],
        "speaker": "Signer01",
    }
    torch.save({"dev/a-1": entry}, tmp_path / "dev.pt")
    (sample,) = samples("slrtp", tmp_path, tmp_path)
    assert (sample.video_id, sample.gloss, sample.signer) == ("a-1", "REGEN MORGEN", "Signer01")
    assert len(read_npz(sample.poses)) == 7
    torch.save({"a": {"poses_3d": torch.rand(7, 50, 3)}}, tmp_path / "dev.pt")
    assert "expected a tensor (T, 178, 3), got (7, 50, 3)" in refused("slrtp", tmp_path, tmp_path)
    torch.save({"a": Evil()}, tmp_path / "dev.pt")
    assert "holds more than tensors and plain values" in refused("slrtp", tmp_path, tmp_path)
    torch.save([1, 2], tmp_path / "dev.pt")
    assert "expected a mapping" in refused("slrtp", tmp_path, tmp_path)
    (tmp_path / "dev.pt").write_bytes(b"PK\x03\x04 rubbish")
    refused("slrtp", tmp_path, tmp_path)


def test_dgs_pairs(tmp_path):
    content = {
        "id": "1",
        "sentence": {"german": "Es regnet.", "english": "It rains.", "glosses": {"gloss": ["REGEN1"]}},
    }
    for number in (10, 2):
        (tmp_path / f"train_{number}_metadata.json").write_text(json.dumps(content), encoding="utf-8")
        (tmp_path / f"train_{number}_original.pose").touch()
    first, _ = samples("dgs-pairs", tmp_path, tmp_path)
    assert (first.video_id, first.text, first.gloss, first.split) == (
        "train_2",
        "Es regnet.",
        "REGEN1",
        "train",
    )
    assert "train_2_updated.pose not found" in refused("dgs-pairs", tmp_path, tmp_path, which="updated")
    (tmp_path / "train_2_metadata.json").write_text('{"sentence": {"german": 3}}', encoding="utf-8")
    assert "expected sentence with german" in refused("dgs-pairs", tmp_path, tmp_path)


def test_folder_with_a_table(tmp_path):
    root = tmp_path / "root"
    for name in ("a.mp4", "b.npz", "sub/c.mp4", "a.vtt"):
        add(root, name)
    head = "File,Sentence,Speaker,License,start,end,captions,mood\n"
    table = head + "a.mp4,Hello,S1,CC0-1.0,1,2.5,a.vtt,good\nb.npz,Bye,S2,,,,,\n"
    (root / "index.csv").write_text(table, encoding="utf-8")
    first, second = samples("folder", root, tmp_path, signed_language="ase", licence="CC-BY-4.0")
    assert (first.video_id, first.video, first.captions) == ("a_1", root / "a.mp4", root / "a.vtt")
    assert (first.text, first.signer, first.licence, first.start, first.end) == (
        "Hello",
        "S1",
        "CC0-1.0",
        1.0,
        2.5,
    )
    assert (second.poses, second.video, second.licence, second.signed_language) == (
        root / "b.npz",
        None,
        "CC-BY-4.0",
        "ase",
    )
    assert samples("folder", root / "index.csv", tmp_path)[0].text == "Hello"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("video\nnone.mp4\n", "index.csv:2: "),
        ("video,start\na.mp4,soon\n", "index.csv:2: start: expected a number, got 'soon'"),
        ("video,start,end\na.mp4,3,2\n", "index.csv:2: a_3: end: expected seconds after start"),
        ("video,spilt\na.mp4,dev\n", "column 'spilt': unknown; did you mean 'split'?"),
        ("text\nhello\n", "no column video, poses or video_id"),
        ("video,text\n,hello\n", "neither video_id nor a file"),
        ("video,text\na.mp4\n", "1 columns, the first line has 2"),
    ],
)
def test_tables_that_cannot_be_used(table, message, tmp_path):
    add(tmp_path, "root", "a.mp4")
    (tmp_path / "root" / "index.csv").write_text(table, encoding="utf-8")
    assert message in refused("folder", tmp_path / "root", tmp_path)


def test_folder_of_files_alone(tmp_path):
    root = tmp_path / "root"
    for name in ("train/a.mp4", "train/a.npz", "train/a.en.txt", "dev/b.pose", "dev/b.srt", ".hidden/c.mp4"):
        add(root, name)
    (root / "train" / "a.txt").write_text("It\nrains.\n", encoding="utf-8")
    second, first = samples("folder", root, tmp_path)
    assert (first.video_id, first.split, first.text) == ("train-a", "train", "It rains.")
    assert (first.video, first.poses) == (root / "train" / "a.mp4", root / "train" / "a.npz")
    assert (second.video_id, second.poses, second.captions) == (
        "dev-b",
        root / "dev" / "b.pose",
        root / "dev" / "b.srt",
    )


def test_settings_are_checked():
    with pytest.raises(ConfigError, match=r"did you mean 'licence'\?"):
        corpora.build({"name": "folder", "license": "x"})
    with pytest.raises(ConfigError, match="missing"):
        corpora.build({"name": "folder", "missing": "perhaps"})


@pytest.mark.parametrize(
    ("name", "folder", "settings", "count"),
    [
        ("phoenix14t", "phoenix14t", {"missing": "keep"}, 8257),
        ("progressive", "pt150", {}, 10),
        ("dgs-pairs", "dgs_pairs", {}, 16),
        ("folder", "video", {}, 2),
    ],
)
def test_real_files(name, folder, settings, count, shared_data, tmp_path):
    corpus = corpora.build({"name": name, **settings})
    found = list(corpus(shared_data / folder, tmp_path / "unpacked"))
    assert len(found) == count
    assert len({sample.video_id for sample in found}) == count
