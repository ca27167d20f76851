"""The list of commands; importing it loads typer and nothing heavier."""

from __future__ import annotations

from typing import Annotated

import typer

from signgen import __version__
from signgen.cli import (
    avatar,
    batch,
    batch_slurm,
    corpus,
    dataset,
    evaluate,
    extract,
    fill,
    lexicon,
    look,
    loop,
    make,
    score,
    select,
    train,
    translate,
)

app = typer.Typer(
    name="signgen",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Text in, signing video out. Machine-made signing is no replacement for an interpreter.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"signgen {__version__}")
        raise typer.Exit


@app.callback()
def _signgen(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Text in, signing video out. Machine-made signing is no replacement for an interpreter."""


for command in (
    make.generate,
    make.pose,
    make.render,
    extract.extract,
    fill.fill,
    look.convert,
    look.inspect,
    look.view,
    look.show,
):
    app.command()(command)
app.add_typer(lexicon.app, name="lexicon")
batch.app.command()(batch_slurm.slurm)
app.add_typer(batch.app, name="batch")
app.add_typer(dataset.app, name="dataset")
app.add_typer(corpus.app, name="corpus")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="eval")
app.add_typer(score.app, name="score")
app.command()(select.select)
app.command()(loop.loop)
app.command()(translate.translate)
app.add_typer(avatar.app, name="avatar")
for command in (make.captions, make.rerun, look.doctor):
    app.command()(command)
