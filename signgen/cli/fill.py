"""``signgen fill``: a span of a movement drawn anew."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signgen.cli import options as o
from signgen.cli.voice import say


def fill(
    poses: Annotated[Path, typer.Argument(help="Poses in any known format.")],
    *,
    start: Annotated[float, typer.Option("--from", min=0.0, help="Where the span begins, in seconds.")],
    stop: Annotated[float, typer.Option("--to", min=0.0, help="Where it ends, in seconds.")],
    output: o.Output,
    text: Annotated[str, typer.Option("--text", help="What the whole clip says.", show_default=False)] = "",
    gloss: Annotated[
        list[str] | None,
        typer.Option("--gloss", help="Sign this in the span; repeatable, in order.", show_default=False),
    ] = None,
    signed_language: Annotated[
        str | None, typer.Option("--signed-language", help="ISO 639-3 code, for --text.", show_default=False)
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint",
            help="Built in, or a folder of `signgen train signdw`.",
            show_default="the small one for ASL",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same poses.")] = 0,
    person: o.Person = 0,
    device: Annotated[str, typer.Option("--device", help="cpu, cuda, ...")] = "cpu",
    force: o.Force = False,
    quiet: o.Quiet = False,
) -> int:
    """Draw a span of poses anew with a SignDW checkpoint; every other frame stays as it is.

    What is in the span is not looked at. Without --text and --gloss it becomes a way from what is before it to what
    comes after, for gaps and bad joins; with them what they say.
    """
    from signgen.nn.extra import need

    need("torch", "safetensors", "sentencepiece", what="filling")
    from signgen.signdw.signing.fill import Wish
    from signgen.text2pose.signdw import DEFAULT_CHECKPOINT
    from signgen.workflow.fill import fill_span

    done = fill_span(
        poses,
        output,
        (start, stop),
        checkpoint=checkpoint or DEFAULT_CHECKPOINT,
        wish=Wish(text, tuple(gloss or ()), signed_language),
        seed=seed,
        person=person,
        device=device,
        force=force,
    )
    if not quiet:
        say(f"drew frames {done.start} to {done.stop - 1} of {len(done.poses)}")
    typer.echo(str(output))
    return 0
