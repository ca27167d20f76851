"""The script of a SLURM array: its words, its shell, and what its tasks do, with SLURM played by this file."""

from __future__ import annotations

import os
import re
import shlex
import signal
import stat
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from signgen.batch.local import Local
from signgen.batch.outcome import Failed
from signgen.batch.plan import expand, read_plan, write_plan
from signgen.batch.ranges import format_ranges, parse_ranges
from signgen.batch.run import run_batch
from signgen.batch.shard import run_shard
from signgen.batch.slurm import Job, script, tasks_of
from signgen.batch.status import read_status
from signgen.batch.texts import Text
from signgen.cli.app import app
from signgen.errors import ConfigError, DataError

SETTINGS = {"source": {"fps": 12.0, "lexicon": "ase", "oov": "fail"}}
WORDS = ("hello", "book", "mother", "father", "school")
HOSTILE = 'it\'s a "$(touch x)" `touch x` {b} %A; #\n--x \\ é'

GOLDEN = """\
#SBATCH --job-name=signgen-batch
#SBATCH --array=0-2%8
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@300
#SBATCH --partition=long
#SBATCH --account=lab
#SBATCH --time=1-12
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --gres=gpu:a100:2
#SBATCH --output=/data/signs/.logs/%A_%a.log
#SBATCH --constraint=ib

worker=
is_told=
is_woken=
stop() {
    is_told=1
    is_woken=1
    if [ -n "$worker" ]; then kill -USR1 "$worker" 2>/dev/null; fi
}
trap stop USR1

module load cuda
. env/bin/activate

folder=/data/signs
python=/opt/python
first=$((SLURM_ARRAY_TASK_ID * 2))
last=$((first + 1 < 5 ? first + 1 : 4))
shards=$first-$last
code=75
if [ -z "$is_told" ]; then
    "$python" -P -m signgen batch run "$folder" --shards "$shards" \
--gpus "${CUDA_VISIBLE_DEVICES:?SLURM gave this task no GPU}" --max-failures 1% &
    child=$!
    sleep 1 # what is sent to a child before it is another program is lost
    worker=$child
    if [ -n "$is_told" ]; then stop; fi
    while
        is_woken=
        wait "$worker" && code=0 || code=$?
        [ -n "$is_woken" ]
    do :; done
fi

# 75: stopped as asked, with what is finished on disk. 128 and the signal: asked before it could listen.
if [ "$code" -eq 75 ] || [ "$code" -eq "$((128 + $(kill -l USR1)))" ]; then
    if [ "${SLURM_RESTART_COUNT:-0}" -lt 20 ]; then
        scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
    else
        echo "signgen: requeued 20 times; send the script again to go on" >&2
    fi
fi
exit "$code"
"""


