"""``signgen batch slurm``: the script of a SLURM array job for what is missing of a batch."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signgen.cli.voice import say

if TYPE_CHECKING:
    from signgen.batch.slurm import Job

TASK, WORK = "What a task asks SLURM for", "How a task works"


def _word(name: str, text: str, panel: str = TASK) -> Any:
    return typer.Option(name, help=text, show_default=False, rich_help_panel=panel)


def _count(name: str, least: int, text: str, panel: str = TASK) -> Any:
    return typer.Option(name, min=least, help=text, rich_help_panel=panel)


# Typer takes what is annotated from the module, so each option has its name here.
Account = Annotated[str, _word("--account", "Who pays.")]
Concurrent = Annotated[int, _count("--concurrent", 0, "Tasks at the same time at most; 0: any number.")]
Cpus = Annotated[int, _count("--cpus", 1, "Cores of a task.")]
Folder = Annotated[Path, typer.Argument(help="Folder of the batch.")]
Gpus = Annotated[str, _word("--gpus", "GPUs of a task, as 1 or a100:2; one process for each.")]
Logs = Annotated[
    Path | None, _word("--logs", "Folder of the logs. (default: .logs in the folder of the batch)", WORK)
]
MaxFailures = Annotated[
    str, _word("--max-failures", "End a task when more samples fail: a number, or a share of all.", WORK)
]
Memory = Annotated[str, _word("--memory", "Memory of a task, as 4G.")]
Notice = Annotated[
    int,
    _count("--notice", 1, "Stop this many seconds before the limit; more than a sample takes.", WORK),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="Write the script here, not to stdout.", show_default=False),
]
Partition = Annotated[str, _word("--partition", "Partition of the cluster.")]
Python = Annotated[str, _word("--python", "Interpreter of the tasks. (default: this one)", WORK)]
Requeues = Annotated[
    int, _count("--requeues", 0, "How often a task that ran out of time is queued again.", WORK)
]
Sbatch = Annotated[
    list[str] | None,
    _word("--sbatch", "Another option for SLURM, as --sbatch=--constraint=ib; repeatable."),
]
Setup = Annotated[
    list[str] | None,
    _word("--setup", "A line of shell before the work, as 'module load cuda'; repeatable.", WORK),
]
ShardsPerTask = Annotated[int, _count("--shards-per-task", 1, "Consecutive shards of a task.", WORK)]
TimeLimit = Annotated[
    float,
    _word("--time-limit", "Seconds that one sample may take; a longer one fails. (default: no limit)", WORK),
]
Time = Annotated[str, _word("--time", "Limit of a task, as 4:00:00 or 1-12.")]


def slurm(
    folder: Folder,
    *,
    output: Output = None,
    partition: Partition = "",
    account: Account = "",
    time: Time = "",
    cpus: Cpus = 1,
    memory: Memory = "",
    gpus: Gpus = "",
    concurrent: Concurrent = 0,
    sbatch: Sbatch = None,
    shards_per_task: ShardsPerTask = 1,
    setup: Setup = None,
    python: Python = "",
    max_failures: MaxFailures = "5%",
    time_limit: TimeLimit = math.inf,
    notice: Notice = 120,
    requeues: Requeues = 20,
    logs: Logs = None,
) -> int:
    """Print a script for sbatch that makes what is missing of a planned batch, an array of tasks side by side.

    `signgen batch slurm DIR --time 4:00:00 | sbatch` submits it. A task that nears its time limit stops after the
    sample under way and is queued again. Nothing is made or submitted by this command itself.
    """
    from signgen.batch.slurm import Job

    job = Job(
        partition=partition,
        account=account,
        time=time,
        cpus=cpus,
        memory=memory,
        gpus=gpus,
        concurrent=concurrent,
        shards_per_task=shards_per_task,
        options=tuple(sbatch or ()),
        setup=tuple(setup or ()),
        python=python,
        run_options=run_options(max_failures, time_limit),
        logs=logs,
        notice=notice,
        requeues=requeues,
    )
    return tell_script(folder, job, output)


def run_options(max_failures: str, time_limit: float) -> tuple[str, ...]:
    """What the tasks hand on to `signgen batch run`."""
    limit = ("--time-limit", f"{time_limit:g}") if time_limit < math.inf else ()
    return ("--max-failures", max_failures, *limit)


def tell_script(folder: Path, job: Job, output: Path | None = None) -> int:
    """Print the script of a job, or write it, and make the folder of its logs."""
    from signgen.batch.disk import reported
    from signgen.batch.plan import read_plan
    from signgen.batch.slurm import USUAL_LAST_INDEX, log_folder, script, tasks_of
    from signgen.data.atomic import write_bytes

    plan = read_plan(folder)
    text = script(folder, plan, job)
    last = tasks_of(folder, plan, job.shards_per_task)[-1]
    if last > USUAL_LAST_INDEX:
        say(
            f"the array goes up to {last}; many clusters end at {USUAL_LAST_INDEX} (`scontrol show config` "
            f"MaxArraySize): --shards-per-task {-(-len(plan.shards) // (USUAL_LAST_INDEX + 1))} stays below it"
        )
    logs = log_folder(folder, job)
    with reported(logs):
        logs.mkdir(parents=True, exist_ok=True)
    if output is None:
        typer.echo(os.fsencode(text), nl=False)
    else:
        write_bytes(output, os.fsencode(text))
        say(f"submit it with `sbatch {output}`")
        typer.echo(str(output))
    return 0
