"""``signgen batch``: data sets of made signing, planned first, then made shard by shard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.batch_run import run
from signgen.cli.batch_status import retry, status
from signgen.cli.codes import DAMAGE
from signgen.cli.flags import CREDENTIALS, DIFFUSION, LOOKS, SIGNER, SIGNING, VIEW, configured
from signgen.cli.table import print_columns, print_json
from signgen.cli.voice import ProgressMode, say, telling

if TYPE_CHECKING:
    from signgen.batch.output.finish import Summary

app = typer.Typer(
    help="Make data sets of signing from texts: plan, run, look, check, join.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(help="Folder of the batch.")]


@app.command()
@configured(*SIGNING, *LOOKS, *SIGNER, *DIFFUSION, *VIEW, *CREDENTIALS)
def plan(
    texts: Annotated[
        Path,
        typer.Argument(
            help="Texts: lines of a .txt, or rows of a .csv or .jsonl with text and, if wanted, name and split."
        ),
    ],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the batch.", show_default=False)],
    settings: dict[str, Any],
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            help="Values of a setting, as renderer.signer=ada,bola or seed=0,1,2; every combination is made of "
            "every text; repeatable. A config file has them under vary.",
        ),
    ] = None,
    video: Annotated[
        bool, typer.Option("--video/--poses", help="Draw each sample as a video too, or make poses alone.")
    ] = False,
    shard_size: Annotated[
        int, typer.Option("--shard-size", min=1, max=20_000, help="Samples in a shard at most.")
    ] = 500,
    estimate: Annotated[
        bool,
        typer.Option(
            "--estimate/--no-estimate",
            help="Make a few samples to tell time, hours and disk, in about ten seconds.",
        ),
    ] = True,
) -> int:
    """Lay down which samples there are to be, with which settings and in which shards; nothing is made yet.

    A folder holds one plan; the same command again changes nothing, another plan is refused.
    """
    from signgen.batch.choices import take_choices
    from signgen.batch.plan import Kind, expand, write_plan
    from signgen.batch.texts import read_texts

    kind: Kind = "video" if video else "poses"
    settings, choices = take_choices(settings, vary or ())
    found = read_texts(texts)
    samples = expand(found, settings, choices, kind)
    made = write_plan(samples, output, settings, choices, kind=kind, shard_size=shard_size)
    say(f"{made.samples} samples of {len(found)} texts in {len(made.shards)} shards")
    if estimate:
        from signgen.cli.batch_estimate import tell_estimate

        tell_estimate(made, samples, output)
    typer.echo(str(output))
    return 0


app.command()(run)
app.command()(status)
app.command()(retry)


Title = Annotated[str, typer.Option("--title", help="Name of the data set.", show_default=False)]
Parquet = Annotated[
    bool | None,
    typer.Option(
        "--parquet/--no-parquet",
        help="Write the index as a table too. (default: where pyarrow is installed)",
        show_default=False,
    ),
]


@app.command()
def verify(
    folder: Folder,
    deep: Annotated[
        bool, typer.Option("--deep", help="Decode every member of every sample as well.")
    ] = False,
    as_json: o.Json = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Compare every shard, the index and the card with their SHA-256; code 7 if anything is damaged."""
    from signgen.batch.output.verify import verify_folder

    with telling(progress, quiet, verbose) as show:
        found = verify_folder(folder, deep=deep, progress=show)
    if as_json:
        print_json(found)
    else:
        print_columns([(item.name, item.what) for item in found.damage])
    unfinished = "" if found.is_finished else "; index and card are not written yet"
    say(f"{found.shards} shards, {found.samples} samples: {len(found.damage)} damaged{unfinished}")
    return DAMAGE if found.damage else 0


@app.command()
def card(
    folder: Folder,
    title: Title = "",
    parquet: Parquet = None,
    published: Annotated[
        str, typer.Option("--published", help="Day of publication, as 2026-11-22.", show_default=False)
    ] = "",
) -> int:
    """Write index, dataset card, Croissant metadata and sums anew, of the shards that are there by now."""
    from signgen.batch.output.finish import finish_folder

    _sum_up(finish_folder(folder, title=title, parquet=parquet, published=published), folder)
    return 0


@app.command()
def merge(
    folders: Annotated[list[Path], typer.Argument(help="Folders of batches.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="New folder.", show_default=False)],
    title: Title = "",
    parquet: Parquet = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Copy shards also where a second name (a hard link) would do.")
    ] = False,
) -> int:
    """Join the finished shards of several batches in a new folder; a sample that two of them have is refused."""
    from signgen.batch.output.merge import merge_folders

    _sum_up(merge_folders(folders, output, title=title, parquet=parquet, is_linked=not copy), output)
    return 0


def _sum_up(made: Summary, folder: Path) -> None:
    say(f"{made.samples} samples in {made.shards} shards, {made.hours:.3f} h")
    for licence in made.licences:
        say(f"licence: {licence}")
    typer.echo(str(folder))