def planned(folder, words=WORDS, size=1):
    return write_plan(expand([Text(word) for word in words], SETTINGS, {}, "poses"), folder, SETTINGS, {},
                      shard_size=size)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A plan of five shards, the third of them committed."""
    folder = tmp_path_factory.mktemp("slurm") / "batch"
    plan = planned(folder)
    run_shard(plan, 3, folder, lambda sample, spool: failed(sample))
    return folder


def failed(sample):
    return Failed(sample.id, "sign", "LexiconError", "not this time")


@pytest.mark.parametrize(
    ("numbers", "text"),
    [((0,), "0"), ((0, 1, 2, 3, 7), "0-3,7"), ((5, 4, 9, 4), "4-5,9"), ((0, 2, 4), "0,2,4")],
)
def test_ranges(numbers, text):
    assert format_ranges(numbers) == text
    assert parse_ranges(text, 10) == tuple(sorted(set(numbers)))


@pytest.mark.parametrize(
    "text", ["", "x", "1-", "-1", "3-2", "10", "0-10", "1,,2", "1 2", "1.0", "٣", "9" * 40]
)
def test_bad_ranges(text):
    with pytest.raises(ConfigError, match="--shards"):
        parse_ranges(text, 10)


@pytest.mark.parametrize(
    ("each", "tasks"), [(1, [0, 1, 2, 4]), (2, [0, 1, 2]), (3, [0, 1]), (5, [0]), (100, [0])]
)
def test_tasks_are_blocks_with_something_missing(folder, each, tasks):
    assert tasks_of(folder, read_plan(folder), each) == tasks


def test_nothing_to_submit(tmp_path):
    plan = planned(tmp_path, ("hello",))
    run_shard(plan, 0, tmp_path, lambda sample, spool: failed(sample))
    with pytest.raises(DataError, match="every shard is committed"):
        script(tmp_path, plan, Job())


def test_the_whole_script(folder, monkeypatch):
    job = Job(
        partition="long", time="1-12", cpus=4, memory="8G", gpus="a100:2", account="lab", concurrent=8,
        shards_per_task=2, options=("--constraint=ib",), setup=("module load cuda", ". env/bin/activate"),
        python="/opt/python", run_options=("--max-failures", "1%"), notice=300,
    )  # fmt: skip
    text = script(folder, read_plan(folder), job).replace(str(folder), "/data/signs")
    head, body = text.split("#SBATCH", 1)
    assert head.startswith("#!/bin/bash\n# Printed by signgen ")
    assert ("#SBATCH" + body).startswith(GOLDEN)
    assert all(line.startswith("#") for line in ("#SBATCH" + body)[len(GOLDEN) :].splitlines())


@pytest.mark.parametrize(
    ("job", "words"),
    [
        (Job(), "--workers 1 &"), (Job(cpus=8), "--workers 1 &"), (Job(cpus=2, shards_per_task=8), "--workers 2 &"),
        (Job(gpus="0"), "--workers 1 &"), (Job(gpus="h100:3", cpus=12, shards_per_task=4), 'no GPU}" &'),
    ],
)  # fmt: skip
def test_workers_of_a_task(folder, job, words):
    (line,) = (each for each in script(folder, read_plan(folder), job).splitlines() if "batch run" in each)
    assert line.endswith(words)
    assert ("--workers" in line) != ("--gpus" in line)


@pytest.mark.parametrize(
    ("job", "what"),
    [
        (Job(partition="a\n#SBATCH --wrap=x"), "line breaks"),
        (Job(options=("constraint=ib",)), "--sbatch"),
        (Job(options=("--comment=\x07",)), "line breaks"),
        (Job(gpus="a100"), "--gpus"),
        (Job(gpus="-1"), "--gpus"),
    ],
)
def test_bad_options(folder, job, what):
    with pytest.raises(ConfigError, match=what):
        script(folder, read_plan(folder), job)


def sbatch_words(text):
    """The options of a script, read as the manual of sbatch says: quotes, backslashes, # ends the line."""
    words = []
    for line in text.splitlines():
        if line.startswith("#SBATCH"):
            lexer = shlex.shlex(line.removeprefix("#SBATCH"), posix=True, punctuation_chars=False)
            lexer.whitespace_split, lexer.commenters, lexer.escapedquotes = True, "#", "\"'"
            words += list(lexer)
        elif line and not line.startswith("#"):
            break
    return words


@pytest.mark.parametrize(
    "value", ["plain", "two words", 'a "b" c', "it's", "a#b", "back\\slash", "$HOME `x`", "%A"]
)
def test_options_come_through(folder, value):
    job = Job(account=value, options=(f"--comment={value}",), logs=folder / "l")
    words = sbatch_words(script(folder, read_plan(folder), job))
    assert f"--account={value}" in words
    assert f"--comment={value}" in words


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("a b", "a b/%A_%a.log"), ("100%", "100%%/%A_%a.log"), ("back\\slash", None), ("two\nlines", None)],
)
def test_logs(folder, name, pattern):
    """SLURM reads % and backslashes in the name of a log; a name it cannot be told is left to it."""
    words = sbatch_words(script(folder, read_plan(folder), Job(logs=folder / name)))
    found = [word.removeprefix("--output=") for word in words if word.startswith("--output")]
    assert found == ([f"{folder}/{pattern}"] if pattern else [])


