"""Claims where a file system has no locks: one holder at a time, taken over when he is dead and never before."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from signgen.dataset import claims as claims_module
from signgen.dataset.claims import FOLDER, Claims, Owner
from signgen.dataset.lock import Locks
from signgen.errors import ResourceError

# Long enough for a busy machine to let a heart beat in time, short enough to wait for.
BEAT = 0.2
FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Beats that a test can wait for; processes that it forks have them too."""
    monkeypatch.setattr(claims_module, "SECONDS_BETWEEN_BEATS", BEAT)


@pytest.fixture
def far(monkeypatch):
    """Processes are asked for as if each were on a machine of its own, where none of the others can be seen."""
    monkeypatch.setattr(claims_module, "_system", lambda: "")


@pytest.fixture
def no_locks(monkeypatch):
    """A file system whose locks fail as NFS without its lock server does."""
    monkeypatch.setattr(Locks, "_open", {})

    def fail(*args):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "lockf", fail)


@pytest.fixture
def folder(tmp_path):
    Claims(tmp_path).begin()
    return tmp_path


def in_process(function, *args):
    process = FORK.Process(target=function, args=args)
    process.start()
    return process


def hold(folder, part, seconds, ready):
    Claims(folder).take(part)
    ready.set()
    time.sleep(seconds)


def held_elsewhere(folder, part, seconds=60.0):
    """A process that holds a part."""
    ready = FORK.Event()
    process = in_process(hold, folder, part, seconds, ready)
    assert ready.wait(10)
    return process


def until(question, seconds=5.0):
    """How long it took until the answer was yes."""
    start = time.monotonic()
    while not question():
        assert time.monotonic() < start + seconds
        time.sleep(0.005)
    return time.monotonic() - start


def test_one_holder(folder):
    mine, other = Claims(folder), Claims(folder)
    assert mine.take(3)
    assert mine.take(3)
    assert not other.take(3)
    assert other.take(4)
    mine.drop(3)
    assert other.take(3)
    assert not mine.take(3)
    mine.drop(3)  # what is not held is not given up
    assert not mine.take(3)


def test_sharing(folder):
    """As POSIX locks: many share or one has it alone; who has it may change how, if the others let him."""
    a, b, c = (Claims(folder) for _ in range(3))
    assert a.take(1, shared=True)
    assert b.take(1, shared=True)
    assert not c.take(1)
    assert not a.take(1)
    b.drop(1)
    assert a.take(1)
    assert not c.take(1, shared=True)
    assert a.take(1, shared=True)
    assert c.take(1, shared=True)
    a.drop(1)
    c.drop(1)
    assert b.take(1)


def test_a_dead_process_of_this_machine_is_robbed_at_once(folder, monkeypatch):
    monkeypatch.setattr(claims_module, "SECONDS_BETWEEN_BEATS", 1000.0)
    process = held_elsewhere(folder, 0)
    assert not Claims(folder).take(0)
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: Claims(folder).take(0))  # also before anybody has fetched its exit code
    process.join()


def test_a_dead_holder_elsewhere_is_robbed_when_beats_are_missed(folder, far):
    process = held_elsewhere(folder, 0)
    time.sleep(2 * BEAT)
    os.kill(process.pid, signal.SIGKILL)
    took = until(lambda: Claims(folder).take(0))
    assert BEAT < took < 40 * BEAT
    process.join()


def test_a_live_holder_is_never_robbed(folder, far):
    process = held_elsewhere(folder, 0)
    end = time.monotonic() + 7 * BEAT
    while time.monotonic() < end:
        assert not Claims(folder).take(0)
        time.sleep(BEAT / 10)
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def test_a_stopped_holder_of_this_machine_is_never_robbed(folder):
    process = held_elsewhere(folder, 0)
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(4 * BEAT)
    assert not Claims(folder).take(0)
    os.kill(process.pid, signal.SIGKILL)
    process.join()


@pytest.mark.parametrize("ahead", [-1e6, 1e6])
def test_clocks_may_differ(folder, far, monkeypatch, ahead):
    """The machine that looks has another time than the one that holds; the file system has its own."""
    process = held_elsewhere(folder, 0)
    monkeypatch.setattr(time, "time", lambda: 1e9 + ahead)
    time.sleep(4 * BEAT)
    assert not Claims(folder).take(0)
    os.kill(process.pid, signal.SIGKILL)
    assert until(lambda: Claims(folder).take(0)) < 40 * BEAT
    process.join()


def test_an_old_number_with_a_new_process(folder):
    """The number of a dead holder may be a living process's by now; when that began tells them apart."""
    this = Owner.this()
    assert this.has_ended() is False
    assert Owner(this.host, this.system, this.process, "1").has_ended() is True
    assert Owner(this.host, "another machine", this.process, this.started).has_ended() is None
    assert Owner(this.host, this.system, this.process, "").has_ended() is None
    assert Owner(this.host, this.system, 1 << 22, this.started).has_ended() is True


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"host": 1}', b"\xff" * 9])
def test_a_claim_that_cannot_be_read_is_told_by_its_age(folder, content):
    path = folder / FOLDER / "0.0"
    path.write_bytes(content)
    assert not Claims(folder).take(0)
    took = until(lambda: Claims(folder).take(0))
    assert took < 40 * BEAT


