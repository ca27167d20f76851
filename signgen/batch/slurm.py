"""A SLURM array job for the shards of a plan that are not committed, as the text of its script.

Every word of the user's, a folder's name above all, goes through the quoting of the reader it is meant for: the
shell's, or that of ``#SBATCH`` lines, which is another one. No comment holds such a word.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from signgen.batch.plan import Plan
from signgen.batch.ranges import format_ranges
from signgen.batch.shard import read_commit
from signgen.data.sidecar import package_version
from signgen.errors import ConfigError, DataError

LOGS = ".logs"
NAME = "signgen-batch"
NOTICE = 120
REQUEUES = 20
# What SLURM allows where nobody has configured it (MaxArraySize 1001).
USUAL_LAST_INDEX = 1000


@dataclass(frozen=True)
class Job:
    """What a task of the array asks SLURM for, and how it works.

    Attributes:
        partition: of the cluster; empty for its default, as for all texts here.
        time: limit of a task, as SLURM writes it: minutes, ``HH:MM:SS``, ``D-HH`` and so on.
        cpus: cores of a task; without GPUs it makes as many shards side by side, as far as it has them.
        memory: of a task, such as ``4G``.
        gpus: of a task: a number, or a type and a number such as ``a100:2``; each has a process of its own.
        account: who pays.
        concurrent: how many tasks run at the same time at most; 0 for any number.
        shards_per_task: consecutive shards that a task makes.
        options: further ``#SBATCH`` options, such as ``--constraint=ib``.
        setup: lines of shell before the work, such as ``module load cuda``.
        python: interpreter of the tasks; empty for this one.
        run_options: further words for ``signgen batch run``.
        logs: folder of the logs; None for `LOGS` in the folder of the batch.
        notice: how long before its limit a task is told to stop [s].
        requeues: how often a task that ran out of time is put back into the queue.
    """

    partition: str = ""
    time: str = ""
    cpus: int = 1
    memory: str = ""
    gpus: str = ""
    account: str = ""
    concurrent: int = 0
    shards_per_task: int = 1
    options: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    python: str = ""
    run_options: tuple[str, ...] = ()
    logs: Path | None = None
    notice: int = NOTICE
    requeues: int = REQUEUES

    @property
    def gpu_count(self) -> int:
        """GPUs of a task.

        Raises:
            ConfigError: not ``[TYPE:]NUMBER``.
        """
        number = self.gpus.rpartition(":")[2] if self.gpus else "0"
        if not (number.isascii() and number.isdigit()):
            raise ConfigError(
                f"--gpus: expected a number, or a type and a number as a100:2, got {self.gpus!r}"
            )
        return int(number)


def tasks_of(folder: Path, plan: Plan, shards_per_task: int) -> list[int]:
    """Indices of the array: of each block of shards in which one is not committed.

    An index means the same shards whatever else is committed, so a script may be printed and sent again at any time.

    Raises:
        DataError: all of them are committed.
    """
    missing = [
        number for number, shard in enumerate(plan.shards) if read_commit(folder, plan, shard.name) is None
    ]
    if not missing:
        raise DataError(f"{folder}: every shard is committed, there is nothing to submit")
    return sorted({number // shards_per_task for number in missing})


def script(folder: Path, plan: Plan, job: Job) -> str:
    """The script, for ``sbatch``.

    Raises:
        ConfigError: an option that SLURM would not understand.
        DataError: every shard is committed.
    """
    tasks = tasks_of(folder, plan, job.shards_per_task)
    lines = "\n".join(f"#SBATCH {_sbatch_word(word)}" for word in _options(folder, tasks, job))
    return _SCRIPT.format(
        version=package_version("signgen"),
        options=lines,
        folder=shlex.quote(str(folder.absolute())),
        python=shlex.quote(job.python or sys.executable),
        setup="\n".join(job.setup) or ":",
        shards=_shards(len(plan.shards), job.shards_per_task),
        words=_words(job),
        requeues=job.requeues,
    )


def log_folder(folder: Path, job: Job) -> Path:
    """Where the logs go; SLURM does not make it."""
    return (job.logs or folder / LOGS).absolute()


def _options(folder: Path, tasks: list[int], job: Job) -> list[str]:
    at_once = f"%{job.concurrent}" if job.concurrent else ""
    gres = f"gpu:{job.gpus}" if job.gpu_count else ""
    named = {
        "partition": job.partition,
        "account": job.account,
        "time": job.time,
        "cpus-per-task": str(job.cpus),
        "mem": job.memory,
        "gres": gres,
        "output": _log_pattern(log_folder(folder, job)),
    }
    for option in job.options:
        if not option.startswith("-"):
            raise ConfigError(f"--sbatch: expected an option such as --constraint=ib, got {option!r}")
    return [
        f"--job-name={NAME}",
        f"--array={format_ranges(tasks)}{at_once}",
        "--nodes=1",
        "--ntasks=1",
        "--requeue",
        "--open-mode=append",
        f"--signal=B:USR1@{job.notice}",
        *(f"--{name}={value}" for name, value in named.items() if value),
        *job.options,
    ]


def _log_pattern(folder: Path) -> str:
    """SLURM's pattern for a log; empty, for SLURM's default, if the folder's name cannot be told to it."""
    name = str(folder)
    cannot = "\\" in name or not name.isprintable()
    return "" if cannot else name.replace("%", "%%") + "/%A_%a.log"


