"""``signgen batch run``: make what is missing, here or on a cluster."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signgen.cli import options as o
from signgen.cli.batch_live import showing
from signgen.cli.codes import INCOMPLETE, STOPPED
from signgen.cli.voice import ProgressMode, say, telling
from signgen.errors import ConfigError

if TYPE_CHECKING:
    from signgen.batch.launcher import Launcher
    from signgen.batch.run import Ran


class LauncherName(StrEnum):
    """Who makes the shards."""

    local = "local"
    ray = "ray"
    slurm = "slurm"


Folder = Annotated[Path, typer.Argument(help="Folder of the batch.")]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=0,
        max=4096,
        help="Processes; 0: work in this one. (default: 1, or one for each of --gpus)",
        show_default=False,
    ),
]
Gpus = Annotated[
    str,
    typer.Option(
        "--gpus",
        help="GPUs, as 0,1 or their uuids; one worker for each, which sees that GPU alone.",
        show_default=False,
    ),
]
Shards = Annotated[
    str,
    typer.Option("--shards", help="Make these shards alone, as 0-63,70. (default: all)", show_default=False),
]
MaxFailures = Annotated[
    str, typer.Option("--max-failures", help="End when more samples fail: a number, or a share of all.")
]
TimeLimit = Annotated[
    float,
    typer.Option(
        "--time-limit",
        help="Seconds that one sample may take; one that takes longer counts as failed. (default: no limit)",
        show_default=False,
    ),
]
LauncherOf = Annotated[
    LauncherName,
    typer.Option(
        "--launcher",
        help="Who makes the shards: processes of this machine, Ray (an extra), or SLURM, whose script is printed.",
    ),
]
RayAddress = Annotated[
    str,
    typer.Option(
        "--ray-address",
        help="A running Ray cluster. (default: RAY_ADDRESS, or Ray on this machine)",
        show_default=False,
    ),
]


def run(
    folder: Folder,
    *,
    workers: Workers = None,
    gpus: Gpus = "",
    shards: Shards = "",
    max_failures: MaxFailures = "5%",
    time_limit: TimeLimit = math.inf,
    launcher: LauncherOf = LauncherName.local,
    ray_address: RayAddress = "",
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Make what is missing of a planned batch, with index, card and sums when all of it is there.

    Run the same command again after any stop. SIGTERM, SIGINT and SIGUSR1 end it after the samples under way, with
    code 75; several runs, on one machine or many, may share a folder. Code 3: done, but samples failed, or shards
    are still being made by others.
    """
    from signgen.batch.local import parse_gpus
    from signgen.batch.plan import read_plan
    from signgen.batch.ranges import parse_ranges
    from signgen.batch.run import run_batch

    chosen = parse_ranges(shards, len(read_plan(folder).shards)) if shards else None
    named = parse_gpus(gpus) if gpus else ()
    if ray_address and launcher is not LauncherName.ray:
        raise ConfigError("--ray-address: is for --launcher ray")
    if launcher is LauncherName.slurm:
        return _print_script(folder, workers, len(named), shards, max_failures, time_limit)
    with (
        telling(ProgressMode.off, quiet, verbose),
        _launcher(launcher, workers, named, time_limit, ray_address) as where,
        showing(progress, quiet) as show,
    ):
        ran = run_batch(folder, launcher=where, shards=chosen, max_failures=max_failures, show=show)
    if ran.is_whole and not ran.is_over and ran.made:
        from signgen.batch.output.finish import finish_folder

        finish_folder(folder)
    _tell(ran, max_failures, quiet)
    if ran.is_complete:
        typer.echo(str(folder))
    if ran.is_stopped and not ran.is_complete:
        return STOPPED
    return 0 if ran.is_complete and not ran.failed else INCOMPLETE


def _launcher(
    name: LauncherName, workers: int | None, gpus: tuple[str, ...], time_limit: float, address: str
) -> AbstractContextManager[Launcher]:
    if name is LauncherName.ray:
        from signgen.batch.ray_launcher import RayLauncher

        return RayLauncher(workers, gpus, address, time_limit=time_limit)
    from signgen.batch.local import Local

    return nullcontext(Local(workers, gpus=gpus, time_limit=time_limit))


def _print_script(
    folder: Path, workers: int | None, gpus: int, shards: str, max_failures: str, time_limit: float
) -> int:
    """What ``signgen batch slurm`` prints for the same work."""
    from signgen.batch.slurm import Job
    from signgen.cli.batch_slurm import tell_script

    if shards or workers == 0:
        raise ConfigError(
            "--launcher slurm: each task takes shards of its own; leave --shards and --workers 0 out"
        )
    options = ["--max-failures", max_failures]
    if time_limit < math.inf:
        options += ["--time-limit", f"{time_limit:g}"]
    job = Job(cpus=workers or gpus or 1, gpus=str(gpus) if gpus else "", run_options=tuple(options))
    return tell_script(folder, job)


def _tell(ran: Ran, max_failures: str, is_quiet: bool) -> None:
    """What a run did, line by line; what went wrong alone if it is to be quiet."""
    if not is_quiet:
        say(f"{ran.planned:,} samples: {ran.made:,} made, {ran.failed:,} failed")
    if ran.held:
        say(f"{len(ran.held)} shards are being made by other processes")
    if ran.is_over:
        say(f"ended: more than --max-failures {max_failures} failed; `signgen batch status` says why")
    elif ran.is_stopped and not ran.is_complete:
        say("stopped; run the same command again to go on")
