"""``signgen train controlnet`` and ``posenet``: video networks of renderers, on videos beside their poses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signgen.cli import options as o
from signgen.cli.table import print_facts, print_json
from signgen.cli.train_signdw import Device, Overrides
from signgen.cli.voice import say

if TYPE_CHECKING:
    from signgen.render.diffusion.training.train import TrainedDiffusion

_NEEDS = ("torch", "diffusers", "transformers", "accelerate", "safetensors")

Output = Annotated[Path, typer.Option("-o", "--output", help="Folder of the training.", show_default=False)]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="YAML file of settings; see configs/diffusion.", show_default=False),
]
Data = Annotated[
    list[Path] | None,
    typer.Option(
        "--data",
        help="A folder with videos/ and poses/, videos with poses beside them, or a manifest (.jsonl); repeatable.",
        show_default=False,
    ),
]
Base = Annotated[
    str | None,
    typer.Option("--base", help="The frozen model: a card, a folder, OWNER/NAME@COMMIT.", show_default=False),
]
Download = Annotated[
    bool, typer.Option("--download", help="Get weights that are missing; else nothing is downloaded.")
]
StopAfter = Annotated[
    int | None, typer.Option("--stop-after", min=1, help="Stop after so many updates, to be continued.")
]


def controlnet(
    *,
    output: Output,
    config: Config = None,
    data: Data = None,
    base: Base = None,
    download: Download = False,
    stop_after: StopAfter = None,
    overrides: Overrides = None,
    device: Device = "auto",
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Train a ControlNet that reads poses; goes on with what was stopped. `torchrun` starts it on many devices.

    The best weights go to controlnet/, which `--renderer controlnet` takes as renderer.controlnet.
    """
    from signgen.nn.extra import need

    need(*_NEEDS, extra="diffusion", what="training")
    from signgen.render.diffusion.training.controlnet import ControlNetTask
    from signgen.render.diffusion.training.settings import prepare_controlnet
    from signgen.render.diffusion.training.train import train_diffusion
    from signgen.workflow.training_pairs import pairs_of

    run = prepare_controlnet(_values(config, data, overrides, base=base, download=download or None))
    report = (lambda line: None) if quiet else say
    pairs = pairs_of(run.data.sources, run.data.poses)
    made = train_diffusion(
        ControlNetTask, run, pairs, output, device=device, report=report, stop_after=stop_after
    )
    _tell(made, json)


def posenet(
    *,
    output: Output,
    config: Config = None,
    data: Data = None,
    base: Base = None,
    weights: Annotated[
        str | None,
        typer.Option("--weights", help="MimicMotion's weights to go on with.", show_default=False),
    ] = None,
    download: Download = False,
    stop_after: StopAfter = None,
    overrides: Overrides = None,
    device: Device = "auto",
    json: o.Json = False,
    quiet: o.Quiet = False,
) -> None:
    """Train MimicMotion's PoseNet, and attention over time by LoRA; goes on with what was stopped, as controlnet does.

    The best weights go to mimicmotion/, which `--renderer mimicmotion` takes as renderer.weights.
    """
    from signgen.nn.extra import need

    need(*_NEEDS, extra="diffusion", what="training")
    from signgen.render.diffusion.training.posenet import PoseNetTask
    from signgen.render.diffusion.training.settings import prepare_posenet
    from signgen.render.diffusion.training.train import train_diffusion
    from signgen.workflow.training_pairs import pairs_of

    run = prepare_posenet(
        _values(config, data, overrides, base=base, weights=weights, download=download or None)
    )
    report = (lambda line: None) if quiet else say
    pairs = pairs_of(run.data.sources, run.data.poses)
    made = train_diffusion(
        PoseNetTask, run, pairs, output, device=device, report=report, stop_after=stop_after
    )
    _tell(made, json)


def _values(
    config: Path | None,
    data: list[Path] | None,
    overrides: list[str] | None,
    **model: str | bool | None,
) -> dict[str, Any]:
    """Settings from the file, the flags laid over it and ``--set`` over both."""
    from signgen.config import load_yaml, merge, with_overrides

    flags: dict[str, Any] = {"data": {"sources": [str(path) for path in data]}} if data else {}
    given = {name: value for name, value in model.items() if value is not None}
    if given:
        flags["model"] = given
    return with_overrides(merge(load_yaml(config) if config else {}, flags), overrides or [])


def _tell(made: TrainedDiffusion, json: bool) -> None:
    from signgen.nn.device import is_first_process

    facts = {
        "weights": str(made.folder),
        "updates": made.steps,
        "held-out loss": made.loss,
        "learned numbers": made.learned,
        "frames a second": round(made.frames_per_second, 2),
        "memory, MB": round(made.memory_mb),
    }
    if is_first_process():
        print_json(facts) if json else print_facts(facts)
