"""Shards made by Ray: the same bytes as without, whatever dies; `-m "not ray"` leaves these out."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from signgen.batch import ray_cluster
from signgen.batch.local import Local
from signgen.batch.outcome import Failed, Ok
from signgen.batch.plan import expand, read_plan, write_plan
from signgen.batch.ray_actor import ShardActor, Task
from signgen.batch.ray_launcher import RayLauncher
from signgen.batch.run import run_batch
from signgen.batch.stages import Maker
from signgen.batch.status import read_status
from signgen.batch.texts import Text
from signgen.data.sidecar import package_version
from signgen.dataset.lock import BEACON, Locks
from signgen.errors import ConfigError, DependencyError, ResourceError

SETTINGS = {"source": {"fps": 12.0, "lexicon": "ase", "oov": "fail"}}
WORDS = ("hello", "book", "mother", "father", "school", "eat")
LOG = "log"

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]


def planned(folder, texts=WORDS, size=2):
    return write_plan(expand([Text(text) for text in texts], SETTINGS, {}, "poses"), folder, SETTINGS, {},
                      shard_size=size)  # fmt: skip


def many(count):
    return [f"book {n}" for n in range(count)]


def tree(folder):
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for part in ("data", "commits")
        for path in sorted((folder / part).glob("[!.]*"))
    }


def plain_sample(sample, spool):
    """A stand-in for the slow part: the files of a sample, from its id alone; it says who made it."""
    words = os.getpid(), os.getppid(), os.environ.get("CUDA_VISIBLE_DEVICES", "none"), sample.id
    with (spool.path.parents[1] / ".spool" / LOG).open("a") as file:
        file.write(" ".join(map(str, words)) + "\n")
    body = (sample.id * 50).encode()
    row = {"member": "poses.npz", "bytes": len(body), "sha256": sha256(body).hexdigest()}
    spool.put(
        sample.id, {"poses.npz": body}, {"files": [row], "frames": 3, "seconds": 0.25, "has_video": False}
    )
    return Ok(sample.id)


def logged(folder):
    """Of each sample that was made: process, its parent, GPUs, id."""
    path = folder / ".spool" / LOG
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def plain(plan):
    return plain_sample


def slow(plan):
    def make(sample, spool):
        time.sleep(0.05)
        return plain_sample(sample, spool)

    return make


def poor(plan):
    def make(sample, spool):
        time.sleep(0.05)
        return Failed(sample.id, "sign", "LexiconError", "no such word")

    return make


def deadly(plan):
    def make(sample, spool):
        if sample.text == "school":
            os.kill(os.getpid(), signal.SIGKILL)
        return plain_sample(sample, spool)

    return make


def sleepy(plan):
    def make(sample, spool):
        time.sleep(60.0 * (sample.text == "school"))
        return plain_sample(sample, spool)

    return make


@pytest.fixture(scope="module")
def address():
    """The one Ray of these tests, with two GPUs that are none; its actors find this file."""
    with pytest.MonkeyPatch.context() as patch, RayLauncher(gpus=("0", "1")) as launcher:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        yield launcher._cluster.ray().get_runtime_context().gcs_address


def until(question: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@needs_ray
def test_nobody_else_can_reach_it(address):
    """Every port that it listens at is a loopback one, and there is a token."""
    assert address.startswith("127.0.0.1:")
    assert os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_MODE") != "token"
    ours = set().union(*(sockets_of(process) for process in descendants(os.getpid())))
    hosts = {host for host, inode in listening() if inode in ours}
    assert len(ours & {inode for _, inode in listening()}) >= 3
    assert hosts <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


def descendants(process):
    yield process
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from descendants(int(child))


def sockets_of(process):
    found = set()
    for path in Path(f"/proc/{process}/fd").glob("*"):
        try:
            name = os.readlink(path)
        except OSError:
            continue
        if name.startswith("socket:["):
            found.add(name[len("socket:[") : -1])
    return found


def listening():
    """Host in hexadecimal and inode of each socket of this machine that listens."""
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A":
                yield words[1].split(":")[0], words[9]


@needs_ray
def test_bytes_are_those_of_a_local_run(address, tmp_path):
    for name, launcher in (("local", Local(0)), ("ray", RayLauncher(2))):
        planned(tmp_path / name)
        assert run_batch(tmp_path / name, launcher=launcher).is_complete
    assert tree(tmp_path / "ray") == tree(tmp_path / "local")
    assert len(tree(tmp_path / "ray")) == 6


@needs_ray
def test_each_actor_has_a_gpu_of_its_own(address, tmp_path):
    planned(tmp_path, many(24))
    assert run_batch(tmp_path, launcher=RayLauncher(gpus=("0", "1"), maker=slow)).is_complete
    pairs = {(process, gpu) for process, _, gpu, _ in logged(tmp_path)}
    assert sorted(gpu for _, gpu in pairs) == ["0", "1"]
    assert len(logged(tmp_path)) == 24


@needs_ray
@pytest.mark.parametrize("victim", [0, 1], ids=["worker", "actor"])
def test_one_is_killed(address, tmp_path, victim):
    """The process at work, or the actor above it: another takes the shard up where it was."""
    for name in ("good", "killed"):
        planned(tmp_path / name, many(24), size=12)
    assert run_batch(tmp_path / "good", launcher=Local(0, plain)).is_complete
    folder = tmp_path / "killed"

    def kill():
        until(lambda: len(logged(folder)) >= 3)
        os.kill(int(logged(folder)[0][victim]), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    ran = run_batch(folder, launcher=RayLauncher(2, maker=slow))
    killer.join()
    assert (ran.made, ran.failed, ran.is_complete) == (24, 0, True)
    assert tree(folder) == tree(tmp_path / "good")
    assert len(logged(folder)) <= 26  # at most what was under way is made again


@needs_ray
@pytest.mark.parametrize("maker", [deadly, sleepy])
def test_failures_are_told_as_by_a_local_run(address, tmp_path, maker):
    """A sample that kills its worker twice, and one that takes too long: commits are the same bytes."""
    limit = 1.0 if maker is sleepy else float("inf")
    for name, launcher in (("local", partial(Local, 1)), ("ray", partial(RayLauncher, 1))):
        planned(tmp_path / name, size=6)
        ran = run_batch(tmp_path / name, launcher=launcher(maker=maker, time_limit=limit), max_failures="1")
        assert (ran.made, ran.failed, ran.is_complete) == (5, 1, True)
    assert tree(tmp_path / "ray") == tree(tmp_path / "local")


@needs_ray
def test_too_many_failures_over_all_actors(address, tmp_path):
    planned(tmp_path, many(200), size=100)
    ran = run_batch(tmp_path, launcher=RayLauncher(2, maker=poor), max_failures="8")
    assert (ran.is_over, ran.is_complete) == (True, False)
    assert 8 < read_status(tmp_path).failed < 100


@needs_ray
def test_a_signal_stops_it_after_the_samples_under_way(address, tmp_path):
    planned(tmp_path, many(400), size=200)
    until_made = threading.Thread(target=lambda: (until(lambda: len(logged(tmp_path)) > 4), interrupt()))
    until_made.start()
    ran = run_batch(tmp_path, launcher=RayLauncher(2, maker=slow))
    until_made.join()
    assert (ran.is_stopped, ran.is_complete) == (True, False)
    assert ran.made == read_status(tmp_path).made == len(logged(tmp_path)) < 400


def interrupt():
    os.kill(os.getpid(), signal.SIGTERM)


DRIVER = """
import sys
from pathlib import Path
from test_batch_ray import slow
from signgen.batch.ray_launcher import RayLauncher
from signgen.batch.run import run_batch
run_batch(Path(sys.argv[1]), launcher=RayLauncher(2, address=sys.argv[2], maker=slow))
"""


@needs_ray
def test_no_orphans(address, tmp_path):
    """The driver, another one on the same Ray, is killed: so are its actors, and the next run ends as any other."""
    for name in ("good", "killed"):
        planned(tmp_path / name, many(60), size=20)
    assert run_batch(tmp_path / "good", launcher=Local(0, plain)).is_complete
    folder = tmp_path / "killed"
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, folder, address], cwd=Path(__file__).parent)
    until(lambda: len({row[0] for row in logged(folder)}) == 2)
    driver.kill()
    driver.wait()
    workers = {int(number) for row in logged(folder) for number in row[:2]}
    until(lambda: not any(map(is_alive, workers)))
    assert 0 < read_status(folder).made < 60
    assert run_batch(folder, launcher=Local(0, plain)).is_complete
    assert tree(folder) == tree(tmp_path / "good")


@needs_ray
def test_a_folder_that_is_not_shared(address, tmp_path, monkeypatch):
    """Actors see a folder whose lock nobody holds, as another machine's folder of the same name."""
    planned(tmp_path)
    monkeypatch.setattr(Locks, "take", lambda *args, **kwargs: True)
    monkeypatch.setattr(Locks, "drop", lambda *args: None)
    with pytest.raises(ConfigError, match="has another folder of this name"):
        run_batch(tmp_path, launcher=RayLauncher(1, maker=plain))


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("127.0.0.1:1", ResourceError), ("[::1]:1", ResourceError), ("ray://127.0.0.1:1", ResourceError),
        ("no.such.host.invalid:6379", ResourceError), ("127.0.0.1:99999", ResourceError),
        ("somewhere", ConfigError), (":6379", ConfigError), ("host:", ConfigError), ("host:x", ConfigError),
    ],
)  # fmt: skip
def test_a_cluster_that_is_not_there(tmp_path, place, error):
    planned(tmp_path)
    with pytest.raises(error, match="ray"):
        run_batch(tmp_path, launcher=RayLauncher(address=place))


