"""Flags that set a setting: one row each, shared by all commands that take a config."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Handed(StrEnum):
    """The signer's dominant hand."""

    right = "right"
    left = "left"


class Unknown(StrEnum):
    """What to do with a word that the lexicon lacks."""

    fingerspell = "fingerspell"
    skip = "skip"
    fail = "fail"


class Style(StrEnum):
    """How the skeleton is drawn."""

    openpose = "openpose"
    controlnet = "controlnet"
    mimicmotion = "mimicmotion"
    wan = "wan"


@dataclass(frozen=True)
class Flag:
    """A flag and the settings it stands for.

    Attributes:
        name: the flag, or ``--yes/--no``.
        type: what it takes.
        settings: dotted paths that it sets when it is given.
        help: one line.
        shown: the default as help shows it; the one that counts is the setting's own (a test compares them).
        panel: heading under which help lists it.
    """

    name: str
    type: Any
    settings: tuple[str, ...]
    help: str
    shown: str = ""
    panel: str = ""

    @property
    def variable(self) -> str:
        """Name of the parameter of the command."""
        return self.name.split("/")[0].lstrip("-").replace("-", "_")

    def parameter(self) -> inspect.Parameter:
        """The flag as a parameter that is None when not given, so that YAML decides."""
        text = f"{self.help} (default {self.shown})" if self.shown else self.help
        option = typer.Option(self.name, help=text, show_default=False, rich_help_panel=self.panel)
        annotation: Any = Annotated[self.type, option]
        return _keyword(self.variable, annotation, None)


SIGN, LOOK, RUN = "What is signed", "How it looks", "Settings and files"

SIGNING = (
    Flag("--lexicon", str, ("source.lexicon",),
         "A lexicon folder or a name from `signgen lexicon list`; A+B asks A first, then B.",
         "ase", SIGN),
    Flag("--signed-language", str, ("source.signed_language",),
         "ISO 639-3 code such as ase, bfi or gsg, where the lexicon holds several.", "", SIGN),
    Flag("--spoken-language", str, ("source.spoken_language",),
         "Language of the text, such as en or de, where the lexicon holds several.", "", SIGN),
    Flag("--source", str, ("source.name",), "What makes poses: see `signgen show sources`.", "stitch", SIGN),
    Flag("--oov", Unknown, ("source.oov",), "What to do with words the lexicon lacks.", "fingerspell", SIGN),
    Flag("--speed", float, ("source.speed",), "Pace of the signs: 2 is twice as fast.", "1.0", SIGN),
    Flag("--transition-scale", float, ("source.transition_scale",),
         "Length of the moves between signs, apart from --speed.", "1.0", SIGN),
    Flag("--handed", Handed, ("source.handed",), "The signer's dominant hand.", "right", SIGN),
    Flag("--size", int, ("source.width", "source.height"), "Width and height of the canvas in pixels.", "512", LOOK),
    Flag("--fps", float, ("source.fps",), "Frames per second.", "24", LOOK),
)  # fmt: skip
LOOKS = (
    Flag("--appearance", Path, ("renderer",), "YAML with settings of the renderer, as --signer and below set them.",
         "", LOOK),
    Flag("--renderer", str, ("renderer.name",), "What draws a text, and a signer; poses, subtitles and any --style: "
         "skeleton.", "avatar", LOOK),
    Flag("--style", Style, ("renderer.style",), "How the skeleton is drawn.", "openpose", LOOK),
)  # fmt: skip
VIEW = (
    Flag(
        "--yaw", float, ("renderer.yaw",), "Camera to the right, for poses with depth [degrees].", "0.0", LOOK
    ),
    Flag(
        "--pitch", float, ("renderer.pitch",), "Camera upwards, for poses with depth [degrees].", "0.0", LOOK
    ),
    Flag("--zoom", float, ("renderer.zoom",), "Size of the signer in the picture.", "1.0", LOOK),
)
SIGNER = (
    Flag("--signer", str, ("renderer.signer",), "ada, bola, chen, dara, emil, farah, or seed:N for a made-up one.",
         "ada", LOOK),
    Flag("--skin", str, ("renderer.skin",), "Skin: porcelain to deep, or #rrggbb.", "", LOOK),
    Flag("--hair", str, ("renderer.hair",), "bald, buzz, short, curly, bun, bob or long.", "", LOOK),
    Flag("--clothes", str, ("renderer.clothes",), "t-shirt, v-neck or long-sleeve.", "", LOOK),
    Flag("--clothes-colour", str, ("renderer.clothes_colour",), "navy, teal, cream, ... or #rrggbb.", "", LOOK),
    Flag("--background", str, ("renderer.background",), "A colour, #rrggbb or the path of a picture.", "grey", LOOK),
    Flag("--light", str, ("renderer.light",), "studio, soft or side.", "studio", LOOK),
)  # fmt: skip
LEFT_HANDED = Flag("--left-handed/--no-left-handed", bool, ("renderer.left_handed",),
                   "Swap what the avatar's hands do; its looks stay.", "no-left-handed", LOOK)  # fmt: skip
