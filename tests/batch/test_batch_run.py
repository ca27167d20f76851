"""Plans, shards and their launcher: the same bytes whatever happens on the way."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tarfile
import time
from hashlib import sha256
from pathlib import Path

import pytest

from signgen.batch.local import Local
from signgen.batch.outcome import Ok
from signgen.batch.plan import expand, read_plan, read_samples, write_plan
from signgen.batch.retry import forget_failures
from signgen.batch.run import run_batch
from signgen.batch.shard import Commit, Unfinished, run_shard
from signgen.batch.stages import Maker
from signgen.batch.status import read_status
from signgen.batch.texts import Text, read_texts
from signgen.batch.watch import allowed_failures
from signgen.errors import ConfigError, DataError, ResourceError

SETTINGS = {"source": {"fps": 12.0, "lexicon": "ase", "oov": "fail"}}
WORDS = ("hello", "book", "mother", "father", "school", "eat")
PAIRS = [f"{first} {second}" for first in WORDS for second in WORDS]


def planned(folder, texts=WORDS, vary=None, size=4, kind="poses"):
    samples = expand([Text(text) for text in texts], SETTINGS, vary or {}, kind)
    return write_plan(samples, folder, SETTINGS, vary or {}, kind=kind, shard_size=size)


def tree(folder):
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def plain_sample(sample, spool):
    """A stand-in for the slow part: the files of a sample, from its id alone."""
    body = (sample.id * 50).encode()
    row = {"member": "poses.npz", "bytes": len(body), "sha256": sha256(body).hexdigest()}
    spool.put(
        sample.id, {"poses.npz": body}, {"files": [row], "frames": 3, "seconds": 0.25, "has_video": False}
    )
    return Ok(sample.id)


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    """A batch that ran without interruption."""
    folder = tmp_path_factory.mktemp("whole") / "batch"
    planned(folder, PAIRS, size=12)
    assert run_batch(folder, launcher=Local(0)).is_complete
    return folder


def test_samples_say_which_language_they_are_in(whole):
    rows = [json.loads(line) for line in (tar_member(whole, ".json") or "").splitlines()]
    assert [row["signed_language"] for row in rows] == ["ase"]


def tar_member(folder, suffix):
    """The first sidecar of the first shard."""
    with tarfile.open(next((folder / "data").glob("*.tar"))) as tar:
        for member in tar:
            if member.name.endswith(suffix) and "caption" not in member.name:
                return tar.extractfile(member).read().decode()
    return None


def test_looks_of_poses_are_refused():
    with pytest.raises(ConfigError, match="renderer: makes no difference to poses"):
        expand([Text("hello")], {"renderer": {"name": "skeleton"}}, {}, "poses")


def test_ids_depend_on_the_sample_alone():
    vary = {"source.speed": [1.0, 1.2]}
    texts = [Text(word) for word in WORDS]
    forwards, backwards = (expand(each, SETTINGS, vary, "poses") for each in (texts, texts[::-1]))
    assert {each.id: each for each in forwards} == {each.id: each for each in backwards}
    assert len({each.id for each in forwards}) == 12
    assert len({each.seed for each in forwards}) == 12
    other = expand(texts, {"source": {"fps": 13.0}}, vary, "poses")
    assert not {each.id for each in other} & {each.id for each in forwards}
    assert len(expand(texts * 2, SETTINGS, vary, "poses")) == 12


def test_splits_do_not_share_shards(tmp_path):
    texts = [Text(f"book {n}", meta={"split": "dev" if n % 3 == 0 else "train"}) for n in range(9)]
    plan = write_plan(expand(texts, {}, {}, "poses"), tmp_path / "b", {}, {}, shard_size=4)
    assert [(shard.name, shard.samples) for shard in plan.shards] == [
        ("dev-00000-of-00001", 3), ("train-00000-of-00002", 4), ("train-00001-of-00002", 2),
    ]  # fmt: skip
    assert read_plan(tmp_path / "b").sha256 == plan.sha256
    read = [sample for number in range(3) for sample in read_samples(tmp_path / "b", plan, number)]
    assert sorted(sample.text for sample in read) == [text.text for text in texts]


def test_a_folder_holds_one_plan(tmp_path):
    first = planned(tmp_path / "b")
    assert planned(tmp_path / "b").sha256 == first.sha256
    with pytest.raises(ConfigError, match="another plan"):
        planned(tmp_path / "b", size=3)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigError, match="other files"):
        planned(tmp_path / "c")
    with pytest.raises(DataError, match="no plan"):
        read_plan(tmp_path / "nothing")


def test_an_edited_plan_is_refused(tmp_path):
    plan = planned(tmp_path)
    path = tmp_path / "plan.jsonl"
    path.write_bytes(path.read_bytes().replace(b"hello", b"bello"))
    with pytest.raises(DataError, match="not those that were planned"):
        read_samples(tmp_path, plan, 0)


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ({"renderer.signer": ["ada", "bola"]}, "no difference"),
        ({"source.speeed": [1.0]}, "speeed"),
        ({"source.speed": [1.0, 1.0]}, "different"),
        ({"seed": list(range(5000))}, "too many"),
    ],
)
def test_bad_choices(vary, message):
    with pytest.raises(ConfigError, match=message):
        expand([Text("hello")], {}, vary, "poses")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "hello\n\n book \n", [("hello", "", {}), ("book", "", {})]),
        ("a.csv", "name,text,split\nx,hello,dev\n", [("hello", "x", {"split": "dev"})]),
        ("a.jsonl", '{"text": "hello", "n": 1}\n', [("hello", "", {"n": 1})]),
    ],
)
def test_texts(tmp_path, name, content, expected):
    (tmp_path / name).write_text(content)
    assert [(text.text, text.name, text.meta) for text in read_texts(tmp_path / name)] == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", ""), ("a.pdf", "x"), ("a.csv", "words\nhello\n"), ("a.jsonl", "[]\n"),
        ("a.csv", "name,text\nx,a\nx,b\n"), ("a.jsonl", '{"text": "a", "split": "../x"}\n'),
    ],
)  # fmt: skip
def test_bad_texts(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError):
        read_texts(tmp_path / name)


@pytest.mark.parametrize(("text", "count"), [("0", 0), ("7", 7), ("5%", 1), ("100%", 20), ("0%", 0)])
def test_allowed_failures(text, count):
    assert allowed_failures(text, 20) == count


@pytest.mark.parametrize("text", ["-1", "x", "101%", "nan%", "", "1.5"])
def test_bad_allowed_failures(text):
    with pytest.raises(ConfigError):
        allowed_failures(text, 20)


def test_shards_in_any_order(whole, tmp_path):
    plan = planned(tmp_path, PAIRS, size=12)
    for number in (2, 0, 1):
        assert isinstance(run_shard(plan, number, tmp_path, Maker(plan)), Commit)
    assert tree(tmp_path) == tree(whole)


def test_failures_are_counted_and_tried_again(tmp_path):
    planned(tmp_path, ("hello", "qqqqzx", "book"), size=2)
    ran = run_batch(tmp_path, launcher=Local(0), max_failures="0")
    assert (ran.is_over, ran.failed, ran.is_complete) == (True, 1, False)
    ran = run_batch(tmp_path, launcher=Local(0), max_failures="50%")
    assert (ran.made, ran.failed, ran.is_complete) == (2, 1, True)
    before, status = tree(tmp_path), read_status(tmp_path)
    assert (status.is_complete, status.made) == (True, 2)
    assert [reason.split(": ")[:2] for reason in status.reasons] == [["sign", "LexiconError"]]
    assert forget_failures(tmp_path) == 1
    assert read_status(tmp_path).committed == 1
    assert run_batch(tmp_path, launcher=Local(0), max_failures="50%").is_complete
    assert tree(tmp_path) == before


def test_a_shard_of_failures_has_no_tar(tmp_path):
    planned(tmp_path, ("qqqqzx",))
    assert run_batch(tmp_path, launcher=Local(0), max_failures="100%").failed == 1
    assert not list(tmp_path.rglob("*.tar"))
    assert read_status(tmp_path).is_complete


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_at_any_call(monkeypatch, tmp_path, code):
    """Each call that writes fails once, in turn; then the run goes on and ends with the bytes of one that was lucky."""
    plan = planned(tmp_path / "good")
    for number in range(2):
        run_shard(plan, number, tmp_path / "good", plain_sample)
    good, failures, at = tree(tmp_path / "good"), 0, 0
    while True:
        folder = tmp_path / f"{at}"
        planned(folder)
        with monkeypatch.context() as patch:
            count = fail_at(patch, at, code, folder)
            try:
                for number in range(2):
                    run_shard(plan, number, folder, plain_sample)
            except ResourceError:
                failures += 1
                assert not [path for path in folder.rglob(".*") if path.suffix == ".tar"]
        for number in range(2):
            run_shard(plan, number, folder, plain_sample)
        assert tree(folder) == good
        if count() <= at:
            break
        at += 1
    assert failures == at >= 25


def fail_at(patch, at, code, folder):
    """Make the call number ``at`` that writes below ``folder`` fail."""
    calls = [0]

    def failing(real, is_write):
        def call(*args, **kwargs):
            if is_write(*args):
                calls[0] += 1
                if calls[0] == at + 1:
                    raise OSError(code, os.strerror(code))
            return real(*args, **kwargs)

        return call

    def always(*args):
        return True

    def is_ours(path, *rest):
        return str(path).startswith(str(folder)) and bool(rest) and str(rest[0]) in ("wb", "r+b")

    for owner, name, test in (
        (os, "replace", always), (os, "fsync", always), (Path, "write_bytes", always), (Path, "write_text", always),
        (Path, "open", is_ours), (Path, "mkdir", always),
    ):  # fmt: skip
        patch.setattr(owner, name, failing(getattr(owner, name), test))
    return lambda: calls[0]


def test_a_stop_loses_no_finished_sample(tmp_path):
    plan, made = planned(tmp_path, size=6), []
    outcome = run_shard(
        plan,
        0,
        tmp_path,
        plain_sample,
        is_stopped=lambda: len(made) == 3,
        told=lambda outcome, is_new: made.append(outcome),
    )
    assert outcome == Unfinished(plan.shards[0].name, is_held=False)
    assert read_status(tmp_path).made == 3
    again = []
    run_shard(plan, 0, tmp_path, lambda s, p: again.append(s) or plain_sample(s, p))
    assert len(again) == 3


def run_slowly(folder):
    """What one of several processes on a plan does; each sample made leaves a line."""
    plan = read_plan(folder)

    def make(sample, spool):
        with (folder.parent / "made").open("a") as log:
            log.write(f"{sample.id}\n")
        return plain_sample(sample, spool)

    for number in range(len(plan.shards)):
        run_shard(plan, number, folder, make)


def test_four_processes_make_each_sample_once(tmp_path):
    folder = tmp_path / "b"
    planned(folder, [f"book {n}" for n in range(80)], size=4)
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=run_slowly, args=(folder,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    made = (tmp_path / "made").read_text().split()
    assert len(made) == len(set(made)) == 80
    assert read_status(folder).is_complete


def test_killed_at_any_moment(tmp_path):
    """Processes are killed at random until one lives to the end; the tree is that of a run that never was."""
    texts = [f"book {n}" for n in range(60)]
    plan = planned(tmp_path / "good", texts, size=5)
    for number in range(len(plan.shards)):
        run_shard(plan, number, tmp_path / "good", plain_sample)
    folder, chance, kills = tmp_path / "b", random.Random(0), 0
    planned(folder, texts, size=5)
    context = multiprocessing.get_context("fork")
    while not read_status(folder).is_complete:
        process = context.Process(target=run_slowly, args=(folder,))
        process.start()
        time.sleep(chance.uniform(0.0, 0.03 * 1.05**kills))  # longer and longer: machines are slow at times
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        kills += process.exitcode == -signal.SIGKILL
        assert read_plan(folder).sha256 == plan.sha256
    for number in range(len(plan.shards)):
        run_shard(plan, number, folder, plain_sample)
    assert kills >= 5
    assert tree(folder) == tree(tmp_path / "good")


def command(*words):
    return [sys.executable, "-m", "signgen", "batch", *map(str, words)]


@pytest.mark.parametrize(
    ("number", "workers"), [(signal.SIGTERM, 0), (signal.SIGINT, 1), (signal.SIGUSR1, 0)]
)
def test_signals_stop_after_the_sample_under_way(tmp_path, number, workers):
    planned(tmp_path, [f"book {word} {n}" for n in range(150) for word in WORDS], size=50)
    process = subprocess.Popen(
        command("run", tmp_path, "--workers", workers), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while not read_status(tmp_path).made and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 75, told
    assert "run the same command again" in told
    status = read_status(tmp_path)
    assert 0 < status.made < 900


def test_two_workers_one_of_them_killed(whole, tmp_path):
    folder = tmp_path / "b"
    planned(folder, PAIRS, size=12)
    process = subprocess.Popen(command("run", folder, "--workers", 2), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not read_status(folder).made and time.monotonic() < deadline:
        time.sleep(0.005)
    assert kill_a_worker(process.pid)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert tree(whole).items() <= tree(folder).items()


def deadly(plan):
    """Makes samples, but for one that ends its process."""

    def make(sample, spool):
        if sample.text == "school":
            os.kill(os.getpid(), signal.SIGKILL)
        return plain_sample(sample, spool)

    return make


def test_a_sample_that_kills_its_worker_is_told(tmp_path):
    planned(tmp_path)
    ran = run_batch(tmp_path, launcher=Local(1, deadly))
    assert (ran.made, ran.failed, ran.is_complete) == (5, 1, True)
    assert list(read_status(tmp_path).reasons) == ["make: WorkerDied: 2 workers died at it"]


def kill_a_worker(parent):
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    for child in children:
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            os.kill(int(child), signal.SIGKILL)
            return True
    return False
