"""``signgen train tiny-flow``: the small video model, from avatar renders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from signgen.cli import options as o
from signgen.cli.table import print_facts, print_json
from signgen.cli.voice import say


def tiny_flow(
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder of the training.", show_default=False)
    ],
    config: Annotated[
        Path | None,
        typer.Option("--config", help="YAML file of settings; see configs/diffusion.", show_default=False),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data", help="A folder with poses/ and videos/ of one look; repeatable.", show_default=False
        ),
    ] = None,
    preset: Annotated[
        Literal["base", "smoke"] | None,
        typer.Option("--preset", help="Size of the network.", show_default="base"),
    ] = None,
    stop_after: Annotated[
        int | None, typer.Option("--stop-after", min=1, help="Stop after so many updates, to be continued.")
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change one setting: a.b=value; repeatable.", show_default=False),
    ] = None,
    device: Annotated[str, typer.Option("--device", help="auto, cpu, cuda, ...")] = "auto",
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Train the video model tiny-flow on avatar renders; goes on with what was stopped.

    A source is a folder of one look: poses/ from `signgen pose --text-file` and videos/ from `signgen generate` with
    the same texts. tiny-flow/ in the output is for --renderer tiny-flow, samples/ shows how it paints.
    """
    from signgen.nn.extra import need

    need("torch", "safetensors", "accelerate", extra="diffusion", what="training tiny-flow")
    from signgen.config import load_yaml, merge, with_overrides
    from signgen.render.diffusion.tiny.settings import prepare_tiny
    from signgen.render.diffusion.tiny.train import train_tiny

    flags: dict[str, Any] = {}
    if data:
        flags["data"] = {"sources": [str(folder) for folder in data]}
    if preset is not None:
        flags["model"] = {"preset": preset}
    values = merge(load_yaml(config) if config else {}, flags)
    run = prepare_tiny(with_overrides(values, overrides or []))
    report = (lambda line: None) if quiet else say
    made = train_tiny(run, output, device=device, report=report, stop_after=stop_after)
    facts = {"checkpoint": str(made.checkpoint), "updates": made.steps, "painted, off by": made.error}
    print_json(facts) if json else print_facts(facts)