DIFFUSION = (
    Flag("--weights", str, ("renderer.weights",), "Weights of a diffusion renderer: a name in `signgen show "
         "checkpoints`, a path, or OWNER/NAME@COMMIT of a hub.", "those of its card", LOOK),
    Flag("--download/--no-download", bool, ("renderer.download",),
         "Get weights of a diffusion renderer that are missing.", "no-download", LOOK),
    Flag("--strict-memory/--no-strict-memory", bool, ("renderer.strict_memory",),
         "Fail when a diffusion renderer runs out of memory, instead of computing in smaller parts, which changes "
         "pixels.", "no-strict-memory", LOOK),
    Flag("--original-noise/--no-original-noise", bool, ("renderer.original_noise",),
         "mimicmotion: noise and windows as its own pipeline has them.", "no-original-noise", LOOK),
)  # fmt: skip
SIZE = Flag(
    "--size",
    int,
    ("renderer.size",),
    "Short side of the picture in pixels.",
    "",
    LOOK,
)
SEED = (Flag("--seed", int, ("seed",), "Same seed, same bytes.", "0", RUN),)
CHOICE = (
    Flag(
        "--n-best",
        int,
        ("n_best",),
        "Make so many drafts and keep the one that --judge finds likeliest.",
        "1",
        RUN,
    ),
    Flag("--judge", str, ("judge",), "Who chooses of --n-best drafts: a judge's folder or name.", "", RUN),
)
CAPTIONS = (
    Flag("--captions/--no-captions", bool, ("captions",), "Write WebVTT beside the video.", "captions", RUN),
)
CREDENTIALS = (
    Flag(
        "--credentials",
        str,
        ("credentials",),
        "Sign the video: CERT.pem,KEY.pem (C2PA; extra provenance).",
        "",
        RUN,
    ),
)
EAF = (Flag("--eaf/--no-eaf", bool, ("eaf",), "Write ELAN tiers beside the video.", "no-eaf", RUN),)

EXTRACTOR = Flag("--extractor", str, ("extractor.name",), "What finds the people: see `signgen show extractors`.",
                 "mediapipe")  # fmt: skip
CLEANING = Flag(
    "--clean/--no-clean", bool, ("clean",), "Fill short gaps, repair swapped sides, drop outliers.", "clean"
)
EVERYBODY = Flag("--all-people", bool, ("all_people",), "Write everybody, not only the signer.")

_CONFIG = Annotated[
    Path | None,
    typer.Option(
        "--config", help="YAML settings; flags are laid over them.", rich_help_panel=RUN, show_default=False
    ),
]
_SET = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any setting, as renderer.style=controlnet; repeatable.", rich_help_panel=RUN),
]


def configured(*rows: Flag) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the flags ``rows``, ``--config`` and ``--set``; it receives them merged as ``settings``."""

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        @functools.wraps(command)
        def wrapped(*, config: Path | None, set_: list[str] | None, **given: Any) -> int:
            values = {row: given.pop(row.variable) for row in rows}
            return command(settings=merged(config, values, set_ or ()), **given)

        own = inspect.signature(command, eval_str=True)
        kept = [p.replace(kind=p.KEYWORD_ONLY) for p in own.parameters.values() if p.name != "settings"]
        shared = [
            *(row.parameter() for row in rows),
            _keyword("config", _CONFIG, None),
            _keyword("set_", _SET, None),
        ]
        signature = own.replace(parameters=[*shared, *kept])
        wrapped.__signature__ = signature  # type: ignore[attr-defined]
        wrapped.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
        return wrapped

    return decorate


def merged(config: Path | None, flags: Mapping[Flag, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """YAML, then the flags that were given, then ``--set``; checked later, when the parts are built."""
    from signgen.config import load_yaml, merge, with_overrides

    values = load_yaml(config) if config else {}
    for flag, value in flags.items():
        for path in flag.settings if value is not None else ():
            nested: Any = _plain(value)
            for key in reversed(path.split(".")):
                nested = {key: nested}
            values = merge(values, nested)
    return with_overrides(values, overrides)


def _plain(value: Any) -> Any:
    """A flag's value as YAML would hold it; a path is a YAML file of settings."""
    if isinstance(value, Path):
        from signgen.config import load_yaml

        return load_yaml(value)
    return value.value if isinstance(value, StrEnum) else value


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
