"""``signgen lexicon``: list, check, build and show lexicons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signgen.cli import look
from signgen.cli import options as o
from signgen.cli.codes import DAMAGE, INCOMPLETE
from signgen.cli.flags import CLEANING, EXTRACTOR, LOOK, Flag, configured
from signgen.cli.table import print_columns, print_json
from signgen.cli.voice import ProgressMode, say, telling

if TYPE_CHECKING:
    from signgen.lexicon.check import Finding

SHEET_RENDERER = Flag(
    "--renderer", str, ("renderer.name",), "What draws: see `signgen show renderers`.", "skeleton", LOOK
)

app = typer.Typer(help="List, check, build and show lexicons.", no_args_is_help=True)


@app.command("list")
def list_(as_json: o.Json = False) -> int:
    """List the lexicons that --lexicon knows by name."""
    return look.show(look.Kind.lexicons, None, as_json)


@app.command()
def check(
    lexicon: Annotated[str, typer.Argument(help="A lexicon folder or name.")],
    as_json: o.Json = False,
) -> int:
    """Read every recording and report what is damaged, missing, doubled or odd."""
    from signgen.lexicon.check import check_lexicon
    from signgen.lexicon.lexicon import open_lexicon

    opened = open_lexicon(lexicon)
    findings = check_lexicon(opened)
    if as_json:
        print_json(findings)
    else:
        _print_findings(findings)
    errors = sum(finding.severity == "error" for finding in findings)
    say(f"{len(opened.entries)} entries: {errors} errors, {len(findings) - errors} warnings")
    return DAMAGE if errors else 0


@app.command()
@configured(EXTRACTOR, CLEANING)
def build(
    source: Annotated[
        Path, typer.Argument(help="Folder of videos or pose files, with or without an index.csv.")
    ],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="The new folder.", show_default=False)],
    spoken_language: Annotated[str, typer.Option("--spoken-language", help="Code of the words, such as en.")],
    signed_language: Annotated[str, typer.Option("--signed-language", help="ISO 639-3 code, such as ase.")],
    table: Annotated[
        Path | None,
        typer.Option("--table", help="CSV of the entries, else the file names.", show_default=False),
    ] = None,
    licence: Annotated[str, typer.Option("--licence", help="Licence of the recordings.")] = "",
    signer: Annotated[str, typer.Option("--signer", help="Who signs, and agreed to this use.")] = "",
    workers: o.Workers = 1,
    settings: dict[str, Any],
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Make a lexicon from recordings, HOUSE_1.mp4 being variant 1 of HOUSE; useless ones are left out and listed.

    Videos go through an extractor and each sign is trimmed from its onset to its offset.
    """
    from signgen.workflow.lexicon_videos import lexicon_from_videos

    with telling(progress, quiet, verbose) as show:
        report = lexicon_from_videos(
            source,
            output,
            settings,
            spoken_language=spoken_language,
            signed_language=signed_language,
            table=table,
            licence=licence,
            signer=signer,
            workers=workers,
            progress=show,
        )
    for finding in report.findings:
        say(f"left out: {finding.message}")
    say(f"{len(report.entries)} entries" + ("" if licence else "; no licence given: fill it in"))
    typer.echo(str(report.folder))
    return INCOMPLETE if report.findings else 0


@app.command()
@configured(SHEET_RENDERER)
def sheet(
    lexicon: Annotated[str, typer.Argument(help="A lexicon folder or name, such as ase.")],
    *,
    output: o.Output,
    settings: dict[str, Any],
    force: o.Force = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Show every sign on one web page, for signers to search, play and correct; it works without a network."""
    from signgen.workflow.sign_sheet import sign_sheet

    with telling(progress, quiet, verbose) as show:
        made = sign_sheet(lexicon, output, settings, force=force, progress=show)
    for complaint in made.broken:
        say(f"no pictures: {complaint}")
    say(f"{made.signs} signs, {len(made.broken)} without pictures, {made.bytes / 1e6:.1f} MB")
    typer.echo(str(made.path))
    return INCOMPLETE if made.broken else 0


def _print_findings(findings: list[Finding]) -> None:
    if findings:
        print_columns([(finding.severity, finding.kind, finding.message) for finding in findings])
