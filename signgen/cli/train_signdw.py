"""``signgen train tokenizer``, ``signdw`` and ``export``: text to movement from corpora."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from signgen.cli import options as o
from signgen.cli.table import print_facts, print_json
from signgen.cli.voice import say
from signgen.errors import ConfigError

_NEEDS = ("torch", "safetensors", "sentencepiece", "accelerate")

Output = Annotated[Path, typer.Option("-o", "--output", help="Folder of the training.", show_default=False)]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file of settings; see configs/signdw.", show_default=False),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change one setting: a.b=value; repeatable.", show_default=False),
]
Head = Annotated[
    Literal["token", "flow", "regress"] | None,
    typer.Option(
        "--head",
        help="token: codes from text; flow: poses behind the codes of train.start; regress: poses from text, which "
        "averages (an ablation).",
        show_default="token",
    ),
]
Retrieval = Annotated[
    str | None,
    typer.Option(
        "--retrieval",
        metavar="LEXICON",
        help="Learn to look at the isolated signs of this lexicon; --source signdw then takes source.retrieval.",
        show_default=False,
    ),
]
Device = Annotated[str, typer.Option("--device", help="cpu, cuda, ...; auto takes a GPU if there is one.")]


def tokenizer(
    *,
    output: Output,
    config: Config = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="A corpus with train/ and dev/; repeatable.", show_default=False),
    ] = None,
    parts: Annotated[
        Literal["split", "single"] | None,
        typer.Option(
            "--parts", help="Codes for body, hands and face, or for all together.", show_default="split"
        ),
    ] = None,
    rvq: Annotated[
        int | None, typer.Option("--rvq", help="Residual levels of each part.", show_default="2")
    ] = None,
    overrides: Overrides = None,
    device: Device = "auto",
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Train a motion tokenizer: poses as a few whole numbers six times a second; goes on with what was stopped."""
    from signgen.nn.extra import need

    need(*_NEEDS, what="training")
    from signgen.signdw.motion.settings import prepare_tokenizer
    from signgen.signdw.motion.train import train_tokenizer

    flags = {"model": _given(parts=parts, rvq=rvq)}
    if data:
        flags["data"] = {"sources": [str(folder) for folder in data]}
    run = prepare_tokenizer(_values(config, flags, overrides))
    made = train_tokenizer(run, output, device=device, report=(lambda line: None) if quiet else say)
    facts: dict[str, Any] = {"tokenizer": str(made.folder), "updates": made.steps}
    if made.report is not None:
        facts["dev"] = made.report.line()
    print_json(facts) if json else print_facts(facts)


def signdw(
    *,
    output: Output,
    config: Config = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", help="A corpus as name=folder; repeatable.", show_default=False),
    ] = None,
    motion: Annotated[
        Path | None,
        typer.Option("--tokenizer", help="Folder of `signgen train tokenizer`.", show_default=False),
    ] = None,
    head: Head = None,
    align: Annotated[
        Literal["none", "gloss"] | None,
        typer.Option("--align", help="What a step knows of the plan.", show_default="gloss"),
    ] = None,
    retrieval: Retrieval = None,
    videos: Annotated[
        bool, typer.Option("--videos/--no-videos", help="Sign dev sentences at each look, as samples/*.mp4.")
    ] = True,
    stop_after: Annotated[
        int | None, typer.Option("--stop-after", min=1, help="Stop after so many updates, to be continued.")
    ] = None,
    overrides: Overrides = None,
    device: Device = "auto",
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Train a SignDW Transformer, text to poses; goes on with what was stopped. `torchrun` starts it on many devices.

    The best weights go to best/, figures to metrics.jsonl. --source signdw with source.checkpoint signs with them.
    """
    from signgen.nn.extra import need

    need(*_NEEDS, what="training")
    from signgen.nn.device import is_first_process
    from signgen.signdw.training.settings import prepare_signdw
    from signgen.signdw.training.train import train_signdw
    from signgen.workflow.sample_videos import sample_videos

    flags: dict[str, Any] = {"data": _sources(data or []), "model": _given(align=align), **_given(head=head)}
    if motion is not None:
        flags["data"]["tokenizer"] = str(motion)
    if retrieval is not None:
        from signgen.text2pose.retrieval import Drafts

        flags["model"]["is_retrieving"] = True
        flags["data"]["signs"] = str(Drafts(retrieval).write_signs(output / "signs" / "0.col").parent)
    run = prepare_signdw(_values(config, flags, overrides))
    report = (lambda line: None) if quiet else say
    show = sample_videos(output / "samples") if videos else None
    made = train_signdw(run, output, device=device, report=report, show=show, stop_after=stop_after)
    facts = {"checkpoint": str(made.checkpoint), "dev loss": made.loss, "updates": made.steps}
    if is_first_process():
        print_json(facts) if json else print_facts(facts)


def export(
    run: Annotated[Path, typer.Argument(help="Folder of a training of `signdw`.")],
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the checkpoint.", show_default=False)
    ],
    quiet: o.Quiet = False,
) -> None:
    """Write the best weights of a training of `signdw` in half precision, as a checkpoint to ship."""
    from signgen.nn.extra import need

    need(*_NEEDS, what="exporting")
    from signgen.signdw.checkpoint.export import export_checkpoint

    folder = export_checkpoint(run, output)
    if not quiet:
        size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
        say(f"{size / 1e6:.2f} MB")
    typer.echo(str(folder))


def _values(config: Path | None, flags: dict[str, Any], overrides: list[str] | None) -> dict[str, Any]:
    """Settings from the file, the flags laid over it and ``--set`` over both."""
    from signgen.config import load_yaml, merge, with_overrides

    return with_overrides(merge(load_yaml(config) if config else {}, flags), overrides or [])


def _given(**flags: Any) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _sources(items: list[str]) -> dict[str, Any]:
    sources: dict[str, str] = {}
    for item in items:
        name, equals, folder = item.partition("=")
        if not (name and equals and folder):
            raise ConfigError(f"--data {item!r}: expected name=folder, such as ase=corpora/ase")
        sources[name] = folder
    return {"sources": sources} if sources else {}
