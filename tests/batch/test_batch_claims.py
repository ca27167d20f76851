"""A batch on a file system without locks: each sample is made once, and the same bytes come out."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import signal
import time
from hashlib import sha256

import pytest

from signgen.batch.outcome import Ok
from signgen.batch.plan import expand, read_plan, write_plan
from signgen.batch.shard import Commit, Unfinished, run_shard
from signgen.batch.status import read_status
from signgen.batch.texts import Text
from signgen.dataset import claims
from signgen.dataset.lock import Locks

FORK = multiprocessing.get_context("fork")
BEAT = 0.2


@pytest.fixture(autouse=True)
def no_locks(monkeypatch):
    """Locks fail, as on NFS without its lock server, and processes cannot see each other, as on several machines."""

    def fail(*args):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", fail)
    monkeypatch.setattr(Locks, "_open", {})
    monkeypatch.setattr(claims, "_system", lambda: "")
    monkeypatch.setattr(claims, "SECONDS_BETWEEN_BEATS", BEAT)


def planned(folder, count, size):
    texts = [Text(f"book {n}") for n in range(count)]
    return write_plan(expand(texts, {}, {}, "poses"), folder, {}, {}, shard_size=size)


def plain_sample(sample, spool):
    body = (sample.id * 50).encode()
    row = {"member": "poses.npz", "bytes": len(body), "sha256": sha256(body).hexdigest()}
    spool.put(
        sample.id, {"poses.npz": body}, {"files": [row], "frames": 3, "seconds": 0.25, "has_video": False}
    )
    return Ok(sample.id)


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for part in ("data", "commits")
        for path in sorted((folder / part).glob("[!.]*"))
    }


def run_slowly(folder, seconds=0.005):
    """What each of several processes does with a plan; each sample made leaves a line."""
    plan = read_plan(folder)

    def make(sample, spool):
        with (folder.parent / "made").open("a") as log:
            log.write(f"{sample.id}\n")
        time.sleep(seconds)
        return plain_sample(sample, spool)

    for number in range(len(plan.shards)):
        run_shard(plan, number, folder, make)


def made(folder):
    path = folder.parent / "made"
    return path.read_text().split() if path.exists() else []


@pytest.fixture
def good(tmp_path):
    plan = planned(tmp_path / "good", 40, 4)
    for number in range(len(plan.shards)):
        assert isinstance(run_shard(plan, number, tmp_path / "good", plain_sample), Commit)
    return tree(tmp_path / "good")


def test_four_processes_make_each_sample_once(tmp_path, good, monkeypatch):
    monkeypatch.setattr(claims, "SECONDS_BETWEEN_BEATS", 5.0)
    folder = tmp_path / "b"
    planned(folder, 40, 4)
    processes = [FORK.Process(target=run_slowly, args=(folder,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert len(made(folder)) == len(set(made(folder))) == 40
    assert tree(folder) == good


def test_a_killed_holder_is_followed(tmp_path, good):
    """Its shard is held until three beats are missed, and then finished by another with the same bytes."""
    folder = tmp_path / "b"
    plan = planned(folder, 40, 4)
    process = FORK.Process(target=run_slowly, args=(folder, 0.3))
    process.start()
    while len(made(folder)) < 2:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    died = time.monotonic()
    assert run_shard(plan, 0, folder, plain_sample) == Unfinished(plan.shards[0].name, is_held=True)
    while isinstance(run_shard(plan, 0, folder, plain_sample), Unfinished):
        assert time.monotonic() < died + 50 * BEAT
        time.sleep(0.02)
    assert time.monotonic() > died + BEAT
    run_slowly(folder, 0.0)
    assert tree(folder) == good
    assert read_status(folder).is_complete


def test_a_holder_that_was_robbed_writes_no_more(tmp_path, monkeypatch):
    """It stood still, another took its shard; when it goes on it makes no further sample and commits nothing."""
    plan, count = planned(tmp_path / "b", 4, 4), []

    def make(sample, spool):
        count.append(sample)
        if len(count) == 2:
            claims._give_up(tmp_path / "b" / claims.FOLDER / "0.0")  # as old as one can be
            assert claims.Claims(tmp_path / "b").take(0)
        return plain_sample(sample, spool)

    monkeypatch.setattr(claims.Claims, "_beat", lambda self: None)
    ended = run_shard(plan, 0, tmp_path / "b", make)
    assert ended == Unfinished(plan.shards[0].name, is_held=True)
    assert len(count) == 2
    assert not tree(tmp_path / "b")
