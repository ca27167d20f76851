"""``signgen loop``: made signing, chosen, learned from, and what that gains over the real set alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.codes import STOPPED
from signgen.cli.flags import RUN
from signgen.cli.table import print_columns, print_json
from signgen.cli.voice import ProgressMode, say, telling


def loop(
    config: Annotated[Path, typer.Argument(help="YAML settings; see configs/loop/ase.yaml.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Folder of the loop.", show_default="loop-NAME, after the config file"
        ),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change one setting: a.b=value; repeatable.", show_default=False),
    ] = None,
    workers: Annotated[
        int,
        typer.Option("--workers", min=1, max=256, help="Processes that make and train.", rich_help_panel=RUN),
    ] = 1,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "auto",
    json: o.Json = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Sign novel sentences, let a judge choose, pre-train, fine-tune on the real set, and report the gain.

    Beside it: the real set alone, no selection, both at once, and the control with the poses of other texts; every
    schedule with every seed, with paired intervals. Run the same command again after any stop.
    """
    from signgen.config import load_yaml, with_overrides
    from signgen.loop.ledger import Stopped
    from signgen.loop.report import PAGE, summary
    from signgen.loop.run import run_loop

    folder = output or Path(f"loop-{config.stem}")
    values: dict[str, Any] = with_overrides(load_yaml(config), overrides or [])
    try:
        with telling(progress, quiet, verbose) as show:
            report = run_loop(values, folder, workers=workers, device=device, progress=show)
    except Stopped:
        say("stopped; run the same command again to go on")
        return STOPPED
    if json:
        print_json(report)
        return 0
    print_columns(summary(report))
    for line in report["verdict"]:
        typer.echo(line)
    if not quiet:
        say(f"report: {folder / PAGE}")
    return 0
