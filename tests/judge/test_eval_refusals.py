"""Everything that `signgen eval` refuses: one line each, the right exit code, and nothing written."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from nearest_judge import FPS, Nearest, corpus, judge

from signgen.cli.main import main
from signgen.data.columnar import Clip, write_columnar
from signgen.data.poses import write_poses
from signgen.data.skels import write_skels
from signgen.data.video import write_video
from signgen.pose.layout import LEFT_SHOULDER, RIGHT_SHOULDER
from signgen.workflow import evaluate as evaluating

CLIPS, TEXTS = corpus(8, 3)
NAMES = [f"clip-{i}" for i in range(8)]
DATA, POSE, SETTING, MISSING = 4, 4, 2, 5


def shards(folder, clips, names=NAMES, texts=TEXTS, **info):
    folder.mkdir(parents=True)
    infos = [{"text": text, "spoken_language": "en", **info} for text in texts]
    write_columnar([Clip(*row) for row in zip(names, clips, infos, strict=False)], folder / "0.col")
    return folder


def files(folder, spoil=None):
    """A folder of pose files of which the last is replaced by ``spoil(path)``."""
    folder.mkdir()
    for name, clip in zip(NAMES, CLIPS, strict=True):
        write_poses(clip, folder / f"{name}.npz")
    if spoil:
        spoil(folder / f"{NAMES[-1]}.npz")
    return folder


def array(keypoints, fps=FPS):
    return lambda path: np.savez(path, keypoints=keypoints.astype("f4"), fps=fps, width=400, height=400)


def blank(keypoints):
    keypoints = keypoints.copy()
    keypoints[:, [LEFT_SHOULDER, RIGHT_SHOULDER]] = 0
    return keypoints


def as_skels(path):
    path.unlink()
    write_skels([CLIPS[-1]], path.with_suffix(".skels"))


def film(path, is_black=False, frames=6):
    made = np.full((frames, 64, 96, 3), 0 if is_black else 60, np.uint8)
    if not is_black:
        made[:, 28:36, 40:48] = 255
    write_video(iter(made), path, FPS)


def films(folder, last=None):
    folder.mkdir()
    for name in NAMES:
        film(folder / f"{name}.mp4")
    if last is not None:
        last(folder / f"{NAMES[-1]}.mp4")
    return folder


def cut(path):
    path.write_bytes(path.read_bytes()[:600])


def listed(folder, *rows):
    folder.mkdir()
    write_poses(CLIPS[0], folder / "a.npz")
    film(folder / "a.mp4")
    (folder / "index.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def empty(folder):
    folder.mkdir()
    return folder


NAN, JOINTS = np.full((4, 128, 3), np.nan), np.ones((4, 17, 3))
# What is wrong: how the hypotheses are made, further options, exit code, what the line says.
HYPOTHESES = {
    "no such file": (lambda p: p, [], DATA, "made: cannot be read: No such file"),
    "empty folder": (empty, [], DATA, "made: no clips; give shards"),
    "empty list": (lambda p: listed(p), [], DATA, "made: no clips"),
    "empty shard": (lambda p: shards(p, []), [], DATA, "no clips; give shards"),
    "a clip without frames": (
        lambda p: shards(p, [*CLIPS[:-1], CLIPS[-1][:0]]), [], POSE, "hypotheses: clip 'clip-7': no frames",
    ),
    "a clip too many": (
        lambda p: shards(p, [*CLIPS, CLIPS[0]], [*NAMES, "more"], [*TEXTS, "x"]), [], DATA,
        "references: 8 clips, but none named 'more' (1 lack)",
    ),
    "a clip too few": (lambda p: shards(p, CLIPS[:-1]), [], DATA, "hypotheses: 7 clips, but none named 'clip-7'"),
    "other names": (lambda p: shards(p, CLIPS, [f"x{i}" for i in range(8)]), [], DATA, "none named 'x0' (8 lack)"),
    "unknown rate": (lambda p: files(p, as_skels), [], DATA, "this format carries no frame rate; give one (--fps)"),
    "no rate at all": (lambda p: files(p, array(CLIPS[0].keypoints, 0)), [], DATA, "clip-7.npz: fps"),
    "too slow": (
        lambda p: shards(p, [c.replace(fps=6) for c in CLIPS]), [], POSE, "6 fps is too few for judge nearest",
    ),
    "NaN": (lambda p: files(p, array(NAN)), [], DATA, "clip-7.npz: keypoints: "),
    "another layout": (lambda p: files(p, array(JOINTS)), [], DATA, "expected shape (T, 128, 3), got (4, 17, 3)"),
    "garbage": (lambda p: files(p, lambda f: f.write_bytes(b"garbage")), [], DATA, "clip-7.npz: of no known pose"),
    "no shoulders": (
        lambda p: shards(p, [*CLIPS[:-1], CLIPS[-1].replace(keypoints=blank(CLIPS[-1].keypoints))]), [], POSE,
        "hypotheses: clip 'clip-7': shoulders: no frame shows both",
    ),
    "a video that is none": (lambda p: films(p, lambda f: f.write_bytes(b"x" * 99)), [], DATA, "clip-7.mp4: "),
    "an empty video": (lambda p: films(p, lambda f: f.write_bytes(b"")), [], DATA, "clip-7.mp4: "),
    "a cut video": (lambda p: films(p, cut), [], DATA, "clip-7.mp4: "),
    "a video without anybody": (
        lambda p: films(p, lambda f: film(f, is_black=True)), [], DATA, "clip-7.mp4: nobody was found in this video",
    ),
    "an unknown extractor": (films, ["--extractor", "nothing"], SETTING, "nothing"),
    "a control without videos": (
        lambda p: shards(p, CLIPS), ["--extractor-control", "avatar"], DATA, "the hypotheses have no videos",
    ),
    "a control of other clips": (
        films, ["--extractor-control", "ref"], DATA, "ref: no video or extracted poses of clip 'clip-0'",
    ),
    "a poses file named as a video": (lambda p: listed(p, {"video": "b.mp4"}), [], DATA, "b.mp4: no such video"),
    "a part of a video": (
        lambda p: listed(p, {"video_id": "a", "video": "a.mp4", "start": 1.5}), [], DATA, "a part of a video; cut it",
    ),
    "a line that failed": (lambda p: listed(p, {"video": None, "status": "failed"}), [], DATA, "names no file"),
    "poses of one of two videos": (
        lambda p: listed(p, *({"name": n, "video": "a.mp4"} for n in NAMES[:7]),
                         {"name": NAMES[7], "poses": "a.npz", "video": "a.mp4"}),
        [], DATA, "hypotheses: clip 'clip-0' has no poses, others have",
    ),
    "a video of one of two clips": (
        lambda p: listed(p, *({"name": n, "poses": "a.npz"} for n in NAMES[:7]),
                         {"name": NAMES[7], "poses": "a.npz", "video": "a.mp4"}),
        [], DATA, "hypotheses: clip 'clip-0' has no video or extracted poses, others have",
    ),
    "too few resamples": (lambda p: shards(p, CLIPS), ["--resamples", "39"], SETTING, "resamples"),
    "unknown profile": (lambda p: shards(p, CLIPS), ["--profile", "best"], SETTING, "profile"),
    "another language": (lambda p: shards(p, CLIPS), ["--language", "de"], SETTING, "reads en, the texts are de"),
    "no report": (lambda p: shards(p, CLIPS), ["-o", "report.txt"], SETTING, "name a .json file"),
}  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shards(tmp_path / "ref", CLIPS)
    return tmp_path


def refused(arguments, capsys):
    capsys.readouterr()
    code = main(["eval", *arguments, "--progress", "off"])
    return code, capsys.readouterr().err


@pytest.mark.parametrize("case", HYPOTHESES)
def test_hypotheses_that_cannot_be_judged(here, case, capsys, monkeypatch):
    make, options, code, says = HYPOTHESES[case]
    monkeypatch.setattr(evaluating, "load_judges", lambda *_, **__: [judge()])
    make(here / "made")
    before = {path for path in here.rglob("*") if path.is_file()}
    arguments = [
        "made",
        "--ref",
        "ref",
        "-o",
        "r.json",
        "--judge",
        "any",
        "--extractor",
        "spots",
        "--resamples",
        "40",
    ]
    found, line = refused([*arguments, *options], capsys)
    assert (found, says in line) == (code, True), line
    if found != SETTING:
        assert line.count("\n") == 1
    # Poses of whole videos may stay for the next run; nothing else does.
    left = {path for path in here.rglob("*") if path.is_file()} - before
    assert all(path.parent.name == "r.extracted" for path in left)


REFERENCES = {
    "no text": (lambda p: shards(p, CLIPS, texts=[*TEXTS[:-1], " "]), "clip 'clip-7' has no text"),
    "no language": (lambda p: shards(p, CLIPS, spoken_language=""), "name it with --language"),
    "too few": (lambda p: shards(p, CLIPS[:3]), "3 clips"),
    "no frames": (lambda p: shards(p, [*CLIPS[:-1], CLIPS[-1][:0]]), "references: clip 'clip-7': no frames"),
}


@pytest.mark.parametrize("case", REFERENCES)
def test_references_that_are_no_test(here, case, capsys, monkeypatch):
    make, says = REFERENCES[case]
    monkeypatch.setattr(evaluating, "load_judges", lambda *_, **__: [judge()])
    made = make(here / "true")
    other = shards(here / "made", CLIPS[:3] if case == "too few" else CLIPS)
    code, line = refused([str(other), "--ref", str(made), "-o", "r.json", "--judge", "any"], capsys)
    assert (code, says in line, line.count("\n")) == (DATA, True, 1), line
    assert not (here / "r.json").exists()


JUDGES = {
    "trained on the test": (
        judge(names=tuple(NAMES), texts=tuple(TEXTS)),
        "was trained on 8 of the test's 8 clips",
    ),
    "blind to hands": (judge(translator=Nearest(sees_hands=False)), "not admitted"),
    "blind": (judge(translator=Nearest(sees_anything=False)), "not admitted"),
}


@pytest.mark.parametrize("case", JUDGES)
def test_judges_that_may_not_judge(here, case, capsys, monkeypatch):
    who, says = JUDGES[case]
    monkeypatch.setattr(evaluating, "load_judges", lambda *_, **__: [who])
    code, line = refused(
        ["ref", "--ref", "ref", "-o", "r.json", "--judge", "any", "--resamples", "40"], capsys
    )
    assert (code, says in line, "--stamp" in line) == (SETTING, True, True), line
    assert not (here / "r.json").exists()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A judge that was trained for one step."""
    from signgen.slt.schedules import schedule_named
    from signgen.slt.settings import prepare
    from signgen.slt.train import train

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("checkpoint")
    for split in ("train", "dev"):
        shards(folder / "corpus" / split, CLIPS, [f"{split}-{name}" for name in NAMES])
    settings = prepare(
        {
            "data": {"sources": {"real": folder / "corpus"}},
            "tokens": {"kind": "words"},
            "model": {"width": 16, "inner": 16, "heads": 2, "encoder_layers": 1, "decoder_layers": 1},
            "train": {"steps": 1, "batch": 4, "validate_every": 1},
        }
    )
    train(settings, folder / "judge", schedule_named("all", {}), device="cpu", report=lambda line: None)
    return folder / "judge"


