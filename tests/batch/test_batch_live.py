"""What a run and a folder say of themselves: numbers, rates, reasons, and no line twice."""

from __future__ import annotations

import io
import json
import os
import signal
from functools import partial
from hashlib import sha256

import pytest
from rich.console import Console
from typer.testing import CliRunner

from signgen.batch import live
from signgen.batch.live import Lookout, Snapshot
from signgen.batch.local import Local
from signgen.batch.outcome import Failed, Ok, reason_of
from signgen.batch.plan import expand, write_plan
from signgen.batch.retry import forget_failures
from signgen.batch.run import run_batch
from signgen.batch.spool import Spool
from signgen.batch.status import read_status
from signgen.batch.texts import Text
from signgen.batch.watch import Tally, Watch
from signgen.cli.app import app
from signgen.cli.batch_live import Lines, view
from signgen.errors import ResourceError

HALF = Snapshot(
    2000, 1198, 16, 4, 2, 2, 30.0, 3180.0, 4.13, 15.2, {"draw: TimeLimit: late": 6, "sign: X: y": 10}
)
DONE = Snapshot(2000, 1984, 16, 4, 4, 2, 60.0, 3180.0, 4.13, 0.0, {})


def planned(folder, texts, size=2):
    return write_plan(
        expand([Text(text) for text in texts], {}, {}, "poses"), folder, {}, {}, shard_size=size
    )


def plain_sample(sample, spool):
    """A stand-in for the slow part; a text with ``bad`` fails as long as nobody mends it."""
    made.append(sample.text)
    if "bad" in sample.text and not mended:
        return Failed(sample.id, "sign", "LexiconError", f"text '{sample.text}': has no sign")
    body = (sample.id * 50).encode()
    row = {"member": "poses.npz", "bytes": len(body), "sha256": sha256(body).hexdigest()}
    spool.put(
        sample.id, {"poses.npz": body}, {"files": [row], "frames": 3, "seconds": 9.0, "has_video": False}
    )
    return Ok(sample.id, 9.0)


made: list[str] = []
mended: list[bool] = []


@pytest.fixture(autouse=True)
def _nothing_made():
    made.clear()
    mended.clear()


def maker(plan):
    return plain_sample


def test_lines_say_nothing_twice(capsys):
    lines = Lines(seconds=1000.0)
    for snapshot in (HALF, HALF, DONE, DONE, DONE):
        lines(snapshot)
    told = capsys.readouterr().err.splitlines()
    assert [line.split(";")[0] for line in told] == [
        "signgen: 1,214 of 2,000 samples (60%), 16 failed, 2 of 4 shards",
        "signgen: 2,000 of 2,000 samples (100%), 16 failed, 4 of 4 shards",
    ]


def test_lines_for_programs(capsys):
    Lines(as_json=True)(HALF)
    row = json.loads(capsys.readouterr().err)
    assert row["stage"] == "samples"
    assert (row["planned"], row["made"], row["failed"], row["left"]) == (2000, 1198, 16, 15.2)
    assert row["reasons"] == dict(HALF.reasons)


def test_the_view_of_a_terminal():
    console = Console(record=True, width=60, file=io.StringIO())
    console.print(view(HALF))
    text = console.export_text()
    for words in (
        "1,214 of 2,000 samples",
        "60 %",
        "failed 16",
        "2 of 4",
        "3,180 a minute",
        "15 s left",
        "6 failed",
    ):
        assert words in text
    assert max(map(len, text.splitlines())) <= 60


def test_rates_are_of_the_last_minute_and_of_what_is_new(tmp_path, monkeypatch):
    """100 samples were there before; then one of 6 s comes each second, and a worker is lost on the way."""
    clock = [1000.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: clock[0])
    plan = planned(tmp_path, [f"book {n}" for n in range(400)], size=400)
    watch = Watch(1, 400)
    lookout = Lookout(tmp_path, plan, 400, 1, watch)
    watch.tell(0, Tally(100, 0, 100, 0.0))
    assert (lookout.look().rate, lookout.look().left) == (0.0, None)
    for second in range(1, 121):
        clock[0] += 1
        watch.tell(0, Tally(100 + second, 0, 100, 6.0 * second))
        seen = lookout.look()
        assert (seen.rate, seen.signing) == (pytest.approx(60), pytest.approx(6))
        assert seen.left == pytest.approx(300 - second)
    watch.tell(0, Tally())  # its worker died; another counts anew
    lookout.look()
    watch.tell(0, Tally(220, 0, 220, 0.0))
    assert lookout.look().rate == pytest.approx(60)


def test_reasons_are_counted_without_what_is_a_samples_own(tmp_path):
    plan = planned(tmp_path, [f"book {n}" for n in range(6)], size=3)
    watch = Watch(2, 6)
    lookout = Lookout(tmp_path, plan, 6, 2, watch)
    for number, line in enumerate(("text 'a': no", "text 'b': no", 'text "c": no')):
        Spool(tmp_path, plan.shards[1].name).note(Failed(f"{number}", "sign", "LexiconError", line))
        watch.tell(1, Tally(failed=number + 1))
    assert lookout.look().reasons == {"sign: LexiconError: text '…': no": 3}
    assert reason_of(Failed("a", "draw", "E", "5 of 6")) == "draw: E: 5 of 6"


