"""``signgen eval``: what a system's poses are worth to judges, and which of two systems is better."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from signgen.cli import options as o
from signgen.cli.flags import CLEANING, EXTRACTOR, configured
from signgen.cli.table import print_columns, print_json
from signgen.cli.voice import ProgressMode, say, telling

if TYPE_CHECKING:
    from signgen.judge.compare import Compared
    from signgen.judge.text.paired import Difference

RUN = "run"


class _Default(TyperGroup):
    """Takes a first word that is no command for the argument of `run`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the command's name in front if it was left out."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [RUN, *args]
        rest: list[str] = super().parse_args(ctx, args)
        return rest


app = typer.Typer(
    help="Score poses by reading them back: `signgen eval HYP --ref REF -o REPORT.json --judge DIR`.",
    no_args_is_help=True,
    cls=_Default,
)


Hypotheses = Annotated[
    Path,
    typer.Argument(help="The system's clips: shards, pose files, videos, a list (docs/evaluation.md)."),
]
References = Annotated[
    Path, typer.Option("--ref", help="True clips with texts, by the same names.", show_default=False)
]
Report = Annotated[
    Path,
    typer.Option("-o", "--output", help="The report, .json; a page comes beside it.", show_default=False),
]
Judges = Annotated[
    list[str] | None,
    typer.Option(
        "--judge",
        help="Folder of a trained translator, or the name of a built-in one; repeatable.",
        show_default="ase for English and ASL",
    ),
]
Language = Annotated[
    str | None, typer.Option("--language", help="Of the texts.", show_default="what the references say")
]
Training = Annotated[
    Path | None,
    typer.Option(
        "--train", help="Training clips or a .txt of their texts, for floors and leaks.", show_default=False
    ),
]
Generator = Annotated[
    Path | None,
    typer.Option(
        "--generator",
        help="The generator's training clips: trained_on.json, or names, one a line.",
        show_default=False,
    ),
]
Oracle = Annotated[
    Path | None,
    typer.Option("--oracle", help="Clips stitched from the true glosses: a ceiling.", show_default=False),
]
OracleLexicon = Annotated[
    str | None,
    typer.Option(
        "--oracle-lexicon",
        help="Stitch that ceiling with this lexicon: a name or a folder.",
        show_default="the built-in one of the signed language, if the references carry glosses",
    ),
]
Profile = Annotated[str, typer.Option("--profile", help="Convention of text scores.")]
Beam = Annotated[
    int | None,
    typer.Option(
        "--beam", min=1, max=64, help="Texts a judge follows side by side.", show_default="as swept, or 3"
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of controls and resamples.")]
Resamples = Annotated[int, typer.Option("--resamples", min=40, max=100_000, help="Of the bootstrap.")]
Stamp = Annotated[
    bool,
    typer.Option(
        "--stamp", help="Take also a judge that fails admission or saw the test; the report says so."
    ),
]
Control = Annotated[
    str,
    typer.Option(
        "--extractor-control",
        help="What the extractor alone loses: clips of known poses with their videos, or `avatar`: true poses that "
        "the avatar draws now.",
        show_default=False,
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache", help="Keeps poses found in videos.", show_default="the report's name, .extracted"
    ),
]
SameExtractor = Annotated[
    bool,
    typer.Option("--same-extractor", help="Refuse a judge that learnt from poses of another extractor."),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")]


@app.command(RUN)
@configured(EXTRACTOR, CLEANING)
def run(
    hypotheses: Hypotheses,
    *,
    ref: References,
    output: Report,
    judge: Judges = None,
    language: Language = None,
    profile: Profile = "signgen",
    train: Training = None,
    generator: Generator = None,
    oracle: Oracle = None,
    oracle_lexicon: OracleLexicon = None,
    beam: Beam = None,
    seed: Seed = 0,
    resamples: Resamples = 1000,
    stamp: Stamp = False,
    extractor_control: Control = "",
    cache: Cache = None,
    same_extractor: SameExtractor = False,
    workers: o.Workers = 1,
    device: Device = "auto",
    fps: o.Rate = None,
    settings: dict[str, Any],
    force: o.Force = False,
    json: o.Json = False,
    progress: o.Show = ProgressMode.auto,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> int:
    """Score poses by what judges read in them, beside floors and ceilings; admission of judges comes first.

    Of videos, the poses found in them are judged as well, and what was lost on the way is divided among generator,
    renderer and extractor.
    """
    from signgen.nn.extra import need

    need("torch", "safetensors", what="a judge")
    need("sacrebleu", extra="eval", what="scores of texts")
    from signgen.judge.trial import Options
    from signgen.workflow.evaluate import CACHE_SUFFIX, evaluate_files
    from signgen.workflow.evaluation_videos import Looking

    options = Options(
        profile=profile, seed=seed, resamples=resamples, stamp=stamp, same_extractor=same_extractor
    )
    looking = Looking(cache or output.with_suffix(CACHE_SUFFIX), settings, workers, extractor_control, fps)
    with telling(progress, quiet, verbose) as show:
        report = evaluate_files(
            hypotheses, ref, output, judge or [], language=language, training=train, generator=generator,
            options=options, oracle=oracle, oracle_lexicon=oracle_lexicon, fps=fps, looking=looking, beam=beam,
            device=device, force=force, progress=show,
        )  # fmt: skip
    print_json(report) if json else _print_report(report, verbose)
    if not quiet and not judge:
        names = ", ".join(row["card"]["name"] for row in report["judges"])
        say(f"no --judge given: read by the built-in ones ({names}); docs/judge-ase.md says what they are")
    if not quiet:
        say(f"report: {output}, {output.with_suffix('.html').name}")
    return 0


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="A report.")],
    second: Annotated[Path, typer.Argument(help="Another of the same test by the same judges.")],
    json: o.Json = False,
) -> None:
    """Compare two reports clip by clip; refuses reports of different tests, judges or settings."""
    from signgen.nn.extra import need

    need("sacrebleu", extra="eval", what="scores of texts")
    from signgen.workflow.evaluate import compare_files

    found = compare_files(first, second)
    print_json(found) if json else _print(found)


def _print_report(report: dict[str, Any], verbose: bool) -> None:
    """The whole panel once and what judges say together last, where it is seen; single judges only if asked for."""
    from signgen.judge.gates_report import video_rows
    from signgen.judge.report import pose_rows, set_rows
    from signgen.judge.summary import panel_rows, said_lines, set_ranges, share_rows, verdict_lines

    judges, interval = report["judges"], "95 % interval"
    several = len(judges) > 1
    if several and verbose:
        _print_judges(judges)
    print_columns([("[poses]", "", interval), *pose_rows(report)])
    if report["videos"]:
        print_columns([("[videos]", "", interval), *video_rows(report)])
    if several:
        print_columns([("[all clips]", "lowest to highest judge"), *set_ranges(judges)])
    else:
        print_columns([("[all clips]", "", interval), *set_rows(judges[0])])
    if shares := share_rows(judges):
        print_columns(shares)
    title = f"[mean of {len(judges)} judges]" if several else f"[{judges[0]['card']['name']}]"
    print_columns(panel_rows(judges, title))
    for line in (
        *said_lines(report),
        *verdict_lines(report),
        *(f"*** {one} ***" for one in report["stamps"]),
    ):
        typer.echo(line)


def _print_judges(judges: Sequence[dict[str, Any]]) -> None:
    from signgen.judge.gates_report import gate_rows
    from signgen.judge.report import set_rows
    from signgen.judge.summary import judge_lines, panel_rows

    for judge in judges:
        name = judge["card"]["name"]
        print_columns(panel_rows([judge], f"[{name}]"))
        if shares := gate_rows(judge):
            print_columns(shares)
        print_columns([(f"[{name}: all clips]", "", "95 % interval"), *set_rows(judge)])
        for line in judge_lines(judge):
            typer.echo(f"{name}: {line}")


def _print(found: Compared) -> None:
    for line in found.stamps:
        typer.echo(f"*** {line} ***")
    header = ("", "A", "B", "A - B", "95 % interval", "p", "detectable")
    videos = {f"{name}: found in videos": differences for name, differences in found.videos.items()}
    groups = {**found.judges, **videos, "poses": found.poses}
    for name, differences in groups.items():
        print_columns([(f"[{name}]", *header[1:]), *map(_cells, differences)])
    typer.echo(found.verdict)


def _cells(item: Difference) -> tuple[str, ...]:
    low, high = item.interval
    return (
        item.name,
        f"{item.first:.2f}",
        f"{item.second:.2f}",
        f"{item.difference:+.2f}",
        f"{low:+.2f} to {high:+.2f}",
        f"{item.p_randomised:.4f}",
        f"{item.detectable:.2f}",
    )