def test_the_slowest_of_several_who_saw_a_dead_claim_robs_nobody(folder, far):
    """One sees the dead claim and sleeps; another takes over meanwhile; the first then gets nothing."""
    dead = folder / FOLDER / "0.0"
    dead.touch()
    os.utime(dead, (1.5e9, 1.5e9))
    slow, quick = Claims(folder), Claims(folder)
    real = claims_module._make

    def late(path):
        claims_module._make = real
        assert quick.take(0)
        return real(path)

    claims_module._make = late
    try:
        assert not slow.take(0)
    finally:
        claims_module._make = real
    assert not slow.take(0)
    slow.drop(0)
    assert not Claims(folder).take(0)


def test_a_robbed_holder_gives_up_nothing_of_the_new_one(folder, far, monkeypatch):
    robbed = Claims(folder)
    assert robbed.take(0)
    monkeypatch.setattr(Claims, "_beat", lambda self: None)
    monkeypatch.setattr(os, "utime", lambda *args: None)  # it stands still
    assert not robbed.is_robbed(0)
    until(lambda: Claims(folder).take(0))
    monkeypatch.undo()
    monkeypatch.setattr(claims_module, "_system", lambda: "")
    assert robbed.is_robbed(0)
    robbed.drop(0)
    assert not Claims(folder).take(0)


def test_forked_processes_hold_nothing_of_their_parent(folder):
    mine = Claims(folder)
    assert mine.take(0)
    process = in_process(take_it, mine)
    process.join()
    assert process.exitcode == 0
    mine.drop(0)
    process = in_process(take_it, mine)
    process.join()
    assert process.exitcode == 1


def take_it(claims):
    os._exit(int(claims.take(0)))


def count_up(folder, rounds):
    """Add one to numbers in files, which goes wrong if two processes are at one of them."""
    locks = Locks.of(folder)
    for _ in range(rounds):
        for part in range(3):
            with locks.waited(part):
                path = folder / f"{part}.txt"
                number = int(path.read_text())
                time.sleep(0.001)
                path.write_text(str(number + 1))


@pytest.mark.parametrize("is_far", [False, True])
def test_four_processes_never_meet(tmp_path, no_locks, monkeypatch, is_far):
    if is_far:
        monkeypatch.setattr(claims_module, "_system", lambda: "")
        monkeypatch.setattr(claims_module, "SECONDS_BETWEEN_BEATS", 5.0)
    monkeypatch.setattr("signgen.dataset.lock.SECONDS_BETWEEN_TRIES", 0.002)
    for part in range(3):
        (tmp_path / f"{part}.txt").write_text("0")
    processes = [in_process(count_up, tmp_path, 8) for _ in range(4)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert [(tmp_path / f"{part}.txt").read_text() for part in range(3)] == ["32"] * 3


def test_many_rob_a_dead_holder_and_one_gets_it(folder, far, monkeypatch):
    """Twelve processes wait for the same moment."""
    monkeypatch.setattr(claims_module, "SECONDS_BETWEEN_BEATS", 5.0)
    for part in range(6):
        path = folder / FOLDER / f"{part}.0"
        path.touch()
        os.utime(path, (1.5e9, 1.5e9))
    go, won = FORK.Event(), FORK.Array("i", 6)

    def rob():
        mine = Claims(folder)
        go.wait()
        for part in range(6):
            if mine.take(part):
                with won.get_lock():
                    won[part] += 1
        time.sleep(0.3)

    processes = [in_process(rob) for _ in range(12)]
    go.set()
    for process in processes:
        process.join()
    assert list(won) == [1] * 6


def test_locks_are_used_where_there_are_any(tmp_path, monkeypatch):
    monkeypatch.setattr(Locks, "_open", {})
    with Locks.of(tmp_path).tried(0) as is_ours:
        assert is_ours
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock"]


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL])
def test_claims_are_used_where_there_are_no_locks(tmp_path, monkeypatch, code):
    monkeypatch.setattr(Locks, "_open", {})
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "lockf", failing(code))
        with Locks.of(tmp_path).tried(0) as is_ours:
            assert is_ours
            assert not Claims(tmp_path).take(0)
    assert Locks.of(tmp_path).take(0)  # by then on a machine that has locks there
    assert not Claims(tmp_path).take(0)


def test_other_errors_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(Locks, "_open", {})
    monkeypatch.setattr(fcntl, "lockf", failing(errno.EIO))
    with pytest.raises(ResourceError, match="cannot be locked"):
        Locks.of(tmp_path).take(0)


def failing(code):
    def fail(*args):
        raise OSError(code, os.strerror(code))

    return fail


def test_a_full_disk_leaves_no_live_claim(folder, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    mine = Claims(folder)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            mine.take(0)
    assert Claims(folder).take(0)
    assert Path(folder, FOLDER, "0.1").exists()