def test_retry_makes_failed_samples_alone_again(tmp_path):
    planned(tmp_path, ["one", "two", "three", "four", "bad", "five"], size=3)
    assert run_batch(tmp_path, launcher=Local(0, maker), max_failures="50%").failed == 1
    never = tmp_path / "never"
    planned(never, ["one", "two", "three", "four", "bad", "five"], size=3)
    mended.append(True)
    assert run_batch(never, launcher=Local(0, maker)).is_whole
    made.clear()
    assert forget_failures(tmp_path) == 1
    status = read_status(tmp_path)
    assert (status.made, status.failed, status.committed) == (5, 0, 1)
    assert run_batch(tmp_path, launcher=Local(0, maker)).is_whole
    assert made == ["bad"]
    assert tree(tmp_path) == tree(never)
    assert forget_failures(tmp_path) == 0


def tree(folder):
    return {
        path.name: path.read_bytes() for name in ("data", "commits") for path in (folder / name).iterdir()
    }


def test_shards_that_are_asked_for_alone(tmp_path):
    plan = planned(tmp_path, [f"book {n}" for n in range(6)], size=2)
    ran = run_batch(tmp_path, launcher=Local(0, maker), shards=[1])
    assert (ran.planned, ran.made, ran.is_complete, ran.is_whole) == (2, 2, True, False)
    assert [path.stem for path in (tmp_path / "data").iterdir()] == [plan.shards[1].name]
    assert run_batch(tmp_path, launcher=Local(0, maker), shards=[0, 2]).is_whole


def test_what_a_killed_process_left_of_a_committed_shard_goes(tmp_path):
    plan = planned(tmp_path, ["one", "two"])
    run_batch(tmp_path, launcher=Local(0, maker))
    Spool(tmp_path, plan.shards[0].name)
    ran = run_batch(tmp_path, launcher=Local(0, maker))
    assert (ran.made, ran.is_whole, len(made)) == (2, True, 2)
    assert not list((tmp_path / ".spool").iterdir())


def test_status_as_people_and_programs_read_it(tmp_path):
    texts = [Text("one", meta={"split": "dev"}), Text("two"), Text("bad"), Text("bad too")]
    write_plan(expand(texts, {}, {}, "poses"), tmp_path, {}, {}, shard_size=2)
    run_batch(tmp_path, launcher=Local(0, maker), max_failures="100%")
    told = CliRunner().invoke(app, ["batch", "status", str(tmp_path)]).stdout.splitlines()
    assert [line.split()[:6] for line in told[:4]] == [
        ["split", "samples", "made", "failed", "missing", "shards"],
        ["dev", "1", "1", "0", "0", "1"],
        ["train", "3", "1", "2", "0", "2"],
        ["all", "4", "2", "2", "0", "3"],
    ]
    assert "2 failed: sign: LexiconError: text '…': has no sign" in told
    row = json.loads(CliRunner().invoke(app, ["batch", "status", str(tmp_path), "--json"]).stdout)
    assert (row["samples"], row["made"], row["failed"], row["splits"]["dev"]["made"]) == (4, 2, 2, 1)
    assert "text 'bad" in next(iter(row["examples"].values()))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--gpus", "0,0"], "--gpus"),
        (["--workers", "2", "--gpus", "0"], "one worker for each"),
        (["--workers", "0", "--time-limit", "5"], "--workers 1"),
        (["--shards", "0-9"], "--shards: there is no shard 9"),
        (["--ray-address", "auto"], "--launcher ray"),
        (["--launcher", "slurm", "--shards", "0"], "--launcher slurm"),
        (["--max-failures", "x"], "--max-failures"),
    ],
)
def test_options_that_cannot_be(tmp_path, words, told):
    planned(tmp_path, ["one", "two"])
    result = CliRunner().invoke(app, ["batch", "run", str(tmp_path), *words])
    assert told in str(result.exception)


def test_a_retry_waits_for_no_run(tmp_path, monkeypatch):
    planned(tmp_path, ["one"])
    monkeypatch.setattr("signgen.batch.at_work.Locks.take", lambda self, byte, shared=False: False)
    with pytest.raises(ResourceError, match="a run is at work here"):
        forget_failures(tmp_path)
    with pytest.raises(ResourceError, match="being forgotten"):
        run_batch(tmp_path, launcher=Local(0, maker))


def signalling(number, times, plan):
    """Makes samples; from the third on its process gets a signal at each, so many times."""

    def make(sample, spool):
        if len(made) >= 2:
            for _ in range(times):
                os.kill(os.getpid(), number)
        return plain_sample(sample, spool)

    return make


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_ends_the_run_after_the_sample_under_way(tmp_path, number):
    before = signal.getsignal(number)
    planned(tmp_path, [f"book {n}" for n in range(6)], size=4)
    ran = run_batch(tmp_path, launcher=Local(0, partial(signalling, number, 1)))
    assert (ran.is_stopped, ran.is_complete, ran.made, read_status(tmp_path).made) == (True, False, 3, 3)
    assert signal.getsignal(number) == before


def test_a_second_interrupt_does_not_wait(tmp_path):
    planned(tmp_path, [f"book {n}" for n in range(6)], size=4)
    with pytest.raises(KeyboardInterrupt):
        run_batch(tmp_path, launcher=Local(0, partial(signalling, signal.SIGINT, 2)))
    assert read_status(tmp_path).made == 2