def join(place, **changes):
    facts = {
        "folder": place, "plan_sha256": read_plan(place).sha256, "version": package_version("signgen"),
        "maker": Maker, "time_limit": float("inf"),
    }  # fmt: skip
    main = sys.modules["__main__"]
    before = main.__dict__.get("__file__")
    try:
        return ShardActor().join(Task(**{**facts, **changes}))
    finally:
        main.__file__ = before


def test_what_an_actor_looks_at_before_it_works(tmp_path):
    planned(tmp_path / "b")
    assert "install the same" in str(join(tmp_path / "b", version="0.0.1"))
    assert "put the batch where all machines share it" in str(join(tmp_path / "b", plan_sha256="0" * 64))
    assert "put the batch" in str(join(tmp_path / "b", folder=tmp_path / "nowhere"))
    assert "another folder of this name" in str(join(tmp_path / "b"))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "b"], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    )
    holder.stdout.readline()
    assert join(tmp_path / "b") is None
    holder.communicate()


HOLD = f"""
import sys
from pathlib import Path
from signgen.dataset.lock import Locks
Locks.of(Path(sys.argv[1])).take({BEACON}, shared=True)
print("held", flush=True)
input()
"""


def test_ray_is_not_installed(tmp_path, monkeypatch):
    planned(tmp_path)
    monkeypatch.setattr(ray_cluster, "_prepare", lambda: None)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(DependencyError, match=r'pip install "signgen\[ray\]"') as caught:
        run_batch(tmp_path, launcher=RayLauncher())
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(
    ("workers", "gpus", "limit"), [(0, (), 1.0), (3, ("0", "1"), 1.0), (1, (), 0.0), (1, (), -1.0)]
)
def test_contradictions(workers, gpus, limit):
    with pytest.raises(ConfigError):
        RayLauncher(workers, gpus, time_limit=limit)


def test_errors_of_ray_are_one_line():
    assert "\n" not in ray_cluster.one_line(ResourceError("a\nb  c\n" * 400))
