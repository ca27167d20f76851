"""``signgen score``: predictions of texts or poses scored by published conventions, without a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.table import print_columns, print_json

app = typer.Typer(
    help="Score predicted texts or poses against true ones by any published convention.",
    no_args_is_help=True,
)

Reference = Annotated[Path, typer.Option("--ref", help="The true ones.", show_default=False)]
Resamples = Annotated[int, typer.Option("--resamples", min=40, max=100_000, help="Of the bootstrap.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the resamples.")]


@app.command()
def texts(
    hypotheses: Annotated[
        Path, typer.Argument(help="Predicted texts: .txt, one a line, or .jsonl, .csv, .tsv.")
    ],
    *,
    ref: Reference,
    profile: Annotated[
        str, typer.Option("--profile", help="signgen, slt, slrtp, gfslt, unisign, spamo, wmt-slt, or all.")
    ] = "all",
    language: Annotated[
        str | None,
        typer.Option("--language", help="Of the texts, such as de.", show_default="what --ref says"),
    ] = None,
    column: Annotated[str, typer.Option("--column", help="Holds the texts in a table or .jsonl.")] = "text",
    bleurt: Annotated[
        Path | None,
        typer.Option("--bleurt", help="Add BLEURT, from a folder of transformers.", show_default=False),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="Of BLEURT: auto, cpu, cuda, ...")] = "auto",
    resamples: Resamples = 1000,
    seed: Seed = 12345,
    json: o.Json = False,
) -> None:
    """Score texts, by one convention or by all with the spread between them.

    Beside each convention stands what one constant text reaches that answers everything.
    """
    from signgen.nn.extra import need

    need("sacrebleu", extra="eval", what="scores of texts")
    from signgen.judge.text.resample import Resampling
    from signgen.workflow.scoring import score_text_files

    how = Resampling(resamples, seed=seed)
    found = score_text_files(
        hypotheses,
        ref,
        profile=profile,
        language=language,
        column=column,
        bleurt=bleurt,
        device=device,
        how=how,
    )
    if json:
        print_json(found)
    elif len(found["profiles"]) > 1:
        _print_spread(found)
    else:
        _print_one(profile, found)
    if found["learned"] and not json:
        _print_scores("learned", found["learned"])


@app.command()
def poses(
    hypotheses: Annotated[
        Path, typer.Argument(help="Clips: shards, a folder of pose files, a list, a file.")
    ],
    *,
    ref: Reference,
    profile: Annotated[
        str, typer.Option("--profile", help="signgen, aligned, slrtp, pt or ham2pose.")
    ] = "signgen",
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate", min=1, max=240, help="Compare at this rate.", show_default="that of the clips"
        ),
    ] = None,
    fps: o.Rate = None,
    resamples: Resamples = 1000,
    seed: Seed = 12345,
    json: o.Json = False,
) -> None:
    """Score poses against references of the same names, with 95 % intervals from 8 clips on."""
    from signgen.judge.text.resample import Resampling
    from signgen.workflow.scoring import score_pose_files

    how = Resampling(resamples, seed=seed)
    found = score_pose_files(hypotheses, ref, profile=profile, fps=fps, rate=rate, how=how)
    if json:
        print_json(found)
        return
    _print_scores(f"{found['clips']} clips, {profile}", found["scores"])


def _print_one(profile: str, found: Mapping[str, Any]) -> None:
    of = found["profiles"][profile]
    _print_scores(f"{found['texts']} texts, {profile}", of["scores"])
    typer.echo(f"the best constant answer: BLEU-4 {of['constant']:.2f}")


def _print_scores(title: str, scores: Sequence[Mapping[str, Any]]) -> None:
    rows = [(title, "", "95 % interval", "signature")]
    rows += [(s["name"], _cell(s["value"]), _between(s["interval"]), s["signature"]) for s in scores]
    print_columns(rows)


def _print_spread(found: Mapping[str, Any]) -> None:
    """Conventions as rows, measures as columns."""
    from signgen.workflow.scoring import kind_of

    profiles = found["profiles"]
    kinds = list(dict.fromkeys(kind_of(s["name"]) for one in profiles.values() for s in one["scores"]))
    rows = [(f"{found['texts']} texts, {found['language']}", *kinds, "BLEU-4 of the best constant")]
    for name, one in profiles.items():
        cells = [_together(kind, one["scores"]) for kind in kinds]
        rows.append((name, *cells, _cell(one["constant"])))
    spread = [_cell(found["spread"].get(kind)) for kind in kinds]
    rows.append(("spread", *spread, ""))
    print_columns(rows)


def _together(kind: str, scores: Sequence[Mapping[str, Any]]) -> str:
    """All scores of a kind, told apart by what stands behind its name."""
    from signgen.workflow.scoring import kind_of

    own = [score for score in scores if kind_of(score["name"]) == kind]
    kinds = [score["name"].removeprefix("rougeL").lstrip("-") if kind == "ROUGE-L" else "" for score in own]
    return ", ".join(f"{_cell(s['value'])} {what}".strip() for s, what in zip(own, kinds, strict=True)) or "-"


def _between(interval: Sequence[float] | None) -> str:
    return "-" if interval is None else f"{interval[0]:.2f} to {interval[1]:.2f}"


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
