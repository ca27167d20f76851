"""Bad input gives one line, the right exit code, and leaves nothing behind."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from signgen.errors import ResourceError

GARBAGE = b"\x00\x01garbage\xff" * 64


@pytest.fixture
def files(tmp_path):
    """Broken files of every kind, by name."""
    made = tmp_path / "files"
    made.mkdir()
    for suffix in ("mp4", "npz", "pose", "json", "srt", "vtt", "eaf", "yaml", "skels"):
        (made / f"empty.{suffix}").write_bytes(b"")
        (made / f"garbage.{suffix}").write_bytes(GARBAGE)
    (made / "no_mapping.yaml").write_text("- 1\n- 2\n")
    (made / "bomb.yaml").write_text("a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n")
    (made / "foreign.json").write_text('{"hello": 1}')
    with zipfile.ZipFile(made / "cut.npz", "w") as archive:
        archive.writestr("keypoints.npy", b"\x93NUMPY")
    np.savez(made / "joints.npz", keypoints=np.zeros((2, 17, 3), "f4"), fps=24.0, width=64, height=64)
    np.savez(made / "nan.npz", keypoints=np.full((2, 128, 3), np.nan, "f4"), fps=24.0, width=64, height=64)
    np.savez(made / "rate.npz", keypoints=np.zeros((2, 128, 3), "f4"), fps=0.0, width=64, height=64)
    np.savez(made / "none.npz", keypoints=np.zeros((0, 128, 3), "f4"), fps=24.0, width=64, height=64)
    (made / "nul.txt").write_bytes(b"a\0b")
    (made / "latin1.txt").write_bytes(b"one\ncaf\xe9\n")
    return made


TEXT_ERRORS = [
    (["", "-o", "a.mp4"], 4, "text: empty"),
    ([" \n\t", "-o", "a.mp4"], 4, "text: empty"),
    (["!?...", "-o", "a.mp4"], 4, "no words in"),
    (["word " * 200_000, "-o", "a.mp4"], 4, "1,000,000 characters are too many for one clip"),
    (["--text-file", "files/nul.txt", "-o", "a.mp4"], 4, "NUL character at position 1"),
    (["--text-file", "files/latin1.txt", "-o", "a.mp4"], 4, "files/latin1.txt: line 2 is not UTF-8"),
    (["--text-file", "files/absent.txt", "-o", "a.mp4"], 4, "files/absent.txt: no such file"),
    (["--text-file", "files", "-o", "a.mp4"], 4, "files: cannot be read"),
    (["caf\udce9", "-o", "a.mp4"], 4, "not valid Unicode at position 3"),
    (["xx", "-o", "a.mp4"], 4, "no part of it can be signed"),
    (["one xx", "--oov", "fail", "-o", "a.mp4"], 4, "no recording of: xx"),
]  # fmt: skip
USAGE_ERRORS = [
    (["generate"], "Missing option '-o'"),
    (["generate", "-o", "a.mp4"], "give the text either as an argument"),
    (["generate", "word", "--text-file", "f", "-o", "a.mp4"], "give the text either as an argument"),
    (["generate", "word", "-o", "a.avi"], "a.avi: expected the name of a video, such as a.mp4"),
    (["generate", "word", "-o", "a.mp4", "--speed", "fast"], "Invalid value for '--speed'"),
    (["generate", "word", "-o", "a.mp4", "--speed", "0"], "source.speed: input should be greater than 0"),
    (["generate", "word", "-o", "a.mp4", "--speed", "nan"], "source.speed"),
    (["generate", "word", "-o", "a.mp4", "--seed", "-1"], "seed: input should be greater than or equal to 0"),
    (["generate", "word", "-o", "a.mp4", "--oov", "guess"], "Invalid value for '--oov'"),
    (["generate", "word", "-o", "a.mp4", "--renderer", "dotz"], "no renderer called 'dotz'; did you mean 'dots'?"),
    (["generate", "word", "-o", "a.mp4", "--source", "stich"], "no source called 'stich'; did you mean 'stitch'?"),
    (["generate", "word", "-o", "a.mp4", "--set", "seeed=2"], "seeed: unknown setting; did you mean 'seed'?"),
    (["generate", "word", "-o", "a.mp4", "--set", "speed"], "--set 'speed': expected a.b=value"),
    (["generate", "word", "-o", "a.mp4", "--set", "source=[1]"], "source: expected a mapping"),
    (["generate", "word", "-o", "a.mp4", "--sped", "2"], "No such option"),
    (["generate", "word", "-o", "a.mp4", "--config", "files/bomb.yaml"], "YAML aliases"),
    (["generate", "word", "-o", "a.mp4", "--config", "files/no_mapping.yaml"], "expected a mapping of settings"),
    (["generate", "word", "-o", "a.mp4", "--config", "files/garbage.yaml"], "files/garbage.yaml"),
    (["generate", "word", "-o", "a.mp4", "--config", "files/absent.yaml"], "files/absent.yaml: cannot be read"),
    (["pose", "word", "-o", "a.docx"], "a.docx"),
    (["render", "files/nan.npz", "-o", "a.mp4", "--person", "-1"], "Invalid value for '--person'"),
    (["captions", "a.srt", "-o", "a.mp4", "--max-speedup", "0.5"], "Invalid value for '--max-speedup'"),
    (["show", "renderers", "nothing"], "no renderer called 'nothing'"),
    (["show", "everything"], "Invalid value for"),
    (["lexicon", "burn"], "No such command 'burn'"),
    (["gnerate", "word"], "No such command 'gnerate'"),
]  # fmt: skip
FILE_ERRORS = [
    *((["render", f"files/{kind}.{suffix}", "-o", "a.mp4"], f"files/{kind}.{suffix}")
      for kind in ("empty", "garbage") for suffix in ("npz", "pose", "json", "skels")),
    *((["inspect", f"files/{kind}.{suffix}"], f"files/{kind}.{suffix}")
      for kind in ("empty", "garbage") for suffix in ("mp4", "npz", "pose", "srt", "vtt", "eaf", "json")),
    (["render", "files/cut.npz", "-o", "a.mp4"], "files/cut.npz"),
    (["render", "files/joints.npz", "-o", "a.mp4"], "files/joints.npz"),
    (["render", "files/nan.npz", "-o", "a.mp4"], "files/nan.npz"),
    (["render", "files/rate.npz", "-o", "a.mp4"], "files/rate.npz"),
    (["render", "files/none.npz", "-o", "a.mp4"], "files/none.npz"),
    (["render", "files/absent.npz", "-o", "a.mp4"], "files/absent.npz"),
    (["convert", "files/garbage.pose", "a.npz"], "files/garbage.pose"),
    (["convert", "files/absent.pose", "a.npz"], "files/absent.pose"),
    (["captions", "files/garbage.srt", "-o", "a.mp4"], "files/garbage.srt"),
    (["captions", "files/empty.vtt", "-o", "a.mp4"], "files/empty.vtt"),
    (["rerun", "files/garbage.json"], "files/garbage.json"),
    (["rerun", "files/foreign.json"], "files/foreign.json: not a sidecar"),
    (["rerun", "files/absent.json"], "files/absent.json"),
    (["inspect", "files/absent.npz"], "files/absent.npz: no such file"),
    (["lexicon", "check", "files"], "files"),
    (["generate", "word", "-o", "a.mp4", "--lexicon", "absent"], "absent: no such lexicon folder"),
]  # fmt: skip
COMMANDS_WITH_CONFIG = {"generate", "pose", "render", "captions"}


def left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in ("files", "toy.yaml"))


def with_toys(arguments: list[str], flags: tuple[str, ...]) -> list[str]:
    has_config = "--config" in arguments or arguments[0] not in COMMANDS_WITH_CONFIG
    return arguments if has_config else [*arguments, *flags]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("arguments", "code", "message"), TEXT_ERRORS, ids=lambda value: str(value)[:40])
def test_bad_text(signgen, toy_flags, tmp_path, arguments, code, message):
    ran = signgen("generate", *arguments, *toy_flags)
    assert ran.code == code
    assert message in ran.error
    assert len(ran.error) < 300
    assert left_behind(tmp_path) == []


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(("arguments", "message"), USAGE_ERRORS, ids=lambda value: str(value)[:60])
def test_bad_usage(signgen, toy_flags, tmp_path, arguments, message):
    ran = signgen(*with_toys(arguments, toy_flags))
    assert ran.code == 2, ran.err
    assert message in ran.error
    assert left_behind(tmp_path) == []


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("arguments", "message"),
    FILE_ERRORS,
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_bad_file(signgen, toy_flags, tmp_path, arguments, message):
    ran = signgen(*with_toys(arguments, toy_flags))
    assert ran.code == 4, ran.err
    assert message in ran.error
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    "text", ["שלום עולם", "مرحبا", "hello 👋🏽", "\u202eabc\u202c", "e\u0301te\u0301", "日本語"]
)
def test_text_of_any_script(signgen, toy_flags, text):
    assert signgen("generate", text, "-o", "a.mp4", *toy_flags).code == 0


def test_output_that_is_a_folder(signgen, toy_flags, tmp_path):
    (tmp_path / "a.mp4").mkdir()
    ran = signgen("generate", "word", "-o", "a.mp4", *toy_flags)
    assert (ran.code, ran.error) == (6, "a.mp4: this is a folder; name a file")


def test_folder_that_is_a_file(signgen, toy_flags, tmp_path):
    (tmp_path / "out").write_text("")
    ran = signgen("generate", "word", "-o", "out", *toy_flags)
    assert (ran.code, ran.error) == (6, "out: this is a file; with a file of lines -o names a folder")


def test_output_below_a_file(signgen, toy_flags, tmp_path):
    (tmp_path / "file").write_text("")
    assert signgen("generate", "word", "-o", "file/a.mp4", *toy_flags).code == 6


@pytest.mark.parametrize(
    ("function", "number", "message"),
    [
        ("os.fsync", errno.ENOSPC, "the disk is full; free some space and run again"),
        ("os.fsync", errno.EDQUOT, "the disk quota is used up; free some space and run again"),
        ("tempfile.mkstemp", errno.EROFS, "this file system is read-only; choose another folder with -o"),
        ("tempfile.mkstemp", errno.EACCES, "no permission to write here; choose another folder with -o"),
    ],
)
@pytest.mark.parametrize(
    ("command", "output"), [("generate", "a.mp4"), ("pose", "a.npz"), ("pose", "a.pose"), ("generate", "out")]
)
def test_disk_that_refuses(
    signgen, toy_flags, tmp_path, monkeypatch, function, number, message, command, output
):
    def refuse(*arguments: object, **keywords: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(f"signgen.data.atomic.{function}", refuse)
    ran = signgen(command, "word", "-o", output, *toy_flags)
    assert ran.code == 6
    assert ran.error.endswith(message)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "toy.yaml"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder(signgen, toy_flags, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    ran = signgen("generate", "word", "-o", "locked/a.mp4", *toy_flags)
    assert (ran.code, ran.error) == (
        6,
        "locked/a.mp4: no permission to write here; choose another folder with -o",
    )


def test_full_disk_on_the_last_file_takes_back_the_others(signgen, toy_flags, tmp_path, monkeypatch):
    def full(*arguments: object, **keywords: object) -> int:
        raise ResourceError("a.vtt: the disk is full; free some space and run again")

    monkeypatch.setattr("signgen.workflow.generate.write_webvtt", full)
    ran = signgen("generate", "word", "-o", "a.mp4", *toy_flags)
    assert (ran.code, ran.error) == (6, "a.vtt: the disk is full; free some space and run again")
    assert left_behind(tmp_path) == []


def test_renderer_that_breaks_leaves_nothing(signgen, toy_flags, tmp_path):
    ran = signgen("generate", "word", "-o", "a.mp4", *toy_flags, "--set", "renderer.fail_at=3")
    assert (ran.code, ran.error) == (1, "dots: frame 3 broke on purpose")
    assert left_behind(tmp_path) == []


def test_lines_stop_at_what_concerns_all_of_them(signgen, toy_flags, tmp_path):
    ran = signgen("generate", "-", "-o", "out", "--lexicon", "absent", *toy_flags, stdin=b"one\ntwo\n")
    assert (ran.code, ran.error[:7]) == (4, "absent:")


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt, 130), (MemoryError, 6)])
def test_interruptions(signgen, toy_flags, monkeypatch, tmp_path, error, code):
    def interrupt(*arguments: object, **keywords: object) -> None:
        raise error

    monkeypatch.setattr("signgen.workflow.generate.write_video", interrupt)
    ran = signgen("generate", "word", "-o", "a.mp4", *toy_flags)
    assert ran.code == code
    assert ran.error
    assert left_behind(tmp_path) == []


def test_a_bug_keeps_its_traceback(signgen, toy_flags, monkeypatch):
    def bug(*arguments: object, **keywords: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("signgen.workflow.generate.write_video", bug)
    with pytest.raises(ZeroDivisionError):
        signgen("generate", "word", "-o", "a.mp4", *toy_flags)


def test_reader_of_the_output_that_goes_away():
    command = (
        f"{sys.executable} -m signgen show languages --json | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode in (0, 141)
    assert done.stderr == ""


def test_stopped_from_outside(tmp_path):
    command = [
        sys.executable,
        "-c",
        "from signgen.__main__ import main; main()",
        "generate",
        "-",
        "-o",
        "a.mp4",
    ]
    running = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(1.5)
    os.kill(running.pid, signal.SIGTERM)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 75
    assert err == "signgen: stopped; run the same command again to go on\n"
    assert list(tmp_path.iterdir()) == []