def _sbatch_word(word: str) -> str:
    r"""A word as ``#SBATCH`` lines quote it: in double quotes, ``"`` and ``\`` behind a backslash.

    Raises:
        ConfigError: it would not stay on its line.
    """
    if not word.isprintable():
        raise ConfigError(f"{word!r}: an option of SLURM cannot hold line breaks or control characters")
    if all(letter.isalnum() or letter in "-=_.,:/@%+" for letter in word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _shards(count: int, each: int) -> str:
    """The lines of shell that say which shards a task makes."""
    if each == 1:
        return "shards=$SLURM_ARRAY_TASK_ID"
    first, last = f"first=$((SLURM_ARRAY_TASK_ID * {each}))", f"first + {each - 1}"
    return f"{first}\nlast=$(({last} < {count} ? {last} : {count - 1}))\nshards=$first-$last"


def _words(job: Job) -> str:
    """The rest of the command; of GPUs those that SLURM gave the task, by whatever names."""
    devices = '--gpus "${CUDA_VISIBLE_DEVICES:?SLURM gave this task no GPU}"'
    hands = devices if job.gpu_count else f"--workers {max(1, min(job.shards_per_task, job.cpus))}"
    return " ".join([hands, *map(shlex.quote, job.run_options)])


# SLURM tells the time limit to the shell of the script alone, so the shell waits for the work and passes it on.
_SCRIPT = """\
#!/bin/bash
# Printed by signgen {version}: makes the shards of a batch that were not committed then, one block in each task.
# To send it twice, or while others work there, does no harm: a shard that is made or held is passed over.
{options}

worker=
is_told=
is_woken=
stop() {{
    is_told=1
    is_woken=1
    if [ -n "$worker" ]; then kill -USR1 "$worker" 2>/dev/null; fi
}}
trap stop USR1

{setup}

folder={folder}
python={python}
{shards}
code=75
if [ -z "$is_told" ]; then
    "$python" -P -m signgen batch run "$folder" --shards "$shards" {words} &
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
    if [ "${{SLURM_RESTART_COUNT:-0}}" -lt {requeues} ]; then
        scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
    else
        echo "signgen: requeued {requeues} times; send the script again to go on" >&2
    fi
fi
exit "$code"
# When all tasks have ended: `signgen batch status` of the folder; what is missing is made by sending this again.
# Whoever commits the last shard writes index and card; `signgen batch card` writes them of what is there.
"""
