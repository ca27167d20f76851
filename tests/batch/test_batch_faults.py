"""Calls that write fail in every command of a batch, in C as in Python: a selection of benchmarks/batch_faults.py."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from batch_trees import differences, tree
from fault_sweep import COMMANDS, MODES, Scene, Sweep
from faulty_disk import READS, Fault, FaultyDisk, has_compiler
from warm import Warm

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not has_compiler(), reason="needs gcc on Linux")]
# Of the calls of each command, and the ways to fail.
SPREAD = 4


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    place = tmp_path_factory.mktemp("scene")
    disk = FaultyDisk(place / "disk")
    with Warm(place / "warm", disk.environment) as warm:
        yield Scene(place, warm, disk)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("mode", ["full", "eio"])
def test_calls_that_fail(scene, command, mode):
    sweep = Sweep(scene, command, MODES[mode])
    first = 1 + sorted(MODES).index(mode)
    found = [*sweep.over(range(first, sweep.calls + 1, max(1, sweep.calls // SPREAD)))]
    # A merge that cannot lock its folder leaves it, for another may hold it; the same command takes it away.
    assert not [each for each in found if each.problems and "/.c.merging/.lock" not in each.call]
    assert 6 in {each.code for each in found}


@pytest.mark.parametrize("name", ["plan.json", "plan.jsonl", "commits", "data"])
def test_reading_that_fails(scene, name):
    """A disk that cannot be read, for root as well, who may read everything."""
    scene.begin("card")
    scene.disk.set(Fault(scene.folder, 1, 5, kinds=READS, name=f"b/{name}"))
    codes = {}
    for command in ("status", "verify", "card"):
        ended = scene.warm.run("batch", command, scene.folder / "b")
        assert "Traceback" not in ended.told, ended.told
        codes[command] = ended.code
    scene.disk.heal()
    assert codes["card"] in (0, 4, 6)
    assert {*codes.values()} & {4, 6, 7}


def test_a_file_may_only_grow_so_far(scene):
    """A limit on the size of files, which is an error of its own, in a process of its own."""
    scene.begin("run")

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    words = [sys.executable, "-m", "signgen", *map(str, scene.words("run"))]
    ended = subprocess.run(words, capture_output=True, text=True, preexec_fn=limited, timeout=120)
    assert ended.returncode == 6, ended.stderr
    assert len([line for line in ended.stderr.splitlines() if "error" in line]) == 1
    assert scene.warm.run(*scene.words("run")).code == 3


def test_a_disk_that_is_really_full(scene, tmp_path):
    """A small file system in memory, where the system lets us have one."""
    scene.begin("run")
    words = " ".join(map(str, scene.words("run"))).replace(str(scene.folder), str(tmp_path / "disk"))
    (tmp_path / "disk").mkdir()
    lines = f"""
    mount -t tmpfs -o size=80k none {tmp_path}/disk || exit 99
    cp -r {scene.folder}/b {tmp_path}/disk/b || exit 98
    {sys.executable} -m signgen {words}; echo first $?
    rm -f {tmp_path}/ballast; mount -o remount,size=9m {tmp_path}/disk
    {sys.executable} -m signgen {words}; echo second $?
    cp -r {tmp_path}/disk/b {tmp_path}/result
    """
    if shutil.which("unshare") is None or os.geteuid():
        pytest.skip("no file system of our own")
    ended = subprocess.run(["unshare", "-m", "sh", "-c", lines], capture_output=True, text=True, timeout=120)
    if ended.returncode == 99:
        pytest.skip("no file system of our own")
    assert "first 6" in ended.stdout, ended
    assert "the disk is full" in ended.stderr
    assert "second 3" in ended.stdout, ended
    scene.warm.run(*scene.words("run"))
    assert not differences(Path(tmp_path / "result"), tree(scene.folder / "b"))
