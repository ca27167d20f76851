"""Arguments and options that several commands share and that are no settings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from signgen.cli.flags import RUN
from signgen.cli.voice import ProgressMode
from signgen.errors import ConfigError

Text = Annotated[str | None, typer.Argument(help="The text; - reads standard input.", show_default=False)]
TextFile = Annotated[
    Path | None,
    typer.Option(
        "--text-file", help="Read the text from a UTF-8 file; - reads standard input.", show_default=False
    ),
]
TextsOf = Annotated[
    Path | None,
    typer.Option(
        "--texts-of",
        help="Sign the texts of these clips, each under its clip's name: a test set, as shards or a .jsonl list.",
        show_default=False,
    ),
]
Output = Annotated[Path, typer.Option("-o", "--output", help="Where to write.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.", rich_help_panel=RUN)]
Show = Annotated[ProgressMode, typer.Option("--progress", help="Progress on stderr.", rich_help_panel=RUN)]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say only what went wrong.", rich_help_panel=RUN)]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more.", rich_help_panel=RUN)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Rate = Annotated[
    float | None,
    typer.Option("--fps", min=0.001, help="Frame rate, for formats that carry none.", show_default=False),
]
Width = Annotated[
    int | None,
    typer.Option("--width", min=1, help="Canvas width, for formats that carry none.", show_default=False),
]
Height = Annotated[
    int | None,
    typer.Option("--height", min=1, help="Canvas height, for formats that carry none.", show_default=False),
]
Workers = Annotated[
    int, typer.Option(min=1, max=256, help="Processes side by side, for many files.", rich_help_panel=RUN)
]
Person = Annotated[int, typer.Option("--person", min=0, help="Which of several signers, from 0.")]


def text_of(text: str | None, text_file: Path | None) -> str:
    """The text from the argument, a file or standard input.

    Raises:
        ConfigError: none or both are given.
        DataError: the file is missing or not UTF-8.
    """
    from signgen.workflow.texts import decode, read_text

    if (text is None) == (text_file is None):
        raise ConfigError("give the text either as an argument (- reads standard input) or with --text-file")
    if text == "-" or str(text_file) == "-":
        return decode(sys.stdin.buffer.read(), "standard input")
    return text if text is not None else read_text(text_file or Path())
