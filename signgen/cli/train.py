"""``signgen train``: models from data sets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.table import print_columns, print_facts, print_json
from signgen.cli.train_diffusion import controlnet, posenet
from signgen.cli.train_signdw import export, signdw, tokenizer
from signgen.cli.train_tiny import tiny_flow
from signgen.cli.voice import say
from signgen.errors import ConfigError

if TYPE_CHECKING:
    from signgen.judge.ablation import AblationLine
    from signgen.slt.settings import SltSettings
    from signgen.slt.sweep import Tried

app = typer.Typer(help="Train models.", no_args_is_help=True)
for _command in (tokenizer, signdw, export, controlnet, posenet, tiny_flow):
    app.command()(_command)


@app.callback()
def _train() -> None:
    """Train models."""


@app.command()
def slt(
    *,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="Folder of the training, or of all of them.", show_default=False),
    ],
    config: Annotated[
        Path | None,
        typer.Option("--config", help="YAML file of settings; see configs/slt.", show_default=False),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change one setting: a.b=value; repeatable.", show_default=False),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="A source of data, as name=folder; repeatable.", show_default=False),
    ] = None,
    schedule: Annotated[
        list[str] | None,
        typer.Option(
            "--schedule", help="What is learned from when; several are compared.", show_default="all"
        ),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option("--seeds", help="Train with each, such as 0,1,2.", show_default=False)
    ] = None,
    split: Annotated[str, typer.Option("--split", help="What schedules are compared on.")] = "test",
    language: Annotated[str, typer.Option("--language", help="Of the texts, for the comparison.")] = "en",
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "auto",
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Train translators from poses or videos to text; go on with what was stopped.

    One schedule with one seed trains one model. Several of either train all of them and print how the schedules compare
    on the clips of --split: mean and spread over seeds, and the paired difference to the first schedule.
    """
    from signgen.nn.extra import need

    need("torch", "safetensors", "sentencepiece", "accelerate", what="training")
    need("sacrebleu", extra="eval", what="training")
    from signgen.nn.device import is_first_process

    settings, schedules = _resolved(config, overrides or [], data or [], schedule or ["all"])
    report = (lambda line: None) if quiet else say
    if seeds is None and len(schedules) == 1:
        from signgen.slt.train import train

        made = train(settings, output, schedules[0], device=device, report=report)
        facts = {"checkpoint": str(made.checkpoint), "dev score": made.score, "updates": made.steps}
        if is_first_process():
            print_json(facts) if json else print_facts(facts)
        return
    from signgen.slt.ablation import run_schedules

    numbers = _numbers(seeds, settings)
    rows = run_schedules(settings, output, schedules, numbers, split=split, device=device, report=report)
    if is_first_process():
        from signgen.judge.ablation import ablation_table

        lines = ablation_table(rows, language)
        print_json(lines) if json else _print_table(lines)


@app.command()
def sweep(
    run: Annotated[Path, typer.Argument(help="Folder of a finished training of `slt`.")],
    *,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder with dev/.", show_default="the training's own"),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "auto",
    quiet: o.Quiet = False,
    json: o.Json = False,
) -> None:
    """Try beams of 1 to 10 with length penalties of 0 to 5 on the dev set and keep the best in the checkpoint.

    `signgen translate` and judges then search so, unless --beam says otherwise. The checkpoint becomes another judge:
    reports made with it before and after are not comparable.
    """
    from signgen.nn.extra import need

    need("torch", "safetensors", "sentencepiece", what="a sweep")
    need("sacrebleu", extra="eval", what="a sweep")
    from signgen.slt.sweep import sweep as sweep_run

    tried = sweep_run(run, data, device=device, report=(lambda line: None) if quiet else say)
    rows = [{"beam": one.decode.beam, "alpha": one.decode.alpha, "bleu": one.bleu} for one in tried]
    print_json(rows) if json else _print_tried(tried)


@app.command()
def pack(
    runs: Annotated[list[Path], typer.Argument(help="Folders of finished trainings on the same clips.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the pack.", show_default=False)],
    quiet: o.Quiet = False,
) -> None:
    """Put trainings of `slt` together as judges to ship: half precision, and what they share kept once.

    `signgen eval --judge FOLDER` hears all of them. Members are called after the folders of their trainings.
    """
    from signgen.nn.extra import need

    need("torch", "safetensors", "sentencepiece", what="packing")
    from signgen.slt.pack import pack as pack_runs

    folder = pack_runs(runs, output)
    if not quiet:
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        say(f"{len(runs)} judges, {size / 1e6:.2f} MB")
    typer.echo(str(folder))


def _resolved(
    config: Path | None, overrides: list[str], data: list[str], names: list[str]
) -> tuple[SltSettings, list[Any]]:
    """Settings and schedules from the file, the flags laid over it and ``--set`` over both."""
    from signgen.config import load_yaml, merge, with_overrides
    from signgen.slt.schedules import schedule_named
    from signgen.slt.settings import prepare

    values = load_yaml(config) if config else {}
    sources: dict[str, str] = {}
    for item in data:
        name, equals, folder = item.partition("=")
        if not (name and equals and folder):
            raise ConfigError(f"--data {item!r}: expected name=folder, such as real=corpora/real")
        sources[name] = folder
    if sources:
        values = merge(values, {"data": {"sources": sources}})
    values = with_overrides(values, overrides)
    own = values.pop("schedules", None) or {}
    if not isinstance(own, dict):
        raise ConfigError("schedules: expected schedules by name")
    return prepare(values), [schedule_named(name, own) for name in names]


def _numbers(seeds: str | None, settings: SltSettings) -> list[int]:
    if seeds is None:
        return [settings.seed]
    numbers = [part.strip() for part in seeds.split(",")]
    if not all(number.isascii() and number.isdigit() and int(number) < 1 << 32 for number in numbers):
        raise ConfigError(f"--seeds {seeds!r}: expected whole numbers with commas between, such as 0,1,2")
    return [int(number) for number in numbers]


def _print_table(lines: list[AblationLine]) -> None:
    header = ("schedule", "seeds", "BLEU-4", "sd", "logp/char", "against first", "95 % interval", "p")
    print_columns([header, *(_cells(line) for line in lines)])
    typer.echo(f"[{lines[0].signature}]")


def _print_tried(tried: list[Tried]) -> None:
    """A row for each beam, a column for each penalty; then the best."""
    found = {(one.decode.beam, one.decode.alpha): f"{one.bleu:.2f}" for one in tried}
    beams, alphas = (sorted({key[place] for key in found}) for place in (0, 1))
    rows = [(f"{beam:g}", *(found.get((int(beam), alpha), "-") for alpha in alphas)) for beam in beams]
    print_columns([("beam", *(f"penalty {alpha:g}" for alpha in alphas)), *rows])
    best = tried[0]
    print_facts({"beam": best.decode.beam, "penalty": best.decode.alpha, "dev BLEU": best.bleu})


def _cells(line: AblationLine) -> tuple[str, ...]:
    spread = "-" if line.spread is None else f"{line.spread:.2f}"
    start = (line.schedule, str(len(line.seeds)), f"{line.mean:.2f}", spread, f"{line.log_likelihood:.3f}")
    if line.against is None:
        return (*start, "-", "-", "-")
    low, high = line.against.interval
    return (
        *start,
        f"{line.against.difference:+.2f}",
        f"{low:+.2f} to {high:+.2f}",
        f"{line.against.p_randomised:.4f}",
    )
