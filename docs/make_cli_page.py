"""Writes docs/cli.md from the commands themselves; a test fails when the page is out of date."""

from __future__ import annotations

import inspect
import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import typer

from signgen.cli.app import app
from signgen.cli.flags import LOOKS, SIGNING
from signgen.cli.look import Kind
from signgen.cli.voice import ProgressMode

CHOICES: dict[str, type[StrEnum]] = {
    **{flag.variable: flag.type for flag in (*SIGNING, *LOOKS) if issubclass(flag.type, StrEnum)},
    "progress": ProgressMode,
    "kind": Kind,
}
PAGE = Path(__file__).with_name("cli.md")
HEAD = """\
# The command line

Made by `python docs/make_cli_page.py` from the commands themselves.

Results go to stdout, everything else to stderr. An output that exists is an error unless `--force` is given. Settings
come from `--config`, flags are laid over them and `--set` over both; the resolved settings are in the sidecar.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a renderer failed, or a bug (then with a traceback) |
| 2 | usage, or a setting |
| 3 | done, but words are missing or lines failed; the outputs can be used |
| 4 | bad input: text, poses, video, lexicon |
| 5 | a package or weights are not installed |
| 6 | disk or memory is exhausted, or a folder cannot be written |
| 7 | a check found damage, or a repeated run differs |
| 75 | stopped by SIGTERM (`batch run`: by SIGINT and SIGUSR1 too); run again to go on |
| 130 | interrupted by Ctrl-C |
| 141 | the reader of stdout went away |
"""


def page() -> str:
    """The whole page."""
    group: Any = typer.main.get_command(app)
    parts = [HEAD]
    for name, command in group.commands.items():
        children = getattr(command, "commands", {"": command})
        parts += [section(f"signgen {name} {child}".strip(), found) for child, found in children.items()]
    return "\n".join(parts)


def section(name: str, command: Any) -> str:
    """One command: what it does, its arguments and its options."""
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    usage = " ".join(
        [name, *(f"[{p.name.upper()}]" if not p.required else p.name.upper() for p in arguments)]
    )
    rows = [row(p.name.upper(), p) for p in arguments] + [row(flags(p), p) for p in options]
    lines = [f"## {name}", "", inspect.cleandoc(command.help or ""), "", f"```\n{usage} [OPTIONS]\n```"]
    return "\n".join([*lines, "", "| | |", "|---|---|", *rows, ""]) if rows else "\n".join([*lines, ""])


def flags(option: Any) -> str:
    """All names of an option."""
    return ", ".join([*option.opts, *option.secondary_opts])


def row(name: str, parameter: Any) -> str:
    """One line of the table of a command."""
    text = re.sub(r"\s+", " ", parameter.help or "").replace("|", "\\|")
    if parameter.required and parameter.param_type_name == "option":
        text += " Required."
    if parameter.name in CHOICES:
        text += f" One of: {', '.join(CHOICES[parameter.name])}."
    return f"| `{name}` | {text} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
