"""Workers of this machine: one for each GPU, ended at a time limit with all they started, blamed for what is theirs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from signgen.batch import blame
from signgen.batch.local import Local, parse_gpus
from signgen.batch.outcome import Ok
from signgen.batch.pipeline import Stage
from signgen.batch.plan import expand, read_plan, write_plan
from signgen.batch.pulse import Pulses
from signgen.batch.run import run_batch
from signgen.batch.shard import run_shard
from signgen.batch.stages import Maker
from signgen.batch.status import read_status
from signgen.batch.texts import Text
from signgen.errors import ConfigError, ResourceError

SETTINGS = {"source": {"fps": 12.0, "lexicon": "ase", "oov": "fail"}}
WORDS = ("hello", "book", "mother", "father", "school", "eat")
LIMIT = 0.5


def planned(folder, texts=WORDS, size=6, kind="poses", settings=SETTINGS):
    return write_plan(expand([Text(text) for text in texts], settings, {}, kind), folder, settings, {},
                      kind=kind, shard_size=size)  # fmt: skip


def plain_sample(sample, spool):
    """A stand-in for the slow part: the files of a sample, from its id alone."""
    body = (sample.id * 50).encode()
    row = {"member": "poses.npz", "bytes": len(body), "sha256": sha256(body).hexdigest()}
    spool.put(
        sample.id, {"poses.npz": body}, {"files": [row], "frames": 3, "seconds": 0.25, "has_video": False}
    )
    return Ok(sample.id)


def log(spool, *words, name="log"):
    with (spool.path.parents[1] / ".spool" / name).open("a") as file:
        file.write(" ".join(map(str, words)) + "\n")


def logged(folder, name="log"):
    path = folder / ".spool" / name
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


class Seeing:
    """Says which GPU it has from its first moment, and whether torch came before."""

    def __init__(self, plan):
        self.words = os.environ.get("CUDA_VISIBLE_DEVICES", "none"), "torch" in sys.modules

    def __call__(self, sample, spool):
        log(spool, os.getpid(), *self.words)
        return plain_sample(sample, spool)


def test_one_worker_for_each_gpu(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    planned(tmp_path, size=2)
    assert run_batch(tmp_path, launcher=Local(maker=Seeing, gpus=parse_gpus("3,GPU-5a-6b"))).is_complete
    rows = logged(tmp_path)
    assert {gpu for _, gpu, _ in rows} == {"3", "GPU-5a-6b"}
    assert len({(pid, gpu) for pid, gpu, _ in rows}) == len({pid for pid, _, _ in rows}) == 2
    assert {is_late for _, _, is_late in rows} == {"False"}
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


@pytest.mark.parametrize("text", ["", "0,", "0,0", "-1", "a;b", "0 1", "GPU-"])
def test_bad_gpus(text):
    with pytest.raises(ConfigError, match="--gpus"):
        parse_gpus(text)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"workers": 3, "gpus": ("0", "1")}, "one worker for each of the 2"),
        ({"workers": 0, "gpus": ("0",)}, "one worker for each"),
        ({"workers": 0, "time_limit": 5.0}, "use --workers 1"),
        ({"time_limit": 0.0}, "above 0"),
        ({"time_limit": float("nan")}, "above 0"),
    ],
)
def test_what_contradicts_itself(settings, message):
    with pytest.raises(ConfigError, match=message):
        Local(**settings)
    assert Local(2, gpus=("0", "1")).processes == Local(gpus=("0", "1")).processes == 2
    assert (Local().processes, Local(0).processes) == (1, 0)


def sleepy(plan):
    """Two samples take too long: one alone, one with a process that it started."""

    def make(sample, spool):
        if sample.text in ("school", "book"):
            child = subprocess.Popen(["sleep", "300"]) if sample.text == "school" else None
            log(spool, sample.text, time.time(), child.pid if child else 0)
            time.sleep(300)
        return plain_sample(sample, spool)

    return make


def test_a_sample_that_takes_too_long(tmp_path):
    """It and what it started are ended in time, and the others are made."""
    plan = planned(tmp_path)
    ends = []
    watcher = threading.Thread(target=lambda: ends.append(end_of_the_child(tmp_path)))
    watcher.start()
    ran = run_batch(tmp_path, launcher=Local(maker=sleepy, time_limit=LIMIT), max_failures="50%")
    watcher.join()
    assert (ran.made, ran.failed, ran.is_complete) == (4, 2, True)
    assert read_status(tmp_path).reasons == {f"make: TimeLimit: took longer than {LIMIT:g} s": 2}
    assert LIMIT <= ends[0] <= LIMIT + 2
    assert read_plan(tmp_path).sha256 == plan.sha256


def end_of_the_child(folder, seconds=60.0):
    """How long after its sample began the process died that it started."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.02)
        for at, child in ((float(at), int(child)) for _, at, child in logged(folder) if child != "0"):
            if not is_alive(child):
                return time.time() - at
    return seconds


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


