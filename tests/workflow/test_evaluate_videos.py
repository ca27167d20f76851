"""Evaluation of videos: what is extracted and kept, how clips are listed, figures of pictures, and refusals."""

from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from signgen.data.columnar import Clip, write_columnar
from signgen.data.poses import write_poses
from signgen.data.video import write_video
from signgen.errors import DataError, DependencyError
from signgen.judge.trial import Options
from signgen.pose.sequence import PoseSequence
from signgen.workflow import evaluate as evaluating
from signgen.workflow import evaluation_videos
from signgen.workflow.evaluate import evaluate_files
from signgen.workflow.evaluation_control import drawn_control
from signgen.workflow.evaluation_inputs import Source, read_clips, read_sources
from signgen.workflow.evaluation_videos import Looking, look
from signgen.workflow.extract import extract_video
from signgen.workflow.extract_folder import extract_folder

sys.path.insert(0, str(Path(__file__).parents[1] / "judge"))
from nearest_judge import corpus, judge

SPOTS = {"extractor": {"name": "spots"}}
CLIPS, TEXTS = corpus(8, 3)
NAMES = [f"clip-{i}" for i in range(len(CLIPS))]
OPTIONS = Options(resamples=40)
FRAMES, FPS = 12, 12.5


def film(path: Path, seed: int, size: int = 96) -> Path:
    """A bright square that wanders over a grey wall."""
    rng = np.random.default_rng(seed)

    def frames():
        x = 40
        for _ in range(FRAMES):
            frame = np.full((size, size, 3), 60, np.uint8)
            frame[40:48, x : x + 8] = 255
            x = int(np.clip(x + rng.integers(-4, 5), 20, 60))
            yield frame

    write_video(frames(), path, FPS)
    return path


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    for number, name in enumerate(NAMES):
        film(folder / f"{name}.mp4", number)
    return folder


@pytest.fixture(scope="module")
def true(tmp_path_factory):
    folder = tmp_path_factory.mktemp("true")
    rows = [{"text": text, "spoken_language": "en", "extractor": "hand"} for text in TEXTS]
    write_columnar([Clip(*row) for row in zip(NAMES, CLIPS, rows, strict=True)], folder / "0.col")
    return folder


