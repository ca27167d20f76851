"""Builds that are killed, stopped, share a folder or run out of disk: what is finished stays, the end is the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml
from corpus import SETTINGS, tree

from signgen.cli.codes import STOPPED
from signgen.dataset import folder as layout
from signgen.dataset import job, lock
from signgen.dataset.build import build_dataset
from signgen.dataset.status import FileRecord, read_status, status_bytes
from signgen.errors import ConfigError, ResourceError

BUILD_CLI = Path(__file__).with_name("build_cli.py")


@pytest.fixture
def start(manifest, tmp_path):
    """Starts a build of the corpus into ``tmp_path / "out"`` as its own process."""
    running = []

    def begin(*flags, **extractor):
        config = tmp_path / f"config{len(running)}.yaml"
        config.write_text(yaml.safe_dump({**SETTINGS, "extractor": {"name": "blobs", **extractor}}))
        command = [sys.executable, BUILD_CLI, "dataset", "build", manifest, "-o", tmp_path / "out"]
        process = subprocess.Popen([*command, "--config", config, *flags], stderr=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def check_finished_videos(out):
    """Every video that has a record of something done has just those files, whole."""
    for path in out.glob("videos/*/status.json"):
        for name, record in read_status(path).files.items():
            assert FileRecord.of((path.parent / name).read_bytes()) == record, path.parent / name


@pytest.mark.slow
def test_killed_at_any_moment_and_run_again_it_ends_the_same(start, manifest, tmp_path):
    out, rng = tmp_path / "out", random.Random(7)
    for kill in range(2):
        process = start("--workers", "2", slow=0.01)
        wait_for(lambda: (out / ".lock").exists())
        time.sleep(rng.uniform(0.5, 2.5) * (1 + kill / 2))
        process.kill()
        process.wait()
        check_finished_videos(out)
    last = start(slow=0.01)
    assert last.wait(60) == 0, last.stderr.read()
    config = {**SETTINGS, "extractor": {"name": "blobs", "slow": 0.01}}
    build_dataset(manifest, tmp_path / "fresh", config, workers=0)
    assert tree(out) == tree(tmp_path / "fresh")


@pytest.mark.slow
def test_builders_at_once_do_no_video_twice(start, tmp_path):
    log = tmp_path / "log"
    builders = [start("--workers", "1", slow=0.02, log=str(log)) for _ in range(2)]
    assert [builder.wait(90) for builder in builders] == [0, 0]
    begun = Counter(line.split()[1] for line in log.read_text().splitlines())
    assert begun == {str(128 + 16 * n): 1 for n in range(5)}
    assert len({line.split()[0] for line in log.read_text().splitlines()}) > 1, "one process did it all"
    assert not list((tmp_path / "out").rglob(".*.*"))


@pytest.mark.slow
def test_a_stop_lets_the_video_finish_and_exits_75(start, tmp_path):
    log = tmp_path / "log"
    process = start(slow=0.05, log=str(log))
    wait_for(log.exists)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == STOPPED
    assert "run the same command again to go on" in process.stderr.read()
    (done,) = (tmp_path / "out").glob("videos/*/*.complete")
    assert done.parent.name == "v3"  # the first of the manifest
    assert not (tmp_path / "out" / "SHA256SUMS").exists()


@pytest.mark.slow
def test_workers_die_with_a_builder_that_is_killed(start, tmp_path):
    log = tmp_path / "log"
    process = start(hang_above=1, log=str(log))
    wait_for(log.exists)
    worker = int(log.read_text().split()[0])
    process.kill()
    process.wait()
    wait_for(lambda: not is_running(worker), 5)


def is_running(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@pytest.mark.slow
def test_a_builder_with_other_settings_is_held_off(manifest, tmp_path, start):
    log = tmp_path / "log"
    start(hang_above=1, log=str(log))
    wait_for(log.exists)
    with pytest.raises(ConfigError, match="another builder is at work here"):
        build_dataset(manifest, tmp_path / "out", SETTINGS, workers=0)


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced(start, tmp_path, whole):
    log = tmp_path / "log"
    process = start(slow=0.05, log=str(log))
    wait_for(log.exists)
    os.kill(int(log.read_text().split()[0]), signal.SIGKILL)
    assert process.wait(60) == 0
    begun = Counter(line.split()[1] for line in log.read_text().splitlines())
    assert sorted(begun.values()) == [1, 1, 1, 1, 2]
    for name in ("v0", "v3"):
        path = Path("videos") / name / "poses.npz"
        assert (tmp_path / "out" / path).read_bytes() == (whole.folder / path).read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("extractor", "limit", "reason", "detail"),
    [
        ({"hang_above": 185}, 3.0, "time-limit", "took longer than 3 s"),
        ({"die_above": 185}, 60.0, "crashed", "ended by signal 9"),
    ],
)
def test_one_bad_video_is_rejected_and_the_others_are_done(
    manifest, tmp_path, extractor, limit, reason, detail
):
    config = {**SETTINGS, "extractor": {"name": "blobs", **extractor}}
    done = build_dataset(manifest, tmp_path / "out", config, workers=1, time_limit=limit)
    assert (done.counts, done.packed.reasons) == ({"done": 4, "rejected": 1}, {reason: 1})
    status = read_status(tmp_path / "out" / "videos" / "v4" / "status.json")
    assert [(r.name, r.detail) for r in status.reasons] == [(reason, detail)]
    assert not (tmp_path / "out" / "videos" / "v4" / "poses.npz").exists()
    again = build_dataset(manifest, tmp_path / "out", config, workers=0)
    assert again.counts == {"kept": 5}


def test_retry_does_rejected_videos_again(manifest, tmp_path):
    log = tmp_path / "log"
    config = {**SETTINGS, "extractor": {"name": "blobs", "break_above": 185, "log": str(log)}}
    done = build_dataset(manifest, tmp_path / "out", config, workers=0)
    assert done.packed.reasons == {"internal-error": 1}
    log.unlink()
    again = build_dataset(manifest, tmp_path / "out", config, workers=0, retry=True)
    assert (again.counts, again.redone) == ({"kept": 4, "rejected": 1}, {"retry": 1})
    assert len(log.read_text().splitlines()) == 1


def every_write(monkeypatch, fail_at):
    """Lets the disk be full at the n-th write of any file; returns the number of writes so far."""
    from signgen.data import atomic

    count = [0]
    publish = atomic._publish

    def full(temporary, target):
        count[0] += 1
        if count[0] >= fail_at:
            raise OSError(28, "No space left on device")
        publish(temporary, target)

    monkeypatch.setattr(atomic, "_publish", full)
    return count


def test_a_full_disk_at_any_write_leaves_nothing_half_written(manifest, tmp_path, whole):
    with pytest.MonkeyPatch.context() as patch:
        writes = every_write(patch, 10**9)
        build_dataset(manifest, tmp_path / "count", SETTINGS, workers=0)
    total = writes[0]
    assert total > 40
    for fail_at in (1, 2, 3, 5, total // 2, total - 12, total - 5, total - 2, total - 1, total):
        out = tmp_path / f"full{fail_at}"
        with pytest.MonkeyPatch.context() as patch:
            every_write(patch, fail_at)
            with pytest.raises(ResourceError, match="the disk is full"):
                build_dataset(manifest, out, SETTINGS, workers=0)
        check_finished_videos(out)
        assert not list(out.rglob(".*.*")), "a temporary file was left"
    build_dataset(manifest, out, SETTINGS, workers=0)
    assert tree(out) == tree(whole.folder)


@pytest.mark.slow
def test_a_full_disk_in_a_worker_ends_the_run(start, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", out], capture_output=True)
    if mounted.returncode:
        pytest.skip("cannot mount a small file system here")
    try:
        process = start()
        assert process.wait(60) == 6
        assert "the disk is full" in process.stderr.read()
        check_finished_videos(out)
        assert not list(out.rglob(".*.*"))
    finally:
        subprocess.run(["umount", out], check=True)


class KilledError(BaseException):
    """Nothing of ours runs after it."""


@pytest.mark.parametrize("name", ["caption.json", "poses.npz", "quality.json", "status.json", "v3.complete"])
def test_what_a_killed_process_left_is_removed(manifest, tmp_path, whole, name):
    """Killed in the middle of writing a file: what is half there is not in the end."""

    def killed(path, *content):
        if path.name == name:
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / f".{path.stem}.half{path.suffix}").write_bytes(b"half")
            raise KilledError
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[0] if isinstance(content[0], bytes) else status_bytes(content[0]))

    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "write_bytes", killed)
        patch.setattr(job, "write_status", killed)
        with pytest.raises(KilledError):
            build_dataset(manifest, out, SETTINGS, workers=0)
    assert list(out.rglob(".*.half*"))
    build_dataset(manifest, out, SETTINGS, workers=0)
    assert tree(out) == tree(whole.folder)


def test_locks_of_processes(tmp_path):
    locks = lock.Locks.of(tmp_path)
    assert lock.Locks.of(tmp_path) is locks
    code = (
        "import sys; from pathlib import Path; from signgen.dataset.lock import Locks, byte_of\n"
        "locks = Locks.of(Path(sys.argv[1]))\n"
        "print([locks.take(byte_of(n)) for n in 'ab'], flush=True); input()"
    )
    with locks.tried(lock.byte_of("a")) as is_ours:
        assert is_ours
        other = subprocess.Popen(
            [sys.executable, "-c", code, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert other.stdout.readline() == "[False, True]\n"
        assert not locks.take(lock.byte_of("b"))
        other.kill()  # a lock dies with its process
        other.communicate()
        assert locks.take(lock.byte_of("b"))
    locks.drop(lock.byte_of("b"))


def test_temporaries_at_the_top_are_known(tmp_path):
    for name in (".README.x.md", ".SHA256SUMS.x", ".status.x.jsonl", ".dataset.x.json", ".lock", ".mine"):
        (tmp_path / name).touch()
    layout.clear_top(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", ".mine"]


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_so(manifest, tmp_path):
    script = tmp_path / "build.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(BUILD_CLI.parent)!r}); import blobs, signgen\n"
        "try:\n"
        f"    signgen.build_dataset({str(manifest)!r}, {str(tmp_path / 'out')!r}, {SETTINGS!r})\n"
        "except signgen.SignGenError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60)
    assert "if __name__ == '__main__':" in done.stdout
    assert not list((tmp_path / "out").glob("videos/*"))