class Deadly:
    """Three stages side by side, of which the second ends its process at some texts, once or always."""

    pays_side_by_side = True

    def __init__(self, plan, once=(), always=()):
        self.once, self.always = once, always

    def stages(self, spool):
        def draw(work):
            has_died = any(
                " ".join(words) == work.sample.text for words in logged(spool.path.parents[1], "died")
            )
            if work.sample.text in self.always or (work.sample.text in self.once and not has_died):
                log(spool, work.sample.text, name="died")
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(0.02)  # so that others are signed meanwhile
            return work

        return [
            Stage("sign", lambda work: work),
            Stage("draw", draw),
            Stage("pack", lambda work: work.with_outcome(plain_sample(work.sample, spool))),
        ]

    def __call__(self, sample, spool):
        raise AssertionError("made by its stages")


def test_the_sample_that_kills_its_workers_is_found_among_several(tmp_path):
    planned(tmp_path, [f"book {n}" for n in range(12)], size=12)
    maker = partial(Deadly, once=("book 3",), always=("book 5",))
    ran = run_batch(tmp_path, launcher=Local(maker=maker), max_failures="50%")
    assert (ran.made, ran.failed, ran.is_complete) == (11, 1, True)
    assert read_status(tmp_path).reasons == {"draw: WorkerDied: 2 workers died at it": 1}
    assert sorted(logged(tmp_path, "died")) == [["book", "3"], ["book", "5"], ["book", "5"]]


class Stillborn:
    """Takes its worker along before it is at any sample."""

    pays_side_by_side = False

    def __init__(self, plan):
        pass

    def stages(self, spool):
        os.kill(os.getpid(), signal.SIGKILL)

    def __call__(self, sample, spool):
        raise AssertionError("made by its stages")


def test_workers_that_die_at_no_sample_end_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(blame, "DEATHS_OF_A_SHARD", 2)
    planned(tmp_path, ("hello",))
    with pytest.raises(
        ResourceError, match=r"2 workers were lost .the last ended by signal 9. while they were at no sample"
    ):
        run_batch(tmp_path, launcher=Local(maker=Stillborn))
    assert not read_status(tmp_path).failed


def test_pulses_say_who_is_at_what_and_for_how_long():
    pulses = Pulses(3)
    at = pulses.of(1)
    with at(4, "sign"):
        time.sleep(0.06)
        with at(3, "draw"):
            assert {(way.sample, way.stage) for way in pulses.under_way(1)} == {(4, "sign"), (3, "draw")}
            assert [way.sample for way in pulses.under_way(1, 0.05)] == [4]
    assert pulses.under_way(1) == ()
    time.sleep(0.06)  # waiting between two stages does not count
    with at(4, "draw"):
        assert [way.sample for way in pulses.under_way(1, 0.05)] == [4]
        assert pulses.under_way(1, 0.11) == pulses.under_way(0) == ()
    with pytest.raises(RuntimeError), at(5, "draw"):
        raise RuntimeError
    assert pulses.under_way(1) == ()


class SideBySide(Maker):
    """As where frames are drawn on a GPU."""

    pays_side_by_side = True


def test_side_by_side_gives_the_same_bytes(tmp_path):
    settings = {**SETTINGS, "renderer": {"name": "skeleton", "size": 64}}
    trees = []
    for is_careful in (False, True):
        folder = tmp_path / f"{is_careful}"
        plan = planned(folder, ("hello", "qqqqzx", "book", "eat"), kind="video", settings=settings)
        maker = SideBySide(plan)
        run_shard(plan, 0, folder, maker, is_careful=is_careful)
        trees.append(
            {
                path.name: sha256(path.read_bytes()).hexdigest()
                for path in folder.rglob("*.*")
                if path.is_file()
            }
        )
    assert trees[0] == trees[1]
    assert read_status(folder).made == 3