@pytest.fixture
def slurm(tmp_path):
    """Runs a task of a script as SLURM would, beside a ``scontrol`` that writes down what it is asked."""
    tools = tmp_path / "tools"
    tools.mkdir()
    tool(
        tools / "sleep", '[ "$1" = 1 ] && set 0.3; exec /bin/sleep "$1"'
    )  # the script's own, not that slowly
    tool(tools / "scontrol", f'echo "$@" >> {shlex.quote(str(tmp_path / "scontrol"))}')

    def start(text, task, **more):
        (tmp_path / "job.sh").write_bytes(os.fsencode(text))
        subprocess.run(["bash", "-n", tmp_path / "job.sh"], check=True)
        environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "SLURM_ARRAY_JOB_ID": "77",
                       "SLURM_ARRAY_TASK_ID": str(task), **more}  # fmt: skip
        return subprocess.Popen(["bash", tmp_path / "job.sh"], env=environment, cwd=tmp_path,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # fmt: skip

    return start


def tool(path, body):
    path.write_text(f"#!/bin/bash\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def requeued(tmp_path):
    path = tmp_path / "scontrol"
    return path.read_text().split("\n")[:-1] if path.exists() else []


# A stand-in for signgen: ready when it has said so, and stopping a while after it is told.
WORKER = """
trap 'sleep 0.3; echo stopped; exit {code}' USR1
echo "ready $$ $@"
for i in $(seq 600); do sleep 0.05; done
"""


def test_a_task_that_is_told_to_stop_is_requeued(folder, slurm, tmp_path):
    """Not before its worker has ended, and whatever number of times it is told."""
    python = tool(tmp_path / "python", WORKER.format(code=75))
    task = slurm(script(folder, read_plan(folder), Job(python=python, shards_per_task=3)), 1)
    assert task.stdout.readline().split()[2:] == [
        "-P", "-m", "signgen", "batch", "run", str(folder), "--shards", "3-4", "--workers", "1",
    ]  # fmt: skip
    for _ in range(3):
        task.send_signal(signal.SIGUSR1)
        time.sleep(0.1)
        assert not requeued(tmp_path)
    output, _ = task.communicate(timeout=10)
    assert (output, task.returncode, requeued(tmp_path)) == ("stopped\n", 75, ["requeue 77_1"])


@pytest.mark.parametrize(
    ("body", "code", "is_requeued"),
    [("exit 0", 0, False), ("exit 3", 3, False), ("exit 6", 6, False), ("exit 75", 75, True),
     ("kill -USR1 $$", 128 + signal.SIGUSR1, True), ("kill -TERM $$", 128 + signal.SIGTERM, False)],
)  # fmt: skip
def test_which_endings_are_requeued(folder, slurm, tmp_path, body, code, is_requeued):
    python = tool(tmp_path / "python", body)
    task = slurm(script(folder, read_plan(folder), Job(python=python)), 4)
    task.communicate(timeout=10)
    assert (task.returncode, requeued(tmp_path)) == (code, ["requeue 77_4"] * is_requeued)


@pytest.mark.parametrize("seconds", [0.0, 0.3, 0.6])
def test_told_while_it_begins(folder, slurm, tmp_path, seconds):
    """SLURM's signal comes while modules are loaded, or when the worker has just been started."""
    python = tool(tmp_path / "python", WORKER.format(code=75))
    job = Job(python=python, setup=("echo loading; sleep 0.3", "export LOADED=1"))
    task = slurm(script(folder, read_plan(folder), job), 0)
    assert task.stdout.readline() == "loading\n"
    time.sleep(seconds)
    task.send_signal(signal.SIGUSR1)
    task.communicate(timeout=10)
    assert task.returncode == 75
    assert requeued(tmp_path) == ["requeue 77_0"]


def test_requeues_have_an_end(folder, slurm, tmp_path):
    python = tool(tmp_path / "python", "exit 75")
    text = script(folder, read_plan(folder), Job(python=python, requeues=2))
    for count, expected in (("1", 1), ("2", 1)):
        output, _ = slurm(text, 0, SLURM_RESTART_COUNT=count).communicate(timeout=10)
        assert len(requeued(tmp_path)) == expected
    assert "send the script again" in output


def test_a_cancelled_task_is_not_requeued(folder, slurm, tmp_path):
    """scancel sends SIGTERM to all processes of a task; the worker ends with 75, and that must not bring it back."""
    python = tool(tmp_path / "python", "trap 'exit 75' TERM\n" + WORKER.format(code=75))
    task = slurm(script(folder, read_plan(folder), Job(python=python)), 0)
    worker = int(task.stdout.readline().split()[1])
    task.send_signal(signal.SIGTERM)
    os.kill(worker, signal.SIGTERM)
    task.communicate(timeout=10)
    assert task.returncode == -signal.SIGTERM
    assert not requeued(tmp_path)


def test_hostile_names_stay_names(slurm, tmp_path):
    folder = tmp_path / HOSTILE / "batch"
    plan = planned(folder, ("hello",))
    python = tool(tmp_path / HOSTILE / "python", r'printf "%s\0" "$@"')
    output, _ = slurm(script(folder, plan, Job(python=python)), 0).communicate(timeout=10)
    assert output.split("\0")[:6] == ["-P", "-m", "signgen", "batch", "run", str(folder)]
    assert not list(tmp_path.rglob("x"))


def test_the_command(folder, tmp_path):
    runner, target = CliRunner(), tmp_path / "job.sh"
    printed = runner.invoke(app, ["batch", "slurm", str(folder), "--shards-per-task", "2", "--time", "30"])
    assert printed.exit_code == 0
    assert "#SBATCH --time=30\n" in printed.stdout
    assert re.search(r"^#SBATCH --array=0-2$", printed.stdout, re.MULTILINE)
    assert f"python={sys.executable}\n" in printed.stdout
    assert (folder / ".logs").is_dir()
    written = runner.invoke(
        app, ["batch", "slurm", str(folder), "--shards-per-task", "2", "--time", "30", "-o", str(target)]
    )
    assert written.stdout == f"{target}\n"
    assert target.read_text() == printed.stdout


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for part in ("data", "commits")
        for path in sorted((folder / part).glob("[!.]*"))
    }


def test_tasks_make_what_a_local_run_makes(slurm, tmp_path):
    """One of two tasks is told to stop on its way, requeued, and goes on; the last to commit writes the index."""
    sentences = [f"book {word} {n}" for n in range(24) for word in WORDS]
    for name in ("good", HOSTILE):
        planned(tmp_path / name, sentences, size=60)
    assert run_batch(tmp_path / "good", launcher=Local(0)).is_complete
    folder = tmp_path / HOSTILE
    text = script(folder, read_plan(folder), Job(logs=tmp_path))
    first = slurm(text, 0)
    deadline = time.monotonic() + 60
    while not read_status(folder).made and time.monotonic() < deadline:
        time.sleep(0.02)
    first.send_signal(signal.SIGUSR1)
    output, _ = first.communicate(timeout=60)
    assert (first.returncode, requeued(tmp_path)) == (75, ["requeue 77_0"]), output
    assert 0 < read_status(folder).made < 60
    for task in (1, 0):
        again = slurm(text, task)
        output, _ = again.communicate(timeout=120)
        assert again.returncode == 0, output
        assert (folder / "SHA256SUMS").exists() == (task == 0)
    assert tree(folder) == tree(tmp_path / "good")
    assert requeued(tmp_path) == ["requeue 77_0"]
