"""``signgen lexicon``: list, check and build lexicons."""

from __future__ import annotations

import typer

from signgen.cli import look
from signgen.cli import options as o

app = typer.Typer(help="List, check and build lexicons.", no_args_is_help=True)


@app.command("list")
def list_(as_json: o.Json = False) -> int:
    """List the lexicons that can be named in --lexicon."""
    return look.show(look.Kind.lexicons, None, as_json)
