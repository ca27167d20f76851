"""The user's own command: its words, what it leaves, and that the shell has no part in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from corpus import SETTINGS, tree

from signgen.data.shards import read_shard
from signgen.dataset.build import build_dataset
from signgen.dataset.fetch import filled, parse_command
from signgen.dataset.manifest import Sample, write_manifest
from signgen.errors import ConfigError, DataError

# Copies SOURCE/{video_id}.mp4, with captions beside it for one of them.
FETCHER = """
import pathlib, shutil, sys
source, name, output = sys.argv[1:]
output = pathlib.Path(output)
with open(source + "/calls", "a") as log: log.write(name + "\\n")
if name == "gone": print("first line\\nno such video: gone", file=sys.stderr); sys.exit(3)
if name == "none": sys.exit(0)
if name == "two": (output.parent / "x.mp4").touch()
shutil.copy(source + "/0.mp4", output.with_suffix(".mkv") if name == "other" else output)
if name == "vtt": output.with_suffix(".en.vtt").write_text("WEBVTT\\n\\n00:00.000 --> 00:00.400\\nHello\\n")
"""


@pytest.fixture
def source(tmp_path, clips):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "0.mp4").write_bytes(clips[0].read_bytes())
    script = tmp_path / "fetch it.py"  # a space: words are split as a shell splits them
    script.write_text(FETCHER)
    return folder, f"{sys.executable} '{script}' {folder} {{video_id}} {{output}}"


def rejects(out: Path):
    lines = (out / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    return {
        row["video_id"]: [(r["name"], r["detail"]) for r in row["reasons"]] for row in map(json.loads, lines)
    }


def test_what_the_command_gets_is_used_and_not_kept(source, tmp_path):
    folder, command = source
    names = ("gone", "none", "other", "plain", "two", "vtt")
    write_manifest([Sample(name, text="" if name == "vtt" else "a") for name in names], tmp_path / "m.jsonl")
    done = build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0, fetch_command=command)
    assert done.counts == {"done": 3, "rejected": 3}
    found = rejects(tmp_path / "out")
    assert found["gone"] == [("fetch-failed", "exit code 3: no such video: gone")]
    assert "the command left 0" in str(found["none"])
    assert "the command left 2" in str(found["two"])
    recordings = {
        r.video_id: r for tar in (tmp_path / "out" / "shards").glob("*.tar") for r in read_shard(tar)
    }
    assert sorted(recordings) == ["other", "plain", "vtt"]
    assert [cue.text for cue in recordings["vtt"].cues()] == ["Hello"]
    assert not [name for name in tree(tmp_path / "out") if name.endswith((".mp4", ".mkv"))]

    before, calls = tree(tmp_path / "out"), (folder / "calls").read_text()
    again = build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0, fetch_command=command)
    assert again.counts == {"kept": 6}
    without = build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0)
    assert without.counts == {"kept": 6}
    assert tree(tmp_path / "out") == before
    assert (folder / "calls").read_text() == calls
    retried = build_dataset(
        tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0, fetch_command=command, retry=True
    )
    assert retried.redone == {"retry": 3}
    assert tree(tmp_path / "out") == before


def test_without_a_command_there_is_no_source_and_with_one_there_is(source, tmp_path):
    _, command = source
    write_manifest([Sample("plain", text="a")], tmp_path / "m.jsonl")
    with pytest.raises(DataError, match="1 no-source"):
        build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0)
    done = build_dataset(tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=0, fetch_command=command)
    assert done.counts == {"done": 1}


@pytest.mark.slow
def test_a_command_that_hangs_is_killed_with_all_it_started(tmp_path):
    marker = tmp_path / "pids"
    code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(marker)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)"
    )
    script = tmp_path / "hang.py"
    script.write_text(code)
    write_manifest([Sample("a", text="a")], tmp_path / "m.jsonl")
    with pytest.raises(DataError, match="1 time-limit"):
        build_dataset(
            tmp_path / "m.jsonl", tmp_path / "out", SETTINGS, workers=1, time_limit=3.0,
            fetch_command=f"{sys.executable} {script} {{output}}",
        )  # fmt: skip
    for process in marker.read_text().split():
        state = Path(f"/proc/{process}/stat")
        assert not state.exists() or state.read_text().split()[2] == "Z"


def test_words(tmp_path):
    words = parse_command("get 'a b' --to={output} https://x.test/{video_id}?a=$(id)&b;c")
    assert filled(words, "-x_1", tmp_path / "v.mp4") == [
        "get", "a b", f"--to={tmp_path}/v.mp4", "https://x.test/-x_1?a=$(id)&b;c",
    ]  # fmt: skip


def test_a_name_with_a_dash_is_never_an_option(tmp_path):
    with pytest.raises(ValueError, match="starts with a dash"):
        filled(parse_command("get {video_id} {output}"), "-rf", tmp_path)
    assert filled(parse_command("get {output} -- {video_id}"), "-rf", tmp_path)[-1] == "-rf"


@pytest.mark.parametrize("command", ["get 'open", "get {video_id}", "   "])
def test_commands_that_cannot_work(command):
    with pytest.raises(ConfigError, match="--fetch-command"):
        parse_command(command)
