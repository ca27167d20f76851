"""Files of a batch that are damaged, forged or no files at all: a line for each, nothing lost, nothing outside."""

from __future__ import annotations

import json
import os
import shutil
import signal
from hashlib import sha256
from pathlib import Path

import pytest
from batch_trees import bad_commits, differences, tree

from signgen.cli.main import main

SETTINGS = ("--set", "source.fps=6", "--shard-size", "2", "--set", "source.oov=fail", "--no-estimate")
TEXTS = "hello book\nqqqqzx\nmother eat\nschool father\n"
# 2: usage, 3: not all made, 4: a file, 6: the system, 7: damage found.
TOLD = (2, 4, 6, 7)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A batch of two shards, one sample of which fails."""
    place = tmp_path_factory.mktemp("finished")
    (place / "texts.txt").write_text(TEXTS)
    assert main(["batch", "plan", str(place / "texts.txt"), "-o", str(place / "b"), *SETTINGS]) == 0
    assert main(["batch", "run", str(place / "b"), "--workers", "0", "--max-failures", "50%", "-q"]) == 3
    return place / "b"


@pytest.fixture
def batch(finished, tmp_path):
    """A copy of it to spoil."""
    return shutil.copytree(finished, tmp_path / "place" / "b")


@pytest.fixture(autouse=True)
def _in_time():
    """A command that waits for a file that never comes is an error, not a test that hangs."""

    class Hung(BaseException):
        pass

    def late(number, frame):
        raise Hung

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(120)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def signgen(capsys, *words):
    """Exit code and stderr of a command."""
    code = main(["batch", *map(str, words)])
    told = capsys.readouterr().err
    errors = [line for line in told.splitlines() if line.startswith("signgen: error: ")]
    assert len(errors) == (1 if code in (2, 4, 5, 6) else 0), told
    return code, told


def run(capsys, folder):
    return signgen(capsys, "run", folder, "--workers", 0, "--max-failures", "50%", "--progress", "off")


def every_command(capsys, folder):
    """Exit codes of all commands on a folder, by command."""
    other = folder.parent / "joined"
    codes = {
        "status": signgen(capsys, "status", folder)[0],
        "verify": signgen(capsys, "verify", folder, "-q")[0],
        "merge": signgen(capsys, "merge", folder, "-o", other)[0],
        "card": signgen(capsys, "card", folder)[0],
        "run": run(capsys, folder)[0],
        "retry": signgen(capsys, "retry", folder)[0],
    }
    shutil.rmtree(other, ignore_errors=True)
    return codes


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


def garbage(path):
    path.write_bytes(bytes(range(256)) * 8)


def other_json(path):
    path.write_text('[{"shard": 1}]')


def odd_object(path):
    path.write_text('{"shard": {"bytes": "x"}, "shards": {}, "failed": 3, "files": 7, "schema": 1}')


def deep(path):
    path.write_text('{"settings":' * 500 + "1" + "}" * 500)


def folder_instead(path):
    path.unlink()
    path.mkdir()


def dangling(path):
    path.unlink()
    path.symlink_to("nowhere")


def circle(path):
    path.unlink()
    path.symlink_to(path.name)


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def gone(path):
    path.unlink()


DAMAGES = (cut, empty, garbage, other_json, odd_object, deep, folder_instead, dangling, circle, pipe, gone)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["plan.json", "plan.jsonl"])
def test_a_plan_that_cannot_be_read(batch, capsys, name, damage):
    damage(batch / name)
    commits = tree(batch / "commits") | tree(batch / "data")
    codes = every_command(capsys, batch)
    if name == "plan.json":
        assert (codes["status"], codes["run"], codes["retry"]) == (4, 4, 4)
    assert codes["verify"] == 7
    assert tree(batch / "commits") | tree(batch / "data") == commits or name == "plan.jsonl"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_commit_that_cannot_be_read(batch, capsys, damage):
    first, second = sorted((batch / "commits").iterdir())
    damage(first)
    other = second.read_bytes()
    codes = every_command(capsys, batch)
    assert codes["verify"] == 7
    assert codes["run"] in ((3,) if damage is gone else (4, 6))
    assert second.read_bytes() == other


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_shard_that_cannot_be_read(finished, batch, capsys, damage):
    """One of another size is made anew; what lies there instead of a file is told, or gives way."""
    damage(sorted((batch / "data").iterdir())[0])
    assert signgen(capsys, "verify", batch, "-q")[0] == 7
    assert signgen(capsys, "merge", batch, "-o", batch.parent / "joined")[0] == 4
    assert signgen(capsys, "card", batch)[0] == 4
    assert signgen(capsys, "status", batch)[0] == 0
    code, told = run(capsys, batch)
    if damage is folder_instead:
        assert code == 6, told
    else:
        assert code == 3, told
        assert not differences(batch, tree(finished))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    "name", ["index.jsonl", "index.parquet", "README.md", "croissant.json", "SHA256SUMS"]
)
def test_what_is_written_at_the_end_gives_way(finished, batch, capsys, name, damage):
    damage(batch / name)
    if not (damage is gone and name == "SHA256SUMS"):
        assert signgen(capsys, "verify", batch, "-q")[0] == 7
    code, told = run(capsys, batch)
    assert code == (6 if damage is folder_instead else 3), told
    if code == 3:
        assert not differences(batch, tree(finished))


def forged(folder, change):
    """Change what a plan says, with all sums made to fit."""
    plan = json.loads((folder / "plan.json").read_text())
    rows = [json.loads(line) for line in (folder / "plan.jsonl").read_text().splitlines()]
    lines = change(plan, rows)
    lines = [json.dumps(row) + "\n" for row in rows] if lines is None else lines
    at = 0
    shards = plan.get("shards")
    for shard, few in zip(shards if isinstance(shards, list) else (), (lines[:2], lines[2:]), strict=False):
        part = "".join(few).encode()
        if isinstance(shard, dict) and not shard.pop("as_is", False):
            shard |= {"offset": at, "size": len(part), "sha256": sha256(part).hexdigest()}
        at += len(part)
    (folder / "plan.jsonl").write_text("".join(lines))
    (folder / "plan.json").write_text(json.dumps(plan))


def count(number):
    """A plan that says how many samples its first shard has."""

    def change(plan, rows):
        plan["shards"][0]["samples"] = number
        plan["samples"] = number + 2

    return change


def two_ids(first, second, other=1):
    def change(plan, rows):
        rows[0]["id"], rows[other]["id"] = first, second

    return change


def sets(name, value):
    return lambda plan, rows: plan.update({name: value})


def drops(name):
    return lambda plan, rows: plan.pop(name) and None


def shard(name, value, number=0):
    return lambda plan, rows: plan["shards"][number].update({name: value, "as_is": True})


def sample(name, value, number=0):
    return lambda plan, rows: rows[number].update({name: value})


def nested(depth):
    value = 1
    for _ in range(depth):
        value = {"a": value}
    return value


OUTSIDE = "../../outside"
PLANS = {
    "name upwards": shard("name", OUTSIDE),
    "name absolute": shard("name", "/tmp/outside"),
    "name hidden": shard("name", ".lock"),
    "name with a folder": shard("name", "a/train-00000-of-00002"),
    "name of a tar twice": shard("name", "train-00001-of-00002"),
    "name with NUL": shard("name", "a\0b"),
    "name of 300 letters": shard("name", "a" * 300),
    "name empty": shard("name", ""),
    "name a number": shard("name", 3),
    "size of 10^18": shard("size", 10**18),
    "size negative": shard("size", -1),
    "size a fraction": shard("size", 1.5),
    "offset of 10^30": shard("offset", 10**30),
    "offset true": shard("offset", True),
    "10^7 samples": count(10**7),
    "a sample fewer": count(1),
    "samples a text": sets("samples", "4"),
    "samples of 5000 digits": sets("samples", 10**4000),
    "shards a number": sets("shards", 3),
    "shards of texts": sets("shards", ["a", "b"]),
    "shards missing": drops("shards"),
    "no shards": lambda plan, rows: plan.update(shards=[], samples=0),
    "kind a list": sets("kind", ["poses"]),
    "kind unknown": sets("kind", "film"),
    "schema a text": sets("schema", "1"),
    "schema of tomorrow": sets("schema", 99),
    "settings a list": sets("settings", [1]),
    "settings unknown": sets("settings", {"sauce": {}}),
    "settings nested": sets("settings", {"source": nested(400)}),
    "config a text": sets("config", "x"),
    "config nested": sets("config", nested(450)),
    "vary a list": sets("vary", [1]),
    "an unknown field": sets("extra", 1),
    "id upwards": sample("id", OUTSIDE),
    "id with a slash": sample("id", "a/b"),
    "id with a dot": sample("id", "a.b"),
    "id absolute": sample("id", "/tmp/outside"),
    "id empty": sample("id", ""),
    "id of 300 letters": sample("id", "a" * 300),
    "id twice": lambda plan, rows: rows[0].update(id=rows[1]["id"]),
    "ids alike but for case": two_ids("ab" * 8, "AB" * 8),
    "seed negative": sample("seed", -1),
    "seed huge": sample("seed", 10**400),
    "seed true": sample("seed", True),
    "text a number": sample("text", 7),
    "choices nested": sample("choices", {"source": nested(400)}),
    "choices unknown": sample("choices", {"sauce.x": 1}),
    "choices without a name": sample("choices", {"": 1}),
    "meta nested": sample("meta", nested(450)),
    "split upwards": sample("meta", {"split": OUTSIDE}),
    "a field more": sample("extra", 1),
    "a line that is no object": lambda plan, rows: ["[1]\n"] * 4,
    "a line that is NaN": lambda plan, rows: (
        [json.dumps(rows[0]).replace('"seed": ', '"seed": NaN, "x": ') + "\n"] * 4
    ),
}


@pytest.mark.parametrize("change", PLANS.values(), ids=PLANS.keys())
def test_a_forged_plan_is_refused(finished, tmp_path, capsys, change):
    folder = tmp_path / "place" / "b"
    folder.mkdir(parents=True)
    for name in ("plan.json", "plan.jsonl"):
        shutil.copy(finished / name, folder)
    forged(folder, change)
    before = tree(tmp_path)
    code, told = run(capsys, folder)
    assert code in (2, 4), told
    for command in ("status", "retry"):
        assert signgen(capsys, command, folder)[0] in (0, 2, 4)
    made = tree(tmp_path).keys() - before.keys()
    assert all(name.startswith("place/b/.spool") for name in made)
    assert not Path("/tmp/outside").exists()


def test_an_id_in_two_shards_is_refused_when_they_come_together(finished, tmp_path, capsys):
    folder = tmp_path / "b"
    folder.mkdir()
    for name in ("plan.json", "plan.jsonl"):
        shutil.copy(finished / name, folder)
    forged(folder, lambda plan, rows: rows[0].update(id=rows[2]["id"]))
    assert run(capsys, folder)[0] == 4
    assert not (folder / "index.jsonl").exists()


COMMITS = {
    "shard a list": lambda row: row.update(shard=[1]),
    "planned a text": lambda row: row.update(planned="2"),
    "failed of numbers": lambda row: row.update(failed=[1]),
    "failed with objects": lambda row: row.update(failed=[{"id": {}, "stage": {}, "error": [], "line": 1}]),
    "seconds a text": lambda row: row["shard"].update(seconds="1"),
    "seconds huge": lambda row: row["shard"].update(seconds=10**400),
    "bytes a text": lambda row: row["shard"].update(bytes="1"),
    "bytes true": lambda row: row["shard"].update(bytes=True),
    "keys of numbers": lambda row: row["shard"].update(keys=[1, 2]),
    "keys missing": lambda row: row["shard"].pop("keys"),
    "another tar's name": lambda row: row["shard"].update(name="../../outside.tar"),
    "of another shard": lambda row: row.update(name="train-00000-of-00002"),
    "of another plan": lambda row: row.update(plan_sha256="0" * 64),
    "a field more": lambda row: row.update(extra=1),
    "schema of tomorrow": lambda row: row.update(schema=99),
}


@pytest.mark.parametrize("change", COMMITS.values(), ids=COMMITS.keys())
def test_a_forged_commit_is_refused(batch, capsys, change):
    path = batch / "commits" / "train-00001-of-00002.json"
    row = json.loads(path.read_text())
    change(row)
    path.write_text(json.dumps(row))
    codes = every_command(capsys, batch)
    assert (codes["run"], codes["status"], codes["verify"]) == (4, 4, 7)
    assert not bad_commits(batch) or path.name in bad_commits(batch)


@pytest.mark.parametrize("name", ["data", "commits", ".lock"])
def test_a_file_where_a_folder_should_be_and_the_other_way_round(finished, tmp_path, capsys, name):
    folder = tmp_path / "b"
    folder.mkdir()
    for each in ("plan.json", "plan.jsonl"):
        shutil.copy(finished / each, folder)
    if name == ".lock":
        (folder / name).mkdir()
    else:
        (folder / name).write_text("mine")
    code, told = run(capsys, folder)
    assert code == 6, told
    assert signgen(capsys, "status", folder)[0] in (0, 4, 6)
    if name != ".lock":
        assert (folder / name).read_text() == "mine"
