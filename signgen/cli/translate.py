"""``signgen translate``: what a trained translator reads in poses or videos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.codes import INCOMPLETE
from signgen.cli.flags import CLEANING, EXTRACTOR, configured
from signgen.cli.table import print_columns, print_json
from signgen.cli.voice import ProgressMode, say, telling

Clips = Annotated[
    Path, typer.Argument(help="Poses, a video, a folder of either, shards, or a list (docs/slt.md).")
]
Judge = Annotated[str, typer.Option("--judge", help="A trained translator by name or folder.")]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="A .jsonl, or a .txt of the texts alone.", show_default=False),
]
Beam = Annotated[
    int | None,
    typer.Option(
        "--beam", min=1, max=64, help="Texts that are followed side by side.", show_default="as swept, or 5"
    ),
]
NBest = Annotated[int, typer.Option("--n-best", min=1, max=64, help="Translations of each clip.")]
Glosses = Annotated[bool, typer.Option("--glosses", help="Print glosses too; files always have them.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")]


@configured(EXTRACTOR, CLEANING)
def translate(
    clips: Clips,
    *,
    judge: Judge = "ase",
    output: Output = None,
    n_best: NBest = 1,
    beam: Beam = None,
    glosses: Glosses = False,
    device: Device = "auto",
    settings: dict[str, Any],
    fps: o.Rate = None,
    force: o.Force = False,
    json: o.Json = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Translate signing to text, as far as a small model understands it: a guess, not an interpreter.

    Poses are found first in videos, unless the translator reads videos itself.
    """
    from signgen.nn.extra import need

    need("torch", "safetensors", "sentencepiece", what="a translator")
    from signgen.workflow.translate import How, translate_files

    how = How(beam, n_best, fps, settings, device)
    with telling(progress, quiet, verbose) as show:
        rows = translate_files(clips, judge, output, how, force=force, progress=show)
    if json:
        print_json(rows)
    elif output is None:
        _print(rows, glosses)
    failed = [row for row in rows if "error" in row]
    for row in failed:
        say(f"{row['name']}: {row['error']}")
    if output is not None and not quiet:
        say(f"{len(rows) - len(failed)} of {len(rows)} clips translated: {output}")
    return INCOMPLETE if failed else 0


def _print(rows: Sequence[dict[str, Any]], with_glosses: bool) -> None:
    header = ("clip", "log p", *(["glosses"] if with_glosses else []), "text")
    print_columns([header, *(cells for row in rows for cells in _cells(row, with_glosses))])


def _cells(row: dict[str, Any], with_glosses: bool) -> list[tuple[str, ...]]:
    """A line for each translation of a clip; its name and glosses stand on the first."""
    if "error" in row:
        return [(row["name"], "-", *(["-"] if with_glosses else []), "-")]
    texts = row.get("n_best") or [row]
    return [
        (
            "" if place else row["name"],
            f"{text['log_probability']:.2f}",
            *([("" if place else row["glosses"]) or "-"] if with_glosses else []),
            text["text"],
        )
        for place, text in enumerate(texts)
    ]