def swap(path, old, new):
    path.write_bytes(path.read_bytes().replace(old, new))


CHECKPOINTS = {
    "missing": (shutil.rmtree, "no such folder"),
    "no weights": (lambda p: (p / "best" / "model.safetensors").unlink(), "model.safetensors"),
    "cut": (lambda p: cut(p / "best" / "model.safetensors"), "model.safetensors"),
    "garbage": (
        lambda p: (p / "best" / "model.safetensors").write_bytes(b"\0garbage" * 99),
        "model.safetensors",
    ),
    "no list of training clips": (
        lambda p: (p / "best" / "trained_on.json").unlink(),
        "no list of training clips",
    ),
    "another layout": (
        lambda p: swap(p / "best" / "model.safetensors", b"dwpose-128", b"hrpose-133"),
        "made for keypoints 'hrpose-133', not dwpose-128",
    ),
}


@pytest.mark.parametrize("case", CHECKPOINTS)
def test_corrupt_checkpoints(here, checkpoint, case, capsys):
    spoil, says = CHECKPOINTS[case]
    shutil.copytree(checkpoint, here / "copy")
    spoil(here / "copy")
    code, line = refused(["ref", "--ref", "ref", "-o", "r.json", "--judge", "copy"], capsys)
    assert (code, says in line, line.count("\n")) == (MISSING, True, 1), line
    assert not (here / "r.json").exists()