def listed(folder: Path, films: Path, poses: bool = True, **extra: str) -> Path:
    """A list of the films and, as the poses that they were made from, just those that are found in them."""
    folder.mkdir()
    lines = []
    for name in NAMES:
        (folder / f"{name}.mp4").write_bytes((films / f"{name}.mp4").read_bytes())
        line = {"name": name, "video": f"{name}.mp4", **extra}
        if poses:
            extract_video(folder / f"{name}.mp4", folder / f"{name}.npz", SPOTS)
            (folder / f"{name}.npz.json").unlink()
            line["poses"] = f"{name}.npz"
        lines.append(json.dumps(line))
    (folder / "index.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture
def counting(monkeypatch):
    """Videos that are extracted, and a judge without a training."""
    seen = []
    real = evaluation_videos.extract_with

    def extract_with(job, video, *rest):
        seen.append(video.name)
        return real(job, video, *rest)

    monkeypatch.setattr(evaluation_videos, "extract_with", extract_with)
    monkeypatch.setattr(evaluating, "load_judges", lambda *_, **__: [judge()])
    return seen


def run(made: Path, true: Path, output: Path, **changes):
    looking = Looking(output.with_suffix(".extracted"), SPOTS, **changes)
    return evaluate_files(made, true, output, ["any"], options=OPTIONS, looking=looking, force=True)


def values(report):
    return {row["name"]: row["value"] for row in report["videos"]["scores"]}


def test_both_gates_from_videos_and_the_poses_they_were_made_from(tmp_path, films, true, counting):
    report = run(listed(tmp_path / "made", films), true, tmp_path / "r.json")
    assert sorted(counting) == [f"{name}.mp4" for name in NAMES]
    (found,) = report["judges"]
    assert {share["loser"] for share in found["gates"]["losses"][0]["shares"]} == {
        "generator",
        "renderer + extractor",
    }
    # The same extractor found the poses that the system says it asked for: nothing is lost between the gates.
    assert all(loss["shares"][1]["value"] == 0 for loss in found["gates"]["losses"])
    assert found["texts"] == found["gates"]["texts"]
    measured = values(report)
    assert (measured["PCK@0.05 body"], measured["OKS"], measured["temporal offset ms"]) == (1, 1, 0)
    assert measured["flicker"] < 1
    assert measured["background structure kept"] > 0.99
    assert any("is shown those of spots" in alarm or "not known" in alarm for alarm in found["alarms"])


def test_a_second_run_extracts_nothing_and_goes_on_where_one_stopped(tmp_path, films, true, counting):
    made, references = read_sources(films), read_sources(true)

    def found(config=SPOTS):
        seen = look(made, references, Looking(tmp_path / "kept", config))
        return np.stack([poses.keypoints for poses in seen.rendered.extracted])

    first = found()
    assert len(counting) == len(NAMES)
    np.testing.assert_array_equal(found(), first)
    assert len(counting) == len(NAMES)
    kept = sorted((tmp_path / "kept").glob("*.npz"))
    kept[0].write_bytes(b"damaged")
    kept[1].unlink()
    np.testing.assert_array_equal(found(), first)
    assert len(counting) == len(NAMES) + 2
    found({**SPOTS, "clean": False})
    assert len(counting) == 2 * len(NAMES) + 2


def test_videos_alone_have_one_gate_and_say_so(tmp_path, films, true, counting):
    report = run(films, true, tmp_path / "r.json")
    (found,) = report["judges"]
    assert [share["loser"] for share in found["gates"]["losses"][0]["shares"]] == [
        "generator + renderer + extractor"
    ]
    assert "what the generator lost is not separable" in found["gates"]["notes"][0]
    assert " read:spots " in report["signature"]
    assert "PCK@0.05 body" not in values(report)


def test_true_videos_are_a_control(tmp_path, films, counting):
    references = tmp_path / "true"
    made = listed(tmp_path / "made", films)
    listed(references, films, text="anna sees", spoken_language="en")
    seen = look(read_sources(made), read_sources(references), Looking(tmp_path / "cache", SPOTS))
    assert seen.rendered.control.name == "true videos"
    assert seen.rendered.control.known is None
    assert len(seen.rendered.control.found) == len(NAMES)
    # The films of both sides are the same bytes: each is extracted once.
    assert len(list((tmp_path / "cache").glob("*.npz"))) == len(NAMES)


def test_control_clips_may_say_what_they_show(tmp_path, films, true, counting):
    control = listed(tmp_path / "control", films)
    report = run(films, true, tmp_path / "r.json", control=str(control))
    (found,) = report["judges"]
    assert found["gates"]["control"] == "pictures of known poses"
    assert shares(found)["extractor"] == 0
    assert [row["name"] for row in found["gates"]["rows"]] == ["control, as known", "control, found again"]


def test_a_control_of_another_extractor_is_none(tmp_path, films, true, counting):
    control = listed(tmp_path / "control", films)
    lines = [json.loads(line) for line in (control / "index.jsonl").read_text().splitlines()]
    rows = [{**line, "extracted": line["poses"], "extracted_by": "other"} for line in lines]
    (control / "index.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(
        DataError, match="control: its poses were found by other, those of the hypotheses by spots"
    ):
        look(
            read_sources(films), read_sources(true), Looking(tmp_path / "cache", SPOTS, control=str(control))
        )


def shares(found):
    return {share["loser"]: share["value"] for share in found["gates"]["losses"][0]["shares"]}


def test_poses_found_elsewhere_need_no_extractor(tmp_path, films, true, counting):
    folder = listed(tmp_path / "made", films)
    extract_folder(films, folder / "found", SPOTS)
    (folder / "found" / "index.jsonl").unlink()
    lines = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
    for line in lines:
        line["extracted"] = f"found/{line['name']}.npz"
        del line["video"]
    (folder / "index.jsonl").write_text("\n".join(map(json.dumps, lines)))
    report = run(folder, true, tmp_path / "r.json")
    assert counting == []
    assert report["videos"]["extractor"] == "spots"
    assert "flicker" not in values(report)
    assert not (tmp_path / "r.extracted").exists()


def test_clips_of_an_extracted_folder_and_videos_beside_poses_are_found(tmp_path, films):
    extract_folder(films, tmp_path / "found", SPOTS)
    clips = read_clips(tmp_path / "found")
    assert list(clips) == NAMES
    assert {clip.extractor for clip in clips.values()} == {"spots"}
    both = tmp_path / "both"
    both.mkdir()
    write_poses(CLIPS[0], both / "a.npz")
    film(both / "a.mp4", 0)
    (clip,) = read_sources(both).values()
    assert (len(clip.poses), clip.video) == (len(CLIPS[0]), both / "a.mp4")
    with pytest.raises(DataError, match=r"a video; run signgen extract first"):
        read_clips(films)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.pictures = []

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.pictures.append(dict(attrs)["src"])


def test_the_page_shows_both_gates_and_pictures_and_needs_nothing_else(tmp_path, films, true, counting):
    run(listed(tmp_path / "made", films), true, tmp_path / "r.json")
    text = (tmp_path / "r.html").read_text()
    page = Tags()
    page.feed(text)
    # Four clips on either side.
    assert len(page.pictures) == 8
    assert all(picture.startswith("data:image/jpeg;base64,") for picture in page.pictures)
    for said in (
        "Two gates",
        "renderer + extractor",
        "found in the video",
        "understood of the video",
        "PCK@0.1 body",
    ):
        assert said in text
    assert len(text) < 600_000


def test_a_missing_extractor_names_the_way_out(tmp_path, films, true, counting, monkeypatch):
    def missing(*_):
        raise DependencyError("the extractor mediapipe needs its package; run: pip install")

    monkeypatch.setattr(evaluation_videos, "extract_with", missing)
    with pytest.raises(DependencyError, match="list the poses as 'extracted' beside 'video'"):
        run(films, true, tmp_path / "r.json")
    assert list(tmp_path.glob("r.*")) == []


def test_the_avatar_is_a_control_whose_keypoints_are_known(tmp_path):
    from made_up_signer import signer

    poses = signer(4).replace(width=128, height=128)
    poses = poses.replace(keypoints=poses.keypoints * np.float32([0.25, 0.25, 1]))
    clips = {"a": Source(poses, info={"text": "t"})}
    made = drawn_control(clips, tmp_path)["a"]
    assert (len(made.poses), made.poses.width, made.poses.fps) == (4, 128, poses.fps)
    assert isinstance(made.poses, PoseSequence)
    assert made.video.is_file()
    before = made.video.stat().st_mtime_ns
    assert drawn_control(clips, tmp_path)["a"].video.stat().st_mtime_ns == before
    # Shoulders of the drawn body lie where the poses have them.
    np.testing.assert_allclose(made.poses.xy[:, [2, 5]], poses.xy[:, [2, 5]], atol=4)
    with pytest.raises(DataError, match="no poses that the avatar could show"):
        drawn_control({"a": Source(video=made.video)}, tmp_path)
