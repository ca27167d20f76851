"""``signgen select``: which made clips are good enough to learn from."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.table import print_columns, print_json
from signgen.cli.voice import ProgressMode, say, telling


class Writes(StrEnum):
    """What is written beside the lists."""

    lists = "lists"
    shards = "shards"


Clips = Annotated[
    Path,
    typer.Argument(help="Made clips: a corpus, shards, a folder of pose files, a list (docs/selection.md)."),
]
Output = Annotated[Path, typer.Option("-o", "--output", help="Folder of the selection.", show_default=False)]
Judges = Annotated[
    list[str] | None,
    typer.Option("--judge", help="Judge by name or folder; not one that reports.", show_default=False),
]
Calibrate = Annotated[
    Path | None,
    typer.Option(
        "--calibrate", help="True clips with texts that the judge has not seen.", show_default=False
    ),
]
KeepShare = Annotated[
    float | None,
    typer.Option("--keep-share", min=0, max=1, help="Share of true clips to keep.", show_default="0.9"),
]
Precision = Annotated[
    float | None,
    typer.Option(
        "--target-precision", min=0, max=1, help="Share of kept clips to be good.", show_default=False
    ),
]
BadShare = Annotated[
    float, typer.Option("--bad-share", min=0, max=1, help="Share of bad clips, for --target-precision.")
]
LogLikelihood = Annotated[
    float | None,
    typer.Option("--min-log-likelihood", help="Of a character of the text, by hand.", show_default=False),
]
GlossWer = Annotated[
    float | None, typer.Option("--max-gloss-wer", min=0, help="In percent, by hand.", show_default=False)
]
Pck = Annotated[
    float | None,
    typer.Option("--min-pck", min=0, max=1, help="Share of keypoints, by hand.", show_default=False),
]
Extracted = Annotated[
    Path | None,
    typer.Option("--extracted", help="Poses found in the clips' videos, for PCK.", show_default=False),
]
CalibrateExtracted = Annotated[
    Path | None,
    typer.Option("--calibrate-extracted", help="Likewise of the true clips' videos.", show_default=False),
]
Reports = Annotated[
    list[Path] | None,
    typer.Option("--report", help="Report whose judges must be others; repeatable.", show_default=False),
]
Write = Annotated[Writes, typer.Option("--write", help="shards: also the kept clips, to train on.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the bad clips of the calibration.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")]


def select(
    clips: Clips,
    *,
    output: Output,
    judge: Judges = None,
    calibrate: Calibrate = None,
    keep_share: KeepShare = None,
    target_precision: Precision = None,
    bad_share: BadShare = 0.5,
    min_log_likelihood: LogLikelihood = None,
    max_gloss_wer: GlossWer = None,
    min_pck: Pck = None,
    extracted: Extracted = None,
    calibrate_extracted: CalibrateExtracted = None,
    report: Reports = None,
    write: Write = Writes.lists,
    seed: Seed = 0,
    device: Device = "auto",
    fps: o.Rate = None,
    force: o.Force = False,
    json: o.Json = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Keep or reject made clips by what a judge measures of each, with thresholds from true clips and spoiled ones.

    A clip is kept if the judge finds its text likely enough, reads few enough glosses wrong and, where poses were found
    in its video, these lie where they were asked for.
    """
    from signgen.nn.extra import need

    need("torch", "safetensors", "sentencepiece", what="a judge")
    need("sacrebleu", extra="eval", what="scores of texts")
    from signgen.judge.selection import GLOSS_WER, LOG_LIKELIHOOD, PCK, Rule
    from signgen.workflow.select import select_files
    from signgen.workflow.selection_measures import Sources

    by_hand = {LOG_LIKELIHOOD: min_log_likelihood, GLOSS_WER: max_gloss_wer, PCK: min_pck}
    given = {name: value for name, value in by_hand.items() if value is not None}
    rule = Rule(keep_share, target_precision, given, bad_share)
    sources = Sources(clips, calibrate, extracted, calibrate_extracted, tuple(report or ()), fps)
    with telling(progress, quiet, verbose) as show:
        account = select_files(
            sources, output, judge or [], rule, writes_shards=write is Writes.shards, seed=seed, device=device,
            force=force, progress=show,
        )  # fmt: skip
    print_json(account) if json else _print(account)
    if not quiet:
        say(f"selection: {output}/kept.jsonl, rejected.jsonl, selection.html")


def _print(account: dict[str, Any]) -> None:
    from signgen.workflow.selection_report import lines, table

    if account["calibration"] is not None:
        print_columns(table(account))
    for line in lines(account):
        typer.echo(line)
