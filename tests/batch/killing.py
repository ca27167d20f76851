"""Kill batch commands at random moments and look at what is left each time."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from batch_trees import bad_commits, committed, differences, marked, orphans, tree

MARK = "SIGNGEN_TEST_MARK"


@dataclass
class Tally:
    """What came of killing.

    Attributes:
        drivers: commands that were killed at work.
        workers: workers that were killed at work.
        finishing: how many of the commands had made all shards already.
        commits: commits that stood when something was killed.
        bad: those of them that did not hold.
        orphans: processes that outlived their driver.
        ended: commands that ended before they could be killed.
        told: what went wrong, a line each.
    """

    drivers: int = 0
    workers: int = 0
    finishing: int = 0
    commits: int = 0
    bad: int = 0
    orphans: int = 0
    ended: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return self.drivers + self.workers


class Run:
    """A command as its own process, known by a mark that its children inherit."""

    def __init__(self, *words: object) -> None:
        self.mark = f"{MARK}={uuid.uuid4().hex}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "signgen", *map(str, words)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, MARK: self.mark.partition("=")[2]},
        )

    def is_running(self) -> bool:
        """Whether the command has not ended."""
        return self.process.poll() is None

    def workers(self) -> list[int]:
        """Its workers: children that were spawned to work, not the one that counts semaphores."""
        pids = marked(self.mark) - {self.process.pid}
        return [pid for pid in pids if b"spawn_main" in _command_line(pid)]

    def end(self) -> str:
        """Wait for the end; what it said."""
        return self.process.communicate(timeout=120)[1].decode(errors="replace")


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def kill_runs(folder: Path, kills: int, chance: random.Random, *, workers: int, shards: int) -> Tally:
    """Run a plan and kill driver or worker again and again; the batch may be done before that, and is then run anew.

    Args:
        folder: of a plan.
        kills: how many.
        chance: for the moments and for who is killed.
        workers: of each run.
        shards: of the plan.
    """
    tally = Tally()
    while tally.kills < kills:
        run = Run("batch", "run", folder, "--workers", workers, "--progress", "off")
        _let_work(run, folder, chance)
        for _ in range(chance.randrange(2) if workers else 0):
            _kill_worker(run, folder, chance, tally)
            time.sleep(chance.uniform(0.0, 0.4))
        _kill_driver(run, folder, tally, shards)
        if committed(folder) == shards and chance.random() < 0.5:
            _take_back(folder, chance)
    return tally


def _let_work(run: Run, folder: Path, chance: random.Random) -> None:
    """Wait until something in the folder changes, for most of the start is not worth killing, then a random time."""
    before, deadline = _stamp(folder), time.monotonic() + chance.choice([2.0, 60.0, 60.0, 60.0])
    while run.is_running() and _stamp(folder) == before and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(chance.uniform(0.0, chance.choice([0.02, 0.5])))


def _stamp(folder: Path) -> tuple[int, ...]:
    """Something that changes with every file that is made in the folder or in one of its folders."""
    places = [folder, *(path for path in folder.rglob("*") if path.is_dir() or path.suffix == ".tar")]
    return tuple(found.st_mtime_ns + found.st_size for found in map(_state, places) if found)


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _kill_worker(run: Run, folder: Path, chance: random.Random, tally: Tally) -> None:
    alive = run.workers()
    if alive and run.is_running():
        os.kill(chance.choice(sorted(alive)), signal.SIGKILL)
        tally.workers += 1
        _look(folder, tally)


def _kill_driver(run: Run, folder: Path, tally: Tally, shards: int) -> None:
    if run.is_running():
        tally.finishing += committed(folder) == shards
    run.process.kill()
    told = run.end()
    if run.process.returncode == -signal.SIGKILL:
        tally.drivers += 1
    else:
        tally.ended += 1
        if run.process.returncode:
            tally.told.append(f"code {run.process.returncode}: {told.strip()[-300:]}")
    left = orphans(run.mark)
    tally.orphans += len(left)
    _look(folder, tally)


def _look(folder: Path, tally: Tally) -> None:
    tally.commits += committed(folder)
    bad = bad_commits(folder)
    tally.bad += len(bad)
    tally.told += [f"{name} does not hold" for name in bad]


def _take_back(folder: Path, chance: random.Random) -> None:
    """Give a batch that is done something to do: some shards are made again."""
    names = sorted(path.stem for path in (folder / "commits").glob("[!.]*.json"))
    for name in chance.sample(names, max(1, len(names) // 3)):
        (folder / "commits" / f"{name}.json").unlink()
        (folder / "data" / f"{name}.tar").unlink(missing_ok=True)


def after_all(folder: Path, good: dict[str, str], workers: int) -> Iterator[str]:
    """Let the last run end by itself; what is then not as in a run that nobody disturbed."""
    run = Run("batch", "run", folder, "--workers", workers, "--progress", "off")
    told = run.end()
    if run.process.returncode:
        yield f"code {run.process.returncode}: {told.strip()}"
    yield from differences(folder, good)
    yield from (f"process {pid} is left" for pid in orphans(run.mark))


def kill_merges(
    sources: list[Path], target: Path, kills: int, chance: random.Random, good: dict[str, str]
) -> Tally:
    """Kill `merge` at random moments; after each its target is either not there, not finished, or whole."""
    tally, words = Tally(), ("batch", "merge", *sources, "-o", target)
    while tally.kills < kills:
        run, place = Run(*words), target.parent
        before = _stamp(place)
        while run.is_running() and _stamp(place) == before:
            time.sleep(0.001)
        time.sleep(chance.uniform(0.0, 0.3))
        run.process.kill()
        told = run.end()
        tally.drivers += run.process.returncode == -signal.SIGKILL
        if run.process.returncode not in (0, -signal.SIGKILL):
            tally.told.append(f"code {run.process.returncode}: {told.strip()[-300:]}")
            return tally
        if (target / "SHA256SUMS").exists():
            tally.ended += 1
            tally.told += [f"finished, but {each}" for each in differences(target, good)]
            _remove(target)
    return tally


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder)


def merged(sources: list[Path], target: Path) -> tuple[str, dict[str, str]]:
    """Merge without a disturbance; what it said if it failed, and the tree."""
    run = Run("batch", "merge", *sources, "-o", target)
    told = run.end()
    return (told if run.process.returncode else ""), tree(target)
